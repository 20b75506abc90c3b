// SPDX-License-Identifier: GPL-2.0
/*
 * Tuples on the side of the device: the checks of a target (SBC-4 4.21, NVM
 * Command Set 5.2), and guards by independent code, so that errors of the block
 * layer are not repeated here.
 */
#include <linux/pgtable.h>

#include "pi_brd.h"

#define CRC16_POLY	0x8bb7			/* SBC-4 4.21.4 */
#define CRC32C_POLY	0x82f63b78		/* RFC 3720 12.1, reflected */
#define CRC64_POLY	0x9a6c9329ac4bc9b5ULL	/* NVM Command Set 5.2.1.3, reflected */

#define APP_BYTES	2

static u16 crc16_table[256];
static u32 crc32c_table[256];
static u64 crc64_table[256];

/* Bit by bit, for each value of a byte. */
static void make_tables(unsigned int byte)
{
	u16 crc16 = byte << 8;
	u32 crc32c = byte;
	u64 crc64 = byte;

	for (int bit = 0; bit < 8; bit++) {
		crc16 = crc16 << 1 ^ (crc16 & BIT(15) ? CRC16_POLY : 0);
		crc32c = crc32c >> 1 ^ (crc32c & 1 ? CRC32C_POLY : 0);
		crc64 = crc64 >> 1 ^ (crc64 & 1 ? CRC64_POLY : 0);
	}
	crc16_table[byte] = crc16;
	crc32c_table[byte] = crc32c;
	crc64_table[byte] = crc64;
}

/**
 * pi_brd_check_init() - compute the tables of the guards
 *
 * Context: Process context.  Called once, before the first disk is added.
 */
void pi_brd_check_init(void)
{
	for (unsigned int byte = 0; byte < 256; byte++)
		make_tables(byte);
}

static u16 crc16_add(u16 crc, const u8 *p, unsigned int len)
{
	while (len--)
		crc = crc << 8 ^ crc16_table[crc >> 8 ^ *p++];
	return crc;
}

static u64 crc16_guard(const u8 *data, unsigned int len, const u8 *prefix,
		       unsigned int prefix_len)
{
	return crc16_add(crc16_add(0, data, len), prefix, prefix_len);
}

static u32 crc32c_add(u32 crc, const u8 *p, unsigned int len)
{
	while (len--)
		crc = crc >> 8 ^ crc32c_table[(u8)crc ^ *p++];
	return crc;
}

static u64 crc32c_guard(const u8 *data, unsigned int len, const u8 *prefix,
			unsigned int prefix_len)
{
	return ~crc32c_add(crc32c_add(~0U, data, len), prefix, prefix_len);
}

static u64 crc64_add(u64 crc, const u8 *p, unsigned int len)
{
	while (len--)
		crc = crc >> 8 ^ crc64_table[(u8)crc ^ *p++];
	return crc;
}

static u64 crc64_guard(const u8 *data, unsigned int len, const u8 *prefix,
		       unsigned int prefix_len)
{
	return ~crc64_add(crc64_add(~0ULL, data, len), prefix, prefix_len);
}

/* RFC 1071; an odd byte at the end counts as the high one. */
static u64 ip_add(u64 sum, const u8 *p, unsigned int len)
{
	for (unsigned int i = 0; i < len; i++)
		sum += i & 1 ? p[i] : p[i] << 8;
	return sum;
}

static u64 ip_guard(const u8 *data, unsigned int len, const u8 *prefix,
		    unsigned int prefix_len)
{
	u64 sum = ip_add(ip_add(0, data, len), prefix, prefix_len);

	while (sum >> 16)
		sum = (sum & U16_MAX) + (sum >> 16);
	return ~sum & U16_MAX;
}

static const struct pi_brd_format formats[PI_BRD_NR_GUARDS] = {
	[PI_BRD_GUARD_CRC16] = {
		.tuple_bytes = 8, .guard_bytes = 2,
		.ref_offset = 4, .ref_bytes = 4, .compute = crc16_guard,
	},
	[PI_BRD_GUARD_IP] = {
		.tuple_bytes = 8, .guard_bytes = 2,
		.ref_offset = 4, .ref_bytes = 4, .compute = ip_guard,
	},
	[PI_BRD_GUARD_CRC64] = {
		.tuple_bytes = 16, .guard_bytes = 8,
		.ref_offset = 10, .ref_bytes = 6, .compute = crc64_guard,
	},
	[PI_BRD_GUARD_CRC32C] = {
		.tuple_bytes = 16, .guard_bytes = 4,
		.ref_offset = 8, .ref_bytes = 8, .compute = crc32c_guard,
	},
};

/**
 * pi_brd_format_of() - layout of the tuples with a guard
 * @guard: the guard
 *
 * Return: the layout, NULL for %PI_BRD_GUARD_NONE.
 */
const struct pi_brd_format *pi_brd_format_of(enum pi_brd_guard guard)
{
	return guard == PI_BRD_GUARD_NONE ? NULL : &formats[guard];
}

static void put_number(u8 *to, u64 number, unsigned int bytes)
{
	while (bytes--) {
		to[bytes] = number;
		number >>= 8;
	}
}

static u64 get_number(const u8 *from, unsigned int bytes)
{
	u64 number = 0;

	while (bytes--)
		number = number << 8 | *from++;
	return number;
}

static u64 low_bytes(u64 number, unsigned int bytes)
{
	return number & (U64_MAX >> (64 - 8 * bytes));
}

static bool has_ref(const struct pi_brd *dev)
{
	return dev->config.type != 3;
}

static u64 guard_of(const struct pi_brd *dev, const u8 *data, const u8 *meta)
{
	return dev->format->compute(data, pi_brd_interval_bytes(dev), meta,
				  dev->config.pi_offset);
}

/**
 * pi_brd_blank() - fill in the metadata of an interval that was never written
 * @dev: the disk
 * @meta: metadata of the interval
 *
 * The tuple is an escape, which is valid for any data.
 *
 * Context: Any context.
 */
void pi_brd_blank(const struct pi_brd *dev, u8 *meta)
{
	memset(meta, 0, dev->config.metadata_bytes);
	if (dev->format)
		memset(meta + dev->config.pi_offset, 0xff,
		       dev->format->tuple_bytes);
}

static void insert(const struct pi_brd *dev, u64 interval, u64 guard, u8 *meta)
{
	const struct pi_brd_format *fmt = dev->format;
	u8 *tuple = meta + dev->config.pi_offset;

	put_number(tuple, guard, fmt->guard_bytes);
	if (has_ref(dev))
		put_number(tuple + fmt->ref_offset, interval, fmt->ref_bytes);
}

/**
 * pi_brd_insert() - generate metadata for data that was sent without
 * @dev: the disk
 * @interval: number of the interval
 * @data: its data
 * @meta: its metadata
 *
 * Context: Any context.
 */
void pi_brd_insert(const struct pi_brd *dev, u64 interval, const u8 *data,
		   u8 *meta)
{
	memset(meta, 0, dev->config.metadata_bytes);
	if (dev->format)
		insert(dev, interval, guard_of(dev, data, meta), meta);
}

/**
 * pi_brd_zero_init() - compute the guard of an interval of zeroes
 * @dev: the disk
 *
 * Context: Process context.
 */
void pi_brd_zero_init(struct pi_brd *dev)
{
	const u8 *zeroes = page_address(ZERO_PAGE(0));

	if (dev->format)
		dev->zero_guard = guard_of(dev, zeroes, zeroes);
}

/**
 * pi_brd_insert_zero() - pi_brd_insert() for an interval of zeroes
 * @dev: the disk
 * @interval: number of the interval
 * @meta: its metadata
 *
 * Context: Any context.
 */
void pi_brd_insert_zero(const struct pi_brd *dev, u64 interval, u8 *meta)
{
	memset(meta, 0, dev->config.metadata_bytes);
	if (dev->format)
		insert(dev, interval, dev->zero_guard, meta);
}

/**
 * pi_brd_renumber() - renumber the reference tag of an appended interval
 * @dev: the disk
 * @from: number it was submitted with
 * @to: number of the interval
 * @meta: its metadata
 *
 * Context: Any context.
 */
void pi_brd_renumber(const struct pi_brd *dev, u64 from, u64 to, u8 *meta)
{
	const struct pi_brd_format *fmt = dev->format;
	u8 *ref;

	if (!fmt || !has_ref(dev))
		return;
	ref = meta + dev->config.pi_offset + fmt->ref_offset;
	if (get_number(ref, fmt->ref_bytes) == low_bytes(from, fmt->ref_bytes))
		put_number(ref, to, fmt->ref_bytes);
}

static bool is_escape(const struct pi_brd *dev, const u8 *tuple)
{
	const struct pi_brd_format *fmt = dev->format;

	if (get_number(tuple + fmt->guard_bytes, APP_BYTES) != PI_BRD_APP_ESCAPE)
		return false;
	return has_ref(dev) || get_number(tuple + fmt->ref_offset,
			fmt->ref_bytes) == low_bytes(U64_MAX, fmt->ref_bytes);
}

/* Set field, expected and found of @err.  Return: %true if the tuple is valid. */
static bool check_tuple(const struct pi_brd *dev,
			const struct pi_brd_checks *checks,
			const u8 *data, const u8 *meta,
			struct pi_brd_error *err)
{
	const struct pi_brd_format *fmt = dev->format;
	const u8 *tuple = meta + dev->config.pi_offset;

	if (checks->guard) {
		err->field = PI_BRD_FIELD_GUARD;
		err->expected = guard_of(dev, data, meta);
		err->found = get_number(tuple, fmt->guard_bytes);
		if (err->expected != err->found)
			return false;
	}
	if (checks->app) {
		err->field = PI_BRD_FIELD_APP;
		err->expected = checks->app_tag & checks->app_mask;
		err->found = get_number(tuple + fmt->guard_bytes, APP_BYTES) &
			     checks->app_mask;
		if (err->expected != err->found)
			return false;
	}
	if (checks->ref && has_ref(dev)) {
		err->field = PI_BRD_FIELD_REF;
		err->expected = low_bytes(err->interval, fmt->ref_bytes);
		err->found = get_number(tuple + fmt->ref_offset,
					fmt->ref_bytes);
		if (err->expected != err->found)
			return false;
	}
	return true;
}

/**
 * pi_brd_check() - check the tuple of an interval as a target does
 * @dev: the disk
 * @checks: what to check
 * @write: on a write, else on a read
 * @interval: number that the reference tag should have
 * @data: data of the interval
 * @meta: its metadata
 *
 * Counts and records an error.
 *
 * Context: Process context.
 * Return: %true if all requested checks pass.
 */
bool pi_brd_check(struct pi_brd *dev, const struct pi_brd_checks *checks,
		  bool write, u64 interval, const u8 *data, const u8 *meta)
{
	struct pi_brd_error err = { .write = write, .interval = interval };

	if (!dev->format || !(checks->guard || checks->app || checks->ref))
		return true;
	if (is_escape(dev, meta + dev->config.pi_offset)) {
		atomic64_inc(&dev->stat.escaped);
		return true;
	}
	atomic64_inc(&dev->stat.checked);
	if (check_tuple(dev, checks, data, meta, &err))
		return true;

	atomic64_inc(&dev->stat.errors);
	spin_lock(&dev->error_lock);
	dev->error = err;
	spin_unlock(&dev->error_lock);
	return false;
}

/**
 * pi_brd_field_at() - find a part of the metadata
 * @dev: the disk
 * @field: the part, not %PI_BRD_FIELD_DATA
 * @offset: set to its offset in the metadata of an interval in bytes
 * @bytes: set to its length in bytes, 0: there is none
 *
 * Context: Any context.
 */
void pi_brd_field_at(const struct pi_brd *dev, enum pi_brd_field field,
		     unsigned int *offset, unsigned int *bytes)
{
	const struct pi_brd_format *fmt = dev->format;
	unsigned int tuple_bytes = fmt ? fmt->tuple_bytes : 0;

	*offset = dev->config.pi_offset;
	*bytes = 0;
	switch (field) {
	case PI_BRD_FIELD_OPAQUE:
		*offset = dev->config.pi_offset ? 0 : tuple_bytes;
		*bytes = dev->config.pi_offset ?:
			 dev->config.metadata_bytes - tuple_bytes;
		break;
	case PI_BRD_FIELD_GUARD:
		*bytes = fmt ? fmt->guard_bytes : 0;
		break;
	case PI_BRD_FIELD_APP:
		*offset += fmt ? fmt->guard_bytes : 0;
		*bytes = fmt ? APP_BYTES : 0;
		break;
	default:
		*offset += fmt ? fmt->ref_offset : 0;
		*bytes = fmt ? fmt->ref_bytes : 0;
		break;
	}
}
