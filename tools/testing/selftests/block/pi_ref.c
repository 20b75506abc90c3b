// SPDX-License-Identifier: GPL-2.0
/*
 * Guards and tuples from the definitions: bit by bit where that is fast enough,
 * otherwise with a table computed bit by bit.
 */
#include <stdio.h>
#include <string.h>

#include "pi_ref.h"

#define CRC16_POLY	0x8bb7			/* SBC-4 4.22.4.2 */
#define CRC64_POLY	0xad93d23594c93659ULL	/* NVM Command Set 5.2.1.3 */
#define CRC32C_POLY	0x82f63b78		/* RFC 3720 12.1, reflected */

static __u64 reflect(__u64 word)
{
	__u64 out = 0;

	for (int bit = 0; bit < 64; bit++)
		if (word >> bit & 1)
			out |= 1ULL << (63 - bit);
	return out;
}

__u16 pi_crc16(__u16 crc, const void *buf, size_t len)
{
	static __u16 table[256];
	const __u8 *p = buf;

	if (!table[1]) {
		for (int byte = 0; byte < 256; byte++) {
			__u16 rest = byte << 8;

			for (int bit = 0; bit < 8; bit++)
				rest = rest << 1 ^
				       (rest & 0x8000 ? CRC16_POLY : 0);
			table[byte] = rest;
		}
	}
	while (len--)
		crc = crc << 8 ^ table[crc >> 8 ^ *p++];
	return crc;
}

__u64 pi_crc64(__u64 crc, const void *buf, size_t len)
{
	static __u64 table[256];
	const __u8 *p = buf;

	if (!table[1]) {
		__u64 poly = reflect(CRC64_POLY);

		for (int byte = 0; byte < 256; byte++) {
			__u64 rest = byte;

			for (int bit = 0; bit < 8; bit++)
				rest = rest >> 1 ^ (rest & 1 ? poly : 0);
			table[byte] = rest;
		}
	}
	crc = ~crc;
	while (len--)
		crc = crc >> 8 ^ table[(crc ^ *p++) & 0xff];
	return ~crc;
}

__u32 pi_crc32c(__u32 crc, const void *buf, size_t len)
{
	const __u8 *p = buf;

	crc = ~crc;
	while (len--) {
		crc ^= *p++;
		for (int bit = 0; bit < 8; bit++)
			crc = crc >> 1 ^ (crc & 1 ? CRC32C_POLY : 0);
	}
	return ~crc;
}

static __u64 sum_words(const __u8 *p, size_t len)
{
	__u64 sum = 0;

	for (size_t i = 0; i < len; i++)
		sum += i % 2 ? p[i] : p[i] << 8;
	return sum;
}

/*
 * RFC 1071 over 16-bit words of an even number of bytes and of more behind them;
 * returns the big-endian value.
 */
__u16 pi_ip(const void *buf, size_t len, const void *more, size_t more_len)
{
	__u64 sum = sum_words(buf, len) + sum_words(more, more_len);

	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return ~sum;
}

/* "4096+64:crc16:1:56": interval + metadata bytes : guard : type : offset */
bool pi_parse(const char *text, struct pi_format *fmt)
{
	static const char * const guards[] = {
		"none", "crc16", "ip", "crc64", "crc32c"
	};
	char guard[8];

	if (sscanf(text, "%u+%u:%7[a-z0-9]:%u:%u", &fmt->interval, &fmt->ms,
		   guard, &fmt->type, &fmt->offset) != 5)
		return false;
	for (int i = 0; i < 5; i++) {
		if (!strcmp(guard, guards[i])) {
			fmt->guard = i;
			return fmt->offset + pi_size(fmt) <= fmt->ms;
		}
	}
	return false;
}

unsigned int pi_size(const struct pi_format *fmt)
{
	switch (fmt->guard) {
	case PI_NONE:
		return 0;
	case PI_CRC64:
	case PI_CRC32C:
		return 16;
	default:
		return 8;
	}
}

/* Offset of a field in the metadata of an interval; 0 bytes: there is none. */
void pi_field(const struct pi_format *fmt, enum pi_field field,
	      unsigned int *offset, unsigned int *bytes)
{
	bool wide = fmt->guard == PI_CRC64, middle = fmt->guard == PI_CRC32C;

	*offset = fmt->offset;
	*bytes = 0;
	if (field == PI_OPAQUE) {
		*offset = fmt->offset ? 0 : pi_size(fmt);
		*bytes = fmt->ms - pi_size(fmt);
	} else if (fmt->guard == PI_NONE) {
		return;
	} else if (field == PI_GUARD) {
		*bytes = wide ? 8 : middle ? 4 : 2;
	} else if (field == PI_APP) {
		*offset += wide ? 8 : middle ? 4 : 2;
		*bytes = 2;
	} else {
		/* In the 32-bit guard format, after a storage tag. */
		*offset += wide ? 10 : middle ? 8 : 4;
		*bytes = wide ? 6 : middle ? 8 : 4;
	}
}

static void put(__u8 *to, __u64 value, unsigned int bytes)
{
	while (bytes--) {
		to[bytes] = value;
		value >>= 8;
	}
}

/*
 * Set guard and reference tag, keeping the rest of the metadata: the guard
 * covers the part in front of the tuple too.
 */
void pi_protect(const struct pi_format *fmt, const void *data, __u64 number,
		void *metadata)
{
	unsigned int offset, bytes;
	__u64 guard = 0;

	switch (fmt->guard) {
	case PI_NONE:
		return;
	case PI_CRC16:
		guard = pi_crc16(pi_crc16(0, data, fmt->interval),
				 metadata, fmt->offset);
		break;
	case PI_CRC64:
		guard = pi_crc64(pi_crc64(0, data, fmt->interval),
				 metadata, fmt->offset);
		break;
	case PI_CRC32C:
		guard = pi_crc32c(pi_crc32c(0, data, fmt->interval),
				  metadata, fmt->offset);
		break;
	case PI_IP:
		guard = pi_ip(data, fmt->interval, metadata, fmt->offset);
		break;
	}
	pi_field(fmt, PI_GUARD, &offset, &bytes);
	put(metadata + offset, guard, bytes);
	pi_field(fmt, PI_REF, &offset, &bytes);
	if (fmt->type != 3)
		put(metadata + offset, number, bytes);
}

/*
 * The metadata that must be on the medium for this data if no tags were stored:
 * every byte is part of the tuple or zero.
 */
void pi_make(const struct pi_format *fmt, const void *data, __u64 number,
	     void *metadata)
{
	memset(metadata, 0, fmt->ms);
	pi_protect(fmt, data, number, metadata);
}

static void show(const char *what, const __u8 *from, unsigned int bytes)
{
	fprintf(stderr, " %s ", what);
	for (unsigned int i = 0; i < bytes && i < 16; i++)
		fprintf(stderr, "%02x", from[i]);
}

bool pi_same(const struct pi_format *fmt, const void *want, const void *found,
	     __u64 number)
{
	static const char * const names[] = {
		"guard", "application tag", "reference tag", "opaque metadata"
	};

	for (int field = PI_GUARD; field <= PI_OPAQUE; field++) {
		unsigned int offset, bytes;

		pi_field(fmt, field, &offset, &bytes);
		if (!memcmp(want + offset, found + offset, bytes))
			continue;
		fprintf(stderr, "# block %llu: %s is wrong:",
			number, names[field]);
		show("wanted", want + offset, bytes);
		show("found", found + offset, bytes);
		fputs("\n", stderr);
		return false;
	}
	return true;
}

/*
 * Known answers on which several independent implementations agree; the IP
 * checksum is that of the whole words.
 */
int pi_vectors(void)
{
	static const struct {
		const char *name;
		unsigned int bytes, first, step;
		__u16 crc16, ip;
		__u32 crc32c;
		__u64 crc64;
	} known[] = {
		{ "\"123456789\"", 9, '1', 1, 0xd0db, 0x2f2b, 0xe3069283,
		  0xae8b14860a799888 },
		{ "32 x 00", 32, 0, 0, 0x0000, 0xffff, 0x8a9136aa,
		  0xcf3473434d4ecf3b },
		{ "32 x FF", 32, 0xff, 0, 0xa293, 0x0000, 0x62a8ab43,
		  0xa0a06974c34d63c4 },
		{ "512 up", 512, 0, 1, 0x4f10, 0x7f80, 0xae10ee5a,
		  0x65f48632094a1b07 },
		{ "512 down", 512, 0xff, 0xff, 0xa9b1, 0x807f, 0xc535910d,
		  0x2a65e037bb06dd58 },
		{ "4096 x 00", 4096, 0, 0, 0x0000, 0xffff, 0x98f94189,
		  0x6482d367eb22b64e },
		{ "4096 x FF", 4096, 0xff, 0, 0x8b5d, 0x0000, 0x25c1fe13,
		  0xc0ddba7302eca3ac },
		{ "4096 up from AB", 4096, 0xab, 1, 0xb0a8, 0x03fc, 0x0b9848de,
		  0x81039fcf5685d8d4 },
	};
	int bad = 0;

	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
		__u8 buf[4096];

		for (unsigned int j = 0; j < known[i].bytes; j++)
			buf[j] = known[i].first + j * known[i].step;
		if (pi_crc16(0, buf, known[i].bytes) == known[i].crc16 &&
		    pi_ip(buf, known[i].bytes & ~1, NULL, 0) == known[i].ip &&
		    pi_crc32c(0, buf, known[i].bytes) == known[i].crc32c &&
		    pi_crc64(0, buf, known[i].bytes) == known[i].crc64)
			continue;
		fprintf(stderr, "# wrong answer for %s\n", known[i].name);
		bad = 1;
	}
	return bad;
}
