// SPDX-License-Identifier: GPL-2.0
/*
 * I/O from memory that other processes modify at the same time: buffers of direct
 * I/O, and pages of a mapped file.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "pi_io.h"

#define TIMES		400
#define BYTES_EACH	65536
#define FILE_BYTES	(4 << 20)
#define FILE_WRITERS	2
#define TOLD_EACH	1000	/* I/Os: a test that is silent for long is ended */

/* Number of failed I/Os. */
struct failures {
	unsigned int wrong;	/* with EILSEQ */
	unsigned int other;
};

static char *shared_buffer(void)
{
	char *data = mmap(NULL, BYTES_EACH, PROT_READ | PROT_WRITE,
			  MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	if (data == MAP_FAILED) {
		remark("no buffer: %m");
		exit(2);
	}
	for (int i = 0; i < BYTES_EACH; i++)
		data[i] = i * 7 + 1;
	return data;
}

/* Start a process that modifies the buffer until it is stopped, or its parent exits. */
static pid_t begin_churn(char *data, size_t bytes)
{
	pid_t parent = getpid(), child = fork();

	if (child < 0) {
		remark("no child: %m");
		exit(2);
	}
	if (child)
		return child;
	for (unsigned int n = 1; getppid() == parent; n++)
		for (size_t i = 0; i < bytes; i += 64)
			__atomic_fetch_add(&data[i], n | 1, __ATOMIC_RELAXED);
	_exit(0);
}

static void end_churn(pid_t child)
{
	kill(child, SIGKILL);
	waitpid(child, NULL, 0);
}

static void count_failure(struct failures *failures, int failed)
{
	if (failed && errno == EILSEQ)
		failures->wrong++;
	else if (failed)
		failures->other++;
}

static const char *answer_failures(const struct failures *failures)
{
	return answer("%u,%u", failures->wrong, failures->other);
}

static unsigned int times(const struct pi_step *step)
{
	return step->count > 1 ? step->count : TIMES;
}

static const char *churn(struct pi_dev *dev, const struct pi_step *step, int write)
{
	__u64 at = step->block * dev->fmt.interval;
	char *data = shared_buffer();
	struct failures failures = {};
	pid_t child;

	/* Without the other process, the reads succeed. */
	if (!write && pwrite(dev->fd, data, BYTES_EACH, at) != BYTES_EACH)
		return "no-write";
	child = begin_churn(data, BYTES_EACH);
	for (unsigned int i = 0; i < times(step); i++) {
		ssize_t ret = write ? pwrite(dev->fd, data, BYTES_EACH, at) :
				      pread(dev->fd, data, BYTES_EACH, at);

		count_failure(&failures, ret != BYTES_EACH);
		if (i % TOLD_EACH == TOLD_EACH - 1)
			remark("%u %s, %u failed", i + 1, write ? "writes" : "reads",
			       failures.wrong + failures.other);
	}
	end_churn(child);
	munmap(data, BYTES_EACH);
	return answer_failures(&failures);
}

/*
 * churn-write:BLOCK[:TIMES]: write 64 KiB from BLOCK on, several hundred times
 *
 * Returns the number of failures with EILSEQ, and of others.
 */
const char *step_churn_write(struct pi_dev *dev, const struct pi_step *step)
{
	return churn(dev, step, 1);
}

/* churn-read:BLOCK[:TIMES]: as churn-write, for reads */
const char *step_churn_read(struct pi_dev *dev, const struct pi_step *step)
{
	return churn(dev, step, 0);
}

/* churn-map:0[:TIMES]: msync() of a file that other processes modify by mappings */
const char *step_churn_map(struct pi_dev *dev, const struct pi_step *step)
{
	struct failures failures = {};
	pid_t writers[FILE_WRITERS];
	char *data;

	if (ftruncate(dev->fd, FILE_BYTES))
		return "no-file";
	data = mmap(NULL, FILE_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED,
		    dev->fd, 0);
	if (data == MAP_FAILED)
		return "no-mapping";
	for (int i = 0; i < FILE_WRITERS; i++)
		writers[i] = begin_churn(data + 8 * i, FILE_BYTES - 64);
	for (unsigned int i = 0; i < times(step); i++)
		count_failure(&failures, msync(data, FILE_BYTES, MS_SYNC));
	for (int i = 0; i < FILE_WRITERS; i++)
		end_churn(writers[i]);
	munmap(data, FILE_BYTES);
	return answer_failures(&failures);
}
