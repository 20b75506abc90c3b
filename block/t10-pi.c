// SPDX-License-Identifier: GPL-2.0
/*
 * The formats of T10 (SBC-4 4.21) and NVMe (NVM Command Set 5.3): generate,
 * verify and remap over a contiguous run of intervals.
 *
 * What is checked, and in which order, is written once, over decoded tuples; a
 * format says how a tuple is laid out and what its guard is.
 */

#include <linux/blk-integrity.h>
#include <linux/crc-t10dif.h>
#include <linux/crc64.h>
#include <linux/t10-pi.h>
#include <linux/unaligned.h>
#include <net/checksum.h>

#include "blk.h"

#define APP_ESCAPE	0xffff

/* A tuple in numbers; byte order exists in decode and encode only. */
struct pi_tuple {
	u64 guard;
	u16 app;
	u64 ref;
};

/**
 * struct pi_format - what differs between the formats
 * @ref_mask: bits of the reference tag
 * @has_ref: the reference tag numbers the interval, else it is the owner's
 * @guard_of: of @len bytes of data followed by @prefix_len bytes of metadata that
 *	lie before the tuple
 * @decode: read a tuple
 * @encode_guard: write a guard, in numbers as @guard_of returns it
 * @encode_ref: write a reference tag
 */
struct pi_format {
	u64 ref_mask;
	bool has_ref;
	u64 (*guard_of)(const void *data, unsigned int len, const void *prefix,
			unsigned int prefix_len);
	struct pi_tuple (*decode)(const void *p);
	void (*encode_guard)(void *p, u64 guard);
	void (*encode_ref)(void *p, u64 ref);
};

static u64 crc16_guard(const void *data, unsigned int len, const void *prefix,
		       unsigned int prefix_len)
{
	u16 crc = crc_t10dif(data, len);

	return prefix_len ? crc_t10dif_update(crc, prefix, prefix_len) : crc;
}

/*
 * The sum is in memory order; as a number it is big endian, like a CRC guard.
 * Chained sums need an even length before: an interval has one.
 */
static u64 ip_guard(const void *data, unsigned int len, const void *prefix,
		    unsigned int prefix_len)
{
	__wsum sum = csum_partial(data, len, 0);

	if (prefix_len)
		sum = csum_partial(prefix, prefix_len, sum);
	return ntohs((__force __be16)csum_fold(sum));
}

static u64 crc64_guard(const void *data, unsigned int len, const void *prefix,
		       unsigned int prefix_len)
{
	u64 crc = crc64_rocksoft(data, len);

	return prefix_len ? crc64_rocksoft_update(crc, prefix, prefix_len) : crc;
}

static struct pi_tuple t10_decode(const void *p)
{
	return (struct pi_tuple) {
		.guard = get_unaligned_be16(p +
				offsetof(struct t10_pi_tuple, guard_tag)),
		.app = get_unaligned_be16(p +
				offsetof(struct t10_pi_tuple, app_tag)),
		.ref = get_unaligned_be32(p +
				offsetof(struct t10_pi_tuple, ref_tag)),
	};
}

static void t10_encode_guard(void *p, u64 guard)
{
	put_unaligned_be16(guard, p + offsetof(struct t10_pi_tuple, guard_tag));
}

static void t10_encode_ref(void *p, u64 ref)
{
	put_unaligned_be32(ref, p + offsetof(struct t10_pi_tuple, ref_tag));
}

static struct pi_tuple crc64_decode(const void *p)
{
	return (struct pi_tuple) {
		.guard = get_unaligned_be64(p +
				offsetof(struct crc64_pi_tuple, guard_tag)),
		.app = get_unaligned_be16(p +
				offsetof(struct crc64_pi_tuple, app_tag)),
		.ref = get_unaligned_be48(p +
				offsetof(struct crc64_pi_tuple, ref_tag)),
	};
}

static void crc64_encode_guard(void *p, u64 guard)
{
	put_unaligned_be64(guard, p + offsetof(struct crc64_pi_tuple, guard_tag));
}

static void crc64_encode_ref(void *p, u64 ref)
{
	put_unaligned_be48(ref, p + offsetof(struct crc64_pi_tuple, ref_tag));
}

/*
 * SBC-4 4.21.2 and NVM Command Set 5.3.2: an application tag of all ones
 * disables checking, in type 3 only together with a reference tag of all ones.
 */
static __always_inline bool pi_is_escape(const struct pi_format *fmt,
					 const struct pi_tuple *tuple)
{
	return tuple->app == APP_ESCAPE &&
	       (fmt->has_ref || tuple->ref == fmt->ref_mask);
}

static __always_inline unsigned int
pi_run_intervals(const struct blk_integrity_exchg *xchg)
{
	return xchg->data_size >> xchg->bi->interval_exp;
}

static __always_inline u64 pi_guard(const struct pi_format *fmt,
				    const struct blk_integrity_exchg *xchg,
				    unsigned int i)
{
	const struct blk_integrity *bi = xchg->bi;

	return fmt->guard_of(xchg->data_buf + ((size_t)i << bi->interval_exp),
			  1U << bi->interval_exp,
			  xchg->prot_buf + i * bi->tuple_size, bi->pi_offset);
}

static __always_inline void *pi_tuple(const struct blk_integrity_exchg *xchg,
				      unsigned int i)
{
	return xchg->prot_buf + i * xchg->bi->tuple_size + xchg->bi->pi_offset;
}

static __always_inline void pi_generate(struct blk_integrity_exchg *xchg,
					const struct pi_format *fmt)
{
	for (unsigned int i = 0; i < pi_run_intervals(xchg); i++) {
		void *p = pi_tuple(xchg, i);

		fmt->encode_guard(p, pi_guard(fmt, xchg, i));
		if (fmt->has_ref)
			fmt->encode_ref(p, (xchg->interval + i) & fmt->ref_mask);
	}
}

static __always_inline void pi_verify(struct blk_integrity_exchg *xchg,
				      const struct pi_format *fmt)
{
	bool check_guard = xchg->checks & BIP_CHECK_GUARD;
	bool check_ref = fmt->has_ref && (xchg->checks & BIP_CHECK_REFTAG);
	u16 app_mask = xchg->checks & BIP_CHECK_APPTAG ? xchg->app_mask : 0;

	for (unsigned int i = 0; i < pi_run_intervals(xchg); i++) {
		struct pi_tuple tuple = fmt->decode(pi_tuple(xchg, i));
		u64 ref = (xchg->interval + i) & fmt->ref_mask;
		u64 guard_tag;

		if (pi_is_escape(fmt, &tuple)) {
			xchg->escaped++;
			continue;
		}

		guard_tag = check_guard ? pi_guard(fmt, xchg, i) : 0;
		if (check_guard && tuple.guard != guard_tag)
			blk_integrity_fail(xchg, i, BLK_INTEGRITY_TAG_GUARD,
					   guard_tag, tuple.guard);
		else if ((tuple.app ^ xchg->app_tag) & app_mask)
			blk_integrity_fail(xchg, i, BLK_INTEGRITY_TAG_APP,
					   xchg->app_tag & app_mask,
					   tuple.app & app_mask);
		else if (check_ref && tuple.ref != ref)
			blk_integrity_fail(xchg, i, BLK_INTEGRITY_TAG_REF, ref,
					   tuple.ref);
	}
}

static __always_inline void pi_remap(struct blk_integrity_exchg *xchg, u64 to,
				     const struct pi_format *fmt)
{
	for (unsigned int i = 0; i < pi_run_intervals(xchg); i++) {
		void *p = pi_tuple(xchg, i);
		struct pi_tuple tuple = fmt->decode(p);

		if (tuple.ref == ((xchg->interval + i) & fmt->ref_mask))
			fmt->encode_ref(p, (to + i) & fmt->ref_mask);
	}
}

#define T10_LAYOUT						\
	.ref_mask	= U32_MAX,				\
	.decode		= t10_decode,				\
	.encode_guard	= t10_encode_guard,			\
	.encode_ref	= t10_encode_ref

#define CRC64_LAYOUT						\
	.ref_mask	= GENMASK_ULL(47, 0),			\
	.decode		= crc64_decode,				\
	.encode_guard	= crc64_encode_guard,			\
	.encode_ref	= crc64_encode_ref

static const struct pi_format type1_crc = {
	T10_LAYOUT, .has_ref = true, .guard_of = crc16_guard,
};

static const struct pi_format type3_crc = {
	T10_LAYOUT, .has_ref = false, .guard_of = crc16_guard,
};

static const struct pi_format type1_ip = {
	T10_LAYOUT, .has_ref = true, .guard_of = ip_guard,
};

static const struct pi_format type3_ip = {
	T10_LAYOUT, .has_ref = false, .guard_of = ip_guard,
};

static const struct pi_format type1_crc64 = {
	CRC64_LAYOUT, .has_ref = true, .guard_of = crc64_guard,
};

static const struct pi_format type3_crc64 = {
	CRC64_LAYOUT, .has_ref = false, .guard_of = crc64_guard,
};

/* Callbacks of one format: the calls through it become direct ones. */
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

/* In type 3 the reference tag belongs to the owner of the tags too. */
#define TYPE3_PROFILE(name, csum_type, fmt, layout)			\
	PI_PROFILE(name, csum_type, fmt, layout,			\
		   sizeof(layout) - offsetof(layout, app_tag), NULL)

static const struct blk_integrity_profile pi_profiles[NR_FORMATS] = {
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

/* Indexed by guard type and by whether there is a reference tag. */
static const u8 pi_profile_of[][2] = {
	[BLK_INTEGRITY_CSUM_NONE]	= { OPAQUE, OPAQUE },
	[BLK_INTEGRITY_CSUM_IP]		= { TYPE3_IP, TYPE1_IP },
	[BLK_INTEGRITY_CSUM_CRC]	= { TYPE3_CRC, TYPE1_CRC },
	[BLK_INTEGRITY_CSUM_CRC64]	= { TYPE3_CRC64, TYPE1_CRC64 },
};

/**
 * blk_integrity_builtin_profile() - the profile that a guard type implies
 * @bi: geometry; csum_type and BLK_INTEGRITY_REF_TAG say which
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
	return &pi_profiles[pi_profile_of[bi->csum_type][has_ref]];
}

/**
 * blk_integrity_is_builtin_profile() - is a profile one of the core?
 * @prof: a profile
 *
 * Context: Any context.
 * Return: %true if blk_integrity_builtin_profile() may have returned it.
 */
bool blk_integrity_is_builtin_profile(const struct blk_integrity_profile *prof)
{
	return prof >= pi_profiles && prof < pi_profiles + NR_FORMATS;
}
