/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Compatibility with kernels that have the integrity code of Linux 6.12, in
 * which submitters cannot choose checks and drivers cannot provide profiles.
 */
#ifndef PI_BRD_COMPAT_H
#define PI_BRD_COMPAT_H

#include <linux/blk-integrity.h>

#ifdef BLK_INTEGRITY_MAX_TUPLE_BYTES

#define PI_BRD_HAS_PROFILES	1

#else

#define PI_BRD_HAS_PROFILES	0
#define BLK_INTEGRITY_CHECKS_EACH	0
#define BLK_INTEGRITY_SPLIT_INTERVALS	0
#define BIP_CHECK_GUARD		1
#define BIP_CHECK_REFTAG	2
#define BIP_CHECK_APPTAG	4

/* Guard and reference tag are checked, or nothing. */
static inline bool bio_integrity_device_checks(struct bio *bio,
					       unsigned int check)
{
	return check != BIP_CHECK_APPTAG &&
	       !bio_integrity_flagged(bio, BIP_DISK_NOCHECK);
}

#endif /* BLK_INTEGRITY_MAX_TUPLE_BYTES */

#endif /* PI_BRD_COMPAT_H */
