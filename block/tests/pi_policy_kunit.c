// SPDX-License-Identifier: GPL-2.0
/*
 * What a format checks and what it does not change: escapes, order of checks,
 * owners of tag bytes; and the format that a driver's geometry selects.
 */

#include "../blk.h"
#include "../blk-integrity-dev.h"
#include "integrity_test.h"
#include "pi_reference.h"

#define REF_TAG	BLK_INTEGRITY_REF_TAG
#define CRC	BLK_INTEGRITY_CSUM_CRC
#define CRC64	BLK_INTEGRITY_CSUM_CRC64
#define IP	BLK_INTEGRITY_CSUM_IP

#define INTERVALS	4
#define FIRST		0x7000

/* Four 512-byte intervals of one format. */
struct intervals {
	struct blk_integrity bi;
	struct blk_integrity_exchg xchg;
	struct blk_integrity_error err;
	unsigned int guard_bytes;
	u8 *data;
	u8 *meta;
};

static struct intervals *intervals_of(struct kunit *test,
				      struct blk_integrity bi)
{
	struct intervals *iv = kunit_kzalloc(test, sizeof(*iv), GFP_KERNEL);
	struct rnd_state *rng = test_rng(test);

	KUNIT_ASSERT_NOT_NULL(test, iv);
	iv->bi = bi;
	iv->guard_bytes = pi_ref_guard_bytes(&bi);
	iv->data = test_filled_buf(test, rng, INTERVALS << bi.interval_exp);
	iv->meta = test_filled_buf(test, rng, INTERVALS * bi.tuple_size);
	iv->xchg = (struct blk_integrity_exchg) {
		.data_buf = iv->data,
		.prot_buf = iv->meta,
		.data_size = INTERVALS << bi.interval_exp,
		.interval = FIRST,
		.bi = &iv->bi,
		.checks = TEST_CHECKS,
		.err = &iv->err,
	};
	bi.profile->generate_fn(&iv->xchg);
	return iv;
}

static unsigned int failed_intervals(struct intervals *iv)
{
	unsigned int failed = 0;

	memset(&iv->err, 0, sizeof(iv->err));
	iv->xchg.escaped = 0;
	iv->bi.profile->verify_fn(&iv->xchg);
	for (int tag = 0; tag < BLK_INTEGRITY_NR_TAGS; tag++)
		failed += iv->err.intervals[tag];
	return failed;
}

static u8 *tuple(struct intervals *iv, unsigned int i)
{
	return iv->meta + i * iv->bi.tuple_size + iv->bi.pi_offset;
}

static u8 *app_tag(struct intervals *iv, unsigned int i)
{
	return tuple(iv, i) + iv->guard_bytes;
}

static u8 *ref_tag(struct intervals *iv, unsigned int i)
{
	return app_tag(iv, i) + 2;
}

static unsigned int ref_tag_bytes(struct intervals *iv)
{
	return pi_ref_tuple_bytes(&iv->bi) - iv->guard_bytes - 2;
}

struct escape_case {
	const char *desc;
	enum blk_integrity_checksum csum_type;
	unsigned int flags;
	unsigned int ref_ones;		/* bytes of the reference tag that are ff */
	u8 app[2];
	bool escapes;
};

static const struct escape_case escapes[] = {
	{ "type 1 CRC", CRC, REF_TAG, 0, { 0xff, 0xff }, true },
	{ "type 1 CRC, reference too", CRC, REF_TAG, 4, { 0xff, 0xff }, true },
	{ "type 1 CRC, half a tag", CRC, REF_TAG, 4, { 0xff, 0xfe }, false },
	{ "type 1 CRC, other half", CRC, REF_TAG, 4, { 0x7f, 0xff }, false },
	{ "type 1 IP", IP, REF_TAG, 0, { 0xff, 0xff }, true },
	{ "type 1 IP, reference alone", IP, REF_TAG, 4, { 0x11, 0xff }, false },
	{ "type 1 CRC64", CRC64, REF_TAG, 0, { 0xff, 0xff }, true },
	{ "type 1 CRC64, reference alone", CRC64, REF_TAG, 6, { 0, 0xff }, false },
	{ "type 3 CRC", CRC, 0, 4, { 0xff, 0xff }, true },
	{ "type 3 CRC, application alone", CRC, 0, 0, { 0xff, 0xff }, false },
	{ "type 3 CRC, half a reference", CRC, 0, 3, { 0xff, 0xff }, false },
	{ "type 3 CRC, reference alone", CRC, 0, 4, { 0xff, 0x00 }, false },
	{ "type 3 IP", IP, 0, 4, { 0xff, 0xff }, true },
	{ "type 3 IP, application alone", IP, 0, 0, { 0xff, 0xff }, false },
	{ "type 3 CRC64", CRC64, 0, 6, { 0xff, 0xff }, true },
	{ "type 3 CRC64, four bytes of six", CRC64, 0, 4, { 0xff, 0xff }, false },
};

KUNIT_ARRAY_PARAM_DESC(escapes, escapes, desc);

static void escape_disables_checks(struct kunit *test)
{
	const struct escape_case *row = test->param_value;
	unsigned int bytes = row->csum_type == CRC64 ? 16 : 8;
	struct intervals *iv = intervals_of(test,
			test_geometry(row->csum_type, row->flags, bytes, 0, 9));

	memcpy(app_tag(iv, 2), row->app, sizeof(row->app));
	memset(ref_tag(iv, 2), 0xff, row->ref_ones);
	iv->data[2 * 512 + 77] ^= 4;
	KUNIT_EXPECT_EQ(test, !row->escapes, failed_intervals(iv));
	KUNIT_EXPECT_EQ(test, row->escapes, iv->xchg.escaped);
	if (!row->escapes) {
		KUNIT_EXPECT_EQ(test, FIRST + 2, iv->err.interval);
		KUNIT_EXPECT_EQ(test, BLK_INTEGRITY_TAG_GUARD, iv->err.tag);
	}
}

/* Intervals after an escaped one are checked. */
static void interval_after_escape_is_checked(struct kunit *test)
{
	struct intervals *iv = intervals_of(test,
					    test_geometry(CRC, REF_TAG, 8, 0, 9));

	memset(app_tag(iv, 0), 0xff, 2);
	iv->data[0] ^= 1;
	iv->data[3 * 512] ^= 1;
	KUNIT_EXPECT_EQ(test, 1, failed_intervals(iv));
	KUNIT_EXPECT_EQ(test, 1, iv->xchg.escaped);
	KUNIT_EXPECT_EQ(test, FIRST + 3, iv->err.interval);
}

static void guard_is_checked_before_reference(struct kunit *test)
{
	struct intervals *iv = intervals_of(test,
					    test_geometry(CRC, REF_TAG, 8, 0, 9));

	ref_tag(iv, 1)[3] ^= 1;
	tuple(iv, 1)[0] ^= 1;
	tuple(iv, 2)[0] ^= 1;
	KUNIT_EXPECT_EQ(test, 2, failed_intervals(iv));
	KUNIT_EXPECT_EQ(test, 2, iv->err.intervals[BLK_INTEGRITY_TAG_GUARD]);
	KUNIT_EXPECT_EQ(test, BLK_INTEGRITY_TAG_GUARD, iv->err.tag);
	KUNIT_EXPECT_EQ(test, FIRST + 1, iv->err.interval);
}

static void earlier_interval_is_reported_first(struct kunit *test)
{
	struct intervals *iv = intervals_of(test,
					    test_geometry(CRC, REF_TAG, 8, 0, 9));

	ref_tag(iv, 1)[3] ^= 2;
	tuple(iv, 2)[0] ^= 1;
	KUNIT_EXPECT_EQ(test, 2, failed_intervals(iv));
	KUNIT_EXPECT_EQ(test, 1, iv->err.intervals[BLK_INTEGRITY_TAG_GUARD]);
	KUNIT_EXPECT_EQ(test, 1, iv->err.intervals[BLK_INTEGRITY_TAG_REF]);
	KUNIT_EXPECT_EQ(test, BLK_INTEGRITY_TAG_REF, iv->err.tag);
	KUNIT_EXPECT_EQ(test, FIRST + 1, iv->err.interval);
	KUNIT_EXPECT_EQ(test, FIRST + 1, iv->err.expected);
	KUNIT_EXPECT_EQ(test, (FIRST + 1) ^ 2, iv->err.found);
}

/*
 * The reference tag of type 3 belongs to its owner: neither written nor
 * checked.
 */
static void type3_reference_is_the_owners(struct kunit *test)
{
	struct blk_integrity bi = test_geometry(CRC, 0, 8, 0, 9);
	struct intervals *iv = intervals_of(test, bi);
	u8 owners[4] = { 1, 2, 3, 4 };

	memcpy(ref_tag(iv, 0), owners, sizeof(owners));
	bi.profile->generate_fn(&iv->xchg);
	KUNIT_EXPECT_MEMEQ(test, ref_tag(iv, 0), owners, sizeof(owners));
	KUNIT_EXPECT_EQ(test, 0, failed_intervals(iv));
	KUNIT_EXPECT_NULL(test, bi.profile->remap_fn);
}

static void generate_keeps_tag_and_opaque_bytes(struct kunit *test)
{
	struct blk_integrity bi = test_geometry(CRC64, REF_TAG, 64, 24, 9);
	struct intervals *iv = intervals_of(test, bi);

	for (unsigned int i = 0; i < INTERVALS; i++) {
		memset(iv->meta + i * 64, 0x11 + i, 64);
		memset(app_tag(iv, i), 0x77, 2);
	}
	bi.profile->generate_fn(&iv->xchg);
	for (unsigned int i = 0; i < INTERVALS; i++) {
		u8 *area = iv->meta + i * 64;

		KUNIT_EXPECT_NULL(test, memchr_inv(area, 0x11 + i, 24));
		KUNIT_EXPECT_NULL(test, memchr_inv(area + 40, 0x11 + i, 24));
		KUNIT_EXPECT_NULL(test, memchr_inv(app_tag(iv, i), 0x77, 2));
		KUNIT_EXPECT_EQ(test, FIRST + i,
				pi_ref_number(ref_tag(iv, i), ref_tag_bytes(iv)));
	}
}

/*
 * D19: the sum over the metadata in front of the tuple continues that of the
 * data.
 */
static void ip_guard_covers_data_before_prefix(struct kunit *test)
{
	struct blk_integrity bi = test_geometry(IP, REF_TAG, 16, 8, 9);
	struct intervals *iv = intervals_of(test, bi);
	u64 guard = pi_ref_number(tuple(iv, 0), 2);

	KUNIT_EXPECT_EQ(test, guard, pi_ref_ip_checksum(iv->data, 512, iv->meta, 8));
	iv->data[100] ^= 0x10;
	KUNIT_EXPECT_EQ(test, 1, failed_intervals(iv));
	KUNIT_EXPECT_EQ(test, guard, iv->err.found);
	KUNIT_EXPECT_NE(test, guard, iv->err.expected);
}

struct profile_case {
	const char *desc;		/* the profile's name */
	enum blk_integrity_checksum csum_type;
	unsigned int flags;
	u8 tuple_size;
	u8 tag_offset;
	u8 tag_size;
};

static const struct profile_case profiles[] = {
	{ "T10-DIF-TYPE1-CRC", CRC, REF_TAG, 8, 2, 2 },
	{ "T10-DIF-TYPE3-CRC", CRC, 0, 8, 2, 6 },
	{ "T10-DIF-TYPE1-IP", IP, REF_TAG, 8, 2, 2 },
	{ "T10-DIF-TYPE3-IP", IP, 0, 8, 2, 6 },
	{ "EXT-DIF-TYPE1-CRC64", CRC64, REF_TAG, 16, 8, 2 },
	{ "EXT-DIF-TYPE3-CRC64", CRC64, 0, 16, 8, 8 },
	{ "nop", BLK_INTEGRITY_CSUM_NONE, 0, 0, 0, 0 },
};

KUNIT_ARRAY_PARAM_DESC(profiles, profiles, desc);

static void guard_type_implies_profile(struct kunit *test)
{
	const struct profile_case *row = test->param_value;
	struct blk_integrity bi = {
		.csum_type = row->csum_type,
		.flags = row->flags | BLK_INTEGRITY_DEVICE_CAPABLE,
		.tuple_size = 64,
	};
	const struct blk_integrity_profile *prof =
		blk_integrity_builtin_profile(&bi);

	KUNIT_ASSERT_NOT_NULL(test, prof);
	KUNIT_EXPECT_STREQ(test, row->desc, prof->name);
	KUNIT_EXPECT_STREQ(test, row->desc, blk_integrity_profile_name(&bi));
	KUNIT_EXPECT_EQ(test, row->csum_type, prof->csum_type);
	KUNIT_EXPECT_EQ(test, row->tuple_size, prof->tuple_size);
	KUNIT_EXPECT_EQ(test, row->tag_offset, prof->tag_offset);
	KUNIT_EXPECT_EQ(test, row->tag_size, prof->tag_size);
	KUNIT_EXPECT_EQ(test, row->tuple_size != 0, !!prof->generate_fn);
	KUNIT_EXPECT_EQ(test, row->tuple_size != 0, !!prof->verify_fn);
	KUNIT_EXPECT_EQ(test, !!row->flags, !!prof->remap_fn);
	KUNIT_EXPECT_TRUE(test, blk_integrity_is_builtin_profile(prof));
}

static void unknown_guard_type_has_no_profile(struct kunit *test)
{
	struct blk_integrity bi = {
		.csum_type = BLK_INTEGRITY_CSUM_CRC64 + 1,
		.tuple_size = 8,
	};
	const struct blk_integrity_profile foreign = { .name = "foreign" };

	KUNIT_EXPECT_NULL(test, blk_integrity_builtin_profile(&bi));
	KUNIT_EXPECT_FALSE(test, blk_integrity_is_builtin_profile(&foreign));
	bi.profile = &foreign;
	KUNIT_EXPECT_STREQ(test, "foreign", blk_integrity_profile_name(&bi));
}

static struct kunit_case pi_policy_cases[] = {
	KUNIT_CASE_PARAM(escape_disables_checks, escapes_gen_params),
	KUNIT_CASE(interval_after_escape_is_checked),
	KUNIT_CASE(guard_is_checked_before_reference),
	KUNIT_CASE(earlier_interval_is_reported_first),
	KUNIT_CASE(type3_reference_is_the_owners),
	KUNIT_CASE(generate_keeps_tag_and_opaque_bytes),
	KUNIT_CASE(ip_guard_covers_data_before_prefix),
	KUNIT_CASE_PARAM(guard_type_implies_profile, profiles_gen_params),
	KUNIT_CASE(unknown_guard_type_has_no_profile),
	{ }
};

static struct kunit_suite pi_policy_suite = {
	.name		= "pi_policy",
	.test_cases	= pi_policy_cases,
};

kunit_test_suite(pi_policy_suite);

MODULE_DESCRIPTION("KUnit tests of what protection formats check");
MODULE_LICENSE("GPL");
