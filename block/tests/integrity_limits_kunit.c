// SPDX-License-Identifier: GPL-2.0
/*
 * Integrity limits: validation, defaults, the largest I/O, and what policies of
 * the administrator survive.
 */

#include <linux/blk-crypto-profile.h>
#include <linux/blk-integrity.h>

#include "integrity_disk.h"

#define REF_TAG	BLK_INTEGRITY_REF_TAG
#define NONE	BLK_INTEGRITY_CSUM_NONE
#define CRC	BLK_INTEGRITY_CSUM_CRC
#define CRC64	BLK_INTEGRITY_CSUM_CRC64
#define IP	BLK_INTEGRITY_CSUM_IP

static void no_generate(struct blk_integrity_exchg *xchg)
{
}

static void no_remap(struct blk_integrity_exchg *xchg, u64 to)
{
}

static const struct blk_integrity_profile good_profile = {
	.name = "good", .csum_type = CRC, .tuple_size = 64, .tag_offset = 60,
	.tag_size = 4, .generate_fn = no_generate,
};

static const struct blk_integrity_profile large_profile = {
	.name = "large", .csum_type = CRC, .tuple_size = 65,
};

static const struct blk_integrity_profile tags_past_profile = {
	.name = "tags past", .csum_type = CRC, .tuple_size = 8, .tag_offset = 6,
	.tag_size = 3,
};

static const struct blk_integrity_profile own_ref_profile = {
	.name = "own reference", .csum_type = NONE, .tuple_size = 8,
	.remap_fn = no_remap,
};

struct limits_case {
	const char *desc;
	struct blk_integrity bi;
	unsigned int block_size;	/* 0: 512 */
	unsigned int max_segments;	/* of metadata */
	unsigned int max_segment_size;	/* 0: no limit */
	blk_features_t features;
};

#define BI(...)		.bi = { __VA_ARGS__ }

static const struct limits_case refused_cases[] = {
	{ "guard without metadata", BI(.csum_type = CRC) },
	{ "tags without metadata", BI(.tag_size = 2) },
	{ "reference tag without metadata", BI(.flags = REF_TAG) },
	{ "unknown guard", BI(.csum_type = CRC64 + 1, .tuple_size = 16) },
	{ "reference tag without guard", BI(.flags = REF_TAG, .tuple_size = 8) },
	{ "tuple larger than metadata", BI(.csum_type = CRC64, .tuple_size = 8) },
	{ "tuple past the metadata",
	  BI(.csum_type = CRC, .tuple_size = 16, .pi_offset = 9) },
	{ "tuple far past the metadata",
	  BI(.csum_type = CRC, .tuple_size = 8, .pi_offset = U16_MAX) },
	{ "interval of 256 bytes",
	  BI(.csum_type = CRC, .tuple_size = 8, .interval_exp = 8) },
	{ "interval of one byte",
	  BI(.csum_type = CRC, .tuple_size = 8, .interval_exp = 1) },
	{ "interval of 2^255 bytes",
	  BI(.csum_type = CRC, .tuple_size = 8, .interval_exp = 255) },
	{ "interval larger than a block",
	  BI(.csum_type = CRC, .tuple_size = 8, .interval_exp = 10) },
	{ "interval larger than a large block",
	  BI(.csum_type = CRC, .tuple_size = 8, .interval_exp = 13),
	  .block_size = SZ_4K },
	/* With pages of 64 KiB, tuple_size cannot exceed one; its data is too much. */
	{ "more metadata than a page",
	  BI(.csum_type = CRC, .tuple_size = MIN(PAGE_SIZE + 1, U16_MAX)) },
	{ "more tags than metadata",
	  BI(.csum_type = CRC, .tuple_size = 8, .tag_size = 9) },
	{ "profile of another guard",
	  BI(.profile = &good_profile, .csum_type = IP, .tuple_size = 64) },
	{ "profile with a large tuple",
	  BI(.profile = &large_profile, .csum_type = CRC, .tuple_size = 128) },
	{ "profile with tags past its tuple",
	  BI(.profile = &tags_past_profile, .csum_type = CRC, .tuple_size = 8) },
	{ "profile larger than the metadata",
	  BI(.profile = &good_profile, .csum_type = CRC, .tuple_size = 63) },
	{ "no room for the metadata of a block",
	  BI(.csum_type = CRC, .tuple_size = PAGE_SIZE / 2, .interval_exp = 9),
	  .block_size = SZ_4K, .max_segments = 1, .max_segment_size = PAGE_SIZE },
	{ "no room for the metadata of a page of data",
	  BI(.csum_type = CRC, .tuple_size = PAGE_SIZE / 4, .interval_exp = 9),
	  .max_segments = 1, .max_segment_size = PAGE_SIZE },
	{ "bounced high memory", BI(.csum_type = CRC, .tuple_size = 8),
	  .features = BLK_FEAT_BOUNCE_HIGH },
};

KUNIT_ARRAY_PARAM_DESC(refused_cases, refused_cases, desc);

static struct queue_limits limits_of(struct kunit *test,
				     const struct limits_case *row)
{
	struct queue_limits lim = test_plain_limits();

	lim.logical_block_size = row->block_size ?: SECTOR_SIZE;
	lim.max_segment_size = row->max_segment_size;
	lim.features = row->features;
	KUNIT_ASSERT_EQ(test, 0, blk_set_default_limits(&lim));
	lim.max_integrity_segments = row->max_segments;
	lim.integrity = row->bi;
	return lim;
}

static void impossible_geometry_is_refused(struct kunit *test)
{
	struct queue_limits lim = limits_of(test, test->param_value);

	KUNIT_EXPECT_EQ(test, -EINVAL, blk_integrity_validate_limits(NULL, &lim));
}

/* Drivers with a virtual boundary may have shorter segments than a page. */
static void segments_shorter_than_a_page_are_refused(struct kunit *test)
{
	struct queue_limits lim = test_plain_limits();

	lim.virt_boundary_mask = SZ_4K - 1;
	lim.max_segment_size = PAGE_SIZE - 1;
	KUNIT_ASSERT_EQ(test, 0, blk_set_default_limits(&lim));
	lim.integrity = test_geometry(CRC, 0, 8, 0, 9);
	KUNIT_EXPECT_EQ(test, -EINVAL, blk_integrity_validate_limits(NULL, &lim));
}

static const struct limits_case accepted_cases[] = {
	{ "CRC", BI(.csum_type = CRC, .flags = REF_TAG, .tuple_size = 8,
		    .tag_size = 2) },
	{ "IP, no reference tag", BI(.csum_type = IP, .tuple_size = 8,
				     .tag_size = 6) },
	{ "CRC64 in 264 bytes", BI(.csum_type = CRC64, .flags = REF_TAG,
				   .tuple_size = 264, .pi_offset = 248),
	  .block_size = SZ_4K },
	{ "512 bytes in blocks of 4096", BI(.csum_type = CRC, .tuple_size = 8,
					    .interval_exp = 9),
	  .block_size = SZ_4K },
	{ "opaque", BI(.tuple_size = 1) },
	{ "a page of metadata", BI(.csum_type = CRC, .tuple_size = SZ_4K,
				   .pi_offset = SZ_4K - 8),
	  .block_size = SZ_4K },
	{ "profile of a driver", BI(.profile = &good_profile, .csum_type = CRC,
				    .tuple_size = 64) },
	{ "profile that numbers without guard",
	  BI(.profile = &own_ref_profile, .flags = REF_TAG, .tuple_size = 8) },
	{ "several segments", BI(.csum_type = CRC, .tuple_size = 8),
	  .max_segments = 5 },
};

KUNIT_ARRAY_PARAM_DESC(accepted_cases, accepted_cases, desc);

static void what_is_left_open_is_filled_in(struct kunit *test)
{
	const struct limits_case *row = test->param_value;
	struct queue_limits lim = limits_of(test, row);
	struct blk_integrity *bi = &lim.integrity;

	KUNIT_ASSERT_EQ(test, 0, blk_integrity_validate_limits(NULL, &lim));
	KUNIT_EXPECT_PTR_EQ(test, bi->profile, row->bi.profile ?:
			    blk_integrity_builtin_profile(&row->bi));
	KUNIT_EXPECT_EQ(test, bi->interval_exp, row->bi.interval_exp ?:
			ilog2(lim.logical_block_size));
	KUNIT_EXPECT_EQ(test, lim.max_integrity_segments, row->max_segments ?: 1);
	KUNIT_EXPECT_EQ(test, bi->csum_type, row->bi.csum_type);
	KUNIT_EXPECT_EQ(test, bi->flags, row->bi.flags);
	KUNIT_EXPECT_EQ(test, bi->tuple_size, row->bi.tuple_size);
	KUNIT_EXPECT_EQ(test, bi->pi_offset, row->bi.pi_offset);
	KUNIT_EXPECT_EQ(test, bi->tag_size, row->bi.tag_size);
}

/* There is no tuple, so its offset has no meaning. */
static void opaque_metadata_has_no_offset(struct kunit *test)
{
	const struct limits_case row = { BI(.tuple_size = 8, .pi_offset = 9) };
	struct queue_limits lim = limits_of(test, &row);

	KUNIT_ASSERT_EQ(test, 0, blk_integrity_validate_limits(NULL, &lim));
	KUNIT_EXPECT_EQ(test, 0, lim.integrity.pi_offset);
}

static void builtin_profile_follows_guard_type(struct kunit *test)
{
	const struct limits_case row = {
		BI(.csum_type = CRC, .flags = REF_TAG, .tuple_size = 16),
	};
	struct queue_limits lim = limits_of(test, &row);

	KUNIT_ASSERT_EQ(test, 0, blk_integrity_validate_limits(NULL, &lim));
	lim.integrity.csum_type = CRC64;
	lim.integrity.flags = 0;
	KUNIT_ASSERT_EQ(test, 0, blk_integrity_validate_limits(NULL, &lim));
	KUNIT_EXPECT_STREQ(test, "EXT-DIF-TYPE3-CRC64",
			   lim.integrity.profile->name);
	memset(&lim.integrity.csum_type, 0, sizeof(lim.integrity.csum_type));
	lim.integrity.tuple_size = 0;
	KUNIT_ASSERT_EQ(test, 0, blk_integrity_validate_limits(NULL, &lim));
	KUNIT_EXPECT_NULL(test, lim.integrity.profile);
}

/* The largest I/O that a device with these segments should allow. */
struct size_case {
	const char *desc;
	unsigned int tuple_size, interval_exp;
	unsigned int max_segments, max_segment_size;
	unsigned int max_kib;		/* of the device */
	unsigned int at_least_kib;
};

/* E5: segments of 64 KiB limit the metadata, not the data. */
static const struct size_case size_cases[] = {
	{ "64 KiB segments", 8, 9, 64, SZ_64K, 1024, 1024 },
	{ "one 64 KiB segment", 8, 9, 1, SZ_64K, 1024, 1024 },
	{ "one page a segment", 8, 9, 16, PAGE_SIZE, 1024, 1024 },
	{ "one page in all", 8, 9, 1, PAGE_SIZE, PAGE_SIZE / 4, PAGE_SIZE / 16 },
	{ "one segment of any size", 8, 9, 1, 0, 1024, 1024 },
	{ "64 bytes in one segment", 64, 12, 1, SZ_64K, 1024, 1024 },
	{ "64 bytes an interval of 512", 64, 9, 1, SZ_64K, 1024, 128 },
	{ "a page of metadata, one segment", 4096, 12, 1, SZ_64K, 1024, 4 },
};

KUNIT_ARRAY_PARAM_DESC(size_cases, size_cases, desc);

static void io_size_is_capped_in_metadata_bytes(struct kunit *test)
{
	const struct size_case *row = test->param_value;
	const struct limits_case limits = {
		BI(.csum_type = CRC, .tuple_size = row->tuple_size,
		   .interval_exp = row->interval_exp),
		.block_size = 1 << row->interval_exp,
		.max_segments = row->max_segments,
		.max_segment_size = row->max_segment_size,
	};
	struct queue_limits lim = limits_of(test, &limits);
	u64 meta_bytes;

	lim.max_sectors = row->max_kib * 2;
	KUNIT_ASSERT_EQ(test, 0, blk_integrity_validate_limits(NULL, &lim));
	KUNIT_EXPECT_GE(test, lim.max_sectors / 2, row->at_least_kib);
	KUNIT_EXPECT_LE(test, lim.max_sectors / 2, row->max_kib);
	KUNIT_EXPECT_EQ(test, 0, lim.max_sectors % (lim.logical_block_size >> 9));

	meta_bytes = (u64)(lim.max_sectors >> (row->interval_exp - 9)) *
		     row->tuple_size;
	KUNIT_EXPECT_LE(test, meta_bytes,
			(u64)lim.max_segment_size * lim.max_integrity_segments);
}

/* D11: a driver that reads the format again does not reset policies. */
static void policy_survives_new_limits(struct kunit *test)
{
	struct blk_integrity bi = test_geometry(CRC, REF_TAG, 8, 0, 9);
	struct test_disk *td = test_disk_of(test, bi);
	struct blk_integrity_dev *idev = td->disk->queue->integrity_dev;

	KUNIT_EXPECT_TRUE(test, idev->read_verify);
	KUNIT_EXPECT_TRUE(test, idev->write_generate);
	idev->read_verify = false;
	idev->write_generate = false;

	KUNIT_EXPECT_EQ(test, 0, test_disk_commit(td, bi));
	KUNIT_EXPECT_EQ(test, 0, test_disk_commit(td, (struct blk_integrity) {}));
	KUNIT_EXPECT_EQ(test, 0, test_disk_commit(td, bi));
	KUNIT_EXPECT_PTR_EQ(test, idev, td->disk->queue->integrity_dev);
	KUNIT_EXPECT_FALSE(test, idev->read_verify);
	KUNIT_EXPECT_FALSE(test, idev->write_generate);
}

static void refused_limits_change_nothing(struct kunit *test)
{
	struct blk_integrity bi = test_geometry(CRC, REF_TAG, 8, 0, 9);
	struct test_disk *td = test_disk_of(test, bi);
	struct queue_limits before = td->disk->queue->limits;

	bi.pi_offset = 1;
	KUNIT_EXPECT_EQ(test, -EINVAL, test_disk_commit(td, bi));
	KUNIT_EXPECT_MEMEQ(test, &before, &td->disk->queue->limits, sizeof(before));
}

static void metadata_can_come_later(struct kunit *test)
{
	struct test_disk *td = test_disk_alloc(test, test_plain_limits());

	KUNIT_EXPECT_NULL(test, td->disk->queue->integrity_dev);
	KUNIT_EXPECT_NULL(test, blk_get_integrity(td->disk));
	KUNIT_EXPECT_EQ(test, 0, test_disk_commit(td, test_geometry(CRC, 0, 8, 0, 9)));
	KUNIT_EXPECT_NOT_NULL(test, td->disk->queue->integrity_dev);
	KUNIT_EXPECT_PTR_EQ(test, blk_get_integrity(td->disk),
			    bdev_get_integrity(td->bdev));
	KUNIT_EXPECT_EQ(test, 8, bdev_get_integrity(td->bdev)->tuple_size);
}

#ifdef CONFIG_BLK_INLINE_ENCRYPTION
/* D23: metadata without tag space counts as metadata. */
static void metadata_excludes_inline_encryption(struct kunit *test)
{
	struct test_disk *plain = test_disk_alloc(test, test_plain_limits());
	struct test_disk *td = test_disk_of(test, test_geometry(CRC, 0, 8, 0, 9));
	struct blk_crypto_profile profile;

	KUNIT_ASSERT_EQ(test, 0, blk_crypto_profile_init(&profile, 0));
	KUNIT_EXPECT_FALSE(test, blk_crypto_register(&profile, td->disk->queue));
	KUNIT_EXPECT_TRUE(test, blk_crypto_register(&profile, plain->disk->queue));
	KUNIT_EXPECT_EQ(test, -EINVAL,
			test_disk_commit(plain, test_geometry(CRC, 0, 8, 0, 9)));
	plain->disk->queue->crypto_profile = NULL;
	blk_crypto_profile_destroy(&profile);
}
#endif

static struct kunit_case limits_cases[] = {
	KUNIT_CASE_PARAM(impossible_geometry_is_refused, refused_cases_gen_params),
	KUNIT_CASE(segments_shorter_than_a_page_are_refused),
	KUNIT_CASE_PARAM(what_is_left_open_is_filled_in, accepted_cases_gen_params),
	KUNIT_CASE(opaque_metadata_has_no_offset),
	KUNIT_CASE(builtin_profile_follows_guard_type),
	KUNIT_CASE_PARAM(io_size_is_capped_in_metadata_bytes, size_cases_gen_params),
	KUNIT_CASE(policy_survives_new_limits),
	KUNIT_CASE(refused_limits_change_nothing),
	KUNIT_CASE(metadata_can_come_later),
#ifdef CONFIG_BLK_INLINE_ENCRYPTION
	KUNIT_CASE(metadata_excludes_inline_encryption),
#endif
	{ }
};

static struct kunit_suite limits_suite = {
	.name		= "blk_integrity_limits",
	.test_cases	= limits_cases,
};

kunit_test_suite(limits_suite);

MODULE_DESCRIPTION("KUnit tests of integrity limits");
MODULE_LICENSE("GPL");
