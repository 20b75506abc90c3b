/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Second readings: state of a device, shared by bio-integrity-reread.c, which
 * reads, and bio-integrity-heal.c, which judges and heals.
 */
#ifndef BIO_INTEGRITY_REREAD_H
#define BIO_INTEGRITY_REREAD_H

#include <linux/blk-integrity.h>
#include <linux/workqueue.h>

#include "bio-integrity-internal.h"

/**
 * struct bio_integrity_reread - second readings of a device
 * @in_flight: number of payloads whose bios have not ended
 * @kept: of these, payloads that are objects of the reserve
 * @lock: covers @pending and @ended
 * @pending: payloads to work on, by &bip_object.shared
 * @obj: payload being processed, or NULL; the fields below refer to it
 * @ended: the reading of @run has ended
 * @err: errors that remain after all readings so far
 * @next: next interval to examine, counted in the bio
 * @run: bad intervals from @next that are read again; 0: none found yet
 * @lead: intervals that the reading has before the run, because a device reads
 *	whole logical blocks
 * @span: intervals of the reading
 * @max_span: maximum of @span
 * @tries: remaining readings of the run
 * @max_tries: initial value of @tries: the policy of the disk
 * @first: first interval read again, counted in the bio
 * @reread: intervals read again
 * @healed: of these, good ones
 * @unstable: of these, intervals with the same metadata both times
 * @refused: number of readings in a row that found no request
 * @blocked: leave @obj as it is, because others may wait for an object
 * @work: submits readings and handles their completion
 * @data: page for data
 * @meta: page for metadata
 * @data_vec: vector of @data
 * @bio: the reading
 * @bip: its payload, with a vector behind it; last
 */
struct bio_integrity_reread {
	atomic_t in_flight;
	atomic_t kept;
	spinlock_t lock;		/* covers pending and ended */
	struct list_head pending;
	struct bip_object *obj;
	bool ended;
	struct blk_integrity_error err;
	unsigned int next;
	unsigned int run;
	unsigned int lead;
	unsigned int span;
	unsigned int max_span;
	unsigned int tries;
	unsigned int max_tries;
	unsigned int first;
	unsigned int reread;
	unsigned int healed;
	unsigned int unstable;
	unsigned int refused;
	bool blocked;
	struct delayed_work work;
	struct page *data;
	struct page *meta;
	struct bio_vec data_vec;
	struct bio bio;
	struct bio_integrity_payload bip;
};

static inline const struct blk_integrity *
reread_geometry(struct bio_integrity_reread *reread)
{
	return &reread->obj->bip.bip_geometry;
}

/* Not the device of the reading: it may be a path, which may be gone. */
static inline struct block_device *
reread_bdev(struct bio_integrity_reread *reread)
{
	return bdev_whole(bip_object_bdev(reread->obj));
}

static inline unsigned int
reread_intervals(struct bio_integrity_reread *reread)
{
	return reread->obj->data_iter.bi_size >> reread_geometry(reread)->interval_exp;
}

bool reread_has_bad(struct bio_integrity_reread *reread, unsigned int i,
		struct blk_integrity_error *err);
void reread_judge(struct bio_integrity_reread *reread);
void reread_give_up(struct bio_integrity_reread *reread);

#endif /* BIO_INTEGRITY_REREAD_H */
