# Write-behind ends a write before all members have its data, from a copy, so its metadata must be copied too. Otherwise a bio
# with the flag and without a payload reaches the devices below without metadata.
# A failed write that is retried block by block keeps the flag that tells that its clones have a payload.
# file: drivers/md/raid1.c
# changes: 3
s/^#include <linux\/blkdev\.h>$/#include <linux\/blk-integrity.h>\
&/
/^static void alloc_behind_master_bio\(/,/^}/{
	/^	bio_copy_data\(behind_bio, bio\);$/a\
	if (bio_integrity(bio) \&\& bio_integrity_copy(behind_bio, bio))\
		goto free_pages;
}
/^static int narrow_write_error\(/,/^}/s/bi_opf = REQ_OP_WRITE;$/bi_opf = REQ_OP_WRITE | (wbio->bi_opf \& REQ_INTEGRITY);/
