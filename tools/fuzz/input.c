// SPDX-License-Identifier: GPL-2.0
/*
 * Choices from the input of a fuzz target, and vectors cut as it says.
 */

#include "blk-integrity-dev.h"
#include "fuzz.h"

/**
 * fuzz_take() - take a number
 * @in: input
 * @bytes: its width, 1 to 8
 *
 * Return: the number; 0 past the end of the input.
 */
u64 fuzz_take(struct fuzz_input *in, unsigned int bytes)
{
	u64 value = 0;

	for (; bytes && in->left; bytes--, in->left--)
		value = value << 8 | *in->next++;
	return value;
}

/**
 * fuzz_below() - take a number from a range
 * @in: input
 * @limit: number of possible values
 *
 * Return: 0 to @limit - 1.
 */
u64 fuzz_below(struct fuzz_input *in, u64 limit)
{
	unsigned int bytes = 1;

	while (bytes < 8 && (limit - 1) >> 8 * bytes)
		bytes++;
	return fuzz_take(in, bytes) % limit;
}

/**
 * fuzz_number() - take the number of an interval
 * @in: input
 *
 * Return: any number below 2^63, preferably one before the width of a tag
 *	overflows.
 */
u64 fuzz_number(struct fuzz_input *in)
{
	static const u8 edges[] = { 16, 32, 48 };
	unsigned int edge = fuzz_below(in, ARRAY_SIZE(edges) + 1);

	if (edge < ARRAY_SIZE(edges))
		return (1ULL << edges[edge]) - fuzz_below(in, 256);
	return fuzz_take(in, 8) >> 1;
}

/**
 * fuzz_fill() - fill memory with zeroes, ones or noise
 * @in: input
 * @to: memory
 * @bytes: its size
 */
void fuzz_fill(struct fuzz_input *in, u8 *to, unsigned int bytes)
{
	u64 state = fuzz_take(in, 2);

	if (state < 2) {
		memset(to, state ? 0xff : 0, bytes);
		return;
	}
	while (bytes--) {
		state ^= state << 13;
		state ^= state >> 7;
		state ^= state << 17;
		*to++ = state;
	}
}

/**
 * fuzz_geometry() - take a geometry that limits validation accepts
 * @in: input
 * @bi: the geometry
 */
void fuzz_geometry(struct fuzz_input *in, struct blk_integrity *bi)
{
	/* Metadata as large as the tuple, a little larger, any. */
	const unsigned int spare[] = { 1, 64, PAGE_SIZE };
	unsigned int tuple;

	memset(bi, 0, sizeof(*bi));
	bi->csum_type = fuzz_below(in, BLK_INTEGRITY_CSUM_CRC64 + 1);
	if (bi->csum_type && fuzz_below(in, 4))
		bi->flags |= BLK_INTEGRITY_REF_TAG;
	bi->interval_exp = SECTOR_SHIFT +
			   fuzz_below(in, PAGE_SHIFT - SECTOR_SHIFT + 1);
	bi->profile = blk_integrity_builtin_profile(bi);
	tuple = bi->profile->tuple_size;
	bi->tuple_size = max(tuple, 1U) +
			 fuzz_below(in, spare[fuzz_below(in, ARRAY_SIZE(spare))]);
	bi->tuple_size = min(bi->tuple_size, PAGE_SIZE);
	if (!fuzz_below(in, 4))
		bi->tuple_size = roundup_pow_of_two(bi->tuple_size);
	if (tuple)
		bi->pi_offset = fuzz_below(in, bi->tuple_size - tuple + 1);
	bi->tag_size = fuzz_below(in, bi->tuple_size + 1);
}

/* Bytes of the next vector: a few, around a page, or all that is left. */
static unsigned int take_cut(struct fuzz_input *in, unsigned int left)
{
	u8 choice = fuzz_take(in, 1);

	if (!choice)
		return left;
	if (choice > 192)
		return min(left, (choice - 192) * 256 + fuzz_take(in, 1));
	return min_t(unsigned int, left, choice);
}

/**
 * fuzz_vecs_make() - make vectors with a content
 * @v: the vectors
 * @in: input, which says where they are cut
 * @flat: the content
 * @bytes: its size
 * @from: where the iterator begins
 * @size: how much it covers
 */
void fuzz_vecs_make(struct fuzz_vecs *v, struct fuzz_input *in, const u8 *flat,
		    unsigned int bytes, unsigned int from, unsigned int size)
{
	v->vec = calloc(bytes + 1, sizeof(*v->vec));
	v->nr = 0;
	while (bytes) {
		unsigned int len = take_cut(in, bytes);
		void *piece = malloc(len);

		memcpy(piece, flat, len);
		bvec_set_virt(&v->vec[v->nr++], piece, len);
		flat += len;
		bytes -= len;
	}
	v->iter = (struct bvec_iter) { .bi_size = from + size };
	bvec_iter_advance(v->vec, &v->iter, from);
}

/**
 * fuzz_vecs_equal() - compare the content of vectors
 * @v: the vectors
 * @flat: what they should have, all of them
 *
 * Return: %true if they have it.
 */
bool fuzz_vecs_equal(const struct fuzz_vecs *v, const u8 *flat)
{
	for (unsigned int i = 0; i < v->nr; flat += v->vec[i++].bv_len)
		if (memcmp(bvec_virt(&v->vec[i]), flat, v->vec[i].bv_len))
			return false;
	return true;
}

/**
 * fuzz_vecs_free() - free vectors
 * @v: the vectors
 */
void fuzz_vecs_free(struct fuzz_vecs *v)
{
	for (unsigned int i = 0; i < v->nr; i++)
		free(bvec_virt(&v->vec[i]));
	free(v->vec);
}
