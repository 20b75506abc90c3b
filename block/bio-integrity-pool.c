// SPDX-License-Identifier: GPL-2.0
/*
 * Allocation of payloads: slabs in size classes, with the vectors in the
 * object, and the mempool of the bio's bio_set if a slab allocation fails.
 *
 * Payloads of the block layer, which bring a buffer, are bio-integrity-object.c's.
 */

#include <linux/bio-integrity.h>
#include <linux/mempool.h>
#include <linux/sched/mm.h>
#include <linux/slab.h>

#include "bio-integrity-internal.h"
#include "blk.h"

struct bip_class {
	unsigned short nr_vecs;
	const char *name;
	struct kmem_cache *slab;
};

static struct bip_class bip_classes[] __ro_after_init = {
	{ .nr_vecs = 1,			.name = "bip-1" },
	{ .nr_vecs = 4,			.name = "bip-4" },
	{ .nr_vecs = 16,		.name = "bip-16" },
	{ .nr_vecs = 64,		.name = "bip-64" },
	{ .nr_vecs = 128,		.name = "bip-128" },
	{ .nr_vecs = BIO_MAX_VECS,	.name = "bip-256" },
};

static struct bip_class *bip_class(unsigned int nr_vecs)
{
	struct bip_class *class = bip_classes;

	while (class->nr_vecs < nr_vecs)
		class++;
	return class;
}

/* Parts of a split bio have the vectors of the bio. */
static struct kmem_cache *split_slab(void)
{
	return bip_class(0)->slab;
}

static bool pool_serves(const mempool_t *pool, unsigned int nr_vecs)
{
	return mempool_initialized((mempool_t *)pool) &&
	       (!nr_vecs || pool->pool_data != split_slab());
}

/**
 * bip_alloc() - allocate a payload
 * @gfp: allocation flags
 * @nr_vecs: number of its vectors, 0 to BIO_MAX_VECS
 * @bs: bio_set with a reserve, or NULL
 *
 * If there is a reserve, the slab allocation does not reclaim.  Instead, wait
 * for an element of the reserve, which is freed when another bio ends.
 *
 * Context: Any context that @gfp allows.
 * Return: the payload, zeroed except for bip_pool; NULL if the allocation
 *	fails.
 */
struct bio_integrity_payload *bip_alloc(gfp_t gfp, unsigned int nr_vecs,
					struct bio_set *bs)
{
	struct kmem_cache *slab = bip_class(nr_vecs)->slab;
	struct bio_integrity_payload *bip;
	mempool_t *pool = NULL;
	gfp_t slab_gfp = gfp;

	if (bs && pool_serves(&bs->bio_integrity_pool, nr_vecs)) {
		pool = &bs->bio_integrity_pool;
		slab_gfp &= ~(__GFP_DIRECT_RECLAIM | __GFP_IO);
		slab_gfp |= __GFP_NOWARN | __GFP_NORETRY | __GFP_NOMEMALLOC;
	}

	bip = kmem_cache_alloc(slab, slab_gfp);
	if (bip)
		pool = NULL;
	else if (pool)
		bip = mempool_alloc(pool, gfp);
	if (!bip)
		return NULL;

	memset(bip, 0, sizeof(*bip));
	bip->bip_pool = pool;
	return bip;
}

/**
 * bip_free() - free a payload
 * @bip: from bip_alloc()
 *
 * Context: Any context.
 */
void bip_free(struct bio_integrity_payload *bip)
{
	if (bip->bip_pool)
		mempool_free(bip, bip->bip_pool);
	else
		kmem_cache_free(bip_class(bip->bip_max_vcnt)->slab, bip);
}

/**
 * bioset_integrity_create() - allocate a reserve of payloads for a bio_set
 * @bs: the bio_set
 * @pool_size: payloads in the reserve
 *
 * Context: Process context.  May sleep.
 * Return: 0 on success, and if there is a reserve already; -ENOMEM.
 */
int bioset_integrity_create(struct bio_set *bs, int pool_size)
{
	if (mempool_initialized(&bs->bio_integrity_pool))
		return 0;
	return mempool_init_slab_pool(&bs->bio_integrity_pool, pool_size,
				      bip_class(BIO_MAX_VECS)->slab);
}
EXPORT_SYMBOL(bioset_integrity_create);

/**
 * bioset_integrity_create_split() - create the reserve for split bios
 * @bs: bio_set of the parts of split bios
 *
 * The payloads are small, because these bios use the vectors of their source.
 * If the allocation fails, there is no reserve: see bio_integrity_clone().
 *
 * Context: Process context, one caller at a time, before bios with payloads are
 *	split.  May sleep, but does no I/O.
 */
void bioset_integrity_create_split(struct bio_set *bs)
{
	unsigned int noio;

	if (mempool_initialized(&bs->bio_integrity_pool))
		return;
	noio = memalloc_noio_save();
	mempool_init_slab_pool(&bs->bio_integrity_pool, BIO_POOL_SIZE,
			       split_slab());
	memalloc_noio_restore(noio);
}

/**
 * bioset_integrity_free() - free the reserve of a bio_set
 * @bs: the bio_set, with or without a reserve
 *
 * Context: Process context.
 */
void bioset_integrity_free(struct bio_set *bs)
{
	mempool_exit(&bs->bio_integrity_pool);
}

/**
 * bio_integrity_init() - allocate slabs and workqueues
 *
 * Context: Boot, before the first bio_set exists.
 */
void __init bio_integrity_init(void)
{
	for (int i = 0; i < ARRAY_SIZE(bip_classes); i++) {
		struct bip_class *class = &bip_classes[i];
		size_t bytes = struct_size_t(struct bio_integrity_payload,
					     bip_inline_vecs, class->nr_vecs);

		class->slab = kmem_cache_create(class->name, bytes, 0,
						SLAB_HWCACHE_ALIGN | SLAB_PANIC |
						SLAB_NO_MERGE, NULL);
	}

	bip_object_setup();
	bio_integrity_verify_init();
	bio_integrity_reread_setup();
	blk_integrity_event_setup();
}
