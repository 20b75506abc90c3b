// SPDX-License-Identifier: GPL-2.0
/*
 * Metadata in user memory for passthrough: handed to the device, or bounced.
 *
 * Passthrough requests are bounced here, since they enter their queue without
 * bio_integrity_prep().  Metadata of reads and writes is in
 * bio-integrity-meta.c.
 */

#include <linux/bio-integrity.h>
#include <linux/blk-integrity.h>
#include <linux/slab.h>
#include <linux/uio.h>

#include "bio-integrity-internal.h"
#include "blk.h"

/*
 * Return: 1 if the device takes the pages as they are, 0 if not, or an error.
 */
static int map_direct(struct bio *bio, struct user_vecs *uv)
{
	int ret = user_vecs_attach(uv, bio);

	if (ret <= 0 || bio_integrity_fits(bdev_get_queue(bio->bi_bdev), bio))
		return ret;
	bio_integrity_free(bio);
	return 0;
}

/* Larger allocations fail when memory is in pieces. */
#define CHUNK_BYTES	(PAGE_SIZE << PAGE_ALLOC_COSTLY_ORDER)
#define nr_chunks(bytes)	((unsigned int)DIV_ROUND_UP(bytes, CHUNK_BYTES))

/*
 * Is a buffer within the segments of the device, and within the vectors of a
 * payload that has @nr_user more?
 */
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
 * room for @nr_user vectors behind those of the buffer.  An allocation whose size
 * is a power of two crosses no boundary that it need not cross.
 */
static int map_buffer(struct bio *bio, unsigned int buf_bytes,
		      struct iov_iter *iter, unsigned int nr_user)
{
	struct request_queue *q = bdev_get_queue(bio->bi_bdev);
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
		void *chunk = kzalloc(roundup_pow_of_two(bytes), GFP_KERNEL);

		if (!chunk)
			goto free;
		bvec_set_virt(&bip->bip_vec[bip->bip_vcnt++], chunk, bytes);
		bip->bip_iter.bi_size += bytes;
	}
	err = -E2BIG;
	if (blk_rq_count_integrity_sg(q, bio) > queue_max_integrity_segments(q))
		goto free;
	err = -EFAULT;
	if (!copy_chunks(bip, iter))
		goto free;

	bip->bip_flags |= BIP_COPY_USER;
	blk_integrity_count(q, BLK_INTEGRITY_BOUNCED, 1);
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

	ret = user_vecs_get(&uv, iter);
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

	ret = user_vecs_get(&uv, iter);
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
 *	-EFAULT if it cannot be accessed; -EREMOTEIO if it is in memory of a PCI
 *	device; -EOPNOTSUPP if @bio has an inline encryption context; -ENOMEM.
 *	On an error no page of @iter stays pinned.
 */
int bio_integrity_map_user(struct bio *bio, struct iov_iter *iter)
{
	return bip_map_user(bio, iter, 0);
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
