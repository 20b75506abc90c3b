// SPDX-License-Identifier: GPL-2.0
/*
 * Many disks at once: no disk fails because its counters cannot be allocated at
 * once, and all counts are correct until they are.
 */

#include <linux/blk-integrity.h>
#include <linux/workqueue.h>

#include "integrity_disk.h"

#define MANY	1500

static struct queue_limits usual_limits(void)
{
	return test_disk_limits(test_geometry(BLK_INTEGRITY_CSUM_CRC,
					      BLK_INTEGRITY_REF_TAG, 8, 0, 9));
}

static void put_disks(void *data)
{
	struct gendisk **disks = data;

	for (int i = 0; i < MANY; i++)
		if (disks[i])
			put_disk(disks[i]);
}

static struct gendisk **room_for_disks(struct kunit *test)
{
	struct gendisk **disks = kunit_kcalloc(test, MANY, sizeof(*disks),
					       GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, disks);
	KUNIT_ASSERT_EQ(test, 0, kunit_add_action_or_reset(test, put_disks, disks));
	return disks;
}

static void expect_queue_counts(struct kunit *test, struct request_queue *q)
{
	enum blk_integrity_counter counter = BLK_INTEGRITY_BOUNCED;

	KUNIT_ASSERT_NOT_NULL(test, q->integrity_dev);
	blk_integrity_count(q, counter, 3);
	KUNIT_EXPECT_EQ(test, 3, blk_integrity_counter(q->integrity_dev, counter));
	flush_work(&q->integrity_dev->counters_work);
	KUNIT_EXPECT_NOT_NULL(test, (__force void *)q->integrity_dev->counters);
	blk_integrity_count(q, counter, 4);
	KUNIT_EXPECT_EQ(test, 7, blk_integrity_counter(q->integrity_dev, counter));
}

static void disks_with_metadata_from_the_start(struct kunit *test)
{
	struct gendisk **disks = room_for_disks(test);

	for (int i = 0; i < MANY; i++) {
		struct queue_limits lim = usual_limits();
		struct gendisk *disk = blk_alloc_disk(&lim, NUMA_NO_NODE);

		KUNIT_ASSERT_EQ_MSG(test, 0, PTR_ERR_OR_ZERO(disk), "disk %d", i);
		disks[i] = disk;
	}
	for (int i = 0; i < MANY; i++)
		expect_queue_counts(test, disks[i]->queue);
}

/* As in sd and nvme, which drop protection or the disk if the commit fails. */
static void disks_with_metadata_by_a_later_commit(struct kunit *test)
{
	const struct queue_limits usual = usual_limits();
	struct gendisk **disks = room_for_disks(test);

	for (int i = 0; i < MANY; i++) {
		struct queue_limits lim = test_plain_limits();
		struct gendisk *disk = blk_alloc_disk(&lim, NUMA_NO_NODE);

		KUNIT_ASSERT_EQ(test, 0, PTR_ERR_OR_ZERO(disk));
		disks[i] = disk;
		lim = queue_limits_start_update(disk->queue);
		lim.integrity = usual.integrity;
		lim.max_integrity_segments = usual.max_integrity_segments;
		KUNIT_ASSERT_EQ_MSG(test, 0,
				    queue_limits_commit_update_frozen(disk->queue, &lim),
				    "disk %d", i);
	}
	for (int i = 0; i < MANY; i++)
		expect_queue_counts(test, disks[i]->queue);
}

/* Count half before the counters per CPU exist, half after. */
static void nothing_is_lost_while_counters_come(struct kunit *test)
{
	struct queue_limits lim = usual_limits();
	struct test_disk *td = test_disk_alloc(test, lim);
	struct blk_integrity_dev *idev = td->disk->queue->integrity_dev;
	struct blk_integrity_counters __percpu *counters = idev->counters;

	flush_work(&idev->counters_work);
	free_percpu(counters);
	idev->counters = NULL;
	for (int i = 0; i < BLK_INTEGRITY_NR_COUNTERS; i++)
		blk_integrity_count(td->disk->queue, i, i + 1);
	schedule_work(&idev->counters_work);
	flush_work(&idev->counters_work);
	KUNIT_EXPECT_NOT_NULL(test, (__force void *)idev->counters);
	for (int i = 0; i < BLK_INTEGRITY_NR_COUNTERS; i++) {
		blk_integrity_count(td->disk->queue, i, 100);
		KUNIT_EXPECT_EQ(test, 101 + i, test_disk_counter(td, i));
	}
}

static struct kunit_case many_cases[] = {
	KUNIT_CASE_SLOW(disks_with_metadata_from_the_start),
	KUNIT_CASE_SLOW(disks_with_metadata_by_a_later_commit),
	KUNIT_CASE(nothing_is_lost_while_counters_come),
	{ }
};

static struct kunit_suite many_suite = {
	.name		= "blk_integrity_many",
	.test_cases	= many_cases,
};

kunit_test_suite(many_suite);

MODULE_DESCRIPTION("KUnit tests of many disks with integrity");
MODULE_LICENSE("GPL");
