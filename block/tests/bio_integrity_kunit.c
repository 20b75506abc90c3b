// SPDX-License-Identifier: GPL-2.0
/*
 * Life of a payload: allocation, contents, and what a clone shares.
 */

#include <linux/blk-crypto.h>
#include <linux/blk-integrity.h>

#include "../bio-integrity-internal.h"
#include "integrity_disk.h"

static struct blk_integrity usual_geometry(void)
{
	return test_geometry(BLK_INTEGRITY_CSUM_CRC, BLK_INTEGRITY_REF_TAG, 8, 0,
			     9);
}

static struct test_io *usual_io(struct kunit *test, struct block_device *bdev)
{
	return test_io_alloc(test, bdev, test_rng(test), REQ_OP_WRITE, 8, SZ_4K,
			     TEST_CUT_PAGE);
}

/* D6: a payload has the requested number of vectors, not that of its slab. */
static void payload_has_vectors_asked_for(struct kunit *test)
{
	struct test_disk *td = test_disk_of(test, usual_geometry());
	struct bio *bio = &usual_io(test, td->bdev)->bio;

	for (unsigned int nr = 0; nr <= BIO_MAX_VECS; nr++) {
		struct bio_integrity_payload *bip;

		bip = bio_integrity_alloc(bio, GFP_KERNEL, nr);
		KUNIT_ASSERT_NOT_ERR_OR_NULL(test, bip);
		KUNIT_EXPECT_PTR_EQ(test, bip, bio_integrity(bio));
		KUNIT_EXPECT_EQ(test, nr, bip->bip_max_vcnt);
		KUNIT_EXPECT_EQ(test, 0, bip->bip_vcnt);
		KUNIT_EXPECT_EQ(test, TEST_CHECKS, bip->bip_flags);
		KUNIT_EXPECT_EQ(test, 0, bip->bip_iter.bi_size);
		KUNIT_EXPECT_EQ(test, 0, bip_get_seed(bip));
		KUNIT_EXPECT_EQ(test, !nr, !bip->bip_vec);
		if (nr)
			memset(bip->bip_vec, 0x5a, nr * sizeof(*bip->bip_vec));

		bio_integrity_free(bio);
		KUNIT_EXPECT_NULL(test, bio_integrity(bio));
		KUNIT_EXPECT_NULL(test, bio->bi_integrity);
		KUNIT_EXPECT_FALSE(test, bio->bi_opf & REQ_INTEGRITY);
	}
}

static void too_many_vectors_are_refused(struct kunit *test)
{
	struct test_disk *td = test_disk_of(test, usual_geometry());
	struct bio *bio = &usual_io(test, td->bdev)->bio;

	KUNIT_EXPECT_PTR_EQ(test, ERR_PTR(-EINVAL),
			    bio_integrity_alloc(bio, GFP_KERNEL,
						BIO_MAX_VECS + 1));
	KUNIT_EXPECT_PTR_EQ(test, ERR_PTR(-EINVAL),
			    bio_integrity_alloc(bio, GFP_KERNEL, UINT_MAX));
	KUNIT_EXPECT_FALSE(test, bio->bi_opf & REQ_INTEGRITY);
}

static void payload_goes_with_its_bio(struct kunit *test)
{
	struct test_disk *td = test_disk_of(test, usual_geometry());
	struct bio *bio = &usual_io(test, td->bdev)->bio;

	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, bio_integrity_alloc(bio, GFP_KERNEL, 3));
	bio_uninit(bio);
	KUNIT_EXPECT_NULL(test, bio_integrity(bio));
	/* REQ_INTEGRITY, not the pointer, tells whether there is a payload. */
	bio->bi_integrity = (void *)-1L;
	KUNIT_EXPECT_NULL(test, bio_integrity(bio));
	bio->bi_integrity = NULL;
}

static const struct blk_integrity *geometry_of(struct bio *bio)
{
	return bip_geometry(bio_integrity(bio), bio);
}

static void geometry_is_that_of_attaching(struct kunit *test)
{
	struct blk_integrity bi = usual_geometry();
	struct test_disk *td = test_disk_of(test, bi);
	struct test_disk *other =
		test_disk_of(test, test_geometry(BLK_INTEGRITY_CSUM_IP, 0, 64, 56,
						 12));
	struct bio *bio = &usual_io(test, td->bdev)->bio;

	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, bio_integrity_alloc(bio, GFP_KERNEL, 1));
	KUNIT_EXPECT_TRUE(test, blk_integrity_geometry_equal(geometry_of(bio),
							     &bi));
	bio->bi_bdev = other->bdev;
	KUNIT_EXPECT_TRUE(test, blk_integrity_geometry_equal(geometry_of(bio),
							     &bi));
}

static void geometry_comes_with_the_device(struct kunit *test)
{
	struct blk_integrity bi = usual_geometry();
	struct test_disk *plain = test_disk_alloc(test, test_plain_limits());
	struct test_disk *td = test_disk_of(test, bi);
	struct bio *bio = &usual_io(test, NULL)->bio;

	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, bio_integrity_alloc(bio, GFP_KERNEL, 1));
	KUNIT_EXPECT_NULL(test, geometry_of(bio));
	bio->bi_bdev = plain->bdev;
	KUNIT_EXPECT_NULL(test, geometry_of(bio));
	bio->bi_bdev = td->bdev;
	KUNIT_ASSERT_NOT_NULL(test, geometry_of(bio));
	KUNIT_EXPECT_TRUE(test, blk_integrity_geometry_equal(geometry_of(bio),
							     &bi));
}

#define OWNERS_FLAGS	(BIP_BLOCK_INTEGRITY | BIP_COPY_USER | \
			 BIP_PINNED_USER | BIP_VERIFY)
#define SHARED_FLAGS	(BIP_MAPPED_INTEGRITY | BIP_CTRL_NOCHECK | \
			 BIP_DISK_NOCHECK | BIP_IP_CHECKSUM)

static struct test_io *io_with_meta(struct kunit *test, struct test_disk *td)
{
	struct test_io *io = usual_io(test, td->bdev);
	struct test_vecs *meta = test_vecs_alloc(test, test_rng(test), 64,
						 TEST_CUT_RANDOM);

	test_io_attach(test, io, meta, 77);
	return io;
}

static void expect_clone(struct kunit *test, struct bio *clone,
			 struct bio_integrity_payload *bip)
{
	struct bio_integrity_payload *copy = bio_integrity(clone);

	KUNIT_ASSERT_NOT_NULL(test, copy);
	KUNIT_EXPECT_PTR_NE(test, copy, bip);
	KUNIT_EXPECT_PTR_EQ(test, copy->bip_vec, bip->bip_vec);
	KUNIT_EXPECT_EQ(test, copy->bip_vcnt, bip->bip_vcnt);
	KUNIT_EXPECT_EQ(test, copy->bip_max_vcnt, 0);
	KUNIT_EXPECT_EQ(test, copy->bip_flags, SHARED_FLAGS);
	KUNIT_EXPECT_EQ(test, copy->bip_residue_bytes, bip->bip_residue_bytes);
	KUNIT_EXPECT_EQ(test, 0, memcmp(&copy->bip_iter, &bip->bip_iter,
					sizeof(bip->bip_iter)));
	KUNIT_EXPECT_TRUE(test,
			  blk_integrity_geometry_equal(&copy->bip_geometry,
						       &bip->bip_geometry));
}

/* D9: a clone counts the vectors that it shares, and owns none of them. */
static void clone_shares_vectors_and_not_ownership(struct kunit *test)
{
	struct test_disk *td = test_disk_of(test, usual_geometry());
	struct bio *bio = &io_with_meta(test, td)->bio;
	struct bio_integrity_payload *bip = bio_integrity(bio);
	struct page *page = bip->bip_vec[0].bv_page;
	struct bio clone;

	bio_advance(bio, 1000);
	bip->bip_flags = OWNERS_FLAGS | SHARED_FLAGS;
	KUNIT_ASSERT_EQ(test, 0, bio_init_clone(td->bdev, &clone, bio,
						GFP_KERNEL));
	expect_clone(test, &clone, bip);
	KUNIT_EXPECT_EQ(test, 78, bip_get_seed(bio_integrity(&clone)));
	KUNIT_EXPECT_EQ(test, 0, bio_integrity_add_page(&clone, page, 8, 0));
	KUNIT_EXPECT_EQ(test, bip->bip_vcnt, bio_integrity(&clone)->bip_vcnt);

	bio_uninit(&clone);
	bip->bip_flags = 0;
	KUNIT_EXPECT_PTR_EQ(test, bip, bio_integrity(bio));
	KUNIT_EXPECT_PTR_EQ(test, page, bip->bip_vec[0].bv_page);
}

static void clone_without_device_keeps_geometry(struct kunit *test)
{
	struct test_disk *td = test_disk_of(test, usual_geometry());
	struct test_disk *plain = test_disk_alloc(test, test_plain_limits());
	struct bio *bio = &io_with_meta(test, td)->bio;
	struct bio clone;

	KUNIT_ASSERT_EQ(test, 0, bio_init_clone(NULL, &clone, bio, GFP_KERNEL));
	KUNIT_ASSERT_NOT_NULL(test, geometry_of(&clone));
	KUNIT_EXPECT_TRUE(test, blk_integrity_geometry_equal(geometry_of(&clone),
							     &td->bi));
	bio_set_dev(&clone, plain->bdev);
	bio_advance(&clone, 1024);
	KUNIT_EXPECT_EQ(test, 79, bip_get_seed(bio_integrity(&clone)));
	bio_uninit(&clone);
}

static void clone_of_nothing_is_refused(struct kunit *test)
{
	struct test_disk *td = test_disk_of(test, usual_geometry());
	struct bio *bio = &usual_io(test, td->bdev)->bio;
	struct bio *clone = &usual_io(test, td->bdev)->bio;

	KUNIT_EXPECT_EQ(test, -EINVAL, bio_integrity_clone(clone, bio, GFP_KERNEL));
	KUNIT_EXPECT_NULL(test, bio_integrity(clone));
}

#ifdef CONFIG_BLK_INLINE_ENCRYPTION
/* The guard would be computed from data that the device does not get. */
static void encrypted_bio_takes_no_payload(struct kunit *test)
{
	struct test_disk *td = test_disk_of(test, usual_geometry());
	struct test_io *io = usual_io(test, td->bdev);
	struct bio_crypt_ctx ctx = {};

	io->bio.bi_crypt_context = &ctx;
	KUNIT_EXPECT_PTR_EQ(test, ERR_PTR(-EOPNOTSUPP),
			    bio_integrity_alloc(&io->bio, GFP_KERNEL, 1));
	KUNIT_EXPECT_NULL(test, bio_integrity(&io->bio));
	KUNIT_EXPECT_FALSE(test, bio_integrity_prep(&io->bio));
	KUNIT_EXPECT_EQ(test, -EOPNOTSUPP, test_io_wait(test, io));
	KUNIT_EXPECT_NULL(test, bio_integrity(&io->bio));
	io->bio.bi_crypt_context = NULL;
}
#endif

static struct kunit_case bio_integrity_cases[] = {
	KUNIT_CASE(payload_has_vectors_asked_for),
	KUNIT_CASE(too_many_vectors_are_refused),
	KUNIT_CASE(payload_goes_with_its_bio),
	KUNIT_CASE(geometry_is_that_of_attaching),
	KUNIT_CASE(geometry_comes_with_the_device),
	KUNIT_CASE(clone_shares_vectors_and_not_ownership),
	KUNIT_CASE(clone_without_device_keeps_geometry),
	KUNIT_CASE(clone_of_nothing_is_refused),
#ifdef CONFIG_BLK_INLINE_ENCRYPTION
	KUNIT_CASE(encrypted_bio_takes_no_payload),
#endif
	{ }
};

static struct kunit_suite bio_integrity_suite = {
	.name		= "bio_integrity",
	.test_cases	= bio_integrity_cases,
};

kunit_test_suite(bio_integrity_suite);

MODULE_DESCRIPTION("KUnit tests of the life of integrity payloads");
MODULE_LICENSE("GPL");
