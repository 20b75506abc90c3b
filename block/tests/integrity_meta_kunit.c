// SPDX-License-Identifier: GPL-2.0
/*
 * Metadata of programs on its way into bios: what is refused, how it advances
 * from bio to bio and over splits, and that no page stays pinned or clean.
 */

#include <linux/blk-integrity.h>
#include <linux/mm.h>
#include <linux/mman.h>
#include <linux/uaccess.h>
#include <linux/uio-meta.h>

#include <uapi/linux/fs.h>

#include "../bio-integrity-internal.h"
#include "integrity_disk.h"

/* The metadata of 10 intervals in the largest format of the table, and holes. */
#define USER_PAGES	12
#define SEED		1000000
#define ALL_CHECKS	(IO_INTEGRITY_CHK_GUARD | IO_INTEGRITY_CHK_REFTAG | \
			 IO_INTEGRITY_CHK_APPTAG)

static struct uio_meta meta_at(unsigned int direction, unsigned long addr,
			       size_t bytes)
{
	struct uio_meta meta = { .seed = SEED };

	iov_iter_ubuf(&meta.iter, direction, (void __user *)addr, bytes);
	return meta;
}

struct check_case {
	const char *desc;
	size_t data_bytes;
	size_t meta_bytes;
	unsigned int flags;
	unsigned int tag_size;
	int err;
};

static const struct check_case check_cases[] = {
	{ "as much as needed", SZ_4K, 64, 0, 2, 0 },
	{ "every check", SZ_4K, 64, ALL_CHECKS, 2, 0 },
	{ "a byte less", SZ_4K, 63, 0, 2, -EINVAL },
	{ "a byte more", SZ_4K, 65, 0, 2, -EINVAL },
	{ "a tuple more", SZ_4K, 72, 0, 2, -EINVAL },
	{ "none", SZ_4K, 0, 0, 2, -EINVAL },
	{ "half an interval", SZ_4K + 256, 64, 0, 2, -EINVAL },
	{ "an unknown check", SZ_4K, 64, 8, 2, -EINVAL },
	{ "the highest flag", SZ_4K, 64, 0x8000, 2, -EINVAL },
	{ "application tag of the device", SZ_4K, 64, IO_INTEGRITY_CHK_APPTAG, 0,
	  -EINVAL },
	{ "no application tag asked for", SZ_4K, 64, IO_INTEGRITY_CHK_GUARD, 0, 0 },
};

KUNIT_ARRAY_PARAM_DESC(check_cases, check_cases, desc);

static void metadata_is_exactly_that_of_its_data(struct kunit *test)
{
	const struct check_case *row = test->param_value;
	struct blk_integrity bi = test_geometry(BLK_INTEGRITY_CSUM_CRC,
						BLK_INTEGRITY_REF_TAG, 8, 0, 9);
	struct blk_integrity none = {};
	struct uio_meta meta = meta_at(ITER_SOURCE, PAGE_SIZE, row->meta_bytes);

	bi.tag_size = row->tag_size;
	meta.flags = row->flags;
	KUNIT_EXPECT_EQ(test, row->err,
			bio_integrity_check_meta(&bi, &meta, row->data_bytes));
	KUNIT_EXPECT_EQ(test, -EINVAL,
			bio_integrity_check_meta(&none, &meta, row->data_bytes));
}

static struct bio *bio_of(struct kunit *test, struct test_disk *td,
			  enum req_op op, unsigned int intervals)
{
	unsigned int bytes = intervals << td->bi.interval_exp;

	return &test_io_alloc(test, td->bdev, test_rng(test), op, 0, bytes,
			      TEST_CUT_NONE)->bio;
}

static unsigned int first_sectors(struct test_disk *td, unsigned int intervals)
{
	return intervals << (td->bi.interval_exp - SECTOR_SHIFT);
}

/* Bytes of a payload, from where it stands, are those of the user from @at. */
static void expect_bytes(struct kunit *test, struct bio *bio, const u8 *user,
			 unsigned int intervals)
{
	struct bio_integrity_payload *bip = bio_integrity(bio);
	unsigned int bytes = intervals * bip->bip_geometry.tuple_size;
	u8 *found = test_guarded_buf(test, bytes);

	KUNIT_ASSERT_EQ(test, bytes, bip->bip_iter.bi_size);
	test_bip_read(bip, found);
	KUNIT_EXPECT_MEMEQ(test, user, found, bytes);
}

/*
 * Three bios share the metadata of one I/O; each is split; each part has its
 * bytes and its number.
 */
static void metadata_advances_with_its_data(struct kunit *test)
{
	static const unsigned int counts[] = { 1, 6, 3 };
	struct test_disk *td = test_disk_of(test, test_geometry_of(test));
	unsigned int each = td->bi.tuple_size;
	unsigned int bytes = 10 * each, at = 0;
	unsigned long addr;
	struct uio_meta meta;
	u8 *user;

	addr = test_map_user(test, USER_PAGES, PROT_READ | PROT_WRITE) + 4;
	user = test_filled_buf(test, test_rng(test), bytes);
	KUNIT_ASSERT_EQ(test, 0, copy_to_user((void __user *)addr, user, bytes));
	meta = meta_at(ITER_SOURCE, addr, bytes);
	for (int i = 0; i < ARRAY_SIZE(counts); i++) {
		struct bio *bio = bio_of(test, td, REQ_OP_WRITE, counts[i]);
		struct bio *split = NULL;

		KUNIT_ASSERT_EQ(test, 0,
				bio_integrity_map_iter(bio, &td->bi, &meta));
		KUNIT_EXPECT_EQ(test, SEED + at, bip_get_seed(bio_integrity(bio)));
		expect_bytes(test, bio, user + at * each, counts[i]);
		if (counts[i] > 2) {
			split = bio_split(bio, first_sectors(td, 2), GFP_KERNEL,
					  &fs_bio_set);
			KUNIT_ASSERT_FALSE(test, IS_ERR_OR_NULL(split));
			KUNIT_EXPECT_EQ(test, SEED + at,
					bip_get_seed(bio_integrity(split)));
			KUNIT_EXPECT_EQ(test, SEED + at + 2,
					bip_get_seed(bio_integrity(bio)));
			expect_bytes(test, split, user + at * each, 2);
			expect_bytes(test, bio, user + (at + 2) * each,
				     counts[i] - 2);
			bio_put(split);
		}
		/* However far the bio is, all its pages are unpinned. */
		KUNIT_EXPECT_TRUE(test, bio_integrity_try_unmap_user(bio));
		bio_integrity_free(bio);
		at += counts[i];
		KUNIT_EXPECT_EQ(test, SEED + at, meta.seed);
		KUNIT_EXPECT_EQ(test, bytes - at * each,
				iov_iter_count(&meta.iter));
	}
	test_expect_unpinned(test, addr, USER_PAGES);
}

/* The module of the profile may be gone once the metadata has been checked. */
static void checks_reach_the_payload(struct kunit *test)
{
	static const struct blk_integrity_profile gone;
	struct test_disk *td = test_disk_of(test, test_with_tags(
			test_geometry(BLK_INTEGRITY_CSUM_CRC,
				      BLK_INTEGRITY_REF_TAG, 8, 0, 9)));
	unsigned long addr = test_map_user(test, USER_PAGES, PROT_READ | PROT_WRITE);
	struct blk_integrity bi = td->bi;

	bi.profile = &gone;
	for (unsigned int flags = 0; flags <= ALL_CHECKS; flags++) {
		struct bio *bio = bio_of(test, td, REQ_OP_WRITE, 8);
		struct uio_meta meta = meta_at(ITER_SOURCE, addr, 64);
		unsigned int checks = 0;

		if (flags & 1)
			checks |= BIP_CHECK_GUARD;
		if (flags & 2)
			checks |= BIP_CHECK_REFTAG;
		if (flags & 4)
			checks |= BIP_CHECK_APPTAG;
		meta.flags = flags;
		meta.app_tag = 0x1234;
		KUNIT_ASSERT_EQ(test, 0,
				bio_integrity_map_iter(bio, &bi, &meta));
		KUNIT_EXPECT_EQ(test, checks, bio_integrity(bio)->bip_flags &
				BIP_CHECK_FLAGS);
		KUNIT_EXPECT_EQ(test, 0x1234, bio_integrity(bio)->bip_app_tag);
		KUNIT_EXPECT_EQ(test, 0xffff, bio_integrity(bio)->bip_app_mask);
		bio_integrity_unmap_user(bio);
		bio_integrity_free(bio);
	}
	test_expect_unpinned(test, addr, USER_PAGES);
}

/* E4, D3: an error says what is wrong, and leaves no pin and no payload. */
static void errors_leave_nothing(struct kunit *test)
{
	struct test_disk *td = test_disk_of(test,
			test_geometry(BLK_INTEGRITY_CSUM_CRC,
				      BLK_INTEGRITY_REF_TAG, 264, 0, 9));
	unsigned long read_only = test_map_user(test, USER_PAGES, PROT_READ);
	unsigned long addr = test_map_user(test, USER_PAGES, PROT_READ | PROT_WRITE);
	struct bio *read = bio_of(test, td, REQ_OP_READ, 40);
	struct bio *write = bio_of(test, td, REQ_OP_WRITE, 40);
	unsigned int bytes = 40 * 264;
	unsigned long from = addr + 2 * PAGE_SIZE - SZ_8K;
	struct uio_meta meta = meta_at(ITER_DEST, read_only, bytes);

	KUNIT_EXPECT_EQ(test, -EFAULT,
			bio_integrity_map_iter(read, &td->bi, &meta));
	KUNIT_EXPECT_NULL(test, bio_integrity(read));

	/* All but 8 KiB are not there. */
	KUNIT_ASSERT_EQ(test, 0, vm_munmap(addr + 2 * PAGE_SIZE,
					   (USER_PAGES - 2) * PAGE_SIZE));
	meta = meta_at(ITER_DEST, from, bytes);
	KUNIT_EXPECT_EQ(test, -EFAULT,
			bio_integrity_map_iter(read, &td->bi, &meta));
	meta = meta_at(ITER_SOURCE, from, bytes);
	KUNIT_EXPECT_EQ(test, -EFAULT,
			bio_integrity_map_iter(write, &td->bi, &meta));
	KUNIT_EXPECT_EQ(test, SEED, meta.seed);
	KUNIT_EXPECT_EQ(test, bytes, iov_iter_count(&meta.iter));
	KUNIT_EXPECT_NULL(test, bio_integrity(read));
	KUNIT_EXPECT_NULL(test, bio_integrity(write));
	test_expect_unpinned(test, addr, USER_PAGES);
	test_expect_unpinned(test, read_only, USER_PAGES);
}

/* D21: a page that was written back meanwhile is made dirty once more. */
static void pages_are_dirty_when_they_are_unpinned(struct kunit *test)
{
	struct test_disk *td = test_disk_of(test,
			test_geometry(BLK_INTEGRITY_CSUM_CRC,
				      BLK_INTEGRITY_REF_TAG, 8, 0, 9));
	unsigned long addr = test_map_user(test, USER_PAGES, PROT_READ | PROT_WRITE);
	struct uio_meta meta = meta_at(ITER_DEST, addr, 64);
	struct bio *bio = bio_of(test, td, REQ_OP_READ, 8);
	struct page *page;

	KUNIT_ASSERT_EQ(test, 0, bio_integrity_map_iter(bio, &td->bi, &meta));
	page = bio_integrity(bio)->bip_vec[0].bv_page;
	KUNIT_EXPECT_TRUE(test, PageDirty(page));
	ClearPageDirty(page);
	KUNIT_EXPECT_FALSE(test, bio_integrity_try_unmap_user(bio));
	KUNIT_EXPECT_TRUE(test, folio_maybe_dma_pinned(page_folio(page)));
	bio_integrity_unmap_user(bio);
	KUNIT_EXPECT_TRUE(test, PageDirty(page));
	bio_integrity_free(bio);
	test_expect_unpinned(test, addr, USER_PAGES);
}

static struct kunit_case meta_cases[] = {
	KUNIT_CASE_PARAM(metadata_is_exactly_that_of_its_data, check_cases_gen_params),
	KUNIT_CASE_PARAM(metadata_advances_with_its_data, test_geometry_gen_params),
	KUNIT_CASE(checks_reach_the_payload),
	KUNIT_CASE(errors_leave_nothing),
	KUNIT_CASE(pages_are_dirty_when_they_are_unpinned),
	{ }
};

static struct kunit_suite meta_suite = {
	.name		= "bio_integrity_meta",
	.test_cases	= meta_cases,
};

kunit_test_suite(meta_suite);

MODULE_DESCRIPTION("KUnit tests of metadata that programs bring");
MODULE_LICENSE("GPL");
