// SPDX-License-Identifier: GPL-2.0
/*
 * Where reads are verified: in the completing context or by kintegrityd, and
 * that a batch of completions costs one work item.
 */

#include <linux/blk-integrity.h>

#include "../bio-integrity-internal.h"
#include "integrity_disk.h"

#define REF_TAG	BLK_INTEGRITY_REF_TAG
#define CRC	BLK_INTEGRITY_CSUM_CRC
#define AUTO	BIO_INTEGRITY_INLINE_AUTO

/* A CPU that has been idle has time, at any value of its clock. */
static void idle_cpu_has_time(struct kunit *test)
{
	struct kintegrityd_cpu kcpu = {};

	KUNIT_EXPECT_TRUE(test, kintegrityd_cpu_has_time(&kcpu, 0));
	kintegrityd_cpu_spend(&kcpu, 0, 800);
	KUNIT_EXPECT_TRUE(test, kintegrityd_cpu_has_time(&kcpu, 1ULL << 40));
	kintegrityd_cpu_spend(&kcpu, 1ULL << 40, (1ULL << 40) + 800);
	KUNIT_EXPECT_TRUE(test, kintegrityd_cpu_has_time(&kcpu, U64_MAX / 2));
}

/* After 800 ns it must pause 100 ns, and may owe one pause. */
static void cpu_without_pauses_has_no_time(struct kunit *test)
{
	struct kintegrityd_cpu kcpu = {};
	u64 now = 5000;

	kintegrityd_cpu_spend(&kcpu, now, now + 800);
	now += 800;
	KUNIT_EXPECT_TRUE(test, kintegrityd_cpu_has_time(&kcpu, now));
	kintegrityd_cpu_spend(&kcpu, now, now + 800);
	now += 800;
	KUNIT_EXPECT_FALSE(test, kintegrityd_cpu_has_time(&kcpu, now));
	KUNIT_EXPECT_FALSE(test, kintegrityd_cpu_has_time(&kcpu, now + 99));
	KUNIT_EXPECT_TRUE(test, kintegrityd_cpu_has_time(&kcpu, now + 100));
}

static void cpu_with_pauses_has_time(struct kunit *test)
{
	struct kintegrityd_cpu kcpu = {};
	u64 now = 5000;

	for (int i = 0; i < 1000; i++) {
		KUNIT_EXPECT_TRUE(test, kintegrityd_cpu_has_time(&kcpu, now));
		kintegrityd_cpu_spend(&kcpu, now, now + 800);
		now += 900;
	}
}

/* A clock that steps back does not count as a long time. */
static void clock_may_step_back(struct kunit *test)
{
	struct kintegrityd_cpu kcpu = {};

	kintegrityd_cpu_spend(&kcpu, 5000, 4000);
	KUNIT_EXPECT_TRUE(test, kintegrityd_cpu_has_time(&kcpu, 5000));
}

static void busy_kintegrityd_leaves_no_time(struct kunit *test)
{
	struct kintegrityd_cpu kcpu = {};
	struct llist_node waiting;

	llist_add(&waiting, &kcpu.todo);
	KUNIT_EXPECT_FALSE(test, kintegrityd_cpu_has_time(&kcpu, 5000));
	llist_del_all(&kcpu.todo);
	KUNIT_EXPECT_TRUE(test, kintegrityd_cpu_has_time(&kcpu, 5000));
	kcpu.working = true;
	KUNIT_EXPECT_FALSE(test, kintegrityd_cpu_has_time(&kcpu, 5000));
}

static struct test_disk *disk_with(struct kunit *test, u32 inline_bytes)
{
	struct test_disk *td = test_disk_of(test, test_geometry(CRC, REF_TAG, 8, 0,
								9));

	test_disk_fill(test, td, test_rng(test));
	td->disk->queue->integrity_dev->inline_bytes = inline_bytes;
	return td;
}

static struct test_io *read_of(struct kunit *test, struct test_disk *td,
			       unsigned int bytes)
{
	return test_io_alloc(test, td->bdev, test_rng(test), REQ_OP_READ, 0,
			     bytes, TEST_CUT_DWORD);
}

/* Whatever other tests used up, and however long that took. */
static void set_paused_until(u64 ns)
{
	int cpu;

	for_each_possible_cpu(cpu) {
		struct kintegrityd_cpu *kcpu = per_cpu_ptr(&kintegrityd_cpus, cpu);

		flush_work(&kcpu->work);
		kcpu->paused_until = ns;
	}
}

/* What a driver can have disabled where it completes a read. */
enum context {
	NOTHING,
	PREEMPTION,
	INTERRUPTS,
};

/* With PREEMPT_RT, only a context that may sleep verifies. */
#define UNLESS_RT	(!IS_ENABLED(CONFIG_PREEMPT_RT))

/* Return: the status of a read that completes in this context. */
static int read_completing(struct kunit *test, struct test_disk *td,
			   unsigned int bytes, enum context disabled)
{
	struct test_io *io = read_of(test, td, bytes);
	unsigned long flags;

	td->hold = true;
	test_io_submit(io);
	if (disabled == PREEMPTION)
		preempt_disable();
	if (disabled == INTERRUPTS)
		local_irq_save(flags);
	test_disk_release(td);
	if (disabled == INTERRUPTS)
		local_irq_restore(flags);
	if (disabled == PREEMPTION)
		preempt_enable();
	return test_io_wait(test, io);
}

struct place_case {
	const char *desc;
	u32 inline_bytes;
	unsigned int bytes;
	bool paused;
	enum context disabled;
	unsigned int is_inline;
};

static const struct place_case place_cases[] = {
	{ "off", 0, SZ_4K, false, NOTHING, 0 },
	{ "fixed", SZ_16K, SZ_16K, false, NOTHING, 1 },
	{ "fixed, larger", SZ_16K, SZ_16K + 512, false, NOTHING, 0 },
	{ "fixed, no time", SZ_16K, SZ_16K, true, NOTHING, 1 },
	{ "fixed, preemption disabled", SZ_16K, SZ_4K, false, PREEMPTION, UNLESS_RT },
	{ "fixed, interrupts disabled", SZ_16K, SZ_4K, false, INTERRUPTS, 0 },
	{ "auto", AUTO, SZ_4K, false, NOTHING, 1 },
	{ "auto, largest", AUTO, SZ_128K, false, NOTHING, 1 },
	{ "auto, larger", AUTO, SZ_128K + 512, false, NOTHING, 0 },
	{ "auto, no time", AUTO, SZ_4K, true, NOTHING, 0 },
	{ "auto, preemption disabled", AUTO, SZ_4K, false, PREEMPTION, UNLESS_RT },
	{ "auto, interrupts disabled", AUTO, SZ_4K, false, INTERRUPTS, 0 },
};

KUNIT_ARRAY_PARAM_DESC(place_cases, place_cases, desc);

static void place_of_verification(struct kunit *test)
{
	const struct place_case *row = test->param_value;
	struct test_disk *td = disk_with(test, row->inline_bytes);

	for (int bad = 0; bad < 2; bad++) {
		td->data[row->bytes - 1] ^= bad;
		set_paused_until(row->paused ? U64_MAX / 2 : 0);
		KUNIT_EXPECT_EQ(test, bad ? -EILSEQ : 0,
				read_completing(test, td, row->bytes, row->disabled));
		KUNIT_EXPECT_EQ(test, row->is_inline * (bad + 1),
				test_disk_counter(td, BLK_INTEGRITY_INLINE_VERIFIES));
	}
	KUNIT_EXPECT_EQ(test, 1, test_disk_counter(td, BLK_INTEGRITY_GUARD_ERRORS));
	set_paused_until(0);
}

/* All reads of a batch wait on one list for one work item. */
static void batch_costs_one_work_item(struct kunit *test)
{
	struct test_disk *td = disk_with(test, 0);
	struct kintegrityd_cpu *kcpu;
	struct test_io *ios[64];
	struct llist_node *node;
	unsigned int waiting = 0;
	bool pending;

	set_paused_until(0);
	td->hold = true;
	for (int i = 0; i < ARRAY_SIZE(ios); i++) {
		ios[i] = read_of(test, td, SZ_4K);
		test_io_submit(ios[i]);
	}
	kcpu = get_cpu_ptr(&kintegrityd_cpus);
	KUNIT_EXPECT_FALSE(test, work_pending(&kcpu->work));
	test_disk_release(td);
	llist_for_each(node, kcpu->todo.first)
		waiting++;
	pending = work_pending(&kcpu->work);
	put_cpu_ptr(&kintegrityd_cpus);

	KUNIT_EXPECT_EQ(test, ARRAY_SIZE(ios), waiting);
	KUNIT_EXPECT_TRUE(test, pending);
	for (int i = 0; i < ARRAY_SIZE(ios); i++)
		KUNIT_EXPECT_EQ(test, 0, test_io_wait(test, ios[i]));
	KUNIT_EXPECT_EQ(test, 8 * ARRAY_SIZE(ios),
			test_disk_counter(td, BLK_INTEGRITY_VERIFIED));
}

static struct kunit_case inline_cases[] = {
	KUNIT_CASE(idle_cpu_has_time),
	KUNIT_CASE(cpu_without_pauses_has_no_time),
	KUNIT_CASE(cpu_with_pauses_has_time),
	KUNIT_CASE(clock_may_step_back),
	KUNIT_CASE(busy_kintegrityd_leaves_no_time),
	KUNIT_CASE_PARAM(place_of_verification, place_cases_gen_params),
	KUNIT_CASE(batch_costs_one_work_item),
	{ }
};

static struct kunit_suite inline_suite = {
	.name		= "bio_integrity_inline",
	.test_cases	= inline_cases,
};

kunit_test_suite(inline_suite);

MODULE_DESCRIPTION("KUnit tests of where reads are verified");
MODULE_LICENSE("GPL");
