// SPDX-License-Identifier: GPL-2.0
/*
 * Partitions without a table on the disk: what addpart and delpart do, which
 * Debian 13 does not have.
 */
#include <fcntl.h>
#include <linux/blkpg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "pi_io.h"

#define SECTOR_BYTES	512LL

/* addpart DEVICE NUMBER FIRST-SECTOR SECTORS, or delpart DEVICE NUMBER */
int pi_partition(int argc, char **argv)
{
	struct blkpg_partition part = {};
	struct blkpg_ioctl_arg arg = {
		.op = BLKPG_DEL_PARTITION,
		.datalen = sizeof(part),
		.data = &part,
	};
	int fd;

	if (argc != 3 && argc != 5)
		return 2;
	part.pno = atoi(argv[2]);
	if (argc == 5) {
		arg.op = BLKPG_ADD_PARTITION;
		part.start = strtoll(argv[3], NULL, 0) * SECTOR_BYTES;
		part.length = strtoll(argv[4], NULL, 0) * SECTOR_BYTES;
	}
	fd = open(argv[1], O_RDONLY);
	if (fd < 0 || ioctl(fd, BLKPG, &arg)) {
		remark("%s %s %s: %m", argv[0], argv[1], argv[2]);
		return 1;
	}
	close(fd);
	return 0;
}
