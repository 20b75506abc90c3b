/* SPDX-License-Identifier: GPL-2.0 */
/*
 * pi_client acts on a block device like a filesystem that stores a back pointer
 * with each of its blocks.
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

/* Value of an option that was not given. */
#define PI_NOT_GIVEN		U64_MAX

/**
 * struct pi_command - a command line in numbers; switches are 0 or 1
 * @disk: name of the block device
 * @write: else read
 * @block: first block
 * @count: blocks
 * @generation: of the blocks: stored in their back pointers, selects their data
 * @owner: of the blocks: stored in their back pointers
 * @as: number of the first block in its back pointer and its data, if it is not
 *	@block: a submitter that writes to the wrong place
 * @bio: blocks of a bio
 * @plug: submit all bios under one plug
 * @packed: packed tags
 * @fill: value of all bytes of the tags, instead of back pointers
 * @too_long: pass one byte more of tags than fits
 * @late: set tags after the tuples were generated
 * @ungenerated: do not generate tuples
 * @checks: BIP_CHECK_FLAGS
 * @app: expected application tag
 * @mask: bits of it
 * @other_checks: those of every second bio, if they differ
 * @other_app: application tag that every second bio expects, if it differs
 * @verify: the submitter verifies, not kintegrityd
 * @guards: the submitter computes the guards of a write, and gets those of a
 *	read
 * @wrong: with @guards: flip their lowest bit
 * @pages: metadata in pages of the submitter, which the block layer does not
 *	verify
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
 * struct pi_result - result of a command
 * @err: 0 or a negative errno
 * @told: @text has the first error
 * @untagged: bios that got no metadata on this device
 * @guards: intervals whose guards went through callbacks of the submitter
 * @text: description of the error
 */
struct pi_result {
	int err;
	bool told;
	unsigned int untagged;
	unsigned int guards;
	char text[160];
};

/**
 * struct pi_guards - callbacks of one bio, and the guards that they set or get
 * @profile: of the device, but with callbacks of this file
 * @first: number of the first interval
 * @intervals: of the bio
 * @seen: number of intervals that the callbacks were called for
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
 * @tags: expected tags of all blocks
 * @guards: guards, if the submitter computes them
 * @pages: pages of the metadata, if they belong to the submitter
 * @nr_pages: how many
 * @pages_iter: all of the metadata in them
 * @work: checks and frees it after completion
 * @done: completed after that
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

/* Number of a block of @io according to its content. */
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
