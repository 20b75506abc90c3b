// SPDX-License-Identifier: GPL-2.0
/*
 * FS_IOC_GETLBMD_CAP: the numbers that programs get, for every geometry; a value
 * that does not fit is an error and never cut off.
 */

#include <linux/blk-integrity.h>
#include <linux/mman.h>
#include <linux/uaccess.h>

#include <uapi/linux/fs.h>

#include "integrity_disk.h"

/* Guard, application tag and reference tag, from the standards. */
static const struct {
	unsigned int type, tuple, app, ref;
} guards[] = {
	[BLK_INTEGRITY_CSUM_IP] = { 1, 8, 2, 4 },
	[BLK_INTEGRITY_CSUM_CRC] = { 2, 8, 2, 4 },
	[BLK_INTEGRITY_CSUM_CRC64] = { 4, 16, 2, 6 },
};

static void every_geometry_is_described(struct kunit *test)
{
	struct blk_integrity bi = test_geometry_of(test);
	unsigned int tuple = guards[bi.csum_type].tuple;
	bool has_ref = bi.flags & BLK_INTEGRITY_REF_TAG;
	struct logical_block_metadata_cap cap;
	int err;

	memset(&cap, 0xa5, sizeof(cap));
	bi.flags |= BLK_INTEGRITY_DEVICE_CAPABLE;
	err = blk_integrity_meta_cap(&bi, &cap);
	if (bi.tuple_size > 255) {
		KUNIT_EXPECT_EQ(test, -EOVERFLOW, err);
		return;
	}
	KUNIT_ASSERT_EQ(test, 0, err);
	KUNIT_EXPECT_EQ(test, has_ref ? 3 : 1, cap.lbmd_flags);
	KUNIT_EXPECT_EQ(test, 1U << bi.interval_exp, cap.lbmd_interval);
	KUNIT_EXPECT_EQ(test, bi.tuple_size, cap.lbmd_size);
	KUNIT_EXPECT_EQ(test, tuple, cap.lbmd_pi_size);
	KUNIT_EXPECT_EQ(test, bi.pi_offset, cap.lbmd_pi_offset);
	KUNIT_EXPECT_EQ(test, bi.tuple_size - tuple, cap.lbmd_opaque_size);
	KUNIT_EXPECT_EQ(test, bi.pi_offset || bi.tuple_size == tuple ? 0 : tuple,
			cap.lbmd_opaque_offset);
	KUNIT_EXPECT_EQ(test, guards[bi.csum_type].type, cap.lbmd_guard_tag_type);
	KUNIT_EXPECT_EQ(test, guards[bi.csum_type].app, cap.lbmd_app_tag_size);
	KUNIT_EXPECT_EQ(test, has_ref ? guards[bi.csum_type].ref : 0,
			cap.lbmd_ref_tag_size);
	KUNIT_EXPECT_EQ(test, 0, cap.lbmd_storage_tag_size);
	KUNIT_EXPECT_EQ(test, 0, cap.pad);
}

struct edge_case {
	const char *desc;
	unsigned int metadata_bytes;
	unsigned int interval_exp;
	int err;
	struct logical_block_metadata_cap cap;
};

/* Opaque metadata has no tuple; E9: the largest values that fit. */
static const struct edge_case edge_cases[] = {
	{ "no metadata", 0, 9, 0, {} },
	{ "255 bytes", 255, 12, 0,
	  { .lbmd_interval = 4096, .lbmd_size = 255, .lbmd_opaque_size = 255 } },
	{ "256 bytes", 256, 12, -EOVERFLOW, {} },
	{ "32 KiB", 16, 15, 0,
	  { .lbmd_interval = 32768, .lbmd_size = 16, .lbmd_opaque_size = 16 } },
	{ "64 KiB", 16, 16, -EOVERFLOW, {} },
};

KUNIT_ARRAY_PARAM_DESC(edge_cases, edge_cases, desc);

static void values_are_never_cut_off(struct kunit *test)
{
	const struct edge_case *row = test->param_value;
	struct blk_integrity bi = {};
	struct logical_block_metadata_cap cap;

	if (row->metadata_bytes)
		bi = test_geometry(BLK_INTEGRITY_CSUM_NONE, 0,
				   row->metadata_bytes, 0, row->interval_exp);
	memset(&cap, 0xa5, sizeof(cap));
	KUNIT_ASSERT_EQ(test, row->err, blk_integrity_meta_cap(&bi, &cap));
	if (!row->err)
		KUNIT_EXPECT_MEMEQ(test, &row->cap, &cap, sizeof(cap));
}

static unsigned int cap_cmd(unsigned int bytes)
{
	return _IOC(_IOC_READ | _IOC_WRITE, 0x15, 2, bytes);
}

/* Programs know fewer members than the kernel, or more. */
static void any_size_is_served(struct kunit *test)
{
	struct test_disk *td = test_disk_of(test,
			test_geometry(BLK_INTEGRITY_CSUM_CRC,
				      BLK_INTEGRITY_REF_TAG, 64, 56, 9));
	unsigned long addr;
	void __user *user;
	u8 found[32];
	struct logical_block_metadata_cap cap;

	if (!IS_ENABLED(CONFIG_MMU))
		kunit_skip(test, "needs an MMU");
	addr = kunit_vm_mmap(test, NULL, 0, PAGE_SIZE, PROT_READ | PROT_WRITE,
			     MAP_ANONYMOUS | MAP_PRIVATE, 0);
	KUNIT_ASSERT_NE(test, addr, 0);
	user = (void __user *)addr;

	memset(found, 0x5a, sizeof(found));
	KUNIT_ASSERT_EQ(test, 0, copy_to_user(user, found, sizeof(found)));
	KUNIT_EXPECT_EQ(test, -EINVAL,
			blk_integrity_ioctl(td->bdev, cap_cmd(15), user));
	KUNIT_EXPECT_EQ(test, -EINVAL,
			blk_integrity_ioctl(td->bdev, cap_cmd(0), user));
	KUNIT_EXPECT_EQ(test, -ENOIOCTLCMD,
			blk_integrity_ioctl(td->bdev,
					    _IOC(_IOC_READ, 0x15, 2, 16), user));
	KUNIT_EXPECT_EQ(test, -ENOIOCTLCMD,
			blk_integrity_ioctl(td->bdev, FS_IOC_GETFSUUID, user));

	KUNIT_ASSERT_EQ(test, 0,
			blk_integrity_ioctl(td->bdev, FS_IOC_GETLBMD_CAP, user));
	KUNIT_ASSERT_EQ(test, 0, copy_from_user(found, user, sizeof(found)));
	blk_integrity_meta_cap(&td->disk->queue->limits.integrity, &cap);
	KUNIT_EXPECT_EQ(test, 64, cap.lbmd_size);
	KUNIT_EXPECT_MEMEQ(test, found, &cap, sizeof(cap));
	KUNIT_EXPECT_EQ(test, 0x5a, found[16]);

	KUNIT_ASSERT_EQ(test, 0,
			blk_integrity_ioctl(td->bdev, cap_cmd(31), user));
	KUNIT_ASSERT_EQ(test, 0, copy_from_user(found, user, sizeof(found)));
	KUNIT_EXPECT_MEMEQ(test, found, &cap, sizeof(cap));
	KUNIT_EXPECT_PTR_EQ(test, NULL, memchr_inv(found + 16, 0, 15));
	KUNIT_EXPECT_EQ(test, 0x5a, found[31]);

	KUNIT_EXPECT_EQ(test, -EFAULT,
			blk_integrity_ioctl(td->bdev, FS_IOC_GETLBMD_CAP,
					    (void __user *)TASK_SIZE));
}

static struct kunit_case meta_cap_cases[] = {
	KUNIT_CASE_PARAM(every_geometry_is_described, test_geometry_gen_params),
	KUNIT_CASE_PARAM(values_are_never_cut_off, edge_cases_gen_params),
	KUNIT_CASE(any_size_is_served),
	{ }
};

static struct kunit_suite meta_cap_suite = {
	.name		= "blk_integrity_meta_cap",
	.test_cases	= meta_cap_cases,
};

kunit_test_suite(meta_cap_suite);

MODULE_DESCRIPTION("KUnit tests of the ioctl that describes metadata");
MODULE_LICENSE("GPL");
