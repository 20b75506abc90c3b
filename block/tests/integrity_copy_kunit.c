// SPDX-License-Identifier: GPL-2.0
/*
 * Writes whose memory changes in flight: which ones are copied, and how the
 * original bio completes.
 */

#include <linux/blk-integrity.h>
#include <linux/fs.h>
#include <linux/mm.h>
#include <linux/page-flags.h>
#include <linux/pagemap.h>

#include "integrity_disk.h"

#define REF_TAG	BLK_INTEGRITY_REF_TAG
#define CRC	BLK_INTEGRITY_CSUM_CRC

/**
 * enum memory - kind of a page
 * @MEMORY_KERNEL: allocated by the kernel for itself
 * @MEMORY_PINNED: pinned for direct I/O
 * @MEMORY_CACHE: in the page cache
 * @MEMORY_WRITEBACK: in the page cache, under writeback, of a file whose writers
 *	wait for that
 * @MEMORY_NO_WAIT: the same, of a file whose writers do not wait
 */
enum memory {
	MEMORY_KERNEL,
	MEMORY_PINNED,
	MEMORY_CACHE,
	MEMORY_WRITEBACK,
	MEMORY_NO_WAIT,
};

static struct address_space waiting_mapping = { .flags = BIT(AS_STABLE_WRITES) };
static struct address_space other_mapping;

struct test_page {
	struct folio *folio;
	enum memory memory;
};

static void test_page_free(void *data)
{
	struct test_page *tp = data;

	if (tp->memory == MEMORY_PINNED)
		folio_ref_sub(tp->folio, GUP_PIN_COUNTING_BIAS);
	clear_bit(PG_writeback, &tp->folio->flags);
	tp->folio->mapping = NULL;
	folio_put(tp->folio);
}

/* The block layer reads only the flags and the reference count of a page. */
static struct page *test_page(struct kunit *test, enum memory memory)
{
	struct test_page *tp = kunit_kzalloc(test, sizeof(*tp), GFP_KERNEL);
	struct page *page = alloc_page(GFP_KERNEL | __GFP_ZERO);

	KUNIT_ASSERT_NOT_NULL(test, page);
	KUNIT_ASSERT_NOT_NULL(test, tp);
	tp->folio = page_folio(page);
	tp->memory = memory;
	if (memory == MEMORY_PINNED)
		folio_ref_add(tp->folio, GUP_PIN_COUNTING_BIAS);
	if (memory == MEMORY_CACHE || memory == MEMORY_WRITEBACK)
		tp->folio->mapping = &waiting_mapping;
	if (memory == MEMORY_NO_WAIT)
		tp->folio->mapping = &other_mapping;
	if (memory == MEMORY_WRITEBACK || memory == MEMORY_NO_WAIT)
		set_bit(PG_writeback, &tp->folio->flags);
	KUNIT_ASSERT_EQ(test, 0, kunit_add_action_or_reset(test, test_page_free,
							   tp));
	test_fill(test_rng(test), page_address(page), PAGE_SIZE);
	return page;
}

#define FIRST	8	/* interval that writes begin at */

/* A write of a page with 512-byte intervals. */
static struct test_io *page_io(struct kunit *test, struct test_disk *td,
			       struct page *page, blk_opf_t opf)
{
	struct test_io *io = test_io_alloc(test, td->bdev, test_rng(test), opf,
					   FIRST, PAGE_SIZE, TEST_CUT_PAGE);

	bvec_set_page(&io->bio.bi_io_vec[0], page, PAGE_SIZE, 0);
	return io;
}

static bool medium_is_consistent(struct kunit *test, struct test_disk *td,
				 unsigned int intervals)
{
	return test_disk_is_consistent(test, td, FIRST, intervals);
}

static struct test_disk *plain_disk(struct kunit *test)
{
	struct test_disk *td = test_disk_of(test, test_geometry(CRC, REF_TAG, 8, 0,
								9));

	test_disk_fill(test, td, test_rng(test));
	return td;
}

struct change_case {
	const char *desc;
	enum memory memory;
	blk_opf_t opf;
	bool never;
	bool copied;
};

static const struct change_case change_cases[] = {
	{ "of the kernel", MEMORY_KERNEL, REQ_OP_WRITE, false, false },
	{ "pinned", MEMORY_PINNED, REQ_OP_WRITE, false, true },
	{ "pinned, never", MEMORY_PINNED, REQ_OP_WRITE, true, false },
	{ "page cache", MEMORY_CACHE, REQ_OP_WRITE, false, true },
	{ "page cache, never", MEMORY_CACHE, REQ_OP_WRITE, true, false },
	{ "under writeback", MEMORY_WRITEBACK, REQ_OP_WRITE, false, false },
	{ "under writeback, writers do not wait", MEMORY_NO_WAIT, REQ_OP_WRITE,
	  false, true },
	{ "metadata", MEMORY_KERNEL, REQ_OP_WRITE | REQ_META, false, true },
	{ "pinned, may not wait", MEMORY_PINNED, REQ_OP_WRITE | REQ_NOWAIT,
	  false, true },
	{ "pinned, with a flush", MEMORY_PINNED,
	  REQ_OP_WRITE | REQ_PREFLUSH | REQ_FUA, false, true },
};

KUNIT_ARRAY_PARAM_DESC(change_cases, change_cases, desc);

/* Change the memory between guard computation and transfer. */
static void change_under_way(struct kunit *test)
{
	const struct change_case *row = test->param_value;
	struct test_disk *td = plain_disk(test);
	struct page *page = test_page(test, row->memory);
	struct test_io *io = page_io(test, td, page, row->opf);
	u8 *before = test_guarded_buf(test, PAGE_SIZE);

	td->disk->queue->integrity_dev->copy_unstable = !row->never;
	memcpy(before, page_address(page), PAGE_SIZE);
	td->hold = true;
	test_io_submit(io);
	blk_mq_run_hw_queues(td->disk->queue, false);
	memset(page_address(page) + 700, 0x33, 600);
	test_disk_release(td);
	KUNIT_EXPECT_EQ(test, 0, test_io_wait(test, io));
	KUNIT_EXPECT_EQ(test, row->copied, medium_is_consistent(test, td, 8));
	KUNIT_EXPECT_EQ(test, row->copied,
			!memcmp(before, td->data + (FIRST << 9), PAGE_SIZE));
	KUNIT_EXPECT_EQ(test, row->copied,
			test_disk_counter(td, BLK_INTEGRITY_COPIED_WRITES));
	KUNIT_EXPECT_PTR_EQ(test, page, io->bio.bi_io_vec[0].bv_page);
}

/* Pages that are contiguous, as one folio with GFP_COMP in @gfp. */
static struct page *test_pages(struct kunit *test, gfp_t gfp, unsigned int order)
{
	struct page *pages = alloc_pages(GFP_KERNEL | __GFP_ZERO | gfp, order);

	KUNIT_ASSERT_NOT_NULL(test, pages);
	if (!(gfp & __GFP_COMP))
		split_page(pages, order);
	return pages;
}

/* Write @nr_pages from @pages + @first, in one vector.  Return: were they copied? */
static bool write_is_copied(struct kunit *test, struct test_disk *td,
			    struct page *pages, unsigned int first,
			    unsigned int nr_pages)
{
	u64 before = test_disk_counter(td, BLK_INTEGRITY_COPIED_WRITES);
	unsigned int bytes = nr_pages << PAGE_SHIFT;
	struct test_io *io = test_io_alloc(test, td->bdev, test_rng(test),
					   REQ_OP_WRITE, FIRST, bytes,
					   TEST_CUT_PAGE);

	bvec_set_page(&io->bio.bi_io_vec[0], pages, bytes, first << PAGE_SHIFT);
	io->bio.bi_vcnt = 1;
	KUNIT_EXPECT_EQ(test, 0, test_io_run(test, io));
	return test_disk_counter(td, BLK_INTEGRITY_COPIED_WRITES) > before;
}

static void every_folio_of_a_vector_counts(struct kunit *test)
{
	struct test_disk *td = plain_disk(test);
	struct page *pages = test_pages(test, 0, 2);

	for (unsigned int pinned = 0; pinned < 4; pinned++) {
		struct folio *folio = page_folio(pages + pinned);

		folio_ref_add(folio, GUP_PIN_COUNTING_BIAS);
		for (unsigned int first = 0; first < 4; first++)
			for (unsigned int nr = 1; nr <= 4 - first; nr++)
				KUNIT_EXPECT_EQ(test, first <= pinned &&
						pinned < first + nr,
						write_is_copied(test, td, pages,
								first, nr));
		folio_ref_sub(folio, GUP_PIN_COUNTING_BIAS);
	}
	for (unsigned int i = 0; i < 4; i++)
		__free_page(pages + i);
}

static void any_part_of_a_folio_counts(struct kunit *test)
{
	struct test_disk *td = plain_disk(test);
	struct page *pages = test_pages(test, __GFP_COMP, 2);
	struct folio *folio = page_folio(pages);

	for (unsigned int pinned = 0; pinned < 2; pinned++) {
		atomic_set(&folio->_pincount, pinned);
		for (unsigned int first = 0; first < 4; first++)
			KUNIT_EXPECT_EQ(test, pinned,
					write_is_copied(test, td, pages, first,
							4 - first));
	}
	atomic_set(&folio->_pincount, 0);
	__free_pages(pages, 2);
}

static void status_is_that_of_the_copy(struct kunit *test)
{
	struct test_disk *td = plain_disk(test);
	struct test_io *io = page_io(test, td, test_page(test, MEMORY_PINNED),
				     REQ_OP_WRITE);

	td->status = BLK_STS_MEDIUM;
	KUNIT_EXPECT_EQ(test, -ENODATA, test_io_run(test, io));
	KUNIT_EXPECT_EQ(test, 1,
			test_disk_counter(td, BLK_INTEGRITY_COPIED_WRITES));
}

/* A copy has other segments than its original, and may be split. */
static void copies_are_split_and_complete_in_pieces(struct kunit *test)
{
	struct queue_limits lim =
		test_disk_limits(test_geometry(CRC, REF_TAG, 8, 0, 9));
	struct page *page = test_page(test, MEMORY_PINNED);
	const unsigned int pages = 7;
	struct test_disk *td;
	struct test_io *io;

	lim.max_segments = 3;
	lim.max_hw_sectors = 5 * PAGE_SECTORS;
	td = test_disk_alloc(test, lim);
	td->piece_bytes = 1536;
	test_disk_fill(test, td, test_rng(test));
	io = test_io_alloc(test, td->bdev, test_rng(test), REQ_OP_WRITE, FIRST,
			   pages * PAGE_SIZE, TEST_CUT_PAGE);
	for (int i = 0; i < io->bio.bi_vcnt; i++)
		bvec_set_page(&io->bio.bi_io_vec[i], page, PAGE_SIZE, 0);
	KUNIT_EXPECT_EQ(test, 0, test_io_run(test, io));
	KUNIT_EXPECT_TRUE(test, medium_is_consistent(test, td, pages * PAGE_SECTORS));
	for (unsigned int at = 0; at < pages * PAGE_SIZE; at += PAGE_SIZE)
		KUNIT_EXPECT_MEMEQ(test, page_address(page),
				   td->data + (FIRST << 9) + at, PAGE_SIZE);
	/* Parts of 3 pages, none of which is copied twice. */
	KUNIT_EXPECT_EQ(test, DIV_ROUND_UP(pages, 3),
			test_disk_counter(td, BLK_INTEGRITY_COPIED_WRITES));
}

static void no_memory_no_copy(struct kunit *test)
{
	struct test_disk *td = plain_disk(test);
	struct test_io *io = page_io(test, td, test_page(test, MEMORY_PINNED),
				     REQ_OP_WRITE);

	test_fail_next_allocation(test);
	KUNIT_EXPECT_EQ(test, 0, test_io_run(test, io));
	KUNIT_EXPECT_TRUE(test, medium_is_consistent(test, td, 8));
	KUNIT_EXPECT_EQ(test, 1,
			test_disk_counter(td, BLK_INTEGRITY_COPIED_WRITES) +
			test_disk_counter(td, BLK_INTEGRITY_COPY_FALLBACKS));
}

/* What the device takes whole is not refused because of its copy. */
static void copy_is_no_reason_to_refuse(struct kunit *test)
{
	struct queue_limits lim =
		test_disk_limits(test_geometry(CRC, REF_TAG, 8, 0, 9));
	unsigned int order = PAGE_ALLOC_COSTLY_ORDER + 1;
	unsigned int bytes = PAGE_SIZE << order;
	struct test_disk *td;
	struct page *pages;

	if (bytes > (TEST_DISK_SECTORS - FIRST) << SECTOR_SHIFT)
		kunit_skip(test, "more than the disk");
	lim.max_segments = 1;
	td = test_disk_alloc(test, lim);
	pages = test_pages(test, __GFP_COMP, order);
	atomic_set(&page_folio(pages)->_pincount, 1);
	for (int i = 1; i <= 2; i++) {
		struct test_io *io = test_io_alloc(test, td->bdev, test_rng(test),
						   REQ_OP_WRITE | REQ_NOWAIT,
						   FIRST, bytes, TEST_CUT_PAGE);

		bvec_set_page(&io->bio.bi_io_vec[0], pages, bytes, 0);
		io->bio.bi_vcnt = 1;
		test_fill(test_rng(test), page_address(pages), bytes);
		if (i == 2)
			test_fail_next_allocation(test);
		KUNIT_EXPECT_EQ(test, 0, test_io_run(test, io));
		KUNIT_EXPECT_EQ(test, i, td->nr_requests);
		KUNIT_EXPECT_TRUE(test, medium_is_consistent(test, td, bytes >> 9));
		KUNIT_EXPECT_EQ(test, i,
				test_disk_counter(td, BLK_INTEGRITY_COPIED_WRITES) +
				test_disk_counter(td, BLK_INTEGRITY_COPY_FALLBACKS));
	}
	atomic_set(&page_folio(pages)->_pincount, 0);
	__free_pages(pages, order);
}

/* Guards of a submitter belong to the submitter's memory. */
static void owned_payloads_are_not_copied(struct kunit *test)
{
	struct test_disk *td = plain_disk(test);
	struct test_io *io = page_io(test, td, test_page(test, MEMORY_PINNED),
				     REQ_OP_WRITE);

	KUNIT_ASSERT_EQ(test, 0, fs_bio_integrity_generate(&io->bio));
	KUNIT_EXPECT_EQ(test, 0, test_io_run(test, io));
	KUNIT_EXPECT_TRUE(test, medium_is_consistent(test, td, 8));
	KUNIT_EXPECT_EQ(test, 0,
			test_disk_counter(td, BLK_INTEGRITY_COPIED_WRITES));
}

static void unprotected_writes_are_not_copied(struct kunit *test)
{
	struct test_disk *td = plain_disk(test);
	struct test_io *io = page_io(test, td, test_page(test, MEMORY_PINNED),
				     REQ_OP_WRITE);

	td->disk->queue->integrity_dev->write_generate = false;
	KUNIT_EXPECT_EQ(test, 0, test_io_run(test, io));
	KUNIT_EXPECT_EQ(test, 0,
			test_disk_counter(td, BLK_INTEGRITY_COPIED_WRITES));
}

static struct kunit_case copy_cases[] = {
	KUNIT_CASE_PARAM(change_under_way, change_cases_gen_params),
	KUNIT_CASE(every_folio_of_a_vector_counts),
	KUNIT_CASE(any_part_of_a_folio_counts),
	KUNIT_CASE(status_is_that_of_the_copy),
	KUNIT_CASE(copies_are_split_and_complete_in_pieces),
	KUNIT_CASE(no_memory_no_copy),
	KUNIT_CASE(copy_is_no_reason_to_refuse),
	KUNIT_CASE(owned_payloads_are_not_copied),
	KUNIT_CASE(unprotected_writes_are_not_copied),
	{ }
};

static struct kunit_suite copy_suite = {
	.name		= "bio_integrity_copy",
	.test_cases	= copy_cases,
};

kunit_test_suite(copy_suite);

MODULE_DESCRIPTION("KUnit tests of bios that go out as copies");
MODULE_LICENSE("GPL");
