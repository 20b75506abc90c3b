// SPDX-License-Identifier: GPL-2.0
/*
 * Geometries of several devices: comparison, and the geometry of a stacked
 * device.
 */
#define pr_fmt(fmt) "blk-integrity: " fmt

#include <linux/blk-integrity.h>

#include "blk.h"
#include "blk-integrity-dev.h"

/*
 * The only comparison of geometries.  A new field of struct blk_integrity must
 * be added here, hence the assertion.  Sparse does not support packed enums.
 */
#if defined(CONFIG_64BIT) && !defined(__CHECKER__)
static_assert(sizeof(struct blk_integrity) == 16);
#endif

struct geometry_field {
	const char *name;
	unsigned int a;
	unsigned int b;
	const char *a_words;	/* printed instead of numbers, if set */
	const char *b_words;
};

/* Limits that have not been committed yet may lack the built-in profile. */
static const struct blk_integrity_profile *
effective_profile(const struct blk_integrity *bi)
{
	return bi->profile ?: blk_integrity_builtin_profile(bi);
}

static const char *profile_name(const struct blk_integrity *bi)
{
	const struct blk_integrity_profile *prof = effective_profile(bi);

	return prof ? prof->name : "nop";
}

static const char *ref_tag_words(const struct blk_integrity *bi)
{
	return bi->flags & BLK_INTEGRITY_REF_TAG ? "used" : "not used";
}

/* The most informative differences come first. */
static bool geometry_differs(const struct blk_integrity *a,
			     const struct blk_integrity *b,
			     struct geometry_field *difference)
{
	const struct geometry_field fields[] = {
		{ "tuple_size", a->tuple_size, b->tuple_size },
		{ "profile", true, effective_profile(a) == effective_profile(b),
		  profile_name(a), profile_name(b) },
		{ "csum_type", a->csum_type, b->csum_type },
		{ "pi_offset", a->pi_offset, b->pi_offset },
		{ "interval_exp", a->interval_exp, b->interval_exp },
		{ "tag_size", a->tag_size, b->tag_size },
		{ "reference tag", a->flags & BLK_INTEGRITY_REF_TAG,
		  b->flags & BLK_INTEGRITY_REF_TAG,
		  ref_tag_words(a), ref_tag_words(b) },
	};

	for (int i = 0; i < ARRAY_SIZE(fields); i++) {
		if (fields[i].a != fields[i].b) {
			*difference = fields[i];
			return true;
		}
	}
	return false;
}

/**
 * blk_integrity_geometry_equal() - compare two geometries
 * @a: a geometry
 * @b: another geometry
 *
 * Context: Any context.
 * Return: %true if metadata made for one is valid for the other.
 */
bool blk_integrity_geometry_equal(const struct blk_integrity *a,
				  const struct blk_integrity *b)
{
	/* Called for each bio of a submitter, so do not collect names. */
	return effective_profile(a) == effective_profile(b) &&
	       a->tuple_size == b->tuple_size &&
	       a->csum_type == b->csum_type &&
	       a->pi_offset == b->pi_offset &&
	       a->interval_exp == b->interval_exp &&
	       a->tag_size == b->tag_size &&
	       !((a->flags ^ b->flags) & BLK_INTEGRITY_REF_TAG);
}
EXPORT_SYMBOL_GPL(blk_integrity_geometry_equal);

/**
 * blk_integrity_profile_name() - get the name of a device's protection format
 * @bi: geometry of a device
 *
 * Context: Any context.
 * Return: the name; "nop" for opaque metadata.
 */
const char *blk_integrity_profile_name(struct blk_integrity *bi)
{
	/* Drivers also call this before they commit the limits. */
	return profile_name(bi);
}
EXPORT_SYMBOL_GPL(blk_integrity_profile_name);

static void tell_difference(const char *name, const struct geometry_field *field)
{
	if (field->a_words)
		pr_warn("%s: no integrity for the stacked device, since %s is %s and for the members before %s\n",
			name, field->name, field->b_words, field->a_words);
	else
		pr_warn("%s: no integrity for the stacked device, since %s is %u and for the members before %u\n",
			name, field->name, field->b, field->a);
}

static bool stack_integrity(struct queue_limits *t, struct queue_limits *b,
			    const char *b_name)
{
	struct blk_integrity *ti = &t->integrity;
	struct blk_integrity *bi = &b->integrity;
	struct geometry_field difference;

	if (!ti->tuple_size && !(ti->flags & BLK_INTEGRITY_STACKED)) {
		*ti = *bi;
		ti->flags &= BLK_INTEGRITY_DEVICE_CAPABLE |
			     BLK_INTEGRITY_REF_TAG | BLK_INTEGRITY_CHECKS_EACH |
			     BLK_INTEGRITY_SPLIT_INTERVALS;
		ti->flags |= BLK_INTEGRITY_STACKED;
		return true;
	}
	/* Neither the other members nor this one have metadata. */
	if (!ti->tuple_size && !bi->tuple_size)
		return true;

	if (geometry_differs(ti, bi, &difference)) {
		tell_difference(b_name, &difference);
		*ti = (struct blk_integrity) { .flags = BLK_INTEGRITY_STACKED };
		return false;
	}
	/* The stacked device has a capability only if all members have it. */
	ti->flags &= bi->flags | ~(BLK_INTEGRITY_DEVICE_CAPABLE |
				   BLK_INTEGRITY_CHECKS_EACH |
				   BLK_INTEGRITY_SPLIT_INTERVALS);
	return true;
}

/**
 * queue_limits_stack_integrity() - add a member's geometry to a stacked device
 * @t: limits of the stacked device
 * @b: limits of the member
 *
 * The first member sets the geometry; all others must have the same geometry.
 *
 * Context: Any context.
 * Return: %true if the geometries are equal; otherwise %false, and the stacked
 *	device has no integrity.
 */
bool queue_limits_stack_integrity(struct queue_limits *t,
				  struct queue_limits *b)
{
	return stack_integrity(t, b, "member");
}
EXPORT_SYMBOL_GPL(queue_limits_stack_integrity);

/**
 * queue_limits_stack_integrity_bdev() - add a block device's geometry to a
 *	stacked device
 * @t: limits of the stacked device
 * @bdev: the member
 *
 * Context: Any context.
 * Return: as queue_limits_stack_integrity().
 */
bool queue_limits_stack_integrity_bdev(struct queue_limits *t,
				       struct block_device *bdev)
{
	return stack_integrity(t, &bdev_get_queue(bdev)->limits,
			       bdev->bd_disk->disk_name);
}
EXPORT_SYMBOL_GPL(queue_limits_stack_integrity_bdev);
