# Direct I/O with metadata of the program is in fops-integrity.c. It never becomes buffered I/O, which would drop the metadata:
# where the page cache cannot be invalidated, it is busy.
# file: block/fops.c
# changes: 3
s/^#include <linux\/uio\.h>$/&\
#include <linux\/uio-meta.h>/
/^static ssize_t blkdev_direct_IO\(/,/^}/{
	/^	nr_pages = /i\
	if (iocb->ki_flags \& IOCB_HAS_METADATA)\
		return blkdev_meta_direct_IO(iocb, iter);\

}
/^blkdev_direct_write\(/,/^}/s/written == -EBUSY\)/written == -EBUSY \&\& !(iocb->ki_flags \& IOCB_HAS_METADATA))/
