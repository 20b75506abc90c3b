/* SPDX-License-Identifier: GPL-2.0 */
/*
 * One tuple of the T10 and NVMe formats: position and byte order of guard and
 * tags.
 *
 * Formats are constants and all functions are inline, so that the choice
 * between formats is made at compile time.
 */
#ifndef BLK_T10_PI_TUPLE_H
#define BLK_T10_PI_TUPLE_H

#include <linux/bits.h>
#include <linux/blk-integrity.h>
#include <linux/t10-pi.h>
#include <linux/unaligned.h>

#define APP_ESCAPE	0xffff

/* A tuple in numbers; byte order exists in decode and encode only. */
struct pi_tuple {
	u64 guard;
	u16 app;
	u64 ref;
};

/**
 * struct pi_format - differences between the formats
 * @csum_type: kind of guard
 * @ref_bits: width of the reference tag
 * @has_ref: the reference tag has the number of the interval, otherwise it
 *	belongs to the owner
 *
 * A tuple is guard, application tag and reference tag, in big endian.
 */
struct pi_format {
	enum blk_integrity_checksum csum_type;
	unsigned int ref_bits;
	bool has_ref;
};

static __always_inline bool pi_is_wide(const struct pi_format *fmt)
{
	return fmt->csum_type == BLK_INTEGRITY_CSUM_CRC64;
}

static __always_inline unsigned int pi_tuple_bytes(const struct pi_format *fmt)
{
	return pi_is_wide(fmt) ? sizeof(struct crc64_pi_tuple) :
				 sizeof(struct t10_pi_tuple);
}

static __always_inline u64 pi_ref_mask(const struct pi_format *fmt)
{
	return GENMASK_ULL(fmt->ref_bits - 1, 0);
}

/*
 * Application and reference tag in one number, the reference tag in the low
 * ref_bits.
 */
static __always_inline u64 pi_load_tags(const struct pi_format *fmt,
					const void *p)
{
	if (pi_is_wide(fmt))
		return get_unaligned_be64(p +
				offsetof(struct crc64_pi_tuple, app_tag));
	return get_unaligned_be64(p) & GENMASK_ULL(47, 0);
}

static __always_inline u64 pi_load_guard(const struct pi_format *fmt,
					 const void *p)
{
	if (pi_is_wide(fmt))
		return get_unaligned_be64(p);
	return get_unaligned_be64(p) >> 48;
}

static __always_inline struct pi_tuple pi_decode(const struct pi_format *fmt,
						 const void *p)
{
	u64 tags = pi_load_tags(fmt, p);

	return (struct pi_tuple) {
		.guard = pi_load_guard(fmt, p),
		.app = tags >> fmt->ref_bits,
		.ref = tags & pi_ref_mask(fmt),
	};
}

static __always_inline void pi_store(const struct pi_format *fmt, void *p,
				     u64 guard, u64 tags)
{
	if (pi_is_wide(fmt)) {
		put_unaligned_be64(guard, p);
		put_unaligned_be64(tags, p + offsetof(struct crc64_pi_tuple,
						      app_tag));
	} else {
		put_unaligned_be64(guard << 48 | tags, p);
	}
}

/*
 * Bits in which tuples are not as expected.  If a guard and its tags fit one
 * number, both are in @tags.
 */
struct pi_bits {
	u64 guard;
	u64 tags;
};

static __always_inline void pi_add_differences(const struct pi_format *fmt,
					       struct pi_bits *bits,
					       const void *p, u64 guard, u64 tags)
{
	if (pi_is_wide(fmt)) {
		bits->guard |= pi_load_guard(fmt, p) ^ guard;
		bits->tags |= pi_load_tags(fmt, p) ^ tags;
	} else {
		bits->tags |= get_unaligned_be64(p) ^ (guard << 48 | tags);
	}
}

static __always_inline bool pi_any_of(const struct pi_format *fmt,
				      const struct pi_bits *bits,
				      u64 guard_mask, u64 tags_mask)
{
	if (pi_is_wide(fmt))
		return (bits->guard & guard_mask) | (bits->tags & tags_mask);
	return bits->tags & (guard_mask << 48 | tags_mask);
}

static __always_inline void pi_store_ref(const struct pi_format *fmt, void *p,
					 u64 ref)
{
	if (pi_is_wide(fmt))
		put_unaligned_be48(ref, p +
				   offsetof(struct crc64_pi_tuple, ref_tag));
	else
		put_unaligned_be32(ref, p +
				   offsetof(struct t10_pi_tuple, ref_tag));
}

/*
 * SBC-4 4.21.2 and NVM Command Set 5.3.2: an application tag of all ones
 * disables checking, in type 3 only together with a reference tag of all ones.
 */
static __always_inline u64 pi_escape(const struct pi_format *fmt)
{
	u64 escape = (u64)APP_ESCAPE << fmt->ref_bits;

	return fmt->has_ref ? escape : escape | pi_ref_mask(fmt);
}

static __always_inline bool pi_is_escape(const struct pi_format *fmt, u64 tags)
{
	/* The bits of an escape are the highest ones that tags have. */
	return tags >= pi_escape(fmt);
}

#endif /* BLK_T10_PI_TUPLE_H */
