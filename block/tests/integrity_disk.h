/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A disk in memory with metadata, and bios for it.  Requests go through the
 * whole block layer; the test controls how the driver serves them.
 */
#ifndef BLK_INTEGRITY_DISK_H
#define BLK_INTEGRITY_DISK_H

#include <linux/blk-mq.h>
#include <linux/completion.h>
#include <linux/scatterlist.h>

#include "../blk.h"
#include "../blk-integrity-dev.h"
#include "integrity_test.h"

#define TEST_DISK_SECTORS	1024
#define TEST_DISK_MAX_SG	256
#define TEST_DISK_MAX_FLIPS	8

/* Space after a request for the command of another driver. */
#define TEST_DISK_CMD_BYTES	SZ_1K

/**
 * struct test_disk - the disk
 * @disk: its gendisk, not added to the system
 * @bdev: its whole
 * @set: its tags
 * @bi: its initial geometry
 * @data: data on the medium
 * @meta: metadata on the medium, @bi.tuple_size bytes an interval
 * @meta_bytes: of @meta
 * @piece_bytes: complete requests in pieces of this size, 0: whole
 * @status: end requests that have data with it; not %BLK_STS_OK: transfer
 *	nothing
 * @requeues: how often to requeue a request that has been started
 * @hold: keep requests until test_disk_release()
 * @lock: serializes transfers, which a test and a worker can make at once; raw,
 *	because a test can serve requests with preemption disabled
 * @flips: number of reads from now on whose transfer is disturbed
 * @flip_bytes: size of these reads, 0 for any
 * @flip_at: offsets on the medium of bytes that these reads get with one bit
 *	flipped
 * @nr_flips: number of entries in @flip_at
 * @flip_meta: @flip_at refers to metadata
 * @nr_reads: reads served
 * @nr_split: pages of data so far that begin or end inside an interval
 * @held: requests kept
 * @sgl: of the request being served
 * @nr_requests: requests with metadata
 * @nr_without_payload: of these, requests whose bio has no payload
 * @mapped_segments: integrity segments that the last one was mapped to
 * @counted_segments: integrity segments that the last one declared
 * @bip_flags: of its first bio
 */
struct test_disk {
	struct gendisk *disk;
	struct block_device *bdev;
	struct blk_mq_tag_set set;
	struct blk_integrity bi;
	u8 *data;
	u8 *meta;
	unsigned int meta_bytes;
	unsigned int piece_bytes;
	blk_status_t status;
	unsigned int requeues;
	bool hold;
	raw_spinlock_t lock;
	unsigned int flips;
	unsigned int flip_bytes;
	unsigned int flip_at[TEST_DISK_MAX_FLIPS];
	unsigned int nr_flips;
	bool flip_meta;
	unsigned int nr_reads;
	unsigned int nr_split;
	struct list_head held;
	struct scatterlist sgl[TEST_DISK_MAX_SG];
	unsigned int nr_requests;
	unsigned int nr_without_payload;
	unsigned int mapped_segments;
	unsigned int counted_segments;
	unsigned int bip_flags;
};

/**
 * struct test_io - a bio, its data in vectors, and its end
 * @bio: the bio
 * @data: its data
 * @done: completed when it ends
 * @ended: how often it ended
 */
struct test_io {
	struct bio bio;
	struct test_vecs *data;
	struct completion done;
	unsigned int ended;
};

struct queue_limits test_disk_limits(struct blk_integrity bi);
struct test_disk *test_disk_alloc(struct kunit *test, struct queue_limits lim);
struct test_disk *test_disk_of(struct kunit *test, struct blk_integrity bi);
int test_disk_commit(struct test_disk *td, struct blk_integrity bi);
void test_disk_serve_held(struct test_disk *td);
struct request *test_disk_take_held(struct kunit *test, struct test_disk *td);
void test_disk_release(struct test_disk *td);
void test_disk_settle(struct test_disk *td);
void test_disk_remove(struct kunit *test, struct test_disk *td);
u64 test_disk_counter(struct test_disk *td, enum blk_integrity_counter counter);
void test_disk_fill(struct kunit *test, struct test_disk *td,
		    struct rnd_state *rng);
bool test_disk_is_consistent(struct kunit *test, struct test_disk *td,
			     unsigned int first, unsigned int intervals);
struct queue_limits test_plain_limits(void);

struct test_io *test_io_alloc(struct kunit *test, struct block_device *bdev,
			      struct rnd_state *rng, blk_opf_t opf,
			      sector_t sector, unsigned int bytes,
			      enum test_cut cut);
struct test_io *test_io_filled(struct kunit *test, struct test_disk *td,
			       blk_opf_t opf, unsigned int first,
			       unsigned int intervals);
struct test_io *test_io_owned(struct kunit *test, struct test_disk *td,
			      blk_opf_t opf, unsigned int first,
			      unsigned int intervals);
struct bio_integrity_payload *
test_io_attach(struct kunit *test, struct test_io *io, struct test_vecs *meta,
	       u64 seed);
void test_bip_read(const struct bio_integrity_payload *bip, void *to);
void test_io_submit(struct test_io *io);
void test_io_chain(struct test_io *io, struct test_io *parent);
int test_io_wait(struct kunit *test, struct test_io *io);
int test_io_run(struct kunit *test, struct test_io *io);

struct bio_set *test_bio_set(struct kunit *test);
struct request *test_request_alloc(struct kunit *test, struct test_disk *td,
				   blk_opf_t opf, sector_t sector);
void test_request_add(struct request *rq, struct test_io *io);

#endif /* BLK_INTEGRITY_DISK_H */
