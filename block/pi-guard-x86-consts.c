// SPDX-License-Identifier: GPL-2.0
/*
 * The constants of the x86-64 code for guards, from the polynomials.
 *
 * Notation: x^n is the remainder of x^n divided by the polynomial.  An
 * lsb-first CRC has the coefficient of the highest power in the lowest bit.  A
 * carry-less product of two such numbers lacks one factor x, for which the
 * exponents here compensate.
 */

#include <linux/bitops.h>
#include <linux/bitrev.h>
#include <linux/init.h>
#include <linux/string.h>

#include "pi-guard.h"
#include "pi-guard-x86.h"

#define CRC16_POLY	0x8bb7ULL
#define CRC64_POLY	0xad93d23594c93659ULL

#define BLOCK_BITS	128

struct pi_guard_consts pi_guard_consts __ro_after_init;

static u64 __init reversed(u64 value)
{
	return (u64)bitrev32(value) << 32 | bitrev32(value >> 32);
}

/* x^n modulo the polynomial of degree 16. */
static u64 __init power16(unsigned int n)
{
	u64 value = 1;

	while (n--)
		value = value << 1 ^ (value & BIT(15) ? BIT(16) | CRC16_POLY : 0);
	return value;
}

/* x^n modulo the polynomial of degree 64. */
static u64 __init power64(unsigned int n)
{
	u64 value = 1;

	while (n--)
		value = value << 1 ^ (value & BIT_ULL(63) ? CRC64_POLY : 0);
	return value;
}

/* Quotient of x^(63 + degree) by the polynomial, of degree 63 itself. */
static u64 __init quotient(u64 poly, unsigned int degree)
{
	/* The 64 bits below x^(i + degree) of the rest of the dividend. */
	u64 rest = poly << (64 - degree);
	u64 result = BIT_ULL(63);

	for (int i = 62; i >= 0; i--) {
		bool bit = rest & BIT_ULL(63);

		rest <<= 1;
		if (bit) {
			result |= BIT_ULL(i);
			rest ^= poly << (64 - degree);
		}
	}
	return result;
}

static void __init crc16_by(u64 pair[2], unsigned int bytes)
{
	pair[0] = power16(8 * bytes);
	pair[1] = power16(8 * bytes + 64);
}

static void __init crc16r_by(u64 pair[2], unsigned int bytes)
{
	pair[0] = reversed(power16(8 * bytes + 64 - 1));
	pair[1] = reversed(power16(8 * bytes - 1));
}

static void __init crc64_by(u64 pair[2], unsigned int bytes)
{
	pair[0] = reversed(power64(8 * bytes + 64 - 1));
	pair[1] = reversed(power64(8 * bytes - 1));
}

/*
 * A block is multiplied by the power of x of its position in the 512 bytes, and
 * by x to the degree of the polynomial, as a CRC is the remainder of the data
 * followed by that number of zero bits.  The products of CRC-16 are in the top
 * of the register, where the division expects them.
 */
static void __init dot_products(struct pi_guard_consts *consts)
{
	for (unsigned int block = 0; block < 32; block++) {
		unsigned int weight = BLOCK_BITS * (31 - block);

		consts->crc16r_dot[block][0] =
			reversed(power16(weight + 80 - 1) << 48);
		consts->crc16r_dot[block][1] =
			reversed(power16(weight + 16 - 1) << 48);
		consts->crc64_dot[block][0] = reversed(power64(weight + 128 - 1));
		consts->crc64_dot[block][1] = reversed(power64(weight + 64 - 1));
	}
	for (unsigned int block = CRC16_DOT_FIRST; block < 32; block++) {
		unsigned int weight = BLOCK_BITS * (31 - block);
		u64 *pair = consts->crc16_dot[block - CRC16_DOT_FIRST];

		pair[0] = power16(weight + 16) << 48;
		pair[1] = power16(weight + 80) << 48;
	}
}

/*
 * Division by multiplication: the quotient is the product of the upper part and
 * the first constant; the remainder is the lower part plus the product of the
 * quotient and the second constant.  Leading terms, which are always 1, are
 * omitted.
 */
static void __init divisions(struct pi_guard_consts *consts)
{
	consts->crc16_divide[0] = CRC16_POLY << 48;
	consts->crc16_divide[1] = quotient(CRC16_POLY, 16) << 1;
	consts->crc16r_divide[0] = reversed(quotient(CRC16_POLY, 16));
	consts->crc16r_divide[1] = reversed(CRC16_POLY << 47);
	consts->crc64_divide[0] = reversed(quotient(CRC64_POLY, 64));
	consts->crc64_divide[1] = reversed(CRC64_POLY) << 1;
}

/* Indices of permutations, see add_up_4 and its users. */
static void __init indices(struct pi_guard_consts *consts)
{
	static const u64 lanes[8] __initconst = { 2, 3, 8, 9, 6, 7, 12, 13 };

	memcpy(consts->swap_lanes, lanes, sizeof(lanes));
	for (int i = 0; i < 4; i++) {
		consts->pick_crc64[i] = 2 * i + 1;
		consts->pick_crc16[2 * i] = 16 * i + 9;
		consts->pick_crc16[2 * i + 1] = 16 * i + 8;
	}
}

/**
 * pi_guard_consts_init() - compute the constants
 * @prefetch: distance at which data is prefetched, in bytes
 *
 * Context: Process context, before the first guard.
 */
void __init pi_guard_consts_init(unsigned int prefetch)
{
	struct pi_guard_consts *consts = &pi_guard_consts;

	dot_products(consts);
	divisions(consts);
	crc16_by(consts->crc16_by_128, 128);
	crc16_by(consts->crc16_by_256, 256);
	crc16r_by(consts->crc16r_by_512, 512);
	crc64_by(consts->crc64_by_128, 128);
	crc64_by(consts->crc64_by_256, 256);
	crc64_by(consts->crc64_by_512, 512);
	consts->crc64_init[0] = ~0ULL;
	for (int i = 0; i < 16; i++)
		consts->reverse_bytes[i] = 15 - i;
	for (int i = 0; i < 16; i++)
		consts->reverse_bits[i] = BIT(i % 8);
	indices(consts);
	consts->prefetch = prefetch;
}
