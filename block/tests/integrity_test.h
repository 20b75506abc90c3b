/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Helpers of all suites: reproducible bytes, buffers that end at an unmapped
 * page, vectors that are cut anywhere, and a table of geometries.
 */
#ifndef BLK_INTEGRITY_TEST_H
#define BLK_INTEGRITY_TEST_H

#include <kunit/test.h>
#include <linux/blk-integrity.h>
#include <linux/prandom.h>

#define TEST_SEED	20080427

/* Default checks of a payload. */
#define TEST_CHECKS	(BIP_CHECK_GUARD | BIP_CHECK_REFTAG)

/**
 * enum test_cut - how a buffer is cut into vectors
 * @TEST_CUT_NONE: one vector of several pages
 * @TEST_CUT_PAGE: whole pages
 * @TEST_CUT_DWORD: multiples of 4 bytes, as the DMA alignment of most devices
 *	allows
 * @TEST_CUT_RANDOM: anything, often a few bytes
 * @TEST_CUT_BYTE: single bytes
 * @TEST_NR_CUTS: number of ways
 */
enum test_cut {
	TEST_CUT_NONE,
	TEST_CUT_PAGE,
	TEST_CUT_DWORD,
	TEST_CUT_RANDOM,
	TEST_CUT_BYTE,
	TEST_NR_CUTS,
};

extern const char *const test_cut_names[TEST_NR_CUTS];

/**
 * struct test_vecs - a buffer in vectors, with canaries around each piece
 * @vecs: the vectors
 * @nr: number of vectors
 * @bytes: length of all vectors
 * @pieces: private
 */
struct test_vecs {
	struct bio_vec *vecs;
	unsigned int nr;
	unsigned int bytes;
	struct test_piece *pieces;
};

/**
 * struct test_geometry - a row of the table of geometries
 * @desc: format, metadata bytes, position of the tuple, and interval
 * @bi: the geometry, without profile
 */
struct test_geometry {
	const char *desc;
	struct blk_integrity bi;
};

struct rnd_state *test_rng(struct kunit *test);
u32 test_random(struct rnd_state *rng, u32 from, u32 to);
void test_fill(struct rnd_state *rng, void *buf, size_t bytes);
void test_fail_next_allocation(struct kunit *test);

void *test_guarded_buf(struct kunit *test, size_t bytes);
void *test_filled_buf(struct kunit *test, struct rnd_state *rng, size_t bytes);
struct page *test_zeroed_page(struct kunit *test);
unsigned long test_map_user(struct kunit *test, unsigned int pages,
			    unsigned long prot);
void test_expect_unpinned(struct kunit *test, unsigned long addr,
			  unsigned int pages);

struct test_vecs *test_vecs_alloc(struct kunit *test, struct rnd_state *rng,
				  unsigned int bytes, enum test_cut cut);
void test_vecs_release(struct kunit *test, struct test_vecs *tv);
void test_vecs_write(struct test_vecs *tv, const void *from);
void test_vecs_read(const struct test_vecs *tv, void *to);
bool test_vecs_intact(const struct test_vecs *tv);

const void *test_geometry_gen_params(const void *prev, char *desc);
struct blk_integrity test_geometry_of(const struct kunit *test);
struct blk_integrity test_geometry(enum blk_integrity_checksum csum_type,
				   unsigned int flags, unsigned int tuple_size,
				   unsigned int pi_offset,
				   unsigned int interval_exp);
struct blk_integrity test_with_tags(struct blk_integrity bi);

#endif /* BLK_INTEGRITY_TEST_H */
