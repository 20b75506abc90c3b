/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Slow reference for the formats: guards bit by bit, tuples byte by byte, over
 * contiguous memory.  It shares no code with the code under test: it reads the
 * numbers of the geometry, never the profile.
 */
#ifndef BLK_PI_REFERENCE_H
#define BLK_PI_REFERENCE_H

#include <linux/blk-integrity.h>

/* Guards as numbers, each continuing the result of an earlier call. */
#define PI_REF_CRC16_INIT	0
#define PI_REF_CRC64_INIT	0

u16 pi_ref_crc16(u16 crc, const u8 *p, size_t len);
u64 pi_ref_crc64(u64 crc, const u8 *p, size_t len);
u16 pi_ref_ip_checksum(const u8 *p, size_t len, const u8 *more,
		       size_t more_len);

unsigned int pi_ref_guard_bytes(const struct blk_integrity *geometry);
unsigned int pi_ref_tuple_bytes(const struct blk_integrity *geometry);
u64 pi_ref_number(const u8 *p, unsigned int bytes);
void pi_ref_put_number(u8 *p, unsigned int bytes, u64 value);

void pi_ref_generate(const struct blk_integrity *geometry, const u8 *data,
		     u8 *meta, unsigned int intervals, u64 first);
unsigned int pi_ref_verify(const struct blk_integrity *geometry, const u8 *data,
			   const u8 *meta, unsigned int intervals, u64 first,
			   struct blk_integrity_error *err);
void pi_ref_remap(const struct blk_integrity *geometry, u8 *meta,
		  unsigned int intervals, u64 from, u64 to);

#endif /* BLK_PI_REFERENCE_H */
