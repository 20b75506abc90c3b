// SPDX-License-Identifier: GPL-2.0
/*
 * Blocks as bios: allocate, submit, wait, and compare with the expected
 * content, in the order of calls of
 * Documentation/block/data-integrity/submitters.rst.
 */

#include <linux/bio.h>
#include <linux/blkdev.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "pi_client.h"

static struct workqueue_struct *ended_wq;

static const char *tag_name(enum blk_integrity_tag tag)
{
	static const char * const names[BLK_INTEGRITY_NR_TAGS] = {
		[BLK_INTEGRITY_TAG_GUARD] = "guard",
		[BLK_INTEGRITY_TAG_APP] = "app",
		[BLK_INTEGRITY_TAG_REF] = "ref",
		[BLK_INTEGRITY_TAG_UNKNOWN] = "unknown",
	};

	return names[tag];
}

/* The same content as that of pi_io, so that pi_io can check the data. */
static u64 content(u64 at, u64 salt)
{
	u64 x = at / 8 * 0x9e3779b97f4a7c15ULL + salt;

	x = (x ^ x >> 32) * 0xd6e8feb86659fd93ULL;
	return x ^ x >> 29;
}

static u64 block_word(const struct pi_io *io, unsigned int i, unsigned int at)
{
	return content(pi_claimed(io, i) * PI_BLOCK_BYTES + at,
		       io->cmd->generation);
}

/* This may be a hard interrupt, in which tags cannot be read. */
static void ended(struct bio *bio)
{
	struct pi_io *io = bio->bi_private;

	queue_work(ended_wq, &io->work);
}

/* Pages in descending order, so that no two of them are one segment. */
static int make_bio(struct pi_io *io, struct block_device *bdev)
{
	blk_opf_t op = io->cmd->write ? REQ_OP_WRITE : REQ_OP_READ;
	struct bio *bio = bio_alloc(bdev, io->blocks, op, GFP_KERNEL);
	struct page **pages;
	unsigned int got;

	io->bio = bio;
	bio->bi_iter.bi_sector = io->block * PI_BLOCK_SECTORS;
	bio->bi_private = io;
	bio->bi_end_io = ended;

	pages = kcalloc(io->blocks, sizeof(*pages), GFP_KERNEL);
	if (!pages)
		return -ENOMEM;
	for (got = 0; got < io->blocks; got++) {
		pages[got] = alloc_page(GFP_KERNEL | __GFP_ZERO);
		if (!pages[got])
			break;
	}
	for (unsigned int i = 0; i < got; i++)
		__bio_add_page(bio, pages[got - 1 - i], PI_BLOCK_BYTES, 0);
	kfree(pages);
	if (got < io->blocks)
		return -ENOMEM;

	for (unsigned int i = 0; io->cmd->write && i < io->blocks; i++) {
		u64 *word = bvec_virt(&bio->bi_io_vec[i]);

		for (unsigned int at = 0; at < PI_BLOCK_BYTES; at += 8)
			word[at / 8] = block_word(io, i, at);
	}
	return 0;
}

static int set_checks(struct pi_io *io)
{
	const struct pi_command *cmd = io->cmd;
	bool other = (io->block - cmd->block) / cmd->bio & 1;
	u64 checks = cmd->checks, app = cmd->app;

	if (other && cmd->other_checks != PI_NOT_GIVEN)
		checks = cmd->other_checks;
	if (other && cmd->other_app != PI_NOT_GIVEN)
		app = cmd->other_app;
	return bio_integrity_set_checks(io->bio, checks, app, cmd->mask);
}

static int generate(struct pi_io *io)
{
	int err = bio_integrity_generate(io->bio);

	if (err)
		return pi_fail(&io->result, err, "in bio_integrity_generate");
	return 0;
}

/* Prepare the metadata: all that a submitter does before it submits a bio. */
static int attach(struct pi_io *io)
{
	const struct pi_command *cmd = io->cmd;
	int ret;

	ret = cmd->pages ? pi_pages_attach(io) : fs_bio_integrity_alloc(io->bio);
	if (ret < 0)
		return pi_fail(&io->result, ret, "in fs_bio_integrity_alloc");
	if (!ret) {
		io->result.untagged++;
		return 0;
	}
	if (cmd->checks != PI_NOT_GIVEN) {
		ret = set_checks(io);
		if (ret)
			return pi_fail(&io->result, ret, "in bio_integrity_set_checks");
	}
	if (cmd->verify)
		bio_integrity(io->bio)->bip_flags &= ~BIP_VERIFY;
	ret = pi_tags_make(io);
	if (!ret && cmd->guards)
		ret = pi_guards_attach(io);
	if (ret || !cmd->write)
		return ret;

	if (!cmd->late)
		ret = pi_tags_set(io);
	if (!ret && !cmd->ungenerated)
		ret = generate(io);
	if (!ret && cmd->late)
		ret = pi_tags_set(io);
	return ret;
}

static void tell_record(struct pi_io *io,
			const struct blk_integrity_error *record, int err)
{
	const char *by = record->origin == BLK_INTEGRITY_ORIGIN_HOST ? "host" :
								       "device";

	/* Devices do not report more. */
	if (record->tag == BLK_INTEGRITY_TAG_UNKNOWN)
		pi_fail(&io->result, err, "%s by %s at interval %llu sector %llu",
			tag_name(record->tag), by, record->interval,
			(u64)record->sector);
	else
		pi_fail(&io->result, err,
			"%s by %s at interval %llu sector %llu expected 0x%llx found 0x%llx",
			tag_name(record->tag), by, record->interval,
			(u64)record->sector, record->expected, record->found);
}

static int check_status(struct pi_io *io)
{
	int err = blk_status_to_errno(io->bio->bi_status);
	const struct blk_integrity_error *record;

	if (!err && io->cmd->verify && !io->cmd->write && bio_integrity(io->bio))
		err = fs_bio_integrity_verify(io->bio,
					      io->block * PI_BLOCK_SECTORS,
					      io->blocks * PI_BLOCK_BYTES);
	record = bio_integrity_error(io->bio);
	if (record)
		tell_record(io, record, err);
	else if (err)
		pi_fail(&io->result, err, "without a record");
	return record ? -EILSEQ : err;
}

static int check_data(struct pi_io *io)
{
	for (unsigned int i = 0; i < io->blocks; i++) {
		const u64 *word = bvec_virt(&io->bio->bi_io_vec[i]);

		for (unsigned int at = 0; at < PI_BLOCK_BYTES; at += 8)
			if (word[at / 8] != block_word(io, i, at))
				return pi_fail(&io->result, -EUCLEAN,
					       "block %llu has other data",
					       io->block + i);
	}
	return 0;
}

static void check(struct pi_io *io)
{
	if (io->guards)
		io->result.guards += atomic_read(&io->guards->seen);
	if (check_status(io) || io->cmd->write)
		return;
	pi_pages_ended(io);
	if (pi_tags_check(io) || check_data(io))
		return;
	pi_guards_check(io);
}

static void free_io(struct pi_io *io)
{
	if (io->bio) {
		fs_bio_integrity_free(io->bio);
		bio_free_pages(io->bio);
		bio_put(io->bio);
	}
	pi_guards_free(io);
	pi_pages_free(io);
	kfree(io->tags);
}

/*
 * Free used metadata even if that of the next bio is not allocated yet: if
 * memory is short, the next bio may wait for it.
 */
static void ended_work(struct work_struct *work)
{
	struct pi_io *io = container_of(work, struct pi_io, work);

	check(io);
	free_io(io);
	complete(&io->done);
}

static int submit(struct pi_io *io, struct block_device *bdev)
{
	int err;

	INIT_WORK(&io->work, ended_work);
	init_completion(&io->done);
	err = make_bio(io, bdev);
	if (err)
		pi_fail(&io->result, err, "for data");
	else
		err = attach(io);
	if (err) {
		free_io(io);
		complete(&io->done);
		return err;
	}
	submit_bio(io->bio);
	return 0;
}

/* The result of a command is that of the first bio with an error. */
static void add_result(struct pi_result *sum, const struct pi_result *result)
{
	if (result->told && !sum->told) {
		sum->told = true;
		sum->err = result->err;
		strscpy(sum->text, result->text);
	}
	sum->untagged += result->untagged;
	sum->guards += result->guards;
}

static void run_bios(const struct pi_command *cmd, struct block_device *bdev,
		     struct pi_io *ios, unsigned int nr_bios,
		     struct pi_result *result)
{
	struct blk_plug plug;
	unsigned int n = 0;
	int err = 0;

	if (cmd->plug)
		blk_start_plug(&plug);
	for (; !err && n < nr_bios; n++) {
		u64 done = n * cmd->bio;

		ios[n].cmd = cmd;
		ios[n].block = cmd->block + done;
		ios[n].blocks = min(cmd->bio, cmd->count - done);
		err = submit(&ios[n], bdev);
	}
	if (cmd->plug)
		blk_finish_plug(&plug);

	for (unsigned int i = 0; i < n; i++) {
		wait_for_completion_io(&ios[i].done);
		add_result(result, &ios[i].result);
	}
}

/* The default is the largest I/O of the device. */
static u64 default_bio(const struct pi_command *cmd, struct block_device *bdev)
{
	unsigned int bytes =
		max_integrity_io_size(&bdev_get_queue(bdev)->limits);

	return min3(cmd->count, (u64)BIO_MAX_VECS,
		    max((u64)bytes / PI_BLOCK_BYTES, 1ULL));
}

static void run_on(struct pi_command cmd, struct block_device *bdev,
		   struct pi_result *result)
{
	u64 blocks = bdev_nr_sectors(bdev) / PI_BLOCK_SECTORS;
	struct pi_io *ios;
	u64 nr_bios;

	if (bdev_logical_block_size(bdev) > PI_BLOCK_BYTES) {
		pi_fail(result, -EOPNOTSUPP, "%s has larger blocks", cmd.disk);
		return;
	}
	if (cmd.block >= blocks || cmd.count > blocks - cmd.block) {
		pi_fail(result, -ENXIO, "%s has %llu blocks", cmd.disk, blocks);
		return;
	}
	if (!cmd.bio)
		cmd.bio = default_bio(&cmd, bdev);

	nr_bios = DIV_ROUND_UP_ULL(cmd.count, cmd.bio);
	ios = kvcalloc(nr_bios, sizeof(*ios), GFP_KERNEL);
	if (!ios) {
		pi_fail(result, -ENOMEM, "for bios");
		return;
	}
	run_bios(&cmd, bdev, ios, nr_bios, result);
	kvfree(ios);
}

/**
 * pi_run() - carry out a command
 * @cmd: the command
 * @result: set to its result
 *
 * Context: Process context.  Sleeps.
 */
void pi_run(const struct pi_command *cmd, struct pi_result *result)
{
	blk_mode_t mode = cmd->write ? BLK_OPEN_READ | BLK_OPEN_WRITE :
				       BLK_OPEN_READ;
	char *path = kasprintf(GFP_KERNEL, "/dev/%s", cmd->disk);
	struct file *file;

	if (!path) {
		pi_fail(result, -ENOMEM, "for a path");
		return;
	}
	file = bdev_file_open_by_path(path, mode, NULL, NULL);
	kfree(path);
	if (IS_ERR(file)) {
		pi_fail(result, PTR_ERR(file), "cannot open %s", cmd->disk);
		return;
	}
	run_on(*cmd, file_bdev(file), result);
	bdev_fput(file);
}

/**
 * pi_blocks_init() - allocate the workqueue for completed bios
 *
 * Return: 0 or -ENOMEM.
 */
int pi_blocks_init(void)
{
	ended_wq = alloc_workqueue("pi_client", WQ_MEM_RECLAIM, 0);
	return ended_wq ? 0 : -ENOMEM;
}

/**
 * pi_blocks_exit() - free the workqueue for completed bios
 */
void pi_blocks_exit(void)
{
	destroy_workqueue(ended_wq);
}
