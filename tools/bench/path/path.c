// SPDX-License-Identifier: GPL-2.0
/*
 * What a bio costs: in instructions, which QEMU counts, or in time, in User Mode
 * Linux.  Runs at the end of the boot, with disks that complete at once, one
 * without metadata and one of 512+8 with CRC-16 and reference tags.  Built into
 * the base and into ours.
 *
 * With path.profile it runs a few bios of each kind between two bytes from the
 * serial port, so that the script beside it can let QEMU log them.
 */
#define pr_fmt(fmt) "path: " fmt

#include <linux/blk-integrity.h>
#include <linux/blk-mq.h>
#include <linux/delay.h>
#include <linux/module.h>
#include <linux/pagemap.h>
#include <linux/reboot.h>
#include <linux/sort.h>
#include <linux/t10-pi.h>
#include <asm/io.h>

#include "blk.h"
#ifdef PATH_OURS
#include "blk-integrity-dev.h"
#endif
#include "clock.h"
#include "path.h"

#define MAX_DEPTH	32
#define MAX_BYTES	SZ_1M
#define SAMPLES		11
#define PROFILE_BIOS	64

DEFINE_STATIC_KEY_FALSE(path_no_guards);

static unsigned int segments = 1;
module_param(segments, uint, 0444);
MODULE_PARM_DESC(segments, "Integrity segments that the disk takes");

static bool profile;
module_param(profile, bool, 0444);
MODULE_PARM_DESC(profile, "Run bios to be logged, and measure nothing");

static struct page *pages;
static struct bio bios[MAX_DEPTH];
static struct bio_vec vecs[MAX_DEPTH][MAX_BYTES / PAGE_SIZE];
static atomic_t bios_left;
static DECLARE_COMPLETION(bios_done);
static unsigned int errors;
static unsigned int dropped;	/* samples */
static s64 scale;

/* What the disk takes, which plays the medium. */
static u64 medium;

/* The data is zero, and so is its guard. */
static void fill_tuples(struct request *rq)
{
	u32 ref = blk_rq_pos(rq);
	struct bio *bio;

	__rq_for_each_bio(bio, rq) {
		struct bvec_iter iter;
		struct bio_vec bv;

		bip_for_each_vec(bv, bio_integrity(bio), iter) {
			struct t10_pi_tuple *tuple = bvec_virt(&bv);
			struct t10_pi_tuple *end = bvec_virt(&bv) + bv.bv_len;

			for (; tuple < end; tuple++)
				*tuple = (struct t10_pi_tuple) {
					.ref_tag = cpu_to_be32(ref++),
				};
		}
	}
}

static blk_status_t path_queue_rq(struct blk_mq_hw_ctx *hctx,
				  const struct blk_mq_queue_data *bd)
{
	struct request *rq = bd->rq;

	blk_mq_start_request(rq);
	if (req_op(rq) == REQ_OP_READ && blk_integrity_rq(rq)) {
		u64 start = path_now();

		fill_tuples(rq);
		medium += path_now() - start;
	}
	blk_mq_end_request(rq, BLK_STS_OK);
	return BLK_STS_OK;
}

static const struct blk_mq_ops path_mq_ops = {
	.queue_rq	= path_queue_rq,
};

static const struct block_device_operations path_fops = {
	.owner		= THIS_MODULE,
};

static struct gendisk *make_disk(const char *name, bool has_metadata)
{
	struct blk_mq_tag_set *set = kzalloc(sizeof(*set), GFP_KERNEL | __GFP_NOFAIL);
	struct queue_limits lim = {
		.max_hw_sectors		= MAX_BYTES >> SECTOR_SHIFT,
		.max_segments		= MAX_BYTES / PAGE_SIZE,
		.dma_alignment		= 3,
	};
	struct gendisk *disk;
	int cpu;

	if (has_metadata) {
		lim.max_integrity_segments = segments;
		lim.integrity = (struct blk_integrity) {
			.csum_type	= BLK_INTEGRITY_CSUM_CRC,
			.flags		= BLK_INTEGRITY_REF_TAG,
			.tuple_size	= sizeof(struct t10_pi_tuple),
			.interval_exp	= SECTOR_SHIFT,
		};
	}
	set->ops = &path_mq_ops;
	set->nr_hw_queues = 1;
	set->queue_depth = 4 * MAX_DEPTH;
	set->numa_node = NUMA_NO_NODE;
	set->flags = BLK_MQ_F_SHOULD_MERGE;
	if (blk_mq_alloc_tag_set(set))
		panic("path: no tags\n");
	/* A search for a free tag begins at a random one. */
	for_each_possible_cpu(cpu)
		*per_cpu_ptr(set->tags[0]->bitmap_tags.sb.alloc_hint, cpu) = 0;
	disk = blk_mq_alloc_disk(set, &lim, NULL);
	if (IS_ERR(disk))
		panic("path: no disk\n");
	disk->fops = &path_fops;
	disk->flags |= GENHD_FL_NO_PART;
	strscpy(disk->disk_name, name, DISK_NAME_LEN);
	set_capacity(disk, 1 << 24);
	if (add_disk(disk))
		panic("path: no disk\n");
	return disk;
}

static void bio_ended(struct bio *bio)
{
	errors += bio->bi_status != BLK_STS_OK;
	if (atomic_dec_and_test(&bios_left))
		complete(&bios_done);
}

/* From the last page to the first: none can be merged with the one before. */
static void submit(struct block_device *bdev, blk_opf_t op, unsigned int bytes,
		   unsigned int i)
{
	unsigned int nr_pages = bytes >> PAGE_SHIFT;

	bio_init(&bios[i], bdev, vecs[i], nr_pages, op);
	bios[i].bi_iter.bi_sector = i * (4 * MAX_BYTES >> SECTOR_SHIFT);
	bios[i].bi_end_io = bio_ended;
	while (nr_pages)
		__bio_add_page(&bios[i], pages + --nr_pages, PAGE_SIZE, 0);
	submit_bio(&bios[i]);
}

/* Return: ticks a bio.  A profile is of what runs while this does. */
static noinline u64 sample(struct block_device *bdev, blk_opf_t op,
			   unsigned int bytes, unsigned int depth,
			   unsigned int nr)
{
	u64 start;

	medium = 0;
	start = path_now();
	for (unsigned int i = 0; i < nr; i += depth) {
		reinit_completion(&bios_done);
		atomic_set(&bios_left, depth);
		for (unsigned int k = 0; k < depth; k++)
			submit(bdev, op, bytes, k);
		wait_for_completion(&bios_done);
	}
	return div_u64(path_now() - start - medium, nr);
}

/* Instructions, or nanoseconds. */
static s64 to_unit(s64 ticks)
{
	return ticks * scale >> PATH_SCALE_SHIFT;
}

/*
 * A sample is dropped if other programs ran for more than a hundredth of the time,
 * unless the machine is so busy that all are.
 */
static s64 undisturbed(struct gendisk *disk, blk_opf_t op, unsigned int bytes,
		       unsigned int depth)
{
	unsigned int nr = max3(PATH_SAMPLE_BYTES / bytes, depth,
			       (unsigned int)PATH_MIN_BIOS);
	s64 ticks;

	for (unsigned int tries = 10; ; dropped++) {
		s64 others = path_time_of_others();

		ticks = sample(disk->part0, op, bytes, depth, nr);
		others = path_time_of_others() - others;
		if (others <= to_unit(ticks * nr) / 100 || !--tries)
			return ticks;
	}
}

static int compare(const void *a, const void *b)
{
	s64 x = *(const s64 *)a;
	s64 y = *(const s64 *)b;

	return (x > y) - (x < y);
}

/*
 * Return: what a bio takes more on one disk than on another, in samples that take
 * turns, or, if there is no other, what it takes.
 */
static s64 median(struct gendisk *disk, struct gendisk *than, blk_opf_t op,
		  unsigned int bytes, unsigned int depth)
{
	s64 samples[SAMPLES];

	/* The first one warms up. */
	for (int i = -1; i < SAMPLES; i++) {
		s64 ticks = undisturbed(disk, op, bytes, depth);

		if (than)
			ticks -= undisturbed(than, op, bytes, depth);
		samples[max(i, 0)] = ticks;
	}
	sort(samples, SAMPLES, sizeof(*samples), compare, NULL);
	return samples[SAMPLES / 2];
}

#ifdef PATH_OURS
static void set_policy(struct gendisk *disk, bool on, int inline_bytes)
{
	struct blk_integrity_dev *idev = disk->queue->integrity_dev;

	idev->read_verify = on;
	idev->write_generate = on;
	idev->copy_unstable = false;
	idev->rereads = 0;
	idev->inline_bytes = inline_bytes;
	blk_integrity_update_excluded(idev);
}

/* Whose memory the data is in: of the kernel, unless it is made another's. */
static void set_pinned(bool on)
{
	atomic_set(&page_folio(pages)->_pincount, on);
}

static void set_writeback(bool on)
{
	static struct address_space mapping;
	struct folio *folio = page_folio(pages);

	mapping_set_stable_writes(&mapping);
	folio->mapping = on ? &mapping : NULL;
	if (on)
		set_bit(PG_writeback, folio_flags(folio, 0));
	else
		clear_bit(PG_writeback, folio_flags(folio, 0));
}
#else
static void set_policy(struct gendisk *disk, bool on, int inline_bytes)
{
	u8 *flags = &disk->queue->limits.integrity.flags;

	*flags &= ~(BLK_INTEGRITY_NOVERIFY | BLK_INTEGRITY_NOGENERATE);
	if (!on)
		*flags |= BLK_INTEGRITY_NOVERIFY | BLK_INTEGRITY_NOGENERATE;
}
#endif

#define ROW(what, n)							\
	pr_info("%s %u KiB, %u at once / %s = %lld\n",			\
		op == REQ_OP_WRITE ? "write" : "read", bytes >> 10,	\
		depth, what, (long long)to_unit(n))

#ifdef PATH_OURS
/* What the policies for memory that changes add to a protected bio. */
static void measure_changes(struct gendisk *plain, struct gendisk *disk,
			    blk_opf_t op, unsigned int bytes, unsigned int depth)
{
	struct blk_integrity_dev *idev = disk->queue->integrity_dev;
	s64 never;

	static_branch_enable(&path_no_guards);
	set_policy(disk, true, 0);
	never = median(disk, plain, op, bytes, depth);
	if (op == REQ_OP_READ) {
		idev->rereads = 1;
		ROW("added by rereads",
		    median(disk, plain, op, bytes, depth) - never);
		return;
	}
	idev->copy_unstable = true;
	ROW("added by copy_writes, memory of the kernel",
	    median(disk, plain, op, bytes, depth) - never);
	set_writeback(true);
	ROW("added by copy_writes, under writeback",
	    median(disk, plain, op, bytes, depth) - never);
	set_writeback(false);
	set_pinned(true);
	ROW("added by copy_writes, pinned, but for moving the data",
	    median(disk, plain, op, bytes, depth) - never);
	set_pinned(false);
}
#endif

static void measure(struct gendisk *plain, struct gendisk *protected,
		    blk_opf_t op, unsigned int bytes, unsigned int depth)
{
	ROW("no metadata", median(plain, NULL, op, bytes, depth));
	set_policy(protected, false, 0);
	ROW("switched off", median(protected, plain, op, bytes, depth));
	for (int guards = 0; guards < 2; guards++) {
		if (guards)
			static_branch_disable(&path_no_guards);
		else
			static_branch_enable(&path_no_guards);
		set_policy(protected, true, 0);
		ROW(guards ? "protected" : "guards left out",
		    median(protected, plain, op, bytes, depth));
#ifdef PATH_OURS
		if (op == REQ_OP_WRITE)
			continue;
		set_policy(protected, true, MAX_BYTES);
		ROW(guards ? "where it completes" : "where it completes, guards left out",
		    median(protected, plain, op, bytes, depth));
		if (!guards)
			continue;
		set_policy(protected, true, BIO_INTEGRITY_INLINE_AUTO);
		ROW("inline_bytes auto",
		    median(protected, plain, op, bytes, depth));
#endif
	}
#ifdef PATH_OURS
	measure_changes(plain, protected, op, bytes, depth);
#endif
}

static void wait_for_byte(void)
{
	while (!(inb(0x3fd) & 1))
		cpu_relax();
	inb(0x3f8);
}

static void profile_bios(const char *what, struct gendisk *disk, blk_opf_t op)
{
	sample(disk->part0, op, SZ_4K, 1, PROFILE_BIOS);
	pr_info("profile of %u, %s\n", PROFILE_BIOS, what);
	wait_for_byte();
	sample(disk->part0, op, SZ_4K, 1, PROFILE_BIOS);
	pr_info("profile ends\n");
	wait_for_byte();
}

static void profile_all(struct gendisk *plain, struct gendisk *protected)
{
	set_policy(protected, true, 0);
	profile_bios("plain write", plain, REQ_OP_WRITE);
	profile_bios("write", protected, REQ_OP_WRITE);
	profile_bios("plain read", plain, REQ_OP_READ);
	profile_bios("read", protected, REQ_OP_READ);
#ifdef PATH_OURS
	set_policy(protected, true, MAX_BYTES);
	profile_bios("read where it completes", protected, REQ_OP_READ);
#endif
}

static void measure_all(struct gendisk *plain, struct gendisk *protected)
{
#ifdef PATH_OURS
	pr_info("guards by %s\n", pi_guard_impl_name(BLK_INTEGRITY_CSUM_CRC));
#endif
	for (unsigned int bytes = SZ_4K; bytes <= MAX_BYTES; bytes *= 4) {
		measure(plain, protected, REQ_OP_WRITE, bytes, 1);
		measure(plain, protected, REQ_OP_READ, bytes, 1);
		measure(plain, protected, REQ_OP_READ, bytes, MAX_DEPTH);
	}
	pr_info("%u samples dropped\n", dropped);
	pr_info("%u errors\n", errors);
}

/* Return: what a tick is, times 2 to the power of PATH_SCALE_SHIFT. */
static s64 calibrated(void)
{
	u64 ticks = path_now();
	u64 ns = ktime_get_ns();

	msleep(300);
	ns = ktime_get_ns() - ns;
	return path_scale(path_now() - ticks, ns);
}

static int __init path_init(void)
{
	struct gendisk *plain = make_disk("plain", false);
	struct gendisk *protected = make_disk("protected", true);

	pages = alloc_pages(GFP_KERNEL | __GFP_ZERO | __GFP_COMP,
			    get_order(MAX_BYTES));
	if (!pages)
		panic("path: no memory\n");
	scale = calibrated();
	if (profile)
		profile_all(plain, protected);
	else
		measure_all(plain, protected);
	kernel_power_off();
	return 0;
}
late_initcall_sync(path_init);
MODULE_DESCRIPTION("Instructions a bio");
MODULE_LICENSE("GPL");
