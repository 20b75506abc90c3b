// SPDX-License-Identifier: GPL-2.0
/*
 * Raw access to blocks and metadata, without checks: neither the protection
 * bits of an NVMe command nor RDPROTECT/WRPROTECT are set.
 */
#define _GNU_SOURCE
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/nvme_ioctl.h>
#include <scsi/sg.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "pi_dev.h"

#define SCSI_READ_10	0x28
#define SCSI_WRITE_10	0x2a
#define SCSI_TUPLE	8

/* Print a KTAP diagnostic on stderr, as stdout is for results. */
void remark(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	fputs("# ", stderr);
	vfprintf(stderr, format, args);
	fputs("\n", stderr);
	va_end(args);
}

static void die(const char *what, const char *which)
{
	remark("%s %s: %s", what, which, pi_errno(errno));
	exit(2);
}

const char *pi_errno(int error)
{
	return error ? strerrorname_np(error) : "0";
}

/* Name of 0, a negative errno or an NVMe status. */
const char *pi_status(int ret)
{
	static char text[24];

	if (ret <= 0)
		return pi_errno(-ret);
	snprintf(text, sizeof(text), "status-%#x", ret);
	return text;
}

void *pi_buffer(size_t bytes)
{
	void *buf = mmap(NULL, bytes, PROT_READ | PROT_WRITE,
			 MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);

	if (buf == MAP_FAILED)
		die("no memory for", "a buffer");
	return buf;
}

void pi_open(struct pi_dev *dev, const char *path, const char *format)
{
	if (!pi_parse(format, &dev->fmt)) {
		remark("not a format: %s", format);
		exit(2);
	}
	dev->path = path;
	/*
	 * Character devices accept only commands and do not support O_DIRECT.
	 */
	dev->fd = open(path, O_RDWR | (strstr(path, "/ng") ? 0 : O_DIRECT));
	if (dev->fd < 0)
		die("cannot open", path);
	dev->nvme = strstr(path, "nvme") || strstr(path, "/ng");
	dev->raw = dev->nvme || strstr(path, "pi_brd");
	if (dev->nvme) {
		int nsid = ioctl(dev->fd, NVME_IOCTL_ID);

		if (nsid < 0)
			die("no namespace id of", path);
		dev->nsid = nsid;
	}
}

/* Return: 0, a negative errno, or the NVMe status. */
int pi_nvme(struct pi_dev *dev, int opcode, __u64 block, unsigned int count,
	    void *data, void *metadata, unsigned int metadata_bytes)
{
	struct nvme_passthru_cmd cmd = {
		.opcode = opcode,
		.nsid = dev->nsid,
		.addr = (uintptr_t)data,
		.data_len = count * dev->fmt.interval,
		.metadata = (uintptr_t)metadata,
		.metadata_len = metadata_bytes,
		.cdw10 = block,
		.cdw11 = block >> 32,
		.cdw12 = count - 1,
	};
	int ret = ioctl(dev->fd, NVME_IOCTL_IO_CMD, &cmd);

	return ret < 0 ? -errno : ret;
}

static int scsi_data(struct pi_dev *dev, bool write, __u64 block,
		     unsigned int count, void *data)
{
	unsigned char sense[32];
	unsigned char cdb[10] = {
		write ? SCSI_WRITE_10 : SCSI_READ_10, 0,
		block >> 24, block >> 16, block >> 8, block,
		0, count >> 8, count, 0
	};
	struct sg_io_hdr hdr = {
		.interface_id = 'S',
		.dxfer_direction = write ? SG_DXFER_TO_DEV : SG_DXFER_FROM_DEV,
		.cmd_len = sizeof(cdb),
		.cmdp = cdb,
		.mx_sb_len = sizeof(sense),
		.sbp = sense,
		.dxfer_len = count * dev->fmt.interval,
		.dxferp = data,
		.timeout = 600000,	/* ms */
	};

	if (ioctl(dev->fd, SG_IO, &hdr) < 0)
		return -errno;
	return hdr.info & SG_INFO_OK_MASK ? -EIO : 0;
}

/*
 * scsi_debug has no command that returns tuples.  It keeps them in an array
 * whose address it logs (PI_DIF_STORE), and /proc/kcore shows the kernel's
 * memory.
 */
static int scsi_tuples(__u64 block, unsigned int count, void *to)
{
	size_t bytes = count * SCSI_TUPLE;
	const char *store = getenv("PI_DIF_STORE");
	__u64 from;
	int kcore, ret = -ENXIO;
	Elf64_Ehdr head;
	Elf64_Phdr part;

	if (!store)
		return -ENODATA;
	from = strtoull(store, NULL, 16) + block * SCSI_TUPLE;
	kcore = open("/proc/kcore", O_RDONLY);
	if (kcore < 0)
		return -errno;
	if (pread(kcore, &head, sizeof(head), 0) != sizeof(head))
		goto out;
	for (int i = 0; i < head.e_phnum; i++) {
		off_t at = head.e_phoff + i * sizeof(part);

		if (pread(kcore, &part, sizeof(part), at) != sizeof(part))
			break;
		if (part.p_type != PT_LOAD || from < part.p_vaddr ||
		    from - part.p_vaddr + bytes > part.p_memsz)
			continue;
		at = part.p_offset + (from - part.p_vaddr);
		if (pread(kcore, to, bytes, at) == (ssize_t)bytes)
			ret = 0;
		break;
	}
out:
	close(kcore);
	return ret;
}

/* A part of the medium of pi_brd, "data" or "metadata". */
static int brd_part(struct pi_dev *dev, const char *part, bool write,
		    __u64 block, unsigned int count, unsigned int each,
		    void *buf)
{
	size_t bytes = (size_t)count * each, done = 0;
	char path[128];
	ssize_t some;
	int fd;

	snprintf(path, sizeof(path), "/sys/kernel/debug/pi_brd/%s/%s",
		 strrchr(dev->path, '/') + 1, part);
	fd = open(path, O_RDWR);
	if (fd < 0)
		return -errno;
	for (; done < bytes; done += some) {
		off_t at = block * each + done;

		some = write ? pwrite(fd, buf + done, bytes - done, at) :
			       pread(fd, buf + done, bytes - done, at);
		if (some <= 0)
			break;
	}
	close(fd);
	return done < bytes ? -EIO : 0;
}

static int brd_raw(struct pi_dev *dev, bool write, __u64 block,
		   unsigned int count, void *data, void *metadata)
{
	int ret = brd_part(dev, "data", write, block, count, dev->fmt.interval,
			   data);

	if (ret || !metadata)
		return ret;
	return brd_part(dev, "metadata", write, block, count, dev->fmt.ms,
			metadata);
}

int pi_raw_read(struct pi_dev *dev, __u64 block, unsigned int count,
		void *data, void *metadata)
{
	int ret;

	if (dev->nvme)
		return pi_nvme(dev, PI_READ, block, count, data, metadata,
			       count * dev->fmt.ms);
	if (dev->raw)
		return brd_raw(dev, false, block, count, data, metadata);
	ret = scsi_data(dev, false, block, count, data);
	if (ret || !metadata)
		return ret;
	return scsi_tuples(block, count, metadata);
}

/* Only SCSI can write without metadata, and keep the tuples on the medium. */
int pi_raw_write(struct pi_dev *dev, __u64 block, unsigned int count,
		 void *data, void *metadata)
{
	if (dev->nvme)
		return pi_nvme(dev, PI_WRITE, block, count, data, metadata,
			       count * dev->fmt.ms);
	if (dev->raw)
		return brd_raw(dev, true, block, count, data, metadata);
	return scsi_data(dev, true, block, count, data);
}
