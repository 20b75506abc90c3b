/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Included before t10-pi.c and bio-integrity-copy.c in the kernels that count
 * instructions: guards, and the moving of data into copies, can be left out, for
 * one instruction a call while they are not.
 */
#ifndef BENCH_PATH_H
#define BENCH_PATH_H

#include <linux/bio.h>
#include <linux/blk-integrity.h>
#include <linux/crc-t10dif.h>
#include <linux/jump_label.h>

DECLARE_STATIC_KEY_FALSE(path_no_guards);

#ifdef PATH_OURS
#include "pi-guard.h"

/* The data is zero, and so are its guards: four at once, of whole pages. */
static inline void path_crc16(const struct pi_piece *pieces,
			      unsigned int nr_pieces, unsigned int bytes,
			      u16 *guards)
{
	u64 *four = (u64 *)guards;

	if (!static_branch_unlikely(&path_no_guards)) {
		pi_guard_crc16(pieces, nr_pieces, bytes, guards);
		return;
	}
	for (; nr_pieces; nr_pieces--, pieces++)
		for (unsigned int i = 0; i < pieces->intervals; i += 4)
			*four++ = 0;
}

#define pi_guard_crc16	path_crc16

/* QEMU counts each step of a string instruction, so its CPU would decide. */
#define bio_copy_data(...)						\
	do {								\
		if (!static_branch_unlikely(&path_no_guards))		\
			(bio_copy_data)(__VA_ARGS__);			\
	} while (0)
#else
/*
 * User Mode Linux has no driver for the base's assembly, which is linked into it
 * here and called directly: it needs 16 bytes, which an interval has.
 */
#ifdef CONFIG_UML
asmlinkage u16 crc_t10dif_pcl(u16 crc, const u8 *data, size_t bytes);
#define path_base_crc		crc_t10dif_pcl
#else
#define path_base_crc		(crc_t10dif_update)
#endif
#define crc_t10dif_update(...)						\
	(static_branch_unlikely(&path_no_guards) ? 0 : path_base_crc(__VA_ARGS__))
#endif

#endif /* BENCH_PATH_H */
