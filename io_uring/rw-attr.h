/* SPDX-License-Identifier: GPL-2.0 */
/* Attributes of reads and writes.  Needs "rw.h". */
#ifndef IO_URING_RW_ATTR_H
#define IO_URING_RW_ATTR_H

struct io_kiocb;
struct io_uring_sqe;
struct kiocb;

int io_rw_prep_attr(struct io_kiocb *req, const struct io_uring_sqe *sqe,
		int ddir);
int __io_rw_issue_attr(struct io_kiocb *req, struct kiocb *kiocb);

/**
 * io_rw_issue_attr() - pass the attributes of a read or write to a file
 * @req: the request
 * @kiocb: its I/O, with the flags of this issue
 *
 * Context: Any context.
 * Return: 0; -EINVAL if the file takes no metadata; -EOPNOTSUPP if it does in
 *	direct I/O only.
 */
static inline int io_rw_issue_attr(struct io_kiocb *req, struct kiocb *kiocb)
{
	struct io_async_rw *io = req->async_data;

	return io->has_meta ? __io_rw_issue_attr(req, kiocb) : 0;
}

#endif /* IO_URING_RW_ATTR_H */
