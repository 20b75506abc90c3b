// SPDX-License-Identifier: GPL-2.0
/*
 * Verification of reads in the context that completes them, by the policy
 * inline_bytes.  Everything else is left to kintegrityd.
 *
 * This saves a work item and a switch of tasks.  But the reads of a burst are
 * then verified one after the other, while everything else waits that the CPU
 * has to do, and kintegrityd would share them with idle CPUs.  The policy "auto"
 * therefore leaves a read to kintegrityd if it is busy on this CPU, or if reads
 * complete as fast as this CPU verifies them.
 */

#include <linux/blk-integrity.h>
#include <linux/percpu.h>
#include <linux/sched/clock.h>

#include "bio-integrity-internal.h"
#include "blk.h"

/*
 * A verification must be followed by a pause of an eighth of its duration.  The
 * last pause may be owed, so that times that vary do not matter.
 */
#define PAUSE_SHIFT	3

/**
 * kintegrityd_cpu_has_time() - test whether "auto" verifies another read at once
 * @kcpu: state of this CPU
 * @now: time in ns of local_clock()
 *
 * Context: Any context.
 * Return: %false if kintegrityd has reads of this CPU, or if verification in
 *	completing contexts has left it no pauses lately.
 */
bool kintegrityd_cpu_has_time(const struct kintegrityd_cpu *kcpu, u64 now)
{
	return llist_empty(&kcpu->todo) && !READ_ONCE(kcpu->working) &&
	       READ_ONCE(kcpu->paused_until) <= now + READ_ONCE(kcpu->pause_ns);
}

/**
 * kintegrityd_cpu_spend() - account for a verification in a completing context
 * @kcpu: state of this CPU
 * @start: time when it began, in ns of local_clock()
 * @end: time when it ended
 *
 * No lock: if a softirq interrupts a task here, the time of one of them is lost.
 *
 * Context: Any context.
 */
void kintegrityd_cpu_spend(struct kintegrityd_cpu *kcpu, u64 start, u64 end)
{
	u64 took = max(end, start) - start;
	u64 pause = took >> PAUSE_SHIFT;
	u64 from = max(READ_ONCE(kcpu->paused_until), start);

	WRITE_ONCE(kcpu->pause_ns, pause);
	WRITE_ONCE(kcpu->paused_until, from + took + pause);
}

/*
 * A task may migrate to another CPU meanwhile.  Their clocks differ little, and
 * the decision need not be exact.
 */
static bool verify_if_time(struct bip_object *obj)
{
	struct kintegrityd_cpu *kcpu = raw_cpu_ptr(&kintegrityd_cpus);
	u64 start = local_clock();

	if (!kintegrityd_cpu_has_time(kcpu, start))
		return false;
	bio_integrity_verify_object(obj);
	kintegrityd_cpu_spend(kcpu, start, local_clock());
	return true;
}

/*
 * Never verify with interrupts disabled: the guards of a large read take tens of
 * microseconds.
 */
static bool context_allows(void)
{
	if (in_hardirq() || irqs_disabled())
		return false;
	return !IS_ENABLED(CONFIG_PREEMPT_RT) || preemptible();
}

/**
 * bio_integrity_verify_inline() - verify a completing read in this context
 * @obj: payload of the bio; the record in it gets the errors
 *
 * Context: Any context.
 * Return: %true if it has been verified; %false if policy, context or load leave
 *	that to kintegrityd.
 */
bool bio_integrity_verify_inline(struct bip_object *obj)
{
	struct request_queue *q = bdev_get_queue(bip_object_bdev(obj));
	u32 max_bytes = READ_ONCE(q->integrity_dev->inline_bytes);
	bool is_auto = max_bytes == BIO_INTEGRITY_INLINE_AUTO;

	if (is_auto)
		max_bytes = BIO_INTEGRITY_MAX_INLINE_BYTES;
	if (obj->data_iter.bi_size > max_bytes || !context_allows())
		return false;
	if (!is_auto)
		bio_integrity_verify_object(obj);
	else if (!verify_if_time(obj))
		return false;
	blk_integrity_count(q, BLK_INTEGRITY_INLINE_VERIFIES, 1);
	return true;
}
