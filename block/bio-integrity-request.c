// SPDX-License-Identifier: GPL-2.0
/*
 * Bios that become requests: protected before they wait for a request, or, if
 * there is no memory, as soon as they have it and wait for nothing else.
 */

#include <linux/bio-integrity.h>
#include <linux/blk-integrity.h>
#include <linux/kref.h>
#include <linux/sched/mm.h>
#include <linux/slab.h>
#include <linux/workqueue.h>

#include <trace/events/block.h>

#include "bio-integrity-arrival.h"
#include "bio-integrity-internal.h"
#include "blk.h"
#include "blk-cgroup.h"

/*
 * Submit a bio before those that are on the list: they may wait for the end of
 * a bio that @bio is the rest of, or be the rest of @bio.
 */
static void submit_first(struct bio *bio)
{
	if (current->bio_list)
		bio_list_add_head(&current->bio_list[0], bio);
	else
		submit_bio_noacct_nocheck(bio);
}

/**
 * struct bip_parts - bios for the parts of bios that are too large for a reserve
 * @bios: the bios
 * @ref: held by the device and by each bio: after a failover, one may end after
 *	the path that it is from has been removed
 * @work: frees @bios: the last reference can be dropped in an interrupt, and
 *	bioset_exit() may sleep
 */
struct bip_parts {
	struct bio_set bios;
	struct kref ref;
	struct work_struct work;
};

static void free_parts(struct work_struct *work)
{
	struct bip_parts *parts = container_of(work, struct bip_parts, work);

	bioset_exit(&parts->bios);
	kfree(parts);
}

static void release_parts(struct kref *ref)
{
	queue_work(blk_integrity_events_wq,
		   &container_of(ref, struct bip_parts, ref)->work);
}

static void put_parts(struct bip_parts *parts)
{
	kref_put(&parts->ref, release_parts);
}

/**
 * bip_parts_create() - allocate a device's bios for parts, if it has none
 * @idev: integrity state of a queue that is not frozen
 *
 * bioset_init() takes a lock under which others allocate memory, and wait for
 * I/O that frees some.  So nothing that I/O waits for may be held.
 *
 * Context: Process context.  May sleep.
 */
void bip_parts_create(struct blk_integrity_dev *idev)
{
	struct bip_parts *parts;

	if (READ_ONCE(idev->parts))
		return;
	parts = kzalloc(sizeof(*parts), GFP_KERNEL);
	if (!parts)
		return;
	if (bioset_init(&parts->bios, BIO_POOL_SIZE, 0, 0)) {
		kfree(parts);
		return;
	}
	bioset_integrity_create_split(&parts->bios);
	kref_init(&parts->ref);
	INIT_WORK(&parts->work, free_parts);
	/* Pairs with the acquire in parts_for(). */
	if (cmpxchg_release(&idev->parts, NULL, parts))
		put_parts(parts);
}

static void create_parts(struct work_struct *work)
{
	bip_parts_create(container_of(work, struct blk_integrity_dev, parts_work));
}

/**
 * bip_parts_want() - have a work item allocate bios for parts
 * @idev: integrity state of a queue that is in use, and may be frozen
 *
 * Until then a bio that is too large for the reserve waits for memory.
 *
 * Context: Process context.
 */
void bip_parts_want(struct blk_integrity_dev *idev)
{
	if (!READ_ONCE(idev->parts))
		queue_work(blk_integrity_events_wq, &idev->parts_work);
}

/**
 * bip_parts_init() - prepare the allocation of bios for parts
 * @idev: integrity state of a new queue
 *
 * Context: Any context.
 */
void bip_parts_init(struct blk_integrity_dev *idev)
{
	INIT_WORK(&idev->parts_work, create_parts);
}

/**
 * bip_parts_exit() - free the bios for parts as soon as none is in use
 * @idev: integrity state of a queue that is being freed
 *
 * Context: Process context.  May sleep.
 */
void bip_parts_exit(struct blk_integrity_dev *idev)
{
	cancel_work_sync(&idev->parts_work);
	if (idev->parts)
		put_parts(idev->parts);
}

/*
 * Complete a part as bio_chain() would have it, and drop its reference.  If it is
 * what ends the bio, the path of the bio may be gone, but not that of the part.
 */
static void part_ended(struct bio *part)
{
	struct bip_parts *parts = container_of(part->bi_pool, struct bip_parts, bios);
	struct block_device *bdev = part->bi_bdev;
	struct bio *bio = part->bi_private;

	if (part->bi_status && !bio->bi_status)
		bio->bi_status = part->bi_status;
	bio_put(part);
	put_parts(parts);
	if (!atomic_dec_and_test(&bio->__bi_remaining))
		return;
	bio_clear_flag(bio, BIO_CHAIN);
	bio->bi_bdev = bdev;
	bio_endio(bio);
}

/* Return: bios for parts of @bio; NULL if it must not be split. */
static struct bip_parts *parts_for(struct bio *bio)
{
	struct blk_integrity_dev *idev = bdev_get_queue(bio->bi_bdev)->integrity_dev;

	if (bio_op(bio) != REQ_OP_READ && bio_op(bio) != REQ_OP_WRITE)
		return NULL;
	/* Pairs with the release in bip_parts_create(). */
	return smp_load_acquire(&idev->parts);
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
	unsigned int sectors = bio_integrity_kept_sectors(q);
	struct bip_parts *parts = parts_for(bio);
	struct bio *first;

	if (!sectors || !parts || bio_sectors(bio) <= sectors ||
	    bio->bi_opf & REQ_ATOMIC)
		return bio;

	first = bio_split(bio, sectors, GFP_NOIO, &parts->bios);
	if (!first)
		return bio;
	kref_get(&parts->ref);
	first->bi_opf |= REQ_NOMERGE;
	blkcg_bio_issue_init(first);
	bio_chain(first, bio);
	first->bi_end_io = part_ended;
	trace_block_split(first, bio->bi_iter.bi_sector);
	submit_first(bio);
	/* It fits: this counts segments. */
	bio_split_rw_at(first, &q->limits, nr_segs, sectors << SECTOR_SHIFT);
	return first;
}

/*
 * There is no memory, and the bio may have to wait for a request: do not hold an
 * object of the reserve meanwhile.  A polled bio would hold one until it is
 * polled, by a task that may itself wait for memory.
 */
static noinline struct bio *postpone(struct bio *bio, unsigned int *nr_segs,
				     bool has_request)
{
	struct bio_integrity_payload *bip;

	if (bio->bi_opf & REQ_POLLED) {
		/* The request is of a queue that is polled. */
		if (has_request) {
			bio_wouldblock_error(bio);
			return NULL;
		}
		bio_clear_polled(bio);
	}
	bio = split_kept(bio, nr_segs);
	bip = bio_integrity(bio);
	if (bip) {
		bip->bip_flags |= BIP_AWAITS_COPY;
	} else {
		bio->bi_integrity = NULL;
		bio->bi_opf |= REQ_INTEGRITY;
	}
	return bio;
}

/**
 * bio_integrity_begin() - protect a bio before it has a request
 * @bio: bio with device, operation, position and data, that fits the limits
 * @q: queue of the device
 * @nr_segs: number of data segments; changed if the bio is split
 * @has_request: the bio will use a request that was allocated before
 * @arrival: what @bio was when it arrived.  If it was not examined, or for another
 *	format, the format has changed since, and @bio is submitted again.
 *
 * As bio_integrity_prep(), but does not wait for the reserve, because the bio
 * may still be throttled or wait for a request.  If an allocation fails, a bio
 * that is too large for the reserve is split, and bio_integrity_finish()
 * attaches the payload.
 *
 * Context: Process context.  May sleep, but does no I/O.
 * Return: the bio to go on with; NULL if it has been ended with an error or
 *	submitted again.
 */
struct bio *bio_integrity_begin(struct bio *bio, struct request_queue *q,
				unsigned int *nr_segs, bool has_request,
				unsigned int arrival)
{
	int err;

	if (arrival != bio_integrity_examination(q)) {
		submit_first(bio);
		return NULL;
	}
	err = bio_integrity_prepare(bio, false);
	if (err == -EAGAIN && !(bio->bi_opf & REQ_NOWAIT))
		return postpone(bio, nr_segs, has_request);
	if (err) {
		bio_integrity_end_error(bio, err);
		return NULL;
	}
	if (has_request || !bio_may_be_refused(bio))
		bio_integrity_generate_pending(bio);
	return bio;
}

/*
 * Writes to a zone are issued one after the other.  Have @rq, which is freed
 * without the bio, start the next one.
 */
static void release_zone(struct bio *bio, struct request *rq)
{
	if (!bio_zone_write_plugging(bio))
		return;
	rq->__sector = bio->bi_iter.bi_sector;
	/* The next one must not be merged with @rq. */
	rq->cmd_flags |= REQ_NOMERGE;
	blk_zone_write_plug_init_request(rq);
}

/**
 * __bio_integrity_finish() - complete what bio_integrity_begin() postponed
 * @bio: bio that does not wait for anything else
 * @rq: the request allocated for @bio, without bios yet
 *
 * Context: Process context.  May sleep, but does no I/O.
 * Return: %true to go on; %false if the bio has been ended with an error.
 */
bool __bio_integrity_finish(struct bio *bio, struct request *rq)
{
	const struct bio_integrity_payload *bip = bio_integrity(bio);

	if (!bip || bip->bip_flags & BIP_AWAITS_COPY) {
		int err = bio_integrity_prepare(bio, true);

		if (err) {
			release_zone(bio, rq);
			bio_integrity_end_error(bio, err);
			return false;
		}
		/* A policy may exclude the bio by now. */
		if (!bio_integrity(bio))
			rq->cmd_flags &= ~REQ_INTEGRITY;
	}
	bio_integrity_generate_pending(bio);
	return true;
}
