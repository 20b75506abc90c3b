// SPDX-License-Identifier: GPL-2.0
/*
 * Guards with the vector registers of x86-64: tests what the CPU supports, and
 * calls the code in pi-guard-*.S with one section that uses the registers per
 * run.
 *
 * User-mode Linux uses it as well.  UML is a program whose vector registers the
 * host preserves, so it does not save them.
 */

#include <linux/init.h>
#include <linux/types.h>
#include <asm/cpufeature.h>
#include <asm/cpufeatures.h>
#include <asm/fpu/api.h>

#include "pi-guard.h"
#include "pi-guard-x86.h"

/*
 * Far enough to hide the latency of memory, near enough to stay in the L1
 * cache.
 */
#define PREFETCH_BYTES	2048

#ifdef CONFIG_UML
/* The host reports features that it does not preserve as absent. */
static bool has_ymm(void)
{
	return true;
}

static bool has_zmm(void)
{
	return true;
}

static bool prefers_ymm(void)
{
	return false;
}

static bool prefetches_well(void)
{
	return false;
}
#else
#include <asm/cpu_device_id.h>
#include <asm/fpu/xcr.h>

static bool has_ymm(void)
{
	return cpu_has_xfeatures(XFEATURE_MASK_SSE | XFEATURE_MASK_YMM, NULL);
}

static bool has_zmm(void)
{
	return cpu_has_xfeatures(XFEATURE_MASK_AVX512, NULL);
}

/* CPUs that reduce their clock for 512-bit registers. */
static const struct x86_cpu_id prefer_ymm_ids[] = {
	X86_MATCH_VFM(INTEL_ICELAKE, 0),
	X86_MATCH_VFM(INTEL_ICELAKE_L, 0),
	X86_MATCH_VFM(INTEL_ICELAKE_NNPI, 0),
	X86_MATCH_VFM(INTEL_ICELAKE_D, 0),
	X86_MATCH_VFM(INTEL_ICELAKE_X, 0),
	X86_MATCH_VFM(INTEL_TIGERLAKE, 0),
	X86_MATCH_VFM(INTEL_TIGERLAKE_L, 0),
	{}
};

static bool prefers_ymm(void)
{
	return x86_match_cpu(prefer_ymm_ids);
}

static bool prefetches_well(void)
{
	return boot_cpu_data.x86_vendor == X86_VENDOR_AMD &&
	       boot_cpu_has(X86_FEATURE_AVX512F);
}
#endif

/*
 * Call the assembly.  If the registers are in use in this context, which is
 * rare, use the tables.
 */
#define WITH_REGISTERS(name, fallback, type)				\
static void name##_run(const struct pi_piece *pieces,			\
		       unsigned int nr_pieces, unsigned int bytes,	\
		       type guards)					\
{									\
	const struct pi_piece *end = pieces + nr_pieces;		\
									\
	if (unlikely(!irq_fpu_usable())) {				\
		fallback(pieces, nr_pieces, bytes, guards);		\
		return;							\
	}								\
	kernel_fpu_begin();						\
	for (; pieces < end; pieces++) {				\
		name(pieces->data, bytes, pieces->intervals, guards,	\
		     &pi_guard_consts);					\
		guards += pieces->intervals;				\
	}								\
	kernel_fpu_end();						\
}

WITH_REGISTERS(pi_crc16_sse, pi_guard_crc16_portable, u16 *)
WITH_REGISTERS(pi_crc64_sse, pi_guard_crc64_portable, u64 *)
WITH_REGISTERS(pi_crc16_avx2, pi_guard_crc16_portable, u16 *)
WITH_REGISTERS(pi_crc64_avx2, pi_guard_crc64_portable, u64 *)
WITH_REGISTERS(pi_ip_avx2, pi_guard_ip_portable, u16 *)
WITH_REGISTERS(pi_crc16_avx512, pi_guard_crc16_portable, u16 *)
WITH_REGISTERS(pi_crc64_avx512, pi_guard_crc64_portable, u64 *)

static bool sse_usable(void)
{
	return boot_cpu_has(X86_FEATURE_SSSE3) &&
	       boot_cpu_has(X86_FEATURE_PCLMULQDQ);
}

static bool avx2_usable(void)
{
	return boot_cpu_has(X86_FEATURE_AVX2) &&
	       boot_cpu_has(X86_FEATURE_VPCLMULQDQ) &&
	       has_ymm();
}

static bool avx512_usable(void)
{
	return avx2_usable() &&
	       boot_cpu_has(X86_FEATURE_AVX512F) &&
	       boot_cpu_has(X86_FEATURE_AVX512BW) &&
	       boot_cpu_has(X86_FEATURE_AVX512VL) &&
	       boot_cpu_has(X86_FEATURE_AVX512VBMI) &&
	       boot_cpu_has(X86_FEATURE_GFNI) &&
	       has_zmm();
}

static bool avx512_avoided(void)
{
	return prefers_ymm();
}

const struct pi_guard_impl pi_guard_sse = {
	.name		= "sse",
	.usable		= sse_usable,
	.crc16		= pi_crc16_sse_run,
	.ip		= pi_guard_ip_portable,
	.crc64		= pi_crc64_sse_run,
};

const struct pi_guard_impl pi_guard_avx2 = {
	.name		= "avx2",
	.usable		= avx2_usable,
	.crc16		= pi_crc16_avx2_run,
	.ip		= pi_ip_avx2_run,
	.crc64		= pi_crc64_avx2_run,
};

const struct pi_guard_impl pi_guard_avx512 = {
	.name		= "avx512",
	.usable		= avx512_usable,
	.avoided	= avx512_avoided,
	.crc16		= pi_crc16_avx512_run,
	.ip		= pi_ip_avx2_run,
	.crc64		= pi_crc64_avx512_run,
};

/**
 * pi_guard_x86_init() - compute the constants
 *
 * Prefetching data that is not in a cache makes runs of 64 KiB faster by 16 %
 * on Zen 3 and by 13 % on Emerald Rapids.  Zen 4, the first AMD CPU with
 * AVX-512, is up to 30 % faster without.
 *
 * Context: Process context, before the first guard.
 */
void __init pi_guard_x86_init(void)
{
	pi_guard_consts_init(prefetches_well() ? NO_PREFETCH : PREFETCH_BYTES);
}
