// SPDX-License-Identifier: GPL-2.0
/*
 * The T10 and NVMe formats over contiguous runs: known answers, and comparison
 * of random runs with the reference.
 */

#include "../blk.h"
#include "../blk-integrity-dev.h"
#include "integrity_test.h"
#include "pi_reference.h"

#define REF_TAG		BLK_INTEGRITY_REF_TAG
#define BUDGET_BYTES	SZ_8K

enum pattern { ZEROS, ONES, COUNT_UP, COUNT_DOWN, COUNT_FROM_AB, ONES_THEN_ZEROS };

static void fill_pattern(u8 *buf, enum pattern pattern, unsigned int bytes)
{
	for (unsigned int i = 0; i < bytes; i++) {
		switch (pattern) {
		case ZEROS:
			buf[i] = 0;
			break;
		case ONES:
			buf[i] = 0xff;
			break;
		case COUNT_UP:
			buf[i] = i;
			break;
		case COUNT_DOWN:
			buf[i] = 0xff - i;
			break;
		case COUNT_FROM_AB:
			buf[i] = 0xab + i;
			break;
		case ONES_THEN_ZEROS:
			buf[i] = i < 2 ? 0xff : 0;
			break;
		}
	}
}

struct known_answer {
	const char *desc;
	enum pattern pattern;
	u8 exp;				/* log2(bytes of data) */
	u8 prefix;			/* zero bytes before the tuple */
	bool has_ip;
	u16 crc16;
	u16 ip;
	u64 crc64;
};

/* Three independent implementations agree on each of these. */
static const struct known_answer known_answers[] = {
	{ "32 of 00", ZEROS, 5, 0, true, 0x0000, 0xffff, 0xcf3473434d4ecf3b },
	{ "32 of ff", ONES, 5, 0, true, 0xa293, 0x0000, 0xa0a06974c34d63c4 },
	{ "00 to 1f", COUNT_UP, 5, 0, true, 0x0224, 0x0eff, 0xb9d9d4a8492cbd7f },
	{ "ff to e0", COUNT_DOWN, 5, 0, true, 0xa0b7, 0xf100, 0xd64dce9fc72f1180 },
	{ "ff ff, 30 of 00", ONES_THEN_ZEROS, 5, 0, true, 0x21b8, 0x0000,
	  0xad2c11cf4ec5ac98 },
	{ "512 of 00", ZEROS, 9, 0, true, 0x0000, 0xffff, 0x1de60e2868a782e9 },
	{ "512 of ff", ONES, 9, 0, true, 0xe6a1, 0x0000, 0x5277682ddaeb44b6 },
	{ "512 up", COUNT_UP, 9, 0, true, 0x4f10, 0x7f80, 0x65f48632094a1b07 },
	{ "512 down", COUNT_DOWN, 9, 0, true, 0xa9b1, 0x807f, 0x2a65e037bb06dd58 },
	{ "512 up from ab", COUNT_FROM_AB, 9, 0, true, 0xd3a9, 0x807f,
	  0xe60b035e9df71806 },
	{ "4096 of 00", ZEROS, 12, 0, true, 0x0000, 0xffff, 0x6482d367eb22b64e },
	{ "4096 of ff", ONES, 12, 0, true, 0x8b5d, 0x0000, 0xc0ddba7302eca3ac },
	{ "4096 up", COUNT_UP, 12, 0, true, 0x8f6d, 0xfc03, 0x3e729f5f6750449c },
	{ "4096 down", COUNT_DOWN, 12, 0, true, 0x0430, 0x03fc,
	  0x9a2df64b8e9e517e },
	{ "4096 up from ab", COUNT_FROM_AB, 12, 0, true, 0xb0a8, 0x03fc,
	  0x81039fcf5685d8d4 },
	{ "4096 up, 8 metadata bytes", COUNT_UP, 12, 8, false, 0x7179, 0,
	  0xdb3ae55be09770c7 },
	{ "4096 up, 48 metadata bytes", COUNT_UP, 12, 48, false, 0xeccc, 0,
	  0x10c9dfced7a5c8aa },
	/* There is no published 64-bit guard for this row. */
	{ "512 up, 56 metadata bytes", COUNT_UP, 9, 56, true, 0x206c, 0x7f80, 0 },
};

KUNIT_ARRAY_PARAM_DESC(known_answers, known_answers, desc);

static void expect_guard(struct kunit *test,
			 enum blk_integrity_checksum csum_type, u64 expected)
{
	const struct known_answer *row = test->param_value;
	struct blk_integrity bi = test_geometry(csum_type, REF_TAG, 0,
						row->prefix, row->exp);
	unsigned int bytes = 1U << row->exp;
	u8 *data = test_guarded_buf(test, bytes);
	struct blk_integrity_exchg xchg = {
		.data_buf = data,
		.data_size = bytes,
		.interval = 0x123456789abcULL,
		.bi = &bi,
	};
	u8 *meta;

	bi.tuple_size = row->prefix + pi_ref_tuple_bytes(&bi);
	meta = test_guarded_buf(test, bi.tuple_size);
	memset(meta, 0, bi.tuple_size);
	fill_pattern(data, row->pattern, bytes);
	xchg.prot_buf = meta;

	bi.profile->generate_fn(&xchg);
	KUNIT_EXPECT_EQ_MSG(test, expected,
			    pi_ref_number(meta + bi.pi_offset,
					  pi_ref_guard_bytes(&bi)),
			    "guard of %s over %s", bi.profile->name, row->desc);
}

static void guards_have_known_answers(struct kunit *test)
{
	const struct known_answer *row = test->param_value;

	expect_guard(test, BLK_INTEGRITY_CSUM_CRC, row->crc16);
	if (row->has_ip)
		expect_guard(test, BLK_INTEGRITY_CSUM_IP, row->ip);
	if (row->crc64)
		expect_guard(test, BLK_INTEGRITY_CSUM_CRC64, row->crc64);
}

static void reference_has_known_answers(struct kunit *test)
{
	const u8 *digits = "123456789";
	u8 up[48];

	fill_pattern(up, COUNT_UP, sizeof(up));
	KUNIT_EXPECT_EQ(test, 0xd0db,
			pi_ref_crc16(PI_REF_CRC16_INIT, digits, 9));
	KUNIT_EXPECT_EQ(test, 0x60b3, pi_ref_crc16(0x1234, up, sizeof(up)));
	KUNIT_EXPECT_EQ(test, 0x2f2b, pi_ref_ip_checksum(digits, 8, NULL, 0));
	KUNIT_EXPECT_EQ(test, 0x2f2b, pi_ref_ip_checksum(digits, 2, digits + 2, 6));
	/* An odd byte is the high half of a word. */
	KUNIT_EXPECT_EQ(test, 0xf62a, pi_ref_ip_checksum(digits, 4, digits + 4, 5));
	KUNIT_EXPECT_EQ(test, 0xae8b14860a799888ULL,
			pi_ref_crc64(PI_REF_CRC64_INIT, digits, 9));
	KUNIT_EXPECT_EQ(test, 0xae8b14860a799888ULL,
			pi_ref_crc64(pi_ref_crc64(PI_REF_CRC64_INIT, digits, 3),
				     digits + 3, 6));
}

/* A run of random intervals: @meta by the format, @wanted by the reference. */
struct run {
	struct blk_integrity bi;
	struct blk_integrity_exchg xchg;
	struct blk_integrity_error err;
	struct rnd_state *rng;
	u8 *data;
	u8 *meta;
	u8 *wanted;
	unsigned int intervals;
	unsigned int meta_bytes;
};

static struct run *run_of(struct kunit *test, struct blk_integrity bi)
{
	struct run *run = kunit_kzalloc(test, sizeof(*run), GFP_KERNEL);
	unsigned int data_bytes;

	KUNIT_ASSERT_NOT_NULL(test, run);
	run->rng = test_rng(test);
	run->bi = bi;
	run->intervals = BUDGET_BYTES >> bi.interval_exp;
	run->meta_bytes = run->intervals * bi.tuple_size;
	data_bytes = run->intervals << bi.interval_exp;

	run->data = test_filled_buf(test, run->rng, data_bytes);
	run->meta = test_filled_buf(test, run->rng, run->meta_bytes);
	run->wanted = test_guarded_buf(test, run->meta_bytes);
	memcpy(run->wanted, run->meta, run->meta_bytes);

	run->xchg = (struct blk_integrity_exchg) {
		.data_buf = run->data,
		.prot_buf = run->meta,
		.data_size = data_bytes,
		.interval = 0x1234fffffff0ULL,
		.bi = &run->bi,
		.checks = TEST_CHECKS,
		.err = &run->err,
	};
	return run;
}

static struct run *generated_run_of(struct kunit *test, struct blk_integrity bi)
{
	struct run *run = run_of(test, bi);

	bi.profile->generate_fn(&run->xchg);
	pi_ref_generate(&run->bi, run->data, run->wanted, run->intervals,
			run->xchg.interval);
	return run;
}

static bool verifies(struct run *run)
{
	memset(&run->err, 0, sizeof(run->err));
	run->bi.profile->verify_fn(&run->xchg);
	return !memchr_inv(&run->err, 0, sizeof(run->err));
}

/*
 * Application tags and opaque bytes are random, so comparing all covers them.
 */
static void generate_matches_reference(struct kunit *test)
{
	struct run *run = generated_run_of(test, test_geometry_of(test));

	KUNIT_EXPECT_MEMEQ(test, run->meta, run->wanted, run->meta_bytes);
}

/* Tuples in memory that held something else, without tags to keep. */
static void blank_tuples_are_written_whole(struct kunit *test)
{
	struct blk_integrity bi = test_geometry_of(test);
	struct run *run;

	bi.pi_offset = 0;
	bi.tuple_size = pi_ref_tuple_bytes(&bi);
	run = run_of(test, bi);
	run->xchg.blank = true;
	run->bi.profile->generate_fn(&run->xchg);
	memset(run->wanted, 0, run->meta_bytes);
	pi_ref_generate(&run->bi, run->data, run->wanted, run->intervals,
			run->xchg.interval);
	KUNIT_EXPECT_MEMEQ(test, run->meta, run->wanted, run->meta_bytes);
}

static void generated_run_verifies(struct kunit *test)
{
	struct run *run = generated_run_of(test, test_geometry_of(test));

	KUNIT_EXPECT_TRUE(test, verifies(run));
	KUNIT_EXPECT_MEMEQ(test, run->meta, run->wanted, run->meta_bytes);
}

/* The result of verify must equal that of the reference. */
static void expect_as_reference(struct kunit *test, struct run *run,
				const char *part, unsigned int byte)
{
	struct blk_integrity_error wanted;
	unsigned int failed = pi_ref_verify(&run->bi, run->data, run->meta,
					    run->intervals, run->xchg.interval,
					    &wanted);

	KUNIT_EXPECT_EQ_MSG(test, !failed, verifies(run), "%s, byte %u", part,
			    byte);
	KUNIT_EXPECT_MEMEQ_MSG(test, &wanted, &run->err, sizeof(wanted),
			       "%s, byte %u: tag %u of %llu is %llx, not %llx",
			       part, byte, run->err.tag, run->err.interval,
			       run->err.found, run->err.expected);
}

static void flip_metadata(struct kunit *test, struct run *run,
			  unsigned int byte_of_area)
{
	unsigned int interval = test_random(run->rng, 0, run->intervals - 1);
	unsigned int byte = interval * run->bi.tuple_size + byte_of_area;
	u8 bit = 1 << test_random(run->rng, 0, 7);

	run->meta[byte] ^= bit;
	expect_as_reference(test, run, "metadata", byte);
	run->meta[byte] ^= bit;
}

static void flip_data(struct kunit *test, struct run *run)
{
	unsigned int byte = test_random(run->rng, 0, run->xchg.data_size - 1);
	u8 bit = 1 << test_random(run->rng, 0, 7);

	run->data[byte] ^= bit;
	KUNIT_EXPECT_FALSE(test, verifies(run));
	expect_as_reference(test, run, "data", byte);
	run->data[byte] ^= bit;
}

static void flipped_bit_is_reported(struct kunit *test)
{
	struct run *run = generated_run_of(test, test_geometry_of(test));
	unsigned int area = run->bi.tuple_size;

	for (unsigned int i = 0; i < pi_ref_tuple_bytes(&run->bi); i++)
		flip_metadata(test, run, run->bi.pi_offset + i);
	for (int i = 0; i < 20; i++) {
		flip_metadata(test, run, test_random(run->rng, 0, area - 1));
		flip_data(test, run);
	}
	KUNIT_EXPECT_TRUE(test, verifies(run));
}

static void remap_matches_reference(struct kunit *test)
{
	struct run *run = generated_run_of(test, test_geometry_of(test));
	const u64 to = 0xfffffffffff9ULL;

	if (!run->bi.profile->remap_fn) {
		KUNIT_EXPECT_FALSE(test, run->bi.flags & REF_TAG);
		return;
	}
	/* A tag with another number must not change. */
	run->meta[run->bi.pi_offset + pi_ref_tuple_bytes(&run->bi) - 1] ^= 0x40;
	memcpy(run->wanted, run->meta, run->meta_bytes);

	run->xchg.data_buf = NULL;
	run->bi.profile->remap_fn(&run->xchg, to);
	pi_ref_remap(&run->bi, run->wanted, run->intervals, run->xchg.interval, to);
	KUNIT_EXPECT_MEMEQ(test, run->meta, run->wanted, run->meta_bytes);
}

struct wraparound_case {
	const char *desc;
	enum blk_integrity_checksum csum_type;
	u8 bytes;
	u64 first;
	u64 eighth;			/* tag of the eighth interval after */
};

static const struct wraparound_case wraparounds[] = {
	{ "CRC at 2^32", BLK_INTEGRITY_CSUM_CRC, 8, 0xfffffff8ULL, 0 },
	{ "IP at 2^32", BLK_INTEGRITY_CSUM_IP, 8, 0xfffffff8ULL, 0 },
	{ "CRC at 5 * 2^32", BLK_INTEGRITY_CSUM_CRC, 8, 0x4fffffff8ULL, 0 },
	{ "CRC64 past 2^32", BLK_INTEGRITY_CSUM_CRC64, 16, 0xfffffff8ULL,
	  0x100000000ULL },
	{ "CRC64 at 2^48", BLK_INTEGRITY_CSUM_CRC64, 16, 0xfffffffffff8ULL, 0 },
};

KUNIT_ARRAY_PARAM_DESC(wraparounds, wraparounds, desc);

static void reference_tag_wraps_around(struct kunit *test)
{
	const struct wraparound_case *row = test->param_value;
	struct run *run = run_of(test, test_geometry(row->csum_type, REF_TAG,
						     row->bytes, 0, 9));

	run->xchg.interval = row->first;
	run->bi.profile->generate_fn(&run->xchg);
	pi_ref_generate(&run->bi, run->data, run->wanted, run->intervals,
			row->first);
	KUNIT_EXPECT_MEMEQ(test, run->meta, run->wanted, run->meta_bytes);
	KUNIT_EXPECT_TRUE(test, verifies(run));

	run->meta[9 * row->bytes - 1] = 1;
	KUNIT_EXPECT_FALSE(test, verifies(run));
	KUNIT_EXPECT_EQ(test, BLK_INTEGRITY_TAG_REF, run->err.tag);
	KUNIT_EXPECT_EQ(test, row->first + 8, run->err.interval);
	KUNIT_EXPECT_EQ(test, row->eighth, run->err.expected);
	KUNIT_EXPECT_EQ(test, row->eighth + 1, run->err.found);
}

static struct kunit_case pi_formats_cases[] = {
	KUNIT_CASE(reference_has_known_answers),
	KUNIT_CASE_PARAM(guards_have_known_answers, known_answers_gen_params),
	KUNIT_CASE_PARAM(generate_matches_reference, test_geometry_gen_params),
	KUNIT_CASE_PARAM(blank_tuples_are_written_whole, test_geometry_gen_params),
	KUNIT_CASE_PARAM(generated_run_verifies, test_geometry_gen_params),
	KUNIT_CASE_PARAM(flipped_bit_is_reported, test_geometry_gen_params),
	KUNIT_CASE_PARAM(remap_matches_reference, test_geometry_gen_params),
	KUNIT_CASE_PARAM(reference_tag_wraps_around, wraparounds_gen_params),
	{ }
};

static struct kunit_suite pi_formats_suite = {
	.name		= "pi_formats",
	.test_cases	= pi_formats_cases,
};

kunit_test_suite(pi_formats_suite);

MODULE_DESCRIPTION("KUnit tests of protection formats");
MODULE_LICENSE("GPL");
