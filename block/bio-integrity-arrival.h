/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What blk_mq_submit_bio() does about integrity, from the arrival of a bio to
 * its request.
 */
#ifndef BIO_INTEGRITY_ARRIVAL_H
#define BIO_INTEGRITY_ARRIVAL_H

#include "blk-integrity-dev.h"

/**
 * enum bio_integrity_arrival - what a bio was when it arrived at its device
 * @BIO_INTEGRITY_UNCONCERNED: neither it nor the device had metadata
 * @BIO_INTEGRITY_EXCLUDED: policies of the device excluded it
 * @BIO_INTEGRITY_EXAMINED: neither of these, so its data was examined; for a
 *	device that does not accept intervals that are split in memory, the
 *	&blk_integrity.interval_exp that they had is added
 */
enum bio_integrity_arrival {
	BIO_INTEGRITY_UNCONCERNED,
	BIO_INTEGRITY_EXCLUDED,
	BIO_INTEGRITY_EXAMINED,
};

#ifdef CONFIG_BLK_DEV_INTEGRITY

/**
 * bio_integrity_examination() - tell what the data of a bio is examined for
 * @q: queue of a device
 *
 * Context: Any context.
 * Return: %BIO_INTEGRITY_EXAMINED or more, as
 *	&enum bio_integrity_arrival says.
 */
static inline unsigned int
bio_integrity_examination(const struct request_queue *q)
{
	const struct blk_integrity *bi = &q->limits.integrity;

	return BIO_INTEGRITY_EXAMINED +
	       (bi->flags & BLK_INTEGRITY_SPLIT_INTERVALS ? 0 : bi->interval_exp);
}

/**
 * bio_integrity_arrive() - test whether the policies of a device exclude a bio
 * @bio: bio for which bio_integrity_concerned() is %true
 * @q: queue it arrived at, whose usage count need not be held
 *
 * A shortcut to the decision of bio_integrity_action(): where all metadata is
 * tuples, an excluded bio is sent without metadata.  The device inserts and
 * checks tuples itself, in a stream of data that is cut anywhere, so that no
 * page of the bio has to be examined.
 *
 * Inline as bio_integrity_passes() is: what is switched off costs little.
 *
 * Context: Any context.
 * Return: %BIO_INTEGRITY_EXCLUDED if they do; else bio_integrity_examination(),
 *	and bio_integrity_stabilize() must be called.
 */
static inline unsigned int bio_integrity_arrive(const struct bio *bio,
						const struct request_queue *q)
{
	const struct blk_integrity_dev *idev = READ_ONCE(q->integrity_dev);

	if (!(bio->bi_opf & REQ_INTEGRITY) && idev &&
	    READ_ONCE(idev->excluded_ops) & blk_integrity_op_bit(bio_op(bio)))
		return BIO_INTEGRITY_EXCLUDED;
	return bio_integrity_examination(q);
}

/**
 * bio_integrity_passes() - let a bio that policies exclude pass, and count it
 * @bio: bio for which bio_integrity_concerned() is %true
 * @q: queue of the device, whose usage count is held
 * @arrival: what @bio was when it arrived
 *
 * Context: Process context.
 * Return: %true if @bio was excluded, and the format, which may have changed
 *	since it arrived, still allows that; %false if bio_integrity_begin() must
 *	be called.
 */
static inline bool bio_integrity_passes(const struct bio *bio,
					struct request_queue *q,
					unsigned int arrival)
{
	struct blk_integrity_dev *idev;

	if (arrival != BIO_INTEGRITY_EXCLUDED)
		return false;
	idev = q->integrity_dev;
	if (!READ_ONCE(idev->excludable))
		return false;
	blk_integrity_dev_count(idev, BLK_INTEGRITY_UNCHECKED,
				bio->bi_iter.bi_size >>
				q->limits.integrity.interval_exp);
	return true;
}

/* bio-integrity-request.c */
struct bio *bio_integrity_begin(struct bio *bio, struct request_queue *q,
		unsigned int *nr_segs, bool has_request,
		unsigned int arrival);

#else /* CONFIG_BLK_DEV_INTEGRITY */

static inline unsigned int bio_integrity_arrive(const struct bio *bio,
						const struct request_queue *q)
{
	return BIO_INTEGRITY_UNCONCERNED;
}

static inline bool bio_integrity_passes(const struct bio *bio,
					struct request_queue *q,
					unsigned int arrival)
{
	return false;
}

static inline struct bio *
bio_integrity_begin(struct bio *bio, struct request_queue *q,
		    unsigned int *nr_segs, bool has_request,
		    unsigned int arrival)
{
	return bio;
}

#endif /* CONFIG_BLK_DEV_INTEGRITY */
#endif /* BIO_INTEGRITY_ARRIVAL_H */
