/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Data integrity for drivers: profiles and their callbacks, the geometry of a
 * device, and the metadata of a request.  See
 * Documentation/block/data-integrity/drivers.rst.
 */
#ifndef _LINUX_BLK_INTEGRITY_H
#define _LINUX_BLK_INTEGRITY_H

#include <linux/blk-mq.h>
#include <linux/bio-integrity.h>

/**
 * enum blk_integrity_flags - integrity capabilities of a driver
 * @BLK_INTEGRITY_NOVERIFY: the block layer must not verify reads
 * @BLK_INTEGRITY_NOGENERATE: the block layer must not protect writes
 * @BLK_INTEGRITY_DEVICE_CAPABLE: the medium stores the tuples
 * @BLK_INTEGRITY_REF_TAG: the format has a reference tag
 * @BLK_INTEGRITY_STACKED: set by the core: the geometry is that of other
 *	devices
 * @BLK_INTEGRITY_CHECKS_EACH: the driver passes each check of &enum bip_flags to
 *	the device; without this flag, the device checks guard and reference tag
 *	or nothing
 * @BLK_INTEGRITY_SPLIT_INTERVALS: the device accepts data whose intervals begin
 *	anywhere in a page and are split over several segments; without this
 *	flag, such data is copied
 *
 * Policies of the administrator are stored elsewhere, so that they survive
 * changes of these flags by a driver.
 */
enum blk_integrity_flags {
	BLK_INTEGRITY_NOVERIFY		= BIT(0),
	BLK_INTEGRITY_NOGENERATE	= BIT(1),
	BLK_INTEGRITY_DEVICE_CAPABLE	= BIT(2),
	BLK_INTEGRITY_REF_TAG		= BIT(3),
	BLK_INTEGRITY_STACKED		= BIT(4),
	BLK_INTEGRITY_CHECKS_EACH	= BIT(5),
	BLK_INTEGRITY_SPLIT_INTERVALS	= BIT(6),
};

/* Maximum tuple size of a profile; the built-in ones have 8 and 16 bytes. */
#define BLK_INTEGRITY_MAX_TUPLE_BYTES	64

/**
 * enum blk_integrity_tag - part of a tuple that is wrong
 * @BLK_INTEGRITY_TAG_GUARD: the guard: the data changed
 * @BLK_INTEGRITY_TAG_APP: the application tag: not the one its owner expects
 * @BLK_INTEGRITY_TAG_REF: the reference tag: the data belongs to another block
 * @BLK_INTEGRITY_TAG_UNKNOWN: a device failed the I/O and does not report the
 *	tag
 */
enum blk_integrity_tag {
	BLK_INTEGRITY_TAG_GUARD,
	BLK_INTEGRITY_TAG_APP,
	BLK_INTEGRITY_TAG_REF,
	BLK_INTEGRITY_TAG_UNKNOWN,
};

#define BLK_INTEGRITY_NR_TAGS	(BLK_INTEGRITY_TAG_UNKNOWN + 1)

/**
 * enum blk_integrity_origin - layer that detected a wrong tuple
 * @BLK_INTEGRITY_ORIGIN_HOST: the block layer, by verification
 * @BLK_INTEGRITY_ORIGIN_DEVICE: device or adapter, which failed the I/O
 */
enum blk_integrity_origin {
	BLK_INTEGRITY_ORIGIN_HOST,
	BLK_INTEGRITY_ORIGIN_DEVICE,
};

/**
 * struct blk_integrity_error - error record of a bio
 * @intervals: number of failed intervals, by tag; if all are 0, no interval
 *	failed, and the other fields are not valid
 * @tag: wrong tag of the first failed interval
 * @origin: layer that detected the error
 * @interval: number of the first failed interval, counted from the start of the
 *	device; if a device detected the error, that of the bio's first one
 * @sector: start of that interval on the device, in sectors
 * @expected: value the tag should have
 * @found: value it has
 */
struct blk_integrity_error {
	unsigned int intervals[BLK_INTEGRITY_NR_TAGS];
	enum blk_integrity_tag tag;
	enum blk_integrity_origin origin;
	u64 interval;
	sector_t sector;
	u64 expected;
	u64 found;
};

/**
 * struct blk_integrity_exchg - a run of whole intervals and their metadata
 * @data_buf: @data_size bytes of data; NULL for callbacks without data
 * @prot_buf: as many metadata areas of @bi->tuple_size bytes
 * @data_size: bytes, a whole number of intervals
 * @interval: number of the first interval, which its reference tag has
 * @bi: geometry when the bio was prepared
 * @bio: the bio, NULL where there is none
 * @private: of bio_integrity_set_profile(), else NULL
 * @checks: verify: requested checks, BIP_CHECK_GUARD, BIP_CHECK_REFTAG,
 *	BIP_CHECK_APPTAG
 * @app_tag: verify: application tag that BIP_CHECK_APPTAG expects
 * @app_mask: verify: bits of it that are compared
 * @escaped: verify: counts the intervals that their escape exempts
 * @blank: generate, profiles of the core only: @prot_buf is not initialised, and
 *	the callback writes all of it
 * @pieces: profiles of the core only: the data, if it is not contiguous, in place
 *	of @data_buf
 * @err: verify: what is wrong, see blk_integrity_fail()
 *
 * Data and metadata are contiguous and mapped, except for data in @pieces.
 */
struct blk_integrity_exchg {
	const void *data_buf;
	void *prot_buf;
	unsigned int data_size;
	u64 interval;
	const struct blk_integrity *bi;
	struct bio *bio;
	void *private;
	unsigned int checks;
	u16 app_tag;
	u16 app_mask;
	unsigned int escaped;
	bool blank;
	const struct blk_integrity_pieces *pieces;
	struct blk_integrity_error *err;
};

/**
 * struct blk_integrity_profile - a protection format
 * @owner: module with the profile and its callbacks, which stays loaded while a
 *	queue or a bio uses the profile; NULL if built in
 * @name: name in /sys/block/<disk>/integrity/format
 * @csum_type: kind of guard
 * @tuple_size: bytes of a tuple, 1 to %BLK_INTEGRITY_MAX_TUPLE_BYTES; 0: all
 *	metadata is opaque
 * @tag_offset: offset of the tags of the data's owner in the tuple, in bytes
 * @tag_size: bytes of tags in a tuple
 *
 * A profile is const data.  Drivers that set only csum_type in their &struct
 * blk_integrity get a built-in profile.  A driver with another format sets
 * profile before it commits its queue limits.
 *
 * Callbacks are called once for a run of intervals, in process, softirq or
 * workqueue context (@remap_fn also in hard interrupts), and must not sleep.
 */
struct blk_integrity_profile {
	struct module *owner;
	const char *name;
	enum blk_integrity_checksum csum_type;
	unsigned short tuple_size;
	unsigned short tag_offset;
	unsigned short tag_size;

	/**
	 * @generate_fn: Write guard and reference tag of every interval.
	 *
	 * Must not change tag bytes and opaque metadata.  Cannot fail.  NULL:
	 * there is nothing to generate.
	 */
	void (*generate_fn)(struct blk_integrity_exchg *xchg);

	/**
	 * @verify_fn: Check every interval that is not escaped.
	 *
	 * Check guard, application tag and reference tag, in this order and if
	 * @checks of the exchange requests it.  Call blk_integrity_fail() for
	 * each wrong interval.  NULL: there is nothing to check.
	 */
	void (*verify_fn)(struct blk_integrity_exchg *xchg);

	/**
	 * @remap_fn: Renumber the reference tags.
	 *
	 * Replace a tag that is the number of its interval, counted from
	 * @interval of the exchange, by the number counted from @to.  Any other
	 * tag must not change.  NULL: the format has no reference tag.
	 */
	void (*remap_fn)(struct blk_integrity_exchg *xchg, u64 to);

	/**
	 * @set_tag_fn: Store @len bytes of @tag in the tags of the run.
	 *
	 * @len is at most @tag_size for each interval of the run; the rest of an
	 * incomplete tag becomes zero.  Return 0, or -EINVAL for a tag that the
	 * format cannot store.  NULL: tags are at @tag_offset, @tag_size bytes
	 * an interval, and all ones are an escape.
	 */
	int (*set_tag_fn)(struct blk_integrity_exchg *xchg, const void *tag,
			  unsigned int len);

	/**
	 * @get_tag_fn: Copy @len bytes of tags of the run to @tag.
	 *
	 * Return 0 or a negative errno.  NULL: as for @set_tag_fn.
	 */
	int (*get_tag_fn)(struct blk_integrity_exchg *xchg, void *tag,
			  unsigned int len);
};

#ifdef CONFIG_BLK_DEV_INTEGRITY

/* blk-integrity.c */
int blk_rq_map_integrity_sg(struct request *rq, struct scatterlist *sglist);
int blk_rq_count_integrity_sg(struct request_queue *q, struct bio *bio);
int blk_rq_integrity_map_user(struct request *rq, void __user *ubuf,
		ssize_t bytes);

/* blk-integrity-event.c */
void blk_integrity_report_to(struct gendisk *path, struct gendisk *head);

/* blk-integrity-stack.c */
const char *blk_integrity_profile_name(struct blk_integrity *bi);
bool blk_integrity_geometry_equal(const struct blk_integrity *a,
		const struct blk_integrity *b);
bool queue_limits_stack_integrity(struct queue_limits *t,
		struct queue_limits *b);
bool queue_limits_stack_integrity_bdev(struct queue_limits *t,
		struct block_device *bdev);

/* blk-integrity-stat.c */
void blk_integrity_fail(struct blk_integrity_exchg *xchg, unsigned int i,
		enum blk_integrity_tag tag, u64 expected, u64 found);

#else /* CONFIG_BLK_DEV_INTEGRITY */

static inline int blk_rq_map_integrity_sg(struct request *rq,
					  struct scatterlist *sglist)
{
	return 0;
}

static inline int blk_rq_count_integrity_sg(struct request_queue *q,
					    struct bio *bio)
{
	return 0;
}

static inline int blk_rq_integrity_map_user(struct request *rq,
					    void __user *ubuf, ssize_t bytes)
{
	return -EINVAL;
}

static inline void blk_integrity_report_to(struct gendisk *path,
					   struct gendisk *head)
{
}

static inline const char *blk_integrity_profile_name(struct blk_integrity *bi)
{
	return "none";
}

static inline bool blk_integrity_geometry_equal(const struct blk_integrity *a,
						const struct blk_integrity *b)
{
	return true;
}

static inline bool queue_limits_stack_integrity(struct queue_limits *t,
						struct queue_limits *b)
{
	return true;
}

static inline bool queue_limits_stack_integrity_bdev(struct queue_limits *t,
						     struct block_device *bdev)
{
	return true;
}

#endif /* CONFIG_BLK_DEV_INTEGRITY */

/**
 * blk_integrity_queue_supports_integrity() - test whether a queue has metadata
 * @q: the queue
 *
 * Context: Any context.
 * Return: %true if each interval of the device has metadata.
 */
static inline bool
blk_integrity_queue_supports_integrity(struct request_queue *q)
{
	return IS_ENABLED(CONFIG_BLK_DEV_INTEGRITY) &&
	       q->limits.integrity.tuple_size;
}

/**
 * blk_get_integrity() - get the geometry of a disk's metadata
 * @disk: the disk
 *
 * Context: Any context.
 * Return: the geometry in force now, or NULL if the disk has no metadata.
 */
static inline struct blk_integrity *blk_get_integrity(struct gendisk *disk)
{
	struct request_queue *q = disk->queue;

	return blk_integrity_queue_supports_integrity(q) ? &q->limits.integrity :
							   NULL;
}

/**
 * bdev_get_integrity() - get the geometry of a block device's metadata
 * @bdev: a disk or a partition
 *
 * Context: Any context.
 * Return: the geometry in force now, or NULL if the disk has no metadata.
 */
static inline struct blk_integrity *
bdev_get_integrity(struct block_device *bdev)
{
	return blk_get_integrity(bdev->bd_disk);
}

/**
 * queue_max_integrity_segments() - get the limit of metadata segments
 * @q: the queue
 *
 * Return: maximum number of metadata segments of a request.
 */
static inline unsigned short
queue_max_integrity_segments(const struct request_queue *q)
{
	return q->limits.max_integrity_segments;
}

/**
 * bio_integrity_intervals() - convert sectors to intervals
 * @bi: geometry
 * @sectors: a count, or a position that fits
 *
 * Return: whole intervals in @sectors.
 */
static inline unsigned int
bio_integrity_intervals(const struct blk_integrity *bi, unsigned int sectors)
{
	return sectors >> (bi->interval_exp - SECTOR_SHIFT);
}

/**
 * bio_integrity_bytes() - get the size of the metadata of some data
 * @bi: geometry
 * @sectors: data, in sectors
 *
 * Return: bytes of metadata that @sectors of data have.
 */
static inline unsigned int
bio_integrity_bytes(const struct blk_integrity *bi, unsigned int sectors)
{
	return bi->tuple_size * bio_integrity_intervals(bi, sectors);
}

/**
 * blk_integrity_rq() - test whether a request has metadata
 * @rq: the request
 *
 * Return: %true if it does.
 */
static inline bool blk_integrity_rq(struct request *rq)
{
	return IS_ENABLED(CONFIG_BLK_DEV_INTEGRITY) &&
	       (rq->cmd_flags & REQ_INTEGRITY);
}

/**
 * rq_integrity_vec() - get the first metadata vector of a request
 * @rq: a request with metadata
 *
 * For drivers with one integrity segment.
 *
 * Context: Any context.
 * Return: the vector, which may cover several pages; empty without metadata.
 */
static inline struct bio_vec rq_integrity_vec(struct request *rq)
{
	struct bio_integrity_payload *bip = bio_integrity(rq->bio);

	if (!bip)
		return (struct bio_vec){ };
	return mp_bvec_iter_bvec(bip->bip_vec, bip->bip_iter);
}

/**
 * full_pi_ref_tag() - get the number of the first interval of a request
 * @rq: the request
 *
 * Context: Any context.
 * Return: position of @rq on the device, in intervals; in logical blocks if
 *	the device has no metadata.
 */
static inline u64 full_pi_ref_tag(struct request *rq)
{
	unsigned int exp = rq->q->limits.integrity.interval_exp;

	if (!exp)
		exp = ilog2(queue_logical_block_size(rq->q));
	return blk_rq_pos(rq) >> (exp - SECTOR_SHIFT);
}

/**
 * t10_pi_ref_tag() - get the 32-bit reference tag of the first interval
 * @rq: the request
 *
 * Context: Any context.
 * Return: the low 32 bits of full_pi_ref_tag().
 */
static inline u32 t10_pi_ref_tag(struct request *rq)
{
	return lower_32_bits(full_pi_ref_tag(rq));
}

/**
 * ext_pi_ref_tag() - get the 48-bit reference tag of the first interval
 * @rq: the request
 *
 * Context: Any context.
 * Return: the low 48 bits of full_pi_ref_tag().
 */
static inline u64 ext_pi_ref_tag(struct request *rq)
{
	return full_pi_ref_tag(rq) & GENMASK_ULL(47, 0);
}

#endif /* _LINUX_BLK_INTEGRITY_H */
