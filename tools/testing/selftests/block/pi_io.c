// SPDX-License-Identifier: GPL-2.0
/*
 * Direct I/O through the block layer, and checks of the medium.  The content of
 * a block depends only on a salt and its number, so every step can be checked
 * alone.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "pi_io.h"

#define RAW_BYTES	(64U << 10)	/* of one passthrough command */

static __u64 salt;
static __u64 shift;	/* where on its disk a partition begins */

__u64 content_salt(void)
{
	return salt;
}

/* Position on the device that the data was written to. */
__u64 content_place(__u64 at)
{
	return at + shift;
}

/*
 * Bytes that are neither zero nor equal: a mixing function of their position.
 */
void content_fill(void *to, __u64 at, size_t bytes)
{
	__u64 *word = to;

	at = content_place(at);
	for (size_t i = 0; i < bytes / 8; i++) {
		__u64 x = (at / 8 + i) * 0x9e3779b97f4a7c15ULL + salt;

		x = (x ^ x >> 32) * 0xd6e8feb86659fd93ULL;
		word[i] = x ^ x >> 29;
	}
}

/* The result of an I/O of this length as a word. */
const char *io_result(ssize_t ret, size_t bytes)
{
	if (ret < 0)
		return pi_errno(errno);
	return (size_t)ret == bytes ? "0" : "SHORT";
}

const char *content_compare(const struct iovec *iov, unsigned int count,
			   __u64 at, void *want)
{
	for (unsigned int i = 0; i < count; i++) {
		content_fill(want, at, iov[i].iov_len);
		if (memcmp(want, iov[i].iov_base, iov[i].iov_len))
			return "DIFFERENT";
		at += iov[i].iov_len;
	}
	return "0";
}

const char *answer(const char *format, ...)
{
	static char text[128];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	return text;
}

/* fill:BLOCK:COUNT */
static const char *step_fill(struct pi_dev *dev, const struct pi_step *step)
{
	__u64 at = step->block * dev->fmt.interval;
	size_t bytes = (size_t)step->count * dev->fmt.interval;
	void *data = pi_buffer(bytes);
	const char *result;

	content_fill(data, at, bytes);
	result = io_result(pwrite(dev->fd, data, bytes, at), bytes);
	munmap(data, bytes);
	return result;
}

/* read:BLOCK:COUNT */
const char *step_read(struct pi_dev *dev, const struct pi_step *step)
{
	__u64 at = step->block * dev->fmt.interval;
	size_t bytes = (size_t)step->count * dev->fmt.interval;
	struct iovec iov = { pi_buffer(2 * bytes), bytes };
	const char *result;

	result = io_result(pread(dev->fd, iov.iov_base, bytes, at), bytes);
	if (!strcmp(result, "0"))
		result = content_compare(&iov, 1, at, iov.iov_base + bytes);
	munmap(iov.iov_base, 2 * bytes);
	return result;
}

/*
 * append:BLOCK:COUNT to the empty zone that begins there, by passthrough
 * without metadata: what is below the NVMe target makes it.
 */
static const char *step_append(struct pi_dev *dev, const struct pi_step *step)
{
	size_t bytes = (size_t)step->count * dev->fmt.interval;
	void *data = pi_buffer(bytes);

	content_fill(data, step->block * dev->fmt.interval, bytes);
	return pi_status(pi_nvme(dev, PI_ZONE_APPEND, step->block, step->count,
				 data, NULL, 0));
}

static bool all_zero(const unsigned char *buf, size_t bytes)
{
	while (bytes--)
		if (*buf++)
			return false;
	return true;
}

static bool all_made(const struct pi_format *fmt, __u64 block,
		     unsigned int count, const char *data, const char *metadata)
{
	char want[4096];

	for (unsigned int i = 0; i < count; i++) {
		pi_make(fmt, data + i * fmt->interval, block + i, want);
		if (!pi_same(fmt, want, metadata + i * fmt->ms, block + i))
			return false;
	}
	return true;
}

/*
 * tuples[:BLOCK:COUNT], by default of all that "rw" writes
 *
 * Prints the kind of metadata of these blocks: "generated" if it is valid for
 * data and numbers, "zero" if all is zero, else "wrong"; or "DIFFERENT" for
 * other data.
 */
static const char *step_tuples(struct pi_dev *dev, const struct pi_step *step)
{
	const struct pi_format *fmt = &dev->fmt;
	__u64 block = step->block;
	__u64 end = block + (*step->what ? step->count : rw_blocks(fmt));
	unsigned int count = RAW_BYTES / fmt->interval;
	char *metadata = pi_buffer(count * fmt->ms);
	char *data = pi_buffer(RAW_BYTES), *want = pi_buffer(RAW_BYTES);
	bool zero = true, made = true;

	for (; block < end; block += count) {
		int ret;

		if (count > end - block)
			count = end - block;
		ret = pi_raw_read(dev, block, count, data, metadata);
		if (ret)
			return answer("unreadable-%s", pi_status(ret));
		content_fill(want, block * fmt->interval, count * fmt->interval);
		if (memcmp(want, data, count * fmt->interval))
			return "DIFFERENT";
		zero = zero && all_zero((void *)metadata, count * fmt->ms);
		made = made && all_made(fmt, block, count, data, metadata);
	}
	return made ? "generated" : zero ? "zero" : "wrong";
}

/* made:BLOCK, its metadata as it should be, in hexadecimal */
static const char *step_made(struct pi_dev *dev, const struct pi_step *step)
{
	static char text[2 * 4096 + 1];
	unsigned char *data = pi_buffer(dev->fmt.interval), made[4096];

	content_fill(data, step->block * dev->fmt.interval, dev->fmt.interval);
	pi_make(&dev->fmt, data, step->block, made);
	for (unsigned int i = 0; i < dev->fmt.ms; i++)
		sprintf(text + 2 * i, "%02x", made[i]);
	return text;
}

/* salt:NUMBER for the content of blocks in the steps that follow */
static const char *step_salt(struct pi_dev *dev, const struct pi_step *step)
{
	salt = step->block;
	return NULL;
}

static const struct {
	const char *name;
	const char *(*run)(struct pi_dev *dev, const struct pi_step *step);
} steps[] = {
	{ "rw", step_rw },
	{ "fill", step_fill },
	{ "read", step_read },
	{ "append", step_append },
	{ "tuples", step_tuples },
	{ "made", step_made },
	{ "corrupt", step_corrupt },
	{ "named", step_named },
	{ "user", step_user },
	{ "salt", step_salt },
	{ "nowait-write", step_nowait_write },
	{ "nowait-read", step_nowait_read },
	{ "again", step_again },
	{ "listen", step_listen },
	{ "uevents", step_uevents },
	{ "escapes", step_escapes },
	{ "memory", step_memory },
	{ "time-read", step_time_read },
	{ "time-write", step_time_write },
	{ "tagged", step_tagged },
	{ "packed", step_packed },
	{ "tagged-hex", step_tagged_hex },
	{ "packed-hex", step_packed_hex },
	{ "misplace", step_misplace },
	{ "guards", step_guards },
	{ "churn-write", step_churn_write },
	{ "churn-read", step_churn_read },
	{ "churn-map", step_churn_map },
	{ "meta-write", step_meta_write },
	{ "meta-read", step_meta_read },
	{ "meta-offsets", step_meta_offsets },
	{ "meta-checks", step_meta_checks },
	{ "meta-wrong", step_meta_wrong },
	{ "meta-tags", step_meta_tags },
	{ "meta-bad", step_meta_bad },
	{ "meta-way", step_meta_way },
	{ "meta-map", step_meta_map },
	{ "meta-gone", step_meta_gone },
	{ "meta-cap", step_meta_cap },
	{ "meta-nowait", step_meta_nowait },
	{ "meta-crowd", step_meta_crowd },
	{ "may-fail", step_may_fail },
};

/* NAME[:BLOCK[:COUNT or word]] */
static void run_step(struct pi_dev *dev, char *text)
{
	struct pi_step step = { .count = 1, .what = "" };
	char *first = strchr(text, ':'), *second;
	static const char *separator = "";
	const char *words;

	if (first) {
		*first++ = 0;
		step.what = first;
		step.block = strtoull(first, NULL, 0);
		second = strchr(first, ':');
		if (second) {
			*second++ = 0;
			step.what = second;
			step.count = strtoul(second, NULL, 0);
		}
	}
	for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
		if (strcmp(text, steps[i].name))
			continue;
		words = steps[i].run(dev, &step);
		if (words) {
			printf("%s%s", separator, words);
			separator = " ";
		}
		return;
	}
	remark("no such step: %s", text);
	exit(2);
}

int main(int argc, char **argv)
{
	const char *begin = getenv("PI_SHIFT");
	struct pi_dev dev;

	if (argc == 2 && !strcmp(argv[1], "vectors"))
		return pi_vectors();
	if (argc > 1 && (!strcmp(argv[1], "addpart") || !strcmp(argv[1], "delpart")))
		return pi_partition(argc - 1, argv + 1);
	if (argc < 4) {
		fputs("usage: pi_io vectors | addpart DEVICE NUMBER FIRST-SECTOR SECTORS | delpart DEVICE NUMBER |\n"
		      "DEVICE FORMAT STEP...\n"
		      "FORMAT is interval+metadata:none|crc16|ip|crc64|crc32c:type:offset, as 4096+64:crc16:1:56\n"
		      "STEP is rw, fill:BLOCK:COUNT, read:BLOCK:COUNT, tuples:BLOCK:COUNT, made:BLOCK,\n"
		      "corrupt:BLOCK:data|guard|app|ref|opaque, named:BLOCK:guard|app|ref, append:BLOCK:COUNT,\n"
		      "user:TEST, salt:NUMBER, nowait-write:BLOCK:COUNT, nowait-read:BLOCK:COUNT,\n"
		      "again:BLOCK:COUNT, listen, uevents[:N], escapes:BLOCK:COUNT, memory:0:MIB,\n"
		      "time-read:BLOCK:COUNT, time-write:BLOCK:COUNT,\n"
		      "tagged:BLOCK:COUNT, packed:BLOCK:COUNT, tagged-hex:BLOCK:COUNT, packed-hex:BLOCK:COUNT,\n"
		      "misplace:FROM:TO, guards:BLOCK, churn-write:BLOCK[:TIMES], churn-read:BLOCK[:TIMES],\n"
		      "churn-map:0[:TIMES],\n"
		      "meta-write:BLOCK:COUNT, meta-read:BLOCK:COUNT, meta-tags:BLOCK:COUNT,\n"
		      "meta-offsets:BLOCK, meta-checks:BLOCK:FLAGS, meta-wrong:BLOCK:FLAGS, meta-bad:NAME, meta-way:NAME,\n"
		      "meta-map:SEED:NAME, meta-gone:NAME, meta-cap[:BYTES], meta-nowait:BLOCK:ROUNDS,\n"
		      "meta-crowd:BLOCK:ROUNDS, may-fail:0|1\n", stderr);
		return 2;
	}
	if (begin)
		shift = strtoull(begin, NULL, 0);
	log_begin();
	pi_open(&dev, argv[1], argv[2]);
	for (int i = 3; i < argc; i++)
		run_step(&dev, argv[i]);
	puts("");
	return 0;
}
