// SPDX-License-Identifier: GPL-2.0
/*
 * Fuzz target: store and read tags, against a model that knows where each byte
 * of them is.
 */

#include "bio-integrity-internal.h"
#include "fuzz.h"
#include "tests/pi_reference.h"

#define MAX_INTERVALS	40

/**
 * struct tags - a bio with metadata
 * @bio: the bio
 * @bip: its payload
 * @vecs: the metadata
 * @flat: what it must be
 * @intervals: how many
 * @tag_bytes: bytes of tag of an interval
 * @in_tuple: they are in the tuple, where all ones are an escape
 */
struct tags {
	struct bio bio;
	struct bio_integrity_payload bip;
	struct fuzz_vecs vecs;
	u8 *flat;
	unsigned int intervals;
	unsigned int tag_bytes;
	bool in_tuple;
};

static void take_layout(struct tags *t, const struct blk_integrity *bi)
{
	unsigned int tuple = bi->csum_type ? pi_ref_tuple_bytes(bi) : 0;
	unsigned int in_tuple = tuple - pi_ref_guard_bytes(bi);

	if (bi->flags & BLK_INTEGRITY_REF_TAG)
		in_tuple = 2;
	t->in_tuple = bi->tuple_size == tuple;
	t->tag_bytes = t->in_tuple ? min_t(unsigned int, bi->tag_size, in_tuple) :
				     bi->tuple_size - tuple;
}

/* Byte @i of all tags. */
static u8 *tag_byte(struct tags *t, unsigned int i)
{
	const struct blk_integrity *bi = &t->bip.bip_geometry;
	u8 *area = t->flat + i / t->tag_bytes * bi->tuple_size;

	i %= t->tag_bytes;
	if (t->in_tuple)
		return area + pi_ref_guard_bytes(bi) + i;
	if (i < bi->pi_offset || !bi->csum_type)
		return area + i;
	return area + pi_ref_tuple_bytes(bi) + i;
}

static bool storable(const struct tags *t, const u8 *tags, unsigned int len)
{
	if (!t->tag_bytes || len > t->intervals * t->tag_bytes)
		return false;
	for (unsigned int i = 0, ones = 0; t->in_tuple && i < len; i++) {
		if (i % t->tag_bytes == 0)
			ones = 0;
		ones += tags[i] == 0xff;
		if (ones == t->tag_bytes)
			return false;
	}
	return op_is_write(bio_op(&t->bio));
}

static void test_set(struct tags *t, const u8 *tags, unsigned int len)
{
	if (!storable(t, tags, len)) {
		require(bio_integrity_set_tag(&t->bio, tags, len) == -EINVAL);
		return;
	}
	require(!bio_integrity_set_tag(&t->bio, tags, len));
	for (unsigned int i = 0; i < roundup(len, t->tag_bytes); i++)
		*tag_byte(t, i) = i < len ? tags[i] : 0;
}

static void test_get(struct tags *t, u8 *tags, unsigned int len)
{
	bool valid = t->tag_bytes && len <= t->intervals * t->tag_bytes;

	require(bio_integrity_get_tag(&t->bio, tags, len) == (valid ? 0 : -EINVAL));
	for (unsigned int i = 0; valid && i < len; i++)
		require(tags[i] == *tag_byte(t, i));
}

/* Only tags of the blocks change, none to an escape, and the bytes can be read. */
static void test_packed(struct tags *t, const u8 *tags, unsigned int len,
			unsigned int block_intervals)
{
	unsigned int block_bytes = block_intervals << t->bip.bip_geometry.interval_exp;
	unsigned int bits = t->tag_bytes * 8 - t->in_tuple;
	unsigned int part = t->tag_bytes ? block_intervals * bits / 8 : 0;
	bool whole = block_intervals && t->intervals % block_intervals == 0;
	unsigned int size = whole ? t->intervals / block_intervals * part : 0;
	unsigned int changed;
	u8 *found;

	require(bio_integrity_packed_tag_size(&t->bio, block_bytes) == size);
	if (!part || !whole || len > size || !op_is_write(bio_op(&t->bio))) {
		require(bio_integrity_set_packed_tag(&t->bio, tags, len, block_bytes) == -EINVAL);
		return;
	}
	require(!bio_integrity_set_packed_tag(&t->bio, tags, len, block_bytes));
	found = malloc(len);
	require(!bio_integrity_get_packed_tag(&t->bio, found, len, block_bytes));
	require(!memcmp(found, tags, len));
	free(found);

	changed = DIV_ROUND_UP(len, part) * block_intervals * t->tag_bytes;
	if (!t->in_tuple)
		changed = roundup(len, t->tag_bytes);
	found = malloc(changed);
	require(!bio_integrity_get_tag(&t->bio, found, changed));
	for (unsigned int i = 0; i < changed; i++) {
		require(!t->in_tuple || i % t->tag_bytes || found[i] < 0x80);
		*tag_byte(t, i) = found[i];
	}
	free(found);
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	return 0;
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t size)
{
	struct fuzz_input in = { data, size };
	struct tags t = {};
	struct blk_integrity *bi = &t.bip.bip_geometry;
	unsigned int bytes, len;
	u8 *tags;

	fuzz_geometry(&in, bi);
	take_layout(&t, bi);
	t.intervals = fuzz_below(&in, MAX_INTERVALS + 1);
	bytes = t.intervals * bi->tuple_size;
	t.flat = malloc(bytes);
	fuzz_fill(&in, t.flat, bytes);
	fuzz_vecs_make(&t.vecs, &in, t.flat, bytes, 0, bytes);
	t.bip.bip_vec = t.vecs.vec;
	t.bip.bip_iter = t.vecs.iter;
	t.bio.bi_integrity = &t.bip;
	t.bio.bi_opf = REQ_INTEGRITY | (fuzz_below(&in, 8) ? REQ_OP_WRITE : REQ_OP_READ);
	require(bio_integrity_tag_size(&t.bio) == t.intervals * t.tag_bytes);

	for (unsigned int n = fuzz_below(&in, 4); n; n--) {
		len = fuzz_below(&in, t.intervals * t.tag_bytes + 2);
		tags = malloc(len);
		fuzz_fill(&in, tags, len);
		switch (fuzz_below(&in, 3)) {
		case 0:
			test_set(&t, tags, len);
			break;
		case 1:
			test_get(&t, tags, len);
			break;
		default:
			test_packed(&t, tags, len, fuzz_below(&in, t.intervals + 2));
		}
		free(tags);
		require(fuzz_vecs_equal(&t.vecs, t.flat));
	}

	fuzz_vecs_free(&t.vecs);
	free(t.flat);
	return 0;
}
