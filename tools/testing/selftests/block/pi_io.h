/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Declarations shared by the steps of pi_io. A step returns words for stdout.
 */
#ifndef PI_IO_H
#define PI_IO_H

#include <sys/types.h>
#include <sys/uio.h>

#include "pi_dev.h"

struct pi_step {
	__u64 block;
	unsigned int count;
	const char *what;	/* the argument as it was written */
};

__u64 content_salt(void);
__u64 content_place(__u64 at);
void content_fill(void *to, __u64 at, size_t bytes);
const char *content_compare(const struct iovec *iov, unsigned int count,
			    __u64 at, void *want);
const char *io_result(ssize_t ret, size_t bytes);
const char *answer(const char *format, ...);

const char *step_rw(struct pi_dev *dev, const struct pi_step *step);
__u64 rw_blocks(const struct pi_format *fmt);
const char *step_read(struct pi_dev *dev, const struct pi_step *step);
const char *step_corrupt(struct pi_dev *dev, const struct pi_step *step);
const char *step_named(struct pi_dev *dev, const struct pi_step *step);
const char *step_user(struct pi_dev *dev, const struct pi_step *step);
const char *step_nowait_write(struct pi_dev *dev, const struct pi_step *step);
const char *step_nowait_read(struct pi_dev *dev, const struct pi_step *step);
const char *step_again(struct pi_dev *dev, const struct pi_step *step);
const char *step_listen(struct pi_dev *dev, const struct pi_step *step);
const char *step_uevents(struct pi_dev *dev, const struct pi_step *step);
const char *step_escapes(struct pi_dev *dev, const struct pi_step *step);
const char *step_memory(struct pi_dev *dev, const struct pi_step *step);
const char *step_time_read(struct pi_dev *dev, const struct pi_step *step);
const char *step_time_write(struct pi_dev *dev, const struct pi_step *step);
const char *step_tagged(struct pi_dev *dev, const struct pi_step *step);
const char *step_packed(struct pi_dev *dev, const struct pi_step *step);
const char *step_tagged_hex(struct pi_dev *dev, const struct pi_step *step);
const char *step_packed_hex(struct pi_dev *dev, const struct pi_step *step);
const char *step_misplace(struct pi_dev *dev, const struct pi_step *step);
const char *step_guards(struct pi_dev *dev, const struct pi_step *step);
const char *step_churn_write(struct pi_dev *dev, const struct pi_step *step);
const char *step_churn_read(struct pi_dev *dev, const struct pi_step *step);
const char *step_churn_map(struct pi_dev *dev, const struct pi_step *step);
const char *step_meta_write(struct pi_dev *dev, const struct pi_step *step);
const char *step_meta_read(struct pi_dev *dev, const struct pi_step *step);
const char *step_meta_offsets(struct pi_dev *dev, const struct pi_step *step);
const char *step_meta_checks(struct pi_dev *dev, const struct pi_step *step);
const char *step_meta_wrong(struct pi_dev *dev, const struct pi_step *step);
const char *step_meta_tags(struct pi_dev *dev, const struct pi_step *step);
const char *step_meta_bad(struct pi_dev *dev, const struct pi_step *step);
const char *step_meta_way(struct pi_dev *dev, const struct pi_step *step);
const char *step_meta_map(struct pi_dev *dev, const struct pi_step *step);
const char *step_meta_gone(struct pi_dev *dev, const struct pi_step *step);
const char *step_meta_cap(struct pi_dev *dev, const struct pi_step *step);
const char *step_meta_nowait(struct pi_dev *dev, const struct pi_step *step);
const char *step_meta_crowd(struct pi_dev *dev, const struct pi_step *step);
const char *step_may_fail(struct pi_dev *dev, const struct pi_step *step);
void log_begin(void);
int pi_partition(int argc, char **argv);

#endif /* PI_IO_H */
