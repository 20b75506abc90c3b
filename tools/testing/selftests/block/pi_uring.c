// SPDX-License-Identifier: GPL-2.0
/*
 * One NVMe command with metadata through io_uring.
 */
#include <linux/nvme_ioctl.h>
#include <string.h>

#include "pi_dev.h"
#include "pi_ring.h"

/* 0, a negative errno, or the NVMe status; dev is of the character device. */
int pi_uring(struct pi_dev *dev, int opcode, __u64 block, unsigned int count,
	     void *data, void *metadata, unsigned int metadata_bytes)
{
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
	struct io_uring_sqe *sqe;
	struct pi_ring ring;
	int ret;

	ret = ring_open(&ring, IORING_SETUP_SQE128 | IORING_SETUP_CQE32);
	if (ret)
		return ret;
	sqe = ring_next(&ring);
	sqe->opcode = IORING_OP_URING_CMD;
	sqe->fd = dev->fd;
	sqe->cmd_op = NVME_URING_CMD_IO;
	memcpy(sqe->cmd, &cmd, sizeof(cmd));
	ret = ring_run(&ring);
	ring_close(&ring);
	return ret;
}
