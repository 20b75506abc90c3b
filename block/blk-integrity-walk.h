/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Iterator over data and metadata in lock-step.
 *
 * Data and metadata are in vectors that are cut anywhere: an interval may
 * straddle two data vectors, and a metadata area two metadata vectors.  The
 * walk turns them into runs of whole intervals, both sides contiguous and
 * mapped, and returns each run as a &struct blk_integrity_exchg.  For users that
 * ask for it, the data of a run can be in several pieces.  The walk does not
 * depend on bios or policies, allocates nothing and cannot fail.
 */
#ifndef BLK_INTEGRITY_WALK_H
#define BLK_INTEGRITY_WALK_H

#include <linux/blk-integrity.h>
#include <linux/bvec.h>
#include <linux/mm.h>
#include <linux/sizes.h>

#include "pi-guard.h"

/*
 * Maximum length of a run, so that callbacks that disable preemption to use
 * vector registers enable it again every few microseconds.
 */
#define WALK_MAX_RUN_BYTES	SZ_64K

/**
 * enum blk_integrity_walk_mode - access of the user of a walk
 * @BLK_INTEGRITY_WALK_READ: reads data and metadata areas
 * @BLK_INTEGRITY_WALK_WRITE: reads data, writes metadata areas
 * @BLK_INTEGRITY_WALK_TUPLE: no data; changes tuples.  The only mode for hard
 *	interrupts
 * @BLK_INTEGRITY_WALK_GET: no data; reads metadata areas
 * @BLK_INTEGRITY_WALK_SET: no data; writes metadata areas
 */
enum blk_integrity_walk_mode {
	BLK_INTEGRITY_WALK_READ,
	BLK_INTEGRITY_WALK_WRITE,
	BLK_INTEGRITY_WALK_TUPLE,
	BLK_INTEGRITY_WALK_GET,
	BLK_INTEGRITY_WALK_SET,
};

/**
 * struct blk_integrity_tuple_bounce - where a straddling tuple is worked on
 * @geometry: of @tuple
 * @tuple: the tuple, without the metadata around it
 *
 * Beside the walk, not in it: only tuple mode has it, and need not clear it.
 */
struct blk_integrity_tuple_bounce {
	struct blk_integrity geometry;
	u8 tuple[BLK_INTEGRITY_MAX_TUPLE_BYTES];
};

/*
 * Limits of a run in pieces: some pages, and not more guards than fit on the
 * stack of a callback.
 */
#define BLK_INTEGRITY_MAX_PIECES		16
#define BLK_INTEGRITY_MAX_PIECES_INTERVALS	64

/**
 * struct blk_integrity_pieces - data of a run that is not contiguous
 * @nr: number of pieces
 * @piece: the pieces
 */
struct blk_integrity_pieces {
	unsigned int nr;
	struct pi_piece piece[BLK_INTEGRITY_MAX_PIECES];
};

/**
 * struct blk_integrity_walk - the cursor
 * @mode: access to the runs
 * @geometry: layout of an interval and its metadata area
 * @data_vec: the data vectors; unused in modes without data
 * @data_iter: what is left of the data; after the last run, not valid
 * @tuple_bounce: for tuple mode, not initialised
 * @pieces: not initialised, for users whose callbacks take data in pieces; NULL:
 *	the data of a run is contiguous
 * @prot_vec: the metadata vectors
 * @prot_iter: iterator over the metadata that remains; after the last run, not
 *	valid
 * @intervals: number of remaining intervals, including those of the run
 * @run_intervals: intervals of the run, 0 before the first and after the last
 *	run
 * @straddled: number of intervals gathered so far
 * @xchg: the run; the caller sets interval (the number of the first one), bio,
 *	private, checks, app_tag, app_mask and err, the walk does the rest; after
 *	the last run, not valid except for what callbacks have stored
 *
 * The caller fills in all of these but @run_intervals, or calls
 * blk_integrity_walk_init() and fills in the rest, and then calls
 * blk_integrity_walk_next() until it returns %false.
 */
struct blk_integrity_walk {
	enum blk_integrity_walk_mode mode;
	const struct blk_integrity *geometry;
	const struct bio_vec *data_vec;
	struct bvec_iter data_iter;
	struct blk_integrity_tuple_bounce *tuple_bounce;
	struct blk_integrity_pieces *pieces;
	const struct bio_vec *prot_vec;
	struct bvec_iter prot_iter;
	unsigned int intervals;
	unsigned int run_intervals;
	unsigned int straddled;
	struct blk_integrity_exchg xchg;

	/* private: mappings and bounce buffers of the run */
	void *data_map;
	void *prot_map;
	bool straddles;
	bool holds_bounce;
};

bool __blk_integrity_walk_next(struct blk_integrity_walk *walk);
void blk_integrity_walk_end(struct blk_integrity_walk *walk);
int blk_integrity_walk_init_cpus(void);
void blk_integrity_gather(void *to, const struct bio_vec *vec,
		struct bvec_iter iter, unsigned int bytes);
void blk_integrity_scatter(const void *from, const struct bio_vec *vec,
		struct bvec_iter iter, unsigned int bytes);

/* Initialise a run field by field, but for its buffers, number and geometry. */
static inline void blk_integrity_exchg_init(struct blk_integrity_exchg *xchg)
{
	xchg->data_buf = NULL;
	xchg->bio = NULL;
	xchg->private = NULL;
	xchg->checks = 0;
	xchg->app_tag = 0;
	xchg->app_mask = 0;
	xchg->escaped = 0;
	xchg->blank = false;
	xchg->err = NULL;
}

/**
 * blk_integrity_one_run() - get data and metadata that are one run without a walk
 * @xchg: the run, initialised but for its buffers and geometry
 * @geometry: layout of an interval and its metadata area
 * @data_vec: the data vectors
 * @data_iter: the data, at least @intervals
 * @prot_vec: the metadata vectors
 * @prot_iter: the metadata
 * @intervals: number of intervals
 *
 * Most small bios are one run, and a walk would cost several times as much.
 *
 * Context: Any context.
 * Return: %true if there is a run in @xchg, to which
 *	blk_integrity_walk_next() would add nothing; %false if there must be a walk.
 */
static inline bool blk_integrity_one_run(struct blk_integrity_exchg *xchg,
					 const struct blk_integrity *geometry,
					 const struct bio_vec *data_vec,
					 const struct bvec_iter *data_iter,
					 const struct bio_vec *prot_vec,
					 const struct bvec_iter *prot_iter,
					 unsigned int intervals)
{
	const struct bio_vec *data = data_vec + data_iter->bi_idx;
	const struct bio_vec *prot = prot_vec + prot_iter->bi_idx;
	unsigned int data_bytes = intervals << geometry->interval_exp;
	unsigned int prot_bytes = intervals * geometry->tuple_size;

	if (IS_ENABLED(CONFIG_HIGHMEM) || !data_bytes ||
	    data_bytes > WALK_MAX_RUN_BYTES ||
	    data_bytes > data->bv_len - data_iter->bi_bvec_done ||
	    prot_bytes > prot->bv_len - prot_iter->bi_bvec_done ||
	    prot_bytes > prot_iter->bi_size)
		return false;
	xchg->bi = geometry;
	xchg->pieces = NULL;
	xchg->data_size = data_bytes;
	xchg->data_buf = page_address(data->bv_page) + data->bv_offset +
			 data_iter->bi_bvec_done;
	xchg->prot_buf = page_address(prot->bv_page) + prot->bv_offset +
			 prot_iter->bi_bvec_done;
	return true;
}

/**
 * blk_integrity_walk_init() - initialise a walk field by field
 * @walk: the walk, not initialised
 * @mode: access to the runs
 * @geometry: layout of an interval and its metadata area
 * @intervals: number of intervals
 *
 * The caller sets the vectors, the iterators and the number of the first
 * interval.  A walk is too large to be zeroed as a whole for each bio.
 *
 * Context: Any context.
 */
static inline void
blk_integrity_walk_init(struct blk_integrity_walk *walk,
			enum blk_integrity_walk_mode mode,
			const struct blk_integrity *geometry,
			unsigned int intervals)
{
	walk->mode = mode;
	walk->geometry = geometry;
	walk->tuple_bounce = NULL;
	walk->pieces = NULL;
	walk->intervals = intervals;
	walk->run_intervals = 0;
	walk->straddled = 0;
	blk_integrity_exchg_init(&walk->xchg);
	walk->straddles = false;
	walk->holds_bounce = false;
}

/**
 * blk_integrity_walk_next() - finish the present run and get the next one
 * @walk: the walk
 *
 * Context: Process or softirq context; in tuple mode any context.  Between two
 *	calls the caller must not sleep.
 * Return: %true if there is a run in @walk->xchg.  %false at the end;
 *	@walk->intervals is then 0, or the number of missing intervals if data
 *	or metadata are too short.
 */
static inline bool blk_integrity_walk_next(struct blk_integrity_walk *walk)
{
	/* Most walks have one run, which is neither mapped nor gathered. */
	if (!IS_ENABLED(CONFIG_HIGHMEM) && !walk->straddles &&
	    walk->run_intervals == walk->intervals) {
		walk->intervals = 0;
		walk->run_intervals = 0;
		return false;
	}
	return __blk_integrity_walk_next(walk);
}

#endif /* BLK_INTEGRITY_WALK_H */
