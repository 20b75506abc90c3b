// SPDX-License-Identifier: GPL-2.0
/*
 * Slow and simple implementation of the T10 and NVMe formats, written from
 * SBC-4 4.21, NVM Command Set 5.3 and RFC 1071.
 */

#include "pi_reference.h"

#define CRC16_T10_POLY		0x8bb7
#define CRC64_NVME_POLY_REV	0x9a6c9329ac4bc9b5ULL
#define APP_BYTES		2

/**
 * pi_ref_crc16() - CRC-16 T10-DIF, most significant bit first
 * @crc: of what comes before, or %PI_REF_CRC16_INIT
 * @p: bytes
 * @len: how many
 *
 * Return: the CRC as a number.
 */
u16 pi_ref_crc16(u16 crc, const u8 *p, size_t len)
{
	while (len--) {
		u8 byte = *p++;

		for (int bit = 7; bit >= 0; bit--) {
			bool carry = (crc >> 15) ^ ((byte >> bit) & 1);

			crc <<= 1;
			if (carry)
				crc ^= CRC16_T10_POLY;
		}
	}
	return crc;
}

/**
 * pi_ref_crc64() - CRC-64 of NVMe, least significant bit first
 * @crc: of what comes before, or %PI_REF_CRC64_INIT
 * @p: bytes
 * @len: how many
 *
 * Return: the CRC as a number, inverted as it goes into a tuple.
 */
u64 pi_ref_crc64(u64 crc, const u8 *p, size_t len)
{
	crc = ~crc;
	while (len--) {
		u8 byte = *p++;

		for (int bit = 0; bit < 8; bit++) {
			bool carry = (crc ^ (byte >> bit)) & 1;

			crc >>= 1;
			if (carry)
				crc ^= CRC64_NVME_POLY_REV;
		}
	}
	return ~crc;
}

/**
 * pi_ref_ip_checksum() - the Internet checksum of two pieces
 * @p: first piece, an even number of bytes
 * @len: bytes in @p
 * @more: second piece
 * @more_len: bytes in @more; an odd last byte is the high half of a word
 *
 * Return: the checksum, a big endian number as in RFC 1071.
 */
u16 pi_ref_ip_checksum(const u8 *p, size_t len, const u8 *more, size_t more_len)
{
	u64 sum = 0;

	for (size_t i = 0; i < len + more_len; i++) {
		u8 byte = i < len ? p[i] : more[i - len];

		sum += i % 2 ? byte : byte * 256;
	}
	while (sum >= 65536)
		sum = sum % 65536 + sum / 65536;
	return 65535 - sum;
}

/**
 * pi_ref_guard_bytes() - width of the guard
 * @geometry: with a guard
 *
 * Return: bytes.
 */
unsigned int pi_ref_guard_bytes(const struct blk_integrity *geometry)
{
	return geometry->csum_type == BLK_INTEGRITY_CSUM_CRC64 ? 8 : 2;
}

/* Guard, application tag and reference tag share 8 or 16 bytes. */
static unsigned int ref_bytes(const struct blk_integrity *geometry)
{
	return geometry->csum_type == BLK_INTEGRITY_CSUM_CRC64 ? 6 : 4;
}

/**
 * pi_ref_tuple_bytes() - size of the tuple
 * @geometry: with a guard
 *
 * Return: bytes.
 */
unsigned int pi_ref_tuple_bytes(const struct blk_integrity *geometry)
{
	return pi_ref_guard_bytes(geometry) + APP_BYTES + ref_bytes(geometry);
}

/**
 * pi_ref_number() - read a big endian number
 * @p: its first byte
 * @bytes: its width
 *
 * Return: the number.
 */
u64 pi_ref_number(const u8 *p, unsigned int bytes)
{
	u64 value = 0;

	while (bytes--)
		value = value << 8 | *p++;
	return value;
}

/**
 * pi_ref_put_number() - write a big endian number
 * @p: its first byte
 * @bytes: its width; higher bits of @value are dropped
 * @value: the number
 */
void pi_ref_put_number(u8 *p, unsigned int bytes, u64 value)
{
	while (bytes--) {
		p[bytes] = value;
		value >>= 8;
	}
}

static u64 truncated(u64 value, unsigned int bytes)
{
	return value & (~0ULL >> (64 - 8 * bytes));
}

static u64 guard_of(const struct blk_integrity *geometry, const u8 *data,
		    const u8 *area)
{
	size_t len = (size_t)1 << geometry->interval_exp;
	size_t prefix = geometry->pi_offset;

	switch (geometry->csum_type) {
	case BLK_INTEGRITY_CSUM_CRC:
		return pi_ref_crc16(pi_ref_crc16(PI_REF_CRC16_INIT, data, len),
				    area, prefix);
	case BLK_INTEGRITY_CSUM_CRC64:
		return pi_ref_crc64(pi_ref_crc64(PI_REF_CRC64_INIT, data, len),
				    area, prefix);
	default:
		return pi_ref_ip_checksum(data, len, area, prefix);
	}
}

/**
 * pi_ref_generate() - protect intervals
 * @geometry: with a guard
 * @data: the intervals
 * @meta: their metadata areas; only guards and reference tags are written
 * @intervals: how many
 * @first: number of the first one
 */
void pi_ref_generate(const struct blk_integrity *geometry, const u8 *data,
		     u8 *meta, unsigned int intervals, u64 first)
{
	unsigned int guard_bytes = pi_ref_guard_bytes(geometry);

	for (unsigned int i = 0; i < intervals; i++) {
		u8 *pi = meta + geometry->pi_offset;

		pi_ref_put_number(pi, guard_bytes,
				  guard_of(geometry, data, meta));
		if (geometry->flags & BLK_INTEGRITY_REF_TAG)
			pi_ref_put_number(pi + guard_bytes + APP_BYTES,
					  ref_bytes(geometry), first + i);
		data += 1 << geometry->interval_exp;
		meta += geometry->tuple_size;
	}
}

/* Type 3 also requires a reference tag of all ones. */
static bool is_escaped(const struct blk_integrity *geometry, const u8 *app)
{
	unsigned int bytes = APP_BYTES;

	if (!(geometry->flags & BLK_INTEGRITY_REF_TAG))
		bytes += ref_bytes(geometry);
	while (bytes--) {
		if (app[bytes] != 0xff)
			return false;
	}
	return true;
}

/* The first wrong tag of an interval is reported; guards come first. */
static void verify_tag(struct blk_integrity_error *interval_err, u64 interval,
		       enum blk_integrity_tag tag, u64 expected, u64 found)
{
	if (interval_err->intervals[BLK_INTEGRITY_TAG_GUARD] ||
	    expected == found)
		return;
	interval_err->intervals[tag] = 1;
	interval_err->tag = tag;
	interval_err->interval = interval;
	interval_err->expected = expected;
	interval_err->found = found;
}

static unsigned int failures(const struct blk_integrity_error *err)
{
	return err->intervals[BLK_INTEGRITY_TAG_GUARD] +
	       err->intervals[BLK_INTEGRITY_TAG_APP] +
	       err->intervals[BLK_INTEGRITY_TAG_REF];
}

/**
 * pi_ref_verify() - check intervals
 * @geometry: with a guard
 * @data: the intervals
 * @meta: their metadata areas
 * @intervals: how many
 * @first: number of the first one
 * @err: how many failed for which tag, and the first one
 *
 * Return: how many failed.
 */
unsigned int pi_ref_verify(const struct blk_integrity *geometry, const u8 *data,
			   const u8 *meta, unsigned int intervals, u64 first,
			   struct blk_integrity_error *err)
{
	unsigned int guard_bytes = pi_ref_guard_bytes(geometry);
	unsigned int bytes = ref_bytes(geometry);

	memset(err, 0, sizeof(*err));
	for (unsigned int i = 0; i < intervals; i++) {
		const u8 *area = meta + i * geometry->tuple_size;
		const u8 *pi = area + geometry->pi_offset;
		const u8 *app = pi + guard_bytes;
		struct blk_integrity_error one = {};

		if (is_escaped(geometry, app))
			continue;
		verify_tag(&one, first + i, BLK_INTEGRITY_TAG_GUARD,
			   guard_of(geometry, data + (i << geometry->interval_exp),
				    area),
			   pi_ref_number(pi, guard_bytes));
		if (geometry->flags & BLK_INTEGRITY_REF_TAG)
			verify_tag(&one, first + i, BLK_INTEGRITY_TAG_REF,
				   truncated(first + i, bytes),
				   pi_ref_number(app + APP_BYTES, bytes));
		if (!failures(&one))
			continue;
		one.sector = one.interval * (1 << geometry->interval_exp) / 512;
		if (failures(err))
			err->intervals[one.tag]++;
		else
			*err = one;
	}
	return failures(err);
}

/**
 * pi_ref_remap() - renumber reference tags that have the expected number
 * @geometry: with a reference tag
 * @meta: metadata areas
 * @intervals: how many
 * @from: number the first one is expected to have
 * @to: its new number
 */
void pi_ref_remap(const struct blk_integrity *geometry, u8 *meta,
		  unsigned int intervals, u64 from, u64 to)
{
	unsigned int bytes = ref_bytes(geometry);
	u8 *ref = meta + geometry->pi_offset + pi_ref_guard_bytes(geometry) +
		  APP_BYTES;

	for (unsigned int i = 0; i < intervals; i++) {
		if (pi_ref_number(ref, bytes) == truncated(from + i, bytes))
			pi_ref_put_number(ref, bytes, to + i);
		ref += geometry->tuple_size;
	}
}
