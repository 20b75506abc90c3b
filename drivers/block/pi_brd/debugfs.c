// SPDX-License-Identifier: GPL-2.0
/*
 * /sys/kernel/debug/pi_brd/<disk>/: rules for faults, errors that the device
 * found, and the content of the medium, bypassing all checks.
 */
#include <linux/debugfs.h>
#include <linux/seq_file.h>
#include <linux/slab.h>
#include <linux/uaccess.h>

#include "pi_brd.h"

#define MAX_RULE_BYTES	256

static struct dentry *root;

static int faults_show(struct seq_file *m, void *unused)
{
	pi_brd_rules_show(m->private, m);
	return 0;
}

/* The text of a rule adds it, "remove NUMBER" removes one, "clear" all. */
static int faults_command(struct pi_brd *dev, char *text)
{
	static const char remove[] = "remove ";
	unsigned int number;

	if (!strcmp(text, "clear"))
		return pi_brd_rule_remove(dev, 0);
	if (strncmp(text, remove, strlen(remove)))
		return pi_brd_rule_add(dev, text);
	if (kstrtouint(text + strlen(remove), 0, &number) || !number)
		return -EINVAL;
	return pi_brd_rule_remove(dev, number);
}

static ssize_t faults_write(struct file *file, const char __user *from,
			    size_t bytes, loff_t *pos)
{
	struct seq_file *m = file->private_data;
	char *text;
	int err;

	if (!bytes || bytes > MAX_RULE_BYTES)
		return -EINVAL;
	text = memdup_user_nul(from, bytes);
	if (IS_ERR(text))
		return PTR_ERR(text);
	err = faults_command(m->private, strim(text));
	kfree(text);
	return err ?: bytes;
}
DEFINE_SHOW_STORE_ATTRIBUTE(faults);

static int last_error_show(struct seq_file *m, void *unused)
{
	static const char * const fields[] = {
		[PI_BRD_FIELD_GUARD] = "guard",
		[PI_BRD_FIELD_APP] = "app",
		[PI_BRD_FIELD_REF] = "ref",
	};
	struct pi_brd *dev = m->private;
	struct pi_brd_error err;

	if (!atomic64_read(&dev->stat.errors)) {
		seq_puts(m, "none\n");
		return 0;
	}
	spin_lock(&dev->error_lock);
	err = dev->error;
	spin_unlock(&dev->error_lock);
	seq_printf(m, "%s interval %llu tag %s expected 0x%llx found 0x%llx\n",
		   err.write ? "write" : "read", err.interval,
		   fields[err.field], err.expected, err.found);
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(last_error);

static int stat_show(struct seq_file *m, void *unused)
{
	struct pi_brd *dev = m->private;
	struct pi_brd_stat *stat = &dev->stat;

	seq_printf(m, "reads %lld\nwrites %lld\nchecked %lld\n",
		   atomic64_read(&stat->reads), atomic64_read(&stat->writes),
		   atomic64_read(&stat->checked));
	seq_printf(m, "escaped %lld\nerrors %lld\ninserted %lld\nsplit %lld\n",
		   atomic64_read(&stat->escaped), atomic64_read(&stat->errors),
		   atomic64_read(&stat->inserted), atomic64_read(&stat->split));
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(stat);

/**
 * struct pi_brd_raw - access to one interval of the medium
 * @at: the interval
 * @data: its data
 * @meta: its metadata
 * @part: @data or @meta, whichever the file is for
 * @offset: start of the access in @part, in bytes
 * @bytes: length of the access
 */
struct pi_brd_raw {
	struct pi_brd_placement at;
	u8 *data;
	u8 *meta;
	u8 *part;
	unsigned int offset;
	unsigned int bytes;
};

/* The access ends with the interval; at the end of the disk it is empty. */
static int raw_begin(struct pi_brd *dev, struct pi_brd_raw *raw, bool meta,
		     loff_t pos, size_t bytes)
{
	unsigned int interval_bytes = pi_brd_interval_bytes(dev);
	unsigned int part_bytes = meta ? dev->config.metadata_bytes :
					 interval_bytes;
	u32 offset;

	raw->bytes = 0;
	raw->data = NULL;
	if (!part_bytes || pos < 0)
		return 0;
	raw->at.interval = div_u64_rem(pos, part_bytes, &offset);
	if (raw->at.interval >= pi_brd_intervals(dev))
		return 0;
	raw->data = kmalloc(interval_bytes + dev->config.metadata_bytes,
			    GFP_KERNEL);
	if (!raw->data)
		return -ENOMEM;

	raw->at.data_bytes = interval_bytes;
	raw->at.stale = false;
	raw->meta = raw->data + interval_bytes;
	raw->part = meta ? raw->meta : raw->data;
	raw->offset = offset;
	raw->bytes = min_t(size_t, part_bytes - offset, bytes);
	pi_brd_store_read(dev, &raw->at, raw->data, raw->meta);
	return 0;
}

static ssize_t raw_read(struct file *file, char __user *to, size_t bytes,
			loff_t *pos, bool meta)
{
	struct pi_brd *dev = file->private_data;
	struct pi_brd_raw raw;
	int err = raw_begin(dev, &raw, meta, *pos, bytes);

	if (!err && copy_to_user(to, raw.part + raw.offset, raw.bytes))
		err = -EFAULT;
	kfree(raw.data);
	if (err)
		return err;
	*pos += raw.bytes;
	return raw.bytes;
}

static ssize_t raw_write(struct file *file, const char __user *from,
			 size_t bytes, loff_t *pos, bool meta)
{
	struct pi_brd *dev = file->private_data;
	struct pi_brd_raw raw;
	int err;

	if (!dev->config.store)
		return -EOPNOTSUPP;
	err = raw_begin(dev, &raw, meta, *pos, bytes);
	if (!err && bytes && !raw.bytes)
		err = -ENOSPC;
	if (!err && copy_from_user(raw.part + raw.offset, from, raw.bytes))
		err = -EFAULT;
	if (!err && raw.bytes)
		err = pi_brd_store_write(dev, &raw.at, raw.data, raw.meta);
	kfree(raw.data);
	if (err)
		return err;
	*pos += raw.bytes;
	return raw.bytes;
}

static ssize_t data_read(struct file *file, char __user *to, size_t bytes,
			 loff_t *pos)
{
	return raw_read(file, to, bytes, pos, false);
}

static ssize_t data_write(struct file *file, const char __user *from,
			  size_t bytes, loff_t *pos)
{
	return raw_write(file, from, bytes, pos, false);
}

static ssize_t metadata_read(struct file *file, char __user *to, size_t bytes,
			     loff_t *pos)
{
	return raw_read(file, to, bytes, pos, true);
}

static ssize_t metadata_write(struct file *file, const char __user *from,
			      size_t bytes, loff_t *pos)
{
	return raw_write(file, from, bytes, pos, true);
}

static const struct file_operations data_fops = {
	.owner		= THIS_MODULE,
	.open		= simple_open,
	.read		= data_read,
	.write		= data_write,
	.llseek		= default_llseek,
};

static const struct file_operations metadata_fops = {
	.owner		= THIS_MODULE,
	.open		= simple_open,
	.read		= metadata_read,
	.write		= metadata_write,
	.llseek		= default_llseek,
};

/**
 * pi_brd_debugfs_add() - create the files of a disk
 * @dev: the disk
 *
 * Context: Process context.
 */
void pi_brd_debugfs_add(struct pi_brd *dev)
{
	dev->debugfs = debugfs_create_dir(dev->disk->disk_name, root);
	debugfs_create_file("faults", 0600, dev->debugfs, dev, &faults_fops);
	debugfs_create_file("last_error", 0400, dev->debugfs, dev,
			    &last_error_fops);
	debugfs_create_file("stat", 0400, dev->debugfs, dev, &stat_fops);
	debugfs_create_file("data", 0600, dev->debugfs, dev, &data_fops);
	debugfs_create_file("metadata", 0600, dev->debugfs, dev,
			    &metadata_fops);
}

/**
 * pi_brd_debugfs_remove() - remove the files of a disk
 * @dev: the disk
 *
 * Waits for their readers and writers.
 *
 * Context: Process context.
 */
void pi_brd_debugfs_remove(struct pi_brd *dev)
{
	debugfs_remove(dev->debugfs);
}

/**
 * pi_brd_debugfs_init() - create the directory for all disks
 *
 * Context: Process context.
 */
void pi_brd_debugfs_init(void)
{
	root = debugfs_create_dir("pi_brd", NULL);
}

/**
 * pi_brd_debugfs_exit() - remove the directory for all disks
 *
 * Context: Process context.
 */
void pi_brd_debugfs_exit(void)
{
	debugfs_remove(root);
}
