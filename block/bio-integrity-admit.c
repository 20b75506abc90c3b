// SPDX-License-Identifier: GPL-2.0
/*
 * Payloads of submitters that arrive at a device: checks the format, and
 * replaces a payload that the device does not accept by a copy while the bio is
 * at the device.
 *
 * Renumbering of reference tags requires a copy because other bios, such as
 * those of the other legs of a mirror, may write from the same memory.  Another
 * reason is that a submitter does not know the segment limits of each device
 * below.
 *
 * All of this is undone before a bio is sent to another device.
 */
#define pr_fmt(fmt) "blk-integrity: " fmt

#include <linux/blk-integrity.h>

#include "bio-integrity-internal.h"
#include "blk.h"
#include "blk-integrity-walk.h"

#define refuse(bio, err, fmt, ...)					\
	(pr_err_ratelimited("%pg: metadata at sector %llu " fmt "\n",	\
			    (bio)->bi_bdev,				\
			    (u64)(bio)->bi_iter.bi_sector,		\
			    ##__VA_ARGS__), err)

/*
 * A submitter builds its payload for the device it submits to.  The device
 * below may have no metadata, or another format.
 */
static int check_format(struct bio *bio, struct bio_integrity_payload *bip)
{
	struct blk_integrity bi;
	unsigned int bytes;

	blk_integrity_snapshot(bdev_get_queue(bio->bi_bdev), &bi);
	if (!bi.tuple_size)
		return refuse(bio, -EOPNOTSUPP, "for a device without");
	if (!bip->bip_geometry.tuple_size)
		bip->bip_geometry = bi;
	if (!blk_integrity_geometry_equal(&bip->bip_geometry, &bi))
		return refuse(bio, -EINVAL, "was made for another format");
	bip->bip_geometry = bi;
	if (bi.csum_type == BLK_INTEGRITY_CSUM_IP)
		bip->bip_flags |= BIP_IP_CHECKSUM;

	bytes = bio_integrity_bytes(&bi, bio_sectors(bio));
	if (bip->bip_iter.bi_size < bytes)
		return refuse(bio, -EINVAL, "is %u bytes, must be %u",
			      bip->bip_iter.bi_size, bytes);
	/*
	 * In a merged request, excess metadata would shift that of the next
	 * bio.
	 */
	bip->bip_iter.bi_size = bytes;

	/* Only payloads of the block layer itself are generated later. */
	if ((bip->bip_flags & BIP_GENERATE) &&
	    (bip->bip_flags & (BIP_BLOCK_INTEGRITY | BIP_OWNED)) !=
	    BIP_BLOCK_INTEGRITY)
		return refuse(bio, -EINVAL, "was never generated");
	return 0;
}

/*
 * A device that checks all tags or none must not check more than requested.
 * This depends on the device: a resubmitted payload may reach another one.
 */
static void limit_checks(struct bio_integrity_payload *bip)
{
	const struct blk_integrity *bi = &bip->bip_geometry;
	unsigned int all = BIP_CHECK_GUARD;

	bip_lift_limit(bip);
	if (bip->bip_flags & BIP_NOCHECK_FLAGS)
		return;
	if (bi->flags & BLK_INTEGRITY_REF_TAG)
		all |= BIP_CHECK_REFTAG;
	if (!(bip->bip_flags & BIP_CHECK_FLAGS) ||
	    (!(bi->flags & BLK_INTEGRITY_CHECKS_EACH) &&
	     (bip->bip_flags & all) != all))
		bip->bip_flags |= BIP_CHECKS_LIMITED | BIP_NOCHECK_FLAGS;
}

static u64 device_interval(struct bio *bio,
			   const struct bio_integrity_payload *bip)
{
	return blk_integrity_interval(&bip->bip_geometry,
				      bio->bi_iter.bi_sector);
}

static bool has_numbers_to_write(struct bio *bio,
				 const struct bio_integrity_payload *bip)
{
	return op_is_write(bio_op(bio)) &&
	       bip->bip_geometry.profile->remap_fn &&
	       !(bip->bip_flags & BIP_MAPPED_INTEGRITY);
}

/* Drivers that take bios accept any vectors. */
static bool must_copy(struct bio *bio, struct bio_integrity_payload *bip)
{
	struct request_queue *q = bdev_get_queue(bio->bi_bdev);

	if (!queue_is_mq(q))
		return false;
	if (!bio_integrity_fits(q, bio))
		return true;
	if (!has_numbers_to_write(bio, bip))
		return false;
	/*
	 * An append that becomes a write is renumbered once its position is
	 * known.
	 */
	return bip_get_seed(bip) != device_interval(bio, bip) ||
	       (bio_op(bio) == REQ_OP_ZONE_APPEND &&
		bdev_emulates_zone_append(bio->bi_bdev));
}

/* Each vector of a copy is contiguous in the direct map. */
static void copy_in(struct bio_integrity_payload *copy,
		    const struct bio_integrity_payload *from)
{
	struct bvec_iter iter = from->bip_iter;

	for (unsigned int i = 0; i < copy->bip_vcnt; i++) {
		struct bio_vec *bv = &copy->bip_vec[i];

		blk_integrity_gather(bvec_virt(bv), from->bip_vec, iter,
				     bv->bv_len);
		bvec_iter_advance(from->bip_vec, &iter, bv->bv_len);
	}
}

static void copy_out(const struct bio_integrity_payload *copy,
		     struct bio_integrity_payload *to)
{
	struct bvec_iter iter = to->bip_iter;

	for (unsigned int i = 0; i < copy->bip_vcnt; i++) {
		struct bio_vec *bv = &copy->bip_vec[i];

		blk_integrity_scatter(bvec_virt(bv), to->bip_vec, iter,
				      bv->bv_len);
		bvec_iter_advance(to->bip_vec, &iter, bv->bv_len);
	}
}

/* Reads are copied in too, because the device may not transfer all metadata. */
static void attach_copy(struct bio *bio, struct bip_object *obj,
			const struct bio_integrity_payload *from)
{
	struct bio_integrity_payload *copy = &obj->bip;

	obj->bio = bio;
	obj->bdev = bio->bi_bdev;
	obj->action = BIO_INTEGRITY_NONE;
	obj->profile = from->bip_geometry.profile;
	obj->first_interval = from->bip_iter.bi_sector;
	obj->data_iter = bio->bi_iter;
	bio_integrity_attach(bio, copy, BIP_OBJECT_VECS);
	bip_inherit(copy, from);
	copy->bip_flags |= BIP_BLOCK_INTEGRITY;
	copy->bip_geometry = from->bip_geometry;
	bip_object_hold_profiles(obj);
	copy_in(copy, from);
}

static int bip_copy(struct bio *bio, struct bio_integrity_payload *from,
		    bool wait)
{
	struct request_queue *q = bdev_get_queue(bio->bi_bdev);
	struct bip_object *obj;
	struct bio_integrity_payload *copy;
	u64 number;

	obj = bip_object_get(q, from->bip_iter.bi_size, wait);
	if (!obj)
		return bio_integrity_no_buf(q, from->bip_iter.bi_size);
	obj->copied_from = from;
	attach_copy(bio, obj, from);
	copy = &obj->bip;
	number = device_interval(bio, copy);
	if (has_numbers_to_write(bio, copy) && bip_get_seed(copy) != number) {
		bip_remap(bio, bio_integrity_intervals(&copy->bip_geometry,
						       bio_sectors(bio)),
			  bip_get_seed(copy), number);
		bip_set_seed(copy, number);
	}
	blk_integrity_count(q, BLK_INTEGRITY_BOUNCED, 1);
	return 0;
}

/**
 * bio_integrity_uncopy() - replace a copy by the payload of the submitter
 * @obj: the copy, freed by this function
 *
 * Context: Any context.
 */
void bio_integrity_uncopy(struct bip_object *obj)
{
	struct bio_integrity_payload *to = obj->copied_from;
	struct bio *bio = obj->bio;

	if (bio_data_dir(bio) == READ && !bio->bi_status)
		copy_out(&obj->bip, to);
	bio->bi_integrity = to;
	bip_object_free(obj);
}

/**
 * __bio_integrity_unprep() - undo bio_integrity_prep()
 * @bio: bio with a payload of the block layer, taken back from its request
 *
 * A payload that a submitter owns stays.  The bio starts anew even if a part of
 * it is complete, because that part was neither verified nor copied back.
 *
 * Context: Any context.
 */
void __bio_integrity_unprep(struct bio *bio)
{
	struct bip_object *obj = bip_to_object(bio_integrity(bio));

	if (obj->copied_from) {
		bio->bi_iter = obj->data_iter;
		bio->bi_integrity = obj->copied_from;
		bip_object_free(obj);
	} else if (!(obj->bip.bip_flags & BIP_OWNED)) {
		bio->bi_iter = obj->data_iter;
		bio_integrity_free(bio);
	}
}

/**
 * bio_integrity_copy() - attach a copy of another bio's metadata
 * @bio: bio without payload, with as much data as @src
 * @src: bio with a device and a payload
 *
 * For drivers that copy the data of a bio in order to complete it early.  @bio
 * itself is not submitted, only clones of it.
 *
 * Context: Process context.  Does not sleep.
 * Return: 0 on success; -ENOMEM if the allocation fails, or if the metadata is
 *	larger than the device of @src takes at once.
 */
int bio_integrity_copy(struct bio *bio, struct bio *src)
{
	struct bio_integrity_payload *from = bio_integrity(src);
	struct bip_object *obj;

	obj = bip_object_alloc(&bdev_get_queue(src->bi_bdev)->limits,
			       from->bip_iter.bi_size, BIO_INTEGRITY_GFP);
	if (!obj)
		return -ENOMEM;
	attach_copy(bio, obj, from);
	return 0;
}
EXPORT_SYMBOL_GPL(bio_integrity_copy);

/**
 * bio_integrity_admit() - check a submitter's metadata, and copy it if
 *	necessary
 * @bio: bio with a payload, at its device
 * @wait: take a copy from the reserve, and wait for that
 *
 * Context: Process context.  May sleep if @wait, but does no I/O.
 * Return: 0; -EOPNOTSUPP if the device has no metadata; -EINVAL if its format
 *	is another, if there is too little metadata, or if it was to be
 *	generated and is not; -EAGAIN if there is no memory for a copy, without
 *	@wait; -ENOMEM if @bio is larger than the device takes.  All but
 *	the last two say in the log what is wrong.
 */
int bio_integrity_admit(struct bio *bio, bool wait)
{
	struct bio_integrity_payload *bip = bio_integrity(bio);
	int err;

	bip->bip_flags &= ~BIP_AWAITS_COPY;
	err = check_format(bio, bip);
	if (err)
		return err;
	limit_checks(bip);
	return must_copy(bio, bip) ? bip_copy(bio, bip, wait) : 0;
}
