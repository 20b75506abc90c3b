// SPDX-License-Identifier: GPL-2.0
/*
 * The medium: data and metadata of the intervals that were written.  Others take
 * no memory, so a disk can have any size.
 */
#include <linux/slab.h>

#include "pi_brd.h"

/**
 * struct pi_brd_chunk - a page of data and its metadata
 * @old: content before the last writes; kept only while a rule needs it
 * @data: a page
 * @written: intervals that have been written
 * @meta: metadata of all intervals
 */
struct pi_brd_chunk {
	struct pi_brd_chunk *old;
	u8 *data;
	DECLARE_BITMAP(written, PAGE_SIZE / SECTOR_SIZE);
	u8 meta[];
};

static unsigned int slot_of(const struct pi_brd *dev, u64 interval)
{
	return interval & (dev->chunk_intervals - 1);
}

static unsigned long chunk_of(const struct pi_brd *dev, u64 interval)
{
	return interval >> (PAGE_SHIFT - dev->interval_exp);
}

static struct mutex *lock_of(struct pi_brd *dev, unsigned long index)
{
	return &dev->locks[index % PI_BRD_STORE_LOCKS];
}

static u8 *data_at(const struct pi_brd *dev, struct pi_brd_chunk *chunk,
		   unsigned int slot)
{
	return chunk->data + (slot << dev->interval_exp);
}

static u8 *meta_at(const struct pi_brd *dev, struct pi_brd_chunk *chunk,
		   unsigned int slot)
{
	return chunk->meta + slot * dev->config.metadata_bytes;
}

static void chunk_free(struct pi_brd_chunk *chunk)
{
	if (!chunk)
		return;
	chunk_free(chunk->old);
	free_page((unsigned long)chunk->data);
	kvfree(chunk);
}

/* Reclaim must not do I/O, which could be to this disk. */
static struct pi_brd_chunk *chunk_alloc(const struct pi_brd *dev)
{
	struct pi_brd_chunk *chunk;

	chunk = kvzalloc(struct_size(chunk, meta, dev->chunk_intervals *
				     dev->config.metadata_bytes), GFP_NOIO);
	if (!chunk)
		return NULL;
	chunk->data = (u8 *)get_zeroed_page(GFP_NOIO);
	if (!chunk->data) {
		kvfree(chunk);
		return NULL;
	}
	return chunk;
}

static struct pi_brd_chunk *chunk_get(struct pi_brd *dev, unsigned long index)
{
	struct pi_brd_chunk *chunk = xa_load(&dev->chunks, index);

	if (chunk)
		return chunk;
	chunk = chunk_alloc(dev);
	if (!chunk)
		return NULL;
	if (xa_err(xa_store(&dev->chunks, index, chunk, GFP_NOIO))) {
		chunk_free(chunk);
		return NULL;
	}
	return chunk;
}

static void slot_store(const struct pi_brd *dev, struct pi_brd_chunk *chunk,
		       unsigned int slot, const u8 *data,
		       unsigned int data_bytes, const u8 *meta)
{
	memcpy(data_at(dev, chunk, slot), data, data_bytes);
	memcpy(meta_at(dev, chunk, slot), meta, dev->config.metadata_bytes);
	__set_bit(slot, chunk->written);
}

/* Without memory there is no old version, and reads return the new one. */
static void slot_save(const struct pi_brd *dev, struct pi_brd_chunk *chunk,
		      unsigned int slot)
{
	if (!chunk->old)
		chunk->old = chunk_alloc(dev);
	if (!chunk->old)
		return;
	if (test_bit(slot, chunk->written)) {
		slot_store(dev, chunk->old, slot, data_at(dev, chunk, slot),
			   pi_brd_interval_bytes(dev),
			   meta_at(dev, chunk, slot));
		return;
	}
	memset(data_at(dev, chunk->old, slot), 0, pi_brd_interval_bytes(dev));
	pi_brd_blank(dev, meta_at(dev, chunk->old, slot));
	__set_bit(slot, chunk->old->written);
}

/**
 * pi_brd_store_init() - create an empty store
 * @dev: the disk
 */
void pi_brd_store_init(struct pi_brd *dev)
{
	xa_init(&dev->chunks);
	for (int i = 0; i < PI_BRD_STORE_LOCKS; i++)
		mutex_init(&dev->locks[i]);
}

/**
 * pi_brd_store_write() - write an interval
 * @dev: the disk
 * @at: the place, and how many bytes of data to store
 * @data: data of the interval
 * @meta: its metadata
 *
 * Context: Process context.  May sleep, does no I/O.
 * Return: 0 on success, -ENOMEM.
 */
int pi_brd_store_write(struct pi_brd *dev, const struct pi_brd_placement *at,
		       const u8 *data, const u8 *meta)
{
	unsigned long index = chunk_of(dev, at->interval);
	unsigned int slot = slot_of(dev, at->interval);
	struct pi_brd_chunk *chunk;

	guard(mutex)(lock_of(dev, index));
	chunk = chunk_get(dev, index);
	if (!chunk)
		return -ENOMEM;
	if (READ_ONCE(dev->keep_old))
		slot_save(dev, chunk, slot);
	slot_store(dev, chunk, slot, data, at->data_bytes, meta);
	return 0;
}

/**
 * pi_brd_store_read() - read an interval
 * @dev: the disk
 * @at: the place, and which version to read
 * @data: filled in with the data of the interval
 * @meta: filled in with its metadata
 *
 * Context: Process context.  May sleep.
 */
void pi_brd_store_read(struct pi_brd *dev, const struct pi_brd_placement *at,
		       u8 *data, u8 *meta)
{
	unsigned long index = chunk_of(dev, at->interval);
	unsigned int slot = slot_of(dev, at->interval);
	struct pi_brd_chunk *chunk;

	guard(mutex)(lock_of(dev, index));
	chunk = xa_load(&dev->chunks, index);
	if (chunk && at->stale && chunk->old &&
	    test_bit(slot, chunk->old->written))
		chunk = chunk->old;
	if (chunk && test_bit(slot, chunk->written)) {
		memcpy(data, data_at(dev, chunk, slot),
		       pi_brd_interval_bytes(dev));
		memcpy(meta, meta_at(dev, chunk, slot),
		       dev->config.metadata_bytes);
		return;
	}
	memset(data, 0, pi_brd_interval_bytes(dev));
	pi_brd_blank(dev, meta);
}

static void chunk_clear(struct pi_brd *dev, unsigned long index,
			unsigned int slot, unsigned int slots)
{
	struct pi_brd_chunk *chunk;

	guard(mutex)(lock_of(dev, index));
	chunk = xa_load(&dev->chunks, index);
	if (!chunk)
		return;
	bitmap_clear(chunk->written, slot, slots);
	memset(data_at(dev, chunk, slot), 0, slots << dev->interval_exp);
	if (!bitmap_empty(chunk->written, dev->chunk_intervals))
		return;
	xa_erase(&dev->chunks, index);
	chunk_free(chunk);
}

/**
 * pi_brd_store_clear() - make intervals unwritten
 * @dev: the disk
 * @first: number of the first one
 * @count: number of intervals, at least 1
 *
 * The time depends on the number of written intervals, not on @count.
 *
 * Context: Process context.  May sleep.
 */
void pi_brd_store_clear(struct pi_brd *dev, u64 first, u64 count)
{
	u64 last = first + count - 1;
	unsigned long index = chunk_of(dev, first);
	unsigned long end = chunk_of(dev, last);

	while (xa_find(&dev->chunks, &index, end, XA_PRESENT)) {
		unsigned int slot = index == chunk_of(dev, first) ?
				    slot_of(dev, first) : 0;
		unsigned int slots = index == end ? slot_of(dev, last) + 1 :
						    dev->chunk_intervals;

		chunk_clear(dev, index, slot, slots - slot);
		if (index++ == end)
			break;
		cond_resched();
	}
}

/**
 * pi_brd_store_forget() - free the content before the last writes
 * @dev: the disk, of which no rule needs it
 *
 * Context: Process context.  May sleep.
 */
void pi_brd_store_forget(struct pi_brd *dev)
{
	struct pi_brd_chunk *chunk;
	unsigned long index;

	xa_for_each(&dev->chunks, index, chunk) {
		guard(mutex)(lock_of(dev, index));
		chunk = xa_load(&dev->chunks, index);
		if (!chunk)
			continue;
		chunk_free(chunk->old);
		chunk->old = NULL;
	}
}

/**
 * pi_brd_store_free() - free the medium
 * @dev: the disk, without I/O
 *
 * Context: Process context.  May sleep.
 */
void pi_brd_store_free(struct pi_brd *dev)
{
	struct pi_brd_chunk *chunk;
	unsigned long index;

	xa_for_each(&dev->chunks, index, chunk)
		chunk_free(chunk);
	xa_destroy(&dev->chunks);
}
