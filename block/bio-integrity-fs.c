// SPDX-License-Identifier: GPL-2.0
/*
 * Payloads that a submitter owns: a filesystem asks for metadata for its bio,
 * may put tags or guards of its own into it, and reads tags and errors from it
 * when the bio has ended.
 *
 * Payload and buffer are those that the block layer makes for everyone else;
 * only who decides when they go is another.  Tags are bio-integrity-tag.c's.
 */

#include <linux/blk-integrity.h>
#include <linux/sched/mm.h>

#include "bio-integrity-internal.h"
#include "blk.h"

/* The payload of a bio, if fs_bio_integrity_alloc() made it. */
static struct bio_integrity_auto *owned_payload(struct bio *bio)
{
	return bio_integrity_flagged(bio, BIP_OWNED) ?
	       bip_to_auto(bio_integrity(bio)) : NULL;
}

/*
 * Attach a payload, if the device wants one.  -EAGAIN: there is no memory and
 * @spare, if there is one, has not enough room, or the device is changing.
 * @spare is used or freed.
 */
static int attach_owned(struct bio *bio, struct bio_integrity_auto *spare)
{
	/* Not held: who wants to change them may be waiting for this bio. */
	const struct queue_limits lim = bdev_get_queue(bio->bi_bdev)->limits;
	const struct blk_integrity *bi = &lim.integrity;
	unsigned int bytes = bio->bi_iter.bi_size;
	struct bio_integrity_auto *bia = NULL;
	enum bio_integrity_action action;
	bool device_checks = false;
	int ret = 0;

	if (!bi->tuple_size)
		goto free_spare;
	ret = -EAGAIN;
	if (!blk_integrity_is_consistent(bi))
		goto free_spare;

	action = bio_integrity_action(bio, bi);
	/* Where a device would check tuples and strip them, its tags are wanted. */
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
	if (spare && bia_shape_bytes(spare->shape) >= bytes) {
		bia = spare;
		bia_init(bia, bytes);
	} else {
		bia = bio_integrity_auto_alloc(&lim, bytes, BIO_INTEGRITY_GFP);
	}
	ret = -EAGAIN;
	if (!bia)
		goto free_spare;

	bio_integrity_attach_auto(bio, bia, bi, action);
	bia->bip.bip_flags |= BIP_OWNED;
	if (device_checks)
		bia->bip.bip_flags &= ~BIP_NOCHECK_FLAGS;
	/* Tags of a read that failed are zero, not what the memory held. */
	if (bio_op(bio) == REQ_OP_READ)
		bip_zero(&bia->bip);
	ret = 1;
free_spare:
	if (spare && spare != bia)
		bio_integrity_auto_free(spare);
	return ret;
}

/**
 * fs_bio_integrity_alloc() - attach metadata that the submitter owns
 * @bio: bio with device, operation, position and data; no payload
 *
 * To be called before @bio is submitted, split or advanced.  A write then needs
 * bio_integrity_generate(), after its tags are set: without, it fails with
 * -EINVAL where it arrives, which an array on the way takes for a bad disk.  A
 * read is verified by kintegrityd before its bi_end_io, or by the submitter,
 * with fs_bio_integrity_verify(), if it clears BIP_VERIFY in the payload's
 * flags.  Tags and bio_integrity_error() can be read in bi_end_io and after it,
 * until fs_bio_integrity_free() or the end of @bio.  A bio that is submitted
 * once more, set up as it was, can keep its payload.
 *
 * When memory is short a reserve of the device serves, which all submitters
 * share, and which may be one payload: after this call, submit before you wait
 * for anything else, memory or another bio's metadata (so not from
 * ->submit_bio()); let go of bios that ended in a context that does not ask for
 * metadata; and free the payload before you wait for other I/O of the device.
 *
 * Context: Process context.  May sleep unless @bio is REQ_NOWAIT, but does no
 *	I/O.
 * Return: 1 if @bio has a payload now; 0 if it needs none: the device has no
 *	metadata, the operation no data, or the device makes tuples by itself,
 *	since format, driver or administrator want no others.  -EINVAL if it
 *	had a payload, is no multiple of the protection interval, or is larger
 *	than max_integrity_io_size(); -EOPNOTSUPP for an inline encryption
 *	context; -EAGAIN if it may not wait.
 */
int fs_bio_integrity_alloc(struct bio *bio)
{
	struct request_queue *q = bdev_get_queue(bio->bi_bdev);
	bool nowait = bio->bi_opf & REQ_NOWAIT;
	struct bio_integrity_auto *spare = NULL;
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
		spare = bio_integrity_owned_wait(q);
		if (!spare)
			memalloc_retry_wait(GFP_NOIO);
		cond_resched();
	}
	return ret;
}
EXPORT_SYMBOL_GPL(fs_bio_integrity_alloc);

/**
 * fs_bio_integrity_free() - free metadata before its bio goes
 * @bio: bio that has ended or was not submitted; without a payload of
 *	fs_bio_integrity_alloc() nothing happens
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
 * bio_integrity_generate() - make the tuples of a write
 * @bio: write with a payload of its own, not a clone's
 *
 * Tags stay as they are.  For a payload of bio_integrity_alloc() seed and pages
 * are set before.
 *
 * Context: Process or softirq context.
 * Return: 0, also if format, driver or administrator want no tuples; -EINVAL
 *	if @bio is no write, has no metadata of its own, or less than its data
 *	needs.
 */
int bio_integrity_generate(struct bio *bio)
{
	struct request_queue *q = bdev_get_queue(bio->bi_bdev);
	struct bio_integrity_payload *bip = bio_integrity(bio);
	struct bio_integrity_auto *bia = owned_payload(bio);
	const struct blk_integrity *bi = bip ? bip_geometry(bio) : NULL;
	bool wanted;

	if (!bi || !bip->bip_max_vcnt || !op_is_write(bio_op(bio)) ||
	    !q->integrity_dev)
		return -EINVAL;
	if (bip->bip_iter.bi_size < bio_integrity_bytes(bi, bio_sectors(bio)))
		return -EINVAL;

	/* Decided once: what an unprotected write has, it keeps. */
	wanted = bia ? bia->action == BIO_INTEGRITY_GENERATE :
		       blk_integrity_generates(q, bi);
	if (wanted)
		blk_integrity_generate(bio);
	return 0;
}
EXPORT_SYMBOL_GPL(bio_integrity_generate);

/**
 * fs_bio_integrity_generate() - protect a write, with metadata it owns
 * @bio: write, as for fs_bio_integrity_alloc(), which need not have been called
 *
 * Context: Process context.  May sleep unless @bio is REQ_NOWAIT, but does no
 *	I/O.
 * Return: 0, also if @bio needs no metadata; an error of
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
 * fs_bio_integrity_verify() - verify a read that has ended
 * @bio: read with a payload of fs_bio_integrity_alloc()
 * @sector: where it was submitted to, as bi_sector was then
 * @size: of its data then, bytes
 *
 * For submitters that verify in a context of their own, see
 * fs_bio_integrity_alloc(); what it finds is what bio_integrity_error() tells.
 * What kintegrityd has verified is not verified again.
 *
 * Context: Process or softirq context.
 * Return: 0 if all intervals are good, nobody wants them checked, or errors are
 *	only to be reported; -EILSEQ; the error of a read that failed; -EINVAL
 *	if @bio is not such a read, or @sector or @size are not its own.
 */
int fs_bio_integrity_verify(struct bio *bio, sector_t sector, unsigned int size)
{
	struct bio_integrity_auto *bia = owned_payload(bio);

	if (!bia || bio_op(bio) != REQ_OP_READ ||
	    sector != bia->data_iter.bi_sector ||
	    size != bia->data_iter.bi_size)
		return -EINVAL;
	if (bio->bi_status)
		return blk_status_to_errno(bio->bi_status);
	if (bia->action != BIO_INTEGRITY_VERIFY ||
	    bia->bip.bip_flags & BIP_VERIFY ||
	    !(bia->bip.bip_flags & BIP_CHECK_FLAGS))
		return 0;
	memset(&bia->err, 0, sizeof(bia->err));
	return blk_status_to_errno(bio_integrity_verify(bia));
}
EXPORT_SYMBOL_GPL(fs_bio_integrity_verify);

/**
 * bio_integrity_set_profile() - give one bio callbacks of its own
 * @bio: bio with a payload of fs_bio_integrity_alloc(), not submitted
 * @profile: the callbacks, of the same geometry as the device's profile
 * @private: for the callbacks, in &struct blk_integrity_exchg
 *
 * For guards that the submitter has already, or wants to keep.  generate_fn and
 * verify_fn see data, metadata and number of each interval; they are called in
 * place of the device's, whether or not they look at the data.  A large read is
 * verified in pieces, on several CPUs at once.  @profile->remap_fn is not used.
 *
 * Context: Any context.
 * Return: 0, or -EINVAL if there is no such payload, the geometry is another,
 *	or the callback that @bio needs is missing.
 */
int bio_integrity_set_profile(struct bio *bio,
			      const struct blk_integrity_profile *profile,
			      void *private)
{
	struct bio_integrity_auto *bia = owned_payload(bio);
	const struct blk_integrity_profile *of_device;

	if (!bia)
		return -EINVAL;
	of_device = bia->bip.bip_geometry.profile;
	if (profile->csum_type != of_device->csum_type ||
	    profile->tuple_size != of_device->tuple_size ||
	    profile->tag_offset != of_device->tag_offset ||
	    profile->tag_size != of_device->tag_size)
		return -EINVAL;
	if ((bia->action == BIO_INTEGRITY_GENERATE && !profile->generate_fn) ||
	    (bia->action == BIO_INTEGRITY_VERIFY && !profile->verify_fn))
		return -EINVAL;

	blk_integrity_profile_get(profile);
	blk_integrity_profile_put(bia->profile);
	bia->profile = profile;
	bia->private = private;
	if (bia->action == BIO_INTEGRITY_GENERATE)
		bia->bip.bip_flags |= BIP_GENERATE;
	return 0;
}
EXPORT_SYMBOL_GPL(bio_integrity_set_profile);

/**
 * bio_integrity_set_checks() - say what of a bio's tuples is to be checked
 * @bio: bio with a payload, not submitted
 * @checks: BIP_CHECK_GUARD, BIP_CHECK_REFTAG, BIP_CHECK_APPTAG; 0: nothing
 * @app_tag: application tag that BIP_CHECK_APPTAG expects of all intervals
 * @app_mask: bits of it that are compared
 *
 * Host and device check these.  A device that cannot choose checks guard and
 * reference tag if both are asked for, else nothing; the host, on a read, is
 * exact.  An escape exempts an interval as ever, and no check is made that the
 * administrator switched off.
 *
 * Context: Any context.
 * Return: 0, or -EINVAL if @bio has no payload, @checks are no such flags, or
 *	the format has no application tag for the owner of the data.
 */
int bio_integrity_set_checks(struct bio *bio, unsigned int checks, u16 app_tag,
			     u16 app_mask)
{
	struct bio_integrity_payload *bip = bio_integrity(bio);
	const struct blk_integrity *bi = bip ? bip_geometry(bio) : NULL;

	if (!bi || checks & ~BIP_CHECK_FLAGS)
		return -EINVAL;
	if ((checks & BIP_CHECK_APPTAG) &&
	    (!bi->profile->verify_fn || bi->tag_size < sizeof(app_tag)))
		return -EINVAL;

	bip->bip_flags &= ~BIP_CHECK_FLAGS;
	bip->bip_flags |= checks;
	bip->bip_app_tag = app_tag;
	bip->bip_app_mask = app_mask;
	return 0;
}
EXPORT_SYMBOL_GPL(bio_integrity_set_checks);

/**
 * bio_integrity_error() - what was wrong with the metadata of a bio
 * @bio: bio that has ended
 *
 * Context: Any context.
 * Return: the record of the first failing interval, which lives as long as the
 *	payload; NULL if nothing failed or @bio has no payload of
 *	fs_bio_integrity_alloc().  With the policy on_error=report there can be
 *	a record though the bio did not fail.
 */
const struct blk_integrity_error *bio_integrity_error(struct bio *bio)
{
	struct bio_integrity_auto *bia = owned_payload(bio);

	return bia && blk_integrity_failed(&bia->err) ? &bia->err : NULL;
}
EXPORT_SYMBOL_GPL(bio_integrity_error);
