// SPDX-License-Identifier: GPL-2.0
/*
 * One NVMe command with metadata through io_uring, by the system calls alone.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <linux/io_uring.h>
#include <linux/nvme_ioctl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "pi_dev.h"

static void *ring(int fd, off_t offset, size_t bytes)
{
	return mmap(NULL, bytes, PROT_READ | PROT_WRITE,
		    MAP_SHARED | MAP_POPULATE, fd, offset);
}

/* 0, a negative errno, or the NVMe status; dev is of the character device. */
int pi_uring(struct pi_dev *dev, int opcode, __u64 block, unsigned int count,
	     void *data, void *metadata, unsigned int metadata_bytes)
{
	struct io_uring_params params = {
		.flags = IORING_SETUP_SQE128 | IORING_SETUP_CQE32,
	};
	struct nvme_uring_cmd cmd = {
		.opcode = opcode,
		.nsid = dev->nsid,
		.addr = (uintptr_t)data,
		.data_len = count * dev->fmt.interval,
		.metadata = (uintptr_t)metadata,
		.metadata_len = metadata_bytes,
		.cdw10 = block,
		.cdw11 = block >> 32,
		.cdw12 = count - 1,
	};
	int fd = syscall(__NR_io_uring_setup, 1, &params);
	struct io_uring_sqe *sqe;
	struct io_uring_cqe *cqe;
	char *sq, *cq;
	int ret;

	if (fd < 0)
		return -errno;
	sq = ring(fd, IORING_OFF_SQ_RING, params.sq_off.array + 4096);
	cq = ring(fd, IORING_OFF_CQ_RING, params.cq_off.cqes + 4096);
	sqe = ring(fd, IORING_OFF_SQES, 4096);
	if (sq == MAP_FAILED || cq == MAP_FAILED || sqe == MAP_FAILED)
		return -errno;

	sqe->opcode = IORING_OP_URING_CMD;
	sqe->fd = dev->fd;
	sqe->cmd_op = NVME_URING_CMD_IO;
	memcpy(sqe->cmd, &cmd, sizeof(cmd));
	*(unsigned int *)(sq + params.sq_off.array) = 0;
	__atomic_store_n((unsigned int *)(sq + params.sq_off.tail), 1,
			 __ATOMIC_RELEASE);
	ret = syscall(__NR_io_uring_enter, fd, 1, 1, IORING_ENTER_GETEVENTS,
		      NULL, 0);
	if (ret < 0)
		return -errno;
	cqe = (struct io_uring_cqe *)(cq + params.cq_off.cqes);
	ret = cqe->res;
	close(fd);
	return ret;
}
