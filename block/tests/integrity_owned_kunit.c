// SPDX-License-Identifier: GPL-2.0
/*
 * Payloads that a submitter owns: tags on the medium and back, effects of
 * policies, other devices, resubmission, and invalid input.
 */

#include <linux/blk-integrity.h>

#include "integrity_disk.h"
#include "pi_reference.h"

#define REF_TAG		BLK_INTEGRITY_REF_TAG
#define CRC		BLK_INTEGRITY_CSUM_CRC
#define FIRST		24
#define INTERVALS	8
#define ALL_CHECKS	(TEST_CHECKS | BIP_CHECK_APPTAG)

static struct blk_integrity small_geometry(void)
{
	return test_with_tags(test_geometry(CRC, REF_TAG, 8, 0, 9));
}

static struct blk_integrity large_geometry(void)
{
	return test_with_tags(test_geometry(CRC, REF_TAG, 64, 56, 9));
}

static struct blk_integrity_dev *idev_of(struct test_disk *td)
{
	return td->disk->queue->integrity_dev;
}

/* Bytes of which no part is an escape. */
static u8 *random_tags(struct kunit *test, unsigned int len)
{
	u8 *tags = test_filled_buf(test, test_rng(test), len);

	for (unsigned int i = 0; i < len; i++)
		tags[i] &= 0x7f;
	return tags;
}

static struct test_io *io_of(struct kunit *test, struct test_disk *td,
			     blk_opf_t opf)
{
	return test_io_filled(test, td, opf, FIRST, INTERVALS);
}

static struct test_io *owned_io(struct kunit *test, struct test_disk *td,
				blk_opf_t opf)
{
	return test_io_owned(test, td, opf, FIRST, INTERVALS);
}

/* Write with tags, and wait until they are on the medium. */
static u8 *write_tags(struct kunit *test, struct test_disk *td)
{
	struct test_io *io = owned_io(test, td, REQ_OP_WRITE);
	unsigned int len = bio_integrity_tag_size(&io->bio);
	u8 *tags = random_tags(test, len);

	KUNIT_ASSERT_NE(test, 0, len);
	KUNIT_EXPECT_EQ(test, 0, bio_integrity_set_tag(&io->bio, tags, len));
	KUNIT_EXPECT_EQ(test, 0, bio_integrity_generate(&io->bio));
	KUNIT_EXPECT_EQ(test, 0, test_io_run(test, io));
	KUNIT_EXPECT_NULL(test, bio_integrity_error(&io->bio));
	return tags;
}

static void expect_tags(struct kunit *test, struct bio *bio, const u8 *tags)
{
	unsigned int len = bio_integrity_tag_size(bio);
	u8 *found = test_guarded_buf(test, len);

	KUNIT_EXPECT_NE(test, 0, len);
	KUNIT_EXPECT_EQ(test, 0, bio_integrity_get_tag(bio, found, len));
	KUNIT_EXPECT_MEMEQ(test, tags, found, len);
}

/*
 * Tags are on the medium and are read back: whole or in pieces, split or not.
 */
static void tags_come_back_from_the_medium(struct kunit *test)
{
	static const unsigned int piece_bytes[] = { 0, 512, 3 * 4096 };
	struct queue_limits lim = test_disk_limits(test_with_tags(test_geometry_of(test)));
	struct test_disk *td;

	/* Data in more pieces than one request takes. */
	lim.max_segments = 5;
	td = test_disk_alloc(test, lim);
	for (int i = 0; i < ARRAY_SIZE(piece_bytes); i++) {
		unsigned int data_bytes = INTERVALS << td->bi.interval_exp;
		struct blk_integrity_error err;
		struct test_io *io;
		u8 *tags;

		td->piece_bytes = piece_bytes[i];
		tags = write_tags(test, td);
		KUNIT_EXPECT_EQ(test, 0,
				pi_ref_verify(&td->bi,
					      td->data + (FIRST << td->bi.interval_exp),
					      td->meta + FIRST * td->bi.tuple_size,
					      INTERVALS, FIRST, &err));
		io = owned_io(test, td, REQ_OP_READ);
		KUNIT_EXPECT_EQ(test, 0, test_io_run(test, io));
		KUNIT_EXPECT_NULL(test, bio_integrity_error(&io->bio));
		expect_tags(test, &io->bio, tags);
		KUNIT_EXPECT_EQ(test, 0,
				fs_bio_integrity_verify(&io->bio,
							FIRST << (td->bi.interval_exp - 9),
							data_bytes));
		fs_bio_integrity_free(&io->bio);
		KUNIT_EXPECT_NULL(test, bio_integrity(&io->bio));
		fs_bio_integrity_free(&io->bio);
	}
	KUNIT_EXPECT_EQ(test, 0, test_disk_counter(td, BLK_INTEGRITY_BOUNCED));
	KUNIT_EXPECT_EQ(test, 0, test_disk_counter(td, BLK_INTEGRITY_REMAPPED));
}

/*
 * A driver that passes bios on can change device and position, as md does. The
 * payload keeps those that it was attached for.
 */
static void payload_stays_that_of_its_device(struct kunit *test)
{
	struct test_disk *upper = test_disk_of(test, small_geometry());
	struct test_disk *lower = test_disk_of(test, small_geometry());
	const struct blk_integrity_error *err;
	struct test_io *io = owned_io(test, upper, REQ_OP_WRITE);
	u8 *tags = random_tags(test, 2 * INTERVALS);

	KUNIT_EXPECT_EQ(test, 0, bio_integrity_set_tag(&io->bio, tags, 16));
	KUNIT_EXPECT_EQ(test, 0, bio_integrity_generate(&io->bio));
	bio_set_dev(&io->bio, lower->bdev);
	io->bio.bi_iter.bi_sector = FIRST + 100;
	KUNIT_EXPECT_EQ(test, 0, test_io_run(test, io));
	KUNIT_EXPECT_EQ(test, FIRST + 100,
			pi_ref_number(lower->meta + (FIRST + 100) * 8 + 4, 4));

	lower->data[(FIRST + 104) << 9] ^= 1;
	io = owned_io(test, upper, REQ_OP_READ);
	/*
	 * A second reading would be sent to the upper disk, which does not pass
	 * it on.
	 */
	idev_of(upper)->rereads = 0;
	bio_set_dev(&io->bio, lower->bdev);
	io->bio.bi_iter.bi_sector = FIRST + 100;
	KUNIT_EXPECT_EQ(test, -EILSEQ, test_io_run(test, io));
	err = bio_integrity_error(&io->bio);
	KUNIT_ASSERT_NOT_NULL(test, err);
	KUNIT_EXPECT_EQ(test, FIRST + 4, err->interval);
	expect_tags(test, &io->bio, tags);
	KUNIT_EXPECT_EQ(test, 1,
			test_disk_counter(upper, BLK_INTEGRITY_GUARD_ERRORS));
	KUNIT_EXPECT_EQ(test, 0,
			test_disk_counter(lower, BLK_INTEGRITY_GUARD_ERRORS));
}

/* Zeroes instead of guards must not reach the medium. */
static void forgotten_generate_is_refused(struct kunit *test)
{
	struct test_disk *td = test_disk_of(test, large_geometry());
	struct test_io *io = owned_io(test, td, REQ_OP_WRITE);
	u8 tag = 0x55;

	KUNIT_EXPECT_EQ(test, -EINVAL, test_io_run(test, io));
	/* The guard covers the metadata in front of the tuple. */
	io = owned_io(test, td, REQ_OP_WRITE);
	KUNIT_EXPECT_EQ(test, 0, bio_integrity_generate(&io->bio));
	KUNIT_EXPECT_EQ(test, 0, bio_integrity_set_tag(&io->bio, &tag, 1));
	KUNIT_EXPECT_EQ(test, -EINVAL, test_io_run(test, io));
	KUNIT_EXPECT_EQ(test, 0, td->nr_requests);
}

/*
 * With both switches off, I/O works, and tags are stored where there is room.
 */
static void administrator_may_want_less(struct kunit *test)
{
	struct test_disk *small = test_disk_of(test, small_geometry());
	struct test_disk *large = test_disk_of(test, large_geometry());
	struct blk_integrity_error err;
	struct test_io *io;
	u8 *tags;

	tags = write_tags(test, small);
	idev_of(small)->read_verify = false;
	idev_of(small)->write_generate = false;
	small->data[FIRST << 9] ^= 1;
	io = owned_io(test, small, REQ_OP_READ);
	KUNIT_EXPECT_EQ(test, 0, test_io_run(test, io));
	expect_tags(test, &io->bio, tags);
	/* The device still checks, as when it strips tuples. */
	KUNIT_EXPECT_FALSE(test, small->bip_flags & BIP_DISK_NOCHECK);
	KUNIT_EXPECT_EQ(test, 0, fs_bio_integrity_verify(&io->bio, FIRST, SZ_4K));
	/* The device generates the tuples, without tags. */
	io = io_of(test, small, REQ_OP_WRITE);
	KUNIT_EXPECT_EQ(test, 0, fs_bio_integrity_generate(&io->bio));
	KUNIT_EXPECT_EQ(test, 0, bio_integrity_tag_size(&io->bio));
	KUNIT_EXPECT_EQ(test, -EINVAL, bio_integrity_set_tag(&io->bio, tags, 2));
	KUNIT_EXPECT_EQ(test, 0, test_io_run(test, io));

	idev_of(large)->write_generate = false;
	tags = write_tags(test, large);
	idev_of(large)->write_generate = true;
	KUNIT_EXPECT_EQ(test, 0,
			pi_ref_verify(&large->bi, large->data + (FIRST << 9),
				      large->meta + FIRST * 64, INTERVALS, FIRST,
				      &err));
	io = owned_io(test, large, REQ_OP_READ);
	KUNIT_EXPECT_EQ(test, 0, test_io_run(test, io));
	expect_tags(test, &io->bio, tags);
	KUNIT_EXPECT_EQ(test, INTERVALS,
			test_disk_counter(large, BLK_INTEGRITY_ESCAPED));
}

/* The policy is read once, on attachment: a later change breaks no write. */
static void administrator_changes_policy_meanwhile(struct kunit *test)
{
	struct test_disk *td = test_disk_of(test, large_geometry());
	struct test_io *io = owned_io(test, td, REQ_OP_WRITE);

	idev_of(td)->write_generate = false;
	KUNIT_EXPECT_EQ(test, 0, bio_integrity_generate(&io->bio));
	KUNIT_EXPECT_EQ(test, 0, test_io_run(test, io));
	io = owned_io(test, td, REQ_OP_WRITE);
	idev_of(td)->write_generate = true;
	KUNIT_EXPECT_EQ(test, 0, bio_integrity_generate(&io->bio));
	KUNIT_EXPECT_EQ(test, 0, test_io_run(test, io));
	io = owned_io(test, td, REQ_OP_READ);
	KUNIT_EXPECT_EQ(test, 0, test_io_run(test, io));
}

/* With on_error=report, the record of a successful read has the error. */
static void reported_error_is_in_the_record(struct kunit *test)
{
	struct test_disk *td = test_disk_of(test, small_geometry());
	const struct blk_integrity_error *err;
	struct test_io *io;

	write_tags(test, td);
	idev_of(td)->report_only = true;
	td->data[(FIRST + 2) << 9] ^= 1;
	io = owned_io(test, td, REQ_OP_READ);
	KUNIT_EXPECT_EQ(test, 0, test_io_run(test, io));
	err = bio_integrity_error(&io->bio);
	KUNIT_ASSERT_NOT_NULL(test, err);
	KUNIT_EXPECT_EQ(test, FIRST + 2, err->interval);
}

static void submitter_may_verify_by_itself(struct kunit *test)
{
	struct test_disk *td = test_disk_of(test, small_geometry());
	const struct blk_integrity_error *err;
	struct test_io *io;

	write_tags(test, td);
	td->data[(FIRST + 7) << 9] ^= 1;
	io = owned_io(test, td, REQ_OP_READ);
	bio_integrity(&io->bio)->bip_flags &= ~BIP_VERIFY;
	KUNIT_EXPECT_EQ(test, 0, bio_integrity_set_checks(&io->bio, TEST_CHECKS, 0,
							  0));
	KUNIT_EXPECT_EQ(test, 0, test_io_run(test, io));
	KUNIT_EXPECT_EQ(test, 0, test_disk_counter(td, BLK_INTEGRITY_VERIFIED));
	KUNIT_EXPECT_EQ(test, -EINVAL,
			fs_bio_integrity_verify(&io->bio, FIRST + 1, SZ_4K));
	KUNIT_EXPECT_EQ(test, -EINVAL,
			fs_bio_integrity_verify(&io->bio, FIRST, SZ_2K));
	KUNIT_EXPECT_EQ(test, -EILSEQ,
			fs_bio_integrity_verify(&io->bio, FIRST, SZ_4K));
	err = bio_integrity_error(&io->bio);
	KUNIT_ASSERT_NOT_NULL(test, err);
	KUNIT_EXPECT_EQ(test, FIRST + 7, err->interval);
	KUNIT_EXPECT_EQ(test, 1, test_disk_counter(td, BLK_INTEGRITY_GUARD_ERRORS));
}

/* A submitter can resubmit a bio with its payload. */
static void payload_can_be_used_again(struct kunit *test)
{
	struct test_disk *td = test_disk_of(test, small_geometry());
	struct test_io *io;
	struct bvec_iter iter;
	u8 *tags = write_tags(test, td);

	io = owned_io(test, td, REQ_OP_READ);
	iter = io->bio.bi_iter;
	for (int round = 0; round < 4; round++) {
		const struct blk_integrity_error *err;
		bool bad = round & 1;

		td->status = round == 2 ? BLK_STS_PROTECTION : BLK_STS_OK;
		td->data[(FIRST + 3) << 9] ^= bad;
		io->bio.bi_iter = iter;
		io->bio.bi_status = BLK_STS_OK;
		io->ended = 0;
		reinit_completion(&io->done);
		KUNIT_EXPECT_EQ(test, round ? -EILSEQ : 0, test_io_run(test, io));
		td->data[(FIRST + 3) << 9] ^= bad;
		err = bio_integrity_error(&io->bio);
		KUNIT_ASSERT_EQ(test, !!round, !!err);
		if (err)
			KUNIT_EXPECT_EQ(test, bad ? FIRST + 3 : FIRST,
					err->interval);
		if (bad)
			KUNIT_EXPECT_EQ(test, 1,
					err->intervals[BLK_INTEGRITY_TAG_GUARD]);
	}
	expect_tags(test, &io->bio, tags);
}

/*
 * Removing a disk freezes its queue and waits for writeback that allocates
 * here.
 */
static void frozen_queue_is_not_waited_for(struct kunit *test)
{
	struct test_disk *td = test_disk_of(test, small_geometry());
	struct test_io *io = io_of(test, td, REQ_OP_WRITE);

	blk_mq_freeze_queue(td->disk->queue);
	KUNIT_EXPECT_EQ(test, 0, fs_bio_integrity_generate(&io->bio));
	KUNIT_EXPECT_NOT_NULL(test, bio_integrity(&io->bio));
	blk_mq_unfreeze_queue(td->disk->queue);
	KUNIT_EXPECT_EQ(test, 0, test_io_run(test, io));
}

static void wrong_input_is_refused(struct kunit *test)
{
	struct test_disk *td = test_disk_of(test, small_geometry());
	struct test_disk *plain = test_disk_alloc(test, test_plain_limits());
	struct rnd_state *rng = test_rng(test);
	struct test_io *io = owned_io(test, td, REQ_OP_READ);
	unsigned int max;

	KUNIT_EXPECT_EQ(test, -EINVAL, fs_bio_integrity_alloc(&io->bio));
	KUNIT_EXPECT_EQ(test, -EINVAL, bio_integrity_generate(&io->bio));
	KUNIT_EXPECT_EQ(test, -EINVAL, bio_integrity_set_checks(&io->bio, BIP_VERIFY,
								0, 0));
	io = io_of(test, td, REQ_OP_WRITE);
	KUNIT_EXPECT_EQ(test, -EINVAL, bio_integrity_generate(&io->bio));
	KUNIT_EXPECT_EQ(test, -EINVAL, fs_bio_integrity_verify(&io->bio, 0, 0));
	KUNIT_EXPECT_EQ(test, -EINVAL, bio_integrity_set_checks(&io->bio, 0, 0, 0));
	KUNIT_EXPECT_EQ(test, -EINVAL,
			bio_integrity_set_profile(&io->bio, td->bi.profile, NULL));
	KUNIT_EXPECT_NULL(test, bio_integrity_error(&io->bio));

	/*
	 * One is larger than the device allows, one smaller than an interval.
	 */
	max = max_integrity_io_size(&td->disk->queue->limits);
	KUNIT_EXPECT_GE(test, max, SZ_64K);
	io->bio.bi_iter.bi_size = max + 512;
	KUNIT_EXPECT_EQ(test, -EINVAL, fs_bio_integrity_alloc(&io->bio));
	io->bio.bi_iter.bi_size = 1000;
	KUNIT_EXPECT_EQ(test, -EINVAL, fs_bio_integrity_alloc(&io->bio));
	io->bio.bi_iter.bi_size = SZ_4K;
	io->bio.bi_opf = REQ_OP_DISCARD;
	KUNIT_EXPECT_EQ(test, 0, fs_bio_integrity_alloc(&io->bio));
	io = test_io_alloc(test, plain->bdev, rng, REQ_OP_READ, 0, SZ_4K,
			   TEST_CUT_PAGE);
	KUNIT_EXPECT_EQ(test, 0, fs_bio_integrity_alloc(&io->bio));
	KUNIT_EXPECT_NULL(test, bio_integrity(&io->bio));
	KUNIT_EXPECT_EQ(test, UINT_MAX,
			max_integrity_io_size(&plain->disk->queue->limits));

	/* Without a tag for the owner, it cannot be checked. */
	td = test_disk_of(test, test_geometry(CRC, REF_TAG, 8, 0, 9));
	io = owned_io(test, td, REQ_OP_READ);
	KUNIT_EXPECT_EQ(test, -EINVAL, bio_integrity_set_checks(&io->bio,
								ALL_CHECKS, 1, 1));
}

/* In the submitter's own pages, too, tags stay and guards are generated. */
static void own_pages_are_generated(struct kunit *test)
{
	struct test_disk *td = test_disk_of(test, large_geometry());
	struct rnd_state *rng = test_rng(test);
	struct test_io *io = io_of(test, td, REQ_OP_WRITE);
	struct test_vecs *meta = test_vecs_alloc(test, rng, INTERVALS * 64,
						 TEST_CUT_RANDOM);
	u8 *data = test_guarded_buf(test, SZ_4K);
	u8 *wanted = test_filled_buf(test, rng, INTERVALS * 64);

	test_vecs_read(io->data, data);
	test_vecs_write(meta, wanted);
	pi_ref_generate(&td->bi, data, wanted, INTERVALS, FIRST);
	test_io_attach(test, io, meta, FIRST);
	KUNIT_EXPECT_EQ(test, 0, bio_integrity_generate(&io->bio));
	KUNIT_EXPECT_EQ(test, 0, test_io_run(test, io));
	KUNIT_EXPECT_MEMEQ(test, wanted, td->meta + FIRST * 64, INTERVALS * 64);
}

static struct kunit_case owned_cases[] = {
	KUNIT_CASE_PARAM(tags_come_back_from_the_medium,
			 test_geometry_gen_params),
	KUNIT_CASE(payload_stays_that_of_its_device),
	KUNIT_CASE(forgotten_generate_is_refused),
	KUNIT_CASE(administrator_may_want_less),
	KUNIT_CASE(administrator_changes_policy_meanwhile),
	KUNIT_CASE(reported_error_is_in_the_record),
	KUNIT_CASE(submitter_may_verify_by_itself),
	KUNIT_CASE(payload_can_be_used_again),
	KUNIT_CASE(frozen_queue_is_not_waited_for),
	KUNIT_CASE(wrong_input_is_refused),
	KUNIT_CASE(own_pages_are_generated),
	{ }
};

static struct kunit_suite owned_suite = {
	.name		= "bio_integrity_owned",
	.test_cases	= owned_cases,
};

kunit_test_suite(owned_suite);

MODULE_DESCRIPTION("KUnit tests of payloads that their submitter owns");
MODULE_LICENSE("GPL");
