// SPDX-License-Identifier: GPL-2.0
/*
 * Control: write a command line to /sys/kernel/debug/pi_client/command, and
 * read the result from it.
 */

#include <linux/debugfs.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/uaccess.h>

#include "pi_client.h"

#define MAX_LINE	256
#define MAX_COUNT	4096

static const struct {
	const char *name;
	size_t offset;
	u64 max;
} options[] = {
	{ "owner", offsetof(struct pi_command, owner), U32_MAX },
	{ "as", offsetof(struct pi_command, as), U64_MAX >> 12 },
	{ "bio", offsetof(struct pi_command, bio), BIO_MAX_VECS },
	{ "plug", offsetof(struct pi_command, plug), 1 },
	{ "packed", offsetof(struct pi_command, packed), 1 },
	{ "fill", offsetof(struct pi_command, fill), U8_MAX },
	{ "too-long", offsetof(struct pi_command, too_long), 1 },
	{ "late", offsetof(struct pi_command, late), 1 },
	{ "ungenerated", offsetof(struct pi_command, ungenerated), 1 },
	{ "app", offsetof(struct pi_command, app), U16_MAX },
	{ "mask", offsetof(struct pi_command, mask), U16_MAX },
	{ "other-app", offsetof(struct pi_command, other_app), U16_MAX },
	{ "verify", offsetof(struct pi_command, verify), 1 },
	{ "guards", offsetof(struct pi_command, guards), 1 },
	{ "wrong", offsetof(struct pi_command, wrong), 1 },
	{ "pages", offsetof(struct pi_command, pages), 1 },
};

static DEFINE_MUTEX(lock);
static char answer[256];
static struct dentry *directory;

/**
 * pi_fail() - record an error, unless one is recorded
 * @result: of the command
 * @err: a negative errno, or 0 if it is known but no error
 * @fmt: what
 *
 * Return: @err.
 */
int pi_fail(struct pi_result *result, int err, const char *fmt, ...)
{
	va_list args;

	if (result->told)
		return err;
	result->told = true;
	result->err = err;
	va_start(args, fmt);
	vscnprintf(result->text, sizeof(result->text), fmt, args);
	va_end(args);
	return err;
}

static int parse_number(const char *text, u64 max, u64 *number)
{
	return !text || kstrtoull(text, 0, number) || *number > max ? -EINVAL : 0;
}

/* "guard+ref+app", each or none of them */
static int parse_checks(char *text, u64 *checks)
{
	char *word;

	*checks = 0;
	while ((word = strsep(&text, "+"))) {
		if (!strcmp(word, "guard"))
			*checks |= BIP_CHECK_GUARD;
		else if (!strcmp(word, "ref"))
			*checks |= BIP_CHECK_REFTAG;
		else if (!strcmp(word, "app"))
			*checks |= BIP_CHECK_APPTAG;
		else if (strcmp(word, "none"))
			return -EINVAL;
	}
	return 0;
}

/* "NAME" or "NAME=VALUE" */
static int parse_option(struct pi_command *cmd, char *word)
{
	char *value = word;

	strsep(&value, "=");	/* leaves only NAME of @word */
	if (!strcmp(word, "checks"))
		return value ? parse_checks(value, &cmd->checks) : -EINVAL;
	if (!strcmp(word, "other-checks"))
		return value ? parse_checks(value, &cmd->other_checks) : -EINVAL;
	for (int i = 0; i < ARRAY_SIZE(options); i++) {
		u64 *number = (void *)cmd + options[i].offset;

		if (strcmp(word, options[i].name))
			continue;
		if (!value && options[i].max == 1) {
			*number = 1;
			return 0;
		}
		return parse_number(value, options[i].max, number);
	}
	return -EINVAL;
}

/* "write|read DISK BLOCK COUNT GENERATION [OPTION...]" */
static int parse(struct pi_command *cmd, char *line, struct pi_result *result)
{
	char *rest = strim(line), *word;
	const char *verb = strsep(&rest, " ") ?: "";

	cmd->write = !strcmp(verb, "write");
	if (!cmd->write && strcmp(verb, "read"))
		return pi_fail(result, -EINVAL, "%s is neither write nor read", verb);
	cmd->disk = strsep(&rest, " ");
	if (!cmd->disk ||
	    parse_number(strsep(&rest, " "), U64_MAX >> 12, &cmd->block) ||
	    parse_number(strsep(&rest, " "), MAX_COUNT, &cmd->count) ||
	    parse_number(strsep(&rest, " "), U32_MAX, &cmd->generation) ||
	    !cmd->count)
		return pi_fail(result, -EINVAL,
			       "%s needs DISK BLOCK COUNT GENERATION", verb);
	while ((word = strsep(&rest, " ")))
		if (*word && parse_option(cmd, word))
			return pi_fail(result, -EINVAL, "no such %s", word);
	return 0;
}

/* Under the lock. */
static void answer_with(const struct pi_result *result)
{
	int n = 0;

	if (result->err)
		n = scnprintf(answer, sizeof(answer), "%pe",
			      ERR_PTR(result->err));
	else
		n = scnprintf(answer, sizeof(answer), "0");
	if (result->untagged)
		n += scnprintf(answer + n, sizeof(answer) - n, " untagged");
	if (result->guards)
		n += scnprintf(answer + n, sizeof(answer) - n, " guards %u",
			       result->guards);
	if (result->told)
		n += scnprintf(answer + n, sizeof(answer) - n, " %s",
			       result->text);
	scnprintf(answer + n, sizeof(answer) - n, "\n");
}

static ssize_t command_write(struct file *file, const char __user *from,
			     size_t bytes, loff_t *pos)
{
	struct pi_command cmd = {
		.owner = 1,
		.as = PI_NOT_GIVEN,
		.fill = PI_NOT_GIVEN,
		.checks = PI_NOT_GIVEN,
		.other_checks = PI_NOT_GIVEN,
		.other_app = PI_NOT_GIVEN,
		.mask = U16_MAX,
	};
	struct pi_result result = {};
	char *line;

	if (bytes > MAX_LINE)
		return -E2BIG;
	line = memdup_user_nul(from, bytes);
	if (IS_ERR(line))
		return PTR_ERR(line);

	mutex_lock(&lock);
	if (!parse(&cmd, line, &result))
		pi_run(&cmd, &result);
	answer_with(&result);
	mutex_unlock(&lock);
	kfree(line);
	return bytes;
}

static ssize_t command_read(struct file *file, char __user *to, size_t bytes,
			    loff_t *pos)
{
	ssize_t ret;

	mutex_lock(&lock);
	ret = simple_read_from_buffer(to, bytes, pos, answer, strlen(answer));
	mutex_unlock(&lock);
	return ret;
}

static const struct file_operations command_fops = {
	.owner = THIS_MODULE,
	.read = command_read,
	.write = command_write,
};

static int __init pi_client_init(void)
{
	int err = pi_blocks_init();

	if (err)
		return err;
	directory = debugfs_create_dir("pi_client", NULL);
	debugfs_create_file("command", 0600, directory, NULL, &command_fops);
	return 0;
}

static void __exit pi_client_exit(void)
{
	debugfs_remove(directory);
	pi_blocks_exit();
}

module_init(pi_client_init);
module_exit(pi_client_exit);
MODULE_DESCRIPTION("Client of bios with protection information");
MODULE_LICENSE("GPL");
