// SPDX-License-Identifier: GPL-2.0
/*
 * Edge cases of the walk: its end, the length of runs, contexts that use its
 * bounce pages, and the largest tuples of a profile.
 */

#include <linux/interrupt.h>
#include <linux/sizes.h>

#include "../blk.h"
#include "../blk-integrity-dev.h"
#include "../blk-integrity-walk.h"
#include "integrity_test.h"
#include "pi_reference.h"

#define REF_TAG		BLK_INTEGRITY_REF_TAG
#define MAX_TUPLE	BLK_INTEGRITY_MAX_TUPLE_BYTES

struct edge {
	struct blk_integrity bi;
	struct test_vecs *data;
	struct test_vecs *meta;
	struct blk_integrity_tuple_bounce bounce;
	struct blk_integrity_pieces pieces;
	struct blk_integrity_walk walk;
};

/* @data_bytes and @meta_bytes may differ from what @intervals need. */
static struct edge *edge_of(struct kunit *test, struct blk_integrity bi,
			    unsigned int intervals, unsigned int data_bytes,
			    unsigned int meta_bytes, enum test_cut cut)
{
	struct edge *edge = kunit_kzalloc(test, sizeof(*edge), GFP_KERNEL);
	struct rnd_state *rng = test_rng(test);

	KUNIT_ASSERT_NOT_NULL(test, edge);
	edge->bi = bi;
	edge->data = test_vecs_alloc(test, rng, data_bytes, cut);
	edge->meta = test_vecs_alloc(test, rng, meta_bytes, cut);
	test_vecs_write(edge->data, test_filled_buf(test, rng, data_bytes));
	test_vecs_write(edge->meta, test_filled_buf(test, rng, meta_bytes));
	edge->walk = (struct blk_integrity_walk) {
		.mode = BLK_INTEGRITY_WALK_WRITE,
		.geometry = &edge->bi,
		.tuple_bounce = &edge->bounce,
		.data_vec = edge->data->vecs,
		.data_iter.bi_size = data_bytes,
		.prot_vec = edge->meta->vecs,
		.prot_iter.bi_size = meta_bytes,
		.intervals = intervals,
	};
	return edge;
}

struct short_case {
	const char *desc;
	unsigned int intervals;
	unsigned int data_bytes;
	unsigned int meta_bytes;
	enum blk_integrity_walk_mode mode;
	unsigned int left;
};

#define READS	BLK_INTEGRITY_WALK_READ
#define WRITES	BLK_INTEGRITY_WALK_WRITE
#define TUPLES	BLK_INTEGRITY_WALK_TUPLE

static const struct short_case short_cases[] = {
	{ "nothing to do", 0, 512, 8, READS, 0 },
	{ "data for 3 of 5", 5, 3 * 512, 5 * 8, READS, 2 },
	{ "data a byte short", 5, 5 * 512 - 1, 5 * 8, WRITES, 1 },
	{ "data shorter than one", 2, 511, 2 * 8, WRITES, 2 },
	{ "metadata for 3 of 5", 5, 5 * 512, 3 * 8, WRITES, 2 },
	{ "metadata a byte short", 5, 5 * 512, 5 * 8 - 1, READS, 1 },
	{ "metadata shorter than one", 2, 2 * 512, 7, WRITES, 2 },
	{ "tuples for 3 of 5", 5, 1, 3 * 8, TUPLES, 2 },
	{ "tuples a byte short", 5, 1, 5 * 8 - 1, TUPLES, 1 },
	{ "more of both", 3, 5 * 512, 5 * 8, WRITES, 0 },
};

KUNIT_ARRAY_PARAM_DESC(short_cases, short_cases, desc);

static void shortage_ends_walk(struct kunit *test)
{
	const struct short_case *row = test->param_value;
	struct blk_integrity bi = test_geometry(BLK_INTEGRITY_CSUM_CRC, REF_TAG,
						8, 0, 9);

	for (int i = 0; i < 2 * TEST_NR_CUTS; i++) {
		enum test_cut cut = i / 2;
		struct edge *edge = edge_of(test, bi, row->intervals,
					    row->data_bytes, row->meta_bytes, cut);
		unsigned int done = 0;

		edge->walk.mode = row->mode;
		if (i % 2 && row->mode != TUPLES && !IS_ENABLED(CONFIG_HIGHMEM))
			edge->walk.pieces = &edge->pieces;
		while (blk_integrity_walk_next(&edge->walk))
			done += edge->walk.run_intervals;
		KUNIT_EXPECT_EQ_MSG(test, row->left, edge->walk.intervals,
				    "cut in %s", test_cut_names[cut]);
		KUNIT_EXPECT_EQ(test, row->intervals - row->left, done);
		KUNIT_EXPECT_EQ(test, 0, edge->walk.run_intervals);
		KUNIT_EXPECT_FALSE(test, blk_integrity_walk_next(&edge->walk));
	}
}

struct run_case {
	const char *desc;
	unsigned int exp;
	unsigned int tuple_size;
	unsigned int intervals;
	unsigned int runs;
};

/* Runs of 64 KiB in contiguous memory, and of at least an interval. */
static const struct run_case run_cases[] = {
	{ "256 KiB in 512", 9, 8, 512, 4 },
	{ "one interval more than 64 KiB", 9, 8, 129, 2 },
	{ "256 KiB in 4096", 12, 64, 64, 4 },
	{ "metadata of a page", 12, 4096, 32, 2 },
	{ "intervals of 64 KiB", 16, 8, 3, 3 },		/* D12 */
	{ "intervals of 128 KiB", 17, 8, 2, 2 },
};

KUNIT_ARRAY_PARAM_DESC(run_cases, run_cases, desc);

static void contiguous_memory_makes_long_runs(struct kunit *test)
{
	const struct run_case *row = test->param_value;
	struct blk_integrity bi = test_geometry(BLK_INTEGRITY_CSUM_CRC, REF_TAG,
						row->tuple_size, 0, row->exp);
	struct edge *edge = edge_of(test, bi, row->intervals,
				    row->intervals << row->exp,
				    row->intervals * row->tuple_size,
				    TEST_CUT_NONE);
	unsigned int runs = 0;

	/* And intervals of 64 KiB, which no device has, would not fit. */
	if (IS_ENABLED(CONFIG_HIGHMEM))
		kunit_skip(test, "pages are mapped one by one");
	while (blk_integrity_walk_next(&edge->walk)) {
		runs++;
		KUNIT_EXPECT_LE(test, edge->walk.xchg.data_size,
				max(SZ_64K, 1 << row->exp));
	}
	KUNIT_EXPECT_EQ(test, 0, edge->walk.intervals);
	KUNIT_EXPECT_EQ(test, row->runs, runs);
}

struct pieces_case {
	const char *desc;
	unsigned int exp;
	unsigned int intervals;
	enum test_cut cut;
	unsigned int pieces[4];	/* of each run, 0 after the last */
};

/* Runs of 64 intervals, 16 pieces or 64 KiB; the metadata is contiguous. */
static const struct pieces_case pieces_cases[] = {
	{ "one interval", 9, 1, TEST_CUT_PAGE, { 1 } },
	{ "pages of 512", 9, 130, TEST_CUT_PAGE, { 8, 8, 1 } },
	{ "pages of 4096", 12, 33, TEST_CUT_PAGE, { 16, 16, 1 } },
	{ "contiguous pages", 9, 130, TEST_CUT_NONE, { 1, 1 } },
	{ "contiguous pages of 4096", 12, 33, TEST_CUT_NONE, { 1, 1, 1 } },
};

KUNIT_ARRAY_PARAM_DESC(pieces_cases, pieces_cases, desc);

static void pages_make_runs_in_pieces(struct kunit *test)
{
	const struct pieces_case *row = test->param_value;
	struct blk_integrity bi = test_geometry(BLK_INTEGRITY_CSUM_CRC, REF_TAG,
						8, 0, row->exp);
	unsigned int data_bytes = row->intervals << row->exp;
	unsigned int meta_bytes = row->intervals * 8;
	struct edge *edge = edge_of(test, bi, row->intervals, data_bytes,
				    meta_bytes, row->cut);
	u8 *data = kunit_kzalloc(test, data_bytes, GFP_KERNEL);
	u8 *wanted = kunit_kzalloc(test, meta_bytes, GFP_KERNEL);
	u8 *found = kunit_kzalloc(test, meta_bytes, GFP_KERNEL);
	struct blk_integrity_walk *walk = &edge->walk;
	unsigned int runs = 0;

	if (IS_ENABLED(CONFIG_HIGHMEM) || PAGE_SIZE != SZ_4K)
		kunit_skip(test, "for pages of 4 KiB without mappings");
	KUNIT_ASSERT_TRUE(test, data && wanted && found);
	edge->meta = test_vecs_alloc(test, test_rng(test), meta_bytes,
				     TEST_CUT_NONE);
	walk->prot_vec = edge->meta->vecs;
	walk->pieces = &edge->pieces;
	walk->xchg.blank = true;
	while (blk_integrity_walk_next(walk)) {
		KUNIT_ASSERT_LT(test, runs, ARRAY_SIZE(row->pieces));
		KUNIT_EXPECT_EQ(test, row->pieces[runs],
				walk->xchg.pieces ? walk->pieces->nr : 1);
		edge->bi.profile->generate_fn(&walk->xchg);
		runs++;
	}
	KUNIT_EXPECT_EQ(test, 0, row->pieces[runs]);
	KUNIT_EXPECT_EQ(test, 0, walk->intervals);

	test_vecs_read(edge->data, data);
	test_vecs_read(edge->meta, found);
	pi_ref_generate(&bi, data, wanted, row->intervals, 0);
	KUNIT_EXPECT_MEMEQ(test, found, wanted, meta_bytes);
}

/* Stopping at a bounced run releases the bounce pages and enables softirqs. */
static void abandoned_walk_releases_bounce(struct kunit *test)
{
	struct blk_integrity bi = test_geometry(BLK_INTEGRITY_CSUM_CRC, REF_TAG,
						8, 0, 9);
	struct edge *edge = edge_of(test, bi, 4, 4 * 512, 4 * 8, TEST_CUT_BYTE);
	u8 before[32], after[32];

	edge->walk.mode = BLK_INTEGRITY_WALK_READ;
	test_vecs_read(edge->meta, before);
	KUNIT_ASSERT_TRUE(test, blk_integrity_walk_next(&edge->walk));
	KUNIT_EXPECT_TRUE(test, in_softirq());
	memset(edge->walk.xchg.prot_buf, 0, 8);
	blk_integrity_walk_end(&edge->walk);
	KUNIT_EXPECT_FALSE(test, in_softirq());
	KUNIT_EXPECT_EQ(test, 3, edge->walk.intervals);

	/* A second end does nothing, and a read writes nothing back. */
	blk_integrity_walk_end(&edge->walk);
	KUNIT_EXPECT_EQ(test, 3, edge->walk.intervals);
	test_vecs_read(edge->meta, after);
	KUNIT_EXPECT_MEMEQ(test, before, after, sizeof(before));
}

struct softirq_walk {
	struct tasklet_struct tasklet;
	struct edge *edge;
	bool ran;
};

static void generate(struct edge *edge)
{
	while (blk_integrity_walk_next(&edge->walk))
		edge->bi.profile->generate_fn(&edge->walk.xchg);
}

static void softirq_walk(struct tasklet_struct *tasklet)
{
	struct softirq_walk *sw = from_tasklet(sw, tasklet, tasklet);

	generate(sw->edge);
	sw->ran = true;
}

static void expect_generated(struct kunit *test, struct edge *edge)
{
	unsigned int intervals = edge->meta->bytes / edge->bi.tuple_size;
	u8 *data = test_guarded_buf(test, edge->data->bytes);
	u8 *meta = test_guarded_buf(test, edge->meta->bytes);
	struct blk_integrity_error err;

	test_vecs_read(edge->data, data);
	test_vecs_read(edge->meta, meta);
	KUNIT_EXPECT_EQ(test, 0, pi_ref_verify(&edge->bi, data, meta, intervals,
					       0, &err));
}

/* A softirq that walks waits until the task has released the bounce pages. */
static void softirq_does_not_take_a_tasks_bounce(struct kunit *test)
{
	struct blk_integrity bi = test_geometry(BLK_INTEGRITY_CSUM_CRC, REF_TAG,
						24, 8, 9);
	struct edge *edge = edge_of(test, bi, 8, 8 * 512, 8 * 24, TEST_CUT_RANDOM);
	struct softirq_walk sw = {
		.edge = edge_of(test, bi, 8, 8 * 512, 8 * 24, TEST_CUT_BYTE),
	};
	bool bounced = false;

	tasklet_setup(&sw.tasklet, softirq_walk);
	while (blk_integrity_walk_next(&edge->walk)) {
		if (in_softirq() && !bounced) {
			tasklet_schedule(&sw.tasklet);
			KUNIT_EXPECT_FALSE(test, READ_ONCE(sw.ran));
			bounced = true;
		}
		bi.profile->generate_fn(&edge->walk.xchg);
	}
	tasklet_kill(&sw.tasklet);
	KUNIT_EXPECT_TRUE(test, bounced);
	KUNIT_EXPECT_TRUE(test, sw.ran);
	expect_generated(test, edge);
	expect_generated(test, sw.edge);
}

/* A format with a number at the end of a large tuple. */
static void large_remap(struct blk_integrity_exchg *xchg, u64 to)
{
	u8 *p = xchg->prot_buf + xchg->bi->pi_offset;

	for (unsigned int i = 0; i < xchg->data_size >> 9; i++) {
		if (pi_ref_number(p + MAX_TUPLE - 8, 8) == xchg->interval + i)
			pi_ref_put_number(p + MAX_TUPLE - 8, 8, to + i);
		p += xchg->bi->tuple_size;
	}
}

static const struct blk_integrity_profile large_profile = {
	.name		= "large",
	.tuple_size	= MAX_TUPLE,
	.remap_fn	= large_remap,
};

/* In tuple mode, straddling tuples are bounced to the stack. */
static void largest_tuple_is_remapped(struct kunit *test)
{
	struct blk_integrity bi = {
		.profile = &large_profile,
		.tuple_size = MAX_TUPLE + 16,
		.pi_offset = 5,
		.interval_exp = 9,
	};
	unsigned int bytes = 10 * bi.tuple_size;

	for (int cut = 0; cut < TEST_NR_CUTS; cut++) {
		struct edge *edge = edge_of(test, bi, 10, 1, bytes, cut);
		u8 *meta = test_guarded_buf(test, bytes);
		u8 *found = test_guarded_buf(test, bytes);
		u64 to = 1ULL << 40;

		test_vecs_read(edge->meta, meta);
		for (int i = 0; i < 10; i++)
			pi_ref_put_number(meta + i * bi.tuple_size + 5 +
					  MAX_TUPLE - 8, 8, 77 + i);
		test_vecs_write(edge->meta, meta);

		edge->walk.mode = BLK_INTEGRITY_WALK_TUPLE;
		edge->walk.xchg.interval = 77;
		while (blk_integrity_walk_next(&edge->walk)) {
			bi.profile->remap_fn(&edge->walk.xchg, to);
			to += edge->walk.run_intervals;
		}
		for (int i = 0; i < 10; i++)
			pi_ref_put_number(meta + i * bi.tuple_size + 5 +
					  MAX_TUPLE - 8, 8, (1ULL << 40) + i);
		test_vecs_read(edge->meta, found);
		KUNIT_EXPECT_MEMEQ_MSG(test, meta, found, bytes, "cut in %s",
				       test_cut_names[cut]);
		KUNIT_EXPECT_TRUE(test, test_vecs_intact(edge->meta));
	}
}

static int walk_edge_init(struct kunit_suite *suite)
{
	return blk_integrity_walk_init_cpus();
}

static struct kunit_case walk_edge_cases[] = {
	KUNIT_CASE_PARAM(shortage_ends_walk, short_cases_gen_params),
	KUNIT_CASE_PARAM(contiguous_memory_makes_long_runs, run_cases_gen_params),
	KUNIT_CASE_PARAM(pages_make_runs_in_pieces, pieces_cases_gen_params),
	KUNIT_CASE(abandoned_walk_releases_bounce),
	KUNIT_CASE(softirq_does_not_take_a_tasks_bounce),
	KUNIT_CASE(largest_tuple_is_remapped),
	{ }
};

static struct kunit_suite walk_edge_suite = {
	.name		= "blk_integrity_walk_edge",
	.suite_init	= walk_edge_init,
	.test_cases	= walk_edge_cases,
};

kunit_test_suite(walk_edge_suite);

MODULE_DESCRIPTION("KUnit tests of the walk's edges");
MODULE_LICENSE("GPL");
