// SPDX-License-Identifier: GPL-2.0
/*
 * Guards of runs: compares every implementation that this CPU supports with the
 * reference, which computes bit by bit.
 */

#include <linux/hrtimer.h>
#include <linux/interrupt.h>

#include "../blk.h"
#include "../blk-integrity-dev.h"
#include "../pi-guard.h"
#include "integrity_test.h"
#include "pi_reference.h"

#define MAX_INTERVALS	130
#define UNIT		PI_GUARD_UNIT_BYTES
#define ALIGNMENTS	64
#define CANARY		0x5a5a
#define WIDE_CANARY	0x5a5a5a5a5a5a5a5aULL

enum kind { CRC16, IP, CRC64, NR_KINDS };

static const char *const kind_names[NR_KINDS] = {
	[CRC16]	= "CRC-16",
	[IP]	= "IP",
	[CRC64]	= "CRC-64",
};

struct guard_param {
	const struct pi_guard_impl *impl;
	enum kind kind;
};

/* The library computes guards everywhere, but is used only where it is fast. */
static bool can_run(const struct pi_guard_impl *impl)
{
	return impl->usable() || !strcmp(impl->name, "lib");
}

static const void *guard_params(const void *prev, char *desc)
{
	static struct guard_param param;
	static unsigned int next;

	if (!prev)
		next = 0;
	for (; next < pi_guard_nr_impls * NR_KINDS; next++) {
		param.impl = pi_guard_impls[next / NR_KINDS];
		param.kind = next % NR_KINDS;
		if (!can_run(param.impl))
			continue;
		snprintf(desc, KUNIT_PARAM_DESC_SIZE, "%s, %s",
			 param.impl->name, kind_names[param.kind]);
		next++;
		return &param;
	}
	return NULL;
}

static u64 reference(enum kind kind, const u8 *data, unsigned int bytes)
{
	switch (kind) {
	case CRC16:
		return pi_ref_crc16(PI_REF_CRC16_INIT, data, bytes);
	case IP:
		return pi_ref_ip_checksum(data, bytes, NULL, 0);
	default:
		return pi_ref_crc64(PI_REF_CRC64_INIT, data, bytes);
	}
}

/* Space for one guard more than a run has, which must not change. */
struct guards {
	u16 narrow[MAX_INTERVALS + 1];
	u64 wide[MAX_INTERVALS + 1];
};

static u64 guard_at(const struct guards *guards, enum kind kind, unsigned int i)
{
	return kind == CRC64 ? guards->wide[i] : guards->narrow[i];
}

static void compute_pieces(const struct guard_param *param,
			   const struct pi_piece *pieces, unsigned int nr_pieces,
			   unsigned int bytes, struct guards *guards)
{
	unsigned int nr = 0;

	for (unsigned int i = 0; i < nr_pieces; i++)
		nr += pieces[i].intervals;
	guards->wide[nr] = WIDE_CANARY;
	guards->narrow[nr] = CANARY;
	switch (param->kind) {
	case CRC16:
		param->impl->crc16(pieces, nr_pieces, bytes, guards->narrow);
		break;
	case IP:
		param->impl->ip(pieces, nr_pieces, bytes, guards->narrow);
		break;
	default:
		param->impl->crc64(pieces, nr_pieces, bytes, guards->wide);
	}
}

static void compute(const struct guard_param *param, const void *data,
		    unsigned int bytes, unsigned int nr, struct guards *guards)
{
	const struct pi_piece piece = { data, nr };

	compute_pieces(param, &piece, 1, bytes, guards);
}

static struct guards *guards_alloc(struct kunit *test)
{
	struct guards *guards = kunit_kzalloc(test, sizeof(*guards), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, guards);
	return guards;
}

/* Guards of @nr intervals by the reference. */
static u64 *expected_guards(struct kunit *test, enum kind kind, const u8 *data,
			    unsigned int bytes, unsigned int nr)
{
	u64 *expected = kunit_kmalloc_array(test, nr, sizeof(u64), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, expected);
	for (unsigned int i = 0; i < nr; i++)
		expected[i] = reference(kind, data + i * bytes, bytes);
	return expected;
}

static void expect_guards(struct kunit *test, const void *data,
			  unsigned int bytes, unsigned int nr,
			  const u64 *expected, struct guards *guards)
{
	const struct guard_param *param = test->param_value;

	compute(param, data, bytes, nr, guards);
	for (unsigned int i = 0; i < nr; i++)
		KUNIT_ASSERT_EQ_MSG(test, expected[i],
				    guard_at(guards, param->kind, i),
				    "interval %u of %u, %u bytes each, at %p",
				    i, nr, bytes, data);
	KUNIT_ASSERT_EQ(test, guard_at(guards, param->kind, nr),
			param->kind == CRC64 ? WIDE_CANARY : CANARY);
}

/* Runs of all lengths end at the end of the mapping. */
static void runs_of_any_length(struct kunit *test)
{
	const struct guard_param *param = test->param_value;
	u8 *data = test_guarded_buf(test, MAX_INTERVALS * UNIT);
	struct guards *guards = guards_alloc(test);
	u64 *expected;

	prandom_bytes_state(test_rng(test), data, MAX_INTERVALS * UNIT);
	expected = expected_guards(test, param->kind, data, UNIT, MAX_INTERVALS);
	for (unsigned int nr = 1; nr <= MAX_INTERVALS; nr++) {
		unsigned int first = MAX_INTERVALS - nr;

		expect_guards(test, data + first * UNIT, UNIT, nr,
			      expected + first, guards);
		expect_guards(test, data, UNIT, nr, expected, guards);
	}
}

/* Pieces of any length, of which none follows the one before in memory. */
static void runs_in_pieces(struct kunit *test)
{
	const struct guard_param *param = test->param_value;
	struct pi_piece pieces[] = { { .intervals = 1 }, { .intervals = 8 },
				     { .intervals = 3 }, { .intervals = 64 } };
	struct guards *guards = guards_alloc(test);

	for (unsigned int bytes = UNIT; bytes <= SZ_4K; bytes *= 8) {
		unsigned int done = 0;

		for (int i = 0; i < ARRAY_SIZE(pieces); i++) {
			unsigned int len = pieces[i].intervals * bytes;

			pieces[i].data = test_filled_buf(test, test_rng(test), len);
		}
		compute_pieces(param, pieces, ARRAY_SIZE(pieces), bytes, guards);
		for (int i = 0; i < ARRAY_SIZE(pieces); i++) {
			for (unsigned int k = 0; k < pieces[i].intervals; k++)
				KUNIT_EXPECT_EQ(test, guard_at(guards, param->kind, done++),
						reference(param->kind,
							  pieces[i].data + k * bytes,
							  bytes));
		}
		KUNIT_EXPECT_EQ(test, guard_at(guards, param->kind, done),
				param->kind == CRC64 ? WIDE_CANARY : CANARY);
	}
}

static void runs_at_any_alignment(struct kunit *test)
{
	const struct guard_param *param = test->param_value;
	const unsigned int nr = 9;
	u8 *data = test_filled_buf(test, test_rng(test), nr * UNIT);
	u8 *copy = test_guarded_buf(test, nr * UNIT + ALIGNMENTS);
	struct guards *guards = guards_alloc(test);
	u64 *expected = expected_guards(test, param->kind, data, UNIT, nr);

	for (unsigned int shift = 0; shift < ALIGNMENTS; shift++) {
		memcpy(copy + shift, data, nr * UNIT);
		expect_guards(test, copy + shift, UNIT, nr, expected, guards);
	}
}

/* Intervals of all multiples of 512 bytes up to 8 KiB, in runs of 1 to 6. */
static void intervals_of_any_length(struct kunit *test)
{
	const struct guard_param *param = test->param_value;
	struct rnd_state *rng = test_rng(test);
	struct guards *guards = guards_alloc(test);
	const unsigned int nr = 6;

	for (unsigned int bytes = UNIT; bytes <= SZ_8K; bytes += UNIT) {
		u8 *data = test_filled_buf(test, rng, nr * bytes);
		u64 *expected = expected_guards(test, param->kind, data, bytes, nr);

		for (unsigned int i = 0; i < nr; i++)
			expect_guards(test, data + i * bytes, bytes, nr - i,
				      expected + i, guards);
	}
}

enum fill { ZEROS, ONES, SPARSE, DENSE, NR_FILLS };

static void fill(struct rnd_state *rng, u8 *data, unsigned int bytes,
		 enum fill how)
{
	memset(data, how == ONES || how == DENSE ? 0xff : 0, bytes);
	if (how == ZEROS || how == ONES)
		return;
	for (unsigned int i = 0; i < bytes / 100; i++)
		data[test_random(rng, 0, bytes - 1)] ^= BIT(i % 8);
}

static void unusual_data(struct kunit *test)
{
	const struct guard_param *param = test->param_value;
	struct rnd_state *rng = test_rng(test);
	const unsigned int nr = 16;
	u8 *data = test_guarded_buf(test, nr * UNIT);
	struct guards *guards = guards_alloc(test);

	for (enum fill how = 0; how < NR_FILLS; how++) {
		fill(rng, data, nr * UNIT, how);
		for (unsigned int bytes = UNIT; bytes <= SZ_8K; bytes *= 2)
			expect_guards(test, data, bytes, nr * UNIT / bytes,
				      expected_guards(test, param->kind, data,
						      bytes, nr * UNIT / bytes),
				      guards);
	}
}

/* Every single bit must affect the guard. */
static void every_byte_counts(struct kunit *test)
{
	const struct guard_param *param = test->param_value;
	struct guards *guards = guards_alloc(test);

	for (unsigned int bytes = UNIT; bytes <= SZ_4K; bytes *= 8) {
		unsigned int step = bytes == UNIT ? 1 : 7;
		u8 *data = test_guarded_buf(test, bytes);

		memset(data, 0, bytes);
		for (unsigned int i = 0; i < bytes; i += step) {
			u64 expected;

			data[i] = BIT(i % 8);
			expected = reference(param->kind, data, bytes);
			expect_guards(test, data, bytes, 1, &expected, guards);
			data[i] = 0;
		}
	}
}

/* Compute the same run in a task, a softirq and a hard interrupt at once. */
struct contexts {
	const struct guard_param *param;
	const u8 *data;
	const u64 *expected;
	struct hrtimer timer;
	struct tasklet_struct tasklet;
	atomic_t rounds[2];
	atomic_t wrong;
	struct guards guards[2];
};

#define CONTEXT_INTERVALS	64
#define CONTEXT_ROUNDS		20
#define CONTEXT_PERIOD		(200 * NSEC_PER_USEC)

static void context_compute(struct contexts *ctx, struct guards *guards)
{
	compute(ctx->param, ctx->data, UNIT, CONTEXT_INTERVALS, guards);
	for (unsigned int i = 0; i < CONTEXT_INTERVALS; i++)
		if (guard_at(guards, ctx->param->kind, i) != ctx->expected[i])
			atomic_inc(&ctx->wrong);
}

static void context_softirq(struct tasklet_struct *tasklet)
{
	struct contexts *ctx = from_tasklet(ctx, tasklet, tasklet);

	context_compute(ctx, &ctx->guards[0]);
	atomic_inc(&ctx->rounds[0]);
}

static enum hrtimer_restart context_hardirq(struct hrtimer *timer)
{
	struct contexts *ctx = container_of(timer, struct contexts, timer);

	context_compute(ctx, &ctx->guards[1]);
	tasklet_schedule(&ctx->tasklet);
	if (atomic_inc_return(&ctx->rounds[1]) >= CONTEXT_ROUNDS)
		return HRTIMER_NORESTART;
	hrtimer_forward_now(timer, ns_to_ktime(CONTEXT_PERIOD));
	return HRTIMER_RESTART;
}

static void contexts_do_not_mix(struct kunit *test)
{
	struct contexts *ctx = kunit_kzalloc(test, sizeof(*ctx), GFP_KERNEL);
	struct guards *guards = guards_alloc(test);

	KUNIT_ASSERT_NOT_NULL(test, ctx);
	ctx->param = test->param_value;
	ctx->data = test_filled_buf(test, test_rng(test),
				    CONTEXT_INTERVALS * UNIT);
	ctx->expected = expected_guards(test, ctx->param->kind, ctx->data, UNIT,
					CONTEXT_INTERVALS);
	tasklet_setup(&ctx->tasklet, context_softirq);
	hrtimer_init(&ctx->timer, CLOCK_MONOTONIC, HRTIMER_MODE_REL_HARD);
	ctx->timer.function = context_hardirq;

	hrtimer_start(&ctx->timer, ns_to_ktime(CONTEXT_PERIOD), HRTIMER_MODE_REL_HARD);
	while (atomic_read(&ctx->rounds[1]) < CONTEXT_ROUNDS) {
		context_compute(ctx, guards);
		cond_resched();
	}
	hrtimer_cancel(&ctx->timer);
	tasklet_kill(&ctx->tasklet);
	KUNIT_EXPECT_GT(test, atomic_read(&ctx->rounds[0]), 0);
	KUNIT_EXPECT_EQ(test, atomic_read(&ctx->wrong), 0);
}

/* Metadata in front of the tuples: any number of bytes, at any distance. */
static void prefixes_count(struct kunit *test)
{
	const unsigned int nr = 3, stride = 80;
	struct rnd_state *rng = test_rng(test);
	u8 *data = test_filled_buf(test, rng, nr * UNIT);
	u8 *meta = test_filled_buf(test, rng, nr * stride);
	const struct pi_piece piece = { data, nr };
	u64 crc64[3];
	u16 crc16[3];
	u16 ip[3];

	for (unsigned int bytes = 1; bytes <= stride; bytes++) {
		const struct pi_guard_prefixes prefixes = { meta, bytes, stride };

		pi_guard_crc16(&piece, 1, UNIT, crc16);
		pi_guard_crc64(&piece, 1, UNIT, crc64);
		pi_guard_ip(&piece, 1, UNIT, ip);
		pi_guard_crc16_chain(crc16, nr, &prefixes);
		pi_guard_crc64_chain(crc64, nr, &prefixes);
		pi_guard_ip_chain(ip, nr, &prefixes);
		for (unsigned int i = 0; i < nr; i++) {
			const u8 *block = data + i * UNIT;
			const u8 *p = meta + i * stride;

			KUNIT_EXPECT_EQ(test, crc16[i],
					pi_ref_crc16(pi_ref_crc16(0, block, UNIT),
						     p, bytes));
			KUNIT_EXPECT_EQ(test, crc64[i],
					pi_ref_crc64(pi_ref_crc64(0, block, UNIT),
						     p, bytes));
			KUNIT_EXPECT_EQ(test, ip[i],
					pi_ref_ip_checksum(block, UNIT, p, bytes));
		}
	}
}

static struct kunit_case pi_guard_cases[] = {
	KUNIT_CASE_PARAM(runs_of_any_length, guard_params),
	KUNIT_CASE_PARAM(runs_in_pieces, guard_params),
	KUNIT_CASE_PARAM(runs_at_any_alignment, guard_params),
	KUNIT_CASE_PARAM(intervals_of_any_length, guard_params),
	KUNIT_CASE_PARAM(unusual_data, guard_params),
	KUNIT_CASE_PARAM(every_byte_counts, guard_params),
	KUNIT_CASE_PARAM(contexts_do_not_mix, guard_params),
	KUNIT_CASE(prefixes_count),
	{ }
};

static struct kunit_suite pi_guard_suite = {
	.name		= "pi_guard",
	.test_cases	= pi_guard_cases,
};

kunit_test_suite(pi_guard_suite);

MODULE_DESCRIPTION("KUnit tests of guards of runs");
MODULE_LICENSE("GPL");
