// SPDX-License-Identifier: GPL-2.0
/*
 * The reserves of a device: when they are made, for whom, and what they serve.
 */

#include <linux/blk-integrity.h>
#include <linux/mempool.h>

#include "../bio-integrity-reread.h"
#include "../blk-rq-qos.h"
#include "integrity_disk.h"
#include "pi_reference.h"

#define CRC	BLK_INTEGRITY_CSUM_CRC
#define REF_TAG	BLK_INTEGRITY_REF_TAG

static struct blk_integrity_dev *idev_of(struct test_disk *td)
{
	return td->disk->queue->integrity_dev;
}

static bool has_reserve(struct test_disk *td)
{
	return rcu_access_pointer(idev_of(td)->reserve);
}

static bool has_owned_reserve(struct test_disk *td)
{
	return rcu_access_pointer(idev_of(td)->owned_reserve);
}

static void reserves_are_made_on_first_use(struct kunit *test)
{
	struct blk_integrity bi = test_geometry(CRC, REF_TAG, 8, 0, 9);
	struct test_disk *td = test_disk_of(test, bi);
	struct rnd_state *rng = test_rng(test);
	struct test_io *io;

	KUNIT_EXPECT_FALSE(test, has_reserve(td));
	KUNIT_EXPECT_FALSE(test, has_owned_reserve(td));
	KUNIT_EXPECT_NULL(test, idev_of(td)->reread);

	io = test_io_filled(test, td, REQ_OP_WRITE, 0, 8);
	KUNIT_EXPECT_EQ(test, 0, test_io_run(test, io));
	KUNIT_EXPECT_TRUE(test, has_reserve(td));
	KUNIT_EXPECT_NOT_NULL(test, idev_of(td)->reread);
	KUNIT_EXPECT_FALSE(test, has_owned_reserve(td));

	io = test_io_alloc(test, td->bdev, rng, REQ_OP_READ, 0, SZ_4K,
			   TEST_CUT_NONE);
	KUNIT_EXPECT_EQ(test, 1, fs_bio_integrity_alloc(&io->bio));
	KUNIT_EXPECT_TRUE(test, has_owned_reserve(td));
	fs_bio_integrity_free(&io->bio);

	/* What is not used any more is not kept. */
	KUNIT_ASSERT_EQ(test, 0, test_disk_commit(td, (struct blk_integrity) {}));
	KUNIT_EXPECT_FALSE(test, has_reserve(td));
	KUNIT_EXPECT_FALSE(test, has_owned_reserve(td));
	/* Nor made by a bio that was under way. */
	blk_integrity_reserve_use(td->disk->queue);
	blk_integrity_owned_use(td->disk->queue);
	KUNIT_EXPECT_FALSE(test, has_reserve(td));
	KUNIT_EXPECT_FALSE(test, has_owned_reserve(td));
}

/* Metadata of an interval. */
#define MUCH_BYTES	256

/* One segment holds the metadata of the 1280 KiB that are the default. */
static struct test_disk *disk_with_much_metadata(struct kunit *test)
{
	struct queue_limits lim = test_disk_limits(test_geometry(CRC, REF_TAG,
								 MUCH_BYTES, 0, 9));

	lim.max_hw_sectors = 4096;
	lim.max_integrity_segments = 1;
	lim.max_segment_size = SZ_4M;
	return test_disk_alloc(test, lim);
}

static void one_segment_is_no_cap(struct kunit *test)
{
	struct test_disk *td = disk_with_much_metadata(test);
	const struct queue_limits *lim = &td->disk->queue->limits;

	KUNIT_EXPECT_EQ(test, 2560, lim->max_sectors);
	/* The reserve has an object for all metadata of a submitter. */
	KUNIT_EXPECT_EQ(test, 8 * PAGE_SIZE / MUCH_BYTES * 512,
			max_integrity_io_size(lim));
}

static void expect_medium(struct kunit *test, struct test_disk *td,
			  struct test_io *io, unsigned int first,
			  unsigned int intervals)
{
	unsigned int meta_bytes = intervals * td->bi.tuple_size;
	u8 *wanted = test_guarded_buf(test, meta_bytes);
	u8 *data = test_guarded_buf(test, intervals << 9);

	test_vecs_read(io->data, data);
	memset(wanted, 0, meta_bytes);
	pi_ref_generate(&td->bi, data, wanted, intervals, first);
	KUNIT_EXPECT_MEMEQ(test, td->data + (first << 9), data, intervals << 9);
	KUNIT_EXPECT_MEMEQ(test, td->meta + first * td->bi.tuple_size, wanted,
			   meta_bytes);
}

/* It can have other allocations, of which the next one to fail would be one. */
static void run_first_io(struct kunit *test, struct test_disk *td)
{
	struct test_io *io = test_io_filled(test, td, REQ_OP_WRITE, 0, 8);

	KUNIT_ASSERT_EQ(test, 0, test_io_run(test, io));
	td->nr_requests = 0;
}

static void large_write_without_memory_is_split(struct kunit *test)
{
	struct test_disk *td = disk_with_much_metadata(test);
	struct test_io *io = test_io_filled(test, td, REQ_OP_WRITE, 24, 512);

	run_first_io(test, td);
	test_fail_next_allocation(test);
	KUNIT_EXPECT_EQ(test, 0, test_io_run(test, io));
	KUNIT_EXPECT_EQ(test, 2, td->nr_requests);
	KUNIT_EXPECT_EQ(test, 1,
			test_disk_counter(td, BLK_INTEGRITY_RESERVE_USES));
	expect_medium(test, td, io, 24, 512);

	/* A REQ_NOWAIT bio is not split either. */
	io = test_io_filled(test, td, REQ_OP_WRITE | REQ_NOWAIT, 24, 512);
	test_fail_next_allocation(test);
	KUNIT_EXPECT_EQ(test, -EAGAIN, test_io_run(test, io));
	KUNIT_EXPECT_EQ(test, 2, td->nr_requests);
}

static void large_read_without_memory_is_split(struct kunit *test)
{
	struct test_disk *td = disk_with_much_metadata(test);
	struct test_io *io = test_io_filled(test, td, REQ_OP_WRITE, 24, 512);
	u8 *data = test_guarded_buf(test, SZ_256K);

	KUNIT_ASSERT_EQ(test, 0, test_io_run(test, io));
	io = test_io_alloc(test, td->bdev, test_rng(test), REQ_OP_READ, 24,
			   SZ_256K, TEST_CUT_DWORD);
	test_fail_next_allocation(test);
	KUNIT_EXPECT_EQ(test, 0, test_io_run(test, io));
	test_vecs_read(io->data, data);
	KUNIT_EXPECT_MEMEQ(test, td->data + (24 << 9), data, SZ_256K);
	KUNIT_EXPECT_EQ(test, 512,
			test_disk_counter(td, BLK_INTEGRITY_VERIFIED));

	/* An error in any part of it is found. */
	td->meta[(24 + 500) * MUCH_BYTES] ^= 1;
	io = test_io_alloc(test, td->bdev, test_rng(test), REQ_OP_READ, 24,
			   SZ_256K, TEST_CUT_DWORD);
	test_fail_next_allocation(test);
	KUNIT_EXPECT_EQ(test, -EILSEQ, test_io_run(test, io));
}

/* Metadata of a submitter that must be renumbered, thus copied. */
static void large_copy_without_memory_is_split(struct kunit *test)
{
	struct test_disk *td = disk_with_much_metadata(test);
	struct test_io *io = test_io_filled(test, td, REQ_OP_WRITE, 24, 512);
	u8 *data = test_guarded_buf(test, SZ_256K);
	u8 *meta = test_guarded_buf(test, 512 * MUCH_BYTES);
	struct test_vecs *tv;

	run_first_io(test, td);
	test_vecs_read(io->data, data);
	memset(meta, 0, 512 * MUCH_BYTES);
	pi_ref_generate(&td->bi, data, meta, 512, 7777);
	tv = test_vecs_alloc(test, test_rng(test), 512 * MUCH_BYTES,
			     TEST_CUT_PAGE);
	test_vecs_write(tv, meta);
	test_io_attach(test, io, tv, 7777);
	/* The first is the payload of the part that is split off. */
	test_fail_next_allocation(test);
	KUNIT_EXPECT_EQ(test, 0, test_io_run(test, io));
	KUNIT_EXPECT_EQ(test, 1,
			test_disk_counter(td, BLK_INTEGRITY_RESERVE_USES));
	KUNIT_EXPECT_EQ(test, 2, td->nr_requests);
	expect_medium(test, td, io, 24, 512);
}

struct chained_case {
	const char *desc;
	enum req_op op;
	bool bad;
	bool own;	/* metadata of the submitter, of which there is a copy */
};

static const struct chained_case chained_cases[] = {
	{ "write", REQ_OP_WRITE },
	{ "read", REQ_OP_READ },
	{ "bad read", REQ_OP_READ, .bad = true },
	{ "write of own metadata", REQ_OP_WRITE, .own = true },
	{ "read of own metadata", REQ_OP_READ, .own = true },
};

KUNIT_ARRAY_PARAM_DESC(chained_cases, chained_cases, desc);

/* What is chained to a bio may be submitted after it, and need its object. */
static void chained_bio_returns_its_object(struct kunit *test)
{
	const struct chained_case *row = test->param_value;
	struct blk_integrity bi = test_geometry(CRC, REF_TAG, 8, 0, 9);
	struct test_disk *td = test_disk_of(test, bi);

	test_disk_fill(test, td, test_rng(test));
	td->meta[26 * 8] ^= row->bad;
	td->disk->queue->integrity_dev->rereads = 0;
	/* Often enough to find an object or a payload that does not return. */
	for (int i = 1; i <= 4; i++) {
		struct test_io *parent = test_io_filled(test, td, row->op, 24, 8);
		struct test_io *child = test_io_filled(test, td, row->op, 48, 8);
		struct bio_integrity_payload *own = NULL;

		if (row->own)
			own = test_io_attach(test, parent,
					     test_vecs_alloc(test, test_rng(test),
							     64, TEST_CUT_NONE),
					     7777);
		test_io_chain(child, parent);
		test_fail_next_allocation(test);
		test_io_submit(parent);
		test_disk_settle(td);
		KUNIT_EXPECT_PTR_EQ(test, own, bio_integrity(&parent->bio));
		submit_bio(&child->bio);
		KUNIT_EXPECT_EQ(test, row->bad ? -EILSEQ : 0,
				test_io_wait(test, parent));
		KUNIT_EXPECT_EQ(test, i, test_disk_counter(td,
						BLK_INTEGRITY_RESERVE_USES));
		if (row->op == REQ_OP_WRITE && !row->own)
			expect_medium(test, td, parent, 24, 8);
	}
}

struct throttle {
	struct rq_qos rqos;
	unsigned int bios;
	unsigned int with_payload;
};

static void count_throttled(struct rq_qos *rqos, struct bio *bio)
{
	struct throttle *throttle = container_of(rqos, struct throttle, rqos);

	throttle->bios++;
	if (bio_integrity(bio))
		throttle->with_payload++;
}

static const struct rq_qos_ops throttle_ops = {
	.throttle = count_throttled,
};

/* Others could wait for an object for as long as this one is throttled. */
static void throttled_bio_has_none_of_the_reserve(struct kunit *test)
{
	struct blk_integrity bi = test_geometry(CRC, REF_TAG, 8, 0, 9);
	struct test_disk *td = test_disk_of(test, bi);
	struct request_queue *q = td->disk->queue;
	struct test_io *io = test_io_filled(test, td, REQ_OP_WRITE, 24, 8);
	struct throttle throttle = {
		.rqos.ops = &throttle_ops,
		.rqos.disk = td->disk,
		.rqos.next = q->rq_qos,
	};

	run_first_io(test, td);
	q->rq_qos = &throttle.rqos;
	test_fail_next_allocation(test);
	KUNIT_EXPECT_EQ(test, 0, test_io_run(test, io));
	KUNIT_EXPECT_EQ(test, 1, throttle.bios);
	KUNIT_EXPECT_EQ(test, 0, throttle.with_payload);
	KUNIT_EXPECT_EQ(test, 1,
			test_disk_counter(td, BLK_INTEGRITY_RESERVE_USES));
	expect_medium(test, td, io, 24, 8);

	/* The test can tell: with memory there is a payload by then. */
	io = test_io_filled(test, td, REQ_OP_WRITE, 24, 8);
	KUNIT_EXPECT_EQ(test, 0, test_io_run(test, io));
	KUNIT_EXPECT_EQ(test, 1, throttle.with_payload);
	q->rq_qos = throttle.rqos.next;
}

static void part_of_a_split_has_a_reserve(struct kunit *test)
{
	struct blk_integrity bi = test_geometry(CRC, REF_TAG, 8, 0, 9);
	struct test_disk *td = test_disk_of(test, bi);
	mempool_t *pool = &td->disk->bio_split.bio_integrity_pool;
	struct test_io *io = test_io_filled(test, td, REQ_OP_WRITE, 0, 8);
	struct bio_integrity_payload *bip;

	KUNIT_ASSERT_EQ(test, 0, test_disk_commit(td, bi));
	KUNIT_ASSERT_TRUE(test, mempool_initialized(pool));
	test_fail_next_allocation(test);
	bip = bio_integrity_alloc_bioset(&io->bio, GFP_NOIO, 0,
					 &td->disk->bio_split);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, bip);
	KUNIT_EXPECT_PTR_EQ(test, pool, bip->bip_pool);
	bio_integrity_free(&io->bio);

	/* A payload with vectors of its own is not from this reserve. */
	test_fail_next_allocation(test);
	KUNIT_EXPECT_PTR_EQ(test, ERR_PTR(-ENOMEM),
			    bio_integrity_alloc_bioset(&io->bio, GFP_NOWAIT, 1,
						       &td->disk->bio_split));
}

KUNIT_DEFINE_ACTION_WRAPPER(free_disk, put_disk, struct gendisk *);

static struct request_queue *queue_of_bios(struct kunit *test,
					   struct queue_limits *lim)
{
	struct gendisk *disk = blk_alloc_disk(lim, NUMA_NO_NODE);

	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, disk);
	KUNIT_ASSERT_EQ(test, 0, kunit_add_action_or_reset(test, free_disk, disk));
	return disk->queue;
}

/* Limits of BTT with sectors of 528 bytes. */
static struct queue_limits limits_of_bios(void)
{
	return (struct queue_limits) {
		.max_hw_sectors = UINT_MAX,
		.max_integrity_segments = 1,
		.integrity = test_geometry(BLK_INTEGRITY_CSUM_NONE, 0, 16, 0, 9),
	};
}

static void driver_of_bios_has_objects_for_all(struct kunit *test)
{
	struct queue_limits lim = limits_of_bios();
	struct request_queue *q = queue_of_bios(test, &lim);

	KUNIT_EXPECT_LE(test, q->limits.max_sectors,
			bio_integrity_kept_sectors(q));
	lim = queue_limits_start_update(q);
	lim.max_user_sectors = UINT_MAX;
	KUNIT_EXPECT_EQ(test, 0, queue_limits_commit_update(q, &lim));
	KUNIT_EXPECT_LE(test, q->limits.max_sectors,
			bio_integrity_kept_sectors(q));
}

/* It passes metadata on, and needs no objects. */
static void stacked_device_has_larger_bios(struct kunit *test)
{
	struct queue_limits member = limits_of_bios();
	struct queue_limits lim = { .max_hw_sectors = UINT_MAX };
	struct request_queue *q = queue_of_bios(test, &lim);

	lim = queue_limits_start_update(q);
	lim.max_user_sectors = UINT_MAX;
	KUNIT_EXPECT_TRUE(test, queue_limits_stack_integrity(&lim, &member));
	KUNIT_EXPECT_EQ(test, 0, queue_limits_commit_update(q, &lim));
	KUNIT_EXPECT_EQ(test, 16, q->limits.integrity.tuple_size);
	/* With large pages an object is enough for all. */
	KUNIT_EXPECT_EQ(test, q->limits.max_sectors,
			blk_integrity_max_sectors(&q->limits));
}

/*
 * The figures of Documentation/block/data-integrity/drivers.rst: metadata of a
 * page of data is in the object if it is at most 1 KiB, else in a page.
 */
static void memory_of_a_disk(struct kunit *test)
{
	static const struct {
		unsigned int tuple_size, interval_exp;
	} formats[] = {
		{ 8, 9 }, { 64, 9 }, { 8, 12 }, { 64, 12 }, { 264, 9 },
	};
	size_t object_bytes = struct_size_t(struct bip_object,
					    bip.bip_inline_vecs,
					    BIP_OBJECT_VECS);

	if (IS_ENABLED(CONFIG_LOCKDEP))
		kunit_skip(test, "locks are larger with lockdep");
	KUNIT_EXPECT_LE(test, sizeof(struct blk_integrity_dev), SZ_1K);
	KUNIT_EXPECT_EQ(test, 144, sizeof(struct blk_integrity_counters));
	KUNIT_EXPECT_LE(test, sizeof(struct bio_integrity_reread), SZ_1K);
	KUNIT_EXPECT_LE(test, ALIGN(object_bytes, 128) + SZ_1K, SZ_2K);
	for (int i = 0; i < ARRAY_SIZE(formats); i++) {
		struct blk_integrity bi =
			test_geometry(CRC, REF_TAG, formats[i].tuple_size, 0,
				      formats[i].interval_exp);
		struct test_disk *td = test_disk_of(test, bi);
		unsigned int bytes = (PAGE_SIZE >> bi.interval_exp) *
				     bi.tuple_size <= SZ_1K ? SZ_1K : PAGE_SIZE;

		KUNIT_EXPECT_EQ(test, bytes / bi.tuple_size <<
				(bi.interval_exp - SECTOR_SHIFT),
				bio_integrity_kept_sectors(td->disk->queue));
		test_disk_release(td);
	}
}

/*
 * With a frozen queue, and with locks that I/O takes, the bios for parts cannot be
 * allocated: that takes a lock under which others wait for I/O.
 */
static void format_leaves_parts_to_a_work_item(struct kunit *test)
{
	struct blk_integrity bi = test_geometry(CRC, REF_TAG, 8, 0, 9);
	struct queue_limits lim = test_disk_limits(bi);
	struct test_disk *td;

	lim.integrity = (struct blk_integrity) {};
	td = test_disk_alloc(test, lim);
	KUNIT_ASSERT_NULL(test, idev_of(td));
	blk_mq_freeze_queue(td->disk->queue);
	KUNIT_EXPECT_EQ(test, 0, test_disk_commit(td, bi));
	blk_mq_unfreeze_queue(td->disk->queue);
	KUNIT_ASSERT_NOT_NULL(test, idev_of(td));
	flush_work(&idev_of(td)->parts_work);
	KUNIT_EXPECT_NOT_NULL(test, idev_of(td)->parts);
}

static struct kunit_case reserve_cases[] = {
	KUNIT_CASE(format_leaves_parts_to_a_work_item),
	KUNIT_CASE(reserves_are_made_on_first_use),
	KUNIT_CASE(one_segment_is_no_cap),
	KUNIT_CASE(large_write_without_memory_is_split),
	KUNIT_CASE(large_read_without_memory_is_split),
	KUNIT_CASE(large_copy_without_memory_is_split),
	KUNIT_CASE_PARAM(chained_bio_returns_its_object,
			 chained_cases_gen_params),
	KUNIT_CASE(throttled_bio_has_none_of_the_reserve),
	KUNIT_CASE(part_of_a_split_has_a_reserve),
	KUNIT_CASE(driver_of_bios_has_objects_for_all),
	KUNIT_CASE(stacked_device_has_larger_bios),
	KUNIT_CASE(memory_of_a_disk),
	{ }
};

static struct kunit_suite reserve_suite = {
	.name		= "bio_integrity_reserve",
	.test_cases	= reserve_cases,
};

kunit_test_suite(reserve_suite);

MODULE_DESCRIPTION("KUnit tests of the reserves of devices with metadata");
MODULE_LICENSE("GPL");
