// SPDX-License-Identifier: GPL-2.0
/*
 * Fuzz target: add pages to a payload, then advance, trim, clone and split it,
 * against a model, the number of bytes of data in front of it.
 */

#include "bio-integrity-internal.h"
#include "blk-integrity-walk.h"
#include "fuzz.h"

#define ARENA_BYTES	SZ_16K
#define MAX_PAGES	64
#define MAX_BIOS	4

/* Memory with metadata. */
static u8 *arena;

/**
 * struct twin - a bio and what its payload must be
 * @bio: the bio
 * @at: bytes of data in front of it, since the payload was whole
 * @end: bytes of metadata in front of the end of the payload
 */
struct twin {
	struct bio bio;
	u64 at;
	u64 end;
};

/**
 * struct payload - all bios that share metadata
 * @queue: of their device
 * @disk: of @queue
 * @bdev: the device
 * @first: number of the first interval
 * @flat: the metadata that was added
 * @bytes: of @flat
 * @twins: the bios; the first one owns the vectors
 * @nr: how many
 */
struct payload {
	struct request_queue queue;
	struct gendisk disk;
	struct block_device bdev;
	u64 first;
	u8 *flat;
	unsigned int bytes;
	struct twin twins[MAX_BIOS];
	unsigned int nr;
};

/* Of the files that the targets are not linked with, called at boot. */
void bio_integrity_verify_init(void)
{
}

void bio_integrity_reread_setup(void)
{
}

void blk_integrity_event_setup(void)
{
}

static void check(struct payload *p, struct twin *twin)
{
	struct bio_integrity_payload *bip = bio_integrity(&twin->bio);
	const struct blk_integrity *bi = &p->queue.limits.integrity;
	u64 intervals = twin->at >> bi->interval_exp;
	u64 from = min(intervals * bi->tuple_size, twin->end);
	u8 *found;

	require(bip->bip_iter.bi_size == twin->end - from);
	require(bip_get_seed(bip) == p->first + intervals);
	require(bip->bip_residue_bytes == (twin->at & ((1 << bi->interval_exp) - 1)));

	found = malloc(bip->bip_iter.bi_size);
	blk_integrity_gather(found, bip->bip_vec, bip->bip_iter, bip->bip_iter.bi_size);
	require(!memcmp(found, p->flat + from, bip->bip_iter.bi_size));
	free(found);
}

static void add_page(struct payload *p, struct fuzz_input *in, unsigned int *end)
{
	struct twin *owner = &p->twins[0];
	struct bio_integrity_payload *bip = bio_integrity(&owner->bio);
	struct bio_integrity_payload before = *bip;
	unsigned int from = fuzz_below(in, 2) ? *end : fuzz_below(in, ARENA_BYTES);
	unsigned int len = fuzz_below(in, 4) ? fuzz_below(in, 64) : fuzz_below(in, SZ_8K);
	u8 *piece = arena + from;

	len = min(len + 1, ARENA_BYTES - from);
	if (!len)
		return;
	if (bio_integrity_add_page(&owner->bio, virt_to_page(piece), len, offset_in_page(piece))) {
		memcpy(p->flat + p->bytes, piece, len);
		p->bytes += len;
		owner->end += len;
		*end = from + len;
		require(bip->bip_vcnt <= bip->bip_max_vcnt);
	} else {
		require(bip->bip_vcnt == bip->bip_max_vcnt);
		require(!memcmp(bip, &before, sizeof(before)));
	}
}

static void advance(struct twin *twin, unsigned int bytes)
{
	bio_integrity_advance(&twin->bio, bytes);
	twin->bio.bi_iter.bi_size -= bytes;
	twin->at += bytes;
}

static void trim(struct payload *p, struct twin *twin, unsigned int bytes)
{
	const struct blk_integrity *bi = &p->queue.limits.integrity;

	twin->bio.bi_iter.bi_size = bytes;
	bio_integrity_trim(&twin->bio);
	twin->end = min(twin->end, ((twin->at + bytes) >> bi->interval_exp) * bi->tuple_size);
}

static struct twin *clone(struct payload *p, struct twin *from)
{
	struct twin *twin = &p->twins[p->nr];

	if (p->nr == MAX_BIOS)
		return NULL;
	twin->at = from->at;
	twin->end = from->end;
	twin->bio.bi_bdev = &p->bdev;
	twin->bio.bi_iter = from->bio.bi_iter;
	require(!bio_integrity_clone(&twin->bio, &from->bio, GFP_NOIO));
	p->nr++;
	return twin;
}

/* Bytes of data, most often up to a few intervals. */
static unsigned int take_bytes(struct payload *p, struct fuzz_input *in, struct twin *twin)
{
	unsigned int intervals = 1 << p->queue.limits.integrity.interval_exp;
	u64 max = twin->bio.bi_iter.bi_size + 1ULL;

	switch (fuzz_below(in, 4)) {
	case 0:
		return min(fuzz_below(in, 1024), max - 1);
	case 1:
		return min(fuzz_below(in, 256) * intervals, max - 1);
	case 2:
		return min(1ULL << fuzz_below(in, 32), max - 1);
	default:
		return fuzz_below(in, max);
	}
}

static void step(struct payload *p, struct fuzz_input *in)
{
	struct twin *twin = &p->twins[fuzz_below(in, p->nr)], *front;
	unsigned int bytes = take_bytes(p, in, twin);

	switch (fuzz_below(in, 4)) {
	case 0:
		advance(twin, bytes);
		break;
	case 1:
		trim(p, twin, bytes);
		break;
	case 2:
		clone(p, twin);
		break;
	default:	/* as bio_split() */
		front = clone(p, twin);
		if (!front)
			break;
		trim(p, front, bytes);
		advance(twin, bytes);
	}
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	struct fuzz_input in = { "noise", 2 };

	bio_integrity_init();
	arena = aligned_alloc(PAGE_SIZE, ARENA_BYTES);
	fuzz_fill(&in, arena, ARENA_BYTES);
	return 0;
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t size)
{
	struct fuzz_input in = { data, size };
	struct payload *p = calloc(1, sizeof(*p));
	struct bio_integrity_payload *bip;
	struct bio *bio = &p->twins[0].bio;
	unsigned int end = 0;

	fuzz_geometry(&in, &p->queue.limits.integrity);
	p->queue.limits.max_integrity_segments = 1;
	p->queue.limits.max_segment_size = PAGE_SIZE << fuzz_below(&in, 6);
	p->queue.limits.seg_boundary_mask = (PAGE_SIZE << fuzz_below(&in, 6)) - 1;
	p->disk.queue = &p->queue;
	p->bdev.bd_disk = &p->disk;
	p->bdev.bd_queue = &p->queue;
	p->flat = malloc(MAX_PAGES * SZ_8K);

	bio->bi_bdev = &p->bdev;
	bio->bi_iter.bi_size = fuzz_below(&in, 4) ? fuzz_take(&in, 3) : fuzz_take(&in, 4);
	bip = bio_integrity_alloc(bio, GFP_NOIO, fuzz_below(&in, 32));
	require(!IS_ERR(bip));
	p->nr = 1;
	p->first = fuzz_number(&in);
	bip_set_seed(bip, p->first);
	for (unsigned int n = fuzz_below(&in, MAX_PAGES); n; n--)
		add_page(p, &in, &end);
	check(p, &p->twins[0]);

	while (in.left) {
		step(p, &in);
		for (unsigned int i = 0; i < p->nr; i++)
			check(p, &p->twins[i]);
	}

	while (p->nr)
		bio_integrity_free(&p->twins[--p->nr].bio);
	free(p->flat);
	free(p);
	return 0;
}
