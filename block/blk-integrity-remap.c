// SPDX-License-Identifier: GPL-2.0
/*
 * Reference tags of requests: renumbered for the device when a request is
 * issued, and for the submitter when it is completed.
 */

#include <linux/blk-integrity.h>

#include <trace/events/blk_integrity.h>

#include "bio-integrity-internal.h"
#include "blk.h"
#include "blk-integrity-walk.h"

/*
 * Number of intervals that @bytes of data complete from the present position.
 */
static unsigned int bip_intervals(const struct bio_integrity_payload *bip,
				  const struct blk_integrity *bi,
				  unsigned int bytes)
{
	return (bip->bip_residue_bytes + bytes) >> bi->interval_exp;
}

/**
 * bip_remap() - renumber reference tags
 * @bio: bio with a payload whose format has reference tags
 * @intervals: number of intervals from the present position of the payload
 * @from: present number of the first of them
 * @to: its new number
 *
 * Context: Any context.
 */
void bip_remap(struct bio *bio, unsigned int intervals, u64 from, u64 to)
{
	struct bio_integrity_payload *bip = bio_integrity(bio);
	const struct blk_integrity *bi = &bip->bip_geometry;
	struct request_queue *q = bdev_get_queue(bio->bi_bdev);
	struct blk_integrity_tuple_bounce bounce __uninitialized;
	struct blk_integrity_walk walk __uninitialized;
	u64 next = to;

	bip_walk_init(bip, &walk, BLK_INTEGRITY_WALK_TUPLE, intervals);
	walk.tuple_bounce = &bounce;
	walk.xchg.interval = from;
	while (blk_integrity_walk_next(&walk)) {
		bi->profile->remap_fn(&walk.xchg, next);
		next += walk.run_intervals;
	}

	blk_integrity_count(q, BLK_INTEGRITY_REMAPPED, intervals);
	blk_integrity_count(q, BLK_INTEGRITY_STRADDLED, walk.straddled);
	trace_blk_integrity_remap(bio->bi_bdev, from, to, intervals);
}

/**
 * __blk_integrity_prepare() - renumber reference tags for the device
 * @rq: a write that is issued, possibly again
 *
 * A submitter numbers intervals from its seed.  Seed and position are both in
 * intervals: if they are equal for the first interval, they are equal for all,
 * and there is nothing to do.
 *
 * Context: Any context.
 */
void __blk_integrity_prepare(struct request *rq)
{
	u64 physical = full_pi_ref_tag(rq);
	struct bio *bio;

	__rq_for_each_bio(bio, rq) {
		struct bio_integrity_payload *bip = bio_integrity(bio);
		const struct blk_integrity *bi = bip_geometry(bip, bio);
		unsigned int intervals;

		if (!bi || !bi->profile->remap_fn)
			return;

		intervals = bip_intervals(bip, bi, bio->bi_iter.bi_size);
		if (bip_get_seed(bip) != physical &&
		    !(bip->bip_flags & BIP_MAPPED_INTEGRITY))
			bip_remap(bio, intervals, bip_get_seed(bip), physical);
		bip->bip_flags |= BIP_MAPPED_INTEGRITY;
		physical += intervals;
	}
}

/**
 * __blk_integrity_complete() - renumber reference tags for the submitter
 * @rq: a read of which @nr_bytes have been transferred, not advanced yet
 * @nr_bytes: data bytes
 *
 * Context: Any context.
 */
void __blk_integrity_complete(struct request *rq, unsigned int nr_bytes)
{
	u64 physical = full_pi_ref_tag(rq);
	struct bio *bio;

	__rq_for_each_bio(bio, rq) {
		struct bio_integrity_payload *bip = bio_integrity(bio);
		const struct blk_integrity *bi = bip_geometry(bip, bio);
		unsigned int bytes = min(nr_bytes, bio->bi_iter.bi_size);
		unsigned int intervals;

		if (!bytes || !bi || !bi->profile->remap_fn)
			return;

		intervals = bip_intervals(bip, bi, bytes);
		if (bip_get_seed(bip) != physical)
			bip_remap(bio, intervals, physical, bip_get_seed(bip));
		physical += intervals;
		nr_bytes -= bytes;
	}
}
