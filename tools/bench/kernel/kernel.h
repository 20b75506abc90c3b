/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Replaces every kernel header that the sources of the kernel include, so that
 * they can be compiled into a program.
 */
#ifndef BENCH_KERNEL_H
#define BENCH_KERNEL_H

#ifdef __ASSEMBLY__

#define SYM_FUNC_START(name)	.globl name; .type name, @function; .balign 64; name:
#define SYM_FUNC_END(name)	.size name, . - name
#define RET			ret
	.section .note.GNU-stack, "", @progbits


#else

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

typedef uint64_t u64;
typedef uint32_t u32, __wsum;
typedef uint16_t u16, __be16, __sum16;
typedef uint8_t u8;

#define __force
#define __init
#define __initconst
#define __ro_after_init
#undef __always_inline
#define __always_inline			inline __attribute__((always_inline))
#define __aligned(bytes)		__attribute__((aligned(bytes)))
#define ____cacheline_aligned		__aligned(64)
#define static_assert			_Static_assert
#define likely(condition)		__builtin_expect(!!(condition), 1)
#define unlikely(condition)		__builtin_expect(!!(condition), 0)
#define BIT(n)				(1UL << (n))
#define BIT_ULL(n)			(1ULL << (n))
#define OPTIMIZER_HIDE_VAR(variable)	__asm__("" : "+r" (variable))
#define EXPORT_SYMBOL(symbol)		_Static_assert(sizeof(&(symbol)), "")

#define swab16(value)			__builtin_bswap16(value)
#define be16_to_cpu(value)		__builtin_bswap16(value)

static inline u64 get_unaligned_le64(const void *p)
{
	u64 value;

	memcpy(&value, p, sizeof(value));
	return value;
}

static inline u32 bitrev32(u32 value)
{
	u32 result = 0;

	for (int bit = 0; bit < 32; bit++)
		result |= (value >> bit & 1) << (31 - bit);
	return result;
}

static inline u64 ror64(u64 value, unsigned int bits)
{
	return value >> bits | value << (64 - bits);
}

/* Used for the last bytes of a buffer, which do not exist in intervals. */
static inline unsigned long load_unaligned_zeropad(const void *p)
{
	return get_unaligned_le64(p);
}

static inline __sum16 csum_fold(__wsum sum)
{
	sum = (sum & 0xffff) + (sum >> 16);
	return ~(sum + (sum >> 16));
}

__wsum csum_partial(const void *data, int bytes, __wsum sum);

enum blk_integrity_checksum { BENCH_NO_CHECKSUM };

#endif /* __ASSEMBLY__ */
#endif /* BENCH_KERNEL_H */
