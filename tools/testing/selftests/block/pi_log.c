// SPDX-License-Identifier: GPL-2.0
/*
 * Tells whether the kernel log names the damaged block, and which layer logged
 * it: the block layer ("host"), or the disk and its driver ("device").
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "pi_io.h"

#define RATELIMIT_SECONDS	6

static int kmsg = -1;

struct wanted {
	const char *disk;
	const char *tag;		/* in our words */
	const char *sense;		/* in those of SCSI */
	unsigned int status;		/* and of NVMe */
	unsigned long long block;
	unsigned long long sector;
	bool sense_seen;
};

/* Ignore all earlier lines of the log. */
void log_begin(void)
{
	kmsg = open("/dev/kmsg", O_RDONLY | O_NONBLOCK);
	lseek(kmsg, 0, SEEK_END);
}

static bool by_host(const char *line, const struct wanted *want)
{
	unsigned long long at, interval, expected, found;
	char disk[32], tag[8], place[16];

	return sscanf(line, "%31[^:]: %7s tag error at %15s %llu (interval %llu, expected %llx, found %llx)",
		      disk, tag, place, &at, &interval, &expected, &found) == 7 &&
	       !strcmp(disk, want->disk) && !strcmp(tag, want->tag) &&
	       interval == want->block && expected != found;
}

static bool by_nvme(const char *line, const struct wanted *want)
{
	char lba[40], status[40];

	snprintf(lba, sizeof(lba), "@ LBA %llu, ", want->block);
	snprintf(status, sizeof(status), "sct 0x2 / sc 0x%x", want->status);
	return strstr(line, want->disk) && strstr(line, lba) &&
	       strstr(line, status);
}

/* One line has the error, the following ones the place. */
static bool by_scsi(const char *line, struct wanted *want)
{
	char where[64];

	if (strcasestr(line, want->sense))
		want->sense_seen = true;
	snprintf(where, sizeof(where), "protection error, dev %s, sector %llu ",
		 want->disk, want->sector);
	return want->sense_seen && strstr(line, where);
}

static const char *look(struct wanted *want)
{
	const char *by = NULL;
	char record[1024];
	ssize_t got;

	while ((got = read(kmsg, record, sizeof(record) - 1)) > 0) {
		char *line;

		record[got] = 0;
		line = strchr(record, ';');
		if (!line || by)
			continue;
		line++;
		if (by_host(line, want))
			by = "host";
		else if (by_nvme(line, want) || by_scsi(line, want))
			by = "device";
	}
	return by;
}

/*
 * named:BLOCK:guard|app|ref, after a read of the block. Messages are rate
 * limited: if there is none, the read is repeated when there may be one again.
 */
const char *step_named(struct pi_dev *dev, const struct pi_step *step)
{
	struct pi_step again = { .block = step->block, .count = 1 };
	struct wanted want = {
		.disk = strrchr(dev->path, '/') + 1,
		.tag = step->what,
		.block = step->block,
		.sector = step->block * (dev->fmt.interval / 512),
	};
	const char *by;

	switch (step->what[0]) {
	case 'g':
		want.sense = "block guard check failed";
		want.status = 0x82;
		break;
	case 'a':
		want.sense = "block application tag check failed";
		want.status = 0x83;
		break;
	default:
		want.sense = "block reference tag check failed";
		want.status = 0x84;
		break;
	}

	by = look(&want);
	for (int i = 0; !by && i < RATELIMIT_SECONDS; i++) {
		sleep(1);
		step_read(dev, &again);
		by = look(&want);
	}
	return by ? by : "nobody";
}
