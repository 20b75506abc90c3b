// SPDX-License-Identifier: GPL-2.0
/*
 * Tag space: which bytes of the metadata are tags, and that no tag is lost,
 * overwrites other bytes, or exempts an interval from its check.
 */

#include <linux/blk-integrity.h>

#include "integrity_disk.h"
#include "pi_reference.h"

#define INTERVALS	16
#define REF_TAG		BLK_INTEGRITY_REF_TAG

/* A write with metadata, and the expected metadata. */
struct tagged {
	struct blk_integrity bi;
	struct test_disk *td;
	struct rnd_state *rng;
	struct bio *bio;
	struct test_vecs *vecs;
	unsigned int tag_bytes;		/* of an interval */
	unsigned int meta_bytes;
	u8 *meta;			/* initial, then expected content */
	u8 *found;
	u8 *tags;
};

/* Offset of a byte of an interval's tag, by the reference. */
static unsigned int tag_at(const struct blk_integrity *bi, unsigned int byte)
{
	unsigned int tuple = pi_ref_tuple_bytes(bi);

	if (bi->tuple_size == tuple)
		return bi->pi_offset + pi_ref_guard_bytes(bi) + byte;
	return byte < bi->pi_offset ? byte : byte + tuple;
}

static unsigned int tag_bytes_of(const struct blk_integrity *bi)
{
	unsigned int tuple = pi_ref_tuple_bytes(bi);

	if (bi->tuple_size > tuple)
		return bi->tuple_size - tuple;
	return bi->flags & REF_TAG ? 2 : tuple - pi_ref_guard_bytes(bi);
}

static struct tagged *tagged_of(struct kunit *test, struct blk_integrity bi,
				enum test_cut cut)
{
	struct tagged *t = kunit_kzalloc(test, sizeof(*t), GFP_KERNEL);
	struct test_io *io;

	KUNIT_ASSERT_NOT_NULL(test, t);
	bi.tag_size = bi.csum_type ? tag_bytes_of(&bi) : 0;
	if (bi.tuple_size > 8)
		bi.tag_size = min_t(unsigned int, bi.tag_size, 8);
	t->bi = bi;
	t->td = test_disk_of(test, bi);
	t->rng = test_rng(test);
	t->tag_bytes = tag_bytes_of(&bi);
	t->meta_bytes = INTERVALS * bi.tuple_size;
	t->meta = test_filled_buf(test, t->rng, t->meta_bytes);
	t->found = test_guarded_buf(test, t->meta_bytes);
	t->tags = test_filled_buf(test, t->rng, INTERVALS * t->tag_bytes);
	t->vecs = test_vecs_alloc(test, t->rng, t->meta_bytes, cut);
	test_vecs_write(t->vecs, t->meta);

	io = test_io_alloc(test, t->td->bdev, t->rng, REQ_OP_WRITE, 0,
			   INTERVALS << bi.interval_exp, TEST_CUT_PAGE);
	t->bio = &io->bio;
	test_io_attach(test, io, t->vecs, 0);
	/* Random, but nowhere all ones. */
	for (unsigned int i = 0; i < INTERVALS * t->tag_bytes; i++)
		t->tags[i] &= 0xfe;
	return t;
}

/* Store @len bytes of tags in the expected metadata. */
static void put_tags(struct tagged *t, const u8 *tags, unsigned int len)
{
	unsigned int whole = roundup(len, t->tag_bytes);

	for (unsigned int i = 0; i < whole; i++) {
		u8 *area = t->meta + i / t->tag_bytes * t->bi.tuple_size;

		area[tag_at(&t->bi, i % t->tag_bytes)] = i < len ? tags[i] : 0;
	}
}

static void expect_metadata(struct kunit *test, struct tagged *t)
{
	test_vecs_read(t->vecs, t->found);
	KUNIT_EXPECT_MEMEQ(test, t->meta, t->found, t->meta_bytes);
	KUNIT_EXPECT_TRUE(test, test_vecs_intact(t->vecs));
}

static void set_and_get(struct kunit *test, struct tagged *t, unsigned int len)
{
	u8 *back = test_guarded_buf(test, len);

	KUNIT_EXPECT_EQ(test, 0, bio_integrity_set_tag(t->bio, t->tags, len));
	put_tags(t, t->tags, len);
	expect_metadata(test, t);
	KUNIT_EXPECT_EQ(test, 0, bio_integrity_get_tag(t->bio, back, len));
	KUNIT_EXPECT_MEMEQ(test, t->tags, back, len);
}

static void tags_lie_where_they_should(struct kunit *test)
{
	static const enum test_cut cuts[] = {
		TEST_CUT_NONE, TEST_CUT_PAGE, TEST_CUT_RANDOM,
	};

	for (int i = 0; i < ARRAY_SIZE(cuts); i++) {
		struct tagged *t = tagged_of(test, test_geometry_of(test),
					     cuts[i]);
		unsigned int space = INTERVALS * t->tag_bytes;

		KUNIT_EXPECT_EQ(test, space, bio_integrity_tag_size(t->bio));
		set_and_get(test, t, test_random(t->rng, 1, space));
		set_and_get(test, t, space);
		set_and_get(test, t, 0);
	}
}

/* All metadata without a format is tag space. */
static void opaque_metadata_is_all_tags(struct kunit *test)
{
	struct blk_integrity bi = test_geometry(BLK_INTEGRITY_CSUM_NONE, 0, 24, 0,
						12);
	struct test_disk *td = test_disk_of(test, bi);
	struct rnd_state *rng = test_rng(test);
	struct test_io *io = test_io_alloc(test, td->bdev, rng, REQ_OP_WRITE, 0,
					   4 * SZ_4K, TEST_CUT_PAGE);
	struct test_vecs *meta = test_vecs_alloc(test, rng, 4 * 24,
						 TEST_CUT_RANDOM);
	u8 *tags = test_filled_buf(test, rng, 4 * 24);
	u8 *found = test_guarded_buf(test, 4 * 24);

	memset(tags + 24, 0xff, 24);
	test_io_attach(test, io, meta, 0);
	KUNIT_EXPECT_EQ(test, 4 * 24, bio_integrity_tag_size(&io->bio));
	KUNIT_EXPECT_EQ(test, 4 * 24,
			bio_integrity_packed_tag_size(&io->bio, SZ_8K));
	KUNIT_EXPECT_EQ(test, 0, bio_integrity_set_tag(&io->bio, tags, 4 * 24));
	test_vecs_read(meta, found);
	KUNIT_EXPECT_MEMEQ(test, tags, found, 4 * 24);
	KUNIT_EXPECT_EQ(test, 0, bio_integrity_get_packed_tag(&io->bio, found,
							      4 * 24, SZ_8K));
	KUNIT_EXPECT_MEMEQ(test, tags, found, 4 * 24);
}

static void what_does_not_fit_is_refused_whole(struct kunit *test)
{
	struct tagged *t = tagged_of(test, test_geometry_of(test),
				     TEST_CUT_RANDOM);
	unsigned int space = INTERVALS * t->tag_bytes;
	unsigned int packed = bio_integrity_packed_tag_size(t->bio,
						8 << t->bi.interval_exp);
	u8 *tags = test_filled_buf(test, t->rng, space + 1);

	KUNIT_EXPECT_EQ(test, -EINVAL,
			bio_integrity_set_tag(t->bio, tags, space + 1));
	KUNIT_EXPECT_EQ(test, -EINVAL,
			bio_integrity_get_tag(t->bio, tags, space + 1));
	KUNIT_EXPECT_EQ(test, -EINVAL,
			bio_integrity_set_tag(t->bio, tags, UINT_MAX));
	KUNIT_EXPECT_EQ(test, -EINVAL,
			bio_integrity_set_packed_tag(t->bio, tags, packed + 1,
						     8 << t->bi.interval_exp));
	KUNIT_EXPECT_EQ(test, -EINVAL,
			bio_integrity_get_packed_tag(t->bio, tags, packed + 1,
						     8 << t->bi.interval_exp));
	KUNIT_EXPECT_EQ(test, -EINVAL,
			bio_integrity_set_packed_tag(t->bio, tags, UINT_MAX,
						     1 << t->bi.interval_exp));
	expect_metadata(test, t);
}

struct escape_case {
	const char *desc;
	enum blk_integrity_checksum csum_type;
	unsigned int flags;
	unsigned int tuple_bytes;
	unsigned int tag_bytes;
};

static const struct escape_case escape_cases[] = {
	{ "type 1 CRC", BLK_INTEGRITY_CSUM_CRC, REF_TAG, 8, 2 },
	{ "type 3 CRC", BLK_INTEGRITY_CSUM_CRC, 0, 8, 6 },
	{ "type 1 IP", BLK_INTEGRITY_CSUM_IP, REF_TAG, 8, 2 },
	{ "type 1 CRC64", BLK_INTEGRITY_CSUM_CRC64, REF_TAG, 16, 2 },
	{ "type 3 CRC64", BLK_INTEGRITY_CSUM_CRC64, 0, 16, 8 },
};

KUNIT_ARRAY_PARAM_DESC(escape_cases, escape_cases, desc);

static struct tagged *tagged_of_case(struct kunit *test)
{
	const struct escape_case *row = test->param_value;

	return tagged_of(test, test_geometry(row->csum_type, row->flags,
					     row->tuple_bytes, 0, 9),
			 TEST_CUT_RANDOM);
}

static void escape_is_refused(struct kunit *test)
{
	const struct escape_case *row = test->param_value;
	struct tagged *t = tagged_of_case(test);
	unsigned int n = row->tag_bytes;
	unsigned int space = INTERVALS * n;

	KUNIT_ASSERT_EQ(test, n, t->tag_bytes);
	for (unsigned int i = 0; i < INTERVALS; i++) {
		u8 *tag = t->tags + i * n;
		u8 before = tag[0];

		memset(tag, 0xff, n);
		KUNIT_EXPECT_EQ(test, -EINVAL,
				bio_integrity_set_tag(t->bio, t->tags, space));
		expect_metadata(test, t);
		/* With any bit cleared, or in part, it is an ordinary tag. */
		tag[test_random(t->rng, 0, n - 1)] ^= BIT(test_random(t->rng, 0, 7));
		set_and_get(test, t, space);
		memset(tag, 0xff, n);
		set_and_get(test, t, (i + 1) * n - 1);
		memset(tag, before, n);
	}
}

/* Packed, the same value is stored and read back. */
static void packed_tag_is_never_an_escape(struct kunit *test)
{
	const struct escape_case *row = test->param_value;
	unsigned int block_bytes = 8 << 9;
	unsigned int packed = (8 * row->tag_bytes * 8 - 8) / 8;
	struct tagged *t = tagged_of_case(test);
	u8 *value = test_guarded_buf(test, 2 * packed);
	u8 *back = test_guarded_buf(test, 2 * packed);

	KUNIT_EXPECT_EQ(test, 2 * packed,
			bio_integrity_packed_tag_size(t->bio, block_bytes));
	memset(value, 0xff, 2 * packed);
	KUNIT_EXPECT_EQ(test, 0, bio_integrity_set_packed_tag(t->bio, value,
							      2 * packed,
							      block_bytes));
	for (unsigned int i = 0; i < INTERVALS; i++) {
		memset(t->tags, 0xff, row->tag_bytes);
		t->tags[0] = 0x7f;
		for (unsigned int byte = 0; byte < row->tag_bytes; byte++)
			t->meta[i * t->bi.tuple_size +
				tag_at(&t->bi, byte)] = t->tags[byte];
	}
	expect_metadata(test, t);
	KUNIT_EXPECT_EQ(test, 0, bio_integrity_get_packed_tag(t->bio, back,
							      2 * packed,
							      block_bytes));
	KUNIT_EXPECT_MEMEQ(test, value, back, 2 * packed);
}

static void packed_tags_come_back(struct kunit *test)
{
	struct tagged *t = tagged_of(test, test_geometry_of(test),
				     TEST_CUT_RANDOM);
	static const unsigned int of_block[] = { 1, 2, 4, 8, 16 };

	for (int i = 0; i < ARRAY_SIZE(of_block); i++) {
		unsigned int block_bytes = of_block[i] << t->bi.interval_exp;
		unsigned int space = bio_integrity_packed_tag_size(t->bio,
								   block_bytes);
		unsigned int len = test_random(t->rng, 1, space);
		u8 *value, *back;

		KUNIT_ASSERT_NE(test, 0, space);
		value = test_filled_buf(test, t->rng, space);
		back = test_guarded_buf(test, space);
		KUNIT_EXPECT_EQ(test, 0,
				bio_integrity_set_packed_tag(t->bio, value, space,
							     block_bytes));
		KUNIT_EXPECT_EQ(test, 0,
				bio_integrity_get_packed_tag(t->bio, back, space,
							     block_bytes));
		KUNIT_EXPECT_MEMEQ(test, value, back, space);
		memset(back, 0, space);
		KUNIT_EXPECT_EQ(test, 0,
				bio_integrity_get_packed_tag(t->bio, back, len,
							     block_bytes));
		KUNIT_EXPECT_MEMEQ(test, value, back, len);
		KUNIT_EXPECT_NULL(test, memchr_inv(back + len, 0, space - len));
	}
	KUNIT_EXPECT_EQ(test, 0, bio_integrity_packed_tag_size(t->bio, 0));
	KUNIT_EXPECT_EQ(test, 0,
			bio_integrity_packed_tag_size(t->bio,
						      3 << t->bi.interval_exp));
	KUNIT_EXPECT_EQ(test, 0,
			bio_integrity_packed_tag_size(t->bio,
						      (1 << t->bi.interval_exp) + 256));
}

/* A block that was never written has no packed tag. */
static void escape_is_no_packed_tag(struct kunit *test)
{
	struct tagged *t = tagged_of_case(test);
	unsigned int of_block = bio_integrity_packed_tag_size(t->bio, 512) /
				INTERVALS;
	u8 *value = test_guarded_buf(test, INTERVALS * of_block);

	memset(t->meta + 9 * t->bi.tuple_size, 0xff, t->bi.tuple_size);
	for (unsigned int i = 0; i < INTERVALS; i++)
		t->meta[i * t->bi.tuple_size + tag_at(&t->bi, 0)] &=
			i == 9 ? 0xff : 0x7f;
	test_vecs_write(t->vecs, t->meta);
	KUNIT_EXPECT_EQ(test, -ENODATA,
			bio_integrity_get_packed_tag(t->bio, value,
						     10 * of_block, 512));
	KUNIT_EXPECT_EQ(test, 0,
			bio_integrity_get_packed_tag(t->bio, value,
						     9 * of_block, 512));
}

/* Each half of a split has the tags of its intervals, and can change them. */
static void split_bios_have_their_own_tags(struct kunit *test)
{
	struct tagged *t = tagged_of(test, test_geometry_of(test),
				     TEST_CUT_RANDOM);
	unsigned int bytes = t->tag_bytes;
	u8 *back = test_guarded_buf(test, INTERVALS * bytes);

	set_and_get(test, t, INTERVALS * bytes);
	for (unsigned int n = 1; n < INTERVALS; n++) {
		struct bio clone;

		KUNIT_ASSERT_EQ(test, 0, bio_init_clone(t->td->bdev, &clone, t->bio,
							GFP_KERNEL));
		bio_advance(&clone, n << t->bi.interval_exp);
		KUNIT_EXPECT_EQ(test, (INTERVALS - n) * bytes,
				bio_integrity_tag_size(&clone));
		KUNIT_EXPECT_EQ(test, 0,
				bio_integrity_get_tag(&clone, back,
						      (INTERVALS - n) * bytes));
		KUNIT_EXPECT_MEMEQ(test, t->tags + n * bytes, back,
				   (INTERVALS - n) * bytes);
		KUNIT_EXPECT_EQ(test, -EINVAL,
				bio_integrity_set_tag(&clone, t->tags,
						      (INTERVALS - n) * bytes + 1));
		t->tags[n * bytes] ^= 2;
		KUNIT_EXPECT_EQ(test, 0,
				bio_integrity_set_tag(&clone, t->tags + n * bytes,
						      bytes));
		put_tags(t, t->tags, INTERVALS * bytes);
		expect_metadata(test, t);
		bio_uninit(&clone);
	}
}

static void no_space_no_tags(struct kunit *test)
{
	struct blk_integrity bi = test_geometry(BLK_INTEGRITY_CSUM_CRC, REF_TAG, 8,
						0, 9);
	/* Without tag_size: the device keeps the tags for itself. */
	struct test_disk *td = test_disk_of(test, bi);
	struct rnd_state *rng = test_rng(test);
	struct test_io *io = test_io_alloc(test, td->bdev, rng, REQ_OP_WRITE, 0,
					   SZ_4K, TEST_CUT_NONE);
	struct test_vecs *meta = test_vecs_alloc(test, rng, 64, TEST_CUT_NONE);
	struct tagged *t = tagged_of(test, bi, TEST_CUT_NONE);
	u8 tag[2] = { 1, 2 };

	KUNIT_EXPECT_EQ(test, 0, bio_integrity_tag_size(&io->bio));
	KUNIT_EXPECT_EQ(test, -EINVAL, bio_integrity_set_tag(&io->bio, tag, 2));
	KUNIT_EXPECT_EQ(test, -EINVAL, bio_integrity_get_tag(&io->bio, tag, 2));
	test_io_attach(test, io, meta, 0);
	KUNIT_EXPECT_EQ(test, 0, bio_integrity_tag_size(&io->bio));
	KUNIT_EXPECT_EQ(test, 0, bio_integrity_packed_tag_size(&io->bio, SZ_4K));
	KUNIT_EXPECT_EQ(test, -EINVAL, bio_integrity_set_tag(&io->bio, tag, 2));
	/* Tags of a read cannot be set. */
	t->bio->bi_opf = REQ_OP_READ | REQ_INTEGRITY;
	KUNIT_EXPECT_EQ(test, -EINVAL, bio_integrity_set_tag(t->bio, tag, 2));
	KUNIT_EXPECT_EQ(test, 0, bio_integrity_get_tag(t->bio, tag, 2));
}

static struct kunit_case tag_cases[] = {
	KUNIT_CASE_PARAM(tags_lie_where_they_should, test_geometry_gen_params),
	KUNIT_CASE(opaque_metadata_is_all_tags),
	KUNIT_CASE_PARAM(what_does_not_fit_is_refused_whole,
			 test_geometry_gen_params),
	KUNIT_CASE_PARAM(escape_is_refused, escape_cases_gen_params),
	KUNIT_CASE_PARAM(packed_tag_is_never_an_escape, escape_cases_gen_params),
	KUNIT_CASE_PARAM(packed_tags_come_back, test_geometry_gen_params),
	KUNIT_CASE_PARAM(escape_is_no_packed_tag, escape_cases_gen_params),
	KUNIT_CASE_PARAM(split_bios_have_their_own_tags,
			 test_geometry_gen_params),
	KUNIT_CASE(no_space_no_tags),
	{ }
};

static struct kunit_suite tag_suite = {
	.name		= "bio_integrity_tag",
	.test_cases	= tag_cases,
};

kunit_test_suite(tag_suite);

MODULE_DESCRIPTION("KUnit tests of tags");
MODULE_LICENSE("GPL");
