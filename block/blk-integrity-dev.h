/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Integrity state of a device, and what only the data integrity files call.
 */
#ifndef BLK_INTEGRITY_DEV_H
#define BLK_INTEGRITY_DEV_H

#include <linux/atomic.h>
#include <linux/bio.h>
#include <linux/blk-integrity.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/percpu.h>
#include <linux/ratelimit_types.h>
#include <linux/sizes.h>
#include <linux/spinlock_types.h>
#include <linux/workqueue_types.h>

#include "blk-integrity-internal.h"

#ifdef CONFIG_BLK_DEV_INTEGRITY

struct logical_block_metadata_cap;

/**
 * enum blk_integrity_counter - counters of each queue
 * @BLK_INTEGRITY_GENERATED: intervals protected
 * @BLK_INTEGRITY_VERIFIED: intervals checked
 * @BLK_INTEGRITY_ESCAPED: intervals that an escape exempted from the check
 * @BLK_INTEGRITY_UNCHECKED: intervals neither protected nor checked, because
 *	the administrator or the driver disabled it
 * @BLK_INTEGRITY_GUARD_ERRORS: intervals with a wrong guard
 * @BLK_INTEGRITY_APP_ERRORS: intervals with a wrong application tag
 * @BLK_INTEGRITY_REF_ERRORS: intervals with a wrong reference tag
 * @BLK_INTEGRITY_DEVICE_ERRORS: requests that the device or the host adapter
 *	failed because of their protection information
 * @BLK_INTEGRITY_REMAPPED: intervals whose reference tag was renumbered
 * @BLK_INTEGRITY_STRADDLED: intervals that were gathered because their data or
 *	metadata straddles vectors
 * @BLK_INTEGRITY_BOUNCED: buffers with metadata of users or submitters that
 *	were copied
 * @BLK_INTEGRITY_RESERVE_USES: bios that were served by the reserve because an
 *	allocation failed
 * @BLK_INTEGRITY_INLINE_VERIFIES: bios verified in the completing context
 * @BLK_INTEGRITY_REREAD: intervals read again because they failed verification
 * @BLK_INTEGRITY_HEALED: intervals that were good when they were read again
 * @BLK_INTEGRITY_COPIED_WRITES: writes that were sent as copies because their
 *	data could change
 * @BLK_INTEGRITY_COPY_FALLBACKS: such writes for which no copy could be
 *	allocated
 * @BLK_INTEGRITY_ALIGNED_COPIES: reads and writes that were sent as copies
 *	because the device does not accept intervals that are split in memory
 * @BLK_INTEGRITY_NR_COUNTERS: number of counters
 */
enum blk_integrity_counter {
	BLK_INTEGRITY_GENERATED,
	BLK_INTEGRITY_VERIFIED,
	BLK_INTEGRITY_ESCAPED,
	BLK_INTEGRITY_UNCHECKED,
	BLK_INTEGRITY_GUARD_ERRORS,
	BLK_INTEGRITY_APP_ERRORS,
	BLK_INTEGRITY_REF_ERRORS,
	BLK_INTEGRITY_DEVICE_ERRORS,
	BLK_INTEGRITY_REMAPPED,
	BLK_INTEGRITY_STRADDLED,
	BLK_INTEGRITY_BOUNCED,
	BLK_INTEGRITY_RESERVE_USES,
	BLK_INTEGRITY_INLINE_VERIFIES,
	BLK_INTEGRITY_REREAD,
	BLK_INTEGRITY_HEALED,
	BLK_INTEGRITY_COPIED_WRITES,
	BLK_INTEGRITY_COPY_FALLBACKS,
	BLK_INTEGRITY_ALIGNED_COPIES,
	BLK_INTEGRITY_NR_COUNTERS,
};

/**
 * struct blk_integrity_counters - the counters of one CPU
 * @count: by &enum blk_integrity_counter
 */
struct blk_integrity_counters {
	u64 count[BLK_INTEGRITY_NR_COUNTERS];
};

/**
 * struct blk_integrity_dev - integrity state of a queue
 * @read_verify: policy: verify reads
 * @write_generate: policy: protect writes
 * @report_only: policy: deliver data that fails verification
 * @copy_unstable: policy: copy writes whose data may change
 * @rereads: policy: how often intervals that fail verification are read again,
 *	0 to %BLK_INTEGRITY_MAX_REREADS
 * @inline_bytes: policy: size in bytes of the largest read that is verified in
 *	the completing context if that context allows it, or
 *	%BIO_INTEGRITY_INLINE_AUTO
 * @can_generate: format and driver let the block layer protect writes
 * @can_verify: format lets the block layer check reads
 * @excludable: the format has no metadata but tuples that the block layer can
 *	check, so that policies can exclude a bio
 * @excluded_ops: what they exclude, if @excludable; a bit by &enum req_op
 * @counters: per CPU; %NULL until they are allocated
 * @early: counts from before @counters were allocated
 * @counters_work: allocates @counters
 * @log: limits the lines that verification errors print
 * @log_suppressed: bios with errors that were not logged since the last line
 * @last_error: time of the last error in jiffies; 0 before the first one
 * @reports_to: disk that sends error events for this one; NULL: itself
 * @profile: profile of the limits in force; its owner is held
 * @reserve_lock: serialises allocation and replacement of the next three
 * @reserve: payloads for I/O whose allocation fails; NULL before the first use
 * @owned_reserve: payloads for submitters; NULL before the first use
 * @reread: second readings; NULL before the first use
 * @parts: bios for the parts of a bio that is too large for @reserve; NULL until
 *	they are allocated
 * @parts_work: allocates @parts
 * @event_lock: protects @event_disk and @events
 * @event_disk: disk of @events, with a reference; NULL if no event is pending
 * @events: pending &enum blk_integrity_event
 * @event_work: handles @events
 *
 * Allocated when a queue first has a profile or a policy, and freed with the
 * queue, so that it survives every change of the profile by the driver.
 * Policies, counters and events belong to the disk: they are reset for the next
 * disk of the queue.
 */
struct blk_integrity_dev {
	u32 read_verify;
	u32 write_generate;
	u32 report_only;
	u32 copy_unstable;
	u32 rereads;
	u32 inline_bytes;
	bool can_generate;
	bool can_verify;
	bool excludable;
	u64 excluded_ops;
	struct blk_integrity_counters __percpu *counters;
	atomic64_t early[BLK_INTEGRITY_NR_COUNTERS];
	struct work_struct counters_work;
	struct ratelimit_state log;
	atomic_t log_suppressed;
	unsigned long last_error;
	struct gendisk *reports_to;
	const struct blk_integrity_profile *profile;
	struct mutex reserve_lock;	/* for the next three */
	struct blk_integrity_reserve __rcu *reserve;
	struct blk_integrity_reserve __rcu *owned_reserve;
	struct bio_integrity_reread *reread;
	struct bip_parts *parts;
	struct work_struct parts_work;
	spinlock_t event_lock;	/* for event_disk and events */
	struct gendisk *event_disk;
	unsigned int events;
	struct work_struct event_work;
};

/* The bit of an operation in &blk_integrity_dev.excluded_ops. */
static inline u64 blk_integrity_op_bit(enum req_op op)
{
	return BIT_ULL((__force u32)op);
}

/**
 * enum blk_integrity_event - events of a disk that a work item handles
 * @BLK_INTEGRITY_EVENT_ERROR: the block layer or the device found an error, the
 *	first one for a while
 * @BLK_INTEGRITY_EVENT_FORMAT: the format changed to one with or without
 *	metadata
 */
enum blk_integrity_event {
	BLK_INTEGRITY_EVENT_ERROR	= BIT(0),
	BLK_INTEGRITY_EVENT_FORMAT	= BIT(1),
};

/* bio-integrity-pool.c */
void bioset_integrity_create_split(struct bio_set *bs);

/* bio-integrity-prep.c */
void blk_integrity_update_excluded(struct blk_integrity_dev *idev);

/* bio-integrity-object.c */
unsigned int bio_integrity_max_buf_bytes(const struct queue_limits *lim);
unsigned int bio_integrity_max_kept_bytes(const struct queue_limits *lim);

/* bio-integrity-reserve.c */
int blk_integrity_reserve_resize(struct request_queue *q,
		const struct queue_limits *lim);
void blk_integrity_reserve_free(struct blk_integrity_dev *idev);
void blk_integrity_reserve_exit(struct blk_integrity_dev *idev);

/*
 * Verification in the completing context delays softirqs: by half a millisecond
 * with the slowest guard, a table of bytes.
 */
#define BIO_INTEGRITY_MAX_INLINE_BYTES	SZ_128K

/* Value of inline_bytes that leaves the decision to each completion. */
#define BIO_INTEGRITY_INLINE_AUTO	U32_MAX

/*
 * Host adapters and controllers can insert and strip tuples, but not metadata
 * that is larger than a tuple.
 */
static inline bool blk_integrity_is_tuple_only(const struct blk_integrity *bi)
{
	return bi->tuple_size == bi->profile->tuple_size;
}

/* blk-integrity-profile.c */
unsigned int blk_integrity_data_sectors(const struct queue_limits *lim,
		unsigned int bytes);
struct blk_integrity_dev *blk_integrity_get_dev(struct request_queue *q);

/*
 * Set in queue limits if the core, not the driver, requests stable pages.  The
 * flags of <linux/blkdev.h> begin at bit 0.
 */
#define BLK_FLAG_INTEGRITY_STABLE	((__force blk_flags_t)(1u << 31))

/* Take another reference to a profile that a queue or a payload holds. */
static inline void
blk_integrity_profile_get(const struct blk_integrity_profile *profile)
{
	if (profile && profile->owner)
		__module_get(profile->owner);
}

static inline void
blk_integrity_profile_put(const struct blk_integrity_profile *profile)
{
	if (profile && profile->owner)
		module_put(profile->owner);
}

/* t10-pi.c */
const struct blk_integrity_profile *
blk_integrity_builtin_profile(const struct blk_integrity *bi);

#define BLK_INTEGRITY_NR_BUILTIN	7
extern const struct blk_integrity_profile
blk_integrity_builtin_profiles[BLK_INTEGRITY_NR_BUILTIN];

/**
 * blk_integrity_is_builtin_profile() - test whether a profile is built in
 * @prof: a profile
 *
 * Context: Any context.
 * Return: %true if blk_integrity_builtin_profile() can return it.
 */
static inline bool
blk_integrity_is_builtin_profile(const struct blk_integrity_profile *prof)
{
	return prof >= blk_integrity_builtin_profiles &&
	       prof < blk_integrity_builtin_profiles + BLK_INTEGRITY_NR_BUILTIN;
}

/* bio-integrity-reread.c */
#define BLK_INTEGRITY_MAX_REREADS	3
void blk_integrity_reread_init(struct blk_integrity_dev *idev);
void blk_integrity_reread_exit(struct blk_integrity_dev *idev);

/* blk-integrity-event.c */
extern struct workqueue_struct *blk_integrity_events_wq;
void blk_integrity_event_setup(void);
void blk_integrity_event_init(struct blk_integrity_dev *idev);
void blk_integrity_queue_event(struct gendisk *disk,
		enum blk_integrity_event event);

/* blk-integrity-stat.c */
void blk_integrity_stat_init(struct blk_integrity_dev *idev);
void blk_integrity_stat_exit(struct blk_integrity_dev *idev);
void blk_integrity_reset_counters(struct blk_integrity_dev *idev);
u64 blk_integrity_counter(const struct blk_integrity_dev *idev,
		enum blk_integrity_counter counter);
ssize_t blk_integrity_show_counters(const struct blk_integrity_dev *idev,
		char *page);
void blk_integrity_error_merge(struct blk_integrity_error *err,
		const struct blk_integrity_error *more);
void blk_integrity_report(struct block_device *bdev,
		const struct blk_integrity_error *err);
void blk_integrity_report_healed(struct block_device *bdev, sector_t sector,
		unsigned int healed, unsigned int unstable);

/**
 * blk_integrity_failed() - test whether any interval failed verification
 * @err: the record of a bio
 *
 * Context: Any context.
 * Return: %true if at least one did.
 */
static inline bool blk_integrity_failed(const struct blk_integrity_error *err)
{
	unsigned int intervals = 0;

	for (int tag = 0; tag < BLK_INTEGRITY_NR_TAGS; tag++)
		intervals |= err->intervals[tag];
	return intervals;
}

/**
 * blk_integrity_dev_count() - add to a counter of a queue, by its state
 * @idev: integrity state of the queue
 * @counter: the counter
 * @n: number to add
 *
 * Context: Any context.
 */
static inline void blk_integrity_dev_count(struct blk_integrity_dev *idev,
					   enum blk_integrity_counter counter,
					   unsigned int n)
{
	struct blk_integrity_counters __percpu *counters;

	/* Pairs with the release in counters_work(). */
	counters = READ_ONCE(idev->counters);
	if (likely(counters))
		this_cpu_add(counters->count[counter], n);
	else
		atomic64_add(n, &idev->early[counter]);
}

/**
 * blk_integrity_count() - add to a counter of a queue
 * @q: any queue; nothing is counted if it never had a profile
 * @counter: the counter
 * @n: number to add
 *
 * Context: Any context.
 */
static inline void blk_integrity_count(struct request_queue *q,
				       enum blk_integrity_counter counter,
				       unsigned int n)
{
	struct blk_integrity_dev *idev = READ_ONCE(q->integrity_dev);

	if (n && idev)
		blk_integrity_dev_count(idev, counter, n);
}

/* bio-integrity-request.c */
void bip_parts_init(struct blk_integrity_dev *idev);
void bip_parts_create(struct blk_integrity_dev *idev);
void bip_parts_want(struct blk_integrity_dev *idev);
void bip_parts_exit(struct blk_integrity_dev *idev);

/* blk-integrity-ioctl.c */
int blk_integrity_meta_cap(const struct blk_integrity *bi,
		struct logical_block_metadata_cap *cap);

/* blk-integrity-sysfs.c */
void blk_integrity_sysfs_update(struct gendisk *disk);
void blk_integrity_reset_policies(struct blk_integrity_dev *idev);

/**
 * blk_integrity_verifies() - test whether the block layer verifies reads
 * @q: the queue
 * @bi: its geometry
 *
 * Context: Any context.
 * Return: %true if format, driver and policy allow it.
 */
static inline bool blk_integrity_verifies(const struct request_queue *q,
					  const struct blk_integrity *bi)
{
	return bi->profile->verify_fn &&
	       !(bi->flags & BLK_INTEGRITY_NOVERIFY) &&
	       READ_ONCE(q->integrity_dev->read_verify);
}

/**
 * blk_integrity_generates() - test whether the block layer protects writes
 * @q: the queue
 * @bi: its geometry
 *
 * Context: Any context.
 * Return: %true if format, driver and policy allow it.
 */
static inline bool blk_integrity_generates(const struct request_queue *q,
					   const struct blk_integrity *bi)
{
	return bi->profile->generate_fn &&
	       !(bi->flags & BLK_INTEGRITY_NOGENERATE) &&
	       READ_ONCE(q->integrity_dev->write_generate);
}

/**
 * blk_integrity_interval() - get the number of the interval of a sector
 * @bi: geometry
 * @sector: position on the device
 *
 * Context: Any context.
 * Return: the interval, counted from the start of the device.
 */
static inline u64 blk_integrity_interval(const struct blk_integrity *bi,
					 sector_t sector)
{
	return sector >> (bi->interval_exp - SECTOR_SHIFT);
}

#endif /* CONFIG_BLK_DEV_INTEGRITY */
#endif /* BLK_INTEGRITY_DEV_H */
