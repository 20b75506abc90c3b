// SPDX-License-Identifier: GPL-2.0
/*
 * Tag space: bytes of the metadata that belong to the owner of the data,
 * distributed over the intervals of a bio.
 *
 * If the metadata is larger than the tuple, the space is all metadata outside
 * of the tuple.  Otherwise the space is the tags in the tuple.  There a tag of
 * all ones would be an escape, which disables the check of the interval, so
 * such a tag is rejected.  Packed tags leave out the first bit of each interval
 * and can therefore have any value.
 */

#include <linux/blk-integrity.h>

#include "bio-integrity-internal.h"
#include "blk.h"
#include "blk-integrity-walk.h"

/* The tag of an interval is contiguous, or before and after the tuple. */
struct tag_layout {
	struct {
		unsigned int offset;
		unsigned int bytes;
	} piece[2];
	unsigned int bytes;
	bool can_escape;
	bool by_callback;
};

/**
 * struct tag_io - a call of set_tag or get_tag
 * @bio: bio of the call
 * @bip: its payload
 * @layout: of an interval's tag
 * @intervals: number of intervals of the bio
 * @block_intervals: packed tags: intervals of a block; otherwise 0
 * @block_bytes: packed tags: tag bytes of a block
 * @buf: buffer of the caller
 * @len: its length in bytes
 */
struct tag_io {
	struct bio *bio;
	struct bio_integrity_payload *bip;
	struct tag_layout layout;
	unsigned int intervals;
	unsigned int block_intervals;
	unsigned int block_bytes;
	u8 *buf;
	unsigned int len;
};

/* Copies the tag of one interval, whose metadata is at @area. */
typedef int (*tag_move_fn)(const struct tag_io *io, unsigned int interval,
			   struct bvec_iter area,
			   enum blk_integrity_walk_mode mode);

static struct tag_layout tag_layout(const struct blk_integrity *bi,
				    const struct blk_integrity_profile *profile)
{
	struct tag_layout layout = {};

	if (profile->set_tag_fn && profile->get_tag_fn) {
		layout.bytes = profile->tag_size;
		layout.by_callback = true;
		return layout;
	}
	if (bi->tuple_size > profile->tuple_size) {
		layout.piece[0].bytes = bi->pi_offset;
		layout.piece[1].offset = bi->pi_offset + profile->tuple_size;
		layout.piece[1].bytes = bi->tuple_size - layout.piece[1].offset;
	} else {
		layout.piece[0].offset = bi->pi_offset + profile->tag_offset;
		layout.piece[0].bytes = min_t(unsigned int, bi->tag_size,
					      profile->tag_size);
		layout.can_escape = true;
	}
	layout.bytes = layout.piece[0].bytes + layout.piece[1].bytes;
	return layout;
}

/* Returns %false if the rest of the bio has no tag space. */
static bool tag_io_init(struct tag_io *io)
{
	struct bio_integrity_payload *bip = bio_integrity(io->bio);
	const struct blk_integrity *bi = bip_geometry(bip, io->bio);

	if (!bi)
		return false;
	io->bip = bip;
	io->layout = tag_layout(bi, bip_profile(bip));
	io->intervals = bip->bip_iter.bi_size / bi->tuple_size;
	return io->layout.bytes;
}

/* Also returns %false if the bio is not a whole number of blocks. */
static bool tag_io_init_packed(struct tag_io *io, unsigned int block_bytes)
{
	unsigned int interval_exp, lost_bits;

	if (!tag_io_init(io))
		return false;
	interval_exp = io->bip->bip_geometry.interval_exp;
	io->block_intervals = block_bytes >> interval_exp;
	if (!io->block_intervals || io->intervals % io->block_intervals ||
	    block_bytes != io->block_intervals << interval_exp)
		return false;
	lost_bits = io->layout.can_escape ? io->block_intervals : 0;
	io->block_bytes = (io->block_intervals * io->layout.bytes * BITS_PER_BYTE -
			   lost_bits) / BITS_PER_BYTE;
	return io->block_bytes;
}

/*
 * Copy @len bytes between @tag and the tag of an interval.  When a tag is set,
 * the rest of it becomes zero.
 */
static void tag_copy(const struct tag_io *io, struct bvec_iter area, u8 *tag,
		     unsigned int len, enum blk_integrity_walk_mode mode)
{
	const struct bio_vec *vec = io->bip->bip_vec;
	const struct tag_layout *layout = &io->layout;

	for (int i = 0; i < ARRAY_SIZE(layout->piece); i++) {
		unsigned int bytes = min(len, layout->piece[i].bytes);
		struct bvec_iter piece = area;

		bvec_iter_advance(vec, &piece, layout->piece[i].offset);
		if (mode == BLK_INTEGRITY_WALK_SET) {
			blk_integrity_scatter(tag, vec, piece, bytes);
			bvec_iter_advance(vec, &piece, bytes);
			blk_integrity_scatter(page_address(ZERO_PAGE(0)), vec,
					      piece, layout->piece[i].bytes - bytes);
		} else {
			blk_integrity_gather(tag, vec, piece, bytes);
		}
		tag += bytes;
		len -= bytes;
	}
}

static int move_raw(const struct tag_io *io, unsigned int interval,
		    struct bvec_iter area, enum blk_integrity_walk_mode mode)
{
	unsigned int from = interval * io->layout.bytes;

	tag_copy(io, area, io->buf + from,
		 min(io->layout.bytes, io->len - from), mode);
	return 0;
}

static u8 bit_mask(unsigned int bit)
{
	return 0x80 >> bit % BITS_PER_BYTE;
}

static void bit_copy(u8 *to, unsigned int to_bit, const u8 *from,
		     unsigned int from_bit)
{
	if (from[from_bit / BITS_PER_BYTE] & bit_mask(from_bit))
		to[to_bit / BITS_PER_BYTE] |= bit_mask(to_bit);
	else
		to[to_bit / BITS_PER_BYTE] &= ~bit_mask(to_bit);
}

/* The bytes of a block, of which each interval takes some bits. */
static u8 *packed_part(const struct tag_io *io, unsigned int interval,
		       unsigned int *bit, unsigned int *end)
{
	unsigned int from = interval / io->block_intervals * io->block_bytes;

	*bit = interval % io->block_intervals *
	       (io->layout.bytes * BITS_PER_BYTE - 1);
	*end = min(*bit + io->layout.bytes * BITS_PER_BYTE - 1,
		   min(io->block_bytes, io->len - from) * BITS_PER_BYTE);
	return io->buf + from;
}

static int move_packed(const struct tag_io *io, unsigned int interval,
		       struct bvec_iter area, enum blk_integrity_walk_mode mode)
{
	u8 tag[BLK_INTEGRITY_MAX_TUPLE_BYTES] = {};
	unsigned int bit, end;
	u8 *part = packed_part(io, interval, &bit, &end);

	if (mode == BLK_INTEGRITY_WALK_SET)
		for (unsigned int to = 1; bit < end; to++, bit++)
			bit_copy(tag, to, part, bit);
	tag_copy(io, area, tag, io->layout.bytes, mode);
	if (mode == BLK_INTEGRITY_WALK_SET)
		return 0;
	if (tag[0] & bit_mask(0))
		return -ENODATA;
	for (unsigned int from = 1; bit < end; from++, bit++)
		bit_copy(part, bit, tag, from);
	return 0;
}

/* Call the callbacks of the format for runs of intervals. */
static int move_by_callback(const struct tag_io *io, unsigned int intervals,
			    enum blk_integrity_walk_mode mode)
{
	const struct blk_integrity_profile *profile = bip_profile(io->bip);
	struct blk_integrity_walk walk __uninitialized;
	unsigned int done = 0;
	int err = 0;

	bip_walk_init(io->bip, &walk, mode, intervals);
	walk.xchg.bio = io->bio;

	while (!err && blk_integrity_walk_next(&walk)) {
		unsigned int len = min(walk.run_intervals * io->layout.bytes,
				       io->len - done);

		if (mode == BLK_INTEGRITY_WALK_SET)
			err = profile->set_tag_fn(&walk.xchg, io->buf + done, len);
		else
			err = profile->get_tag_fn(&walk.xchg, io->buf + done, len);
		done += len;
	}
	blk_integrity_walk_end(&walk);
	return err;
}

static int move_tags(const struct tag_io *io, unsigned int intervals,
		     enum blk_integrity_walk_mode mode, tag_move_fn move)
{
	const struct bio_integrity_payload *bip = io->bip;
	struct bvec_iter area = bip->bip_iter;

	if (io->layout.by_callback)
		return move_by_callback(io, intervals, mode);

	for (unsigned int i = 0; i < intervals; i++) {
		int err = move(io, i, area, mode);

		if (err)
			return err;
		bvec_iter_advance(bip->bip_vec, &area,
				  bip->bip_geometry.tuple_size);
	}
	return 0;
}

/* Does any interval have a tag that would be an escape? */
static bool has_escape(const struct tag_io *io)
{
	unsigned int bytes = io->layout.bytes;

	if (!io->layout.can_escape)
		return false;
	for (unsigned int from = 0; from + bytes <= io->len; from += bytes)
		if (!memchr_inv(io->buf + from, 0xff, bytes))
			return true;
	return false;
}

/* Tags in front of a tuple invalidate a guard that has been generated. */
static bool guard_is_stale(struct bio_integrity_payload *bip,
			   const struct tag_layout *layout)
{
	return bip->bip_flags & BIP_OWNED &&
	       bip_to_object(bip)->action == BIO_INTEGRITY_GENERATE &&
	       (layout->by_callback ||
		(!layout->can_escape && layout->piece[0].bytes));
}

static int set_tags(const struct tag_io *io, unsigned int intervals,
		    tag_move_fn move)
{
	if (!op_is_write(bio_op(io->bio)))
		return -EINVAL;
	if (guard_is_stale(io->bip, &io->layout))
		io->bip->bip_flags |= BIP_GENERATE;
	return move_tags(io, intervals, BLK_INTEGRITY_WALK_SET, move);
}

/**
 * bio_integrity_tag_size() - get the number of tag bytes of a bio
 * @bio: any bio
 *
 * The tag space consists, for each interval in order, of the metadata outside
 * of the tuple, front first; or of the tags in the tuple if that is all
 * metadata.
 *
 * Context: Any context.
 * Return: number of bytes; 0 without a payload, or if the device keeps the tags
 *	for itself.
 */
unsigned int bio_integrity_tag_size(struct bio *bio)
{
	struct tag_io io = { .bio = bio };

	return tag_io_init(&io) ? io.intervals * io.layout.bytes : 0;
}
EXPORT_SYMBOL_GPL(bio_integrity_tag_size);

/**
 * bio_integrity_set_tag() - store bytes in the tag space of a write
 * @bio: write with a payload that is its submitter's
 * @tag_buf: the bytes
 * @len: how many, at most bio_integrity_tag_size()
 *
 * Call this before bio_integrity_generate(), because a guard may cover the
 * tags.  Intervals after @len bytes do not change; an interval that gets a part
 * of its bytes is padded with zeroes.
 *
 * Context: Any context; with a format that has callbacks for tags, process or
 *	softirq context.
 * Return: 0; -EINVAL, and nothing is written, if @len is more than the space,
 *	an interval's tag would be the escape, or @bio is not such a write; an
 *	error of such a format, and the intervals before have their tags.
 */
int bio_integrity_set_tag(struct bio *bio, const void *tag_buf, unsigned int len)
{
	struct tag_io io = { .bio = bio, .buf = (void *)tag_buf, .len = len };

	if (!tag_io_init(&io) || len > io.intervals * io.layout.bytes ||
	    has_escape(&io))
		return -EINVAL;
	return set_tags(&io, DIV_ROUND_UP(len, io.layout.bytes), move_raw);
}
EXPORT_SYMBOL_GPL(bio_integrity_set_tag);

/**
 * bio_integrity_get_tag() - copy bytes from the tag space of a bio
 * @bio: bio with a payload, of fs_bio_integrity_alloc() if it has ended
 * @tag_buf: room for them
 * @len: how many, at most bio_integrity_tag_size()
 *
 * The tag of a block that was never written is an escape, all ones.
 *
 * Context: Any context; with a format that has callbacks for tags, process or
 *	softirq context.
 * Return: 0; -EINVAL if @len is more than the space.
 */
int bio_integrity_get_tag(struct bio *bio, void *tag_buf, unsigned int len)
{
	struct tag_io io = { .bio = bio, .buf = tag_buf, .len = len };

	if (!tag_io_init(&io) || len > io.intervals * io.layout.bytes)
		return -EINVAL;
	return move_tags(&io, DIV_ROUND_UP(len, io.layout.bytes),
			 BLK_INTEGRITY_WALK_GET, move_raw);
}
EXPORT_SYMBOL_GPL(bio_integrity_get_tag);

/**
 * bio_integrity_packed_tag_size() - get the number of packed tag bytes of a bio
 * @bio: any bio
 * @block_bytes: data bytes of a block of the submitter, a multiple of the
 *	protection interval
 *
 * Tags are packed block by block, so that blocks written together can be read
 * one by one.  Each interval with t bytes of tag contributes 8 * t - 1 bits,
 * and a block has as many whole bytes as these bits: 15 for 8 intervals of 2
 * bytes.  If no tag can be an escape, all bits are used.
 *
 * Context: Any context.
 * Return: bytes of all blocks, the same number for each; 0 if there is no tag
 *	space, or if @bio is not a whole number of such blocks.
 */
unsigned int bio_integrity_packed_tag_size(struct bio *bio,
					   unsigned int block_bytes)
{
	struct tag_io io = { .bio = bio };

	if (!tag_io_init_packed(&io, block_bytes))
		return 0;
	return io.intervals / io.block_intervals * io.block_bytes;
}
EXPORT_SYMBOL_GPL(bio_integrity_packed_tag_size);

/* Returns %false if @len is larger than the space. */
static bool packed_intervals(const struct tag_io *io, unsigned int *intervals)
{
	unsigned int blocks = io->intervals / io->block_intervals;

	if (io->len > blocks * io->block_bytes)
		return false;
	*intervals = DIV_ROUND_UP(io->len, io->block_bytes) *
		     io->block_intervals;
	return true;
}

/**
 * bio_integrity_set_packed_tag() - store packed bytes in the tag space of a
 *	write
 * @bio: write with a payload that is its submitter's
 * @tag_buf: the bytes
 * @len: how many, at most bio_integrity_packed_tag_size()
 * @block_bytes: as for bio_integrity_packed_tag_size()
 *
 * As bio_integrity_set_tag(), but accepts any value.  Blocks after @len bytes
 * do not change.
 *
 * Context: Any context; with a format that has callbacks for tags, process or
 *	softirq context.
 * Return: 0; -EINVAL, and nothing is written, if @len is more than the space or
 *	@bio is not such a write.
 */
int bio_integrity_set_packed_tag(struct bio *bio, const void *tag_buf,
				 unsigned int len, unsigned int block_bytes)
{
	struct tag_io io = { .bio = bio, .buf = (void *)tag_buf, .len = len };
	unsigned int intervals;

	if (!tag_io_init_packed(&io, block_bytes) ||
	    !packed_intervals(&io, &intervals))
		return -EINVAL;
	if (!io.layout.can_escape)
		return bio_integrity_set_tag(bio, tag_buf, len);
	return set_tags(&io, intervals, move_packed);
}
EXPORT_SYMBOL_GPL(bio_integrity_set_packed_tag);

/**
 * bio_integrity_get_packed_tag() - copy packed bytes from the tag space of a
 *	bio
 * @bio: bio with a payload, of fs_bio_integrity_alloc() if it has ended
 * @tag_buf: room for the bytes
 * @len: how many, at most bio_integrity_packed_tag_size()
 * @block_bytes: as for bio_integrity_packed_tag_size()
 *
 * Context: Any context; with a format that has callbacks for tags, process or
 *	softirq context.
 * Return: 0; -EINVAL if @len is more than the space; -ENODATA at the first
 *	interval without a packed tag, such as a block that was never written.
 */
int bio_integrity_get_packed_tag(struct bio *bio, void *tag_buf,
				 unsigned int len, unsigned int block_bytes)
{
	struct tag_io io = { .bio = bio, .buf = tag_buf, .len = len };
	unsigned int intervals;

	if (!tag_io_init_packed(&io, block_bytes) ||
	    !packed_intervals(&io, &intervals))
		return -EINVAL;
	if (!io.layout.can_escape)
		return bio_integrity_get_tag(bio, tag_buf, len);
	return move_tags(&io, intervals, BLK_INTEGRITY_WALK_GET, move_packed);
}
EXPORT_SYMBOL_GPL(bio_integrity_get_packed_tag);
