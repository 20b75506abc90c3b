// SPDX-License-Identifier: GPL-2.0
/*
 * Metadata in user memory: when it is mapped, bounced or rejected, and that no
 * page stays pinned.
 */

#include <linux/blk-integrity.h>
#include <linux/mm.h>
#include <linux/mman.h>
#include <linux/uaccess.h>
#include <linux/uio.h>

#include "integrity_disk.h"

#define USER_PAGES	4
#define PIN_FLAGS	(BIP_PINNED_USER | BIP_COPY_USER)

struct user_case {
	const char *desc;
	enum req_op op;
	bool has_ref_tag;
	unsigned int offset;		/* in the user's first page */
	unsigned int bytes;
	unsigned int max_segments;	/* of a page each; 0: as many as needed */
	unsigned int direction;		/* of the iterator */
	int err;
	unsigned int flags;
};

#define READS	REQ_OP_DRV_IN
#define WRITES	REQ_OP_DRV_OUT

static const struct user_case user_cases[] = {
	{ "read", READS, false, 0, 128, 0, ITER_DEST, 0, BIP_PINNED_USER },
	{ "read into two pages", READS, false, PAGE_SIZE - 64, 128, 0, ITER_DEST,
	  0, BIP_PINNED_USER },
	{ "read, not aligned", READS, false, 2, 128, 0, ITER_DEST, 0, PIN_FLAGS },
	{ "read, length not aligned", READS, false, 0, 127, 0, ITER_DEST, 0,
	  PIN_FLAGS },
	{ "read, too many segments", READS, false, PAGE_SIZE - 64, 128, 1,
	  ITER_DEST, 0, PIN_FLAGS },
	{ "read of a format with numbers", REQ_OP_READ, true, 0, 128, 0,
	  ITER_DEST, 0, BIP_PINNED_USER },
	{ "write", WRITES, false, 0, 128, 0, ITER_SOURCE, 0, BIP_PINNED_USER },
	{ "write of three pages", WRITES, false, 8, 2 * PAGE_SIZE, 0, ITER_SOURCE,
	  0, BIP_PINNED_USER },
	{ "write, not aligned", WRITES, false, 2, 128, 0, ITER_SOURCE, 0,
	  BIP_COPY_USER },
	{ "write, too many segments", WRITES, false, PAGE_SIZE - 64, 128, 1,
	  ITER_SOURCE, 0, BIP_COPY_USER },
	/* E3: renumbering must not write to user memory. */
	{ "write of a format with numbers", REQ_OP_WRITE, true, 0, 128, 0,
	  ITER_SOURCE, 0, BIP_COPY_USER },
	/* D2 */
	{ "read out of a source", READS, false, 0, 128, 0, ITER_SOURCE, -EINVAL,
	  0 },
	{ "write into a destination", WRITES, false, 0, 128, 0, ITER_DEST, -EINVAL,
	  0 },
	{ "nothing", READS, false, 0, 0, 0, ITER_DEST, -EINVAL, 0 },
};

KUNIT_ARRAY_PARAM_DESC(user_cases, user_cases, desc);

static struct test_disk *disk_of(struct kunit *test, const struct user_case *row)
{
	enum blk_integrity_checksum csum_type = BLK_INTEGRITY_CSUM_NONE;
	struct queue_limits lim;
	unsigned int flags = 0;

	if (row->has_ref_tag) {
		csum_type = BLK_INTEGRITY_CSUM_CRC;
		flags = BLK_INTEGRITY_REF_TAG;
	}
	lim = test_disk_limits(test_geometry(csum_type, flags, 16, 0, 9));
	lim.max_hw_sectors = 16 * PAGE_SECTORS;
	if (row->max_segments) {
		lim.max_integrity_segments = row->max_segments;
		lim.max_segment_size = PAGE_SIZE;
	}
	return test_disk_alloc(test, lim);
}

/* Transfer as a device does, and complete. */
static void transfer(struct kunit *test, struct bio *bio, u8 *buf)
{
	struct bio_integrity_payload *bip = bio_integrity(bio);
	struct bvec_iter iter;
	struct bio_vec bv;

	bip_for_each_vec(bv, bip, iter) {
		if (op_is_write(bio_op(bio)))
			memcpy_from_bvec(buf, &bv);
		else
			memcpy_to_bvec(&bv, buf);
		buf += bv.bv_len;
	}
	bio_integrity_unmap_user(bio);
	bio_integrity_free(bio);
}

static void user_memory_is_pinned_or_bounced(struct kunit *test)
{
	const struct user_case *row = test->param_value;
	unsigned long addr = test_map_user(test, USER_PAGES, PROT_READ | PROT_WRITE);
	struct test_disk *td = disk_of(test, row);
	struct rnd_state *rng = test_rng(test);
	struct bio *bio = &test_io_alloc(test, td->bdev, rng, row->op, 0, SZ_4K,
					 TEST_CUT_NONE)->bio;
	void __user *user = (void __user *)addr + row->offset;
	u8 *theirs = test_filled_buf(test, rng, row->bytes + 1);
	u8 *ours = test_filled_buf(test, rng, row->bytes + 1);
	struct iov_iter iter;

	KUNIT_ASSERT_EQ(test, 0, copy_to_user(user, theirs, row->bytes + 1));
	iov_iter_ubuf(&iter, row->direction, user, row->bytes);
	KUNIT_ASSERT_EQ(test, row->err, bio_integrity_map_user(bio, &iter));
	if (row->err) {
		KUNIT_EXPECT_NULL(test, bio_integrity(bio));
		test_expect_unpinned(test, addr, USER_PAGES);
		return;
	}
	/* Two adjacent pages are one segment. */
	if (!row->max_segments)
		KUNIT_EXPECT_EQ(test, row->flags,
				bio_integrity(bio)->bip_flags & PIN_FLAGS);
	KUNIT_EXPECT_EQ(test, row->bytes, bio_integrity(bio)->bip_iter.bi_size);
	KUNIT_EXPECT_LE(test, blk_rq_count_integrity_sg(td->disk->queue, bio),
			td->disk->queue->limits.max_integrity_segments);

	transfer(test, bio, ours);
	if (!op_is_write(row->op)) {
		/* The user gets what was read, and no byte more. */
		ours[row->bytes] = theirs[row->bytes];
		KUNIT_ASSERT_EQ(test, 0, copy_from_user(theirs, user,
							row->bytes + 1));
		KUNIT_EXPECT_MEMEQ(test, ours, theirs, row->bytes + 1);
	} else {
		KUNIT_EXPECT_MEMEQ(test, ours, theirs, row->bytes);
	}
	test_expect_unpinned(test, addr, USER_PAGES);
}

/* D2, D3: inaccessible memory is an error, and no page stays pinned. */
static void inaccessible_memory_is_refused(struct kunit *test)
{
	static const struct user_case opaque = {};
	struct test_disk *td = disk_of(test, &opaque);
	unsigned long read_only = test_map_user(test, USER_PAGES, PROT_READ);
	unsigned long addr = test_map_user(test, USER_PAGES, PROT_READ | PROT_WRITE);
	struct bio *read = &test_io_alloc(test, td->bdev, test_rng(test),
					  REQ_OP_DRV_IN, 0, SZ_4K,
					  TEST_CUT_NONE)->bio;
	struct bio *write = &test_io_alloc(test, td->bdev, test_rng(test),
					   REQ_OP_DRV_OUT, 0, SZ_4K,
					   TEST_CUT_NONE)->bio;
	struct iov_iter iter;

	iov_iter_ubuf(&iter, ITER_DEST, (void __user *)read_only, 128);
	KUNIT_EXPECT_EQ(test, -EFAULT, bio_integrity_map_user(read, &iter));
	iov_iter_ubuf(&iter, ITER_SOURCE, (void __user *)read_only, 128);
	KUNIT_EXPECT_EQ(test, 0, bio_integrity_map_user(write, &iter));
	bio_integrity_unmap_user(write);
	bio_integrity_free(write);

	/* Unmap the last two pages. */
	KUNIT_ASSERT_EQ(test, 0, vm_munmap(addr + 2 * PAGE_SIZE, 2 * PAGE_SIZE));
	iov_iter_ubuf(&iter, ITER_DEST, (void __user *)addr, 3 * PAGE_SIZE);
	KUNIT_EXPECT_EQ(test, -EFAULT, bio_integrity_map_user(read, &iter));
	iov_iter_ubuf(&iter, ITER_SOURCE, (void __user *)addr, 3 * PAGE_SIZE);
	KUNIT_EXPECT_EQ(test, -EFAULT, bio_integrity_map_user(write, &iter));
	iov_iter_ubuf(&iter, ITER_SOURCE, (void __user *)addr + 1, 3 * PAGE_SIZE);
	KUNIT_EXPECT_EQ(test, -EFAULT, bio_integrity_map_user(write, &iter));
	KUNIT_EXPECT_NULL(test, bio_integrity(read));
	KUNIT_EXPECT_NULL(test, bio_integrity(write));
	test_expect_unpinned(test, addr, USER_PAGES);
	test_expect_unpinned(test, read_only, USER_PAGES);
}

/* D21: pages of a file that the device wrote to must reach the file. */
static void pages_that_were_read_into_are_dirty(struct kunit *test)
{
	static const struct user_case opaque = {};
	struct test_disk *td = disk_of(test, &opaque);
	unsigned long addr = test_map_user(test, USER_PAGES, PROT_READ | PROT_WRITE);
	struct bio *bio = &test_io_alloc(test, td->bdev, test_rng(test),
					 REQ_OP_DRV_IN, 0, SZ_4K,
					 TEST_CUT_NONE)->bio;
	struct iov_iter iter;
	struct page *page;

	iov_iter_ubuf(&iter, ITER_DEST, (void __user *)addr, 128);
	KUNIT_ASSERT_EQ(test, 0, bio_integrity_map_user(bio, &iter));
	KUNIT_EXPECT_EQ(test, -EINVAL, bio_integrity_map_user(bio, &iter));
	page = bio_integrity(bio)->bip_vec[0].bv_page;
	bio_integrity_unmap_user(bio);
	bio_integrity_free(bio);
	KUNIT_EXPECT_TRUE(test, PageDirty(page));
}

struct request_case {
	const char *desc;
	ssize_t bytes;
	bool metadata;
	bool bios;
	unsigned int max_segments;	/* of a page each; 0: as many as needed */
	int err;
};

/* The request has 8 intervals with 16 bytes of metadata each. */
static const struct request_case request_cases[] = {
	{ "as needed", 128, true, true, 0, 0 },
	{ "more than needed", 160, true, true, 0, 0 },
	{ "as much as a segment holds", PAGE_SIZE, true, true, 1, 0 },
	{ "more than a segment holds", 2 * PAGE_SIZE, true, true, 1, -E2BIG },
	{ "more than two segments hold", 2 * PAGE_SIZE + 4, true, true, 2,
	  -E2BIG },
	{ "less than the data has room for", 16, true, true, 0, 0 },
	{ "a byte less", 127, true, true, 0, 0 },
	{ "nothing", 0, true, true, 0, -EINVAL },
	{ "less than nothing", -1, true, true, 0, -EINVAL },
	{ "a device without metadata", 128, false, true, 0, -EINVAL },
	{ "a request without data", 128, true, false, 0, -EINVAL },
};

KUNIT_ARRAY_PARAM_DESC(request_cases, request_cases, desc);

static void request_takes_what_its_data_needs(struct kunit *test)
{
	const struct request_case *row = test->param_value;
	const struct user_case limits = { .max_segments = row->max_segments };
	unsigned long addr = test_map_user(test, USER_PAGES, PROT_READ | PROT_WRITE);
	struct test_disk *td = row->metadata ?
		disk_of(test, &limits) : test_disk_alloc(test, test_plain_limits());
	struct request *rq = test_request_alloc(test, td, REQ_OP_DRV_OUT, 0);
	struct test_io *io = test_io_alloc(test, td->bdev, test_rng(test),
					   REQ_OP_DRV_OUT, 0, SZ_4K, TEST_CUT_NONE);

	if (row->bios)
		test_request_add(rq, io);
	KUNIT_EXPECT_EQ(test, row->err,
			blk_rq_integrity_map_user(rq, (void __user *)addr,
						  row->bytes));
	KUNIT_EXPECT_EQ(test, !row->err, blk_integrity_rq(rq));
	KUNIT_EXPECT_EQ(test, !row->err, rq->nr_integrity_segments);
	KUNIT_EXPECT_EQ(test, !row->err, !!bio_integrity(&io->bio));
	if (bio_integrity(&io->bio))
		bio_integrity_unmap_user(&io->bio);
	test_expect_unpinned(test, addr, USER_PAGES);
}

/* The command sets the number of blocks; the data has room for 8. */
static void device_transfers_no_more_than_there_is(struct kunit *test)
{
	static const struct user_case opaque = {};
	unsigned long addr = test_map_user(test, USER_PAGES, PROT_READ | PROT_WRITE);
	struct test_disk *td = disk_of(test, &opaque);
	u8 *theirs = test_filled_buf(test, test_rng(test), 128);
	u8 *ours = test_filled_buf(test, test_rng(test), 128);

	for (int write = 0; write < 2; write++) {
		enum req_op op = write ? REQ_OP_DRV_OUT : REQ_OP_DRV_IN;
		struct request *rq = test_request_alloc(test, td, op, 0);
		struct test_io *io = test_io_alloc(test, td->bdev,
						   test_rng(test), op, 0, SZ_4K,
						   TEST_CUT_NONE);
		u8 *found = test_guarded_buf(test, 128);

		memset(ours + 16, 0, 112);
		test_request_add(rq, io);
		KUNIT_ASSERT_EQ(test, 0, copy_to_user((void __user *)addr,
						      theirs, 128));
		KUNIT_ASSERT_EQ(test, 0,
				blk_rq_integrity_map_user(rq, (void __user *)addr,
							  16));
		KUNIT_EXPECT_EQ(test, 128,
				bio_integrity(&io->bio)->bip_iter.bi_size);
		memcpy(found, ours, 128);
		transfer(test, &io->bio, found);
		if (write) {
			memcpy(ours, theirs, 16);
			KUNIT_EXPECT_MEMEQ(test, ours, found, 128);
			continue;
		}
		KUNIT_ASSERT_EQ(test, 0, copy_from_user(found,
							(void __user *)addr,
							128));
		KUNIT_EXPECT_MEMEQ(test, ours, found, 16);
		KUNIT_EXPECT_MEMEQ(test, theirs + 16, found + 16, 112);
	}
	test_expect_unpinned(test, addr, USER_PAGES);
}

/*
 * A buffer is in chunks of 8 pages, each of which is a segment; a device that
 * takes fewer gets nothing, and nothing is pinned.
 */
static void large_buffers_are_in_chunks(struct kunit *test)
{
	static const struct user_case one = { .max_segments = 1 };
	static const struct user_case many = {};
	unsigned int bytes = 8 * PAGE_SIZE + 4096;
	unsigned long addr = kunit_vm_mmap(test, NULL, 0, 2 * bytes,
					   PROT_READ | PROT_WRITE,
					   MAP_ANONYMOUS | MAP_PRIVATE, 0);
	u8 *theirs = test_filled_buf(test, test_rng(test), bytes);
	u8 *ours = test_filled_buf(test, test_rng(test), bytes);

	KUNIT_ASSERT_NE(test, addr, 0);
	for (int i = 0; i < 4; i++) {
		struct test_disk *td = disk_of(test, i < 2 ? &one : &many);
		bool write = i % 2;
		struct bio *bio = &test_io_alloc(test, td->bdev, test_rng(test),
						 write ? WRITES : READS, 0, SZ_4K,
						 TEST_CUT_NONE)->bio;
		void __user *user = (void __user *)addr + 2;
		struct iov_iter iter;

		KUNIT_ASSERT_EQ(test, 0, copy_to_user(user, theirs, bytes));
		iov_iter_ubuf(&iter, write ? ITER_SOURCE : ITER_DEST, user, bytes);
		if (i < 2) {
			KUNIT_EXPECT_EQ(test, -E2BIG,
					bio_integrity_map_user(bio, &iter));
			KUNIT_EXPECT_NULL(test, bio_integrity(bio));
			test_expect_unpinned(test, addr, USER_PAGES);
			continue;
		}
		KUNIT_ASSERT_EQ(test, 0, bio_integrity_map_user(bio, &iter));
		KUNIT_EXPECT_EQ(test, 2, bio_integrity(bio)->bip_vcnt);
		KUNIT_EXPECT_EQ(test, bytes, bio_integrity(bio)->bip_iter.bi_size);
		transfer(test, bio, ours);
		if (write) {
			KUNIT_EXPECT_MEMEQ(test, theirs, ours, bytes);
			continue;
		}
		u8 *found = test_guarded_buf(test, bytes);

		KUNIT_ASSERT_EQ(test, 0, copy_from_user(found, user, bytes));
		KUNIT_EXPECT_MEMEQ(test, found, ours, bytes);
	}
	test_expect_unpinned(test, addr, USER_PAGES);
}

/* One chunk that is more than one segment; it must not reach the driver. */
static void chunk_of_too_many_segments_is_refused(struct kunit *test)
{
	static const struct user_case one = { .max_segments = 1 };
	unsigned long addr = test_map_user(test, USER_PAGES, PROT_READ | PROT_WRITE);
	struct test_disk *td = disk_of(test, &one);

	for (int write = 0; write < 2; write++) {
		struct bio *bio = &test_io_alloc(test, td->bdev, test_rng(test),
						 write ? WRITES : READS, 0, SZ_4K,
						 TEST_CUT_NONE)->bio;
		struct iov_iter iter;

		iov_iter_ubuf(&iter, write ? ITER_SOURCE : ITER_DEST,
			      (void __user *)addr + 2, PAGE_SIZE + 8);
		KUNIT_EXPECT_EQ(test, -E2BIG, bio_integrity_map_user(bio, &iter));
		KUNIT_EXPECT_NULL(test, bio_integrity(bio));

		/* What fits one is in one, whatever its size is. */
		iov_iter_ubuf(&iter, write ? ITER_SOURCE : ITER_DEST,
			      (void __user *)addr + 2, PAGE_SIZE - 8);
		KUNIT_ASSERT_EQ(test, 0, bio_integrity_map_user(bio, &iter));
		bio_integrity_unmap_user(bio);
		bio_integrity_free(bio);
	}
	test_expect_unpinned(test, addr, USER_PAGES);
}

/* A page is pinned once for each segment of the iterator in it. */
static void segments_that_meet_in_a_page_are_unpinned(struct kunit *test)
{
	static const struct user_case opaque = {};
	unsigned long addr = test_map_user(test, USER_PAGES, PROT_READ | PROT_WRITE);
	struct test_disk *td = disk_of(test, &opaque);
	struct iovec vecs[] = {
		{ (void __user *)addr + PAGE_SIZE - 64, 96 },
		{ (void __user *)addr + PAGE_SIZE + 32, 16 },
		{ (void __user *)addr + PAGE_SIZE + 48, 16 },
	};

	for (int write = 0; write < 2; write++) {
		struct bio *bio = &test_io_alloc(test, td->bdev, test_rng(test),
						 write ? REQ_OP_DRV_OUT :
							 REQ_OP_DRV_IN,
						 0, SZ_4K, TEST_CUT_NONE)->bio;
		struct iov_iter iter;

		iov_iter_init(&iter, write ? ITER_SOURCE : ITER_DEST, vecs,
			      ARRAY_SIZE(vecs), 128);
		KUNIT_ASSERT_EQ(test, 0, copy_to_user((void __user *)addr + PAGE_SIZE,
						      "", 1));
		KUNIT_ASSERT_EQ(test, 0, bio_integrity_map_user(bio, &iter));
		KUNIT_EXPECT_EQ(test, 128, bio_integrity(bio)->bip_iter.bi_size);
		KUNIT_EXPECT_EQ(test, BIP_PINNED_USER,
				bio_integrity(bio)->bip_flags & PIN_FLAGS);
		bio_integrity_unmap_user(bio);
		bio_integrity_free(bio);
	}
	test_expect_unpinned(test, addr, USER_PAGES);
}

static struct kunit_case user_suite_cases[] = {
	KUNIT_CASE_PARAM(user_memory_is_pinned_or_bounced, user_cases_gen_params),
	KUNIT_CASE(inaccessible_memory_is_refused),
	KUNIT_CASE(pages_that_were_read_into_are_dirty),
	KUNIT_CASE_PARAM(request_takes_what_its_data_needs, request_cases_gen_params),
	KUNIT_CASE(device_transfers_no_more_than_there_is),
	KUNIT_CASE(large_buffers_are_in_chunks),
	KUNIT_CASE(chunk_of_too_many_segments_is_refused),
	KUNIT_CASE(segments_that_meet_in_a_page_are_unpinned),
	{ }
};

static struct kunit_suite user_suite = {
	.name		= "bio_integrity_user",
	.test_cases	= user_suite_cases,
};

kunit_test_suite(user_suite);

MODULE_DESCRIPTION("KUnit tests of metadata in user memory");
MODULE_LICENSE("GPL");
