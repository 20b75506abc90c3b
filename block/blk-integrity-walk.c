// SPDX-License-Identifier: GPL-2.0
/*
 * The walk: turns vectors that are cut anywhere into runs of whole intervals.
 *
 * An interval or a metadata area that straddles vectors is gathered into a page
 * of this CPU, returned as a run of one interval, and written back from there.
 */

#include <linux/bvec.h>
#include <linux/highmem.h>
#include <linux/local_lock.h>
#include <linux/mutex.h>
#include <linux/percpu.h>

#include "blk-integrity-walk.h"

/*
 * Each buffer is a page, the maximum size of an interval and of a metadata
 * area.  The lock disables softirqs, so that tasks and softirqs can use the
 * pages.
 */
struct blk_integrity_bounce {
	local_lock_t lock;
	void *data;
	void *prot;
};

static DEFINE_PER_CPU(struct blk_integrity_bounce, blk_integrity_bounces) = {
	.lock = INIT_LOCAL_LOCK(lock),
};

static DEFINE_MUTEX(blk_integrity_bounce_mutex);

/**
 * blk_integrity_walk_init_cpus() - allocate the pages for straddling runs
 *
 * Call this before the first walk.  The pages are allocated once, with the
 * first device that has metadata, and never freed.
 *
 * Context: Process context.  May sleep, but does no I/O.
 * Return: 0 on success; -ENOMEM, after which a later call tries again.
 */
int blk_integrity_walk_init_cpus(void)
{
	int err = 0;
	int cpu;

	mutex_lock(&blk_integrity_bounce_mutex);
	for_each_possible_cpu(cpu) {
		struct blk_integrity_bounce *bounce =
			per_cpu_ptr(&blk_integrity_bounces, cpu);

		if (!bounce->data)
			bounce->data = (void *)__get_free_page(GFP_NOIO);
		if (!bounce->prot)
			bounce->prot = (void *)__get_free_page(GFP_NOIO);
		if (!bounce->data || !bounce->prot) {
			err = -ENOMEM;
			break;
		}
	}
	mutex_unlock(&blk_integrity_bounce_mutex);
	return err;
}

static struct blk_integrity_bounce *bounce_get(struct blk_integrity_walk *walk)
{
	if (!walk->holds_bounce) {
		local_bh_disable();
		local_lock_nested_bh(&blk_integrity_bounces.lock);
		walk->holds_bounce = true;
	}
	return this_cpu_ptr(&blk_integrity_bounces);
}

static void bounce_put(struct blk_integrity_walk *walk)
{
	if (walk->holds_bounce) {
		local_unlock_nested_bh(&blk_integrity_bounces.lock);
		local_bh_enable();
		walk->holds_bounce = false;
	}
}

/* Return the longest piece that one mapping can cover. */
static struct bio_vec segment(const struct bio_vec *vec, struct bvec_iter iter)
{
	if (IS_ENABLED(CONFIG_HIGHMEM))
		return bvec_iter_bvec(vec, iter);
	return mp_bvec_iter_bvec(vec, iter);
}

static __always_inline void *segment_map(struct bio_vec *bv)
{
	if (IS_ENABLED(CONFIG_HIGHMEM))
		return bvec_kmap_local(bv);
	return page_address(bv->bv_page) + bv->bv_offset;
}

static void segment_unmap(void *map)
{
	if (IS_ENABLED(CONFIG_HIGHMEM))
		kunmap_local(map);
}

/* Copy @bytes from vectors to @buf, or from there to the vectors. */
static __always_inline void copy_vecs(void *buf, const struct bio_vec *vec,
				      struct bvec_iter iter, unsigned int bytes,
				      bool to_buf)
{
	while (bytes && iter.bi_size) {
		struct bio_vec bv = segment(vec, iter);
		unsigned int len = min(bytes, bv.bv_len);
		void *map = segment_map(&bv);

		memcpy(to_buf ? buf : map, to_buf ? map : buf, len);
		segment_unmap(map);
		bvec_iter_advance_single(vec, &iter, len);
		buf += len;
		bytes -= len;
	}
}

/**
 * blk_integrity_gather() - copy out of vectors
 * @to: room for @bytes
 * @vec: the vectors
 * @iter: where in them
 * @bytes: how much
 *
 * Context: Any context.
 */
void blk_integrity_gather(void *to, const struct bio_vec *vec,
			  struct bvec_iter iter, unsigned int bytes)
{
	copy_vecs(to, vec, iter, bytes, true);
}

/**
 * blk_integrity_scatter() - copy into vectors
 * @from: @bytes to copy
 * @vec: the vectors
 * @iter: where in them
 * @bytes: how much
 *
 * Context: Any context.
 */
void blk_integrity_scatter(const void *from, const struct bio_vec *vec,
			   struct bvec_iter iter, unsigned int bytes)
{
	copy_vecs((void *)from, vec, iter, bytes, false);
}

static bool walk_has_data(const struct blk_integrity_walk *walk)
{
	return walk->mode == BLK_INTEGRITY_WALK_READ ||
	       walk->mode == BLK_INTEGRITY_WALK_WRITE;
}

static struct bvec_iter tuple_iter(const struct blk_integrity_walk *walk)
{
	struct bvec_iter iter = walk->prot_iter;

	bvec_iter_advance(walk->prot_vec, &iter, walk->geometry->pi_offset);
	return iter;
}

/*
 * A straddling area is bounced whole, but in tuple mode only its tuple: that
 * fits on the stack of the walk's owner, the one place hard interrupts may bounce
 * to.
 */
static void bounce_prot(struct blk_integrity_walk *walk)
{
	const struct blk_integrity *geometry = walk->geometry;

	if (walk->mode == BLK_INTEGRITY_WALK_TUPLE) {
		struct blk_integrity_tuple_bounce *bounce = walk->tuple_bounce;

		bounce->geometry = *geometry;
		bounce->geometry.tuple_size = geometry->profile->tuple_size;
		bounce->geometry.pi_offset = 0;
		walk->xchg.bi = &bounce->geometry;
		walk->xchg.prot_buf = bounce->tuple;
		blk_integrity_gather(bounce->tuple, walk->prot_vec,
				     tuple_iter(walk),
				     geometry->profile->tuple_size);
	} else {
		walk->xchg.prot_buf = bounce_get(walk)->prot;
		blk_integrity_gather(walk->xchg.prot_buf, walk->prot_vec,
				     walk->prot_iter, geometry->tuple_size);
	}
}

static void unbounce_prot(struct blk_integrity_walk *walk)
{
	if (walk->mode == BLK_INTEGRITY_WALK_TUPLE)
		blk_integrity_scatter(walk->xchg.prot_buf, walk->prot_vec,
				      tuple_iter(walk),
				      walk->geometry->profile->tuple_size);
	else if (walk->mode == BLK_INTEGRITY_WALK_WRITE ||
		 walk->mode == BLK_INTEGRITY_WALK_SET)
		blk_integrity_scatter(walk->xchg.prot_buf, walk->prot_vec,
				      walk->prot_iter,
				      walk->geometry->tuple_size);
}

/* Undo start_straddling(). */
static noinline void end_straddling(struct blk_integrity_walk *walk)
{
	const struct blk_integrity *geometry = walk->geometry;

	if (walk->prot_map)
		segment_unmap(walk->prot_map);
	else
		unbounce_prot(walk);
	if (walk->data_map)
		segment_unmap(walk->data_map);
	bounce_put(walk);

	bvec_iter_advance(walk->prot_vec, &walk->prot_iter,
			  geometry->tuple_size);
	if (walk_has_data(walk))
		bvec_iter_advance(walk->data_vec, &walk->data_iter,
				  1U << geometry->interval_exp);
}

static void end_run(struct blk_integrity_walk *walk)
{
	const struct blk_integrity *geometry = walk->geometry;
	unsigned int n = walk->run_intervals;

	if (unlikely(walk->straddles)) {
		end_straddling(walk);
	} else {
		segment_unmap(walk->prot_map);
		bvec_iter_advance_single(walk->prot_vec, &walk->prot_iter,
					 n * geometry->tuple_size);
		/* What was taken in pieces has been left already. */
		if (walk_has_data(walk) && !walk->xchg.pieces) {
			segment_unmap(walk->data_map);
			bvec_iter_advance_single(walk->data_vec, &walk->data_iter,
						 n << geometry->interval_exp);
		}
	}
	walk->xchg.interval += n;
	walk->intervals -= n;
	walk->run_intervals = 0;
}

/**
 * blk_integrity_walk_end() - finish the present run of a walk
 * @walk: the walk
 *
 * Only needed by a caller that stops before blk_integrity_walk_next() has
 * returned %false.
 *
 * Context: That of the walk.
 */
void blk_integrity_walk_end(struct blk_integrity_walk *walk)
{
	if (walk->run_intervals)
		end_run(walk);
}

/*
 * A run of one, whose data or metadata area does not lie in one segment.  What
 * does lie in one, as the other may, is used where it is.
 */
static noinline void start_straddling(struct blk_integrity_walk *walk)
{
	const unsigned int interval_bytes = 1U << walk->geometry->interval_exp;
	struct bio_vec prot = segment(walk->prot_vec, walk->prot_iter);
	struct bio_vec data = {};

	walk->straddled++;
	walk->data_map = NULL;
	walk->prot_map = NULL;
	if (walk_has_data(walk))
		data = segment(walk->data_vec, walk->data_iter);
	if (data.bv_len >= interval_bytes) {
		walk->data_map = segment_map(&data);
		walk->xchg.data_buf = walk->data_map;
	} else if (walk_has_data(walk)) {
		void *page = bounce_get(walk)->data;

		blk_integrity_gather(page, walk->data_vec, walk->data_iter,
				     interval_bytes);
		walk->xchg.data_buf = page;
	}
	if (prot.bv_len >= walk->geometry->tuple_size) {
		walk->prot_map = segment_map(&prot);
		walk->xchg.prot_buf = walk->prot_map;
	} else {
		bounce_prot(walk);
	}
}

/*
 * Take up to @most intervals of data in pieces, and leave them behind.  Return:
 * the number taken; 0 if the next one straddles.
 */
static noinline unsigned int take_pieces(struct blk_integrity_walk *walk,
					 unsigned int most)
{
	const unsigned int exp = walk->geometry->interval_exp;
	struct blk_integrity_pieces *pieces = walk->pieces;
	struct pi_piece *piece = pieces->piece;
	struct bvec_iter iter = walk->data_iter;
	const struct bio_vec *bv = __bvec_iter_bvec(walk->data_vec, iter);
	unsigned int left = min(most, BLK_INTEGRITY_MAX_PIECES_INTERVALS);

	most = left;
	while (left && iter.bi_size &&
	       piece < pieces->piece + BLK_INTEGRITY_MAX_PIECES) {
		unsigned int bytes = min(bv->bv_len - iter.bi_bvec_done,
					 iter.bi_size);
		unsigned int n = min(bytes >> exp, left);

		if (!n)
			break;
		piece->data = page_address(bv->bv_page) + bv->bv_offset +
			      iter.bi_bvec_done;
		piece->intervals = n;
		piece++;
		left -= n;
		iter.bi_size -= n << exp;
		iter.bi_bvec_done += n << exp;
		if (iter.bi_bvec_done == bv->bv_len) {
			iter.bi_bvec_done = 0;
			iter.bi_idx++;
			bv++;
		}
	}
	pieces->nr = piece - pieces->piece;
	walk->data_iter = iter;
	return most - left;
}

/* At least one: an interval may be longer than a run should be. */
static unsigned int max_run_intervals(unsigned int interval_exp)
{
	return ((WALK_MAX_RUN_BYTES - 1) >> interval_exp) + 1;
}

/* Does @walk still have a whole interval and its metadata area? */
static bool walk_has_more(const struct blk_integrity_walk *walk)
{
	const struct blk_integrity *geometry = walk->geometry;

	return walk->intervals &&
	       walk->prot_iter.bi_size >= geometry->tuple_size &&
	       (!walk_has_data(walk) ||
		walk->data_iter.bi_size >> geometry->interval_exp);
}

/**
 * __blk_integrity_walk_next() - blk_integrity_walk_next() but for the end of a
 *	walk of one run
 * @walk: the walk
 *
 * Context: That of the walk.
 * Return: as blk_integrity_walk_next().
 */
bool __blk_integrity_walk_next(struct blk_integrity_walk *walk)
{
	const struct blk_integrity *geometry = walk->geometry;
	const unsigned int exp = geometry->interval_exp;
	struct bio_vec data, prot;
	unsigned int n, whole;

	if (walk->run_intervals)
		end_run(walk);
	if (!walk_has_more(walk))
		return false;

	n = min(walk->intervals, max_run_intervals(exp));
	prot = segment(walk->prot_vec, walk->prot_iter);
	if (n * geometry->tuple_size > prot.bv_len)
		n = prot.bv_len / geometry->tuple_size;
	walk->xchg.pieces = NULL;
	if (walk_has_data(walk)) {
		data = segment(walk->data_vec, walk->data_iter);
		whole = data.bv_len >> exp;
		if (whole < n && walk->pieces) {
			n = take_pieces(walk, n);
			walk->xchg.pieces = n ? walk->pieces : NULL;
		} else {
			n = min(n, whole);
		}
	}

	walk->straddles = !n;
	walk->run_intervals = n ?: 1;
	walk->xchg.bi = geometry;
	walk->xchg.data_size = walk->run_intervals << exp;
	if (unlikely(walk->straddles)) {
		start_straddling(walk);
		return true;
	}
	if (walk_has_data(walk) && !walk->xchg.pieces) {
		walk->data_map = segment_map(&data);
		walk->xchg.data_buf = walk->data_map;
	}
	walk->prot_map = segment_map(&prot);
	walk->xchg.prot_buf = walk->prot_map;
	return true;
}
