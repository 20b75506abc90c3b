// SPDX-License-Identifier: GPL-2.0
/*
 * What the removal of a disk and a queue freeze wait for, the state that a disk
 * begins with, and events of a disk that may be gone.
 */

#include <linux/blk-integrity.h>
#include <linux/kthread.h>
#include <linux/moduleparam.h>

#include "integrity_disk.h"
#include "pi_reference.h"
#include "../bio-integrity-internal.h"

#define REF_TAG	BLK_INTEGRITY_REF_TAG
#define CRC	BLK_INTEGRITY_CSUM_CRC

/*
 * A verification that a test delays.  It sleeps, which a verify_fn must not do,
 * but which does no harm in kintegrityd.
 */
static struct {
	struct completion entered;
	struct completion go;
} gate;

static void gated_verify(struct blk_integrity_exchg *xchg)
{
	complete(&gate.entered);
	wait_for_completion(&gate.go);
}

static void gate_open(void *unused)
{
	complete_all(&gate.go);
}

static struct test_disk *filled_disk(struct kunit *test)
{
	struct test_disk *td = test_disk_of(test, test_geometry(CRC, REF_TAG, 8, 0,
								9));

	test_disk_fill(test, td, test_rng(test));
	return td;
}

/* Submit a read to @td whose verification is delayed, and wait for it. */
static void start_gated(struct kunit *test, struct test_disk *td,
			struct test_io *io)
{
	struct blk_integrity_profile *prof = kunit_kzalloc(test, sizeof(*prof),
							   GFP_KERNEL);
	struct bip_object *obj;

	KUNIT_ASSERT_NOT_NULL(test, prof);
	init_completion(&gate.entered);
	init_completion(&gate.go);
	KUNIT_ASSERT_EQ(test, 0, kunit_add_action(test, gate_open, NULL));
	td->hold = true;
	test_io_submit(io);
	KUNIT_ASSERT_NOT_NULL(test, bio_integrity(&io->bio));
	obj = bip_to_object(bio_integrity(&io->bio));
	*prof = *obj->profile;
	prof->verify_fn = gated_verify;
	obj->profile = prof;
	test_disk_release(td);
	wait_for_completion(&gate.entered);
}

/* A read that the block layer protects, and whose verification is delayed. */
static struct test_io *start_gated_read(struct kunit *test, struct test_disk *td,
					unsigned int bytes)
{
	struct test_io *io = test_io_alloc(test, td->bdev, test_rng(test),
					   REQ_OP_READ, 0, bytes, TEST_CUT_PAGE);

	start_gated(test, td, io);
	return io;
}

static void freeze_waits_for_verification(struct kunit *test)
{
	struct test_disk *td = filled_disk(test);
	struct request_queue *q = td->disk->queue;
	struct test_io *io = start_gated_read(test, td, SZ_4K);

	blk_freeze_queue_start(q);
	KUNIT_EXPECT_EQ(test, 0, blk_mq_freeze_queue_wait_timeout(q, HZ / 10));
	KUNIT_EXPECT_EQ(test, 0, io->ended);
	gate_open(NULL);
	blk_mq_freeze_queue_wait(q);
	KUNIT_EXPECT_EQ(test, 1, io->ended);
	blk_mq_unfreeze_queue(q);
	KUNIT_EXPECT_EQ(test, 0, test_io_wait(test, io));
}

static void freeze_ignores_other_disks(struct kunit *test)
{
	struct test_disk *busy = filled_disk(test);
	struct test_disk *idle = filled_disk(test);
	struct test_io *io = start_gated_read(test, busy, SZ_4K);

	/* No partition scan: its reads would wait for the delayed one. */
	idle->disk->flags |= GENHD_FL_NO_PART;
	KUNIT_ASSERT_EQ(test, 0, add_disk(idle->disk));
	del_gendisk(idle->disk);
	KUNIT_EXPECT_EQ(test, 0, io->ended);
	gate_open(NULL);
	KUNIT_EXPECT_EQ(test, 0, test_io_wait(test, io));
}

static int remove_disk(void *disk)
{
	del_gendisk(disk);
	return 0;
}

struct removal_case {
	const char *desc;
	unsigned int bytes;
	int flags;
};

static const struct removal_case removal_cases[] = {
	{ "a piece", SZ_4K, GENHD_FL_NO_PART },
	{ "many pieces", SZ_512K, GENHD_FL_NO_PART },
	{ "path of a multipath device", SZ_512K,
	  GENHD_FL_NO_PART | GENHD_FL_HIDDEN },
};

KUNIT_ARRAY_PARAM_DESC(removal_cases, removal_cases, desc);

/*
 * A reader of a path holds only the multipath device, so the bio is the only
 * reference to the disk of the path, from every CPU that verifies a piece of
 * it.
 */
static void removal_waits_for_verification(struct kunit *test)
{
	const struct removal_case *row = test->param_value;
	struct test_disk *td = filled_disk(test);
	struct task_struct *task;
	struct test_io *io;

	td->disk->flags |= row->flags;
	KUNIT_ASSERT_EQ(test, 0, add_disk(td->disk));
	io = start_gated_read(test, td, row->bytes);
	task = kthread_create(remove_disk, td->disk, "remove_disk");
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, task);
	get_task_struct(task);
	wake_up_process(task);
	/* Once the disk is dead, the removal has started. */
	while (!test_bit(GD_DEAD, &td->disk->state))
		schedule_timeout_uninterruptible(1);
	schedule_timeout_uninterruptible(HZ / 10);
	KUNIT_EXPECT_EQ(test, 0, io->ended);
	KUNIT_EXPECT_TRUE(test, percpu_ref_is_dying(&td->disk->queue->q_usage_counter));
	KUNIT_EXPECT_FALSE(test, percpu_ref_is_zero(&td->disk->queue->q_usage_counter));
	gate_open(NULL);
	KUNIT_EXPECT_EQ(test, 0, kthread_stop(task));
	put_task_struct(task);
	KUNIT_EXPECT_EQ(test, 1, io->ended);
	KUNIT_EXPECT_EQ(test, 0, test_io_wait(test, io));
}

/*
 * A read of a multipath device with metadata of its submitter: kintegrityd holds
 * the multipath device, and ends the bio after its path has been removed.
 */
static void owned_read_leaves_its_path(struct kunit *test)
{
	struct test_disk *path = filled_disk(test);
	struct test_disk *head = filled_disk(test);
	/* Whole pages: a bounce page must not be held while the gate sleeps. */
	struct test_io *io = test_io_alloc(test, head->bdev, test_rng(test),
					   REQ_OP_READ, 0, SZ_4K, TEST_CUT_PAGE);

	KUNIT_ASSERT_EQ(test, 1, fs_bio_integrity_alloc(&io->bio));
	bio_set_dev(&io->bio, path->bdev);
	/* As if the path had something that throttles, and counts bios that end. */
	bio_set_flag(&io->bio, BIO_QOS_THROTTLED);
	start_gated(test, path, io);
	KUNIT_EXPECT_PTR_EQ(test, head->bdev, io->bio.bi_bdev);
	KUNIT_EXPECT_FALSE(test, bio_flagged(&io->bio, BIO_QOS_THROTTLED));
	test_disk_remove(test, path);
	KUNIT_EXPECT_EQ(test, 0, io->ended);
	gate_open(NULL);
	KUNIT_EXPECT_EQ(test, 0, test_io_wait(test, io));
	/* The gated profile is freed before the payload. */
	bip_to_object(bio_integrity(&io->bio))->profile = head->bi.profile;
}

/* A queue that outlives its disk, as that of a SCSI device does. */
struct lasting_queue {
	struct blk_mq_tag_set set;
	struct request_queue *q;
};

static blk_status_t refuse_rq(struct blk_mq_hw_ctx *hctx,
			      const struct blk_mq_queue_data *bd)
{
	return BLK_STS_IOERR;
}

static const struct blk_mq_ops refusing_ops = {
	.queue_rq	= refuse_rq,
};

static const struct block_device_operations no_fops = {
	.owner	= THIS_MODULE,
};

static void lasting_queue_free(void *data)
{
	struct lasting_queue *lq = data;

	if (lq->q) {
		blk_mq_destroy_queue(lq->q);
		blk_put_queue(lq->q);
	}
	blk_mq_free_tag_set(&lq->set);
}

static struct request_queue *lasting_queue_alloc(struct kunit *test)
{
	struct lasting_queue *lq = kunit_kzalloc(test, sizeof(*lq), GFP_KERNEL);
	struct queue_limits lim =
		test_disk_limits(test_geometry(CRC, REF_TAG, 8, 0, 9));
	struct request_queue *q;

	KUNIT_ASSERT_NOT_NULL(test, lq);
	lq->set.ops = &refusing_ops;
	lq->set.nr_hw_queues = 1;
	lq->set.queue_depth = 2;
	lq->set.numa_node = NUMA_NO_NODE;
	KUNIT_ASSERT_EQ(test, 0, blk_mq_alloc_tag_set(&lq->set));
	KUNIT_ASSERT_EQ(test, 0, kunit_add_action_or_reset(test,
							   lasting_queue_free,
							   lq));
	q = blk_mq_alloc_queue(&lq->set, &lim, NULL);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, q);
	lq->q = q;
	return q;
}

static struct gendisk *add_disk_to(struct kunit *test, struct request_queue *q)
{
	static struct lock_class_key key;
	struct gendisk *disk = blk_mq_alloc_disk_for_queue(q, &key);

	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, disk);
	disk->fops = &no_fops;
	disk->flags |= GENHD_FL_NO_PART;
	strscpy(disk->disk_name, "pi_lasting");
	KUNIT_ASSERT_EQ(test, 0, add_disk(disk));
	return disk;
}

static void next_disk_of_a_queue_begins_anew(struct kunit *test)
{
	struct request_queue *q = lasting_queue_alloc(test);
	struct blk_integrity_dev *idev = q->integrity_dev;
	struct gendisk *disk = add_disk_to(test, q);

	idev->read_verify = false;
	idev->write_generate = false;
	idev->report_only = true;
	idev->inline_bytes = SZ_4K;
	blk_integrity_count(q, BLK_INTEGRITY_GENERATED, 8);
	del_gendisk(disk);
	put_disk(disk);

	disk = add_disk_to(test, q);
	KUNIT_EXPECT_PTR_EQ(test, idev, q->integrity_dev);
	KUNIT_EXPECT_TRUE(test, idev->read_verify);
	KUNIT_EXPECT_TRUE(test, idev->write_generate);
	KUNIT_EXPECT_FALSE(test, idev->report_only);
	KUNIT_EXPECT_EQ(test, BIO_INTEGRITY_INLINE_AUTO, idev->inline_bytes);
	KUNIT_EXPECT_EQ(test, 0,
			blk_integrity_counter(idev, BLK_INTEGRITY_GENERATED));
	del_gendisk(disk);
	put_disk(disk);
}

/* An event of a deleted disk neither waits nor reaches the next disk. */
static void late_event_is_dropped(struct kunit *test)
{
	struct request_queue *q = lasting_queue_alloc(test);
	struct blk_integrity_dev *idev = q->integrity_dev;
	struct gendisk *old = add_disk_to(test, q);
	struct gendisk *new;

	blk_integrity_queue_event(old, BLK_INTEGRITY_EVENT_ERROR);
	del_gendisk(old);
	KUNIT_EXPECT_NULL(test, idev->event_disk);
	blk_integrity_queue_event(old, BLK_INTEGRITY_EVENT_ERROR);
	KUNIT_EXPECT_NULL(test, idev->event_disk);

	new = add_disk_to(test, q);
	blk_integrity_queue_event(old, BLK_INTEGRITY_EVENT_FORMAT);
	KUNIT_EXPECT_NULL(test, idev->event_disk);
	blk_integrity_queue_event(new, BLK_INTEGRITY_EVENT_ERROR);
	flush_work(&idev->event_work);
	KUNIT_EXPECT_NULL(test, idev->event_disk);
	del_gendisk(new);
	/* No reference was leaked or dropped twice. */
	KUNIT_EXPECT_EQ(test, 1, kref_read(&disk_to_dev(old)->kobj.kref));
	KUNIT_EXPECT_EQ(test, 1, kref_read(&disk_to_dev(new)->kobj.kref));
	put_disk(new);
	put_disk(old);
}

static void boot_line(const char *text)
{
	char *args = kstrdup(text, GFP_KERNEL);

	if (args)
		parse_args("KUnit", args, __start___param,
			   __stop___param - __start___param, -1, -1, NULL, NULL);
	kfree(args);
}

static void usual_boot_line(void *unused)
{
	boot_line("blk_integrity.on_error=fail blk_integrity.read_verify=1 blk_integrity.write_generate=1");
}

/* A bad value changes nothing.  The files in sysfs still change each disk. */
static void boot_parameters_are_initial_policies(struct kunit *test)
{
	struct blk_integrity_dev *idev;

	KUNIT_ASSERT_EQ(test, 0,
			kunit_add_action(test, usual_boot_line, NULL));
	boot_line("blk_integrity.on_error=report blk_integrity.read_verify=0 blk_integrity.write_generate=no");
	idev = lasting_queue_alloc(test)->integrity_dev;
	KUNIT_EXPECT_EQ(test, 1, idev->report_only);
	KUNIT_EXPECT_EQ(test, 0, idev->read_verify);
	KUNIT_EXPECT_EQ(test, 0, idev->write_generate);

	boot_line("blk_integrity.on_error=perhaps blk_integrity.read_verify=-1x blk_integrity.write_generate=1");
	idev = lasting_queue_alloc(test)->integrity_dev;
	KUNIT_EXPECT_EQ(test, 1, idev->report_only);
	KUNIT_EXPECT_EQ(test, 0, idev->read_verify);
	KUNIT_EXPECT_EQ(test, 1, idev->write_generate);

	usual_boot_line(NULL);
	idev = lasting_queue_alloc(test)->integrity_dev;
	KUNIT_EXPECT_EQ(test, 0, idev->report_only);
	KUNIT_EXPECT_EQ(test, 1, idev->read_verify);
}

/* Until the path is deleted: then its queue may serve another disk. */
static void head_announces_errors_of_a_path(struct kunit *test)
{
	struct request_queue *q = lasting_queue_alloc(test);
	struct gendisk *head = filled_disk(test)->bdev->bd_disk;
	struct gendisk *path = add_disk_to(test, q);
	struct blk_integrity_error err = { .tag = BLK_INTEGRITY_TAG_GUARD };

	err.intervals[BLK_INTEGRITY_TAG_GUARD] = 1;
	blk_integrity_report_to(path, head);
	blk_integrity_report(path->part0, &err);
	KUNIT_EXPECT_EQ(test, 0, q->integrity_dev->last_error);
	KUNIT_EXPECT_NE(test, 0, head->queue->integrity_dev->last_error);
	flush_work(&head->queue->integrity_dev->event_work);

	del_gendisk(path);
	KUNIT_EXPECT_NULL(test, q->integrity_dev->reports_to);
	put_disk(path);
}

static struct kunit_case lifetime_cases[] = {
	KUNIT_CASE(freeze_waits_for_verification),
	KUNIT_CASE(freeze_ignores_other_disks),
	KUNIT_CASE_PARAM(removal_waits_for_verification, removal_cases_gen_params),
	KUNIT_CASE(owned_read_leaves_its_path),
	KUNIT_CASE(next_disk_of_a_queue_begins_anew),
	KUNIT_CASE(late_event_is_dropped),
	KUNIT_CASE(boot_parameters_are_initial_policies),
	KUNIT_CASE(head_announces_errors_of_a_path),
	{ }
};

static struct kunit_suite lifetime_suite = {
	.name		= "blk_integrity_lifetime",
	.test_cases	= lifetime_cases,
};

kunit_test_suite(lifetime_suite);

MODULE_DESCRIPTION("KUnit tests of what outlives what");
MODULE_LICENSE("GPL");
