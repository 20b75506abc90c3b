// SPDX-License-Identifier: GPL-2.0
/*
 * Second readings: verification of intervals, and copying good ones to the
 * pages of the reader.
 */

#include <linux/blk-integrity.h>
#include <linux/string.h>

#include "bio-integrity-reread.h"
#include "blk.h"
#include "blk-integrity-walk.h"

static struct bvec_iter reader_data(struct bip_object *obj,
				    unsigned int first)
{
	struct bvec_iter iter = obj->data_iter;

	bvec_iter_advance(obj->bio->bi_io_vec, &iter,
			  first << obj->bip.bip_geometry.interval_exp);
	return iter;
}

static struct bvec_iter reader_meta(struct bip_object *obj,
				    unsigned int first)
{
	const struct blk_integrity *bi = &obj->bip.bip_geometry;
	struct bvec_iter iter = {
		.bi_size = (obj->data_iter.bi_size >> bi->interval_exp) *
			   bi->tuple_size,
	};

	bvec_iter_advance(obj->bip.bip_vec, &iter, first * bi->tuple_size);
	return iter;
}

/**
 * reread_has_bad() - verify an interval in the pages of the reader
 * @reread: second readings, with a payload
 * @i: the interval, counted in the bio
 * @err: set to its error record
 *
 * Context: Process context.
 * Return: %true if it is bad.
 */
bool reread_has_bad(struct bio_integrity_reread *reread, unsigned int i,
		    struct blk_integrity_error *err)
{
	struct bip_object *obj = reread->obj;
	struct blk_integrity_walk walk = {
		.data_vec = obj->bio->bi_io_vec,
		.data_iter = reader_data(obj, i),
		.prot_vec = obj->bip.bip_vec,
		.prot_iter = reader_meta(obj, i),
		.intervals = 1,
		.xchg.interval = obj->first_interval + i,
		.xchg.err = err,
	};

	memset(err, 0, sizeof(*err));
	bio_integrity_verify_walk(obj, &walk);
	return blk_integrity_failed(err);
}

/* Verify interval @i of the run in the pages of the second reading. */
static bool reading_has_bad(struct bio_integrity_reread *reread, unsigned int i,
			    struct blk_integrity_error *err)
{
	const struct blk_integrity *bi = reread_geometry(reread);
	struct bio_vec *meta_vec = reread->bip.bip_inline_vecs;
	struct blk_integrity_walk walk = {
		.data_vec = &reread->data_vec,
		.data_iter.bi_size = reread->span << bi->interval_exp,
		.prot_vec = meta_vec,
		.prot_iter.bi_size = reread->span * bi->tuple_size,
		.intervals = 1,
		.xchg.interval = reread->obj->first_interval + reread->next + i,
		.xchg.err = err,
	};

	bvec_iter_advance(&reread->data_vec, &walk.data_iter,
			  (reread->lead + i) << bi->interval_exp);
	bvec_iter_advance(meta_vec, &walk.prot_iter,
			  (reread->lead + i) * bi->tuple_size);
	memset(err, 0, sizeof(*err));
	bio_integrity_verify_walk(reread->obj, &walk);
	return blk_integrity_failed(err);
}

/* Has the device returned the same metadata both times? */
static bool same_metadata(struct bip_object *obj, unsigned int i,
			  const u8 *meta)
{
	struct bvec_iter iter = reader_meta(obj, i);
	unsigned int left = obj->bip.bip_geometry.tuple_size;
	u8 buf[64];

	while (left) {
		unsigned int len = min_t(unsigned int, left, sizeof(buf));

		blk_integrity_gather(buf, obj->bip.bip_vec, iter, len);
		if (memcmp(buf, meta, len))
			return false;
		bvec_iter_advance(obj->bip.bip_vec, &iter, len);
		meta += len;
		left -= len;
	}
	return true;
}

/* Copy interval @i of the run to the pages of the reader. */
static void heal(struct bio_integrity_reread *reread, unsigned int i)
{
	struct bip_object *obj = reread->obj;
	const struct blk_integrity *bi = reread_geometry(reread);
	unsigned int from = reread->lead + i;
	void *data = page_address(reread->data) + (from << bi->interval_exp);
	void *meta = page_address(reread->meta) + from * bi->tuple_size;

	reread->healed++;
	if (same_metadata(obj, reread->next + i, meta))
		reread->unstable++;
	blk_integrity_scatter(data, obj->bio->bi_io_vec,
			      reader_data(obj, reread->next + i),
			      1U << bi->interval_exp);
	blk_integrity_scatter(meta, obj->bip.bip_vec,
			      reader_meta(obj, reread->next + i),
			      bi->tuple_size);
}

static void leave_run(struct bio_integrity_reread *reread)
{
	reread->next += reread->run;
	reread->run = 0;
}

/**
 * reread_give_up() - leave a run that could not be read again
 * @reread: second readings, with a run
 *
 * Records the errors of the first reading.
 *
 * Context: Process context.
 */
void reread_give_up(struct bio_integrity_reread *reread)
{
	struct blk_integrity_error err;

	for (unsigned int i = 0; i < reread->run; i++)
		if (reread_has_bad(reread, reread->next + i, &err))
			blk_integrity_error_merge(&reread->err, &err);
	leave_run(reread);
}

/**
 * reread_judge() - heal the good intervals of a run that was read again
 * @reread: second readings, with a run
 *
 * If a try is left, the run is reduced to its bad intervals.  Otherwise their
 * errors in the last reading are recorded, and the run is left.
 *
 * Context: Process context.
 */
void reread_judge(struct bio_integrity_reread *reread)
{
	struct blk_integrity_error err, sum = {};
	unsigned int first_bad = 0, last_bad = 0;

	for (unsigned int i = 0; i < reread->run; i++) {
		if (reading_has_bad(reread, i, &err)) {
			if (!blk_integrity_failed(&sum))
				first_bad = i;
			last_bad = i;
			blk_integrity_error_merge(&sum, &err);
		} else if (reread_has_bad(reread, reread->next + i, &err)) {
			heal(reread, i);
		}
	}

	if (blk_integrity_failed(&sum) && --reread->tries) {
		reread->next += first_bad;
		reread->run = last_bad - first_bad + 1;
		return;
	}
	blk_integrity_error_merge(&reread->err, &sum);
	leave_run(reread);
}
