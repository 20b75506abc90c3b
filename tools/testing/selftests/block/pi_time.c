// SPDX-License-Identifier: GPL-2.0
/*
 * Cost of one I/O: the median of many, one at a time. With a clock that counts
 * instructions (QEMU with -icount shift=0), the unit is instructions.
 */
#define _GNU_SOURCE
#include <stdlib.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include "pi_io.h"

#define TIMES		101
#define HUGE_BYTES	(2UL << 20)

static __u64 now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000000000ULL + ts.tv_nsec;
}

/* Contiguous memory, so that the number of pieces is the same in every run. */
static void *large_buffer(size_t bytes)
{
	void *at;

	if (bytes > HUGE_BYTES || posix_memalign(&at, HUGE_BYTES, HUGE_BYTES)) {
		remark("no buffer of %zu bytes", bytes);
		exit(2);
	}
	madvise(at, HUGE_BYTES, MADV_HUGEPAGE);
	return at;
}

static int ascending(const void *a, const void *b)
{
	const __u64 *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

static const char *median(struct pi_dev *dev, const struct pi_step *step,
			  bool write)
{
	size_t bytes = (size_t)step->count * dev->fmt.interval;
	__u64 at = step->block * dev->fmt.interval;
	void *data = large_buffer(bytes);
	__u64 took[TIMES];

	content_fill(data, at, bytes);
	for (int i = 0; i < TIMES; i++) {
		__u64 began = now();
		ssize_t ret = write ? pwrite(dev->fd, data, bytes, at) :
				      pread(dev->fd, data, bytes, at);

		took[i] = now() - began;
		if (ret != (ssize_t)bytes)
			return io_result(ret, bytes);
	}
	free(data);
	qsort(took, TIMES, sizeof(took[0]), ascending);
	return answer("%llu", took[TIMES / 2]);
}

/* time-read:BLOCK:COUNT, in nanoseconds */
const char *step_time_read(struct pi_dev *dev, const struct pi_step *step)
{
	return median(dev, step, false);
}

/* time-write:BLOCK:COUNT */
const char *step_time_write(struct pi_dev *dev, const struct pi_step *step)
{
	return median(dev, step, true);
}
