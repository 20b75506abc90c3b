// SPDX-License-Identifier: GPL-2.0
/*
 * Metadata of requests: segments, scatterlists and merging.
 */

#define pr_fmt(fmt) "blk-integrity: " fmt

#include <linux/blk-integrity.h>
#include <linux/cache.h>
#include <linux/scatterlist.h>
#include <linux/uio.h>

#include "bio-integrity-internal.h"
#include "blk.h"

/*
 * Controllers can access metadata only at a certain alignment.  The default of
 * a driver that sets none is a sector, which is meant for data.  Buffers of the
 * block layer have the alignment that DMA requires.
 */
static unsigned int integrity_dma_alignment(const struct request_queue *q)
{
	return queue_dma_alignment(q) & (ARCH_DMA_MINALIGN - 1);
}

/*
 * Does @q accept a segment that begins with @next after one that ends in @prev?
 */
static bool integrity_segment_fits(struct request_queue *q,
				   struct bio_vec *prev, struct bio_vec *next)
{
	unsigned int misaligned = next->bv_offset;

	if (prev->bv_page) {
		if (bvec_gap_to_prev(&q->limits, prev, next->bv_offset))
			return false;
		misaligned |= prev->bv_offset + prev->bv_len;
	}
	return !(misaligned & integrity_dma_alignment(q));
}

/*
 * Is there no segment boundary between the beginning of @first and the end of
 * @last?
 */
static bool within_boundary(struct request_queue *q, struct bio_vec *first,
			    struct bio_vec *last)
{
	unsigned long mask = queue_segment_boundary(q);

	return (bvec_phys(first) | mask) ==
	       ((bvec_phys(last) + last->bv_len - 1) | mask);
}

/*
 * Can a segment that ends in @prev go on with @next?  A vector is contiguous for
 * a device, even where pages of different vectors are not joined (KMSAN, Xen).
 */
static bool integrity_vecs_join(struct request_queue *q, struct bio_vec *prev,
				struct bio_vec *next, bool same_vec)
{
	return same_vec ? within_boundary(q, prev, next) :
			  biovec_phys_mergeable(q, prev, next);
}

/*
 * Divide the metadata of a chain of bios into segments for @q.  Count them if
 * @sglist is NULL, otherwise fill in up to @max_segments.  Set @misfit, if not
 * NULL, to %true if @q does not accept the position of a segment.
 */
static unsigned int integrity_segments(struct request_queue *q,
				       struct bio *bio,
				       struct scatterlist *sglist,
				       unsigned int max_segments,
				       bool *misfit)
{
	struct bio_vec bv, prev = {};
	struct scatterlist *sg = NULL;
	unsigned int segments = 0;
	unsigned int bytes = 0;
	struct bvec_iter iter;

	bio_for_each_integrity_vec(bv, bio, iter) {
		bool same_vec = iter.bi_bvec_done &&
				iter.bi_size < bio_integrity(bio)->bip_iter.bi_size;
		bool joins = segments &&
			     integrity_vecs_join(q, &prev, &bv, same_vec) &&
			     bytes + bv.bv_len <= queue_max_segment_size(q);

		if (misfit && !joins && !integrity_segment_fits(q, &prev, &bv))
			*misfit = true;
		prev = bv;
		if (joins) {
			bytes += bv.bv_len;
			if (sg)
				sg->length = bytes;
			continue;
		}

		segments++;
		bytes = bv.bv_len;
		if (!sglist)
			continue;
		if (segments > max_segments)
			return segments;
		/* A previous user of the list may have set an end mark here. */
		if (sg)
			sg_unmark_end(sg);
		sg = sg ? sg_next(sg) : sglist;
		sg_set_page(sg, bv.bv_page, bv.bv_len, bv.bv_offset);
	}

	if (sg)
		sg_mark_end(sg);
	return segments;
}

/* A segment holds at least a page. */
static bool bip_is_one_segment(struct request_queue *q,
			       const struct bio_integrity_payload *bip)
{
	struct bio_vec bv = mp_bvec_iter_bvec(bip->bip_vec, bip->bip_iter);

	if (bv.bv_len != bip->bip_iter.bi_size)
		return false;
	return bv.bv_offset + bv.bv_len <= PAGE_SIZE ||
	       (bv.bv_len <= queue_max_segment_size(q) &&
		within_boundary(q, &bv, &bv));
}

/**
 * blk_rq_count_integrity_sg() - count the metadata segments of bios
 * @q: queue whose limits define a segment
 * @bio: first bio of a chain; bios without metadata count nothing
 *
 * Context: Any context.
 * Return: number of segments.
 */
int blk_rq_count_integrity_sg(struct request_queue *q, struct bio *bio)
{
	struct bio_integrity_payload *bip = bio_integrity(bio);

	if (bip && bip->bip_iter.bi_size && !bio->bi_next &&
	    bip_is_one_segment(q, bip))
		return 1;
	return integrity_segments(q, bio, NULL, 0, NULL);
}

/**
 * bio_integrity_fits() - test whether a device accepts metadata as it is in
 *	memory
 * @q: the queue
 * @bio: bio with a payload, or the first of a request
 *
 * Drivers that take one segment use only the first vector.
 *
 * Context: Any context.
 * Return: %true if it does.
 */
bool bio_integrity_fits(struct request_queue *q, struct bio *bio)
{
	struct bio_integrity_payload *bip = bio_integrity(bio);
	unsigned int max_segments = queue_max_integrity_segments(q);
	bool misfit = false;

	if (max_segments == 1 &&
	    (bio->bi_next ||
	     mp_bvec_iter_len(bip->bip_vec, bip->bip_iter) < bip->bip_iter.bi_size))
		return false;
	return integrity_segments(q, bio, NULL, 0, &misfit) <= max_segments &&
	       !misfit;
}

static bool needs_metadata(const struct request *rq,
			   const struct blk_integrity *bi)
{
	switch (req_op(rq)) {
	case REQ_OP_READ:
	case REQ_OP_WRITE:
	case REQ_OP_ZONE_APPEND:
		return bi->tuple_size && !blk_integrity_is_tuple_only(bi);
	default:
		return false;
	}
}

/**
 * blk_integrity_clone_fits() - test whether a queue accepts the metadata of a
 *	cloned request
 * @rq: request that was prepared for another queue
 *
 * The device transfers the metadata of its own format, whatever the buffer is
 * for.  It inserts and strips tuples, but no more than these.
 *
 * Context: Any context.
 * Return: %true if all bios have metadata of the format of the queue in
 *	segments that it accepts, or need none; otherwise %false, with a line in
 *	the log.
 */
bool blk_integrity_clone_fits(struct request *rq)
{
	const struct blk_integrity *bi = &rq->q->limits.integrity;
	struct bio *bio;

	if (!blk_integrity_rq(rq) && !needs_metadata(rq, bi))
		return true;
	__rq_for_each_bio(bio, rq) {
		const struct blk_integrity *of_bio =
			bip_geometry(bio_integrity(bio), bio);

		if (!of_bio || !blk_integrity_geometry_equal(of_bio, bi)) {
			pr_err_ratelimited("%s: request with %u bytes of metadata an interval, must be %u and of the same format\n",
					   rq->q->disk ? rq->q->disk->disk_name : "?",
					   of_bio ? of_bio->tuple_size : 0,
					   bi->tuple_size);
			return false;
		}
	}
	if (!rq->bio || bio_integrity_fits(rq->q, rq->bio))
		return true;
	pr_err_ratelimited("%s: request with metadata in segments that the device does not accept\n",
			   rq->q->disk ? rq->q->disk->disk_name : "?");
	return false;
}

/**
 * blk_rq_map_integrity_sg() - map the metadata of a request
 * @rq: the request
 * @sglist: list of at least nr_integrity_segments entries of @rq
 *
 * Context: Any context.
 * Return: number of entries; 0 if the request has more segments than it
 *	declared or than its queue accepts, in which case the driver must fail
 *	it.
 */
int blk_rq_map_integrity_sg(struct request *rq, struct scatterlist *sglist)
{
	unsigned int max_segments = min(rq->nr_integrity_segments,
					queue_max_integrity_segments(rq->q));
	unsigned int segments = integrity_segments(rq->q, rq->bio, sglist,
						   max_segments, NULL);

	if (WARN_ON_ONCE(segments > max_segments))
		return 0;
	return segments;
}
EXPORT_SYMBOL(blk_rq_map_integrity_sg);

/**
 * blk_rq_integrity_map_user() - map user metadata to a passthrough request
 * @rq: request with its data mapped
 * @ubuf: the metadata
 * @bytes: length of @ubuf
 *
 * How much the device transfers is a matter of the command, which can be for
 * less than the data of @rq has room for, but not for more.  Where @ubuf is
 * shorter than that, only its length is copied from or to it.
 *
 * Context: Process context.  May sleep.
 * Return: 0; -EINVAL if the device has no metadata, the request no bio, or
 *	@bytes is not positive; -EFAULT if @ubuf cannot be accessed as the
 *	direction of @rq demands; -E2BIG if @bytes is more than the device
 *	transfers at once; -ENOMEM.
 */
int blk_rq_integrity_map_user(struct request *rq, void __user *ubuf,
			      ssize_t bytes)
{
	struct blk_integrity *bi = &rq->q->limits.integrity;
	struct iov_iter iter;
	int err;

	if (!rq->bio || !bi->tuple_size || bytes <= 0)
		return -EINVAL;

	iov_iter_ubuf(&iter, op_is_write(req_op(rq)) ? ITER_SOURCE : ITER_DEST,
		      ubuf, bytes);
	err = bip_map_user(rq->bio, &iter,
			   bio_integrity_bytes(bi, blk_rq_sectors(rq)));
	if (err)
		return err;

	rq->nr_integrity_segments = blk_rq_count_integrity_sg(rq->q, rq->bio);
	rq->cmd_flags |= REQ_INTEGRITY;
	return 0;
}
EXPORT_SYMBOL_GPL(blk_rq_integrity_map_user);

/* Can two payloads be sent in one command? */
static bool bip_mergeable(struct bio_integrity_payload *a,
			  struct bio_integrity_payload *b)
{
	if (!a || !b)
		return a == b;
	return !((a->bip_flags ^ b->bip_flags) & BIP_CLONE_FLAGS) &&
	       a->bip_app_tag == b->bip_app_tag &&
	       a->bip_app_mask == b->bip_app_mask;
}

static bool integrity_segments_fit(struct request_queue *q,
				   unsigned int segments)
{
	return segments <= queue_max_integrity_segments(q);
}

/**
 * blk_integrity_merge_rq() - test whether metadata allows merging two requests
 * @q: the queue
 * @req: a request
 * @next: the one that would follow
 *
 * Context: Any context.
 * Return: %true if it does.
 */
bool blk_integrity_merge_rq(struct request_queue *q, struct request *req,
			    struct request *next)
{
	if (!blk_integrity_rq(req) && !blk_integrity_rq(next))
		return true;
	return bip_mergeable(bio_integrity(req->bio),
			     bio_integrity(next->bio)) &&
	       integrity_segments_fit(q, req->nr_integrity_segments +
					 next->nr_integrity_segments) &&
	       !bio_integrity_gap(q, req->biotail, next->bio);
}

/**
 * blk_integrity_merge_bio() - test whether metadata allows merging a bio
 * @q: the queue
 * @req: a request
 * @bio: the bio that would join it, on either end
 *
 * Context: Any context.
 * Return: %true if it does.
 */
bool blk_integrity_merge_bio(struct request_queue *q, struct request *req,
			     struct bio *bio)
{
	if (!blk_integrity_rq(req) && !(bio->bi_opf & REQ_INTEGRITY))
		return true;
	if (bio_integrity_pending(bio))
		return false;
	return bip_mergeable(bio_integrity(req->bio), bio_integrity(bio)) &&
	       integrity_segments_fit(q, req->nr_integrity_segments +
				blk_rq_count_integrity_sg(q, bio));
}

/* The part of a payload's last vector that its iterator covers. */
static struct bio_vec bip_last_vec(struct bio_integrity_payload *bip)
{
	struct bvec_iter iter = bip->bip_iter;
	struct bio_vec bv;

	do {
		bv = mp_bvec_iter_bvec(bip->bip_vec, iter);
		bvec_iter_advance_single(bip->bip_vec, &iter, bv.bv_len);
	} while (iter.bi_size);
	return bv;
}

/**
 * bio_integrity_gap() - test whether merging two bios leaves a gap in the
 *	metadata
 * @q: the queue; gaps matter only with a virtual boundary
 * @prev: a bio
 * @next: the bio that would follow
 *
 * Uses the iterators, because the number of vectors of a clone, or of the rest
 * of a split, does not tell where the metadata begins and ends.
 *
 * Context: Any context.
 * Return: %true if it would.
 */
bool bio_integrity_gap(struct request_queue *q, struct bio *prev,
		       struct bio *next)
{
	struct bio_integrity_payload *bip = bio_integrity(prev);
	struct bio_integrity_payload *bip_next = bio_integrity(next);
	struct bio_vec last, first;

	if (!queue_virt_boundary(q) || !bip || !bip_next)
		return false;
	if (!bip->bip_iter.bi_size || !bip_next->bip_iter.bi_size)
		return false;

	last = bip_last_vec(bip);
	first = mp_bvec_iter_bvec(bip_next->bip_vec, bip_next->bip_iter);
	return bvec_gap_to_prev(&q->limits, &last, first.bv_offset);
}
