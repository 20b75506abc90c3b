// SPDX-License-Identifier: GPL-2.0
/*
 * Metadata in user memory: pinned and handed to the device, or bounced.
 *
 * The pages that are pinned are the vectors of the payload; for a bounced read
 * they follow the vectors of the bounce buffer and are filled from it when the
 * bio is unmapped.
 *
 * Passthrough requests are bounced here, since they enter their queue without
 * bio_integrity_prep().  Metadata of reads and writes is in
 * bio-integrity-meta.c.
 */

#include <linux/bio-integrity.h>
#include <linux/blk-integrity.h>
#include <linux/mm.h>
#include <linux/slab.h>
#include <linux/uio.h>

#include "bio-integrity-internal.h"
#include "blk.h"

/* User pages, one per vector. */
struct user_vecs {
	struct bio_vec *vecs;
	unsigned int nr;
	unsigned int max;
	bool pinned;
};

/* Pages pinned at a time, as the array is on the stack. */
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

/*
 * A payload of the pages, which takes over the pins.
 * Return: 1; 0 if the device takes no such pages; or an error.
 */
static int attach_pages(struct bio *bio, struct user_vecs *uv)
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
		if (is_pci_p2pdma_page(bv->bv_page))
			bio->bi_opf |= REQ_NOMERGE;
	}
	if (uv->pinned)
		bip->bip_flags |= BIP_PINNED_USER;
	return 1;
}

/*
 * Return: 1 if the device takes the pages as they are, 0 if not, or an error.
 */
static int map_direct(struct bio *bio, struct user_vecs *uv)
{
	int ret = attach_pages(bio, uv);

	if (ret <= 0 || bio_integrity_fits(bdev_get_queue(bio->bi_bdev), bio))
		return ret;
	bio_integrity_free(bio);
	return 0;
}

/* Larger allocations fail when memory is in pieces. */
#define CHUNK_BYTES	(PAGE_SIZE << PAGE_ALLOC_COSTLY_ORDER)
#define nr_chunks(bytes)	((unsigned int)DIV_ROUND_UP(bytes, CHUNK_BYTES))

/* Does the device take a buffer, does a payload with @nr_user more vectors? */
static bool buffer_fits(struct bio *bio, unsigned int buf_bytes,
			unsigned int nr_user)
{
	struct request_queue *q = bdev_get_queue(bio->bi_bdev);

	return nr_chunks(buf_bytes) <= queue_max_integrity_segments(q) &&
	       nr_chunks(buf_bytes) + nr_user <= BIO_MAX_VECS;
}

static void free_chunks(struct bio_integrity_payload *bip)
{
	for (unsigned int i = 0; i < bip->bip_vcnt; i++)
		kfree(bvec_virt(&bip->bip_vec[i]));
}

/* Copies between the beginning of the buffer and all of @iter. */
static bool copy_chunks(struct bio_integrity_payload *bip, struct iov_iter *iter)
{
	for (unsigned int i = 0; iov_iter_count(iter); i++) {
		void *chunk = bvec_virt(&bip->bip_vec[i]);
		size_t bytes = min_t(size_t, iov_iter_count(iter),
				     bip->bip_vec[i].bv_len);
		size_t copied = iov_iter_rw(iter) == WRITE ?
				copy_from_iter(chunk, bytes, iter) :
				copy_to_iter(chunk, bytes, iter);

		if (copied != bytes)
			return false;
	}
	return true;
}

/*
 * A payload with a buffer that begins with what is in @iter, the rest zero, and
 * room for @nr_user vectors behind those of the buffer.
 */
static int map_buffer(struct bio *bio, unsigned int buf_bytes,
		      struct iov_iter *iter, unsigned int nr_user)
{
	unsigned int nr_vecs = nr_chunks(buf_bytes) + nr_user;
	struct bio_integrity_payload *bip;
	int err = -ENOMEM;

	if (!buffer_fits(bio, buf_bytes, nr_user))
		return -E2BIG;
	bip = bio_integrity_alloc(bio, GFP_KERNEL, nr_vecs);
	if (IS_ERR(bip))
		return PTR_ERR(bip);

	while (bip->bip_iter.bi_size < buf_bytes) {
		unsigned int bytes = min_t(unsigned int, CHUNK_BYTES,
					   buf_bytes - bip->bip_iter.bi_size);
		void *chunk = kzalloc(bytes, GFP_KERNEL);

		if (!chunk)
			goto free;
		bvec_set_virt(&bip->bip_vec[bip->bip_vcnt++], chunk, bytes);
		bip->bip_iter.bi_size += bytes;
	}
	err = -EFAULT;
	if (!copy_chunks(bip, iter))
		goto free;

	bip->bip_flags |= BIP_COPY_USER;
	blk_integrity_count(bdev_get_queue(bio->bi_bdev), BLK_INTEGRITY_BOUNCED,
			    1);
	return 0;

free:
	free_chunks(bip);
	bio_integrity_free(bio);
	return err;
}

static int bounce_read(struct bio *bio, struct user_vecs *uv, size_t bytes,
		       unsigned int buf_bytes)
{
	struct bio_integrity_payload *bip;
	struct iov_iter iter;
	int err;

	/* Metadata that the device does not transfer must keep its content. */
	iov_iter_bvec(&iter, ITER_SOURCE, uv->vecs, uv->nr, bytes);
	err = map_buffer(bio, buf_bytes, &iter, uv->nr);
	if (err)
		return err;

	bip = bio_integrity(bio);
	memcpy(&bip->bip_vec[bip->bip_vcnt], uv->vecs,
	       uv->nr * sizeof(*uv->vecs));
	if (uv->pinned)
		bip->bip_flags |= BIP_PINNED_USER;
	return 0;
}

/*
 * Remapping writes to the metadata; user memory is only ever read for a write.
 */
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
		return map_buffer(bio, buf_bytes, &source, 0);

	ret = user_vecs_get(&uv, bdev_get_queue(bio->bi_bdev), iter);
	if (ret)
		return ret;
	ret = map_direct(bio, &uv);
	if (ret > 0) {
		kfree(uv.vecs);
		return 0;
	}
	user_vecs_put(&uv);
	return ret ?: map_buffer(bio, buf_bytes, &source, 0);
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
 * bip_map_user() - attach metadata in user memory, with a minimum size
 * @bio: bio with a device, an operation and no payload
 * @iter: the metadata: ITER_DEST for a read, ITER_SOURCE for a write
 * @device_bytes: maximum number of bytes that the device transfers
 *
 * If @iter is shorter, the device gets a kernel buffer of @device_bytes, of
 * which only the first part is copied from or to the user.  The rest of a write
 * is zero.
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
	unsigned int nr_user;
	bool bounce;

	if (bio_integrity(bio) || !bytes)
		return -EINVAL;
	if (write != (iov_iter_rw(iter) == WRITE))
		return -EINVAL;
	nr_user = iov_iter_npages(iter, BIO_MAX_VECS + 1);
	if (bytes >> SECTOR_SHIFT > queue_max_hw_sectors(q) ||
	    nr_user > BIO_MAX_VECS)
		return -E2BIG;

	buf_bytes = max_t(unsigned int, bytes, device_bytes);
	bounce = buf_bytes > bytes ||
		 iov_iter_alignment(iter) &
		 blk_lim_dma_alignment_and_pad(&q->limits);
	if (bounce && !buffer_fits(bio, buf_bytes, write ? 0 : nr_user))
		return -E2BIG;
	return write ? map_write(bio, iter, buf_bytes, bounce) :
		       map_read(bio, iter, buf_bytes, bounce);
}

/**
 * bio_integrity_map_user() - attach metadata in user memory to a bio
 * @bio: bio with a device, an operation and no payload
 * @iter: the metadata: ITER_DEST for a read, ITER_SOURCE for a write
 *
 * Release it with bio_integrity_unmap_user().
 *
 * Context: Process context.  May sleep.
 * Return: 0 on success; -EINVAL if @bio has a payload, @iter is empty or its
 *	direction is not that of @bio; -E2BIG if it is larger than one I/O;
 *	-EFAULT if it cannot be accessed; -EOPNOTSUPP if @bio has an inline
 *	encryption context; -ENOMEM.  On an error no page of @iter stays pinned.
 */
int bio_integrity_map_user(struct bio *bio, struct iov_iter *iter)
{
	return bip_map_user(bio, iter, 0);
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
 * Return: 0; -EFAULT if the memory cannot be accessed; -EINVAL if the device
 *	does not take memory of its kind; -E2BIG if it is more than a payload
 *	holds; -ENOMEM.  On an error nothing is pinned.
 */
int bip_pin_user(struct bio *bio, struct iov_iter *iter)
{
	struct user_vecs uv;
	int ret;

	ret = user_vecs_get(&uv, bdev_get_queue(bio->bi_bdev), iter);
	if (ret)
		return ret;
	ret = attach_pages(bio, &uv);
	if (ret <= 0) {
		user_vecs_put(&uv);
		return ret ?: -EINVAL;
	}
	kfree(uv.vecs);
	return 0;
}

/* The bounce buffer can be longer than the user's buffer. */
static void bounce_to_user(struct bio_integrity_payload *bip)
{
	unsigned int nr_user = bip->bip_max_vcnt - bip->bip_vcnt;
	struct bio_vec *user = &bip->bip_vec[bip->bip_vcnt];
	struct iov_iter iter;
	size_t bytes = 0;

	for (unsigned int i = 0; i < nr_user; i++)
		bytes += user[i].bv_len;
	iov_iter_bvec(&iter, ITER_DEST, user, nr_user, bytes);
	WARN_ON_ONCE(!copy_chunks(bip, &iter));
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

/**
 * bio_integrity_unmap_user() - copy bounced metadata back and unpin user memory
 * @bio: bio with a payload, of bio_integrity_map_user() or of the kernel
 *
 * Pages that were read into are marked dirty.  The payload is freed with the
 * bio.
 *
 * Context: Process context.  May sleep.
 */
void bio_integrity_unmap_user(struct bio *bio)
{
	struct bio_integrity_payload *bip = bio_integrity(bio);
	bool read = bio_data_dir(bio) == READ;

	if (bip->bip_flags & BIP_COPY_USER) {
		if (read)
			bounce_to_user(bip);
		free_chunks(bip);
	}
	bip_unpin_user(bip, read);
}
