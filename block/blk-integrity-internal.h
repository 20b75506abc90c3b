/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Data integrity functions that the rest of block/ calls, grouped by file:
 * inline functions that test whether there is anything to do, and the functions
 * that they call.
 */
#ifndef BLK_INTEGRITY_INTERNAL_H
#define BLK_INTEGRITY_INTERNAL_H

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

struct iov_iter;
struct kiocb;
struct logical_block_metadata_cap;

#ifdef CONFIG_BLK_DEV_INTEGRITY

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
 * @BLK_INTEGRITY_DEVICE_ERRORS: requests that device or adapter failed because
 *	of their protection information
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
 *	because their intervals were split and the device does not take that
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

struct blk_integrity_counters {
	u64 count[BLK_INTEGRITY_NR_COUNTERS];
};

/**
 * struct blk_integrity_dev - integrity state of a queue
 * @read_verify: policy: verify reads
 * @write_generate: policy: protect writes
 * @report_only: policy: deliver data that fails verification
 * @can_generate: format and driver let the block layer protect writes
 * @can_verify: format lets the block layer check reads
 * @copy_unstable: policy: copy writes whose data may change
 * @rereads: policy: how often intervals that fail verification are read again,
 *	0 to %BLK_INTEGRITY_MAX_REREADS
 * @inline_bytes: policy: size in bytes of the largest read that is verified in
 *	the completing context if that context allows it
 * @counters: per CPU; %NULL until they are allocated
 * @early: counts from before @counters were allocated
 * @counters_work: allocates @counters
 * @log: limits the lines that verification errors print
 * @log_suppressed: bios with errors that printed none since the last line
 * @last_error: when the last error was, in jiffies; 0: there was none
 * @profile: profile whose owner is held, that of the limits in force
 * @reserve_lock: covers making and replacing of the next five
 * @reserve: payloads for I/O that finds no memory; NULL before the first use
 * @pieces: bios for parts of those that the reserve has no such object for
 * @has_pieces: @pieces can be used
 * @owned_reserve: such payloads for submitters; NULL before the first use
 * @reread: second readings; NULL before the first use
 * @event_lock: covers @event_disk and @events
 * @event_disk: disk of @events, which hold a reference to it; NULL: there are
 *	none
 * @events: pending &enum blk_integrity_event
 * @event_work: handles them
 *
 * Made when a queue first gets a profile, or policy for when it does, and kept
 * until the queue goes, so that nothing a driver does to its profile touches
 * it.  Policies, counters and events are of the disk: they start anew with the
 * next disk of the queue.
 */
struct blk_integrity_dev {
	bool read_verify;
	bool write_generate;
	bool report_only;
	bool can_generate;
	bool can_verify;
	bool copy_unstable;
	u8 rereads;
	unsigned int inline_bytes;
	struct blk_integrity_counters __percpu *counters;
	atomic64_t early[BLK_INTEGRITY_NR_COUNTERS];
	struct work_struct counters_work;
	struct ratelimit_state log;
	atomic_t log_suppressed;
	unsigned long last_error;
	const struct blk_integrity_profile *profile;
	struct mutex reserve_lock;	/* covers the next five */
	struct blk_integrity_reserve __rcu *reserve;
	struct bio_set pieces;
	bool has_pieces;
	struct blk_integrity_reserve __rcu *owned_reserve;
	struct bio_integrity_reread *reread;
	spinlock_t event_lock;	/* covers event_disk and events */
	struct gendisk *event_disk;
	unsigned int events;
	struct work_struct event_work;
};

/**
 * enum blk_integrity_event - events of a disk that a work item handles
 * @BLK_INTEGRITY_EVENT_ERROR: a read failed verification after a quiet time
 * @BLK_INTEGRITY_EVENT_FORMAT: the disk has got or lost its metadata
 */
enum blk_integrity_event {
	BLK_INTEGRITY_EVENT_ERROR	= BIT(0),
	BLK_INTEGRITY_EVENT_FORMAT	= BIT(1),
};

/* bio-integrity.c */
void bio_integrity_free(struct bio *bio);

/* bio-integrity-pool.c */
void bioset_integrity_create_split(struct bio_set *bs);

/* bio-integrity-object.c */
unsigned int bio_integrity_max_buf_bytes(const struct queue_limits *lim);
unsigned int bio_integrity_max_kept_bytes(const struct queue_limits *lim);

/* bio-integrity-reserve.c */
int blk_integrity_reserve_resize(struct request_queue *q,
		const struct queue_limits *lim);
void blk_integrity_prepare_disk(struct gendisk *disk);
void blk_integrity_reserve_free(struct blk_integrity_dev *idev);
void blk_integrity_reserve_exit(struct blk_integrity_dev *idev);

/* bio-integrity-request.c */
struct bio *bio_integrity_begin(struct bio *bio, unsigned int *nr_segs,
		bool has_request);
bool __bio_integrity_finish(struct bio *bio, struct request *rq);

/* bio-integrity-prep.c */
void blk_integrity_generate(struct bio *bio);
bool __bio_integrity_endio(struct bio *bio);

/**
 * bio_integrity_endio() - complete the integrity part of a bio
 * @bio: the bio that ends
 *
 * Context: Any context.
 * Return: %true if the bio may complete now; %false if kintegrityd owns it and
 *	will complete it.
 */
static inline bool bio_integrity_endio(struct bio *bio)
{
	if (bio_integrity_flagged(bio, BIP_BLOCK_INTEGRITY))
		return __bio_integrity_endio(bio);
	return true;
}

/**
 * bio_integrity_concerned() - test whether bio_integrity_prep() must be called
 * @bio: any bio
 * @q: queue it arrived at
 *
 * This test is the whole cost for a device without metadata.  It tests the
 * flag, not the payload, because a flag without a payload must be cleared.
 *
 * Context: Any context.
 * Return: %true if device or bio have metadata.
 */
static inline bool bio_integrity_concerned(struct bio *bio,
					   const struct request_queue *q)
{
	return q->limits.integrity.tuple_size ||
	       bio->bi_opf & REQ_INTEGRITY;
}

/* A &enum bip_flags of the core: a copy is still to be made of the metadata. */
#define BIP_AWAITS_COPY		BIT(15)

/**
 * bio_integrity_pending() - is a bio still without what it needs at its device?
 * @bio: bio of bio_integrity_begin()
 *
 * Its payload, a copy of that or its guards may be missing.  Such a bio must
 * not be merged with another.
 *
 * Context: Any context.
 * Return: %true if bio_integrity_finish() has anything to do.
 */
static inline bool bio_integrity_pending(struct bio *bio)
{
	if (!(bio->bi_opf & REQ_INTEGRITY))
		return false;
	return !bio->bi_integrity ||
	       bio_integrity_flagged(bio, BIP_GENERATE | BIP_AWAITS_COPY);
}

/**
 * bio_integrity_finish() - do what bio_integrity_begin() put off
 * @bio: bio that waits for nothing else
 * @rq: its request, which does not have the bio yet
 *
 * Context: Process context.  May sleep, but does no I/O.
 * Return: %true to go on; %false if the bio has been ended with an error.
 */
static inline bool bio_integrity_finish(struct bio *bio, struct request *rq)
{
	return !bio_integrity_pending(bio) || __bio_integrity_finish(bio, rq);
}

/* bio-integrity-admit.c */
void __bio_integrity_unprep(struct bio *bio);

/**
 * bio_integrity_unprep() - undo bio_integrity_prep()
 * @bio: bio that is taken back from its request, to go to another device
 *
 * Context: Any context.
 */
static inline void bio_integrity_unprep(struct bio *bio)
{
	if (bio_integrity_flagged(bio, BIP_BLOCK_INTEGRITY))
		__bio_integrity_unprep(bio);
}

/*
 * Verification in the completing context delays softirqs: by half a millisecond
 * with the slowest guard, a table of bytes.
 */
#define BIO_INTEGRITY_MAX_INLINE_BYTES	SZ_128K

/* blk-integrity.c */
bool blk_integrity_merge_rq(struct request_queue *q, struct request *req,
		struct request *next);
bool blk_integrity_merge_bio(struct request_queue *q, struct request *req,
		struct bio *bio);
bool bio_integrity_gap(struct request_queue *q, struct bio *prev,
		struct bio *next);
bool blk_integrity_clone_fits(struct request *rq);
void blk_integrity_prepare(struct request *rq);
void blk_integrity_complete(struct request *rq, unsigned int nr_bytes);

/* blk-integrity-stack.c */
bool blk_integrity_geometry_equal(const struct blk_integrity *a,
		const struct blk_integrity *b);

/* blk-integrity-profile.c */
unsigned int blk_integrity_max_sectors(const struct queue_limits *lim);
unsigned int blk_integrity_data_sectors(const struct queue_limits *lim,
		unsigned int bytes);
int blk_integrity_validate_limits(struct request_queue *q,
		struct queue_limits *lim);
int blk_integrity_init_queue(struct request_queue *q,
		struct queue_limits *lim);
int blk_integrity_commit_limits(struct request_queue *q,
		struct queue_limits *lim);
struct blk_integrity_dev *blk_integrity_get_dev(struct request_queue *q);
void blk_integrity_exit_queue(struct request_queue *q);

/*
 * Set in queue limits if the core, not the driver, requests stable pages.  The
 * flags of <linux/blkdev.h> begin at bit 0.
 */
#define BLK_FLAG_INTEGRITY_STABLE	((__force blk_flags_t)(1u << 31))

/* Take another reference to a profile that a queue or a payload holds. */
static inline void
blk_integrity_profile_get(const struct blk_integrity_profile *profile)
{
	if (profile)
		__module_get(profile->owner);
}

static inline void
blk_integrity_profile_put(const struct blk_integrity_profile *profile)
{
	if (profile)
		module_put(profile->owner);
}

/* t10-pi.c */
const struct blk_integrity_profile *
blk_integrity_builtin_profile(const struct blk_integrity *bi);
bool blk_integrity_is_builtin_profile(const struct blk_integrity_profile *prof);

/* bio-integrity-copy.c */
struct bio *bio_integrity_stabilize(struct bio *bio);

/* bio-integrity-reread.c */
#define BLK_INTEGRITY_MAX_REREADS	3
void blk_integrity_drain(struct gendisk *disk);
void blk_integrity_reread_init(struct blk_integrity_dev *idev);
void blk_integrity_reread_exit(struct blk_integrity_dev *idev);

/* blk-integrity-event.c */
extern struct workqueue_struct *blk_integrity_events_wq;
void blk_integrity_event_setup(void);
void blk_integrity_event_init(struct blk_integrity_dev *idev);
void blk_integrity_queue_event(struct gendisk *disk,
		enum blk_integrity_event event);
void blk_integrity_disk_gone(struct gendisk *disk);

/* blk-integrity-stat.c */
bool blk_integrity_failed(const struct blk_integrity_error *err);
void blk_integrity_stat_init(struct blk_integrity_dev *idev);
void blk_integrity_stat_exit(struct blk_integrity_dev *idev);
void blk_integrity_reset_counters(struct blk_integrity_dev *idev);
u64 blk_integrity_counter(const struct blk_integrity_dev *idev,
		enum blk_integrity_counter counter);
void blk_integrity_error_merge(struct blk_integrity_error *err,
		const struct blk_integrity_error *more);
void blk_integrity_report(struct block_device *bdev,
		const struct blk_integrity_error *err);
void blk_integrity_report_healed(struct block_device *bdev, sector_t sector,
		unsigned int healed, unsigned int unstable);
void blk_integrity_device_error(struct request *rq);

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
	struct blk_integrity_dev *idev = q->integrity_dev;
	struct blk_integrity_counters __percpu *counters;

	if (!n || !idev)
		return;
	/* Pairs with the release in counters_work(). */
	counters = READ_ONCE(idev->counters);
	if (likely(counters))
		this_cpu_add(counters->count[counter], n);
	else
		atomic64_add(n, &idev->early[counter]);
}

/* fops-integrity.c */
ssize_t blkdev_meta_direct_IO(struct kiocb *iocb, struct iov_iter *iter);

/* blk-integrity-ioctl.c */
int blk_integrity_meta_cap(const struct blk_integrity *bi,
		struct logical_block_metadata_cap *cap);
int blk_integrity_ioctl(struct block_device *bdev, unsigned int cmd,
		void __user *argp);

/* blk-integrity-sysfs.c */
extern const struct attribute_group blk_integrity_attr_group;
bool blk_integrity_disk_in_sysfs(struct gendisk *disk);
void blk_integrity_sysfs_update(struct gendisk *disk);
void blk_integrity_reset_policies(struct blk_integrity_dev *idev);

/**
 * blk_integrity_verifies() - test whether the block layer verifies reads
 * @q: the queue
 * @bi: its geometry
 *
 * Context: Any context.
 * Return: %true if format, driver and administrator all say so.
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
 * Return: %true if format, driver and administrator all say so.
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

#else /* CONFIG_BLK_DEV_INTEGRITY */

static inline void bio_integrity_free(struct bio *bio)
{
}

static inline bool bio_integrity_endio(struct bio *bio)
{
	return true;
}

static inline bool bio_integrity_concerned(struct bio *bio,
					   const struct request_queue *q)
{
	return false;
}

static inline bool bio_integrity_pending(struct bio *bio)
{
	return false;
}

static inline bool bio_integrity_finish(struct bio *bio, struct request *rq)
{
	return true;
}

static inline struct bio *
bio_integrity_begin(struct bio *bio, unsigned int *nr_segs, bool has_request)
{
	return bio;
}

static inline void blk_integrity_prepare_disk(struct gendisk *disk)
{
}

static inline void bio_integrity_unprep(struct bio *bio)
{
}

static inline ssize_t blkdev_meta_direct_IO(struct kiocb *iocb,
					    struct iov_iter *iter)
{
	return -EINVAL;
}

static inline int blk_integrity_ioctl(struct block_device *bdev,
				      unsigned int cmd, void __user *argp)
{
	return -ENOIOCTLCMD;
}

static inline bool blk_integrity_clone_fits(struct request *rq)
{
	return true;
}

static inline struct bio *bio_integrity_stabilize(struct bio *bio)
{
	return bio;
}

static inline void blk_integrity_drain(struct gendisk *disk)
{
}

static inline void blk_integrity_disk_gone(struct gendisk *disk)
{
}

static inline bool bio_integrity_gap(struct request_queue *q,
				     struct bio *prev, struct bio *next)
{
	return false;
}

static inline bool blk_integrity_merge_rq(struct request_queue *q,
					  struct request *req,
					  struct request *next)
{
	return true;
}

static inline bool blk_integrity_merge_bio(struct request_queue *q,
					   struct request *req,
					   struct bio *bio)
{
	return true;
}

static inline void blk_integrity_device_error(struct request *rq)
{
}

static inline void blk_integrity_prepare(struct request *rq)
{
}

static inline void blk_integrity_complete(struct request *rq,
					  unsigned int nr_bytes)
{
}

static inline unsigned int
blk_integrity_max_sectors(const struct queue_limits *lim)
{
	return 0;
}

/* A kernel without integrity code cannot serve a device with metadata. */
static inline int blk_integrity_validate_limits(struct request_queue *q,
						struct queue_limits *lim)
{
	if (!lim->integrity.tuple_size)
		return 0;
	pr_warn("blk-integrity: %u bytes of metadata a block need CONFIG_BLK_DEV_INTEGRITY\n",
		lim->integrity.tuple_size);
	return -EINVAL;
}

static inline int blk_integrity_init_queue(struct request_queue *q,
					   struct queue_limits *lim)
{
	return 0;
}

static inline int blk_integrity_commit_limits(struct request_queue *q,
					      struct queue_limits *lim)
{
	return blk_integrity_validate_limits(q, lim);
}

static inline void blk_integrity_exit_queue(struct request_queue *q)
{
}

#endif /* CONFIG_BLK_DEV_INTEGRITY */

static inline bool integrity_req_gap_back_merge(struct request *req,
						struct bio *next)
{
	return bio_integrity_gap(req->q, req->biotail, next);
}

static inline bool integrity_req_gap_front_merge(struct request *req,
						 struct bio *bio)
{
	return bio_integrity_gap(req->q, bio, req->bio);
}

#endif /* BLK_INTEGRITY_INTERNAL_H */
