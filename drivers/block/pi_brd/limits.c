// SPDX-License-Identifier: GPL-2.0
/*
 * Validation of the attributes of a disk, and its geometry and limits.
 */
#define pr_fmt(fmt) "pi_brd: " fmt

#include <linux/log2.h>

#include "pi_brd.h"

#define refuse(fmt, ...) (pr_warn(fmt "\n", ##__VA_ARGS__), -EINVAL)

static bool is_block_size(unsigned int bytes, unsigned int max)
{
	return is_power_of_2(bytes) && bytes >= SECTOR_SIZE && bytes <= max;
}

static int validate_format(const struct pi_brd_config *config)
{
	const struct pi_brd_format *fmt = pi_brd_format_of(config->guard);
	unsigned int tuple_bytes = fmt ? fmt->tuple_bytes : 0;

	if (config->metadata_bytes > PI_BRD_MAX_METADATA_BYTES)
		return refuse("metadata_bytes is %u, must be at most %u",
			      config->metadata_bytes,
			      PI_BRD_MAX_METADATA_BYTES);
	if (!config->metadata_bytes && fmt)
		return refuse("metadata_bytes is 0, must be at least %u for this guard",
			      tuple_bytes);
	if (config->pi_offset > config->metadata_bytes ||
	    config->metadata_bytes - config->pi_offset < tuple_bytes)
		return refuse("pi_offset is %u: a tuple of %u bytes there is past metadata_bytes, %u",
			      config->pi_offset, tuple_bytes,
			      config->metadata_bytes);
	if (config->type < 1 || config->type > 3)
		return refuse("type is %u, must be 1, 2 or 3", config->type);
	if (config->guard == PI_BRD_GUARD_CRC32C &&
	    (config->type == 3 || !PI_BRD_HAS_PROFILES))
		return refuse("guard is crc32c: with type 1 only, and not on a kernel without profiles of drivers");
	return 0;
}

static int validate_queues(const struct pi_brd_config *config)
{
	if (config->max_segment_bytes &&
	    (config->max_segment_bytes < PAGE_SIZE || config->virt_boundary))
		return refuse("max_segment_bytes is %u, must be at least %lu, and 0 with virt_boundary",
			      config->max_segment_bytes, PAGE_SIZE);
	if (!is_power_of_2(config->dma_alignment) ||
	    config->dma_alignment < 2 || config->dma_alignment > PAGE_SIZE)
		return refuse("dma_alignment is %u, must be a power of two from 2 to %lu",
			      config->dma_alignment, PAGE_SIZE);
	if (config->max_io_kb < PAGE_SIZE >> 10 ||
	    config->max_io_kb > U32_MAX >> 10)
		return refuse("max_io_kb is %u, must be %lu to %u",
			      config->max_io_kb, PAGE_SIZE >> 10, U32_MAX >> 10);
	if (config->append_kb > U32_MAX >> 10)
		return refuse("append_kb is %u, must be at most %u",
			      config->append_kb, U32_MAX >> 10);
	if (!config->queues || config->queues > nr_cpu_ids ||
	    config->poll_queues > nr_cpu_ids)
		return refuse("queues is %u, poll_queues is %u, must be at most %u, and queues not 0",
			      config->queues, config->poll_queues, nr_cpu_ids);
	if (!config->depth || config->depth > BLK_MQ_MAX_DEPTH)
		return refuse("depth is %u, must be 1 to %u", config->depth,
			      BLK_MQ_MAX_DEPTH);
	if (!config->max_segments || config->max_segments > U16_MAX ||
	    config->max_integrity_segments > U16_MAX)
		return refuse("max_segments is %u, max_integrity_segments is %u, must be at most %u, and max_segments not 0",
			      config->max_segments,
			      config->max_integrity_segments, U16_MAX);
	if (config->latency_ns > NSEC_PER_SEC)
		return refuse("latency_ns is %llu, must be at most %lu",
			      config->latency_ns, NSEC_PER_SEC);
	return 0;
}

/**
 * pi_brd_validate() - check the attributes of a disk
 * @config: the attributes
 *
 * Context: Process context.
 * Return: 0 on success, -EINVAL with a line in the log if they are invalid.
 */
int pi_brd_validate(const struct pi_brd_config *config)
{
	if (!config->size_mb || config->size_mb > LLONG_MAX >> 20)
		return refuse("size_mb is %llu, must be 1 to %llu",
			      config->size_mb, LLONG_MAX >> 20);
	if (config->size_mb << (20 - PAGE_SHIFT) > ULONG_MAX)
		return refuse("size_mb is %llu: more pages than this machine can count",
			      config->size_mb);
	if (!is_block_size(config->block_bytes, PAGE_SIZE))
		return refuse("block_bytes is %u, must be a power of two from 512 to %lu",
			      config->block_bytes, PAGE_SIZE);
	if (config->interval_bytes &&
	    !is_block_size(config->interval_bytes, config->block_bytes))
		return refuse("interval_bytes is %u, must be a power of two from 512 to block_bytes, %u",
			      config->interval_bytes, config->block_bytes);
	return validate_format(config) ?: validate_queues(config);
}

/* The application tag; without a reference tag, its field too. */
static unsigned int tag_bytes(const struct pi_brd *dev)
{
	const struct pi_brd_format *fmt = dev->format;

	if (!fmt || !dev->config.app_tag_own)
		return 0;
	return (dev->config.type == 3 ? fmt->tuple_bytes : fmt->ref_offset) -
	       fmt->guard_bytes;
}

static struct blk_integrity geometry(const struct pi_brd *dev)
{
	static const enum blk_integrity_checksum csum_types[] = {
		[PI_BRD_GUARD_NONE]	= BLK_INTEGRITY_CSUM_NONE,
		[PI_BRD_GUARD_CRC16]	= BLK_INTEGRITY_CSUM_CRC,
		[PI_BRD_GUARD_IP]	= BLK_INTEGRITY_CSUM_IP,
		[PI_BRD_GUARD_CRC64]	= BLK_INTEGRITY_CSUM_CRC64,
		[PI_BRD_GUARD_CRC32C]	= BLK_INTEGRITY_CSUM_NONE,
	};
	const struct pi_brd_config *config = &dev->config;
	struct blk_integrity bi = {
		.csum_type = csum_types[config->guard],
		.tuple_size = config->metadata_bytes,
		.pi_offset = config->pi_offset,
		.interval_exp = dev->interval_exp,
		.tag_size = tag_bytes(dev),
	};

	if (!config->metadata_bytes)
		return (struct blk_integrity) { };
	if (dev->format) {
		bi.flags |= BLK_INTEGRITY_DEVICE_CAPABLE;
		if (config->type != 3)
			bi.flags |= BLK_INTEGRITY_REF_TAG;
		if (config->checks_each)
			bi.flags |= BLK_INTEGRITY_CHECKS_EACH;
	}
	if (config->split_intervals)
		bi.flags |= BLK_INTEGRITY_SPLIT_INTERVALS;
	if (config->guard == PI_BRD_GUARD_CRC32C)
		pi_brd_crc32_profile(&bi);
	return bi;
}

/**
 * pi_brd_limits() - compute the queue limits of a disk
 * @dev: the disk
 *
 * Context: Any context.
 * Return: the limits, without those of zones.
 */
struct queue_limits pi_brd_limits(const struct pi_brd *dev)
{
	const struct pi_brd_config *config = &dev->config;
	struct queue_limits lim = {
		.logical_block_size = config->block_bytes,
		.physical_block_size = config->block_bytes,
		.max_hw_sectors = config->max_io_kb << (10 - SECTOR_SHIFT),
		.max_segments = config->max_segments,
		.max_segment_size = config->max_segment_bytes,
		.max_integrity_segments = config->max_integrity_segments,
		.dma_alignment = config->dma_alignment - 1,
		.virt_boundary_mask = config->virt_boundary ? PAGE_SIZE - 1 : 0,
		.integrity = geometry(dev),
	};

	if (!config->zone_mb) {
		lim.max_hw_discard_sectors = UINT_MAX >> SECTOR_SHIFT;
		lim.max_write_zeroes_sectors = UINT_MAX >> SECTOR_SHIFT;
		lim.discard_granularity = config->block_bytes;
	}
	return lim;
}
