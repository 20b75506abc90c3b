// SPDX-License-Identifier: GPL-2.0
/*
 * Guards of runs of intervals: the implementation in use, chosen at boot, and
 * the metadata in front of tuples.
 */

#define pr_fmt(fmt) "blk-integrity: " fmt

#include <crypto/hash.h>
#include <linux/crc-t10dif.h>
#include <linux/init.h>
#include <linux/kernel.h>
#include <linux/moduleparam.h>
#include <linux/static_call.h>
#include <net/checksum.h>

#include "pi-guard.h"

#undef MODULE_PARAM_PREFIX
#define MODULE_PARAM_PREFIX	"blk_integrity."

static char *guard __initdata;
module_param(guard, charp, 0);
MODULE_PARM_DESC(guard, "Code that computes guards: avx512, avx2, sse, lib or portable (default: the fastest)");

/*
 * The portable functions are called until the update, for I/O of drivers that
 * are initialized early.
 */
DEFINE_STATIC_CALL(pi_guard_crc16_call, pi_guard_crc16_portable);
DEFINE_STATIC_CALL(pi_guard_ip_call, pi_guard_ip_portable);
DEFINE_STATIC_CALL(pi_guard_crc64_call, pi_guard_crc64_portable);

static u16 lib_crc16(const void *data, unsigned int bytes)
{
	return crc_t10dif(data, bytes);
}

static void pi_guard_crc16_lib(const struct pi_piece *pieces,
			       unsigned int nr_pieces, unsigned int bytes,
			       u16 *guards)
{
	pi_guard16_each(pieces, nr_pieces, bytes, guards, lib_crc16);
}

/*
 * The library uses the driver of the architecture, through an indirect call for
 * each interval.  Without such a driver its tables are slower than ours.
 */
static bool lib_usable(void)
{
	struct crypto_shash *tfm = crypto_alloc_shash(CRC_T10DIF_STRING, 0, 0);
	bool usable;

	if (IS_ERR(tfm))
		return false;
	usable = !strstr(crypto_shash_driver_name(tfm), "generic");
	crypto_free_shash(tfm);
	return usable;
}

static bool always_usable(void)
{
	return true;
}

static const struct pi_guard_impl pi_guard_lib = {
	.name	= "lib",
	.usable	= lib_usable,
	.crc16	= pi_guard_crc16_lib,
	.ip	= pi_guard_ip_portable,
	.crc64	= pi_guard_crc64_portable,
};

static const struct pi_guard_impl pi_guard_portable = {
	.name	= "portable",
	.usable	= always_usable,
	.crc16	= pi_guard_crc16_portable,
	.ip	= pi_guard_ip_portable,
	.crc64	= pi_guard_crc64_portable,
};

const struct pi_guard_impl *const pi_guard_impls[] = {
#ifdef CONFIG_BLK_PI_GUARD_X86
	&pi_guard_avx512,
	&pi_guard_avx2,
	&pi_guard_sse,
#endif
	&pi_guard_lib,
	&pi_guard_portable,
};

const unsigned int pi_guard_nr_impls = ARRAY_SIZE(pi_guard_impls);

static const struct pi_guard_impl *pi_guard_used __ro_after_init =
	&pi_guard_portable;

static bool in_units(unsigned int bytes)
{
	return IS_ALIGNED(bytes, PI_GUARD_UNIT_BYTES);
}

/**
 * pi_guard_crc16() - compute the CRC-16 T10-DIF of each interval of a run
 * @pieces: the run
 * @nr_pieces: number of pieces; preemption may be off until all are done
 * @bytes: length of an interval
 * @guards: room for the guards
 *
 * Context: Any context.
 */
void pi_guard_crc16(const struct pi_piece *pieces, unsigned int nr_pieces,
		    unsigned int bytes, u16 *guards)
{
	if (likely(in_units(bytes)))
		static_call(pi_guard_crc16_call)(pieces, nr_pieces, bytes, guards);
	else
		pi_guard_crc16_portable(pieces, nr_pieces, bytes, guards);
}

/**
 * pi_guard_ip() - compute the Internet checksum of each interval of a run
 * @pieces: the run
 * @nr_pieces: number of pieces; preemption may be off until all are done
 * @bytes: length of an interval
 * @guards: room for the guards
 *
 * Context: Any context.
 */
void pi_guard_ip(const struct pi_piece *pieces, unsigned int nr_pieces,
		 unsigned int bytes, u16 *guards)
{
	if (likely(in_units(bytes)))
		static_call(pi_guard_ip_call)(pieces, nr_pieces, bytes, guards);
	else
		pi_guard_ip_portable(pieces, nr_pieces, bytes, guards);
}

/**
 * pi_guard_crc64() - compute the CRC-64 of NVMe of each interval of a run
 * @pieces: the run
 * @nr_pieces: number of pieces; preemption may be off until all are done
 * @bytes: length of an interval
 * @guards: room for the guards
 *
 * Context: Any context.
 */
void pi_guard_crc64(const struct pi_piece *pieces, unsigned int nr_pieces,
		    unsigned int bytes, u64 *guards)
{
	if (likely(in_units(bytes)))
		static_call(pi_guard_crc64_call)(pieces, nr_pieces, bytes, guards);
	else
		pi_guard_crc64_portable(pieces, nr_pieces, bytes, guards);
}

/**
 * pi_guard_crc16_chain() - add metadata in front of tuples to CRC-16 guards
 * @guards: guards of the data
 * @nr: number of guards
 * @prefixes: the metadata
 *
 * Context: Any context.
 */
void pi_guard_crc16_chain(u16 *guards, unsigned int nr,
			  const struct pi_guard_prefixes *prefixes)
{
	const void *p = prefixes->first;

	for (; nr; nr--, guards++, p += prefixes->stride)
		*guards = pi_guard_crc16_update(*guards, p, prefixes->bytes);
}

/**
 * pi_guard_ip_chain() - add metadata in front of tuples to Internet checksums
 * @guards: guards of the data
 * @nr: number of guards
 * @prefixes: the metadata; an odd last byte is the high half of a word
 *
 * Context: Any context.
 */
void pi_guard_ip_chain(u16 *guards, unsigned int nr,
		       const struct pi_guard_prefixes *prefixes)
{
	const void *p = prefixes->first;

	for (; nr; nr--, guards++, p += prefixes->stride) {
		__wsum sum = csum_unfold((__force __sum16)cpu_to_be16(~*guards));

		sum = csum_partial(p, prefixes->bytes, sum);
		*guards = be16_to_cpu((__force __be16)csum_fold(sum));
	}
}

/**
 * pi_guard_crc64_chain() - add metadata in front of tuples to CRC-64 guards
 * @guards: guards of the data
 * @nr: number of guards
 * @prefixes: the metadata
 *
 * Context: Any context.
 */
void pi_guard_crc64_chain(u64 *guards, unsigned int nr,
			  const struct pi_guard_prefixes *prefixes)
{
	const void *p = prefixes->first;

	for (; nr; nr--, guards++, p += prefixes->stride)
		*guards = pi_guard_crc64_update(*guards, p, prefixes->bytes);
}

/**
 * pi_guard_impl_name() - get the name of the code that computes a type of guard
 * @csum_type: the type
 *
 * Context: Any context.
 * Return: the name; "none" for no guard.
 */
const char *pi_guard_impl_name(enum blk_integrity_checksum csum_type)
{
	const struct pi_guard_impl *impl = pi_guard_used;

	switch (csum_type) {
	case BLK_INTEGRITY_CSUM_CRC:
		return impl->name;
	case BLK_INTEGRITY_CSUM_CRC64:
		return impl->crc64 == pi_guard_crc64_portable ?
		       pi_guard_portable.name : impl->name;
	case BLK_INTEGRITY_CSUM_IP:
		return impl->ip == pi_guard_ip_portable ? "csum_partial" :
							  impl->name;
	default:
		return "none";
	}
}

static void __init pi_guard_use(const struct pi_guard_impl *impl)
{
	pi_guard_used = impl;
	static_call_update(pi_guard_crc16_call, impl->crc16);
	static_call_update(pi_guard_ip_call, impl->ip);
	static_call_update(pi_guard_crc64_call, impl->crc64);
}

static const struct pi_guard_impl *__init pi_guard_find(const char *name)
{
	for (int i = 0; i < pi_guard_nr_impls; i++) {
		const struct pi_guard_impl *impl = pi_guard_impls[i];

		if (name && strcmp(impl->name, name))
			continue;
		if (!name && impl->avoided && impl->avoided())
			continue;
		if (impl->usable())
			return impl;
	}
	return NULL;
}

static int __init pi_guard_init(void)
{
	pi_guard_portable_init();
	if (IS_ENABLED(CONFIG_BLK_PI_GUARD_X86))
		pi_guard_x86_init();
	return 0;
}
core_initcall(pi_guard_init);

/* Runs after the registration of crypto drivers, which "lib" depends on. */
static int __init pi_guard_choose(void)
{
	const struct pi_guard_impl *impl = NULL;

	if (guard) {
		impl = pi_guard_find(guard);
		if (!impl)
			pr_warn("guard=%s: unknown, or not supported by this CPU\n",
				guard);
	}
	pi_guard_use(impl ?: pi_guard_find(NULL));
	return 0;
}
late_initcall(pi_guard_choose);
