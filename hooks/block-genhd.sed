# Events of a disk end with it. They take locks under which others do I/O, so they are handled after the queue is unfrozen.
# Verification needs no flush: each read holds its queue until it ends, and the queue is frozen. Second readings do not
# hold the queue, so that a freeze does not wait for I/O of its own queue.
# What a disk with metadata keeps for when memory is short is made before there is I/O.
# file: block/genhd.c
# changes: 3
/^int __must_check device_add_disk\(/,/^}$/{
	/^	int ret;$/a\
\
	blk_integrity_prepare_disk(disk);
}
/^void del_gendisk\(struct gendisk \*disk\)$/,/^}$/{
	s/^	blk_flush_integrity\(\);$/	blk_integrity_drain(disk);/
	s/^}$/\
	blk_integrity_disk_gone(disk);\
}/
}
