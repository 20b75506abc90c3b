// SPDX-License-Identifier: GPL-2.0
/*
 * The expected content of pi_client's blocks on the medium, including tags,
 * computed independently; and blocks that are moved to the wrong place.
 *
 * A block of a format counts as in all other steps; pi_client's have 4096
 * bytes.  The salt of the content is their generation, and their owner is 1.
 */
#define _GNU_SOURCE
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>

#include "pi_io.h"

#define CLIENT_BLOCK	4096
#define OWNER		1
#define POINTER_BYTES	16
#define MAX_METADATA	4096

static void put_le(__u8 **to, __u64 value, unsigned int bytes)
{
	for (; bytes; bytes--, value >>= 8)
		*(*to)++ = value;
}

/* All bytes of a block's tags; a format takes as many as it has room for. */
static void client_tag(__u64 block, __u8 *tag, unsigned int bytes)
{
	__u64 generation = content_salt();
	__u8 pointer[POINTER_BYTES], *to = pointer;

	put_le(&to, block, 4);
	put_le(&to, generation, 2);
	put_le(&to, OWNER, 2);
	put_le(&to, block >> 32, 4);
	put_le(&to, generation >> 16, 2);
	put_le(&to, OWNER >> 16, 2);
	for (unsigned int at = 0; at < bytes; at++)
		tag[at] = at < POINTER_BYTES ? pointer[at] :
			  block * 29 + generation * 3 + at * 5;
}

/* The format with CRC-32C of pi_brd takes tags in the tuple only. */
#define CRC32C_TAG_BYTES	4

/* Tags are outside of the tuple; if the metadata is just the tuple, inside. */
static bool has_room(const struct pi_format *fmt)
{
	return fmt->ms > pi_size(fmt) && fmt->guard != PI_CRC32C;
}

static unsigned int tag_bytes(const struct pi_format *fmt)
{
	unsigned int offset, app, ref;

	if (fmt->guard == PI_CRC32C)
		return CRC32C_TAG_BYTES;
	if (has_room(fmt))
		return fmt->ms - pi_size(fmt);
	pi_field(fmt, PI_APP, &offset, &app);
	pi_field(fmt, PI_REF, &offset, &ref);
	return app + (fmt->type == 3 ? ref : 0);
}

/* One bit, counted from the most significant one of the first byte. */
static unsigned int bit(const __u8 *bytes, unsigned int at)
{
	return bytes[at / 8] >> (7 - at % 8) & 1;
}

/* Packed: a zero, then the next bits; an incomplete last byte is not used. */
static void packed_part(const __u8 *tag, unsigned int tag_bits, unsigned int i,
			__u8 *part, unsigned int bytes)
{
	unsigned int from = i * (8 * bytes - 1);

	memset(part, 0, bytes);
	for (unsigned int to = 1; to < 8 * bytes && from < tag_bits; to++, from++)
		part[to / 8] |= bit(tag, from) << (7 - to % 8);
}

/*
 * The metadata of one interval that a write of pi_client stores on the medium.
 */
static void client_metadata(const struct pi_format *fmt, const void *data,
			    __u64 number, bool packed, __u8 *metadata)
{
	__u64 place = content_place(number * fmt->interval);
	unsigned int i = place % CLIENT_BLOCK / fmt->interval;
	unsigned int intervals = CLIENT_BLOCK / fmt->interval;
	unsigned int bytes = tag_bytes(fmt), offset, app;
	__u8 tag[CLIENT_BLOCK * 8], part[MAX_METADATA];

	memset(metadata, 0, fmt->ms);
	client_tag(place / CLIENT_BLOCK, tag, intervals * bytes);
	if (packed && !has_room(fmt)) {
		unsigned int bits = intervals * (8 * bytes - 1) / 8 * 8;

		packed_part(tag, bits, i, part, bytes);
	} else {
		memcpy(part, tag + i * bytes, bytes);
	}

	if (has_room(fmt)) {
		unsigned int end = fmt->offset + pi_size(fmt);

		memcpy(metadata, part, fmt->offset);
		memcpy(metadata + end, part + fmt->offset, fmt->ms - end);
	} else {
		pi_field(fmt, PI_APP, &offset, &app);
		memcpy(metadata + offset, part, bytes);
	}
	pi_protect(fmt, data, number, metadata);
}

static const char *on_medium(struct pi_dev *dev, const struct pi_step *step,
			     bool packed)
{
	const struct pi_format *fmt = &dev->fmt;
	__u8 *data = pi_buffer(fmt->interval), *want = pi_buffer(fmt->interval);
	__u8 metadata[MAX_METADATA], made[MAX_METADATA];
	const char *result = "tagged";

	for (__u64 number = step->block; number < step->block + step->count;
	     number++) {
		int ret = pi_raw_read(dev, number, 1, data, metadata);

		if (ret)
			return answer("unreadable-%s", pi_status(ret));
		content_fill(want, number * fmt->interval, fmt->interval);
		if (memcmp(want, data, fmt->interval)) {
			result = answer("DIFFERENT-%llu", number);
			break;
		}
		client_metadata(fmt, data, number, packed, made);
		if (!pi_same(fmt, made, metadata, number)) {
			result = "wrong";
			break;
		}
	}
	munmap(data, fmt->interval);
	munmap(want, fmt->interval);
	return result;
}

/*
 * tagged:BLOCK:COUNT compares blocks on the medium with what pi_client writes.
 */
const char *step_tagged(struct pi_dev *dev, const struct pi_step *step)
{
	return on_medium(dev, step, false);
}

/* packed:BLOCK:COUNT: the same with packed tags */
const char *step_packed(struct pi_dev *dev, const struct pi_step *step)
{
	return on_medium(dev, step, true);
}

static const char *hex(struct pi_dev *dev, const struct pi_step *step,
		       bool packed)
{
	static char text[2 * 8 * MAX_METADATA + 1];
	__u8 *data = pi_buffer(dev->fmt.interval), made[MAX_METADATA];
	char *to = text;

	for (unsigned int i = 0; i < step->count && i < 8; i++) {
		__u64 number = step->block + i;

		content_fill(data, number * dev->fmt.interval, dev->fmt.interval);
		client_metadata(&dev->fmt, data, number, packed, made);
		for (unsigned int at = 0; at < dev->fmt.ms; at++)
			to += sprintf(to, "%02x", made[at]);
	}
	return text;
}

/*
 * tagged-hex:BLOCK:COUNT prints the expected metadata of at most 8 blocks in
 * hex.
 */
const char *step_tagged_hex(struct pi_dev *dev, const struct pi_step *step)
{
	return hex(dev, step, false);
}

/* packed-hex:BLOCK:COUNT: the same with packed tags */
const char *step_packed_hex(struct pi_dev *dev, const struct pi_step *step)
{
	return hex(dev, step, true);
}

/*
 * misplace:FROM:TO copies 4096 bytes with their metadata.  The reference tags
 * are those of the new place, as if the block had been written there by
 * mistake.
 */
const char *step_misplace(struct pi_dev *dev, const struct pi_step *step)
{
	const struct pi_format *fmt = &dev->fmt;
	unsigned int count = CLIENT_BLOCK / fmt->interval;
	__u8 *data = pi_buffer(CLIENT_BLOCK), *metadata = pi_buffer(count * fmt->ms);
	int ret = pi_raw_read(dev, step->block, count, data, metadata);

	for (unsigned int i = 0; i < count; i++)
		pi_protect(fmt, data + i * fmt->interval, step->count + i,
			   metadata + i * fmt->ms);
	return pi_status(ret ? ret :
			 pi_raw_write(dev, step->count, count, data, metadata));
}

/* guards:BLOCK prints the expected and the actual guard of the block. */
const char *step_guards(struct pi_dev *dev, const struct pi_step *step)
{
	const struct pi_format *fmt = &dev->fmt;
	__u8 *data = pi_buffer(fmt->interval), metadata[MAX_METADATA];
	int ret = pi_raw_read(dev, step->block, 1, data, metadata);
	unsigned int offset, bytes;
	__u64 guard[2] = {};

	if (ret)
		return answer("unreadable-%s", pi_status(ret));
	pi_field(fmt, PI_GUARD, &offset, &bytes);
	for (unsigned int i = 0; i < bytes; i++)
		guard[1] = guard[1] << 8 | metadata[offset + i];
	pi_protect(fmt, data, step->block, metadata);
	for (unsigned int i = 0; i < bytes; i++)
		guard[0] = guard[0] << 8 | metadata[offset + i];
	return answer("expected 0x%llx found 0x%llx", guard[0], guard[1]);
}
