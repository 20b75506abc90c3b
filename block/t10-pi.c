// SPDX-License-Identifier: GPL-2.0
/*
 * The formats of T10 (SBC-4 4.21) and NVMe (NVM Command Set 5.3): generate,
 * verify and remap over a contiguous run of intervals.
 *
 * Guards of a run are computed first, then one loop compares its tuples.  A
 * second loop decodes and reports tuples, only if the first one found a
 * difference or an escape.
 */

#include <linux/blk-integrity.h>
#include <linux/t10-pi.h>

#include "blk.h"
#include "blk-integrity-dev.h"
#include "blk-integrity-walk.h"
#include "pi-guard.h"
#include "t10-pi-tuple.h"

/*
 * Guards are computed for this many intervals in one call: for the longest run
 * of 512-byte intervals if they are 16 bits wide, for half of it if they are
 * 64.
 */
#define NARROW_GUARDS	128
#define WIDE_GUARDS	64
static_assert(BLK_INTEGRITY_MAX_PIECES_INTERVALS <= WIDE_GUARDS,
	      "a run in pieces is one chunk");

union pi_guards {
	u16 narrow[NARROW_GUARDS];
	u64 wide[WIDE_GUARDS];
};

/*
 * Intervals @first to @first + @nr of @xchg, @left to its end, with their guards:
 * these are not in here, so that compilers which clear all variables can leave
 * them alone.
 */
struct pi_chunk {
	struct blk_integrity_exchg *xchg;
	union pi_guards *guards;
	unsigned int first;
	unsigned int nr;
	unsigned int left;
};

static __always_inline u64 pi_guard(const struct pi_format *fmt,
				    const union pi_guards *guards, unsigned int i)
{
	return pi_is_wide(fmt) ? guards->wide[i] : guards->narrow[i];
}

static __always_inline void *pi_tuple(const struct pi_chunk *chunk)
{
	const struct blk_integrity *geometry = chunk->xchg->bi;

	return chunk->xchg->prot_buf + geometry->pi_offset +
	       chunk->first * geometry->tuple_size;
}

static __always_inline unsigned int
pi_run_intervals(const struct blk_integrity_exchg *xchg)
{
	return xchg->data_size >> xchg->bi->interval_exp;
}

/* Advance @chunk to the next intervals. */
static __always_inline bool pi_next_chunk(const struct pi_format *fmt,
					  struct pi_chunk *chunk)
{
	unsigned int most = pi_is_wide(fmt) ? WIDE_GUARDS : NARROW_GUARDS;

	chunk->first += chunk->nr;
	chunk->left -= chunk->nr;
	chunk->nr = min(chunk->left, most);
	return chunk->nr;
}

/* Takes @chunk by value, so that callers can have it in registers. */
static noinline void pi_chain_guards(const struct pi_format *fmt,
				     struct pi_chunk chunk)
{
	const struct blk_integrity *geometry = chunk.xchg->bi;
	const struct pi_guard_prefixes prefixes = {
		.first	= pi_tuple(&chunk) - geometry->pi_offset,
		.bytes	= geometry->pi_offset,
		.stride	= geometry->tuple_size,
	};

	switch (fmt->csum_type) {
	case BLK_INTEGRITY_CSUM_CRC64:
		pi_guard_crc64_chain(chunk.guards->wide, chunk.nr, &prefixes);
		break;
	case BLK_INTEGRITY_CSUM_IP:
		pi_guard_ip_chain(chunk.guards->narrow, chunk.nr, &prefixes);
		break;
	default:
		pi_guard_crc16_chain(chunk.guards->narrow, chunk.nr, &prefixes);
	}
}

/* Compute the guards of the data and of the metadata in front of the tuples. */
static __always_inline void pi_compute_guards(const struct pi_format *fmt,
					      const struct pi_chunk *chunk)
{
	const struct blk_integrity *geometry = chunk->xchg->bi;
	const struct blk_integrity_pieces *pieces = chunk->xchg->pieces;
	const struct pi_piece one = {
		.data		= chunk->xchg->data_buf +
				  ((size_t)chunk->first << geometry->interval_exp),
		.intervals	= chunk->nr,
	};
	const struct pi_piece *piece = pieces ? pieces->piece : &one;
	unsigned int nr_pieces = pieces ? pieces->nr : 1;
	unsigned int bytes = 1U << geometry->interval_exp;

	switch (fmt->csum_type) {
	case BLK_INTEGRITY_CSUM_CRC64:
		pi_guard_crc64(piece, nr_pieces, bytes, chunk->guards->wide);
		break;
	case BLK_INTEGRITY_CSUM_IP:
		pi_guard_ip(piece, nr_pieces, bytes, chunk->guards->narrow);
		break;
	default:
		pi_guard_crc16(piece, nr_pieces, bytes, chunk->guards->narrow);
	}
	if (unlikely(geometry->pi_offset))
		pi_chain_guards(fmt, *chunk);
}

/*
 * Keep the tag bits in @kept, which is 0 if the memory is not initialised.
 * Unrolled, since half of the instructions would be the loop's; clang knows the
 * pragma too.
 */
static __always_inline void pi_write(const struct pi_format *fmt,
				     const struct pi_chunk *chunk,
				     unsigned int stride, u64 kept)
{
	u64 ref = chunk->xchg->interval + chunk->first;
	const union pi_guards *guards = chunk->guards;
	const unsigned int nr = chunk->nr;
	void *p = pi_tuple(chunk);

#pragma GCC unroll 4
	for (unsigned int i = 0; i < nr; i++, p += stride) {
		u64 tags = kept ? pi_load_tags(fmt, p) & kept : 0;

		if (fmt->has_ref)
			tags |= (ref + i) & pi_ref_mask(fmt);
		pi_store(fmt, p, pi_guard(fmt, guards, i), tags);
	}
}

static __always_inline void pi_generate(struct blk_integrity_exchg *xchg,
					const struct pi_format *fmt)
{
	union pi_guards guards __uninitialized;
	struct pi_chunk chunk = {
		.xchg	= xchg,
		.guards	= &guards,
		.left	= pi_run_intervals(xchg),
	};

	while (pi_next_chunk(fmt, &chunk)) {
		pi_compute_guards(fmt, &chunk);
		/* What the format does not number is its owner's. */
		if (xchg->blank)
			pi_write(fmt, &chunk, pi_tuple_bytes(fmt), 0);
		else
			pi_write(fmt, &chunk, xchg->bi->tuple_size,
				 fmt->has_ref ? ~pi_ref_mask(fmt) : U64_MAX);
	}
}

/*
 * Bits of the tags that verification compares, and whether it does the guard.
 */
struct pi_checks {
	u64 tags_mask;
	u64 app;		/* expected, at its place among the tags */
	bool guard;
};

static __always_inline struct pi_checks
pi_checks_of(const struct pi_format *fmt, const struct blk_integrity_exchg *xchg)
{
	struct pi_checks checks = {
		.app	= (u64)xchg->app_tag << fmt->ref_bits,
		.guard	= xchg->checks & BIP_CHECK_GUARD,
	};

	if (xchg->checks & BIP_CHECK_APPTAG)
		checks.tags_mask = (u64)xchg->app_mask << fmt->ref_bits;
	if (fmt->has_ref && (xchg->checks & BIP_CHECK_REFTAG))
		checks.tags_mask |= pi_ref_mask(fmt);
	return checks;
}

static __always_inline bool pi_any_different(const struct pi_format *fmt,
					     const struct pi_bits *differences,
					     const struct pi_checks *checks)
{
	return pi_any_of(fmt, differences, checks->guard ? U64_MAX : 0,
			 checks->tags_mask);
}

/*
 * Return whether all tuples of @chunk are as expected.  One that matches counts as
 * verified, be it an escape or not, so escapes need not be tested.  But without a
 * reference tag, the guard of zeroes can match in blocks that were never written:
 * these are escapes.
 */
static __always_inline bool pi_all_match(const struct pi_format *fmt,
					 const struct pi_chunk *chunk,
					 const struct pi_checks *checks,
					 unsigned int stride)
{
	u64 ref = chunk->xchg->interval + chunk->first;
	const union pi_guards *guards = chunk->guards;
	const unsigned int nr = chunk->nr;
	const void *p = pi_tuple(chunk);
	struct pi_bits differences = {};
	bool escapes = false;

#pragma GCC unroll 4
	for (unsigned int i = 0; i < nr; i++, p += stride) {
		pi_add_differences(fmt, &differences, p,
				   pi_guard(fmt, guards, i),
				   checks->app | ((ref + i) & pi_ref_mask(fmt)));
		if (!fmt->has_ref)
			escapes |= pi_is_escape(fmt, pi_load_tags(fmt, p));
	}
	return !escapes && !pi_any_different(fmt, &differences, checks);
}

static __always_inline bool pi_run_matches(const struct pi_format *fmt,
					   const struct pi_chunk *chunk,
					   const struct pi_checks *checks)
{
	const unsigned int stride = chunk->xchg->bi->tuple_size;

	/* Most metadata is nothing but tuples: with a constant, this is faster. */
	if (likely(stride == pi_tuple_bytes(fmt)))
		return pi_all_match(fmt, chunk, checks, pi_tuple_bytes(fmt));
	return pi_all_match(fmt, chunk, checks, stride);
}

/* Report tuple by tuple.  Rare, so not inline, and as pi_chain_guards(). */
static noinline void pi_report(const struct pi_format *fmt,
			       struct pi_chunk chunk, struct pi_checks checks)
{
	struct blk_integrity_exchg *xchg = chunk.xchg;
	u16 app_mask = checks.tags_mask >> fmt->ref_bits;
	u64 ref_mask = checks.tags_mask & pi_ref_mask(fmt);
	const void *p = pi_tuple(&chunk);

	for (unsigned int i = 0; i < chunk.nr; i++, p += xchg->bi->tuple_size) {
		struct pi_tuple tuple = pi_decode(fmt, p);
		u64 ref = (xchg->interval + chunk.first + i) & pi_ref_mask(fmt);
		u64 guard = pi_guard(fmt, chunk.guards, i);
		struct pi_bits differences = {};

		pi_add_differences(fmt, &differences, p, guard, checks.app | ref);
		/* It counts as verified whatever is beside it. */
		if (fmt->has_ref && !pi_any_different(fmt, &differences, &checks))
			continue;
		if (pi_is_escape(fmt, pi_load_tags(fmt, p)))
			xchg->escaped++;
		else if (checks.guard && tuple.guard != guard)
			blk_integrity_fail(xchg, chunk.first + i,
					   BLK_INTEGRITY_TAG_GUARD, guard,
					   tuple.guard);
		else if ((tuple.app ^ xchg->app_tag) & app_mask)
			blk_integrity_fail(xchg, chunk.first + i,
					   BLK_INTEGRITY_TAG_APP,
					   xchg->app_tag & app_mask,
					   tuple.app & app_mask);
		else if ((tuple.ref ^ ref) & ref_mask)
			blk_integrity_fail(xchg, chunk.first + i,
					   BLK_INTEGRITY_TAG_REF, ref, tuple.ref);
	}
}

static __always_inline void pi_verify(struct blk_integrity_exchg *xchg,
				      const struct pi_format *fmt)
{
	const struct pi_checks checks = pi_checks_of(fmt, xchg);
	union pi_guards guards __uninitialized;
	struct pi_chunk chunk = {
		.xchg	= xchg,
		.guards	= &guards,
		.left	= pi_run_intervals(xchg),
	};

	if (!checks.guard)
		memset(&guards, 0, sizeof(guards));
	while (pi_next_chunk(fmt, &chunk)) {
		if (checks.guard)
			pi_compute_guards(fmt, &chunk);
		if (unlikely(!pi_run_matches(fmt, &chunk, &checks)))
			pi_report(fmt, chunk, checks);
	}
}

static __always_inline void pi_remap(struct blk_integrity_exchg *xchg, u64 to,
				     const struct pi_format *fmt)
{
	const u64 mask = pi_ref_mask(fmt);
	void *p = xchg->prot_buf + xchg->bi->pi_offset;

	for (unsigned int i = 0; i < pi_run_intervals(xchg); i++) {
		u64 ref = pi_load_tags(fmt, p) & mask;

		if (ref == ((xchg->interval + i) & mask))
			pi_store_ref(fmt, p, to + i);
		p += xchg->bi->tuple_size;
	}
}

#define PI_FORMAT(_csum_type, _ref_bits, _has_ref) {			\
	.csum_type	= BLK_INTEGRITY_CSUM_##_csum_type,		\
	.ref_bits	= _ref_bits,					\
	.has_ref	= _has_ref,					\
}

static const struct pi_format type1_crc = PI_FORMAT(CRC, 32, true);
static const struct pi_format type3_crc = PI_FORMAT(CRC, 32, false);
static const struct pi_format type1_ip = PI_FORMAT(IP, 32, true);
static const struct pi_format type3_ip = PI_FORMAT(IP, 32, false);
static const struct pi_format type1_crc64 = PI_FORMAT(CRC64, 48, true);
static const struct pi_format type3_crc64 = PI_FORMAT(CRC64, 48, false);

/* Callbacks of one format, a constant, so that all calls are direct. */
#define PI_CALLBACKS(fmt)						\
static void fmt##_generate(struct blk_integrity_exchg *xchg)		\
{									\
	pi_generate(xchg, &fmt);					\
}									\
									\
static void fmt##_verify(struct blk_integrity_exchg *xchg)		\
{									\
	pi_verify(xchg, &fmt);						\
}

#define PI_REMAP(fmt)							\
static void fmt##_remap(struct blk_integrity_exchg *xchg, u64 to)	\
{									\
	pi_remap(xchg, to, &fmt);					\
}

PI_CALLBACKS(type1_crc)
PI_CALLBACKS(type3_crc)
PI_CALLBACKS(type1_ip)
PI_CALLBACKS(type3_ip)
PI_CALLBACKS(type1_crc64)
PI_CALLBACKS(type3_crc64)
PI_REMAP(type1_crc)
PI_REMAP(type1_ip)
PI_REMAP(type1_crc64)

enum {
	TYPE1_CRC,
	TYPE3_CRC,
	TYPE1_IP,
	TYPE3_IP,
	TYPE1_CRC64,
	TYPE3_CRC64,
	OPAQUE,
	NR_FORMATS,
};

#define PI_PROFILE(_name, _csum_type, fmt, layout, _tag_size, _remap_fn)	\
	{								\
		.name		= _name,				\
		.csum_type	= _csum_type,				\
		.tuple_size	= sizeof(layout),			\
		.tag_offset	= offsetof(layout, app_tag),		\
		.tag_size	= _tag_size,				\
		.generate_fn	= fmt##_generate,			\
		.verify_fn	= fmt##_verify,				\
		.remap_fn	= _remap_fn,				\
	}

#define TYPE1_PROFILE(name, csum_type, fmt, layout)			\
	PI_PROFILE(name, csum_type, fmt, layout,			\
		   sizeof_field(layout, app_tag), fmt##_remap)

/* In type 3 the reference tag is part of the tags of the owner. */
#define TYPE3_PROFILE(name, csum_type, fmt, layout)			\
	PI_PROFILE(name, csum_type, fmt, layout,			\
		   sizeof(layout) - offsetof(layout, app_tag), NULL)

static_assert(NR_FORMATS == BLK_INTEGRITY_NR_BUILTIN);

const struct blk_integrity_profile
blk_integrity_builtin_profiles[BLK_INTEGRITY_NR_BUILTIN] = {
	[TYPE1_CRC] = TYPE1_PROFILE("T10-DIF-TYPE1-CRC", BLK_INTEGRITY_CSUM_CRC,
				    type1_crc, struct t10_pi_tuple),
	[TYPE3_CRC] = TYPE3_PROFILE("T10-DIF-TYPE3-CRC", BLK_INTEGRITY_CSUM_CRC,
				    type3_crc, struct t10_pi_tuple),
	[TYPE1_IP] = TYPE1_PROFILE("T10-DIF-TYPE1-IP", BLK_INTEGRITY_CSUM_IP,
				   type1_ip, struct t10_pi_tuple),
	[TYPE3_IP] = TYPE3_PROFILE("T10-DIF-TYPE3-IP", BLK_INTEGRITY_CSUM_IP,
				   type3_ip, struct t10_pi_tuple),
	[TYPE1_CRC64] = TYPE1_PROFILE("EXT-DIF-TYPE1-CRC64",
				      BLK_INTEGRITY_CSUM_CRC64, type1_crc64,
				      struct crc64_pi_tuple),
	[TYPE3_CRC64] = TYPE3_PROFILE("EXT-DIF-TYPE3-CRC64",
				      BLK_INTEGRITY_CSUM_CRC64, type3_crc64,
				      struct crc64_pi_tuple),
	[OPAQUE] = {
		.name		= "nop",
		.csum_type	= BLK_INTEGRITY_CSUM_NONE,
	},
};

/* Indexed by guard type and by presence of a reference tag. */
static const u8 pi_profile_of[][2] = {
	[BLK_INTEGRITY_CSUM_NONE]	= { OPAQUE, OPAQUE },
	[BLK_INTEGRITY_CSUM_IP]		= { TYPE3_IP, TYPE1_IP },
	[BLK_INTEGRITY_CSUM_CRC]	= { TYPE3_CRC, TYPE1_CRC },
	[BLK_INTEGRITY_CSUM_CRC64]	= { TYPE3_CRC64, TYPE1_CRC64 },
};

/**
 * blk_integrity_builtin_profile() - get the built-in profile of a geometry
 * @bi: geometry; csum_type and BLK_INTEGRITY_REF_TAG select the profile
 *
 * Context: Any context.
 * Return: the profile, or NULL if the guard type is unknown.
 */
const struct blk_integrity_profile *
blk_integrity_builtin_profile(const struct blk_integrity *bi)
{
	bool has_ref = bi->flags & BLK_INTEGRITY_REF_TAG;

	if (bi->csum_type >= ARRAY_SIZE(pi_profile_of))
		return NULL;
	return &blk_integrity_builtin_profiles[pi_profile_of[bi->csum_type][has_ref]];
}
