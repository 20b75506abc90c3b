# Events of a disk end with it. They take locks under which others do I/O, so they are handled after the queue is unfrozen.
# Verification needs no flush: each read holds its queue until it ends, and the queue is frozen. Second readings do not
# hold the queue, so that a freeze does not wait for I/O of its own queue.
# Before there is I/O, what splits bios of a disk with metadata gets a reserve; who gets metadata later, gets it then.
# file: block/genhd.c
# changes: 3
/^int __must_check device_add_disk\(/,/^}$/{
	/^	int ret;$/a\
\
	if (blk_integrity_queue_supports_integrity(disk->queue))\
		bioset_integrity_create_split(\&disk->bio_split);
}
/^void del_gendisk\(struct gendisk \*disk\)$/,/^}$/{
	s/^	blk_flush_integrity\(\);$/	blk_integrity_drain(disk);/
	s/^}$/\
	blk_integrity_disk_gone(disk);\
}/
}
