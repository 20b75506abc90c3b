// SPDX-License-Identifier: GPL-2.0
/*
 * Disk in memory that stores metadata beside data, as hardware with DIF does,
 * but does not check it.
 */

#include <linux/blk-integrity.h>
#include <linux/vmalloc.h>

#include "integrity_disk.h"
#include "pi_reference.h"

static u8 *meta_at(struct test_disk *td, sector_t sector)
{
	return td->meta + (sector >> (td->bi.interval_exp - SECTOR_SHIFT)) *
			  td->bi.tuple_size;
}

static void transfer_data(struct test_disk *td, struct request *rq)
{
	u8 *data = td->data + (blk_rq_pos(rq) << SECTOR_SHIFT);
	struct req_iterator iter;
	struct bio_vec bv;

	rq_for_each_segment(bv, rq, iter) {
		if ((bv.bv_offset | bv.bv_len) &
		    ((1U << td->bi.interval_exp) - 1))
			td->nr_split++;
		if (op_is_write(req_op(rq)))
			memcpy_from_bvec(data, &bv);
		else
			memcpy_to_bvec(&bv, data);
		data += bv.bv_len;
	}
}

static void transfer_meta(struct test_disk *td, struct request *rq)
{
	unsigned int bytes = bio_integrity_bytes(&td->bi, blk_rq_sectors(rq));
	u8 *meta = meta_at(td, blk_rq_pos(rq));

	td->nr_requests++;
	if (!bio_integrity(rq->bio)) {
		td->nr_without_payload++;
		return;
	}
	td->bip_flags = bio_integrity(rq->bio)->bip_flags;
	td->counted_segments = rq->nr_integrity_segments;
	sg_init_table(td->sgl, TEST_DISK_MAX_SG);
	td->mapped_segments = blk_rq_map_integrity_sg(rq, td->sgl);
	if (op_is_write(req_op(rq)))
		sg_copy_to_buffer(td->sgl, td->mapped_segments, meta, bytes);
	else
		sg_copy_from_buffer(td->sgl, td->mapped_segments, meta, bytes);
}

static void flip(struct test_disk *td)
{
	for (unsigned int i = 0; i < td->nr_flips; i++)
		(td->flip_meta ? td->meta : td->data)[td->flip_at[i]] ^= 0x10;
}

static void transfer(struct test_disk *td, struct request *rq)
{
	bool is_read = req_op(rq) == REQ_OP_READ;
	bool disturbed;

	raw_spin_lock(&td->lock);
	disturbed = is_read && td->flips &&
		    (!td->flip_bytes || td->flip_bytes == blk_rq_bytes(rq));
	if (is_read)
		td->nr_reads++;
	if (disturbed) {
		td->flips--;
		flip(td);
	}
	transfer_data(td, rq);
	if (blk_integrity_rq(rq))
		transfer_meta(td, rq);
	if (disturbed)
		flip(td);
	raw_spin_unlock(&td->lock);
}

static void test_disk_serve(struct test_disk *td, struct request *rq)
{
	blk_status_t status = bio_has_data(rq->bio) ? td->status : BLK_STS_OK;

	if (bio_has_data(rq->bio) && !td->status)
		transfer(td, rq);
	while (td->piece_bytes && blk_rq_bytes(rq) > td->piece_bytes)
		blk_update_request(rq, status, td->piece_bytes);
	blk_mq_end_request(rq, status);
}

static blk_status_t test_disk_queue_rq(struct blk_mq_hw_ctx *hctx,
				       const struct blk_mq_queue_data *bd)
{
	struct test_disk *td = hctx->queue->queuedata;

	blk_mq_start_request(bd->rq);
	if (td->requeues) {
		td->requeues--;
		return BLK_STS_RESOURCE;
	}
	if (td->hold)
		list_add_tail(&bd->rq->queuelist, &td->held);
	else
		test_disk_serve(td, bd->rq);
	return BLK_STS_OK;
}

static const struct blk_mq_ops test_disk_mq_ops = {
	.queue_rq	= test_disk_queue_rq,
};

static const struct block_device_operations test_disk_fops = {
	.owner		= THIS_MODULE,
};

/**
 * test_disk_commit() - change the geometry of a disk
 * @td: the disk
 * @bi: its new geometry; zero for none
 *
 * @td->bi and the medium remain as they are.
 *
 * Context: Process context.  May sleep.
 * Return: 0 on success; the error of queue_limits_commit_update().
 */
int test_disk_commit(struct test_disk *td, struct blk_integrity bi)
{
	struct queue_limits lim = queue_limits_start_update(td->disk->queue);

	lim.integrity = bi;
	return queue_limits_commit_update(td->disk->queue, &lim);
}

/**
 * test_disk_serve_held() - serve held requests, and hold those that they cause
 * @td: the disk
 */
void test_disk_serve_held(struct test_disk *td)
{
	struct request *rq, *next;
	LIST_HEAD(held);

	list_splice_init(&td->held, &held);
	list_for_each_entry_safe(rq, next, &held, queuelist) {
		list_del_init(&rq->queuelist);
		test_disk_serve(td, rq);
	}
}

/**
 * test_disk_take_held() - take the first held request from a disk
 * @test: the running test
 * @td: the disk, which holds a request or will when its queues run
 *
 * Return: the request, which the caller ends.
 */
struct request *test_disk_take_held(struct kunit *test, struct test_disk *td)
{
	struct request *rq;

	blk_mq_run_hw_queues(td->disk->queue, false);
	rq = list_first_entry_or_null(&td->held, struct request, queuelist);
	KUNIT_ASSERT_NOT_NULL(test, rq);
	list_del_init(&rq->queuelist);
	return rq;
}

/**
 * test_disk_release() - serve held requests, and stop holding
 * @td: the disk
 */
void test_disk_release(struct test_disk *td)
{
	td->hold = false;
	test_disk_serve_held(td);
}

/**
 * test_disk_settle() - wait until all I/O of the disk has completed
 * @td: the disk, which holds no requests
 */
void test_disk_settle(struct test_disk *td)
{
	blk_mq_freeze_queue(td->disk->queue);
	blk_mq_unfreeze_queue(td->disk->queue);
}

/**
 * test_disk_counter() - read a counter
 * @td: disk that had metadata once
 * @counter: which
 *
 * Return: its value.
 */
u64 test_disk_counter(struct test_disk *td, enum blk_integrity_counter counter)
{
	return blk_integrity_counter(td->disk->queue->integrity_dev, counter);
}

static void test_disk_free(void *data)
{
	struct test_disk *td = data;

	if (td->disk) {
		test_disk_release(td);
		test_disk_settle(td);
		put_disk(td->disk);
	}
	if (td->set.tags)
		blk_mq_free_tag_set(&td->set);
	vfree(td->meta);
	vfree(td->data);
	kfree(td);
}

/**
 * test_disk_remove() - free a disk before its test ends
 * @test: the running test
 * @td: the disk
 */
void test_disk_remove(struct kunit *test, struct test_disk *td)
{
	kunit_release_action(test, test_disk_free, td);
}

/**
 * test_plain_limits() - limits of a disk without metadata
 *
 * Return: limits under which no I/O of a test is split.
 */
struct queue_limits test_plain_limits(void)
{
	return (struct queue_limits) {
		.logical_block_size = SECTOR_SIZE,
		.max_hw_sectors = TEST_DISK_SECTORS,
		.max_segments = USHRT_MAX,
		.max_segment_size = SZ_1M,
		.dma_alignment = 3,
	};
}

/**
 * test_disk_limits() - limits of a disk with metadata
 * @bi: its geometry
 *
 * Return: test_plain_limits() with blocks of an interval, which may be split
 *	over segments.
 */
struct queue_limits test_disk_limits(struct blk_integrity bi)
{
	struct queue_limits lim = test_plain_limits();

	lim.logical_block_size = 1U << bi.interval_exp;
	lim.max_integrity_segments = TEST_DISK_MAX_SG;
	lim.integrity = bi;
	lim.integrity.flags |= BLK_INTEGRITY_SPLIT_INTERVALS;
	return lim;
}

static void test_disk_alloc_medium(struct kunit *test, struct test_disk *td,
				   const struct blk_integrity *bi)
{
	unsigned int bytes = TEST_DISK_SECTORS << SECTOR_SHIFT;

	td->bi = *bi;
	td->data = vzalloc(bytes);
	KUNIT_ASSERT_NOT_NULL(test, td->data);
	if (!bi->tuple_size)
		return;
	td->meta_bytes = (bytes >> bi->interval_exp) * bi->tuple_size;
	td->meta = vzalloc(td->meta_bytes);
	KUNIT_ASSERT_NOT_NULL(test, td->meta);
}

/**
 * test_disk_alloc() - allocate a disk
 * @test: the running test
 * @lim: its limits
 *
 * Return: the disk, freed with the test, whose reads kintegrityd verifies.
 */
struct test_disk *test_disk_alloc(struct kunit *test, struct queue_limits lim)
{
	struct test_disk *td = kzalloc(sizeof(*td), GFP_KERNEL);
	struct gendisk *disk;

	KUNIT_ASSERT_NOT_NULL(test, td);
	INIT_LIST_HEAD(&td->held);
	raw_spin_lock_init(&td->lock);
	KUNIT_ASSERT_EQ(test, kunit_add_action_or_reset(test, test_disk_free, td),
			0);

	td->set.ops = &test_disk_mq_ops;
	td->set.nr_hw_queues = 1;
	td->set.queue_depth = 128;
	td->set.numa_node = NUMA_NO_NODE;
	td->set.cmd_size = TEST_DISK_CMD_BYTES;
	td->set.flags = BLK_MQ_F_SHOULD_MERGE;
	KUNIT_ASSERT_EQ(test, blk_mq_alloc_tag_set(&td->set), 0);

	disk = blk_mq_alloc_disk(&td->set, &lim, td);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, disk);
	td->disk = disk;
	td->bdev = disk->part0;
	disk->fops = &test_disk_fops;
	strscpy(disk->disk_name, "pi_test");
	set_capacity(disk, TEST_DISK_SECTORS);
	/* Where reads are verified must not depend on time. */
	if (disk->queue->integrity_dev) {
		disk->queue->integrity_dev->inline_bytes = 0;
		/* As add_disk() does, which these disks do without. */
		bip_parts_create(disk->queue->integrity_dev);
	}
	test_disk_alloc_medium(test, td, &disk->queue->limits.integrity);
	return td;
}

/**
 * test_disk_of() - allocate a disk with the limits of test_disk_limits()
 * @test: the running test
 * @bi: geometry
 *
 * Return: the disk, freed with the test.
 */
struct test_disk *test_disk_of(struct kunit *test, struct blk_integrity bi)
{
	return test_disk_alloc(test, test_disk_limits(bi));
}

/**
 * test_disk_fill() - store random data with valid metadata on the medium
 * @test: the running test
 * @td: the disk, with metadata
 * @rng: says which data
 */
void test_disk_fill(struct kunit *test, struct test_disk *td,
		    struct rnd_state *rng)
{
	test_fill(rng, td->data, TEST_DISK_SECTORS << SECTOR_SHIFT);
	test_fill(rng, td->meta, td->meta_bytes);
	if (td->bi.csum_type)
		pi_ref_generate(&td->bi, td->data, td->meta,
				td->meta_bytes / td->bi.tuple_size, 0);
}

/**
 * test_disk_is_consistent() - test whether metadata on the medium is right
 * @test: the running test
 * @td: the disk, with metadata
 * @first: number of the first interval
 * @intervals: how many
 *
 * Return: %true if guards match the data and reference tags the position.
 */
bool test_disk_is_consistent(struct kunit *test, struct test_disk *td,
			     unsigned int first, unsigned int intervals)
{
	unsigned int bytes = intervals * td->bi.tuple_size;
	u8 *stored = td->meta + first * td->bi.tuple_size;
	u8 *meta = test_guarded_buf(test, bytes);

	memcpy(meta, stored, bytes);
	pi_ref_generate(&td->bi, td->data + (first << td->bi.interval_exp), meta,
			intervals, first);
	return !memcmp(meta, stored, bytes);
}
