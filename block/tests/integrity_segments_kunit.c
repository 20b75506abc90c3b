// SPDX-License-Identifier: GPL-2.0
/*
 * Segments of the metadata of requests: their number and their content.
 */

#include <linux/blk-integrity.h>
#include <linux/math64.h>

#include "integrity_disk.h"

#define POOL_PAGES	16
#define MAX_PIECES	48

/* Contiguous memory, so that pieces can be joined. */
struct pool {
	struct page *pages;
	struct rnd_state *rng;
};

static void free_pool_pages(void *data)
{
	__free_pages(data, get_order(POOL_PAGES * PAGE_SIZE));
}

static struct pool pool_of(struct kunit *test)
{
	struct pool pool = {
		.pages = alloc_pages(GFP_KERNEL, get_order(POOL_PAGES * PAGE_SIZE)),
		.rng = test_rng(test),
	};

	KUNIT_ASSERT_NOT_NULL(test, pool.pages);
	KUNIT_ASSERT_EQ(test, 0, kunit_add_action_or_reset(test, free_pool_pages,
							   pool.pages));
	return pool;
}

/* A bio whose metadata is pieces of the pool, many of them adjacent. */
static struct test_io *io_of_pool(struct kunit *test, struct test_disk *td,
				  struct pool *pool, unsigned int nr_vecs)
{
	struct test_io *io = test_io_alloc(test, td->bdev, pool->rng, REQ_OP_WRITE,
					   0, SZ_4K, TEST_CUT_NONE);
	struct bio_integrity_payload *bip;
	unsigned int offset = 0;

	bip = bio_integrity_alloc(&io->bio, GFP_KERNEL, nr_vecs);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, bip);
	for (unsigned int i = 0; i < nr_vecs; i++) {
		unsigned int len = test_random(pool->rng, 1, 3 * PAGE_SIZE / 2);

		if (!test_random(pool->rng, 0, 3))
			offset = test_random(pool->rng, 0, PAGE_SIZE);
		if (offset + len > POOL_PAGES * PAGE_SIZE)
			offset = 0;
		bvec_set_page(&bip->bip_vec[i], pool->pages, len, offset);
		bip->bip_iter.bi_size += len;
		bip->bip_vcnt++;
		offset += len;
	}
	return io;
}

/*
 * The rule in its simplest form: join parts of pages as limits and addresses
 * allow.
 */
static unsigned int naive_segments(struct request *rq, unsigned int *lens)
{
	const struct queue_limits *lim = &rq->q->limits;
	u64 mask = lim->seg_boundary_mask;
	unsigned int nr = 0;
	u64 end = 0;

	for (struct bio *bio = rq->bio; bio; bio = bio->bi_next) {
		struct bio_integrity_payload *bip = bio_integrity(bio);
		struct bvec_iter iter;
		struct bio_vec bv;

		if (!bip)
			continue;
		bip_for_each_vec(bv, bip, iter) {
			u64 start = page_to_phys(bv.bv_page) + bv.bv_offset;
			u64 last = start + bv.bv_len - 1;

			/* KMSAN keeps what is not in one vector apart. */
			if (nr && start == end &&
			    (iter.bi_bvec_done || !IS_ENABLED(CONFIG_KMSAN)) &&
			    div64_u64(end - 1, mask + 1) ==
			    div64_u64(last, mask + 1) &&
			    lens[nr - 1] + bv.bv_len <= lim->max_segment_size)
				lens[nr - 1] += bv.bv_len;
			else
				lens[nr++] = bv.bv_len;
			end = last + 1;
		}
	}
	return nr;
}

struct limits_case {
	const char *desc;
	unsigned int max_segment_size;
	unsigned long seg_boundary_mask;
};

static const struct limits_case limits_cases[] = {
	{ "1 MiB segments", SZ_1M, BLK_SEG_BOUNDARY_MASK },
	{ "2 pages a segment", 2 * PAGE_SIZE, BLK_SEG_BOUNDARY_MASK },
	{ "3 pages a segment", 3 * PAGE_SIZE, BLK_SEG_BOUNDARY_MASK },
	{ "one page a segment", PAGE_SIZE, BLK_SEG_BOUNDARY_MASK },
	{ "boundary every page", SZ_1M, PAGE_SIZE - 1 },
	{ "boundary every 4 pages", SZ_1M, 4 * PAGE_SIZE - 1 },
};

KUNIT_ARRAY_PARAM_DESC(limits_cases, limits_cases, desc);

static struct test_disk *disk_with_limits(struct kunit *test)
{
	const struct limits_case *row = test->param_value;
	struct queue_limits lim =
		test_disk_limits(test_geometry(BLK_INTEGRITY_CSUM_CRC,
					       BLK_INTEGRITY_REF_TAG, 8, 0, 9));

	lim.max_segment_size = row->max_segment_size;
	lim.seg_boundary_mask = row->seg_boundary_mask;
	return test_disk_alloc(test, lim);
}

/* Compare the list with the payloads, byte by byte. */
static void expect_mapped(struct kunit *test, struct request *rq,
			  struct scatterlist *sgl, const unsigned int *lens,
			  unsigned int nr)
{
	struct scatterlist *sg = sgl;
	unsigned int i = 0, at = 0;

	for (struct bio *bio = rq->bio; bio; bio = bio->bi_next) {
		struct bio_integrity_payload *bip = bio_integrity(bio);
		struct bvec_iter iter;
		struct bio_vec bv;

		if (!bip)
			continue;
		bip_for_each_vec(bv, bip, iter) {
			KUNIT_ASSERT_NOT_NULL(test, sg);
			KUNIT_EXPECT_EQ(test, lens[i], sg->length);
			KUNIT_EXPECT_EQ(test, sg_phys(sg) + at,
					page_to_phys(bv.bv_page) + bv.bv_offset);
			at += bv.bv_len;
			KUNIT_ASSERT_LE(test, at, sg->length);
			if (at == sg->length) {
				at = 0;
				i++;
				sg = sg_next(sg);
			}
		}
	}
	KUNIT_EXPECT_EQ(test, nr, i);
	KUNIT_EXPECT_NULL(test, sg);
}

static void count_and_map_agree(struct kunit *test)
{
	struct test_disk *td = disk_with_limits(test);
	struct pool pool = pool_of(test);
	unsigned int *lens = kunit_kcalloc(test, 8 * MAX_PIECES, sizeof(*lens),
					   GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, lens);
	sg_init_table(td->sgl, TEST_DISK_MAX_SG);
	for (int round = 0; round < 30; round++) {
		struct request *rq = test_request_alloc(test, td, REQ_OP_WRITE, 0);
		unsigned int nr;

		for (int i = test_random(pool.rng, 1, 4); i > 0; i--)
			test_request_add(rq, io_of_pool(test, td, &pool,
							test_random(pool.rng, 1, 9)));
		nr = naive_segments(rq, lens);
		KUNIT_EXPECT_EQ_MSG(test, nr, blk_rq_count_integrity_sg(rq->q, rq->bio),
				    "round %d", round);
		/* The list is reused, with the end mark of the previous use. */
		KUNIT_ASSERT_EQ_MSG(test, nr, blk_rq_map_integrity_sg(rq, td->sgl),
				    "round %d", round);
		expect_mapped(test, rq, td->sgl, lens, nr);
	}
}

/* D22: passthrough requests can have bios without metadata. */
static void bio_without_payload_counts_nothing(struct kunit *test)
{
	struct test_disk *td =
		test_disk_of(test, test_geometry(BLK_INTEGRITY_CSUM_NONE, 0, 64, 0,
						 9));
	struct request *rq = test_request_alloc(test, td, REQ_OP_DRV_OUT, 0);
	struct pool pool = pool_of(test);
	unsigned int lens[16];

	for (int i = 0; i < 5; i++) {
		struct test_io *io;

		if (i % 2)
			io = io_of_pool(test, td, &pool, 3);
		else
			io = test_io_alloc(test, td->bdev, pool.rng, REQ_OP_WRITE,
					   0, SZ_4K, TEST_CUT_NONE);
		test_request_add(rq, io);
	}
	sg_init_table(td->sgl, TEST_DISK_MAX_SG);
	KUNIT_EXPECT_EQ(test, naive_segments(rq, lens),
			blk_rq_count_integrity_sg(rq->q, rq->bio));
	KUNIT_EXPECT_EQ(test, rq->nr_integrity_segments,
			blk_rq_map_integrity_sg(rq, td->sgl));
	KUNIT_EXPECT_EQ(test, 0, rq_integrity_vec(rq).bv_len);
}

/* D24: a wrong count fails the request, and no entry beyond it is written. */
static void wrong_count_maps_nothing(struct kunit *test)
{
	struct test_disk *td =
		test_disk_of(test, test_geometry(BLK_INTEGRITY_CSUM_CRC, 0, 8, 0, 9));
	struct request *rq = test_request_alloc(test, td, REQ_OP_WRITE, 0);
	struct test_vecs *meta = test_vecs_alloc(test, test_rng(test), 64,
						 TEST_CUT_BYTE);
	struct test_io *io = test_io_alloc(test, td->bdev, test_rng(test),
					   REQ_OP_WRITE, 0, SZ_4K, TEST_CUT_NONE);

	test_io_attach(test, io, meta, 0);
	test_request_add(rq, io);
	KUNIT_ASSERT_EQ(test, 64, rq->nr_integrity_segments);
	rq->nr_integrity_segments = 3;
	sg_init_table(td->sgl, TEST_DISK_MAX_SG);
	kunit_info(test, "a warning is expected now\n");
	KUNIT_EXPECT_EQ(test, 0, blk_rq_map_integrity_sg(rq, td->sgl));
	KUNIT_EXPECT_EQ(test, 0, td->sgl[3].length);
}

static void vector_of_request_is_where_it_stands(struct kunit *test)
{
	struct test_disk *td =
		test_disk_of(test, test_geometry(BLK_INTEGRITY_CSUM_CRC, 0, 8, 0, 9));
	struct request *rq = test_request_alloc(test, td, REQ_OP_WRITE, 0);
	struct test_vecs *meta = test_vecs_alloc(test, test_rng(test), 64,
						 TEST_CUT_NONE);
	struct test_io *io = test_io_alloc(test, td->bdev, test_rng(test),
					   REQ_OP_WRITE, 0, SZ_4K, TEST_CUT_NONE);

	test_io_attach(test, io, meta, 0);
	bio_advance(&io->bio, 1024);
	test_request_add(rq, io);
	KUNIT_EXPECT_EQ(test, 48, rq_integrity_vec(rq).bv_len);
	KUNIT_EXPECT_PTR_EQ(test, bvec_virt(&meta->vecs[0]) + 16,
			    page_address(rq_integrity_vec(rq).bv_page) +
			    rq_integrity_vec(rq).bv_offset);
}

/*
 * All metadata is one segment, in more pages than the page allocator has when
 * memory is in pieces: then the I/O is split.
 */
static void one_segment_takes_many_pages(struct kunit *test)
{
	struct blk_integrity bi = test_geometry(BLK_INTEGRITY_CSUM_CRC,
						BLK_INTEGRITY_REF_TAG, 2048, 0, 9);
	struct queue_limits lim = test_disk_limits(bi);
	struct test_disk *td;

	lim.max_integrity_segments = 1;
	lim.max_segment_size = SZ_4M;
	td = test_disk_alloc(test, lim);
	KUNIT_EXPECT_EQ(test, 0, test_io_run(test,
			test_io_filled(test, td, REQ_OP_WRITE, 0,
				       TEST_DISK_SECTORS)));
	KUNIT_EXPECT_EQ(test, 1, td->mapped_segments);
	KUNIT_EXPECT_TRUE(test, test_disk_is_consistent(test, td, 0,
							TEST_DISK_SECTORS));
}

/* Small buffers are wherever in a page the slab allocator places them. */
static void one_segment_ends_at_its_boundary(struct kunit *test)
{
	struct blk_integrity bi = test_geometry(BLK_INTEGRITY_CSUM_CRC,
						BLK_INTEGRITY_REF_TAG, 8, 0, 9);
	struct queue_limits lim = test_disk_limits(bi);
	struct test_io *ios[TEST_DISK_SECTORS / 128];
	struct test_disk *td;

	lim.max_integrity_segments = 1;
	lim.seg_boundary_mask = PAGE_SIZE - 1;
	td = test_disk_alloc(test, lim);
	for (int round = 0; round < 4; round++) {
		td->hold = true;
		for (int i = 0; i < ARRAY_SIZE(ios); i++) {
			ios[i] = test_io_filled(test, td,
						REQ_OP_WRITE | REQ_NOMERGE,
						i * 128, 128);
			test_io_submit(ios[i]);
		}
		test_disk_release(td);
		for (int i = 0; i < ARRAY_SIZE(ios); i++)
			KUNIT_EXPECT_EQ(test, 0, test_io_wait(test, ios[i]));
		KUNIT_EXPECT_TRUE_MSG(test,
				      test_disk_is_consistent(test, td, 0,
							      TEST_DISK_SECTORS),
				      "round %d", round);
	}
}

static struct kunit_case segments_cases[] = {
	KUNIT_CASE_PARAM(count_and_map_agree, limits_cases_gen_params),
	KUNIT_CASE(bio_without_payload_counts_nothing),
	KUNIT_CASE(wrong_count_maps_nothing),
	KUNIT_CASE(one_segment_takes_many_pages),
	KUNIT_CASE(one_segment_ends_at_its_boundary),
	KUNIT_CASE(vector_of_request_is_where_it_stands),
	{ }
};

static struct kunit_suite segments_suite = {
	.name		= "blk_integrity_segments",
	.test_cases	= segments_cases,
};

kunit_test_suite(segments_suite);

MODULE_DESCRIPTION("KUnit tests of metadata segments");
MODULE_LICENSE("GPL");
