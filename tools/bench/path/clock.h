/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The clock of path.c.  In QEMU with -icount shift=0 the time stamp counter counts
 * instructions.  User Mode Linux is a program: there it counts time, which other
 * programs take part of.
 */
#ifndef BENCH_PATH_CLOCK_H
#define BENCH_PATH_CLOCK_H

#include <linux/math64.h>
#include <linux/sizes.h>
#include <linux/timekeeping.h>
#include <linux/types.h>

static inline u64 path_now(void)
{
	u32 low, high;

	asm volatile ("rdtsc" : "=a" (low), "=d" (high));
	return (u64)high << 32 | low;
}

#define PATH_SCALE_SHIFT	20

#ifdef CONFIG_UML

#define PATH_SAMPLE_BYTES	SZ_16M
#define PATH_MIN_BIOS		64

/* Of the C library; a long each for seconds and nanoseconds. */
int clock_gettime(int clock, long *time);

#define PATH_CLOCK_PROCESS_CPUTIME_ID	2

/* Return: the time in ns in which this program did not run. */
static inline s64 path_time_of_others(void)
{
	long time[2];

	clock_gettime(PATH_CLOCK_PROCESS_CPUTIME_ID, time);
	return ktime_get_ns() - time[0] * NSEC_PER_SEC - time[1];
}

static inline s64 path_scale(u64 ticks, u64 ns)
{
	return div64_u64(ns << PATH_SCALE_SHIFT, ticks);
}

#else

#define PATH_SAMPLE_BYTES	SZ_4M
#define PATH_MIN_BIOS		1

static inline s64 path_time_of_others(void)
{
	return 0;
}

static inline s64 path_scale(u64 ticks, u64 ns)
{
	return 1 << PATH_SCALE_SHIFT;
}

#endif

#endif /* BENCH_PATH_CLOCK_H */
