// SPDX-License-Identifier: GPL-2.0
/*
 * Back pointers: number, owner and generation of a block.  They detect a block
 * in the wrong place, whatever put it there.
 */

#include <linux/slab.h>
#include <linux/unaligned.h>

#include "pi_client.h"

/* Most important fields first, as some formats have room only for a part. */
struct back_pointer {
	__le32 block_low;
	__le16 generation_low;
	__le16 owner_low;
	__le32 block_high;
	__le16 generation_high;
	__le16 owner_high;
};

static_assert(sizeof(struct back_pointer) == PI_BACK_POINTER_BYTES);

static struct back_pointer make_pointer(u64 block, u32 generation, u32 owner)
{
	return (struct back_pointer) {
		.block_low = cpu_to_le32(lower_32_bits(block)),
		.generation_low = cpu_to_le16(generation),
		.owner_low = cpu_to_le16(owner),
		.block_high = cpu_to_le32(upper_32_bits(block)),
		.generation_high = cpu_to_le16(generation >> 16),
		.owner_high = cpu_to_le16(owner >> 16),
	};
}

/* Space after the pointer is filled too, so that each byte is checked. */
static void make_tag(const struct pi_io *io, unsigned int i, u8 *tag)
{
	const struct pi_command *cmd = io->cmd;
	struct back_pointer pointer =
		make_pointer(pi_claimed(io, i), cmd->generation, cmd->owner);

	if (cmd->fill != PI_NOT_GIVEN) {
		memset(tag, cmd->fill, io->tag_bytes);
		return;
	}
	for (unsigned int at = PI_BACK_POINTER_BYTES; at < io->tag_bytes; at++)
		tag[at] = pi_claimed(io, i) * 29 + cmd->generation * 3 + at * 5;
	memcpy(tag, &pointer, min_t(size_t, sizeof(pointer), io->tag_bytes));
}

/**
 * pi_tags_make() - compute the tags of the blocks of a bio
 * @io: bio with metadata
 *
 * Return: 0 or a negative errno.
 */
int pi_tags_make(struct pi_io *io)
{
	unsigned int bytes = io->cmd->packed ?
		bio_integrity_packed_tag_size(io->bio, PI_BLOCK_BYTES) :
		bio_integrity_tag_size(io->bio);

	if (!bytes)
		return 0;
	if (bytes % io->blocks)
		return pi_fail(&io->result, -EDOM, "%u bytes of tags in %u blocks",
			       bytes, io->blocks);
	io->tag_bytes = bytes / io->blocks;
	/* One more byte, for the option too-long. */
	io->tags = kzalloc(bytes + 1, GFP_KERNEL);
	if (!io->tags)
		return pi_fail(&io->result, -ENOMEM, "for tags");
	for (unsigned int i = 0; i < io->blocks; i++)
		make_tag(io, i, io->tags + i * io->tag_bytes);
	return 0;
}

/**
 * pi_tags_set() - store the tags in the metadata of a write
 * @io: after pi_tags_make()
 *
 * Return: 0 or a negative errno.
 */
int pi_tags_set(struct pi_io *io)
{
	unsigned int bytes = io->blocks * io->tag_bytes + io->cmd->too_long;
	int err;

	if (!io->tag_bytes)
		return 0;
	if (io->cmd->packed)
		err = bio_integrity_set_packed_tag(io->bio, io->tags, bytes,
						   PI_BLOCK_BYTES);
	else
		err = bio_integrity_set_tag(io->bio, io->tags, bytes);
	if (err)
		return pi_fail(&io->result, err, "in bio_integrity_set_tag");
	return 0;
}

static int get(struct pi_io *io, u8 *found)
{
	unsigned int bytes = io->blocks * io->tag_bytes + io->cmd->too_long;
	int err;

	if (io->cmd->packed)
		err = bio_integrity_get_packed_tag(io->bio, found, bytes,
						   PI_BLOCK_BYTES);
	else
		err = bio_integrity_get_tag(io->bio, found, bytes);
	if (err)
		return pi_fail(&io->result, err, "in bio_integrity_get_tag");
	return 0;
}

/* Fields that the format has no room for read as zero. */
static int tell(struct pi_io *io, unsigned int i, const u8 *tag)
{
	struct back_pointer pointer = {};
	u64 block;

	memcpy(&pointer, tag, min_t(size_t, sizeof(pointer), io->tag_bytes));
	if (!memcmp(tag, io->tags + i * io->tag_bytes,
		    min_t(size_t, sizeof(pointer), io->tag_bytes)))
		return pi_fail(&io->result, -EUCLEAN,
			       "block %llu has other bytes behind its back pointer",
			       io->block + i);

	block = (u64)le32_to_cpu(pointer.block_high) << 32 |
		le32_to_cpu(pointer.block_low);
	return pi_fail(&io->result, -EUCLEAN,
		       "block %llu says block %llu generation %u owner %u",
		       io->block + i, block,
		       le16_to_cpu(pointer.generation_high) << 16 |
		       le16_to_cpu(pointer.generation_low),
		       le16_to_cpu(pointer.owner_high) << 16 |
		       le16_to_cpu(pointer.owner_low));
}

/**
 * pi_tags_check() - compare the tags of a read with the expected ones
 * @io: after pi_tags_make(); its bio has ended
 *
 * Return: 0 or a negative errno.
 */
int pi_tags_check(struct pi_io *io)
{
	u8 *found;
	int err;

	if (!io->tag_bytes)
		return 0;
	found = kmalloc(io->blocks * io->tag_bytes + 1, GFP_KERNEL);
	if (!found)
		return pi_fail(&io->result, -ENOMEM, "for tags");
	err = get(io, found);
	for (unsigned int i = 0; !err && i < io->blocks; i++) {
		u8 *tag = found + i * io->tag_bytes;

		if (memcmp(tag, io->tags + i * io->tag_bytes, io->tag_bytes))
			err = tell(io, i, tag);
	}
	kfree(found);
	return err;
}
