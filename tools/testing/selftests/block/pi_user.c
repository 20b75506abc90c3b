// SPDX-License-Identifier: GPL-2.0
/*
 * Metadata in user memory:  NVMe passthrough with invalid buffers, given by
 * mistake or malice, and with unusual ones that must work.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "pi_io.h"

#define PAGE		4096
#define PLACE		(36 << 20)	/* byte offset on the disk, of these tests only */
#define LEAK_CALLS	10000
#define LEAK_KIB	300

static __u64 place(const struct pi_dev *dev)
{
	return PLACE / dev->fmt.interval;
}

/* Prepare blocks with valid metadata on the medium and in memory. */
static void prepare(struct pi_dev *dev, unsigned int count, void *data,
		    char *metadata)
{
	content_fill(data, PLACE, count * dev->fmt.interval);
	for (unsigned int i = 0; i < count; i++)
		pi_make(&dev->fmt, data + i * dev->fmt.interval,
			place(dev) + i, metadata + i * dev->fmt.ms);
}

/* A read-only mapping of a page of a read-only file. */
static const char *read_only_page(const void *content)
{
	char name[] = "/dev/shm/pi_user.XXXXXX";
	int fd = mkstemp(name);
	char *map;

	if (fd < 0 || write(fd, content, PAGE) != PAGE)
		exit(2);
	close(fd);
	fd = open(name, O_RDONLY);
	unlink(name);
	map = mmap(NULL, PAGE, PROT_READ, MAP_SHARED, fd, 0);
	if (map == MAP_FAILED)
		exit(2);
	return map;
}

/* The device must not write where the program must not. */
static const char *read_to_read_only(struct pi_dev *dev)
{
	char *data = pi_buffer(PAGE), *page = pi_buffer(PAGE);
	const char *map;
	int ret;

	memset(page, 0x5a, PAGE);
	map = read_only_page(page);
	ret = pi_nvme(dev, PI_READ, place(dev), 1, data, (void *)map,
		      dev->fmt.ms);
	return answer("%s %s", pi_status(ret),
		      memcmp(map, page, PAGE) ? "overwritten" : "untouched");
}

static const char *write_from_read_only(struct pi_dev *dev)
{
	char *data = pi_buffer(PAGE), *page = pi_buffer(PAGE);
	const char *map;
	int ret;

	prepare(dev, 1, data, page);
	map = read_only_page(page);
	ret = pi_nvme(dev, PI_WRITE, place(dev), 1, data, (void *)map, dev->fmt.ms);
	return answer("%s %s", pi_status(ret),
		      memcmp(map, page, PAGE) ? "overwritten" : "untouched");
}

static const char *unmapped(struct pi_dev *dev)
{
	char *hole = pi_buffer(2 * PAGE);

	munmap(hole, 2 * PAGE);
	return pi_status(pi_nvme(dev, PI_READ, place(dev), 1, pi_buffer(PAGE),
				 hole, dev->fmt.ms));
}

/* The second of two pages is not mapped. */
static const char *half_unmapped(struct pi_dev *dev)
{
	char *hole = pi_buffer(2 * PAGE);

	munmap(hole + PAGE, PAGE);
	return pi_status(pi_nvme(dev, PI_READ, place(dev), 4,
				 pi_buffer(4 * PAGE),
				 hole + PAGE - 2 * dev->fmt.ms,
				 4 * dev->fmt.ms));
}

static const char *too_short(struct pi_dev *dev)
{
	unsigned char *metadata = pi_buffer(PAGE);
	unsigned int used = 3 * dev->fmt.ms;
	int ret;

	memset(metadata, 0x5a, PAGE);
	ret = pi_nvme(dev, PI_READ, place(dev), 4, pi_buffer(4 * PAGE),
		      metadata, used);
	for (unsigned int i = used; i < PAGE; i++)
		if (metadata[i] != 0x5a)
			return answer("%s overwritten", pi_status(ret));
	return answer("%s untouched", pi_status(ret));
}

/* A longer buffer is no error, but only the needed part may change. */
static const char *too_long(struct pi_dev *dev)
{
	unsigned char *metadata = pi_buffer(PAGE);
	unsigned int used = 4 * dev->fmt.ms;
	int ret;

	memset(metadata, 0x5a, PAGE);
	ret = pi_nvme(dev, PI_READ, place(dev), 4, pi_buffer(4 * PAGE),
		      metadata, used + dev->fmt.ms);
	for (unsigned int i = used; i < PAGE; i++)
		if (metadata[i] != 0x5a)
			return answer("%s overwritten", pi_status(ret));
	return answer("%s untouched", pi_status(ret));
}

static long unreclaimable_kib(void)
{
	FILE *file = fopen("/proc/meminfo", "r");
	char line[128];
	long kib = 0;

	while (file && fgets(line, sizeof(line), file))
		sscanf(line, "SUnreclaim: %ld", &kib);
	if (file)
		fclose(file);
	return kib;
}

/* The maximum number of metadata pages of a command, none of them mapped. */
static const char *leak(struct pi_dev *dev)
{
	unsigned int count = (512 << 10) / dev->fmt.interval;
	char *hole = pi_buffer(count * dev->fmt.ms);
	char *data = pi_buffer(count * dev->fmt.interval);
	long before = 0, growth;
	int ret = 0;

	munmap(hole, count * dev->fmt.ms);
	for (int i = -100; i < LEAK_CALLS; i++) {
		if (i == 0)
			before = unreclaimable_kib();
		ret = pi_nvme(dev, PI_READ, place(dev), count, data, hole,
			      count * dev->fmt.ms);
	}
	growth = unreclaimable_kib() - before;
	if (growth >= LEAK_KIB)
		remark("%d calls, kernel memory grew by %ld KiB", LEAK_CALLS,
		       growth);
	return answer("%s %s", pi_status(ret),
		      growth < LEAK_KIB ? "constant" : "grows");
}

/* Metadata at an odd address and across a page boundary must be copied. */
static const char *odd_address(struct pi_dev *dev)
{
	unsigned int count = 16, bytes = count * dev->fmt.ms;
	char *data = pi_buffer(16 * PAGE), *want = pi_buffer(bytes);
	char *metadata = pi_buffer(2 * PAGE + bytes) + PAGE - 2 * dev->fmt.ms + 1;
	int written, ret;

	prepare(dev, count, data, want);
	memcpy(metadata, want, bytes);
	written = pi_nvme(dev, PI_WRITE, place(dev), count, data, metadata, bytes);
	memset(metadata, 0x5a, bytes);
	memset(data, 0x5a, count * dev->fmt.interval);
	ret = pi_nvme(dev, PI_READ, place(dev), count, data, metadata, bytes);
	return answer("%d %s %s", written, pi_status(ret),
		      memcmp(metadata, want, bytes) ? "DIFFERENT" : "same");
}

/* The same through io_uring, whose requests use other memory pools. */
static const char *uring_two_pages(struct pi_dev *dev)
{
	unsigned int count = 16384 / dev->fmt.interval;
	unsigned int bytes = count * dev->fmt.ms;
	char *data = pi_buffer(4 * PAGE), *want = pi_buffer(bytes);
	char *metadata = pi_buffer(2 * PAGE + bytes) + PAGE - dev->fmt.ms;
	int written, ret;

	prepare(dev, count, data, want);
	memcpy(metadata, want, bytes);
	written = pi_uring(dev, PI_WRITE, place(dev), count, data, metadata, bytes);
	memset(metadata, 0x5a, bytes);
	ret = pi_uring(dev, PI_READ, place(dev), count, data, metadata, bytes);
	return answer("%d %s %s", written, pi_status(ret),
		      memcmp(metadata, want, bytes) ? "DIFFERENT" : "same");
}

/* user:TEST */
const char *step_user(struct pi_dev *dev, const struct pi_step *step)
{
	static const struct {
		const char *name;
		const char *(*test)(struct pi_dev *dev);
	} tests[] = {
		{ "read-to-read-only", read_to_read_only },
		{ "write-from-read-only", write_from_read_only },
		{ "unmapped", unmapped },
		{ "half-unmapped", half_unmapped },
		{ "too-short", too_short },
		{ "too-long", too_long },
		{ "leak", leak },
		{ "odd-address", odd_address },
		{ "uring-two-pages", uring_two_pages },
	};

	for (size_t i = 0; i < sizeof(tests) / sizeof(tests[0]); i++)
		if (!strcmp(step->what, tests[i].name))
			return tests[i].test(dev);
	return "unknown-test";
}
