// A profile of callbacks belongs to the geometry, the administrator's policy and the counters to the queue.
// Metadata sizes are 16 bits wide in NVMe: in 8 bits a format with 264 metadata bytes becomes one with 8.
// file: include/linux/blkdev.h
// changes: 4

@@
@@
+struct blk_integrity_profile;
+struct blk_integrity_dev;
+
enum blk_integrity_checksum { ... };

@@
@@
struct blk_integrity {
+	const struct blk_integrity_profile	*profile;
	...
-	unsigned char				tuple_size;
-	unsigned char				pi_offset;
+	unsigned short				tuple_size;
+	unsigned short				pi_offset;
	...
};

@@
@@
struct request_queue {
	...
+#ifdef CONFIG_BLK_DEV_INTEGRITY
+	/* policy, counters and reserve; of queues that have or had metadata */
+	struct blk_integrity_dev *integrity_dev;
+#endif
+
	struct timer_list timeout;
	...
};
