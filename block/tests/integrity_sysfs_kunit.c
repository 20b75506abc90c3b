// SPDX-License-Identifier: GPL-2.0
/*
 * /sys/block/<disk>/integrity: content of the files, accepted values, and which
 * disks have them.  The disk is not in sysfs; the tests call its attributes.
 */

#include <linux/blk-integrity.h>
#include <linux/device.h>
#include <linux/sysfs.h>

#include "../bio-integrity-arrival.h"
#include "../pi-guard.h"
#include "integrity_disk.h"

#define REF_TAG	BLK_INTEGRITY_REF_TAG
#define CRC	BLK_INTEGRITY_CSUM_CRC

static struct attribute *find_attr(struct kunit *test, const char *name)
{
	struct attribute **attrs = blk_integrity_attr_group.attrs;

	for (; *attrs; attrs++) {
		if (!strcmp((*attrs)->name, name))
			return *attrs;
	}
	KUNIT_FAIL_AND_ABORT(test, "no file %s", name);
	return NULL;
}

static const char *show(struct kunit *test, struct test_disk *td,
			const char *name)
{
	struct device_attribute *attr =
		container_of(find_attr(test, name), struct device_attribute, attr);
	char *page = page_address(test_zeroed_page(test));

	KUNIT_EXPECT_EQ(test, attr->show(disk_to_dev(td->disk), attr, page),
			strlen(page));
	return page;
}

static ssize_t store(struct kunit *test, struct test_disk *td, const char *name,
		     const char *value)
{
	struct device_attribute *attr =
		container_of(find_attr(test, name), struct device_attribute, attr);

	return attr->store(disk_to_dev(td->disk), attr, value, strlen(value));
}

struct show_case {
	const char *desc;
	struct blk_integrity bi;
	const char *format;
	const char *tag_size;
	const char *interval;
	const char *capable;
	const char *read_verify;
	const char *status;
};

#define NO_GUARD	"the format has no guard"
#define ON		"reads: verified; writes: protected\n"

static const struct show_case show_cases[] = {
	{
		"type 1",
		{ .csum_type = CRC, .flags = REF_TAG | BLK_INTEGRITY_DEVICE_CAPABLE,
		  .tuple_size = 8, .interval_exp = 9, .tag_size = 2 },
		"T10-DIF-TYPE1-CRC\n", "2\n", "512\n", "1\n", "1\n", ON,
	}, {
		"type 3, 64-bit guard",
		{ .csum_type = BLK_INTEGRITY_CSUM_CRC64, .tuple_size = 64,
		  .pi_offset = 48, .interval_exp = 12 },
		"EXT-DIF-TYPE3-CRC64\n", "0\n", "4096\n", "0\n", "1\n", ON,
	}, {
		"IP checksum",
		{ .csum_type = BLK_INTEGRITY_CSUM_IP, .flags = REF_TAG,
		  .tuple_size = 8, .interval_exp = 12 },
		"T10-DIF-TYPE1-IP\n", "0\n", "4096\n", "0\n", "1\n", ON,
	}, {
		"opaque",
		{ .tuple_size = 64, .interval_exp = 12 },
		"nop\n", "0\n", "4096\n", "0\n", "1\n",
		"reads: not verified, " NO_GUARD "; writes: not protected, " NO_GUARD "\n",
	},
};

KUNIT_ARRAY_PARAM_DESC(show_cases, show_cases, desc);

static void files_say_what_the_geometry_is(struct kunit *test)
{
	const struct show_case *row = test->param_value;
	struct test_disk *td = test_disk_of(test, row->bi);
	char guard_impl[32];

	KUNIT_EXPECT_STREQ(test, row->format, show(test, td, "format"));
	KUNIT_EXPECT_STREQ(test, row->tag_size, show(test, td, "tag_size"));
	KUNIT_EXPECT_STREQ(test, row->interval,
			   show(test, td, "protection_interval_bytes"));
	KUNIT_EXPECT_STREQ(test, row->capable,
			   show(test, td, "device_is_integrity_capable"));
	KUNIT_EXPECT_STREQ(test, row->read_verify, show(test, td, "read_verify"));
	KUNIT_EXPECT_STREQ(test, row->read_verify, show(test, td, "write_generate"));
	KUNIT_EXPECT_STREQ(test, row->status, show(test, td, "status"));
	snprintf(guard_impl, sizeof(guard_impl), "%s\n",
		 pi_guard_impl_name(row->bi.csum_type));
	KUNIT_EXPECT_STREQ(test, guard_impl, show(test, td, "guard_impl"));
}

static void own_generate(struct blk_integrity_exchg *xchg)
{
}

static void guards_of_a_driver_are_the_drivers(struct kunit *test)
{
	static const struct blk_integrity_profile own = {
		.name = "own", .csum_type = CRC, .tuple_size = 8,
		.generate_fn = own_generate,
	};
	struct blk_integrity bi = test_geometry(CRC, 0, 8, 0, 9);

	bi.profile = &own;
	KUNIT_EXPECT_STREQ(test, "driver\n",
			   show(test, test_disk_of(test, bi), "guard_impl"));
}

struct store_case {
	const char *desc;		/* what is written */
	int err;
	const char *then;
};

static const struct store_case store_cases[] = {
	{ "0", 0, "0\n" },
	{ "0\n", 0, "0\n" },
	{ "1", 0, "1\n" },
	{ "y\n", 0, "1\n" },
	{ "off", 0, "0\n" },
	{ "2", 0, "1\n" },
	{ "000", 0, "0\n" },
	{ "4294967296\n", 0, "1\n" },
	{ "-1", -EINVAL, "1\n" },
	{ "", -EINVAL, "1\n" },
	{ "perhaps", -EINVAL, "1\n" },
};

KUNIT_ARRAY_PARAM_DESC(store_cases, store_cases, desc);

static void policies_take_booleans(struct kunit *test)
{
	const struct store_case *row = test->param_value;
	static const char *const names[] = { "read_verify", "write_generate" };
	struct test_disk *td = test_disk_of(test, test_geometry(CRC, REF_TAG, 8, 0,
								9));

	for (int i = 0; i < ARRAY_SIZE(names); i++) {
		KUNIT_EXPECT_EQ(test, row->err ?: strlen(row->desc),
				store(test, td, names[i], row->desc));
		KUNIT_EXPECT_STREQ(test, row->then, show(test, td, names[i]));
	}
}

static bool excludes(struct test_disk *td, enum req_op op)
{
	struct bio bio = { .bi_opf = op };
	unsigned int arrival = bio_integrity_arrive(&bio, td->disk->queue);

	return arrival == BIO_INTEGRITY_EXCLUDED;
}

/* What excludes I/O where all metadata is tuples, whatever changed last. */
static void switches_exclude_io(struct kunit *test)
{
	struct blk_integrity tuples = test_geometry(CRC, REF_TAG, 8, 0, 9);
	struct test_disk *td = test_disk_of(test, tuples);

	KUNIT_EXPECT_FALSE(test, excludes(td, REQ_OP_READ));
	KUNIT_EXPECT_FALSE(test, excludes(td, REQ_OP_WRITE));
	KUNIT_EXPECT_FALSE(test, excludes(td, REQ_OP_ZONE_APPEND));

	KUNIT_EXPECT_EQ(test, 1, store(test, td, "read_verify", "0"));
	KUNIT_EXPECT_TRUE(test, excludes(td, REQ_OP_READ));
	KUNIT_EXPECT_FALSE(test, excludes(td, REQ_OP_WRITE));
	KUNIT_EXPECT_EQ(test, 6, store(test, td, "on_error", "report"));
	KUNIT_EXPECT_FALSE(test, excludes(td, REQ_OP_READ));
	KUNIT_EXPECT_EQ(test, 4, store(test, td, "on_error", "fail"));
	KUNIT_EXPECT_TRUE(test, excludes(td, REQ_OP_READ));

	KUNIT_EXPECT_EQ(test, 1, store(test, td, "write_generate", "0"));
	KUNIT_EXPECT_TRUE(test, excludes(td, REQ_OP_WRITE));
	KUNIT_EXPECT_TRUE(test, excludes(td, REQ_OP_ZONE_APPEND));
	KUNIT_EXPECT_FALSE(test, excludes(td, REQ_OP_WRITE_ZEROES));

	KUNIT_ASSERT_EQ(test, 0, test_disk_commit(td, test_geometry(CRC, REF_TAG,
								    64, 0, 9)));
	KUNIT_EXPECT_FALSE(test, excludes(td, REQ_OP_READ));
	KUNIT_EXPECT_FALSE(test, excludes(td, REQ_OP_WRITE));
	KUNIT_ASSERT_EQ(test, 0, test_disk_commit(td, (struct blk_integrity) {}));
	KUNIT_EXPECT_FALSE(test, excludes(td, REQ_OP_WRITE));
	KUNIT_ASSERT_EQ(test, 0, test_disk_commit(td, tuples));
	KUNIT_EXPECT_TRUE(test, excludes(td, REQ_OP_READ));
	KUNIT_EXPECT_TRUE(test, excludes(td, REQ_OP_WRITE));

	blk_integrity_reset_policies(td->disk->queue->integrity_dev);
	KUNIT_EXPECT_FALSE(test, excludes(td, REQ_OP_READ));
	KUNIT_EXPECT_FALSE(test, excludes(td, REQ_OP_WRITE));
}

static void rereads_are_0_to_3(struct kunit *test)
{
	struct test_disk *td = test_disk_of(test, test_geometry(CRC, REF_TAG, 8, 0,
								9));

	KUNIT_EXPECT_STREQ(test, "1\n", show(test, td, "rereads"));
	KUNIT_EXPECT_EQ(test, 1, store(test, td, "rereads", "3"));
	KUNIT_EXPECT_STREQ(test, "3\n", show(test, td, "rereads"));
	KUNIT_EXPECT_EQ(test, -EINVAL, store(test, td, "rereads", "4"));
	KUNIT_EXPECT_EQ(test, -EINVAL, store(test, td, "rereads", "-1"));
	KUNIT_EXPECT_EQ(test, 1, store(test, td, "rereads", "0"));
	KUNIT_EXPECT_STREQ(test, "0\n", show(test, td, "rereads"));
}

static void inline_bytes_is_a_number_or_auto(struct kunit *test)
{
	static const char *const bad[] = {
		"131073", "4294967295", "-1", "Auto", "auto 1", "automatic", "",
		"4096x", "4294967296",
	};
	struct test_disk *td = test_disk_of(test, test_geometry(CRC, REF_TAG, 8, 0,
								9));
	struct test_disk *opaque = test_disk_of(test,
						test_geometry(0, 0, 64, 0, 9));

	blk_integrity_reset_policies(td->disk->queue->integrity_dev);
	KUNIT_EXPECT_STREQ(test, "auto\n", show(test, td, "inline_bytes"));
	KUNIT_EXPECT_EQ(test, 6, store(test, td, "inline_bytes", "131072"));
	KUNIT_EXPECT_STREQ(test, "131072\n", show(test, td, "inline_bytes"));
	KUNIT_EXPECT_EQ(test, 5, store(test, td, "inline_bytes", "auto\n"));
	KUNIT_EXPECT_STREQ(test, "auto\n", show(test, td, "inline_bytes"));
	for (int i = 0; i < ARRAY_SIZE(bad); i++) {
		KUNIT_EXPECT_EQ_MSG(test, -EINVAL,
				    store(test, td, "inline_bytes", bad[i]),
				    "'%s'", bad[i]);
		KUNIT_EXPECT_STREQ(test, "auto\n", show(test, td, "inline_bytes"));
	}
	KUNIT_EXPECT_EQ(test, 1, store(test, td, "inline_bytes", "0"));
	KUNIT_EXPECT_STREQ(test, "0\n", show(test, td, "inline_bytes"));

	/* No other policy has such a value. */
	KUNIT_EXPECT_EQ(test, -EINVAL, store(test, td, "rereads", "auto"));
	KUNIT_EXPECT_EQ(test, -EINVAL, store(test, td, "on_error", "auto"));
	KUNIT_EXPECT_EQ(test, -EINVAL, store(test, opaque, "inline_bytes", "auto"));
	KUNIT_EXPECT_EQ(test, 1, store(test, opaque, "inline_bytes", "0"));
}

static void copies_are_a_word(struct kunit *test)
{
	struct test_disk *td = test_disk_of(test, test_geometry(CRC, REF_TAG, 8, 0,
								9));

	KUNIT_EXPECT_STREQ(test, "unstable\n", show(test, td, "copy_writes"));
	KUNIT_EXPECT_EQ(test, 5, store(test, td, "copy_writes", "never"));
	KUNIT_EXPECT_STREQ(test, "never\n", show(test, td, "copy_writes"));
	KUNIT_EXPECT_EQ(test, -EINVAL, store(test, td, "copy_writes", "0"));
	KUNIT_EXPECT_EQ(test, 8, store(test, td, "copy_writes", "unstable"));
	KUNIT_EXPECT_STREQ(test, "unstable\n", show(test, td, "copy_writes"));
}

/* A policy does not change any other. */
static void policies_are_independent(struct kunit *test)
{
	struct test_disk *td = test_disk_of(test, test_geometry(CRC, REF_TAG, 8, 0,
								9));
	struct blk_integrity_dev *idev = td->disk->queue->integrity_dev;

	store(test, td, "read_verify", "0");
	KUNIT_EXPECT_FALSE(test, idev->read_verify);
	KUNIT_EXPECT_TRUE(test, idev->write_generate);
	store(test, td, "read_verify", "1");
	store(test, td, "write_generate", "0");
	KUNIT_EXPECT_TRUE(test, idev->read_verify);
	KUNIT_EXPECT_FALSE(test, idev->write_generate);
	store(test, td, "on_error", "report");
	KUNIT_EXPECT_STREQ(test, show(test, td, "status"),
			   "reads: verified, errors reported only; writes: not protected, switched off\n");
}

static void set_geometry(struct kunit *test, struct test_disk *td,
			 struct blk_integrity bi)
{
	struct request_queue *q = td->disk->queue;
	struct queue_limits lim = queue_limits_start_update(q);

	lim.integrity = bi;
	KUNIT_ASSERT_EQ(test, 0, queue_limits_commit_update(q, &lim));
}

struct veto_case {
	const char *desc;		/* the file */
	unsigned char veto;
	const char *other;
};

static const struct veto_case veto_cases[] = {
	{ "read_verify", BLK_INTEGRITY_NOVERIFY, "write_generate" },
	{ "write_generate", BLK_INTEGRITY_NOGENERATE, "read_verify" },
};

KUNIT_ARRAY_PARAM_DESC(veto_cases, veto_cases, desc);

/* A driver's veto reads as 0, and the administrator's value stays stored. */
static void drivers_have_a_veto(struct kunit *test)
{
	const struct veto_case *row = test->param_value;
	struct blk_integrity bi = test_geometry(CRC, REF_TAG, 8, 0, 9);
	struct test_disk *td = test_disk_of(test, bi);
	struct blk_integrity vetoed = bi;

	vetoed.flags |= row->veto;
	set_geometry(test, td, vetoed);
	KUNIT_EXPECT_STREQ(test, "0\n", show(test, td, row->desc));
	KUNIT_EXPECT_NOT_NULL(test, strstr(show(test, td, "status"), "the driver"));
	KUNIT_EXPECT_STREQ(test, "1\n", show(test, td, row->other));
	KUNIT_EXPECT_EQ(test, 1, store(test, td, row->desc, "1"));
	KUNIT_EXPECT_STREQ(test, "0\n", show(test, td, row->desc));
	KUNIT_EXPECT_EQ(test, 1, store(test, td, row->other, "1"));
	set_geometry(test, td, bi);
	KUNIT_EXPECT_STREQ(test, "1\n", show(test, td, row->desc));

	set_geometry(test, td, vetoed);
	KUNIT_EXPECT_EQ(test, 1, store(test, td, row->desc, "0"));
	set_geometry(test, td, bi);
	KUNIT_EXPECT_STREQ(test, "0\n", show(test, td, row->desc));
}

static const char *const old_files[] = {
	"format", "tag_size", "protection_interval_bytes", "read_verify",
	"write_generate", "device_is_integrity_capable",
};

static bool is_old_file(const char *name)
{
	return match_string(old_files, ARRAY_SIZE(old_files), name) >= 0;
}

/* The six files of Linux 6.12 for every disk, the others only with metadata. */
static void disks_have_their_files(struct kunit *test)
{
	struct test_disk *plain = test_disk_alloc(test, test_plain_limits());
	struct test_disk *td = test_disk_of(test, test_geometry(CRC, REF_TAG, 8, 0,
								9));
	const struct attribute_group *group = &blk_integrity_attr_group;
	unsigned int old = 0;

	KUNIT_EXPECT_STREQ(test, "integrity", group->name);
	for (int i = 0; group->attrs[i]; i++) {
		struct attribute *attr = group->attrs[i];
		bool is_old = is_old_file(attr->name);

		old += is_old;
		KUNIT_EXPECT_EQ(test, attr->mode,
				group->is_visible(&disk_to_dev(td->disk)->kobj, attr,
						  i));
		KUNIT_EXPECT_EQ_MSG(test, is_old ? attr->mode : 0,
				    group->is_visible(&disk_to_dev(plain->disk)->kobj,
						      attr, i),
				    "%s", attr->name);
	}
	KUNIT_EXPECT_EQ(test, ARRAY_SIZE(old_files), old);
}

/* Values written to disks without metadata apply once they have some. */
static void plain_disks_take_and_keep_policies(struct kunit *test)
{
	static const char *const values[] = { "none\n", "0\n", "0\n", "1\n", "1\n",
					      "0\n" };
	struct test_disk *td = test_disk_alloc(test, test_plain_limits());

	for (int i = 0; i < ARRAY_SIZE(old_files); i++)
		KUNIT_EXPECT_STREQ(test, values[i], show(test, td, old_files[i]));
	KUNIT_EXPECT_NULL(test, td->disk->queue->integrity_dev);

	KUNIT_EXPECT_EQ(test, -EINVAL, store(test, td, "read_verify", "perhaps"));
	KUNIT_EXPECT_EQ(test, 1, store(test, td, "read_verify", "0"));
	KUNIT_EXPECT_EQ(test, 1, store(test, td, "write_generate", "2"));
	KUNIT_EXPECT_STREQ(test, "0\n", show(test, td, "read_verify"));
	KUNIT_EXPECT_STREQ(test, "1\n", show(test, td, "write_generate"));

	set_geometry(test, td, test_geometry(CRC, REF_TAG, 8, 0, 9));
	KUNIT_EXPECT_STREQ(test, "0\n", show(test, td, "read_verify"));
	KUNIT_EXPECT_STREQ(test, "1\n", show(test, td, "write_generate"));
}

/* A file that was opened before the metadata was removed can still be read. */
static void files_survive_the_metadata(struct kunit *test)
{
	struct test_disk *td = test_disk_of(test, test_geometry(CRC, REF_TAG, 8, 0,
								9));

	set_geometry(test, td, (struct blk_integrity) {});
	KUNIT_EXPECT_STREQ(test, "none\n", show(test, td, "format"));
	KUNIT_EXPECT_STREQ(test, "0\n", show(test, td, "protection_interval_bytes"));
	for (int i = 0; blk_integrity_attr_group.attrs[i]; i++)
		show(test, td, blk_integrity_attr_group.attrs[i]->name);
}

static bool has_file(struct test_disk *td, const char *name)
{
	struct kernfs_node *dir, *file;

	flush_work(&td->disk->queue->integrity_dev->event_work);
	dir = sysfs_get_dirent(disk_to_dev(td->disk)->kobj.sd, "integrity");
	file = dir ? sysfs_get_dirent(dir, name) : NULL;
	sysfs_put(file);
	sysfs_put(dir);
	return file;
}

static void expect_files(struct kunit *test, struct test_disk *td, bool all)
{
	for (int i = 0; blk_integrity_attr_group.attrs[i]; i++) {
		const char *name = blk_integrity_attr_group.attrs[i]->name;

		KUNIT_EXPECT_EQ_MSG(test, all || is_old_file(name),
				    has_file(td, name), "%s", name);
	}
}

static void delete_disk(void *disk)
{
	del_gendisk(disk);
}

struct disk_case {
	const char *desc;
	int flags;
};

static const struct disk_case disk_cases[] = {
	{ "ordinary", GENHD_FL_NO_PART },
	{ "hidden", GENHD_FL_NO_PART | GENHD_FL_HIDDEN },
};

KUNIT_ARRAY_PARAM_DESC(disk_cases, disk_cases, desc);

/* This includes paths of multipath devices, which are hidden. */
static void files_come_and_go(struct kunit *test)
{
	const struct disk_case *row = test->param_value;
	struct blk_integrity bi = test_geometry(CRC, REF_TAG, 8, 0, 9);
	struct test_disk *td = test_disk_of(test, bi);

	td->disk->flags |= row->flags;
	KUNIT_ASSERT_EQ(test, 0, add_disk(td->disk));
	KUNIT_ASSERT_EQ(test, 0, kunit_add_action_or_reset(test, delete_disk,
							   td->disk));
	expect_files(test, td, true);
	set_geometry(test, td, (struct blk_integrity) {});
	expect_files(test, td, false);
	set_geometry(test, td, bi);
	expect_files(test, td, true);
}

static struct kunit_case sysfs_cases[] = {
	KUNIT_CASE_PARAM(files_say_what_the_geometry_is, show_cases_gen_params),
	KUNIT_CASE_PARAM(policies_take_booleans, store_cases_gen_params),
	KUNIT_CASE(switches_exclude_io),
	KUNIT_CASE(rereads_are_0_to_3),
	KUNIT_CASE(inline_bytes_is_a_number_or_auto),
	KUNIT_CASE(copies_are_a_word),
	KUNIT_CASE(policies_are_independent),
	KUNIT_CASE(guards_of_a_driver_are_the_drivers),
	KUNIT_CASE_PARAM(drivers_have_a_veto, veto_cases_gen_params),
	KUNIT_CASE(disks_have_their_files),
	KUNIT_CASE(plain_disks_take_and_keep_policies),
	KUNIT_CASE(files_survive_the_metadata),
	KUNIT_CASE_PARAM(files_come_and_go, disk_cases_gen_params),
	{ }
};

static struct kunit_suite sysfs_suite = {
	.name		= "blk_integrity_sysfs",
	.test_cases	= sysfs_cases,
};

kunit_test_suite(sysfs_suite);

MODULE_DESCRIPTION("KUnit tests of the integrity files of a disk");
MODULE_LICENSE("GPL");
