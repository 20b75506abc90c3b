// SPDX-License-Identifier: GPL-2.0
/*
 * Bios that are sent to another device after a first one accepted them: by
 * failover, which steals the bios of a request, and by cloned requests.
 */

#include <linux/blk-integrity.h>

#include "../bio-integrity-internal.h"
#include "integrity_disk.h"
#include "pi_reference.h"

#define REF_TAG		BLK_INTEGRITY_REF_TAG
#define CRC		BLK_INTEGRITY_CSUM_CRC
#define FIRST		8
#define INTERVALS	512
#define DATA_BYTES	(INTERVALS << SECTOR_SHIFT)

/* The path that replaces one with a tuple for each sector. */
struct path_case {
	const char *desc;
	unsigned int tuple_size;
	unsigned int pi_offset;
	unsigned int max_integrity_segments;	/* 0: as many as the first */
	unsigned int max_sectors;		/* 0: as many as the first */
	unsigned int partial_bytes;	/* completed on the first path */
	int owned_err;			/* for metadata of a submitter */
};

static const struct path_case path_cases[] = {
	{ "a path like the first", 8 },
	{ "a path that takes one segment", 8, 0, 1 },
	{ "a path that takes less at once", 8, 0, 0, PAGE_SECTORS },
	{ "a path without metadata", 0, .owned_err = -EOPNOTSUPP },
	{ "a path with another format", 64, 56, .owned_err = -EINVAL },
	{ "a path like the first, half done", 8, .partial_bytes = SZ_128K },
	{ "a path without metadata, half done", 0, .partial_bytes = SZ_128K,
	  .owned_err = -EOPNOTSUPP },
};

KUNIT_ARRAY_PARAM_DESC(path_cases, path_cases, desc);

static struct test_disk *first_path(struct kunit *test)
{
	struct blk_integrity bi = test_geometry(CRC, REF_TAG, 8, 0, 9);
	struct test_disk *td = test_disk_of(test, test_with_tags(bi));

	test_disk_fill(test, td, test_rng(test));
	return td;
}

/* The medium is the same, whichever path leads to it. */
static struct test_disk *second_path(struct kunit *test,
				     const struct path_case *row,
				     struct test_disk *first)
{
	struct queue_limits lim = test_plain_limits();
	struct test_disk *td;

	if (row->tuple_size) {
		struct blk_integrity bi = test_geometry(CRC, REF_TAG,
							row->tuple_size,
							row->pi_offset, 9);

		lim = test_disk_limits(test_with_tags(bi));
	}
	if (row->max_integrity_segments)
		lim.max_integrity_segments = row->max_integrity_segments;
	if (row->max_sectors)
		lim.max_hw_sectors = row->max_sectors;
	td = test_disk_alloc(test, lim);
	memcpy(td->data, first->data, TEST_DISK_SECTORS << SECTOR_SHIFT);
	if (td->meta)
		pi_ref_generate(&td->bi, td->data, td->meta,
				TEST_DISK_SECTORS, 0);
	return td;
}

static struct request *held_request(struct kunit *test, struct test_disk *td)
{
	struct request *rq;

	blk_mq_run_hw_queues(td->disk->queue, false);
	rq = list_first_entry_or_null(&td->held, struct request, queuelist);
	KUNIT_ASSERT_NOT_NULL(test, rq);
	list_del_init(&rq->queuelist);
	return rq;
}

/* What nvme_failover_req() does. */
static void steal_request(struct kunit *test, struct bio_list *bios,
			  struct test_disk *from, struct test_disk *to,
			  unsigned int partial_bytes)
{
	struct request *rq = held_request(test, from);
	struct bio *bio;

	if (partial_bytes)
		blk_update_request(rq, BLK_STS_OK, partial_bytes);
	__rq_for_each_bio(bio, rq)
		bio_set_dev(bio, to->bdev);
	blk_steal_bios(bios, rq);
	blk_mq_end_request(rq, BLK_STS_OK);
}

/* What nvme_requeue_work() does. */
static void submit_again(struct bio_list *bios)
{
	struct bio *bio;

	while ((bio = bio_list_pop(bios)))
		submit_bio_noacct(bio);
}

static void fail_over(struct kunit *test, struct test_io *io,
		      const struct path_case *row, struct test_disk *from,
		      struct test_disk *to)
{
	struct bio_list bios = BIO_EMPTY_LIST;

	from->hold = true;
	test_io_submit(io);
	steal_request(test, &bios, from, to, row->partial_bytes);
	from->hold = false;
	submit_again(&bios);
}

static void read_takes_another_path(struct kunit *test)
{
	const struct path_case *row = test->param_value;
	struct test_disk *first = first_path(test);
	struct test_disk *second = second_path(test, row, first);
	struct test_io *io = test_io_filled(test, first, REQ_OP_READ, FIRST,
					    INTERVALS);
	u8 *found = test_guarded_buf(test, DATA_BYTES);

	fail_over(test, io, row, first, second);
	KUNIT_EXPECT_EQ(test, 0, test_io_wait(test, io));
	test_vecs_read(io->data, found);
	KUNIT_EXPECT_MEMEQ(test, second->data + (FIRST << SECTOR_SHIFT), found,
			   DATA_BYTES);
	KUNIT_EXPECT_EQ(test, !second->nr_requests, !row->tuple_size);
	if (!row->tuple_size)
		return;
	KUNIT_EXPECT_EQ(test, 0, test_disk_counter(second,
						   BLK_INTEGRITY_BOUNCED));
	KUNIT_EXPECT_EQ(test, INTERVALS,
			test_disk_counter(second, BLK_INTEGRITY_VERIFIED));
}

static void write_takes_another_path(struct kunit *test)
{
	const struct path_case *row = test->param_value;
	struct test_disk *first = first_path(test);
	struct test_disk *second = second_path(test, row, first);
	struct test_io *io = test_io_filled(test, first, REQ_OP_WRITE, FIRST,
					    INTERVALS);
	u8 *data = test_guarded_buf(test, DATA_BYTES);
	unsigned int meta_bytes = INTERVALS * row->tuple_size;
	u8 *wanted;

	test_vecs_read(io->data, data);
	fail_over(test, io, row, first, second);
	KUNIT_EXPECT_EQ(test, 0, test_io_wait(test, io));
	KUNIT_EXPECT_MEMEQ(test, data, second->data + (FIRST << SECTOR_SHIFT),
			   DATA_BYTES);
	KUNIT_EXPECT_EQ(test, !second->nr_requests, !row->tuple_size);
	if (!row->tuple_size)
		return;
	wanted = test_guarded_buf(test, meta_bytes);
	memset(wanted, 0, meta_bytes);
	pi_ref_generate(&second->bi, data, wanted, INTERVALS, FIRST);
	KUNIT_EXPECT_MEMEQ(test, wanted, second->meta + FIRST * row->tuple_size,
			   meta_bytes);
	KUNIT_EXPECT_EQ(test, 0, test_disk_counter(second,
						   BLK_INTEGRITY_BOUNCED));
}

/* What the second path finds wrong is that of the whole read. */
static void read_of_another_path_is_verified(struct kunit *test)
{
	const struct path_case *row = test->param_value;
	struct test_disk *first = first_path(test);
	struct test_disk *second = second_path(test, row, first);
	struct test_io *io = test_io_filled(test, first, REQ_OP_READ, FIRST,
					    INTERVALS);

	if (!row->tuple_size)
		return;
	second->data[(FIRST << SECTOR_SHIFT) + 1] ^= 1;
	fail_over(test, io, row, first, second);
	KUNIT_EXPECT_EQ(test, -EILSEQ, test_io_wait(test, io));
	KUNIT_EXPECT_EQ(test, 1, test_disk_counter(second,
						   BLK_INTEGRITY_GUARD_ERRORS));
}

/* Tags of a submitter that are for another format are not dropped. */
static void owned_metadata_takes_another_path(struct kunit *test)
{
	const struct path_case *row = test->param_value;
	struct test_disk *first = first_path(test);
	struct test_disk *second = second_path(test, row, first);
	struct test_io *io = test_io_owned(test, first, REQ_OP_WRITE, FIRST,
					   INTERVALS);
	u8 tags[2 * INTERVALS];

	memset(tags, 0x5a, sizeof(tags));
	KUNIT_ASSERT_EQ(test, 0,
			bio_integrity_set_tag(&io->bio, tags, sizeof(tags)) ?:
			bio_integrity_generate(&io->bio));
	fail_over(test, io, row, first, second);
	KUNIT_EXPECT_EQ(test, row->owned_err, test_io_wait(test, io));
	KUNIT_EXPECT_NOT_NULL(test, bio_integrity(&io->bio));
	if (row->owned_err || row->partial_bytes)
		return;
	for (unsigned int i = 0; i < INTERVALS; i++)
		KUNIT_EXPECT_EQ(test, 0x5a, second->meta[(FIRST + i) * 8 + 2]);
}

/* A copy stands in for the submitter's metadata on one path only. */
static void copied_metadata_takes_another_path(struct kunit *test)
{
	const struct path_case *row = test->param_value;
	struct test_disk *first = first_path(test);
	struct test_disk *second = second_path(test, row, first);
	struct test_io *io = test_io_filled(test, first, REQ_OP_READ, FIRST,
					    INTERVALS);
	struct test_vecs *meta = test_vecs_alloc(test, test_rng(test),
						 8 * INTERVALS,
						 TEST_CUT_RANDOM);
	struct bio_integrity_payload *bip;
	u8 *found = test_guarded_buf(test, 8 * INTERVALS);

	/* Cut as no device takes it. */
	bip = test_io_attach(test, io, meta, FIRST);
	fail_over(test, io, row, first, second);
	KUNIT_EXPECT_EQ(test, row->owned_err, test_io_wait(test, io));
	KUNIT_EXPECT_PTR_EQ(test, bip, bio_integrity(&io->bio));
	if (row->owned_err || row->max_sectors)
		return;
	test_vecs_read(meta, found);
	KUNIT_EXPECT_MEMEQ(test, second->meta + FIRST * 8, found,
			   8 * INTERVALS);
}

static struct test_disk *disk_of_parts(struct kunit *test)
{
	return test_disk_of(test, test_geometry(CRC, REF_TAG, 256, 0, 9));
}

/* A read that is split for lack of memory; the disk holds both parts. */
static struct test_io *read_in_parts(struct kunit *test, struct test_disk *td)
{
	struct test_io *io;

	/* The first I/O can have other allocations. */
	io = test_io_filled(test, td, REQ_OP_WRITE, TEST_DISK_SECTORS / 2,
			    INTERVALS);
	KUNIT_ASSERT_EQ(test, 0, test_io_run(test, io));
	io = test_io_filled(test, td, REQ_OP_READ, FIRST, INTERVALS);
	td->hold = true;
	test_fail_next_allocation(test);
	test_io_submit(io);
	return io;
}

static void remove_path(struct kunit *test, struct test_disk *td)
{
	test_disk_remove(test, td);
	/* Frees what a queue kept. */
	flush_workqueue(blk_integrity_events_wq);
}

/* A bio that was split for lack of memory takes its part to another path. */
static void part_outlives_its_path(struct kunit *test)
{
	struct test_disk *first = disk_of_parts(test);
	struct test_disk *second = disk_of_parts(test);
	struct bio_list bios = BIO_EMPTY_LIST;
	struct test_io *io = read_in_parts(test, first);

	test_disk_fill(test, second, test_rng(test));
	steal_request(test, &bios, first, second, 0);
	steal_request(test, &bios, first, second, 0);
	KUNIT_EXPECT_EQ(test, 2, bio_list_size(&bios));
	remove_path(test, first);
	submit_again(&bios);
	KUNIT_EXPECT_EQ(test, 0, test_io_wait(test, io));
	KUNIT_EXPECT_EQ(test, INTERVALS,
			test_disk_counter(second, BLK_INTEGRITY_VERIFIED));
}

/*
 * The rest of such a bio has completed on a path that is removed before its part
 * ends it.
 */
static void part_ends_a_bio_of_a_removed_path(struct kunit *test)
{
	struct test_disk *first = disk_of_parts(test);
	struct test_disk *second = disk_of_parts(test);
	struct bio_list bios = BIO_EMPTY_LIST;
	struct test_io *io;

	test_disk_fill(test, first, test_rng(test));
	test_disk_fill(test, second, test_rng(test));
	io = read_in_parts(test, first);
	steal_request(test, &bios, first, second, 0);
	/* As rq_qos_throttle() does for a path that has any policy. */
	bio_set_flag(&io->bio, BIO_QOS_THROTTLED);
	test_disk_release(first);
	test_disk_settle(first);
	KUNIT_EXPECT_FALSE(test, bio_flagged(&io->bio, BIO_QOS_THROTTLED));
	remove_path(test, first);
	submit_again(&bios);
	KUNIT_EXPECT_EQ(test, 0, test_io_wait(test, io));
	KUNIT_EXPECT_PTR_EQ(test, second->bdev, io->bio.bi_bdev);
}

/* A program may poll the original, which must not use a removed path. */
static void original_follows_its_copy(struct kunit *test)
{
	static const struct path_case same = { .tuple_size = 8 };
	struct test_disk *first = first_path(test);
	struct test_disk *second = second_path(test, &same, first);
	struct test_io *io = test_io_filled(test, first, REQ_OP_WRITE, FIRST,
					    INTERVALS);
	struct bio_list bios = BIO_EMPTY_LIST;

	first->disk->queue->integrity_dev->copy_unstable = true;
	io->bio.bi_opf |= REQ_META;
	first->hold = true;
	test_io_submit(io);
	KUNIT_ASSERT_EQ(test, 1, test_disk_counter(first,
						   BLK_INTEGRITY_COPIED_WRITES));
	KUNIT_EXPECT_PTR_EQ(test, first->bdev, io->bio.bi_bdev);
	steal_request(test, &bios, first, second, 0);
	KUNIT_EXPECT_PTR_EQ(test, second->bdev, io->bio.bi_bdev);
	first->hold = false;
	submit_again(&bios);
	KUNIT_EXPECT_EQ(test, 0, test_io_wait(test, io));
}

/* A part of a copied bio may end it when the path of the copy is gone. */
static void original_leaves_the_path_of_its_copy(struct kunit *test)
{
	struct test_disk *td = first_path(test);
	struct test_io *io = test_io_filled(test, td, REQ_OP_WRITE, FIRST,
					    INTERVALS);
	struct bio *part = bio_alloc(td->bdev, 0, REQ_OP_WRITE, GFP_KERNEL);

	td->disk->queue->integrity_dev->copy_unstable = true;
	io->bio.bi_opf |= REQ_META;
	bio_chain(part, &io->bio);
	test_io_submit(io);
	test_disk_settle(td);
	KUNIT_EXPECT_EQ(test, 1, test_disk_counter(td,
						   BLK_INTEGRITY_COPIED_WRITES));
	KUNIT_EXPECT_TRUE(test, bio_flagged(&io->bio, BIO_CHAIN));
	KUNIT_EXPECT_FALSE(test, bio_flagged(&io->bio, BIO_TRACE_COMPLETION));
	bio_endio(part);
	KUNIT_EXPECT_EQ(test, 0, test_io_wait(test, io));
}

/* Positions in a page of the metadata of two reads that merge. */
struct merge_case {
	const char *desc;
	unsigned int offset[2];
	unsigned int dma_alignment;	/* of the lower queue */
	unsigned int max_integrity_segments;
	bool fits;
};

static const struct merge_case merge_cases[] = {
	{ "both aligned", { 0, 512 }, 3, 2, true },
	{ "the second odd", { 0, 513 }, 3, 2, false },
	{ "the first odd", { 1, 512 }, 3, 2, false },
	{ "odd, and the queue takes that", { 1, 515 }, 0, 2, true },
	{ "adjoining", { 0, 64 }, 3, 2, true },
	{ "adjoining, from an odd address", { 1, 65 }, 3, 2, false },
	{ "one segment too many", { 0, 512 }, 3, 1, false },
	/* Such a driver uses the first vector of the first bio. */
	{ "adjoining, for a queue with one segment", { 0, 64 }, 3, 1, false },
};

KUNIT_ARRAY_PARAM_DESC(merge_cases, merge_cases, desc);

/* A clone without metadata, for a queue with metadata of this size. */
struct need_case {
	const char *desc;
	enum req_op op;
	unsigned int tuple_size;
	int err;
};

static const struct need_case need_cases[] = {
	{ "read, no metadata", REQ_OP_READ, 0, 0 },
	{ "read, tuples", REQ_OP_READ, 8, 0 },
	{ "read, more than tuples", REQ_OP_READ, 64, -EOPNOTSUPP },
	{ "write, tuples", REQ_OP_WRITE, 8, 0 },
	{ "write, more than tuples", REQ_OP_WRITE, 64, -EOPNOTSUPP },
};

KUNIT_ARRAY_PARAM_DESC(need_cases, need_cases, desc);

#ifdef CONFIG_BLK_MQ_STACKING

static void free_bio_set(void *data)
{
	bioset_exit(data);
}

/* Insert a clone of a request that the upper disk holds, and end both. */
static int insert_clone(struct kunit *test, struct test_disk *top,
			struct test_disk *low, struct test_io *io)
{
	struct bio_set *bs = kunit_kzalloc(test, sizeof(*bs), GFP_KERNEL);
	struct request *rq, *clone;
	blk_status_t status;

	KUNIT_ASSERT_NOT_NULL(test, bs);
	KUNIT_ASSERT_EQ(test, 0, bioset_init(bs, 4, 0, 0));
	KUNIT_ASSERT_EQ(test, 0, kunit_add_action_or_reset(test, free_bio_set, bs));
	rq = held_request(test, top);
	KUNIT_ASSERT_TRUE(test, list_empty(&top->held));

	clone = blk_mq_alloc_request(low->disk->queue, rq->cmd_flags, 0);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, clone);
	KUNIT_ASSERT_EQ(test, 0, blk_rq_prep_clone(clone, rq, bs, GFP_KERNEL,
						   NULL, NULL));
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

/* Reads on a disk like the first path, by a request cloned for another. */
static void cloned_request_fits_its_queue(struct kunit *test)
{
	const struct path_case *row = test->param_value;
	struct test_disk *top = first_path(test);
	struct test_disk *low = second_path(test, row, top);
	struct test_io *io = test_io_filled(test, top, REQ_OP_READ, FIRST, 8);
	bool fits = row->tuple_size == top->bi.tuple_size;

	top->hold = true;
	test_io_submit(io);
	KUNIT_EXPECT_EQ(test, fits ? 0 : -EOPNOTSUPP,
			insert_clone(test, top, low, io));
}

/*
 * A device inserts and strips tuples, but no other metadata, so I/O that is
 * switched off above must not reach it without.
 */
static void clone_without_metadata_needs_none(struct kunit *test)
{
	const struct need_case *row = test->param_value;
	struct test_disk *top = first_path(test);
	struct path_case path = { .tuple_size = row->tuple_size };
	struct test_disk *low = second_path(test, &path, top);
	struct test_io *io = test_io_filled(test, top, row->op, FIRST, 8);

	top->disk->queue->integrity_dev->read_verify = false;
	top->disk->queue->integrity_dev->write_generate = false;
	top->hold = true;
	test_io_submit(io);
	KUNIT_EXPECT_EQ(test, row->err, insert_clone(test, top, low, io));
}

static struct test_disk *disk_aligned_to(struct kunit *test,
					 unsigned int dma_alignment,
					 unsigned int max_integrity_segments)
{
	struct queue_limits lim = test_disk_limits(test_geometry(CRC, REF_TAG,
								 8, 0, 9));
	struct test_disk *td;

	lim.max_integrity_segments = max_integrity_segments;
	td = test_disk_alloc(test, lim);
	/* 0 would be replaced by the default. */
	td->disk->queue->limits.dma_alignment = dma_alignment;
	return td;
}

static void free_test_page(void *page)
{
	__free_page(page);
}

static void merged_clone_fits_its_queue(struct kunit *test)
{
	const struct merge_case *row = test->param_value;
	struct test_disk *top = disk_aligned_to(test, 0, 2);
	struct test_disk *low = disk_aligned_to(test, row->dma_alignment,
						row->max_integrity_segments);
	struct page *page = alloc_page(GFP_KERNEL | __GFP_ZERO);
	struct test_io *io[2];
	struct blk_plug plug;

	KUNIT_ASSERT_NOT_NULL(test, page);
	KUNIT_ASSERT_EQ(test, 0, kunit_add_action_or_reset(test, free_test_page,
							   page));
	for (int i = 0; i < 2; i++) {
		unsigned int first = FIRST + 8 * i;
		struct bio_integrity_payload *bip;

		io[i] = test_io_filled(test, top, REQ_OP_READ, first, 8);
		bip = bio_integrity_alloc(&io[i]->bio, GFP_KERNEL, 1);
		KUNIT_ASSERT_NOT_ERR_OR_NULL(test, bip);
		bip_set_seed(bip, first);
		KUNIT_ASSERT_EQ(test, 64, bio_integrity_add_page(&io[i]->bio, page,
								 64, row->offset[i]));
	}
	top->hold = true;
	blk_start_plug(&plug);
	test_io_submit(io[0]);
	test_io_submit(io[1]);
	blk_finish_plug(&plug);
	KUNIT_EXPECT_EQ(test, row->fits ? 0 : -EOPNOTSUPP,
			insert_clone(test, top, low, io[0]));
	KUNIT_EXPECT_EQ(test, -EIO, test_io_wait(test, io[1]));
}

#else

static void cloned_request_fits_its_queue(struct kunit *test)
{
	kunit_skip(test, "needs BLK_MQ_STACKING");
}

static void clone_without_metadata_needs_none(struct kunit *test)
{
	kunit_skip(test, "needs BLK_MQ_STACKING");
}

static void merged_clone_fits_its_queue(struct kunit *test)
{
	kunit_skip(test, "needs BLK_MQ_STACKING");
}

#endif /* CONFIG_BLK_MQ_STACKING */

static struct kunit_case failover_cases[] = {
	KUNIT_CASE_PARAM(read_takes_another_path, path_cases_gen_params),
	KUNIT_CASE_PARAM(write_takes_another_path, path_cases_gen_params),
	KUNIT_CASE_PARAM(read_of_another_path_is_verified, path_cases_gen_params),
	KUNIT_CASE_PARAM(owned_metadata_takes_another_path, path_cases_gen_params),
	KUNIT_CASE_PARAM(copied_metadata_takes_another_path, path_cases_gen_params),
	KUNIT_CASE_PARAM(cloned_request_fits_its_queue, path_cases_gen_params),
	KUNIT_CASE_PARAM(merged_clone_fits_its_queue, merge_cases_gen_params),
	KUNIT_CASE(part_outlives_its_path),
	KUNIT_CASE(part_ends_a_bio_of_a_removed_path),
	KUNIT_CASE(original_follows_its_copy),
	KUNIT_CASE(original_leaves_the_path_of_its_copy),
	KUNIT_CASE_PARAM(clone_without_metadata_needs_none, need_cases_gen_params),
	{ }
};

static struct kunit_suite failover_suite = {
	.name		= "integrity_failover",
	.test_cases	= failover_cases,
};

kunit_test_suite(failover_suite);

MODULE_DESCRIPTION("KUnit tests of bios and requests that go to another device");
MODULE_LICENSE("GPL");
