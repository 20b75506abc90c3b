// SPDX-License-Identifier: GPL-2.0
/*
 * Life of an integrity payload: attach, add pages, clone, advance, trim, free.
 *
 * bio-integrity-pool.c allocates it; profiles and the walk handle its content.
 */

#include <linux/bio-integrity.h>
#include <linux/blk-integrity.h>

#include "bio-integrity-internal.h"
#include "blk.h"

/**
 * bip_learn_geometry() - record the geometry of a device in a payload
 * @bip: the payload
 * @q: queue of the device, whose limits may be changing
 *
 * A copy that mixes two formats is discarded: what needs the geometry later reads
 * it again.
 *
 * Context: Any context, so it does not wait for the change.
 */
void bip_learn_geometry(struct bio_integrity_payload *bip,
			const struct request_queue *q)
{
	struct blk_integrity *bi = &bip->bip_geometry;

	*bi = q->limits.integrity;
	/* Make sure that the copy is used. */
	barrier();
	if (bi->tuple_size && !blk_integrity_is_consistent(bi))
		*bi = (struct blk_integrity) {};
}

/**
 * bio_integrity_alloc_bioset() - attach a payload allocated from a bio_set
 * @bio: bio without payload
 * @gfp: allocation flags
 * @nr_vecs: maximum number of metadata vectors, 0 to BIO_MAX_VECS
 * @bs: bio_set whose reserve is used if the slab allocation fails; may be NULL
 *
 * The payload belongs to the submitter and is freed with the bio.  The
 * submitter frees the pages that are added to it.
 *
 * Context: Any context that @gfp allows.  With a reserve and
 *	__GFP_DIRECT_RECLAIM this does not fail for memory.
 * Return: the payload, or an ERR_PTR(): -EINVAL if @nr_vecs is too large,
 *	-EOPNOTSUPP if @bio has an inline encryption context, -ENOMEM.
 */
struct bio_integrity_payload *
bio_integrity_alloc_bioset(struct bio *bio, gfp_t gfp, unsigned int nr_vecs,
			   struct bio_set *bs)
{
	struct bio_integrity_payload *bip;

	if (nr_vecs > BIO_MAX_VECS)
		return ERR_PTR(-EINVAL);
	if (bio_has_crypt_ctx(bio))
		return ERR_PTR(-EOPNOTSUPP);

	bip = bip_alloc(gfp, nr_vecs, bs);
	if (!bip)
		return ERR_PTR(-ENOMEM);
	bio_integrity_attach(bio, bip, nr_vecs);
	if (bio->bi_bdev)
		bip_learn_geometry(bip, bdev_get_queue(bio->bi_bdev));
	return bip;
}
EXPORT_SYMBOL_GPL(bio_integrity_alloc_bioset);

/**
 * bio_integrity_alloc() - attach a payload to a bio
 * @bio: bio without payload
 * @gfp: allocation flags
 * @nr_vecs: metadata vectors that will be added at most, 0 to BIO_MAX_VECS
 *
 * bio_integrity_alloc_bioset() with the bio_set that @bio came from.
 *
 * Context: Any context that @gfp allows.
 * Return: the payload, or an ERR_PTR(): -EINVAL, -EOPNOTSUPP, -ENOMEM.
 */
struct bio_integrity_payload *bio_integrity_alloc(struct bio *bio, gfp_t gfp,
						  unsigned int nr_vecs)
{
	return bio_integrity_alloc_bioset(bio, gfp, nr_vecs, bio->bi_pool);
}
EXPORT_SYMBOL(bio_integrity_alloc);

/**
 * bio_integrity_free() - detach and free a bio's payload
 * @bio: bio with a payload
 *
 * A payload of the block layer is freed with its buffer.  The pages of a
 * submitter's payload are not freed.
 *
 * Context: Any context.
 */
void bio_integrity_free(struct bio *bio)
{
	struct bio_integrity_payload *bip = bio_integrity(bio);

	bio->bi_integrity = NULL;
	bio->bi_opf &= ~REQ_INTEGRITY;

	if (bip->bip_flags & BIP_BLOCK_INTEGRITY)
		bip_object_free(bip_to_object(bip));
	else
		bip_free(bip);
}

/**
 * bio_integrity_add_page() - add metadata to a bio's payload
 * @bio: bio with a device and a payload of its submitter
 * @page: page with metadata; stays the caller's
 * @len: bytes
 * @offset: of the metadata in @page, bytes
 *
 * Metadata that continues the last vector extends it.  It need not match the
 * segments of the device: if it does not, the device gets a copy.
 *
 * Context: Any context.
 * Return: @len on success; 0 if the device has no metadata, if the payload has
 *	a buffer of the block layer or no free vector, or if the memory is of
 *	another kind than that of the previous vector.
 */
int bio_integrity_add_page(struct bio *bio, struct page *page,
			   unsigned int len, unsigned int offset)
{
	struct bio_integrity_payload *bip = bio_integrity(bio);
	struct request_queue *q = bdev_get_queue(bio->bi_bdev);

	if (!queue_max_integrity_segments(q) ||
	    bip->bip_flags & BIP_BLOCK_INTEGRITY ||
	    len > UINT_MAX - bip->bip_iter.bi_size)
		return 0;

	if (bip->bip_vcnt && bip->bip_max_vcnt) {
		struct bio_vec *last = &bip->bip_vec[bip->bip_vcnt - 1];
		bool same_page = false;

		if (!zone_device_pages_compatible(last->bv_page, page))
			return 0;
		if (bvec_try_merge_hw_page(q, last, page, len, offset,
					   &same_page))
			goto added;
	}

	if (bip->bip_vcnt >= bip->bip_max_vcnt)
		return 0;
	bvec_set_page(&bip->bip_vec[bip->bip_vcnt++], page, len, offset);
added:
	bip->bip_iter.bi_size += len;
	return len;
}
EXPORT_SYMBOL(bio_integrity_add_page);

/* Metadata of the next @intervals, at most what there is. */
static unsigned int bip_bytes(const struct bio_integrity_payload *bip,
			      const struct blk_integrity *geometry,
			      unsigned int intervals)
{
	return min_t(u64, (u64)intervals * geometry->tuple_size,
		     bip->bip_iter.bi_size);
}

/**
 * bio_integrity_advance() - move a payload along with its data
 * @bio: bio with a payload
 * @bytes: bytes of data by which the bio advances
 *
 * If @bytes end inside an interval, they are remembered until the rest of the
 * interval follows.
 *
 * Context: Any context.
 */
void bio_integrity_advance(struct bio *bio, unsigned int bytes)
{
	struct bio_integrity_payload *bip = bio_integrity(bio);
	const struct blk_integrity *geometry = bip_geometry(bip, bio);
	unsigned int intervals;

	if (!geometry)
		return;

	bytes += bip->bip_residue_bytes;
	intervals = bytes >> geometry->interval_exp;
	bip->bip_residue_bytes = bytes & ((1U << geometry->interval_exp) - 1);

	bip->bip_iter.bi_sector += intervals;
	bvec_iter_advance(bip->bip_vec, &bip->bip_iter,
			  bip_bytes(bip, geometry, intervals));
}

/**
 * bio_integrity_trim() - trim a payload to the size of its data
 * @bio: bio with a payload, its data already cut
 *
 * Context: Any context.
 */
void bio_integrity_trim(struct bio *bio)
{
	struct bio_integrity_payload *bip = bio_integrity(bio);
	const struct blk_integrity *geometry = bip_geometry(bip, bio);
	unsigned int intervals;

	if (!geometry)
		return;

	intervals = (bip->bip_residue_bytes + bio->bi_iter.bi_size) >>
		    geometry->interval_exp;
	bip->bip_iter.bi_size = bip_bytes(bip, geometry, intervals);
}
EXPORT_SYMBOL(bio_integrity_trim);

/**
 * bip_inherit() - inherit the properties of another payload's metadata
 * @bip: the payload
 * @from: payload with the same metadata
 *
 * Context: Any context.
 */
void bip_inherit(struct bio_integrity_payload *bip,
		 const struct bio_integrity_payload *from)
{
	bip->bip_flags = from->bip_flags & BIP_CLONE_FLAGS;
	bip->bip_app_tag = from->bip_app_tag;
	bip->bip_app_mask = from->bip_app_mask;
	bip->bip_residue_bytes = from->bip_residue_bytes;
	bip->bip_iter.bi_sector = from->bip_iter.bi_sector;
}

/**
 * bio_integrity_clone() - give a clone the payload of its source
 * @bio: the clone, without payload
 * @bio_src: its source, with a payload
 * @gfp: allocation flags
 *
 * The clone has an iterator of its own over the vectors of the source, which
 * must outlive it.
 *
 * Context: Any context that @gfp allows.
 * Return: 0, -EINVAL if @bio_src has no payload, -EOPNOTSUPP, -ENOMEM.
 */
int bio_integrity_clone(struct bio *bio, struct bio *bio_src, gfp_t gfp)
{
	struct bio_integrity_payload *src = bio_integrity(bio_src);
	struct bio_integrity_payload *bip;

	if (!src)
		return -EINVAL;

	/*
	 * Below submit_bio() failing is no answer, and not all have a reserve.
	 */
	if (gfpflags_allow_blocking(gfp) && !(gfp & __GFP_NORETRY) &&
	    !(bio->bi_pool &&
	      mempool_initialized(&bio->bi_pool->bio_integrity_pool)))
		gfp |= __GFP_NOFAIL;
	bip = bio_integrity_alloc(bio, gfp, 0);
	if (IS_ERR(bip))
		return PTR_ERR(bip);

	bip->bip_vec = src->bip_vec;
	bip->bip_vcnt = src->bip_vcnt;
	bip->bip_iter = src->bip_iter;
	bip_inherit(bip, src);
	if (src->bip_geometry.tuple_size)
		bip->bip_geometry = src->bip_geometry;
	return 0;
}
