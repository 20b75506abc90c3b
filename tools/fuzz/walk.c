// SPDX-License-Identifier: GPL-2.0
/*
 * Fuzz target: the walk over vectors that are cut anywhere, and the formats,
 * against the slow reference over contiguous memory.
 */

#include "blk-integrity-dev.h"
#include "blk-integrity-walk.h"
#include "fuzz.h"
#include "pi-guard.h"
#include "tests/pi_reference.h"

#define MAX_BYTES	SZ_64K
#define APP_ESCAPE	0xffff

/**
 * struct side - data or metadata of an extent
 * @flat: what the vectors must have, before and after the extent too
 * @at: where the extent begins in it
 * @bytes: of @flat
 * @vecs: the vectors
 */
struct side {
	u8 *flat;
	u8 *at;
	unsigned int bytes;
	struct fuzz_vecs vecs;
};

/**
 * struct extent - what is walked
 * @geometry: of its metadata
 * @first: number of its first interval
 * @wanted: intervals that the walk is asked for
 * @intervals: intervals that data and metadata are enough for
 * @data: the data
 * @meta: the metadata
 */
struct extent {
	struct blk_integrity geometry;
	u64 first;
	unsigned int wanted;
	unsigned int intervals;
	struct side data;
	struct side meta;
};

static unsigned int side_take(struct side *side, struct fuzz_input *in,
			      unsigned int unit, unsigned int max_units)
{
	unsigned int units = fuzz_below(in, max_units + 1);
	unsigned int front = fuzz_below(in, unit + 1);
	unsigned int rest = fuzz_below(in, unit);

	side->bytes = front + units * unit + rest;
	side->flat = malloc(side->bytes);
	side->at = side->flat + front;
	fuzz_fill(in, side->flat, side->bytes);
	return units;
}

static void side_cut(struct side *side, struct fuzz_input *in)
{
	unsigned int front = side->at - side->flat;

	fuzz_vecs_make(&side->vecs, in, side->flat, side->bytes, front,
		       side->bytes - front);
}

static void side_free(struct side *side)
{
	require(fuzz_vecs_equal(&side->vecs, side->flat));
	fuzz_vecs_free(&side->vecs);
	free(side->flat);
}

static void extent_take(struct extent *e, struct fuzz_input *in)
{
	unsigned int interval_bytes, max;

	fuzz_geometry(in, &e->geometry);
	interval_bytes = 1 << e->geometry.interval_exp;
	max = MAX_BYTES / max_t(unsigned int, interval_bytes, e->geometry.tuple_size) + 4;
	e->first = fuzz_number(in);
	e->wanted = fuzz_below(in, max + 1);
	e->intervals = min3(e->wanted,
			    side_take(&e->data, in, interval_bytes, max),
			    side_take(&e->meta, in, e->geometry.tuple_size, max));
}

static bool has_data(enum blk_integrity_walk_mode mode)
{
	return mode == BLK_INTEGRITY_WALK_READ || mode == BLK_INTEGRITY_WALK_WRITE;
}

static void walk_start(struct blk_integrity_walk *walk, const struct extent *e,
		       enum blk_integrity_walk_mode mode)
{
	*walk = (struct blk_integrity_walk) {
		.mode = mode,
		.geometry = &e->geometry,
		.data_vec = e->data.vecs.vec,
		.data_iter = e->data.vecs.iter,
		.prot_vec = e->meta.vecs.vec,
		.prot_iter = e->meta.vecs.iter,
		.intervals = e->wanted,
		.xchg.interval = e->first,
	};
	if (!has_data(mode))
		walk->intervals = e->intervals; /* whatever data there is */
}

static void walk_finish(const struct blk_integrity_walk *walk,
			const struct extent *e)
{
	require(walk->intervals ==
		(has_data(walk->mode) ? e->wanted - e->intervals : 0));
	require(!walk->run_intervals);
	require(!preempt_count());
}

static void test_generate(struct extent *e, bool blank)
{
	const struct blk_integrity *bi = &e->geometry;
	struct blk_integrity_walk walk;

	walk_start(&walk, e, BLK_INTEGRITY_WALK_WRITE);
	walk.xchg.blank = blank;
	while (blk_integrity_walk_next(&walk))
		e->geometry.profile->generate_fn(&walk.xchg);
	walk_finish(&walk, e);
	for (unsigned int i = 0; blank && i < e->intervals; i++)
		memset(e->meta.at + i * bi->tuple_size + bi->pi_offset, 0,
		       pi_ref_tuple_bytes(bi));
	pi_ref_generate(bi, e->data.at, e->meta.at, e->intervals, e->first);
}

static void test_remap(struct extent *e, u64 to)
{
	struct blk_integrity_tuple_bounce bounce;
	struct blk_integrity_walk walk;
	u64 offset = to - e->first;

	walk_start(&walk, e, BLK_INTEGRITY_WALK_TUPLE);
	walk.tuple_bounce = &bounce;
	while (blk_integrity_walk_next(&walk))
		e->geometry.profile->remap_fn(&walk.xchg, walk.xchg.interval + offset);
	walk_finish(&walk, e);
	pi_ref_remap(&e->geometry, e->meta.at, e->intervals, e->first, to);
}

/* Change tuples that are right, some to escapes, and data. */
static void corrupt(struct extent *e, struct fuzz_input *in)
{
	const struct blk_integrity *bi = &e->geometry;
	unsigned int guard_bytes = pi_ref_guard_bytes(bi);

	pi_ref_generate(bi, e->data.at, e->meta.at, e->intervals, e->first);
	for (unsigned int n = fuzz_below(in, 8); e->intervals && n; n--) {
		unsigned int i = fuzz_below(in, e->intervals);
		unsigned int kind = fuzz_below(in, 4);
		u8 *tuple = e->meta.at + i * bi->tuple_size + bi->pi_offset;
		u8 byte = fuzz_take(in, 1);

		if (kind == 0)
			e->data.at[(i << bi->interval_exp) + byte] ^= 1;
		else if (kind == 1)
			tuple[byte % pi_ref_tuple_bytes(bi)] ^= fuzz_take(in, 1);
		else
			memset(tuple + guard_bytes, 0xff, kind == 2 ? 2 :
			       pi_ref_tuple_bytes(bi) - guard_bytes);
	}
}

/**
 * struct wrong_tag - the first tag of an interval that is not as expected
 * @is_wrong: there is one
 * @tag: which
 * @expected: its value
 * @found: instead
 */
struct wrong_tag {
	bool is_wrong;
	enum blk_integrity_tag tag;
	u64 expected;
	u64 found;
};

static void add_error(const struct extent *e, struct blk_integrity_error *err,
		      unsigned int i, const struct wrong_tag *wrong)
{
	bool is_first = !err->intervals[BLK_INTEGRITY_TAG_GUARD] &&
			!err->intervals[BLK_INTEGRITY_TAG_APP] &&
			!err->intervals[BLK_INTEGRITY_TAG_REF];

	err->intervals[wrong->tag]++;
	if (!is_first)
		return;
	err->tag = wrong->tag;
	err->interval = e->first + i;
	err->sector = err->interval << (e->geometry.interval_exp - SECTOR_SHIFT);
	err->expected = wrong->expected;
	err->found = wrong->found;
}

/* The errors of all intervals, by comparison with what the reference generates. */
static void expect_errors(const struct extent *e, const struct blk_integrity_exchg *asked,
			  struct blk_integrity_error *err, unsigned int *escaped)
{
	const struct blk_integrity *bi = &e->geometry;
	unsigned int guard_bytes = pi_ref_guard_bytes(bi);
	unsigned int ref_bytes = pi_ref_tuple_bytes(bi) - guard_bytes - 2;
	bool has_ref = bi->flags & BLK_INTEGRITY_REF_TAG;
	u16 mask = asked->checks & BIP_CHECK_APPTAG ? asked->app_mask : 0;
	u8 *good = malloc(e->intervals * bi->tuple_size);

	memcpy(good, e->meta.at, e->intervals * bi->tuple_size);
	pi_ref_generate(bi, e->data.at, good, e->intervals, e->first);
	for (unsigned int i = 0; i < e->intervals; i++) {
		unsigned int at = i * bi->tuple_size + bi->pi_offset;
		u64 guard = pi_ref_number(e->meta.at + at, guard_bytes);
		u64 app = pi_ref_number(e->meta.at + at + guard_bytes, 2);
		u64 ref = pi_ref_number(e->meta.at + at + guard_bytes + 2, ref_bytes);
		u64 good_guard = pi_ref_number(good + at, guard_bytes);
		u64 good_ref = pi_ref_number(good + at + guard_bytes + 2, ref_bytes);

		bool is_escape = app == APP_ESCAPE &&
				 (has_ref || ref == ~0ULL >> (64 - 8 * ref_bytes));
		struct wrong_tag wrong = {};

		if (asked->checks & BIP_CHECK_GUARD && guard != good_guard)
			wrong = (struct wrong_tag) { true, BLK_INTEGRITY_TAG_GUARD, good_guard, guard };
		else if ((app & mask) != (asked->app_tag & mask))
			wrong = (struct wrong_tag) { true, BLK_INTEGRITY_TAG_APP,
						     asked->app_tag & mask, app & mask };
		else if (has_ref && asked->checks & BIP_CHECK_REFTAG && ref != good_ref)
			wrong = (struct wrong_tag) { true, BLK_INTEGRITY_TAG_REF, good_ref, ref };

		/* With a reference tag, one that is as expected was checked. */
		if (is_escape && (wrong.is_wrong || !has_ref))
			++*escaped;
		else if (wrong.is_wrong)
			add_error(e, err, i, &wrong);
	}
	free(good);
}

static void test_verify(struct extent *e, struct fuzz_input *in)
{
	struct blk_integrity_error err = {}, expected = {};
	struct blk_integrity_walk walk;
	unsigned int escaped = 0;

	walk_start(&walk, e, BLK_INTEGRITY_WALK_READ);
	walk.xchg.err = &err;
	walk.xchg.checks = fuzz_below(in, 8) * BIP_CHECK_GUARD;
	walk.xchg.app_tag = fuzz_take(in, 2);
	walk.xchg.app_mask = fuzz_take(in, 2);
	expect_errors(e, &walk.xchg, &expected, &escaped);
	while (blk_integrity_walk_next(&walk))
		e->geometry.profile->verify_fn(&walk.xchg);
	walk_finish(&walk, e);
	require(!memcmp(&err, &expected, sizeof(err)));
	require(walk.xchg.escaped == escaped);
}

/* Each run has the intervals that follow those of the run before. */
static void test_runs(struct extent *e, enum blk_integrity_walk_mode mode)
{
	unsigned int area_bytes = e->geometry.tuple_size, done = 0;
	struct blk_integrity_walk walk;

	walk_start(&walk, e, mode);
	while (blk_integrity_walk_next(&walk)) {
		u8 *flat = e->meta.at + done * area_bytes;
		u8 *run = walk.xchg.prot_buf;
		unsigned int bytes = walk.run_intervals * area_bytes;

		require(!memcmp(run, flat, bytes));
		if (mode == BLK_INTEGRITY_WALK_READ)
			require(!memcmp(walk.xchg.data_buf,
					e->data.at + (done << e->geometry.interval_exp),
					walk.xchg.data_size));
		for (unsigned int i = 0; mode == BLK_INTEGRITY_WALK_SET && i < bytes; i++) {
			run[i] = ~run[i];
			flat[i] = run[i];
		}
		done += walk.run_intervals;
	}
	walk_finish(&walk, e);
	require(done == e->intervals);
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	pi_guard_portable_init();
	return blk_integrity_walk_init_cpus();
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t size)
{
	struct fuzz_input in = { data, size };
	const struct blk_integrity_profile *profile;
	struct extent e;
	unsigned int test;

	extent_take(&e, &in);
	profile = e.geometry.profile;
	test = fuzz_below(&in, 6);
	if (profile->verify_fn && test < 2)
		corrupt(&e, &in);
	side_cut(&e.data, &in);
	side_cut(&e.meta, &in);

	if (test == 0 && profile->verify_fn)
		test_verify(&e, &in);
	else if (test == 1 && profile->remap_fn)
		test_remap(&e, fuzz_number(&in));
	else if (test == 2 && profile->generate_fn)
		test_generate(&e, fuzz_below(&in, 2) && blk_integrity_is_tuple_only(&e.geometry));
	else
		test_runs(&e, test == 3 ? BLK_INTEGRITY_WALK_READ :
			      test == 4 ? BLK_INTEGRITY_WALK_GET :
					  BLK_INTEGRITY_WALK_SET);

	side_free(&e.data);
	side_free(&e.meta);
	return 0;
}
