// SPDX-License-Identifier: GPL-2.0
/*
 * Writes one block with protection information of its own and reads it back:
 * the example of Documentation/block/data-integrity/programs.rst.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <linux/fs.h>
#include <linux/io_uring.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>

#include "../pi_ring.h"	/* io_uring by system calls; liburing serves as well */

#define SEED	4711	/* the first reference tag, wherever the block is */
#define OWNER	0x0abc	/* our application tag */

/* CRC-16 of the T10 tuple, bit by bit. */
static uint16_t guard_of(const unsigned char *data, size_t bytes)
{
	uint16_t crc = 0;

	while (bytes--) {
		crc ^= *data++ << 8;
		for (int bit = 0; bit < 8; bit++)
			crc = crc & 0x8000 ? crc << 1 ^ 0x8bb7 : crc << 1;
	}
	return crc;
}

/* Guard, application tag and reference tag, each big endian. */
static void make_tuple(unsigned char *tuple, const void *data, size_t bytes, uint32_t number)
{
	uint16_t guard = guard_of(data, bytes);
	const unsigned char made[8] = {
		guard >> 8, guard, OWNER >> 8, OWNER & 0xff,
		number >> 24, number >> 16, number >> 8, number,
	};

	memcpy(tuple, made, sizeof(made));
}

static int transfer(int fd, int opcode, void *data, unsigned int bytes,
		    void *metadata, unsigned int metadata_bytes)
{
	struct io_uring_attr_pi pi = {
		.flags = IO_INTEGRITY_CHK_GUARD | IO_INTEGRITY_CHK_REFTAG | IO_INTEGRITY_CHK_APPTAG,
		.app_tag = OWNER,
		.len = metadata_bytes,
		.addr = (uintptr_t)metadata,
		.seed = SEED,
	};
	struct io_uring_sqe *sqe;
	struct pi_ring ring;
	int ret = ring_open(&ring, 0);

	if (ret)
		return ret;
	if (!(ring.params.features & IORING_FEAT_RW_ATTR)) {
		fputs("this kernel's io_uring takes no attributes\n", stderr);
		exit(1);
	}
	sqe = ring_next(&ring);
	sqe->opcode = opcode;
	sqe->fd = fd;
	sqe->off = 0;
	sqe->addr = (uintptr_t)data;
	sqe->len = bytes;
	sqe->attr_ptr = (uintptr_t)&pi;
	sqe->attr_type_mask = IORING_RW_ATTR_FLAG_PI;
	ret = ring_run(&ring);
	ring_close(&ring);
	return ret;
}

int main(int argc, char **argv)
{
	struct logical_block_metadata_cap cap;
	unsigned char *data, *metadata;
	int fd, ret;

	fd = open(argc > 1 ? argv[1] : "", O_RDWR | O_DIRECT);
	if (fd < 0 || ioctl(fd, FS_IOC_GETLBMD_CAP, &cap)) {
		perror("FS_IOC_GETLBMD_CAP");
		return 1;
	}
	if (cap.lbmd_guard_tag_type != LBMD_PI_CSUM_CRC16_T10DIF || cap.lbmd_pi_offset) {
		fputs("this example makes T10 tuples at the start of the metadata\n", stderr);
		return 1;
	}
	data = aligned_alloc(4096, cap.lbmd_interval);
	metadata = calloc(1, cap.lbmd_size);
	if (!data || !metadata)
		return 1;
	memset(data, 'x', cap.lbmd_interval);
	make_tuple(metadata, data, cap.lbmd_interval, SEED);

	ret = transfer(fd, IORING_OP_WRITE, data, cap.lbmd_interval, metadata, cap.lbmd_size);
	if (ret != cap.lbmd_interval) {
		fprintf(stderr, "write: %s\n", strerror(-ret));
		return 1;
	}
	ret = transfer(fd, IORING_OP_READ, data, cap.lbmd_interval, metadata, cap.lbmd_size);
	if (ret != cap.lbmd_interval) {
		fprintf(stderr, "read: %s\n", strerror(-ret));
		return 1;
	}
	printf("guard %02x%02x application tag %02x%02x reference tag %u\n", metadata[0], metadata[1],
	       metadata[2], metadata[3], metadata[4] << 24 | metadata[5] << 16 | metadata[6] << 8 | metadata[7]);
	return 0;
}
