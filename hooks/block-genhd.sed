# Events of a disk end with it. They take locks under which others do I/O, so they are handled after the queue is unfrozen.
# Verification needs no flush: each read holds its queue until it ends, and the queue is frozen. Second readings do not
# hold the queue, so that a freeze does not wait for I/O of its own queue.
# file: block/genhd.c
# changes: 2
/^void del_gendisk\(struct gendisk \*disk\)$/,/^}$/{
	s/^	blk_flush_integrity\(\);$/	blk_integrity_drain(disk);/
	s/^}$/\
	blk_integrity_disk_gone(disk);\
}/
}
