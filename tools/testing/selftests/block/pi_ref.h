/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The formats of protection information by the standards, independent of the
 * kernel's code: the tests compare the medium with them.
 */
#ifndef PI_REF_H
#define PI_REF_H

#include <linux/types.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum pi_guard {
	PI_NONE,	/* opaque metadata */
	PI_CRC16,
	PI_IP,
	PI_CRC64,
	PI_CRC32C,
};

enum pi_field {
	PI_GUARD,
	PI_APP,
	PI_REF,
	PI_OPAQUE,
};

struct pi_format {
	unsigned int interval;	/* data bytes */
	unsigned int ms;	/* metadata bytes an interval */
	unsigned int offset;	/* of the protection information in them */
	unsigned int type;	/* 1, 2 or 3 */
	enum pi_guard guard;
};

__u16 pi_crc16(__u16 crc, const void *buf, size_t len);
__u16 pi_ip(const void *buf, size_t len, const void *more, size_t more_len);
__u64 pi_crc64(__u64 crc, const void *buf, size_t len);
__u32 pi_crc32c(__u32 crc, const void *buf, size_t len);

bool pi_parse(const char *text, struct pi_format *fmt);
unsigned int pi_size(const struct pi_format *fmt);
void pi_field(const struct pi_format *fmt, enum pi_field field,
	      unsigned int *offset, unsigned int *bytes);
void pi_protect(const struct pi_format *fmt, const void *data, __u64 number,
		void *metadata);
void pi_make(const struct pi_format *fmt, const void *data, __u64 number,
	     void *metadata);
bool pi_same(const struct pi_format *fmt, const void *want, const void *found,
	     __u64 number);
int pi_vectors(void);

#endif /* PI_REF_H */
