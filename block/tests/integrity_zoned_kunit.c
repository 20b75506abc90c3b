// SPDX-License-Identifier: GPL-2.0
/*
 * Zoned disks, where the core submits writes of a zone one after the other.
 */

#include <linux/blk-integrity.h>

#include "integrity_disk.h"

#define REF_TAG		BLK_INTEGRITY_REF_TAG
#define CRC		BLK_INTEGRITY_CSUM_CRC
#define ZONE_SECTORS	256
#define INTERVALS	8

static int report_zones(struct gendisk *disk, sector_t sector,
			unsigned int nr_zones, report_zones_cb cb, void *data)
{
	unsigned int nr = 0;

	for (; sector < TEST_DISK_SECTORS && nr < nr_zones;
	     sector += ZONE_SECTORS, nr++) {
		struct blk_zone zone = {
			.start = sector,
			.len = ZONE_SECTORS,
			.capacity = ZONE_SECTORS,
			.wp = sector,
			.type = BLK_ZONE_TYPE_SEQWRITE_REQ,
			.cond = BLK_ZONE_COND_EMPTY,
		};
		int err = cb(&zone, nr, data);

		if (err)
			return err;
	}
	return nr;
}

static const struct block_device_operations zoned_fops = {
	.owner		= THIS_MODULE,
	.report_zones	= report_zones,
};

static struct test_disk *zoned_disk(struct kunit *test)
{
	struct queue_limits lim = test_disk_limits(test_geometry(CRC, REF_TAG,
								 8, 0, 9));
	struct test_disk *td;

	lim.features |= BLK_FEAT_ZONED;
	lim.chunk_sectors = ZONE_SECTORS;
	td = test_disk_alloc(test, lim);
	td->disk->fops = &zoned_fops;
	KUNIT_ASSERT_EQ(test, 0, blk_revalidate_disk_zones(td->disk));
	return td;
}

/*
 * A write whose metadata has other numbers than the medium, which needs a copy.
 * There is no memory for that until the write has a request.
 */
static struct test_io *write_awaiting_copy(struct kunit *test,
					   struct test_disk *td,
					   unsigned int first)
{
	struct test_io *io = test_io_filled(test, td, REQ_OP_WRITE, first,
					    INTERVALS);
	struct test_vecs *meta = test_vecs_alloc(test, test_rng(test),
						 INTERVALS * 8, TEST_CUT_NONE);

	test_io_attach(test, io, meta, 0);
	test_fail_next_allocation(test);
	test_io_submit(io);
	return io;
}

struct zone_case {
	const char *desc;
	bool third_write;
};

static const struct zone_case zone_cases[] = {
	{ "no other write waits for the zone", false },
	{ "another write waits for the zone", true },
};

KUNIT_ARRAY_PARAM_DESC(zone_cases, zone_cases, desc);

/* A write that fails before it is issued must not keep its zone. */
static void failed_write_releases_its_zone(struct kunit *test)
{
	const struct zone_case *row = test->param_value;
	struct test_disk *td = zoned_disk(test);
	struct blk_integrity *bi = &td->disk->queue->limits.integrity;
	struct blk_integrity initial = *bi;
	struct test_io *io, *failing, *third, *reset;

	io = test_io_filled(test, td, REQ_OP_WRITE, ZONE_SECTORS, INTERVALS);
	third = test_io_filled(test, td, REQ_OP_WRITE,
			       ZONE_SECTORS + 2 * INTERVALS, INTERVALS);
	td->hold = true;
	test_io_submit(io);
	KUNIT_ASSERT_FALSE(test, list_empty(&td->held));
	failing = write_awaiting_copy(test, td, ZONE_SECTORS + INTERVALS);
	KUNIT_ASSERT_EQ(test, 0, failing->ended);
	if (row->third_write)
		test_io_submit(third);

	*bi = test_geometry(CRC, REF_TAG, 64, 56, 9);
	test_disk_release(td);
	KUNIT_EXPECT_EQ(test, 0, test_io_wait(test, io));
	KUNIT_EXPECT_EQ(test, -EINVAL, test_io_wait(test, failing));
	*bi = initial;

	/* The core does not know what has been written until the reset. */
	if (!row->third_write)
		test_io_submit(third);
	KUNIT_EXPECT_EQ(test, -EIO, test_io_wait(test, third));
	reset = test_io_alloc(test, td->bdev, test_rng(test), REQ_OP_ZONE_RESET,
			      ZONE_SECTORS, 0, TEST_CUT_NONE);
	KUNIT_EXPECT_EQ(test, 0, test_io_run(test, reset));
	io = test_io_filled(test, td, REQ_OP_WRITE, ZONE_SECTORS, INTERVALS);
	KUNIT_EXPECT_EQ(test, 0, test_io_run(test, io));
	test_disk_settle(td);
}

/*
 * A path has the zones of a multipath device.  A write that ends when the path
 * may be gone, because a part was split from it, must have left its zone there.
 */
static void write_leaves_the_zone_of_its_path(struct kunit *test)
{
	struct test_disk *path = zoned_disk(test);
	struct test_disk *head = test_disk_of(test, path->bi);
	struct test_io *io = test_io_owned(test, head, REQ_OP_WRITE, ZONE_SECTORS,
					   INTERVALS);
	struct bio *part = bio_alloc(head->bdev, 0, REQ_OP_WRITE, GFP_KERNEL);

	KUNIT_ASSERT_EQ(test, 0, bio_integrity_generate(&io->bio));
	bio_chain(part, &io->bio);
	bio_set_dev(&io->bio, path->bdev);
	path->hold = true;
	test_io_submit(io);
	KUNIT_EXPECT_TRUE(test, bio_flagged(&io->bio, BIO_ZONE_WRITE_PLUGGING));
	test_disk_release(path);
	test_disk_settle(path);
	KUNIT_EXPECT_FALSE(test, bio_flagged(&io->bio, BIO_ZONE_WRITE_PLUGGING));
	KUNIT_EXPECT_PTR_EQ(test, head->bdev, io->bio.bi_bdev);
	test_disk_remove(test, path);
	bio_endio(part);
	KUNIT_EXPECT_EQ(test, 0, test_io_wait(test, io));
}

static struct kunit_case zoned_cases[] = {
	KUNIT_CASE(write_leaves_the_zone_of_its_path),
	KUNIT_CASE_PARAM(failed_write_releases_its_zone, zone_cases_gen_params),
	{ }
};

static struct kunit_suite zoned_suite = {
	.name		= "integrity_zoned",
	.test_cases	= zoned_cases,
};

kunit_test_suite(zoned_suite);

MODULE_DESCRIPTION("KUnit tests of metadata of zoned disks");
MODULE_LICENSE("GPL");
