// SPDX-License-Identifier: GPL-2.0
/*
 * Data whose intervals are split in memory, for a device that does not take that,
 * without much memory.
 */

#include <linux/blk-integrity.h>

#include "integrity_disk.h"

#define REF_TAG	BLK_INTEGRITY_REF_TAG
#define CRC	BLK_INTEGRITY_CSUM_CRC

#define FIRST		8	/* interval that I/O begins at */

/* Its blocks are one interval. */
static struct test_disk *aligned_disk(struct kunit *test,
				      unsigned int max_segments)
{
	struct queue_limits lim =
		test_disk_limits(test_geometry(CRC, REF_TAG, 8, 0, 9));
	struct test_disk *td;

	lim.integrity.flags &= ~BLK_INTEGRITY_SPLIT_INTERVALS;
	lim.max_segments = max_segments;
	td = test_disk_alloc(test, lim);
	test_disk_fill(test, td, test_rng(test));
	return td;
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

static struct kunit_case aligned_cases[] = {
	KUNIT_CASE(copies_need_no_large_pages),
	{ }
};

static struct kunit_suite aligned_suite = {
	.name		= "bio_integrity_aligned",
	.test_cases	= aligned_cases,
};

kunit_test_suite(aligned_suite);

MODULE_DESCRIPTION("KUnit tests of data that is split inside intervals");
MODULE_LICENSE("GPL");
