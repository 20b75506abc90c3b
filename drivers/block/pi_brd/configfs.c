// SPDX-License-Identifier: GPL-2.0
/*
 * Configuration of disks: /sys/kernel/config/pi_brd/<name>/ with a file for
 * each attribute and one for the power, and module parameters of the same
 * names, for a disk that is created when the module is loaded.  The parameters
 * are also the initial values of the attributes in a new directory.
 */
#define pr_fmt(fmt) "pi_brd: " fmt

#include <linux/module.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "pi_brd.h"

/* Initial value in a new directory.  As a parameter, 0 creates no disk. */
#define DIRECTORY_SIZE_MB	64

/**
 * struct pi_brd_item - a directory
 * @group: its configfs group
 * @lock: serializes its attributes and the power
 * @config: its attributes
 * @dev: the disk while it is powered on
 */
struct pi_brd_item {
	struct config_group group;
	struct mutex lock; /* attributes and power */
	struct pi_brd_config config;
	struct pi_brd *dev;
};

static struct pi_brd_config defaults = {
	.block_bytes		= 512,
	.metadata_bytes		= 8,
	.type			= 1,
	.app_tag_own		= true,
	.check			= true,
	.checks_each		= true,
	.split_intervals	= true,
	.max_integrity_segments	= 128,
	.max_segments		= 128,
	.max_io_kb		= 1024,
	.dma_alignment		= 4,
	.queues			= 1,
	.depth			= 64,
	.store			= true,
	.append_kb		= 1024,
};

static struct pi_brd *ready_made;

static const char * const guards[] = {
	[PI_BRD_GUARD_NONE]	= "none",
	[PI_BRD_GUARD_CRC16]	= "crc16",
	[PI_BRD_GUARD_IP]	= "ip",
	[PI_BRD_GUARD_CRC64]	= "crc64",
	[PI_BRD_GUARD_CRC32C]	= "crc32c",
};

static const char * const completes[] = {
	[PI_BRD_COMPLETE_INLINE]	= "inline",
	[PI_BRD_COMPLETE_SOFTIRQ]	= "softirq",
	[PI_BRD_COMPLETE_TIMER]		= "timer",
};

static char *guard_name = "crc16";
module_param_named(guard, guard_name, charp, 0444);
MODULE_PARM_DESC(guard, "guard: crc16, ip, crc64, crc32c or none (opaque metadata)");

static char *complete_name = "inline";
module_param_named(complete, complete_name, charp, 0444);
MODULE_PARM_DESC(complete, "where requests complete: inline, softirq or timer");

static struct pi_brd_item *to_item(struct config_item *item)
{
	return container_of(to_config_group(item), struct pi_brd_item, group);
}

/* Attributes do not change while the power is on. */
#define PI_BRD_STORE(_name, _parse)					\
static ssize_t pi_brd_##_name##_store(struct config_item *ci,		\
				      const char *text, size_t len)	\
{									\
	struct pi_brd_item *item = to_item(ci);				\
	typeof(item->config._name) value;				\
	int err = _parse;						\
									\
	if (err)							\
		return err;						\
	guard(mutex)(&item->lock);					\
	if (item->dev)							\
		return -EBUSY;						\
	item->config._name = value;					\
	return len;							\
}									\
CONFIGFS_ATTR(pi_brd_, _name)

#define PI_BRD_NUMBER(_name, _type, _parse_fn, _description)		\
module_param_named(_name, defaults._name, _type, 0444);			\
MODULE_PARM_DESC(_name, _description);					\
static ssize_t pi_brd_##_name##_show(struct config_item *ci, char *text) \
{									\
	return sysfs_emit(text, "%llu\n",				\
			  (unsigned long long)to_item(ci)->config._name); \
}									\
PI_BRD_STORE(_name, _parse_fn)

#define PI_BRD_UINT(_name, _description)				\
	PI_BRD_NUMBER(_name, uint, kstrtouint(text, 0, &value), _description)
#define PI_BRD_ULLONG(_name, _description)				\
	PI_BRD_NUMBER(_name, ullong, kstrtoull(text, 0, &value), _description)
#define PI_BRD_BOOL(_name, _description)				\
	PI_BRD_NUMBER(_name, bool, kstrtobool(text, &value), _description)

static int parse_word(const char * const *words, size_t count,
		      const char *text, unsigned int *value)
{
	int i = __sysfs_match_string(words, count, text);

	if (i < 0)
		return i;
	*value = i;
	return 0;
}

#define PI_BRD_WORD(_name, _words)					\
static ssize_t pi_brd_##_name##_show(struct config_item *ci, char *text) \
{									\
	return sysfs_emit(text, "%s\n",					\
			  _words[to_item(ci)->config._name]);		\
}									\
PI_BRD_STORE(_name, parse_word(_words, ARRAY_SIZE(_words), text, &value))

PI_BRD_ULLONG(size_mb, "capacity in MiB; as a parameter: make a disk at once");
PI_BRD_UINT(block_bytes, "logical block in bytes");
PI_BRD_UINT(interval_bytes, "data that a tuple protects in bytes, 0: a block");
PI_BRD_UINT(metadata_bytes, "metadata of an interval in bytes, 0: none");
PI_BRD_UINT(pi_offset, "offset of the tuple in the metadata in bytes");
PI_BRD_WORD(guard, guards);
PI_BRD_UINT(type, "protection type: 1, 2 or 3");
PI_BRD_BOOL(app_tag_own, "the application tag belongs to the host");
PI_BRD_BOOL(check, "the device checks tuples");
PI_BRD_BOOL(checks_each, "the device can check each tag by itself");
PI_BRD_BOOL(split_intervals, "the device accepts intervals that are split in memory");
PI_BRD_UINT(max_integrity_segments, "metadata segments of a request");
PI_BRD_UINT(max_segments, "data segments of a request");
PI_BRD_UINT(max_segment_bytes, "length of a segment in bytes, 0: 64 KiB");
PI_BRD_UINT(max_io_kb, "length of a request in KiB");
PI_BRD_BOOL(virt_boundary, "segments begin and end at multiples of a page");
PI_BRD_UINT(dma_alignment, "alignment of a segment in bytes");
PI_BRD_UINT(queues, "hardware queues");
PI_BRD_UINT(poll_queues, "hardware queues that are polled");
PI_BRD_UINT(depth, "requests of a hardware queue");
PI_BRD_WORD(complete, completes);
PI_BRD_ULLONG(latency_ns, "service time in ns if requests complete by timer");
PI_BRD_BOOL(store, "keep data; else drop writes and read zeroes");
PI_BRD_UINT(zone_mb, "zone in MiB, 0: the disk is not zoned");
PI_BRD_UINT(append_kb, "longest zone append in KiB, 0: leave it to the kernel");

static ssize_t pi_brd_disk_show(struct config_item *ci, char *text)
{
	struct pi_brd_item *item = to_item(ci);

	guard(mutex)(&item->lock);
	return sysfs_emit(text, "%s\n",
			  item->dev ? item->dev->disk->disk_name : "none");
}
CONFIGFS_ATTR_RO(pi_brd_, disk);

static ssize_t pi_brd_power_show(struct config_item *ci, char *text)
{
	return sysfs_emit(text, "%u\n", !!READ_ONCE(to_item(ci)->dev));
}

static void power_off(struct pi_brd_item *item)
{
	if (item->dev)
		pi_brd_remove(item->dev);
	item->dev = NULL;
}

static int power_on(struct pi_brd_item *item)
{
	struct pi_brd *dev;

	if (item->dev)
		return 0;
	dev = pi_brd_add(&item->config);
	if (IS_ERR(dev))
		return PTR_ERR(dev);
	item->dev = dev;
	return 0;
}

static ssize_t pi_brd_power_store(struct config_item *ci, const char *text,
				  size_t len)
{
	struct pi_brd_item *item = to_item(ci);
	bool on;
	int err = kstrtobool(text, &on);

	if (err)
		return err;
	guard(mutex)(&item->lock);
	if (on)
		err = power_on(item);
	else
		power_off(item);
	return err ?: len;
}
CONFIGFS_ATTR(pi_brd_, power);

static struct configfs_attribute *pi_brd_attrs[] = {
	&pi_brd_attr_size_mb,
	&pi_brd_attr_block_bytes,
	&pi_brd_attr_interval_bytes,
	&pi_brd_attr_metadata_bytes,
	&pi_brd_attr_pi_offset,
	&pi_brd_attr_guard,
	&pi_brd_attr_type,
	&pi_brd_attr_app_tag_own,
	&pi_brd_attr_check,
	&pi_brd_attr_checks_each,
	&pi_brd_attr_split_intervals,
	&pi_brd_attr_max_integrity_segments,
	&pi_brd_attr_max_segments,
	&pi_brd_attr_max_segment_bytes,
	&pi_brd_attr_max_io_kb,
	&pi_brd_attr_virt_boundary,
	&pi_brd_attr_dma_alignment,
	&pi_brd_attr_queues,
	&pi_brd_attr_poll_queues,
	&pi_brd_attr_depth,
	&pi_brd_attr_complete,
	&pi_brd_attr_latency_ns,
	&pi_brd_attr_store,
	&pi_brd_attr_zone_mb,
	&pi_brd_attr_append_kb,
	&pi_brd_attr_disk,
	&pi_brd_attr_power,
	NULL,
};

static void pi_brd_item_release(struct config_item *ci)
{
	kfree(to_item(ci));
}

static struct configfs_item_operations pi_brd_item_ops = {
	.release	= pi_brd_item_release,
};

static const struct config_item_type pi_brd_item_type = {
	.ct_item_ops	= &pi_brd_item_ops,
	.ct_attrs	= pi_brd_attrs,
	.ct_owner	= THIS_MODULE,
};

static struct config_group *pi_brd_make_group(struct config_group *group,
					      const char *name)
{
	struct pi_brd_item *item = kzalloc(sizeof(*item), GFP_KERNEL);

	if (!item)
		return ERR_PTR(-ENOMEM);
	mutex_init(&item->lock);
	item->config = defaults;
	if (!item->config.size_mb)
		item->config.size_mb = DIRECTORY_SIZE_MB;
	config_group_init_type_name(&item->group, name, &pi_brd_item_type);
	return &item->group;
}

static void pi_brd_drop_item(struct config_group *group,
			     struct config_item *ci)
{
	struct pi_brd_item *item = to_item(ci);

	mutex_lock(&item->lock);
	power_off(item);
	mutex_unlock(&item->lock);
	config_item_put(ci);
}

static struct configfs_group_operations pi_brd_group_ops = {
	.make_group	= pi_brd_make_group,
	.drop_item	= pi_brd_drop_item,
};

static const struct config_item_type pi_brd_group_type = {
	.ct_group_ops	= &pi_brd_group_ops,
	.ct_owner	= THIS_MODULE,
};

static struct configfs_subsystem pi_brd_subsystem = {
	.su_group = {
		.cg_item = {
			.ci_namebuf	= "pi_brd",
			.ci_type	= &pi_brd_group_type,
		},
	},
};

static int __init parse_parameters(void)
{
	return parse_word(guards, ARRAY_SIZE(guards), guard_name,
			  &defaults.guard) ?:
	       parse_word(completes, ARRAY_SIZE(completes), complete_name,
			  &defaults.complete);
}

static int __init pi_brd_init(void)
{
	int err = parse_parameters();

	if (err)
		return err;
	pi_brd_check_init();
	pi_brd_debugfs_init();
	config_group_init(&pi_brd_subsystem.su_group);
	mutex_init(&pi_brd_subsystem.su_mutex);

	if (defaults.size_mb) {
		ready_made = pi_brd_add(&defaults);
		err = PTR_ERR_OR_ZERO(ready_made);
		if (err)
			goto remove_debugfs;
	}
	err = configfs_register_subsystem(&pi_brd_subsystem);
	if (!err)
		return 0;
	if (ready_made)
		pi_brd_remove(ready_made);
remove_debugfs:
	pi_brd_debugfs_exit();
	return err;
}

static void __exit pi_brd_exit(void)
{
	configfs_unregister_subsystem(&pi_brd_subsystem);
	if (ready_made)
		pi_brd_remove(ready_made);
	pi_brd_debugfs_exit();
}

module_init(pi_brd_init);
module_exit(pi_brd_exit);
MODULE_DESCRIPTION("RAM disk with protection information and faults on demand");
MODULE_LICENSE("GPL");
