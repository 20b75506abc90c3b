// SPDX-License-Identifier: GPL-2.0
/*
 * Second readings: which errors heal, which remain, and that they do not wait.
 */

#include <linux/blk-integrity.h>
#include <linux/kthread.h>

#include "integrity_disk.h"
#include "pi_reference.h"
#include "../bio-integrity-internal.h"

#define REF_TAG	BLK_INTEGRITY_REF_TAG
#define CRC	BLK_INTEGRITY_CSUM_CRC

static struct test_disk *disk_with_blocks(struct kunit *test,
					  struct blk_integrity bi,
					  unsigned int block_bytes)
{
	struct queue_limits lim = test_disk_limits(bi);
	struct test_disk *td;

	if (block_bytes)
		lim.logical_block_size = block_bytes;
	td = test_disk_alloc(test, lim);
	test_disk_fill(test, td, test_rng(test));
	return td;
}

static struct test_disk *plain_disk(struct kunit *test)
{
	return disk_with_blocks(test, test_geometry(CRC, REF_TAG, 8, 0, 9), 0);
}

static struct blk_integrity_dev *idev_of(struct test_disk *td)
{
	return td->disk->queue->integrity_dev;
}

static void expect_data(struct kunit *test, struct test_disk *td,
			struct test_io *io, unsigned int first)
{
	u8 *got = test_guarded_buf(test, io->data->bytes);

	test_vecs_read(io->data, got);
	KUNIT_EXPECT_MEMEQ(test, td->data + (first << td->bi.interval_exp), got,
			   io->data->bytes);
	KUNIT_EXPECT_TRUE(test, test_vecs_intact(io->data));
}

static void expect_counters(struct kunit *test, struct test_disk *td,
			    unsigned int reread, unsigned int healed)
{
	KUNIT_EXPECT_EQ(test, reread, test_disk_counter(td, BLK_INTEGRITY_REREAD));
	KUNIT_EXPECT_EQ(test, healed, test_disk_counter(td, BLK_INTEGRITY_HEALED));
}

struct heal_case {
	const char *desc;
	unsigned int exp, tuple_size, pi_offset;
	enum test_cut cut;
	unsigned int intervals;	/* of the read */
	unsigned int bad[TEST_DISK_MAX_FLIPS];
	unsigned int nr_bad;
	bool meta;
	unsigned int block_bytes;	/* 0: an interval */
};

static const struct heal_case heal_cases[] = {
	{ "one of many", 9, 8, 0, TEST_CUT_PAGE, 64, { 17 }, 1 },
	{ "first and last", 9, 8, 0, TEST_CUT_PAGE, 64, { 0, 63 }, 2 },
	{ "several in a row", 9, 8, 0, TEST_CUT_PAGE, 64, { 20, 21, 22, 23 }, 4 },
	{ "two tuples", 9, 8, 0, TEST_CUT_PAGE, 64, { 5, 40 }, 2, true },
	{ "straddling data", 9, 8, 0, TEST_CUT_RANDOM, 64, { 7, 8, 31 }, 3 },
	{ "cut in dwords, 4096 bytes", 12, 64, 56, TEST_CUT_DWORD, 8,
	  { 0, 3, 7 }, 3 },
	{ "metadata straddles pages", 9, 264, 256, TEST_CUT_RANDOM, 100,
	  { 15, 16, 31, 99 }, 4 },
	{ "tuple straddles pages", 9, 264, 256, TEST_CUT_PAGE, 100,
	  { 15, 16, 31, 99 }, 4, true },
	{ "a page of metadata an interval", 12, 4096, 4088, TEST_CUT_PAGE, 8,
	  { 2, 3 }, 2 },
	{ "several pieces", 9, 8, 0, TEST_CUT_PAGE, 1000,
	  { 1, 255, 256, 511, 512, 999 }, 6 },
	{ "part of a block", 9, 8, 0, TEST_CUT_PAGE, 64, { 17 }, 1,
	  .block_bytes = 4096 },
	{ "parts of blocks", 9, 8, 0, TEST_CUT_RANDOM, 64, { 0, 7, 8, 30, 63 }, 5,
	  .block_bytes = 4096 },
	{ "tuples of parts of blocks", 9, 8, 0, TEST_CUT_PAGE, 64, { 5, 40 }, 2,
	  true, 4096 },
	{ "as many blocks as metadata fits", 9, 264, 256, TEST_CUT_RANDOM, 64,
	  { 9, 10, 11, 12, 13, 14, 15, 16 }, 8, .block_bytes = 2048 },
};

KUNIT_ARRAY_PARAM_DESC(heal_cases, heal_cases, desc);

#define FIRST	8	/* interval that reads begin at */

static void disturb(struct test_disk *td, const struct heal_case *row,
		    unsigned int times)
{
	for (unsigned int i = 0; i < row->nr_bad; i++) {
		unsigned int n = FIRST + row->bad[i];

		td->flip_at[i] = row->meta ?
			n * row->tuple_size + row->pi_offset + 1 :
			(n << row->exp) + 77;
	}
	td->nr_flips = row->nr_bad;
	td->flip_meta = row->meta;
	td->flips = times;
}

static struct test_io *heal_io(struct kunit *test, struct test_disk *td,
			       const struct heal_case *row)
{
	return test_io_alloc(test, td->bdev, test_rng(test), REQ_OP_READ,
			     FIRST << (row->exp - SECTOR_SHIFT),
			     row->intervals << row->exp, row->cut);
}

static struct test_disk *heal_disk(struct kunit *test,
				   const struct heal_case *row)
{
	return disk_with_blocks(test, test_geometry(CRC, REF_TAG, row->tuple_size,
						    row->pi_offset, row->exp),
				row->block_bytes);
}

static void transient_error_heals(struct kunit *test)
{
	const struct heal_case *row = test->param_value;
	struct test_disk *td = heal_disk(test, row);
	struct test_io *io = heal_io(test, td, row);

	if (FIRST + row->intervals > TEST_DISK_SECTORS >> (row->exp - 9))
		kunit_skip(test, "more than the disk");
	disturb(td, row, 1);
	KUNIT_EXPECT_EQ(test, 0, test_io_run(test, io));
	expect_data(test, td, io, FIRST);
	expect_counters(test, td, row->nr_bad, row->nr_bad);
	KUNIT_EXPECT_EQ(test, 0, test_disk_counter(td, BLK_INTEGRITY_GUARD_ERRORS));
}

static void owner_sees_the_second_reading(struct kunit *test)
{
	const struct heal_case *row = test->param_value;
	struct test_disk *td = heal_disk(test, row);
	struct test_io *io = heal_io(test, td, row);
	unsigned int bytes = row->intervals * row->tuple_size;
	u8 *got = test_guarded_buf(test, bytes);

	KUNIT_ASSERT_EQ(test, 1, fs_bio_integrity_alloc(&io->bio));
	disturb(td, row, 1);
	KUNIT_EXPECT_EQ(test, 0, test_io_run(test, io));
	expect_data(test, td, io, FIRST);
	KUNIT_EXPECT_NULL(test, bio_integrity_error(&io->bio));
	test_bip_read(bio_integrity(&io->bio), got);
	KUNIT_EXPECT_MEMEQ(test, td->meta + FIRST * row->tuple_size, got, bytes);
}

static void lasting_error_is_named(struct kunit *test)
{
	const struct heal_case *row = test->param_value;
	struct test_disk *td = heal_disk(test, row);
	struct test_io *io = heal_io(test, td, row);
	const struct blk_integrity_error *err;

	KUNIT_ASSERT_EQ(test, 1, fs_bio_integrity_alloc(&io->bio));
	disturb(td, row, UINT_MAX);
	KUNIT_EXPECT_EQ(test, -EILSEQ, test_io_run(test, io));
	err = bio_integrity_error(&io->bio);
	KUNIT_ASSERT_NOT_NULL(test, err);
	KUNIT_EXPECT_EQ(test, BLK_INTEGRITY_TAG_GUARD, err->tag);
	KUNIT_EXPECT_EQ(test, FIRST + row->bad[0], err->interval);
	KUNIT_EXPECT_EQ(test, row->nr_bad,
			err->intervals[BLK_INTEGRITY_TAG_GUARD]);
	KUNIT_EXPECT_NE(test, err->expected, err->found);
	KUNIT_EXPECT_EQ(test, row->nr_bad,
			test_disk_counter(td, BLK_INTEGRITY_GUARD_ERRORS));
	expect_counters(test, td, row->nr_bad, 0);
}

struct policy_case {
	const char *desc;
	unsigned int rereads;
	unsigned int disturbed;	/* readings */
	int err;
	unsigned int reread, healed;
};

static const struct policy_case policy_cases[] = {
	{ "0, none good", 0, 1, -EILSEQ, 0, 0 },
	{ "1, second good", 1, 1, 0, 1, 1 },
	{ "1, third good", 1, 2, -EILSEQ, 1, 0 },
	{ "2, third good", 2, 2, 0, 2, 1 },
	{ "3, fourth good", 3, 3, 0, 3, 1 },
	{ "3, fifth good", 3, 4, -EILSEQ, 3, 0 },
};

KUNIT_ARRAY_PARAM_DESC(policy_cases, policy_cases, desc);

static void policy_says_how_often(struct kunit *test)
{
	const struct policy_case *row = test->param_value;
	const struct heal_case *heal = &heal_cases[0];
	struct test_disk *td = heal_disk(test, heal);

	idev_of(td)->rereads = row->rereads;
	disturb(td, heal, row->disturbed);
	KUNIT_EXPECT_EQ(test, row->err,
			test_io_run(test, heal_io(test, td, heal)));
	expect_counters(test, td, row->reread, row->healed);
	KUNIT_EXPECT_EQ(test, 1 + row->reread, td->nr_reads);
}

/* Some intervals of a run are good the second time, some never. */
static void part_of_a_run_heals(struct kunit *test)
{
	struct test_disk *td = plain_disk(test);
	struct test_io *io = test_io_alloc(test, td->bdev, test_rng(test),
					   REQ_OP_READ, 0, SZ_8K, TEST_CUT_PAGE);

	td->data[(3 << 9) + 5] ^= 1;
	for (int i = 0; i < 6; i++)
		td->flip_at[i] = i << 9;
	td->nr_flips = 6;
	td->flips = 1;
	KUNIT_EXPECT_EQ(test, -EILSEQ, test_io_run(test, io));
	expect_counters(test, td, 6, 5);
	KUNIT_EXPECT_EQ(test, 1, test_disk_counter(td, BLK_INTEGRITY_GUARD_ERRORS));
}

static void report_comes_after_the_second_reading(struct kunit *test)
{
	struct test_disk *td = plain_disk(test);

	idev_of(td)->report_only = true;
	disturb(td, &heal_cases[0], 1);
	KUNIT_EXPECT_EQ(test, 0,
			test_io_run(test, heal_io(test, td, &heal_cases[0])));
	KUNIT_EXPECT_EQ(test, 0, test_disk_counter(td, BLK_INTEGRITY_GUARD_ERRORS));
	disturb(td, &heal_cases[0], 2);
	KUNIT_EXPECT_EQ(test, 0,
			test_io_run(test, heal_io(test, td, &heal_cases[0])));
	KUNIT_EXPECT_EQ(test, 1, test_disk_counter(td, BLK_INTEGRITY_GUARD_ERRORS));
}

static void inline_verification_heals_too(struct kunit *test)
{
	struct test_disk *td = plain_disk(test);

	idev_of(td)->inline_bytes = SZ_128K;
	disturb(td, &heal_cases[0], 1);
	KUNIT_EXPECT_EQ(test, 0,
			test_io_run(test, heal_io(test, td, &heal_cases[0])));
	expect_counters(test, td, 1, 1);
}

static void wait_for_held(struct test_disk *td)
{
	while (list_empty_careful(&td->held))
		schedule_timeout_uninterruptible(1);
}

/* Submits a read, and returns when the disk has its second reading. */
static void hold_second_reading(struct test_disk *td, struct test_io *io)
{
	td->hold = true;
	test_io_submit(io);
	test_disk_serve_held(td);
	wait_for_held(td);
}

/*
 * Policies count what the disk has, and are switched on and off while the queue
 * is frozen, which a second reading is no part of.
 */
static void waiting_read_has_left_the_policies(struct kunit *test)
{
	struct test_disk *td = plain_disk(test);
	struct test_io *io = heal_io(test, td, &heal_cases[0]);

	disturb(td, &heal_cases[0], 1);
	/* As rq_qos_throttle() does for a disk that has any policy. */
	bio_set_flag(&io->bio, BIO_QOS_THROTTLED);
	hold_second_reading(td, io);
	KUNIT_EXPECT_FALSE(test, bio_flagged(&io->bio, BIO_QOS_THROTTLED));
	test_disk_release(td);
	KUNIT_EXPECT_EQ(test, 0, test_io_wait(test, io));
}

/* If the second reading fails, the error of the first one is reported. */
static void failed_reading_keeps_the_first_error(struct kunit *test)
{
	struct test_disk *td = plain_disk(test);
	struct test_io *io = heal_io(test, td, &heal_cases[0]);

	disturb(td, &heal_cases[0], 1);
	hold_second_reading(td, io);
	td->status = BLK_STS_IOERR;
	test_disk_release(td);
	KUNIT_EXPECT_EQ(test, -EILSEQ, test_io_wait(test, io));
	KUNIT_EXPECT_EQ(test, 1, test_disk_counter(td, BLK_INTEGRITY_GUARD_ERRORS));
	expect_counters(test, td, 0, 0);
}

static struct test_disk *disk_of_large_blocks(struct kunit *test,
					      unsigned int tuple_size)
{
	struct blk_integrity bi = test_geometry(CRC, REF_TAG, tuple_size, 0, 9);

	return disk_with_blocks(test, bi, 4096);
}

/* The reading has whole blocks, of which only bad intervals are replaced. */
static void good_intervals_of_a_block_stay(struct kunit *test)
{
	struct test_disk *td = disk_of_large_blocks(test, 8);
	struct test_io *io = heal_io(test, td, &heal_cases[0]);
	unsigned int bad = FIRST + heal_cases[0].bad[0];
	u8 *data = test_guarded_buf(test, SZ_32K);
	u8 *meta = test_guarded_buf(test, 64 * 8);
	u8 *got = test_guarded_buf(test, SZ_32K);

	memcpy(data, td->data + (FIRST << 9), SZ_32K);
	memcpy(meta, td->meta + FIRST * 8, 64 * 8);
	KUNIT_ASSERT_EQ(test, 1, fs_bio_integrity_alloc(&io->bio));
	disturb(td, &heal_cases[0], 1);
	hold_second_reading(td, io);
	/* One has other data and a wrong guard, one only another guard. */
	td->data[(bad - 1) << 9] ^= 1;
	td->meta[(bad + 1) * 8] ^= 1;
	test_disk_release(td);
	KUNIT_EXPECT_EQ(test, 0, test_io_wait(test, io));
	test_vecs_read(io->data, got);
	KUNIT_EXPECT_MEMEQ(test, data, got, SZ_32K);
	test_bip_read(bio_integrity(&io->bio), got);
	KUNIT_EXPECT_MEMEQ(test, meta, got, 64 * 8);
	expect_counters(test, td, 1, 1);
}

/* A run of bad intervals after a refusal: one block at a time, all of them. */
static void refused_reading_is_repeated_by_blocks(struct kunit *test)
{
	struct blk_integrity bi = test_geometry(CRC, REF_TAG, 8, 0, 9);
	struct test_disk *td = disk_with_blocks(test, bi, 1024);
	struct test_io *io = heal_io(test, td, &heal_cases[0]);

	for (int i = 0; i < 5; i++)
		td->flip_at[i] = (FIRST + 17 + i) << 9;
	td->nr_flips = 5;
	td->flips = 1;
	hold_second_reading(td, io);
	td->status = BLK_STS_AGAIN;
	test_disk_release(td);
	td->status = BLK_STS_OK;
	KUNIT_EXPECT_EQ(test, 0, test_io_wait(test, io));
	expect_data(test, td, io, FIRST);
	expect_counters(test, td, 5, 5);
	/* The first, and the blocks with 17, 18 and 19, and 20 and 21. */
	KUNIT_EXPECT_EQ(test, 4, td->nr_reads);
}

/* Intervals whose blocks are larger than a reading are not read again. */
static void too_large_a_block_is_left(struct kunit *test)
{
	struct test_disk *td = disk_of_large_blocks(test, PAGE_SIZE / 4);
	struct test_io *io = heal_io(test, td, &heal_cases[0]);

	disturb(td, &heal_cases[0], 1);
	KUNIT_EXPECT_EQ(test, -EILSEQ, test_io_run(test, io));
	expect_counters(test, td, 0, 0);
	KUNIT_EXPECT_EQ(test, 1, td->nr_reads);
	KUNIT_EXPECT_EQ(test, 1, test_disk_counter(td, BLK_INTEGRITY_GUARD_ERRORS));
}

/* A freeze does not wait for second readings, nor they for it. */
static void frozen_queue_is_no_deadlock(struct kunit *test)
{
	struct test_disk *td = plain_disk(test);
	struct test_io *io = heal_io(test, td, &heal_cases[0]);

	disturb(td, &heal_cases[0], 1);
	td->hold = true;
	test_io_submit(io);
	blk_freeze_queue_start(td->disk->queue);
	test_disk_release(td);
	blk_mq_freeze_queue_wait(td->disk->queue);
	KUNIT_EXPECT_EQ(test, 0, io->ended);
	blk_mq_unfreeze_queue(td->disk->queue);
	KUNIT_EXPECT_EQ(test, 0, test_io_wait(test, io));
	expect_counters(test, td, 1, 1);
}

/* A read that is at a device with a bad tuple, and has an object of the reserve. */
static struct test_io *read_without_memory(struct kunit *test,
					   struct test_disk *td)
{
	struct test_io *io = heal_io(test, td, &heal_cases[0]);

	td->meta[(FIRST + 17) * 8] ^= 0x10;
	td->hold = true;
	test_fail_next_allocation(test);
	test_io_submit(io);
	return io;
}

/* A bio that the freeze waits for may wait for the object of the second read. */
static void frozen_queue_gets_the_reserve(struct kunit *test)
{
	struct test_disk *td = plain_disk(test);
	struct test_io *first = heal_io(test, td, &heal_cases[0]);
	struct test_io *second;

	td->hold = true;
	test_io_submit(first);
	second = read_without_memory(test, td);
	blk_freeze_queue_start(td->disk->queue);
	test_disk_release(td);
	KUNIT_EXPECT_EQ(test, -EILSEQ, test_io_wait(test, first));
	KUNIT_EXPECT_EQ(test, -EILSEQ, test_io_wait(test, second));
	blk_mq_unfreeze_queue(td->disk->queue);
}

/* The bios that have all requests may wait for it too. */
static void busy_disk_gets_the_reserve(struct kunit *test)
{
	struct test_disk *td = plain_disk(test);
	struct test_io *io = read_without_memory(test, td);

	test_disk_serve_held(td);
	wait_for_held(td);
	td->status = BLK_STS_AGAIN;
	test_disk_release(td);
	KUNIT_EXPECT_EQ(test, -EILSEQ, test_io_wait(test, io));
	expect_counters(test, td, 0, 0);
}

static void format_between_the_readings(struct kunit *test)
{
	struct test_disk *td = plain_disk(test);
	struct request_queue *q = td->disk->queue;
	struct test_io *io = heal_io(test, td, &heal_cases[0]);
	struct queue_limits lim;

	disturb(td, &heal_cases[0], 1);
	td->hold = true;
	test_io_submit(io);
	blk_freeze_queue_start(q);
	test_disk_release(td);
	blk_mq_freeze_queue_wait(q);
	lim = queue_limits_start_update(q);
	lim.integrity = test_geometry(CRC, 0, 64, 0, 9);
	KUNIT_EXPECT_EQ(test, 0, queue_limits_commit_update(q, &lim));
	blk_mq_unfreeze_queue(q);
	KUNIT_EXPECT_EQ(test, -EILSEQ, test_io_wait(test, io));
	KUNIT_EXPECT_EQ(test, 1, td->nr_reads);
}

static int remove_disk(void *disk)
{
	del_gendisk(disk);
	return 0;
}

static void removal_ends_second_readings(struct kunit *test)
{
	struct test_disk *td = plain_disk(test);
	struct test_io *io = heal_io(test, td, &heal_cases[0]);
	struct task_struct *task;

	td->disk->flags |= GENHD_FL_NO_PART;
	KUNIT_ASSERT_EQ(test, 0, add_disk(td->disk));
	disturb(td, &heal_cases[0], 1);
	td->hold = true;
	test_io_submit(io);
	task = kthread_create(remove_disk, td->disk, "remove_disk");
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, task);
	get_task_struct(task);
	wake_up_process(task);
	while (!test_bit(GD_DEAD, &td->disk->state))
		schedule_timeout_uninterruptible(1);
	test_disk_release(td);
	KUNIT_EXPECT_EQ(test, 0, kthread_stop(task));
	put_task_struct(task);
	KUNIT_EXPECT_EQ(test, 1, io->ended);
	KUNIT_EXPECT_EQ(test, -EILSEQ, test_io_wait(test, io));
	KUNIT_EXPECT_EQ(test, 1, td->nr_reads);
}

/* Reads queue up for second readings, and none is lost. */
static void many_bad_reads_end(struct kunit *test)
{
	struct test_disk *td = plain_disk(test);
	struct test_io *ios[48];

	for (int i = 0; i < 8; i++)
		td->flip_at[i] = (i << 13) + 3;
	td->nr_flips = 8;
	td->flips = ARRAY_SIZE(ios);
	td->flip_bytes = SZ_64K;	/* not second readings */
	td->hold = true;
	for (int i = 0; i < ARRAY_SIZE(ios); i++) {
		ios[i] = test_io_alloc(test, td->bdev, test_rng(test),
				       REQ_OP_READ | REQ_NOMERGE, i, SZ_64K,
				       TEST_CUT_PAGE);
		test_io_submit(ios[i]);
	}
	test_disk_release(td);
	for (int i = 0; i < ARRAY_SIZE(ios); i++) {
		KUNIT_EXPECT_EQ_MSG(test, 0, test_io_wait(test, ios[i]),
				    "read %d", i);
		expect_data(test, td, ios[i], i);
	}
}

static struct kunit_case reread_cases[] = {
	KUNIT_CASE_PARAM(transient_error_heals, heal_cases_gen_params),
	KUNIT_CASE_PARAM(owner_sees_the_second_reading, heal_cases_gen_params),
	KUNIT_CASE_PARAM(lasting_error_is_named, heal_cases_gen_params),
	KUNIT_CASE_PARAM(policy_says_how_often, policy_cases_gen_params),
	KUNIT_CASE(part_of_a_run_heals),
	KUNIT_CASE(report_comes_after_the_second_reading),
	KUNIT_CASE(inline_verification_heals_too),
	KUNIT_CASE(waiting_read_has_left_the_policies),
	KUNIT_CASE(failed_reading_keeps_the_first_error),
	KUNIT_CASE(good_intervals_of_a_block_stay),
	KUNIT_CASE(refused_reading_is_repeated_by_blocks),
	KUNIT_CASE(too_large_a_block_is_left),
	KUNIT_CASE(frozen_queue_is_no_deadlock),
	KUNIT_CASE(frozen_queue_gets_the_reserve),
	KUNIT_CASE(busy_disk_gets_the_reserve),
	KUNIT_CASE(format_between_the_readings),
	KUNIT_CASE(removal_ends_second_readings),
	KUNIT_CASE(many_bad_reads_end),
	{ }
};

static struct kunit_suite reread_suite = {
	.name		= "bio_integrity_reread",
	.test_cases	= reread_cases,
};

kunit_test_suite(reread_suite);

MODULE_DESCRIPTION("KUnit tests of second readings");
MODULE_LICENSE("GPL");
