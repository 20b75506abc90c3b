/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Interface for submitters of bios: the payload that carries the metadata of a
 * bio, and how to attach one.  See
 * Documentation/block/data-integrity/submitters.rst.
 */
#ifndef _LINUX_BIO_INTEGRITY_H
#define _LINUX_BIO_INTEGRITY_H

#include <linux/bio.h>
#include <linux/blkdev.h>

struct blk_integrity_error;
struct iov_iter;

/**
 * enum bip_flags - state of a payload
 * @BIP_BLOCK_INTEGRITY: the block layer allocated payload and buffer
 * @BIP_MAPPED_INTEGRITY: the reference tags in the buffer are those of the
 *	device
 * @BIP_CTRL_NOCHECK: the host adapter does not check
 * @BIP_DISK_NOCHECK: the device does not check
 * @BIP_IP_CHECKSUM: the guard is an IP checksum
 * @BIP_COPY_USER: user metadata is bounced through a kernel buffer
 * @BIP_PINNED_USER: the vectors are pinned user pages
 * @BIP_VERIFY: the block layer verifies the data before the bio ends; a
 *	submitter that calls fs_bio_integrity_verify() instead clears it
 * @BIP_GENERATE: the tuples have not been generated yet
 * @BIP_OWNED: with BIP_BLOCK_INTEGRITY: the submitter frees payload and buffer,
 *	at the latest with the bio
 * @BIP_CHECK_GUARD: check the guard
 * @BIP_CHECK_REFTAG: check the reference tag, if the format has one
 * @BIP_CHECK_APPTAG: compare the application tag with @bip_app_tag
 * @BIP_CHECKS_LIMITED: BIP_CTRL_NOCHECK and BIP_DISK_NOCHECK are set because the
 *	device cannot make only the requested checks
 *
 * Every payload starts with BIP_CHECK_GUARD and BIP_CHECK_REFTAG set;
 * bio_integrity_set_checks() changes that.
 */
enum bip_flags {
	BIP_BLOCK_INTEGRITY	= 1 << 0,
	BIP_MAPPED_INTEGRITY	= 1 << 1,
	BIP_CTRL_NOCHECK	= 1 << 2,
	BIP_DISK_NOCHECK	= 1 << 3,
	BIP_IP_CHECKSUM		= 1 << 4,
	BIP_COPY_USER		= 1 << 5,
	BIP_PINNED_USER		= 1 << 6,
	BIP_VERIFY		= 1 << 7,
	BIP_GENERATE		= 1 << 8,
	BIP_OWNED		= 1 << 9,
	BIP_CHECK_GUARD		= 1 << 10,
	BIP_CHECK_REFTAG	= 1 << 11,
	BIP_CHECK_APPTAG	= 1 << 12,
	BIP_CHECKS_LIMITED	= 1 << 13,
};

#define BIP_CHECK_FLAGS	(BIP_CHECK_GUARD | BIP_CHECK_REFTAG | BIP_CHECK_APPTAG)

/**
 * struct bio_integrity_payload - the metadata of one bio
 * @bip_iter: iterator over the metadata that remains; bi_sector is the seed, the
 *	number of the first interval in its reference tag (in intervals)
 * @bip_vcnt: number of vectors in use
 * @bip_max_vcnt: number of vectors requested; 0 for a clone, which uses those of
 *	its source
 * @bip_flags: &enum bip_flags
 * @bip_residue_bytes: data bytes that were advanced into the first interval of
 *	@bip_iter, less than one interval
 * @bip_app_tag: application tag that BIP_CHECK_APPTAG expects
 * @bip_app_mask: bits of @bip_app_tag that are compared
 * @bip_vec: the metadata
 * @bip_geometry: geometry of the device when the payload was attached; zero
 *	while the bio has no device
 * @bip_pool: mempool that the payload is from; NULL if it is from a slab
 * @bip_inline_vecs: @bip_vec of a payload that owns its vectors
 */
struct bio_integrity_payload {
	struct bvec_iter	bip_iter;
	unsigned short		bip_vcnt;
	unsigned short		bip_max_vcnt;
	unsigned short		bip_flags;
	unsigned short		bip_residue_bytes;
	u16			bip_app_tag;
	u16			bip_app_mask;
	struct bio_vec		*bip_vec;
	struct blk_integrity	bip_geometry;
	mempool_t		*bip_pool;
	struct bio_vec		bip_inline_vecs[];
};

/**
 * bio_integrity() - get the payload of a bio
 * @bio: any bio
 *
 * The pointer is valid only with REQ_INTEGRITY set, because stacking drivers
 * save and restore the pointer alone.
 *
 * Context: Any context.
 * Return: the payload; NULL if there is none.
 */
static inline struct bio_integrity_payload *bio_integrity(struct bio *bio)
{
#ifdef CONFIG_BLK_DEV_INTEGRITY
	return bio->bi_opf & REQ_INTEGRITY ? bio->bi_integrity : NULL;
#else
	return NULL;
#endif
}

/**
 * bio_integrity_flagged() - test flags of the payload of a bio
 * @bio: any bio
 * @flag: one or more &enum bip_flags
 *
 * Context: Any context.
 * Return: %true if @bio has a payload with any of @flag set.
 */
static inline bool bio_integrity_flagged(struct bio *bio, enum bip_flags flag)
{
	return bio_integrity(bio) && bio_integrity(bio)->bip_flags & flag;
}

/**
 * bio_integrity_device_checks() - test whether the device must check a tag
 * @bio: bio of a request with metadata
 * @check: BIP_CHECK_GUARD, BIP_CHECK_REFTAG or BIP_CHECK_APPTAG
 *
 * For drivers with %BLK_INTEGRITY_CHECKS_EACH.  The driver must not request the
 * check of a tag that the format does not have.
 *
 * Context: Any context.
 * Return: %true if the device must check it.
 */
static inline bool bio_integrity_device_checks(struct bio *bio,
					       enum bip_flags check)
{
	return bio_integrity_flagged(bio, check) &&
	       !bio_integrity_flagged(bio, BIP_DISK_NOCHECK);
}

/**
 * bip_get_seed() - get the number of the first interval
 * @bip: the payload
 *
 * Context: Any context.
 * Return: the number in the first reference tag, in intervals.
 */
static inline sector_t bip_get_seed(struct bio_integrity_payload *bip)
{
	return bip->bip_iter.bi_sector;
}

/**
 * bip_set_seed() - set the number of the first interval
 * @bip: the payload
 * @seed: the number in the first reference tag, in intervals
 *
 * Context: Any context.
 */
static inline void bip_set_seed(struct bio_integrity_payload *bip,
				sector_t seed)
{
	bip->bip_iter.bi_sector = seed;
}

#define bip_for_each_vec(bvl, bip, iter)				\
	for_each_bvec(bvl, (bip)->bip_vec, iter, (bip)->bip_iter)

/* Get the first bio with metadata of a chain, whose bios may be without. */
static inline struct bio *bio_skip_unprotected(struct bio *bio)
{
	while (bio && !bio_integrity(bio))
		bio = bio->bi_next;
	return bio;
}

/* _bio is advanced through its chain, and NULL at the end. */
#define bio_for_each_integrity_vec(_bvl, _bio, _iter)			\
	for (_bio = bio_skip_unprotected(_bio); _bio;			\
	     _bio = bio_skip_unprotected((_bio)->bi_next))		\
		bip_for_each_vec(_bvl, bio_integrity(_bio), _iter)

#ifdef CONFIG_BLK_DEV_INTEGRITY

/* bio-integrity.c */
struct bio_integrity_payload *bio_integrity_alloc(struct bio *bio,
		gfp_t gfp, unsigned int nr);
struct bio_integrity_payload *bio_integrity_alloc_bioset(struct bio *bio,
		gfp_t gfp, unsigned int nr, struct bio_set *bs);
int bio_integrity_add_page(struct bio *bio, struct page *page,
		unsigned int len, unsigned int offset);
int bio_integrity_clone(struct bio *bio, struct bio *bio_src, gfp_t gfp);
void bio_integrity_advance(struct bio *bio, unsigned int bytes);
void bio_integrity_trim(struct bio *bio);

/* bio-integrity-pool.c */
int bioset_integrity_create(struct bio_set *bs, int pool_size);
void bioset_integrity_free(struct bio_set *bs);
void bio_integrity_init(void);

/* bio-integrity-prep.c */
bool bio_integrity_enabled(struct bio *bio);
bool bio_integrity_prep(struct bio *bio);

/* bio-integrity-admit.c */
int bio_integrity_copy(struct bio *bio, struct bio *src);

/* bio-integrity-fs.c */
int fs_bio_integrity_alloc(struct bio *bio);
void fs_bio_integrity_free(struct bio *bio);
int fs_bio_integrity_generate(struct bio *bio);
int fs_bio_integrity_verify(struct bio *bio, sector_t sector,
		unsigned int size);
int bio_integrity_generate(struct bio *bio);
int bio_integrity_set_profile(struct bio *bio,
		const struct blk_integrity_profile *profile, void *private);
int bio_integrity_set_checks(struct bio *bio, unsigned int checks,
		u16 app_tag, u16 app_mask);
const struct blk_integrity_error *bio_integrity_error(struct bio *bio);

/* bio-integrity-tag.c */
unsigned int bio_integrity_tag_size(struct bio *bio);
int bio_integrity_set_tag(struct bio *bio, const void *tag_buf,
		unsigned int len);
int bio_integrity_get_tag(struct bio *bio, void *tag_buf, unsigned int len);
unsigned int bio_integrity_packed_tag_size(struct bio *bio,
		unsigned int block_bytes);
int bio_integrity_set_packed_tag(struct bio *bio, const void *tag_buf,
		unsigned int len, unsigned int block_bytes);
int bio_integrity_get_packed_tag(struct bio *bio, void *tag_buf,
		unsigned int len, unsigned int block_bytes);

/* blk-integrity-profile.c */
unsigned int max_integrity_io_size(const struct queue_limits *lim);

/* bio-integrity-user.c */
int bio_integrity_map_user(struct bio *bio, struct iov_iter *iter);
void bio_integrity_unmap_user(struct bio *bio);

#else /* CONFIG_BLK_DEV_INTEGRITY */

static inline struct bio_integrity_payload *
bio_integrity_alloc(struct bio *bio, gfp_t gfp, unsigned int nr)
{
	return ERR_PTR(-EINVAL);
}

static inline struct bio_integrity_payload *
bio_integrity_alloc_bioset(struct bio *bio, gfp_t gfp, unsigned int nr,
		struct bio_set *bs)
{
	return ERR_PTR(-EINVAL);
}

static inline int bio_integrity_add_page(struct bio *bio, struct page *page,
					 unsigned int len, unsigned int offset)
{
	return 0;
}

static inline int bio_integrity_clone(struct bio *bio, struct bio *bio_src,
				      gfp_t gfp)
{
	return 0;
}

static inline void bio_integrity_advance(struct bio *bio, unsigned int bytes)
{
}

static inline void bio_integrity_trim(struct bio *bio)
{
}

static inline int bioset_integrity_create(struct bio_set *bs, int pool_size)
{
	return 0;
}

static inline void bioset_integrity_free(struct bio_set *bs)
{
}

static inline void bio_integrity_init(void)
{
}

static inline bool bio_integrity_enabled(struct bio *bio)
{
	return false;
}

static inline bool bio_integrity_prep(struct bio *bio)
{
	return true;
}

static inline int bio_integrity_copy(struct bio *bio, struct bio *src)
{
	return 0;
}

static inline int fs_bio_integrity_alloc(struct bio *bio)
{
	return 0;
}

static inline void fs_bio_integrity_free(struct bio *bio)
{
}

static inline int fs_bio_integrity_generate(struct bio *bio)
{
	return 0;
}

static inline int fs_bio_integrity_verify(struct bio *bio, sector_t sector,
					  unsigned int size)
{
	return 0;
}

static inline int bio_integrity_generate(struct bio *bio)
{
	return -EINVAL;
}

static inline int
bio_integrity_set_profile(struct bio *bio,
			  const struct blk_integrity_profile *profile,
			  void *private)
{
	return -EINVAL;
}

static inline int bio_integrity_set_checks(struct bio *bio, unsigned int checks,
					   u16 app_tag, u16 app_mask)
{
	return -EINVAL;
}

static inline const struct blk_integrity_error *
bio_integrity_error(struct bio *bio)
{
	return NULL;
}

static inline unsigned int
max_integrity_io_size(const struct queue_limits *lim)
{
	return UINT_MAX;
}

static inline unsigned int bio_integrity_tag_size(struct bio *bio)
{
	return 0;
}

static inline int bio_integrity_set_tag(struct bio *bio, const void *tag_buf,
					unsigned int len)
{
	return -EINVAL;
}

static inline int bio_integrity_get_tag(struct bio *bio, void *tag_buf,
					unsigned int len)
{
	return -EINVAL;
}

static inline unsigned int
bio_integrity_packed_tag_size(struct bio *bio, unsigned int block_bytes)
{
	return 0;
}

static inline int bio_integrity_set_packed_tag(struct bio *bio,
					       const void *tag_buf,
					       unsigned int len,
					       unsigned int block_bytes)
{
	return -EINVAL;
}

static inline int bio_integrity_get_packed_tag(struct bio *bio, void *tag_buf,
					       unsigned int len,
					       unsigned int block_bytes)
{
	return -EINVAL;
}

static inline int bio_integrity_map_user(struct bio *bio,
					 struct iov_iter *iter)
{
	return -EINVAL;
}

static inline void bio_integrity_unmap_user(struct bio *bio)
{
}

#endif /* CONFIG_BLK_DEV_INTEGRITY */
#endif /* _LINUX_BIO_INTEGRITY_H */
