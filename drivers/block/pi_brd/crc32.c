// SPDX-License-Identifier: GPL-2.0
/*
 * The 32-bit guard of NVMe (NVM Command Set 5.2.1) on the side of the host: a
 * profile of a driver, as an example for others.  The storage tag, which the
 * built-in formats do not have, is tag space.
 */
#include <linux/build_bug.h>
#include <linux/crc32c.h>
#include <linux/module.h>
#include <linux/string.h>

#include "pi_brd.h"

#if PI_BRD_HAS_PROFILES

/**
 * struct crc32_tuple - protection information with a 32-bit guard
 * @guard: CRC-32C of the interval and of the metadata before the tuple
 * @app_tag: application tag
 * @storage_tag: first 16 of the 80 bits for storage and reference tag, the
 *	least that the format allows
 * @ref_tag: the other 64 bits: number of the interval
 */
struct crc32_tuple {
	__be32 guard;
	__be16 app_tag;
	__be16 storage_tag;
	__be64 ref_tag;
};

static_assert(sizeof(struct crc32_tuple) == 16);

#define TAG_OFFSET	offsetof(struct crc32_tuple, app_tag)
#define TAG_BYTES	(offsetof(struct crc32_tuple, ref_tag) - TAG_OFFSET)

static unsigned int intervals(const struct blk_integrity_exchg *xchg)
{
	return xchg->data_size >> xchg->bi->interval_exp;
}

/* Tuples need not be aligned: they are copied in and out. */
static void *tuple_at(const struct blk_integrity_exchg *xchg, unsigned int i)
{
	return xchg->prot_buf + i * xchg->bi->tuple_size + xchg->bi->pi_offset;
}

static __be32 guard_of(const struct blk_integrity_exchg *xchg, unsigned int i)
{
	unsigned int exp = xchg->bi->interval_exp;
	u32 crc = crc32c(~0, xchg->data_buf + ((size_t)i << exp), 1U << exp);

	crc = crc32c(crc, xchg->prot_buf + i * xchg->bi->tuple_size,
		     xchg->bi->pi_offset);
	return cpu_to_be32(~crc);
}

/* Application and storage tag belong to the submitter and do not change. */
static void crc32_generate(struct blk_integrity_exchg *xchg)
{
	for (unsigned int i = 0; i < intervals(xchg); i++) {
		struct crc32_tuple tuple;

		memcpy(&tuple, tuple_at(xchg, i), sizeof(tuple));
		tuple.guard = guard_of(xchg, i);
		tuple.ref_tag = cpu_to_be64(xchg->interval + i);
		memcpy(tuple_at(xchg, i), &tuple, sizeof(tuple));
	}
}

static void verify_one(struct blk_integrity_exchg *xchg, unsigned int i,
		       const struct crc32_tuple *tuple)
{
	__be64 ref_tag = cpu_to_be64(xchg->interval + i);
	u16 app_tag = be16_to_cpu(tuple->app_tag);
	__be32 guard = tuple->guard;

	if (xchg->checks & BIP_CHECK_GUARD)
		guard = guard_of(xchg, i);

	if (tuple->guard != guard)
		blk_integrity_fail(xchg, i, BLK_INTEGRITY_TAG_GUARD,
				   be32_to_cpu(guard),
				   be32_to_cpu(tuple->guard));
	else if ((xchg->checks & BIP_CHECK_APPTAG) &&
		 (app_tag ^ xchg->app_tag) & xchg->app_mask)
		blk_integrity_fail(xchg, i, BLK_INTEGRITY_TAG_APP,
				   xchg->app_tag & xchg->app_mask,
				   app_tag & xchg->app_mask);
	else if ((xchg->checks & BIP_CHECK_REFTAG) && tuple->ref_tag != ref_tag)
		blk_integrity_fail(xchg, i, BLK_INTEGRITY_TAG_REF,
				   be64_to_cpu(ref_tag),
				   be64_to_cpu(tuple->ref_tag));
}

static void crc32_verify(struct blk_integrity_exchg *xchg)
{
	for (unsigned int i = 0; i < intervals(xchg); i++) {
		struct crc32_tuple tuple;

		memcpy(&tuple, tuple_at(xchg, i), sizeof(tuple));
		if (be16_to_cpu(tuple.app_tag) == PI_BRD_APP_ESCAPE)
			xchg->escaped++;
		else
			verify_one(xchg, i, &tuple);
	}
}

/* No data here.  A tag with an unexpected number stays. */
static void crc32_remap(struct blk_integrity_exchg *xchg, u64 to)
{
	for (unsigned int i = 0; i < intervals(xchg); i++) {
		struct crc32_tuple tuple;

		memcpy(&tuple, tuple_at(xchg, i), sizeof(tuple));
		if (tuple.ref_tag != cpu_to_be64(xchg->interval + i))
			continue;
		tuple.ref_tag = cpu_to_be64(to + i);
		memcpy(tuple_at(xchg, i), &tuple, sizeof(tuple));
	}
}

/*
 * The format needs this callback because only the first two of the four bytes
 * can be an escape.  An incomplete tag is padded with zeroes.
 */
static int crc32_set_tag(struct blk_integrity_exchg *xchg, const void *tag,
			 unsigned int len)
{
	for (unsigned int i = 0; i < intervals(xchg); i++) {
		unsigned int bytes = min_t(unsigned int, len, TAG_BYTES);
		u8 both[TAG_BYTES] = { };

		memcpy(both, tag, bytes);
		if (both[0] == 0xff && both[1] == 0xff)
			return -EINVAL;
		memcpy(tuple_at(xchg, i) + TAG_OFFSET, both, TAG_BYTES);
		tag += bytes;
		len -= bytes;
	}
	return 0;
}

static int crc32_get_tag(struct blk_integrity_exchg *xchg, void *tag,
			 unsigned int len)
{
	for (unsigned int i = 0; i < intervals(xchg) && len; i++) {
		unsigned int bytes = min_t(unsigned int, len, TAG_BYTES);

		memcpy(tag, tuple_at(xchg, i) + TAG_OFFSET, bytes);
		tag += bytes;
		len -= bytes;
	}
	return 0;
}

static const struct blk_integrity_profile crc32_profile = {
	.owner		= THIS_MODULE,
	.name		= "NVME-TYPE1-CRC32C",
	.csum_type	= BLK_INTEGRITY_CSUM_NONE,
	.tuple_size	= sizeof(struct crc32_tuple),
	.tag_offset	= TAG_OFFSET,
	.tag_size	= TAG_BYTES,
	.generate_fn	= crc32_generate,
	.verify_fn	= crc32_verify,
	.remap_fn	= crc32_remap,
	.set_tag_fn	= crc32_set_tag,
	.get_tag_fn	= crc32_get_tag,
};

/**
 * pi_brd_crc32_profile() - set the profile of the 32-bit guard in a geometry
 * @bi: the geometry
 *
 * Context: Any context.
 */
void pi_brd_crc32_profile(struct blk_integrity *bi)
{
	bi->profile = &crc32_profile;
}

#else /* PI_BRD_HAS_PROFILES */

/**
 * pi_brd_crc32_profile() - do nothing, as this kernel has no profiles
 * @bi: the geometry
 *
 * Context: Any context.
 */
void pi_brd_crc32_profile(struct blk_integrity *bi)
{
}

#endif /* PI_BRD_HAS_PROFILES */
