/* SPDX-License-Identifier: GPL-2.0 */
/*
 * pi_client does on any block device what a filesystem would that stores a
 * back pointer with each of its blocks.
 */
#ifndef PI_CLIENT_H
#define PI_CLIENT_H

#include <linux/blk-integrity.h>
#include <linux/completion.h>
#include <linux/sizes.h>
#include <linux/workqueue.h>

#define PI_BLOCK_BYTES		SZ_4K
#define PI_BLOCK_SECTORS	(PI_BLOCK_BYTES >> SECTOR_SHIFT)
#define PI_BACK_POINTER_BYTES	16

/* Of an option that was not given. */
#define PI_NOT_GIVEN		U64_MAX

/**
 * struct pi_command - a command line in numbers; switches are 0 or 1
 * @disk: name of the block device
 * @write: else read
 * @block: first block
 * @count: blocks
 * @generation: of the blocks: in their back pointers, and decides their data
 * @owner: the same, in back pointers only
 * @as: the number of the first block as its back pointer and its data have it,
 *	if it is not @block: a submitter that writes to the wrong place
 * @bio: blocks a bio
 * @plug: all bios are submitted under one plug
 * @packed: packed tags
 * @fill: all bytes of the tags are this one, and there are no back pointers
 * @too_long: offer a byte more of tags than fits
 * @late: set tags when the tuples are made already
 * @ungenerated: make no tuples
 * @checks: BIP_CHECK_FLAGS
 * @app: expected application tag
 * @mask: bits of it
 * @other_checks: those of every second bio, if they differ
 * @other_app: application tag that every second bio expects, if it differs
 * @verify: the submitter verifies, not kintegrityd
 * @guards: guards are the submitter's own: made before the write, and taken as
 *	they come from the read
 * @wrong: and in their lowest bit they are wrong
 * @pages: metadata in pages of the submitter, which nobody verifies for it
 */
struct pi_command {
	const char *disk;
	bool write;
	u64 block;
	u64 count;
	u64 generation;
	u64 owner;
	u64 as;
	u64 bio;
	u64 plug;
	u64 packed;
	u64 fill;
	u64 too_long;
	u64 late;
	u64 ungenerated;
	u64 checks;
	u64 app;
	u64 mask;
	u64 other_checks;
	u64 other_app;
	u64 verify;
	u64 guards;
	u64 wrong;
	u64 pages;
};

/**
 * struct pi_result - what came of a command
 * @err: 0 or a negative errno
 * @told: the first thing that was wrong is in @text
 * @untagged: bios that the device gave no metadata
 * @guards: intervals whose guards went through the submitter's own callbacks
 * @text: what was wrong
 */
struct pi_result {
	int err;
	bool told;
	unsigned int untagged;
	unsigned int guards;
	char text[160];
};

/**
 * struct pi_guards - callbacks of one bio, and the guards they put or get
 * @profile: of the device, but with callbacks of this file
 * @first: number of the first interval
 * @intervals: of the bio
 * @seen: how many the callbacks were called for
 * @guard: one an interval, as a number
 */
struct pi_guards {
	struct blk_integrity_profile profile;
	u64 first;
	unsigned int intervals;
	atomic_t seen;
	u64 *guard;
};

/**
 * struct pi_io - one bio of a command
 * @cmd: the command
 * @result: what came of it
 * @bio: the bio
 * @block: its first block
 * @blocks: how many
 * @tag_bytes: tags of a block; 0: none
 * @tags: of all blocks, as they are to be
 * @guards: if the command has guards of its own
 * @pages: pages of the metadata, if they are the submitter's
 * @nr_pages: how many
 * @pages_iter: all of the metadata in them
 * @work: looks at it when it ended, and lets it go
 * @done: when that is done
 */
struct pi_io {
	const struct pi_command *cmd;
	struct pi_result result;
	struct bio *bio;
	u64 block;
	unsigned int blocks;
	unsigned int tag_bytes;
	u8 *tags;
	struct pi_guards *guards;
	struct page **pages;
	unsigned int nr_pages;
	struct bvec_iter pages_iter;
	struct work_struct work;
	struct completion done;
};

/* The number of a block of @io as its content has it. */
static inline u64 pi_claimed(const struct pi_io *io, unsigned int i)
{
	u64 shift = io->cmd->as == PI_NOT_GIVEN ? 0 :
		    io->cmd->as - io->cmd->block;

	return io->block + i + shift;
}

/* pi_command.c */
__printf(3, 4) int pi_fail(struct pi_result *result, int err,
		const char *fmt, ...);

/* pi_blocks.c */
int pi_blocks_init(void);
void pi_blocks_exit(void);
void pi_run(const struct pi_command *cmd, struct pi_result *result);

/* pi_tags.c */
int pi_tags_make(struct pi_io *io);
int pi_tags_set(struct pi_io *io);
int pi_tags_check(struct pi_io *io);

/* pi_guards.c */
int pi_guards_attach(struct pi_io *io);
int pi_guards_check(struct pi_io *io);
void pi_guards_free(struct pi_io *io);

/* pi_pages.c */
int pi_pages_attach(struct pi_io *io);
void pi_pages_ended(struct pi_io *io);
void pi_pages_free(struct pi_io *io);

#endif /* PI_CLIENT_H */
