// SPDX-License-Identifier: GPL-2.0
/*
 * The implementations: ours, called as in the kernel, with one section for the
 * vector registers per run of at most 64 KiB; those of the base, with one
 * section per interval; ISA-L; and code that only reads or copies, as limits.
 */

#include <stdlib.h>
#ifdef HAVE_ISAL
#include <isa-l/crc.h>
#endif

#include "guards.h"
#include "pi-guard.h"
#include "pi-guard-x86.h"

#define RUN_BYTES	65536
#define COPY_BYTES	(1 << 20)

u16 crc_t10dif_pcl(u16 crc, const u8 *data, size_t len);

static u16 table16[256];
static u64 table64[256];
static u8 *copy_to;

/* kernel_fpu_begin() if no state needs to be saved. */
static void section(void)
{
	u32 mxcsr = 0x1f80;
	unsigned long flags;

	__asm__ volatile("pushfq; popq %0" : "=r" (flags));
	__asm__ volatile("ldmxcsr %0" :: "m" (mxcsr));
}

#define OURS(type, name)						\
static void run_##name(const u8 *data, unsigned int bytes,		\
		       unsigned int nr, void *guards)			\
{									\
	for (type *to = guards; nr; ) {					\
		unsigned int part = nr < RUN_BYTES / bytes ?		\
				    nr : RUN_BYTES / bytes;		\
									\
		section();						\
		name(data, bytes, part, to, &pi_guard_consts);		\
		data += part * bytes;					\
		to += part;						\
		nr -= part;						\
	}								\
}

OURS(u16, pi_crc16_sse)
OURS(u16, pi_crc16_avx2)
OURS(u16, pi_crc16_avx512)
OURS(u16, pi_ip_avx2)
OURS(u64, pi_crc64_sse)
OURS(u64, pi_crc64_avx2)
OURS(u64, pi_crc64_avx512)

static void run_portable16(const u8 *data, unsigned int bytes, unsigned int nr, void *guards)
{
	const struct pi_piece piece = { data, nr };

	pi_guard_crc16_portable(&piece, 1, bytes, guards);
}

static void run_portable64(const u8 *data, unsigned int bytes, unsigned int nr, void *guards)
{
	const struct pi_piece piece = { data, nr };

	pi_guard_crc64_portable(&piece, 1, bytes, guards);
}

static void run_csum_partial(const u8 *data, unsigned int bytes, unsigned int nr, void *guards)
{
	const struct pi_piece piece = { data, nr };

	pi_guard_ip_portable(&piece, 1, bytes, guards);
}

static u16 base_update(const u8 *data, unsigned int bytes)
{
	section();
	return crc_t10dif_pcl(0, data, bytes);
}

/* Call through pointers, as the crypto API does. */
static u16 (*volatile base_crc16)(const u8 *data, unsigned int bytes) = base_update;

static void run_base16(const u8 *data, unsigned int bytes, unsigned int nr, void *guards)
{
	for (u16 *to = guards; nr; nr--, data += bytes)
		*to++ = base_crc16(data, bytes);
}

static void run_base16_bare(const u8 *data, unsigned int bytes, unsigned int nr, void *guards)
{
	for (u16 *to = guards; nr; nr--, data += bytes)
		*to++ = crc_t10dif_pcl(0, data, bytes);
}

static void run_table16(const u8 *data, unsigned int bytes, unsigned int nr, void *guards)
{
	for (u16 *to = guards; nr; nr--, data += bytes) {
		u16 crc = 0;

		for (unsigned int i = 0; i < bytes; i++)
			crc = crc << 8 ^ table16[crc >> 8 ^ data[i]];
		*to++ = crc;
	}
}

static void run_table64(const u8 *data, unsigned int bytes, unsigned int nr, void *guards)
{
	for (u64 *to = guards; nr; nr--, data += bytes) {
		u64 crc = ~0ULL;

		for (unsigned int i = 0; i < bytes; i++)
			crc = crc >> 8 ^ table64[(crc ^ data[i]) & 0xff];
		*to++ = ~crc;
	}
}

#ifdef HAVE_ISAL
static void run_isal16(const u8 *data, unsigned int bytes, unsigned int nr, void *guards)
{
	for (u16 *to = guards; nr; nr--, data += bytes)
		*to++ = crc16_t10dif(0, data, bytes);
}
#endif

static void run_read(const u8 *data, unsigned int bytes, unsigned int nr, void *guards)
{
	const u8 *end = data + (size_t)bytes * nr;

	for (; data < end; data += 256)
		__asm__ volatile("vmovdqu (%0), %%ymm0; vpxor 32(%0), %%ymm0, %%ymm0;"
				 "vmovdqu 64(%0), %%ymm1; vpxor 96(%0), %%ymm1, %%ymm1;"
				 "vmovdqu 128(%0), %%ymm2; vpxor 160(%0), %%ymm2, %%ymm2;"
				 "vmovdqu 192(%0), %%ymm3; vpxor 224(%0), %%ymm3, %%ymm3"
				 :: "r" (data) : "xmm0", "xmm1", "xmm2", "xmm3");
	__asm__ volatile("vzeroupper");
}

static void run_copy(const u8 *data, unsigned int bytes, unsigned int nr, void *guards)
{
	memcpy(copy_to, data, (size_t)bytes * nr);
	__asm__ volatile("" :: "r" (copy_to) : "memory");
}

static bool has_sse(void)
{
	return __builtin_cpu_supports("ssse3") && __builtin_cpu_supports("pclmul");
}

static bool has_avx(void)
{
	return __builtin_cpu_supports("avx2");
}

static bool has_avx2(void)
{
	return has_avx() && __builtin_cpu_supports("vpclmulqdq");
}

static bool has_avx512(void)
{
	return has_avx2() && __builtin_cpu_supports("gfni") && __builtin_cpu_supports("avx512bw") &&
	       __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512vbmi");
}

const struct candidate candidates[] = {
	{ "read", READ, run_read, has_avx },
	{ "memcpy", COPY, run_copy },
	{ "6.12 table", CRC16, run_table16, .slow = true },
	{ "6.12 pclmul", CRC16, run_base16, has_sse, .base = true },
	{ "6.12 pclmul, bare", CRC16, run_base16_bare, has_sse },
#ifdef HAVE_ISAL
	{ "ISA-L", CRC16, run_isal16 },
#endif
	{ "portable", CRC16, run_portable16 },
	{ "sse", CRC16, run_pi_crc16_sse, has_sse },
	{ "avx2", CRC16, run_pi_crc16_avx2, has_avx2 },
	{ "avx512", CRC16, run_pi_crc16_avx512, has_avx512 },
	{ "6.12 table", CRC64, run_table64, .base = true, .slow = true },
	{ "portable", CRC64, run_portable64 },
	{ "sse", CRC64, run_pi_crc64_sse, has_sse },
	{ "avx2", CRC64, run_pi_crc64_avx2, has_avx2 },
	{ "avx512", CRC64, run_pi_crc64_avx512, has_avx512 },
	{ "6.12 csum_partial", IP, run_csum_partial, .base = true },
	{ "avx2", IP, run_pi_ip_avx2, has_avx2 },
};

const unsigned int nr_candidates = sizeof(candidates) / sizeof(candidates[0]);

/**
 * candidates_init() - compute tables and constants
 */
void candidates_init(void)
{
	pi_guard_portable_init();
	/* The choice of pi-guard-x86.c. */
	__builtin_cpu_init();
	pi_guard_consts_init(__builtin_cpu_is("amd") && __builtin_cpu_supports("avx512f") ?
			     NO_PREFETCH : 2048);
	for (int i = 0; i < 256; i++) {
		u8 byte = i;
		u64 crc = byte;

		table16[i] = pi_guard_crc16_update(0, &byte, 1);
		for (int bit = 0; bit < 8; bit++)
			crc = crc >> 1 ^ (crc & 1 ? 0x9a6c9329ac4bc9b5ULL : 0);
		table64[i] = crc;
	}
	copy_to = aligned_alloc(4096, COPY_BYTES);
	if (!copy_to)
		exit(1);
	memset(copy_to, 1, COPY_BYTES);
}
