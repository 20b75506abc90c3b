// SPDX-License-Identifier: GPL-2.0
/*
 * Modules with a profile stay loaded while a queue or a payload uses it.
 */

#include <linux/blk-integrity.h>
#include <linux/module.h>

#include "integrity_disk.h"

#define CRC	BLK_INTEGRITY_CSUM_CRC

#ifdef CONFIG_MODULE_UNLOAD

static void own_generate(struct blk_integrity_exchg *xchg)
{
}

static void own_verify(struct blk_integrity_exchg *xchg)
{
}

/* Suites are not modules, so the owner is simulated. */
struct owner {
	struct module module;
	struct blk_integrity_profile profile;
};

static int references(struct owner *owner)
{
	return atomic_read(&owner->module.refcnt);
}

static struct owner *make_owner(struct kunit *test)
{
	struct owner *owner = kunit_kzalloc(test, sizeof(*owner), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, owner);
	owner->module.state = MODULE_STATE_LIVE;
	strscpy(owner->module.name, "pi_owner");
	atomic_set(&owner->module.refcnt, 1);
	owner->profile = (struct blk_integrity_profile) {
		.owner = &owner->module, .name = "own", .csum_type = CRC,
		.tuple_size = 8, .generate_fn = own_generate,
		.verify_fn = own_verify,
	};
	return owner;
}

static struct blk_integrity geometry_of(struct owner *owner)
{
	struct blk_integrity bi = test_geometry(CRC, 0, 8, 0, 9);

	bi.profile = &owner->profile;
	return bi;
}

static void queue_holds_the_owner(struct kunit *test)
{
	struct owner *a = make_owner(test), *b = make_owner(test);
	struct test_disk *td = test_disk_of(test, geometry_of(a));

	KUNIT_EXPECT_EQ(test, 2, references(a));
	KUNIT_EXPECT_EQ(test, 0, test_disk_commit(td, geometry_of(a)));
	KUNIT_EXPECT_EQ(test, 2, references(a));
	KUNIT_EXPECT_EQ(test, 0, test_disk_commit(td, geometry_of(b)));
	KUNIT_EXPECT_EQ(test, 1, references(a));
	KUNIT_EXPECT_EQ(test, 2, references(b));
	KUNIT_EXPECT_EQ(test, 0, test_disk_commit(td, (struct blk_integrity) {}));
	KUNIT_EXPECT_EQ(test, 1, references(b));
	KUNIT_EXPECT_EQ(test, 0, test_disk_commit(td, geometry_of(b)));

	put_disk(td->disk);
	td->disk = NULL;
	KUNIT_EXPECT_EQ(test, 1, references(b));
}

static void stacked_queue_holds_the_owner(struct kunit *test)
{
	struct owner *owner = make_owner(test);
	struct test_disk *member = test_disk_of(test, geometry_of(owner));
	struct queue_limits lim;
	struct test_disk *top;

	blk_set_stacking_limits(&lim);
	queue_limits_stack_bdev(&lim, member->bdev, 0, "test");
	KUNIT_ASSERT_TRUE(test, queue_limits_stack_integrity_bdev(&lim, member->bdev));
	top = test_disk_alloc(test, lim);
	KUNIT_EXPECT_EQ(test, 3, references(owner));
	put_disk(top->disk);
	top->disk = NULL;
	KUNIT_EXPECT_EQ(test, 2, references(owner));
}

static void module_that_goes_is_refused(struct kunit *test)
{
	struct owner *owner = make_owner(test);
	struct blk_integrity bi = test_geometry(CRC, 0, 8, 0, 9);
	struct test_disk *td = test_disk_of(test, bi);

	owner->module.state = MODULE_STATE_GOING;
	KUNIT_EXPECT_EQ(test, -EINVAL, test_disk_commit(td, geometry_of(owner)));
	KUNIT_EXPECT_EQ(test, 1, references(owner));
	KUNIT_EXPECT_PTR_EQ(test, blk_integrity_builtin_profile(&bi),
			    td->disk->queue->limits.integrity.profile);
}

static void payload_holds_the_owner(struct kunit *test)
{
	struct owner *a = make_owner(test), *b = make_owner(test);
	struct test_disk *td = test_disk_of(test, geometry_of(a));
	struct test_io *io = test_io_filled(test, td, REQ_OP_WRITE, 8, 8);

	/*
	 * One reference for callbacks, one for the geometry, one for the queue.
	 */
	KUNIT_ASSERT_EQ(test, 1, fs_bio_integrity_alloc(&io->bio));
	KUNIT_EXPECT_EQ(test, 4, references(a));
	KUNIT_ASSERT_EQ(test, 0, bio_integrity_set_profile(&io->bio, &b->profile,
							   NULL));
	KUNIT_EXPECT_EQ(test, 3, references(a));
	KUNIT_EXPECT_EQ(test, 2, references(b));
	KUNIT_EXPECT_EQ(test, 0, test_disk_commit(td, (struct blk_integrity) {}));
	KUNIT_EXPECT_EQ(test, 2, references(a));
	fs_bio_integrity_free(&io->bio);
	KUNIT_EXPECT_EQ(test, 1, references(a));
	KUNIT_EXPECT_EQ(test, 1, references(b));
}

static void bio_under_way_holds_the_owner(struct kunit *test)
{
	struct owner *owner = make_owner(test);
	struct test_disk *td = test_disk_of(test, geometry_of(owner));
	struct test_io *io = test_io_filled(test, td, REQ_OP_WRITE, 8, 8);

	td->hold = true;
	test_io_submit(io);
	KUNIT_EXPECT_EQ(test, 4, references(owner));
	test_disk_release(td);
	KUNIT_EXPECT_EQ(test, 0, test_io_wait(test, io));
	KUNIT_EXPECT_EQ(test, 2, references(owner));
}

#else /* CONFIG_MODULE_UNLOAD */

static void modules_are_not_unloaded(struct kunit *test)
{
	kunit_skip(test, "needs CONFIG_MODULE_UNLOAD");
}

#endif /* CONFIG_MODULE_UNLOAD */

static struct kunit_case owner_cases[] = {
#ifdef CONFIG_MODULE_UNLOAD
	KUNIT_CASE(queue_holds_the_owner),
	KUNIT_CASE(stacked_queue_holds_the_owner),
	KUNIT_CASE(module_that_goes_is_refused),
	KUNIT_CASE(payload_holds_the_owner),
	KUNIT_CASE(bio_under_way_holds_the_owner),
#else
	KUNIT_CASE(modules_are_not_unloaded),
#endif
	{ }
};

static struct kunit_suite owner_suite = {
	.name		= "blk_integrity_owner",
	.test_cases	= owner_cases,
};

kunit_test_suite(owner_suite);

MODULE_DESCRIPTION("KUnit tests of the owners of integrity profiles");
MODULE_LICENSE("GPL");
