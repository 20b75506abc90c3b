// SPDX-License-Identifier: GPL-2.0
/*
 * Data whose intervals are split in memory, for a device that does not take that.
 */

#include <linux/blk-integrity.h>
#include <linux/kthread.h>
#include <linux/wait.h>

#include "../bio-integrity-arrival.h"
#include "integrity_disk.h"
#include "pi_reference.h"

#define REF_TAG	BLK_INTEGRITY_REF_TAG
#define CRC	BLK_INTEGRITY_CSUM_CRC

#define FIRST		8	/* interval that I/O begins at */
#define INTERVALS	20
#define SEED		1000	/* of submitters, not the position */

/* Of a device that takes no intervals that are split in memory. */
static struct queue_limits aligned_limits(struct blk_integrity bi)
{
	struct queue_limits lim = test_disk_limits(bi);

	lim.integrity.flags &= ~BLK_INTEGRITY_SPLIT_INTERVALS;
	return lim;
}

/* Its blocks are one interval. */
static struct test_disk *aligned_disk(struct kunit *test,
				      unsigned int max_segments)
{
	struct queue_limits lim =
		aligned_limits(test_geometry(CRC, REF_TAG, 8, 0, 9));
	struct test_disk *td;

	lim.max_segments = max_segments;
	td = test_disk_alloc(test, lim);
	test_disk_fill(test, td, test_rng(test));
	return td;
}

/* Neither guards nor device see a split interval. */
static void split_intervals_are_copied(struct kunit *test)
{
	struct test_disk *td = aligned_disk(test, USHRT_MAX);
	unsigned int bytes = 40 << 9;
	u8 *data = test_guarded_buf(test, bytes);
	struct test_io *io;

	io = test_io_alloc(test, td->bdev, test_rng(test), REQ_OP_READ, FIRST,
			   bytes, TEST_CUT_DWORD);
	KUNIT_EXPECT_EQ(test, 0, test_io_run(test, io));
	test_vecs_read(io->data, data);
	KUNIT_EXPECT_MEMEQ(test, data, td->data + (FIRST << 9), bytes);
	KUNIT_EXPECT_TRUE(test, test_vecs_intact(io->data));
	KUNIT_EXPECT_EQ(test, 40, test_disk_counter(td, BLK_INTEGRITY_VERIFIED));

	io = test_io_alloc(test, td->bdev, test_rng(test), REQ_OP_WRITE, FIRST,
			   bytes, TEST_CUT_DWORD);
	test_vecs_read(io->data, data);
	KUNIT_EXPECT_EQ(test, 0, test_io_run(test, io));
	KUNIT_EXPECT_TRUE(test, test_disk_is_consistent(test, td, FIRST, 40));
	KUNIT_EXPECT_MEMEQ(test, data, td->data + (FIRST << 9), bytes);

	KUNIT_EXPECT_EQ(test, 0, td->nr_split);
	KUNIT_EXPECT_EQ(test, 0, test_disk_counter(td, BLK_INTEGRITY_STRADDLED));
	KUNIT_EXPECT_LE(test, 2,
			test_disk_counter(td, BLK_INTEGRITY_ALIGNED_COPIES));
	KUNIT_EXPECT_EQ(test, 0,
			test_disk_counter(td, BLK_INTEGRITY_COPIED_WRITES));
}

static void split_read_of_a_bad_block_fails(struct kunit *test)
{
	struct test_disk *td = aligned_disk(test, USHRT_MAX);
	struct test_io *io = test_io_alloc(test, td->bdev, test_rng(test),
					   REQ_OP_READ, FIRST, SZ_4K,
					   TEST_CUT_DWORD);

	td->data[(FIRST + 3) << 9] ^= 1;
	KUNIT_EXPECT_EQ(test, -EILSEQ, test_io_run(test, io));
	KUNIT_EXPECT_EQ(test, 1,
			test_disk_counter(td, BLK_INTEGRITY_GUARD_ERRORS));
}

static void whole_intervals_are_not_copied(struct kunit *test)
{
	struct test_disk *td = aligned_disk(test, USHRT_MAX);
	struct test_io *io = test_io_alloc(test, td->bdev, test_rng(test),
					   REQ_OP_READ, FIRST, SZ_16K,
					   TEST_CUT_PAGE);

	KUNIT_EXPECT_EQ(test, 0, test_io_run(test, io));
	KUNIT_EXPECT_EQ(test, 0,
			test_disk_counter(td, BLK_INTEGRITY_ALIGNED_COPIES));
}

static void set_policies(struct test_disk *td, bool on)
{
	struct blk_integrity_dev *idev = td->disk->queue->integrity_dev;

	idev->read_verify = on;
	idev->write_generate = on;
	blk_integrity_update_excluded(idev);
}

/* The device inserts the tuples itself, so no page of a bio is examined. */
static void excluded_split_intervals_are_not_copied(struct kunit *test)
{
	struct test_disk *td = aligned_disk(test, USHRT_MAX);
	unsigned int bytes = 40 << 9;
	u8 *data = test_guarded_buf(test, bytes);
	struct test_io *io;

	set_policies(td, false);
	io = test_io_alloc(test, td->bdev, test_rng(test), REQ_OP_WRITE, FIRST,
			   bytes, TEST_CUT_DWORD);
	test_vecs_read(io->data, data);
	KUNIT_EXPECT_EQ(test, 0, test_io_run(test, io));
	KUNIT_EXPECT_MEMEQ(test, data, td->data + (FIRST << 9), bytes);

	io = test_io_alloc(test, td->bdev, test_rng(test), REQ_OP_READ, FIRST,
			   bytes, TEST_CUT_DWORD);
	KUNIT_EXPECT_EQ(test, 0, test_io_run(test, io));
	test_vecs_read(io->data, data);
	KUNIT_EXPECT_MEMEQ(test, data, td->data + (FIRST << 9), bytes);

	KUNIT_EXPECT_EQ(test, 0, td->nr_requests);
	KUNIT_EXPECT_EQ(test, 80, test_disk_counter(td, BLK_INTEGRITY_UNCHECKED));
	KUNIT_EXPECT_EQ(test, 0,
			test_disk_counter(td, BLK_INTEGRITY_ALIGNED_COPIES));
}

/*
 * A bio that was excluded when it arrived has not been examined, so it must not
 * get metadata when it has entered the queue.
 */
static void exclusion_is_decided_on_arrival(struct kunit *test)
{
	struct test_disk *td = aligned_disk(test, USHRT_MAX);
	struct request_queue *q = td->disk->queue;
	struct test_io *io = test_io_alloc(test, td->bdev, test_rng(test),
					   REQ_OP_WRITE, FIRST, SZ_4K,
					   TEST_CUT_DWORD);
	struct bio *bio = &io->bio;

	KUNIT_EXPECT_EQ(test, BIO_INTEGRITY_EXAMINED + 9,
			bio_integrity_arrive(bio, q));
	KUNIT_EXPECT_FALSE(test, bio_integrity_passes(bio, q,
						      BIO_INTEGRITY_EXAMINED));
	set_policies(td, false);
	KUNIT_EXPECT_EQ(test, BIO_INTEGRITY_EXCLUDED,
			bio_integrity_arrive(bio, q));
	set_policies(td, true);
	KUNIT_EXPECT_TRUE(test, bio_integrity_passes(bio, q,
						     BIO_INTEGRITY_EXCLUDED));
	KUNIT_EXPECT_EQ(test, 8, test_disk_counter(td, BLK_INTEGRITY_UNCHECKED));
}

/*
 * I/O with metadata of its own, in pieces that the device does not take.  Copies
 * its data to @data, and sets @own to the metadata.
 */
static struct test_io *io_with_own(struct kunit *test, struct test_disk *td,
				   enum req_op op, void *data,
				   struct test_vecs **own)
{
	unsigned int bytes = INTERVALS * td->bi.tuple_size;
	u8 *meta = test_filled_buf(test, test_rng(test), bytes);
	struct test_io *io;

	td->piece_bytes = 1536;
	io = test_io_filled(test, td, op, FIRST, INTERVALS);
	test_vecs_read(io->data, data);
	*own = test_vecs_alloc(test, test_rng(test), bytes, TEST_CUT_RANDOM);
	pi_ref_generate(&td->bi, data, meta, INTERVALS, SEED);
	test_vecs_write(*own, meta);
	test_io_attach(test, io, *own, SEED);
	return io;
}

static void split_write_with_own_metadata(struct kunit *test)
{
	struct test_disk *td = aligned_disk(test, USHRT_MAX);
	unsigned int bytes = INTERVALS << 9;
	u8 *data = test_guarded_buf(test, bytes);
	u8 *before = test_guarded_buf(test, INTERVALS * 8);
	u8 *after = test_guarded_buf(test, INTERVALS * 8);
	struct test_vecs *meta;
	struct test_io *io;

	io = io_with_own(test, td, REQ_OP_WRITE, data, &meta);
	test_vecs_read(meta, before);

	KUNIT_EXPECT_EQ(test, 0, test_io_run(test, io));
	KUNIT_EXPECT_EQ(test, 0, td->nr_split);
	KUNIT_EXPECT_TRUE(test, test_disk_is_consistent(test, td, FIRST, INTERVALS));
	KUNIT_EXPECT_MEMEQ(test, data, td->data + (FIRST << 9), bytes);
	test_vecs_read(meta, after);
	KUNIT_EXPECT_MEMEQ(test, before, after, INTERVALS * 8);
	KUNIT_EXPECT_EQ(test, 0, test_disk_counter(td, BLK_INTEGRITY_GENERATED));
}

static void split_read_with_own_metadata(struct kunit *test)
{
	struct test_disk *td = aligned_disk(test, USHRT_MAX);
	unsigned int bytes = INTERVALS << 9;
	u8 *data = test_guarded_buf(test, bytes);
	u8 *meta = test_guarded_buf(test, INTERVALS * 8);
	u8 *wanted = test_guarded_buf(test, INTERVALS * 8);
	struct test_vecs *own;
	struct test_io *io;

	io = io_with_own(test, td, REQ_OP_READ, data, &own);
	KUNIT_EXPECT_EQ(test, 0, test_io_run(test, io));
	KUNIT_EXPECT_EQ(test, 0, td->nr_split);
	test_vecs_read(io->data, data);
	KUNIT_EXPECT_MEMEQ(test, data, td->data + (FIRST << 9), bytes);
	memcpy(wanted, td->meta + FIRST * 8, INTERVALS * 8);
	pi_ref_generate(&td->bi, data, wanted, INTERVALS, SEED);
	test_vecs_read(own, meta);
	KUNIT_EXPECT_MEMEQ(test, wanted, meta, INTERVALS * 8);
	KUNIT_EXPECT_TRUE(test, test_vecs_intact(io->data));
	KUNIT_EXPECT_TRUE(test, test_vecs_intact(own));
	KUNIT_EXPECT_EQ(test, 0, test_disk_counter(td, BLK_INTEGRITY_VERIFIED));
}

static void split_write_of_an_owner(struct kunit *test)
{
	struct test_disk *td = aligned_disk(test, USHRT_MAX);
	struct test_io *io = test_io_owned(test, td, REQ_OP_WRITE, FIRST,
					   INTERVALS);

	KUNIT_ASSERT_EQ(test, 0, bio_integrity_generate(&io->bio));
	KUNIT_EXPECT_EQ(test, 0, test_io_run(test, io));
	KUNIT_EXPECT_EQ(test, 0, td->nr_split);
	KUNIT_EXPECT_TRUE(test, test_disk_is_consistent(test, td, FIRST, INTERVALS));
	KUNIT_EXPECT_NULL(test, bio_integrity_error(&io->bio));
}

/* The owner's payload is verified, with its own data. */
static void split_read_of_an_owner(struct kunit *test)
{
	struct test_disk *td = aligned_disk(test, USHRT_MAX);
	u8 *meta = test_guarded_buf(test, INTERVALS * 8);
	const struct blk_integrity_error *err;
	struct test_io *io;

	io = test_io_owned(test, td, REQ_OP_READ, FIRST, INTERVALS);
	KUNIT_EXPECT_EQ(test, 0, test_io_run(test, io));
	KUNIT_EXPECT_EQ(test, 0, td->nr_split);
	KUNIT_EXPECT_NULL(test, bio_integrity_error(&io->bio));
	KUNIT_EXPECT_EQ(test, INTERVALS,
			test_disk_counter(td, BLK_INTEGRITY_VERIFIED));
	test_bip_read(bio_integrity(&io->bio), meta);
	KUNIT_EXPECT_MEMEQ(test, meta, td->meta + FIRST * 8, INTERVALS * 8);

	td->data[(FIRST + 3) << 9] ^= 1;
	io = test_io_owned(test, td, REQ_OP_READ, FIRST, INTERVALS);
	KUNIT_EXPECT_EQ(test, -EILSEQ, test_io_run(test, io));
	err = bio_integrity_error(&io->bio);
	KUNIT_ASSERT_NOT_NULL(test, err);
	KUNIT_EXPECT_EQ(test, BLK_INTEGRITY_TAG_GUARD, err->tag);
	KUNIT_EXPECT_EQ(test, FIRST + 3, err->interval);
	KUNIT_EXPECT_EQ(test, 0, td->nr_split);
}

/* The copy, its payload and pages are allocated when there is memory again. */
static void split_io_does_not_fail_for_memory(struct kunit *test)
{
	struct test_disk *td = aligned_disk(test, USHRT_MAX);
	struct test_io *io;

	io = test_io_owned(test, td, REQ_OP_WRITE, FIRST, INTERVALS);
	KUNIT_ASSERT_EQ(test, 0, bio_integrity_generate(&io->bio));
	test_fail_next_allocation(test);
	KUNIT_EXPECT_EQ(test, 0, test_io_run(test, io));
	KUNIT_EXPECT_EQ(test, 0, td->nr_split);
}

static void free_pages_action(void *page)
{
	__free_pages(page, get_order(SZ_256K));
}

/* Allocating pages of an order above PAGE_ALLOC_COSTLY_ORDER could fail. */
static void copies_need_no_large_pages(struct kunit *test)
{
	struct test_disk *td = aligned_disk(test, 1);
	struct page *page = alloc_pages(GFP_KERNEL | __GFP_COMP,
					get_order(SZ_256K));
	unsigned int parts = DIV_ROUND_UP(SZ_128K,
					  PAGE_SIZE << PAGE_ALLOC_COSTLY_ORDER);
	struct test_io *io;
	u8 *data;

	KUNIT_ASSERT_NOT_NULL(test, page);
	KUNIT_ASSERT_EQ(test, 0, kunit_add_action_or_reset(test,
							   free_pages_action,
							   page));
	data = page_address(page) + 4;
	test_fill(test_rng(test), data, SZ_128K);

	for (int i = 0; i < 2; i++) {
		io = test_io_alloc(test, td->bdev, test_rng(test),
				   i ? REQ_OP_READ : REQ_OP_WRITE, FIRST,
				   SZ_128K, TEST_CUT_NONE);
		bvec_set_page(&io->bio.bi_io_vec[0], page, SZ_128K, 4);
		if (i)
			memset(data, 0, SZ_128K);
		test_fail_next_allocation(test);
		KUNIT_EXPECT_EQ(test, 0, test_io_run(test, io));
		KUNIT_EXPECT_TRUE(test, test_disk_is_consistent(test, td, FIRST, 256));
		KUNIT_EXPECT_MEMEQ(test, data, td->data + (FIRST << 9), SZ_128K);
	}
	KUNIT_EXPECT_EQ(test, 2 * parts,
			test_disk_counter(td, BLK_INTEGRITY_ALIGNED_COPIES));
	KUNIT_EXPECT_EQ(test, 0, td->nr_split);
}

static int submit_thread(void *io)
{
	test_io_submit(io);
	return 0;
}

/* Change the format from @from to that of the medium while a bio is entering. */
static void format_under_way(struct kunit *test, struct test_disk *td,
			     struct blk_integrity from, struct test_io *io)
{
	struct request_queue *q = td->disk->queue;
	struct task_struct *task;

	KUNIT_ASSERT_EQ(test, 0, test_disk_commit(td, from));
	blk_mq_freeze_queue(q);
	task = kthread_run(submit_thread, io, "pi_test");
	if (!IS_ERR(task)) {
		/* Polled, so the order of memory accesses does not matter. */
		while (!waitqueue_active(&q->mq_freeze_wq))
			schedule_timeout_uninterruptible(1);
		KUNIT_EXPECT_EQ(test, 0, test_disk_commit(td, td->bi));
	}
	blk_mq_unfreeze_queue(q);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, task);
}

/* A bio that arrived before the disk had metadata. */
static void format_with_metadata_under_way(struct kunit *test)
{
	struct test_disk *td = aligned_disk(test, USHRT_MAX);
	struct test_io *io = test_io_filled(test, td, REQ_OP_WRITE, FIRST,
					    INTERVALS);

	format_under_way(test, td, (struct blk_integrity) {}, io);
	KUNIT_EXPECT_EQ(test, 0, test_io_wait(test, io));
	KUNIT_EXPECT_EQ(test, 0, td->nr_split);
	KUNIT_EXPECT_TRUE(test, test_disk_is_consistent(test, td, FIRST,
							INTERVALS));
	KUNIT_EXPECT_EQ(test, 1,
			test_disk_counter(td, BLK_INTEGRITY_ALIGNED_COPIES));
}

/* A bio whose memory suits the old format, which had smaller intervals. */
static void format_with_larger_intervals_under_way(struct kunit *test)
{
	struct queue_limits lim =
		aligned_limits(test_geometry(CRC, REF_TAG, 8, 0, 12));
	struct blk_integrity from = test_geometry(CRC, REF_TAG, 8, 0, 9);
	struct test_disk *td;
	struct bio_vec *vecs;
	struct test_io *io;

	from.flags &= ~BLK_INTEGRITY_SPLIT_INTERVALS;
	td = test_disk_alloc(test, lim);
	io = test_io_alloc(test, td->bdev, test_rng(test), REQ_OP_WRITE, FIRST,
			   5 * PAGE_SIZE, TEST_CUT_PAGE);
	/* From the second 512 bytes of the first page to the first of the last. */
	vecs = io->bio.bi_io_vec;
	vecs[0].bv_offset += SECTOR_SIZE;
	vecs[0].bv_len -= SECTOR_SIZE;
	vecs[4].bv_len = SECTOR_SIZE;
	io->bio.bi_iter.bi_size = 4 * PAGE_SIZE;

	format_under_way(test, td, from, io);
	KUNIT_EXPECT_EQ(test, 0, test_io_wait(test, io));
	KUNIT_EXPECT_EQ(test, 0, td->nr_split);
	KUNIT_EXPECT_TRUE(test, test_disk_is_consistent(test, td, FIRST >> 3,
							4 * PAGE_SIZE >> 12));
}

/* A bio that was excluded when it arrived, which the new format does not allow. */
static void format_of_an_excluded_bio_under_way(struct kunit *test)
{
	struct queue_limits lim =
		aligned_limits(test_geometry(CRC, REF_TAG, 64, 0, 9));
	struct blk_integrity from = test_geometry(CRC, REF_TAG, 8, 0, 9);
	struct test_disk *td;
	struct test_io *io;

	td = test_disk_alloc(test, lim);
	set_policies(td, false);
	io = test_io_filled(test, td, REQ_OP_WRITE, FIRST, INTERVALS);
	format_under_way(test, td, from, io);
	KUNIT_EXPECT_EQ(test, 0, test_io_wait(test, io));
	KUNIT_EXPECT_EQ(test, 1, td->nr_requests);
	KUNIT_EXPECT_EQ(test, 0, td->nr_split);
}

static struct kunit_case aligned_cases[] = {
	KUNIT_CASE(split_intervals_are_copied),
	KUNIT_CASE(split_read_of_a_bad_block_fails),
	KUNIT_CASE(whole_intervals_are_not_copied),
	KUNIT_CASE(excluded_split_intervals_are_not_copied),
	KUNIT_CASE(exclusion_is_decided_on_arrival),
	KUNIT_CASE(split_write_with_own_metadata),
	KUNIT_CASE(split_read_with_own_metadata),
	KUNIT_CASE(split_write_of_an_owner),
	KUNIT_CASE(split_read_of_an_owner),
	KUNIT_CASE(split_io_does_not_fail_for_memory),
	KUNIT_CASE(copies_need_no_large_pages),
	KUNIT_CASE(format_with_metadata_under_way),
	KUNIT_CASE(format_with_larger_intervals_under_way),
	KUNIT_CASE(format_of_an_excluded_bio_under_way),
	{ }
};

static struct kunit_suite aligned_suite = {
	.name		= "bio_integrity_aligned",
	.test_cases	= aligned_cases,
};

kunit_test_suite(aligned_suite);

MODULE_DESCRIPTION("KUnit tests of data that is split inside intervals");
MODULE_LICENSE("GPL");
