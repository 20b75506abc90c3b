// SPDX-License-Identifier: GPL-2.0
/*
 * kintegrityd: verifies reads off the completion path, in batches.
 *
 * Completions push payloads on a list of their CPU.  Only the first one finds
 * the list empty and queues a work item, which takes the whole list: a burst of
 * completions costs one wake-up.  Many bios, or a large one, go on a list that
 * all CPUs take pieces from.
 *
 * Lifetime: a bio holds a reference on the usage count of its queue from its
 * completion until bio_endio() has returned.  Freezing a queue, and therefore
 * the removal of its disk, waits for the verification of its own reads and no
 * others.
 *
 * Forward progress: verification allocates nothing and waits for nothing.  The
 * CPU that puts a bio on a list has its work queued until both lists are empty;
 * other CPUs only help.  A run of the work is bounded and requeues itself, so
 * that one worker, or the one rescuer, serves all CPUs in turn.
 */

#include <linux/blk-integrity.h>
#include <linux/llist.h>
#include <linux/percpu.h>
#include <linux/sched.h>
#include <linux/sched/isolation.h>
#include <linux/sizes.h>
#include <linux/workqueue.h>

#include <trace/events/blk_integrity.h>

#include "bio-integrity-internal.h"
#include "blk.h"
#include "blk-integrity-walk.h"

/*
 * Data that one CPU verifies at a time: some 15 us at 8 GB/s, several times the
 * cost of waking another CPU.
 */
#define PIECE_BYTES	SZ_128K

/* Number of bios of its list that a CPU keeps for itself. */
#define KEEP_BIOS	8

/* CPUs searched for an idle one: a wider search costs more than it saves. */
#define IDLE_SEARCH	8

/*
 * Data that a run of the work verifies, in bytes: a millisecond or two.  Small
 * bios count as LEAST_BYTES, because completing them takes time too.
 */
#define WORK_BYTES	SZ_8M
#define LEAST_BYTES	SZ_16K

DEFINE_PER_CPU(struct kintegrityd_cpu, kintegrityd_cpus);
static struct workqueue_struct *kintegrityd_wq __ro_after_init;

/*
 * Bios with remaining pieces.  The lock also covers their next_piece and err.
 */
static LIST_HEAD(shared_bios);
static DEFINE_SPINLOCK(shared_lock);

static unsigned int object_intervals(const struct bip_object *obj)
{
	return obj->data_iter.bi_size >> obj->bip.bip_geometry.interval_exp;
}

static unsigned int piece_intervals(const struct bip_object *obj)
{
	return PIECE_BYTES >> obj->bip.bip_geometry.interval_exp;
}

static unsigned int object_pieces(const struct bip_object *obj)
{
	return DIV_ROUND_UP(obj->data_iter.bi_size, PIECE_BYTES);
}

static void set_checks(const struct bip_object *obj,
		       struct blk_integrity_exchg *xchg)
{
	xchg->bio = obj->bio;
	xchg->private = obj->private;
	xchg->checks = obj->bip.bip_flags & BIP_CHECK_FLAGS;
	xchg->app_tag = obj->bip.bip_app_tag;
	xchg->app_mask = obj->bip.bip_app_mask;
}

/**
 * bio_integrity_verify_walk() - verify intervals by the settings of a payload
 * @obj: payload of a read
 * @walk: data, metadata, number of intervals, number of the first one and
 *	record; this function sets the rest
 *
 * Context: Process or softirq context.
 */
void bio_integrity_verify_walk(struct bip_object *obj,
			       struct blk_integrity_walk *walk)
{
	struct blk_integrity_pieces pieces __uninitialized;

	walk->mode = BLK_INTEGRITY_WALK_READ;
	walk->pieces = blk_integrity_pieces_for(obj->profile, &pieces);
	walk->geometry = &obj->bip.bip_geometry;
	set_checks(obj, &walk->xchg);
	while (blk_integrity_walk_next(walk))
		obj->profile->verify_fn(&walk->xchg);
}

static noinline void verify_runs(struct bip_object *obj, unsigned int first,
				 unsigned int intervals,
				 struct bvec_iter prot_iter,
				 struct blk_integrity_exchg *xchg)
{
	const struct blk_integrity *bi = &obj->bip.bip_geometry;
	struct blk_integrity_walk walk __uninitialized;

	blk_integrity_walk_init(&walk, BLK_INTEGRITY_WALK_READ, bi, intervals);
	walk.data_vec = obj->bio->bi_io_vec;
	walk.data_iter = obj->data_iter;
	walk.prot_vec = obj->bip.bip_vec;
	walk.prot_iter = prot_iter;
	walk.xchg = *xchg;
	if (first) {
		bvec_iter_advance(walk.data_vec, &walk.data_iter,
				  first << bi->interval_exp);
		bvec_iter_advance(walk.prot_vec, &walk.prot_iter,
				  first * bi->tuple_size);
	}
	bio_integrity_verify_walk(obj, &walk);
	xchg->escaped = walk.xchg.escaped;
	blk_integrity_count(bdev_get_queue(bip_object_bdev(obj)),
			    BLK_INTEGRITY_STRADDLED, walk.straddled);
}

/* Uses the recorded extent, not the present iterators or format. */
static void verify_intervals(struct bip_object *obj, unsigned int first,
			     unsigned int intervals,
			     struct blk_integrity_error *err)
{
	struct request_queue *q = bdev_get_queue(bip_object_bdev(obj));
	const struct blk_integrity *bi = &obj->bip.bip_geometry;
	const struct bvec_iter prot_iter = {
		.bi_size = object_intervals(obj) * bi->tuple_size,
	};
	struct blk_integrity_exchg xchg __uninitialized;

	blk_integrity_exchg_init(&xchg);
	set_checks(obj, &xchg);
	xchg.interval = obj->first_interval + first;
	xchg.err = err;
	if (!first && blk_integrity_one_run(&xchg, bi, obj->bio->bi_io_vec,
					    &obj->data_iter, obj->bip.bip_vec,
					    &prot_iter, intervals))
		obj->profile->verify_fn(&xchg);
	else
		verify_runs(obj, first, intervals, prot_iter, &xchg);

	blk_integrity_count(q, BLK_INTEGRITY_VERIFIED, intervals - xchg.escaped);
	blk_integrity_count(q, BLK_INTEGRITY_ESCAPED, xchg.escaped);
	trace_blk_integrity_verify(bip_object_bdev(obj),
				   obj->first_interval + first, intervals);
}

/* Report the errors of a bio.  Return: its status after verification. */
static blk_status_t object_result(struct bip_object *obj)
{
	struct request_queue *q = bdev_get_queue(bip_object_bdev(obj));

	if (!blk_integrity_failed(&obj->err))
		return BLK_STS_OK;
	blk_integrity_report(bip_object_bdev(obj), &obj->err);
	return READ_ONCE(q->integrity_dev->report_only) ? BLK_STS_OK :
							  BLK_STS_PROTECTION;
}

/**
 * bio_integrity_verify_object() - verify all intervals of a bio
 * @obj: payload of the bio; the record in it gets the errors
 *
 * Context: Process or softirq context.
 */
void bio_integrity_verify_object(struct bip_object *obj)
{
	verify_intervals(obj, 0, object_intervals(obj), &obj->err);
}

/**
 * bio_integrity_verify() - verify a bio in this context
 * @obj: payload of the bio
 *
 * Context: Process or softirq context.
 * Return: BLK_STS_OK or BLK_STS_PROTECTION; the record is in @obj.
 */
blk_status_t bio_integrity_verify(struct bip_object *obj)
{
	bio_integrity_verify_object(obj);
	return object_result(obj);
}

/* Set the status of a verified bio from its record. */
static void conclude(struct bip_object *obj)
{
	blk_status_t status = object_result(obj);

	if (status)
		obj->bio->bi_status = status;
	obj->verified = true;
}

/**
 * bip_object_end() - end a read after its verification
 * @obj: payload of the bio, its record complete; may be freed on return
 *
 * A bio to which others are chained ends after them, but its payload must not
 * wait for that.
 *
 * Context: Process context.
 */
void bip_object_end(struct bip_object *obj)
{
	struct bio *bio = obj->bio;

	conclude(obj);
	__bio_integrity_leave(bio);
	bio_endio(bio);
}

/* Return: %true if the bad intervals are read again before the bio ends. */
static bool starts_reread(struct bip_object *obj)
{
	return blk_integrity_failed(&obj->err) && bio_integrity_reread(obj);
}

/* All pieces are verified.  The payload may be freed when this returns. */
static void object_verified(struct bip_object *obj)
{
	struct request_queue *held = obj->held;

	if (!starts_reread(obj))
		bip_object_end(obj);
	if (held)
		blk_queue_exit(held);
}

/* Wake an idle CPU nearby, if there is one, to take pieces. */
static void wake_idle_cpu(void)
{
	int this_cpu = raw_smp_processor_id();
	int cpu = this_cpu;

	for (int i = 0; i < IDLE_SEARCH; i++) {
		cpu = cpumask_next_wrap(cpu, cpu_online_mask, this_cpu, true);
		if (cpu >= nr_cpu_ids)
			return;
		if (idle_cpu(cpu) && housekeeping_cpu(cpu, HK_TYPE_WQ)) {
			queue_work_on(cpu, kintegrityd_wq,
				      &per_cpu(kintegrityd_cpus, cpu).work);
			return;
		}
	}
}

static void object_share(struct bip_object *obj)
{
	obj->next_piece = 0;
	atomic_set(&obj->pieces_left, object_pieces(obj));

	spin_lock(&shared_lock);
	list_add_tail(&obj->shared, &shared_bios);
	spin_unlock(&shared_lock);
	wake_idle_cpu();
}

/*
 * The bio is kept until pieces_left is 0, when all pieces have been verified.
 */
static struct bip_object *take_piece(unsigned int *piece)
{
	struct bip_object *obj;

	spin_lock(&shared_lock);
	obj = list_first_entry_or_null(&shared_bios, struct bip_object,
				       shared);
	if (obj) {
		*piece = obj->next_piece++;
		if (obj->next_piece == object_pieces(obj))
			list_del(&obj->shared);
	}
	spin_unlock(&shared_lock);
	return obj;
}

static void verify_piece(struct bip_object *obj, unsigned int piece)
{
	unsigned int first = piece * piece_intervals(obj);
	unsigned int intervals = min(object_intervals(obj) - first,
				     piece_intervals(obj));
	struct blk_integrity_error err = {};

	verify_intervals(obj, first, intervals, &err);

	spin_lock(&shared_lock);
	blk_integrity_error_merge(&obj->err, &err);
	spin_unlock(&shared_lock);
	if (atomic_dec_and_test(&obj->pieces_left))
		object_verified(obj);
}

/* Return: bytes verified, 0 if there was no bio. */
static unsigned int verify_batch(struct kintegrityd_cpu *kcpu)
{
	/*
	 * The list is last in, first out.  Verify bios in the order of
	 * completion.
	 */
	struct llist_node *batch =
		llist_reverse_order(llist_del_all(&kcpu->todo));
	struct bip_object *kept[KEEP_BIOS];
	struct bip_object *obj, *next;
	unsigned int nr_kept = 0;
	unsigned int bytes = 0;

	/* First share, so that other CPUs work at the same time. */
	llist_for_each_entry_safe(obj, next, batch, node) {
		if (object_pieces(obj) == 1 && nr_kept < KEEP_BIOS)
			kept[nr_kept++] = obj;
		else
			object_share(obj);
	}
	for (unsigned int i = 0; i < nr_kept; i++) {
		bytes += max(kept[i]->data_iter.bi_size, LEAST_BYTES);
		bio_integrity_verify_object(kept[i]);
		object_verified(kept[i]);
		cond_resched();
	}
	return bytes;
}

/* Return: bytes verified, 0 if there was no piece. */
static unsigned int verify_shared(void)
{
	struct bip_object *obj;
	unsigned int bytes, piece;

	obj = take_piece(&piece);
	if (!obj)
		return 0;
	bytes = clamp(obj->data_iter.bi_size, LEAST_BYTES, PIECE_BYTES);
	verify_piece(obj, piece);
	cond_resched();
	return bytes;
}

/* Bios of this CPU take precedence over pieces of others. */
static void kintegrityd_work(struct work_struct *work)
{
	struct kintegrityd_cpu *kcpu =
		container_of(work, struct kintegrityd_cpu, work);
	unsigned int bytes, sum = 0;

	WRITE_ONCE(kcpu->working, true);
	do {
		bytes = verify_batch(kcpu);
		bytes += verify_shared();
		sum += bytes;
	} while (bytes && sum < WORK_BYTES);
	WRITE_ONCE(kcpu->working, false);
	if (bytes)
		queue_work(kintegrityd_wq, work);
}

/*
 * If the device is that of the request that completes, its usage count is held.
 * Otherwise, and if a driver that takes bios ends one, the owner of the payload
 * keeps the device open.
 */
static void hold_queue(struct bip_object *obj)
{
	struct request_queue *q = bdev_get_queue(bip_object_bdev(obj));

	obj->held = percpu_ref_tryget(&q->q_usage_counter) ? q : NULL;
}

/* Hand the bio to kintegrityd, which verifies and ends it. */
static void verify_later(struct bip_object *obj)
{
	struct kintegrityd_cpu *kcpu;
	int cpu;

	trace_blk_integrity_defer(bip_object_bdev(obj), obj->first_interval,
				  object_intervals(obj));
	bip_object_leave_path(obj);
	hold_queue(obj);
	cpu = get_cpu();
	kcpu = per_cpu_ptr(&kintegrityd_cpus, cpu);
	if (llist_add(&obj->node, &kcpu->todo))
		queue_work_on(cpu, kintegrityd_wq, &kcpu->work);
	put_cpu();
}

/**
 * bio_integrity_verify_read() - verify a completing read, now or in kintegrityd
 * @obj: the payload of the bio
 *
 * Context: Any context.
 * Return: %true if the bio has been verified and may end; %false if it ends
 *	later.
 */
bool bio_integrity_verify_read(struct bip_object *obj)
{
	if (!bio_integrity_verify_inline(obj)) {
		verify_later(obj);
		return false;
	}
	if (starts_reread(obj))
		return false;
	conclude(obj);
	return true;
}

/**
 * bio_integrity_verify_init() - allocate kintegrityd
 *
 * WQ_MEM_RECLAIM, because swapping in may wait for a verification; WQ_HIGHPRI,
 * because a reader waits for each one; WQ_CPU_INTENSIVE, because it computes
 * and hardly ever waits, and other work of the CPU should not queue behind it.
 *
 * Context: Boot.
 */
void __init bio_integrity_verify_init(void)
{
	int cpu;

	for_each_possible_cpu(cpu) {
		struct kintegrityd_cpu *kcpu = per_cpu_ptr(&kintegrityd_cpus, cpu);

		init_llist_head(&kcpu->todo);
		INIT_WORK(&kcpu->work, kintegrityd_work);
	}

	kintegrityd_wq = alloc_workqueue("kintegrityd",
					 WQ_MEM_RECLAIM | WQ_HIGHPRI | WQ_CPU_INTENSIVE, 1);
	if (!kintegrityd_wq)
		panic("blk-integrity: no memory for kintegrityd\n");
}
