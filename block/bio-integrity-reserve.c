// SPDX-License-Identifier: GPL-2.0
/*
 * Reserves of payloads that guarantee forward progress if memory is short.
 *
 * A device has a reserve of objects with a buffer, allocated when its disk is
 * added, or on first use if its driver takes bios.  If an allocation fails, the
 * bio waits for an object of this reserve, which is freed when another I/O of
 * the same device completes: stacked devices do not wait for each other.
 * Payloads of submitters come from a separate reserve, because submitters
 * decide when they free them.
 *
 * The objects are small, and a bio that needs more is split.  They are larger
 * only for I/O that must not be split.
 */

#include <linux/bio-integrity.h>
#include <linux/blk-integrity.h>
#include <linux/kref.h>
#include <linux/mempool.h>
#include <linux/moduleparam.h>
#include <linux/sched/mm.h>
#include <linux/slab.h>

#include "bio-integrity-internal.h"
#include "blk.h"

#undef MODULE_PARAM_PREFIX
#define MODULE_PARAM_PREFIX	"blk_integrity."

/*
 * One object is enough for progress of one I/O after the other.  With two, a
 * write can proceed while a read waits for its verification.
 */
static unsigned int reserve_objects __ro_after_init = 2;
module_param(reserve_objects, uint, 0444);
MODULE_PARM_DESC(reserve_objects, "Buffers a disk keeps for when memory is short (default: 2, minimum: 1)");

/**
 * struct blk_integrity_reserve - objects for I/O whose allocation failed
 * @ref: one reference of the device, one of each object in use
 * @rcu: frees it
 * @shape: chunks of the buffer of each object
 * @pool: the objects
 */
struct blk_integrity_reserve {
	struct kref ref;
	struct rcu_head rcu;
	struct bip_shape shape;
	mempool_t pool;
};

static void *reserve_create_object(gfp_t gfp, void *data)
{
	struct blk_integrity_reserve *reserve = data;

	return bip_object_create(reserve->shape, gfp);
}

static void reserve_destroy_object(void *object, void *data)
{
	bip_object_destroy(object);
}

static void reserve_free_rcu(struct rcu_head *rcu)
{
	struct blk_integrity_reserve *reserve =
		container_of(rcu, struct blk_integrity_reserve, rcu);

	mempool_exit(&reserve->pool);
	kfree(reserve);
}

static void reserve_release(struct kref *ref)
{
	struct blk_integrity_reserve *reserve =
		container_of(ref, struct blk_integrity_reserve, ref);

	call_rcu(&reserve->rcu, reserve_free_rcu);
}

static void reserve_put(struct blk_integrity_reserve *reserve)
{
	if (reserve)
		kref_put(&reserve->ref, reserve_release);
}

static struct blk_integrity_reserve *
reserve_get(struct blk_integrity_reserve __rcu **slot)
{
	struct blk_integrity_reserve *reserve;

	rcu_read_lock();
	do {
		reserve = rcu_dereference(*slot);
	} while (reserve && !kref_get_unless_zero(&reserve->ref));
	rcu_read_unlock();
	return reserve;
}

static struct blk_integrity_reserve *reserve_create(struct bip_shape shape)
{
	struct blk_integrity_reserve *reserve = kzalloc(sizeof(*reserve),
							GFP_NOIO);

	if (!reserve)
		return NULL;
	kref_init(&reserve->ref);
	reserve->shape = shape;
	if (mempool_init_node(&reserve->pool, max(reserve_objects, 1U),
			      reserve_create_object, reserve_destroy_object,
			      reserve, GFP_NOIO, NUMA_NO_NODE)) {
		kfree(reserve);
		return NULL;
	}
	return reserve;
}

/* Objects of the previous reserve are freed when they return. */
static int reserve_replace(struct blk_integrity_dev *idev,
			   struct blk_integrity_reserve __rcu **slot,
			   struct bip_shape shape)
{
	struct blk_integrity_reserve *reserve, *old;

	lockdep_assert_held(&idev->reserve_lock);
	old = rcu_dereference_protected(*slot, true);
	if (old && old->shape.nr_chunks == shape.nr_chunks &&
	    old->shape.order == shape.order)
		return 0;

	reserve = reserve_create(shape);
	if (!reserve)
		return -ENOMEM;
	rcu_assign_pointer(*slot, reserve);
	reserve_put(old);
	return 0;
}

/*
 * A buffer for the metadata of this data, limited to the maximum of a reserve.
 */
static struct bip_shape shape_for(const struct queue_limits *lim,
				  unsigned int data_bytes)
{
	unsigned int intervals = data_bytes >> lim->integrity.interval_exp;

	return bip_shape(lim, min(intervals * lim->integrity.tuple_size,
				  bio_integrity_max_kept_bytes(lim)));
}

/*
 * I/O that cannot be split determines the size: a block, a page, an atomic
 * write, writes to zones, and bios of drivers without requests.
 */
static struct bip_shape reserve_shape(struct request_queue *q,
				      const struct queue_limits *lim)
{
	if (lim->features & BLK_FEAT_ZONED)
		return shape_for(lim, max(lim->max_sectors,
			queue_limits_max_zone_append_sectors(lim)) << SECTOR_SHIFT);
	if (!queue_is_mq(q))
		return shape_for(lim, max_integrity_io_size(lim));
	return shape_for(lim, max3(lim->logical_block_size,
				   lim->atomic_write_unit_max,
				   (unsigned int)PAGE_SIZE));
}

static struct bip_shape owned_shape(const struct queue_limits *lim)
{
	return shape_for(lim, max_integrity_io_size(lim));
}

static bool copy_limits(struct request_queue *q, struct queue_limits *lim)
{
	/* Those of a stacked device may change: the copy counts, if it is whole. */
	*lim = data_race(q->limits);
	/* What is used is the copy. */
	barrier();
	return lim->integrity.tuple_size &&
	       blk_integrity_is_consistent(&lim->integrity);
}

/**
 * blk_integrity_reserve_use() - make the reserve of a device
 * @q: the queue, entered
 *
 * Call this before the device is used: once memory is short, it is too late.  If
 * the allocation fails, the next use tries again.
 *
 * Context: Process context.  May sleep, but does no I/O.
 */
void blk_integrity_reserve_use(struct request_queue *q)
{
	struct blk_integrity_dev *idev = q->integrity_dev;
	struct queue_limits lim;

	/* A bio with metadata at a device that never had any is refused. */
	if (!idev || !copy_limits(q, &lim))
		return;
	if (queue_is_mq(q))
		bip_parts_want(idev);
	mutex_lock(&idev->reserve_lock);
	if (idev->can_verify)
		blk_integrity_reread_init(idev);
	reserve_replace(idev, &idev->reserve, reserve_shape(q, &lim));
	mutex_unlock(&idev->reserve_lock);
}

/**
 * blk_integrity_limit_bios() - limit bios to what the reserve has objects for
 * @q: new queue of a driver that takes bios
 *
 * The driver attaches payloads when nothing splits its bios any more.  Stacked
 * devices get their metadata later: they pass it on and need no objects.
 *
 * Context: Process context.
 */
void blk_integrity_limit_bios(struct request_queue *q)
{
	struct queue_limits *lim = &q->limits;
	unsigned int bytes;

	if (!lim->integrity.tuple_size)
		return;
	bytes = bio_integrity_max_kept_bytes(lim);
	lim->max_hw_sectors = min(lim->max_hw_sectors,
				  blk_integrity_data_sectors(lim, bytes));
	lim->max_sectors = min(lim->max_sectors, lim->max_hw_sectors);
}

/**
 * blk_integrity_prepare_disk() - allocate the reserves of a disk
 * @disk: disk that is about to be added
 *
 * The driver of a disk without requests may split bios at any time, so this disk
 * has payloads for them even if its metadata is configured later.
 *
 * Context: Process context.  May sleep.
 */
void blk_integrity_prepare_disk(struct gendisk *disk)
{
	struct request_queue *q = disk->queue;

	if (!queue_is_mq(q) || blk_integrity_queue_supports_integrity(q))
		bioset_integrity_create_split(&disk->bio_split);
	if (!queue_is_mq(q))
		return;
	if (blk_integrity_queue_supports_integrity(q))
		bip_parts_create(q->integrity_dev);
	blk_integrity_reserve_use(q);
}

/**
 * blk_integrity_reserve_resize() - adapt a device's reserves to its limits
 * @q: the queue
 * @lim: limits that are coming into force
 *
 * The disk of a driver that takes requests always has a reserve.  Reserves of
 * submitters, and of drivers that take bios, are only replaced if they exist.
 *
 * Context: Process context.  May sleep, but does no I/O.
 * Return: 0 on success; -ENOMEM.
 */
int blk_integrity_reserve_resize(struct request_queue *q,
				 const struct queue_limits *lim)
{
	struct blk_integrity_dev *idev = q->integrity_dev;
	int err = 0;

	if (q->disk && queue_is_mq(q))
		bip_parts_want(idev);
	mutex_lock(&idev->reserve_lock);
	if ((q->disk && queue_is_mq(q)) || rcu_access_pointer(idev->reserve))
		err = reserve_replace(idev, &idev->reserve,
				      reserve_shape(q, lim));
	if (!err && rcu_access_pointer(idev->owned_reserve))
		err = reserve_replace(idev, &idev->owned_reserve,
				      owned_shape(lim));
	/* The device is in use, and perhaps could not be verified before. */
	if ((rcu_access_pointer(idev->reserve) ||
	     rcu_access_pointer(idev->owned_reserve)) &&
	    lim->integrity.profile->verify_fn)
		blk_integrity_reread_init(idev);
	mutex_unlock(&idev->reserve_lock);
	return err;
}

/**
 * blk_integrity_reserve_exit() - free all that a queue kept
 * @idev: integrity state of a queue that goes away
 *
 * Context: Process context.
 */
void blk_integrity_reserve_exit(struct blk_integrity_dev *idev)
{
	blk_integrity_reserve_free(idev);
	bip_parts_exit(idev);
}

/**
 * blk_integrity_reserve_free() - release a device's reserves
 * @idev: integrity state of a queue that is being freed or loses its metadata
 *
 * Context: Process context.
 */
void blk_integrity_reserve_free(struct blk_integrity_dev *idev)
{
	mutex_lock(&idev->reserve_lock);
	reserve_put(rcu_replace_pointer(idev->reserve, NULL, true));
	reserve_put(rcu_replace_pointer(idev->owned_reserve, NULL, true));
	mutex_unlock(&idev->reserve_lock);
}

/*
 * Wait for an object.  Returns NULL without a reserve, or if it is too small.
 */
static struct bip_object *
reserve_alloc(struct request_queue *q,
	      struct blk_integrity_reserve __rcu **slot, unsigned int bytes)
{
	struct blk_integrity_reserve *reserve = reserve_get(slot);
	struct bip_object *obj;

	if (!reserve || bip_shape_bytes(reserve->shape) < bytes) {
		reserve_put(reserve);
		return NULL;
	}
	obj = mempool_alloc(&reserve->pool, GFP_NOIO);
	obj->reserve = reserve;
	blk_integrity_count(q, BLK_INTEGRITY_RESERVE_USES, 1);
	return obj;
}

/**
 * bio_integrity_kept_sectors() - get the largest I/O that needs no memory
 * @q: the queue, entered
 *
 * Context: Any context.
 * Return: sectors whose metadata an object of the reserve takes; 0 if the device
 *	has no metadata.
 */
unsigned int bio_integrity_kept_sectors(struct request_queue *q)
{
	struct queue_limits lim;

	if (!copy_limits(q, &lim))
		return 0;
	return blk_integrity_data_sectors(&lim,
				bip_shape_bytes(reserve_shape(q, &lim)));
}

/**
 * bip_object_wait() - get a payload from the reserve of a device
 * @q: the queue, entered
 * @bytes: bytes of metadata
 *
 * As bip_object_alloc(), but waits as long as necessary.  The bio must not wait
 * for anything else after this, because other bios wait for its completion.
 *
 * Up to bio_integrity_kept_sectors() there is an object, unless the reserve could
 * not be allocated on first use, or a stacked device has changed its limits.
 * Then this function waits for memory.
 *
 * Context: Process context.  Sleeps, but does no I/O.
 * Return: the payload; NULL if @bytes is more than the present limits of the
 *	device allow.
 */
struct bip_object *bip_object_wait(struct request_queue *q, unsigned int bytes)
{
	struct bip_object *obj;

	for (;;) {
		obj = reserve_alloc(q, &q->integrity_dev->reserve, bytes);
		if (obj) {
			bip_object_init(obj, bytes);
			return obj;
		}
		if (bytes > bio_integrity_max_buf_bytes(&q->limits))
			return NULL;
		obj = bip_object_alloc(&q->limits, bytes,
				       GFP_NOIO | __GFP_NOWARN);
		if (obj)
			return obj;
		memalloc_retry_wait(GFP_NOIO);
		blk_integrity_reserve_use(q);
	}
}

/**
 * blk_integrity_owned_use() - allocate the reserve of a device's submitters
 * @q: the queue, not entered, because a task that holds an object may wait to
 *	enter it
 *
 * As blk_integrity_reserve_use().
 *
 * Context: Process context.  May sleep, but does no I/O.
 */
void blk_integrity_owned_use(struct request_queue *q)
{
	struct blk_integrity_dev *idev = q->integrity_dev;
	struct queue_limits lim;

	if (!copy_limits(q, &lim))
		return;
	mutex_lock(&idev->reserve_lock);
	reserve_replace(idev, &idev->owned_reserve, owned_shape(&lim));
	if (idev->can_verify)
		blk_integrity_reread_init(idev);
	mutex_unlock(&idev->reserve_lock);
}

/**
 * bip_object_wait_owned() - wait for an object of the submitters' reserve
 * @q: the queue; not entered, as for blk_integrity_owned_use()
 *
 * Context: Process context.  Sleeps, but does no I/O.
 * Return: a payload for bip_object_init(), with the size for the limits at the
 *	time when the reserve was allocated; NULL if it could not be allocated.
 */
struct bip_object *bip_object_wait_owned(struct request_queue *q)
{
	return reserve_alloc(q, &q->integrity_dev->owned_reserve, 0);
}

/**
 * blk_integrity_reserve_put() - return an object to its reserve
 * @obj: object with a reserve
 *
 * Context: Any context.
 */
void blk_integrity_reserve_put(struct bip_object *obj)
{
	struct blk_integrity_reserve *reserve = obj->reserve;

	mempool_free(obj, &reserve->pool);
	reserve_put(reserve);
}
