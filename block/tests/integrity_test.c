// SPDX-License-Identifier: GPL-2.0
/*
 * Reproducible bytes, buffers and vectors for the suites.
 */

#include <linux/bvec.h>
#include <linux/mm.h>
#include <linux/mman.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <linux/vmalloc.h>

#include "../blk.h"
#include "../blk-integrity-dev.h"
#include "integrity_test.h"

/*
 * KASAN detects an access to the first byte after a piece only if no memory of
 * the test follows. Without KASAN these bytes detect writes.
 */
#define CANARY_BYTES	(IS_ENABLED(CONFIG_KASAN) ? 0 : 16)
#define CANARY		0xc5

struct test_piece {
	u8 *mem;
	unsigned int front;
	unsigned int len;
};

const char *const test_cut_names[TEST_NR_CUTS] = {
	[TEST_CUT_NONE]		= "whole",
	[TEST_CUT_PAGE]		= "pages",
	[TEST_CUT_DWORD]	= "dwords",
	[TEST_CUT_RANDOM]	= "random",
	[TEST_CUT_BYTE]		= "bytes",
};

/**
 * test_rng() - get a generator with the same seed in every case
 * @test: the running test
 *
 * Return: the generator, freed with the test.
 */
struct rnd_state *test_rng(struct kunit *test)
{
	struct rnd_state *rng = kunit_kzalloc(test, sizeof(*rng), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, rng);
	prandom_seed_state(rng, TEST_SEED);
	return rng;
}

/**
 * test_random() - get a random number of a range
 * @rng: the generator
 * @from: lowest number
 * @to: highest number
 *
 * Return: @from to @to.
 */
u32 test_random(struct rnd_state *rng, u32 from, u32 to)
{
	return from + prandom_u32_state(rng) % (to - from + 1);
}

/**
 * test_fill() - fill a buffer with bytes other than 0x00 and 0xff
 * @rng: the generator
 * @buf: what to fill
 * @bytes: how much
 *
 * The CRC of zeroes is zero, so zeroed metadata would hide a missing guard.
 */
void test_fill(struct rnd_state *rng, void *buf, size_t bytes)
{
	u8 *p = buf;

	prandom_bytes_state(rng, buf, bytes);
	for (size_t i = 0; i < bytes; i++) {
		if (p[i] == 0x00 || p[i] == 0xff)
			p[i] = 0x5a;
	}
}

KUNIT_DEFINE_ACTION_WRAPPER(vfree_action, vfree, const void *);

/**
 * test_guarded_buf() - allocate a buffer that ends at an unmapped page
 * @test: the running test
 * @bytes: how many
 *
 * Return: the buffer; access to the byte after it faults.
 */
void *test_guarded_buf(struct kunit *test, size_t bytes)
{
	size_t mapped = max_t(size_t, PAGE_ALIGN(bytes), PAGE_SIZE);
	void *mem = vmalloc(mapped);

	KUNIT_ASSERT_NOT_NULL(test, mem);
	KUNIT_ASSERT_EQ(test, kunit_add_action_or_reset(test, vfree_action, mem),
			0);
	return mem + mapped - bytes;
}

/**
 * test_filled_buf() - test_guarded_buf() with the content of test_fill()
 * @test: the running test
 * @rng: the generator
 * @bytes: how many
 *
 * Return: the buffer.
 */
void *test_filled_buf(struct kunit *test, struct rnd_state *rng, size_t bytes)
{
	void *buf = test_guarded_buf(test, bytes);

	test_fill(rng, buf, bytes);
	return buf;
}

static void free_page_action(void *page)
{
	__free_page(page);
}

/**
 * test_zeroed_page() - allocate a page
 * @test: the running test
 *
 * Return: the page, filled with zeros, freed with the test.
 */
struct page *test_zeroed_page(struct kunit *test)
{
	struct page *page = alloc_page(GFP_KERNEL | __GFP_ZERO);

	KUNIT_ASSERT_NOT_NULL(test, page);
	KUNIT_ASSERT_EQ(test, 0, kunit_add_action_or_reset(test, free_page_action,
							   page));
	return page;
}

/**
 * test_map_user() - map user memory for a test
 * @test: the test; it is skipped on a machine without MMU
 * @pages: number of pages
 * @prot: PROT_READ, PROT_WRITE
 *
 * Return: address of the first page.
 */
unsigned long test_map_user(struct kunit *test, unsigned int pages,
			    unsigned long prot)
{
	unsigned long addr;

	if (!IS_ENABLED(CONFIG_MMU))
		kunit_skip(test, "needs an MMU");
	addr = kunit_vm_mmap(test, NULL, 0, pages * PAGE_SIZE, prot,
			     MAP_ANONYMOUS | MAP_PRIVATE, 0);
	KUNIT_ASSERT_NE_MSG(test, addr, 0, "could not map user memory");
	KUNIT_ASSERT_LT_MSG(test, addr, (unsigned long)TASK_SIZE,
			    "could not map user memory");
	return addr;
}

/**
 * test_expect_unpinned() - expect that no page of a program is pinned
 * @test: the running test
 * @addr: address in the first page
 * @pages: number of pages, some of which may be unmapped; they are private, so
 *	that only the code under test can have pinned them
 */
void test_expect_unpinned(struct kunit *test, unsigned long addr,
			  unsigned int pages)
{
	for (unsigned int i = 0; i < pages; i++) {
		struct page *page;

		if (get_user_pages_fast(addr + i * PAGE_SIZE, 1, 0, &page) != 1)
			continue;
		KUNIT_EXPECT_FALSE_MSG(test, folio_maybe_dma_pinned(page_folio(page)),
				       "page %u", i);
		put_page(page);
	}
}

static unsigned int piece_bytes(struct rnd_state *rng, enum test_cut cut)
{
	switch (cut) {
	case TEST_CUT_NONE:
		return UINT_MAX;
	case TEST_CUT_PAGE:
		return PAGE_SIZE;
	case TEST_CUT_DWORD:
		return 4 * test_random(rng, 1, 700);
	case TEST_CUT_RANDOM:
		return test_random(rng, 0, 2) ? test_random(rng, 1, 3000) :
						test_random(rng, 1, 9);
	default:
		return 1;
	}
}

/* Maximum number of pieces. */
static unsigned int max_pieces(unsigned int bytes, enum test_cut cut)
{
	switch (cut) {
	case TEST_CUT_NONE:
		return 1;
	case TEST_CUT_PAGE:
		return bytes / PAGE_SIZE + 1;
	case TEST_CUT_DWORD:
		return bytes / 4 + 1;
	default:
		return bytes;
	}
}

static void test_vecs_free(void *data)
{
	struct test_vecs *tv = data;

	for (unsigned int i = 0; i < tv->nr; i++)
		kfree(tv->pieces[i].mem);
	kvfree(tv->pieces);
	kvfree(tv->vecs);
	kfree(tv);
}

static bool test_vecs_add(struct test_vecs *tv, unsigned int front,
			  unsigned int len)
{
	struct test_piece *piece = &tv->pieces[tv->nr];

	piece->mem = kmalloc(front + len + CANARY_BYTES, GFP_KERNEL);
	if (!piece->mem)
		return false;
	memset(piece->mem, CANARY, front + len + CANARY_BYTES);
	piece->front = front;
	piece->len = len;
	bvec_set_virt(&tv->vecs[tv->nr++], piece->mem + front, len);
	return true;
}

static bool test_vecs_cut(struct test_vecs *tv, struct rnd_state *rng,
			  enum test_cut cut)
{
	unsigned int left = tv->bytes;

	while (left) {
		unsigned int len = min(piece_bytes(rng, cut), left);
		unsigned int front = cut == TEST_CUT_PAGE ? 0 :
							    test_random(rng, 0, 15);

		if (cut == TEST_CUT_DWORD)
			front = round_down(front, 4);
		if (!test_vecs_add(tv, front, len))
			return false;
		left -= len;
	}
	return true;
}

/**
 * test_vecs_alloc() - allocate a buffer in pieces
 * @test: the running test
 * @rng: generator that selects where to cut
 * @bytes: length of all pieces
 * @cut: how to cut
 *
 * Return: the vectors, freed with the test.
 */
struct test_vecs *test_vecs_alloc(struct kunit *test, struct rnd_state *rng,
				  unsigned int bytes, enum test_cut cut)
{
	struct test_vecs *tv = kzalloc(sizeof(*tv), GFP_KERNEL);
	unsigned int max = max_pieces(bytes, cut);

	KUNIT_ASSERT_NOT_NULL(test, tv);
	KUNIT_ASSERT_EQ(test, kunit_add_action_or_reset(test, test_vecs_free, tv),
			0);
	tv->bytes = bytes;
	tv->vecs = kvcalloc(max, sizeof(*tv->vecs), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, tv->vecs);
	tv->pieces = kvcalloc(max, sizeof(*tv->pieces), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, tv->pieces);
	KUNIT_ASSERT_TRUE(test, test_vecs_cut(tv, rng, cut));
	return tv;
}

/**
 * test_vecs_release() - free vectors before the test ends
 * @test: the running test
 * @tv: from test_vecs_alloc(), or %NULL
 */
void test_vecs_release(struct kunit *test, struct test_vecs *tv)
{
	if (tv)
		kunit_release_action(test, test_vecs_free, tv);
}

/**
 * test_vecs_write() - fill the pieces
 * @tv: the vectors
 * @from: as many bytes as they have
 */
void test_vecs_write(struct test_vecs *tv, const void *from)
{
	for (unsigned int i = 0; i < tv->nr; i++) {
		const struct test_piece *piece = &tv->pieces[i];

		memcpy(piece->mem + piece->front, from, piece->len);
		from += piece->len;
	}
}

/**
 * test_vecs_read() - join the pieces
 * @tv: the vectors
 * @to: room for as many bytes as they have
 */
void test_vecs_read(const struct test_vecs *tv, void *to)
{
	for (unsigned int i = 0; i < tv->nr; i++) {
		const struct test_piece *piece = &tv->pieces[i];

		memcpy(to, piece->mem + piece->front, piece->len);
		to += piece->len;
	}
}

/**
 * test_vecs_intact() - check that the bytes between the pieces are unchanged
 * @tv: the vectors
 *
 * Return: %true if they are.
 */
bool test_vecs_intact(const struct test_vecs *tv)
{
	for (unsigned int i = 0; i < tv->nr; i++) {
		const struct test_piece *piece = &tv->pieces[i];
		const u8 *behind = piece->mem + piece->front + piece->len;

		if (memchr_inv(piece->mem, CANARY, piece->front) ||
		    memchr_inv(behind, CANARY, CANARY_BYTES))
			return false;
	}
	return true;
}

/**
 * test_fail_next_allocation() - make the next slab allocation fail
 * @test: the running test, skipped if the kernel does not support this
 *
 * Applies to allocations of this task that are allowed to fail.
 */
void test_fail_next_allocation(struct kunit *test)
{
#if IS_ENABLED(CONFIG_FAULT_INJECTION) && IS_ENABLED(CONFIG_FAILSLAB)
	current->fail_nth = 1;
#else
	kunit_skip(test, "needs CONFIG_FAILSLAB");
#endif
}
