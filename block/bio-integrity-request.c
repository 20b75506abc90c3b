// SPDX-License-Identifier: GPL-2.0
/*
 * Bios that become requests: protected before they wait for a request, or, if
 * there is no memory, as soon as they have it and wait for nothing else.
 */

#include <linux/bio-integrity.h>
#include <linux/blk-integrity.h>

#include <trace/events/block.h>

#include "bio-integrity-internal.h"
#include "blk.h"
#include "blk-cgroup.h"

/* The rest of a bio comes next, before bios that wait for its end. */
static void submit_rest(struct bio *bio)
{
	if (current->bio_list)
		bio_list_add_head(&current->bio_list[0], bio);
	else
		submit_bio_noacct_nocheck(bio);
}

/*
 * Split a bio that is too large for the reserve, and return its first part.  It
 * may be part of a split itself, and hold one of the few bios there are for
 * that.  So this uses others, which only bios hold that wait for nothing but
 * their request and their object of the reserve.
 */
static struct bio *split_kept(struct bio *bio, unsigned int *nr_segs)
{
	struct request_queue *q = bdev_get_queue(bio->bi_bdev);
	struct blk_integrity_dev *idev = q->integrity_dev;
	unsigned int sectors = bio_integrity_kept_sectors(q);
	struct bio *first;

	/* Pairs with the release in make_pieces(). */
	if (!sectors || !smp_load_acquire(&idev->has_pieces) ||
	    bio_sectors(bio) <= sectors)
		return bio;
	if ((bio_op(bio) != REQ_OP_READ && bio_op(bio) != REQ_OP_WRITE) ||
	    bio->bi_opf & REQ_ATOMIC)
		return bio;

	first = bio_split(bio, sectors, GFP_NOIO, &idev->pieces);
	if (!first)
		return bio;
	first->bi_opf |= REQ_NOMERGE;
	blkcg_bio_issue_init(first);
	bio_chain(first, bio);
	trace_block_split(first, bio->bi_iter.bi_sector);
	submit_rest(bio);
	/* It fits: this counts segments. */
	bio_split_rw_at(first, &q->limits, nr_segs, sectors << SECTOR_SHIFT);
	return first;
}

/*
 * The device waits for others: take nothing that they may wait for.  A polled
 * bio would keep its object until somebody polls, who may wait for memory.
 */
static struct bio *put_off(struct bio *bio, unsigned int *nr_segs,
			   bool has_request)
{
	if (bio->bi_opf & REQ_POLLED) {
		/* The request is of a queue that is polled. */
		if (has_request) {
			bio_wouldblock_error(bio);
			return NULL;
		}
		bio_clear_polled(bio);
	}
	bio = split_kept(bio, nr_segs);
	if (bio_integrity(bio)) {
		bio_integrity(bio)->bip_flags |= BIP_AWAITS_COPY;
	} else {
		bio->bi_integrity = NULL;
		bio->bi_opf |= REQ_INTEGRITY;
	}
	return bio;
}

/**
 * bio_integrity_begin() - protect a bio that is to become a request
 * @bio: bio with device, operation, position and data, that fits the limits
 * @nr_segs: of its data; changed if the bio is split
 * @has_request: there is a request for the bio already
 *
 * Does what bio_integrity_prep() does, but does not wait for the reserve: the
 * bio may yet wait for a request, or be throttled for as long as others like.
 * Without memory a bio too large for the reserve is split, and what is missing
 * is left to bio_integrity_finish().
 *
 * Context: Process context.  May sleep, but does no I/O.
 * Return: the bio to go on with; NULL if it has been ended with an error.
 */
struct bio *bio_integrity_begin(struct bio *bio, unsigned int *nr_segs,
				bool has_request)
{
	int err = bio_integrity_prepare(bio, false);

	if (err == -EAGAIN && !(bio->bi_opf & REQ_NOWAIT))
		return put_off(bio, nr_segs, has_request);
	if (err) {
		bio_integrity_end_error(bio, err);
		return NULL;
	}
	if (has_request || !bio_may_be_refused(bio))
		bio_integrity_generate_pending(bio);
	return bio;
}

/**
 * __bio_integrity_finish() - do what bio_integrity_begin() put off
 * @bio: bio that waits for nothing else
 * @rq: its request, which does not have the bio yet
 *
 * Context: Process context.  May sleep, but does no I/O.
 * Return: %true to go on; %false if the bio has been ended with an error.
 */
bool __bio_integrity_finish(struct bio *bio, struct request *rq)
{
	if (!bio_integrity(bio) || bio_integrity_flagged(bio, BIP_AWAITS_COPY)) {
		int err = bio_integrity_prepare(bio, true);

		if (err) {
			bio_integrity_end_error(bio, err);
			return false;
		}
		/* The administrator may want none by now. */
		if (!bio_integrity(bio))
			rq->cmd_flags &= ~REQ_INTEGRITY;
	}
	bio_integrity_generate_pending(bio);
	return true;
}
