/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Metadata that a program passes with the data of a read or write, from
 * io_uring to the block layer.  See
 * Documentation/block/data-integrity/programs.rst.
 */
#ifndef _LINUX_UIO_META_H
#define _LINUX_UIO_META_H

#include <linux/bits.h>
#include <linux/types.h>
#include <linux/uio.h>

struct file;

/*
 * Set in kiocb->ki_flags where kiocb->private points to a struct uio_meta.  The
 * flags of <linux/fs.h> end at bit 23.
 */
#define IOCB_HAS_METADATA	BIT(24)

/**
 * struct uio_meta - metadata of one read or write
 * @iter: the metadata, in user memory
 * @seed: number in the reference tag of the first interval
 * @flags: IO_INTEGRITY_CHK_GUARD, _REFTAG and _APPTAG of <uapi/linux/fs.h>
 * @app_tag: application tag that IO_INTEGRITY_CHK_APPTAG expects
 *
 * The block layer does not change it, so that an I/O can be issued again with
 * the same metadata.
 */
struct uio_meta {
	struct iov_iter	iter;
	u64		seed;
	u16		flags;
	u16		app_tag;
};

#if defined(CONFIG_BLOCK) && defined(CONFIG_BLK_DEV_INTEGRITY)
bool file_has_metadata(const struct file *file);
#else
static inline bool file_has_metadata(const struct file *file)
{
	return false;
}
#endif

#endif /* _LINUX_UIO_META_H */
