// SPDX-License-Identifier: GPL-2.0
/*
 * Metadata in user memory: pinned and handed to the device, or bounced.
 *
 * The pages that are pinned are the vectors of the payload; for a bounced read
 * they follow the vector of the bounce buffer and are filled from it when the
 * bio is unmapped.
 */

#include <linux/bio-integrity.h>
#include <linux/blk-integrity.h>
#include <linux/mm.h>
#include <linux/slab.h>
#include <linux/uio.h>

#include "bio-integrity-internal.h"
#include "blk.h"

/* User pages, a vector each. */
struct user_vecs {
	struct bio_vec *vecs;
	unsigned int nr;
	unsigned int max;
	bool pinned;
};

/* Pages pinned at a time: the array is on the stack. */
#define PIN_BATCH	16

static void unpin_vec(const struct bio_vec *bv, bool dirty)
{
	unpin_user_page_range_dirty_lock(bv->bv_page,
					 DIV_ROUND_UP(bv->bv_offset + bv->bv_len,
						      PAGE_SIZE), dirty);
}

static void user_vecs_put(struct user_vecs *uv)
{
	for (unsigned int i = 0; uv->pinned && i < uv->nr; i++)
		unpin_vec(&uv->vecs[i], false);
	kfree(uv->vecs);
}

/*
 * Two segments of the iterator that meet in a page pin it twice: they become one
 * vector, which unpins it once.
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
 * Pinning may stop short of what was asked for: go on from there, until it
 * gets nothing at all.
 */
static int user_vecs_pin(struct user_vecs *uv, struct iov_iter *iter,
			 iov_iter_extraction_t flags)
{
	while (iov_iter_count(iter)) {
		struct page *batch[PIN_BATCH], **pages = batch;
		size_t offset;
		ssize_t got;

		if (uv->nr == uv->max)
			return -E2BIG;
		got = iov_iter_extract_pages(iter, &pages, iov_iter_count(iter),
					     min(PIN_BATCH, uv->max - uv->nr),
					     flags, &offset);
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

static int user_vecs_get(struct user_vecs *uv, struct request_queue *q,
			 struct iov_iter *iter)
{
	iov_iter_extraction_t flags = 0;
	int err;

	uv->nr = 0;
	uv->max = iov_iter_npages(iter, BIO_MAX_VECS);
	uv->vecs = kmalloc_array(uv->max, sizeof(*uv->vecs), GFP_KERNEL);
	if (!uv->vecs)
		return -ENOMEM;

	uv->pinned = iov_iter_extract_will_pin(iter);
	if (blk_queue_pci_p2pdma(q))
		flags |= ITER_ALLOW_P2PDMA;
	err = user_vecs_pin(uv, iter, flags);
	if (err)
		user_vecs_put(uv);
	return err;
}

/* Return: 1 if the device takes the pages as they are, 0 if not, or an error. */
static int map_direct(struct bio *bio, struct user_vecs *uv)
{
	struct bio_integrity_payload *bip;

	bip = bio_integrity_alloc(bio, GFP_KERNEL, uv->nr);
	if (IS_ERR(bip))
		return PTR_ERR(bip);

	for (unsigned int i = 0; i < uv->nr; i++) {
		struct bio_vec *bv = &uv->vecs[i];

		if (bio_integrity_add_page(bio, bv->bv_page, bv->bv_len,
					   bv->bv_offset) != bv->bv_len)
			goto bounce;
		if (is_pci_p2pdma_page(bv->bv_page))
			bio->bi_opf |= REQ_NOMERGE;
	}
	if (!bio_integrity_fits(bdev_get_queue(bio->bi_bdev), bio))
		goto bounce;
	if (uv->pinned)
		bip->bip_flags |= BIP_PINNED_USER;
	return 1;

bounce:
	bio_integrity_free(bio);
	return 0;
}

/* A payload with @buf, and room for @nr_user vectors behind it. */
static int map_buffer(struct bio *bio, void *buf, unsigned int buf_bytes,
		      unsigned int nr_user)
{
	struct bio_integrity_payload *bip;

	if (nr_user + 1 > BIO_MAX_VECS)
		return -E2BIG;
	bip = bio_integrity_alloc(bio, GFP_KERNEL, nr_user + 1);
	if (IS_ERR(bip))
		return PTR_ERR(bip);

	bvec_set_virt(&bip->bip_vec[0], buf, buf_bytes);
	bip->bip_vcnt = 1;
	bip->bip_iter.bi_size = buf_bytes;
	bip->bip_flags |= BIP_COPY_USER;
	blk_integrity_count(bdev_get_queue(bio->bi_bdev), BLK_INTEGRITY_BOUNCED,
			    1);
	return 0;
}

static int bounce_write(struct bio *bio, struct iov_iter *iter,
			unsigned int buf_bytes)
{
	void *buf = kzalloc(buf_bytes, GFP_KERNEL);
	int err;

	if (!buf)
		return -ENOMEM;
	err = copy_from_iter_full(buf, iov_iter_count(iter), iter) ? 0 : -EFAULT;
	if (!err)
		err = map_buffer(bio, buf, buf_bytes, 0);
	if (err)
		kfree(buf);
	return err;
}

static int bounce_read(struct bio *bio, struct user_vecs *uv, size_t bytes,
		       unsigned int buf_bytes)
{
	struct bio_integrity_payload *bip;
	struct iov_iter iter;
	void *buf;
	int err;

	buf = kzalloc(buf_bytes, GFP_KERNEL);
	if (!buf)
		return -ENOMEM;
	/* What the device does not transfer comes back as it was. */
	iov_iter_bvec(&iter, ITER_SOURCE, uv->vecs, uv->nr, bytes);
	err = copy_from_iter_full(buf, bytes, &iter) ? 0 : -EFAULT;
	if (!err)
		err = map_buffer(bio, buf, buf_bytes, uv->nr);
	if (err) {
		kfree(buf);
		return err;
	}

	bip = bio_integrity(bio);
	memcpy(&bip->bip_vec[1], uv->vecs, uv->nr * sizeof(*uv->vecs));
	if (uv->pinned)
		bip->bip_flags |= BIP_PINNED_USER;
	return 0;
}

/* Remapping writes to the metadata; user memory is only ever read for a write. */
static bool must_not_touch(struct bio *bio)
{
	struct blk_integrity *bi = bdev_get_integrity(bio->bi_bdev);

	return bio_op(bio) == REQ_OP_WRITE && bi && bi->profile->remap_fn;
}

static int map_write(struct bio *bio, struct iov_iter *iter,
		     unsigned int buf_bytes, bool bounce)
{
	struct iov_iter source = *iter;
	struct user_vecs uv;
	int ret;

	if (bounce || must_not_touch(bio))
		return bounce_write(bio, &source, buf_bytes);

	ret = user_vecs_get(&uv, bdev_get_queue(bio->bi_bdev), iter);
	if (ret)
		return ret;
	ret = map_direct(bio, &uv);
	if (ret > 0) {
		kfree(uv.vecs);
		return 0;
	}
	user_vecs_put(&uv);
	return ret ?: bounce_write(bio, &source, buf_bytes);
}

static int map_read(struct bio *bio, struct iov_iter *iter,
		    unsigned int buf_bytes, bool bounce)
{
	size_t bytes = iov_iter_count(iter);
	struct user_vecs uv;
	int ret;

	ret = user_vecs_get(&uv, bdev_get_queue(bio->bi_bdev), iter);
	if (ret)
		return ret;
	ret = bounce ? 0 : map_direct(bio, &uv);
	if (!ret)
		ret = bounce_read(bio, &uv, bytes, buf_bytes);
	if (ret < 0) {
		user_vecs_put(&uv);
		return ret;
	}
	kfree(uv.vecs);
	return 0;
}

/**
 * bip_map_user() - give a bio metadata in user memory
 * @bio: bio with a device, an operation and no payload
 * @iter: the metadata: ITER_DEST for a read, ITER_SOURCE for a write
 * @device_bytes: bytes that the device may transfer at most
 *
 * If that is more than @iter, the device gets a buffer in the kernel, of which
 * only the beginning is the user's; the rest of what is written is zero.
 *
 * Context: Process context.  May sleep.
 * Return: as bio_integrity_map_user().
 */
int bip_map_user(struct bio *bio, struct iov_iter *iter,
		 unsigned int device_bytes)
{
	struct request_queue *q = bdev_get_queue(bio->bi_bdev);
	bool write = op_is_write(bio_op(bio));
	size_t bytes = iov_iter_count(iter);
	unsigned int buf_bytes;
	bool bounce;

	if (bio_integrity(bio) || !bytes)
		return -EINVAL;
	if (write != (iov_iter_rw(iter) == WRITE))
		return -EINVAL;
	if (bytes >> SECTOR_SHIFT > queue_max_hw_sectors(q) ||
	    iov_iter_npages(iter, BIO_MAX_VECS + 1) > BIO_MAX_VECS)
		return -E2BIG;

	buf_bytes = max_t(unsigned int, bytes, device_bytes);
	bounce = buf_bytes > bytes ||
		 iov_iter_alignment(iter) &
		 blk_lim_dma_alignment_and_pad(&q->limits);
	return write ? map_write(bio, iter, buf_bytes, bounce) :
		       map_read(bio, iter, buf_bytes, bounce);
}

/**
 * bio_integrity_map_user() - give a bio metadata in user memory
 * @bio: bio with a device, an operation and no payload
 * @iter: the metadata: ITER_DEST for a read, ITER_SOURCE for a write
 *
 * Undone by bio_integrity_unmap_user().
 *
 * Context: Process context.  May sleep.
 * Return: 0; -EINVAL if @bio has a payload, @iter is empty or its direction is
 *	not that of @bio; -E2BIG if it is more than one I/O takes; -EFAULT if it
 *	cannot be accessed; -EOPNOTSUPP; -ENOMEM.  On an error nothing of @iter
 *	stays pinned.
 */
int bio_integrity_map_user(struct bio *bio, struct iov_iter *iter)
{
	return bip_map_user(bio, iter, 0);
}

/* The bounce buffer can be longer than what the user gave. */
static void bounce_to_user(struct bio_integrity_payload *bip)
{
	unsigned int nr_user = bip->bip_max_vcnt - 1;
	struct bio_vec *user = &bip->bip_vec[1];
	struct iov_iter iter;
	size_t bytes = 0;

	for (unsigned int i = 0; i < nr_user; i++)
		bytes += user[i].bv_len;
	iov_iter_bvec(&iter, ITER_DEST, user, nr_user, bytes);
	WARN_ON_ONCE(copy_to_iter(bvec_virt(bip->bip_vec), bytes, &iter) !=
		     bytes);
}

/**
 * bio_integrity_unmap_user() - end of a bio with metadata in user memory
 * @bio: bio with a payload, of bio_integrity_map_user() or of the kernel
 *
 * What was read into the pages is dirty.  The payload itself goes with the bio.
 *
 * Context: Process context.  May sleep.
 */
void bio_integrity_unmap_user(struct bio *bio)
{
	struct bio_integrity_payload *bip = bio_integrity(bio);
	unsigned int nr_pinned = bip->bip_vcnt;
	struct bio_vec *pinned = bip->bip_vec;
	bool read = bio_data_dir(bio) == READ;

	if (bip->bip_flags & BIP_COPY_USER) {
		nr_pinned = bip->bip_max_vcnt - 1;
		pinned++;
		if (read)
			bounce_to_user(bip);
		kfree(bvec_virt(bip->bip_vec));
	}
	if (!(bip->bip_flags & BIP_PINNED_USER))
		return;
	for (unsigned int i = 0; i < nr_pinned; i++)
		unpin_vec(&pinned[i], read);
}
