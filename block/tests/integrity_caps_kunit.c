// SPDX-License-Identifier: GPL-2.0
/*
 * Effects of metadata on other limits: stable pages, and the largest I/O whose
 * metadata fits; and what stacked devices inherit of them.
 */

#include <linux/blk-integrity.h>

#include "integrity_disk.h"

#define REF_TAG	BLK_INTEGRITY_REF_TAG
#define CRC	BLK_INTEGRITY_CSUM_CRC

static bool is_stable(struct test_disk *td)
{
	return td->disk->queue->limits.features & BLK_FEAT_STABLE_WRITES;
}

/* Drivers fill in the integrity limits again at each scan. */
static void guard_asks_for_stable_pages(struct kunit *test)
{
	struct blk_integrity guarded = test_geometry(CRC, REF_TAG, 8, 0, 9);
	struct blk_integrity opaque = { .tuple_size = 8, .interval_exp = 9 };
	struct test_disk *td = test_disk_of(test, opaque);

	KUNIT_EXPECT_FALSE(test, is_stable(td));
	for (int i = 0; i < 2; i++) {
		KUNIT_EXPECT_EQ(test, 0, test_disk_commit(td, guarded));
		KUNIT_EXPECT_TRUE(test, is_stable(td));
		KUNIT_EXPECT_EQ(test, 0, test_disk_commit(td, guarded));
		KUNIT_EXPECT_TRUE(test, is_stable(td));
		KUNIT_EXPECT_EQ(test, 0,
				test_disk_commit(td, i ? opaque :
						 (struct blk_integrity) {}));
		KUNIT_EXPECT_FALSE(test, is_stable(td));
	}
	KUNIT_EXPECT_TRUE(test, is_stable(test_disk_of(test, guarded)));
}

static void stable_pages_of_the_driver_stay(struct kunit *test)
{
	struct queue_limits lim = test_plain_limits();
	struct test_disk *td;

	lim.features |= BLK_FEAT_STABLE_WRITES;
	td = test_disk_alloc(test, lim);
	KUNIT_EXPECT_TRUE(test, is_stable(td));
	KUNIT_EXPECT_EQ(test, 0, test_disk_commit(td, test_geometry(CRC, REF_TAG, 8, 0, 9)));
	KUNIT_EXPECT_TRUE(test, is_stable(td));
	KUNIT_EXPECT_EQ(test, 0, test_disk_commit(td, (struct blk_integrity) {}));
	KUNIT_EXPECT_TRUE(test, is_stable(td));
}

/* dm targets that do not pass integrity on. */
static void stacked_device_without_integrity_is_stable(struct kunit *test)
{
	struct test_disk *td = test_disk_of(test, test_geometry(CRC, REF_TAG, 8, 0,
								9));
	struct test_disk *plain = test_disk_alloc(test, test_plain_limits());
	struct queue_limits over_pi, over_plain;

	blk_set_stacking_limits(&over_pi);
	blk_set_stacking_limits(&over_plain);
	blk_stack_limits(&over_pi, &td->disk->queue->limits, 0);
	blk_stack_limits(&over_plain, &plain->disk->queue->limits, 0);
	KUNIT_EXPECT_TRUE(test, is_stable(test_disk_alloc(test, over_pi)));
	KUNIT_EXPECT_FALSE(test, is_stable(test_disk_alloc(test, over_plain)));
}

/* What one segment of 8 pages has metadata for, 2 KiB an interval. */
#define CAP_SECTORS	(8 * PAGE_SIZE / SZ_2K)

static struct queue_limits capped_limits(void)
{
	struct queue_limits lim = test_disk_limits(test_geometry(CRC, REF_TAG, SZ_2K,
								 0, 9));

	lim.max_hw_sectors = 16384;
	lim.max_integrity_segments = 1;
	lim.max_segment_size = 8 * PAGE_SIZE;
	return lim;
}

/* A size that cannot be issued is rejected, not ignored. */
static void administrator_is_told_of_the_cap(struct kunit *test)
{
	struct test_disk *td = test_disk_alloc(test, capped_limits());
	struct request_queue *q = td->disk->queue;
	struct queue_limits lim;

	KUNIT_EXPECT_EQ(test, CAP_SECTORS, q->limits.max_sectors);
	lim = queue_limits_start_update(q);
	lim.max_user_sectors = 2048;
	KUNIT_EXPECT_EQ(test, -EINVAL, queue_limits_commit_update(q, &lim));
	KUNIT_EXPECT_EQ(test, CAP_SECTORS, q->limits.max_sectors);

	lim = queue_limits_start_update(q);
	lim.max_user_sectors = CAP_SECTORS;
	KUNIT_EXPECT_EQ(test, 0, queue_limits_commit_update(q, &lim));
}

/* A format is not rejected because of a value that was set before. */
static void format_may_lower_what_the_administrator_set(struct kunit *test)
{
	struct queue_limits lim = capped_limits();
	struct test_disk *td;

	lim.max_user_sectors = 2048;
	lim.integrity = (struct blk_integrity) {};
	td = test_disk_alloc(test, lim);
	KUNIT_EXPECT_EQ(test, 2048, td->disk->queue->limits.max_sectors);
	KUNIT_EXPECT_EQ(test, 0, test_disk_commit(td, capped_limits().integrity));
	KUNIT_EXPECT_EQ(test, CAP_SECTORS, td->disk->queue->limits.max_sectors);
	KUNIT_EXPECT_EQ(test, 0, test_disk_commit(td, (struct blk_integrity) {}));
	KUNIT_EXPECT_EQ(test, 2048, td->disk->queue->limits.max_sectors);
}

/* Requests of a stacked device are not split, so they must fit below. */
static void stacked_device_without_integrity_is_capped(struct kunit *test)
{
	struct test_disk *td = test_disk_alloc(test, capped_limits());
	struct queue_limits top;

	blk_set_stacking_limits(&top);
	blk_stack_limits(&top, &td->disk->queue->limits, 0);
	KUNIT_EXPECT_EQ(test, CAP_SECTORS,
			test_disk_alloc(test, top)->disk->queue->limits.max_sectors);
}

static struct kunit_case caps_cases[] = {
	KUNIT_CASE(guard_asks_for_stable_pages),
	KUNIT_CASE(stable_pages_of_the_driver_stay),
	KUNIT_CASE(stacked_device_without_integrity_is_stable),
	KUNIT_CASE(administrator_is_told_of_the_cap),
	KUNIT_CASE(format_may_lower_what_the_administrator_set),
	KUNIT_CASE(stacked_device_without_integrity_is_capped),
	{ }
};

static struct kunit_suite caps_suite = {
	.name		= "blk_integrity_caps",
	.test_cases	= caps_cases,
};

kunit_test_suite(caps_suite);

MODULE_DESCRIPTION("KUnit tests of what metadata asks of other limits");
MODULE_LICENSE("GPL");
