// SPDX-License-Identifier: GPL-2.0
/*
 * FS_IOC_GETLBMD_CAP: describes the metadata of a block device to programs that
 * pass their own.
 */

#include <linux/blk-integrity.h>
#include <linux/t10-pi.h>
#include <linux/uaccess.h>

#include <uapi/linux/fs.h>

#include "bio-integrity-internal.h"
#include "blk.h"

static_assert(sizeof(struct logical_block_metadata_cap) == LBMD_SIZE_VER0);

/**
 * struct guard_cap - description of a guard for programs
 * @type: LBMD_PI_CSUM_NONE and so on
 * @app_tag_size: bytes of the application tag
 * @ref_tag_size: bytes of the reference tag, where the format has one
 */
struct guard_cap {
	u8 type;
	u8 app_tag_size;
	u8 ref_tag_size;
};

static const struct guard_cap guard_caps[] = {
	[BLK_INTEGRITY_CSUM_NONE] = { LBMD_PI_CSUM_NONE, 0, 0 },
	[BLK_INTEGRITY_CSUM_IP] = {
		LBMD_PI_CSUM_IP,
		sizeof_field(struct t10_pi_tuple, app_tag),
		sizeof_field(struct t10_pi_tuple, ref_tag),
	},
	[BLK_INTEGRITY_CSUM_CRC] = {
		LBMD_PI_CSUM_CRC16_T10DIF,
		sizeof_field(struct t10_pi_tuple, app_tag),
		sizeof_field(struct t10_pi_tuple, ref_tag),
	},
	[BLK_INTEGRITY_CSUM_CRC64] = {
		LBMD_PI_CSUM_CRC64_NVME,
		sizeof_field(struct crc64_pi_tuple, app_tag),
		sizeof_field(struct crc64_pi_tuple, ref_tag),
	},
};

/*
 * A tuple whose guard has no number in the ABI is opaque to programs, as is
 * metadata without one.
 */
static unsigned int known_tuple_size(const struct blk_integrity *bi)
{
	return bi->csum_type == BLK_INTEGRITY_CSUM_NONE ? 0 :
							  bi->profile->tuple_size;
}

/**
 * blk_integrity_meta_cap() - describe a geometry to programs
 * @bi: the geometry; all zero for a device without metadata
 * @cap: set in full
 *
 * Context: Any context.
 * Return: 0, or -EOVERFLOW if a value does not fit its member of @cap: an
 *	interval of 64 KiB, more than 255 bytes of metadata.
 */
int blk_integrity_meta_cap(const struct blk_integrity *bi,
			   struct logical_block_metadata_cap *cap)
{
	const struct guard_cap *guard = &guard_caps[bi->csum_type];
	unsigned int tuple_size;

	memset(cap, 0, sizeof(*cap));
	if (!bi->tuple_size)
		return 0;
	if (bi->tuple_size > U8_MAX ||
	    1U << bi->interval_exp > U16_MAX)
		return -EOVERFLOW;

	cap->lbmd_interval = 1U << bi->interval_exp;
	cap->lbmd_size = bi->tuple_size;

	tuple_size = known_tuple_size(bi);
	cap->lbmd_opaque_size = bi->tuple_size - tuple_size;
	if (!tuple_size)
		return 0;
	cap->lbmd_pi_size = tuple_size;
	cap->lbmd_pi_offset = bi->pi_offset;
	/* Opaque metadata is in front of the tuple, or all after it. */
	if (cap->lbmd_opaque_size && !bi->pi_offset)
		cap->lbmd_opaque_offset = tuple_size;

	cap->lbmd_guard_tag_type = guard->type;
	cap->lbmd_app_tag_size = guard->app_tag_size;
	if (bi->flags & BLK_INTEGRITY_DEVICE_CAPABLE)
		cap->lbmd_flags |= LBMD_PI_CAP_INTEGRITY;
	if (bi->flags & BLK_INTEGRITY_REF_TAG) {
		cap->lbmd_flags |= LBMD_PI_CAP_REFTAG;
		cap->lbmd_ref_tag_size = guard->ref_tag_size;
	}
	return 0;
}

/* Accept any size, because programs may be older or newer than this kernel. */
static bool is_meta_cap(unsigned int cmd)
{
	return _IOC_DIR(cmd) == _IOC_DIR(FS_IOC_GETLBMD_CAP) &&
	       _IOC_TYPE(cmd) == _IOC_TYPE(FS_IOC_GETLBMD_CAP) &&
	       _IOC_NR(cmd) == _IOC_NR(FS_IOC_GETLBMD_CAP);
}

/**
 * blk_integrity_ioctl() - ioctls about the metadata of a block device
 * @bdev: a disk or a partition
 * @cmd: the ioctl
 * @argp: its argument
 *
 * Context: Process context.  May sleep.
 * Return: 0; -ENOIOCTLCMD if @cmd is none of them; -EINVAL if the size in @cmd
 *	is less than LBMD_SIZE_VER0; -EOVERFLOW as blk_integrity_meta_cap();
 *	-EFAULT.
 */
int blk_integrity_ioctl(struct block_device *bdev, unsigned int cmd,
			void __user *argp)
{
	struct logical_block_metadata_cap cap;
	size_t bytes = _IOC_SIZE(cmd);
	struct blk_integrity bi;
	int err;

	if (!is_meta_cap(cmd))
		return -ENOIOCTLCMD;
	if (bytes < LBMD_SIZE_VER0)
		return -EINVAL;
	blk_integrity_snapshot(bdev_get_queue(bdev), &bi);
	err = blk_integrity_meta_cap(&bi, &cap);
	if (err)
		return err;

	if (copy_to_user(argp, &cap, min(bytes, sizeof(cap))))
		return -EFAULT;
	if (bytes > sizeof(cap) &&
	    clear_user(argp + sizeof(cap), bytes - sizeof(cap)))
		return -EFAULT;
	return 0;
}
