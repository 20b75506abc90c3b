// SPDX-License-Identifier: GPL-2.0
/*
 * Choice of checks, by the host and by the device; the error record; and guards
 * that a submitter provides or takes.
 */

#include <linux/blk-integrity.h>

#include "integrity_disk.h"
#include "pi_reference.h"

#define REF_TAG		BLK_INTEGRITY_REF_TAG
#define CRC		BLK_INTEGRITY_CSUM_CRC
#define FIRST		24
#define INTERVALS	8
#define ALL_CHECKS	(TEST_CHECKS | BIP_CHECK_APPTAG)

static struct blk_integrity usual_geometry(void)
{
	return test_with_tags(test_geometry(CRC, REF_TAG, 8, 0, 9));
}

static struct test_io *owned_io(struct kunit *test, struct test_disk *td,
				blk_opf_t opf)
{
	return test_io_owned(test, td, opf, FIRST, INTERVALS);
}

struct checks_case {
	const char *desc;
	unsigned int checks;
	unsigned int flags;		/* of the geometry */
	bool device_checks;
	bool guard, app, ref;		/* is the tag's fault found? */
};

#define EACH	BLK_INTEGRITY_CHECKS_EACH
#define GUARD	BIP_CHECK_GUARD
#define APP	BIP_CHECK_APPTAG
#define REF	BIP_CHECK_REFTAG

static const struct checks_case checks_cases[] = {
	{ "nothing", 0, REF_TAG, false, false, false, false },
	{ "nothing of each", 0, REF_TAG | EACH, false, false, false, false },
	{ "guard", GUARD, REF_TAG, false, true, false, false },
	{ "guard of each", GUARD, REF_TAG | EACH, true, true, false, false },
	{ "guard, no reference tag", GUARD, 0, true, true, false, false },
	{ "reference tag", REF, REF_TAG, false, false, false, true },
	{ "application tag", APP, REF_TAG, false, false, true, false },
	{ "application tag of each", APP, REF_TAG | EACH, true, false, true,
	  false },
	{ "guard and reference tag", GUARD | REF, REF_TAG, true, true, false,
	  true },
	{ "all", GUARD | APP | REF, REF_TAG, true, true, true, true },
};

KUNIT_ARRAY_PARAM_DESC(checks_cases, checks_cases, desc);

static void read_with_fault(struct kunit *test, struct test_disk *td,
			    unsigned int byte, bool found)
{
	const struct checks_case *row = test->param_value;
	struct test_io *io = owned_io(test, td, REQ_OP_READ);

	KUNIT_EXPECT_EQ(test, 0, bio_integrity_set_checks(&io->bio, row->checks,
							  0x1234, 0xffff));
	td->meta[(FIRST + 1) * 8 + byte] ^= 2;
	KUNIT_EXPECT_EQ_MSG(test, found ? -EILSEQ : 0, test_io_run(test, io),
			    "byte %u", byte);
	td->meta[(FIRST + 1) * 8 + byte] ^= 2;
	KUNIT_EXPECT_EQ(test, row->device_checks,
			!(td->bip_flags & BIP_DISK_NOCHECK));
	KUNIT_EXPECT_EQ(test, row->device_checks,
			!(td->bip_flags & BIP_CTRL_NOCHECK));
	KUNIT_EXPECT_EQ(test, row->checks, td->bip_flags & BIP_CHECK_FLAGS);
}

static void what_is_asked_for_is_checked(struct kunit *test)
{
	const struct checks_case *row = test->param_value;
	struct blk_integrity bi = test_with_tags(test_geometry(CRC, row->flags, 8, 0, 9));
	struct test_disk *td = test_disk_of(test, bi);
	struct test_io *io = owned_io(test, td, REQ_OP_WRITE);
	u8 tags[6 * INTERVALS];

	for (unsigned int i = 0; i < INTERVALS; i++) {
		memset(tags + i * bi.tag_size, 0x77, bi.tag_size);
		tags[i * bi.tag_size] = 0x12;
		tags[i * bi.tag_size + 1] = 0x34;
	}
	KUNIT_EXPECT_EQ(test, 0, bio_integrity_set_tag(&io->bio, tags,
						       INTERVALS * bi.tag_size));
	KUNIT_EXPECT_EQ(test, 0, bio_integrity_generate(&io->bio));
	KUNIT_EXPECT_EQ(test, 0, test_io_run(test, io));
	KUNIT_EXPECT_FALSE(test, td->bip_flags & BIP_DISK_NOCHECK);

	read_with_fault(test, td, 0, row->guard);
	read_with_fault(test, td, 2, row->app);
	read_with_fault(test, td, 5, row->ref);
}

struct wrong_case {
	const char *desc;
	unsigned int byte;		/* of the tuple of interval 5; 8: of data */
	enum blk_integrity_tag tag;
	u64 found;			/* if the tag is the reference tag */
};

static const struct wrong_case wrong_cases[] = {
	{ "data", 8, BLK_INTEGRITY_TAG_GUARD },
	{ "guard", 1, BLK_INTEGRITY_TAG_GUARD },
	{ "application tag", 3, BLK_INTEGRITY_TAG_APP },
	{ "reference tag", 7, BLK_INTEGRITY_TAG_REF, (FIRST + 5) ^ 0x10 },
};

KUNIT_ARRAY_PARAM_DESC(wrong_cases, wrong_cases, desc);

static void record_says_what_is_wrong(struct kunit *test)
{
	const struct wrong_case *row = test->param_value;
	struct test_disk *td = test_disk_of(test, usual_geometry());
	const struct blk_integrity_error *err;
	struct test_io *io = owned_io(test, td, REQ_OP_WRITE);
	u8 tags[2 * INTERVALS];

	memset(tags, 0x35, sizeof(tags));
	KUNIT_EXPECT_EQ(test, 0, bio_integrity_set_tag(&io->bio, tags, 16));
	KUNIT_EXPECT_EQ(test, 0, fs_bio_integrity_generate(&io->bio));
	KUNIT_EXPECT_EQ(test, 0, test_io_run(test, io));

	if (row->byte < 8)
		td->meta[(FIRST + 5) * 8 + row->byte] ^= 0x10;
	else
		td->data[((FIRST + 5) << 9) + 100] ^= 0x10;
	io = owned_io(test, td, REQ_OP_READ);
	/* Bits outside of the mask are not compared. */
	KUNIT_EXPECT_EQ(test, 0, bio_integrity_set_checks(&io->bio, ALL_CHECKS,
							  0x35f5, 0xff1f));
	KUNIT_EXPECT_EQ(test, -EILSEQ, test_io_run(test, io));
	err = bio_integrity_error(&io->bio);
	KUNIT_ASSERT_NOT_NULL(test, err);
	KUNIT_EXPECT_EQ(test, row->tag, err->tag);
	KUNIT_EXPECT_EQ(test, 1, err->intervals[row->tag]);
	KUNIT_EXPECT_EQ(test, BLK_INTEGRITY_ORIGIN_HOST, err->origin);
	KUNIT_EXPECT_EQ(test, FIRST + 5, err->interval);
	KUNIT_EXPECT_EQ(test, FIRST + 5, err->sector);
	if (row->tag == BLK_INTEGRITY_TAG_REF) {
		KUNIT_EXPECT_EQ(test, FIRST + 5, err->expected);
		KUNIT_EXPECT_EQ(test, row->found, err->found);
	} else if (row->tag == BLK_INTEGRITY_TAG_APP) {
		KUNIT_EXPECT_EQ(test, 0x3515, err->expected);
		KUNIT_EXPECT_EQ(test, 0x3505, err->found);
		KUNIT_EXPECT_EQ(test, 1,
				test_disk_counter(td, BLK_INTEGRITY_APP_ERRORS));
	} else {
		KUNIT_EXPECT_EQ(test, pi_ref_number(td->meta + (FIRST + 5) * 8, 2),
				err->found);
		KUNIT_EXPECT_EQ(test,
				pi_ref_crc16(PI_REF_CRC16_INIT,
					     td->data + ((FIRST + 5) << 9), 512),
				err->expected);
	}
}

static void device_that_fails_is_the_origin(struct kunit *test)
{
	static const enum req_op ops[] = { REQ_OP_READ, REQ_OP_WRITE };
	struct test_disk *td = test_disk_of(test, usual_geometry());

	td->status = BLK_STS_PROTECTION;
	for (int i = 0; i < ARRAY_SIZE(ops); i++) {
		const struct blk_integrity_error *err;
		struct test_io *io = owned_io(test, td, ops[i]);

		if (ops[i] == REQ_OP_WRITE)
			KUNIT_EXPECT_EQ(test, 0, bio_integrity_generate(&io->bio));
		KUNIT_EXPECT_EQ(test, -EILSEQ, test_io_run(test, io));
		err = bio_integrity_error(&io->bio);
		KUNIT_ASSERT_NOT_NULL(test, err);
		KUNIT_EXPECT_EQ(test, BLK_INTEGRITY_TAG_UNKNOWN, err->tag);
		KUNIT_EXPECT_EQ(test, BLK_INTEGRITY_ORIGIN_DEVICE, err->origin);
		KUNIT_EXPECT_EQ(test, FIRST, err->interval);
		KUNIT_EXPECT_EQ(test, FIRST, err->sector);
	}
	KUNIT_EXPECT_EQ(test, 2,
			test_disk_counter(td, BLK_INTEGRITY_DEVICE_ERRORS));
}

/* Guards that a submitter provides, and those that were read. */
struct guards {
	u64 first;
	unsigned int calls;
	const struct bio *bio;
	u16 guard[INTERVALS];
};

static void put_guards(struct blk_integrity_exchg *xchg)
{
	struct guards *guards = xchg->private;

	for (unsigned int i = 0; i < xchg->data_size >> 9; i++) {
		u8 *pi = xchg->prot_buf + i * 8;

		pi_ref_put_number(pi, 2,
				  guards->guard[xchg->interval + i - guards->first]);
		pi_ref_put_number(pi + 4, 4, xchg->interval + i);
	}
	guards->bio = xchg->bio;
	guards->calls++;
}

static void take_guards(struct blk_integrity_exchg *xchg)
{
	struct guards *guards = xchg->private;

	for (unsigned int i = 0; i < xchg->data_size >> 9; i++)
		guards->guard[xchg->interval + i - guards->first] =
			pi_ref_number(xchg->prot_buf + i * 8, 2);
	guards->bio = xchg->bio;
	guards->calls++;
}

static const struct blk_integrity_profile guards_profile = {
	.name		= "guards of the submitter",
	.csum_type	= CRC,
	.tuple_size	= 8,
	.tag_offset	= 2,
	.tag_size	= 2,
	.generate_fn	= put_guards,
	.verify_fn	= take_guards,
};

static void submitter_may_bring_its_guards(struct kunit *test)
{
	struct test_disk *td = test_disk_of(test, usual_geometry());
	struct test_io *io = owned_io(test, td, REQ_OP_WRITE);
	struct guards put = { .first = FIRST }, got = { .first = FIRST };
	u8 *data = test_guarded_buf(test, SZ_4K);
	struct blk_integrity_error err;

	test_vecs_read(io->data, data);
	for (unsigned int i = 0; i < INTERVALS; i++)
		put.guard[i] = pi_ref_crc16(PI_REF_CRC16_INIT, data + i * 512, 512);
	KUNIT_EXPECT_EQ(test, FIRST, bip_get_seed(bio_integrity(&io->bio)));
	KUNIT_EXPECT_EQ(test, 0, bio_integrity_set_profile(&io->bio,
							   &guards_profile, &put));
	KUNIT_EXPECT_EQ(test, 0, bio_integrity_generate(&io->bio));
	KUNIT_EXPECT_EQ(test, 0, test_io_run(test, io));
	KUNIT_EXPECT_GT(test, put.calls, 0);
	KUNIT_EXPECT_PTR_EQ(test, &io->bio, put.bio);
	KUNIT_EXPECT_EQ(test, 0,
			pi_ref_verify(&td->bi, td->data + (FIRST << 9),
				      td->meta + FIRST * 8, INTERVALS, FIRST,
				      &err));

	io = owned_io(test, td, REQ_OP_READ);
	KUNIT_EXPECT_EQ(test, 0, bio_integrity_set_profile(&io->bio,
							   &guards_profile, &got));
	KUNIT_EXPECT_EQ(test, 0, test_io_run(test, io));
	KUNIT_EXPECT_PTR_EQ(test, &io->bio, got.bio);
	KUNIT_EXPECT_MEMEQ(test, put.guard, got.guard, sizeof(put.guard));
}

static void callbacks_of_another_geometry_are_refused(struct kunit *test)
{
	struct test_disk *td = test_disk_of(test, usual_geometry());
	struct test_io *write = owned_io(test, td, REQ_OP_WRITE);
	struct test_io *read = owned_io(test, td, REQ_OP_READ);
	/* The payload is freed when this function has returned. */
	static struct blk_integrity_profile other;

	other = guards_profile;
	other.verify_fn = NULL;
	KUNIT_EXPECT_EQ(test, 0, bio_integrity_set_profile(&write->bio, &other, NULL));
	KUNIT_EXPECT_EQ(test, -EINVAL,
			bio_integrity_set_profile(&read->bio, &other, NULL));
	other.generate_fn = NULL;
	KUNIT_EXPECT_EQ(test, -EINVAL,
			bio_integrity_set_profile(&write->bio, &other, NULL));
	other = guards_profile;
	other.tuple_size = 16;
	KUNIT_EXPECT_EQ(test, -EINVAL,
			bio_integrity_set_profile(&write->bio, &other, NULL));
	other = guards_profile;
	other.tag_offset = 4;
	KUNIT_EXPECT_EQ(test, -EINVAL,
			bio_integrity_set_profile(&write->bio, &other, NULL));
	other = guards_profile;
	other.csum_type = BLK_INTEGRITY_CSUM_IP;
	KUNIT_EXPECT_EQ(test, -EINVAL,
			bio_integrity_set_profile(&write->bio, &other, NULL));
}

static struct kunit_case checks_suite_cases[] = {
	KUNIT_CASE_PARAM(what_is_asked_for_is_checked, checks_cases_gen_params),
	KUNIT_CASE_PARAM(record_says_what_is_wrong, wrong_cases_gen_params),
	KUNIT_CASE(device_that_fails_is_the_origin),
	KUNIT_CASE(submitter_may_bring_its_guards),
	KUNIT_CASE(callbacks_of_another_geometry_are_refused),
	{ }
};

static struct kunit_suite checks_suite = {
	.name		= "bio_integrity_checks",
	.test_cases	= checks_suite_cases,
};

kunit_test_suite(checks_suite);

MODULE_DESCRIPTION("KUnit tests of checks and guards of a submitter's choice");
MODULE_LICENSE("GPL");
