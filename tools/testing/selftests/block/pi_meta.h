/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Reads and writes of a block device with metadata of the program's own.
 */
#ifndef PI_META_H
#define PI_META_H

#include <sys/uio.h>

#include "pi_io.h"
#include "pi_ring.h"

#define META_CHECKS	(IO_INTEGRITY_CHK_GUARD | IO_INTEGRITY_CHK_REFTAG | \
			 IO_INTEGRITY_CHK_APPTAG)

/*
 * One I/O: zeroed, meta_io_init() makes it a good one of so many blocks, whose
 * tuples count from its seed.  A test changes what it is about.
 */
struct meta_io {
	int opcode;
	int fd;
	unsigned int sqe_flags;
	int rw_flags;
	void *data;		/* or the iovecs */
	unsigned int len;	/* bytes, or the number of iovecs */
	__u64 at;		/* bytes */
	__u64 type_mask;
	struct io_uring_attr_pi *attr;
	struct io_uring_attr_pi pi;
	unsigned int data_bytes;
	void *buffer;		/* of data_bytes, as content_fill() says */
	char *metadata;
};

void meta_io_init(struct meta_io *io, struct pi_dev *dev, int opcode, __u64 block,
		  unsigned int count);
void meta_io_free(struct meta_io *io);
void meta_io_prepare(struct io_uring_sqe *sqe, const struct meta_io *io);
int meta_io_run(struct pi_ring *ring, const struct meta_io *io);
int meta_io_once(const struct meta_io *io);
void meta_make(struct pi_dev *dev, const void *data, __u64 number, unsigned int count,
	       __u16 app_tag, void *metadata);
const char *meta_result(int ret, unsigned int bytes);
const char *meta_compare(struct pi_dev *dev, const struct meta_io *io, __u64 block,
			 unsigned int count, __u16 app_tag);

#endif /* PI_META_H */
