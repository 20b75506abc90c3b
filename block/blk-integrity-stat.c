// SPDX-License-Identifier: GPL-2.0
/*
 * Errors and counters: the record of a bio, the counters of a queue, and the
 * report of an error by tracepoint, rate-limited line and uevent.
 */

#include <linux/blk-integrity.h>
#include <linux/export.h>
#include <linux/percpu.h>
#include <linux/ratelimit.h>
#include <linux/sysfs.h>
#include <linux/workqueue.h>

#include "blk.h"
#include "blk-integrity-dev.h"

#define CREATE_TRACE_POINTS
#include <trace/events/blk_integrity.h>

/* An error is reported to user space if there was none for this time. */
#define QUIET_TIME	(60 * HZ)

struct tag_words {
	const char *name;
	const char *place;
	enum blk_integrity_counter counter;
};

/* Test suites match these words, which Linux 6.12 prints too. */
static const struct tag_words tag_words[BLK_INTEGRITY_NR_TAGS] = {
	[BLK_INTEGRITY_TAG_GUARD] = {
		"guard", "sector", BLK_INTEGRITY_GUARD_ERRORS,
	},
	[BLK_INTEGRITY_TAG_APP] = {
		"app", "sector", BLK_INTEGRITY_APP_ERRORS,
	},
	[BLK_INTEGRITY_TAG_REF] = {
		"ref", "location", BLK_INTEGRITY_REF_ERRORS,
	},
	[BLK_INTEGRITY_TAG_UNKNOWN] = {
		"unknown", "sector", BLK_INTEGRITY_DEVICE_ERRORS,
	},
};

/**
 * blk_integrity_fail() - record that an interval failed verification
 * @xchg: the run
 * @i: index of the interval in the run; calls must be in ascending order
 * @tag: the tag that is wrong
 * @expected: what it should be
 * @found: what it is
 *
 * For verify_fn of profiles.
 *
 * Context: Any context.
 */
void blk_integrity_fail(struct blk_integrity_exchg *xchg, unsigned int i,
			enum blk_integrity_tag tag, u64 expected, u64 found)
{
	struct blk_integrity_error err = {
		.tag = tag,
		.origin = BLK_INTEGRITY_ORIGIN_HOST,
		.interval = xchg->interval + i,
		.sector = (xchg->interval + i) <<
			  (xchg->bi->interval_exp - SECTOR_SHIFT),
		.expected = expected,
		.found = found,
	};

	err.intervals[tag] = 1;
	blk_integrity_error_merge(xchg->err, &err);
}
EXPORT_SYMBOL_GPL(blk_integrity_fail);

/**
 * blk_integrity_error_merge() - add errors of a bio to its record
 * @err: errors so far
 * @more: errors of other intervals
 *
 * Context: Any context; the caller serializes.
 */
void blk_integrity_error_merge(struct blk_integrity_error *err,
			       const struct blk_integrity_error *more)
{
	struct blk_integrity_error sum = *err;

	if (!blk_integrity_failed(more))
		return;
	if (!blk_integrity_failed(err) || more->interval < err->interval)
		sum = *more;
	for (int tag = 0; tag < BLK_INTEGRITY_NR_TAGS; tag++)
		sum.intervals[tag] = err->intervals[tag] + more->intervals[tag];
	*err = sum;
}

/**
 * blk_integrity_counter() - read a counter
 * @idev: integrity state of a queue
 * @counter: which
 *
 * Context: Any context.
 * Return: the sum over all CPUs.
 */
u64 blk_integrity_counter(const struct blk_integrity_dev *idev,
			  enum blk_integrity_counter counter)
{
	struct blk_integrity_counters __percpu *counters =
		READ_ONCE(idev->counters);
	u64 sum = atomic64_read(&idev->early[counter]);
	int cpu;

	if (!counters)
		return sum;
	for_each_possible_cpu(cpu)
		sum += per_cpu_ptr(counters, cpu)->count[counter];
	return sum;
}

/**
 * blk_integrity_reset_counters() - set all counters of a queue to 0
 * @idev: integrity state of a queue without I/O
 *
 * Context: Any context.
 */
void blk_integrity_reset_counters(struct blk_integrity_dev *idev)
{
	struct blk_integrity_counters __percpu *counters =
		READ_ONCE(idev->counters);
	int cpu;

	for (int i = 0; i < BLK_INTEGRITY_NR_COUNTERS; i++)
		atomic64_set(&idev->early[i], 0);
	if (counters)
		for_each_possible_cpu(cpu)
			memset(per_cpu_ptr(counters, cpu), 0, sizeof(*counters));
	idev->last_error = 0;
	atomic_set(&idev->log_suppressed, 0);
}

static const char *const counter_names[BLK_INTEGRITY_NR_COUNTERS] = {
	[BLK_INTEGRITY_GENERATED]	= "generated_intervals",
	[BLK_INTEGRITY_VERIFIED]	= "verified_intervals",
	[BLK_INTEGRITY_ESCAPED]		= "escaped_intervals",
	[BLK_INTEGRITY_UNCHECKED]	= "unchecked_intervals",
	[BLK_INTEGRITY_GUARD_ERRORS]	= "guard_errors",
	[BLK_INTEGRITY_APP_ERRORS]	= "app_errors",
	[BLK_INTEGRITY_REF_ERRORS]	= "ref_errors",
	[BLK_INTEGRITY_DEVICE_ERRORS]	= "device_errors",
	[BLK_INTEGRITY_REMAPPED]	= "remapped_intervals",
	[BLK_INTEGRITY_STRADDLED]	= "straddled_intervals",
	[BLK_INTEGRITY_BOUNCED]		= "bounced_buffers",
	[BLK_INTEGRITY_RESERVE_USES]	= "reserve_uses",
	[BLK_INTEGRITY_INLINE_VERIFIES]	= "inline_verifies",
	[BLK_INTEGRITY_REREAD]		= "reread_intervals",
	[BLK_INTEGRITY_HEALED]		= "healed_intervals",
	[BLK_INTEGRITY_COPIED_WRITES]	= "copied_writes",
	[BLK_INTEGRITY_COPY_FALLBACKS]	= "copy_fallbacks",
	[BLK_INTEGRITY_ALIGNED_COPIES]	= "aligned_copies",
};

/**
 * blk_integrity_show_counters() - print all counters of a queue
 * @idev: its integrity state
 * @page: page to print to
 *
 * Context: Process context.
 * Return: length of the text in bytes.
 */
ssize_t blk_integrity_show_counters(const struct blk_integrity_dev *idev,
				    char *page)
{
	int len = 0;

	for (int i = 0; i < BLK_INTEGRITY_NR_COUNTERS; i++)
		len += sysfs_emit_at(page, len, "%s %llu\n", counter_names[i],
				     blk_integrity_counter(idev, i));
	return len;
}

static void report_uevent(struct gendisk *disk)
{
	struct gendisk *head = READ_ONCE(disk->queue->integrity_dev->reports_to);
	unsigned long now = jiffies ?: 1;
	unsigned long last;

	if (head)
		disk = head;
	last = xchg(&disk->queue->integrity_dev->last_error, now);
	if (last && now - last < QUIET_TIME)
		return;
	blk_integrity_queue_event(disk, BLK_INTEGRITY_EVENT_ERROR);
}

static void report_line(struct blk_integrity_dev *idev, struct gendisk *disk,
			const struct blk_integrity_error *err)
{
	const struct tag_words *words = &tag_words[err->tag];

	if (!__ratelimit(&idev->log)) {
		atomic_inc(&idev->log_suppressed);
		return;
	}
	pr_err("%pg: %s tag error at %s %llu (interval %llu, expected 0x%llx, found 0x%llx, %d bios suppressed)\n",
	       disk->part0, words->name, words->place,
	       err->tag == BLK_INTEGRITY_TAG_REF ? err->interval : (u64)err->sector,
	       err->interval, err->expected, err->found,
	       atomic_xchg(&idev->log_suppressed, 0));
}

/**
 * blk_integrity_report() - count, trace and log a bio that failed verification
 * @bdev: device of the read
 * @err: its error record
 *
 * Context: Any context.
 */
void blk_integrity_report(struct block_device *bdev,
			  const struct blk_integrity_error *err)
{
	struct request_queue *q = bdev_get_queue(bdev);
	struct gendisk *disk = bdev->bd_disk;

	for (int tag = 0; tag < BLK_INTEGRITY_NR_TAGS; tag++)
		blk_integrity_count(q, tag_words[tag].counter,
				    err->intervals[tag]);
	trace_blk_integrity_error(disk, err);
	report_line(q->integrity_dev, disk, err);
	report_uevent(disk);
}

/**
 * blk_integrity_report_healed() - log a read that was good the second time
 * @bdev: device of the read
 * @sector: first sector that was read again
 * @healed: intervals that were good the second time
 * @unstable: of these, intervals with the same metadata both times
 *
 * This is an early sign of a bad cable, or of a program that changes a buffer
 * while the device writes to it.
 *
 * Context: Any context.
 */
void blk_integrity_report_healed(struct block_device *bdev, sector_t sector,
				 unsigned int healed, unsigned int unstable)
{
	pr_notice_ratelimited("%pg: %u intervals from sector %llu failed verification once and were good when read again, %u of them with the same tuple\n",
			      bdev->bd_disk->part0, healed, (u64)sector,
			      unstable);
}

/**
 * blk_integrity_device_error() - count, trace and announce an error that a
 *	device found
 * @rq: request that device or adapter failed with BLK_STS_PROTECTION
 *
 * The block layer or the driver logs such an error anyway.
 *
 * Context: Any context.
 */
void blk_integrity_device_error(struct request *rq)
{
	struct blk_integrity_error err = {
		.tag = BLK_INTEGRITY_TAG_UNKNOWN,
		.origin = BLK_INTEGRITY_ORIGIN_DEVICE,
		.interval = full_pi_ref_tag(rq),
		.sector = blk_rq_pos(rq),
	};

	blk_integrity_count(rq->q, BLK_INTEGRITY_DEVICE_ERRORS, 1);
	/* The position of a passthrough request is not known. */
	if (!rq->q->disk || blk_rq_is_passthrough(rq))
		return;
	trace_blk_integrity_error(rq->q->disk, &err);
	if (rq->q->integrity_dev)
		report_uevent(rq->q->disk);
}

static void counters_work(struct work_struct *work)
{
	struct blk_integrity_dev *idev =
		container_of(work, struct blk_integrity_dev, counters_work);
	struct blk_integrity_counters __percpu *counters =
		alloc_percpu(struct blk_integrity_counters);

	if (!counters)
		return;
	/* Pairs with READ_ONCE() in blk_integrity_count(). */
	smp_store_release(&idev->counters, counters);
}

/**
 * blk_integrity_stat_init() - prepare counters and reports of a queue
 * @idev: its integrity state, zeroed
 *
 * Cannot fail: until counters per CPU are allocated, all CPUs share one set.
 *
 * Context: Process context.  Does not sleep.
 */
void blk_integrity_stat_init(struct blk_integrity_dev *idev)
{
	ratelimit_state_init(&idev->log, DEFAULT_RATELIMIT_INTERVAL,
			     DEFAULT_RATELIMIT_BURST);
	/* The next line has the number of suppressed ones. */
	ratelimit_set_flags(&idev->log, RATELIMIT_MSG_ON_RELEASE);
	INIT_WORK(&idev->counters_work, counters_work);

	/*
	 * Do not wait for the mutex of the allocator: its holder may wait for
	 * I/O, and the queue may be frozen.  If the few per-CPU areas that the
	 * allocator keeps populated are used up, a work item allocates later.
	 */
	idev->counters = alloc_percpu_gfp(struct blk_integrity_counters,
					  GFP_NOWAIT | __GFP_ZERO | __GFP_NOWARN);
	if (!idev->counters)
		queue_work(blk_integrity_events_wq, &idev->counters_work);
}

/**
 * blk_integrity_stat_exit() - free counters of a queue that is going away
 * @idev: its integrity state
 *
 * Context: Process context.  May sleep.
 */
void blk_integrity_stat_exit(struct blk_integrity_dev *idev)
{
	cancel_work_sync(&idev->counters_work);
	free_percpu(idev->counters);
}
