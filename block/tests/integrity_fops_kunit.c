// SPDX-License-Identifier: GPL-2.0
/*
 * Direct I/O with metadata of a program: that it becomes as many bios as it
 * needs and ends once, and what of it is left when a part fails.
 */

#include <linux/blk-integrity.h>
#include <linux/fs.h>
#include <linux/mm.h>
#include <linux/mman.h>
#include <linux/uaccess.h>
#include <linux/uio-meta.h>

#include "../bio-integrity-internal.h"
#include "integrity_disk.h"

#define META_BYTES	1024		/* of an interval */
#define BIO_BYTES	SZ_128K		/* data whose metadata fits one bio */
#define MAX_BYTES	SZ_256K		/* data of an I/O: two bios */
#define TIMEOUT		(300 * HZ)

#define meta_bytes(data_bytes)	((data_bytes) / SECTOR_SIZE * META_BYTES)

/**
 * struct direct_io - an I/O of a program
 * @file: the device
 * @iocb: the I/O
 * @meta: its metadata
 * @iter: its data
 * @data: address of @iter in user memory
 * @metadata: address of @meta.iter in user memory
 * @done: completed when it ends
 * @ret: result of the end
 * @ended: how often it ended
 */
struct direct_io {
	struct file file;
	struct kiocb iocb;
	struct uio_meta meta;
	struct iov_iter iter;
	unsigned long data;
	unsigned long metadata;
	struct completion done;
	long ret;
	unsigned int ended;
};

static void direct_io_ended(struct kiocb *iocb, long ret)
{
	struct direct_io *io = container_of(iocb, struct direct_io, iocb);

	io->ret = ret;
	io->ended++;
	complete(&io->done);
}

static unsigned long map_bytes(struct kunit *test, unsigned int bytes)
{
	return test_map_user(test, DIV_ROUND_UP(bytes, PAGE_SIZE),
			     PROT_READ | PROT_WRITE);
}

static struct queue_limits disk_limits(void)
{
	struct queue_limits lim =
		test_disk_limits(test_geometry(0, 0, META_BYTES, 0, 9));

	lim.features = BLK_FEAT_WRITE_CACHE | BLK_FEAT_FUA | BLK_FEAT_POLL;
	lim.atomic_write_hw_max = SZ_64K;
	lim.atomic_write_hw_unit_min = SECTOR_SIZE;
	lim.atomic_write_hw_unit_max = SZ_64K;
	return lim;
}

static struct direct_io *io_alloc(struct kunit *test, struct test_disk *td)
{
	struct direct_io *io = kunit_kzalloc(test, sizeof(*io), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, io);
	io->data = map_bytes(test, MAX_BYTES);
	io->metadata = map_bytes(test, meta_bytes(MAX_BYTES));
	io->file.f_mapping = td->bdev->bd_mapping;
	io->file.f_inode = td->bdev->bd_mapping->host;
	return io;
}

static void io_prepare(struct direct_io *io, unsigned int direction,
		       unsigned int flags, loff_t pos, unsigned int bytes)
{
	iov_iter_ubuf(&io->iter, direction, (void __user *)io->data, bytes);
	iov_iter_ubuf(&io->meta.iter, direction, (void __user *)io->metadata,
		      meta_bytes(bytes));
	io->iocb = (struct kiocb) {
		.ki_filp = &io->file, .ki_pos = pos,
		.ki_complete = direct_io_ended, .private = &io->meta,
		.ki_flags = IOCB_DIRECT | IOCB_HAS_METADATA | flags,
	};
	init_completion(&io->done);
	io->ended = 0;
}

/* The result; @io->ended tells whether the I/O has begun. */
static long io_run(struct kunit *test, struct direct_io *io)
{
	long ret = blkdev_meta_direct_IO(&io->iocb, &io->iter);

	if (ret != -EIOCBQUEUED) {
		KUNIT_EXPECT_EQ(test, 0, io->ended);
		return ret;
	}
	KUNIT_ASSERT_NE(test, 0, wait_for_completion_timeout(&io->done, TIMEOUT));
	KUNIT_EXPECT_EQ(test, 1, io->ended);
	KUNIT_EXPECT_NULL(test, io->iocb.private);
	return io->ret;
}

static void expect_unpinned(struct kunit *test, struct direct_io *io)
{
	test_expect_unpinned(test, io->data, MAX_BYTES / PAGE_SIZE);
	test_expect_unpinned(test, io->metadata, meta_bytes(MAX_BYTES) / PAGE_SIZE);
}

static void copy_in(struct kunit *test, unsigned long addr, const void *from,
		    unsigned int bytes)
{
	KUNIT_ASSERT_EQ(test, 0, copy_to_user((void __user *)addr, from, bytes));
}

static void expect_user(struct kunit *test, unsigned long addr, const void *wanted,
			unsigned int bytes)
{
	u8 *found = test_guarded_buf(test, bytes);

	KUNIT_ASSERT_EQ(test, 0, copy_from_user(found, (void __user *)addr, bytes));
	KUNIT_EXPECT_MEMEQ(test, wanted, found, bytes);
}

struct size_case {
	const char *desc;
	unsigned int bytes;
	unsigned int flags;
	unsigned int requests;
};

static const struct size_case size_cases[] = {
	{ "one interval", SECTOR_SIZE, 0, 1 },
	{ "one bio", BIO_BYTES, IOCB_ALLOC_CACHE, 1 },
	{ "one bio that must be one", BIO_BYTES, IOCB_NOWAIT, 1 },
	{ "a bio and an interval", BIO_BYTES + SECTOR_SIZE, 0, 2 },
	{ "two bios", MAX_BYTES, IOCB_ALLOC_CACHE, 2 },
};

KUNIT_ARRAY_PARAM_DESC(size_cases, size_cases, desc);

/* Each bio has the metadata of its data, and the I/O ends once. */
static void io_becomes_as_many_bios_as_it_needs(struct kunit *test)
{
	const struct size_case *row = test->param_value;
	struct test_disk *td = test_disk_alloc(test, disk_limits());
	struct direct_io *io = io_alloc(test, td);
	u8 *data = test_filled_buf(test, test_rng(test), row->bytes);
	u8 *meta = test_filled_buf(test, test_rng(test), meta_bytes(row->bytes));
	loff_t pos = 8 * SECTOR_SIZE;

	copy_in(test, io->data, data, row->bytes);
	copy_in(test, io->metadata, meta, meta_bytes(row->bytes));
	io_prepare(io, ITER_SOURCE, row->flags, pos, row->bytes);
	KUNIT_ASSERT_EQ(test, row->bytes, io_run(test, io));
	KUNIT_EXPECT_EQ(test, pos + row->bytes, io->iocb.ki_pos);
	KUNIT_EXPECT_EQ(test, row->requests, td->nr_requests);
	KUNIT_EXPECT_MEMEQ(test, data, td->data + pos, row->bytes);
	KUNIT_EXPECT_MEMEQ(test, meta, td->meta + meta_bytes(pos),
			   meta_bytes(row->bytes));

	test_fill(test_rng(test), td->data + pos, row->bytes);
	td->data[pos] ^= 1;
	td->meta[meta_bytes(pos)] ^= 1;
	io_prepare(io, ITER_DEST, row->flags, pos, row->bytes);
	KUNIT_ASSERT_EQ(test, row->bytes, io_run(test, io));
	KUNIT_EXPECT_EQ(test, 2 * row->requests, td->nr_requests);
	expect_user(test, io->data, td->data + pos, row->bytes);
	expect_user(test, io->metadata, td->meta + meta_bytes(pos),
		    meta_bytes(row->bytes));
	expect_unpinned(test, io);
}

struct error_case {
	const char *desc;
	unsigned int bytes;
	unsigned int flags;
	unsigned int data_mapped;	/* the rest has no pages */
	unsigned int meta_mapped;
	unsigned int requests;		/* until the error */
	int err;
};

#define ALL	UINT_MAX

/* E4, D3 */
static const struct error_case error_cases[] = {
	{ "no data", BIO_BYTES, 0, 0, ALL, 0, -EFAULT },
	{ "no metadata", BIO_BYTES, 0, ALL, 0, 0, -EFAULT },
	{ "no data for the second bio", MAX_BYTES, 0, BIO_BYTES, ALL, 1,
	  -EFAULT },
	{ "no metadata for the second bio", MAX_BYTES, 0, ALL,
	  meta_bytes(BIO_BYTES), 1, -EFAULT },
	{ "two bios that may not wait", MAX_BYTES, IOCB_NOWAIT, ALL, ALL, 0,
	  -EAGAIN },
	{ "two bios that must be one", MAX_BYTES, IOCB_ATOMIC, ALL, ALL, 0,
	  -EINVAL },
};

KUNIT_ARRAY_PARAM_DESC(error_cases, error_cases, desc);

/* Nothing stays pinned, and nothing is sent before an early error. */
static void error_ends_the_io_once(struct kunit *test)
{
	const struct error_case *row = test->param_value;

	for (int write = 0; write < 2; write++) {
		struct test_disk *td = test_disk_alloc(test, disk_limits());
		struct direct_io *io = io_alloc(test, td);

		if (row->data_mapped < MAX_BYTES)
			vm_munmap(io->data + row->data_mapped,
				  MAX_BYTES - row->data_mapped);
		if (row->meta_mapped < meta_bytes(MAX_BYTES))
			vm_munmap(io->metadata + row->meta_mapped,
				  meta_bytes(MAX_BYTES) - row->meta_mapped);
		io_prepare(io, write ? ITER_SOURCE : ITER_DEST, row->flags, 0,
			   row->bytes);
		KUNIT_EXPECT_EQ(test, row->err, io_run(test, io));
		KUNIT_EXPECT_EQ(test, row->requests, td->nr_requests);
		KUNIT_EXPECT_EQ(test, !!row->requests, io->ended);
		KUNIT_EXPECT_EQ(test, 0, io->iocb.ki_pos);
		expect_unpinned(test, io);
	}
}

static void metadata_must_be_that_of_its_data(struct kunit *test)
{
	struct test_disk *td = test_disk_alloc(test, disk_limits());
	struct direct_io *io = io_alloc(test, td);

	io_prepare(io, ITER_SOURCE, 0, 0, SZ_4K);
	iov_iter_truncate(&io->meta.iter, meta_bytes(SZ_4K) - 1);
	KUNIT_EXPECT_EQ(test, -EINVAL, io_run(test, io));
	KUNIT_EXPECT_EQ(test, 0, td->nr_requests);

	/* Synchronous I/O, whose end this function does not wait for. */
	io_prepare(io, ITER_SOURCE, 0, 0, SZ_4K);
	io->iocb.ki_complete = NULL;
	KUNIT_EXPECT_EQ(test, -EINVAL, io_run(test, io));
	KUNIT_EXPECT_EQ(test, 0, td->nr_requests);
}

static void error_of_the_device_is_the_result(struct kunit *test)
{
	struct test_disk *td = test_disk_alloc(test, disk_limits());
	struct direct_io *io = io_alloc(test, td);

	td->status = BLK_STS_MEDIUM;
	for (int write = 0; write < 2; write++) {
		io_prepare(io, write ? ITER_SOURCE : ITER_DEST, 0, 0, MAX_BYTES);
		KUNIT_EXPECT_EQ(test, -ENODATA, io_run(test, io));
		KUNIT_EXPECT_EQ(test, 0, io->iocb.ki_pos);
	}
	expect_unpinned(test, io);
}

struct flag_case {
	const char *desc;
	unsigned int flags;
	blk_opf_t opf;
};

static const struct flag_case flag_cases[] = {
	{ "IOCB_DSYNC", IOCB_DSYNC, REQ_FUA },
	{ "IOCB_NOWAIT", IOCB_NOWAIT, REQ_NOWAIT },
	{ "IOCB_HIPRI", IOCB_HIPRI, REQ_POLLED },
	{ "IOCB_ATOMIC", IOCB_ATOMIC, REQ_ATOMIC },
};

KUNIT_ARRAY_PARAM_DESC(flag_cases, flag_cases, desc);

static void flags_reach_the_request(struct kunit *test)
{
	const struct flag_case *row = test->param_value;
	struct test_disk *td = test_disk_alloc(test, disk_limits());
	struct direct_io *io = io_alloc(test, td);
	struct request *rq;

	/* The disk is said to have a queue for polling. */
	td->set.map[HCTX_TYPE_POLL].nr_queues = 1;
	td->hold = true;
	io_prepare(io, ITER_SOURCE, row->flags, 0, SZ_4K);
	KUNIT_ASSERT_EQ(test, -EIOCBQUEUED,
			blkdev_meta_direct_IO(&io->iocb, &io->iter));
	rq = list_first_entry_or_null(&td->held, struct request, queuelist);
	KUNIT_ASSERT_NOT_NULL(test, rq);
	KUNIT_EXPECT_FALSE(test, row->opf & ~rq->cmd_flags);
	/* This is what a poller polls. */
	KUNIT_EXPECT_PTR_EQ(test, row->opf == REQ_POLLED ? rq->bio : NULL,
			    (struct bio *)io->iocb.private);
	test_disk_release(td);
	KUNIT_EXPECT_EQ(test, 1, io->ended);
	KUNIT_EXPECT_EQ(test, SZ_4K, io->ret);
	KUNIT_EXPECT_NULL(test, io->iocb.private);
}

/* D21: a page of metadata that is written back meanwhile is dirty at the end. */
static void pages_that_were_read_into_are_dirty(struct kunit *test)
{
	struct test_disk *td = test_disk_alloc(test, disk_limits());
	struct direct_io *io = io_alloc(test, td);
	struct page *page;

	td->hold = true;
	io_prepare(io, ITER_DEST, 0, 0, SZ_4K);
	KUNIT_ASSERT_EQ(test, -EIOCBQUEUED,
			blkdev_meta_direct_IO(&io->iocb, &io->iter));
	KUNIT_ASSERT_EQ(test, 1, get_user_pages_fast(io->metadata, 1, 0, &page));
	KUNIT_EXPECT_TRUE(test, PageDirty(page));
	ClearPageDirty(page);
	test_disk_release(td);
	KUNIT_ASSERT_NE(test, 0, wait_for_completion_timeout(&io->done, TIMEOUT));
	KUNIT_EXPECT_EQ(test, SZ_4K, io->ret);
	KUNIT_EXPECT_TRUE(test, PageDirty(page));
	put_page(page);
	expect_unpinned(test, io);
}

static void only_disks_with_metadata_accept_it(struct kunit *test)
{
	struct test_disk *plain = test_disk_alloc(test, test_plain_limits());
	struct test_disk *td = test_disk_alloc(test, disk_limits());

	KUNIT_EXPECT_FALSE(test, file_has_metadata(&io_alloc(test, plain)->file));
	KUNIT_EXPECT_TRUE(test, file_has_metadata(&io_alloc(test, td)->file));
}

static struct kunit_case fops_cases[] = {
	KUNIT_CASE_PARAM(io_becomes_as_many_bios_as_it_needs, size_cases_gen_params),
	KUNIT_CASE_PARAM(error_ends_the_io_once, error_cases_gen_params),
	KUNIT_CASE(metadata_must_be_that_of_its_data),
	KUNIT_CASE(error_of_the_device_is_the_result),
	KUNIT_CASE_PARAM(flags_reach_the_request, flag_cases_gen_params),
	KUNIT_CASE(pages_that_were_read_into_are_dirty),
	KUNIT_CASE(only_disks_with_metadata_accept_it),
	{ }
};

static struct kunit_suite fops_suite = {
	.name		= "integrity_fops",
	.test_cases	= fops_cases,
};

kunit_test_suite(fops_suite);

MODULE_DESCRIPTION("KUnit tests of direct I/O with metadata of a program");
MODULE_LICENSE("GPL");
