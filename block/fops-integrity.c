// SPDX-License-Identifier: GPL-2.0
/*
 * Direct I/O on a block device with metadata of the program.
 *
 * An I/O becomes as many bios as it needs, each with its part of the metadata.
 * It ends when the last bio has released the memory of the program, with the
 * first error of them.
 */

#include <linux/bio-integrity.h>
#include <linux/blk-integrity.h>
#include <linux/fs.h>
#include <linux/init.h>
#include <linux/task_io_accounting_ops.h>
#include <linux/uio.h>
#include <linux/uio-meta.h>

#include "bio-integrity-internal.h"
#include "blk.h"

static_assert(!(IOCB_HAS_METADATA &
		(IOCB_EVENTFD | IOCB_DIRECT | IOCB_WRITE | IOCB_WAITQ |
		 IOCB_NOIO | IOCB_ALLOC_CACHE | IOCB_DIO_CALLER_COMP |
		 IOCB_AIO_RW)));

/*
 * Metadata of one bio, at most: its pages and those of a copy fit in a payload
 * of BIO_MAX_VECS vectors, wherever in a page it begins.
 */
#define MAX_META_BYTES	SZ_256K

/**
 * struct meta_dio - a read or write with metadata
 * @iocb: the I/O
 * @bytes: data in all bios
 * @ref: bios that have not ended, and one of the submitter until all are
 *	submitted
 * @err: errno of the first failure, or 0
 * @dirty: data is read into user pages
 * @bio: the first bio, which holds this structure; referenced until the end
 */
struct meta_dio {
	struct kiocb *iocb;
	size_t bytes;
	atomic_t ref;
	int err;
	bool dirty;
	struct bio bio ____cacheline_aligned_in_smp;
};

static struct bio_set meta_dio_bios;

/* Reads whose metadata pages must be marked dirty again. */
static DEFINE_SPINLOCK(redirty_lock);
static struct bio_list redirty_bios;

static void meta_dio_fail(struct meta_dio *dio, int err)
{
	cmpxchg(&dio->err, 0, err);
}

static void meta_dio_put(struct meta_dio *dio)
{
	struct kiocb *iocb = dio->iocb;
	ssize_t ret;

	if (!atomic_dec_and_test(&dio->ref))
		return;
	ret = dio->err ?: dio->bytes;
	/* Nothing is left to poll for. */
	WRITE_ONCE(iocb->private, NULL);
	if (ret > 0)
		iocb->ki_pos += ret;
	bio_put(&dio->bio);
	iocb->ki_complete(iocb, ret);
}

/* Drop the reference of a bio whose metadata has been unpinned. */
static void meta_bio_release(struct bio *bio)
{
	struct meta_dio *dio = bio->bi_private;

	if (dio->dirty) {
		bio_check_pages_dirty(bio);
	} else {
		bio_release_pages(bio, false);
		bio_put(bio);
	}
	meta_dio_put(dio);
}

static void redirty_work_fn(struct work_struct *work)
{
	struct bio_list bios;
	struct bio *bio;

	spin_lock_irq(&redirty_lock);
	bios = redirty_bios;
	bio_list_init(&redirty_bios);
	spin_unlock_irq(&redirty_lock);

	while ((bio = bio_list_pop(&bios))) {
		bio_integrity_unmap_user(bio);
		meta_bio_release(bio);
	}
}

static DECLARE_WORK(redirty_work, redirty_work_fn);

static void meta_bio_end_io(struct bio *bio)
{
	unsigned long flags;

	if (bio->bi_status)
		meta_dio_fail(bio->bi_private,
			      blk_status_to_errno(bio->bi_status));
	if (bio_integrity_try_unmap_user(bio)) {
		meta_bio_release(bio);
		return;
	}
	spin_lock_irqsave(&redirty_lock, flags);
	bio_list_add(&redirty_bios, bio);
	spin_unlock_irqrestore(&redirty_lock, flags);
	schedule_work(&redirty_work);
}

static void meta_bio_init(struct bio *bio, struct meta_dio *dio, loff_t pos)
{
	struct kiocb *iocb = dio->iocb;

	bio->bi_iter.bi_sector = pos >> SECTOR_SHIFT;
	bio->bi_write_hint = file_inode(iocb->ki_filp)->i_write_hint;
	bio->bi_ioprio = iocb->ki_ioprio;
	bio->bi_private = dio;
	bio->bi_end_io = meta_bio_end_io;
}

/* The most data whose metadata fits one bio, in whole blocks. */
static u64 max_bio_bytes(struct block_device *bdev,
			 const struct blk_integrity *bi)
{
	u64 bytes = (u64)(MAX_META_BYTES / bi->tuple_size) << bi->interval_exp;
	unsigned int block_bytes = bdev_logical_block_size(bdev);

	return max_t(u64, round_down(bytes, block_bytes), block_bytes);
}

/* Pins data and metadata of one bio, or nothing. */
static int meta_bio_fill(struct bio *bio, const struct blk_integrity *bi,
			 struct iov_iter *iter, struct uio_meta *meta)
{
	size_t count = iov_iter_count(iter);
	int err;

	iov_iter_truncate(iter, max_bio_bytes(bio->bi_bdev, bi));
	count -= iov_iter_count(iter);
	err = bio_iov_iter_get_pages(bio, iter);
	iov_iter_reexpand(iter, iov_iter_count(iter) + count);
	if (err)
		return err;

	err = bio_integrity_map_iter(bio, bi, meta);
	if (err)
		bio_release_pages(bio, false);
	return err;
}

static void meta_bio_submit(struct meta_dio *dio, struct bio *bio)
{
	if (dio->dirty)
		bio_set_pages_dirty(bio);
	else if (op_is_write(bio_op(bio)))
		task_io_account_write(bio->bi_iter.bi_size);
	dio->bytes += bio->bi_iter.bi_size;
	atomic_inc(&dio->ref);
	submit_bio(bio);
}

static blk_opf_t meta_bio_opf(struct kiocb *iocb, struct iov_iter *iter)
{
	blk_opf_t opf = REQ_OP_READ;

	if (iov_iter_rw(iter) == WRITE) {
		opf = REQ_OP_WRITE | REQ_SYNC | REQ_IDLE;
		if (iocb_is_dsync(iocb))
			opf |= REQ_FUA;
	}
	if (iocb->ki_flags & IOCB_NOWAIT)
		opf |= REQ_NOWAIT;
	return opf;
}

/* Set up a bio that is all of the I/O, and test whether it must be. */
static int meta_bio_be_only(struct bio *bio, struct kiocb *iocb, bool is_only)
{
	if (!is_only) {
		/* The second of two may be refused after the first is done. */
		if (iocb->ki_flags & IOCB_NOWAIT)
			return -EAGAIN;
		return iocb->ki_flags & IOCB_ATOMIC ? -EINVAL : 0;
	}
	if (iocb->ki_flags & IOCB_ATOMIC)
		bio->bi_opf |= REQ_ATOMIC;
	if (iocb->ki_flags & IOCB_HIPRI)
		bio->bi_opf |= REQ_POLLED;
	return 0;
}

/*
 * The I/O begins with its first bio.  Earlier errors are returned to the
 * caller.
 */
static struct meta_dio *meta_dio_start(struct kiocb *iocb,
				       struct iov_iter *iter,
				       struct block_device *bdev,
				       const struct blk_integrity *bi,
				       struct uio_meta *meta)
{
	blk_opf_t opf = meta_bio_opf(iocb, iter);
	struct meta_dio *dio;
	struct bio *bio;
	int err;

	if (iocb->ki_flags & IOCB_ALLOC_CACHE)
		opf |= REQ_ALLOC_CACHE;
	bio = bio_alloc_bioset(bdev, bio_iov_vecs_to_alloc(iter, BIO_MAX_VECS),
			       opf, GFP_KERNEL, &meta_dio_bios);
	dio = container_of(bio, struct meta_dio, bio);
	dio->iocb = iocb;
	dio->bytes = 0;
	atomic_set(&dio->ref, 1);
	dio->err = 0;
	dio->dirty = iov_iter_rw(iter) == READ && user_backed_iter(iter);
	meta_bio_init(bio, dio, iocb->ki_pos);

	err = meta_bio_fill(bio, bi, iter, meta);
	if (err)
		goto put;
	err = meta_bio_be_only(bio, iocb, !iov_iter_count(iter));
	if (err)
		goto unmap;

	bio_get(bio);
	meta_bio_submit(dio, bio);
	if (bio->bi_opf & REQ_POLLED)
		WRITE_ONCE(iocb->private, bio);
	return dio;

unmap:
	bio_integrity_unmap_user(bio);
	bio_release_pages(bio, false);
put:
	bio_put(bio);
	return ERR_PTR(err);
}

/**
 * blkdev_meta_direct_IO() - read or write a block device along with metadata
 * @iocb: the I/O, whose private is a &struct uio_meta
 * @iter: data, whole logical blocks and aligned as the device demands
 *
 * Context: Process context.  May sleep.
 * Return: -EIOCBQUEUED; or an error, and then nothing was begun: -EINVAL for
 *	metadata that is not exactly that of @iter, checks that the format does
 *	not have, a synchronous @iocb, or IOCB_ATOMIC if the I/O is more than
 *	one bio; -EAGAIN in the same case for IOCB_NOWAIT; otherwise as
 *	bio_integrity_map_iter().
 */
ssize_t blkdev_meta_direct_IO(struct kiocb *iocb, struct iov_iter *iter)
{
	struct block_device *bdev = I_BDEV(iocb->ki_filp->f_mapping->host);
	struct uio_meta meta = *(const struct uio_meta *)iocb->private;
	loff_t pos = iocb->ki_pos;
	struct blk_integrity bi;
	struct meta_dio *dio;
	int err;

	/* From now on this is for the bio that is polled for. */
	WRITE_ONCE(iocb->private, NULL);
	if (is_sync_kiocb(iocb))
		return -EINVAL;
	blk_integrity_snapshot(bdev_get_queue(bdev), &bi);
	err = bio_integrity_check_meta(&bi, &meta, iov_iter_count(iter));
	if (err)
		return err;

	dio = meta_dio_start(iocb, iter, bdev, &bi, &meta);
	if (IS_ERR(dio))
		return PTR_ERR(dio);
	while (iov_iter_count(iter)) {
		struct bio *bio = bio_alloc(bdev,
				bio_iov_vecs_to_alloc(iter, BIO_MAX_VECS),
				meta_bio_opf(iocb, iter), GFP_KERNEL);

		meta_bio_init(bio, dio, pos + dio->bytes);
		err = meta_bio_fill(bio, &bi, iter, &meta);
		if (err) {
			bio_put(bio);
			meta_dio_fail(dio, err);
			break;
		}
		meta_bio_submit(dio, bio);
	}
	meta_dio_put(dio);
	return -EIOCBQUEUED;
}

/**
 * file_has_metadata() - test whether a file accepts metadata with its data
 * @file: any file
 *
 * Context: Any context.
 * Return: %true if it is a block device that has metadata now.
 */
bool file_has_metadata(const struct file *file)
{
	return S_ISBLK(file_inode(file)->i_mode) &&
	       bdev_get_integrity(I_BDEV(file->f_mapping->host));
}

static int __init meta_dio_setup(void)
{
	return bioset_init(&meta_dio_bios, 4, offsetof(struct meta_dio, bio),
			   BIOSET_NEED_BVECS | BIOSET_PERCPU_CACHE);
}
module_init(meta_dio_setup);
