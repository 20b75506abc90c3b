// SPDX-License-Identifier: GPL-2.0
/*
 * Direct I/O of a buffer that another process changes as fast as it can.
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

/* Ends with its parent. */
static pid_t begin_churn(char *data)
{
	pid_t parent = getpid(), child = fork();

	if (child < 0) {
		remark("no child: %m");
		exit(2);
	}
	if (child)
		return child;
	for (unsigned int n = 1; getppid() == parent; n++)
		for (int i = 0; i < BYTES_EACH; i += 64)
			__atomic_fetch_add(&data[i], n | 1, __ATOMIC_RELAXED);
	_exit(0);
}

/* How many of TIMES fail with EILSEQ, and how many with anything else. */
static const char *churn(struct pi_dev *dev, const struct pi_step *step, int write)
{
	__u64 at = step->block * dev->fmt.interval;
	char *data = shared_buffer();
	unsigned int wrong = 0, failed = 0;
	pid_t child;

	/* What is read is good when nothing changes it. */
	if (!write && pwrite(dev->fd, data, BYTES_EACH, at) != BYTES_EACH)
		return "no-write";
	child = begin_churn(data);
	for (int i = 0; i < TIMES; i++) {
		ssize_t ret = write ? pwrite(dev->fd, data, BYTES_EACH, at) :
				      pread(dev->fd, data, BYTES_EACH, at);

		if (ret == BYTES_EACH)
			continue;
		if (ret < 0 && errno == EILSEQ)
			wrong++;
		else
			failed++;
	}
	kill(child, SIGKILL);
	waitpid(child, NULL, 0);
	munmap(data, BYTES_EACH);
	return answer("%u,%u", wrong, failed);
}

/* churn-write:BLOCK, 64 KiB from BLOCK on, several hundred times */
const char *step_churn_write(struct pi_dev *dev, const struct pi_step *step)
{
	return churn(dev, step, 1);
}

/* churn-read:BLOCK */
const char *step_churn_read(struct pi_dev *dev, const struct pi_step *step)
{
	return churn(dev, step, 0);
}
