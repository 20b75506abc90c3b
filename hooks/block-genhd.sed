# Events of a disk end with it. They take locks under which others do I/O, so they are handled after the queue is unfrozen.
# Verification needs no flush: each read holds its queue until it ends, and the queue is frozen. Second readings do not
# hold the queue, so that a freeze does not wait for I/O of its own queue.
# What a disk with metadata keeps for when memory is short is made before there is I/O. A driver that takes bios, and allocates
# its disk with metadata, attaches it to bios itself: their size is limited to what is kept.
# file: block/genhd.c
# changes: 4
/^struct gendisk \*__blk_alloc_disk\(/,/^}$/{
	/^		return ERR_CAST\(q\);$/a\
	blk_integrity_limit_bios(q);
}
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
