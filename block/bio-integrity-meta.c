// SPDX-License-Identifier: GPL-2.0
/*
 * Metadata that a program passes with a read or write: checked, pinned for each
 * bio, and released in any context.
 *
 * The pages of the program become the payload.  A write only reads them:
 * bio_integrity_admit() copies metadata that must be renumbered or that the
 * device does not accept.
 */

#include <linux/bio-integrity.h>
#include <linux/blk-integrity.h>
#include <linux/mm.h>
#include <linux/uio.h>
#include <linux/uio-meta.h>

#include <uapi/linux/fs.h>

#include "bio-integrity-internal.h"
#include "blk.h"

/* Checks that a program can request. */
#define CHK_FLAGS	(IO_INTEGRITY_CHK_GUARD | IO_INTEGRITY_CHK_REFTAG | \
			 IO_INTEGRITY_CHK_APPTAG)

static unsigned int checks_of(const struct uio_meta *meta)
{
	unsigned int checks = 0;

	if (meta->flags & IO_INTEGRITY_CHK_GUARD)
		checks |= BIP_CHECK_GUARD;
	if (meta->flags & IO_INTEGRITY_CHK_REFTAG)
		checks |= BIP_CHECK_REFTAG;
	if (meta->flags & IO_INTEGRITY_CHK_APPTAG)
		checks |= BIP_CHECK_APPTAG;
	return checks;
}

/**
 * bio_integrity_check_meta() - check the metadata of an I/O
 * @bi: geometry of the device
 * @meta: the metadata, in user memory
 * @data_bytes: data of the I/O
 *
 * Context: Any context.
 * Return: 0, or -EINVAL if the device has no metadata, @meta is not exactly
 *	that of @data_bytes, or asks for checks that do not exist or that the
 *	format does not have.
 */
int bio_integrity_check_meta(const struct blk_integrity *bi,
			     const struct uio_meta *meta, size_t data_bytes)
{
	size_t intervals;

	if (!bi->tuple_size || meta->flags & ~CHK_FLAGS)
		return -EINVAL;
	if ((meta->flags & IO_INTEGRITY_CHK_APPTAG) &&
	    !blk_integrity_has_app_tag(bi))
		return -EINVAL;
	intervals = data_bytes >> bi->interval_exp;
	if (intervals << bi->interval_exp != data_bytes ||
	    (u64)intervals * bi->tuple_size != iov_iter_count(&meta->iter))
		return -EINVAL;
	return 0;
}

static unsigned int vec_pages(const struct bio_vec *bv)
{
	return DIV_ROUND_UP(bv->bv_offset + bv->bv_len, PAGE_SIZE);
}

/* Mark pages dirty again: one that was written back would lose new content. */
static void dirty_pages(struct bio_integrity_payload *bip)
{
	for (unsigned int i = 0; i < bip->bip_vcnt; i++) {
		struct bio_vec *bv = &bip->bip_vec[i];

		for (unsigned int page = 0; page < vec_pages(bv); page++)
			set_page_dirty_lock(bv->bv_page + page);
	}
}

/**
 * bio_integrity_map_iter() - attach a part of a program's metadata to a bio
 * @bio: bio with a device, an operation and data, and no payload
 * @bi: geometry that @meta was checked for
 * @meta: metadata that is not attached yet; advanced by that of @bio
 *
 * The user's pages are pinned and become the payload.  A write only reads them:
 * bio_integrity_admit() copies metadata that must be renumbered or that the
 * device does not accept.  bio_integrity_try_unmap_user() or
 * bio_integrity_unmap_user() undoes this.
 *
 * Context: Process context.  May sleep.
 * Return: 0; -EFAULT if the memory cannot be accessed as @bio must; -EREMOTEIO
 *	if it is that of a PCI device; -EINVAL if the device does not take its
 *	kind; -E2BIG if it is more than a payload takes; -EOPNOTSUPP if @bio has
 *	an inline encryption context; -ENOMEM.
 *	On an error nothing is pinned, and @bio has no payload.
 */
int bio_integrity_map_iter(struct bio *bio, const struct blk_integrity *bi,
			   struct uio_meta *meta)
{
	unsigned int bytes = bio_integrity_bytes(bi, bio_sectors(bio));
	struct bio_integrity_payload *bip;
	struct iov_iter iter = meta->iter;
	int err;

	iov_iter_truncate(&iter, bytes);
	err = bip_pin_user(bio, &iter);
	if (err)
		return err;

	bip = bio_integrity(bio);
	bip->bip_geometry = *bi;
	bip_set_seed(bip, meta->seed);
	if (bio_data_dir(bio) == READ)
		dirty_pages(bip);
	/*
	 * bio_integrity_check_meta() has tested that @bi has these checks.  Its
	 * profile may be gone: nothing holds it until the bio is submitted.
	 */
	bip_set_checks(bip, checks_of(meta), meta->app_tag, U16_MAX);
	meta->seed += bio_integrity_intervals(bi, bio_sectors(bio));
	iov_iter_advance(&meta->iter, bytes);
	return 0;
}

static bool all_dirty(const struct bio_integrity_payload *bip)
{
	for (unsigned int i = 0; i < bip->bip_vcnt; i++) {
		const struct bio_vec *bv = &bip->bip_vec[i];

		for (unsigned int page = 0; page < vec_pages(bv); page++)
			if (!PageDirty(bv->bv_page + page))
				return false;
	}
	return true;
}

/**
 * bio_integrity_try_unmap_user() - end a bio with the metadata of a program
 * @bio: bio with a payload of bio_integrity_map_iter()
 *
 * Pages that were read into are dirty since they were mapped.  If one was
 * written back since, it must be made dirty again, which sleeps.
 *
 * Context: Any context.
 * Return: %true if the pages are unpinned; %false if the caller must call
 *	bio_integrity_unmap_user() in process context.
 */
bool bio_integrity_try_unmap_user(struct bio *bio)
{
	struct bio_integrity_payload *bip = bio_integrity(bio);

	if (bio_data_dir(bio) == READ && !all_dirty(bip))
		return false;
	bip_unpin_user(bip, false);
	return true;
}
