// SPDX-License-Identifier: GPL-2.0
/*
 * Payloads with a buffer: one object with a payload, its vectors and a small
 * buffer.  Larger buffers consist of several chunks of pages, as small as the
 * integrity segments of the device allow; of one chunk if the device takes one
 * segment.
 *
 * If an allocation fails, bio-integrity-reserve.c provides the payload.
 */

#include <linux/bio-integrity.h>
#include <linux/blk-integrity.h>
#include <linux/cache.h>
#include <linux/slab.h>

#include "bio-integrity-internal.h"
#include "blk.h"

/*
 * 1 KiB is the metadata of 64 KiB of data in 512-byte intervals with 8-byte
 * tuples.  Most I/O is not larger, and needs one allocation.
 */
#define INLINE_BYTES	1024

/* The largest metadata of an I/O of a device that takes one segment. */
#define MAX_CHUNK_BYTES	SZ_1M

static struct kmem_cache *object_slab __ro_after_init;
static unsigned int inline_offset __ro_after_init;

/* The largest slab, aligned to its size, that an object can be in. */
#define MAX_SLAB_BYTES	(PAGE_SIZE << MAX_PAGE_ORDER)

static unsigned int chunk_bytes(struct bip_shape shape)
{
	return PAGE_SIZE << shape.order;
}

/**
 * bip_shape_bytes() - get the size of a buffer
 * @shape: its chunks
 *
 * Context: Any context.
 * Return: bytes.
 */
unsigned int bip_shape_bytes(struct bip_shape shape)
{
	return shape.nr_chunks ? shape.nr_chunks * chunk_bytes(shape) :
				 INLINE_BYTES;
}

/* A buffer behind its payload is two segments if it crosses a boundary. */
static bool takes_inline(const struct queue_limits *lim, unsigned int bytes)
{
	if (bytes > INLINE_BYTES)
		return false;
	return likely(lim->seg_boundary_mask >= MAX_SLAB_BYTES - 1) ||
	       lim->max_integrity_segments > 1;
}

static unsigned int max_chunks(const struct queue_limits *lim)
{
	return min_t(unsigned int, lim->max_integrity_segments,
		     BIP_OBJECT_VECS);
}

/* A chunk is one segment. */
static unsigned int max_chunk_order(const struct queue_limits *lim)
{
	return min_t(unsigned int, blk_integrity_max_segment_order(lim),
		     get_order(MAX_CHUNK_BYTES));
}

/**
 * bio_integrity_max_buf_bytes() - get the largest metadata of an I/O
 * @lim: limits of the device, max_integrity_segments not 0
 *
 * Context: Any context.
 * Return: bytes.
 */
unsigned int bio_integrity_max_buf_bytes(const struct queue_limits *lim)
{
	return max_chunks(lim) * (PAGE_SIZE << max_chunk_order(lim));
}

/**
 * bio_integrity_max_kept_bytes() - get the largest buffer of a reserve
 * @lim: limits of the device, max_integrity_segments not 0
 *
 * Context: Any context.
 * Return: bytes.
 */
unsigned int bio_integrity_max_kept_bytes(const struct queue_limits *lim)
{
	unsigned int order = min_t(unsigned int, max_chunk_order(lim),
				   PAGE_ALLOC_COSTLY_ORDER);

	return max_chunks(lim) * (PAGE_SIZE << order);
}

/**
 * bip_shape() - divide a buffer into chunks for a device
 * @lim: limits of the device
 * @bytes: bytes of metadata, at most bio_integrity_max_buf_bytes()
 *
 * Context: Any context.
 * Return: the chunks, at most as many as the device takes segments, and as
 *	small as possible.
 */
struct bip_shape bip_shape(const struct queue_limits *lim, unsigned int bytes)
{
	struct bip_shape shape = {};

	if (takes_inline(lim, bytes))
		return shape;
	while (shape.order < max_chunk_order(lim) &&
	       DIV_ROUND_UP(bytes, chunk_bytes(shape)) > max_chunks(lim))
		shape.order++;
	shape.nr_chunks = DIV_ROUND_UP(bytes, chunk_bytes(shape));
	return shape;
}

/**
 * bip_object_destroy() - free a payload and its buffer
 * @obj: from bip_object_create(), without a reserve or of one that is being
 *	freed
 *
 * Context: Any context.
 */
void bip_object_destroy(struct bip_object *obj)
{
	for (unsigned int i = 0; i < obj->shape.nr_chunks; i++)
		__free_pages(obj->bip.bip_inline_vecs[i].bv_page,
			     obj->shape.order);
	kmem_cache_free(object_slab, obj);
}

/* With what bip_object_free() needs, and the buffer that follows it. */
static struct bip_object *object_alloc(gfp_t gfp)
{
	struct bip_object *obj = kmem_cache_alloc(object_slab, gfp);

	if (!obj)
		return NULL;
	obj->reserve = NULL;
	obj->profile = NULL;
	obj->bip.bip_geometry.profile = NULL;
	obj->shape = (struct bip_shape) {};
	return obj;
}

/**
 * bip_object_create() - allocate a payload with a buffer
 * @shape: of the buffer
 * @gfp: allocation flags
 *
 * Context: Any context that @gfp allows.
 * Return: the payload, not initialised by bip_object_init() yet; NULL if the
 *	allocation fails.
 */
struct bip_object *bip_object_create(struct bip_shape shape, gfp_t gfp)
{
	struct bip_object *obj = object_alloc(gfp);
	struct page *page;

	if (!obj)
		return NULL;
	obj->shape.order = shape.order;
	/* Do not start compaction: the I/O can be split instead. */
	if (shape.order > PAGE_ALLOC_COSTLY_ORDER)
		gfp &= ~__GFP_KSWAPD_RECLAIM;
	while (obj->shape.nr_chunks < shape.nr_chunks) {
		page = alloc_pages(gfp, shape.order);
		if (!page) {
			bip_object_destroy(obj);
			return NULL;
		}
		obj->bip.bip_inline_vecs[obj->shape.nr_chunks++].bv_page = page;
	}
	return obj;
}

static void add_chunks(struct bip_object *obj, unsigned int bytes)
{
	struct bio_vec *bv = obj->bip.bip_inline_vecs;

	for (; bytes; bytes -= bv++->bv_len)
		bvec_set_page(bv, bv->bv_page,
			      min(bytes, chunk_bytes(obj->shape)), 0);
	obj->bip.bip_vcnt = bv - obj->bip.bip_inline_vecs;
}

static __always_inline void object_init(struct bip_object *obj, unsigned int bytes)
{
	struct bio_integrity_payload *bip = &obj->bip;

	obj->private = NULL;
	obj->copied_from = NULL;
	obj->verified = false;

	bip->bip_iter = (struct bvec_iter) { .bi_size = bytes };
	bip->bip_flags = 0;
	bip->bip_residue_bytes = 0;
	bip->bip_app_tag = 0;
	bip->bip_app_mask = 0;
	if (unlikely(obj->shape.nr_chunks)) {
		add_chunks(obj, bytes);
		return;
	}
	bvec_set_virt(bip->bip_inline_vecs, (void *)obj + inline_offset, bytes);
	bip->bip_vcnt = 1;
}

/**
 * bip_object_init() - initialise a payload whose metadata is its buffer
 * @obj: from bip_object_create()
 * @bytes: of metadata, at most bip_shape_bytes() of its shape
 *
 * Who attaches it sets the fields that say what it is for, and the geometry.
 *
 * Context: Any context.
 */
void bip_object_init(struct bip_object *obj, unsigned int bytes)
{
	object_init(obj, bytes);
}

/**
 * bip_object_alloc() - allocate a payload with a buffer for a device
 * @lim: limits of the device
 * @bytes: bytes of metadata
 * @gfp: allocation flags
 *
 * The payload is initialised by bip_object_init(), its buffer is not.
 *
 * Context: Any context that @gfp allows.
 * Return: the payload; NULL if the allocation fails, or if @bytes is more than
 *	the limits of the device allow.
 */
struct bip_object *bip_object_alloc(const struct queue_limits *lim,
				    unsigned int bytes, gfp_t gfp)
{
	struct bip_object *obj;

	/* A page is the least that a device takes. */
	if (takes_inline(lim, bytes))
		obj = object_alloc(gfp);
	else if (bytes <= bio_integrity_max_buf_bytes(lim))
		obj = bip_object_create(bip_shape(lim, bytes), gfp);
	else
		obj = NULL;
	if (obj)
		object_init(obj, bytes);
	return obj;
}

/**
 * bip_object_free() - free a payload of the block layer and its buffer
 * @obj: a payload of the block layer, detached from its bio
 *
 * Context: Any context.
 */
void bip_object_free(struct bip_object *obj)
{
	bip_object_put_profiles(obj);
	if (obj->reserve)
		blk_integrity_reserve_put(obj);
	else
		bip_object_destroy(obj);
}

/**
 * bip_object_setup() - create the slab of payloads with a buffer
 *
 * Context: Boot.
 */
void __init bip_object_setup(void)
{
	size_t bytes = struct_size_t(struct bip_object,
				     bip.bip_inline_vecs,
				     BIP_OBJECT_VECS);

	/*
	 * Devices read and write the buffer, so it needs separate cache lines.
	 */
	inline_offset = ALIGN(bytes, ARCH_DMA_MINALIGN);
	object_slab = kmem_cache_create("bip_object",
					inline_offset + INLINE_BYTES,
					max_t(size_t, ARCH_DMA_MINALIGN,
					      __alignof__(struct bip_object)),
					SLAB_HWCACHE_ALIGN |
					SLAB_PANIC | SLAB_NO_MERGE, NULL);
}
