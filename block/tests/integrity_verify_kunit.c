// SPDX-License-Identifier: GPL-2.0
/*
 * Verification of reads: the extent it starts from, completion of bios, and
 * effects of policies.
 */

#include <linux/blk-integrity.h>
#include <linux/t10-pi.h>

#include "integrity_disk.h"
#include "pi_reference.h"

#define REF_TAG	BLK_INTEGRITY_REF_TAG
#define CRC	BLK_INTEGRITY_CSUM_CRC

static struct test_disk *filled_disk(struct kunit *test, struct blk_integrity bi)
{
	struct test_disk *td = test_disk_of(test, bi);

	test_disk_fill(test, td, test_rng(test));
	return td;
}

static struct test_io *read_of(struct kunit *test, struct test_disk *td,
			       sector_t sector, unsigned int bytes)
{
	return test_io_alloc(test, td->bdev, test_rng(test), REQ_OP_READ, sector,
			     bytes, TEST_CUT_DWORD);
}

static struct blk_integrity_dev *idev_of(struct test_disk *td)
{
	return td->disk->queue->integrity_dev;
}

struct piece_case {
	const char *desc;
	unsigned int exp, tuple_size, pi_offset;
	unsigned int piece_bytes;
};

static const struct piece_case piece_cases[] = {
	{ "an interval at a time", 9, 8, 0, 512 },
	{ "three intervals at a time", 9, 8, 0, 1536 },
	{ "an interval of 4096 at a time", 12, 64, 56, 4096 },
	{ "half an interval at a time", 12, 8, 0, 2048 },
	{ "a sector of an interval at a time", 12, 16, 8, 512 },
	{ "one and a half intervals at a time", 12, 24, 0, 6144 },
	{ "nearly all at once", 9, 264, 256, 31 * 512 },
};

KUNIT_ARRAY_PARAM_DESC(piece_cases, piece_cases, desc);

/* E1: completion advances the iterators, verification does not use them. */
static void partial_completion_verifies(struct kunit *test)
{
	const struct piece_case *row = test->param_value;
	struct blk_integrity bi = test_geometry(CRC, REF_TAG, row->tuple_size,
						row->pi_offset, row->exp);
	struct test_disk *td = filled_disk(test, bi);
	unsigned int intervals = 32 * 512 >> row->exp;
	unsigned int last;

	td->piece_bytes = row->piece_bytes;
	KUNIT_EXPECT_EQ(test, 0,
			test_io_run(test, read_of(test, td, 16, 32 * 512)));
	KUNIT_EXPECT_EQ(test, intervals,
			test_disk_counter(td, BLK_INTEGRITY_VERIFIED));

	/* One flipped bit is found in any piece. */
	last = (16 + 32) * 512 - 1;
	for (unsigned int byte = 16 * 512; byte <= last; byte += 517) {
		td->data[byte] ^= 4;
		KUNIT_EXPECT_EQ_MSG(test, -EILSEQ,
				    test_io_run(test, read_of(test, td, 16,
							      32 * 512)),
				    "byte %u", byte);
		td->data[byte] ^= 4;
	}
}

/* E1: the same where all tuples are escapes. */
static void partial_completion_of_escapes_ends(struct kunit *test)
{
	struct test_disk *td = filled_disk(test, test_geometry(CRC, REF_TAG, 8, 0,
							       9));

	memset(td->meta, 0xff, td->meta_bytes);
	td->piece_bytes = 1024;
	KUNIT_EXPECT_EQ(test, 0,
			test_io_run(test, read_of(test, td, 8, SZ_16K)));
	KUNIT_EXPECT_EQ(test, 32, test_disk_counter(td, BLK_INTEGRITY_ESCAPED));
}

static int commit(struct test_disk *td, struct blk_integrity bi)
{
	struct request_queue *q = td->disk->queue;
	struct queue_limits lim = queue_limits_start_update(q);

	lim.integrity = bi;
	return queue_limits_commit_update(q, &lim);
}

/*
 * D13: the bio has left the queue, so freezing does not hold up a new format,
 * but what it was submitted for counts.
 */
static void format_of_submission_counts(struct kunit *test)
{
	const struct blk_integrity formats[] = {
		test_geometry(CRC, REF_TAG, 8, 0, 9),
		test_geometry(BLK_INTEGRITY_CSUM_CRC64, 0, 64, 48, 9),
		{},
	};

	for (int i = 0; i < ARRAY_SIZE(formats); i++) {
		struct test_disk *td = filled_disk(test, formats[0]);
		struct test_io *good = read_of(test, td, 0, SZ_16K);
		struct test_io *bad = read_of(test, td, 32, SZ_16K);

		td->data[40 << SECTOR_SHIFT] ^= 1;
		td->hold = true;
		test_io_submit(good);
		test_io_submit(bad);
		test_disk_release(td);
		KUNIT_EXPECT_EQ(test, 0, commit(td, formats[i]));
		KUNIT_EXPECT_EQ(test, 0, test_io_wait(test, good));
		KUNIT_EXPECT_EQ(test, -EILSEQ, test_io_wait(test, bad));
		KUNIT_EXPECT_EQ(test, 1,
				test_disk_counter(td, BLK_INTEGRITY_GUARD_ERRORS));
	}
}

/*
 * Small and large reads complete at once; each ends once, with its own status.
 */
static void batch_of_reads_ends(struct kunit *test)
{
	struct test_disk *td = filled_disk(test, test_geometry(CRC, REF_TAG, 8, 0,
							       9));
	struct rnd_state *rng = test_rng(test);
	struct test_io *ios[64];

	/* One interval in the first half of the medium is bad. */
	td->data[100 << SECTOR_SHIFT] ^= 1;
	td->hold = true;
	for (int i = 0; i < ARRAY_SIZE(ios); i++) {
		bool large = i % 8 == 7;

		ios[i] = read_of(test, td, i % 2 ? 96 : 512,
				 large ? SZ_128K + SZ_4K :
					 512 * test_random(rng, 8, 64));
		test_io_submit(ios[i]);
	}
	test_disk_release(td);
	for (int i = 0; i < ARRAY_SIZE(ios); i++)
		KUNIT_EXPECT_EQ_MSG(test, i % 2 ? -EILSEQ : 0,
				    test_io_wait(test, ios[i]), "read %d", i);
	test_disk_settle(td);
	for (int i = 0; i < ARRAY_SIZE(ios); i++)
		KUNIT_EXPECT_EQ(test, 1, ios[i]->ended);
	KUNIT_EXPECT_EQ(test, ARRAY_SIZE(ios) / 2,
			test_disk_counter(td, BLK_INTEGRITY_GUARD_ERRORS));
}

/* A large read is verified in pieces, whose errors are added up. */
static void every_error_of_a_large_read_counts(struct kunit *test)
{
	struct test_disk *td = filled_disk(test, test_geometry(CRC, REF_TAG, 8, 0,
							       9));

	for (int i = 0; i < 10; i++)
		td->data[(100 * i + 3) << SECTOR_SHIFT] ^= 1;
	for (int i = 0; i < 5; i++)
		td->meta[(200 * i + 50) * 8 + 7] ^= 1;
	KUNIT_EXPECT_EQ(test, -EILSEQ,
			test_io_run(test, read_of(test, td, 0, 1000 * 512)));
	KUNIT_EXPECT_EQ(test, 10,
			test_disk_counter(td, BLK_INTEGRITY_GUARD_ERRORS));
	KUNIT_EXPECT_EQ(test, 5, test_disk_counter(td, BLK_INTEGRITY_REF_ERRORS));
	KUNIT_EXPECT_EQ(test, 1000, test_disk_counter(td, BLK_INTEGRITY_VERIFIED));
}

static void failed_read_is_not_verified(struct kunit *test)
{
	struct test_disk *td = filled_disk(test, test_geometry(CRC, REF_TAG, 8, 0,
							       9));

	td->status = BLK_STS_MEDIUM;
	KUNIT_EXPECT_EQ(test, -ENODATA,
			test_io_run(test, read_of(test, td, 0, SZ_4K)));
	KUNIT_EXPECT_EQ(test, 0, test_disk_counter(td, BLK_INTEGRITY_VERIFIED));
}

static void device_that_found_an_error_is_counted(struct kunit *test)
{
	struct test_disk *td = filled_disk(test, test_geometry(CRC, REF_TAG, 8, 0,
							       9));

	td->status = BLK_STS_PROTECTION;
	KUNIT_EXPECT_EQ(test, -EILSEQ,
			test_io_run(test, read_of(test, td, 0, SZ_4K)));
	KUNIT_EXPECT_EQ(test, 1,
			test_disk_counter(td, BLK_INTEGRITY_DEVICE_ERRORS));
	KUNIT_EXPECT_EQ(test, 0, test_disk_counter(td, BLK_INTEGRITY_VERIFIED));
}

static void administrator_may_not_want_verification(struct kunit *test)
{
	struct test_disk *td = filled_disk(test, test_geometry(CRC, REF_TAG, 64,
							       56, 9));

	td->data[0] ^= 1;
	idev_of(td)->read_verify = false;
	KUNIT_EXPECT_EQ(test, 0,
			test_io_run(test, read_of(test, td, 0, SZ_4K)));
	KUNIT_EXPECT_EQ(test, BIP_BLOCK_INTEGRITY | BIP_MAPPED_INTEGRITY |
			BIP_CTRL_NOCHECK | BIP_DISK_NOCHECK | TEST_CHECKS,
			td->bip_flags);
	KUNIT_EXPECT_EQ(test, 8, test_disk_counter(td, BLK_INTEGRITY_UNCHECKED));
	idev_of(td)->read_verify = true;
	KUNIT_EXPECT_EQ(test, -EILSEQ,
			test_io_run(test, read_of(test, td, 0, SZ_4K)));
}

static void administrator_may_want_bad_data(struct kunit *test)
{
	struct test_disk *td = filled_disk(test, test_geometry(CRC, REF_TAG, 8, 0,
							       9));

	td->data[0] ^= 1;
	idev_of(td)->report_only = true;
	KUNIT_EXPECT_EQ(test, 0,
			test_io_run(test, read_of(test, td, 0, SZ_4K)));
	KUNIT_EXPECT_EQ(test, 1,
			test_disk_counter(td, BLK_INTEGRITY_GUARD_ERRORS));
	/* A device that checks would not deliver the data. */
	KUNIT_EXPECT_TRUE(test, td->bip_flags & BIP_DISK_NOCHECK);
	KUNIT_EXPECT_TRUE(test, td->bip_flags & BIP_CTRL_NOCHECK);

	/* Nor would a device that strips the tuples. */
	idev_of(td)->read_verify = false;
	td->bip_flags = 0;
	KUNIT_EXPECT_EQ(test, 0,
			test_io_run(test, read_of(test, td, 0, SZ_4K)));
	KUNIT_EXPECT_TRUE(test, td->bip_flags & BIP_DISK_NOCHECK);
	KUNIT_EXPECT_EQ(test, 1,
			test_disk_counter(td, BLK_INTEGRITY_GUARD_ERRORS));
}

static void small_reads_may_be_verified_at_once(struct kunit *test)
{
	struct test_disk *td = filled_disk(test, test_geometry(CRC, REF_TAG, 8, 0,
							       9));

	idev_of(td)->inline_bytes = SZ_4K;
	td->data[0] ^= 1;
	KUNIT_EXPECT_EQ(test, -EILSEQ,
			test_io_run(test, read_of(test, td, 0, SZ_4K)));
	KUNIT_EXPECT_EQ(test, 0,
			test_io_run(test, read_of(test, td, 1, SZ_4K)));
	KUNIT_EXPECT_EQ(test, 2,
			test_disk_counter(td, BLK_INTEGRITY_INLINE_VERIFIES));
	KUNIT_EXPECT_EQ(test, 0,
			test_io_run(test, read_of(test, td, 1, SZ_8K)));
	KUNIT_EXPECT_EQ(test, 2,
			test_disk_counter(td, BLK_INTEGRITY_INLINE_VERIFIES));
}

/*
 * A path is removed together with its reads; another path completes them.
 */
static void read_goes_on_on_another_path(struct kunit *test)
{
	struct blk_integrity bi = test_geometry(CRC, REF_TAG, 8, 0, 9);
	struct test_disk *path = test_disk_of(test, bi);
	struct test_disk *other = filled_disk(test, bi);
	struct test_io *io = read_of(test, path, 8, SZ_4K);

	KUNIT_ASSERT_TRUE(test, bio_integrity_prep(&io->bio));
	KUNIT_EXPECT_TRUE(test, bio_integrity_flagged(&io->bio, BIP_VERIFY));
	bio_set_dev(&io->bio, other->bdev);
	other->data[8 << 9] ^= 1;
	KUNIT_EXPECT_EQ(test, -EILSEQ, test_io_run(test, io));
	KUNIT_EXPECT_EQ(test, 1,
			test_disk_counter(other, BLK_INTEGRITY_GUARD_ERRORS));
	KUNIT_EXPECT_EQ(test, 0, test_disk_counter(path, BLK_INTEGRITY_VERIFIED));
}

/* A block that was written without protection can be read with checks on. */
static void unprotected_write_reads_back(struct kunit *test)
{
	struct test_disk *td = filled_disk(test, test_geometry(CRC, REF_TAG, 64,
							       28, 9));
	struct test_io *io = test_io_alloc(test, td->bdev, test_rng(test),
					   REQ_OP_WRITE, 8, SZ_4K, TEST_CUT_PAGE);

	idev_of(td)->write_generate = false;
	KUNIT_EXPECT_EQ(test, 0, test_io_run(test, io));
	KUNIT_EXPECT_EQ(test, 0,
			test_io_run(test, read_of(test, td, 8, SZ_4K)));
	KUNIT_EXPECT_EQ(test, 8, test_disk_counter(td, BLK_INTEGRITY_ESCAPED));
}

/*
 * A tuple with the application tag of an escape that is otherwise as expected
 * counts as verified, also beside one that is wrong.
 */
static void escape_that_is_as_expected_is_verified(struct kunit *test)
{
	struct test_disk *td = filled_disk(test, test_geometry(CRC, REF_TAG, 8, 0,
							       9));
	struct t10_pi_tuple *tuples = (struct t10_pi_tuple *)td->meta;

	tuples[2].app_tag = T10_PI_APP_ESCAPE;
	KUNIT_EXPECT_EQ(test, 0, test_io_run(test, read_of(test, td, 0, SZ_4K)));
	KUNIT_EXPECT_EQ(test, 8, test_disk_counter(td, BLK_INTEGRITY_VERIFIED));

	tuples[4].guard_tag ^= cpu_to_be16(1);
	KUNIT_EXPECT_EQ(test, -EILSEQ,
			test_io_run(test, read_of(test, td, 0, SZ_4K)));
	KUNIT_EXPECT_EQ(test, 16, test_disk_counter(td, BLK_INTEGRITY_VERIFIED));
	KUNIT_EXPECT_EQ(test, 0, test_disk_counter(td, BLK_INTEGRITY_ESCAPED));

	tuples[2].guard_tag ^= cpu_to_be16(1);
	KUNIT_EXPECT_EQ(test, -EILSEQ,
			test_io_run(test, read_of(test, td, 0, SZ_4K)));
	KUNIT_EXPECT_EQ(test, 23, test_disk_counter(td, BLK_INTEGRITY_VERIFIED));
	KUNIT_EXPECT_EQ(test, 1, test_disk_counter(td, BLK_INTEGRITY_ESCAPED));
}

static struct kunit_case verify_cases[] = {
	KUNIT_CASE_PARAM(partial_completion_verifies, piece_cases_gen_params),
	KUNIT_CASE(partial_completion_of_escapes_ends),
	KUNIT_CASE(format_of_submission_counts),
	KUNIT_CASE(batch_of_reads_ends),
	KUNIT_CASE(every_error_of_a_large_read_counts),
	KUNIT_CASE(failed_read_is_not_verified),
	KUNIT_CASE(device_that_found_an_error_is_counted),
	KUNIT_CASE(administrator_may_not_want_verification),
	KUNIT_CASE(administrator_may_want_bad_data),
	KUNIT_CASE(small_reads_may_be_verified_at_once),
	KUNIT_CASE(read_goes_on_on_another_path),
	KUNIT_CASE(unprotected_write_reads_back),
	KUNIT_CASE(escape_that_is_as_expected_is_verified),
	{ }
};

static struct kunit_suite verify_suite = {
	.name		= "bio_integrity_verify",
	.test_cases	= verify_cases,
};

kunit_test_suite(verify_suite);

MODULE_DESCRIPTION("KUnit tests of verifying reads");
MODULE_LICENSE("GPL");
