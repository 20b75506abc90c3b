// SPDX-License-Identifier: GPL-2.0
/*
 * Zones, which must be written in order, and zone append.
 */
#define pr_fmt(fmt) "pi_brd: " fmt

#include <linux/log2.h>
#include <linux/slab.h>

#include "pi_brd.h"

/* The number of sectors of a zone of 1 TiB fits 32 bits. */
#define MAX_ZONE_MB	SZ_1M
#define MAX_ZONES	65536

static struct pi_brd_zone *zone_of(const struct pi_brd *dev, sector_t sector)
{
	return &dev->zones[sector >> ilog2(dev->zone_sectors)];
}

static sector_t zone_start(const struct pi_brd *dev,
			   const struct pi_brd_zone *zone)
{
	return (zone - dev->zones) * dev->zone_sectors;
}

/**
 * pi_brd_zones_alloc() - divide a disk into empty zones
 * @dev: the disk
 * @lim: its limits, to which those of the zones are added
 *
 * Context: Process context.  May sleep.
 * Return: 0 on success, -EINVAL if zone_mb is not a power of two or does not
 *	divide size_mb, -ENOMEM.
 */
int pi_brd_zones_alloc(struct pi_brd *dev, struct queue_limits *lim)
{
	const struct pi_brd_config *config = &dev->config;

	if (!is_power_of_2(config->zone_mb) || config->zone_mb > MAX_ZONE_MB ||
	    config->size_mb & (config->zone_mb - 1) ||
	    config->size_mb >> ilog2(config->zone_mb) > MAX_ZONES) {
		pr_warn("zone_mb is %u, must be a power of two up to %u that divides size_mb, %llu, into at most %u zones\n",
			config->zone_mb, MAX_ZONE_MB, config->size_mb,
			MAX_ZONES);
		return -EINVAL;
	}

	dev->zone_sectors = (sector_t)config->zone_mb << (20 - SECTOR_SHIFT);
	dev->nr_zones = config->size_mb >> ilog2(config->zone_mb);
	dev->zones = kvcalloc(dev->nr_zones, sizeof(*dev->zones), GFP_KERNEL);
	if (!dev->zones)
		return -ENOMEM;
	for (unsigned int i = 0; i < dev->nr_zones; i++) {
		struct pi_brd_zone *zone = &dev->zones[i];

		mutex_init(&zone->lock);
		zone->write_pointer = zone_start(dev, zone);
		zone->cond = BLK_ZONE_COND_EMPTY;
	}

	lim->features |= BLK_FEAT_ZONED;
	lim->chunk_sectors = dev->zone_sectors;
	lim->max_zone_append_sectors = config->append_kb << (10 - SECTOR_SHIFT);
	return 0;
}

/**
 * pi_brd_report_zones() - report zones
 * @disk: the disk
 * @sector: a sector of the first zone
 * @nr_zones: maximum number of zones
 * @cb: called for each zone
 * @data: argument of @cb
 *
 * Context: Process context.  May sleep.
 * Return: number of zones, or the error of @cb.
 */
int pi_brd_report_zones(struct gendisk *disk, sector_t sector,
			unsigned int nr_zones, report_zones_cb cb, void *data)
{
	struct pi_brd *dev = disk->private_data;
	unsigned int first, i;

	if (!dev->zones)
		return -EOPNOTSUPP;
	first = zone_of(dev, sector) - dev->zones;
	for (i = 0; i < nr_zones && first + i < dev->nr_zones; i++) {
		struct pi_brd_zone *zone = &dev->zones[first + i];
		struct blk_zone report = {
			.start = zone_start(dev, zone),
			.len = dev->zone_sectors,
			.capacity = dev->zone_sectors,
			.type = BLK_ZONE_TYPE_SEQWRITE_REQ,
		};
		int err;

		mutex_lock(&zone->lock);
		report.wp = zone->write_pointer;
		report.cond = zone->cond;
		mutex_unlock(&zone->lock);
		err = cb(&report, i, data);
		if (err)
			return err;
	}
	return i;
}

/**
 * pi_brd_zone_write() - write at the write pointer of a zone
 * @dev: the disk
 * @rq: a write that begins there, or a zone append, whose place is returned
 * @cmd: its driver part
 *
 * The tuples of a zone append are generated for the start of the zone, and are
 * renumbered for the place where they are written.
 *
 * Context: Process context.  May sleep.
 * Return: as pi_brd_transfer(), %BLK_STS_IOERR for a write elsewhere.
 */
blk_status_t pi_brd_zone_write(struct pi_brd *dev, struct request *rq,
			       struct pi_brd_cmd *cmd)
{
	struct pi_brd_zone *zone = zone_of(dev, blk_rq_pos(rq));
	u64 seed = pi_brd_interval_of(dev, blk_rq_pos(rq));
	sector_t end = zone_start(dev, zone) + dev->zone_sectors;
	blk_status_t status;

	guard(mutex)(&zone->lock);
	if (req_op(rq) == REQ_OP_ZONE_APPEND) {
		rq->__sector = zone->write_pointer;
		/* Its completion reports only one place. */
		cmd->piece_bytes = 0;
	}
	if (zone->cond == BLK_ZONE_COND_FULL ||
	    blk_rq_pos(rq) != zone->write_pointer ||
	    blk_rq_sectors(rq) > end - zone->write_pointer)
		return BLK_STS_IOERR;

	status = pi_brd_transfer(dev, rq, cmd, seed);
	if (status)
		return status;
	zone->write_pointer += blk_rq_sectors(rq);
	zone->cond = zone->write_pointer == end ? BLK_ZONE_COND_FULL :
						  BLK_ZONE_COND_IMP_OPEN;
	return BLK_STS_OK;
}

static void zone_reset(struct pi_brd *dev, struct pi_brd_zone *zone)
{
	sector_t start = zone_start(dev, zone);

	pi_brd_store_clear(dev, pi_brd_interval_of(dev, start),
			   pi_brd_interval_of(dev, dev->zone_sectors));
	zone->write_pointer = start;
	zone->cond = BLK_ZONE_COND_EMPTY;
}

static blk_status_t zone_manage(struct pi_brd *dev, struct pi_brd_zone *zone,
				enum req_op op)
{
	sector_t start = zone_start(dev, zone);

	guard(mutex)(&zone->lock);
	switch (op) {
	case REQ_OP_ZONE_RESET:
	case REQ_OP_ZONE_RESET_ALL:
		zone_reset(dev, zone);
		return BLK_STS_OK;
	case REQ_OP_ZONE_OPEN:
		if (zone->cond == BLK_ZONE_COND_FULL)
			return BLK_STS_IOERR;
		zone->cond = BLK_ZONE_COND_EXP_OPEN;
		return BLK_STS_OK;
	case REQ_OP_ZONE_CLOSE:
		if (zone->cond == BLK_ZONE_COND_FULL)
			return BLK_STS_IOERR;
		zone->cond = zone->write_pointer == start ?
			     BLK_ZONE_COND_EMPTY : BLK_ZONE_COND_CLOSED;
		return BLK_STS_OK;
	case REQ_OP_ZONE_FINISH:
		zone->write_pointer = start + dev->zone_sectors;
		zone->cond = BLK_ZONE_COND_FULL;
		return BLK_STS_OK;
	default:
		return BLK_STS_NOTSUPP;
	}
}

/**
 * pi_brd_zone_manage() - reset, open, close or finish zones
 * @dev: the disk
 * @rq: the request
 *
 * Context: Process context.  May sleep.
 * Return: %BLK_STS_OK on success, %BLK_STS_IOERR if the zone is in a condition
 *	that does not allow it, %BLK_STS_NOTSUPP for other requests.
 */
blk_status_t pi_brd_zone_manage(struct pi_brd *dev, struct request *rq)
{
	blk_status_t status = BLK_STS_OK;

	if (req_op(rq) != REQ_OP_ZONE_RESET_ALL)
		return zone_manage(dev, zone_of(dev, blk_rq_pos(rq)),
				   req_op(rq));
	for (unsigned int i = 0; i < dev->nr_zones && !status; i++)
		status = zone_manage(dev, &dev->zones[i], req_op(rq));
	return status;
}
