// SPDX-License-Identifier: GPL-2.0
/*
 * Reference tags between submitter and device: renumbered when a request is
 * issued and when it completes, in intervals, and only if they differ.
 */

#include <linux/blk-integrity.h>

#include "integrity_disk.h"
#include "pi_reference.h"

#define REF_TAG		BLK_INTEGRITY_REF_TAG
#define NR_BIOS		3
#define INTERVALS	7		/* of each bio */
#define FIRST		48		/* on the device */

/* Seeds of the bios. */
static const u64 seeds[NR_BIOS] = { 1000, 0xfffffffeULL, FIRST + 2 * INTERVALS };

struct remap {
	struct blk_integrity bi;
	struct test_disk *td;
	struct request *rq;
	struct test_io *ios[NR_BIOS];
	struct test_vecs *meta[NR_BIOS];
	u8 *buf[NR_BIOS];
	u8 *found;
	unsigned int meta_bytes;
};

/* A request of three bios.  All tags but one have the submitter's numbers. */
static struct remap *remap_of(struct kunit *test, struct blk_integrity bi,
			      blk_opf_t opf, enum test_cut cut)
{
	struct remap *re = kunit_kzalloc(test, sizeof(*re), GFP_KERNEL);
	unsigned int exp = bi.interval_exp;
	struct rnd_state *rng = test_rng(test);

	KUNIT_ASSERT_NOT_NULL(test, re);
	re->bi = bi;
	re->td = test_disk_of(test, bi);
	re->meta_bytes = INTERVALS * bi.tuple_size;
	re->found = test_guarded_buf(test, re->meta_bytes);
	re->rq = test_request_alloc(test, re->td, opf, FIRST << (exp - 9));
	for (int i = 0; i < NR_BIOS; i++) {
		u8 *data = test_filled_buf(test, rng, INTERVALS << exp);

		re->buf[i] = test_filled_buf(test, rng, re->meta_bytes);
		pi_ref_generate(&bi, data, re->buf[i], INTERVALS, seeds[i]);
		re->meta[i] = test_vecs_alloc(test, rng, re->meta_bytes, cut);
		re->ios[i] = test_io_alloc(test, re->td->bdev, rng, opf, 0,
					   INTERVALS << exp, TEST_CUT_DWORD);
		test_io_attach(test, re->ios[i], re->meta[i], seeds[i]);
		test_request_add(re->rq, re->ios[i]);
	}
	re->buf[1][3 * bi.tuple_size + bi.pi_offset +
		   pi_ref_tuple_bytes(&bi) - 1] ^= 0x81;
	for (int i = 0; i < NR_BIOS; i++)
		test_vecs_write(re->meta[i], re->buf[i]);
	return re;
}

static void expect_meta(struct kunit *test, struct remap *re, const char *when)
{
	for (int i = 0; i < NR_BIOS; i++) {
		test_vecs_read(re->meta[i], re->found);
		KUNIT_EXPECT_MEMEQ_MSG(test, re->found, re->buf[i],
				       re->meta_bytes, "%s, bio %d", when, i);
		KUNIT_EXPECT_TRUE(test, test_vecs_intact(re->meta[i]));
	}
}

static bool has_ref_tag(const struct remap *re)
{
	return re->bi.flags & REF_TAG;
}

/* A cut with as many vectors as a payload can have. */
static enum test_cut test_cut_of(const struct blk_integrity *bi)
{
	return INTERVALS * bi->tuple_size <= BIO_MAX_VECS ? TEST_CUT_BYTE :
							    TEST_CUT_RANDOM;
}

/* D27: in intervals, whatever their size. */
static void prepare_numbers_as_device(struct kunit *test)
{
	struct blk_integrity bi = test_geometry_of(test);
	struct remap *re = remap_of(test, bi, REQ_OP_WRITE, test_cut_of(&bi));

	blk_integrity_prepare(re->rq);
	for (int i = 0; i < NR_BIOS && has_ref_tag(re); i++)
		pi_ref_remap(&re->bi, re->buf[i], INTERVALS, seeds[i],
			     FIRST + i * INTERVALS);
	expect_meta(test, re, "issued");

	/* A requeued request is issued again. */
	blk_integrity_prepare(re->rq);
	expect_meta(test, re, "issued again");
}

static void complete_numbers_as_submitter(struct kunit *test)
{
	struct blk_integrity bi = test_geometry_of(test);
	struct remap *re = remap_of(test, bi, REQ_OP_READ, test_cut_of(&bi));
	u8 *device[NR_BIOS];

	for (int i = 0; i < NR_BIOS; i++) {
		device[i] = test_guarded_buf(test, re->meta_bytes);
		memcpy(device[i], re->buf[i], re->meta_bytes);
		if (has_ref_tag(re))
			pi_ref_remap(&re->bi, device[i], INTERVALS, seeds[i],
				     FIRST + i * INTERVALS);
		test_vecs_write(re->meta[i], device[i]);
	}
	blk_integrity_complete(re->rq, blk_rq_bytes(re->rq));
	expect_meta(test, re, "completed");
}

/* Only completed intervals are renumbered: a request may complete in pieces. */
static void partial_complete_numbers_what_came_in(struct kunit *test)
{
	struct remap *re = remap_of(test, test_geometry(BLK_INTEGRITY_CSUM_CRC,
							REF_TAG, 16, 8, 12),
				    REQ_OP_READ, TEST_CUT_RANDOM);

	for (int i = 0; i < NR_BIOS; i++)
		pi_ref_remap(&re->bi, re->buf[i], INTERVALS, seeds[i],
			     FIRST + i * INTERVALS);
	for (int i = 0; i < NR_BIOS; i++)
		test_vecs_write(re->meta[i], re->buf[i]);

	/* The first bio and two and a half intervals of the second. */
	blk_integrity_complete(re->rq, (INTERVALS + 2) * SZ_4K + SZ_2K);
	pi_ref_remap(&re->bi, re->buf[0], INTERVALS, FIRST, seeds[0]);
	pi_ref_remap(&re->bi, re->buf[1], 2, FIRST + INTERVALS, seeds[1]);
	expect_meta(test, re, "completed in part");
}

static unsigned int remap_calls;

static void counting_remap(struct blk_integrity_exchg *xchg, u64 to)
{
	remap_calls++;
}

static const struct blk_integrity_profile counting_profile = {
	.name		= "counting",
	.tuple_size	= 8,
	.remap_fn	= counting_remap,
};

/* D27: if the first numbers are equal, all are, so no tuple is read. */
static void identity_is_skipped(struct kunit *test)
{
	struct blk_integrity bi = {
		.profile = &counting_profile,
		.tuple_size = 8,
		.interval_exp = 12,
	};
	struct test_disk *td = test_disk_of(test, bi);
	struct request *rq = test_request_alloc(test, td, REQ_OP_WRITE, 80);

	for (int i = 0; i < 2; i++) {
		struct test_vecs *meta = test_vecs_alloc(test, test_rng(test), 16,
							 TEST_CUT_BYTE);
		struct test_io *io = test_io_alloc(test, td->bdev, test_rng(test),
						   REQ_OP_WRITE, 80 + 16 * i,
						   2 * SZ_4K, TEST_CUT_NONE);

		test_io_attach(test, io, meta, 10 + 2 * i);
		test_request_add(rq, io);
	}

	remap_calls = 0;
	blk_integrity_complete(rq, blk_rq_bytes(rq));
	KUNIT_EXPECT_EQ(test, 0, remap_calls);

	/*
	 * The same with a seed that is off by one: 4 tuples, each straddling.
	 */
	rq->__sector += 8;
	blk_integrity_complete(rq, blk_rq_bytes(rq));
	KUNIT_EXPECT_EQ(test, 4, remap_calls);
	rq->__sector -= 8;

	/* Numbers that are the device's are not looked at again. */
	remap_calls = 0;
	blk_integrity_prepare(rq);
	KUNIT_EXPECT_EQ(test, 0, remap_calls);
	rq->__sector += 8;
	blk_integrity_prepare(rq);
	KUNIT_EXPECT_EQ(test, 0, remap_calls);
}

struct tag_case {
	const char *desc;
	unsigned int interval_exp;
	sector_t sector;
	u64 full;
	u32 t10;
	u64 ext;
};

static const struct tag_case tag_cases[] = {
	{ "512", 9, 0x123456789abcdULL, 0x123456789abcdULL, 0x6789abcd,
	  0x23456789abcdULL },
	{ "4096", 12, 0x8 * 0x3fffffffffffULL, 0x3fffffffffffULL, 0xffffffff,
	  0x3fffffffffffULL },
	{ "4096 at 2^48", 12, 0x8ULL << 48, 1ULL << 48, 0, 0 },
};

KUNIT_ARRAY_PARAM_DESC(tag_cases, tag_cases, desc);

static void request_says_its_first_interval(struct kunit *test)
{
	const struct tag_case *row = test->param_value;
	struct blk_integrity bi = test_geometry(BLK_INTEGRITY_CSUM_CRC, REF_TAG, 8,
						0, row->interval_exp);
	struct test_disk *td = test_disk_of(test, bi);
	struct request *rq = test_request_alloc(test, td, REQ_OP_READ, row->sector);

	KUNIT_EXPECT_EQ(test, row->full, full_pi_ref_tag(rq));
	KUNIT_EXPECT_EQ(test, row->t10, t10_pi_ref_tag(rq));
	KUNIT_EXPECT_EQ(test, row->ext, ext_pi_ref_tag(rq));
}

/* For a device without metadata, drivers get the logical block. */
static void request_without_metadata_says_its_block(struct kunit *test)
{
	struct queue_limits lim = test_plain_limits();
	struct test_disk *td;
	struct request *rq;

	lim.logical_block_size = SZ_4K;
	td = test_disk_alloc(test, lim);
	rq = test_request_alloc(test, td, REQ_OP_READ, 88);
	KUNIT_EXPECT_EQ(test, 11, full_pi_ref_tag(rq));
	KUNIT_EXPECT_EQ(test, 11, t10_pi_ref_tag(rq));
}

static struct kunit_case remap_cases[] = {
	KUNIT_CASE_PARAM(prepare_numbers_as_device, test_geometry_gen_params),
	KUNIT_CASE_PARAM(complete_numbers_as_submitter, test_geometry_gen_params),
	KUNIT_CASE(partial_complete_numbers_what_came_in),
	KUNIT_CASE(identity_is_skipped),
	KUNIT_CASE_PARAM(request_says_its_first_interval, tag_cases_gen_params),
	KUNIT_CASE(request_without_metadata_says_its_block),
	{ }
};

static struct kunit_suite remap_suite = {
	.name		= "blk_integrity_remap",
	.test_cases	= remap_cases,
};

kunit_test_suite(remap_suite);

MODULE_DESCRIPTION("KUnit tests of renumbered reference tags");
MODULE_LICENSE("GPL");
