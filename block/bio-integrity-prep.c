// SPDX-License-Identifier: GPL-2.0
/*
 * Bios whose submitter attached no metadata: protected when they are submitted.
 */
#define pr_fmt(fmt) "blk-integrity: " fmt

#include <linux/bio-integrity.h>
#include <linux/blk-integrity.h>

#include <trace/events/blk_integrity.h>

#include "bio-integrity-internal.h"
#include "blk.h"

/* Inline, because it is on the path of each bio. */
static __always_inline enum bio_integrity_action
action_of(struct bio *bio, const struct blk_integrity *bi)
{
	struct request_queue *q = bdev_get_queue(bio->bi_bdev);

	if (!bi->tuple_size || !bio_sectors(bio) || bio_integrity(bio))
		return BIO_INTEGRITY_NONE;

	switch (bio_op(bio)) {
	case REQ_OP_READ:
		if (blk_integrity_verifies(q, bi))
			return BIO_INTEGRITY_VERIFY;
		/* A device that strips tuples checks them. */
		if (READ_ONCE(q->integrity_dev->report_only))
			return BIO_INTEGRITY_BUFFER;
		break;
	case REQ_OP_WRITE:
	case REQ_OP_ZONE_APPEND:
		if (blk_integrity_generates(q, bi))
			return BIO_INTEGRITY_GENERATE;
		break;
	default:
		return BIO_INTEGRITY_NONE;
	}
	return blk_integrity_is_tuple_only(bi) ? BIO_INTEGRITY_NONE :
					    BIO_INTEGRITY_BUFFER;
}

/**
 * bio_integrity_action() - decide what the block layer does for a bio
 * @bio: bio with a device, an operation and a size
 * @bi: geometry of the device
 *
 * Context: Any context.
 * Return: the action; BIO_INTEGRITY_NONE also if @bio has a payload.
 */
enum bio_integrity_action bio_integrity_action(struct bio *bio,
					       const struct blk_integrity *bi)
{
	return action_of(bio, bi);
}

/**
 * blk_integrity_update_excluded() - derive what policies exclude from them
 * @idev: integrity state of a queue, whose policies or format changed
 *
 * A bio that arrives looks up the answer, a shortcut to bio_integrity_action()
 * for what is switched off.
 *
 * Context: Process context.
 */
void blk_integrity_update_excluded(struct blk_integrity_dev *idev)
{
	static DEFINE_SPINLOCK(lock);
	u64 ops = 0;

	/* Each change is made before this, so the last one to get here sees all. */
	spin_lock(&lock);
	if (!READ_ONCE(idev->read_verify) && !READ_ONCE(idev->report_only))
		ops |= blk_integrity_op_bit(REQ_OP_READ);
	if (!READ_ONCE(idev->write_generate))
		ops |= blk_integrity_op_bit(REQ_OP_WRITE) |
		       blk_integrity_op_bit(REQ_OP_ZONE_APPEND);
	WRITE_ONCE(idev->excluded_ops, READ_ONCE(idev->excludable) ? ops : 0);
	spin_unlock(&lock);
}

/* Drivers without requests can read data without the metadata. */
static __always_inline enum bio_integrity_action
device_action(struct bio *bio, const struct blk_integrity *bi)
{
	enum bio_integrity_action action = action_of(bio, bi);

	if (action == BIO_INTEGRITY_BUFFER && bio_op(bio) == REQ_OP_READ &&
	    !queue_is_mq(bdev_get_queue(bio->bi_bdev)))
		return BIO_INTEGRITY_NONE;
	return action;
}

/**
 * bio_integrity_enabled() - test whether the block layer would protect a bio
 * @bio: bio with a device, an operation and a size
 *
 * Context: Process context.
 * Return: %true if bio_integrity_prep() would give @bio metadata that is
 *	generated or verified; %false also if the bio has its own.
 */
bool bio_integrity_enabled(struct bio *bio)
{
	struct blk_integrity bi;

	blk_integrity_snapshot(bdev_get_queue(bio->bi_bdev), &bi);
	return device_action(bio, &bi) > BIO_INTEGRITY_BUFFER;
}
EXPORT_SYMBOL_GPL(bio_integrity_enabled);

/* Return: number of intervals that were gathered. */
static noinline unsigned int
generate_runs(struct bio *bio, const struct blk_integrity_exchg *xchg,
	      unsigned int intervals)
{
	struct bio_integrity_payload *bip = bio_integrity(bio);
	const struct blk_integrity_profile *profile = bip_profile(bip);
	struct blk_integrity_pieces pieces __uninitialized;
	struct blk_integrity_walk walk __uninitialized;

	bip_walk_init(bip, &walk, BLK_INTEGRITY_WALK_WRITE, intervals);
	walk.pieces = blk_integrity_pieces_for(profile, &pieces);
	walk.data_vec = bio->bi_io_vec;
	walk.data_iter = bio->bi_iter;
	walk.xchg = *xchg;
	while (blk_integrity_walk_next(&walk))
		profile->generate_fn(&walk.xchg);
	return walk.straddled;
}

/**
 * blk_integrity_generate() - generate the tuples of a write
 * @bio: bio with a payload, seed set, that starts where its data does
 *
 * Context: Process or softirq context.
 */
void blk_integrity_generate(struct bio *bio)
{
	struct bio_integrity_payload *bip = bio_integrity(bio);
	unsigned int intervals = bio->bi_iter.bi_size >>
				 bip->bip_geometry.interval_exp;
	struct request_queue *q = bdev_get_queue(bio->bi_bdev);
	struct blk_integrity_exchg xchg __uninitialized;

	blk_integrity_exchg_init(&xchg);
	xchg.bio = bio;
	xchg.interval = bip_get_seed(bip);
	xchg.private = bip_private(bip);
	xchg.blank = bip->bip_flags & BIP_BLANK;
	if (blk_integrity_one_run(&xchg, &bip->bip_geometry, bio->bi_io_vec,
				  &bio->bi_iter, bip->bip_vec, &bip->bip_iter,
				  intervals))
		bip_profile(bip)->generate_fn(&xchg);
	else
		blk_integrity_count(q, BLK_INTEGRITY_STRADDLED,
				    generate_runs(bio, &xchg, intervals));
	bip->bip_flags &= ~(BIP_GENERATE | BIP_BLANK);

	blk_integrity_count(q, BLK_INTEGRITY_GENERATED, intervals);
	trace_blk_integrity_generate(bio->bi_bdev, bip_get_seed(bip), intervals);
}

/* To deliver data despite errors, only the host must check. */
static unsigned int bip_action_flags(const struct request_queue *q,
				     enum bio_integrity_action action)
{
	switch (action) {
	case BIO_INTEGRITY_GENERATE:
		return BIP_GENERATE;
	case BIO_INTEGRITY_VERIFY:
		return BIP_VERIFY | (READ_ONCE(q->integrity_dev->report_only) ?
				     BIP_NOCHECK_FLAGS : 0);
	default:
		return BIP_NOCHECK_FLAGS;
	}
}

/**
 * bip_zero() - zero the buffer of a payload
 * @bip: payload with a buffer that the block layer made
 *
 * Context: Any context.
 */
void bip_zero(struct bio_integrity_payload *bip)
{
	for (unsigned int i = 0; i < bip->bip_vcnt; i++)
		memset(bvec_virt(&bip->bip_vec[i]), 0, bip->bip_vec[i].bv_len);
}

/*
 * Write escapes, as in blocks that were never written: a block that was written
 * without protection can be read later with checking on.
 */
static void bip_escape(struct bio *bio)
{
	struct bio_integrity_payload *bip = bio_integrity(bio);
	const struct blk_integrity *bi = &bip->bip_geometry;
	struct blk_integrity_tuple_bounce bounce __uninitialized;
	struct blk_integrity_walk walk __uninitialized;

	bip_walk_init(bip, &walk, BLK_INTEGRITY_WALK_TUPLE,
		      bio->bi_iter.bi_size >> bi->interval_exp);
	walk.tuple_bounce = &bounce;
	while (blk_integrity_walk_next(&walk)) {
		void *tuple = walk.xchg.prot_buf + walk.xchg.bi->pi_offset;

		for (unsigned int i = 0; i < walk.run_intervals; i++) {
			memset(tuple, 0xff, bi->profile->tuple_size);
			tuple += walk.xchg.bi->tuple_size;
		}
	}
}

/* Position of a bio on the disk, after remapping its partition. */
static sector_t disk_sector(struct bio *bio)
{
	sector_t sector = bio->bi_iter.bi_sector;

	if (bio_flagged(bio, BIO_REMAPPED))
		return sector;
	return sector + bio->bi_bdev->bd_start_sect;
}

/* Count intervals that policy or driver leave unprotected. */
static void count_unchecked(struct bio *bio, const struct blk_integrity *bi)
{
	if (bi->profile->verify_fn && bio_has_data(bio))
		blk_integrity_count(bdev_get_queue(bio->bi_bdev),
				    BLK_INTEGRITY_UNCHECKED,
				    bio_integrity_intervals(bi, bio_sectors(bio)));
}

/*
 * The whole buffer of a write is stored on the medium, so no byte of it may be
 * old content of the memory.  The built-in formats write all bytes of a tuple
 * that has no tags of a submitter.
 */
static bool generates_all(const struct blk_integrity *bi)
{
	return blk_integrity_is_tuple_only(bi) &&
	       blk_integrity_is_builtin_profile(bi->profile);
}

/*
 * Are the numbers that the block layer gives a bio those of the request?  Drivers
 * that take bios may send them to other devices, and an emulated append gets its
 * position later.
 */
static bool has_device_numbers(struct bio *bio)
{
	return queue_is_mq(bdev_get_queue(bio->bi_bdev)) &&
	       bio_op(bio) != REQ_OP_ZONE_APPEND;
}

static __always_inline void attach(struct bio *bio, struct bip_object *obj,
				   const struct blk_integrity *bi,
				   enum bio_integrity_action action,
				   unsigned int flags)
{
	struct request_queue *q = bdev_get_queue(bio->bi_bdev);
	struct bio_integrity_payload *bip = &obj->bip;

	obj->bio = bio;
	obj->bdev = bio->bi_bdev;
	obj->action = action;
	obj->profile = bi->profile;
	obj->first_interval = blk_integrity_interval(bi, disk_sector(bio));
	obj->data_iter = bio->bi_iter;
	if (flags & BIP_OWNED)
		memset(&obj->err, 0, sizeof(obj->err));

	flags |= BIP_BLOCK_INTEGRITY | bip_action_flags(q, action);
	if (bi->csum_type == BLK_INTEGRITY_CSUM_IP)
		flags |= BIP_IP_CHECKSUM;
	if (!(flags & BIP_OWNED) && has_device_numbers(bio))
		flags |= BIP_MAPPED_INTEGRITY;
	if (action == BIO_INTEGRITY_GENERATE && !(flags & BIP_OWNED) &&
	    generates_all(bi))
		flags |= BIP_BLANK;
	bip->bip_flags = flags;
	bio_integrity_attach(bio, bip, BIP_OBJECT_VECS);
	bip->bip_geometry = *bi;
	bip_object_hold_profiles(obj);
	bip_set_seed(bip, obj->first_interval);

	if (op_is_write(bio_op(bio)) && !(flags & BIP_BLANK))
		bip_zero(bip);
	if (action != BIO_INTEGRITY_BUFFER)
		return;
	if (op_is_write(bio_op(bio)))
		bip_escape(bio);
	count_unchecked(bio, bi);
}

/**
 * bio_integrity_attach_object() - attach a payload with a buffer to a bio
 * @bio: bio with a device, an operation, position and data
 * @obj: the payload, with a buffer for its metadata
 * @bi: geometry of the device
 * @action: not BIO_INTEGRITY_NONE
 * @flags: BIP_OWNED, or 0
 *
 * The buffer of a write is zeroed, unless generating writes all of it
 * (%BIP_BLANK), and filled with escapes if it is not protected.
 * Flags of the payload tell what remains to be done.
 *
 * Context: Process context.
 */
void bio_integrity_attach_object(struct bio *bio, struct bip_object *obj,
				 const struct blk_integrity *bi,
				 enum bio_integrity_action action,
				 unsigned int flags)
{
	attach(bio, obj, bi, action, flags);
}

/* As bio_integrity_prepare(), for a bio without payload. */
static __always_inline int protect(struct bio *bio, bool wait)
{
	struct request_queue *q = bdev_get_queue(bio->bi_bdev);
	enum bio_integrity_action action;
	struct bip_object *obj;
	struct blk_integrity bi;
	unsigned int bytes;

	/* Drivers copy the flags of a bio to another one without a payload. */
	bio->bi_opf &= ~REQ_INTEGRITY;

	blk_integrity_snapshot(q, &bi);
	if (!bi.tuple_size)
		return 0;
	action = device_action(bio, &bi);
	if (action == BIO_INTEGRITY_NONE) {
		count_unchecked(bio, &bi);
		return 0;
	}
	if (bio_has_crypt_ctx(bio))
		return -EOPNOTSUPP;
	bytes = bio_integrity_bytes(&bi, bio_sectors(bio));
	obj = bip_object_get(q, bytes, wait);
	if (!obj)
		return bio_integrity_no_buf(q, bytes);
	attach(bio, obj, &bi, action, 0);
	return 0;
}

/**
 * bio_integrity_prepare() - give a bio the metadata that its device wants
 * @bio: bio that concerns us, with device, operation, position and data
 * @wait: take it from the reserve if there is no memory
 *
 * Guards are not generated yet.
 *
 * Context: Process context.  May sleep, but does no I/O.
 * Return: 0; -EAGAIN without memory for it; -ENOMEM if @bio is larger than the
 *	device takes; -EOPNOTSUPP for a bio that the block layer encrypts; errors
 *	of bio_integrity_admit().
 */
int bio_integrity_prepare(struct bio *bio, bool wait)
{
	struct request_queue *q = bdev_get_queue(bio->bi_bdev);

	if (!(bio->bi_opf & REQ_NOWAIT))
		bio_integrity_first_use(q);
	return bio_integrity(bio) ? bio_integrity_admit(bio, wait) :
				    protect(bio, wait);
}

/**
 * bio_integrity_prep() - protect a bio for a device with metadata
 * @bio: bio with device, operation, position and data
 *
 * Checks the payload of a submitter.  Otherwise attaches a buffer if the device
 * needs metadata, generates the tuples of a write, and has kintegrityd verify a
 * read, unless format, driver or administrator exclude it.
 *
 * For drivers that take bios; those of drivers with requests go through
 * bio_integrity_begin().
 *
 * Context: Process context.  May sleep, but does no I/O.
 * Return: %true to go on; %false if the bio has been ended with an error.
 */
bool bio_integrity_prep(struct bio *bio)
{
	int err;

	if (!bio_integrity_concerned(bio, bdev_get_queue(bio->bi_bdev)))
		return true;
	err = bio_integrity_prepare(bio, false);
	if (err == -EAGAIN && !(bio->bi_opf & REQ_NOWAIT))
		err = bio_integrity_prepare(bio, true);
	if (err) {
		bio_integrity_end_error(bio, err);
		return false;
	}
	if (!bio_may_be_refused(bio))
		bio_integrity_generate_pending(bio);
	return true;
}
EXPORT_SYMBOL(bio_integrity_prep);
