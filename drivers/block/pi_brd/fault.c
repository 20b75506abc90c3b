// SPDX-License-Identifier: GPL-2.0
/*
 * Faults on demand.  A rule names the fault, on which side of the device's
 * checks it happens, for which intervals, and how often.
 */
#include <linux/math64.h>
#include <linux/seq_file.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "pi_brd.h"

#define MAX_DELAY_US	(10 * USEC_PER_SEC)

enum pi_brd_kind {
	FLIP_GUARD,
	FLIP_APP,
	FLIP_REF,
	FLIP_OPAQUE,
	FLIP_DATA,
	DROP,
	MISDIRECT,
	TEAR,
	STALE,
	PIECES,
	FAIL,
	DELAY,
};

/* Kinds for intervals (in the order of &enum pi_brd_field), places, requests. */
#define FLIPS		GENMASK(FLIP_DATA, FLIP_GUARD)
#define PLACES		GENMASK(STALE, DROP)
#define REQUESTS	GENMASK(DELAY, PIECES)

#define W	PI_BRD_SIDE_WRITE
#define M	PI_BRD_SIDE_MEDIUM
#define R	PI_BRD_SIDE_READ

static const struct {
	const char *name;
	unsigned int sides;	/* on which the fault can happen */
} kinds[] = {
	[FLIP_GUARD]	= { "flip-guard", W | M | R },
	[FLIP_APP]	= { "flip-app", W | M | R },
	[FLIP_REF]	= { "flip-ref", W | M | R },
	[FLIP_OPAQUE]	= { "flip-opaque", W | M | R },
	[FLIP_DATA]	= { "flip-data", W | M | R },
	[DROP]		= { "drop", M },
	[MISDIRECT]	= { "misdirect", M | R },
	[TEAR]		= { "tear", M },
	[STALE]		= { "stale", R },
	[PIECES]	= { "pieces", W | R },
	[FAIL]		= { "fail", W | R },
	[DELAY]		= { "delay", W | R },
};

static const char * const sides[] = { "write", "medium", "read" };

/* Numbers of a rule, by their names in its text. */
enum pi_brd_arg {
	FIRST,		/* intervals that it is for */
	COUNT,
	BIT,		/* to flip, counted in its field */
	TO,		/* interval that stands in for the first one */
	BYTES,		/* left of a torn interval; of a piece */
	ERRNO,		/* a positive one */
	USECS,		/* delay */
	TIMES,		/* how often at most, 0: always */
	EVERY,		/* only each so many-th time, 0: each time */
	PERCENT,	/* probability */
	SEED,		/* of the random numbers */
	NR_ARGS,
};

static const struct {
	const char *name;
	u64 usual;
	u64 max;
} args[] = {
	[FIRST]		= { "first=", 0, U64_MAX },
	[COUNT]		= { "count=", U64_MAX, U64_MAX },
	[BIT]		= { "bit=", 0, 8 * PAGE_SIZE - 1 },
	[TO]		= { "to=", 0, U64_MAX },
	[BYTES]		= { "bytes=", SECTOR_SIZE, UINT_MAX },
	[ERRNO]		= { "errno=", EIO, MAX_ERRNO },
	[USECS]		= { "usecs=", 1000, MAX_DELAY_US },
	[TIMES]		= { "times=", 0, U64_MAX },
	[EVERY]		= { "every=", 0, U32_MAX },
	[PERCENT]	= { "percent=", 100, 100 },
	[SEED]		= { "seed=", 1, U64_MAX },
};

/**
 * struct pi_brd_rule - a rule
 * @link: in the list of its disk
 * @number: for its removal
 * @kind: the fault
 * @side: where, one of the bits PI_BRD_SIDE_WRITE, _MEDIUM and _READ
 * @arg: numbers of its text
 * @matched: accesses that it applies to
 * @fired: accesses that it made fail
 * @rnd: random numbers
 */
struct pi_brd_rule {
	struct list_head link;
	unsigned int number;
	enum pi_brd_kind kind;
	unsigned int side;
	u64 arg[NR_ARGS];
	u64 matched;
	u64 fired;
	struct rnd_state rnd;
};

static int parse_kind(const char *word)
{
	for (int i = 0; i < ARRAY_SIZE(kinds); i++)
		if (!strcmp(word, kinds[i].name))
			return i;
	return -EINVAL;
}

static int parse_arg(struct pi_brd_rule *rule, const char *word)
{
	for (int i = 0; i < NR_ARGS; i++) {
		size_t len = strlen(args[i].name);
		int err;

		if (strncmp(word, args[i].name, len))
			continue;
		err = kstrtou64(word + len, 0, &rule->arg[i]);
		if (err)
			return err;
		return rule->arg[i] > args[i].max ? -ERANGE : 0;
	}
	return -EINVAL;
}

/* Check the numbers against the kind of fault and the disk. */
static int validate(const struct pi_brd *dev, const struct pi_brd_rule *rule)
{
	unsigned int offset, bytes = pi_brd_interval_bytes(dev);

	if (!(kinds[rule->kind].sides & rule->side))
		return -EINVAL;
	if (rule->arg[EVERY] == 1 || !rule->arg[COUNT])
		return -EINVAL;
	if (rule->kind < FLIP_DATA)
		pi_brd_field_at(dev, (enum pi_brd_field)rule->kind, &offset,
				&bytes);
	switch (rule->kind) {
	case TEAR:
		return rule->arg[BYTES] < bytes ? 0 : -ERANGE;
	case MISDIRECT:
		return rule->arg[TO] < pi_brd_intervals(dev) ? 0 : -ERANGE;
	case PIECES:
		return rule->arg[BYTES] &&
		       !(rule->arg[BYTES] % SECTOR_SIZE) ? 0 : -EINVAL;
	case FAIL:
		return rule->arg[ERRNO] ? 0 : -EINVAL;
	default:
		if (BIT(rule->kind) & FLIPS)
			return rule->arg[BIT] < 8 * bytes ? 0 : -ERANGE;
		return 0;
	}
}

static int parse(const struct pi_brd *dev, struct pi_brd_rule *rule, char *text)
{
	char *word = strsep(&text, " ");
	int ret = parse_kind(word);

	if (ret < 0)
		return ret;
	rule->kind = ret;

	word = strsep(&text, " ");
	ret = word ? match_string(sides, ARRAY_SIZE(sides), word) : -EINVAL;
	if (ret < 0)
		return ret;
	rule->side = BIT(ret);

	for (int i = 0; i < NR_ARGS; i++)
		rule->arg[i] = args[i].usual;
	while ((word = strsep(&text, " "))) {
		ret = *word ? parse_arg(rule, word) : 0;
		if (ret)
			return ret;
	}
	return validate(dev, rule);
}

/* Update whether reads need the versions before the last write. */
static void update_keep_old(struct pi_brd *dev)
{
	const struct pi_brd_rule *rule;
	bool keep = false;

	list_for_each_entry(rule, &dev->rules, link)
		keep |= rule->kind == STALE;
	WRITE_ONCE(dev->keep_old, keep);
}

/**
 * pi_brd_rule_add() - add a rule
 * @dev: the disk
 * @text: the rule, which is changed: KIND SIDE [NAME=NUMBER]...
 *
 * Context: Process context.  May sleep.
 * Return: 0 on success, -EINVAL on a word that is unknown or not allowed for the
 *	kind, -ERANGE on a number that is too large for kind or disk, -ENOMEM.
 */
int pi_brd_rule_add(struct pi_brd *dev, char *text)
{
	struct pi_brd_rule *rule = kzalloc(sizeof(*rule), GFP_KERNEL);
	int err;

	if (!rule)
		return -ENOMEM;
	err = parse(dev, rule, text);
	if (err) {
		kfree(rule);
		return err;
	}
	prandom_seed_state(&rule->rnd, rule->arg[SEED]);

	spin_lock(&dev->rules_lock);
	rule->number = ++dev->last_rule;
	list_add_tail(&rule->link, &dev->rules);
	update_keep_old(dev);
	spin_unlock(&dev->rules_lock);
	return 0;
}

/**
 * pi_brd_rule_remove() - remove a rule
 * @dev: the disk
 * @number: number of the rule, 0: all of them
 *
 * Context: Process context.  May sleep.
 * Return: 0 on success, -ENOENT if there is no such rule.
 */
int pi_brd_rule_remove(struct pi_brd *dev, unsigned int number)
{
	struct pi_brd_rule *rule, *next;
	int ret = number ? -ENOENT : 0;
	bool had_old = READ_ONCE(dev->keep_old);

	spin_lock(&dev->rules_lock);
	list_for_each_entry_safe(rule, next, &dev->rules, link) {
		if (number && rule->number != number)
			continue;
		list_del(&rule->link);
		kfree(rule);
		ret = 0;
	}
	update_keep_old(dev);
	spin_unlock(&dev->rules_lock);
	/* A write that still keeps a version holds a lock that this takes. */
	if (had_old && !READ_ONCE(dev->keep_old))
		pi_brd_store_forget(dev);
	return ret;
}

/**
 * pi_brd_rules_show() - list the rules of a disk
 * @dev: the disk
 * @m: file to print to
 *
 * Prints a line for each: number, colon, text as for pi_brd_rule_add(), counts.
 *
 * Context: Process context.
 */
void pi_brd_rules_show(struct pi_brd *dev, struct seq_file *m)
{
	const struct pi_brd_rule *rule;

	spin_lock(&dev->rules_lock);
	list_for_each_entry(rule, &dev->rules, link) {
		seq_printf(m, "%u: %s %s", rule->number, kinds[rule->kind].name,
			   sides[ilog2(rule->side)]);
		for (int i = 0; i < NR_ARGS; i++)
			if (rule->arg[i] != args[i].usual)
				seq_printf(m, " %s%llu", args[i].name,
					   rule->arg[i]);
		seq_printf(m, ", matched %llu, fired %llu\n", rule->matched,
			   rule->fired);
	}
	spin_unlock(&dev->rules_lock);
}

static bool is_nth(u64 n, u32 every)
{
	u32 rest;

	div_u64_rem(n, every, &rest);
	return !rest;
}

/* Does the rule fire for an access to @count intervals from @first on? */
static bool fires(struct pi_brd_rule *rule, unsigned int of_kinds,
		  unsigned int side, u64 first, u64 count)
{
	if (!(BIT(rule->kind) & of_kinds) || rule->side != side)
		return false;
	/* Either sum could wrap. */
	if (first < rule->arg[FIRST] ? rule->arg[FIRST] - first >= count :
				       first - rule->arg[FIRST] >= rule->arg[COUNT])
		return false;

	rule->matched++;
	if (rule->arg[TIMES] && rule->fired >= rule->arg[TIMES])
		return false;
	if (rule->arg[EVERY] && !is_nth(rule->matched, rule->arg[EVERY]))
		return false;
	if (prandom_u32_state(&rule->rnd) % 100 >= rule->arg[PERCENT])
		return false;
	rule->fired++;
	return true;
}

/**
 * pi_brd_fault_request() - apply rules for requests
 * @dev: the disk
 * @rq: a read or write
 * @cmd: its driver part, in which the faults are recorded
 *
 * Context: Process context.
 */
void pi_brd_fault_request(struct pi_brd *dev, struct request *rq,
			  struct pi_brd_cmd *cmd)
{
	unsigned int side = op_is_write(req_op(rq)) ? PI_BRD_SIDE_WRITE :
						      PI_BRD_SIDE_READ;
	u64 first = pi_brd_interval_of(dev, blk_rq_pos(rq));
	u64 count = pi_brd_interval_of(dev, blk_rq_sectors(rq));
	struct pi_brd_rule *rule;

	if (list_empty(&dev->rules))
		return;
	spin_lock(&dev->rules_lock);
	list_for_each_entry(rule, &dev->rules, link) {
		if (!fires(rule, REQUESTS, side, first, count))
			continue;
		if (rule->kind == PIECES)
			cmd->piece_bytes = rule->arg[BYTES];
		else if (rule->kind == FAIL)
			cmd->status = errno_to_blk_status(-(int)rule->arg[ERRNO]);
		else
			cmd->delay_ns += rule->arg[USECS] * NSEC_PER_USEC;
	}
	spin_unlock(&dev->rules_lock);
}

/**
 * pi_brd_fault_place() - apply rules for the place of an interval
 * @dev: the disk
 * @side: %PI_BRD_SIDE_MEDIUM for a write, %PI_BRD_SIDE_READ for a read
 * @at: the requested place, changed to the place that is accessed
 *
 * Context: Process context.
 */
void pi_brd_fault_place(struct pi_brd *dev, unsigned int side,
			struct pi_brd_placement *at)
{
	u64 interval = at->interval;
	struct pi_brd_rule *rule;

	if (list_empty(&dev->rules))
		return;
	spin_lock(&dev->rules_lock);
	list_for_each_entry(rule, &dev->rules, link) {
		if (!fires(rule, PLACES, side, interval, 1))
			continue;
		if (rule->kind == DROP)
			at->drop = true;
		else if (rule->kind == TEAR)
			at->data_bytes = rule->arg[BYTES];
		else if (rule->kind == STALE)
			at->stale = true;
		else
			at->interval = min(rule->arg[TO] + interval -
					   rule->arg[FIRST],
					   pi_brd_intervals(dev) - 1);
	}
	spin_unlock(&dev->rules_lock);
}

static void flip(const struct pi_brd *dev, const struct pi_brd_rule *rule,
		 u8 *data, u8 *meta)
{
	unsigned int offset, bytes;
	u64 bit = rule->arg[BIT];

	if (rule->kind == FLIP_DATA) {
		data[bit / 8] ^= BIT(bit % 8);
		return;
	}
	pi_brd_field_at(dev, (enum pi_brd_field)rule->kind, &offset, &bytes);
	/* Bit 0 is the lowest one of a big-endian number. */
	meta[offset + bytes - 1 - bit / 8] ^= BIT(bit % 8);
}

/**
 * pi_brd_fault_flip() - apply rules that flip bits of an interval
 * @dev: the disk
 * @side: side on which the interval is
 * @interval: its number
 * @data: its data
 * @meta: its metadata
 *
 * Context: Process context.
 */
void pi_brd_fault_flip(struct pi_brd *dev, unsigned int side, u64 interval,
		       u8 *data, u8 *meta)
{
	struct pi_brd_rule *rule;

	if (list_empty(&dev->rules))
		return;
	spin_lock(&dev->rules_lock);
	list_for_each_entry(rule, &dev->rules, link)
		if (fires(rule, FLIPS, side, interval, 1))
			flip(dev, rule, data, meta);
	spin_unlock(&dev->rules_lock);
}
