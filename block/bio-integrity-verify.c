// SPDX-License-Identifier: GPL-2.0
/*
 * kintegrityd: reads are verified off the completion path, in batches.
 *
 * Completions push payloads on a list of their CPU.  Only the first one finds
 * the list empty and queues work, which takes the whole list: a burst of
 * completions costs one wake-up.
 */

#include <linux/blk-integrity.h>
#include <linux/llist.h>
#include <linux/percpu.h>
#include <linux/workqueue.h>

#include "blk.h"
#include "blk-integrity-walk.h"

struct kintegrityd_cpu {
	struct llist_head todo;
	struct work_struct work;
};

static DEFINE_PER_CPU(struct kintegrityd_cpu, kintegrityd_cpus);
static struct workqueue_struct *kintegrityd_wq __ro_after_init;

/**
 * bio_integrity_verify() - check the data of a read against its metadata
 * @bia: the payload; the bio's own iterators do not matter, nor what the
 *	device is formatted to now
 *
 * Context: Process or softirq context.
 * Return: BLK_STS_OK, BLK_STS_PROTECTION after the error was reported, or
 *	BLK_STS_IOERR if there is less metadata than data.
 */
blk_status_t bio_integrity_verify(struct bio_integrity_auto *bia)
{
	const struct blk_integrity *bi = &bia->bip.bip_geometry;
	unsigned int intervals = bia->data_iter.bi_size >> bi->interval_exp;
	struct blk_integrity_error err = {};
	struct blk_integrity_walk walk = {
		.mode = BLK_INTEGRITY_WALK_READ,
		.geometry = bi,
		.data_vec = bia->bio->bi_io_vec,
		.data_iter = bia->data_iter,
		.prot_vec = bia->bip.bip_vec,
		.prot_iter.bi_size = intervals * bi->tuple_size,
		.intervals = intervals,
		.xchg = {
			.interval = blk_integrity_interval(bi,
						bia->data_iter.bi_sector),
			.bio = bia->bio,
			.err = &err,
		},
	};
	blk_status_t status = BLK_STS_OK;

	while (!status && blk_integrity_walk_next(&walk))
		status = bi->profile->verify_fn(&walk.xchg);
	blk_integrity_walk_end(&walk);

	if (status)
		blk_integrity_report(bia->bio, bi, &err);
	else if (walk.intervals)
		status = BLK_STS_IOERR;
	return status;
}

static void kintegrityd_work(struct work_struct *work)
{
	struct kintegrityd_cpu *cpu =
		container_of(work, struct kintegrityd_cpu, work);
	struct llist_node *batch = llist_del_all(&cpu->todo);
	struct bio_integrity_auto *bia, *next;

	/* The list is last in, first out; bios end in the order they came. */
	batch = llist_reverse_order(batch);
	llist_for_each_entry_safe(bia, next, batch, node) {
		struct bio *bio = bia->bio;

		bio->bi_status = bio_integrity_verify(bia);
		bio_integrity_free(bio);
		bio_endio(bio);
		cond_resched();
	}
}

/**
 * bio_integrity_verify_later() - let kintegrityd verify and end a bio
 * @bia: the payload of the bio
 *
 * Context: Any context.
 */
void bio_integrity_verify_later(struct bio_integrity_auto *bia)
{
	int this_cpu = get_cpu();
	struct kintegrityd_cpu *cpu = per_cpu_ptr(&kintegrityd_cpus, this_cpu);

	if (llist_add(&bia->node, &cpu->todo))
		queue_work_on(this_cpu, kintegrityd_wq, &cpu->work);
	put_cpu();
}

/**
 * blk_flush_integrity() - wait for all verification that is under way
 *
 * Context: Process context.  May sleep.
 */
void blk_flush_integrity(void)
{
	flush_workqueue(kintegrityd_wq);
}

/**
 * bio_integrity_verify_init() - make kintegrityd
 *
 * WQ_MEM_RECLAIM, since swapping in may wait for a verification; WQ_HIGHPRI,
 * since each one is the last leg of somebody's read; WQ_CPU_INTENSIVE, since
 * it computes and hardly ever waits, and other work of the CPU should not
 * queue behind it.
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

	kintegrityd_wq = alloc_workqueue("kintegrityd", WQ_MEM_RECLAIM |
					 WQ_HIGHPRI | WQ_CPU_INTENSIVE, 1);
	if (!kintegrityd_wq)
		panic("Failed to create kintegrityd\n");
}
