// SPDX-License-Identifier: GPL-2.0
/*
 * Stacked devices have the geometry of their members if all are the same, or
 * none.
 */

#include <linux/blk-integrity.h>

#include "integrity_disk.h"

#define REF_TAG	BLK_INTEGRITY_REF_TAG
#define CAPABLE	BLK_INTEGRITY_DEVICE_CAPABLE
#define CRC	BLK_INTEGRITY_CSUM_CRC
#define IP	BLK_INTEGRITY_CSUM_IP

static const struct blk_integrity member = {
	.flags		= REF_TAG | CAPABLE,
	.csum_type	= CRC,
	.tuple_size	= 64,
	.pi_offset	= 56,
	.interval_exp	= 9,
	.tag_size	= 2,
};

static const struct blk_integrity_profile own_profile = {
	.name = "own", .csum_type = CRC, .tuple_size = 8,
};

struct stack_case {
	const char *desc;
	struct blk_integrity other;	/* second member */
	bool stacks;
};

#define GEOMETRY(_profile, _flags, csum, size, offset, exp, tags)	\
	{								\
		.profile = _profile, .flags = _flags, .csum_type = csum, \
		.tuple_size = size, .pi_offset = offset,		\
		.interval_exp = exp, .tag_size = tags,			\
	}

static const struct stack_case stack_cases[] = {
	{ "equal", GEOMETRY(NULL, REF_TAG | CAPABLE, CRC, 64, 56, 9, 2), true },
	{ "not capable", GEOMETRY(NULL, REF_TAG, CRC, 64, 56, 9, 2), true },
	{ "driver verifies", GEOMETRY(NULL, REF_TAG | CAPABLE |
				      BLK_INTEGRITY_NOVERIFY, CRC, 64, 56, 9, 2),
	  true },
	{ "driver generates", GEOMETRY(NULL, REF_TAG | CAPABLE |
				       BLK_INTEGRITY_NOGENERATE, CRC, 64, 56, 9, 2),
	  true },
	{ "other guard", GEOMETRY(NULL, REF_TAG | CAPABLE, IP, 64, 56, 9, 2) },
	{ "more metadata", GEOMETRY(NULL, REF_TAG | CAPABLE, CRC, 128, 56, 9, 2) },
	/* D18 */
	{ "tuple elsewhere", GEOMETRY(NULL, REF_TAG | CAPABLE, CRC, 64, 0, 9, 2) },
	{ "other interval", GEOMETRY(NULL, REF_TAG | CAPABLE, CRC, 64, 56, 12, 2) },
	{ "other tags", GEOMETRY(NULL, REF_TAG | CAPABLE, CRC, 64, 56, 9, 0) },
	{ "no reference tag", GEOMETRY(NULL, CAPABLE, CRC, 64, 56, 9, 2) },
	{ "profile of its own", GEOMETRY(&own_profile, REF_TAG | CAPABLE, CRC, 64,
					 56, 9, 2) },
	{ "no metadata", {} },
};

KUNIT_ARRAY_PARAM_DESC(stack_cases, stack_cases, desc);

static void expect_none(struct kunit *test, const struct queue_limits *top)
{
	KUNIT_EXPECT_EQ(test, 0, top->integrity.tuple_size);
	KUNIT_EXPECT_EQ(test, 0, top->integrity.csum_type);
	KUNIT_EXPECT_EQ(test, 0, top->integrity.tag_size);
	KUNIT_EXPECT_EQ(test, 0, top->integrity.flags &
			~(unsigned int)BLK_INTEGRITY_STACKED);
}

static void members_must_be_alike(struct kunit *test)
{
	const struct stack_case *row = test->param_value;
	struct queue_limits first = { .integrity = member };
	struct queue_limits second = { .integrity = row->other };
	struct queue_limits top = {};

	KUNIT_ASSERT_TRUE(test, queue_limits_stack_integrity(&top, &first));
	KUNIT_EXPECT_TRUE(test, blk_integrity_geometry_equal(&top.integrity,
							     &member));
	KUNIT_EXPECT_TRUE(test, top.integrity.flags & BLK_INTEGRITY_STACKED);
	KUNIT_EXPECT_EQ(test, row->stacks,
			queue_limits_stack_integrity(&top, &second));
	if (!row->stacks) {
		expect_none(test, &top);
		return;
	}
	KUNIT_EXPECT_TRUE(test, blk_integrity_geometry_equal(&top.integrity,
							     &member));
	KUNIT_EXPECT_EQ(test, row->other.flags & CAPABLE,
			top.integrity.flags & CAPABLE);
	KUNIT_EXPECT_FALSE(test, top.integrity.flags &
			   (BLK_INTEGRITY_NOVERIFY | BLK_INTEGRITY_NOGENERATE));
}

/* The same pairs, in the other order. */
static void order_of_members_does_not_matter(struct kunit *test)
{
	const struct stack_case *row = test->param_value;
	struct queue_limits first = { .integrity = row->other };
	struct queue_limits second = { .integrity = member };
	struct queue_limits top = {};

	KUNIT_ASSERT_TRUE(test, queue_limits_stack_integrity(&top, &first));
	KUNIT_EXPECT_EQ(test, row->stacks,
			queue_limits_stack_integrity(&top, &second));
	if (row->stacks)
		KUNIT_EXPECT_EQ(test, row->other.flags & CAPABLE,
				top.integrity.flags & CAPABLE);
	else
		expect_none(test, &top);
}

/*
 * Callers may ignore the result, so a third member must not set the geometry.
 */
static void refused_member_spoils_the_stack(struct kunit *test)
{
	const struct stack_case *row = test->param_value;
	struct queue_limits first = { .integrity = member };
	struct queue_limits second = { .integrity = row->other };
	struct queue_limits top = {};

	queue_limits_stack_integrity(&top, &first);
	if (queue_limits_stack_integrity(&top, &second))
		return;
	KUNIT_EXPECT_FALSE(test, queue_limits_stack_integrity(&top, &first));
	expect_none(test, &top);
}

static void members_without_metadata_stack(struct kunit *test)
{
	struct queue_limits none = {};
	struct queue_limits top = {};

	KUNIT_EXPECT_TRUE(test, queue_limits_stack_integrity(&top, &none));
	KUNIT_EXPECT_TRUE(test, queue_limits_stack_integrity(&top, &none));
	expect_none(test, &top);
}

/* Stacking stacked devices gives the same result as stacking their members. */
static void stacked_devices_stack(struct kunit *test)
{
	struct queue_limits bottom = { .integrity = member };
	struct queue_limits middle = {}, top = {};

	KUNIT_ASSERT_TRUE(test, queue_limits_stack_integrity(&middle, &bottom));
	KUNIT_ASSERT_TRUE(test, queue_limits_stack_integrity(&top, &middle));
	KUNIT_ASSERT_TRUE(test, queue_limits_stack_integrity(&top, &bottom));
	KUNIT_EXPECT_TRUE(test, blk_integrity_geometry_equal(&top.integrity,
							     &member));
}

static void disks_stack_like_their_limits(struct kunit *test)
{
	struct test_disk *crc = test_disk_of(test, member);
	struct test_disk *crc_too = test_disk_of(test, member);
	struct test_disk *ip =
		test_disk_of(test, test_geometry(BLK_INTEGRITY_CSUM_IP, REF_TAG, 64,
						 56, 9));
	struct queue_limits top = {};

	KUNIT_EXPECT_TRUE(test, queue_limits_stack_integrity_bdev(&top, crc->bdev));
	KUNIT_EXPECT_TRUE(test,
			  queue_limits_stack_integrity_bdev(&top, crc_too->bdev));
	KUNIT_EXPECT_EQ(test, 64, top.integrity.tuple_size);
	KUNIT_EXPECT_FALSE(test, queue_limits_stack_integrity_bdev(&top, ip->bdev));
	KUNIT_EXPECT_EQ(test, 0, top.integrity.tuple_size);
}

/* Stacked limits pass validation. */
static void stacked_limits_are_valid(struct kunit *test)
{
	struct test_disk *bottom = test_disk_of(test, member);
	struct queue_limits lim = test_plain_limits();
	struct test_disk *top;

	KUNIT_ASSERT_TRUE(test,
			  queue_limits_stack_integrity_bdev(&lim, bottom->bdev));
	lim.max_integrity_segments = 16;
	top = test_disk_alloc(test, lim);
	KUNIT_EXPECT_TRUE(test, blk_integrity_geometry_equal(&top->bi, &bottom->bi));
	KUNIT_EXPECT_PTR_EQ(test, top->bi.profile, bottom->bi.profile);
}

/* A stacked device has a capability if all of its members have it. */
static void capabilities_need_all_members(struct kunit *test)
{
	const unsigned int caps = BLK_INTEGRITY_CHECKS_EACH |
				  BLK_INTEGRITY_SPLIT_INTERVALS;
	struct queue_limits able = {
		.integrity = test_geometry(BLK_INTEGRITY_CSUM_CRC,
					   BLK_INTEGRITY_REF_TAG | caps,
					   8, 0, 9),
	};
	struct queue_limits other = able, top = {};

	other.integrity.flags &= ~caps;
	KUNIT_EXPECT_TRUE(test, queue_limits_stack_integrity(&top, &able));
	KUNIT_EXPECT_TRUE(test, queue_limits_stack_integrity(&top, &able));
	KUNIT_EXPECT_EQ(test, caps, top.integrity.flags & caps);
	KUNIT_EXPECT_TRUE(test, queue_limits_stack_integrity(&top, &other));
	KUNIT_EXPECT_EQ(test, 0, top.integrity.flags & caps);
	KUNIT_EXPECT_TRUE(test, queue_limits_stack_integrity(&top, &able));
	KUNIT_EXPECT_EQ(test, 0, top.integrity.flags & caps);
	KUNIT_EXPECT_TRUE(test, top.integrity.flags & BLK_INTEGRITY_STACKED);
}

static struct kunit_case stack_suite_cases[] = {
	KUNIT_CASE_PARAM(members_must_be_alike, stack_cases_gen_params),
	KUNIT_CASE_PARAM(order_of_members_does_not_matter, stack_cases_gen_params),
	KUNIT_CASE_PARAM(refused_member_spoils_the_stack, stack_cases_gen_params),
	KUNIT_CASE(members_without_metadata_stack),
	KUNIT_CASE(stacked_devices_stack),
	KUNIT_CASE(disks_stack_like_their_limits),
	KUNIT_CASE(capabilities_need_all_members),
	KUNIT_CASE(stacked_limits_are_valid),
	{ }
};

static struct kunit_suite stack_suite = {
	.name		= "blk_integrity_stack",
	.test_cases	= stack_suite_cases,
};

kunit_test_suite(stack_suite);

MODULE_DESCRIPTION("KUnit tests of stacking integrity limits");
MODULE_LICENSE("GPL");
