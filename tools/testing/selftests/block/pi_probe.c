// SPDX-License-Identifier: GPL-2.0
/*
 * Other requests to the block layer: nowait I/O, repeated reads, uevents of
 * errors, and escapes on the medium.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/netlink.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include "pi_io.h"

#define PIECE_BYTES	(64U << 10)	/* of one passthrough command */
#define PATIENCE_MS	300000	/* for an expected event */
#define QUIET_MS	1000		/* without a uevent: no more expected */

static int uevents = -1;

/* nowait-write:BLOCK:COUNT */
const char *step_nowait_write(struct pi_dev *dev, const struct pi_step *step)
{
	__u64 at = step->block * dev->fmt.interval;
	size_t bytes = (size_t)step->count * dev->fmt.interval;
	struct iovec iov = { pi_buffer(bytes), bytes };
	const char *result;

	content_fill(iov.iov_base, at, bytes);
	result = io_result(pwritev2(dev->fd, &iov, 1, at, RWF_NOWAIT), bytes);
	munmap(iov.iov_base, bytes);
	return result;
}

/* nowait-read:BLOCK:COUNT */
const char *step_nowait_read(struct pi_dev *dev, const struct pi_step *step)
{
	__u64 at = step->block * dev->fmt.interval;
	size_t bytes = (size_t)step->count * dev->fmt.interval;
	struct iovec iov = { pi_buffer(2 * bytes), bytes };
	const char *result;

	result = io_result(preadv2(dev->fd, &iov, 1, at, RWF_NOWAIT), bytes);
	if (!strcmp(result, "0"))
		result = content_compare(&iov, 1, at, iov.iov_base + bytes);
	munmap(iov.iov_base, 2 * bytes);
	return result;
}

/*
 * again:BLOCK:COUNT reads the block COUNT times and prints how often it failed.
 */
const char *step_again(struct pi_dev *dev, const struct pi_step *step)
{
	__u64 at = step->block * dev->fmt.interval;
	void *data = pi_buffer(dev->fmt.interval);
	unsigned int errors = 0;

	for (unsigned int i = 0; i < step->count; i++)
		if (pread(dev->fd, data, dev->fmt.interval, at) < 0 &&
		    errno == EILSEQ)
			errors++;
	munmap(data, dev->fmt.interval);
	return answer("%u", errors);
}

/* listen: keeps uevents from now on for "uevents". */
const char *step_listen(struct pi_dev *dev, const struct pi_step *step)
{
	struct sockaddr_nl group = { .nl_family = AF_NETLINK, .nl_groups = 1 };

	uevents = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC,
			 NETLINK_KOBJECT_UEVENT);
	if (uevents < 0 ||
	    bind(uevents, (struct sockaddr *)&group, sizeof(group)) < 0) {
		remark("no uevents: %s", pi_errno(errno));
		exit(2);
	}
	return NULL;
}

/*
 * A uevent is "change@/devices/.../DISK", then variables, each terminated by 0.
 */
static bool is_error_event(char *text, ssize_t bytes, const char *disk)
{
	const char *name = strrchr(text, '/');

	if (strncmp(text, "change@", 7) || !name || strcmp(name + 1, disk))
		return false;
	for (char *at = text; at < text + bytes; at += strlen(at) + 1)
		if (!strcmp(at, "INTEGRITY_ERROR=1"))
			return true;
	return false;
}

/*
 * uevents[:N]: prints how many reported an integrity error of the device. Waits
 * for N of them, and for further ones only briefly.
 */
const char *step_uevents(struct pi_dev *dev, const struct pi_step *step)
{
	struct pollfd poll_fd = { .fd = uevents, .events = POLLIN };
	const char *disk = strrchr(dev->path, '/') + 1;
	unsigned int count = 0;
	char text[4096];

	while (poll(&poll_fd, 1, count < step->block ? PATIENCE_MS : QUIET_MS) > 0) {
		ssize_t got = recv(uevents, text, sizeof(text) - 1, 0);

		if (got <= 0)
			break;
		text[got] = 0;
		count += is_error_event(text, got, disk);
	}
	return answer("%u", count);
}

static bool all_are(const unsigned char *buf, int value, size_t bytes)
{
	while (bytes--)
		if (*buf++ != value)
			return false;
	return true;
}

/* A tuple of all ones; all other metadata is zero. */
static bool is_escape(const struct pi_format *fmt, const unsigned char *metadata)
{
	unsigned int end = fmt->offset + pi_size(fmt);

	return all_are(metadata, 0, fmt->offset) &&
	       all_are(metadata + fmt->offset, 0xff, pi_size(fmt)) &&
	       all_are(metadata + end, 0, fmt->ms - end);
}

/*
 * escapes:BLOCK:COUNT prints whether all their metadata is "escapes", or
 * "wrong".
 */
const char *step_escapes(struct pi_dev *dev, const struct pi_step *step)
{
	unsigned int piece = PIECE_BYTES / dev->fmt.interval;
	unsigned char *metadata = pi_buffer(piece * dev->fmt.ms);
	void *data = pi_buffer(PIECE_BYTES);

	for (unsigned int done = 0; done < step->count; done += piece) {
		int ret;

		if (piece > step->count - done)
			piece = step->count - done;
		ret = pi_raw_read(dev, step->block + done, piece, data, metadata);
		if (ret)
			return answer("unreadable-%s", pi_status(ret));
		for (unsigned int i = 0; i < piece; i++) {
			if (is_escape(&dev->fmt, metadata + i * dev->fmt.ms))
				continue;
			remark("block %llu is no escape",
			       step->block + done + i);
			return "wrong";
		}
	}
	return "escapes";
}

/*
 * memory:0:MIB writes anonymous memory and reads it back twice, to force
 * swapping.
 */
const char *step_memory(struct pi_dev *dev, const struct pi_step *step)
{
	size_t bytes = (size_t)step->count << 20;
	char *memory = malloc(bytes), *want = pi_buffer(PIECE_BYTES);

	if (!memory)
		return "ENOMEM";
	for (size_t at = 0; at < bytes; at += PIECE_BYTES)
		content_fill(memory + at, at, PIECE_BYTES);
	for (int pass = 0; pass < 2; pass++) {
		for (size_t at = 0; at < bytes; at += PIECE_BYTES) {
			content_fill(want, at, PIECE_BYTES);
			if (memcmp(memory + at, want, PIECE_BYTES))
				return "DIFFERENT";
		}
	}
	free(memory);
	return "0";
}

/* may-fail:0|1, whether faults are injected into this program from now on */
const char *step_may_fail(struct pi_dev *dev, const struct pi_step *step)
{
	static int fd = -1;
	ssize_t written;

	/* Before paths cannot be looked up. */
	if (step->block)
		fd = open("/proc/self/make-it-fail", O_WRONLY);
	/* What ends the faults can be hit by one. */
	do
		written = pwrite(fd, step->block ? "1" : "0", 1, 0);
	while (written != 1 && errno == EFAULT);
	return written == 1 ? NULL : pi_errno(errno);
}
