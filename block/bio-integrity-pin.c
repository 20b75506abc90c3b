// SPDX-License-Identifier: GPL-2.0
/*
 * Pages of programs that hold metadata: pinned, made the payload of a bio, and
 * unpinned.
 *
 * They are the vectors of the payload.  For a bounced read of passthrough they
 * follow the vectors of the bounce buffer.
 */

#include <linux/bio-integrity.h>
#include <linux/memremap.h>
#include <linux/mm.h>
#include <linux/slab.h>
#include <linux/uio.h>

#include "bio-integrity-internal.h"
#include "blk.h"

/* Pages pinned at a time, as the array is on the stack. */
#define PIN_BATCH	16

static void unpin_vec(const struct bio_vec *bv, bool dirty)
{
	unpin_user_page_range_dirty_lock(bv->bv_page,
					 DIV_ROUND_UP(bv->bv_offset + bv->bv_len,
						      PAGE_SIZE), dirty);
}

/**
 * user_vecs_put() - unpin and forget pages
 * @uv: the pages
 *
 * Context: Process context.
 */
void user_vecs_put(struct user_vecs *uv)
{
	for (unsigned int i = 0; uv->pinned && i < uv->nr; i++)
		unpin_vec(&uv->vecs[i], false);
	kfree(uv->vecs);
}

/*
 * Two segments of the iterator that meet in a page pin it twice: they become
 * one vector, which unpins it once.
 */
static void user_vecs_add(struct user_vecs *uv, struct page *page,
			  unsigned int len, unsigned int offset)
{
	struct bio_vec *last = uv->nr ? &uv->vecs[uv->nr - 1] : NULL;

	if (!last || last->bv_page != page ||
	    last->bv_offset + last->bv_len != offset) {
		bvec_set_page(&uv->vecs[uv->nr++], page, len, offset);
		return;
	}
	last->bv_len += len;
	if (uv->pinned)
		unpin_user_page(page);
}

/*
 * Pinning may return fewer pages than requested: continue until it returns
 * none.
 */
static int user_vecs_pin(struct user_vecs *uv, struct iov_iter *iter)
{
	while (iov_iter_count(iter)) {
		struct page *batch[PIN_BATCH], **pages = batch;
		size_t offset;
		ssize_t got;

		if (uv->nr == uv->max)
			return -E2BIG;
		got = iov_iter_extract_pages(iter, &pages, iov_iter_count(iter),
					     min(PIN_BATCH, uv->max - uv->nr),
					     0, &offset);
		if (got <= 0)
			return got ?: -EFAULT;

		for (unsigned int i = 0; got; i++) {
			size_t len = min_t(size_t, got, PAGE_SIZE - offset);

			user_vecs_add(uv, batch[i], len, offset);
			got -= len;
			offset = 0;
		}
	}
	return 0;
}

/**
 * user_vecs_get() - pin the pages of an iterator
 * @uv: not initialised
 * @iter: the memory, of which nothing remains
 *
 * Memory of PCI devices is not taken: drivers map metadata without asking
 * whether one device can reach the other.
 *
 * Context: Process context.  May sleep.
 * Return: 0, and the caller ends with user_vecs_put(), or hands the pins to a
 *	payload and frees the vectors; -EFAULT if the memory cannot be accessed;
 *	-EREMOTEIO if it is that of a PCI device; -E2BIG if it is more than a
 *	payload holds; -ENOMEM.  On an error nothing is pinned.
 */
int user_vecs_get(struct user_vecs *uv, struct iov_iter *iter)
{
	int err;

	uv->nr = 0;
	uv->max = iov_iter_npages(iter, BIO_MAX_VECS);
	uv->vecs = kmalloc_array(uv->max, sizeof(*uv->vecs), GFP_KERNEL);
	if (!uv->vecs)
		return -ENOMEM;

	uv->pinned = iov_iter_extract_will_pin(iter);
	err = user_vecs_pin(uv, iter);
	if (err)
		user_vecs_put(uv);
	return err;
}

/**
 * user_vecs_attach() - make pages the payload of a bio
 * @uv: the pages
 * @bio: bio with a device and no payload
 *
 * Context: Process context.  May sleep.
 * Return: 1, and the payload has the pins; 0 if the device takes no such pages;
 *	-EOPNOTSUPP if @bio has an inline encryption context; -ENOMEM.
 */
int user_vecs_attach(struct user_vecs *uv, struct bio *bio)
{
	struct bio_integrity_payload *bip;

	bip = bio_integrity_alloc(bio, GFP_KERNEL, uv->nr);
	if (IS_ERR(bip))
		return PTR_ERR(bip);

	for (unsigned int i = 0; i < uv->nr; i++) {
		struct bio_vec *bv = &uv->vecs[i];

		if (bio_integrity_add_page(bio, bv->bv_page, bv->bv_len,
					   bv->bv_offset) != bv->bv_len) {
			bio_integrity_free(bio);
			return 0;
		}
	}
	if (uv->pinned)
		bip->bip_flags |= BIP_PINNED_USER;
	return 1;
}

/**
 * bip_pin_user() - make pinned user memory the payload of a bio
 * @bio: bio with a device and no payload
 * @iter: the memory: ITER_DEST for a read, ITER_SOURCE for a write
 *
 * The segments are not checked against the limits of the device.
 * bip_unpin_user() and bio_integrity_free() undo this.
 *
 * Context: Process context.  May sleep.
 * Return: 0; -EFAULT if the memory cannot be accessed; -EREMOTEIO if it is that
 *	of a PCI device; -EINVAL if the device does not take memory of its kind;
 *	-E2BIG if it is more than a payload holds; -EOPNOTSUPP if @bio has an
 *	inline encryption context; -ENOMEM.  On an error nothing is pinned.
 */
int bip_pin_user(struct bio *bio, struct iov_iter *iter)
{
	struct user_vecs uv;
	int ret;

	ret = user_vecs_get(&uv, iter);
	if (ret)
		return ret;
	ret = user_vecs_attach(&uv, bio);
	if (ret <= 0) {
		user_vecs_put(&uv);
		return ret ?: -EINVAL;
	}
	kfree(uv.vecs);
	return 0;
}

/**
 * bip_unpin_user() - unpin the user pages of a payload
 * @bip: any payload; one without user pages does not change
 * @dirty: mark the pages dirty, which may sleep
 *
 * Context: Process context if @dirty is %true, else any context.
 */
void bip_unpin_user(struct bio_integrity_payload *bip, bool dirty)
{
	bool copied = bip->bip_flags & BIP_COPY_USER;
	unsigned int first = copied ? bip->bip_vcnt : 0;
	unsigned int end = copied ? bip->bip_max_vcnt : bip->bip_vcnt;

	if (!(bip->bip_flags & BIP_PINNED_USER))
		return;
	for (unsigned int i = first; i < end; i++)
		unpin_vec(&bip->bip_vec[i], dirty);
}
