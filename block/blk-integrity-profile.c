// SPDX-License-Identifier: GPL-2.0
/*
 * Limits of devices with metadata: defaults, validation, and the state that is
 * allocated with them.  blk-integrity-stack.c handles stacked devices.
 */
#define pr_fmt(fmt) "blk-integrity: " fmt

#include <linux/blk-integrity.h>
#include <linux/math64.h>
#include <linux/slab.h>

#include "blk.h"
#include "blk-integrity-dev.h"
#include "blk-integrity-walk.h"

static const char *queue_name(const struct request_queue *q)
{
	return q && q->disk ? q->disk->disk_name : "new queue";
}

#define refuse(q, fmt, ...) \
	(pr_warn("%s: " fmt "\n", queue_name(q), ##__VA_ARGS__), -EINVAL)

/* Replace a built-in profile, because the guard type may have changed. */
static void blk_integrity_defaults(struct queue_limits *lim)
{
	struct blk_integrity *bi = &lim->integrity;

	if (!bi->profile || blk_integrity_is_builtin_profile(bi->profile))
		bi->profile = blk_integrity_builtin_profile(bi);
	/* Opaque metadata has no tuple, so its offset has no meaning. */
	if (bi->profile && !bi->profile->tuple_size)
		bi->pi_offset = 0;
	if (!bi->interval_exp)
		bi->interval_exp = ilog2(lim->logical_block_size);
	if (!lim->max_integrity_segments)
		lim->max_integrity_segments = 1;
}

static int blk_integrity_validate_none(const struct request_queue *q,
				       const struct blk_integrity *bi)
{
	if (bi->csum_type != BLK_INTEGRITY_CSUM_NONE)
		return refuse(q, "guard type %u without metadata (tuple_size 0)",
			      bi->csum_type);
	if (bi->tag_size)
		return refuse(q, "tag_size %u without metadata (tuple_size 0)",
			      bi->tag_size);
	if (bi->flags & BLK_INTEGRITY_REF_TAG)
		return refuse(q, "reference tag without metadata (tuple_size 0)");
	return 0;
}

static int blk_integrity_validate_format(const struct request_queue *q,
					 const struct blk_integrity *bi)
{
	const struct blk_integrity_profile *prof = bi->profile;

	if (!prof)
		return refuse(q, "guard type (csum_type) %u is unknown",
			      bi->csum_type);
	if (prof->csum_type != bi->csum_type)
		return refuse(q,
			      "guard type (csum_type) %u is not that of profile %s, %u",
			      bi->csum_type, prof->name, prof->csum_type);
	if (prof->tuple_size > BLK_INTEGRITY_MAX_TUPLE_BYTES)
		return refuse(q,
			      "profile %s has tuples of %u bytes, at most %u are supported",
			      prof->name, prof->tuple_size,
			      BLK_INTEGRITY_MAX_TUPLE_BYTES);
	if (prof->tag_offset + prof->tag_size > prof->tuple_size)
		return refuse(q,
			      "profile %s has tags at %u, %u bytes, past its tuple of %u",
			      prof->name, prof->tag_offset, prof->tag_size,
			      prof->tuple_size);
	if ((bi->flags & BLK_INTEGRITY_REF_TAG) &&
	    bi->csum_type == BLK_INTEGRITY_CSUM_NONE && !prof->remap_fn)
		return refuse(q, "reference tag without a guard (csum_type 0)");
	return 0;
}

static int blk_integrity_validate_geometry(const struct request_queue *q,
					   const struct queue_limits *lim)
{
	const struct blk_integrity *bi = &lim->integrity;

	if (bi->interval_exp < SECTOR_SHIFT ||
	    bi->interval_exp > ilog2(lim->logical_block_size))
		return refuse(q,
			      "protection interval of 2^%u bytes (interval_exp), must be 512 to the logical block size, %u",
			      bi->interval_exp, lim->logical_block_size);
	if (bi->tuple_size > PAGE_SIZE)
		return refuse(q,
			      "%u bytes of metadata an interval (tuple_size), at most a page (%lu) is supported",
			      bi->tuple_size, PAGE_SIZE);
	if (bi->pi_offset + bi->profile->tuple_size > bi->tuple_size)
		return refuse(q,
			      "tuple of %u bytes at pi_offset %u is past the metadata (tuple_size %u)",
			      bi->profile->tuple_size, bi->pi_offset,
			      bi->tuple_size);
	if (bi->tag_size > bi->tuple_size)
		return refuse(q, "tag_size %u is more than the metadata (tuple_size %u)",
			      bi->tag_size, bi->tuple_size);
	if (lim->features & BLK_FEAT_BOUNCE_HIGH)
		return refuse(q,
			      "metadata on a device that bounces high memory (features 0x%x)",
			      lim->features);
	/* The block layer accepts them from devices with a virtual boundary. */
	if (lim->max_segment_size < PAGE_SIZE)
		return refuse(q,
			      "segments of %u bytes (max_segment_size), must have a page (%lu) at least",
			      lim->max_segment_size, PAGE_SIZE);
	return 0;
}

/*
 * Data that changes while it is written has a wrong guard, so a device with a
 * guard needs stable pages, and so does every device stacked on it, with
 * integrity or without.  Drivers may rewrite all integrity limits, but they
 * keep the flag that records that the core set the feature.
 */
static void blk_integrity_apply_features(struct queue_limits *lim)
{
	const struct blk_integrity *bi = &lim->integrity;
	bool has_guard = bi->tuple_size &&
			 (bi->csum_type != BLK_INTEGRITY_CSUM_NONE ||
			  bi->profile->generate_fn);

	if (lim->flags & BLK_FLAG_INTEGRITY_STABLE) {
		lim->flags &= ~BLK_FLAG_INTEGRITY_STABLE;
		lim->features &= ~BLK_FEAT_STABLE_WRITES;
	}
	if (has_guard && !(lim->features & BLK_FEAT_STABLE_WRITES)) {
		lim->flags |= BLK_FLAG_INTEGRITY_STABLE;
		lim->features |= BLK_FEAT_STABLE_WRITES;
	}
}

/*
 * A format may lower the cap without an error, but a number above the cap that
 * the administrator writes to max_sectors_kb is an error.
 */
static bool user_asks_for_more(const struct request_queue *q,
			       const struct queue_limits *lim,
			       unsigned int max_sectors)
{
	/* A stacked device inherits its limits from its members. */
	if (lim->integrity.flags & BLK_INTEGRITY_STACKED)
		return false;
	return q && lim->max_user_sectors != q->limits.max_user_sectors &&
	       min(lim->max_user_sectors, lim->max_sectors) > max_sectors;
}

/**
 * blk_integrity_data_sectors() - get the data that metadata is enough for
 * @lim: limits of a device with metadata
 * @bytes: bytes of metadata
 *
 * Context: Any context.
 * Return: sectors, in whole logical blocks.
 */
unsigned int blk_integrity_data_sectors(const struct queue_limits *lim,
					unsigned int bytes)
{
	unsigned int sectors = bytes / lim->integrity.tuple_size <<
			       (lim->integrity.interval_exp - SECTOR_SHIFT);

	return round_down(min(sectors, UINT_MAX >> SECTOR_SHIFT),
			  lim->logical_block_size >> SECTOR_SHIFT);
}

/* What must not be split is served by the reserve as a whole. */
static unsigned int max_unsplit_sectors(const struct queue_limits *lim)
{
	return blk_integrity_data_sectors(lim, bio_integrity_max_kept_bytes(lim));
}

/**
 * blk_integrity_max_sectors() - get the largest I/O whose metadata fits
 * @lim: limits of a device
 *
 * The metadata of one I/O must fit one buffer, and so the integrity segments of
 * the device.
 *
 * Context: Any context.
 * Return: sectors; 0 if the device has no metadata.
 */
unsigned int blk_integrity_max_sectors(const struct queue_limits *lim)
{
	if (!lim->integrity.tuple_size)
		return 0;
	if (lim->features & BLK_FEAT_ZONED)
		return max_unsplit_sectors(lim);
	return blk_integrity_data_sectors(lim, bio_integrity_max_buf_bytes(lim));
}

static int blk_integrity_apply_limits(const struct request_queue *q,
				      struct queue_limits *lim)
{
	unsigned int block_sectors = lim->logical_block_size >> SECTOR_SHIFT;
	unsigned int least_sectors = max(block_sectors, PAGE_SECTORS);
	unsigned int max_sectors = blk_integrity_max_sectors(lim);
	unsigned int unsplit_sectors = max_unsplit_sectors(lim);

	if (unsplit_sectors < least_sectors)
		return refuse(q,
			      "%u integrity segments of %u bytes (max_integrity_segments, max_segment_size) do not hold the metadata of a page of data",
			      lim->max_integrity_segments,
			      lim->max_segment_size);

	if (user_asks_for_more(q, lim, max_sectors))
		return refuse(q,
			      "I/O of %u KiB (max_sectors_kb), whose metadata is more than a request takes, at most %u",
			      lim->max_user_sectors >> 1, max_sectors >> 1);

	lim->max_sectors = min(lim->max_sectors, max_sectors);
	/* Emulated zone appends have no limit but that of the device. */
	if ((lim->features & BLK_FEAT_ZONED) && !lim->max_zone_append_sectors)
		lim->max_hw_sectors = min(lim->max_hw_sectors, unsplit_sectors);
	lim->max_zone_append_sectors = min(lim->max_zone_append_sectors,
					   unsplit_sectors);
	lim->atomic_write_max_sectors = min(lim->atomic_write_max_sectors,
					    unsplit_sectors);
	lim->atomic_write_unit_max = min(lim->atomic_write_unit_max,
					 rounddown_pow_of_two(unsplit_sectors) << SECTOR_SHIFT);
	return 0;
}

/**
 * max_integrity_io_size() - get the largest I/O whose metadata a submitter can
 *	own
 * @lim: limits of the device
 *
 * Context: Any context.
 * Return: bytes of data of the largest I/O that fs_bio_integrity_alloc() has a
 *	reserve for; UINT_MAX if the device has no metadata.
 */
unsigned int max_integrity_io_size(const struct queue_limits *lim)
{
	unsigned int sectors;

	if (!lim->integrity.tuple_size)
		return UINT_MAX;
	sectors = max3(lim->max_sectors, lim->max_zone_append_sectors,
		       lim->atomic_write_max_sectors);
	return min(sectors, max_unsplit_sectors(lim)) << SECTOR_SHIFT;
}
EXPORT_SYMBOL_GPL(max_integrity_io_size);

static bool has_inline_encryption(const struct request_queue *q)
{
#ifdef CONFIG_BLK_INLINE_ENCRYPTION
	return q && q->crypto_profile;
#else
	return false;
#endif
}

/**
 * blk_integrity_validate_limits() - check and complete the integrity limits
 * @q: queue they are for, NULL if it does not exist yet
 * @lim: limits, validated except for integrity; on success the profile,
 *	interval and segments that the driver did not set are filled in
 *
 * Invalid limits are rejected with a message that names the device, the field
 * and the value.
 *
 * Context: Any context.
 * Return: 0, or -EINVAL.
 */
int blk_integrity_validate_limits(struct request_queue *q,
				  struct queue_limits *lim)
{
	struct blk_integrity *bi = &lim->integrity;
	int err;

	if (!bi->tuple_size) {
		err = blk_integrity_validate_none(q, bi);
		if (err)
			return err;
		bi->profile = NULL;
		blk_integrity_apply_features(lim);
		return 0;
	}
	if (has_inline_encryption(q))
		return refuse(q,
			      "metadata (tuple_size %u) and hardware inline encryption exclude each other",
			      bi->tuple_size);

	blk_integrity_defaults(lim);
	err = blk_integrity_validate_format(q, bi);
	if (!err)
		err = blk_integrity_validate_geometry(q, lim);
	if (!err)
		err = blk_integrity_apply_limits(q, lim);
	if (!err)
		blk_integrity_apply_features(lim);
	return err;
}

/* q->limits_lock is held, or the queue is new. */
static struct blk_integrity_dev *make_dev(struct request_queue *q)
{
	struct blk_integrity_dev *idev = q->integrity_dev;

	if (idev)
		return idev;
	/* The queue may be frozen, so the allocation must not do I/O. */
	idev = kzalloc(sizeof(*idev), GFP_NOIO);
	if (!idev)
		return NULL;
	blk_integrity_stat_init(idev);
	blk_integrity_reset_policies(idev);
	blk_integrity_event_init(idev);
	bip_parts_init(idev);
	mutex_init(&idev->reserve_lock);
	/* A reader that sees the state, with any limits, must see its content. */
	smp_store_release(&q->integrity_dev, idev);
	/*
	 * Order the state before limits with metadata: a reader that sees the
	 * limits must see the state.  It enters the queue later, or pairs this
	 * with smp_rmb().
	 */
	smp_wmb();
	return idev;
}

/**
 * blk_integrity_get_dev() - get the integrity state of a queue
 * @q: queue of a disk, with or without metadata
 *
 * Context: Process context, without q->limits_lock.  May sleep.
 * Return: the state, which exists as long as the queue; NULL if the allocation
 *	fails.
 */
struct blk_integrity_dev *blk_integrity_get_dev(struct request_queue *q)
{
	struct blk_integrity_dev *idev;

	mutex_lock(&q->limits_lock);
	idev = make_dev(q);
	mutex_unlock(&q->limits_lock);
	return idev;
}

/* Replace the profile of @idev; the caller holds a reference to @profile. */
static void hold_profile(struct blk_integrity_dev *idev,
			 const struct blk_integrity_profile *profile)
{
	blk_integrity_profile_put(idev->profile);
	idev->profile = profile;
}

/**
 * blk_integrity_init_queue() - allocate the state for the integrity limits of a
 *	queue
 * @q: the queue, which may be new
 * @lim: its limits, validated
 *
 * Context: Process context.  May sleep.
 * Return: 0; -ENOMEM; -EINVAL if the owner of the profile is being unloaded.
 */
int blk_integrity_init_queue(struct request_queue *q, struct queue_limits *lim)
{
	const struct blk_integrity_profile *profile = lim->integrity.profile;
	struct blk_integrity_dev *idev = q->integrity_dev;
	int err;

	if (!lim->integrity.tuple_size) {
		if (!idev)
			return 0;
		blk_integrity_reserve_free(idev);
		WRITE_ONCE(idev->can_generate, false);
		WRITE_ONCE(idev->can_verify, false);
		WRITE_ONCE(idev->excludable, false);
		blk_integrity_update_excluded(idev);
		hold_profile(idev, NULL);
		return 0;
	}
	err = blk_integrity_walk_init_cpus();
	if (err)
		return err;
	idev = make_dev(q);
	if (!idev)
		return -ENOMEM;
	if (!try_module_get(profile->owner))
		return refuse(q, "profile %s is of a module that is going away",
			      profile->name);
	err = blk_integrity_reserve_resize(q, lim);
	if (err) {
		module_put(profile->owner);
		return err;
	}
	/* Nothing can fail from here on, so put the previous profile. */
	hold_profile(idev, profile);
	WRITE_ONCE(idev->can_verify, profile->verify_fn);
	WRITE_ONCE(idev->excludable, profile->verify_fn &&
		   blk_integrity_is_tuple_only(&lim->integrity));
	blk_integrity_update_excluded(idev);
	WRITE_ONCE(idev->can_generate, profile->generate_fn &&
		   !(lim->integrity.flags & BLK_INTEGRITY_NOGENERATE));
	return 0;
}

/**
 * blk_integrity_commit_limits() - validate limits and allocate their state
 * @q: queue they are for
 * @lim: limits, validated except for integrity
 *
 * Context: Process context, q->limits_lock held.  May sleep, but does no I/O.
 * Return: 0, -EINVAL as of blk_integrity_validate_limits(), -ENOMEM.
 */
int blk_integrity_commit_limits(struct request_queue *q,
				struct queue_limits *lim)
{
	int err = blk_integrity_validate_limits(q, lim);

	if (err)
		return err;
	err = blk_integrity_init_queue(q, lim);
	if (err)
		return err;
	/* With bios, splits may be under way: these have it from the start. */
	if (q->disk && queue_is_mq(q) && lim->integrity.tuple_size)
		bioset_integrity_create_split(&q->disk->bio_split);

	if (q->disk && !lim->integrity.tuple_size !=
		       !q->limits.integrity.tuple_size)
		blk_integrity_queue_event(q->disk,
					  BLK_INTEGRITY_EVENT_FORMAT);
	return 0;
}

/**
 * blk_integrity_exit_queue() - free the integrity state of a queue
 * @q: queue that is being freed
 *
 * Context: Process context.
 */
void blk_integrity_exit_queue(struct request_queue *q)
{
	if (!q->integrity_dev)
		return;
	blk_integrity_reserve_exit(q->integrity_dev);
	blk_integrity_reread_exit(q->integrity_dev);
	hold_profile(q->integrity_dev, NULL);
	blk_integrity_stat_exit(q->integrity_dev);
	kfree(q->integrity_dev);
	q->integrity_dev = NULL;
}
