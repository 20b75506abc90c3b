// SPDX-License-Identifier: GPL-2.0
/*
 * Bios to which others are chained: they end after these, but need their device
 * only until their own request completes.
 */

#include <linux/blk-integrity.h>

#include "integrity_disk.h"

#define FIRST	8

static struct blk_integrity geometry(void)
{
	return test_with_tags(test_geometry(BLK_INTEGRITY_CSUM_CRC,
					    BLK_INTEGRITY_REF_TAG, 8, 0, 9));
}

/* The payload is for all data, also for that of a part that completes last. */
static void first_part_completes_last(struct kunit *test)
{
	struct queue_limits lim = test_disk_limits(geometry());
	struct test_disk *td;
	struct test_io *io;

	lim.chunk_sectors = 8;
	td = test_disk_alloc(test, lim);
	test_disk_fill(test, td, test_rng(test));
	td->disk->queue->integrity_dev->rereads = 0;
	/* Verified as soon as a part leads to it. */
	td->disk->queue->integrity_dev->inline_bytes = SZ_64K;
	for (int bad = 0; bad < 2; bad++) {
		td->data[32 << SECTOR_SHIFT] ^= bad;
		io = test_io_owned(test, td, REQ_OP_READ, 32, 16);
		td->hold = true;
		test_io_submit(io);
		blk_mq_run_hw_queues(td->disk->queue, false);
		KUNIT_ASSERT_EQ(test, 2, list_count_nodes(&td->held));
		list_rotate_left(&td->held);
		test_disk_release(td);
		KUNIT_EXPECT_EQ(test, bad ? -EILSEQ : 0, test_io_wait(test, io));
		KUNIT_EXPECT_EQ(test, bad,
				test_disk_counter(td, BLK_INTEGRITY_GUARD_ERRORS));
	}
}

struct chain_case {
	const char *desc;
	bool owned;
	bool bad;
};

static const struct chain_case chain_cases[] = {
	{ "of the block layer" },
	{ "of the block layer, bad data", .bad = true },
	{ "of the submitter", .owned = true },
	{ "of the submitter, bad data", .owned = true, .bad = true },
};

KUNIT_ARRAY_PARAM_DESC(chain_cases, chain_cases, desc);

/* As the rest of a read that was split, whose first part took another path. */
static void chained_read_outlives_its_path(struct kunit *test)
{
	const struct chain_case *row = test->param_value;
	struct test_disk *first = test_disk_of(test, geometry());
	struct test_disk *second = test_disk_of(test, geometry());
	struct test_disk *counts = row->owned ? second : first;
	struct test_io *child, *io;

	test_disk_fill(test, first, test_rng(test));
	test_disk_fill(test, second, test_rng(test));
	child = test_io_filled(test, second, REQ_OP_READ, 0, 8);
	io = row->owned ? test_io_owned(test, second, REQ_OP_READ, FIRST, 8) :
			  test_io_filled(test, second, REQ_OP_READ, FIRST, 8);
	first->data[(FIRST << SECTOR_SHIFT) + 1] ^= row->bad;
	counts->disk->queue->integrity_dev->rereads = 0;
	test_io_chain(child, io);
	second->hold = true;
	submit_bio(&child->bio);
	bio_set_dev(&io->bio, first->bdev);
	/* As if the path throttled: it is told when the bio has left it. */
	if (row->owned)
		bio_set_flag(&io->bio, BIO_QOS_THROTTLED);
	test_io_submit(io);
	test_disk_settle(first);
	KUNIT_EXPECT_EQ(test, row->owned ? 0 : 8,
			test_disk_counter(counts, BLK_INTEGRITY_VERIFIED));
	KUNIT_EXPECT_EQ(test, row->owned, !!bio_integrity(&io->bio));
	test_disk_remove(test, first);
	test_disk_release(second);
	KUNIT_EXPECT_EQ(test, row->bad ? -EILSEQ : 0, test_io_wait(test, io));
	test_disk_settle(second);
	KUNIT_EXPECT_EQ(test, row->owned ? 16 : 8,
			test_disk_counter(second, BLK_INTEGRITY_VERIFIED));
}

static struct kunit_case chain_cases_of_bios[] = {
	KUNIT_CASE(first_part_completes_last),
	KUNIT_CASE_PARAM(chained_read_outlives_its_path, chain_cases_gen_params),
	{ }
};

static struct kunit_suite chain_suite = {
	.name		= "integrity_chain",
	.test_cases	= chain_cases_of_bios,
};

kunit_test_suite(chain_suite);

MODULE_DESCRIPTION("KUnit tests of bios to which others are chained");
MODULE_LICENSE("GPL");
