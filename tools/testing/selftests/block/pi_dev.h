/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Blocks and their metadata as they are on the medium, bypassing the integrity
 * code of the block layer: NVMe passthrough, the files of pi_brd, or SG_IO and
 * the memory of scsi_debug.
 */
#ifndef PI_DEV_H
#define PI_DEV_H

#include "pi_ref.h"

/* NVMe opcodes */
enum {
	PI_WRITE = 1,
	PI_READ = 2,
	PI_ZONE_APPEND = 0x7d,
};

struct pi_dev {
	const char *path;
	int fd;
	bool nvme;
	bool raw;		/* metadata can be written directly */
	unsigned int nsid;
	struct pi_format fmt;
};

void remark(const char *format, ...);
void pi_open(struct pi_dev *dev, const char *path, const char *format);
void *pi_buffer(size_t bytes);
const char *pi_errno(int error);
const char *pi_status(int ret);

int pi_nvme(struct pi_dev *dev, int opcode, __u64 block, unsigned int count,
	    void *data, void *metadata, unsigned int metadata_bytes);
int pi_uring(struct pi_dev *dev, int opcode, __u64 block, unsigned int count,
	     void *data, void *metadata, unsigned int metadata_bytes);
int pi_raw_read(struct pi_dev *dev, __u64 block, unsigned int count,
		void *data, void *metadata);
int pi_raw_write(struct pi_dev *dev, __u64 block, unsigned int count,
		 void *data, void *metadata);

#endif /* PI_DEV_H */
