// SPDX-License-Identifier: GPL-2.0
/*
 * Constants of the x86-64 code for guards: a change of any of them changes the
 * result of a function over the test data of this file.
 */

#include "../blk.h"
#include "../blk-integrity-dev.h"
#include "../pi-guard.h"
#include "../pi-guard-x86.h"
#include "integrity_test.h"

#include <asm/fpu/api.h>

#define UNIT		PI_GUARD_UNIT_BYTES
#define INTERVALS	10
#define DATA_BYTES	(INTERVALS * UNIT)

struct guards {
	u16 narrow[INTERVALS];
	u64 wide[INTERVALS];
};

/* The guards of one function, for short and for long intervals. */
struct results {
	struct guards short_ones;
	struct guards long_ones;
};

struct code {
	const struct pi_guard_impl *impl;
	pi_guard16_asm *crc16;
	pi_guard64_asm *crc64;
};

static const struct code codes[] = {
	{ &pi_guard_sse, pi_crc16_sse, pi_crc64_sse },
	{ &pi_guard_avx2, pi_crc16_avx2, pi_crc64_avx2 },
	{ &pi_guard_avx512, pi_crc16_avx512, pi_crc64_avx512 },
};

/* Constants of a kind: one bit of each is flipped. */
struct constants {
	const char *name;
	unsigned int from;
	unsigned int to;
	unsigned int bytes;		/* of one */
	unsigned int bit;		/* of one, that is never without effect */
	u8 users;			/* bits: indices of codes */
};

enum { SSE = BIT(0), AVX2 = BIT(1), AVX512 = BIT(2) };

#define CONSTANTS(member, bit, users)					\
	{ #member, offsetof(struct pi_guard_consts, member),		\
	  offsetofend(struct pi_guard_consts, member),			\
	  sizeof_field(struct pi_guard_consts, member[0]), bit, users }
#define PAIRS(member, users)						\
	{ #member, offsetof(struct pi_guard_consts, member),		\
	  offsetofend(struct pi_guard_consts, member), sizeof(u64), 50, users }

static const struct constants constants[] = {
	PAIRS(crc16_dot, AVX2),
	{ "crc16_dot, without the first", offsetof(struct pi_guard_consts, crc16_dot[1]),
	  offsetofend(struct pi_guard_consts, crc16_dot), sizeof(u64), 50, SSE },
	PAIRS(crc16r_dot, AVX512),
	PAIRS(crc64_dot, AVX512),
	PAIRS(crc16_by_128, SSE),
	PAIRS(crc16_by_256, AVX2),
	PAIRS(crc16r_by_512, AVX512),
	PAIRS(crc64_by_128, SSE),
	PAIRS(crc64_by_256, AVX2),
	PAIRS(crc64_by_512, AVX512),
	PAIRS(crc16_divide, SSE | AVX2),
	PAIRS(crc16r_divide, AVX512),
	PAIRS(crc64_divide, SSE | AVX2 | AVX512),
	PAIRS(crc64_init, SSE | AVX2 | AVX512),
	CONSTANTS(reverse_bytes, 0, SSE | AVX2),
	CONSTANTS(reverse_bits, 0, AVX512),
	CONSTANTS(pick_crc64, 0, AVX512),
	CONSTANTS(swap_lanes, 0, AVX512),
	CONSTANTS(pick_crc16, 0, AVX512),
};

KUNIT_ARRAY_PARAM_DESC(constants, constants, name);

static void compute(const struct code *code, const u8 *data,
		    const struct pi_guard_consts *consts,
		    struct results *results)
{
	memset(results, 0, sizeof(*results));
	kernel_fpu_begin();
	code->crc16(data, UNIT, INTERVALS, results->short_ones.narrow, consts);
	code->crc64(data, UNIT, INTERVALS, results->short_ones.wide, consts);
	code->crc16(data, 2 * UNIT, INTERVALS / 2, results->long_ones.narrow,
		    consts);
	code->crc64(data, 2 * UNIT, INTERVALS / 2, results->long_ones.wide,
		    consts);
	kernel_fpu_end();
}

static void expect_each_matters(struct kunit *test, const struct code *code,
				const struct constants *kind)
{
	u8 *data = test_filled_buf(test, test_rng(test), DATA_BYTES);
	struct pi_guard_consts *consts;
	struct results *right, *wrong;

	/* Aligned, as its size is a power of 2. */
	consts = kunit_kmalloc(test, roundup_pow_of_two(sizeof(*consts)),
			       GFP_KERNEL);
	right = kunit_kmalloc(test, sizeof(*right), GFP_KERNEL);
	wrong = kunit_kmalloc(test, sizeof(*wrong), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, consts);
	KUNIT_ASSERT_NOT_NULL(test, right);
	KUNIT_ASSERT_NOT_NULL(test, wrong);

	*consts = pi_guard_consts;
	compute(code, data, consts, right);
	for (unsigned int at = kind->from; at < kind->to; at += kind->bytes) {
		u8 *byte = (u8 *)consts + at + kind->bit / 8;

		*byte ^= BIT(kind->bit % 8);
		compute(code, data, consts, wrong);
		*byte ^= BIT(kind->bit % 8);
		KUNIT_EXPECT_TRUE_MSG(test, memcmp(right, wrong, sizeof(*right)),
				      "%s, %s + %u", code->impl->name, kind->name,
				      at - kind->from);
	}
	compute(code, data, consts, wrong);
	KUNIT_EXPECT_MEMEQ(test, right, wrong, sizeof(*right));
}

static void every_constant_matters(struct kunit *test)
{
	const struct constants *kind = test->param_value;
	bool any = false;

	for (int i = 0; i < ARRAY_SIZE(codes); i++) {
		if (!(kind->users & BIT(i)) || !codes[i].impl->usable())
			continue;
		expect_each_matters(test, &codes[i], kind);
		any = true;
	}
	if (!any)
		kunit_skip(test, "not supported by this CPU");
}

static struct kunit_case pi_guard_x86_cases[] = {
	KUNIT_CASE_PARAM(every_constant_matters, constants_gen_params),
	{ }
};

static struct kunit_suite pi_guard_x86_suite = {
	.name		= "pi_guard_x86",
	.test_cases	= pi_guard_x86_cases,
};

kunit_test_suite(pi_guard_x86_suite);

MODULE_DESCRIPTION("KUnit tests of the constants of guards on x86-64");
MODULE_LICENSE("GPL");
