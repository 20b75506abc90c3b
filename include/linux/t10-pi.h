/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Protection information in the format of wire and medium:
 * SBC-4 4.21 (T10 DIF) and NVM Command Set 5.3 (16-bit and 64-bit guard).
 */
#ifndef _LINUX_T10_PI_H
#define _LINUX_T10_PI_H

#include <asm/byteorder.h>
#include <linux/bits.h>
#include <linux/build_bug.h>
#include <linux/types.h>

/**
 * enum t10_dif_type - protection type a medium is formatted with
 * @T10_PI_TYPE0_PROTECTION: no protection information
 * @T10_PI_TYPE1_PROTECTION: guard, and the low bits of the LBA as reference tag
 * @T10_PI_TYPE2_PROTECTION: guard, and a reference tag seeded by 32-byte
 *	commands; Linux uses it like type 1, so that readers do not need the
 *	seed
 * @T10_PI_TYPE3_PROTECTION: guard only, all other bytes belong to the owner
 */
enum t10_dif_type {
	T10_PI_TYPE0_PROTECTION	= 0,
	T10_PI_TYPE1_PROTECTION	= 1,
	T10_PI_TYPE2_PROTECTION	= 2,
	T10_PI_TYPE3_PROTECTION	= 3,
};

/**
 * struct t10_pi_tuple - protection information with a 16-bit guard
 * @guard_tag: CRC-16 T10-DIF or IP checksum of the interval
 * @app_tag: application tag
 * @ref_tag: reference tag, 32 bits
 */
struct t10_pi_tuple {
	__be16	guard_tag;
	__be16	app_tag;
	__be32	ref_tag;
};

static_assert(sizeof(struct t10_pi_tuple) == 8);

/**
 * struct crc64_pi_tuple - protection information with a 64-bit guard
 * @guard_tag: CRC-64 NVMe of the interval
 * @app_tag: application tag
 * @ref_tag: reference tag, 48 bits, big endian
 */
struct crc64_pi_tuple {
	__be64	guard_tag;
	__be16	app_tag;
	u8	ref_tag[6];
};

static_assert(sizeof(struct crc64_pi_tuple) == 16);

/*
 * An application tag of all ones disables the check of the interval; type 3
 * also requires a reference tag of all ones.
 */
#define T10_PI_APP_ESCAPE	cpu_to_be16(0xffff)
#define T10_PI_REF_ESCAPE	cpu_to_be32(0xffffffff)

/**
 * lower_48_bits() - get the part of a number that a 48-bit reference tag has
 * @n: any number
 *
 * Return: bits 0 to 47 of @n.
 */
static inline u64 lower_48_bits(u64 n)
{
	return n & GENMASK_ULL(47, 0);
}

/* Drivers expect t10_pi_ref_tag() and ext_pi_ref_tag() in this header. */
#include <linux/blk-integrity.h>

#endif /* _LINUX_T10_PI_H */
