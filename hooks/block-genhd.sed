# Events of a disk end with it. They take locks under which there is I/O: not before the queue is no longer frozen.
# file: block/genhd.c
/^void del_gendisk\(struct gendisk \*disk\)$/,/^}$/s/^}$/\
	blk_integrity_cancel_events(disk);\
}/
