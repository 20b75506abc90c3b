/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Guards of runs of protection intervals.
 *
 * A run consists of intervals of equal length, contiguous or in pieces.  A guard
 * is stored as a number, equal to a big-endian read of the tuple.
 */
#ifndef BLK_PI_GUARD_H
#define BLK_PI_GUARD_H

#include <linux/blk-integrity.h>
#include <linux/types.h>

/*
 * Intervals of block devices are multiples of this.  The functions of a struct
 * pi_guard_impl accept no other lengths.
 */
#define PI_GUARD_UNIT_BYTES	512

/**
 * struct pi_piece - contiguous intervals
 * @data: their data, mapped
 * @intervals: number of intervals
 */
struct pi_piece {
	const void *data;
	unsigned int intervals;
};

typedef void pi_guard16_fn(const struct pi_piece *pieces,
			   unsigned int nr_pieces, unsigned int bytes,
			   u16 *guards);
typedef void pi_guard64_fn(const struct pi_piece *pieces,
			   unsigned int nr_pieces, unsigned int bytes,
			   u64 *guards);

/* Compute one guard after the other, by a function for one interval. */
static __always_inline void
pi_guard16_each(const struct pi_piece *pieces, unsigned int nr_pieces,
		unsigned int bytes, u16 *guards,
		u16 (*guard_of)(const void *data, unsigned int bytes))
{
	for (; nr_pieces; nr_pieces--, pieces++) {
		const void *data = pieces->data;

		for (unsigned int i = 0; i < pieces->intervals; i++) {
			*guards++ = guard_of(data, bytes);
			data += bytes;
		}
	}
}

/**
 * struct pi_guard_impl - a set of functions that compute guards
 * @name: name in sysfs and in the boot parameter
 * @usable: whether the CPU and the kernel support it.  Process context.
 * @avoided: whether it is used only if the boot parameter names it, because
 *	another implementation is faster on this CPU.  NULL: no.
 * @crc16: CRC-16 T10-DIF
 * @ip: Internet checksum (RFC 1071)
 * @crc64: CRC-64 of NVMe
 *
 * The functions run in any context; where vector registers are not available,
 * they fall back to portable code.
 */
struct pi_guard_impl {
	const char *name;
	bool (*usable)(void);
	bool (*avoided)(void);
	pi_guard16_fn *crc16;
	pi_guard16_fn *ip;
	pi_guard64_fn *crc64;
};

/**
 * struct pi_guard_prefixes - metadata in front of the tuples of a run
 * @first: the metadata in front of the first tuple
 * @bytes: its length
 * @stride: distance to that of the next tuple, in bytes
 */
struct pi_guard_prefixes {
	const void *first;
	unsigned int bytes;
	unsigned int stride;
};

/* pi-guard.c; in the order of preference */
extern const struct pi_guard_impl *const pi_guard_impls[];
extern const unsigned int pi_guard_nr_impls;

pi_guard16_fn pi_guard_crc16;
pi_guard16_fn pi_guard_ip;
pi_guard64_fn pi_guard_crc64;
void pi_guard_crc16_chain(u16 *guards, unsigned int nr,
		const struct pi_guard_prefixes *prefixes);
void pi_guard_ip_chain(u16 *guards, unsigned int nr,
		const struct pi_guard_prefixes *prefixes);
void pi_guard_crc64_chain(u64 *guards, unsigned int nr,
		const struct pi_guard_prefixes *prefixes);
const char *pi_guard_impl_name(enum blk_integrity_checksum csum_type);

/* pi-guard-portable.c */
void pi_guard_portable_init(void);
u16 pi_guard_crc16_update(u16 crc, const u8 *p, size_t len);
u64 pi_guard_crc64_update(u64 crc, const u8 *p, size_t len);
pi_guard16_fn pi_guard_crc16_portable;
pi_guard16_fn pi_guard_ip_portable;
pi_guard64_fn pi_guard_crc64_portable;

/* pi-guard-x86.c */
extern const struct pi_guard_impl pi_guard_avx512;
extern const struct pi_guard_impl pi_guard_avx2;
extern const struct pi_guard_impl pi_guard_sse;

void pi_guard_x86_init(void);

/* pi-guard-x86-consts.c */
void pi_guard_consts_init(unsigned int prefetch);

#endif /* BLK_PI_GUARD_H */
