// SPDX-License-Identifier: GPL-2.0
/*
 * Payloads of the block layer: one object with a payload, its vectors and a
 * small buffer.  Larger buffers are several chunks of pages, as small as the
 * device's integrity segments allow; one chunk where it takes one segment.
 *
 * A device has a reserve of such objects with buffers for its largest I/O.
 * Whoever finds no memory waits for one of these, which comes back when an I/O
 * of the same device ends: stacked devices do not wait for each other.  What
 * submitters own comes from a reserve of its own, since when that comes back is
 * up to them.
 */

#include <linux/bio-integrity.h>
#include <linux/blk-integrity.h>
#include <linux/cache.h>
#include <linux/mempool.h>
#include <linux/moduleparam.h>
#include <linux/slab.h>

#include "bio-integrity-internal.h"
#include "blk.h"

#undef MODULE_PARAM_PREFIX
#define MODULE_PARAM_PREFIX	"blk_integrity."

/*
 * 1 KiB is the metadata of 64 KiB of data in 512-byte intervals with 8-byte
 * tuples: most I/O is not larger, and then costs one allocation.
 */
#define INLINE_BYTES	1024

/* Above PAGE_ALLOC_COSTLY_ORDER the page allocator does not try hard. */
#define MAX_CHUNK_ORDER	PAGE_ALLOC_COSTLY_ORDER

/*
 * One object is enough for I/O to go on, one after the other.  With two, a write
 * can go on while a read waits for its verification.
 */
static unsigned int reserve_objects __ro_after_init = 2;
module_param(reserve_objects, uint, 0444);
MODULE_PARM_DESC(reserve_objects, "Buffers a disk keeps for when memory is short (default: 2, minimum: 1)");

/* What a buffer is made of; no chunks: it is inside of the object. */
struct buf_shape {
	u8 nr_chunks;
	u8 order;
};

/**
 * struct blk_integrity_reserve - objects kept for when memory is short
 * @ref: one of the device, one of each object in use
 * @rcu: to free it
 * @shape: of each object's buffer
 * @pool: objects for the block layer's own use
 * @owned_pool: objects for submitters
 */
struct blk_integrity_reserve {
	struct kref ref;
	struct rcu_head rcu;
	struct buf_shape shape;
	mempool_t pool;
	mempool_t owned_pool;
};

static struct kmem_cache *auto_slab __ro_after_init;
static unsigned int inline_offset __ro_after_init;

static size_t chunk_bytes(struct buf_shape shape)
{
	return PAGE_SIZE << shape.order;
}

static size_t buf_bytes(struct buf_shape shape)
{
	return shape.nr_chunks ? shape.nr_chunks * chunk_bytes(shape) :
				 INLINE_BYTES;
}

static unsigned int max_chunks(const struct queue_limits *lim)
{
	return min_t(unsigned int, lim->max_integrity_segments,
		     BIO_INTEGRITY_AUTO_VECS);
}

/* A chunk is one segment: neither too long, nor across a boundary. */
static unsigned int max_chunk_order(const struct queue_limits *lim)
{
	unsigned long segment_pages = min(lim->max_segment_size >> PAGE_SHIFT,
				(lim->seg_boundary_mask >> PAGE_SHIFT) + 1);

	return min_t(unsigned int, ilog2(segment_pages), MAX_CHUNK_ORDER);
}

/**
 * bio_integrity_max_buf_bytes() - metadata that fits one I/O of a device
 * @lim: limits of the device, max_integrity_segments not 0
 *
 * Context: Any context.
 * Return: bytes.
 */
unsigned int bio_integrity_max_buf_bytes(const struct queue_limits *lim)
{
	return max_chunks(lim) * (PAGE_SIZE << max_chunk_order(lim));
}

/* The smallest pages that the segments of the device allow for. */
static struct buf_shape buf_shape(const struct queue_limits *lim,
				  unsigned int bytes)
{
	struct buf_shape shape = {};

	if (bytes <= INLINE_BYTES)
		return shape;
	while (shape.order < MAX_CHUNK_ORDER &&
	       DIV_ROUND_UP(bytes, chunk_bytes(shape)) > max_chunks(lim))
		shape.order++;
	shape.nr_chunks = DIV_ROUND_UP(bytes, chunk_bytes(shape));
	return shape;
}

static void auto_destroy(struct bio_integrity_auto *bia)
{
	for (unsigned int i = 0; i < bia->nr_chunks; i++)
		__free_pages(bia->bip.bip_inline_vecs[i].bv_page,
			     bia->chunk_order);
	kmem_cache_free(auto_slab, bia);
}

static struct bio_integrity_auto *auto_create(struct buf_shape shape, gfp_t gfp)
{
	struct bio_integrity_auto *bia = kmem_cache_alloc(auto_slab, gfp);

	if (!bia)
		return NULL;
	bia->reserve = NULL;
	bia->pool = NULL;
	bia->profile = NULL;
	bia->bip.bip_geometry.profile = NULL;
	bia->chunk_order = shape.order;
	for (bia->nr_chunks = 0; bia->nr_chunks < shape.nr_chunks;
	     bia->nr_chunks++) {
		struct page *page = alloc_pages(gfp, shape.order);

		if (!page) {
			auto_destroy(bia);
			return NULL;
		}
		bia->bip.bip_inline_vecs[bia->nr_chunks].bv_page = page;
	}
	return bia;
}

static void *reserve_create_object(gfp_t gfp, void *data)
{
	struct blk_integrity_reserve *reserve = data;

	return auto_create(reserve->shape, gfp);
}

static void reserve_destroy_object(void *object, void *data)
{
	auto_destroy(object);
}

static void reserve_free_rcu(struct rcu_head *rcu)
{
	struct blk_integrity_reserve *reserve =
		container_of(rcu, struct blk_integrity_reserve, rcu);

	mempool_exit(&reserve->owned_pool);
	mempool_exit(&reserve->pool);
	kfree(reserve);
}

static void reserve_release(struct kref *ref)
{
	struct blk_integrity_reserve *reserve =
		container_of(ref, struct blk_integrity_reserve, ref);

	call_rcu(&reserve->rcu, reserve_free_rcu);
}

static struct blk_integrity_reserve *
reserve_get(struct blk_integrity_dev *idev)
{
	struct blk_integrity_reserve *reserve;

	rcu_read_lock();
	do {
		reserve = rcu_dereference(idev->reserve);
	} while (reserve && !kref_get_unless_zero(&reserve->ref));
	rcu_read_unlock();
	return reserve;
}

static int pool_init(mempool_t *pool, struct blk_integrity_reserve *reserve)
{
	return mempool_init_node(pool, reserve_objects, reserve_create_object,
				 reserve_destroy_object, reserve, GFP_NOIO,
				 NUMA_NO_NODE);
}

static struct blk_integrity_reserve *reserve_create(struct buf_shape shape)
{
	struct blk_integrity_reserve *reserve = kzalloc(sizeof(*reserve),
							GFP_NOIO);

	if (!reserve)
		return NULL;
	kref_init(&reserve->ref);
	reserve->shape = shape;
	if (pool_init(&reserve->pool, reserve))
		goto free_reserve;
	if (pool_init(&reserve->owned_pool, reserve))
		goto exit_pool;
	return reserve;

exit_pool:
	mempool_exit(&reserve->pool);
free_reserve:
	kfree(reserve);
	return NULL;
}

/**
 * blk_integrity_reserve_resize() - fit a device's reserve to its largest I/O
 * @idev: integrity state of the queue
 * @lim: limits that are coming into force
 * @bytes: metadata of the largest I/O they allow
 *
 * Objects of the reserve before are freed as they come back.
 *
 * Context: Process context, one caller at a time.  May sleep, but does no I/O.
 * Return: 0, or -ENOMEM, and the reserve is as it was.
 */
int blk_integrity_reserve_resize(struct blk_integrity_dev *idev,
				 const struct queue_limits *lim,
				 unsigned int bytes)
{
	struct blk_integrity_reserve *old =
		rcu_dereference_protected(idev->reserve, true);
	struct buf_shape shape = buf_shape(lim, bytes);
	struct blk_integrity_reserve *reserve;

	if (old && old->shape.nr_chunks == shape.nr_chunks &&
	    old->shape.order == shape.order)
		return 0;

	reserve = reserve_create(shape);
	if (!reserve)
		return -ENOMEM;
	rcu_assign_pointer(idev->reserve, reserve);
	if (old)
		kref_put(&old->ref, reserve_release);
	return 0;
}

/**
 * blk_integrity_reserve_free() - give up a device's reserve
 * @idev: integrity state of a queue that is going away
 *
 * Context: Any context.
 */
void blk_integrity_reserve_free(struct blk_integrity_dev *idev)
{
	struct blk_integrity_reserve *reserve =
		rcu_replace_pointer(idev->reserve, NULL, true);

	if (reserve)
		kref_put(&reserve->ref, reserve_release);
}

/*
 * Waits for an object as long as it takes.  Only a bio that overlaps a change
 * of the limits may find no reserve, or objects too small for it.
 */
static struct bio_integrity_auto *reserve_alloc(struct request_queue *q,
						unsigned int bytes)
{
	struct blk_integrity_reserve *reserve = reserve_get(q->integrity_dev);
	struct bio_integrity_auto *bia;

	if (!reserve)
		return NULL;
	if (buf_bytes(reserve->shape) < bytes) {
		kref_put(&reserve->ref, reserve_release);
		return NULL;
	}
	bia = mempool_alloc(&reserve->pool, GFP_NOIO);
	bia->reserve = reserve;
	bia->pool = &reserve->pool;
	blk_integrity_count(q, BLK_INTEGRITY_RESERVE_USES, 1);
	return bia;
}

/* All but the buffer becomes zero; of that the payload has the first @bytes. */
static void auto_init(struct bio_integrity_auto *bia, unsigned int bytes)
{
	struct bio_vec *bv = bia->bip.bip_inline_vecs;

	memset(bia, 0, offsetof(struct bio_integrity_auto, reserve));
	memset(&bia->bip, 0, sizeof(bia->bip));
	bia->bip.bip_iter.bi_size = bytes;
	if (!bia->nr_chunks) {
		bvec_set_virt(bv++, (void *)bia + inline_offset, bytes);
		bytes = 0;
	}
	for (; bytes; bytes -= bv++->bv_len)
		bvec_set_page(bv, bv->bv_page,
			      min(bytes, PAGE_SIZE << bia->chunk_order), 0);
	bia->bip.bip_vcnt = bv - bia->bip.bip_inline_vecs;
}

/* Without waiting. */
static struct bio_integrity_auto *memory_alloc(const struct queue_limits *lim,
					       unsigned int bytes)
{
	if (bytes > bio_integrity_max_buf_bytes(lim))
		return NULL;
	return auto_create(buf_shape(lim, bytes), GFP_NOWAIT | __GFP_NOMEMALLOC);
}

/**
 * bio_integrity_auto_alloc() - get a payload of the block layer with a buffer
 * @q: queue of the bio
 * @bytes: bytes of metadata
 * @nowait: rather fail than wait
 *
 * The payload points at the buffer, which is not initialised; the rest is zero.
 *
 * Context: Process context.  May sleep unless @nowait, but does no I/O.
 * Return: the payload; NULL if there is no memory and @nowait, or if @bytes is
 *	more than the limits of the device allow for.
 */
struct bio_integrity_auto *bio_integrity_auto_alloc(struct request_queue *q,
						    unsigned int bytes,
						    bool nowait)
{
	struct bio_integrity_auto *bia = memory_alloc(&q->limits, bytes);

	if (!bia && !nowait)
		bia = reserve_alloc(q, bytes);
	if (bia)
		auto_init(bia, bytes);
	return bia;
}

/**
 * bio_integrity_owned_alloc() - get a payload for a submitter
 * @lim: limits of the device
 * @bytes: bytes of metadata
 * @spare: from bio_integrity_owned_wait(), or NULL
 *
 * As bio_integrity_auto_alloc(), but does not wait.
 *
 * Context: Process context.
 * Return: the payload, which is @spare if that has room; NULL if there is no
 *	memory.
 */
struct bio_integrity_auto *
bio_integrity_owned_alloc(const struct queue_limits *lim, unsigned int bytes,
			  struct bio_integrity_auto *spare)
{
	struct bio_integrity_auto *bia = spare;

	if (!bia || buf_bytes(bia->reserve->shape) < bytes)
		bia = memory_alloc(lim, bytes);
	if (bia)
		auto_init(bia, bytes);
	return bia;
}

/**
 * bio_integrity_owned_wait() - wait for an object of the submitters' reserve
 * @q: the queue; not entered, since who has an object may wait to enter it
 *
 * Context: Process context.  Sleeps, but does no I/O.
 * Return: a payload, which bio_integrity_owned_alloc() takes or
 *	bio_integrity_auto_free() frees; NULL if the device lost its metadata.
 */
struct bio_integrity_auto *bio_integrity_owned_wait(struct request_queue *q)
{
	struct blk_integrity_reserve *reserve = reserve_get(q->integrity_dev);
	struct bio_integrity_auto *bia;

	if (!reserve)
		return NULL;
	bia = mempool_alloc(&reserve->owned_pool, GFP_NOIO);
	bia->reserve = reserve;
	bia->pool = &reserve->owned_pool;
	blk_integrity_count(q, BLK_INTEGRITY_RESERVE_USES, 1);
	return bia;
}

/**
 * bio_integrity_auto_free() - free a payload of the block layer and its buffer
 * @bia: from bio_integrity_auto_alloc()
 *
 * Context: Any context.
 */
void bio_integrity_auto_free(struct bio_integrity_auto *bia)
{
	struct blk_integrity_reserve *reserve = bia->reserve;

	bia_put_profiles(bia);
	if (!reserve) {
		auto_destroy(bia);
		return;
	}
	mempool_free(bia, bia->pool);
	kref_put(&reserve->ref, reserve_release);
}

/**
 * bio_integrity_buf_init() - make the slab of payloads with a buffer
 *
 * Context: Boot.
 */
void __init bio_integrity_buf_init(void)
{
	size_t bytes = struct_size_t(struct bio_integrity_auto,
				     bip.bip_inline_vecs,
				     BIO_INTEGRITY_AUTO_VECS);

	reserve_objects = max(reserve_objects, 1U);
	/* Devices read and write the buffer: its cache lines are its own. */
	inline_offset = ALIGN(bytes, ARCH_DMA_MINALIGN);
	auto_slab = kmem_cache_create("bio_integrity_auto",
				      inline_offset + INLINE_BYTES,
				      ARCH_DMA_MINALIGN, SLAB_HWCACHE_ALIGN |
				      SLAB_PANIC | SLAB_NO_MERGE, NULL);
}
