// SPDX-License-Identifier: GPL-2.0
/*
 * /sys/block/<disk>/integrity: what a disk's metadata is, and what the
 * administrator wants done with it.  See Documentation/ABI/stable/sysfs-block.
 */

#include <linux/blk-integrity.h>
#include <linux/device.h>
#include <linux/sysfs.h>

#include "blk.h"

static struct request_queue *dev_to_queue(struct device *dev)
{
	return dev_to_disk(dev)->queue;
}

/* A file stays open over a format that takes the metadata away. */
static struct blk_integrity *dev_to_integrity(struct device *dev)
{
	return &dev_to_queue(dev)->limits.integrity;
}

static ssize_t format_show(struct device *dev, struct device_attribute *attr,
			   char *page)
{
	struct blk_integrity *bi = dev_to_integrity(dev);

	return sysfs_emit(page, "%s\n", bi->tuple_size ?
			  blk_integrity_profile_name(bi) : "none");
}
static DEVICE_ATTR_RO(format);

static ssize_t tag_size_show(struct device *dev, struct device_attribute *attr,
			     char *page)
{
	return sysfs_emit(page, "%u\n", dev_to_integrity(dev)->tag_size);
}
static DEVICE_ATTR_RO(tag_size);

static ssize_t protection_interval_bytes_show(struct device *dev,
					      struct device_attribute *attr,
					      char *page)
{
	struct blk_integrity *bi = dev_to_integrity(dev);

	return sysfs_emit(page, "%lu\n",
			  bi->tuple_size ? BIT(bi->interval_exp) : 0);
}
static DEVICE_ATTR_RO(protection_interval_bytes);

static ssize_t device_is_integrity_capable_show(struct device *dev,
						struct device_attribute *attr,
						char *page)
{
	struct blk_integrity *bi = dev_to_integrity(dev);

	return sysfs_emit(page, "%d\n",
			  !!(bi->flags & BLK_INTEGRITY_DEVICE_CAPABLE));
}
static DEVICE_ATTR_RO(device_is_integrity_capable);

/* The policies take effect with the next bio; nothing in flight depends on. */
static ssize_t policy_store(const char *page, size_t count, bool *policy)
{
	bool value;
	int err;

	err = kstrtobool(page, &value);
	if (err)
		return err;
	WRITE_ONCE(*policy, value);
	return count;
}

static ssize_t read_verify_show(struct device *dev,
				struct device_attribute *attr, char *page)
{
	return sysfs_emit(page, "%d\n",
			  READ_ONCE(dev_to_queue(dev)->integrity_dev->read_verify));
}

static ssize_t read_verify_store(struct device *dev,
				 struct device_attribute *attr,
				 const char *page, size_t count)
{
	return policy_store(page, count,
			    &dev_to_queue(dev)->integrity_dev->read_verify);
}
static DEVICE_ATTR_RW(read_verify);

static ssize_t write_generate_show(struct device *dev,
				   struct device_attribute *attr, char *page)
{
	return sysfs_emit(page, "%d\n",
			  READ_ONCE(dev_to_queue(dev)->integrity_dev->write_generate));
}

static ssize_t write_generate_store(struct device *dev,
				    struct device_attribute *attr,
				    const char *page, size_t count)
{
	return policy_store(page, count,
			    &dev_to_queue(dev)->integrity_dev->write_generate);
}
static DEVICE_ATTR_RW(write_generate);

static struct attribute *integrity_attrs[] = {
	&dev_attr_format.attr,
	&dev_attr_tag_size.attr,
	&dev_attr_protection_interval_bytes.attr,
	&dev_attr_read_verify.attr,
	&dev_attr_write_generate.attr,
	&dev_attr_device_is_integrity_capable.attr,
	NULL
};

static umode_t integrity_attr_visible(struct kobject *kobj,
				      struct attribute *attr, int n)
{
	struct request_queue *q = dev_to_queue(kobj_to_dev(kobj));

	return blk_integrity_queue_supports_integrity(q) ? attr->mode :
							   SYSFS_GROUP_INVISIBLE;
}

const struct attribute_group blk_integrity_attr_group = {
	.name		= "integrity",
	.attrs		= integrity_attrs,
	.is_visible	= integrity_attr_visible,
};

/*
 * The group can appear and go while the disk lives, but not under the locks
 * that its limits change under.  open_mutex keeps the disk in sysfs.
 */
static void blk_integrity_sysfs_work(struct work_struct *work)
{
	struct blk_integrity_dev *idev =
		container_of(work, struct blk_integrity_dev, sysfs_work);
	struct gendisk *disk = idev->disk;

	/* Wait for the limits that are being committed. */
	mutex_lock(&disk->queue->limits_lock);
	mutex_unlock(&disk->queue->limits_lock);

	mutex_lock(&disk->open_mutex);
	if (disk_live(disk))
		sysfs_update_group(&disk_to_dev(disk)->kobj,
				   &blk_integrity_attr_group);
	mutex_unlock(&disk->open_mutex);
	put_device(disk_to_dev(disk));
}

/**
 * blk_integrity_sysfs_init() - prepare for blk_integrity_sysfs_update()
 * @idev: integrity state of a queue
 *
 * Context: Any context.
 */
void blk_integrity_sysfs_init(struct blk_integrity_dev *idev)
{
	INIT_WORK(&idev->sysfs_work, blk_integrity_sysfs_work);
}

/**
 * blk_integrity_sysfs_update() - show or hide the integrity files of a disk
 * @disk: disk that gets or loses its metadata
 *
 * Happens soon after; nothing if the disk is not registered yet.
 *
 * Context: Any context; q->limits_lock held if limits are being committed.
 */
void blk_integrity_sysfs_update(struct gendisk *disk)
{
	struct blk_integrity_dev *idev = disk->queue->integrity_dev;

	get_device(disk_to_dev(disk));
	idev->disk = disk;
	if (!schedule_work(&idev->sysfs_work))
		put_device(disk_to_dev(disk));
}
