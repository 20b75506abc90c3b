# The profile belongs to the geometry; policies and counters belong to the queue.
# NVMe metadata sizes have 16 bits: in 8 bits, a format with 264 bytes of metadata becomes one with 8.
# file: include/linux/blkdev.h
# changes: 4
/^enum blk_integrity_checksum \{$/i\
struct blk_integrity_profile;\
struct blk_integrity_dev;\

/^struct blk_integrity \{$/,/^\};$/{
	/\{$/a\
	const struct blk_integrity_profile	*profile;
	s/^	unsigned char(	+(tuple_size|pi_offset);)$/	unsigned short\1/
}
/^	struct timer_list	timeout;$/i\
#ifdef CONFIG_BLK_DEV_INTEGRITY\
	/* policy, counters and reserve; of queues that have or had metadata */\
	struct blk_integrity_dev *integrity_dev;\
#endif\

