// SPDX-License-Identifier: GPL-2.0
/*
 * What is said when an interval fails verification: one rate-limited line per
 * device.
 */

#include <linux/blk-integrity.h>
#include <linux/ratelimit.h>

#include "blk.h"

struct tag_words {
	const char *name;
	const char *place;
};

/* Test suites look for these words; they are older than this file. */
static const struct tag_words tag_words[] = {
	[BLK_INTEGRITY_TAG_GUARD]	= { "guard", "sector" },
	[BLK_INTEGRITY_TAG_APP]		= { "app", "sector" },
	[BLK_INTEGRITY_TAG_REF]		= { "ref", "location" },
};

/**
 * blk_integrity_report() - tell about an interval that failed verification
 * @bio: the read
 * @bi: geometry the metadata was made for
 * @err: the failure
 *
 * Context: Any context.
 */
void blk_integrity_report(struct bio *bio, const struct blk_integrity *bi,
			  const struct blk_integrity_error *err)
{
	struct blk_integrity_dev *dev =
		bdev_get_queue(bio->bi_bdev)->integrity_dev;
	const struct tag_words *words = &tag_words[err->tag];
	u64 sector = err->interval << (bi->interval_exp - SECTOR_SHIFT);

	if (!__ratelimit(&dev->errors))
		return;
	pr_err("%pg: %s tag error at %s %llu (interval %llu, expected 0x%llx, found 0x%llx)\n",
	       bio->bi_bdev, words->name, words->place,
	       err->tag == BLK_INTEGRITY_TAG_REF ? err->interval : sector,
	       err->interval, err->expected, err->found);
}
