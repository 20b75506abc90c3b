// SPDX-License-Identifier: GPL-2.0
/*
 * Metadata along with the data, by io_uring: what the block layer makes of it,
 * in both directions, at any place in memory, with any checks.
 */
#define _GNU_SOURCE
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "pi_meta.h"

#define SEED	0x1234567	/* not where any of the blocks is */
#define PAGE	4096

/* Tuples of so many blocks, with an application tag. */
void meta_make(struct pi_dev *dev, const void *data, __u64 number, unsigned int count,
	       __u16 app_tag, void *metadata)
{
	const struct pi_format *fmt = &dev->fmt;
	unsigned int offset, bytes;

	pi_field(fmt, PI_APP, &offset, &bytes);
	for (unsigned int i = 0; i < count; i++) {
		char *each = metadata + (size_t)i * fmt->ms;

		pi_make(fmt, data + (size_t)i * fmt->interval, number + i, each);
		if (!bytes)
			continue;
		each[offset] = app_tag >> 8;
		each[offset + 1] = app_tag;
	}
}

void meta_io_init(struct meta_io *io, struct pi_dev *dev, int opcode, __u64 block,
		  unsigned int count)
{
	memset(io, 0, sizeof(*io));
	io->opcode = opcode;
	io->fd = dev->fd;
	io->at = block * dev->fmt.interval;
	io->data_bytes = count * dev->fmt.interval;
	/* Room for a test to move data and metadata. */
	io->buffer = pi_buffer(io->data_bytes + PAGE);
	io->data = io->buffer;
	io->len = io->data_bytes;
	io->pi.len = count * dev->fmt.ms;
	io->metadata = pi_buffer(io->pi.len + 2 * PAGE);
	io->pi.addr = (uintptr_t)io->metadata;
	io->pi.seed = SEED;
	io->type_mask = IORING_RW_ATTR_FLAG_PI;
	if (opcode != IORING_OP_WRITE && opcode != IORING_OP_WRITEV &&
	    opcode != IORING_OP_WRITE_FIXED)
		return;
	content_fill(io->buffer, io->at, io->data_bytes);
	meta_make(dev, io->buffer, SEED, count, 0, io->metadata);
}

void meta_io_free(struct meta_io *io)
{
	munmap(io->buffer, io->data_bytes + PAGE);
	munmap(io->metadata, io->pi.len + 2 * PAGE);
}

void meta_io_prepare(struct io_uring_sqe *sqe, const struct meta_io *io)
{
	sqe->opcode = io->opcode;
	sqe->flags = io->sqe_flags;
	sqe->rw_flags = io->rw_flags;
	sqe->fd = io->fd;
	sqe->off = io->at;
	sqe->addr = (uintptr_t)io->data;
	sqe->len = io->len;
	sqe->attr_ptr = (uintptr_t)(io->attr ?: &io->pi);
	sqe->attr_type_mask = io->type_mask;
}

int meta_io_run(struct pi_ring *ring, const struct meta_io *io)
{
	meta_io_prepare(ring_next(ring), io);
	return ring_run(ring);
}

int meta_io_once(const struct meta_io *io)
{
	struct pi_ring ring;
	int ret = ring_open(&ring, 0);

	if (ret)
		return ret;
	ret = meta_io_run(&ring, io);
	ring_close(&ring);
	return ret;
}

const char *meta_result(int ret, unsigned int bytes)
{
	if (ret < 0)
		return pi_errno(-ret);
	return ret == (int)bytes ? "0" : "SHORT";
}

/* What was read, against the content of the blocks and tuples from the seed. */
const char *meta_compare(struct pi_dev *dev, const struct meta_io *io, __u64 block,
			 unsigned int count, __u16 app_tag)
{
	const struct pi_format *fmt = &dev->fmt;
	char *found = (char *)(uintptr_t)io->pi.addr;
	const char *result = "0";
	void *want = pi_buffer(io->data_bytes);
	char *tuples = pi_buffer(io->pi.len);

	content_fill(want, io->at, io->data_bytes);
	if (memcmp(want, io->buffer, io->data_bytes)) {
		result = "DIFFERENT";
	} else {
		meta_make(dev, want, io->pi.seed, count, app_tag, tuples);
		for (unsigned int i = 0; i < count; i++)
			if (!pi_same(fmt, tuples + (size_t)i * fmt->ms,
				     found + (size_t)i * fmt->ms, block + i)) {
				result = "wrong-tuple";
				break;
			}
	}
	munmap(want, io->data_bytes);
	munmap(tuples, io->pi.len);
	return result;
}

/* meta-write:BLOCK:COUNT with tuples of the program */
const char *step_meta_write(struct pi_dev *dev, const struct pi_step *step)
{
	struct meta_io io;
	int ret;

	meta_io_init(&io, dev, IORING_OP_WRITE, step->block, step->count);
	io.pi.flags = dev->fmt.guard ? IO_INTEGRITY_CHK_GUARD | IO_INTEGRITY_CHK_REFTAG : 0;
	ret = meta_io_once(&io);
	meta_io_free(&io);
	return meta_result(ret, io.data_bytes);
}

/* meta-read:BLOCK:COUNT, tuples and data */
const char *step_meta_read(struct pi_dev *dev, const struct pi_step *step)
{
	const char *result;
	struct meta_io io;

	meta_io_init(&io, dev, IORING_OP_READ, step->block, step->count);
	result = meta_result(meta_io_once(&io), io.data_bytes);
	if (!strcmp(result, "0"))
		result = meta_compare(dev, &io, step->block, step->count, 0);
	meta_io_free(&io);
	return result;
}

/* meta-offsets:BLOCK, 8 MiB with the metadata at 512 places, 4 bytes apart */
const char *step_meta_offsets(struct pi_dev *dev, const struct pi_step *step)
{
	unsigned int count = (8U << 20) / dev->fmt.interval;
	struct meta_io out, in;
	const char *result = "0";
	struct pi_ring ring;
	char *tuples;

	if (ring_open(&ring, 0))
		return "no-ring";
	meta_io_init(&out, dev, IORING_OP_WRITE, step->block, count);
	meta_io_init(&in, dev, IORING_OP_READ, step->block, count);
	tuples = pi_buffer(out.pi.len);
	memcpy(tuples, out.metadata, out.pi.len);

	for (unsigned int offset = 0; offset < 512 * 4; offset += 4) {
		out.pi.addr = (uintptr_t)out.metadata + offset;
		memcpy(out.metadata + offset, tuples, out.pi.len);
		in.pi.addr = (uintptr_t)in.metadata + offset;
		memset(in.buffer, 0x5a, in.data_bytes);
		memset(in.metadata, 0x5a, in.pi.len + 2 * PAGE);
		result = meta_result(meta_io_run(&ring, &out), out.data_bytes);
		if (!strcmp(result, "0"))
			result = meta_result(meta_io_run(&ring, &in), in.data_bytes);
		if (!strcmp(result, "0") &&
		    (memcmp(in.buffer, out.buffer, in.data_bytes) ||
		     memcmp(in.metadata + offset, tuples, in.pi.len) ||
		     (offset && in.metadata[offset - 1] != 0x5a) ||
		     in.metadata[offset + in.pi.len] != 0x5a))
			result = "DIFFERENT";
		if (strcmp(result, "0")) {
			result = answer("%s at %u", result, offset);
			break;
		}
	}
	meta_io_free(&out);
	meta_io_free(&in);
	munmap(tuples, out.pi.len);
	ring_close(&ring);
	return result;
}

/* Changes one byte of a field of the metadata of the second of the blocks. */
static void damage(struct pi_dev *dev, struct meta_io *io, enum pi_field field)
{
	unsigned int offset, bytes;

	pi_field(&dev->fmt, field, &offset, &bytes);
	io->metadata[dev->fmt.ms + offset + bytes - 1] ^= 0x40;
}

#define CHECK_COUNT	8
#define CHECK_APP	0x1357

static const char *checked_write(struct pi_dev *dev, __u64 block, unsigned int flags,
				 int field)
{
	struct meta_io io;
	int ret;

	meta_io_init(&io, dev, IORING_OP_WRITE, block, CHECK_COUNT);
	meta_make(dev, io.buffer, io.pi.seed, CHECK_COUNT, CHECK_APP, io.metadata);
	if (field >= 0)
		damage(dev, &io, field);
	io.pi.flags = flags;
	io.pi.app_tag = CHECK_APP;
	ret = meta_io_once(&io);
	meta_io_free(&io);
	return meta_result(ret, io.data_bytes);
}

static const char *checked_read(struct pi_dev *dev, __u64 block, unsigned int flags)
{
	struct meta_io io;
	int ret;

	meta_io_init(&io, dev, IORING_OP_READ, block, CHECK_COUNT);
	io.pi.flags = flags;
	io.pi.app_tag = CHECK_APP;
	ret = meta_io_once(&io);
	meta_io_free(&io);
	return meta_result(ret, io.data_bytes);
}

/*
 * meta-checks:BLOCK:FLAGS, those that the device is told: with each, a right and
 * a wrong tag, and the wrong one without the check; written, then read.
 */
const char *step_meta_checks(struct pi_dev *dev, const struct pi_step *step)
{
	static const struct {
		const char *name;
		unsigned int flag;
		enum pi_field field;
	} tags[] = {
		{ "guard", IO_INTEGRITY_CHK_GUARD, PI_GUARD },
		{ "ref", IO_INTEGRITY_CHK_REFTAG, PI_REF },
		{ "app", IO_INTEGRITY_CHK_APPTAG, PI_APP },
	};
	static char text[256];
	char *end = text;

	text[0] = 0;
	for (int i = 0; i < 3; i++) {
		unsigned int flag = tags[i].flag;

		if (!(step->count & flag))
			continue;
		end += sprintf(end, "%s%s", end == text ? "" : " ", tags[i].name);
		end += sprintf(end, " %s", checked_write(dev, step->block, flag, -1));
		end += sprintf(end, ",%s", checked_read(dev, step->block, flag));
		end += sprintf(end, " %s", checked_write(dev, step->block, flag, tags[i].field));
		end += sprintf(end, ",%s", checked_write(dev, step->block, step->count & ~flag, tags[i].field));
		end += sprintf(end, " %s", checked_read(dev, step->block, flag));
		end += sprintf(end, ",%s", checked_read(dev, step->block, step->count & ~flag));
	}
	return text;
}

/*
 * meta-wrong:BLOCK:FLAGS, all of them at once, for devices that cannot choose:
 * right tags, each wrong one written, and each read.
 */
const char *step_meta_wrong(struct pi_dev *dev, const struct pi_step *step)
{
	static char text[128];
	char *end = text;

	end += sprintf(end, "%s", checked_write(dev, step->block, step->count, -1));
	end += sprintf(end, ",%s", checked_read(dev, step->block, step->count));
	for (int field = PI_GUARD; field <= PI_REF; field += PI_REF - PI_GUARD) {
		if (field == PI_REF && dev->fmt.type == 3)
			break;
		end += sprintf(end, " %s", checked_write(dev, step->block, step->count, field));
		end += sprintf(end, ",%s", checked_write(dev, step->block, 0, field));
		end += sprintf(end, ",%s", checked_read(dev, step->block, step->count));
		end += sprintf(end, ",%s", checked_read(dev, step->block, 0));
	}
	return text;
}

/* meta-tags:BLOCK:COUNT: compare every byte that the program wrote */
const char *step_meta_tags(struct pi_dev *dev, const struct pi_step *step)
{
	const struct pi_format *fmt = &dev->fmt;
	struct meta_io out, in;
	const char *result;

	meta_io_init(&out, dev, IORING_OP_WRITE, step->block, step->count);
	meta_io_init(&in, dev, IORING_OP_READ, step->block, step->count);
	for (unsigned int i = 0; i < step->count; i++) {
		char *each = out.metadata + (size_t)i * fmt->ms;

		for (unsigned int j = 0; j < fmt->ms; j++)
			each[j] = 1 + (i * 31 + j * 7) % 250;
		pi_protect(fmt, out.buffer + (size_t)i * fmt->interval, SEED + i, each);
	}
	out.pi.flags = fmt->guard ? IO_INTEGRITY_CHK_GUARD | IO_INTEGRITY_CHK_REFTAG : 0;
	in.pi.flags = out.pi.flags;
	result = meta_result(meta_io_once(&out), out.data_bytes);
	if (!strcmp(result, "0"))
		result = meta_result(meta_io_once(&in), in.data_bytes);
	if (!strcmp(result, "0") && (memcmp(in.buffer, out.buffer, in.data_bytes) ||
				     memcmp(in.metadata, out.metadata, in.pi.len)))
		result = "DIFFERENT";
	meta_io_free(&out);
	meta_io_free(&in);
	return result;
}
