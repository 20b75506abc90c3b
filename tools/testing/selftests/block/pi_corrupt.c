// SPDX-License-Identifier: GPL-2.0
/*
 * Damage of a block or its metadata on the medium: flips a bit without
 * detection.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "pi_io.h"

static __u16 guard16(const struct pi_format *fmt, const void *data)
{
	return fmt->guard == PI_IP ? pi_ip(data, fmt->interval, NULL, 0) :
				     pi_crc16(0, data, fmt->interval);
}

/* Change the last two bytes so that the lowest bit of the guard changes. */
static bool forge(const struct pi_format *fmt, __u8 *data)
{
	__u16 want = guard16(fmt, data) ^ 1;
	__u8 *last = data + fmt->interval - 2;

	for (unsigned int try = 0; try < 0x10000; try++) {
		last[0] = try >> 8;
		last[1] = try;
		if (guard16(fmt, data) == want)
			return true;
	}
	return false;
}

static int write_block(struct pi_dev *dev, __u64 block, const void *data)
{
	ssize_t bytes = dev->fmt.interval;

	return pwrite(dev->fd, data, bytes, block * bytes) == bytes ? 0 : -errno;
}

/*
 * SCSI cannot write a tuple without the block layer, so the medium gets a wrong
 * one as on real disks: from a write of other data (guard), or from a
 * misdirected write, as the blocks of scsi_debug repeat every PI_STORE_BLOCKS
 * (reference tag).
 */
static int corrupt_scsi(struct pi_dev *dev, __u64 block, __u8 *data,
			const char *what)
{
	const char *repeat = getenv("PI_STORE_BLOCKS");
	__u8 *forged;
	int ret;

	if (!strcmp(what, "data")) {
		data[dev->fmt.interval / 2] ^= 0x10;
		return pi_raw_write(dev, block, 1, data, NULL);
	}
	if (!strcmp(what, "guard")) {
		forged = pi_buffer(dev->fmt.interval);
		memcpy(forged, data, dev->fmt.interval);
		if (!forge(&dev->fmt, forged))
			return -EDOM;
		ret = write_block(dev, block, forged);
		return ret ? ret : pi_raw_write(dev, block, 1, data, NULL);
	}
	if (!strcmp(what, "ref") && repeat)
		return write_block(dev, block + strtoull(repeat, NULL, 0), data);
	return -EINVAL;
}

static int corrupt_raw(struct pi_dev *dev, __u64 block, __u8 *data,
			__u8 *metadata, const char *what)
{
	static const char * const names[] = {
		[PI_GUARD] = "guard", [PI_APP] = "app", [PI_REF] = "ref",
		[PI_OPAQUE] = "opaque",
	};
	unsigned int offset, bytes;

	if (!strcmp(what, "data")) {
		data[dev->fmt.interval / 2] ^= 0x10;
		return pi_raw_write(dev, block, 1, data, metadata);
	}
	for (int field = PI_GUARD; field <= PI_OPAQUE; field++) {
		if (strcmp(what, names[field]))
			continue;
		pi_field(&dev->fmt, field, &offset, &bytes);
		if (!bytes)
			return -EINVAL;
		metadata[offset + bytes - 1] ^= 1;
		return pi_raw_write(dev, block, 1, data, metadata);
	}
	return -EINVAL;
}

/* corrupt:BLOCK:data|guard|app|ref|opaque */
const char *step_corrupt(struct pi_dev *dev, const struct pi_step *step)
{
	void *data = pi_buffer(dev->fmt.interval);
	void *metadata = dev->raw ? pi_buffer(dev->fmt.ms) : NULL;
	int ret = pi_raw_read(dev, step->block, 1, data, metadata);

	if (!ret)
		ret = dev->raw ?
			corrupt_raw(dev, step->block, data, metadata,
				     step->what) :
			corrupt_scsi(dev, step->block, data, step->what);
	return pi_status(ret);
}
