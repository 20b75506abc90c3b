// SPDX-License-Identifier: GPL-2.0
/*
 * /sys/block/<disk>/integrity: the geometry of a disk's metadata, the
 * administrator's policies, and counters.  See
 * Documentation/ABI/stable/sysfs-block-integrity.
 */

#include <linux/blk-integrity.h>
#include <linux/device.h>
#include <linux/sysfs.h>

#include "blk.h"
#include "blk-integrity-dev.h"
#include "pi-guard.h"

static struct request_queue *dev_to_queue(struct device *dev)
{
	return dev_to_disk(dev)->queue;
}

static struct blk_integrity_dev *dev_to_idev(struct device *dev)
{
	return dev_to_queue(dev)->integrity_dev;
}

/*
 * Get the present geometry.  A file can stay open while a format removes the
 * metadata; then there is no profile.
 */
static struct blk_integrity dev_to_geometry(struct device *dev)
{
	return dev_to_queue(dev)->limits.integrity;
}

static ssize_t format_show(struct device *dev, struct device_attribute *attr,
			   char *page)
{
	struct blk_integrity bi = dev_to_geometry(dev);

	return sysfs_emit(page, "%s\n", bi.profile ? bi.profile->name : "none");
}
static DEVICE_ATTR_RO(format);

static ssize_t tag_size_show(struct device *dev, struct device_attribute *attr,
			     char *page)
{
	return sysfs_emit(page, "%u\n", dev_to_geometry(dev).tag_size);
}
static DEVICE_ATTR_RO(tag_size);

static ssize_t protection_interval_bytes_show(struct device *dev,
					      struct device_attribute *attr,
					      char *page)
{
	struct blk_integrity bi = dev_to_geometry(dev);

	return sysfs_emit(page, "%lu\n",
			  bi.tuple_size ? BIT(bi.interval_exp) : 0);
}
static DEVICE_ATTR_RO(protection_interval_bytes);

static ssize_t device_is_integrity_capable_show(struct device *dev,
						struct device_attribute *attr,
						char *page)
{
	return sysfs_emit(page, "%d\n", !!(dev_to_geometry(dev).flags &
					   BLK_INTEGRITY_DEVICE_CAPABLE));
}
static DEVICE_ATTR_RO(device_is_integrity_capable);

static ssize_t metadata_bytes_show(struct device *dev,
				   struct device_attribute *attr, char *page)
{
	return sysfs_emit(page, "%u\n", dev_to_geometry(dev).tuple_size);
}
static DEVICE_ATTR_RO(metadata_bytes);

static ssize_t pi_offset_show(struct device *dev, struct device_attribute *attr,
			      char *page)
{
	return sysfs_emit(page, "%u\n", dev_to_geometry(dev).pi_offset);
}
static DEVICE_ATTR_RO(pi_offset);

static ssize_t pi_tuple_size_show(struct device *dev,
				  struct device_attribute *attr, char *page)
{
	struct blk_integrity bi = dev_to_geometry(dev);

	return sysfs_emit(page, "%u\n", bi.profile ? bi.profile->tuple_size : 0);
}
static DEVICE_ATTR_RO(pi_tuple_size);

static const char *const guard_types[] = {
	[BLK_INTEGRITY_CSUM_NONE]	= "none",
	[BLK_INTEGRITY_CSUM_IP]		= "ip",
	[BLK_INTEGRITY_CSUM_CRC]	= "crc16-t10dif",
	[BLK_INTEGRITY_CSUM_CRC64]	= "crc64-nvme",
};

static ssize_t guard_type_show(struct device *dev,
			       struct device_attribute *attr, char *page)
{
	return sysfs_emit(page, "%s\n",
			  guard_types[dev_to_geometry(dev).csum_type]);
}
static DEVICE_ATTR_RO(guard_type);

static ssize_t guard_impl_show(struct device *dev,
			       struct device_attribute *attr, char *page)
{
	struct blk_integrity bi = dev_to_geometry(dev);

	if (!bi.profile || !bi.profile->generate_fn)
		return sysfs_emit(page, "none\n");
	if (!blk_integrity_is_builtin_profile(bi.profile))
		return sysfs_emit(page, "driver\n");
	return sysfs_emit(page, "%s\n", pi_guard_impl_name(bi.csum_type));
}
static DEVICE_ATTR_RO(guard_impl);

static const char *why_not(const struct blk_integrity *bi, bool has_callback,
			   enum blk_integrity_flags off, bool policy)
{
	if (!has_callback)
		return "the format has no guard";
	if (bi->flags & off)
		return "the driver does not want it";
	return policy ? NULL : "switched off";
}

static ssize_t status_show(struct device *dev, struct device_attribute *attr,
			   char *page)
{
	struct blk_integrity_dev *idev = dev_to_idev(dev);
	struct blk_integrity bi = dev_to_geometry(dev);
	const char *reads, *writes;

	if (!bi.profile)
		return sysfs_emit(page, "the medium has no metadata\n");

	reads = why_not(&bi, bi.profile->verify_fn, BLK_INTEGRITY_NOVERIFY,
			READ_ONCE(idev->read_verify));
	writes = why_not(&bi, bi.profile->generate_fn, BLK_INTEGRITY_NOGENERATE,
			 READ_ONCE(idev->write_generate));
	return sysfs_emit(page, "reads: %s%s%s; writes: %s%s\n",
			  reads ? "not verified, " : "verified",
			  reads ?: "", !reads && READ_ONCE(idev->report_only) ?
			  ", errors reported only" : "",
			  writes ? "not protected, " : "protected",
			  writes ?: "");
}
static DEVICE_ATTR_RO(status);

static const char *const counter_names[BLK_INTEGRITY_NR_COUNTERS] = {
	[BLK_INTEGRITY_GENERATED]	= "generated_intervals",
	[BLK_INTEGRITY_VERIFIED]	= "verified_intervals",
	[BLK_INTEGRITY_ESCAPED]		= "escaped_intervals",
	[BLK_INTEGRITY_UNCHECKED]	= "unchecked_intervals",
	[BLK_INTEGRITY_GUARD_ERRORS]	= "guard_errors",
	[BLK_INTEGRITY_APP_ERRORS]	= "app_errors",
	[BLK_INTEGRITY_REF_ERRORS]	= "ref_errors",
	[BLK_INTEGRITY_DEVICE_ERRORS]	= "device_errors",
	[BLK_INTEGRITY_REMAPPED]	= "remapped_intervals",
	[BLK_INTEGRITY_STRADDLED]	= "straddled_intervals",
	[BLK_INTEGRITY_BOUNCED]		= "bounced_buffers",
	[BLK_INTEGRITY_RESERVE_USES]	= "reserve_uses",
	[BLK_INTEGRITY_INLINE_VERIFIES]	= "inline_verifies",
	[BLK_INTEGRITY_REREAD]		= "reread_intervals",
	[BLK_INTEGRITY_HEALED]		= "healed_intervals",
	[BLK_INTEGRITY_COPIED_WRITES]	= "copied_writes",
	[BLK_INTEGRITY_COPY_FALLBACKS]	= "copy_fallbacks",
	[BLK_INTEGRITY_ALIGNED_COPIES]	= "aligned_copies",
};

static ssize_t stat_show(struct device *dev, struct device_attribute *attr,
			 char *page)
{
	struct blk_integrity_dev *idev = dev_to_idev(dev);
	int len = 0;

	for (int i = 0; i < BLK_INTEGRITY_NR_COUNTERS; i++)
		len += sysfs_emit_at(page, len, "%s %llu\n", counter_names[i],
				     blk_integrity_counter(idev, i));
	return len;
}
static DEVICE_ATTR_RO(stat);

static bool can_verify(struct device *dev)
{
	struct blk_integrity bi = dev_to_geometry(dev);

	return bi.profile && bi.profile->verify_fn &&
	       !(bi.flags & BLK_INTEGRITY_NOVERIFY);
}

/*
 * Linux 6.12 has the two switches for every disk: any number except 0 is on,
 * and a value written to a disk without metadata applies once it has some.
 */
static int parse_switch(const char *page, bool *on)
{
	unsigned long number;

	if (kstrtoul(page, 10, &number))
		return kstrtobool(page, on);
	*on = number;
	return 0;
}

static ssize_t switch_store(struct device *dev, const char *page, size_t count,
			    size_t offset)
{
	struct blk_integrity_dev *idev;
	bool on;
	int err;

	err = parse_switch(page, &on);
	if (err)
		return err;
	idev = blk_integrity_get_dev(dev_to_queue(dev));
	if (!idev)
		return -ENOMEM;
	/*
	 * Takes effect at once, also for bios in flight that have not read it.
	 */
	WRITE_ONCE(*(bool *)((void *)idev + offset), on);
	return count;
}

/* A switch is on unless the administrator or the driver disabled it. */
static ssize_t switch_show(struct device *dev, char *page, size_t offset,
			   enum blk_integrity_flags off)
{
	struct blk_integrity_dev *idev = dev_to_idev(dev);
	bool on = !idev || READ_ONCE(*(bool *)((void *)idev + offset));

	return sysfs_emit(page, "%d\n",
			  on && !(dev_to_geometry(dev).flags & off));
}

static ssize_t read_verify_show(struct device *dev,
				struct device_attribute *attr, char *page)
{
	return switch_show(dev, page,
			   offsetof(struct blk_integrity_dev, read_verify),
			   BLK_INTEGRITY_NOVERIFY);
}

static ssize_t read_verify_store(struct device *dev,
				 struct device_attribute *attr,
				 const char *page, size_t count)
{
	return switch_store(dev, page, count,
			    offsetof(struct blk_integrity_dev, read_verify));
}
static DEVICE_ATTR_RW(read_verify);

static ssize_t write_generate_show(struct device *dev,
				   struct device_attribute *attr, char *page)
{
	return switch_show(dev, page,
			   offsetof(struct blk_integrity_dev, write_generate),
			   BLK_INTEGRITY_NOGENERATE);
}

static ssize_t write_generate_store(struct device *dev,
				    struct device_attribute *attr,
				    const char *page, size_t count)
{
	return switch_store(dev, page, count,
			    offsetof(struct blk_integrity_dev, write_generate));
}
static DEVICE_ATTR_RW(write_generate);

static ssize_t inline_bytes_show(struct device *dev,
				 struct device_attribute *attr, char *page)
{
	return sysfs_emit(page, "%u\n",
			  READ_ONCE(dev_to_idev(dev)->inline_bytes));
}

static ssize_t inline_bytes_store(struct device *dev,
				  struct device_attribute *attr,
				  const char *page, size_t count)
{
	unsigned int bytes;
	int err;

	err = kstrtouint(page, 0, &bytes);
	if (err)
		return err;
	if (bytes > BIO_INTEGRITY_MAX_INLINE_BYTES ||
	    (bytes && !can_verify(dev)))
		return -EINVAL;
	WRITE_ONCE(dev_to_idev(dev)->inline_bytes, bytes);
	return count;
}
static DEVICE_ATTR_RW(inline_bytes);

static ssize_t rereads_show(struct device *dev, struct device_attribute *attr,
			    char *page)
{
	return sysfs_emit(page, "%u\n", READ_ONCE(dev_to_idev(dev)->rereads));
}

static ssize_t rereads_store(struct device *dev, struct device_attribute *attr,
			     const char *page, size_t count)
{
	u8 rereads;
	int err;

	err = kstrtou8(page, 0, &rereads);
	if (err)
		return err;
	if (rereads > BLK_INTEGRITY_MAX_REREADS || (rereads && !can_verify(dev)))
		return -EINVAL;
	WRITE_ONCE(dev_to_idev(dev)->rereads, rereads);
	return count;
}
static DEVICE_ATTR_RW(rereads);

static const char *const on_error_words[] = { "fail", "report" };

static ssize_t on_error_show(struct device *dev, struct device_attribute *attr,
			     char *page)
{
	return sysfs_emit(page, "%s\n",
			  on_error_words[READ_ONCE(dev_to_idev(dev)->report_only)]);
}

static ssize_t on_error_store(struct device *dev, struct device_attribute *attr,
			      const char *page, size_t count)
{
	int word = sysfs_match_string(on_error_words, page);

	if (word < 0)
		return word;
	if (word && !can_verify(dev))
		return -EINVAL;
	WRITE_ONCE(dev_to_idev(dev)->report_only, word);
	return count;
}
static DEVICE_ATTR_RW(on_error);

static const char *const copy_writes_words[] = { "never", "unstable" };

static ssize_t copy_writes_show(struct device *dev,
				struct device_attribute *attr, char *page)
{
	return sysfs_emit(page, "%s\n",
			  copy_writes_words[READ_ONCE(dev_to_idev(dev)->copy_unstable)]);
}

static ssize_t copy_writes_store(struct device *dev,
				 struct device_attribute *attr,
				 const char *page, size_t count)
{
	int word = sysfs_match_string(copy_writes_words, page);

	if (word < 0)
		return word;
	WRITE_ONCE(dev_to_idev(dev)->copy_unstable, word);
	return count;
}
static DEVICE_ATTR_RW(copy_writes);

static struct attribute *blk_integrity_attrs[] = {
	&dev_attr_format.attr,
	&dev_attr_tag_size.attr,
	&dev_attr_protection_interval_bytes.attr,
	&dev_attr_device_is_integrity_capable.attr,
	&dev_attr_read_verify.attr,
	&dev_attr_write_generate.attr,
#define NR_OF_EVERY_DISK	6	/* those of Linux 6.12 */
	&dev_attr_metadata_bytes.attr,
	&dev_attr_pi_offset.attr,
	&dev_attr_pi_tuple_size.attr,
	&dev_attr_guard_type.attr,
	&dev_attr_guard_impl.attr,
	&dev_attr_status.attr,
	&dev_attr_stat.attr,
	&dev_attr_inline_bytes.attr,
	&dev_attr_on_error.attr,
	&dev_attr_rereads.attr,
	&dev_attr_copy_writes.attr,
	NULL
};

/* Programs read the files of Linux 6.12 on every disk, and stop at "none". */
static umode_t integrity_attr_visible(struct kobject *kobj,
				      struct attribute *attr, int n)
{
	struct request_queue *q = dev_to_queue(kobj_to_dev(kobj));

	if (n < NR_OF_EVERY_DISK || blk_integrity_queue_supports_integrity(q))
		return attr->mode;
	return 0;
}

const struct attribute_group blk_integrity_attr_group = {
	.is_visible	= integrity_attr_visible,
	.name		= "integrity",
	.attrs		= blk_integrity_attrs,
};

/**
 * blk_integrity_disk_in_sysfs() - test whether a disk is registered and not
 *	being removed
 * @disk: the disk
 *
 * Hidden disks, the paths of a multipath device, never have a live inode.  For
 * both kinds del_gendisk() clears this state with open_mutex held, before it
 * removes the disk from sysfs.
 *
 * Context: Any context.
 * Return: %true if it is.  With open_mutex held the result stays valid.
 */
bool blk_integrity_disk_in_sysfs(struct gendisk *disk)
{
	if (disk->flags & GENHD_FL_HIDDEN)
		return test_bit(GD_ADDED, &disk->state) &&
		       !test_bit(GD_DEAD, &disk->state);
	return disk_live(disk);
}

/**
 * blk_integrity_sysfs_update() - show or hide the files of disks with metadata
 * @disk: disk that has got or lost its metadata
 *
 * Context: Process context, open_mutex of @disk held.  May sleep.
 */
void blk_integrity_sysfs_update(struct gendisk *disk)
{
	lockdep_assert_held(&disk->open_mutex);
	sysfs_update_group(&disk_to_dev(disk)->kobj, &blk_integrity_attr_group);
}

/**
 * blk_integrity_reset_policies() - reset all policies to their defaults
 * @idev: integrity state of a queue
 *
 * Context: Any context.
 */
void blk_integrity_reset_policies(struct blk_integrity_dev *idev)
{
	WRITE_ONCE(idev->read_verify, true);
	WRITE_ONCE(idev->write_generate, true);
	WRITE_ONCE(idev->report_only, false);
	WRITE_ONCE(idev->copy_unstable, true);
	WRITE_ONCE(idev->rereads, 1);
	WRITE_ONCE(idev->inline_bytes, 0);
}
