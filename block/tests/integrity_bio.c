// SPDX-License-Identifier: GPL-2.0
/*
 * Bios and requests, for the disk of integrity_disk.c or without a disk.
 */

#include <linux/blk-integrity.h>

#include "integrity_disk.h"

/* Longer than anything that a test waits for. */
#define TIMEOUT		(300 * HZ)

static void test_io_end(struct bio *bio)
{
	struct test_io *io = container_of(bio, struct test_io, bio);

	io->ended++;
	complete(&io->done);
}

static void test_io_free(void *data)
{
	struct test_io *io = data;

	bio_uninit(&io->bio);
	kfree(io);
}

/**
 * test_io_alloc() - allocate a bio
 * @test: the running test
 * @bdev: device, or %NULL
 * @rng: generator that selects where to cut the data
 * @opf: operation and flags
 * @sector: first sector
 * @bytes: length of the data, which is not initialised; 0: the bio has none
 * @cut: how the data is cut
 *
 * Return: the bio, freed with the test.
 */
struct test_io *test_io_alloc(struct kunit *test, struct block_device *bdev,
			      struct rnd_state *rng, blk_opf_t opf,
			      sector_t sector, unsigned int bytes,
			      enum test_cut cut)
{
	struct test_vecs *data = test_vecs_alloc(test, rng, bytes, cut);
	struct test_io *io = kzalloc(sizeof(*io), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, io);
	io->data = data;
	init_completion(&io->done);
	bio_init(&io->bio, bdev, data->vecs, data->nr, opf);
	io->bio.bi_vcnt = data->nr;
	io->bio.bi_iter.bi_size = bytes;
	io->bio.bi_iter.bi_sector = sector;
	io->bio.bi_end_io = test_io_end;
	KUNIT_ASSERT_EQ(test, kunit_add_action_or_reset(test, test_io_free, io),
			0);
	return io;
}

/**
 * test_io_filled() - allocate a bio of whole intervals, with data
 * @test: the running test
 * @td: its disk
 * @opf: operation and flags
 * @first: number of the first interval
 * @intervals: how many
 *
 * Return: the bio, freed with the test.
 */
struct test_io *test_io_filled(struct kunit *test, struct test_disk *td,
			       blk_opf_t opf, unsigned int first,
			       unsigned int intervals)
{
	unsigned int exp = td->bi.interval_exp;
	struct test_io *io = test_io_alloc(test, td->bdev, test_rng(test), opf,
					   first << (exp - SECTOR_SHIFT),
					   intervals << exp, TEST_CUT_DWORD);

	test_vecs_write(io->data, test_filled_buf(test, test_rng(test),
						  intervals << exp));
	return io;
}

/**
 * test_io_owned() - test_io_filled() with a payload that its submitter owns
 * @test: the running test
 * @td: its disk
 * @opf: operation and flags
 * @first: number of the first interval
 * @intervals: how many
 *
 * Return: the bio, freed with the test.
 */
struct test_io *test_io_owned(struct kunit *test, struct test_disk *td,
			      blk_opf_t opf, unsigned int first,
			      unsigned int intervals)
{
	struct test_io *io = test_io_filled(test, td, opf, first, intervals);

	KUNIT_ASSERT_EQ(test, 1, fs_bio_integrity_alloc(&io->bio));
	return io;
}

/**
 * test_io_attach() - attach a payload without joining its vectors
 * @test: the running test
 * @io: the bio
 * @meta: the metadata, at most BIO_MAX_VECS vectors
 * @seed: number of the first interval
 *
 * bio_integrity_add_page() would join vectors that a test keeps separate.
 *
 * Return: the payload, freed with the bio.
 */
struct bio_integrity_payload *
test_io_attach(struct kunit *test, struct test_io *io, struct test_vecs *meta,
	       u64 seed)
{
	struct bio_integrity_payload *bip;

	KUNIT_ASSERT_LE(test, meta->nr, BIO_MAX_VECS);
	bip = bio_integrity_alloc(&io->bio, GFP_KERNEL, meta->nr);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, bip);
	memcpy(bip->bip_vec, meta->vecs, meta->nr * sizeof(*meta->vecs));
	bip->bip_vcnt = meta->nr;
	bip->bip_iter.bi_size = meta->bytes;
	bip_set_seed(bip, seed);
	return bip;
}

/**
 * test_bip_read() - read the remaining metadata of a payload
 * @bip: the payload
 * @to: room for bip_iter.bi_size bytes
 */
void test_bip_read(const struct bio_integrity_payload *bip, void *to)
{
	struct bvec_iter iter;
	struct bio_vec bv;

	bip_for_each_vec(bv, bip, iter) {
		memcpy_from_bvec(to, &bv);
		to += bv.bv_len;
	}
}

/**
 * test_io_submit() - submit a bio
 * @io: from test_io_alloc()
 */
void test_io_submit(struct test_io *io)
{
	submit_bio(&io->bio);
}

/**
 * test_io_chain() - chain an I/O to another one, which ends after it
 * @io: the I/O, submitted by submit_bio() and not waited for
 * @parent: the other one
 */
void test_io_chain(struct test_io *io, struct test_io *parent)
{
	io->bio.bi_private = NULL;
	io->bio.bi_end_io = NULL;
	/* Its end drops a reference. */
	bio_get(&io->bio);
	bio_chain(&io->bio, &parent->bio);
}

/**
 * test_io_wait() - wait for a bio, which must end exactly once
 * @test: the running test
 * @io: the I/O
 *
 * Return: its status as an errno, 0 or negative.
 */
int test_io_wait(struct kunit *test, struct test_io *io)
{
	KUNIT_ASSERT_NE(test, wait_for_completion_timeout(&io->done, TIMEOUT), 0);
	KUNIT_EXPECT_EQ(test, io->ended, 1);
	return blk_status_to_errno(io->bio.bi_status);
}

/**
 * test_io_run() - test_io_submit() and test_io_wait()
 * @test: the running test
 * @io: the I/O
 *
 * Return: its status as an errno, 0 or negative.
 */
int test_io_run(struct kunit *test, struct test_io *io)
{
	test_io_submit(io);
	return test_io_wait(test, io);
}

static void test_bio_set_exit(void *bs)
{
	bioset_exit(bs);
}

/**
 * test_bio_set() - initialise a bio_set
 * @test: the running test
 *
 * Return: the bio_set, with a few bios in reserve, freed with the test.
 */
struct bio_set *test_bio_set(struct kunit *test)
{
	struct bio_set *bs = kunit_kzalloc(test, sizeof(*bs), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, bs);
	KUNIT_ASSERT_EQ(test, 0, bioset_init(bs, 4, 0, BIOSET_NEED_BVECS));
	KUNIT_ASSERT_EQ(test, 0, kunit_add_action_or_reset(test, test_bio_set_exit,
							   bs));
	return bs;
}

static void test_request_free(void *data)
{
	struct request *rq = data;

	rq->bio = NULL;
	rq->biotail = NULL;
	blk_mq_free_request(rq);
}

/**
 * test_request_alloc() - allocate a request that is not issued
 * @test: the running test
 * @td: disk it would be for
 * @opf: operation and flags
 * @sector: first sector
 *
 * Return: the request, without bios, freed with the test.
 */
struct request *test_request_alloc(struct kunit *test, struct test_disk *td,
				   blk_opf_t opf, sector_t sector)
{
	struct request *rq = blk_mq_alloc_request(td->disk->queue, opf, 0);

	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, rq);
	KUNIT_ASSERT_EQ(test, kunit_add_action_or_reset(test, test_request_free,
							rq), 0);
	rq->__sector = sector;
	return rq;
}

/**
 * test_request_add() - add a bio at the end of a request
 * @rq: from test_request_alloc()
 * @io: the bio
 */
void test_request_add(struct request *rq, struct test_io *io)
{
	struct bio *bio = &io->bio;

	if (rq->bio)
		rq->biotail->bi_next = bio;
	else
		rq->bio = bio;
	rq->biotail = bio;
	rq->__data_len += bio->bi_iter.bi_size;
	if (bio_integrity(bio))
		rq->cmd_flags |= REQ_INTEGRITY;
	rq->nr_integrity_segments = blk_rq_count_integrity_sg(rq->q, rq->bio);
}
