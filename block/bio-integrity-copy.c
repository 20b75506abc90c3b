// SPDX-License-Identifier: GPL-2.0
/*
 * Bios that go to the device as copies: writes of memory that may change while
 * the device reads it, since a copy keeps the data that its guards were made
 * for, and all data whose intervals are split in memory, for devices that do not
 * take that.
 *
 * The page cache keeps folios under writeback unchanged if the device of their
 * file asks for stable pages.  Nothing keeps the buffer of a program unchanged
 * during direct I/O, nor a page of the page cache that is written outside of
 * writeback, as journals do.
 *
 * A copy is a separate bio.  It can be split, merged, retried or failed over
 * without any effect on the original bio, which ends when the copy has
 * completed.
 */

#include <linux/blk-integrity.h>
#include <linux/init.h>
#include <linux/mm.h>
#include <linux/page-flags.h>
#include <linux/pagemap.h>
#include <linux/sched/mm.h>

#include "bio-integrity-internal.h"
#include "blk.h"

static struct bio_set copy_bios;

/*
 * Whether writers wait for writeback depends on the device that the file is on,
 * which may be stacked on this one: its mapping tells.  A mapping stays as long
 * as there is writeback.
 */
static bool folio_may_change(struct folio *folio)
{
	struct address_space *mapping = READ_ONCE(folio->mapping);

	if (folio_test_slab(folio))
		return false;
	if (folio_maybe_dma_pinned(folio))
		return true;
	if (!mapping)
		return false;
	if (!folio_test_writeback(folio))
		return true;
	return !folio_test_anon(folio) && !mapping_stable_writes(mapping);
}

/*
 * A vector may cover several folios, and a part of the first and the last.  Its
 * pages are contiguous in the memory map.
 */
static bool vec_may_change(const struct bio_vec *bv)
{
	struct page *page = bv->bv_page + (bv->bv_offset >> PAGE_SHIFT);
	size_t bytes = offset_in_page(bv->bv_offset) + bv->bv_len;

	for (;;) {
		struct folio *folio = page_folio(page);
		size_t nr_pages;

		if (folio_may_change(folio))
			return true;
		if (bytes <= PAGE_SIZE)
			return false;
		nr_pages = folio_nr_pages(folio) - folio_page_idx(folio, page);
		if (bytes <= nr_pages << PAGE_SHIFT)
			return false;
		bytes -= nr_pages << PAGE_SHIFT;
		page += nr_pages;
	}
}

/*
 * md changes the pages of its bitmap while it writes them, and only marks them
 * as metadata, of which there is little, so all of it is copied.
 */
static bool data_may_change(struct bio *bio)
{
	struct bvec_iter iter;
	struct bio_vec bv;

	if (bio->bi_opf & REQ_META)
		return true;
	bio_for_each_bvec(bv, bio, iter) {
		if (vec_may_change(&bv))
			return true;
	}
	return false;
}

/* Peer-to-peer memory of PCI: a vector has either only such pages or none. */
static bool is_peer_memory(struct bio *bio)
{
	struct bvec_iter iter;
	struct bio_vec bv;

	bio_for_each_bvec(bv, bio, iter) {
		if (is_pci_p2pdma_page(bv.bv_page))
			return true;
	}
	return false;
}

static bool may_have_copy(struct bio *bio)
{
	switch (bio_op(bio)) {
	case REQ_OP_READ:
	case REQ_OP_WRITE:
	case REQ_OP_ZONE_APPEND:
		return bio->bi_pool != &copy_bios &&
		       !bio_zone_write_plugging(bio) &&
		       !bio_has_crypt_ctx(bio) && !is_peer_memory(bio);
	default:
		return false;
	}
}

/*
 * The queue has not been entered, so the values read here may change, and the
 * profile may be freed.
 */
static bool copies_unstable(struct bio *bio)
{
	struct request_queue *q = bdev_get_queue(bio->bi_bdev);
	struct blk_integrity_dev *idev = READ_ONCE(q->integrity_dev);

	return bio_op(bio) != REQ_OP_READ && idev &&
	       READ_ONCE(idev->can_generate) &&
	       READ_ONCE(idev->write_generate) && READ_ONCE(idev->copy_unstable);
}

/*
 * Bits of the offsets and, but for the last one, lengths of the vectors of a bio.
 */
static unsigned int vec_boundaries(const struct bio *bio)
{
	const struct bio_vec *bv = &bio->bi_io_vec[bio->bi_iter.bi_idx];
	unsigned int offset = bv->bv_offset + bio->bi_iter.bi_bvec_done;
	unsigned int len = bv->bv_len - bio->bi_iter.bi_bvec_done;
	unsigned int bytes = bio->bi_iter.bi_size;
	unsigned int boundaries = offset;

	while (len < bytes) {
		bytes -= len;
		boundaries |= len;
		bv++;
		boundaries |= bv->bv_offset;
		len = bv->bv_len;
	}
	return boundaries;
}

/*
 * Devices that walk data and tuples in step do so page by page: an interval must
 * not cross one either.
 */
static bool is_split_in_memory(struct bio *bio)
{
	const struct blk_integrity *bi =
		&bdev_get_queue(bio->bi_bdev)->limits.integrity;

	if (!bi->tuple_size || bi->flags & BLK_INTEGRITY_SPLIT_INTERVALS)
		return false;
	/* A page is a whole number of intervals, and so is the bio. */
	return vec_boundaries(bio) & ((1U << bi->interval_exp) - 1);
}

static void free_copy(struct bio *copy)
{
	for (unsigned int i = 0; i < copy->bi_vcnt; i++)
		put_page(copy->bi_io_vec[i].bv_page);
	bio_put(copy);
}

static void copy_ended(struct bio *copy)
{
	struct bio *bio = copy->bi_private;
	struct bvec_iter to = bio->bi_iter;
	struct bvec_iter from = { .bi_size = to.bi_size };

	if (bio_op(bio) == REQ_OP_READ && !copy->bi_status)
		bio_copy_data_iter(bio, &to, copy, &from);
	/* A part of a chain that ended before may have set the status. */
	if (copy->bi_status)
		bio->bi_status = copy->bi_status;
	/*
	 * After a failover the path of the original bio may be freed; and so may
	 * that of the copy, when a part of the original ends it.  The end of the
	 * copy has been traced.
	 */
	bio->bi_bdev = copy->bi_bdev;
	bio_clear_flag(bio, BIO_TRACE_COMPLETION);
	if (bio_flagged(copy, BIO_QUIET))
		bio_set_flag(bio, BIO_QUIET);
	if (bio_op(bio) == REQ_OP_ZONE_APPEND)
		bio->bi_iter.bi_sector = copy->bi_iter.bi_sector;
	free_copy(copy);
	bio_endio(bio);
}

/**
 * bio_integrity_copy_moved() - tell the original of a copy where the copy is sent
 * @bio: any bio, taken from its request and sent to another device
 *
 * Who polls the original uses its device, which may be removed before the copy
 * completes.
 *
 * Context: Any context.
 */
void bio_integrity_copy_moved(struct bio *bio)
{
	struct bio *original = bio->bi_private;

	if (bio->bi_pool == &copy_bios)
		WRITE_ONCE(original->bi_bdev, bio->bi_bdev);
}

static unsigned int max_vecs(const struct queue_limits *lim)
{
	return clamp_t(unsigned int, lim->max_segments, 1, BIO_MAX_VECS);
}

/*
 * One page per vector, or larger pages if that would be more segments than the
 * device takes.
 */
static unsigned int copy_order(struct bio *bio)
{
	unsigned int pages = DIV_ROUND_UP(bio->bi_iter.bi_size, PAGE_SIZE);

	return order_base_2(DIV_ROUND_UP(pages,
			max_vecs(&bdev_get_queue(bio->bi_bdev)->limits)));
}

/* The largest copy whose pages can be waited for and are one segment each. */
static unsigned int max_copy_sectors(const struct queue_limits *lim)
{
	unsigned int order = min_t(unsigned int,
				   blk_integrity_max_segment_order(lim),
				   PAGE_ALLOC_COSTLY_ORDER);

	return max_vecs(lim) << (order + PAGE_SHIFT - SECTOR_SHIFT);
}

/* NVMe marks the bios that it passes on to a path. */
static bool may_fail_over(const struct bio *bio)
{
	return bio->bi_opf & REQ_DRV;
}

/*
 * Split a bio to what one request and one copy take.  Once, since the second
 * part of a second split would be out of order with the rest of the first one.
 */
static struct bio *split_to_copy(struct bio *bio)
{
	struct queue_limits lim = bdev_get_queue(bio->bi_bdev)->limits;
	unsigned int nr_segs;

	/*
	 * Appends and REQ_NOWAIT bios cannot be split, and atomic writes have a
	 * limit of their own.  Pages of a REQ_NOWAIT bio are not waited for.  A
	 * part of a bio that may fail over could outlive the path whose pool it
	 * is from.
	 */
	if (bio_op(bio) != REQ_OP_ZONE_APPEND &&
	    !(bio->bi_opf & REQ_NOWAIT) && !may_fail_over(bio))
		lim.max_sectors = min(lim.max_sectors, max_copy_sectors(&lim));
	return __bio_split_to_limits(bio, &lim, &nr_segs);
}

/* The kernel may give up even if it may wait, for instance in a killed task. */
static struct page *alloc_copy_pages(gfp_t gfp, unsigned int order)
{
	struct page *page;

	while (!(page = alloc_pages(gfp, order))) {
		if (!gfpflags_allow_blocking(gfp) ||
		    order > PAGE_ALLOC_COSTLY_ORDER)
			return NULL;
		memalloc_retry_wait(gfp);
	}
	return page;
}

static bool add_pages(struct bio *copy, unsigned int bytes, unsigned int order,
		      gfp_t gfp)
{
	gfp |= __GFP_NOWARN | __GFP_NOMEMALLOC;
	if (order)
		gfp |= __GFP_COMP;
	while (bytes) {
		unsigned int len = min_t(unsigned int, bytes, PAGE_SIZE << order);
		struct page *page = alloc_copy_pages(gfp, order);

		if (!page)
			return false;
		__bio_add_page(copy, page, len, 0);
		bytes -= len;
	}
	return true;
}

/*
 * The original bio fits one request, and the copy must not be split either:
 * parts of it would be out of order with the next bio of its zone, and an
 * atomic write cannot be split.
 */
static bool fits_request(struct bio *copy, unsigned int bytes)
{
	struct request_queue *q = bdev_get_queue(copy->bi_bdev);
	unsigned int segments;

	return !bio_split_rw_at(copy, &q->limits, &segments, bytes);
}

/*
 * A poller would poll the original bio, so the copy is not polled.  Metadata of
 * a submitter stays where it is: the copy has an iterator of its own over it.
 */
static struct bio *copy_of(struct bio *bio, gfp_t gfp)
{
	unsigned int bytes = bio->bi_iter.bi_size;
	unsigned int order = copy_order(bio);
	unsigned int vecs = DIV_ROUND_UP(bytes, PAGE_SIZE << order);
	struct bio *copy;

	copy = bio_alloc_bioset(bio->bi_bdev, vecs, bio->bi_opf & ~REQ_POLLED,
				gfp | __GFP_NOWARN, &copy_bios);
	if (!copy)
		return NULL;
	if (bio_integrity(bio) &&
	    bio_integrity_clone(copy, bio, gfp | __GFP_NOWARN))
		goto free;
	if (!add_pages(copy, bytes, order, gfp) || !fits_request(copy, bytes))
		goto free;
	if (op_is_write(bio_op(bio)))
		bio_copy_data(copy, bio);

	if (bio_flagged(bio, BIO_REMAPPED))
		bio_set_flag(copy, BIO_REMAPPED);
	if (bio_flagged(bio, BIO_BPS_THROTTLED))
		bio_set_flag(copy, BIO_BPS_THROTTLED);
	if (bio_flagged(bio, BIO_CGROUP_ACCT))
		bio_set_flag(copy, BIO_CGROUP_ACCT);
	copy->bi_ioprio = bio->bi_ioprio;
	copy->bi_write_hint = bio->bi_write_hint;
	copy->bi_iter.bi_sector = bio->bi_iter.bi_sector;
	bio_clone_blkg_association(copy, bio);
#ifdef CONFIG_BLK_CGROUP
	copy->bi_issue = bio->bi_issue;
#endif
	copy->bi_private = bio;
	copy->bi_end_io = copy_ended;
	return copy;

free:
	free_copy(copy);
	return NULL;
}

/*
 * The device would take the bio for something else, so there must be a copy.
 * Reclaim does not wait for one: it writes whole pages.
 */
static struct bio *align(struct bio *bio)
{
	bool nowait = bio->bi_opf & REQ_NOWAIT;
	struct bio *copy = copy_of(bio, nowait ? GFP_NOWAIT : GFP_NOIO);

	if (copy) {
		blk_integrity_count(bdev_get_queue(bio->bi_bdev),
				    BLK_INTEGRITY_ALIGNED_COPIES, 1);
		return copy;
	}
	bio->bi_status = nowait ? BLK_STS_AGAIN : BLK_STS_RESOURCE;
	bio_endio(bio);
	return NULL;
}

/*
 * Copy as much as one request takes; the rest is submitted again.  Guards of a
 * submitter belong to its memory: data that changes no longer matches them, be
 * it copied or not.  Not inline, since nearly all bios go as they are.
 */
static noinline struct bio *send_copy(struct bio *bio, bool split)
{
	struct bio *copy;

	if (!may_have_copy(bio) || (!split && bio_integrity(bio)))
		return bio;
	bio = split_to_copy(bio);
	if (!bio)
		return NULL;
	if (split)
		return align(bio);
	copy = copy_of(bio, GFP_NOWAIT);
	blk_integrity_count(bdev_get_queue(bio->bi_bdev),
			    copy ? BLK_INTEGRITY_COPIED_WRITES :
				   BLK_INTEGRITY_COPY_FALLBACKS, 1);
	return copy ?: bio;
}

/* Not inline, so that the test whether it is called costs little. */
static noinline struct bio *copy_if_unstable(struct bio *bio)
{
	return data_may_change(bio) ? send_copy(bio, false) : bio;
}

/**
 * bio_integrity_stabilize() - copy a bio whose data may change or is split
 * @bio: bio for a device that takes requests; not under the queue's usage count
 *
 * If a copy of a write whose data may change cannot be allocated, @bio itself is
 * sent.
 *
 * Context: Process context.  Sleeps for memory only if @bio may wait and its
 *	intervals are split in memory.
 * Return: the bio to go on with, @bio or a copy of it or of its first part;
 *	NULL if @bio has ended, since it can neither be split nor copied.
 */
struct bio *bio_integrity_stabilize(struct bio *bio)
{
	if (!bio_has_data(bio))
		return bio;
	if (unlikely(is_split_in_memory(bio)))
		return send_copy(bio, true);
	if (copies_unstable(bio))
		return copy_if_unstable(bio);
	return bio;
}

/* After init_bio(), before disks. */
static int __init bio_integrity_copy_init(void)
{
	if (bioset_init(&copy_bios, 2, 0, BIOSET_NEED_BVECS))
		panic("blk-integrity: no memory for copies\n");
	bioset_integrity_create_split(&copy_bios);
	return 0;
}
fs_initcall(bio_integrity_copy_init);
