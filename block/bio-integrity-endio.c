// SPDX-License-Identifier: GPL-2.0
/*
 * What happens to the payload of a bio when its request completes, and when the
 * bio ends: a copy is undone, a read verified, and the payload freed, or made
 * ready for its owner.
 */

#include <linux/bio-integrity.h>
#include <linux/blk-integrity.h>

#include "bio-integrity-internal.h"
#include "blk.h"
#include "blk-rq-qos.h"

/* Device and adapter report only that a bio failed, not why. */
static void record_device_error(struct bip_object *obj)
{
	const struct blk_integrity *bi = &obj->bip.bip_geometry;

	obj->err = (struct blk_integrity_error) {
		.intervals[BLK_INTEGRITY_TAG_UNKNOWN] = 1,
		.tag = BLK_INTEGRITY_TAG_UNKNOWN,
		.origin = BLK_INTEGRITY_ORIGIN_DEVICE,
		.interval = obj->first_interval,
		.sector = obj->first_interval << (bi->interval_exp - SECTOR_SHIFT),
	};
}

/*
 * Restore the initial state, for a submitter that reads or reuses the payload.
 */
static void bip_rewind(struct bip_object *obj)
{
	struct bio_integrity_payload *bip = &obj->bip;

	obj->verified = false;
	bip->bip_flags &= ~BIP_MAPPED_INTEGRITY;
	bip_lift_limit(bip);
	bip->bip_residue_bytes = 0;
	bip->bip_iter = (struct bvec_iter) {
		.bi_sector = obj->first_interval,
		.bi_size = (obj->data_iter.bi_size >>
			    bip->bip_geometry.interval_exp) *
			   bip->bip_geometry.tuple_size,
	};
}

/* Undo a copy.  Return: the payload that remains. */
static __always_inline struct bio_integrity_payload *uncopy(struct bio *bio)
{
	struct bio_integrity_payload *bip = bio_integrity(bio);
	struct bip_object *obj = bip_to_object(bip);

	if (likely(!obj->copied_from))
		return bip;
	bio_integrity_uncopy(obj);
	return bio_integrity(bio);
}

/*
 * Verify a read that must be, unless it has been.  Return: %true if nothing is left
 * to verify; %false if kintegrityd or a second reading owns the bio and will
 * complete it.
 */
static __always_inline bool settle(struct bio *bio, struct bip_object *obj)
{
	struct bio_integrity_payload *bip = &obj->bip;

	if (obj->verified)
		return true;
	if (bip->bip_flags & (BIP_OWNED | BIP_VERIFY))
		memset(&obj->err, 0, sizeof(obj->err));
	if (bio->bi_status == BLK_STS_PROTECTION)
		record_device_error(obj);
	return !(bip->bip_flags & BIP_VERIFY) || bio->bi_status ||
	       !(bip->bip_flags & BIP_CHECK_FLAGS) ||
	       bio_integrity_verify_read(obj);
}

/* What a device does when a bio ends, at the end of the request. */
static void leave_qos(struct bio *bio)
{
	rq_qos_done_bio(bio);
	bio_clear_flag(bio, BIO_QOS_THROTTLED);
	bio_clear_flag(bio, BIO_QOS_MERGED);
}

/**
 * bip_object_leave_path() - make a bio independent of the path that it took
 * @obj: payload of the bio
 *
 * A driver that passes bios on may have changed the device of the bio, for
 * example to a path of a multipath device.  Once the request is freed, nothing
 * keeps that path, so this sets the device that the payload is of, after what
 * the path does when a bio ends.  Policies may count only what the path has, so
 * the bio leaves those in any case.
 *
 * Context: Any context, before the request of the bio is freed.
 */
void bip_object_leave_path(struct bip_object *obj)
{
	struct bio *bio = obj->bio;

	leave_qos(bio);
	if (bio->bi_bdev == bip_object_bdev(obj))
		return;
	blk_zone_bio_endio(bio);
	bio->bi_bdev = bip_object_bdev(obj);
}

/**
 * __bio_integrity_leave() - detach what a bio has for its device
 * @bio: bio whose request has transferred all of it, or kintegrityd verified it
 *
 * As bio_integrity_leave(), also if nothing is chained to the bio.
 *
 * A payload of the block layer is verified, if it has not been, and freed.  What
 * a submitter owns is for all data of the bio, of which parts may have been
 * split off that are still on their way: it is verified when the bio ends, by the
 * device of its owner.
 *
 * Such parts may take another path, and end the bio when this one is gone, so the
 * bio leaves the policies of its device here.
 *
 * Context: Any context.
 * Return: as bio_integrity_leave().
 */
bool __bio_integrity_leave(struct bio *bio)
{
	struct bio_integrity_payload *bip;

	leave_qos(bio);
	if (!bio_integrity_flagged(bio, BIP_BLOCK_INTEGRITY))
		return true;
	bip = uncopy(bio);
	if (!(bip->bip_flags & BIP_OWNED))
		return bio_integrity_endio(bio);
	bip_object_leave_path(bip_to_object(bip));
	return true;
}

/**
 * __bio_integrity_endio() - complete a bio with a payload of the block layer
 * @bio: the bio
 *
 * Context: Any context.
 * Return: %true if the bio may complete now; %false if kintegrityd or a second
 *	reading owns it and will complete it.
 */
bool __bio_integrity_endio(struct bio *bio)
{
	struct bio_integrity_payload *bip = uncopy(bio);

	if (!(bip->bip_flags & BIP_BLOCK_INTEGRITY))
		return true;
	if (!settle(bio, bip_to_object(bip)))
		return false;
	if (bip->bip_flags & BIP_OWNED)
		bip_rewind(bip_to_object(bip));
	else
		bio_integrity_free(bio);
	return true;
}
