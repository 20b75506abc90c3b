// SPDX-License-Identifier: GPL-2.0
/*
 * Results of bio_integrity_prep(): nothing, a buffer, or protection; and the
 * content of the buffer.
 */

#include <linux/blk-integrity.h>

#include "integrity_disk.h"
#include "pi_reference.h"

#define REF_TAG	BLK_INTEGRITY_REF_TAG
#define CRC	BLK_INTEGRITY_CSUM_CRC

/* The expected result. */
enum outcome { NOTHING, BUFFER, GENERATED, VERIFIED_LATER };

/* The metadata of the device. */
enum metadata { NO_METADATA, TUPLE_ONLY, WITH_TUPLE, OPAQUE };

struct prep_case {
	const char *desc;
	enum req_op op;
	enum metadata metadata;
	unsigned int bytes;
	bool verify, generate;		/* policies */
	unsigned int flags;		/* of the driver */
	enum outcome outcome;
};

#define NOVERIFY	BLK_INTEGRITY_NOVERIFY
#define NOGENERATE	BLK_INTEGRITY_NOGENERATE

static const struct prep_case prep_cases[] = {
	{ "read", REQ_OP_READ, TUPLE_ONLY, SZ_4K, true, true, 0,
	  VERIFIED_LATER },
	{ "write", REQ_OP_WRITE, TUPLE_ONLY, SZ_4K, true, true, 0, GENERATED },
	/* E7 */
	{ "zone append", REQ_OP_ZONE_APPEND, TUPLE_ONLY, SZ_4K, true, true, 0,
	  GENERATED },
	{ "flush", REQ_OP_FLUSH, TUPLE_ONLY, 0, true, true, 0, NOTHING },
	{ "write without data", REQ_OP_WRITE, TUPLE_ONLY, 0, true, true, 0,
	  NOTHING },
	{ "discard", REQ_OP_DISCARD, TUPLE_ONLY, SZ_4K, true, true, 0, NOTHING },
	{ "write zeroes", REQ_OP_WRITE_ZEROES, TUPLE_ONLY, SZ_4K, true, true, 0,
	  NOTHING },
	{ "passthrough", REQ_OP_DRV_IN, TUPLE_ONLY, SZ_4K, true, true, 0,
	  NOTHING },
	{ "no metadata, read", REQ_OP_READ, NO_METADATA, SZ_4K, true, true, 0,
	  NOTHING },
	{ "no metadata, write", REQ_OP_WRITE, NO_METADATA, SZ_4K, true, true, 0,
	  NOTHING },
	{ "reads not to be verified", REQ_OP_READ, TUPLE_ONLY, SZ_4K, false, true,
	  0, NOTHING },
	{ "writes not to be protected", REQ_OP_WRITE, TUPLE_ONLY, SZ_4K, true,
	  false, 0, NOTHING },
	{ "write, reads not to be verified", REQ_OP_WRITE, TUPLE_ONLY, SZ_4K,
	  false, true, 0, GENERATED },
	{ "read, writes not to be protected", REQ_OP_READ, TUPLE_ONLY, SZ_4K, true,
	  false, 0, VERIFIED_LATER },
	{ "driver verifies", REQ_OP_READ, TUPLE_ONLY, SZ_4K, true, true, NOVERIFY,
	  NOTHING },
	{ "driver generates", REQ_OP_WRITE, TUPLE_ONLY, SZ_4K, true, true,
	  NOGENERATE, NOTHING },
	/* D5: such devices cannot do I/O without a buffer. */
	{ "64 bytes, read", REQ_OP_READ, WITH_TUPLE, SZ_4K, true, true, 0,
	  VERIFIED_LATER },
	{ "64 bytes, write", REQ_OP_WRITE, WITH_TUPLE, SZ_4K, true, true, 0,
	  GENERATED },
	{ "64 bytes, reads not to be verified", REQ_OP_READ, WITH_TUPLE, SZ_4K,
	  false, true, 0, BUFFER },
	{ "64 bytes, writes not to be protected", REQ_OP_WRITE, WITH_TUPLE, SZ_4K,
	  true, false, 0, BUFFER },
	{ "64 bytes, appends not to be protected", REQ_OP_ZONE_APPEND, WITH_TUPLE,
	  SZ_4K, true, false, 0, BUFFER },
	{ "64 bytes, driver generates", REQ_OP_WRITE, WITH_TUPLE, SZ_4K, true,
	  true, NOGENERATE, BUFFER },
	{ "opaque, read", REQ_OP_READ, OPAQUE, SZ_4K, true, true, 0, BUFFER },
	{ "opaque, write", REQ_OP_WRITE, OPAQUE, SZ_4K, true, true, 0, BUFFER },
	{ "opaque, discard", REQ_OP_DISCARD, OPAQUE, SZ_4K, true, true, 0,
	  NOTHING },
};

KUNIT_ARRAY_PARAM_DESC(prep_cases, prep_cases, desc);

static struct test_disk *disk_of_case(struct kunit *test,
				      const struct prep_case *row)
{
	static const struct blk_integrity metadata[] = {
		[TUPLE_ONLY]	= { .csum_type = CRC, .tuple_size = 8 },
		[WITH_TUPLE]	= { .csum_type = CRC, .tuple_size = 64,
				    .pi_offset = 56 },
		[OPAQUE]	= { .tuple_size = 64 },
	};
	struct blk_integrity bi = metadata[row->metadata];
	struct blk_integrity_dev *idev;
	struct test_disk *td;

	if (row->metadata == NO_METADATA)
		return test_disk_alloc(test, test_plain_limits());
	bi.interval_exp = 9;
	bi.flags = row->flags;
	td = test_disk_of(test, bi);
	idev = td->disk->queue->integrity_dev;
	idev->read_verify = row->verify;
	idev->write_generate = row->generate;
	return td;
}

/* The position of an append is not known yet. */
static unsigned int flags_of(const struct prep_case *row)
{
	unsigned int flags = BIP_BLOCK_INTEGRITY | TEST_CHECKS;

	if (row->op != REQ_OP_ZONE_APPEND)
		flags |= BIP_MAPPED_INTEGRITY;
	switch (row->outcome) {
	case BUFFER:
		return flags | BIP_CTRL_NOCHECK | BIP_DISK_NOCHECK;
	case VERIFIED_LATER:
		return flags | BIP_VERIFY;
	default:
		return flags;
	}
}

static void prep_does_what_the_bio_needs(struct kunit *test)
{
	const struct prep_case *row = test->param_value;
	struct test_disk *td = disk_of_case(test, row);
	struct test_io *io = test_io_alloc(test, td->bdev, test_rng(test), row->op,
					   8, row->bytes, TEST_CUT_PAGE);
	struct bio_integrity_payload *bip;

	KUNIT_EXPECT_EQ(test, row->outcome > BUFFER,
			bio_integrity_enabled(&io->bio));
	KUNIT_EXPECT_TRUE(test, bio_integrity_prep(&io->bio));
	KUNIT_EXPECT_EQ(test, 0, io->ended);
	bip = bio_integrity(&io->bio);
	KUNIT_ASSERT_EQ(test, row->outcome != NOTHING, !!bip);
	if (!bip)
		return;
	KUNIT_EXPECT_EQ(test, flags_of(row), bip->bip_flags);
	KUNIT_EXPECT_EQ(test, (row->bytes >> 9) * td->bi.tuple_size,
			bip->bip_iter.bi_size);
	KUNIT_EXPECT_FALSE(test, bio_integrity_enabled(&io->bio));
}

/* Make sure that buffers are allocated from memory with other content. */
static void dirty_memory(struct kunit *test, struct test_disk *td,
			 unsigned int bytes)
{
	for (int i = 0; i < 8; i++) {
		struct test_io *io = test_io_alloc(test, td->bdev, test_rng(test),
						   REQ_OP_READ, 0, bytes,
						   TEST_CUT_NONE);
		struct bio_integrity_payload *bip;
		struct bvec_iter iter;
		struct bio_vec bv;

		KUNIT_ASSERT_TRUE(test, bio_integrity_prep(&io->bio));
		bip = bio_integrity(&io->bio);
		bip_for_each_vec(bv, bip, iter)
			memset(bvec_virt(&bv), 0xa5, bv.bv_len);
		bio_integrity_free(&io->bio);
	}
}

/* As the reference generates over zeroes: all but guard and number is 0. */
static void expect_generated(struct kunit *test, struct test_disk *td,
			     struct test_io *io, u64 first)
{
	struct bio_integrity_payload *bip = bio_integrity(&io->bio);
	unsigned int meta_bytes = bip->bip_iter.bi_size;
	u8 *data = test_guarded_buf(test, io->data->bytes);
	u8 *wanted = test_guarded_buf(test, meta_bytes);
	u8 *found = test_guarded_buf(test, meta_bytes);

	test_vecs_read(io->data, data);
	memset(wanted, 0, meta_bytes);
	pi_ref_generate(&td->bi, data, wanted, meta_bytes / td->bi.tuple_size,
			first);
	test_bip_read(bip, found);
	KUNIT_EXPECT_MEMEQ(test, wanted, found, meta_bytes);
}

/*
 * CVE-2024-43854, CVE-2026-23007: no byte of stale memory reaches the medium.
 */
static void write_buffer_has_tuples_and_zeroes(struct kunit *test)
{
	struct test_disk *td = test_disk_of(test, test_geometry_of(test));
	unsigned int block = 1 << td->bi.interval_exp;
	struct rnd_state *rng = test_rng(test);
	static const unsigned int intervals[] = { 1, 7, 40 };

	for (int i = 0; i < ARRAY_SIZE(intervals); i++) {
		unsigned int bytes = intervals[i] * block;
		struct test_io *io;

		dirty_memory(test, td, bytes);
		io = test_io_alloc(test, td->bdev, rng, REQ_OP_WRITE, block, bytes,
				   TEST_CUT_DWORD);
		test_vecs_write(io->data, test_filled_buf(test, rng, bytes));
		KUNIT_ASSERT_TRUE(test, bio_integrity_prep(&io->bio));
		expect_generated(test, td, io, block >> (td->bi.interval_exp - 9));
	}
}

/* D27: the seed is the position on the device, in intervals. */
static void seed_is_the_first_interval(struct kunit *test)
{
	struct test_disk *td = test_disk_of(test, test_geometry_of(test));
	struct test_io *io = test_io_alloc(test, td->bdev, test_rng(test),
					   REQ_OP_READ, 8 * 77, SZ_4K,
					   TEST_CUT_NONE);

	KUNIT_ASSERT_TRUE(test, bio_integrity_prep(&io->bio));
	KUNIT_EXPECT_EQ(test, 8 * 77 >> (td->bi.interval_exp - 9),
			bip_get_seed(bio_integrity(&io->bio)));
	KUNIT_EXPECT_EQ(test, td->bi.csum_type == BLK_INTEGRITY_CSUM_IP,
			bio_integrity_flagged(&io->bio, BIP_IP_CHECKSUM));
}

/* Without protection, tuples are escapes and the rest is zero. */
static void unprotected_write_is_escaped(struct kunit *test)
{
	struct test_disk *td = test_disk_of(test, test_geometry_of(test));
	unsigned int area = td->bi.tuple_size;
	unsigned int tuple = pi_ref_tuple_bytes(&td->bi);
	unsigned int bytes = 9 << td->bi.interval_exp;
	u8 *found = test_guarded_buf(test, 9 * area);
	struct test_io *io;

	dirty_memory(test, td, bytes);
	td->disk->queue->integrity_dev->write_generate = false;
	io = test_io_alloc(test, td->bdev, test_rng(test), REQ_OP_WRITE, 0, bytes,
			   TEST_CUT_NONE);
	KUNIT_ASSERT_TRUE(test, bio_integrity_prep(&io->bio));
	if (area == tuple) {
		KUNIT_EXPECT_NULL(test, bio_integrity(&io->bio));
		return;
	}
	KUNIT_ASSERT_NOT_NULL(test, bio_integrity(&io->bio));
	test_bip_read(bio_integrity(&io->bio), found);
	for (int i = 0; i < 9; i++) {
		u8 *pi = found + i * area + td->bi.pi_offset;

		KUNIT_EXPECT_NULL(test, memchr_inv(pi, 0xff, tuple));
		memset(pi, 0, tuple);
	}
	KUNIT_EXPECT_NULL(test, memchr_inv(found, 0, 9 * area));
}

static struct kunit_case prep_suite_cases[] = {
	KUNIT_CASE_PARAM(prep_does_what_the_bio_needs, prep_cases_gen_params),
	KUNIT_CASE_PARAM(write_buffer_has_tuples_and_zeroes,
			 test_geometry_gen_params),
	KUNIT_CASE_PARAM(seed_is_the_first_interval, test_geometry_gen_params),
	KUNIT_CASE_PARAM(unprotected_write_is_escaped, test_geometry_gen_params),
	{ }
};

static struct kunit_suite prep_suite = {
	.name		= "bio_integrity_prep",
	.test_cases	= prep_suite_cases,
};

kunit_test_suite(prep_suite);

MODULE_DESCRIPTION("KUnit tests of protecting bios at submission");
MODULE_LICENSE("GPL");
