// SPDX-License-Identifier: GPL-2.0
/*
 * I/O through the whole block layer to a disk in memory: what reaches the
 * medium, what a read returns, and that every error is detected.
 */

#include <linux/blk-integrity.h>

#include "integrity_disk.h"
#include "pi_reference.h"

#define REF_TAG	BLK_INTEGRITY_REF_TAG

static unsigned int block_sectors(struct test_disk *td)
{
	return td->bdev->bd_disk->queue->limits.logical_block_size >> SECTOR_SHIFT;
}

static struct test_io *io_of(struct kunit *test, struct test_disk *td,
			     struct rnd_state *rng, enum req_op op,
			     unsigned int block, unsigned int blocks,
			     enum test_cut cut)
{
	unsigned int sectors = block_sectors(td);

	return test_io_alloc(test, td->bdev, rng, op, block * sectors,
			     (blocks * sectors) << SECTOR_SHIFT, cut);
}

static u8 *medium_data(struct test_disk *td, unsigned int block)
{
	return td->data + ((block * block_sectors(td)) << SECTOR_SHIFT);
}

/* The medium has the written data, with metadata equal to the reference's. */
static void expect_on_medium(struct kunit *test, struct test_disk *td,
			     const u8 *data, unsigned int block,
			     unsigned int blocks)
{
	unsigned int meta_bytes = blocks * td->bi.tuple_size;
	u8 *wanted = test_guarded_buf(test, meta_bytes);

	memset(wanted, 0, meta_bytes);
	pi_ref_generate(&td->bi, data, wanted, blocks, block);
	KUNIT_EXPECT_MEMEQ(test, data, medium_data(td, block),
			   blocks << td->bi.interval_exp);
	KUNIT_EXPECT_MEMEQ(test, wanted, td->meta + block * td->bi.tuple_size,
			   meta_bytes);
}

static void round_trip(struct kunit *test, struct test_disk *td,
		       struct rnd_state *rng, unsigned int blocks,
		       enum test_cut cut)
{
	unsigned int bytes = (blocks * block_sectors(td)) << SECTOR_SHIFT;
	unsigned int block = test_random(rng, 0, 30);
	u8 *data = test_filled_buf(test, rng, bytes);
	u8 *found = test_guarded_buf(test, bytes);
	struct test_io *io;

	io = io_of(test, td, rng, REQ_OP_WRITE, block, blocks, cut);
	test_vecs_write(io->data, data);
	KUNIT_EXPECT_EQ(test, 0, test_io_run(test, io));
	expect_on_medium(test, td, data, block, blocks);

	io = io_of(test, td, rng, REQ_OP_READ, block, blocks, cut);
	KUNIT_EXPECT_EQ(test, 0, test_io_run(test, io));
	test_vecs_read(io->data, found);
	KUNIT_EXPECT_MEMEQ(test, data, found, bytes);
	KUNIT_EXPECT_TRUE(test, test_vecs_intact(io->data));
}

static void written_data_is_protected_and_reads_back(struct kunit *test)
{
	static const unsigned int blocks[] = { 1, 3, 8, 40 };
	struct test_disk *td = test_disk_of(test, test_geometry_of(test));
	struct rnd_state *rng = test_rng(test);
	u64 intervals = 0;

	for (int i = 0; i < ARRAY_SIZE(blocks); i++) {
		for (int cut = TEST_CUT_NONE; cut <= TEST_CUT_RANDOM; cut++) {
			round_trip(test, td, rng, blocks[i], cut);
			intervals += blocks[i];
		}
	}
	KUNIT_EXPECT_EQ(test, intervals, test_disk_counter(td, BLK_INTEGRITY_GENERATED));
	KUNIT_EXPECT_EQ(test, intervals, test_disk_counter(td, BLK_INTEGRITY_VERIFIED));
	KUNIT_EXPECT_EQ(test, 0, test_disk_counter(td, BLK_INTEGRITY_REMAPPED));
}

/* One flipped bit on the medium fails the read, and counts in its counter. */
static void flipped_bit_on_medium_is_found(struct kunit *test)
{
	struct test_disk *td = test_disk_of(test, test_geometry_of(test));
	struct rnd_state *rng = test_rng(test);
	unsigned int guard_bytes = pi_ref_guard_bytes(&td->bi);
	bool has_ref = td->bi.flags & REF_TAG;
	u8 *area = td->meta + 5 * td->bi.tuple_size;
	struct test_io *io;

	test_disk_fill(test, td, rng);
	medium_data(td, 5)[100] ^= 1;
	io = io_of(test, td, rng, REQ_OP_READ, 2, 6, TEST_CUT_DWORD);
	KUNIT_EXPECT_EQ(test, -EILSEQ, test_io_run(test, io));
	KUNIT_EXPECT_EQ(test, 1, test_disk_counter(td, BLK_INTEGRITY_GUARD_ERRORS));
	medium_data(td, 5)[100] ^= 1;

	area[td->bi.pi_offset] ^= 0x10;
	io = io_of(test, td, rng, REQ_OP_READ, 5, 1, TEST_CUT_RANDOM);
	KUNIT_EXPECT_EQ(test, -EILSEQ, test_io_run(test, io));
	KUNIT_EXPECT_EQ(test, 2, test_disk_counter(td, BLK_INTEGRITY_GUARD_ERRORS));
	area[td->bi.pi_offset] ^= 0x10;

	area[td->bi.pi_offset + guard_bytes + 5] ^= 0x10;
	io = io_of(test, td, rng, REQ_OP_READ, 0, 10, TEST_CUT_PAGE);
	KUNIT_EXPECT_EQ(test, has_ref ? -EILSEQ : 0,
			test_io_run(test, io));
	KUNIT_EXPECT_EQ(test, has_ref, test_disk_counter(td, BLK_INTEGRITY_REF_ERRORS));
	KUNIT_EXPECT_EQ(test, 2, test_disk_counter(td, BLK_INTEGRITY_GUARD_ERRORS));
}

static void never_written_blocks_are_not_checked(struct kunit *test)
{
	struct test_disk *td = test_disk_of(test, test_geometry_of(test));
	struct rnd_state *rng = test_rng(test);
	struct test_io *io;

	memset(td->meta, 0xff, td->meta_bytes);
	io = io_of(test, td, rng, REQ_OP_READ, 3, 9, TEST_CUT_RANDOM);
	KUNIT_EXPECT_EQ(test, 0, test_io_run(test, io));
	KUNIT_EXPECT_EQ(test, 9, test_disk_counter(td, BLK_INTEGRITY_ESCAPED));
	KUNIT_EXPECT_EQ(test, 0, test_disk_counter(td, BLK_INTEGRITY_VERIFIED));
}

static struct blk_integrity usual_geometry(void)
{
	return test_geometry(BLK_INTEGRITY_CSUM_CRC, REF_TAG, 16, 8, 9);
}

/*
 * A bio that is too large for the device is protected in parts, and fails as
 * one.
 */
static void split_bio_is_protected_in_parts(struct kunit *test)
{
	struct queue_limits lim = test_disk_limits(usual_geometry());
	const unsigned int part = max(16, PAGE_SECTORS);
	struct rnd_state *rng = test_rng(test);
	struct test_disk *td;
	struct test_io *io;

	lim.max_hw_sectors = part;
	td = test_disk_alloc(test, lim);
	round_trip(test, td, rng, 6 * part + 4, TEST_CUT_DWORD);
	KUNIT_EXPECT_EQ(test, 2 * 7, td->nr_requests);

	test_disk_fill(test, td, rng);
	medium_data(td, 40)[7] ^= 1;
	io = io_of(test, td, rng, REQ_OP_READ, 0, 6 * part + 4, TEST_CUT_DWORD);
	KUNIT_EXPECT_EQ(test, -EILSEQ, test_io_run(test, io));
	KUNIT_EXPECT_EQ(test, 1, test_disk_counter(td, BLK_INTEGRITY_GUARD_ERRORS));
}

static void merged_bios_share_a_request(struct kunit *test)
{
	struct test_disk *td = test_disk_of(test, usual_geometry());
	struct rnd_state *rng = test_rng(test);
	u8 *data = test_filled_buf(test, rng, 4 * SZ_4K);
	struct test_io *ios[4];
	struct blk_plug plug;

	blk_start_plug(&plug);
	for (int i = 0; i < 4; i++) {
		ios[i] = io_of(test, td, rng, REQ_OP_WRITE, 8 * i, 8, TEST_CUT_PAGE);
		test_vecs_write(ios[i]->data, data + i * SZ_4K);
		test_io_submit(ios[i]);
	}
	blk_finish_plug(&plug);
	for (int i = 0; i < 4; i++)
		KUNIT_EXPECT_EQ(test, 0, test_io_wait(test, ios[i]));

	KUNIT_EXPECT_EQ(test, 1, td->nr_requests);
	KUNIT_EXPECT_EQ(test, td->counted_segments, td->mapped_segments);
	KUNIT_EXPECT_GE(test, td->mapped_segments, 1);
	expect_on_medium(test, td, data, 0, 32);
}

/* A submitter's metadata is sent unchanged, except that it is renumbered. */
static void own_payload_passes_through(struct kunit *test)
{
	struct test_disk *td = test_disk_of(test, usual_geometry());
	struct rnd_state *rng = test_rng(test);
	unsigned int bytes = 8 * td->bi.tuple_size;
	struct test_vecs *meta = test_vecs_alloc(test, rng, bytes, TEST_CUT_RANDOM);
	struct test_io *io = io_of(test, td, rng, REQ_OP_WRITE, 64, 8, TEST_CUT_PAGE);
	u8 *data = test_filled_buf(test, rng, SZ_4K);
	u8 *wanted = test_filled_buf(test, rng, bytes);
	u8 *found = test_guarded_buf(test, bytes);

	pi_ref_generate(&td->bi, data, wanted, 8, 1000);
	test_vecs_write(io->data, data);
	test_vecs_write(meta, wanted);
	test_io_attach(test, io, meta, 1000);
	KUNIT_EXPECT_EQ(test, 0, test_io_run(test, io));
	KUNIT_EXPECT_EQ(test, 0, test_disk_counter(td, BLK_INTEGRITY_GENERATED));
	pi_ref_remap(&td->bi, wanted, 8, 1000, 64);
	KUNIT_EXPECT_MEMEQ(test, wanted, td->meta + 64 * td->bi.tuple_size, bytes);

	/* Read it back.  The submitter verifies. */
	meta = test_vecs_alloc(test, rng, bytes, TEST_CUT_RANDOM);
	io = io_of(test, td, rng, REQ_OP_READ, 64, 8, TEST_CUT_PAGE);
	test_io_attach(test, io, meta, 1000);
	KUNIT_EXPECT_EQ(test, 0, test_io_run(test, io));
	KUNIT_EXPECT_EQ(test, 0, test_disk_counter(td, BLK_INTEGRITY_VERIFIED));
	pi_ref_remap(&td->bi, wanted, 8, 64, 1000);
	test_vecs_read(meta, found);
	KUNIT_EXPECT_MEMEQ(test, wanted, found, bytes);
}

struct owned_case {
	const char *desc;
	unsigned int meta_bytes;
	enum test_cut cut;
	bool metadata;			/* of the device */
	int err;
};

static const struct owned_case owned_cases[] = {
	{ "as needed", 8 * 16, TEST_CUT_NONE, true, 0 },
	{ "more than needed", 9 * 16, TEST_CUT_NONE, true, 0 },
	{ "less than needed", 8 * 16 - 1, TEST_CUT_NONE, true, -EINVAL },
	{ "more segments than the device takes", 8 * 16, TEST_CUT_BYTE, true, 0 },
	{ "a device without metadata", 8 * 16, TEST_CUT_NONE, false,
	  -EOPNOTSUPP },
};

KUNIT_ARRAY_PARAM_DESC(owned_cases, owned_cases, desc);

static void own_payload_must_fit_the_device(struct kunit *test)
{
	const struct owned_case *row = test->param_value;
	struct queue_limits lim = row->metadata ?
		test_disk_limits(usual_geometry()) : test_plain_limits();
	struct rnd_state *rng = test_rng(test);
	struct test_vecs *meta;
	struct test_disk *td;
	struct test_io *io;

	if (row->metadata)
		lim.max_integrity_segments = 4;
	td = test_disk_alloc(test, lim);
	meta = test_vecs_alloc(test, rng, row->meta_bytes, row->cut);
	io = io_of(test, td, rng, REQ_OP_WRITE, 0, 8, TEST_CUT_PAGE);
	test_io_attach(test, io, meta, 0);
	KUNIT_EXPECT_EQ(test, row->err, test_io_run(test, io));
	KUNIT_EXPECT_EQ(test, !row->err, td->nr_requests);
}

/* The device was reformatted, or the payload is for another device. */
static void own_payload_must_be_of_the_devices_format(struct kunit *test)
{
	struct test_disk *td = test_disk_of(test, usual_geometry());
	struct test_disk *other =
		test_disk_of(test, test_geometry(BLK_INTEGRITY_CSUM_CRC, REF_TAG, 16,
						 0, 9));
	struct rnd_state *rng = test_rng(test);
	struct test_io *io = io_of(test, td, rng, REQ_OP_WRITE, 0, 8, TEST_CUT_PAGE);
	struct test_vecs *meta = test_vecs_alloc(test, rng, 8 * 16, TEST_CUT_NONE);

	test_io_attach(test, io, meta, 0);
	bio_set_dev(&io->bio, other->bdev);
	KUNIT_EXPECT_EQ(test, -EINVAL, test_io_run(test, io));
	KUNIT_EXPECT_EQ(test, 0, other->nr_requests);
}

static struct kunit_case io_cases[] = {
	KUNIT_CASE_PARAM(written_data_is_protected_and_reads_back,
			 test_geometry_gen_params),
	KUNIT_CASE_PARAM(flipped_bit_on_medium_is_found, test_geometry_gen_params),
	KUNIT_CASE_PARAM(never_written_blocks_are_not_checked,
			 test_geometry_gen_params),
	KUNIT_CASE(split_bio_is_protected_in_parts),
	KUNIT_CASE(merged_bios_share_a_request),
	KUNIT_CASE(own_payload_passes_through),
	KUNIT_CASE_PARAM(own_payload_must_fit_the_device, owned_cases_gen_params),
	KUNIT_CASE(own_payload_must_be_of_the_devices_format),
	{ }
};

static struct kunit_suite io_suite = {
	.name		= "blk_integrity_io",
	.test_cases	= io_cases,
};

kunit_test_suite(io_suite);

MODULE_DESCRIPTION("KUnit tests of protected I/O");
MODULE_LICENSE("GPL");
