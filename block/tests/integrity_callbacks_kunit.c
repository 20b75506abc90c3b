// SPDX-License-Identifier: GPL-2.0
/*
 * A format of a driver: when its callbacks are called, and with which
 * arguments.
 */

#include <linux/blk-integrity.h>

#include "integrity_disk.h"
#include "pi_reference.h"

#define TUPLE_BYTES	8
#define META_BYTES	24
#define PI_OFFSET	8
#define SECTOR		40
#define BLOCKS		9

/* Arguments of the callbacks.  Tests run one at a time. */
static struct seen {
	unsigned int generate_calls;
	unsigned int verify_calls;
	unsigned int remap_calls;
	unsigned int intervals;
	u64 next_interval;		/* expected in the next call */
	const struct bio *bio;
	const char *complaint;
	struct blk_integrity_error err;
} seen;

static void complain_if(bool wrong, const char *complaint)
{
	if (wrong && !seen.complaint)
		seen.complaint = complaint;
}

/* Check what must hold for every call. */
static void see(const struct blk_integrity_exchg *xchg, bool with_data)
{
	unsigned int exp = xchg->bi->interval_exp;
	unsigned int intervals = xchg->data_size >> exp;

	complain_if(!intervals, "no intervals");
	complain_if(xchg->data_size & ((1U << exp) - 1), "part of an interval");
	complain_if(xchg->data_size > SZ_64K, "run of more than 64 KiB");
	complain_if(!xchg->prot_buf, "no metadata");
	complain_if(with_data != !!xchg->data_buf, "data or no data");
	complain_if(xchg->interval != seen.next_interval, "not the next interval");
	seen.next_interval += intervals;
	seen.intervals += intervals;
	seen.bio = xchg->bio;
}

/* The number of the interval, and the sum of its bytes. */
static u32 sum_of(const struct blk_integrity_exchg *xchg, unsigned int i)
{
	const u8 *data = xchg->data_buf + (i << xchg->bi->interval_exp);
	u32 sum = 0;

	for (unsigned int at = 0; at < 1U << xchg->bi->interval_exp; at++)
		sum += data[at];
	return sum;
}

static u8 *tuple_of(const struct blk_integrity_exchg *xchg, unsigned int i)
{
	return xchg->prot_buf + i * xchg->bi->tuple_size + xchg->bi->pi_offset;
}

static void own_generate(struct blk_integrity_exchg *xchg)
{
	seen.generate_calls++;
	see(xchg, true);
	for (unsigned int i = 0; i < xchg->data_size >> xchg->bi->interval_exp; i++) {
		pi_ref_put_number(tuple_of(xchg, i), 4, xchg->interval + i);
		pi_ref_put_number(tuple_of(xchg, i) + 4, 4, sum_of(xchg, i));
	}
}

static void own_verify(struct blk_integrity_exchg *xchg)
{
	seen.verify_calls++;
	see(xchg, true);
	for (unsigned int i = 0; i < xchg->data_size >> xchg->bi->interval_exp; i++) {
		u64 number = pi_ref_number(tuple_of(xchg, i), 4);
		u64 sum = pi_ref_number(tuple_of(xchg, i) + 4, 4);

		if (sum != sum_of(xchg, i))
			blk_integrity_fail(xchg, i, BLK_INTEGRITY_TAG_GUARD,
					   sum_of(xchg, i), sum);
		else if (number != xchg->interval + i)
			blk_integrity_fail(xchg, i, BLK_INTEGRITY_TAG_REF,
					   xchg->interval + i, number);
	}
	seen.err = *xchg->err;
}

static void own_remap(struct blk_integrity_exchg *xchg, u64 to)
{
	seen.remap_calls++;
	see(xchg, false);
	for (unsigned int i = 0; i < xchg->data_size >> xchg->bi->interval_exp; i++)
		if (pi_ref_number(tuple_of(xchg, i), 4) == xchg->interval + i)
			pi_ref_put_number(tuple_of(xchg, i), 4, to + i);
}

static const struct blk_integrity_profile own_profile = {
	.name		= "sum of bytes",
	.tuple_size	= TUPLE_BYTES,
	.generate_fn	= own_generate,
	.verify_fn	= own_verify,
	.remap_fn	= own_remap,
};

static struct test_disk *own_disk(struct kunit *test)
{
	const struct blk_integrity bi = {
		.profile = &own_profile,
		.tuple_size = META_BYTES,
		.pi_offset = PI_OFFSET,
		.interval_exp = 9,
	};
	struct test_disk *td = test_disk_of(test, bi);

	memset(&seen, 0, sizeof(seen));
	seen.next_interval = SECTOR;
	return td;
}

static struct test_io *own_io(struct kunit *test, struct test_disk *td,
			      enum req_op op, unsigned int blocks,
			      enum test_cut cut)
{
	return test_io_alloc(test, td->bdev, test_rng(test), op, SECTOR,
			     blocks << SECTOR_SHIFT, cut);
}

static void expect_seen(struct kunit *test, unsigned int intervals)
{
	KUNIT_EXPECT_EQ(test, intervals, seen.intervals);
	if (seen.complaint)
		KUNIT_FAIL(test, "%s", seen.complaint);
	seen.intervals = 0;
	seen.next_interval = SECTOR;
}

static void write_own(struct kunit *test, struct test_disk *td,
		      unsigned int blocks, enum test_cut cut)
{
	struct test_io *io = own_io(test, td, REQ_OP_WRITE, blocks, cut);

	test_vecs_write(io->data, test_filled_buf(test, test_rng(test),
						  blocks << SECTOR_SHIFT));
	KUNIT_EXPECT_EQ(test, 0, test_io_run(test, io));
	KUNIT_EXPECT_PTR_EQ(test, &io->bio, seen.bio);
	expect_seen(test, blocks);
}

static void callbacks_see_whole_intervals_in_order(struct kunit *test)
{
	struct test_disk *td = own_disk(test);

	for (int cut = TEST_CUT_NONE; cut <= TEST_CUT_RANDOM; cut++) {
		struct test_io *io = own_io(test, td, REQ_OP_READ, BLOCKS, cut);

		write_own(test, td, BLOCKS, cut);
		KUNIT_EXPECT_EQ(test, 0, test_io_run(test, io));
		KUNIT_EXPECT_PTR_EQ(test, &io->bio, seen.bio);
		expect_seen(test, BLOCKS);
	}
	KUNIT_EXPECT_EQ(test, 0, seen.remap_calls);
}

/* One call per run, not per interval: 200 KiB are four runs. */
static void contiguous_io_takes_few_calls(struct kunit *test)
{
	struct test_disk *td = own_disk(test);

	if (IS_ENABLED(CONFIG_HIGHMEM))
		kunit_skip(test, "pages are mapped one by one");
	write_own(test, td, 400, TEST_CUT_NONE);
	/*
	 * A metadata area that straddles two of the three pages is a run by
	 * itself.
	 */
	KUNIT_EXPECT_GE(test, seen.generate_calls, 4);
	KUNIT_EXPECT_LE(test, seen.generate_calls, 4 + 2 * 2);
}

static void failure_is_described_by_its_callback(struct kunit *test)
{
	struct test_disk *td = own_disk(test);
	u8 *tuple = td->meta + (SECTOR + 4) * META_BYTES + PI_OFFSET;

	/* The last call must be the one that found it. */
	td->disk->queue->integrity_dev->rereads = 0;
	write_own(test, td, BLOCKS, TEST_CUT_RANDOM);
	tuple[3] ^= 0x40;
	KUNIT_EXPECT_EQ(test, -EILSEQ,
			test_io_run(test, own_io(test, td, REQ_OP_READ, BLOCKS,
						 TEST_CUT_NONE)));
	KUNIT_EXPECT_EQ(test, BLK_INTEGRITY_TAG_REF, seen.err.tag);
	KUNIT_EXPECT_EQ(test, SECTOR + 4, seen.err.interval);
	KUNIT_EXPECT_EQ(test, SECTOR + 4, seen.err.expected);
	KUNIT_EXPECT_EQ(test, (SECTOR + 4) ^ 0x40, seen.err.found);
	KUNIT_EXPECT_EQ(test, 1, seen.err.intervals[BLK_INTEGRITY_TAG_REF]);
	KUNIT_EXPECT_EQ(test, 1, test_disk_counter(td, BLK_INTEGRITY_REF_ERRORS));
	KUNIT_EXPECT_EQ(test, 0, test_disk_counter(td, BLK_INTEGRITY_GUARD_ERRORS));
}

/* A payload with other numbers is renumbered once in each direction. */
static void remap_is_for_payloads_from_elsewhere(struct kunit *test)
{
	struct test_disk *td = own_disk(test);
	struct test_io *io = own_io(test, td, REQ_OP_WRITE, BLOCKS, TEST_CUT_NONE);
	struct test_vecs *meta = test_vecs_alloc(test, test_rng(test),
						 BLOCKS * META_BYTES,
						 TEST_CUT_RANDOM);
	u8 *buf = test_filled_buf(test, test_rng(test), BLOCKS * META_BYTES);
	u8 *stored = td->meta + SECTOR * META_BYTES;

	for (int i = 0; i < BLOCKS; i++)
		pi_ref_put_number(buf + i * META_BYTES + PI_OFFSET, 4, 7 + i);
	test_vecs_write(meta, buf);
	test_io_attach(test, io, meta, 7);
	seen.next_interval = 7;
	td->requeues = 2;
	KUNIT_EXPECT_EQ(test, 0, test_io_run(test, io));
	expect_seen(test, BLOCKS);
	KUNIT_EXPECT_EQ(test, 0, td->requeues);
	for (int i = 0; i < BLOCKS; i++)
		KUNIT_EXPECT_EQ(test, SECTOR + i,
				pi_ref_number(stored + i * META_BYTES + PI_OFFSET,
					      4));

	io = own_io(test, td, REQ_OP_READ, BLOCKS, TEST_CUT_NONE);
	test_io_attach(test, io, meta, 7);
	KUNIT_EXPECT_EQ(test, 0, test_io_run(test, io));
	expect_seen(test, BLOCKS);
	test_vecs_read(meta, buf);
	for (int i = 0; i < BLOCKS; i++)
		KUNIT_EXPECT_EQ(test, 7 + i,
				pi_ref_number(buf + i * META_BYTES + PI_OFFSET, 4));
	KUNIT_EXPECT_EQ(test, 0, seen.generate_calls);
	KUNIT_EXPECT_EQ(test, 0, seen.verify_calls);
}

static void read_that_failed_is_not_shown(struct kunit *test)
{
	struct test_disk *td = own_disk(test);

	td->status = BLK_STS_IOERR;
	KUNIT_EXPECT_EQ(test, -EIO,
			test_io_run(test, own_io(test, td, REQ_OP_READ, BLOCKS,
						 TEST_CUT_NONE)));
	KUNIT_EXPECT_EQ(test, 0, seen.verify_calls);
}

/* A format with tag callbacks: three bytes, none of which may be zero. */
static int set_in_front(struct blk_integrity_exchg *xchg, const void *tag,
		   unsigned int len)
{
	if (memchr(tag, 0, len))
		return -EINVAL;
	memset(xchg->prot_buf, 0x11, (xchg->data_size >> 9) * 16);
	memcpy(xchg->prot_buf, tag, len);
	return 0;
}

static int get_in_front(struct blk_integrity_exchg *xchg, void *tag, unsigned int len)
{
	memcpy(tag, xchg->prot_buf, len);
	return 0;
}

static const struct blk_integrity_profile tags_in_front = {
	.name		= "tags in front",
	.tuple_size	= 16,
	.tag_size	= 3,
	.set_tag_fn	= set_in_front,
	.get_tag_fn	= get_in_front,
};

static void tags_through_callbacks(struct kunit *test)
{
	const struct blk_integrity bi = {
		.profile = &tags_in_front, .tuple_size = 16, .interval_exp = 9,
	};
	struct test_disk *td = test_disk_of(test, bi);
	struct rnd_state *rng = test_rng(test);
	struct test_io *io = test_io_alloc(test, td->bdev, rng, REQ_OP_WRITE, 0,
					   SZ_4K, TEST_CUT_NONE);
	struct test_vecs *meta = test_vecs_alloc(test, rng, 8 * 16,
						 TEST_CUT_BYTE);
	u8 tags[24], back[24];

	memset(tags, 0xff, sizeof(tags));
	test_io_attach(test, io, meta, 0);
	KUNIT_EXPECT_EQ(test, 24, bio_integrity_tag_size(&io->bio));
	KUNIT_EXPECT_EQ(test, 0, bio_integrity_set_tag(&io->bio, tags, 23));
	KUNIT_EXPECT_EQ(test, 0, bio_integrity_get_tag(&io->bio, back, 23));
	KUNIT_EXPECT_MEMEQ(test, tags, back, 23);
	tags[17] = 0;
	KUNIT_EXPECT_EQ(test, -EINVAL, bio_integrity_set_tag(&io->bio, tags, 24));
}

static struct kunit_case callbacks_cases[] = {
	KUNIT_CASE(callbacks_see_whole_intervals_in_order),
	KUNIT_CASE(contiguous_io_takes_few_calls),
	KUNIT_CASE(failure_is_described_by_its_callback),
	KUNIT_CASE(remap_is_for_payloads_from_elsewhere),
	KUNIT_CASE(read_that_failed_is_not_shown),
	KUNIT_CASE(tags_through_callbacks),
	{ }
};

static struct kunit_suite callbacks_suite = {
	.name		= "blk_integrity_callbacks",
	.test_cases	= callbacks_cases,
};

kunit_test_suite(callbacks_suite);

MODULE_DESCRIPTION("KUnit tests of the callbacks of a profile");
MODULE_LICENSE("GPL");
