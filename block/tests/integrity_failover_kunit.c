// SPDX-License-Identifier: GPL-2.0
/*
 * Bios that are sent to another path after a first one accepted them, by a
 * driver that takes them back from their request, and paths that are removed.
 */

#include <linux/blk-integrity.h>

#include "../bio-integrity-internal.h"
#include "integrity_disk.h"
#include "pi_reference.h"

#define REF_TAG		BLK_INTEGRITY_REF_TAG
#define CRC		BLK_INTEGRITY_CSUM_CRC
#define FIRST		8
#define INTERVALS	512
#define DATA_BYTES	(INTERVALS << SECTOR_SHIFT)

/* The path that replaces one with a tuple for each sector. */
struct path_case {
	const char *desc;
	unsigned int tuple_size;
	unsigned int pi_offset;
	unsigned int max_integrity_segments;	/* 0: as many as the first */
	unsigned int max_sectors;		/* 0: as many as the first */
	unsigned int partial_bytes;	/* completed on the first path */
	int owned_err;			/* for metadata of a submitter */
};

static const struct path_case path_cases[] = {
	{ "a path like the first", 8 },
	{ "a path that takes one segment", 8, 0, 1 },
	{ "a path that takes less at once", 8, 0, 0, PAGE_SECTORS },
	{ "a path without metadata", 0, .owned_err = -EOPNOTSUPP },
	{ "a path with another format", 64, 56, .owned_err = -EINVAL },
	{ "a path like the first, half done", 8, .partial_bytes = SZ_128K },
	{ "a path without metadata, half done", 0, .partial_bytes = SZ_128K,
	  .owned_err = -EOPNOTSUPP },
};

KUNIT_ARRAY_PARAM_DESC(path_cases, path_cases, desc);

static struct test_disk *first_path(struct kunit *test)
{
	struct blk_integrity bi = test_geometry(CRC, REF_TAG, 8, 0, 9);
	struct test_disk *td = test_disk_of(test, test_with_tags(bi));

	test_disk_fill(test, td, test_rng(test));
	return td;
}

/* The medium is the same, whichever path leads to it. */
static struct test_disk *second_path(struct kunit *test,
				     const struct path_case *row,
				     struct test_disk *first)
{
	struct queue_limits lim = test_plain_limits();
	struct test_disk *td;

	if (row->tuple_size) {
		struct blk_integrity bi = test_geometry(CRC, REF_TAG,
							row->tuple_size,
							row->pi_offset, 9);

		lim = test_disk_limits(test_with_tags(bi));
	}
	if (row->max_integrity_segments)
		lim.max_integrity_segments = row->max_integrity_segments;
	if (row->max_sectors)
		lim.max_hw_sectors = row->max_sectors;
	td = test_disk_alloc(test, lim);
	memcpy(td->data, first->data, TEST_DISK_SECTORS << SECTOR_SHIFT);
	if (td->meta)
		pi_ref_generate(&td->bi, td->data, td->meta,
				TEST_DISK_SECTORS, 0);
	return td;
}

/* What nvme_failover_req() does. */
static void steal_request(struct kunit *test, struct bio_list *bios,
			  struct test_disk *from, struct test_disk *to,
			  unsigned int partial_bytes)
{
	struct request *rq = test_disk_take_held(test, from);
	struct bio *bio;

	if (partial_bytes)
		blk_update_request(rq, BLK_STS_OK, partial_bytes);
	__rq_for_each_bio(bio, rq)
		bio_set_dev(bio, to->bdev);
	blk_steal_bios(bios, rq);
	blk_mq_end_request(rq, BLK_STS_OK);
}

/* What nvme_requeue_work() does. */
static void submit_again(struct bio_list *bios)
{
	struct bio *bio;

	while ((bio = bio_list_pop(bios)))
		submit_bio_noacct(bio);
}

static void fail_over(struct kunit *test, struct test_io *io,
		      const struct path_case *row, struct test_disk *from,
		      struct test_disk *to)
{
	struct bio_list bios = BIO_EMPTY_LIST;

	from->hold = true;
	test_io_submit(io);
	steal_request(test, &bios, from, to, row->partial_bytes);
	from->hold = false;
	submit_again(&bios);
}

static void read_takes_another_path(struct kunit *test)
{
	const struct path_case *row = test->param_value;
	struct test_disk *first = first_path(test);
	struct test_disk *second = second_path(test, row, first);
	struct test_io *io = test_io_filled(test, first, REQ_OP_READ, FIRST,
					    INTERVALS);
	u8 *found = test_guarded_buf(test, DATA_BYTES);

	fail_over(test, io, row, first, second);
	KUNIT_EXPECT_EQ(test, 0, test_io_wait(test, io));
	test_vecs_read(io->data, found);
	KUNIT_EXPECT_MEMEQ(test, second->data + (FIRST << SECTOR_SHIFT), found,
			   DATA_BYTES);
	KUNIT_EXPECT_EQ(test, !second->nr_requests, !row->tuple_size);
	if (!row->tuple_size)
		return;
	KUNIT_EXPECT_EQ(test, 0, test_disk_counter(second,
						   BLK_INTEGRITY_BOUNCED));
	KUNIT_EXPECT_EQ(test, INTERVALS,
			test_disk_counter(second, BLK_INTEGRITY_VERIFIED));
}

static void write_takes_another_path(struct kunit *test)
{
	const struct path_case *row = test->param_value;
	struct test_disk *first = first_path(test);
	struct test_disk *second = second_path(test, row, first);
	struct test_io *io = test_io_filled(test, first, REQ_OP_WRITE, FIRST,
					    INTERVALS);
	u8 *data = test_guarded_buf(test, DATA_BYTES);
	unsigned int meta_bytes = INTERVALS * row->tuple_size;
	u8 *wanted;

	test_vecs_read(io->data, data);
	fail_over(test, io, row, first, second);
	KUNIT_EXPECT_EQ(test, 0, test_io_wait(test, io));
	KUNIT_EXPECT_MEMEQ(test, data, second->data + (FIRST << SECTOR_SHIFT),
			   DATA_BYTES);
	KUNIT_EXPECT_EQ(test, !second->nr_requests, !row->tuple_size);
	if (!row->tuple_size)
		return;
	wanted = test_guarded_buf(test, meta_bytes);
	memset(wanted, 0, meta_bytes);
	pi_ref_generate(&second->bi, data, wanted, INTERVALS, FIRST);
	KUNIT_EXPECT_MEMEQ(test, wanted, second->meta + FIRST * row->tuple_size,
			   meta_bytes);
	KUNIT_EXPECT_EQ(test, 0, test_disk_counter(second,
						   BLK_INTEGRITY_BOUNCED));
}

/* What the second path finds wrong is that of the whole read. */
static void read_of_another_path_is_verified(struct kunit *test)
{
	const struct path_case *row = test->param_value;
	struct test_disk *first = first_path(test);
	struct test_disk *second = second_path(test, row, first);
	struct test_io *io = test_io_filled(test, first, REQ_OP_READ, FIRST,
					    INTERVALS);

	if (!row->tuple_size)
		return;
	second->data[(FIRST << SECTOR_SHIFT) + 1] ^= 1;
	fail_over(test, io, row, first, second);
	KUNIT_EXPECT_EQ(test, -EILSEQ, test_io_wait(test, io));
	KUNIT_EXPECT_EQ(test, 1, test_disk_counter(second,
						   BLK_INTEGRITY_GUARD_ERRORS));
}

/* Tags of a submitter that are for another format are not dropped. */
static void owned_metadata_takes_another_path(struct kunit *test)
{
	const struct path_case *row = test->param_value;
	struct test_disk *first = first_path(test);
	struct test_disk *second = second_path(test, row, first);
	struct test_io *io = test_io_owned(test, first, REQ_OP_WRITE, FIRST,
					   INTERVALS);
	u8 tags[2 * INTERVALS];

	memset(tags, 0x5a, sizeof(tags));
	KUNIT_ASSERT_EQ(test, 0,
			bio_integrity_set_tag(&io->bio, tags, sizeof(tags)) ?:
			bio_integrity_generate(&io->bio));
	fail_over(test, io, row, first, second);
	KUNIT_EXPECT_EQ(test, row->owned_err, test_io_wait(test, io));
	KUNIT_EXPECT_NOT_NULL(test, bio_integrity(&io->bio));
	if (row->owned_err || row->partial_bytes)
		return;
	for (unsigned int i = 0; i < INTERVALS; i++)
		KUNIT_EXPECT_EQ(test, 0x5a, second->meta[(FIRST + i) * 8 + 2]);
}

/* A copy stands in for the submitter's metadata on one path only. */
static void copied_metadata_takes_another_path(struct kunit *test)
{
	const struct path_case *row = test->param_value;
	struct test_disk *first = first_path(test);
	struct test_disk *second = second_path(test, row, first);
	struct test_io *io = test_io_filled(test, first, REQ_OP_READ, FIRST,
					    INTERVALS);
	struct test_vecs *meta = test_vecs_alloc(test, test_rng(test),
						 8 * INTERVALS,
						 TEST_CUT_RANDOM);
	struct bio_integrity_payload *bip;
	u8 *found = test_guarded_buf(test, 8 * INTERVALS);

	/* Cut as no device takes it. */
	bip = test_io_attach(test, io, meta, FIRST);
	fail_over(test, io, row, first, second);
	KUNIT_EXPECT_EQ(test, row->owned_err, test_io_wait(test, io));
	KUNIT_EXPECT_PTR_EQ(test, bip, bio_integrity(&io->bio));
	if (row->owned_err || row->max_sectors)
		return;
	test_vecs_read(meta, found);
	KUNIT_EXPECT_MEMEQ(test, second->meta + FIRST * 8, found,
			   8 * INTERVALS);
}

static struct test_disk *disk_of_parts(struct kunit *test)
{
	return test_disk_of(test, test_geometry(CRC, REF_TAG, 256, 0, 9));
}

/* A read that is split for lack of memory; the disk holds both parts. */
static struct test_io *read_in_parts(struct kunit *test, struct test_disk *td)
{
	struct test_io *io;

	/* The first I/O can have other allocations. */
	io = test_io_filled(test, td, REQ_OP_WRITE, TEST_DISK_SECTORS / 2,
			    INTERVALS);
	KUNIT_ASSERT_EQ(test, 0, test_io_run(test, io));
	io = test_io_filled(test, td, REQ_OP_READ, FIRST, INTERVALS);
	td->hold = true;
	test_fail_next_allocation(test);
	test_io_submit(io);
	return io;
}

static void remove_path(struct kunit *test, struct test_disk *td)
{
	test_disk_remove(test, td);
	/* Frees what a queue kept. */
	flush_workqueue(blk_integrity_events_wq);
}

/* A bio that was split for lack of memory takes its part to another path. */
static void part_outlives_its_path(struct kunit *test)
{
	struct test_disk *first = disk_of_parts(test);
	struct test_disk *second = disk_of_parts(test);
	struct bio_list bios = BIO_EMPTY_LIST;
	struct test_io *io = read_in_parts(test, first);

	test_disk_fill(test, second, test_rng(test));
	steal_request(test, &bios, first, second, 0);
	steal_request(test, &bios, first, second, 0);
	KUNIT_EXPECT_EQ(test, 2, bio_list_size(&bios));
	remove_path(test, first);
	submit_again(&bios);
	KUNIT_EXPECT_EQ(test, 0, test_io_wait(test, io));
	KUNIT_EXPECT_EQ(test, INTERVALS,
			test_disk_counter(second, BLK_INTEGRITY_VERIFIED));
}

/*
 * The rest of such a bio has completed on a path that is removed before its part
 * ends it.
 */
static void part_ends_a_bio_of_a_removed_path(struct kunit *test)
{
	struct test_disk *first = disk_of_parts(test);
	struct test_disk *second = disk_of_parts(test);
	struct bio_list bios = BIO_EMPTY_LIST;
	struct test_io *io;

	test_disk_fill(test, first, test_rng(test));
	test_disk_fill(test, second, test_rng(test));
	io = read_in_parts(test, first);
	steal_request(test, &bios, first, second, 0);
	/* As rq_qos_throttle() does for a path that has any policy. */
	bio_set_flag(&io->bio, BIO_QOS_THROTTLED);
	test_disk_release(first);
	test_disk_settle(first);
	KUNIT_EXPECT_FALSE(test, bio_flagged(&io->bio, BIO_QOS_THROTTLED));
	remove_path(test, first);
	submit_again(&bios);
	KUNIT_EXPECT_EQ(test, 0, test_io_wait(test, io));
	KUNIT_EXPECT_PTR_EQ(test, second->bdev, io->bio.bi_bdev);
}

/* A program may poll the original, which must not use a removed path. */
static void original_follows_its_copy(struct kunit *test)
{
	static const struct path_case same = { .tuple_size = 8 };
	struct test_disk *first = first_path(test);
	struct test_disk *second = second_path(test, &same, first);
	struct test_io *io = test_io_filled(test, first, REQ_OP_WRITE, FIRST,
					    INTERVALS);
	struct bio_list bios = BIO_EMPTY_LIST;

	first->disk->queue->integrity_dev->copy_unstable = true;
	io->bio.bi_opf |= REQ_META;
	first->hold = true;
	test_io_submit(io);
	KUNIT_ASSERT_EQ(test, 1, test_disk_counter(first,
						   BLK_INTEGRITY_COPIED_WRITES));
	KUNIT_EXPECT_PTR_EQ(test, first->bdev, io->bio.bi_bdev);
	steal_request(test, &bios, first, second, 0);
	KUNIT_EXPECT_PTR_EQ(test, second->bdev, io->bio.bi_bdev);
	first->hold = false;
	submit_again(&bios);
	KUNIT_EXPECT_EQ(test, 0, test_io_wait(test, io));
}

/* A part of a copied bio may end it when the path of the copy is gone. */
static void original_leaves_the_path_of_its_copy(struct kunit *test)
{
	struct test_disk *td = first_path(test);
	struct test_io *io = test_io_filled(test, td, REQ_OP_WRITE, FIRST,
					    INTERVALS);
	struct bio *part = bio_alloc(td->bdev, 0, REQ_OP_WRITE, GFP_KERNEL);

	td->disk->queue->integrity_dev->copy_unstable = true;
	io->bio.bi_opf |= REQ_META;
	bio_chain(part, &io->bio);
	test_io_submit(io);
	test_disk_settle(td);
	KUNIT_EXPECT_EQ(test, 1, test_disk_counter(td,
						   BLK_INTEGRITY_COPIED_WRITES));
	KUNIT_EXPECT_TRUE(test, bio_flagged(&io->bio, BIO_CHAIN));
	KUNIT_EXPECT_FALSE(test, bio_flagged(&io->bio, BIO_TRACE_COMPLETION));
	bio_endio(part);
	KUNIT_EXPECT_EQ(test, 0, test_io_wait(test, io));
}

static struct kunit_case failover_cases[] = {
	KUNIT_CASE_PARAM(read_takes_another_path, path_cases_gen_params),
	KUNIT_CASE_PARAM(write_takes_another_path, path_cases_gen_params),
	KUNIT_CASE_PARAM(read_of_another_path_is_verified, path_cases_gen_params),
	KUNIT_CASE_PARAM(owned_metadata_takes_another_path, path_cases_gen_params),
	KUNIT_CASE_PARAM(copied_metadata_takes_another_path, path_cases_gen_params),
	KUNIT_CASE(part_outlives_its_path),
	KUNIT_CASE(part_ends_a_bio_of_a_removed_path),
	KUNIT_CASE(original_follows_its_copy),
	KUNIT_CASE(original_leaves_the_path_of_its_copy),
	{ }
};

static struct kunit_suite failover_suite = {
	.name		= "integrity_failover",
	.test_cases	= failover_cases,
};

kunit_test_suite(failover_suite);

MODULE_DESCRIPTION("KUnit tests of bios that take another path");
MODULE_LICENSE("GPL");
