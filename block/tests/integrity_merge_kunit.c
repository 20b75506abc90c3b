// SPDX-License-Identifier: GPL-2.0
/*
 * Merging of bios and requests: flags, segments, and the gaps that a virtual
 * boundary forbids.
 */

#include <linux/blk-integrity.h>

#include "integrity_disk.h"

#define META_PAGES	3

static struct test_disk *disk_of(struct kunit *test, unsigned long virt_boundary,
				 unsigned int max_segments)
{
	struct queue_limits lim =
		test_disk_limits(test_geometry(BLK_INTEGRITY_CSUM_CRC,
					       BLK_INTEGRITY_REF_TAG, 8, 0, 9));

	lim.max_integrity_segments = max_segments;
	if (virt_boundary) {
		lim.virt_boundary_mask = virt_boundary;
		lim.max_segment_size = 0;
	}
	return test_disk_alloc(test, lim);
}

/* A bio whose metadata is one vector at @offset of a page. */
static struct test_io *io_at(struct kunit *test, struct test_disk *td,
			     unsigned int offset, unsigned int len)
{
	struct test_vecs *page = test_vecs_alloc(test, test_rng(test),
						 META_PAGES * PAGE_SIZE,
						 TEST_CUT_PAGE);
	struct test_io *io = test_io_alloc(test, td->bdev, test_rng(test),
					   REQ_OP_WRITE, 0, SZ_4K, TEST_CUT_NONE);
	struct bio_integrity_payload *bip;

	bip = bio_integrity_alloc(&io->bio, GFP_KERNEL, 4);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, bip);
	bip->bip_vec[0] = page->vecs[0];
	bip->bip_vec[0].bv_offset = offset;
	bip->bip_vec[0].bv_len = len;
	bip->bip_vcnt = 1;
	bip->bip_iter.bi_size = len;
	return io;
}

/* The end of the last and the start of the first vector are at the boundary. */
static bool naive_gap(struct kunit *test, struct bio *prev, struct bio *next,
		      unsigned long mask)
{
	struct bvec_iter iter;
	struct bio_vec bv;
	unsigned long end = 0, start = 0;

	bip_for_each_vec(bv, bio_integrity(prev), iter)
		end = (unsigned long)page_to_phys(bv.bv_page) + bv.bv_offset +
		      bv.bv_len;
	bip_for_each_vec(bv, bio_integrity(next), iter) {
		start = (unsigned long)page_to_phys(bv.bv_page) + bv.bv_offset;
		break;
	}
	return (end | start) & mask;
}

struct gap_case {
	const char *desc;
	unsigned int prev_offset, prev_len;
	unsigned int next_offset, next_len;
	bool gap;
};

static const struct gap_case gap_cases[] = {
	{ "both at the boundary", PAGE_SIZE - 64, 64, 0, 64, false },
	{ "first ends early", PAGE_SIZE - 64, 56, 0, 64, true },
	{ "second begins late", PAGE_SIZE - 64, 64, 8, 64, true },
	{ "neither", 0, 64, 64, 64, true },
	{ "a whole page", 0, PAGE_SIZE, 0, PAGE_SIZE, false },
};

KUNIT_ARRAY_PARAM_DESC(gap_cases, gap_cases, desc);

static void gap_at_virtual_boundary(struct kunit *test)
{
	const struct gap_case *row = test->param_value;
	struct test_disk *td = disk_of(test, PAGE_SIZE - 1, 16);
	struct test_disk *any = disk_of(test, 0, 16);
	struct bio *prev = &io_at(test, td, row->prev_offset, row->prev_len)->bio;
	struct bio *next = &io_at(test, td, row->next_offset, row->next_len)->bio;

	KUNIT_EXPECT_EQ(test, row->gap,
			naive_gap(test, prev, next, PAGE_SIZE - 1));
	KUNIT_EXPECT_EQ(test, row->gap,
			bio_integrity_gap(td->disk->queue, prev, next));
	KUNIT_EXPECT_FALSE(test, bio_integrity_gap(any->disk->queue, prev, next));
}

static void bio_without_metadata_has_no_gap(struct kunit *test)
{
	struct test_disk *td = disk_of(test, PAGE_SIZE - 1, 16);
	struct bio *with = &io_at(test, td, 8, 64)->bio;
	struct bio *without = &test_io_alloc(test, td->bdev, test_rng(test),
					     REQ_OP_WRITE, 0, SZ_4K,
					     TEST_CUT_NONE)->bio;

	KUNIT_EXPECT_FALSE(test, bio_integrity_gap(td->disk->queue, with, without));
	KUNIT_EXPECT_FALSE(test, bio_integrity_gap(td->disk->queue, without, with));
	bio_integrity(with)->bip_iter.bi_size = 0;
	KUNIT_EXPECT_FALSE(test, bio_integrity_gap(td->disk->queue, with, with));
}

/* D9: clones have their own iterators and, for add_page, no vectors. */
static void gap_goes_by_iterators(struct kunit *test)
{
	struct test_disk *td = disk_of(test, PAGE_SIZE - 1, 16);
	struct rnd_state *rng = test_rng(test);
	unsigned int gaps = 0;

	for (int round = 0; round < 200; round++) {
		struct bio *source = &io_at(test, td, 0, 4 * 8)->bio;
		struct bio_integrity_payload *bip = bio_integrity(source);
		unsigned int n = test_random(rng, 1, 8);
		struct bio prev, next;

		/*
		 * Eight tuples: the fourth ends a page, the fifth begins one.
		 */
		bip->bip_vec[0].bv_offset = PAGE_SIZE - 4 * 8;
		bip->bip_vec[1] = bip->bip_vec[0];
		bip->bip_vec[1].bv_offset = 0;
		bip->bip_vcnt = 2;
		bip->bip_iter.bi_size = 8 * 8;
		KUNIT_ASSERT_EQ(test, 0, bio_init_clone(td->bdev, &prev, source,
							GFP_KERNEL));
		KUNIT_ASSERT_EQ(test, 0, bio_init_clone(td->bdev, &next, source,
							GFP_KERNEL));
		bio_trim(&prev, 0, n);
		if (n < 8)
			bio_advance(&next, test_random(rng, 0, 7) * 512);
		gaps += naive_gap(test, &prev, &next, PAGE_SIZE - 1);
		KUNIT_EXPECT_EQ_MSG(test,
				    naive_gap(test, &prev, &next, PAGE_SIZE - 1),
				    bio_integrity_gap(td->disk->queue, &prev, &next),
				    "%u tuples, then from seed %llu", n,
				    (u64)bip_get_seed(bio_integrity(&next)));
		bio_uninit(&next);
		bio_uninit(&prev);
	}
	KUNIT_EXPECT_GT(test, gaps, 0);
	KUNIT_EXPECT_LT(test, gaps, 200);
}

/* D9: the last bio counts for a back merge, the first for a front merge. */
static void gap_of_request_is_at_the_right_end(struct kunit *test)
{
	struct test_disk *td = disk_of(test, PAGE_SIZE - 1, 16);
	struct request *rq = test_request_alloc(test, td, REQ_OP_WRITE, 0);
	struct bio *fits = &io_at(test, td, 0, PAGE_SIZE)->bio;

	test_request_add(rq, io_at(test, td, 8, PAGE_SIZE - 8));
	test_request_add(rq, io_at(test, td, 0, PAGE_SIZE));
	KUNIT_EXPECT_FALSE(test, integrity_req_gap_back_merge(rq, fits));
	KUNIT_EXPECT_TRUE(test, integrity_req_gap_front_merge(rq, fits));

	rq = test_request_alloc(test, td, REQ_OP_WRITE, 0);
	test_request_add(rq, io_at(test, td, 0, PAGE_SIZE));
	test_request_add(rq, io_at(test, td, 0, 64));
	KUNIT_EXPECT_TRUE(test, integrity_req_gap_back_merge(rq, fits));
	KUNIT_EXPECT_FALSE(test, integrity_req_gap_front_merge(rq, fits));
}

struct merge_case {
	const char *desc;
	bool with, next_with;		/* metadata */
	unsigned int flags, next_flags;
	unsigned int max_segments;
	bool merges;
};

static const struct merge_case merge_cases[] = {
	{ "neither has metadata", false, false, 0, 0, 16, true },
	{ "only the first has", true, false, 0, 0, 16, false },
	{ "only the second has", false, true, 0, 0, 16, false },
	{ "alike", true, true, 0, 0, 16, true },
	{ "one is not checked", true, true, 0, BIP_DISK_NOCHECK, 16, false },
	{ "other guard", true, true, BIP_IP_CHECKSUM, 0, 16, false },
	{ "one is mapped", true, true, BIP_MAPPED_INTEGRITY, 0, 16, false },
	{ "both are", true, true, BIP_MAPPED_INTEGRITY, BIP_MAPPED_INTEGRITY, 16,
	  true },
	{ "other checks", true, true, BIP_CHECK_GUARD, TEST_CHECKS, 16, false },
	{ "segments just fit", true, true, 0, 0, 2, true },
	{ "a segment too many", true, true, 0, 0, 1, false },
};

KUNIT_ARRAY_PARAM_DESC(merge_cases, merge_cases, desc);

static struct test_io *io_of_case(struct kunit *test, struct test_disk *td,
				  bool with, unsigned int flags)
{
	struct test_io *io;

	if (!with)
		return test_io_alloc(test, td->bdev, test_rng(test), REQ_OP_WRITE,
				     0, SZ_4K, TEST_CUT_NONE);
	io = io_at(test, td, 0, 64);
	bio_integrity(&io->bio)->bip_flags = flags;
	return io;
}

static void merge_wants_equals(struct kunit *test)
{
	const struct merge_case *row = test->param_value;
	struct test_disk *td = disk_of(test, 0, row->max_segments);
	struct test_io *io = io_of_case(test, td, row->with, row->flags);
	struct test_io *next = io_of_case(test, td, row->next_with,
					  row->next_flags);
	struct request *rq = test_request_alloc(test, td, REQ_OP_WRITE, 0);
	struct request *rq_next = test_request_alloc(test, td, REQ_OP_WRITE, 8);

	test_request_add(rq, io);
	test_request_add(rq_next, next);
	KUNIT_EXPECT_EQ(test, row->merges,
			blk_integrity_merge_bio(rq->q, rq, &next->bio));
	KUNIT_EXPECT_EQ(test, row->merges,
			blk_integrity_merge_rq(rq->q, rq, rq_next));
	/* Flags that tell who frees the payload do not prevent a merge. */
	if (row->with)
		bio_integrity(&io->bio)->bip_flags = 0;
	if (row->next_with)
		bio_integrity(&next->bio)->bip_flags = 0;
}

/* A command has one expected application tag. */
static void merge_wants_equal_application_tags(struct kunit *test)
{
	static const u16 tags[][2] = {
		{ 0x1234, 0xffff }, { 0x1235, 0xffff }, { 0x1234, 0xfffe },
	};
	struct test_disk *td = disk_of(test, 0, 16);

	for (int i = 0; i < ARRAY_SIZE(tags); i++) {
		struct request *rq = test_request_alloc(test, td, REQ_OP_WRITE, 0);
		struct test_io *io = io_at(test, td, 0, 64);
		struct test_io *next = io_at(test, td, 0, 64);

		bio_integrity(&io->bio)->bip_app_tag = tags[0][0];
		bio_integrity(&io->bio)->bip_app_mask = tags[0][1];
		bio_integrity(&next->bio)->bip_app_tag = tags[i][0];
		bio_integrity(&next->bio)->bip_app_mask = tags[i][1];
		test_request_add(rq, io);
		KUNIT_EXPECT_EQ(test, !i,
				blk_integrity_merge_bio(rq->q, rq, &next->bio));
	}
}

static struct kunit_case merge_suite_cases[] = {
	KUNIT_CASE_PARAM(gap_at_virtual_boundary, gap_cases_gen_params),
	KUNIT_CASE(bio_without_metadata_has_no_gap),
	KUNIT_CASE(gap_goes_by_iterators),
	KUNIT_CASE(gap_of_request_is_at_the_right_end),
	KUNIT_CASE_PARAM(merge_wants_equals, merge_cases_gen_params),
	KUNIT_CASE(merge_wants_equal_application_tags),
	{ }
};

static struct kunit_suite merge_suite = {
	.name		= "blk_integrity_merge",
	.test_cases	= merge_suite_cases,
};

kunit_test_suite(merge_suite);

MODULE_DESCRIPTION("KUnit tests of merging metadata");
MODULE_LICENSE("GPL");
