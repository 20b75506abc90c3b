// SPDX-License-Identifier: GPL-2.0
/*
 * A ring of a few entries, by the system calls alone.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "pi_ring.h"

#define ENTRIES	8

static unsigned int *word(char *ring, __u32 offset)
{
	return (unsigned int *)(ring + offset);
}

static void *map(int fd, off_t offset, size_t bytes)
{
	return mmap(NULL, bytes, PROT_READ | PROT_WRITE,
		    MAP_SHARED | MAP_POPULATE, fd, offset);
}

/* 0 or a negative errno */
int ring_open(struct pi_ring *ring, unsigned int flags)
{
	struct io_uring_params *params = &ring->params;
	unsigned int wide_sqe = !!(flags & IORING_SETUP_SQE128);
	unsigned int wide_cqe = !!(flags & IORING_SETUP_CQE32);

	memset(ring, 0, sizeof(*ring));
	params->flags = flags;
	params->sq_thread_idle = 10000;	/* ms */
	ring->fd = syscall(__NR_io_uring_setup, ENTRIES, params);
	if (ring->fd < 0)
		return -errno;
	ring->sq_bytes = params->sq_off.array + params->sq_entries * sizeof(__u32);
	ring->cq_bytes = params->cq_off.cqes +
			 params->cq_entries * (sizeof(struct io_uring_cqe) << wide_cqe);
	ring->sqe_bytes = params->sq_entries * (sizeof(struct io_uring_sqe) << wide_sqe);
	ring->sq = map(ring->fd, IORING_OFF_SQ_RING, ring->sq_bytes);
	ring->cq = map(ring->fd, IORING_OFF_CQ_RING, ring->cq_bytes);
	ring->sqes = map(ring->fd, IORING_OFF_SQES, ring->sqe_bytes);
	if (ring->sq == MAP_FAILED || ring->cq == MAP_FAILED ||
	    ring->sqes == MAP_FAILED)
		return -errno;
	return 0;
}

void ring_close(struct pi_ring *ring)
{
	munmap(ring->sq, ring->sq_bytes);
	munmap(ring->cq, ring->cq_bytes);
	munmap(ring->sqes, ring->sqe_bytes);
	close(ring->fd);
}

/* The next submission entry, zeroed; ring_submit() hands it over. */
struct io_uring_sqe *ring_next(struct pi_ring *ring)
{
	unsigned int wide = !!(ring->params.flags & IORING_SETUP_SQE128);
	unsigned int mask = *word(ring->sq, ring->params.sq_off.ring_mask);
	unsigned int at = *word(ring->sq, ring->params.sq_off.tail) & mask;
	size_t bytes = sizeof(struct io_uring_sqe) << wide;
	void *sqe = ring->sqes + at * bytes;

	word(ring->sq, ring->params.sq_off.array)[at] = at;
	return memset(sqe, 0, bytes);
}

static int enter(struct pi_ring *ring, unsigned int submit, unsigned int wait)
{
	unsigned int flags = wait ? IORING_ENTER_GETEVENTS : 0;
	int ret;

	if (ring->params.flags & IORING_SETUP_SQPOLL)
		flags |= IORING_ENTER_SQ_WAKEUP;
	do
		ret = syscall(__NR_io_uring_enter, ring->fd, submit, wait, flags,
			      NULL, 0);
	while (ret < 0 && errno == EINTR);
	return ret < 0 ? -errno : 0;
}

int ring_submit(struct pi_ring *ring)
{
	unsigned int *tail = word(ring->sq, ring->params.sq_off.tail);

	__atomic_store_n(tail, *tail + 1, __ATOMIC_RELEASE);
	return enter(ring, 1, 0);
}

/* Waits for a completion: its result, or a negative errno. */
int ring_reap(struct pi_ring *ring, __u64 *user_data)
{
	unsigned int wide = !!(ring->params.flags & IORING_SETUP_CQE32);
	unsigned int mask = *word(ring->cq, ring->params.cq_off.ring_mask);
	unsigned int *head = word(ring->cq, ring->params.cq_off.head);
	unsigned int *tail = word(ring->cq, ring->params.cq_off.tail);
	struct io_uring_cqe *cqes = (void *)(ring->cq + ring->params.cq_off.cqes);
	struct io_uring_cqe *cqe;
	int ret = 0;

	while (!ret && __atomic_load_n(tail, __ATOMIC_ACQUIRE) == *head)
		ret = enter(ring, 0, 1);
	if (ret)
		return ret;
	cqe = &cqes[(*head & mask) << wide];
	ret = cqe->res;
	*user_data = cqe->user_data;
	__atomic_store_n(head, *head + 1, __ATOMIC_RELEASE);
	return ret;
}

/* Submits the entry and waits: its result, or a negative errno. */
int ring_run(struct pi_ring *ring)
{
	int ret = ring_submit(ring);
	__u64 user_data;

	return ret ?: ring_reap(ring, &user_data);
}
