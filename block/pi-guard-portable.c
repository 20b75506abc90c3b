// SPDX-License-Identifier: GPL-2.0
/*
 * Guards without vector registers: CRCs of sixteen bytes per step, with tables
 * that are computed at boot.  Every implementation falls back to these
 * functions.
 */

#include <linux/bitops.h>
#include <linux/cache.h>
#include <linux/compiler.h>
#include <linux/init.h>
#include <linux/swab.h>
#include <linux/unaligned.h>
#include <net/checksum.h>

#include "pi-guard.h"

#define CRC16_POLY	0x8bb7			/* without x^16 */
#define CRC64_POLY	0x9a6c9329ac4bc9b5ULL	/* bit 63 is x^0 */

#define SLICES		16

/* [n][byte]: CRC of @byte followed by n zero bytes, without initial value. */
static u16 crc16_table[SLICES][256] __ro_after_init ____cacheline_aligned;
static u64 crc64_table[SLICES][256] __ro_after_init ____cacheline_aligned;

static u16 __init crc16_of_byte(u8 byte)
{
	u16 crc = byte << 8;

	for (int bit = 0; bit < 8; bit++)
		crc = crc << 1 ^ (crc & 0x8000 ? CRC16_POLY : 0);
	return crc;
}

static u64 __init crc64_of_byte(u8 byte)
{
	u64 crc = byte;

	for (int bit = 0; bit < 8; bit++)
		crc = crc >> 1 ^ (crc & 1 ? CRC64_POLY : 0);
	return crc;
}

/**
 * pi_guard_portable_init() - compute the tables
 *
 * Context: Process context, before the first guard.
 */
void __init pi_guard_portable_init(void)
{
	for (int byte = 0; byte < 256; byte++) {
		crc16_table[0][byte] = crc16_of_byte(byte);
		crc64_table[0][byte] = crc64_of_byte(byte);
	}
	for (int n = 1; n < SLICES; n++) {
		for (int byte = 0; byte < 256; byte++) {
			u16 crc16 = crc16_table[n - 1][byte];
			u64 crc64 = crc64_table[n - 1][byte];

			crc16_table[n][byte] = (u16)(crc16 << 8) ^
					       crc16_table[0][crc16 >> 8];
			crc64_table[n][byte] = crc64 >> 8 ^
					       crc64_table[0][crc64 & 0xff];
		}
	}
}

static __always_inline u16 slice16(int n, u64 word, int byte)
{
	return crc16_table[n][word >> 8 * byte & 0xff];
}

static __always_inline u64 slice64(int n, u64 word, int byte)
{
	return crc64_table[n][word >> 8 * byte & 0xff];
}

/*
 * Only two of the sixteen look-ups depend on the previous CRC.  The others are
 * grouped, so that the CPU executes them before that CRC is known.
 */
static __always_inline u16 crc16_step(u16 crc, const u8 *p)
{
	u64 a = get_unaligned_le64(p);
	u64 b = get_unaligned_le64(p + 8);
	u16 late = a ^ swab16(crc);
	unsigned int early;

	early = slice16(13, a, 2) ^ slice16(12, a, 3) ^ slice16(11, a, 4) ^
		slice16(10, a, 5) ^ slice16(9, a, 6) ^ slice16(8, a, 7) ^
		slice16(7, b, 0) ^ slice16(6, b, 1) ^ slice16(5, b, 2) ^
		slice16(4, b, 3) ^ slice16(3, b, 4) ^ slice16(2, b, 5) ^
		slice16(1, b, 6) ^ slice16(0, b, 7);
	OPTIMIZER_HIDE_VAR(early);
	return early ^ slice16(15, late, 0) ^ slice16(14, late, 1);
}

static __always_inline u64 crc64_step(u64 crc, const u8 *p)
{
	u64 a = get_unaligned_le64(p) ^ crc;
	u64 b = get_unaligned_le64(p + 8);
	u64 early;

	early = slice64(7, b, 0) ^ slice64(6, b, 1) ^ slice64(5, b, 2) ^
		slice64(4, b, 3) ^ slice64(3, b, 4) ^ slice64(2, b, 5) ^
		slice64(1, b, 6) ^ slice64(0, b, 7);
	OPTIMIZER_HIDE_VAR(early);
	return early ^ slice64(15, a, 0) ^ slice64(14, a, 1) ^
	       slice64(13, a, 2) ^ slice64(12, a, 3) ^ slice64(11, a, 4) ^
	       slice64(10, a, 5) ^ slice64(9, a, 6) ^ slice64(8, a, 7);
}

/**
 * pi_guard_crc16_update() - continue a CRC-16 T10-DIF
 * @crc: CRC of what comes before, 0 at the start
 * @p: bytes
 * @len: number of bytes
 *
 * Context: Any context.
 * Return: the CRC including these bytes.
 */
u16 pi_guard_crc16_update(u16 crc, const u8 *p, size_t len)
{
	for (; len >= SLICES; len -= SLICES, p += SLICES)
		crc = crc16_step(crc, p);
	while (len--)
		crc = (u16)(crc << 8) ^ crc16_table[0][crc >> 8 ^ *p++];
	return crc;
}

/**
 * pi_guard_crc64_update() - continue a CRC-64 of NVMe
 * @crc: CRC of what comes before, 0 at the start
 * @p: bytes
 * @len: number of bytes
 *
 * Context: Any context.
 * Return: the CRC including these bytes.
 */
u64 pi_guard_crc64_update(u64 crc, const u8 *p, size_t len)
{
	crc = ~crc;
	for (; len >= SLICES; len -= SLICES, p += SLICES)
		crc = crc64_step(crc, p);
	while (len--)
		crc = crc >> 8 ^ crc64_table[0][(crc ^ *p++) & 0xff];
	return ~crc;
}

static u16 crc16_of(const void *data, unsigned int bytes)
{
	return pi_guard_crc16_update(0, data, bytes);
}

/**
 * pi_guard_crc16_portable() - compute the CRC-16 T10-DIF of each interval of a
 *	run
 * @pieces: the run
 * @nr_pieces: number of pieces
 * @bytes: length of an interval
 * @guards: room for the guards
 *
 * Context: Any context.
 */
void pi_guard_crc16_portable(const struct pi_piece *pieces,
			     unsigned int nr_pieces, unsigned int bytes,
			     u16 *guards)
{
	pi_guard16_each(pieces, nr_pieces, bytes, guards, crc16_of);
}

static u16 ip_of(const void *data, unsigned int bytes)
{
	__sum16 sum = csum_fold(csum_partial(data, bytes, 0));

	/* The sum is in memory order. */
	return be16_to_cpu((__force __be16)sum);
}

/**
 * pi_guard_ip_portable() - compute the Internet checksum of each interval of a
 *	run
 * @pieces: the run
 * @nr_pieces: number of pieces
 * @bytes: length of an interval
 * @guards: room for the guards
 *
 * Context: Any context.
 */
void pi_guard_ip_portable(const struct pi_piece *pieces,
			  unsigned int nr_pieces, unsigned int bytes,
			  u16 *guards)
{
	pi_guard16_each(pieces, nr_pieces, bytes, guards, ip_of);
}

/**
 * pi_guard_crc64_portable() - compute the CRC-64 of NVMe of each interval of a
 *	run
 * @pieces: the run
 * @nr_pieces: number of pieces
 * @bytes: length of an interval
 * @guards: room for the guards
 *
 * Context: Any context.
 */
void pi_guard_crc64_portable(const struct pi_piece *pieces,
			     unsigned int nr_pieces, unsigned int bytes,
			     u64 *guards)
{
	for (; nr_pieces; nr_pieces--, pieces++) {
		const void *data = pieces->data;

		for (unsigned int i = 0; i < pieces->intervals; i++) {
			*guards++ = pi_guard_crc64_update(0, data, bytes);
			data += bytes;
		}
	}
}
