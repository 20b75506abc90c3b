// SPDX-License-Identifier: GPL-2.0
/*
 * The table of geometries that suites run over.
 */

#include "../blk.h"
#include "../blk-integrity-dev.h"
#include "integrity_test.h"

#define GEOMETRY(format, csum, ref, bytes, offset, exp)			\
	{								\
		.desc = format " " #bytes " bytes, tuple at " #offset	\
			", interval 2^" #exp,				\
		.bi = {							\
			.csum_type = BLK_INTEGRITY_CSUM_##csum,		\
			.flags = ref,					\
			.tuple_size = bytes,				\
			.pi_offset = offset,				\
			.interval_exp = exp,				\
		},							\
	}

#define TYPE1_CRC(bytes, offset, exp)	\
	GEOMETRY("type 1 CRC", CRC, BLK_INTEGRITY_REF_TAG, bytes, offset, exp)
#define TYPE3_CRC(bytes, offset, exp)	\
	GEOMETRY("type 3 CRC", CRC, 0, bytes, offset, exp)
#define TYPE1_IP(bytes, offset, exp)	\
	GEOMETRY("type 1 IP", IP, BLK_INTEGRITY_REF_TAG, bytes, offset, exp)
#define TYPE3_IP(bytes, offset, exp)	\
	GEOMETRY("type 3 IP", IP, 0, bytes, offset, exp)
#define TYPE1_CRC64(bytes, offset, exp)	\
	GEOMETRY("type 1 CRC64", CRC64, BLK_INTEGRITY_REF_TAG, bytes, offset, exp)
#define TYPE3_CRC64(bytes, offset, exp)	\
	GEOMETRY("type 3 CRC64", CRC64, 0, bytes, offset, exp)

/*
 * All formats; tuples first, inside and last; sizes that do not divide a page.
 */
static const struct test_geometry geometries[] = {
	TYPE1_CRC(8, 0, 9), TYPE1_CRC(8, 0, 12), TYPE1_CRC(12, 0, 9),
	TYPE1_CRC(12, 4, 9), TYPE1_CRC(16, 8, 12), TYPE1_CRC(24, 0, 9),
	TYPE1_CRC(24, 8, 9), TYPE1_CRC(24, 16, 12), TYPE1_CRC(40, 0, 9),
	TYPE1_CRC(40, 15, 9), TYPE1_CRC(40, 32, 12), TYPE1_CRC(64, 0, 12),
	TYPE1_CRC(64, 56, 9), TYPE1_CRC(128, 60, 12), TYPE1_CRC(264, 0, 9),
	TYPE1_CRC(264, 256, 9), TYPE1_CRC(264, 100, 12),
	TYPE1_CRC(4096, 0, 12), TYPE1_CRC(4096, 2047, 9),
	TYPE1_CRC(4096, 4088, 12),
	TYPE3_CRC(8, 0, 9), TYPE3_CRC(12, 4, 12), TYPE3_CRC(64, 56, 9),
	TYPE3_CRC(264, 0, 12), TYPE3_CRC(4096, 4088, 9),
	TYPE1_IP(8, 0, 9), TYPE1_IP(8, 0, 12), TYPE1_IP(24, 16, 9),
	TYPE1_IP(40, 13, 9), TYPE1_IP(128, 0, 12), TYPE1_IP(4096, 4088, 12),
	TYPE3_IP(8, 0, 12), TYPE3_IP(12, 0, 9), TYPE3_IP(264, 256, 9),
	TYPE1_CRC64(16, 0, 9), TYPE1_CRC64(16, 0, 12), TYPE1_CRC64(24, 0, 9),
	TYPE1_CRC64(24, 8, 12), TYPE1_CRC64(40, 12, 9),
	TYPE1_CRC64(64, 48, 12), TYPE1_CRC64(264, 0, 9),
	TYPE1_CRC64(264, 248, 12), TYPE1_CRC64(4096, 4080, 12),
	TYPE3_CRC64(16, 0, 12), TYPE3_CRC64(40, 24, 9),
	TYPE3_CRC64(128, 0, 9), TYPE3_CRC64(4096, 1000, 12),
};

KUNIT_ARRAY_PARAM_DESC(geometries, geometries, desc);

/**
 * test_geometry_gen_params() - parameters for KUNIT_CASE_PARAM(): the table
 * @prev: parameter before, or %NULL
 * @desc: buffer for its description
 *
 * Return: a &struct test_geometry, or %NULL after the last.
 */
const void *test_geometry_gen_params(const void *prev, char *desc)
{
	return geometries_gen_params(prev, desc);
}

/**
 * test_geometry_of() - get the geometry that is the parameter of a test
 * @test: with test_geometry_gen_params()
 *
 * Return: the geometry, its profile set.
 */
struct blk_integrity test_geometry_of(const struct kunit *test)
{
	const struct test_geometry *row = test->param_value;
	struct blk_integrity bi = row->bi;

	bi.profile = blk_integrity_builtin_profile(&bi);
	return bi;
}

/**
 * test_geometry() - make a geometry
 * @csum_type: kind of guard
 * @flags: %BLK_INTEGRITY_REF_TAG or 0
 * @tuple_size: metadata bytes an interval
 * @pi_offset: of the tuple, bytes
 * @interval_exp: log2 of the interval
 *
 * Return: the geometry, its profile set.
 */
struct blk_integrity test_geometry(enum blk_integrity_checksum csum_type,
				   unsigned int flags, unsigned int tuple_size,
				   unsigned int pi_offset,
				   unsigned int interval_exp)
{
	struct blk_integrity bi = {
		.flags = flags,
		.csum_type = csum_type,
		.tuple_size = tuple_size,
		.pi_offset = pi_offset,
		.interval_exp = interval_exp,
	};

	bi.profile = blk_integrity_builtin_profile(&bi);
	return bi;
}

/**
 * test_with_tags() - give the tags of a geometry to the submitter
 * @bi: with profile
 *
 * Return: the geometry.
 */
struct blk_integrity test_with_tags(struct blk_integrity bi)
{
	bi.tag_size = bi.profile->tag_size;
	return bi;
}
