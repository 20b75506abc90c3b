// SPDX-License-Identifier: GPL-2.0
/*
 * Metadata of a submitter at a device that cannot take it as it is: what is
 * copied, what is not, and that the submitter's memory does not change.
 */

#include <linux/blk-integrity.h>

#include "../bio-integrity-internal.h"
#include "integrity_disk.h"
#include "pi_reference.h"

#define REF_TAG		BLK_INTEGRITY_REF_TAG
#define CRC		BLK_INTEGRITY_CSUM_CRC
#define INTERVALS	8
#define SEED		0x1234ULL

/*
 * A bio with data, valid metadata that counts from a seed, and copies of both.
 */
struct owned {
	struct test_io *io;
	struct test_vecs *vecs;
	unsigned int meta_bytes;
	u8 *data;
	u8 *meta;
};

static struct owned *owned_of(struct kunit *test, struct test_disk *td,
			      blk_opf_t opf, unsigned int first, u64 seed,
			      enum test_cut cut)
{
	struct owned *own = kunit_kzalloc(test, sizeof(*own), GFP_KERNEL);
	unsigned int bytes = INTERVALS << td->bi.interval_exp;
	struct rnd_state *rng = test_rng(test);

	KUNIT_ASSERT_NOT_NULL(test, own);
	own->meta_bytes = INTERVALS * td->bi.tuple_size;
	own->data = test_filled_buf(test, rng, bytes);
	own->meta = test_filled_buf(test, rng, own->meta_bytes);
	pi_ref_generate(&td->bi, own->data, own->meta, INTERVALS, seed);
	own->io = test_io_alloc(test, td->bdev, rng, opf,
				first << (td->bi.interval_exp - SECTOR_SHIFT),
				bytes, TEST_CUT_DWORD);
	test_vecs_write(own->io->data, own->data);
	own->vecs = test_vecs_alloc(test, rng, own->meta_bytes, cut);
	test_vecs_write(own->vecs, own->meta);
	test_io_attach(test, own->io, own->vecs, seed);
	return own;
}

static void expect_memory(struct kunit *test, struct owned *own, const u8 *meta)
{
	u8 *found = test_guarded_buf(test, own->meta_bytes);

	test_vecs_read(own->vecs, found);
	KUNIT_EXPECT_MEMEQ(test, meta, found, own->meta_bytes);
	KUNIT_EXPECT_TRUE(test, test_vecs_intact(own->vecs));
}

/* The medium has the numbers of the device; all else is the submitter's. */
static void expect_medium(struct kunit *test, struct test_disk *td,
			  struct owned *own, unsigned int first, u64 seed)
{
	u8 *wanted = test_guarded_buf(test, own->meta_bytes);

	memcpy(wanted, own->meta, own->meta_bytes);
	pi_ref_remap(&td->bi, wanted, INTERVALS, seed, first);
	KUNIT_EXPECT_MEMEQ(test, wanted, td->meta + first * td->bi.tuple_size,
			   own->meta_bytes);
}

static void renumbered_write_leaves_memory_alone(struct kunit *test)
{
	struct test_disk *td = test_disk_of(test, test_geometry_of(test));

	/* The numbers are the only reason to copy. */
	td->disk->queue->limits.dma_alignment = 0;
	for (int cut = TEST_CUT_NONE; cut <= TEST_CUT_RANDOM; cut++) {
		struct owned *own = owned_of(test, td, REQ_OP_WRITE, 16, SEED,
					     cut);
		struct bio *bio = &own->io->bio;
		struct bio_integrity_payload *bip = bio_integrity(bio);

		td->requeues = 1;
		KUNIT_EXPECT_EQ(test, 0, test_io_run(test, own->io));
		expect_medium(test, td, own, 16, SEED);
		expect_memory(test, own, own->meta);
		KUNIT_EXPECT_PTR_EQ(test, bip, bio_integrity(bio));
		KUNIT_EXPECT_EQ(test, SEED, bip_get_seed(bip));
	}
	/* Without reference tag there is nothing to renumber. */
	KUNIT_EXPECT_EQ(test, td->bi.flags & REF_TAG ? 4 : 0,
			test_disk_counter(td, BLK_INTEGRITY_BOUNCED));
}

/* D16: both members of a mirror write from the same memory at the same time. */
static void legs_of_a_mirror_do_not_share_tags(struct kunit *test)
{
	struct blk_integrity bi = test_geometry_of(test);
	struct test_disk *legs[2];
	struct owned *own;
	struct test_io *clones[2];

	for (int i = 0; i < 2; i++) {
		legs[i] = test_disk_of(test, bi);
		legs[i]->hold = true;
	}
	own = owned_of(test, legs[0], REQ_OP_WRITE, 0, SEED, TEST_CUT_PAGE);
	for (int i = 0; i < 2; i++) {
		struct bio *clone;

		clones[i] = test_io_alloc(test, legs[i]->bdev, test_rng(test),
					  REQ_OP_WRITE, 0, 0, TEST_CUT_NONE);
		clone = &clones[i]->bio;
		clone->bi_io_vec = own->io->bio.bi_io_vec;
		clone->bi_vcnt = own->io->bio.bi_vcnt;
		clone->bi_iter = own->io->bio.bi_iter;
		clone->bi_iter.bi_sector = (16 + 24 * i) <<
					   (bi.interval_exp - SECTOR_SHIFT);
		KUNIT_ASSERT_EQ(test, 0, bio_integrity_clone(clone, &own->io->bio,
							     GFP_KERNEL));
		test_io_submit(clones[i]);
	}
	for (int i = 0; i < 2; i++) {
		test_disk_release(legs[i]);
		KUNIT_EXPECT_EQ(test, 0, test_io_wait(test, clones[i]));
		expect_medium(test, legs[i], own, 16 + 24 * i, SEED);
	}
	expect_memory(test, own, own->meta);
}

static void what_fits_is_not_copied(struct kunit *test)
{
	struct test_disk *td = test_disk_of(test, test_geometry_of(test));
	struct owned *own;

	own = owned_of(test, td, REQ_OP_WRITE, 16, 16, TEST_CUT_PAGE);
	KUNIT_EXPECT_EQ(test, 0, test_io_run(test, own->io));
	expect_medium(test, td, own, 16, 16);
	/* A read is renumbered in place. */
	own = owned_of(test, td, REQ_OP_READ, 16, SEED, TEST_CUT_PAGE);
	KUNIT_EXPECT_EQ(test, 0, test_io_run(test, own->io));
	KUNIT_EXPECT_EQ(test, 0, test_disk_counter(td, BLK_INTEGRITY_BOUNCED));
}

static struct test_disk *one_segment_disk(struct kunit *test,
					  struct blk_integrity bi)
{
	struct queue_limits lim = test_disk_limits(bi);

	lim.max_integrity_segments = 1;
	return test_disk_alloc(test, lim);
}

/*
 * Metadata in pieces, a device with one segment; complete or partial requests.
 */
static void pieces_go_to_a_device_with_one_segment(struct kunit *test)
{
	static const unsigned int piece_bytes[] = { 0, 1536, 4096 };
	struct test_disk *td = one_segment_disk(test, test_geometry_of(test));
	struct owned *write, *read;

	for (int i = 0; i < ARRAY_SIZE(piece_bytes); i++) {
		td->piece_bytes = piece_bytes[i];
		write = owned_of(test, td, REQ_OP_WRITE, 16, SEED, TEST_CUT_DWORD);
		KUNIT_EXPECT_EQ(test, 0, test_io_run(test, write->io));
		KUNIT_EXPECT_EQ(test, 1, td->mapped_segments);
		expect_medium(test, td, write, 16, SEED);

		read = owned_of(test, td, REQ_OP_READ, 16, 5 * SEED,
				TEST_CUT_DWORD);
		KUNIT_EXPECT_EQ(test, 0, test_io_run(test, read->io));
		KUNIT_EXPECT_EQ(test, 1, td->mapped_segments);
		pi_ref_remap(&td->bi, write->meta, INTERVALS, SEED, 5 * SEED);
		expect_memory(test, read, write->meta);
	}
}

static void failed_read_leaves_memory_alone(struct kunit *test)
{
	struct test_disk *td = one_segment_disk(test, test_geometry(CRC, REF_TAG,
								    64, 0, 9));
	struct owned *own = owned_of(test, td, REQ_OP_READ, 16, SEED,
				     TEST_CUT_DWORD);
	struct bio_integrity_payload *bip = bio_integrity(&own->io->bio);

	td->status = BLK_STS_IOERR;
	KUNIT_EXPECT_EQ(test, -EIO, test_io_run(test, own->io));
	expect_memory(test, own, own->meta);
	KUNIT_EXPECT_PTR_EQ(test, bip, bio_integrity(&own->io->bio));
}

static void copy_without_memory_uses_the_reserve(struct kunit *test)
{
	struct test_disk *td = test_disk_of(test, test_geometry(CRC, REF_TAG, 8, 0,
								9));
	struct owned *own;

	blk_integrity_reserve_use(td->disk->queue);
	own = owned_of(test, td, REQ_OP_WRITE, 16, SEED, TEST_CUT_NONE);
	test_fail_next_allocation(test);
	KUNIT_EXPECT_EQ(test, 0, test_io_run(test, own->io));
	expect_medium(test, td, own, 16, SEED);
	KUNIT_EXPECT_EQ(test, 1,
			test_disk_counter(td, BLK_INTEGRITY_RESERVE_USES));

	own = owned_of(test, td, REQ_OP_WRITE | REQ_NOWAIT, 48, SEED,
		       TEST_CUT_NONE);
	test_fail_next_allocation(test);
	KUNIT_EXPECT_EQ(test, -EAGAIN, test_io_run(test, own->io));
	KUNIT_EXPECT_EQ(test, 1, td->nr_requests);
	expect_memory(test, own, own->meta);
}

/* A zone append is numbered from the start of the zone. */
static void append_is_renumbered_too(struct kunit *test)
{
	struct test_disk *td = test_disk_of(test, test_geometry(CRC, REF_TAG, 64,
								56, 12));
	struct owned *own = owned_of(test, td, REQ_OP_ZONE_APPEND, 16, SEED,
				     TEST_CUT_PAGE);
	struct bio *bio = &own->io->bio;
	u8 *found = test_guarded_buf(test, own->meta_bytes);
	u8 *wanted = test_guarded_buf(test, own->meta_bytes);

	memcpy(wanted, own->meta, own->meta_bytes);
	pi_ref_remap(&td->bi, wanted, INTERVALS, SEED, 16);
	KUNIT_ASSERT_TRUE(test, bio_integrity_prep(bio));
	KUNIT_EXPECT_EQ(test, 16, bip_get_seed(bio_integrity(bio)));
	test_bip_read(bio_integrity(bio), found);
	KUNIT_EXPECT_MEMEQ(test, wanted, found, own->meta_bytes);
	bio_endio(bio);
	KUNIT_EXPECT_EQ(test, SEED, bip_get_seed(bio_integrity(bio)));
	expect_memory(test, own, own->meta);
}

/*
 * Devices differ in the checks they can choose, and requested checks can
 * change.
 */
static void choice_of_checks_is_that_of_the_device(struct kunit *test)
{
	struct blk_integrity bi = test_geometry(CRC, REF_TAG, 8, 0, 9);
	struct test_disk *all = test_disk_of(test, bi), *each;
	struct owned *own;
	struct bio *bio;

	bi.flags |= BLK_INTEGRITY_CHECKS_EACH;
	each = test_disk_of(test, bi);
	own = owned_of(test, all, REQ_OP_WRITE, 16, 16, TEST_CUT_PAGE);
	bio = &own->io->bio;
	KUNIT_EXPECT_EQ(test, 0, bio_integrity_set_checks(bio, BIP_CHECK_GUARD, 0,
							  0));
	KUNIT_EXPECT_EQ(test, 0, bio_integrity_admit(bio, true));
	KUNIT_EXPECT_TRUE(test, bio_integrity_flagged(bio, BIP_DISK_NOCHECK));
	bio_set_dev(bio, each->bdev);
	KUNIT_EXPECT_EQ(test, 0, bio_integrity_admit(bio, true));
	KUNIT_EXPECT_FALSE(test, bio_integrity_flagged(bio, BIP_DISK_NOCHECK));
	KUNIT_EXPECT_FALSE(test, bio_integrity_flagged(bio, BIP_CTRL_NOCHECK));
	bio_set_dev(bio, all->bdev);
	KUNIT_EXPECT_EQ(test, 0, bio_integrity_set_checks(bio, TEST_CHECKS, 0, 0));
	KUNIT_EXPECT_EQ(test, 0, bio_integrity_admit(bio, true));
	KUNIT_EXPECT_FALSE(test, bio_integrity_flagged(bio, BIP_DISK_NOCHECK));
	/* A request to check nothing remains in force. */
	bio_integrity(bio)->bip_flags |= BIP_DISK_NOCHECK;
	KUNIT_EXPECT_EQ(test, 0, bio_integrity_admit(bio, true));
	KUNIT_EXPECT_TRUE(test, bio_integrity_flagged(bio, BIP_DISK_NOCHECK));
}

static struct kunit_case admit_cases[] = {
	KUNIT_CASE_PARAM(renumbered_write_leaves_memory_alone,
			 test_geometry_gen_params),
	KUNIT_CASE_PARAM(legs_of_a_mirror_do_not_share_tags,
			 test_geometry_gen_params),
	KUNIT_CASE_PARAM(what_fits_is_not_copied, test_geometry_gen_params),
	KUNIT_CASE_PARAM(pieces_go_to_a_device_with_one_segment,
			 test_geometry_gen_params),
	KUNIT_CASE(failed_read_leaves_memory_alone),
	KUNIT_CASE(append_is_renumbered_too),
	KUNIT_CASE(choice_of_checks_is_that_of_the_device),
	KUNIT_CASE(copy_without_memory_uses_the_reserve),
	{ }
};

static struct kunit_suite admit_suite = {
	.name		= "bio_integrity_admit",
	.test_cases	= admit_cases,
};

kunit_test_suite(admit_suite);

MODULE_DESCRIPTION("KUnit tests of submitters' metadata at its device");
MODULE_LICENSE("GPL");
