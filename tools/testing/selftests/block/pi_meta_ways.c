// SPDX-License-Identifier: GPL-2.0
/*
 * The ways of io_uring to issue an I/O with metadata, the mistakes that a program
 * can make with it, and the ioctl that says what a device takes.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "pi_meta.h"

#define PAGE	4096
#define BLOCKS	16

static const char *bad_io(struct meta_io *io)
{
	const char *result = meta_result(meta_io_once(io), io->data_bytes);

	return result;
}

/* meta-bad:NAME, of a read or write of 16 blocks that is good but for that */
static const struct {
	const char *name;
	__u64 type_mask;
	int flags;
	__u64 rsvd;
	int more;		/* bytes of metadata */
	enum { GOOD, NO_ATTR, HOLE, READ_ONLY } where;
	enum { DIRECT, BUFFERED, REGULAR } file;
} mistakes[] = {
	{ "type", .type_mask = 3 },
	{ "type-high", .type_mask = 1ULL << 40 },
	{ "flags", .flags = 8 },
	{ "flags-high", .flags = 0x8000 },
	{ "reserved", .rsvd = 1 },
	{ "longer", .more = 1 },
	{ "shorter", .more = -1 },
	{ "none", .more = INT_MIN },
	{ "app-check", .flags = IO_INTEGRITY_CHK_APPTAG },
	{ "attributes", .where = NO_ATTR },
	{ "unmapped", .where = HOLE },
	{ "read-only", .where = READ_ONLY },
	{ "buffered", .file = BUFFERED },
	{ "regular", .file = REGULAR },
	{ "good" },
};

static void make_mistake(struct meta_io *io, struct pi_dev *dev, int i)
{
	int access = mistakes[i].where == READ_ONLY ? PROT_READ : PROT_NONE;
	char *hole = mmap(NULL, 2 * PAGE, access, MAP_PRIVATE | MAP_ANONYMOUS,
			  -1, 0);

	if (mistakes[i].type_mask)
		io->type_mask = mistakes[i].type_mask;
	io->pi.flags = mistakes[i].flags;
	io->pi.rsvd = mistakes[i].rsvd;
	if (mistakes[i].more == INT_MIN)
		io->pi.len = 0;
	else
		io->pi.len += mistakes[i].more;
	if (mistakes[i].where == HOLE || mistakes[i].where == READ_ONLY)
		io->pi.addr = (uintptr_t)hole;
	if (mistakes[i].where == NO_ATTR)
		io->attr = (void *)hole;
	if (mistakes[i].file == BUFFERED)
		io->fd = open(dev->path, O_RDWR);
	if (mistakes[i].file == REGULAR)
		io->fd = open("/dev/shm", O_RDWR | O_TMPFILE, 0600);
}

/* The answer is that of the read, then that of the write. */
const char *step_meta_bad(struct pi_dev *dev, const struct pi_step *step)
{
	static const int opcodes[] = { IORING_OP_READ, IORING_OP_WRITE };
	static char text[64];
	const char *results[2] = {};

	for (size_t i = 0; i < sizeof(mistakes) / sizeof(mistakes[0]); i++) {
		if (strcmp(step->what, mistakes[i].name))
			continue;
		for (int j = 0; j < 2; j++) {
			struct meta_io io;

			meta_io_init(&io, dev, opcodes[j], 64, BLOCKS);
			make_mistake(&io, dev, i);
			results[j] = bad_io(&io);
		}
		snprintf(text, sizeof(text), "%s %s", results[0], results[1]);
		return text;
	}
	return "unknown-mistake";
}

/* A write and a read by some way, the read compared. */
struct way {
	const char *name;
	unsigned int setup;
	unsigned int sqe_flags;
	int write, read;
	unsigned int iovecs;
	int rw_flags;
	unsigned int offset;	/* of the data in a page, in bytes */
};

static const struct way ways[] = {
	{ "plain", 0, 0, IORING_OP_WRITE, IORING_OP_READ },
	{ "vectors", 0, 0, IORING_OP_WRITEV, IORING_OP_READV, 4 },
	{ "split", 0, 0, IORING_OP_WRITE, IORING_OP_READ, .offset = 4 },
	{ "nowait", 0, 0, IORING_OP_WRITE, IORING_OP_READ, 0, RWF_NOWAIT },
	{ "fixed", 0, 0, IORING_OP_WRITE_FIXED, IORING_OP_READ_FIXED },
	{ "workers", 0, IOSQE_ASYNC, IORING_OP_WRITE, IORING_OP_READ },
	{ "polled", IORING_SETUP_IOPOLL, 0, IORING_OP_WRITE, IORING_OP_READ },
	{ "polled-fixed", IORING_SETUP_IOPOLL, 0, IORING_OP_WRITE_FIXED,
	  IORING_OP_READ_FIXED },
	{ "polled-workers", IORING_SETUP_IOPOLL, IOSQE_ASYNC, IORING_OP_WRITE,
	  IORING_OP_READ },
	{ "thread", IORING_SETUP_SQPOLL, 0, IORING_OP_WRITE, IORING_OP_READ },
	{ "thread-polled", IORING_SETUP_SQPOLL | IORING_SETUP_IOPOLL, 0,
	  IORING_OP_WRITE, IORING_OP_READ },
};

static const char *go(struct pi_dev *dev, const struct way *way, int opcode,
		      __u64 block, unsigned int count)
{
	struct iovec iov[8];
	struct pi_ring ring;
	struct meta_io io;
	const char *result;
	int ret;

	ret = ring_open(&ring, way->setup);
	if (ret)
		return pi_errno(-ret);
	meta_io_init(&io, dev, opcode, block, count);
	io.sqe_flags = way->sqe_flags;
	io.rw_flags = way->rw_flags;
	if (way->offset) {
		memmove(io.buffer + way->offset, io.buffer, io.data_bytes);
		io.buffer += way->offset;
		io.data = io.buffer;
	}
	if (way->iovecs) {
		unsigned int each = io.data_bytes / way->iovecs;

		for (unsigned int i = 0; i < way->iovecs; i++)
			iov[i] = (struct iovec){ io.buffer + i * each, each };
		io.data = iov;
		io.len = way->iovecs;
	}
	iov[7] = (struct iovec){ io.buffer, io.data_bytes };
	if ((opcode == IORING_OP_WRITE_FIXED || opcode == IORING_OP_READ_FIXED) &&
	    syscall(__NR_io_uring_register, ring.fd, IORING_REGISTER_BUFFERS, &iov[7], 1))
		return pi_errno(errno);
	ret = meta_io_run(&ring, &io);
	result = meta_result(ret, io.data_bytes);
	if (!strcmp(result, "0") && opcode == way->read)
		result = meta_compare(dev, &io, block, count, 0);
	ring_close(&ring);
	io.buffer -= way->offset;
	meta_io_free(&io);
	return result;
}

/* meta-way:NAME, of 16 blocks and of 3 MiB */
const char *step_meta_way(struct pi_dev *dev, const struct pi_step *step)
{
	unsigned int many = (3U << 20) / dev->fmt.interval;
	static char text[64];

	for (size_t i = 0; i < sizeof(ways) / sizeof(ways[0]); i++) {
		const struct way *way = &ways[i];
		char *end = text;

		if (strcmp(step->what, way->name))
			continue;
		end += sprintf(end, "%s", go(dev, way, way->write, 64, BLOCKS));
		end += sprintf(end, " %s", go(dev, way, way->read, 64, BLOCKS));
		end += sprintf(end, " %s", go(dev, way, way->write, 128, many));
		sprintf(end, " %s", go(dev, way, way->read, 128, many));
		return text;
	}
	return "unknown-way";
}

/*
 * meta-map:SEED:NAME, memory that a write of blocks 64 to 79 must not change:
 * pages of a file that can only be read, and pages that were never touched.
 * Where SEED is not the number of the block on the medium, the tuples must be
 * renumbered; those that are zero only with a SEED of 0.
 */
const char *step_meta_map(struct pi_dev *dev, const struct pi_step *step)
{
	char name[] = "/dev/shm/pi_meta.XXXXXX";
	const char *result;
	struct meta_io io;
	char *map;
	int fd;

	meta_io_init(&io, dev, IORING_OP_WRITE, 64, BLOCKS);
	io.pi.seed = step->block;
	meta_make(dev, io.buffer, io.pi.seed, BLOCKS, 0, io.metadata);
	if (!strcmp(step->what, "zero-page")) {
		map = mmap(NULL, 2 * PAGE, PROT_READ | PROT_WRITE,
			   MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
		memset(io.metadata, 0, io.pi.len);
	} else {
		fd = mkstemp(name);
		if (fd < 0 || write(fd, io.metadata, io.pi.len) != io.pi.len)
			return pi_errno(errno);
		close(fd);
		fd = open(name, O_RDONLY);
		unlink(name);
		map = mmap(NULL, 2 * PAGE, PROT_READ, MAP_SHARED, fd, 0);
	}
	if (map == MAP_FAILED)
		return pi_errno(errno);
	io.pi.addr = (uintptr_t)map;
	result = meta_result(meta_io_once(&io), io.data_bytes);
	return answer("%s %s", result, memcmp(map, io.metadata, io.pi.len) ?
		      "overwritten" : "untouched");
}

/*
 * meta-gone:NAME, what a program does while its I/O is under way: unmaps the
 * metadata, cancels, or ends.
 */
const char *step_meta_gone(struct pi_dev *dev, const struct pi_step *step)
{
	struct io_uring_sqe *sqe;
	struct pi_ring ring;
	struct meta_io io;
	int child = 0, ret;

	if (!strcmp(step->what, "exit"))
		child = fork();
	if (child) {
		waitpid(child, &ret, 0);
		return answer("%d", ret);
	}
	if (ring_open(&ring, 0))
		return "no-ring";
	for (int i = 0; i < 4; i++) {
		meta_io_init(&io, dev, i % 2 ? IORING_OP_READ : IORING_OP_WRITE, 128,
			     (2U << 20) / dev->fmt.interval);
		meta_io_prepare(ring_next(&ring), &io);
		ring_submit(&ring);
		munmap(io.metadata, io.pi.len + 2 * PAGE);
		munmap(io.buffer, io.data_bytes + PAGE);
	}
	if (!strcmp(step->what, "exit"))
		_exit(0);
	if (!strcmp(step->what, "cancel")) {
		sqe = ring_next(&ring);
		sqe->opcode = IORING_OP_ASYNC_CANCEL;
		sqe->cancel_flags = IORING_ASYNC_CANCEL_ANY | IORING_ASYNC_CANCEL_ALL;
		sqe->flags = IOSQE_CQE_SKIP_SUCCESS;
		ring_submit(&ring);
	}
	ring_close(&ring);
	return "0";
}

/* meta-cap[:BYTES], the answer of the ioctl, called with another size */
const char *step_meta_cap(struct pi_dev *dev, const struct pi_step *step)
{
	unsigned char bytes[64];
	struct logical_block_metadata_cap cap;
	unsigned int size = *step->what ? step->block : sizeof(cap);
	unsigned long cmd = _IOC(_IOC_READ | _IOC_WRITE, 0x15, 2, size);

	memset(bytes, 0x5a, sizeof(bytes));
	if (ioctl(dev->fd, cmd, bytes))
		return pi_errno(errno);
	memcpy(&cap, bytes, sizeof(cap));
	for (unsigned int i = sizeof(cap); i < sizeof(bytes); i++)
		if (bytes[i] != (i < size ? 0 : 0x5a))
			return "not-zeroed";
	return answer("flags=%u interval=%u size=%u opaque=%u@%u pi=%u@%u guard=%u app=%u ref=%u storage=%u",
		      cap.lbmd_flags, cap.lbmd_interval, cap.lbmd_size,
		      cap.lbmd_opaque_size, cap.lbmd_opaque_offset, cap.lbmd_pi_size,
		      cap.lbmd_pi_offset, cap.lbmd_guard_tag_type,
		      cap.lbmd_app_tag_size, cap.lbmd_ref_tag_size,
		      cap.lbmd_storage_tag_size);
}
