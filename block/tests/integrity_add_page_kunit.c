// SPDX-License-Identifier: GPL-2.0
/*
 * Pages that a payload accepts, and the number of vectors they take.
 */

#include <linux/blk-integrity.h>

#include "../bio-integrity-internal.h"
#include "integrity_disk.h"

#define NR_PAGES	4

/* A piece of metadata: offset in NR_PAGES contiguous pages, and length. */
struct piece {
	unsigned int offset;
	unsigned int len;
	bool taken;
};

struct add_case {
	const char *desc;
	unsigned int nr_vecs;
	unsigned int max_segments;	/* 0: as many as any case needs */
	unsigned int max_segment_size;	/* 0: larger than any case needs */
	unsigned long virt_boundary;
	struct piece pieces[4];
	unsigned int vcnt;
	unsigned int bytes;
	bool does_not_fit;		/* the device needs a copy */
};

static const struct add_case add_cases[] = {
	{
		"what continues a vector extends it", .nr_vecs = 1,
		.pieces = { { 0, 64, true }, { 64, 8, true }, { 72, 100, true } },
		.vcnt = 1, .bytes = 172,
	}, {
		"a hole begins a vector", .nr_vecs = 2,
		.pieces = { { 0, 64, true }, { 128, 8, true } },
		.vcnt = 2, .bytes = 72,
	}, {
		/* With KMSAN it does not. */
		"a vector goes on in the next page", .nr_vecs = 1,
		.pieces = { { PAGE_SIZE - 96, 96, true },
			    { PAGE_SIZE, 104, !IS_ENABLED(CONFIG_KMSAN) } },
		.vcnt = 1, .bytes = IS_ENABLED(CONFIG_KMSAN) ? 96 : 200,
	}, {
		"a vector ends at the segment size", .nr_vecs = 2,
		.max_segment_size = PAGE_SIZE,
		.pieces = { { 0, PAGE_SIZE, true }, { PAGE_SIZE, 512, true } },
		.vcnt = 2, .bytes = PAGE_SIZE + 512,
	}, {
		"no more vectors than asked for", .nr_vecs = 2,
		.pieces = { { 0, 8, true }, { 64, 8, true }, { 128, 8, false } },
		.vcnt = 2, .bytes = 16,
	}, {
		"the last vector still grows", .nr_vecs = 1,
		.pieces = { { 0, 8, true }, { 64, 8, false }, { 8, 8, true } },
		.vcnt = 1, .bytes = 16,
	}, {
		"more vectors than the device takes", .nr_vecs = 4,
		.max_segments = 2,
		.pieces = { { 0, 8, true }, { 64, 8, true }, { 128, 8, true } },
		.vcnt = 3, .bytes = 24, .does_not_fit = true,
	}, {
		/* D26 */
		"the first vector has a segment size too", .nr_vecs = 2,
		.max_segments = 1, .max_segment_size = PAGE_SIZE,
		.pieces = { { 0, PAGE_SIZE + 4, true } },
		.vcnt = 1, .bytes = PAGE_SIZE + 4, .does_not_fit = true,
	}, {
		"a device with one segment takes one vector", .nr_vecs = 2,
		.max_segments = 1, .max_segment_size = PAGE_SIZE,
		.pieces = { { 0, PAGE_SIZE, true } },
		.vcnt = 1, .bytes = PAGE_SIZE,
	}, {
		"no vectors, no page", .nr_vecs = 0,
		.pieces = { { 0, 8, false } },
	}, {
		"a gap at a virtual boundary", .nr_vecs = 4,
		.virt_boundary = PAGE_SIZE - 1,
		.pieces = { { 0, 64, true }, { PAGE_SIZE, 64, true } },
		.vcnt = 2, .bytes = 128, .does_not_fit = true,
	}, {
		"a page ends and begins at a virtual boundary", .nr_vecs = 4,
		.virt_boundary = PAGE_SIZE - 1,
		.pieces = { { 2 * PAGE_SIZE, PAGE_SIZE, true }, { 0, 64, true } },
		.vcnt = 2, .bytes = PAGE_SIZE + 64,
	},
};

KUNIT_ARRAY_PARAM_DESC(add_cases, add_cases, desc);

static void free_pages_action(void *data)
{
	__free_pages(data, get_order(NR_PAGES * PAGE_SIZE));
}

static struct page *contiguous_pages(struct kunit *test)
{
	struct page *pages = alloc_pages(GFP_KERNEL,
					 get_order(NR_PAGES * PAGE_SIZE));

	KUNIT_ASSERT_NOT_NULL(test, pages);
	KUNIT_ASSERT_EQ(test, 0, kunit_add_action_or_reset(test, free_pages_action,
							   pages));
	return pages;
}

static struct queue_limits limits_of(const struct add_case *row)
{
	struct queue_limits lim;

	lim = test_disk_limits(test_geometry(BLK_INTEGRITY_CSUM_CRC, 0, 8, 0, 9));
	lim.max_integrity_segments = row->max_segments ?: 16;
	lim.max_segment_size = row->max_segment_size ?: SZ_1M;
	if (row->virt_boundary) {
		lim.virt_boundary_mask = row->virt_boundary;
		lim.max_segment_size = 0;
	}
	return lim;
}

static void add_page_merges_and_bounds(struct kunit *test)
{
	const struct add_case *row = test->param_value;
	struct test_disk *td = test_disk_alloc(test, limits_of(row));
	struct page *pages = contiguous_pages(test);
	struct test_io *io = test_io_alloc(test, td->bdev, test_rng(test),
					   REQ_OP_WRITE, 0, SZ_4K, TEST_CUT_NONE);
	struct bio_integrity_payload *bip;

	bip = bio_integrity_alloc(&io->bio, GFP_KERNEL, row->nr_vecs);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, bip);
	for (int i = 0; i < ARRAY_SIZE(row->pieces) && row->pieces[i].len; i++) {
		const struct piece *piece = &row->pieces[i];
		unsigned int page = piece->offset / PAGE_SIZE;

		KUNIT_EXPECT_EQ_MSG(test, piece->taken ? piece->len : 0,
				    bio_integrity_add_page(&io->bio, pages + page,
							   piece->len,
							   offset_in_page(piece->offset)),
				    "piece %d", i);
	}
	KUNIT_EXPECT_EQ(test, row->vcnt, bip->bip_vcnt);
	KUNIT_EXPECT_EQ(test, row->bytes, bip->bip_iter.bi_size);
	KUNIT_EXPECT_EQ(test, !row->does_not_fit,
			bio_integrity_fits(td->disk->queue, &io->bio));
}

static void size_does_not_overflow(struct kunit *test)
{
	struct test_disk *td =
		test_disk_of(test, test_geometry(BLK_INTEGRITY_CSUM_CRC, 0, 8, 0, 9));
	struct test_io *io = test_io_alloc(test, td->bdev, test_rng(test),
					   REQ_OP_WRITE, 0, SZ_4K, TEST_CUT_NONE);
	struct page *pages = contiguous_pages(test);
	struct bio_integrity_payload *bip;

	bip = bio_integrity_alloc(&io->bio, GFP_KERNEL, 4);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, bip);
	bip->bip_iter.bi_size = UINT_MAX - 15;
	KUNIT_EXPECT_EQ(test, 0, bio_integrity_add_page(&io->bio, pages, 16, 0));
	KUNIT_EXPECT_EQ(test, 15, bio_integrity_add_page(&io->bio, pages, 15, 0));
	KUNIT_EXPECT_EQ(test, UINT_MAX, bip->bip_iter.bi_size);
}

static void device_without_segments_takes_none(struct kunit *test)
{
	struct test_disk *td = test_disk_alloc(test, test_plain_limits());
	struct test_io *io = test_io_alloc(test, td->bdev, test_rng(test),
					   REQ_OP_WRITE, 0, SZ_4K, TEST_CUT_NONE);
	struct page *pages = contiguous_pages(test);
	struct bio_integrity_payload *bip;

	bip = bio_integrity_alloc(&io->bio, GFP_KERNEL, 4);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, bip);
	KUNIT_EXPECT_EQ(test, 0, bio_integrity_add_page(&io->bio, pages, 16, 0));
	KUNIT_EXPECT_EQ(test, 0, bip->bip_vcnt);
}

/* A payload with a buffer of the block layer accepts no further pages. */
static void made_payload_takes_none(struct kunit *test)
{
	struct test_disk *td =
		test_disk_of(test, test_geometry(BLK_INTEGRITY_CSUM_CRC, 0, 8, 0, 9));
	struct test_io *io = test_io_owned(test, td, REQ_OP_WRITE, 0, 8);
	struct page *pages = contiguous_pages(test);

	KUNIT_EXPECT_EQ(test, 0, bio_integrity_add_page(&io->bio, pages, 16, 0));
}

static struct kunit_case add_page_cases[] = {
	KUNIT_CASE_PARAM(add_page_merges_and_bounds, add_cases_gen_params),
	KUNIT_CASE(size_does_not_overflow),
	KUNIT_CASE(device_without_segments_takes_none),
	KUNIT_CASE(made_payload_takes_none),
	{ }
};

static struct kunit_suite add_page_suite = {
	.name		= "bio_integrity_add_page",
	.test_cases	= add_page_cases,
};

kunit_test_suite(add_page_suite);

MODULE_DESCRIPTION("KUnit tests of adding metadata to payloads");
MODULE_LICENSE("GPL");
