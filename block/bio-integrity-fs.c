// SPDX-License-Identifier: GPL-2.0
/*
 * Payloads that a submitter owns: a filesystem attaches metadata to its bio,
 * can store its own tags or guards, and reads tags and errors when the bio has
 * completed.
 *
 * Payload and buffer are the same as those that the block layer attaches, but
 * the submitter decides when they are freed.  bio-integrity-tag.c handles tags.
 */

#include <linux/blk-integrity.h>
#include <linux/sched/mm.h>

#include "bio-integrity-internal.h"
#include "blk.h"

/* Return the payload of a bio if fs_bio_integrity_alloc() attached it. */
static struct bip_object *owned_payload(struct bio *bio)
{
	struct bio_integrity_payload *bip = bio_integrity(bio);

	return bip && bip->bip_flags & BIP_OWNED ? bip_to_object(bip) : NULL;
}

/*
 * Attach a payload if the device needs one.  Returns -EAGAIN if the allocation
 * fails and @spare is NULL or too small, or if the limits are changing.  Uses
 * or frees @spare.
 */
static int attach_owned(struct bio *bio, struct bip_object *spare)
{
	/* Copied, not held: a task that changes them may wait for this bio. */
	const struct queue_limits lim = bdev_get_queue(bio->bi_bdev)->limits;
	const struct blk_integrity *bi = &lim.integrity;
	unsigned int bytes = bio->bi_iter.bi_size;
	struct bip_object *obj = NULL;
	enum bio_integrity_action action;
	bool device_checks = false;
	int ret = 0;

	if (!bi->tuple_size)
		goto free_spare;
	ret = -EAGAIN;
	if (!blk_integrity_is_consistent(bi))
		goto free_spare;

	action = bio_integrity_action(bio, bi);
	/* A device that strips tuples would discard the tags: request them. */
	if (action == BIO_INTEGRITY_NONE && bio_op(bio) == REQ_OP_READ) {
		action = BIO_INTEGRITY_BUFFER;
		device_checks = true;
	}
	ret = 0;
	if (action == BIO_INTEGRITY_NONE)
		goto free_spare;

	ret = -EINVAL;
	if (bytes > max_integrity_io_size(&lim) ||
	    bytes & ((1U << bi->interval_exp) - 1))
		goto free_spare;
	bytes = bio_integrity_bytes(bi, bio_sectors(bio));
	if (spare && bip_shape_bytes(spare->shape) >= bytes) {
		obj = spare;
		bip_object_init(obj, bytes);
	} else {
		obj = bip_object_alloc(&lim, bytes, BIO_INTEGRITY_GFP);
	}
	ret = -EAGAIN;
	if (!obj)
		goto free_spare;

	bio_integrity_attach_object(bio, obj, bi, action, BIP_OWNED);
	if (device_checks)
		obj->bip.bip_flags &= ~BIP_NOCHECK_FLAGS;
	/* Tags of a failed read are zero, not stale memory. */
	if (bio_op(bio) == REQ_OP_READ)
		bip_zero(&obj->bip);
	ret = 1;
free_spare:
	if (spare && spare != obj)
		bip_object_free(spare);
	return ret;
}

/**
 * fs_bio_integrity_alloc() - attach metadata that the submitter owns
 * @bio: bio with device, operation, position and data; no payload
 *
 * Call this before @bio is submitted, split or advanced.  A write also needs
 * bio_integrity_generate() after its tags are set.  Without it, the bio fails
 * with -EINVAL at its device, which an array in between treats as a bad disk.
 * kintegrityd verifies a read before its bi_end_io; if the submitter clears
 * BIP_VERIFY in the flags of the payload, the submitter must call
 * fs_bio_integrity_verify().  Tags and bio_integrity_error() can be read from
 * bi_end_io on, until fs_bio_integrity_free() or the last bio_put().  A bio
 * that is resubmitted as it was can keep its payload.
 *
 * If memory is short, the payload comes from a reserve of the device, which all
 * submitters share and which may have only one payload.  Therefore: after this
 * call, submit @bio before waiting for anything else, such as memory or the
 * metadata of another bio (so do not call this from ->submit_bio()); free
 * completed bios in a context that does not allocate metadata; and free the
 * payload before waiting for other I/O of the device.
 *
 * Context: Process context.  May sleep unless @bio is REQ_NOWAIT, but does no
 *	I/O.
 * Return: 1 if a payload was attached; 0 if @bio needs none, because the device
 *	has no metadata, the operation has no data, or the device generates the
 *	tuples by decision of format, driver or administrator; -EINVAL if @bio
 *	already has a payload, is not a multiple of the protection interval, or
 *	is larger than max_integrity_io_size(); -EOPNOTSUPP if it has an inline
 *	encryption context; -EAGAIN if the allocation fails and it must not
 *	wait.
 */
int fs_bio_integrity_alloc(struct bio *bio)
{
	struct request_queue *q = bdev_get_queue(bio->bi_bdev);
	bool nowait = bio->bi_opf & REQ_NOWAIT;
	struct bip_object *spare = NULL;
	int ret;

	if (!blk_integrity_queue_supports_integrity(q) || !bio_has_data(bio))
		return 0;
	/* The queue is not entered; pairs with make_dev(). */
	smp_rmb();
	if (bio_integrity(bio))
		return -EINVAL;
	if (bio_has_crypt_ctx(bio))
		return -EOPNOTSUPP;

	if (!nowait && !rcu_access_pointer(q->integrity_dev->owned_reserve))
		blk_integrity_owned_use(q);
	while ((ret = attach_owned(bio, spare)) == -EAGAIN && !nowait) {
		/* Its objects are for the limits as they are now. */
		blk_integrity_owned_use(q);
		spare = bip_object_wait_owned(q);
		if (!spare)
			memalloc_retry_wait(GFP_NOIO);
		cond_resched();
	}
	return ret;
}
EXPORT_SYMBOL_GPL(fs_bio_integrity_alloc);

/**
 * fs_bio_integrity_free() - free the metadata of a bio before the bio
 * @bio: bio that has completed or was not submitted; nothing happens if it has
 *	no payload of fs_bio_integrity_alloc()
 *
 * Context: Any context.
 */
void fs_bio_integrity_free(struct bio *bio)
{
	if (owned_payload(bio))
		bio_integrity_free(bio);
}
EXPORT_SYMBOL_GPL(fs_bio_integrity_free);

/**
 * bio_integrity_generate() - generate the tuples of a write
 * @bio: write with its own payload, not that of a clone
 *
 * Tags do not change.  Seed and pages of a payload of bio_integrity_alloc()
 * must be set before.
 *
 * Context: Process or softirq context.
 * Return: 0 on success, and if format, driver or administrator exclude tuples;
 *	-EINVAL if @bio is not a write, has no metadata, or less metadata than
 *	its data needs.
 */
int bio_integrity_generate(struct bio *bio)
{
	struct request_queue *q = bdev_get_queue(bio->bi_bdev);
	struct bio_integrity_payload *bip = bio_integrity(bio);
	const struct blk_integrity *bi = bip_geometry(bip, bio);
	bool generate;

	if (!bi || !bip->bip_max_vcnt || !op_is_write(bio_op(bio)) ||
	    !q->integrity_dev)
		return -EINVAL;
	if (bip->bip_iter.bi_size < bio_integrity_bytes(bi, bio_sectors(bio)))
		return -EINVAL;

	/* The decision was made on attachment and does not change. */
	generate = bip->bip_flags & BIP_OWNED ?
		   bip_to_object(bip)->action == BIO_INTEGRITY_GENERATE :
		   blk_integrity_generates(q, bi);
	if (generate)
		blk_integrity_generate(bio);
	return 0;
}
EXPORT_SYMBOL_GPL(bio_integrity_generate);

/**
 * fs_bio_integrity_generate() - attach metadata to a write and generate it
 * @bio: write, as for fs_bio_integrity_alloc(), which need not have been called
 *
 * Context: Process context.  May sleep unless @bio is REQ_NOWAIT, but does no
 *	I/O.
 * Return: 0 on success, and if @bio needs no metadata; an error of
 *	fs_bio_integrity_alloc() or bio_integrity_generate().
 */
int fs_bio_integrity_generate(struct bio *bio)
{
	if (!bio_integrity(bio)) {
		int ret = fs_bio_integrity_alloc(bio);

		if (ret <= 0)
			return ret;
	}
	return bio_integrity_generate(bio);
}
EXPORT_SYMBOL_GPL(fs_bio_integrity_generate);

/**
 * fs_bio_integrity_verify() - verify a completed read
 * @bio: read with a payload of fs_bio_integrity_alloc()
 * @sector: bi_sector of @bio when it was submitted
 * @size: bytes of data of @bio when it was submitted
 *
 * For submitters that verify in their own context, see
 * fs_bio_integrity_alloc(). bio_integrity_error() returns the errors that this
 * function finds.  A read that kintegrityd has verified is not verified again.
 * Bad intervals are not read again, because @bio has ended and the caller may
 * not be able to sleep; the caller can resubmit @bio.
 *
 * Context: Process or softirq context.
 * Return: 0 if all intervals are good, if no check is requested, or if on_error
 *	is "report"; -EILSEQ if an interval is bad; the error of a failed read;
 *	-EINVAL if @bio is not such a read, or @sector or @size do not match.
 */
int fs_bio_integrity_verify(struct bio *bio, sector_t sector, unsigned int size)
{
	struct bip_object *obj = owned_payload(bio);

	if (!obj || bio_op(bio) != REQ_OP_READ ||
	    sector != obj->data_iter.bi_sector ||
	    size != obj->data_iter.bi_size)
		return -EINVAL;
	if (bio->bi_status)
		return blk_status_to_errno(bio->bi_status);
	if (obj->action != BIO_INTEGRITY_VERIFY ||
	    obj->bip.bip_flags & BIP_VERIFY ||
	    !(obj->bip.bip_flags & BIP_CHECK_FLAGS))
		return 0;
	memset(&obj->err, 0, sizeof(obj->err));
	return blk_status_to_errno(bio_integrity_verify(obj));
}
EXPORT_SYMBOL_GPL(fs_bio_integrity_verify);

/**
 * bio_integrity_set_profile() - set the callbacks of one bio
 * @bio: bio with a payload of fs_bio_integrity_alloc(), not submitted
 * @profile: the callbacks, of the same geometry as the device's profile
 * @private: for the callbacks, in &struct blk_integrity_exchg
 *
 * For submitters that already have the guards, or keep those of a read.
 * generate_fn and verify_fn get data, metadata and number of each interval, and
 * are called in place of those of the device's profile.  A large read is
 * verified in pieces, on several CPUs at once.  @profile->remap_fn is not used.
 *
 * Context: Any context.
 * Return: 0 on success; -EINVAL if there is no such payload, if the geometry
 *	differs, or if the callback that @bio needs is missing.
 */
int bio_integrity_set_profile(struct bio *bio,
			      const struct blk_integrity_profile *profile,
			      void *private)
{
	struct bip_object *obj = owned_payload(bio);
	const struct blk_integrity_profile *of_device;

	if (!obj)
		return -EINVAL;
	of_device = obj->bip.bip_geometry.profile;
	if (profile->csum_type != of_device->csum_type ||
	    profile->tuple_size != of_device->tuple_size ||
	    profile->tag_offset != of_device->tag_offset ||
	    profile->tag_size != of_device->tag_size)
		return -EINVAL;
	if ((obj->action == BIO_INTEGRITY_GENERATE && !profile->generate_fn) ||
	    (obj->action == BIO_INTEGRITY_VERIFY && !profile->verify_fn))
		return -EINVAL;

	blk_integrity_profile_get(profile);
	blk_integrity_profile_put(obj->profile);
	obj->profile = profile;
	obj->private = private;
	if (obj->action == BIO_INTEGRITY_GENERATE)
		obj->bip.bip_flags |= BIP_GENERATE;
	return 0;
}
EXPORT_SYMBOL_GPL(bio_integrity_set_profile);

/**
 * bio_integrity_set_checks() - select the checks of a bio's tuples
 * @bio: bio with a payload, not submitted
 * @checks: BIP_CHECK_GUARD, BIP_CHECK_REFTAG, BIP_CHECK_APPTAG; 0: nothing
 * @app_tag: application tag that BIP_CHECK_APPTAG expects of all intervals
 * @app_mask: bits of it that are compared
 *
 * Applies to host and device.  A device that cannot choose checks guard and
 * reference tag if both are requested, otherwise nothing.  On a read, the host
 * makes exactly these checks.  An escape still exempts an interval, and checks
 * that the administrator switched off are not made.
 *
 * Context: Any context.
 * Return: 0 on success; -EINVAL if @bio has no payload, if @checks has other
 *	flags, or if the format has no application tag for the owner of the
 *	data.
 */
int bio_integrity_set_checks(struct bio *bio, unsigned int checks, u16 app_tag,
			     u16 app_mask)
{
	struct bio_integrity_payload *bip = bio_integrity(bio);
	const struct blk_integrity *bi = bip_geometry(bip, bio);

	if (!bi || checks & ~BIP_CHECK_FLAGS)
		return -EINVAL;
	if ((checks & BIP_CHECK_APPTAG) && !blk_integrity_has_app_tag(bi))
		return -EINVAL;

	bip_set_checks(bip, checks, app_tag, app_mask);
	return 0;
}
EXPORT_SYMBOL_GPL(bio_integrity_set_checks);

/**
 * bio_integrity_error() - get the error record of a bio
 * @bio: bio that has completed
 *
 * Context: Any context.
 * Return: the record, which is valid as long as the payload; NULL if no
 *	interval failed, or if @bio has no payload of fs_bio_integrity_alloc().
 *	If the policy on_error is "report", a bio that did not fail can have a
 *	record.
 */
const struct blk_integrity_error *bio_integrity_error(struct bio *bio)
{
	struct bip_object *obj = owned_payload(bio);

	return obj && blk_integrity_failed(&obj->err) ? &obj->err : NULL;
}
EXPORT_SYMBOL_GPL(bio_integrity_error);
