// SPDX-License-Identifier: GPL-2.0
/*
 * Reads and writes: transfers each interval between the memory of the host, the
 * checks of the device, and its medium.
 */
#include <linux/highmem.h>

#include "pi_brd.h"

/**
 * struct pi_brd_cursor - position in the data or the metadata of a request
 * @bio: current bio, %NULL past the last one
 * @iter: what remains of it
 * @meta: of the metadata
 */
struct pi_brd_cursor {
	struct bio *bio;
	struct bvec_iter iter;
	bool meta;
};

static struct bvec_iter first_iter(struct bio *bio, bool meta)
{
	if (!meta)
		return bio->bi_iter;
	return bio_integrity(bio) ? bio_integrity(bio)->bip_iter :
				    (struct bvec_iter){ };
}

static struct pi_brd_cursor cursor_begin(struct request *rq, bool meta)
{
	return (struct pi_brd_cursor) {
		.bio = rq->bio,
		.iter = first_iter(rq->bio, meta),
		.meta = meta,
	};
}

/* Return the next contiguous piece of at most @max bytes, empty at the end. */
static struct bio_vec cursor_next(struct pi_brd_cursor *cursor, unsigned int max)
{
	const struct bio_vec *vec;
	struct bio_vec bv;

	while (cursor->bio && !cursor->iter.bi_size) {
		cursor->bio = cursor->bio->bi_next;
		if (cursor->bio)
			cursor->iter = first_iter(cursor->bio, cursor->meta);
	}
	if (!cursor->bio)
		return (struct bio_vec){ };

	vec = cursor->meta ? bio_integrity(cursor->bio)->bip_vec :
			     cursor->bio->bi_io_vec;
	bv = bvec_iter_bvec(vec, cursor->iter);
	bv.bv_len = min(bv.bv_len, max);
	bvec_iter_advance(vec, &cursor->iter, bv.bv_len);
	return bv;
}

/* Rejects a request whose data or metadata is shorter than its sectors need. */
static bool from_host(struct pi_brd_cursor *cursor, u8 *to, unsigned int bytes)
{
	while (bytes) {
		struct bio_vec bv = cursor_next(cursor, bytes);

		if (!bv.bv_len)
			return false;
		memcpy_from_bvec(to, &bv);
		to += bv.bv_len;
		bytes -= bv.bv_len;
	}
	return true;
}

static bool to_host(struct pi_brd_cursor *cursor, const u8 *from,
		    unsigned int bytes)
{
	while (bytes) {
		struct bio_vec bv = cursor_next(cursor, bytes);

		if (!bv.bv_len)
			return false;
		memcpy_to_bvec(&bv, from);
		from += bv.bv_len;
		bytes -= bv.bv_len;
	}
	return true;
}

/**
 * struct pi_brd_run - a request that is being served
 * @dev: the disk
 * @checks: what the device checks
 * @data: cursor in its data
 * @meta: cursor in its metadata
 * @has_meta: it has metadata
 * @data_buf: an interval of data
 * @meta_buf: its metadata
 * @seed: number in the first reference tag of a zone append
 * @first: first interval on the disk
 */
struct pi_brd_run {
	struct pi_brd *dev;
	struct pi_brd_checks checks;
	struct pi_brd_cursor data;
	struct pi_brd_cursor meta;
	bool has_meta;
	u8 *data_buf;
	u8 *meta_buf;
	u64 seed;
	u64 first;
};

/* Without metadata, the device generates tuples, or checks and strips them. */
static struct pi_brd_checks checks_of(const struct pi_brd *dev,
				      struct request *rq)
{
	struct bio_integrity_payload *bip = bio_integrity(rq->bio);
	struct pi_brd_checks checks = { };

	if (!dev->config.check)
		return checks;
	if (!bip) {
		checks.guard = true;
		checks.ref = true;
		return checks;
	}
	checks.guard = bio_integrity_device_checks(rq->bio, BIP_CHECK_GUARD);
	checks.ref = bio_integrity_device_checks(rq->bio, BIP_CHECK_REFTAG);
#if PI_BRD_HAS_PROFILES
	checks.app = bio_integrity_device_checks(rq->bio, BIP_CHECK_APPTAG);
	checks.app_tag = bip->bip_app_tag;
	checks.app_mask = bip->bip_app_mask;
#endif
	return checks;
}

static blk_status_t write_interval(struct pi_brd_run *run, unsigned int i)
{
	struct pi_brd *dev = run->dev;
	u64 interval = run->first + i, seed = run->seed + i;
	struct pi_brd_placement at = {
		.interval = interval,
		.data_bytes = pi_brd_interval_bytes(dev),
	};

	if (!from_host(&run->data, run->data_buf, at.data_bytes))
		return BLK_STS_INVAL;
	if (!run->has_meta)
		pi_brd_insert(dev, seed, run->data_buf, run->meta_buf);
	else if (!from_host(&run->meta, run->meta_buf,
			    dev->config.metadata_bytes))
		return BLK_STS_INVAL;

	pi_brd_fault_flip(dev, PI_BRD_SIDE_WRITE, interval, run->data_buf,
			  run->meta_buf);
	if (!pi_brd_check(dev, &run->checks, true, seed, run->data_buf,
			  run->meta_buf))
		return BLK_STS_PROTECTION;
	if (!dev->config.store)
		return BLK_STS_OK;

	if (seed != interval)
		pi_brd_renumber(dev, seed, interval, run->meta_buf);
	pi_brd_fault_flip(dev, PI_BRD_SIDE_MEDIUM, interval, run->data_buf,
			  run->meta_buf);
	pi_brd_fault_place(dev, PI_BRD_SIDE_MEDIUM, &at);
	if (at.drop)
		return BLK_STS_OK;
	return errno_to_blk_status(pi_brd_store_write(dev, &at, run->data_buf,
						      run->meta_buf));
}

static blk_status_t read_interval(struct pi_brd_run *run, unsigned int i)
{
	struct pi_brd *dev = run->dev;
	u64 interval = run->first + i;
	struct pi_brd_placement at = { .interval = interval };

	if (dev->config.store) {
		pi_brd_fault_place(dev, PI_BRD_SIDE_READ, &at);
		pi_brd_store_read(dev, &at, run->data_buf, run->meta_buf);
		if (!pi_brd_check(dev, &run->checks, false, interval,
				  run->data_buf, run->meta_buf))
			return BLK_STS_PROTECTION;
	} else {
		memset(run->data_buf, 0, pi_brd_interval_bytes(dev));
		pi_brd_insert_zero(dev, interval, run->meta_buf);
	}
	pi_brd_fault_flip(dev, PI_BRD_SIDE_READ, interval, run->data_buf,
			  run->meta_buf);

	if (!to_host(&run->data, run->data_buf, pi_brd_interval_bytes(dev)))
		return BLK_STS_INVAL;
	if (run->has_meta && !to_host(&run->meta, run->meta_buf,
				      dev->config.metadata_bytes))
		return BLK_STS_INVAL;
	return BLK_STS_OK;
}

/* Segments of this iterator do not cross pages. */
static bool has_split_interval(const struct pi_brd *dev, struct request *rq)
{
	struct req_iterator iter;
	struct bio_vec bv;

	rq_for_each_segment(bv, rq, iter) {
		if ((bv.bv_offset | bv.bv_len) & (pi_brd_interval_bytes(dev) - 1))
			return true;
	}
	return false;
}

/**
 * pi_brd_transfer() - serve a read, a write or a zone append
 * @dev: the disk
 * @rq: the request; a zone append begins at the place of the write
 * @cmd: its driver part
 * @seed: number in the first reference tag of a write
 *
 * The first interval with an error ends the request; those before it are
 * written.
 *
 * Context: Process context.  May sleep if the disk has a store.  Does no I/O.
 * Return: %BLK_STS_OK on success, %BLK_STS_PROTECTION if a tuple is wrong,
 *	%BLK_STS_RESOURCE without memory, %BLK_STS_INVAL if metadata is missing
 *	or the data is split as the disk does not accept it.
 */
blk_status_t pi_brd_transfer(struct pi_brd *dev, struct request *rq,
			     struct pi_brd_cmd *cmd, u64 seed)
{
	unsigned int count = pi_brd_interval_of(dev, blk_rq_sectors(rq));
	bool write = op_is_write(req_op(rq));
	struct pi_brd_run run = {
		.dev = dev,
		.checks = checks_of(dev, rq),
		.data = cursor_begin(rq, false),
		.has_meta = blk_integrity_rq(rq),
		.data_buf = cmd->buf,
		.meta_buf = cmd->buf + pi_brd_interval_bytes(dev),
		.seed = seed,
		.first = pi_brd_interval_of(dev, blk_rq_pos(rq)),
	};
	blk_status_t status = BLK_STS_OK;

	/* A null device does not access the data. */
	if (write && !dev->config.store && !dev->config.check &&
	    list_empty(&dev->rules))
		return BLK_STS_OK;
	if (run.has_meta) {
		run.meta = cursor_begin(rq, true);
		if (has_split_interval(dev, rq)) {
			atomic64_inc(&dev->stat.split);
			if (!dev->config.split_intervals)
				return BLK_STS_INVAL;
		}
	} else if (write && dev->format) {
		atomic64_add(count, &dev->stat.inserted);
	}

	for (unsigned int i = 0; i < count && !status; i++)
		status = write ? write_interval(&run, i) :
				 read_interval(&run, i);
	return status;
}
