/* SPDX-License-Identifier: GPL-2.0 */
/*
 * io_uring by the system calls alone.
 */
#ifndef PI_RING_H
#define PI_RING_H

#include <linux/fs.h>
#include <linux/io_uring.h>

struct pi_ring {
	int fd;
	struct io_uring_params params;
	char *sq, *cq, *sqes;
	size_t sq_bytes, cq_bytes, sqe_bytes;
};

int ring_open(struct pi_ring *ring, unsigned int flags);
void ring_close(struct pi_ring *ring);
struct io_uring_sqe *ring_next(struct pi_ring *ring);
int ring_submit(struct pi_ring *ring);
int ring_reap(struct pi_ring *ring, __u64 *user_data);
int ring_run(struct pi_ring *ring);

#endif /* PI_RING_H */
