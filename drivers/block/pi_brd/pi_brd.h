/* SPDX-License-Identifier: GPL-2.0 */
/*
 * RAM disk with protection information: declarations that its files share.
 */
#ifndef PI_BRD_H
#define PI_BRD_H

#include <linux/bitmap.h>
#include <linux/blk-mq.h>
#include <linux/configfs.h>
#include <linux/hrtimer.h>
#include <linux/mutex.h>
#include <linux/prandom.h>
#include <linux/spinlock.h>
#include <linux/xarray.h>

#include "compat.h"

struct dentry;
struct pi_brd;

/* Each lock of the store covers every 16th chunk. */
#define PI_BRD_STORE_LOCKS	16

/* Maximum metadata of an interval in the geometry of this kernel. */
#define PI_BRD_MAX_METADATA_BYTES					\
	(sizeof_field(struct blk_integrity, tuple_size) == 1 ? 255U : 4096U)

/* The application tag that exempts an interval from checks. */
#define PI_BRD_APP_ESCAPE	U16_MAX

enum pi_brd_guard {
	PI_BRD_GUARD_NONE,
	PI_BRD_GUARD_CRC16,
	PI_BRD_GUARD_IP,
	PI_BRD_GUARD_CRC64,
	PI_BRD_GUARD_CRC32C,
	PI_BRD_NR_GUARDS,
};

enum pi_brd_complete {
	PI_BRD_COMPLETE_INLINE,		/* when the driver gets the request */
	PI_BRD_COMPLETE_SOFTIRQ,	/* as blk_mq_complete_request() does */
	PI_BRD_COMPLETE_TIMER,		/* after latency_ns */
	PI_BRD_NR_COMPLETES,
};

/**
 * struct pi_brd_config - attributes of a disk, set before it is powered on
 * @size_mb: capacity in MiB
 * @block_bytes: logical block size
 * @interval_bytes: data bytes that one tuple protects, 0: a block
 * @metadata_bytes: metadata bytes of an interval, 0: a disk without metadata
 * @pi_offset: offset of the tuple in the metadata of its interval in bytes
 * @guard: &enum pi_brd_guard
 * @type: 1, 2 or 3
 * @app_tag_own: the application tag belongs to the host
 * @check: the device checks tuples
 * @checks_each: the device can check each tag separately
 * @split_intervals: the device accepts metadata for data whose intervals are
 *	split in memory
 * @max_integrity_segments: metadata segments of a request
 * @max_segments: data segments of a request
 * @max_segment_bytes: length of a segment in bytes, 0: the core's default
 * @max_io_kb: length of a request in KiB
 * @virt_boundary: segments must begin and end at multiples of a page
 * @dma_alignment: alignment of a segment in bytes
 * @queues: hardware queues
 * @poll_queues: hardware queues that are polled
 * @depth: requests of a hardware queue
 * @complete: &enum pi_brd_complete
 * @latency_ns: service time of a request for %PI_BRD_COMPLETE_TIMER
 * @store: keep data; else writes are dropped and reads return zeroes
 * @zone_mb: size of a zone in MiB, 0: the disk is not zoned
 * @append_kb: longest zone append in KiB, 0: the core emulates it
 */
struct pi_brd_config {
	unsigned long long size_mb;
	unsigned int block_bytes;
	unsigned int interval_bytes;
	unsigned int metadata_bytes;
	unsigned int pi_offset;
	unsigned int guard;
	unsigned int type;
	bool app_tag_own;
	bool check;
	bool checks_each;
	bool split_intervals;
	unsigned int max_integrity_segments;
	unsigned int max_segments;
	unsigned int max_segment_bytes;
	unsigned int max_io_kb;
	bool virt_boundary;
	unsigned int dma_alignment;
	unsigned int queues;
	unsigned int poll_queues;
	unsigned int depth;
	unsigned int complete;
	unsigned long long latency_ns;
	bool store;
	unsigned int zone_mb;
	unsigned int append_kb;
};

/**
 * struct pi_brd_format - layout of a tuple
 * @tuple_bytes: length
 * @guard_bytes: length of the guard, which is first; the application tag of two
 *	bytes follows
 * @ref_offset: offset of the reference tag in the tuple
 * @ref_bytes: length of the reference tag, which is last
 * @compute: guard of @len bytes at @data, then @prefix_len bytes at @prefix
 *
 * All numbers are big endian.
 */
struct pi_brd_format {
	unsigned int tuple_bytes;
	unsigned int guard_bytes;
	unsigned int ref_offset;
	unsigned int ref_bytes;
	u64 (*compute)(const u8 *data, unsigned int len, const u8 *prefix,
		       unsigned int prefix_len);
};

/**
 * enum pi_brd_field - part of an interval, as faults and errors name it
 * @PI_BRD_FIELD_GUARD: guard
 * @PI_BRD_FIELD_APP: application tag
 * @PI_BRD_FIELD_REF: reference tag
 * @PI_BRD_FIELD_OPAQUE: metadata that is not part of the tuple
 * @PI_BRD_FIELD_DATA: data
 */
enum pi_brd_field {
	PI_BRD_FIELD_GUARD,
	PI_BRD_FIELD_APP,
	PI_BRD_FIELD_REF,
	PI_BRD_FIELD_OPAQUE,
	PI_BRD_FIELD_DATA,
};

/**
 * struct pi_brd_checks - checks that a request asks for
 * @guard: check the guard
 * @app: compare the application tag with @app_tag in the bits of @app_mask
 * @ref: check the reference tag
 * @app_tag: application tag
 * @app_mask: bits of it
 */
struct pi_brd_checks {
	bool guard;
	bool app;
	bool ref;
	u16 app_tag;
	u16 app_mask;
};

/**
 * struct pi_brd_error - the last tuple that the device found wrong
 * @write: by a write, else by a read
 * @field: tag that is wrong
 * @interval: number of the interval
 * @expected: value the tag should have
 * @found: value it has
 */
struct pi_brd_error {
	bool write;
	enum pi_brd_field field;
	u64 interval;
	u64 expected;
	u64 found;
};

/**
 * struct pi_brd_placement - where a medium with faults reads or writes
 * @interval: the interval that is accessed
 * @data_bytes: data bytes that a write stores, all unless it is torn
 * @drop: a write stores nothing
 * @stale: a read returns the content before the last write
 */
struct pi_brd_placement {
	u64 interval;
	unsigned int data_bytes;
	bool drop;
	bool stale;
};

/* Bits: where a fault happens. */
#define PI_BRD_SIDE_WRITE	BIT(0)	/* between host and device, on a write */
#define PI_BRD_SIDE_MEDIUM	BIT(1)	/* behind the checks of the device */
#define PI_BRD_SIDE_READ	BIT(2)	/* between device and host, on a read */

/**
 * struct pi_brd_stat - counters of the device
 * @reads: read requests
 * @writes: write requests and zone appends
 * @checked: intervals checked
 * @escaped: intervals that an escape exempted
 * @errors: intervals with a wrong tag, which failed their request
 * @inserted: intervals written without metadata
 * @split: requests with metadata whose data has split intervals
 */
struct pi_brd_stat {
	atomic64_t reads;
	atomic64_t writes;
	atomic64_t checked;
	atomic64_t escaped;
	atomic64_t errors;
	atomic64_t inserted;
	atomic64_t split;
};

/**
 * struct pi_brd_zone - a zone
 * @lock: serializes writes
 * @write_pointer: first sector that has not been written
 * @cond: condition of the zone
 */
struct pi_brd_zone {
	struct mutex lock; /* serializes writes */
	sector_t write_pointer;
	enum blk_zone_cond cond;
};

/**
 * struct pi_brd - a disk that is powered on
 * @config: its attributes
 * @format: its tuples, NULL: metadata is opaque, or there is none
 * @disk: its gendisk
 * @set: its tags
 * @index: number in its name
 * @interval_exp: binary logarithm of the interval in bytes
 * @chunk_intervals: intervals of a chunk of the store
 * @chunks: the store, by number of the chunk
 * @locks: of the chunks
 * @zero_guard: guard of an interval of zeroes, for disks that store nothing
 * @zones: zones, if there are any
 * @nr_zones: number of @zones
 * @zone_sectors: length of a zone in sectors
 * @rules_lock: protects the rules
 * @rules: rules for faults
 * @last_rule: number of the last rule
 * @keep_old: a rule needs the content before the last write
 * @error_lock: protects @error
 * @error: last error
 * @stat: counters
 * @debugfs: directory with the faults
 */
struct pi_brd {
	struct pi_brd_config config;
	const struct pi_brd_format *format;
	struct gendisk *disk;
	struct blk_mq_tag_set set;
	int index;
	unsigned int interval_exp;
	unsigned int chunk_intervals;
	struct xarray chunks;
	struct mutex locks[PI_BRD_STORE_LOCKS]; /* each of a part of chunks */
	u64 zero_guard;
	struct pi_brd_zone *zones;
	unsigned int nr_zones;
	sector_t zone_sectors;
	spinlock_t rules_lock; /* protects rules and keep_old */
	struct list_head rules;
	unsigned int last_rule;
	bool keep_old;
	spinlock_t error_lock; /* protects error */
	struct pi_brd_error error;
	struct pi_brd_stat stat;
	struct dentry *debugfs;
};

/**
 * struct pi_brd_cmd - driver part of a request
 * @timer: ends the request later
 * @status: how it ends
 * @piece_bytes: complete the request in pieces of this size, 0: at once
 * @delay_ns: additional service time
 * @buf: an interval of data, then its metadata
 */
struct pi_brd_cmd {
	struct hrtimer timer;
	blk_status_t status;
	unsigned int piece_bytes;
	u64 delay_ns;
	u8 buf[];
};

static inline unsigned int pi_brd_interval_bytes(const struct pi_brd *dev)
{
	return 1U << dev->interval_exp;
}

static inline u64 pi_brd_intervals(const struct pi_brd *dev)
{
	return dev->config.size_mb << (20 - dev->interval_exp);
}

static inline u64 pi_brd_interval_of(const struct pi_brd *dev, sector_t sector)
{
	return sector >> (dev->interval_exp - SECTOR_SHIFT);
}

/* device.c */
struct pi_brd *pi_brd_add(const struct pi_brd_config *config);
void pi_brd_remove(struct pi_brd *dev);

/* limits.c */
int pi_brd_validate(const struct pi_brd_config *config);
struct queue_limits pi_brd_limits(const struct pi_brd *dev);

/* transfer.c */
blk_status_t pi_brd_transfer(struct pi_brd *dev, struct request *rq,
			     struct pi_brd_cmd *cmd, u64 seed);

/* store.c */
void pi_brd_store_init(struct pi_brd *dev);
int pi_brd_store_write(struct pi_brd *dev, const struct pi_brd_placement *at,
		       const u8 *data, const u8 *meta);
void pi_brd_store_read(struct pi_brd *dev, const struct pi_brd_placement *at,
		       u8 *data, u8 *meta);
void pi_brd_store_clear(struct pi_brd *dev, u64 first, u64 count);
void pi_brd_store_forget(struct pi_brd *dev);
void pi_brd_store_free(struct pi_brd *dev);

/* check.c */
void pi_brd_check_init(void);
void pi_brd_zero_init(struct pi_brd *dev);
const struct pi_brd_format *pi_brd_format_of(enum pi_brd_guard guard);
void pi_brd_blank(const struct pi_brd *dev, u8 *meta);
void pi_brd_insert(const struct pi_brd *dev, u64 interval, const u8 *data,
		   u8 *meta);
void pi_brd_insert_zero(const struct pi_brd *dev, u64 interval, u8 *meta);
void pi_brd_renumber(const struct pi_brd *dev, u64 from, u64 to, u8 *meta);
bool pi_brd_check(struct pi_brd *dev, const struct pi_brd_checks *checks,
		  bool write, u64 interval, const u8 *data, const u8 *meta);
void pi_brd_field_at(const struct pi_brd *dev, enum pi_brd_field field,
		     unsigned int *offset, unsigned int *bytes);

/* fault.c */
int pi_brd_rule_add(struct pi_brd *dev, char *text);
int pi_brd_rule_remove(struct pi_brd *dev, unsigned int number);
void pi_brd_rules_show(struct pi_brd *dev, struct seq_file *m);
void pi_brd_fault_request(struct pi_brd *dev, struct request *rq,
			  struct pi_brd_cmd *cmd);
void pi_brd_fault_place(struct pi_brd *dev, unsigned int side,
			struct pi_brd_placement *at);
void pi_brd_fault_flip(struct pi_brd *dev, unsigned int side, u64 interval,
		       u8 *data, u8 *meta);

/* debugfs.c */
void pi_brd_debugfs_init(void);
void pi_brd_debugfs_exit(void);
void pi_brd_debugfs_add(struct pi_brd *dev);
void pi_brd_debugfs_remove(struct pi_brd *dev);

/* crc32.c */
void pi_brd_crc32_profile(struct blk_integrity *bi);

/* zoned.c */
#ifdef CONFIG_BLK_DEV_ZONED
int pi_brd_zones_alloc(struct pi_brd *dev, struct queue_limits *lim);
int pi_brd_report_zones(struct gendisk *disk, sector_t sector,
			unsigned int nr_zones, report_zones_cb cb, void *data);
blk_status_t pi_brd_zone_write(struct pi_brd *dev, struct request *rq,
			       struct pi_brd_cmd *cmd);
blk_status_t pi_brd_zone_manage(struct pi_brd *dev, struct request *rq);
#else
static inline int pi_brd_zones_alloc(struct pi_brd *dev,
				     struct queue_limits *lim)
{
	return -EOPNOTSUPP;
}

static inline blk_status_t pi_brd_zone_write(struct pi_brd *dev,
					     struct request *rq,
					     struct pi_brd_cmd *cmd)
{
	return BLK_STS_NOTSUPP;
}

static inline blk_status_t pi_brd_zone_manage(struct pi_brd *dev,
					      struct request *rq)
{
	return BLK_STS_NOTSUPP;
}
#endif /* CONFIG_BLK_DEV_ZONED */

#endif /* PI_BRD_H */
