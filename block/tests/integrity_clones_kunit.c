// SPDX-License-Identifier: GPL-2.0
/*
 * Requests that are cloned for the queue of another device, as dm-mpath does
 * with those that it is given: their metadata must suit that queue.
 */

#include <linux/blk-integrity.h>

#include "integrity_disk.h"

#define REF_TAG		BLK_INTEGRITY_REF_TAG
#define CRC		BLK_INTEGRITY_CSUM_CRC
#define FIRST		8
#define INTERVALS	8
#define META_BYTES	(INTERVALS * 8)

static struct blk_integrity geometry_of(unsigned int tuple_size,
					unsigned int pi_offset)
{
	return test_with_tags(test_geometry(CRC, REF_TAG, tuple_size, pi_offset,
					    9));
}

/* Insert a clone of a request that the upper disk holds, and end both. */
static int insert_clone(struct kunit *test, struct test_disk *top,
			struct test_disk *low, struct test_io *io)
{
	struct request *rq = test_disk_take_held(test, top);
	struct request *clone;
	blk_status_t status;

	KUNIT_ASSERT_TRUE(test, list_empty(&top->held));
	clone = blk_mq_alloc_request(low->disk->queue, rq->cmd_flags, 0);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, clone);
	KUNIT_ASSERT_EQ(test, 0, blk_rq_prep_clone(clone, rq, test_bio_set(test),
						   GFP_KERNEL, NULL, NULL));
	low->hold = true;
	status = blk_insert_cloned_request(clone);
	if (!status)
		list_del_init(&clone->queuelist);
	blk_rq_unprep_clone(clone);
	blk_mq_end_request(clone, BLK_STS_OK);
	blk_mq_end_request(rq, BLK_STS_IOERR);
	KUNIT_EXPECT_EQ(test, -EIO, test_io_wait(test, io));
	return blk_status_to_errno(status);
}

/* The queue that gets the clone; the first one has a tuple for each sector. */
struct queue_case {
	const char *desc;
	enum req_op op;
	unsigned int tuple_size;
	unsigned int pi_offset;
	unsigned int max_integrity_segments;	/* 0: as many as the first */
	unsigned int max_sectors;		/* 0: as many as the first */
	bool off;	/* the first one neither generates nor verifies */
	int err;
};

static const struct queue_case queue_cases[] = {
	{ "read, a queue like the first", REQ_OP_READ, 8 },
	{ "read, a queue that takes one segment", REQ_OP_READ, 8, 0, 1 },
	{ "read, a queue that takes less at once", REQ_OP_READ, 8,
	  .max_sectors = PAGE_SECTORS },
	{ "read, a queue without metadata", REQ_OP_READ, 0,
	  .err = -EOPNOTSUPP },
	{ "read, a queue with another format", REQ_OP_READ, 64, 56,
	  .err = -EOPNOTSUPP },
	{ "write, a queue like the first", REQ_OP_WRITE, 8 },
	{ "write, a queue without metadata", REQ_OP_WRITE, 0,
	  .err = -EOPNOTSUPP },
	/* A device inserts and strips tuples, but no other metadata. */
	{ "read, off, a queue without metadata", REQ_OP_READ, 0, .off = true },
	{ "read, off, a queue with tuples", REQ_OP_READ, 8, .off = true },
	{ "read, off, a queue with more than tuples", REQ_OP_READ, 64,
	  .off = true, .err = -EOPNOTSUPP },
	{ "write, off, a queue with tuples", REQ_OP_WRITE, 8, .off = true },
	{ "write, off, a queue with more than tuples", REQ_OP_WRITE, 64,
	  .off = true, .err = -EOPNOTSUPP },
};

KUNIT_ARRAY_PARAM_DESC(queue_cases, queue_cases, desc);

static void cloned_request_fits_its_queue(struct kunit *test)
{
	const struct queue_case *row = test->param_value;
	struct test_disk *top = test_disk_of(test, geometry_of(8, 0));
	struct queue_limits lim = test_plain_limits();
	struct test_disk *low;
	struct test_io *io;

	if (row->tuple_size)
		lim = test_disk_limits(geometry_of(row->tuple_size,
						   row->pi_offset));
	if (row->max_integrity_segments)
		lim.max_integrity_segments = row->max_integrity_segments;
	if (row->max_sectors)
		lim.max_hw_sectors = row->max_sectors;
	low = test_disk_alloc(test, lim);
	io = test_io_filled(test, top, row->op, FIRST, INTERVALS);
	top->disk->queue->integrity_dev->read_verify = !row->off;
	top->disk->queue->integrity_dev->write_generate = !row->off;
	top->hold = true;
	test_io_submit(io);
	KUNIT_EXPECT_EQ(test, row->err, insert_clone(test, top, low, io));
}

/* Positions in a page of the metadata of two reads that merge. */
struct merge_case {
	const char *desc;
	unsigned int offset[2];
	unsigned int dma_alignment;	/* of the lower queue */
	unsigned int max_integrity_segments;
	int err;
};

static const struct merge_case merge_cases[] = {
	{ "both aligned", { 0, 512 }, 3, 2 },
	{ "the second odd", { 0, 513 }, 3, 2, -EOPNOTSUPP },
	{ "the first odd", { 1, 512 }, 3, 2, -EOPNOTSUPP },
	{ "odd, and the queue takes that", { 1, 515 }, 0, 2 },
	{ "adjoining", { 0, META_BYTES }, 3, 2 },
	{ "adjoining, from an odd address", { 1, META_BYTES + 1 }, 3, 2,
	  -EOPNOTSUPP },
	{ "one segment too many", { 0, 512 }, 3, 1, -EOPNOTSUPP },
	/* Such a driver uses the first vector of the first bio. */
	{ "adjoining, for a queue with one segment", { 0, META_BYTES }, 3, 1,
	  -EOPNOTSUPP },
};

KUNIT_ARRAY_PARAM_DESC(merge_cases, merge_cases, desc);

static struct test_disk *disk_aligned_to(struct kunit *test,
					 unsigned int dma_alignment,
					 unsigned int max_integrity_segments)
{
	struct queue_limits lim = test_disk_limits(geometry_of(8, 0));
	struct test_disk *td;

	lim.max_integrity_segments = max_integrity_segments;
	td = test_disk_alloc(test, lim);
	/* 0 would be replaced by the default. */
	td->disk->queue->limits.dma_alignment = dma_alignment;
	return td;
}

static void merged_clone_fits_its_queue(struct kunit *test)
{
	const struct merge_case *row = test->param_value;
	struct test_disk *top = disk_aligned_to(test, 0, 2);
	struct test_disk *low = disk_aligned_to(test, row->dma_alignment,
						row->max_integrity_segments);
	struct page *page = test_zeroed_page(test);
	struct test_io *io[2];
	struct blk_plug plug;

	for (int i = 0; i < 2; i++) {
		unsigned int first = FIRST + INTERVALS * i;
		struct bio_integrity_payload *bip;

		io[i] = test_io_filled(test, top, REQ_OP_READ, first, INTERVALS);
		bip = bio_integrity_alloc(&io[i]->bio, GFP_KERNEL, 1);
		KUNIT_ASSERT_NOT_ERR_OR_NULL(test, bip);
		bip_set_seed(bip, first);
		KUNIT_ASSERT_EQ(test, META_BYTES,
				bio_integrity_add_page(&io[i]->bio, page,
						       META_BYTES,
						       row->offset[i]));
	}
	top->hold = true;
	blk_start_plug(&plug);
	test_io_submit(io[0]);
	test_io_submit(io[1]);
	blk_finish_plug(&plug);
	KUNIT_EXPECT_EQ(test, row->err, insert_clone(test, top, low, io[0]));
	KUNIT_EXPECT_EQ(test, -EIO, test_io_wait(test, io[1]));
}

static struct kunit_case clones_cases[] = {
	KUNIT_CASE_PARAM(cloned_request_fits_its_queue, queue_cases_gen_params),
	KUNIT_CASE_PARAM(merged_clone_fits_its_queue, merge_cases_gen_params),
	{ }
};

static struct kunit_suite clones_suite = {
	.name		= "integrity_clones",
	.test_cases	= clones_cases,
};

kunit_test_suite(clones_suite);

MODULE_DESCRIPTION("KUnit tests of requests that are cloned for another queue");
MODULE_LICENSE("GPL");
