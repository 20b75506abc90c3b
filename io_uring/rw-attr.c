// SPDX-License-Identifier: GPL-2.0
/*
 * Attributes of reads and writes: the metadata of their data.
 */

#include <linux/fs.h>
#include <linux/io_uring_types.h>
#include <linux/uaccess.h>
#include <linux/uio.h>

#include <uapi/linux/fs.h>
#include <uapi/linux/io_uring.h>

#include "rw.h"
#include "rw-attr.h"

static_assert(offsetof(struct io_uring_sqe, attr_ptr) == 48);
static_assert(offsetof(struct io_uring_sqe, attr_type_mask) == 56);
static_assert(sizeof(struct io_uring_sqe) == 64);
static_assert(sizeof(struct io_uring_attr_pi) == 32);

static int prep_pi(struct uio_meta *meta, const void __user *from, int ddir)
{
	struct io_uring_attr_pi pi;

	if (copy_from_user(&pi, from, sizeof(pi)))
		return -EFAULT;
	if (pi.rsvd)
		return -EINVAL;
	meta->seed = pi.seed;
	meta->flags = pi.flags;
	meta->app_tag = pi.app_tag;
	return import_ubuf(ddir, u64_to_user_ptr(pi.addr), pi.len, &meta->iter);
}

/**
 * io_rw_prep_attr() - read the attributes of a read or write
 * @req: the request, with its async data
 * @sqe: its submission entry
 * @ddir: ITER_DEST or ITER_SOURCE
 *
 * The memory that they point to is not accessed, only its address is checked.
 *
 * Context: Process context.  May sleep.
 * Return: 0; -EINVAL for unknown attributes, for a reserved field that is not
 *	0, or with a multishot read; -EFAULT.
 */
int io_rw_prep_attr(struct io_kiocb *req, const struct io_uring_sqe *sqe,
		    int ddir)
{
	u64 mask = READ_ONCE(sqe->attr_type_mask);
	struct io_async_rw *io = req->async_data;
	int err;

	/* The async data may be that of another request that has ended. */
	io->has_meta = false;
	if (!mask)
		return 0;
	if (mask != IORING_RW_ATTR_FLAG_PI ||
	    req->opcode == IORING_OP_READ_MULTISHOT)
		return -EINVAL;
	err = prep_pi(&io->meta, u64_to_user_ptr(READ_ONCE(sqe->attr_ptr)),
		      ddir);
	if (err)
		return err;
	io->has_meta = true;
	return 0;
}

/* See io_rw_issue_attr().  Each issue begins with the whole of the metadata. */
int __io_rw_issue_attr(struct io_kiocb *req, struct kiocb *kiocb)
{
	struct io_async_rw *io = req->async_data;

	if (!file_has_metadata(req->file))
		return -EINVAL;
	if (!(kiocb->ki_flags & IOCB_DIRECT))
		return -EOPNOTSUPP;
	kiocb->ki_flags |= IOCB_HAS_METADATA;
	kiocb->private = &io->meta;
	return 0;
}
