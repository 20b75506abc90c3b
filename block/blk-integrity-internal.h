/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Data integrity functions that the rest of block/ calls, grouped by file:
 * inline functions that test whether there is anything to do, and the functions
 * that they call.  They do nothing without CONFIG_BLK_DEV_INTEGRITY.
 */
#ifndef BLK_INTEGRITY_INTERNAL_H
#define BLK_INTEGRITY_INTERNAL_H

#include <linux/bio.h>
#include <linux/blk-integrity.h>

struct iov_iter;
struct kiocb;

#ifdef CONFIG_BLK_DEV_INTEGRITY

/* bio-integrity.c */
void bio_integrity_free(struct bio *bio);

/* bio-integrity-reserve.c */
void blk_integrity_limit_bios(struct request_queue *q);
void blk_integrity_prepare_disk(struct gendisk *disk);

/* bio-integrity-request.c */
bool __bio_integrity_finish(struct bio *bio, struct request *rq);

/* bio-integrity-endio.c */
bool __bio_integrity_endio(struct bio *bio);
bool __bio_integrity_leave(struct bio *bio);

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
 * bio_integrity_leave() - detach what a bio has for its device with its request
 * @bio: bio whose request has transferred all of it
 *
 * A bio to which others are chained ends after them.  Until then its device may
 * be removed, and others may wait for the object of the reserve that it has.
 *
 * Context: Any context.
 * Return: %true if the request may end the bio; %false if kintegrityd or a second
 *	reading will do that.
 */
static inline bool bio_integrity_leave(struct bio *bio)
{
	return likely(!bio_flagged(bio, BIO_CHAIN)) ||
	       __bio_integrity_leave(bio);
}

/**
 * bio_integrity_concerned() - test whether bio_integrity_prep() must be called
 * @bio: any bio
 * @q: queue it arrived at
 *
 * For a device without metadata this test is the whole cost.  It reads the flag,
 * not the payload, because a flag without a payload must be cleared.
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

/* Flags of the core in addition to &enum bip_flags. */

/* With BIP_GENERATE: the buffer is not initialised; generating writes all of it. */
#define BIP_BLANK		BIT(14)
/* The metadata must be copied before I/O. */
#define BIP_AWAITS_COPY		BIT(15)

/**
 * bio_integrity_pending() - test whether a bio must be finished
 * @bio: bio from bio_integrity_begin()
 *
 * A pending bio has no payload, no copy of it, or no guards yet.  It must not be
 * merged with another bio.
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
 * bio_integrity_finish() - complete what bio_integrity_begin() postponed
 * @bio: bio that does not wait for anything else
 * @rq: the request allocated for @bio, without bios yet
 *
 * Context: Process context.  May sleep, but does no I/O.
 * Return: %true to go on; %false if the bio has been ended with an error.
 */
static inline bool bio_integrity_finish(struct bio *bio, struct request *rq)
{
	return !bio_integrity_pending(bio) || __bio_integrity_finish(bio, rq);
}

/* bio-integrity-copy.c */
struct bio *bio_integrity_stabilize(struct bio *bio);
void bio_integrity_copy_moved(struct bio *bio);

/* bio-integrity-admit.c */
void __bio_integrity_unprep(struct bio *bio);

/**
 * bio_integrity_unprep() - undo bio_integrity_prep()
 * @bio: bio that is taken from its request and sent to another device
 *
 * If it is a copy, its original follows it.
 *
 * Context: Any context.
 */
static inline void bio_integrity_unprep(struct bio *bio)
{
	if (bio_integrity_flagged(bio, BIP_BLOCK_INTEGRITY))
		__bio_integrity_unprep(bio);
	bio_integrity_copy_moved(bio);
}

/* blk-integrity.c */
bool blk_integrity_merge_rq(struct request_queue *q, struct request *req,
		struct request *next);
bool blk_integrity_merge_bio(struct request_queue *q, struct request *req,
		struct bio *bio);
bool bio_integrity_gap(struct request_queue *q, struct bio *prev,
		struct bio *next);
bool blk_integrity_clone_fits(struct request *rq);

/* blk-integrity-remap.c */
void __blk_integrity_prepare(struct request *rq);
void __blk_integrity_complete(struct request *rq, unsigned int nr_bytes);

/* Bios are merged only if BIP_MAPPED_INTEGRITY is equal in all. */
static inline bool blk_integrity_is_mapped(struct request *rq)
{
	return rq->bio && bio_integrity_flagged(rq->bio, BIP_MAPPED_INTEGRITY);
}

/**
 * blk_integrity_prepare() - renumber reference tags for the device
 * @rq: a write that is issued, possibly again
 *
 * Context: Any context.
 */
static inline void blk_integrity_prepare(struct request *rq)
{
	if (!blk_integrity_is_mapped(rq))
		__blk_integrity_prepare(rq);
}

/**
 * blk_integrity_complete() - renumber reference tags for the submitter
 * @rq: a read of which @nr_bytes have been transferred, not advanced yet
 * @nr_bytes: data bytes
 *
 * Context: Any context.
 */
static inline void blk_integrity_complete(struct request *rq,
					  unsigned int nr_bytes)
{
	if (!blk_integrity_is_mapped(rq))
		__blk_integrity_complete(rq, nr_bytes);
}

/* blk-integrity-profile.c */
unsigned int blk_integrity_max_sectors(const struct queue_limits *lim);
int blk_integrity_validate_limits(struct request_queue *q,
		struct queue_limits *lim);
int blk_integrity_init_queue(struct request_queue *q,
		struct queue_limits *lim);
int blk_integrity_commit_limits(struct request_queue *q,
		struct queue_limits *lim);
void blk_integrity_exit_queue(struct request_queue *q);

/* bio-integrity-reread.c */
void blk_integrity_drain(struct gendisk *disk);

/* blk-integrity-event.c */
void blk_integrity_disk_gone(struct gendisk *disk);

/* blk-integrity-stat.c */
void blk_integrity_device_error(struct request *rq);

/* blk-integrity-sysfs.c */
extern const struct attribute_group blk_integrity_attr_group;

/* fops-integrity.c */
ssize_t blkdev_meta_direct_IO(struct kiocb *iocb, struct iov_iter *iter);

/* blk-integrity-ioctl.c */
int blk_integrity_ioctl(struct block_device *bdev, unsigned int cmd,
		void __user *argp);

#else /* CONFIG_BLK_DEV_INTEGRITY */

static inline void bio_integrity_free(struct bio *bio)
{
}

static inline bool bio_integrity_endio(struct bio *bio)
{
	return true;
}

static inline bool bio_integrity_leave(struct bio *bio)
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

static inline void blk_integrity_limit_bios(struct request_queue *q)
{
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
