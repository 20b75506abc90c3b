// SPDX-License-Identifier: GPL-2.0
/*
 * /sys/block/<disk>/integrity: the geometry of a disk's metadata, the
 * administrator's policies, and counters.  See
 * Documentation/ABI/stable/sysfs-block-integrity.
 */

#define pr_fmt(fmt) "blk-integrity: " fmt

#include <linux/blk-integrity.h>
#include <linux/device.h>
#include <linux/moduleparam.h>
#include <linux/sysfs.h>

#include "blk.h"
#include "blk-integrity-dev.h"
#include "pi-guard.h"

#undef MODULE_PARAM_PREFIX
#define MODULE_PARAM_PREFIX	"blk_integrity."

static struct request_queue *dev_to_queue(struct device *dev)
{
	return dev_to_disk(dev)->queue;
}

static struct blk_integrity_dev *dev_to_idev(struct device *dev)
{
	/* A disk without metadata may get its state meanwhile. */
	return READ_ONCE(dev_to_queue(dev)->integrity_dev);
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

static ssize_t stat_show(struct device *dev, struct device_attribute *attr,
			 char *page)
{
	return blk_integrity_show_counters(dev_to_idev(dev), page);
}
static DEVICE_ATTR_RO(stat);

/**
 * struct policy - a policy of the administrator and its file
 * @attr: the file
 * @offset: of the policy, a u32, in &struct blk_integrity_dev
 * @initial: value until the administrator sets another one; a boot parameter
 *	can change it
 * @max: largest value
 * @words: values in the file; NULL if they are numbers
 * @automatic: value, above @max, of the word "auto"; 0 if it is not accepted
 * @driver_off: flag by which a driver disables it; the file then reads 0
 * @is_switch: any number except 0 is 1, as in Linux 6.12
 * @needs_verify: values except 0 are rejected if reads are not verified
 */
struct policy {
	struct device_attribute attr;
	size_t offset;
	u32 initial;
	u32 max;
	const char *const *words;
	u32 automatic;
	enum blk_integrity_flags driver_off;
	bool is_switch;
	bool needs_verify;
};

static u32 *policy_value(struct blk_integrity_dev *idev,
			 const struct policy *policy)
{
	return (void *)idev + policy->offset;
}

static const struct policy *attr_to_policy(struct device_attribute *attr)
{
	return container_of(attr, struct policy, attr);
}

/* Disks without metadata have the files of Linux 6.12, but perhaps no state. */
static ssize_t policy_show(struct device *dev, struct device_attribute *attr,
			   char *page)
{
	const struct policy *policy = attr_to_policy(attr);
	struct blk_integrity_dev *idev = dev_to_idev(dev);
	u32 value = idev ? READ_ONCE(*policy_value(idev, policy)) :
			   policy->initial;

	if (dev_to_geometry(dev).flags & policy->driver_off)
		value = 0;
	if (policy->words)
		return sysfs_emit(page, "%s\n", policy->words[value]);
	if (value && value == policy->automatic)
		return sysfs_emit(page, "auto\n");
	return sysfs_emit(page, "%u\n", value);
}

static int parse_switch(const char *page, u32 *value)
{
	u64 number;
	bool on;
	int err;

	if (!kstrtou64(page, 10, &number)) {
		*value = !!number;
		return 0;
	}
	err = kstrtobool(page, &on);
	if (!err)
		*value = on;
	return err;
}

static int parse_word(const struct policy *policy, const char *page, u32 *value)
{
	int word = __sysfs_match_string(policy->words, policy->max + 1, page);

	if (word < 0)
		return word;
	*value = word;
	return 0;
}

static int parse_number(const struct policy *policy, const char *page,
			u32 *value)
{
	if (policy->automatic && sysfs_streq(page, "auto")) {
		*value = policy->automatic;
		return 0;
	}
	if (kstrtou32(page, 0, value) || *value > policy->max)
		return -EINVAL;
	return 0;
}

static int parse_policy(const struct policy *policy, const char *page,
			u32 *value)
{
	if (policy->words)
		return parse_word(policy, page, value);
	if (policy->is_switch)
		return parse_switch(page, value);
	return parse_number(policy, page, value);
}

static bool can_verify(struct device *dev)
{
	struct blk_integrity bi = dev_to_geometry(dev);

	return bi.profile && bi.profile->verify_fn &&
	       !(bi.flags & BLK_INTEGRITY_NOVERIFY);
}

/*
 * Takes effect at once, also for bios in flight that have not read it.  On a
 * disk without metadata it applies once the disk has some.
 */
static ssize_t policy_store(struct device *dev, struct device_attribute *attr,
			    const char *page, size_t count)
{
	const struct policy *policy = attr_to_policy(attr);
	struct blk_integrity_dev *idev;
	u32 value;
	int err;

	err = parse_policy(policy, page, &value);
	if (err)
		return err;
	if (value && policy->needs_verify && !can_verify(dev))
		return -EINVAL;
	idev = blk_integrity_get_dev(dev_to_queue(dev));
	if (!idev)
		return -ENOMEM;
	WRITE_ONCE(*policy_value(idev, policy), value);
	blk_integrity_update_excluded(idev);
	return count;
}

static const char *const on_error_words[] = { "fail", "report" };
static const char *const copy_writes_words[] = { "never", "unstable" };

#define POLICY(_name, _field)						\
	.attr = __ATTR(_name, 0644, policy_show, policy_store),		\
	.offset = offsetof(struct blk_integrity_dev, _field)

static struct policy read_verify = {
	POLICY(read_verify, read_verify),
	.initial	= 1,
	.max		= 1,
	.driver_off	= BLK_INTEGRITY_NOVERIFY,
	.is_switch	= true,
};

static struct policy write_generate = {
	POLICY(write_generate, write_generate),
	.initial	= 1,
	.max		= 1,
	.driver_off	= BLK_INTEGRITY_NOGENERATE,
	.is_switch	= true,
};

static struct policy inline_bytes = {
	POLICY(inline_bytes, inline_bytes),
	.initial	= BIO_INTEGRITY_INLINE_AUTO,
	.max		= BIO_INTEGRITY_MAX_INLINE_BYTES,
	.automatic	= BIO_INTEGRITY_INLINE_AUTO,
	.needs_verify	= true,
};

static struct policy rereads = {
	POLICY(rereads, rereads),
	.initial	= 1,
	.max		= BLK_INTEGRITY_MAX_REREADS,
	.needs_verify	= true,
};

static struct policy on_error = {
	POLICY(on_error, report_only),
	.max		= 1,
	.words		= on_error_words,
	.needs_verify	= true,
};

static struct policy copy_writes = {
	POLICY(copy_writes, copy_unstable),
	.initial	= 1,
	.max		= 1,
	.words		= copy_writes_words,
};

static const struct policy *const policies[] = {
	&read_verify, &write_generate, &inline_bytes, &rereads, &on_error,
	&copy_writes,
};

/* A boot line that is wrong in part must not keep the machine from booting. */
static int set_initial(const char *text, const struct kernel_param *param)
{
	struct policy *policy = param->arg;
	u32 value;

	if (parse_policy(policy, text, &value))
		pr_warn("%s=%s ignored: no such value\n", param->name, text);
	else
		policy->initial = value;
	return 0;
}

static const struct kernel_param_ops initial_ops = {
	.set = set_initial,
};

#define BOOT_PARAMETER(_policy, _text)					\
	module_param_cb(_policy, &initial_ops, &_policy, 0);		\
	MODULE_PARM_DESC(_policy, _text)

BOOT_PARAMETER(on_error, "Initial on_error of each disk: fail (default) or report");
BOOT_PARAMETER(read_verify, "Initial read_verify of each disk: 1 (default) or 0");
BOOT_PARAMETER(write_generate, "Initial write_generate of each disk: 1 (default) or 0");

/**
 * blk_integrity_reset_policies() - reset all policies to their defaults
 * @idev: integrity state of a queue
 *
 * Context: Any context.
 */
void blk_integrity_reset_policies(struct blk_integrity_dev *idev)
{
	for (int i = 0; i < ARRAY_SIZE(policies); i++)
		WRITE_ONCE(*policy_value(idev, policies[i]),
			   policies[i]->initial);
	blk_integrity_update_excluded(idev);
}

static struct attribute *blk_integrity_attrs[] = {
	&dev_attr_format.attr,
	&dev_attr_tag_size.attr,
	&dev_attr_protection_interval_bytes.attr,
	&dev_attr_device_is_integrity_capable.attr,
	&read_verify.attr.attr,
	&write_generate.attr.attr,
#define NR_OF_EVERY_DISK	6	/* those of Linux 6.12 */
	&dev_attr_metadata_bytes.attr,
	&dev_attr_pi_offset.attr,
	&dev_attr_pi_tuple_size.attr,
	&dev_attr_guard_type.attr,
	&dev_attr_guard_impl.attr,
	&dev_attr_status.attr,
	&dev_attr_stat.attr,
	&inline_bytes.attr.attr,
	&on_error.attr.attr,
	&rereads.attr.attr,
	&copy_writes.attr.attr,
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
