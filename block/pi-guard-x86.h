/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Constants of the x86-64 code for guards: offsets for the assembly, and the
 * structure that they refer to.
 */
#ifndef BLK_PI_GUARD_X86_H
#define BLK_PI_GUARD_X86_H

/*
 * Multipliers of the blocks of 16 bytes of 512 bytes.  Those of CRC-16 begin
 * with block 14, as the code that uses them needs no others.
 */
#define CRC16R_DOT	0x000
#define CRC64_DOT	0x200
#define SWAP_LANES	0x400
#define CRC16_DOT	0x440
#define CRC16_DOT_FIRST	14

#define PICK_CRC64	0x560

/* Multipliers that move a block by this number of bytes. */
#define CRC16_BY_128	0x580
#define CRC16_BY_256	0x590
#define CRC16R_BY_512	0x5a0
#define CRC64_BY_128	0x5b0
#define CRC64_BY_256	0x5c0
#define CRC64_BY_512	0x5d0

/* For the division by the polynomial. */
#define CRC16_DIVIDE	0x5e0
#define CRC16R_DIVIDE	0x5f0
#define CRC64_DIVIDE	0x600

/* Inverts the first 8 bytes of an interval. */
#define CRC64_INIT	0x610

/* Order of bytes in a block, order of bits in a byte. */
#define REVERSE_BYTES	0x620
#define REVERSE_BITS	0x630

#define PICK_CRC16	0x640

#define PREFETCH	0x648

/* As a prefetch distance: leave it to the CPU. */
#define NO_PREFETCH	0x40000000

#ifndef __ASSEMBLY__

#include <linux/build_bug.h>
#include <linux/stddef.h>
#include <linux/types.h>

/*
 * The constants, computed at boot.
 *
 * Pairs are the multipliers of the low and of the high half of a block.
 * "crc16" is for blocks whose bytes were reversed, "crc16r" for blocks in which
 * the bits of each byte were.
 */
struct pi_guard_consts {
	u64 crc16r_dot[32][2];
	u64 crc64_dot[32][2];
	u64 swap_lanes[8];	/* indices: two blocks of either register */
	u64 crc16_dot[32 - CRC16_DOT_FIRST][2];
	u64 pick_crc64[4];	/* indices: guards of four intervals */
	u64 crc16_by_128[2];
	u64 crc16_by_256[2];
	u64 crc16r_by_512[2];
	u64 crc64_by_128[2];
	u64 crc64_by_256[2];
	u64 crc64_by_512[2];
	u64 crc16_divide[2];
	u64 crc16r_divide[2];
	u64 crc64_divide[2];
	u64 crc64_init[2];
	u8 reverse_bytes[16];
	u8 reverse_bits[16];
	u8 pick_crc16[8];	/* as pick_crc64 */
	u64 prefetch;		/* how far ahead, in bytes */
} __aligned(64);

static_assert(offsetof(struct pi_guard_consts, crc64_dot) == CRC64_DOT);
static_assert(offsetof(struct pi_guard_consts, crc16_dot) == CRC16_DOT);
static_assert(offsetof(struct pi_guard_consts, crc16_by_128) == CRC16_BY_128);
static_assert(offsetof(struct pi_guard_consts, crc16_divide) == CRC16_DIVIDE);
static_assert(offsetof(struct pi_guard_consts, prefetch) == PREFETCH);

typedef void pi_guard16_asm(const void *data, unsigned int bytes,
			    unsigned int nr, u16 *guards,
			    const struct pi_guard_consts *consts);
typedef void pi_guard64_asm(const void *data, unsigned int bytes,
			    unsigned int nr, u64 *guards,
			    const struct pi_guard_consts *consts);

/* pi-guard-x86.c */
extern struct pi_guard_consts pi_guard_consts;

/* pi-guard-sse.S */
pi_guard16_asm pi_crc16_sse;
pi_guard64_asm pi_crc64_sse;

/* pi-guard-avx2.S */
pi_guard16_asm pi_crc16_avx2;
pi_guard64_asm pi_crc64_avx2;

/* pi-guard-ip-avx2.S */
pi_guard16_asm pi_ip_avx2;

/* pi-guard-avx512.S */
pi_guard16_asm pi_crc16_avx512;
pi_guard64_asm pi_crc64_avx512;

#endif /* __ASSEMBLY__ */
#endif /* BLK_PI_GUARD_X86_H */
