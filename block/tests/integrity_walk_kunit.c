// SPDX-License-Identifier: GPL-2.0
/*
 * The walk: for any cuts of data and metadata, the result equals that of the
 * reference over contiguous memory, and no other byte changes.
 */

#include <linux/sizes.h>

#include "../blk.h"
#include "../blk-integrity-dev.h"
#include "../blk-integrity-walk.h"
#include "integrity_test.h"
#include "pi_reference.h"

#define REF_TAG		BLK_INTEGRITY_REF_TAG
#define FIRST		0xfffffffaULL
#define MAX_EXTRA	700

/*
 * Data and metadata, contiguous for the reference and cut for the walk.  The
 * walk begins inside of the vectors and ends before they do.
 */
struct field {
	struct blk_integrity bi;
	struct rnd_state *rng;
	unsigned int intervals;
	unsigned int data_front, meta_front;
	unsigned int data_bytes, meta_bytes;
	struct test_vecs *data_vecs, *meta_vecs;
	struct blk_integrity_tuple_bounce bounce;
	struct blk_integrity_pieces pieces;
	bool takes_pieces;
	u8 *data;
	u8 *meta;			/* expected result */
	u8 *found;			/* actual result */
};

static struct field *field_alloc(struct kunit *test, struct blk_integrity bi,
				 unsigned int intervals)
{
	struct field *field = kunit_kzalloc(test, sizeof(*field), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, field);
	field->rng = test_rng(test);
	field->bi = bi;
	field->intervals = intervals;
	field->data_front = test_random(field->rng, 0, MAX_EXTRA);
	field->meta_front = test_random(field->rng, 0, MAX_EXTRA);
	field->data_bytes = intervals << bi.interval_exp;
	field->meta_bytes = intervals * bi.tuple_size;
	field->data = test_guarded_buf(test, field->data_bytes + 2 * MAX_EXTRA);
	field->meta = test_guarded_buf(test, field->meta_bytes + 2 * MAX_EXTRA);
	field->found = test_guarded_buf(test, field->meta_bytes + 2 * MAX_EXTRA);
	return field;
}

static void field_cut(struct kunit *test, struct field *field,
		      enum test_cut data_cut, enum test_cut meta_cut)
{
	unsigned int data_all = field->data_bytes + 2 * MAX_EXTRA;
	unsigned int meta_all = field->meta_bytes + 2 * MAX_EXTRA;

	test_fill(field->rng, field->data, data_all);
	test_fill(field->rng, field->meta, meta_all);
	test_vecs_release(test, field->data_vecs);
	test_vecs_release(test, field->meta_vecs);
	field->data_vecs = test_vecs_alloc(test, field->rng, data_all, data_cut);
	field->meta_vecs = test_vecs_alloc(test, field->rng, meta_all, meta_cut);
	test_vecs_write(field->data_vecs, field->data);
	test_vecs_write(field->meta_vecs, field->meta);
}

static struct bvec_iter iter_of(struct test_vecs *tv, unsigned int front,
				unsigned int bytes)
{
	struct bvec_iter iter = { .bi_size = tv->bytes };

	bvec_iter_advance(tv->vecs, &iter, front);
	iter.bi_size = bytes;
	return iter;
}

static struct blk_integrity_walk walk_of(struct field *field,
					 enum blk_integrity_walk_mode mode)
{
	struct blk_integrity_walk walk = {
		.mode = mode,
		.geometry = &field->bi,
		.tuple_bounce = &field->bounce,
		.prot_vec = field->meta_vecs->vecs,
		.prot_iter = iter_of(field->meta_vecs, field->meta_front,
				     field->meta_bytes),
		.intervals = field->intervals,
		.xchg.interval = FIRST,
		.xchg.checks = TEST_CHECKS,
	};

	if (mode == BLK_INTEGRITY_WALK_TUPLE)
		return walk;
	walk.pieces = field->takes_pieces ? &field->pieces : NULL;
	walk.data_vec = field->data_vecs->vecs;
	walk.data_iter = iter_of(field->data_vecs, field->data_front,
				 field->data_bytes);
	return walk;
}

static void generate(struct field *field)
{
	struct blk_integrity_walk walk = walk_of(field, BLK_INTEGRITY_WALK_WRITE);

	while (blk_integrity_walk_next(&walk))
		field->bi.profile->generate_fn(&walk.xchg);
	pi_ref_generate(&field->bi, field->data + field->data_front,
			field->meta + field->meta_front, field->intervals, FIRST);
}

static void verify(struct field *field, struct blk_integrity_error *err)
{
	struct blk_integrity_walk walk = walk_of(field, BLK_INTEGRITY_WALK_READ);

	memset(err, 0, sizeof(*err));
	walk.xchg.err = err;
	while (blk_integrity_walk_next(&walk))
		field->bi.profile->verify_fn(&walk.xchg);
}

/* Only the metadata that was walked over may change. */
static void expect_field(struct kunit *test, struct field *field,
			 enum test_cut data_cut, enum test_cut meta_cut)
{
	const char *d = test_cut_names[data_cut], *m = test_cut_names[meta_cut];

	test_vecs_read(field->meta_vecs, field->found);
	KUNIT_EXPECT_MEMEQ_MSG(test, field->found, field->meta,
			       field->meta_vecs->bytes,
			       "data in %s, metadata in %s, %u intervals", d, m,
			       field->intervals);
	KUNIT_EXPECT_TRUE_MSG(test, test_vecs_intact(field->meta_vecs),
			      "data in %s, metadata in %s", d, m);
	KUNIT_EXPECT_TRUE_MSG(test, test_vecs_intact(field->data_vecs),
			      "data in %s, metadata in %s", d, m);
}

/* Enough to straddle pages, and few enough to be cut into bytes. */
static unsigned int some_intervals(struct kunit *test, struct blk_integrity bi)
{
	unsigned int most = min(bi.interval_exp == 9 ? 19 : 5,
				SZ_16K / bi.tuple_size);

	return test_random(test_rng(test), 1 + most / 2, most);
}

/* In every other case with data in pieces, where callbacks can take that. */
static void with_every_cut(struct kunit *test,
			   void (*fn)(struct kunit *test, struct field *field))
{
	struct blk_integrity bi = test_geometry_of(test);
	struct field *field = field_alloc(test, bi, some_intervals(test, bi));

	for (int data_cut = 0; data_cut < TEST_NR_CUTS; data_cut++) {
		for (int meta_cut = 0; meta_cut < TEST_NR_CUTS; meta_cut++) {
			field->takes_pieces = !IS_ENABLED(CONFIG_HIGHMEM) &&
					      (data_cut + meta_cut) % 2;
			field_cut(test, field, data_cut, meta_cut);
			fn(test, field);
			expect_field(test, field, data_cut, meta_cut);
		}
	}
}

static void generate_step(struct kunit *test, struct field *field)
{
	generate(field);
}

/* D1, D4, E2: intervals and tuples that straddle vectors. */
static void generate_matches_reference(struct kunit *test)
{
	with_every_cut(test, generate_step);
}

static void verify_step(struct kunit *test, struct field *field)
{
	struct blk_integrity_error err, wanted;
	unsigned int byte;

	generate(field);
	test_vecs_write(field->meta_vecs, field->meta);
	verify(field, &err);
	KUNIT_EXPECT_NULL(test, memchr_inv(&err, 0, sizeof(err)));

	byte = field->data_front + test_random(field->rng, 0,
					       field->data_bytes - 1);
	field->data[byte] ^= 0x20;
	test_vecs_write(field->data_vecs, field->data);
	KUNIT_EXPECT_EQ(test, 1,
			pi_ref_verify(&field->bi,
				      field->data + field->data_front,
				      field->meta + field->meta_front,
				      field->intervals, FIRST, &wanted));
	verify(field, &err);
	KUNIT_EXPECT_MEMEQ_MSG(test, &err, &wanted, sizeof(err),
			       "data byte %u", byte);
}

/* Some intervals have tuples of all ones, which nothing is checked of. */
static void escape_some(struct field *field)
{
	u8 *pi = field->meta + field->meta_front + field->bi.pi_offset;

	for (unsigned int i = 0; i < field->intervals; i++) {
		if (!test_random(field->rng, 0, 3))
			memset(pi, 0xff, pi_ref_tuple_bytes(&field->bi));
		pi += field->bi.tuple_size;
	}
}

static void flip_in_tuple(struct kunit *test, struct field *field,
			  unsigned int interval, unsigned int byte)
{
	u8 *p = field->meta + field->meta_front + field->bi.pi_offset +
		interval * field->bi.tuple_size + byte;
	u8 bit = 1 << test_random(field->rng, 0, 7);
	struct blk_integrity_error err, wanted;

	*p ^= bit;
	test_vecs_write(field->meta_vecs, field->meta);
	pi_ref_verify(&field->bi, field->data + field->data_front,
		      field->meta + field->meta_front, field->intervals, FIRST,
		      &wanted);
	verify(field, &err);
	KUNIT_EXPECT_MEMEQ_MSG(test, &err, &wanted, sizeof(err),
			       "interval %u of %u, byte %u", interval,
			       field->intervals, byte);
	*p ^= bit;
	test_vecs_write(field->meta_vecs, field->meta);
}

static void flip_step(struct kunit *test, struct field *field)
{
	unsigned int bytes = pi_ref_tuple_bytes(&field->bi);

	generate(field);
	escape_some(field);
	for (unsigned int byte = 0; byte < bytes; byte++) {
		flip_in_tuple(test, field, 0, byte);
		flip_in_tuple(test, field, field->intervals / 2, byte);
		flip_in_tuple(test, field, field->intervals - 1, byte);
	}
}

static void verify_finds_flipped_tuples_among_escapes(struct kunit *test)
{
	with_every_cut(test, flip_step);
}

static void verify_finds_flipped_bit(struct kunit *test)
{
	with_every_cut(test, verify_step);
}

/* D4: with interrupts off, as at dispatch and completion. */
static void remap_step(struct kunit *test, struct field *field)
{
	struct blk_integrity_walk walk = walk_of(field, BLK_INTEGRITY_WALK_TUPLE);
	const u64 to = 0x1fffffffffffdULL;
	u8 *meta = field->meta + field->meta_front;
	unsigned long flags;
	u64 next = to;

	if (!field->bi.profile->remap_fn)
		return;
	pi_ref_generate(&field->bi, field->data, meta, field->intervals, FIRST);
	test_vecs_write(field->meta_vecs, field->meta);

	local_irq_save(flags);
	while (blk_integrity_walk_next(&walk)) {
		KUNIT_EXPECT_NULL(test, walk.xchg.data_buf);
		field->bi.profile->remap_fn(&walk.xchg, next);
		next += walk.run_intervals;
	}
	local_irq_restore(flags);
	pi_ref_remap(&field->bi, meta, field->intervals, FIRST, to);
}

static void remap_matches_reference(struct kunit *test)
{
	with_every_cut(test, remap_step);
}

static void expect_data(struct kunit *test,
			const struct blk_integrity_exchg *xchg, const u8 *data)
{
	const struct blk_integrity_pieces *pieces = xchg->pieces;
	unsigned int bytes = 0;

	if (!pieces) {
		KUNIT_EXPECT_MEMEQ(test, xchg->data_buf, data, xchg->data_size);
		return;
	}
	KUNIT_EXPECT_LE(test, pieces->nr, BLK_INTEGRITY_MAX_PIECES);
	for (unsigned int i = 0; i < pieces->nr; i++) {
		unsigned int len = pieces->piece[i].intervals <<
				   xchg->bi->interval_exp;

		KUNIT_EXPECT_MEMEQ(test, pieces->piece[i].data, data + bytes,
				   len);
		bytes += len;
	}
	KUNIT_EXPECT_EQ(test, bytes, xchg->data_size);
}

/* Walk over all cuts and check each run, whatever its content. */
static void runs_step(struct kunit *test, struct field *field)
{
	struct blk_integrity_walk walk = walk_of(field, BLK_INTEGRITY_WALK_READ);
	unsigned int done = 0;

	while (blk_integrity_walk_next(&walk)) {
		struct blk_integrity_exchg *xchg = &walk.xchg;
		const u8 *data = field->data + field->data_front +
				 (done << field->bi.interval_exp);
		const u8 *meta = field->meta + field->meta_front +
				 done * field->bi.tuple_size;

		KUNIT_ASSERT_GT(test, walk.run_intervals, 0);
		KUNIT_EXPECT_EQ(test, FIRST + done, xchg->interval);
		KUNIT_EXPECT_EQ(test, xchg->data_size,
				walk.run_intervals << field->bi.interval_exp);
		KUNIT_EXPECT_EQ(test, walk.intervals, field->intervals - done);
		KUNIT_EXPECT_TRUE(test, blk_integrity_geometry_equal(xchg->bi,
								     &field->bi));
		expect_data(test, xchg, data);
		KUNIT_EXPECT_MEMEQ(test, xchg->prot_buf, meta,
				   walk.run_intervals * xchg->bi->tuple_size);
		done += walk.run_intervals;
		/* The iterators are valid only if the last run is finished here. */
		if (done == field->intervals)
			blk_integrity_walk_end(&walk);
	}
	KUNIT_EXPECT_EQ(test, done, field->intervals);
	KUNIT_EXPECT_EQ(test, walk.intervals, 0);
	KUNIT_EXPECT_EQ(test, walk.prot_iter.bi_size, 0);
	KUNIT_EXPECT_EQ(test, walk.data_iter.bi_size, 0);
}

static void runs_are_whole_intervals_in_order(struct kunit *test)
{
	with_every_cut(test, runs_step);
}

static int walk_init(struct kunit_suite *suite)
{
	return blk_integrity_walk_init_cpus();
}

static struct kunit_case walk_cases[] = {
	KUNIT_CASE_PARAM(generate_matches_reference, test_geometry_gen_params),
	KUNIT_CASE_PARAM(verify_finds_flipped_bit, test_geometry_gen_params),
	KUNIT_CASE_PARAM(verify_finds_flipped_tuples_among_escapes,
			 test_geometry_gen_params),
	KUNIT_CASE_PARAM(remap_matches_reference, test_geometry_gen_params),
	KUNIT_CASE_PARAM(runs_are_whole_intervals_in_order,
			 test_geometry_gen_params),
	{ }
};

static struct kunit_suite walk_suite = {
	.name		= "blk_integrity_walk",
	.suite_init	= walk_init,
	.test_cases	= walk_cases,
};

kunit_test_suite(walk_suite);

MODULE_DESCRIPTION("KUnit tests of the walk over data and metadata");
MODULE_LICENSE("GPL");
