// SPDX-License-Identifier: GPL-2.0
/*
 * Payloads of bios that advance, are trimmed, split, cloned and rewound:
 * seed, size and place in the metadata follow the data.
 */

#include <linux/blk-integrity.h>

#include "../../drivers/md/dm-bio-record.h"
#include "integrity_disk.h"

#define SEED		0xffffffff0ULL
#define INTERVALS	12

/* A bio with metadata in small pieces, and the metadata in one. */
struct owned {
	struct blk_integrity bi;
	struct test_disk *td;
	struct bio *bio;
	struct bio_integrity_payload *bip;
	unsigned int interval_bytes;
	u8 *meta;
	u8 *found;
};

static struct owned *owned_of(struct kunit *test, struct blk_integrity bi)
{
	struct owned *own = kunit_kzalloc(test, sizeof(*own), GFP_KERNEL);
	unsigned int meta_bytes = INTERVALS * bi.tuple_size;
	struct rnd_state *rng = test_rng(test);
	struct test_vecs *meta;
	struct test_io *io;

	KUNIT_ASSERT_NOT_NULL(test, own);
	own->bi = bi;
	own->td = test_disk_of(test, bi);
	own->interval_bytes = 1 << bi.interval_exp;
	own->meta = test_filled_buf(test, rng, meta_bytes);
	own->found = test_guarded_buf(test, meta_bytes);
	meta = test_vecs_alloc(test, rng, meta_bytes, TEST_CUT_RANDOM);
	test_vecs_write(meta, own->meta);

	io = test_io_alloc(test, own->td->bdev, rng, REQ_OP_WRITE, 64,
			   INTERVALS * own->interval_bytes, TEST_CUT_DWORD);
	own->bio = &io->bio;
	own->bip = test_io_attach(test, io, meta, SEED);
	return own;
}

/* The payload of @bio starts at interval @at and covers @intervals. */
static void expect_at(struct kunit *test, struct owned *own, struct bio *bio,
		      unsigned int at, unsigned int intervals)
{
	struct bio_integrity_payload *bip = bio_integrity(bio);
	unsigned int bytes = intervals * own->bi.tuple_size;

	KUNIT_ASSERT_NOT_NULL(test, bip);
	KUNIT_EXPECT_EQ_MSG(test, SEED + at, bip_get_seed(bip),
			    "at %u, %u intervals", at, intervals);
	KUNIT_ASSERT_EQ_MSG(test, bytes, bip->bip_iter.bi_size,
			    "at %u, %u intervals", at, intervals);
	test_bip_read(bip, own->found);
	KUNIT_EXPECT_MEMEQ_MSG(test, own->found,
			       own->meta + at * own->bi.tuple_size, bytes,
			       "at %u, %u intervals", at, intervals);
}

static void clone_of(struct kunit *test, struct owned *own, struct bio *clone)
{
	KUNIT_ASSERT_EQ(test, 0, bio_init_clone(own->td->bdev, clone, own->bio,
						GFP_KERNEL));
}

static void advance_moves_payload(struct kunit *test)
{
	struct owned *own = owned_of(test, test_geometry_of(test));

	for (unsigned int n = 0; n < INTERVALS; n++) {
		struct bio clone;

		clone_of(test, own, &clone);
		bio_advance(&clone, n * own->interval_bytes);
		expect_at(test, own, &clone, n, INTERVALS - n);
		bio_uninit(&clone);
	}
	expect_at(test, own, own->bio, 0, INTERVALS);
}

/* D25: advancing by less than an interval is remembered. */
static void parts_of_intervals_add_up(struct kunit *test)
{
	struct owned *own = owned_of(test, test_geometry_of(test));
	struct rnd_state *rng = test_rng(test);
	unsigned int left = INTERVALS * own->interval_bytes;
	unsigned int done = 0;

	while (left > 1) {
		unsigned int bytes = min(test_random(rng, 1, own->interval_bytes),
					 left - 1);
		unsigned int at;

		bio_advance(own->bio, bytes);
		done += bytes;
		left -= bytes;
		at = done / own->interval_bytes;
		KUNIT_EXPECT_EQ(test, own->bip->bip_residue_bytes,
				done % own->interval_bytes);
		expect_at(test, own, own->bio, at, INTERVALS - at);
	}
}

/* A clone continues inside the interval where its source was. */
static void clone_inherits_part_of_interval(struct kunit *test)
{
	struct owned *own = owned_of(test, test_geometry_of(test));
	struct bio clone;

	bio_advance(own->bio, 3 * own->interval_bytes - 4);
	clone_of(test, own, &clone);
	bio_advance(&clone, 4);
	expect_at(test, own, &clone, 3, INTERVALS - 3);
	expect_at(test, own, own->bio, 2, INTERVALS - 2);
	bio_uninit(&clone);
}

static void trim_cuts_payload(struct kunit *test)
{
	struct owned *own = owned_of(test, test_geometry_of(test));
	unsigned int sectors = own->interval_bytes >> SECTOR_SHIFT;

	for (unsigned int at = 0; at < INTERVALS; at++) {
		for (unsigned int n = 1; n <= INTERVALS - at; n++) {
			struct bio clone;

			clone_of(test, own, &clone);
			bio_trim(&clone, at * sectors, n * sectors);
			expect_at(test, own, &clone, at, n);
			bio_uninit(&clone);
		}
	}
}

/* The remainder of an interval at the start of a bio counts. */
static void trim_inside_interval_keeps_its_metadata(struct kunit *test)
{
	struct owned *own = owned_of(test, test_geometry(BLK_INTEGRITY_CSUM_CRC, 0,
							 64, 56, 12));

	bio_advance(own->bio, 2 * SZ_4K + SZ_2K);
	expect_at(test, own, own->bio, 2, INTERVALS - 2);
	bio_trim(own->bio, 0, (SZ_2K + SZ_4K) >> SECTOR_SHIFT);
	expect_at(test, own, own->bio, 2, 2);
	bio_advance(own->bio, SZ_2K);
	expect_at(test, own, own->bio, 3, 1);
}

static struct bio_set *make_bioset(struct kunit *test)
{
	struct bio_set *bs = test_bio_set(test);

	KUNIT_ASSERT_EQ(test, 0, bioset_integrity_create(bs, 4));
	return bs;
}

static void split_divides_payload(struct kunit *test)
{
	struct owned *own = owned_of(test, test_geometry_of(test));
	unsigned int sectors = own->interval_bytes >> SECTOR_SHIFT;
	struct bio_set *bs = make_bioset(test);

	for (unsigned int n = 1; n < INTERVALS; n++) {
		struct bio whole, *first;

		clone_of(test, own, &whole);
		first = bio_split(&whole, n * sectors, GFP_KERNEL, bs);
		KUNIT_ASSERT_NOT_NULL(test, first);
		expect_at(test, own, first, 0, n);
		expect_at(test, own, &whole, n, INTERVALS - n);
		bio_put(first);
		expect_at(test, own, &whole, n, INTERVALS - n);
		bio_uninit(&whole);
	}
}

/* Split off one interval at a time; each has its own metadata. */
static void split_again_and_again(struct kunit *test)
{
	struct owned *own = owned_of(test, test_geometry_of(test));
	unsigned int sectors = own->interval_bytes >> SECTOR_SHIFT;
	struct bio_set *bs = make_bioset(test);

	for (unsigned int n = 0; n < INTERVALS - 1; n++) {
		struct bio *one = bio_split(own->bio, sectors, GFP_KERNEL, bs);

		KUNIT_ASSERT_NOT_NULL(test, one);
		expect_at(test, own, one, n, 1);
		bio_put(one);
	}
	expect_at(test, own, own->bio, INTERVALS - 1, 1);
}

/* Device mapper rewinds with this arithmetic. */
static void rewind(struct owned *own, unsigned int bytes)
{
	unsigned int meta_bytes = bio_integrity_bytes(&own->bi, bytes >> 9);
	struct bvec_iter *iter = &own->bip->bip_iter;

	iter->bi_sector -= bio_integrity_intervals(&own->bi, bytes >> 9);
	iter->bi_size += meta_bytes;
	while (meta_bytes > iter->bi_bvec_done) {
		meta_bytes -= iter->bi_bvec_done;
		iter->bi_bvec_done = own->bip->bip_vec[--iter->bi_idx].bv_len;
	}
	iter->bi_bvec_done -= meta_bytes;
}

static void rewind_undoes_advance(struct kunit *test)
{
	struct owned *own = owned_of(test, test_geometry_of(test));

	for (unsigned int n = 1; n < INTERVALS; n++) {
		struct bvec_iter before = own->bio->bi_iter;

		bio_advance(own->bio, own->interval_bytes);
		bio_advance(own->bio, (n - 1) * own->interval_bytes);
		expect_at(test, own, own->bio, n, INTERVALS - n);
		own->bio->bi_iter = before;
		rewind(own, n * own->interval_bytes);
		expect_at(test, own, own->bio, 0, INTERVALS);
	}
}

/* A device mapper target retries a bio on another device. */
static void recorded_bio_is_restored_with_its_payload(struct kunit *test)
{
	struct owned *own = owned_of(test, test_geometry_of(test));
	struct dm_bio_details details = {};

	bio_advance(own->bio, own->interval_bytes);
	dm_bio_record(&details, own->bio);
	bio_advance(own->bio, 3 * own->interval_bytes + 4);
	own->bip->bip_flags |= BIP_MAPPED_INTEGRITY;
	expect_at(test, own, own->bio, 4, INTERVALS - 4);
	dm_bio_restore(&details, own->bio);
	expect_at(test, own, own->bio, 1, INTERVALS - 1);
	KUNIT_EXPECT_EQ(test, 0, own->bip->bip_residue_bytes);
	KUNIT_EXPECT_FALSE(test, own->bip->bip_flags & BIP_MAPPED_INTEGRITY);
}

/* D25: the device lost its metadata, or never had any. */
static void device_without_profile_moves_nothing(struct kunit *test)
{
	struct test_disk *td = test_disk_alloc(test, test_plain_limits());
	struct test_vecs *meta = test_vecs_alloc(test, test_rng(test), 64,
						 TEST_CUT_RANDOM);
	struct test_io *io = test_io_alloc(test, td->bdev, test_rng(test),
					   REQ_OP_WRITE, 0, SZ_4K, TEST_CUT_NONE);
	struct bio_integrity_payload *bip = test_io_attach(test, io, meta, 7);

	bio_advance(&io->bio, 512);
	KUNIT_EXPECT_EQ(test, 7, bip_get_seed(bip));
	KUNIT_EXPECT_EQ(test, 64, bip->bip_iter.bi_size);
	bio_trim(&io->bio, 0, 1);
	KUNIT_EXPECT_EQ(test, 64, bip->bip_iter.bi_size);
}

/* A payload that is shorter than its data is not read past its end. */
static void short_payload_stops_at_its_end(struct kunit *test)
{
	struct blk_integrity bi = test_geometry(BLK_INTEGRITY_CSUM_CRC, 0, 8, 0, 9);
	struct test_disk *td = test_disk_of(test, bi);
	struct test_vecs *meta = test_vecs_alloc(test, test_rng(test), 20,
						 TEST_CUT_BYTE);
	struct test_io *io = test_io_alloc(test, td->bdev, test_rng(test),
					   REQ_OP_WRITE, 0, SZ_4K, TEST_CUT_NONE);
	struct bio_integrity_payload *bip = test_io_attach(test, io, meta, 7);

	bio_advance(&io->bio, 5 * 512);
	KUNIT_EXPECT_EQ(test, 0, bip->bip_iter.bi_size);
	KUNIT_EXPECT_EQ(test, 12, bip_get_seed(bip));
	bio_integrity_trim(&io->bio);
	KUNIT_EXPECT_EQ(test, 0, bip->bip_iter.bi_size);
}

/* Metadata for all of the data would have more bytes than 32 bits can count. */
static void short_payload_of_large_bio_stops_at_its_end(struct kunit *test)
{
	struct blk_integrity bi = test_geometry(BLK_INTEGRITY_CSUM_CRC, 0, SZ_4K,
						0, 9);
	struct test_disk *td = test_disk_of(test, bi);
	struct test_vecs *meta = test_vecs_alloc(test, test_rng(test), SZ_8K,
						 TEST_CUT_NONE);
	struct test_io *io = test_io_alloc(test, td->bdev, test_rng(test),
					   REQ_OP_WRITE, 0, SZ_4K, TEST_CUT_NONE);
	struct bio_integrity_payload *bip = test_io_attach(test, io, meta, 7);

	io->bio.bi_iter.bi_size = SZ_512M;
	bio_integrity_trim(&io->bio);
	KUNIT_EXPECT_EQ(test, SZ_8K, bip->bip_iter.bi_size);
	bio_integrity_advance(&io->bio, SZ_512M);
	KUNIT_EXPECT_EQ(test, 0, bip->bip_iter.bi_size);
	KUNIT_EXPECT_EQ(test, 7 + SZ_1M, bip_get_seed(bip));
}

static struct kunit_case split_cases[] = {
	KUNIT_CASE_PARAM(advance_moves_payload, test_geometry_gen_params),
	KUNIT_CASE_PARAM(parts_of_intervals_add_up, test_geometry_gen_params),
	KUNIT_CASE_PARAM(clone_inherits_part_of_interval,
			 test_geometry_gen_params),
	KUNIT_CASE_PARAM(trim_cuts_payload, test_geometry_gen_params),
	KUNIT_CASE(trim_inside_interval_keeps_its_metadata),
	KUNIT_CASE_PARAM(split_divides_payload, test_geometry_gen_params),
	KUNIT_CASE_PARAM(split_again_and_again, test_geometry_gen_params),
	KUNIT_CASE_PARAM(rewind_undoes_advance, test_geometry_gen_params),
	KUNIT_CASE_PARAM(recorded_bio_is_restored_with_its_payload,
			 test_geometry_gen_params),
	KUNIT_CASE(device_without_profile_moves_nothing),
	KUNIT_CASE(short_payload_stops_at_its_end),
	KUNIT_CASE(short_payload_of_large_bio_stops_at_its_end),
	{ }
};

static struct kunit_suite split_suite = {
	.name		= "bio_integrity_split",
	.test_cases	= split_cases,
};

kunit_test_suite(split_suite);

MODULE_DESCRIPTION("KUnit tests of split, trimmed and advanced payloads");
MODULE_LICENSE("GPL");
