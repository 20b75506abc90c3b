// SPDX-License-Identifier: GPL-2.0
/*
 * Allocation failures: the reserves that serve payloads and buffers, and the
 * errors of bios that must not wait.
 */

#include <linux/blk-integrity.h>
#include <linux/mempool.h>
#include <linux/sched.h>
#include <linux/slab.h>

#include "../bio-integrity-internal.h"
#include "integrity_disk.h"
#include "pi_reference.h"

#define RESERVE	2

static struct blk_integrity usual_geometry(void)
{
	return test_geometry(BLK_INTEGRITY_CSUM_CRC, BLK_INTEGRITY_REF_TAG, 16, 8,
			     9);
}

static void expect_failed(struct kunit *test)
{
#ifdef CONFIG_FAULT_INJECTION
	KUNIT_EXPECT_EQ(test, 0, current->fail_nth);
	current->fail_nth = 0;
#endif
}

static bool reserve_may_grow;

/* Unlike the function for slabs, this does not make the mempool use KASAN. */
static void *element_if_allowed(gfp_t gfp, void *slab)
{
	return reserve_may_grow ? kmem_cache_alloc(slab, gfp) : NULL;
}

/* A bio_set that can allocate nothing but the elements of its reserve. */
static struct bio_set *bioset_with_reserve(struct kunit *test)
{
	struct bio_set *bs = test_bio_set(test);
	mempool_t *pool;
	void *slab;
	int err;

	KUNIT_ASSERT_EQ(test, 0, bioset_integrity_create(bs, RESERVE));

	pool = &bs->bio_integrity_pool;
	slab = pool->pool_data;
	mempool_exit(pool);
	reserve_may_grow = true;
	err = mempool_init(pool, RESERVE, element_if_allowed, mempool_free_slab,
			   slab);
	reserve_may_grow = false;
	KUNIT_ASSERT_EQ(test, 0, err);
	return bs;
}

static struct bio *write_of(struct kunit *test, struct test_disk *td,
			    blk_opf_t flags)
{
	struct rnd_state *rng = test_rng(test);
	struct test_io *io = test_io_alloc(test, td->bdev, rng,
					   REQ_OP_WRITE | flags, 24, SZ_4K,
					   TEST_CUT_DWORD);

	test_vecs_write(io->data, test_filled_buf(test, rng, SZ_4K));
	return &io->bio;
}

static struct bio_integrity_payload *
alloc_failing(struct kunit *test, struct bio *bio, gfp_t gfp,
	      unsigned int nr_vecs, struct bio_set *bs)
{
	struct bio_integrity_payload *bip;

	test_fail_next_allocation(test);
	bip = bio_integrity_alloc_bioset(bio, gfp, nr_vecs, bs);
	expect_failed(test);
	return bip;
}

static void no_memory_is_said(struct kunit *test)
{
	struct test_disk *td = test_disk_of(test, usual_geometry());
	struct bio *bio = write_of(test, td, 0);

	KUNIT_EXPECT_PTR_EQ(test, ERR_PTR(-ENOMEM),
			    alloc_failing(test, bio, GFP_NOWAIT, 4, NULL));
	KUNIT_EXPECT_NULL(test, bio_integrity(bio));
}

static void reserve_serves_when_memory_is_short(struct kunit *test)
{
	struct test_disk *td = test_disk_of(test, usual_geometry());
	struct bio_set *bs = bioset_with_reserve(test);
	struct bio *bio = write_of(test, td, 0);
	struct bio_integrity_payload *bip;

	for (unsigned int nr = 0; nr <= BIO_MAX_VECS; nr += 32) {
		bip = alloc_failing(test, bio, GFP_NOIO, nr, bs);
		KUNIT_ASSERT_NOT_ERR_OR_NULL(test, bip);
		KUNIT_EXPECT_PTR_EQ(test, bip->bip_pool, &bs->bio_integrity_pool);
		KUNIT_EXPECT_EQ(test, nr, bip->bip_max_vcnt);
		KUNIT_EXPECT_EQ(test, RESERVE - 1, bs->bio_integrity_pool.curr_nr);
		if (nr)
			memset(bip->bip_vec, 0x5a, nr * sizeof(*bip->bip_vec));
		bio_integrity_free(bio);
		KUNIT_EXPECT_EQ(test, RESERVE, bs->bio_integrity_pool.curr_nr);
	}
}

static void reserve_is_not_touched_while_there_is_memory(struct kunit *test)
{
	struct test_disk *td = test_disk_of(test, usual_geometry());
	struct bio_set *bs = bioset_with_reserve(test);
	struct bio *bio = write_of(test, td, 0);
	struct bio_integrity_payload *bip;

	bip = bio_integrity_alloc_bioset(bio, GFP_NOIO, 4, bs);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, bip);
	KUNIT_EXPECT_NULL(test, bip->bip_pool);
	KUNIT_EXPECT_EQ(test, RESERVE, bs->bio_integrity_pool.curr_nr);
	/* A second request finds it. */
	KUNIT_EXPECT_EQ(test, 0, bioset_integrity_create(bs, 100));
	KUNIT_EXPECT_EQ(test, RESERVE, bs->bio_integrity_pool.min_nr);
}

static void empty_reserve_refuses_who_may_not_wait(struct kunit *test)
{
	struct test_disk *td = test_disk_of(test, usual_geometry());
	struct bio_set *bs = bioset_with_reserve(test);
	struct bio *bios[RESERVE], *third = write_of(test, td, 0);

	for (int i = 0; i < RESERVE; i++) {
		bios[i] = write_of(test, td, 0);
		KUNIT_ASSERT_NOT_ERR_OR_NULL(test,
					     alloc_failing(test, bios[i], GFP_NOIO,
							   4, bs));
	}
	KUNIT_EXPECT_PTR_EQ(test, ERR_PTR(-ENOMEM),
			    alloc_failing(test, third, GFP_NOWAIT, 4, bs));
	KUNIT_EXPECT_NULL(test, bio_integrity(third));

	bio_integrity_free(bios[0]);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test,
				     alloc_failing(test, third, GFP_NOWAIT, 4, bs));
	bio_integrity_free(third);
	bio_integrity_free(bios[1]);
}

struct later {
	struct delayed_work work;
	struct bio *bio;
};

static void free_later(struct work_struct *work)
{
	struct later *later = container_of(to_delayed_work(work), struct later, work);

	bio_integrity_free(later->bio);
}

/* The third one waits until another bio has completed. */
static void empty_reserve_is_waited_for(struct kunit *test)
{
	struct test_disk *td = test_disk_of(test, usual_geometry());
	struct bio_set *bs = bioset_with_reserve(test);
	struct bio *bios[RESERVE], *third = write_of(test, td, 0);
	struct later later;

	for (int i = 0; i < RESERVE; i++) {
		bios[i] = write_of(test, td, 0);
		KUNIT_ASSERT_NOT_ERR_OR_NULL(test,
					     alloc_failing(test, bios[i], GFP_NOIO,
							   4, bs));
	}
	later.bio = bios[0];
	INIT_DELAYED_WORK_ONSTACK(&later.work, free_later);
	schedule_delayed_work(&later.work, 2);
	KUNIT_EXPECT_NOT_ERR_OR_NULL(test,
				     alloc_failing(test, third, GFP_NOIO, 4, bs));
	flush_delayed_work(&later.work);
	destroy_delayed_work_on_stack(&later.work);
	bio_integrity_free(third);
	bio_integrity_free(bios[1]);
}

/* D7: a write whose allocation fails continues with the device's reserve. */
static void devices_reserve_serves_a_write(struct kunit *test)
{
	struct test_disk *td = test_disk_of(test, usual_geometry());
	struct bio *bio = write_of(test, td, 0);
	struct test_io *io = container_of(bio, struct test_io, bio);
	u8 *data = test_guarded_buf(test, SZ_4K);
	u8 *wanted = test_guarded_buf(test, 8 * 16);
	u8 *found = test_guarded_buf(test, 8 * 16);

	/* The first I/O can have other allocations. */
	KUNIT_ASSERT_EQ(test, 0, test_io_run(test, test_io_filled(test, td,
						REQ_OP_WRITE, 0, 8)));
	test_fail_next_allocation(test);
	KUNIT_ASSERT_TRUE(test, bio_integrity_prep(bio));
	expect_failed(test);
	KUNIT_ASSERT_NOT_NULL(test, bio_integrity(bio));
	KUNIT_EXPECT_EQ(test, 1,
			test_disk_counter(td, BLK_INTEGRITY_RESERVE_USES));

	test_vecs_read(io->data, data);
	memset(wanted, 0, 8 * 16);
	pi_ref_generate(&td->bi, data, wanted, 8, 24);
	test_bip_read(bio_integrity(bio), found);
	KUNIT_EXPECT_MEMEQ(test, wanted, found, 8 * 16);
}

static void free_owned_later(struct work_struct *work)
{
	struct later *later = container_of(to_delayed_work(work), struct later, work);

	fs_bio_integrity_free(later->bio);
}

/* Payloads that submitters keep do not block the block layer. */
static void owned_payloads_have_a_reserve_of_their_own(struct kunit *test)
{
	struct test_disk *td = test_disk_of(test, usual_geometry());
	struct bio *bios[RESERVE], *bio, *third = write_of(test, td, 0);
	struct later later;

	blk_integrity_owned_use(td->disk->queue);
	for (int i = 0; i < RESERVE; i++) {
		bios[i] = write_of(test, td, 0);
		test_fail_next_allocation(test);
		KUNIT_ASSERT_EQ(test, 1, fs_bio_integrity_alloc(bios[i]));
		expect_failed(test);
	}
	bio = write_of(test, td, 0);
	test_fail_next_allocation(test);
	KUNIT_EXPECT_EQ(test, 0,
			test_io_run(test, container_of(bio, struct test_io, bio)));
	expect_failed(test);
	KUNIT_EXPECT_EQ(test, RESERVE + 1,
			test_disk_counter(td, BLK_INTEGRITY_RESERVE_USES));

	bio = write_of(test, td, REQ_NOWAIT);
	test_fail_next_allocation(test);
	KUNIT_EXPECT_EQ(test, -EAGAIN, fs_bio_integrity_alloc(bio));
	expect_failed(test);

	/* A submitter waits until another one frees a payload. */
	later.bio = bios[0];
	INIT_DELAYED_WORK_ONSTACK(&later.work, free_owned_later);
	schedule_delayed_work(&later.work, 2);
	test_fail_next_allocation(test);
	KUNIT_EXPECT_EQ(test, 1, fs_bio_integrity_alloc(third));
	flush_delayed_work(&later.work);
	destroy_delayed_work_on_stack(&later.work);
	KUNIT_EXPECT_EQ(test, 0, bio_integrity_generate(third));
	KUNIT_EXPECT_EQ(test, 0,
			test_io_run(test, container_of(third, struct test_io, bio)));
	fs_bio_integrity_free(third);
	fs_bio_integrity_free(bios[1]);
}

/* D17 */
static void who_may_not_wait_is_told_to_try_again(struct kunit *test)
{
	struct test_disk *td = test_disk_of(test, usual_geometry());
	struct bio *bio = write_of(test, td, REQ_NOWAIT);
	struct test_io *io = container_of(bio, struct test_io, bio);

	test_fail_next_allocation(test);
	KUNIT_EXPECT_FALSE(test, bio_integrity_prep(bio));
	expect_failed(test);
	KUNIT_EXPECT_EQ(test, -EAGAIN, test_io_wait(test, io));
	KUNIT_EXPECT_NULL(test, bio_integrity(bio));
	KUNIT_EXPECT_EQ(test, 0,
			test_disk_counter(td, BLK_INTEGRITY_RESERVE_USES));
}

/* D17: no guard is computed while a bio can still fail to get a request. */
static void guards_wait_until_a_request_is_certain(struct kunit *test)
{
	struct test_disk *td = test_disk_of(test, usual_geometry());
	struct bio *bio = write_of(test, td, REQ_NOWAIT);
	struct test_io *io = container_of(bio, struct test_io, bio);

	KUNIT_ASSERT_TRUE(test, bio_integrity_prep(bio));
	KUNIT_EXPECT_TRUE(test, bio_integrity_flagged(bio, BIP_GENERATE));
	KUNIT_EXPECT_EQ(test, 0, test_disk_counter(td, BLK_INTEGRITY_GENERATED));
	bio_integrity_free(bio);

	KUNIT_EXPECT_EQ(test, 0, test_io_run(test, io));
	KUNIT_EXPECT_EQ(test, 8, test_disk_counter(td, BLK_INTEGRITY_GENERATED));
	KUNIT_EXPECT_NE(test, 0,
			pi_ref_number(td->meta + 24 * 16 + td->bi.pi_offset, 2));
}

static struct kunit_case memory_cases[] = {
	KUNIT_CASE(no_memory_is_said),
	KUNIT_CASE(reserve_serves_when_memory_is_short),
	KUNIT_CASE(reserve_is_not_touched_while_there_is_memory),
	KUNIT_CASE(empty_reserve_refuses_who_may_not_wait),
	KUNIT_CASE(empty_reserve_is_waited_for),
	KUNIT_CASE(devices_reserve_serves_a_write),
	KUNIT_CASE(owned_payloads_have_a_reserve_of_their_own),
	KUNIT_CASE(who_may_not_wait_is_told_to_try_again),
	KUNIT_CASE(guards_wait_until_a_request_is_certain),
	{ }
};

static struct kunit_suite memory_suite = {
	.name		= "bio_integrity_memory",
	.test_cases	= memory_cases,
};

kunit_test_suite(memory_suite);

MODULE_DESCRIPTION("KUnit tests of integrity payloads when memory is short");
MODULE_LICENSE("GPL");
