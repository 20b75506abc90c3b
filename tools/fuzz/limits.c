// SPDX-License-Identifier: GPL-2.0
/*
 * Fuzz target: validation and stacking of limits, against the rules of
 * Documentation/block/data-integrity/drivers.rst.
 */

#include "blk-integrity-dev.h"
#include "fuzz.h"

#define KEPT_CHUNK_BYTES	SZ_32K
#define MAX_CHUNK_BYTES		SZ_1M
#define MAX_CHUNKS		8

/* The format of a driver. */
static struct blk_integrity_profile custom;

static void callback(struct blk_integrity_exchg *xchg)
{
}

static void remap_callback(struct blk_integrity_exchg *xchg, u64 to)
{
}

/* Most often the first, otherwise any number of @bytes bytes. */
static u64 usually(struct fuzz_input *in, u64 value, unsigned int bytes)
{
	return fuzz_below(in, 8) ? value : fuzz_take(in, bytes);
}

static void take_custom(struct fuzz_input *in, enum blk_integrity_checksum csum_type)
{
	custom = (struct blk_integrity_profile) {
		.name		= "custom",
		.csum_type	= usually(in, csum_type, 1),
		.tuple_size	= usually(in, fuzz_below(in, 65), 2),
		.tag_offset	= usually(in, 0, 2),
		.tag_size	= usually(in, 0, 2),
		.generate_fn	= fuzz_below(in, 2) ? callback : NULL,
		.remap_fn	= fuzz_below(in, 2) ? remap_callback : NULL,
	};
}

static void take_integrity(struct fuzz_input *in, struct blk_integrity *bi)
{
	bi->flags = fuzz_take(in, 1);
	bi->csum_type = usually(in, fuzz_below(in, 4), 1);
	bi->tuple_size = usually(in, fuzz_below(in, 80), 2);
	bi->pi_offset = usually(in, fuzz_below(in, 64), 2);
	bi->interval_exp = usually(in, fuzz_below(in, 2) ? 0 : 9 + fuzz_below(in, 4), 1);
	bi->tag_size = usually(in, fuzz_below(in, 8), 1);
	if (!fuzz_below(in, 4)) {
		take_custom(in, bi->csum_type);
		bi->profile = &custom;
	}
}

/* Limits as block/blk-settings.c leaves them to the validation of integrity. */
static void take_limits(struct fuzz_input *in, struct queue_limits *lim)
{
	memset(lim, 0, sizeof(*lim));
	take_integrity(in, &lim->integrity);
	lim->logical_block_size = SECTOR_SIZE << fuzz_below(in, 4);
	lim->max_sectors = max(PAGE_SECTORS, fuzz_take(in, 4));
	lim->max_user_sectors = usually(in, 0, 4);
	lim->max_zone_append_sectors = usually(in, 0, 4);
	lim->atomic_write_max_sectors = usually(in, 0, 4);
	lim->atomic_write_unit_max = usually(in, 0, 4);
	lim->max_integrity_segments = usually(in, fuzz_below(in, 10), 2);
	lim->seg_boundary_mask = (PAGE_SIZE << fuzz_below(in, 64 - PAGE_SHIFT + 1)) - 1;
	lim->max_segment_size = max(1, usually(in, UINT_MAX, 4));
	if (fuzz_below(in, 2))
		lim->virt_boundary_mask = PAGE_SIZE - 1;
	else
		lim->max_segment_size = max(PAGE_SIZE, lim->max_segment_size);
	if (fuzz_below(in, 2))
		lim->features |= BLK_FEAT_STABLE_WRITES;
	if (!fuzz_below(in, 4))
		lim->features |= BLK_FEAT_ZONED;
	if (fuzz_below(in, 16) == 1)
		lim->features |= BLK_FEAT_BOUNCE_HIGH;
	if (!fuzz_below(in, 4))
		lim->flags |= BLK_FLAG_INTEGRITY_STABLE;
}

static unsigned int interval_bytes(const struct queue_limits *lim)
{
	return lim->integrity.interval_exp ? 1U << lim->integrity.interval_exp :
					     lim->logical_block_size;
}

/*
 * Sectors whose metadata fits a buffer of chunks, each at most @max_chunk.  The
 * size of an I/O in bytes has 32 bits.
 */
static u64 sectors_that_fit(const struct queue_limits *lim, unsigned int max_chunk)
{
	unsigned int segments = lim->max_integrity_segments ? lim->max_integrity_segments : 1;
	u64 chunk = PAGE_SIZE, bytes;

	while (chunk * 2 <= max_chunk && chunk * 2 <= lim->max_segment_size &&
	       chunk * 2 - 1 <= lim->seg_boundary_mask)
		chunk *= 2;
	bytes = chunk * min(segments, MAX_CHUNKS) / lim->integrity.tuple_size * interval_bytes(lim);
	bytes = min(bytes, UINT_MAX);
	return bytes / lim->logical_block_size * lim->logical_block_size / SECTOR_SIZE;
}

static u64 cap(const struct queue_limits *lim)
{
	return sectors_that_fit(lim, lim->features & BLK_FEAT_ZONED ? KEPT_CHUNK_BYTES :
								       MAX_CHUNK_BYTES);
}

static bool is_custom(const struct blk_integrity *bi)
{
	return bi->profile == &custom;
}

static bool format_is_valid(const struct blk_integrity *bi)
{
	if (is_custom(bi) && (custom.csum_type != bi->csum_type || custom.tuple_size > 64 ||
			      custom.tag_offset + custom.tag_size > custom.tuple_size))
		return false;
	if (bi->flags & BLK_INTEGRITY_REF_TAG && bi->csum_type == BLK_INTEGRITY_CSUM_NONE)
		return is_custom(bi) && custom.remap_fn;
	return is_custom(bi) || bi->csum_type <= BLK_INTEGRITY_CSUM_CRC64;
}

static unsigned int tuple_bytes(const struct blk_integrity *bi)
{
	if (is_custom(bi))
		return custom.tuple_size;
	if (bi->csum_type == BLK_INTEGRITY_CSUM_NONE)
		return 0;
	return bi->csum_type == BLK_INTEGRITY_CSUM_CRC64 ? 16 : 8;
}

static bool are_valid(const struct queue_limits *lim, const struct request_queue *q)
{
	const struct blk_integrity *bi = &lim->integrity;
	unsigned int tuple = tuple_bytes(bi);

	if (!bi->tuple_size)
		return bi->csum_type == BLK_INTEGRITY_CSUM_NONE && !bi->tag_size &&
		       !(bi->flags & BLK_INTEGRITY_REF_TAG);
	if (!format_is_valid(bi))
		return false;
	if (bi->interval_exp && (bi->interval_exp < 9 || bi->interval_exp > 12))
		return false;
	if (interval_bytes(lim) > lim->logical_block_size ||
	    bi->tuple_size > PAGE_SIZE || bi->tag_size > bi->tuple_size ||
	    (tuple && bi->pi_offset + tuple > bi->tuple_size) ||
	    lim->features & BLK_FEAT_BOUNCE_HIGH || lim->max_segment_size < PAGE_SIZE)
		return false;
	if (sectors_that_fit(lim, KEPT_CHUNK_BYTES) < PAGE_SECTORS)
		return false;
	return bi->flags & BLK_INTEGRITY_STACKED || !q ||
	       lim->max_user_sectors == q->limits.max_user_sectors ||
	       min(lim->max_user_sectors, lim->max_sectors) <= cap(lim);
}

static void check_rejected(void)
{
	static const char *const fields[] = {
		"(tuple_size", "(csum_type", "profile", "(interval_exp)", "pi_offset",
		"tag_size", "(features", "max_segment_size)", "(max_sectors_kb)",
	};

	bool named = false;

	require(strstarts(fuzz_message, "blk-integrity: new queue: "));
	for (unsigned int i = 0; i < ARRAY_SIZE(fields); i++)
		named |= !!strstr(fuzz_message, fields[i]);
	require(named);
}

static void check_accepted(struct request_queue *q, const struct queue_limits *before,
			   struct queue_limits *lim)
{
	u64 unsplit = sectors_that_fit(before, KEPT_CHUNK_BYTES);
	const struct blk_integrity *bi = &lim->integrity;
	struct queue_limits again = *lim;

	require(!blk_integrity_validate_limits(q, &again));
	require(!memcmp(&again, lim, sizeof(again)));
	require(bi->csum_type == bi->profile->csum_type);
	require(1U << bi->interval_exp == interval_bytes(before));
	require(bi->pi_offset + tuple_bytes(bi) <= bi->tuple_size);
	require(lim->max_integrity_segments);
	require(lim->max_sectors == min(before->max_sectors, cap(before)));
	require(lim->max_zone_append_sectors == min(before->max_zone_append_sectors, unsplit));
	require(lim->atomic_write_max_sectors == min(before->atomic_write_max_sectors, unsplit));
	require(lim->atomic_write_unit_max >> SECTOR_SHIFT <= unsplit);
	require(max_integrity_io_size(lim) >> SECTOR_SHIFT <= unsplit);
	require(bi->csum_type == BLK_INTEGRITY_CSUM_NONE ||
		lim->features & BLK_FEAT_STABLE_WRITES);
}

static void test_validate(struct fuzz_input *in)
{
	struct queue_limits before, lim;
	struct request_queue *q = NULL;
	bool valid;

	take_limits(in, &before);
	if (fuzz_below(in, 2)) {
		q = calloc(1, sizeof(*q));
		q->limits.max_user_sectors = usually(in, before.max_user_sectors, 4);
	}
	lim = before;
	fuzz_message[0] = '\0';
	valid = are_valid(&before, q);
	require(blk_integrity_validate_limits(q, &lim) == (valid ? 0 : -EINVAL));
	if (!valid)
		check_rejected();
	else if (lim.integrity.tuple_size)
		check_accepted(q, &before, &lim);
	free(q);
}

static bool are_equal(const struct blk_integrity *a, const struct blk_integrity *b)
{
	return is_custom(a) == is_custom(b) && a->tuple_size == b->tuple_size &&
	       a->csum_type == b->csum_type && a->pi_offset == b->pi_offset &&
	       a->interval_exp == b->interval_exp && a->tag_size == b->tag_size &&
	       (a->flags & BLK_INTEGRITY_REF_TAG) == (b->flags & BLK_INTEGRITY_REF_TAG);
}

static void test_stack(struct fuzz_input *in)
{
	static const u8 shared = BLK_INTEGRITY_DEVICE_CAPABLE | BLK_INTEGRITY_CHECKS_EACH |
				 BLK_INTEGRITY_SPLIT_INTERVALS;
	struct queue_limits top = {}, member = {};
	struct blk_integrity before, *t = &top.integrity, *m = &member.integrity;
	bool is_first, equal;

	take_integrity(in, t);
	if (fuzz_below(in, 2))
		take_integrity(in, m);
	else
		*m = *t;
	m->flags ^= fuzz_take(in, 1);
	before = *t;
	is_first = !t->tuple_size && !(t->flags & BLK_INTEGRITY_STACKED);
	equal = is_first || (!t->tuple_size && !m->tuple_size) || are_equal(t, m);

	fuzz_message[0] = '\0';
	require(queue_limits_stack_integrity(&top, &member) == equal);
	require(t->flags & BLK_INTEGRITY_STACKED || !is_first);
	if (!equal) {
		require(strstr(fuzz_message, "member: no integrity for the stacked device"));
		require(!t->tuple_size && !t->csum_type);
		require(t->flags == BLK_INTEGRITY_STACKED);
	} else if (is_first) {
		require(are_equal(t, m));
		require((t->flags & shared) == (m->flags & shared));
	} else if (before.tuple_size) {
		require(are_equal(t, &before));
		require((t->flags & shared) == (before.flags & m->flags & shared));
	}
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	return 0;
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t size)
{
	struct fuzz_input in = { data, size };

	if (fuzz_below(&in, 2))
		test_stack(&in);
	else
		test_validate(&in);
	return 0;
}
