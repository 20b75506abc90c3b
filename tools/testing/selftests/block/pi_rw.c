// SPDX-License-Identifier: GPL-2.0
/*
 * Direct I/O in many sizes, alignments and numbers of buffers.
 */
#define _GNU_SOURCE
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/uio.h>

#include "pi_io.h"

#define MAX_BUFFERS	64
#define ARENA_BYTES	(8UL << 20)
#define HUGE_BYTES	(2UL << 20)
/*
 * One write and read: number of buffers, their length in bytes (rounded up to
 * whole blocks), and their offset from a page boundary, or from a boundary in
 * contiguous memory.
 */
static const struct pattern {
	unsigned int buffers;
	unsigned int bytes;
	unsigned int past;
	bool huge;
} patterns[] = {
	{ 1, 1, 0 },
	{ 1, 1, 4 },
	{ 1, 1, 3800 },
	{ 1, 1536, 508 },
	{ 3, 1024, 2044 },
	{ 17, 1, 3596 },
	{ 1, 4096, 512 },
	{ 1, 12288, 4 },
	{ 5, 8192, 1028 },
	{ 1, 65536, 0 },
	{ 1, 65536, 2052 },
	{ 1, 66000, 3584 },
	{ 32, 4096, 4 },
	{ 1, 131072, 12 },
	{ 1, 524288, 0 },
	{ 1, 700000, 20 },
	{ 1, 1048576, 0, true },
	{ 1, 1048576, 4, true },
	{ 1, 1052672, 0 },
	{ 1, 2000000, 0, true },
};

#define NR_PATTERNS	(sizeof(patterns) / sizeof(patterns[0]))

static __u64 pattern_blocks(const struct pattern *pat,
			       const struct pi_format *fmt)
{
	return (pat->bytes + fmt->interval - 1) / fmt->interval * pat->buffers;
}

__u64 rw_blocks(const struct pi_format *fmt)
{
	__u64 blocks = 0;

	for (size_t i = 0; i < NR_PATTERNS; i++)
		blocks += pattern_blocks(&patterns[i], fmt);
	return blocks;
}

/* Contiguous memory, so that a large I/O is one request, or ordinary pages. */
static void *arena(bool huge)
{
	static void *arenas[2];
	char *at;

	if (arenas[huge])
		return arenas[huge];
	at = mmap(NULL, ARENA_BYTES + HUGE_BYTES, PROT_READ | PROT_WRITE,
		  MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (at == MAP_FAILED) {
		remark("no memory for buffers");
		exit(2);
	}
	at = (char *)(((uintptr_t)at + HUGE_BYTES - 1) & ~(HUGE_BYTES - 1));
	madvise(at, ARENA_BYTES, huge ? MADV_HUGEPAGE : MADV_NOHUGEPAGE);
	return arenas[huge] = at;
}

static void cut(const struct pattern *pat, const struct pi_format *fmt,
		unsigned int past, struct iovec *iov)
{
	size_t each = pattern_blocks(pat, fmt) / pat->buffers * fmt->interval;
	char *at = arena(pat->huge);

	for (unsigned int i = 0; i < pat->buffers; i++) {
		iov[i].iov_base = at + past;
		iov[i].iov_len = each;
		at += (past + each + 4095 + 4096) & ~4095UL;
	}
}

/* A kernel without support fails often, so report only the first few. */
static void name_pattern(const char *what, const struct pattern *pat,
			 unsigned int past, __u64 block, const char *result)
{
	static int told;

	if (told++ < 3)
		remark("%s of %u x %u bytes%s at page + %u, block %llu: %s",
		       what, pat->buffers, pat->bytes,
		       pat->huge ? " without holes" : "", past,
		       block, result);
}

static bool write_pattern(struct pi_dev *dev, const struct pattern *pat,
			  unsigned int align, __u64 block)
{
	__u64 at = block * dev->fmt.interval;
	unsigned int past = pat->past / align * align;
	struct iovec iov[MAX_BUFFERS];
	const char *result;
	size_t bytes = 0;

	cut(pat, &dev->fmt, past, iov);
	for (unsigned int i = 0; i < pat->buffers; i++) {
		content_fill(iov[i].iov_base, at + bytes, iov[i].iov_len);
		bytes += iov[i].iov_len;
	}
	result = io_result(pwritev(dev->fd, iov, pat->buffers, at), bytes);
	if (!strcmp(result, "0"))
		return true;
	name_pattern("write", pat, past, block, result);
	return false;
}

static bool read_pattern(struct pi_dev *dev, const struct pattern *pat,
			 unsigned int past, __u64 block, void *want)
{
	__u64 at = block * dev->fmt.interval;
	struct iovec iov[MAX_BUFFERS];
	const char *result;
	size_t bytes = 0;

	cut(pat, &dev->fmt, past, iov);
	for (unsigned int i = 0; i < pat->buffers; i++) {
		memset(iov[i].iov_base, 0, iov[i].iov_len);
		bytes += iov[i].iov_len;
	}
	result = io_result(preadv(dev->fd, iov, pat->buffers, at), bytes);
	if (!strcmp(result, "0"))
		result = content_compare(iov, pat->buffers, at, want);
	if (!strcmp(result, "0"))
		return true;
	name_pattern("read", pat, past, block, result);
	return false;
}

/*
 * rw[:WRITE-ALIGN[:READ-ALIGN]]
 *
 * Writes each pattern to its own blocks, and reads it back into buffers of the
 * same and of another layout.  Some devices walk data in whole sectors and
 * require write buffers with that alignment.
 */
const char *step_rw(struct pi_dev *dev, const struct pi_step *step)
{
	unsigned int write_align = step->block ? step->block : 4;
	unsigned int read_align = step->count > 1 ? step->count : 4;
	void *want = pi_buffer(ARENA_BYTES);
	bool good = true;
	__u64 block = 0;

	for (size_t i = 0; i < NR_PATTERNS; i++) {
		const struct pattern *pat = &patterns[i];
		unsigned int past = pat->past / read_align * read_align;
		unsigned int other = (pat->past + 1540) % 4096 / read_align *
				     read_align;

		good = write_pattern(dev, pat, write_align, block) &&
		       read_pattern(dev, pat, past, block, want) &&
		       read_pattern(dev, pat, other, block, want) && good;
		block += pattern_blocks(pat, &dev->fmt);
	}
	munmap(want, ARENA_BYTES);
	return good ? "0" : "FAILED";
}
