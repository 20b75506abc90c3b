// SPDX-License-Identifier: GPL-2.0
/*
 * Second readings: before a read fails verification, its bad intervals are read
 * again into pages that nothing else can write.
 *
 * Most guard errors are not caused by a bad medium: the owner of the buffer
 * changed it while the device wrote to it, or one transfer went wrong.
 * Intervals that are good the second time are copied to the pages of the
 * reader.
 *
 * Each device does one second reading at a time, with memory that was allocated
 * with its format, so it allocates nothing and waits for nothing.  A work item
 * submits the bio and returns; the completion of the bio queues the work item
 * again.  The work item verifies by itself, so a second reading never causes a
 * third.
 */
#include <linux/blk-integrity.h>
#include <linux/slab.h>
#include <linux/wait_bit.h>

#include <trace/events/blk_integrity.h>

#include "bio-integrity-reread.h"
#include "blk.h"
#include "blk-pm.h"

/* Delay before a retry if a queue is frozen or has no free request. */
#define RETRY_DELAY	(HZ / 50)

/* Retries while reads that wait for second readings have objects of the reserve. */
#define MAX_RETRIES	16

static struct workqueue_struct *reread_wq __ro_after_init;

/*
 * What the reading waits for may itself wait for an object of the reserve: what
 * the freeze of a queue waits for, or bios that have all requests of the device.
 * Reads in line for their second readings have such objects.
 */
static bool must_not_wait(struct bio_integrity_reread *reread,
			  struct request_queue *q)
{
	reread->refused++;
	return atomic_read(&reread->kept) &&
	       (READ_ONCE(q->mq_freeze_depth) || reread->refused > MAX_RETRIES);
}

/* At least one, also while a stacked device changes its limits. */
static unsigned int block_intervals(struct bio_integrity_reread *reread)
{
	unsigned int bytes = bdev_logical_block_size(reread_bdev(reread));

	return max(bytes >> reread_geometry(reread)->interval_exp, 1U);
}

/* Handle a completed reading. */
static void take_reading(struct bio_integrity_reread *reread)
{
	struct block_device *bdev = reread_bdev(reread);
	blk_status_t status = reread->bio.bi_status;
	bool nowait = reread->bio.bi_opf & REQ_NOWAIT;

	/* The payload is embedded, so the bio must not free it. */
	reread->bio.bi_opf &= ~REQ_INTEGRITY;
	reread->bio.bi_integrity = NULL;
	bio_uninit(&reread->bio);

	if (status == BLK_STS_AGAIN && nowait) {
		if (must_not_wait(reread, bdev_get_queue(bdev))) {
			reread->blocked = true;
			return;
		}
		/* A suspended device resumes only on request. */
		blk_pm_resume_queue(false, bdev_get_queue(bdev));
		/* A split may have been the cause; one block is not split. */
		reread->max_span = min(reread->max_span,
				       block_intervals(reread));
		return;
	}
	reread->refused = 0;
	if (status) {
		reread_give_up(reread);
		return;
	}
	reread->reread += reread->run;
	reread_judge(reread);
}

static void reading_ended(struct bio *bio)
{
	struct bio_integrity_reread *reread = bio->bi_private;
	bool again = bio->bi_status == BLK_STS_AGAIN;
	unsigned long flags;

	/* Queue the work before another run of it can see the completion. */
	spin_lock_irqsave(&reread->lock, flags);
	reread->ended = true;
	queue_delayed_work(reread_wq, &reread->work, again ? RETRY_DELAY : 0);
	spin_unlock_irqrestore(&reread->lock, flags);
}

static void attach_metadata(struct bio_integrity_reread *reread, u64 number)
{
	struct bio_integrity_payload *from = &reread->obj->bip;
	struct bio_integrity_payload *bip = &reread->bip;
	unsigned int bytes = reread->span * from->bip_geometry.tuple_size;

	memset(bip, 0, sizeof(*bip));
	bio_integrity_attach(&reread->bio, bip, 1);
	bip->bip_geometry = from->bip_geometry;
	bip->bip_flags = from->bip_flags &
			 (BIP_NOCHECK_FLAGS | BIP_IP_CHECKSUM | BIP_CHECK_FLAGS);
	bip->bip_app_tag = from->bip_app_tag;
	bip->bip_app_mask = from->bip_app_mask;
	bvec_set_page(bip->bip_vec, reread->meta, bytes, 0);
	bip->bip_vcnt = 1;
	bip->bip_iter.bi_size = bytes;
	bip_set_seed(bip, number);
}

/*
 * Devices read whole logical blocks, so add the rest of those that the run is
 * in.  If a reading does not hold them all, shorten the run: its rest is read
 * afterwards.
 *
 * Return: %false if a reading does not even hold one block.
 */
static bool fit_blocks(struct bio_integrity_reread *reread)
{
	unsigned int block = block_intervals(reread);
	unsigned int max_span = round_down(reread->max_span, block);
	u64 number = reread->obj->first_interval + reread->next;

	if (!max_span)
		return false;
	reread->lead = number & (block - 1);
	reread->run = min(reread->run, max_span - reread->lead);
	reread->span = round_up(reread->lead + reread->run, block);
	return true;
}

/*
 * Do not wait if the device supports that: the worker may be the rescuer, and
 * the task that froze the queue may wait for a second reading of another
 * device.
 *
 * Return: %true if the reading was submitted and its completion queues the work;
 * %false if it was not, because the device has another format by now or its
 * blocks are too large.
 */
static bool start_reading(struct bio_integrity_reread *reread)
{
	struct block_device *bdev = reread_bdev(reread);
	const struct blk_integrity *bi = reread_geometry(reread);
	blk_opf_t opf = REQ_OP_READ | REQ_NOMERGE;
	struct bio *bio = &reread->bio;
	unsigned int bytes;
	u64 number;

	if (!blk_integrity_geometry_equal(bi,
					  &bdev_get_queue(bdev)->limits.integrity) ||
	    !fit_blocks(reread))
		return false;
	number = reread->obj->first_interval + reread->next - reread->lead;
	bytes = reread->span << bi->interval_exp;
	if (bdev_nowait(bdev))
		opf |= REQ_NOWAIT;
	/* A path that is down may never answer, so fail fast. */
	if (bdev->bd_disk->flags & GENHD_FL_HIDDEN)
		opf |= REQ_FAILFAST_DEV | REQ_FAILFAST_TRANSPORT |
		       REQ_FAILFAST_DRIVER;

	reread->ended = false;
	memset(page_address(reread->data), 0, bytes);
	memset(page_address(reread->meta), 0, reread->span * bi->tuple_size);
	bio_init(bio, bdev, &reread->data_vec, 1, opf);
	__bio_add_page(bio, reread->data, bytes, 0);
	bio->bi_iter.bi_sector = number << (bi->interval_exp - SECTOR_SHIFT);
	bio->bi_private = reread;
	bio->bi_end_io = reading_ended;
	attach_metadata(reread, number);
	submit_bio(bio);
	return true;
}

/*
 * Find a run of bad intervals from ->next on.  Return: %true if there is one.
 */
static bool find_run(struct bio_integrity_reread *reread)
{
	unsigned int end = reread_intervals(reread);
	struct blk_integrity_error err;

	if (reread->run)
		return true;
	while (reread->next < end && !reread_has_bad(reread, reread->next, &err))
		reread->next++;
	if (reread->next == end)
		return false;

	reread->run = 1;
	while (reread->run < min(reread->max_span, end - reread->next) &&
	       reread_has_bad(reread, reread->next + reread->run, &err))
		reread->run++;
	if (!reread->reread)
		reread->first = reread->next;
	reread->tries = reread->max_tries;
	return true;
}

static bool take_pending(struct bio_integrity_reread *reread)
{
	const struct blk_integrity *bi;
	struct blk_integrity_dev *idev;

	spin_lock_irq(&reread->lock);
	reread->obj = list_first_entry_or_null(&reread->pending,
					       struct bip_object, shared);
	if (reread->obj)
		list_del(&reread->obj->shared);
	spin_unlock_irq(&reread->lock);
	if (!reread->obj)
		return false;

	idev = bdev_get_queue(bip_object_bdev(reread->obj))->integrity_dev;
	/*
	 * Complete what has begun even if the policy was switched off
	 * meanwhile.
	 */
	reread->max_tries = max_t(unsigned int, READ_ONCE(idev->rereads), 1);
	bi = reread_geometry(reread);
	memset(&reread->err, 0, sizeof(reread->err));
	reread->next = 0;
	reread->run = 0;
	reread->max_span = min(PAGE_SIZE >> bi->interval_exp,
			       PAGE_SIZE / bi->tuple_size);
	reread->first = 0;
	reread->reread = 0;
	reread->healed = 0;
	reread->unstable = 0;
	reread->blocked = false;
	return true;
}

static void report(struct bio_integrity_reread *reread)
{
	struct block_device *bdev = bip_object_bdev(reread->obj);
	struct request_queue *q = bdev_get_queue(bdev);
	u64 number = reread->obj->first_interval + reread->first;

	if (!reread->reread)
		return;
	blk_integrity_count(q, BLK_INTEGRITY_REREAD, reread->reread);
	blk_integrity_count(q, BLK_INTEGRITY_HEALED, reread->healed);
	trace_blk_integrity_reread(bdev, number, reread->reread, reread->healed);
	if (reread->healed)
		blk_integrity_report_healed(bdev,
				number << (reread_geometry(reread)->interval_exp -
					   SECTOR_SHIFT),
				reread->healed, reread->unstable);
}

/* End the bio after all of its bad intervals have been read again. */
static void conclude(struct bio_integrity_reread *reread)
{
	struct bip_object *obj = reread->obj;
	bool kept = obj->reserve;

	report(reread);
	obj->err = reread->err;
	reread->obj = NULL;
	bip_object_end(obj);
	if (kept)
		atomic_dec(&reread->kept);
	if (atomic_dec_and_test(&reread->in_flight))
		wake_up_var(&reread->in_flight);
}

static bool reading_has_ended(struct bio_integrity_reread *reread)
{
	bool ended;

	spin_lock_irq(&reread->lock);
	ended = reread->ended;
	spin_unlock_irq(&reread->lock);
	return ended;
}

static void reread_work(struct work_struct *work)
{
	struct bio_integrity_reread *reread =
		container_of(to_delayed_work(work), struct bio_integrity_reread,
			     work);

	if (reread->obj) {
		/* Queued for another payload, which must wait for its turn? */
		if (!reading_has_ended(reread))
			return;
		take_reading(reread);
	}
	while (reread->obj || take_pending(reread)) {
		if (!find_run(reread)) {
			conclude(reread);
			continue;
		}
		if (!reread->blocked && start_reading(reread))
			return;
		reread_give_up(reread);
	}
}

/**
 * bio_integrity_reread() - start a second reading of intervals that failed
 * @obj: payload of a read that has failed
 *
 * Context: Any context.
 * Return: %true if the bio ends after a second reading; %false if the device
 *	does not make one.
 */
bool bio_integrity_reread(struct bip_object *obj)
{
	struct blk_integrity_dev *idev =
		bdev_get_queue(bip_object_bdev(obj))->integrity_dev;
	struct bio_integrity_reread *reread = READ_ONCE(idev->reread);
	unsigned long flags;

	if (!reread || !READ_ONCE(idev->rereads))
		return false;
	bip_object_leave_path(obj);
	atomic_inc(&reread->in_flight);
	if (obj->reserve)
		atomic_inc(&reread->kept);
	spin_lock_irqsave(&reread->lock, flags);
	list_add_tail(&obj->shared, &reread->pending);
	queue_delayed_work(reread_wq, &reread->work, 0);
	spin_unlock_irqrestore(&reread->lock, flags);
	return true;
}

/**
 * blk_integrity_drain() - wait for the second readings of a disk
 * @disk: a dead disk, whose readings fail
 *
 * Context: Process context.  May sleep.
 */
void blk_integrity_drain(struct gendisk *disk)
{
	struct blk_integrity_dev *idev = disk->queue->integrity_dev;
	struct bio_integrity_reread *reread = idev ? idev->reread : NULL;

	if (!reread)
		return;
	wait_var_event(&reread->in_flight, !atomic_read(&reread->in_flight));
	flush_delayed_work(&reread->work);
}

static void reread_free(struct bio_integrity_reread *reread)
{
	if (reread->data)
		__free_page(reread->data);
	if (reread->meta)
		__free_page(reread->meta);
	kfree(reread);
}

/**
 * blk_integrity_reread_init() - allocate the state of second readings of a
 *	device
 * @idev: integrity state of a queue that gets a format
 *
 * If the allocation fails, the device makes no second readings.
 *
 * Context: Process context, one caller at a time.  May sleep, but does no I/O.
 */
void blk_integrity_reread_init(struct blk_integrity_dev *idev)
{
	struct bio_integrity_reread *reread;

	if (idev->reread)
		return;
	reread = kzalloc(struct_size(reread, bip.bip_inline_vecs, 1), GFP_NOIO);
	if (!reread)
		return;
	reread->data = alloc_page(GFP_NOIO);
	reread->meta = alloc_page(GFP_NOIO);
	spin_lock_init(&reread->lock);
	INIT_LIST_HEAD(&reread->pending);
	INIT_DELAYED_WORK(&reread->work, reread_work);
	if (!reread->data || !reread->meta) {
		reread_free(reread);
		return;
	}
	/* Pairs with READ_ONCE() in bio_integrity_reread(). */
	smp_store_release(&idev->reread, reread);
}

/**
 * blk_integrity_reread_exit() - free the state of second readings of a device
 * @idev: integrity state of a queue that is being freed
 *
 * Context: Process context.  May sleep.
 */
void blk_integrity_reread_exit(struct blk_integrity_dev *idev)
{
	if (!idev->reread)
		return;
	cancel_delayed_work_sync(&idev->reread->work);
	reread_free(idev->reread);
	idev->reread = NULL;
}

/**
 * bio_integrity_reread_setup() - allocate the workqueue of second readings
 *
 * WQ_MEM_RECLAIM, because swapping in may wait for a second reading.
 *
 * Context: Boot.
 */
void __init bio_integrity_reread_setup(void)
{
	reread_wq = alloc_workqueue("kintegrityd_reread",
				    WQ_MEM_RECLAIM | WQ_HIGHPRI | WQ_UNBOUND, 0);
	if (!reread_wq)
		panic("blk-integrity: no memory for second readings\n");
}
