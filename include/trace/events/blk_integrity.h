/* SPDX-License-Identifier: GPL-2.0 */
#undef TRACE_SYSTEM
#define TRACE_SYSTEM blk_integrity

#if !defined(_TRACE_BLK_INTEGRITY_H) || defined(TRACE_HEADER_MULTI_READ)
#define _TRACE_BLK_INTEGRITY_H

#include <linux/blk-integrity.h>
#include <linux/tracepoint.h>

TRACE_DEFINE_ENUM(BLK_INTEGRITY_TAG_GUARD);
TRACE_DEFINE_ENUM(BLK_INTEGRITY_TAG_APP);
TRACE_DEFINE_ENUM(BLK_INTEGRITY_TAG_REF);
TRACE_DEFINE_ENUM(BLK_INTEGRITY_TAG_UNKNOWN);
TRACE_DEFINE_ENUM(BLK_INTEGRITY_ORIGIN_HOST);
TRACE_DEFINE_ENUM(BLK_INTEGRITY_ORIGIN_DEVICE);

DECLARE_EVENT_CLASS(blk_integrity_bio,
	TP_PROTO(struct block_device *bdev, u64 interval, unsigned int intervals),
	TP_ARGS(bdev, interval, intervals),

	TP_STRUCT__entry(
		__field(dev_t, dev)
		__field(u64, interval)
		__field(unsigned int, intervals)
	),

	TP_fast_assign(
		__entry->dev = bdev->bd_dev;
		__entry->interval = interval;
		__entry->intervals = intervals;
	),

	TP_printk("dev %d,%d interval %llu intervals %u",
		  MAJOR(__entry->dev), MINOR(__entry->dev),
		  __entry->interval, __entry->intervals)
);

/**
 * blk_integrity_generate - the block layer protected a write
 * @bdev: device of the write
 * @interval: number of its first interval
 * @intervals: number of its intervals
 */
DEFINE_EVENT(blk_integrity_bio, blk_integrity_generate,
	TP_PROTO(struct block_device *bdev, u64 interval, unsigned int intervals),
	TP_ARGS(bdev, interval, intervals)
);

/**
 * blk_integrity_defer - a read was handed to kintegrityd
 * @bdev: device of the read
 * @interval: number of its first interval
 * @intervals: number of its intervals
 */
DEFINE_EVENT(blk_integrity_bio, blk_integrity_defer,
	TP_PROTO(struct block_device *bdev, u64 interval, unsigned int intervals),
	TP_ARGS(bdev, interval, intervals)
);

/**
 * blk_integrity_verify - the block layer checked a read, or a piece of one
 * @bdev: device of the read
 * @interval: number of the first interval checked
 * @intervals: number of intervals checked
 */
DEFINE_EVENT(blk_integrity_bio, blk_integrity_verify,
	TP_PROTO(struct block_device *bdev, u64 interval, unsigned int intervals),
	TP_ARGS(bdev, interval, intervals)
);

/**
 * blk_integrity_remap - reference tags of a bio were renumbered
 * @bdev: device of the bio
 * @from: number of its first interval before
 * @to: number of its first interval now
 * @intervals: number of intervals renumbered
 */
TRACE_EVENT(blk_integrity_remap,
	TP_PROTO(struct block_device *bdev, u64 from, u64 to, unsigned int intervals),
	TP_ARGS(bdev, from, to, intervals),

	TP_STRUCT__entry(
		__field(dev_t, dev)
		__field(u64, from)
		__field(u64, to)
		__field(unsigned int, intervals)
	),

	TP_fast_assign(
		__entry->dev = bdev->bd_dev;
		__entry->from = from;
		__entry->to = to;
		__entry->intervals = intervals;
	),

	TP_printk("dev %d,%d from %llu to %llu intervals %u",
		  MAJOR(__entry->dev), MINOR(__entry->dev),
		  __entry->from, __entry->to, __entry->intervals)
);

/**
 * blk_integrity_reread - bad intervals of a read were read again
 * @bdev: device of the read
 * @interval: number of the first of them
 * @intervals: number of intervals read again
 * @healed: number of these that were good then
 */
TRACE_EVENT(blk_integrity_reread,
	TP_PROTO(struct block_device *bdev, u64 interval, unsigned int intervals,
		 unsigned int healed),
	TP_ARGS(bdev, interval, intervals, healed),

	TP_STRUCT__entry(
		__field(dev_t, dev)
		__field(u64, interval)
		__field(unsigned int, intervals)
		__field(unsigned int, healed)
	),

	TP_fast_assign(
		__entry->dev = bdev->bd_dev;
		__entry->interval = interval;
		__entry->intervals = intervals;
		__entry->healed = healed;
	),

	TP_printk("dev %d,%d interval %llu intervals %u healed %u",
		  MAJOR(__entry->dev), MINOR(__entry->dev),
		  __entry->interval, __entry->intervals, __entry->healed)
);

/**
 * blk_integrity_error - a bio failed verification, or a device failed a request
 * @disk: the disk
 * @err: its first bad interval; for an error of the device, its first interval,
 *	without tag and values
 */
TRACE_EVENT(blk_integrity_error,
	TP_PROTO(struct gendisk *disk, const struct blk_integrity_error *err),
	TP_ARGS(disk, err),

	TP_STRUCT__entry(
		__field(dev_t, dev)
		__field(sector_t, sector)
		__field(u64, interval)
		__field(unsigned int, tag)
		__field(u64, expected)
		__field(u64, found)
		__field(unsigned int, origin)
	),

	TP_fast_assign(
		__entry->dev = disk_devt(disk);
		__entry->sector = err->sector;
		__entry->interval = err->interval;
		__entry->tag = err->tag;
		__entry->expected = err->expected;
		__entry->found = err->found;
		__entry->origin = err->origin;
	),

	TP_printk("dev %d,%d sector %llu interval %llu tag %s expected 0x%llx found 0x%llx by %s",
		  MAJOR(__entry->dev), MINOR(__entry->dev),
		  (unsigned long long)__entry->sector, __entry->interval,
		  __print_symbolic(__entry->tag,
				   { BLK_INTEGRITY_TAG_GUARD, "guard" },
				   { BLK_INTEGRITY_TAG_APP, "app" },
				   { BLK_INTEGRITY_TAG_REF, "ref" },
				   { BLK_INTEGRITY_TAG_UNKNOWN, "unknown" }),
		  __entry->expected, __entry->found,
		  __print_symbolic(__entry->origin,
				   { BLK_INTEGRITY_ORIGIN_HOST, "host" },
				   { BLK_INTEGRITY_ORIGIN_DEVICE, "device" }))
);

#endif /* _TRACE_BLK_INTEGRITY_H */

#include <trace/define_trace.h>
