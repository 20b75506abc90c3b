/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Declarations shared by the files that handle payloads.
 */
#ifndef BIO_INTEGRITY_INTERNAL_H
#define BIO_INTEGRITY_INTERNAL_H

#include <linux/blk-integrity.h>
#include <linux/cache.h>
#include <linux/llist.h>
#include <linux/sched.h>
#include <linux/workqueue_types.h>

#include "blk-integrity-dev.h"
#include "blk-integrity-walk.h"

struct uio_meta;

/*
 * Vectors of a payload of the block layer: with chunks of 32 KiB its buffer
 * holds the metadata of 16 MiB in 512-byte intervals with 8-byte tuples.
 */
#define BIP_OBJECT_VECS	8

/*
 * Flags that describe the metadata and its command, not the owner of the
 * buffer: a clone inherits them from its source, and they must be equal in bios
 * that merge.
 */
#define BIP_CLONE_FLAGS	(BIP_MAPPED_INTEGRITY | BIP_CTRL_NOCHECK | \
			 BIP_DISK_NOCHECK | BIP_IP_CHECKSUM | BIP_GENERATE | \
			 BIP_BLANK | BIP_CHECK_FLAGS)

/**
 * enum bio_integrity_action - what the block layer does for a bio
 * @BIO_INTEGRITY_NONE: nothing: the device has no metadata, or the submitter
 *	attached some
 * @BIO_INTEGRITY_BUFFER: attach a buffer that is not checked, filled with
 *	escapes for a write
 * @BIO_INTEGRITY_GENERATE: attach a buffer and generate tuples
 * @BIO_INTEGRITY_VERIFY: attach a buffer and verify it on completion
 */
enum bio_integrity_action {
	BIO_INTEGRITY_NONE,
	BIO_INTEGRITY_BUFFER,
	BIO_INTEGRITY_GENERATE,
	BIO_INTEGRITY_VERIFY,
};

/**
 * struct bip_shape - what the buffer of a payload is made of
 * @nr_chunks: chunks of pages; 0: it follows the payload
 * @order: size of a chunk, 2^@order pages
 */
struct bip_shape {
	u8 nr_chunks;
	u8 order;
};

/**
 * struct bip_object - payload with a buffer that the block layer made
 * @node: on kintegrityd's list of its CPU
 * @shared: entry in the list of bios that all CPUs take pieces from, or in that
 *	of second readings
 * @next_piece: first piece that no CPU has taken
 * @pieces_left: number of pieces that have not been verified
 * @err: errors in all pieces
 * @held: queue whose usage count the bio holds while kintegrityd has it, or
 *	NULL
 * @bio: the bio
 * @bdev: device that an owned payload was attached for, open while the payload
 *	exists; drivers that pass the bio on may change that of the bio
 * @profile: callbacks, those of the device or of bio_integrity_set_profile()
 * @private: for @profile
 * @copied_from: payload of the submitter that this one stands in for while the
 *	bio is at its device, or NULL
 * @first_interval: number of the first interval on the device
 * @data_iter: the data when the payload was attached, which is what is
 *	verified, however completion advances the iterators of @bio
 * @action: decided when the payload was attached
 * @verified: verification is complete, and the bio ends
 * @shape: of the buffer
 * @reserve: reserve that this object belongs to, or NULL
 * @bip: the payload; last, since its vectors and the buffer follow it
 *
 * It is never zeroed as a whole.  bip_object_create() sets the fields that are
 * needed to free it, and bip_object_init() those that not every user sets.  @err
 * is set when a read has completed or a bio has failed, and on attachment if the
 * submitter owns the payload; the other fields before @bio when the bio is put on
 * a list.  A write that succeeds uses only the three cache lines from @bio on.
 */
struct bip_object {
	struct llist_node node;
	struct list_head shared;
	unsigned int next_piece;
	atomic_t pieces_left;
	struct blk_integrity_error err;
	struct request_queue *held;

	struct bio *bio ____cacheline_aligned_in_smp;
	struct block_device *bdev;
	const struct blk_integrity_profile *profile;
	void *private;
	struct bio_integrity_payload *copied_from;
	u64 first_interval;
	struct bvec_iter data_iter;
	enum bio_integrity_action action;
	bool verified;
	struct bip_shape shape;
	struct blk_integrity_reserve *reserve;
	struct bio_integrity_payload bip;
};

static inline struct bip_object *
bip_to_object(struct bio_integrity_payload *bip)
{
	return container_of(bip, struct bip_object, bip);
}

/* Profiles that a payload uses stay loaded until it is freed. */
static inline void bip_object_hold_profiles(struct bip_object *obj)
{
	blk_integrity_profile_get(obj->profile);
	blk_integrity_profile_get(obj->bip.bip_geometry.profile);
}

static inline void bip_object_put_profiles(struct bip_object *obj)
{
	blk_integrity_profile_put(obj->profile);
	blk_integrity_profile_put(obj->bip.bip_geometry.profile);
	obj->profile = NULL;
	obj->bip.bip_geometry.profile = NULL;
}

/* Neither adapter nor device check. */
#define BIP_NOCHECK_FLAGS	(BIP_CTRL_NOCHECK | BIP_DISK_NOCHECK)

/* Reset the limit of a device that cannot choose checks: the next one may. */
static inline void bip_lift_limit(struct bio_integrity_payload *bip)
{
	if (bip->bip_flags & BIP_CHECKS_LIMITED)
		bip->bip_flags &= ~(BIP_CHECKS_LIMITED | BIP_NOCHECK_FLAGS);
}

/* Device whose policies, counters and interval numbers apply to a payload. */
static inline struct block_device *bip_object_bdev(struct bip_object *obj)
{
	return obj->bip.bip_flags & BIP_OWNED ? obj->bdev : obj->bio->bi_bdev;
}

/* Callbacks of a payload: those that its submitter set, or the device's. */
static inline const struct blk_integrity_profile *
bip_profile(struct bio_integrity_payload *bip)
{
	return bip->bip_flags & BIP_BLOCK_INTEGRITY ?
	       bip_to_object(bip)->profile : bip->bip_geometry.profile;
}

static inline void *bip_private(struct bio_integrity_payload *bip)
{
	return bip->bip_flags & BIP_BLOCK_INTEGRITY ?
	       bip_to_object(bip)->private : NULL;
}

/* Does a format have an application tag for the owner of the data? */
static inline bool blk_integrity_has_app_tag(const struct blk_integrity *bi)
{
	return bi->profile->verify_fn &&
	       bi->tag_size >= sizeof_field(struct bio_integrity_payload, bip_app_tag);
}

/* A geometry that was read during a change may have fields of both. */
static inline bool blk_integrity_is_consistent(const struct blk_integrity *bi)
{
	return bi->profile && bi->profile->csum_type == bi->csum_type &&
	       bi->pi_offset + bi->profile->tuple_size <= bi->tuple_size &&
	       bi->interval_exp >= SECTOR_SHIFT;
}

/*
 * One geometry for all that is decided about a bio: stacked devices change
 * their limits while bios are in this code.  Process context: the task that
 * changes them may be one that this one preempted, and is let go on.
 */
static inline void blk_integrity_snapshot(struct request_queue *q,
					  struct blk_integrity *bi)
{
	for (;;) {
		*bi = q->limits.integrity;
		/* Make sure that the copy is used. */
		barrier();
		if (!bi->tuple_size || blk_integrity_is_consistent(bi))
			return;
		schedule_timeout_uninterruptible(1);
	}
}

/* Checks that the format has, as for bio_integrity_set_checks(). */
static inline void bip_set_checks(struct bio_integrity_payload *bip,
				  unsigned int checks, u16 app_tag, u16 app_mask)
{
	bip->bip_flags &= ~BIP_CHECK_FLAGS;
	bip->bip_flags |= checks;
	bip->bip_app_tag = app_tag;
	bip->bip_app_mask = app_mask;
}

/* bio-integrity.c */
void bip_learn_geometry(struct bio_integrity_payload *bip,
		const struct request_queue *q);

/*
 * Geometry that the payload of a bio was made for, NULL if there is no payload,
 * or if its device has no metadata.  A payload attached before the bio had a
 * device learns it here.
 */
static inline const struct blk_integrity *
bip_geometry(struct bio_integrity_payload *bip, const struct bio *bio)
{
	if (!bip)
		return NULL;
	if (!bip->bip_geometry.tuple_size && bio->bi_bdev)
		bip_learn_geometry(bip, bdev_get_queue(bio->bi_bdev));
	return bip->bip_geometry.tuple_size ? &bip->bip_geometry : NULL;
}

/*
 * For callbacks of @profile: only those of the core take data in pieces, and not
 * if each piece would need a mapping of its own.
 */
static inline struct blk_integrity_pieces *
blk_integrity_pieces_for(const struct blk_integrity_profile *profile,
			 struct blk_integrity_pieces *pieces)
{
	return !IS_ENABLED(CONFIG_HIGHMEM) &&
	       blk_integrity_is_builtin_profile(profile) ? pieces : NULL;
}

/* The largest pages that are one segment: not too long, not across a boundary. */
static inline unsigned int
blk_integrity_max_segment_order(const struct queue_limits *lim)
{
	unsigned long pages = min(lim->max_segment_size >> PAGE_SHIFT,
				  (lim->seg_boundary_mask >> PAGE_SHIFT) + 1);

	return min(ilog2(pages), MAX_PAGE_ORDER);
}

/**
 * bio_integrity_attach() - attach a payload to a bio
 * @bio: the bio
 * @bip: the payload, its flags and position set
 * @nr_vecs: number of vectors that follow @bip
 *
 * The caller records the geometry of the device, so that advancing and verifying
 * do not depend on what the device is formatted to later.
 *
 * Context: Any context.
 */
static inline void bio_integrity_attach(struct bio *bio,
					struct bio_integrity_payload *bip,
					unsigned int nr_vecs)
{
	bip->bip_max_vcnt = nr_vecs;
	bip->bip_flags |= BIP_CHECK_GUARD | BIP_CHECK_REFTAG;
	if (nr_vecs)
		bip->bip_vec = bip->bip_inline_vecs;

	bio->bi_integrity = bip;
	bio->bi_opf |= REQ_INTEGRITY;
}

/*
 * Initialise a walk over the metadata of a payload from its present position, for
 * callbacks of its own profile.  In modes with data, the caller sets the data.
 */
static inline void bip_walk_init(struct bio_integrity_payload *bip,
				 struct blk_integrity_walk *walk,
				 enum blk_integrity_walk_mode mode,
				 unsigned int intervals)
{
	blk_integrity_walk_init(walk, mode, &bip->bip_geometry, intervals);
	walk->prot_vec = bip->bip_vec;
	walk->prot_iter = bip->bip_iter;
	walk->xchg.interval = bip_get_seed(bip);
	walk->xchg.private = bip_private(bip);
}

/* bio-integrity.c */
void bip_inherit(struct bio_integrity_payload *bip,
		const struct bio_integrity_payload *from);

/* bio-integrity-pool.c */
struct bio_integrity_payload *bip_alloc(gfp_t gfp, unsigned int nr_vecs,
		struct bio_set *bs);
void bip_free(struct bio_integrity_payload *bip);

/* bio-integrity-object.c */
struct bip_shape bip_shape(const struct queue_limits *lim, unsigned int bytes);
unsigned int bip_shape_bytes(struct bip_shape shape);
struct bip_object *bip_object_create(struct bip_shape shape, gfp_t gfp);
void bip_object_destroy(struct bip_object *obj);
void bip_object_init(struct bip_object *obj, unsigned int bytes);
struct bip_object *bip_object_alloc(const struct queue_limits *lim,
		unsigned int bytes, gfp_t gfp);
void bip_object_free(struct bip_object *obj);
void bip_object_setup(void);

/* bio-integrity-reserve.c */
unsigned int bio_integrity_kept_sectors(struct request_queue *q);
struct bip_object *bip_object_wait(struct request_queue *q, unsigned int bytes);
void blk_integrity_reserve_use(struct request_queue *q);
void blk_integrity_owned_use(struct request_queue *q);
struct bip_object *bip_object_wait_owned(struct request_queue *q);
void blk_integrity_reserve_put(struct bip_object *obj);

/* Allocations do not reclaim memory: if one fails, there is the reserve. */
#define BIO_INTEGRITY_GFP	(GFP_NOWAIT | __GFP_NOWARN | __GFP_NOMEMALLOC)

/* The payload for a bio: with @wait from the reserve, otherwise from memory. */
static inline struct bip_object *bip_object_get(struct request_queue *q,
						unsigned int bytes, bool wait)
{
	return wait ? bip_object_wait(q, bytes) :
		      bip_object_alloc(&q->limits, bytes, BIO_INTEGRITY_GFP);
}

/* The error without a buffer: try again, or no buffer is large enough. */
static inline int bio_integrity_no_buf(struct request_queue *q,
				       unsigned int bytes)
{
	return bytes > bio_integrity_max_buf_bytes(&q->limits) ? -ENOMEM :
								  -EAGAIN;
}

/* Allocate the reserve with the first bio. */
static inline void bio_integrity_first_use(struct request_queue *q)
{
	struct blk_integrity_dev *idev = q->integrity_dev;

	if (unlikely(!idev || !rcu_access_pointer(idev->reserve)))
		blk_integrity_reserve_use(q);
}

/* bio-integrity-prep.c */
int bio_integrity_prepare(struct bio *bio, bool wait);
void blk_integrity_generate(struct bio *bio);
enum bio_integrity_action bio_integrity_action(struct bio *bio,
		const struct blk_integrity *bi);
void bio_integrity_attach_object(struct bio *bio, struct bip_object *obj,
		const struct blk_integrity *bi,
		enum bio_integrity_action action, unsigned int flags);
void bip_zero(struct bio_integrity_payload *bip);

static inline void bio_integrity_end_error(struct bio *bio, int err)
{
	bio->bi_status = errno_to_blk_status(err);
	bio_endio(bio);
}

/*
 * A REQ_NOWAIT bio can still fail to get a request; then its guards would have
 * been computed in vain.
 */
static inline bool bio_may_be_refused(struct bio *bio)
{
	return (bio->bi_opf & REQ_NOWAIT) &&
	       queue_is_mq(bdev_get_queue(bio->bi_bdev));
}

static inline void bio_integrity_generate_pending(struct bio *bio)
{
	if (bio_integrity_flagged(bio, BIP_GENERATE))
		blk_integrity_generate(bio);
}

/* bio-integrity-admit.c */
int bio_integrity_admit(struct bio *bio, bool wait);
void bio_integrity_uncopy(struct bip_object *obj);

/**
 * struct kintegrityd_cpu - verification of the reads that complete on a CPU
 * @todo: reads that wait for @work
 * @work: verifies them
 * @working: @work is running
 * @paused_until: end of the pauses that verification in completing contexts
 *	owes, in ns of local_clock()
 * @pause_ns: length of the last of them
 */
struct kintegrityd_cpu {
	struct llist_head todo;
	struct work_struct work;
	bool working;
	u64 paused_until;
	u64 pause_ns;
};

/* bio-integrity-endio.c */
void bip_object_leave_path(struct bip_object *obj);

/* bio-integrity-inline.c */
bool kintegrityd_cpu_has_time(const struct kintegrityd_cpu *kcpu, u64 now);
void kintegrityd_cpu_spend(struct kintegrityd_cpu *kcpu, u64 start, u64 end);
bool bio_integrity_verify_inline(struct bip_object *obj);

/* bio-integrity-verify.c */
DECLARE_PER_CPU(struct kintegrityd_cpu, kintegrityd_cpus);
void bio_integrity_verify_object(struct bip_object *obj);
blk_status_t bio_integrity_verify(struct bip_object *obj);
void bio_integrity_verify_walk(struct bip_object *obj,
		struct blk_integrity_walk *walk);
void bip_object_end(struct bip_object *obj);
bool bio_integrity_verify_read(struct bip_object *obj);
void bio_integrity_verify_init(void);

/* bio-integrity-reread.c */
bool bio_integrity_reread(struct bip_object *obj);
void bio_integrity_reread_setup(void);

/**
 * struct user_vecs - pages of a program
 * @vecs: the pages, or contiguous ones, one per vector
 * @nr: number of vectors
 * @max: room in @vecs
 * @pinned: unpin the pages in the end; %false for memory of the kernel
 */
struct user_vecs {
	struct bio_vec *vecs;
	unsigned int nr;
	unsigned int max;
	bool pinned;
};

/* bio-integrity-pin.c */
int user_vecs_get(struct user_vecs *uv, struct iov_iter *iter);
void user_vecs_put(struct user_vecs *uv);
int user_vecs_attach(struct user_vecs *uv, struct bio *bio);
int bip_pin_user(struct bio *bio, struct iov_iter *iter);
void bip_unpin_user(struct bio_integrity_payload *bip, bool dirty);

/* bio-integrity-user.c */
int bip_map_user(struct bio *bio, struct iov_iter *iter,
		unsigned int device_bytes);

/* bio-integrity-meta.c */
int bio_integrity_check_meta(const struct blk_integrity *bi,
		const struct uio_meta *meta, size_t data_bytes);
int bio_integrity_map_iter(struct bio *bio, const struct blk_integrity *bi,
		struct uio_meta *meta);
bool bio_integrity_try_unmap_user(struct bio *bio);

/* blk-integrity.c */
bool bio_integrity_fits(struct request_queue *q, struct bio *bio);

/* blk-integrity-remap.c */
void bip_remap(struct bio *bio, unsigned int intervals, u64 from, u64 to);

#endif /* BIO_INTEGRITY_INTERNAL_H */
