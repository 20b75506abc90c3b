// SPDX-License-Identifier: GPL-2.0
/*
 * Several I/Os with metadata at once, on a disk that takes fewer: those that must
 * not wait are refused, whole, and the others are issued again by a worker.
 */
#include <errno.h>
#include <string.h>

#include "pi_meta.h"

#define AT_ONCE	8
#define BLOCKS	16

struct crowd {
	struct pi_dev *dev;
	struct pi_ring ring;
	struct meta_io out[AT_ONCE], in[AT_ONCE];
	unsigned int content[AT_ONCE];	/* the round that was written last */
	unsigned int done;
	unsigned int refused;		/* with EAGAIN */
	const char *wrong;		/* what else happened */
};

static void crowd_init(struct crowd *crowd, struct pi_dev *dev, __u64 block, int rw_flags)
{
	memset(crowd, 0, sizeof(*crowd));
	crowd->dev = dev;
	for (int i = 0; i < AT_ONCE; i++) {
		__u64 at = block + i * BLOCKS;

		meta_io_init(&crowd->out[i], dev, IORING_OP_WRITE, at, BLOCKS);
		meta_io_init(&crowd->in[i], dev, IORING_OP_READ, at, BLOCKS);
		crowd->out[i].rw_flags = rw_flags;
		crowd->in[i].rw_flags = rw_flags;
	}
}

static void crowd_free(struct crowd *crowd)
{
	for (int i = 0; i < AT_ONCE; i++) {
		meta_io_free(&crowd->out[i]);
		meta_io_free(&crowd->in[i]);
	}
}

/* Data and tuples of a round, which differ from those of every other. */
static void make_round(struct pi_dev *dev, struct meta_io *io, unsigned int round)
{
	for (unsigned int i = 0; i < BLOCKS; i++)
		memcpy(io->buffer + i * dev->fmt.interval, &round, sizeof(round));
	meta_make(dev, io->buffer, io->pi.seed, BLOCKS, round, io->metadata);
}

static void all_at_once(struct crowd *crowd, const struct meta_io *ios, bool *done)
{
	unsigned int submitted = 0;

	for (; submitted < AT_ONCE; submitted++) {
		struct io_uring_sqe *sqe = ring_next(&crowd->ring);

		meta_io_prepare(sqe, &ios[submitted]);
		sqe->user_data = submitted;
		if (ring_submit(&crowd->ring)) {
			crowd->wrong = "not-submitted";
			break;
		}
	}
	while (submitted--) {
		__u64 i = 0;
		int ret = ring_reap(&crowd->ring, &i);

		done[i] = ret == (int)ios[i].data_bytes;
		if (done[i])
			crowd->done++;
		else if (ret == -EAGAIN)
			crowd->refused++;
		else
			crowd->wrong = meta_result(ret, ios[i].data_bytes);
	}
}

static const char *compare(struct crowd *crowd, int i)
{
	const struct meta_io *out = &crowd->out[i], *in = &crowd->in[i];

	make_round(crowd->dev, &crowd->out[i], crowd->content[i]);
	if (memcmp(in->buffer, out->buffer, in->data_bytes) ||
	    memcmp(in->metadata, out->metadata, in->pi.len))
		return "DIFFERENT";
	return NULL;
}

/* Writes, and reads: blocks whose write was refused are as they were. */
static void one_round(struct crowd *crowd, unsigned int round)
{
	bool done[AT_ONCE];

	for (int i = 0; i < AT_ONCE; i++)
		make_round(crowd->dev, &crowd->out[i], round);
	all_at_once(crowd, crowd->out, done);
	for (int i = 0; i < AT_ONCE; i++) {
		if (done[i])
			crowd->content[i] = round;
		memset(crowd->in[i].buffer, 0x5a, crowd->in[i].data_bytes);
		memset(crowd->in[i].metadata, 0x5a, crowd->in[i].pi.len);
	}
	all_at_once(crowd, crowd->in, done);
	for (int i = 0; i < AT_ONCE && !crowd->wrong; i++) {
		struct meta_io in = crowd->in[i];

		in.rw_flags = 0;
		if (!done[i] && meta_io_once(&in) != (int)in.data_bytes)
			crowd->wrong = "unreadable";
		else
			crowd->wrong = compare(crowd, i);
	}
}

/*
 * Answers how many of the I/Os were done, how many were refused, and what else
 * happened.
 */
static const char *crowd_run(struct pi_dev *dev, const struct pi_step *step, int rw_flags)
{
	struct crowd crowd;

	crowd_init(&crowd, dev, step->block, rw_flags);
	if (ring_open(&crowd.ring, 0))
		return "no-ring";
	/* The first content is there before anything can be refused. */
	for (int i = 0; i < AT_ONCE && !crowd.wrong; i++) {
		struct meta_io out = crowd.out[i];

		out.rw_flags = 0;
		make_round(dev, &out, 0);
		if (meta_io_once(&out) != (int)out.data_bytes)
			crowd.wrong = "unwritable";
	}
	for (unsigned int round = 1; round <= step->count && !crowd.wrong; round++)
		one_round(&crowd, round);
	ring_close(&crowd.ring);
	crowd_free(&crowd);
	return answer("%u,%u,%s", crowd.done, crowd.refused, crowd.wrong ?: "0");
}

/* meta-nowait:BLOCK:ROUNDS of 8 writes and 8 reads of 16 blocks, with RWF_NOWAIT */
const char *step_meta_nowait(struct pi_dev *dev, const struct pi_step *step)
{
	return crowd_run(dev, step, RWF_NOWAIT);
}

/* meta-crowd:BLOCK:ROUNDS, the same without RWF_NOWAIT */
const char *step_meta_crowd(struct pi_dev *dev, const struct pi_step *step)
{
	return crowd_run(dev, step, 0);
}
