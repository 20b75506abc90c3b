# Bios that leave a request without having completed lose what bio_integrity_prep() attached for its device. Cloned requests,
# for which that function is not called, are checked against the device they are inserted to.
# file: block/blk-mq.c
# changes: 2
/^void blk_steal_bios\(/,/^}/{
	/^\{$/a\
	struct bio *bio;\
\
	for (bio = rq->bio; bio; bio = bio->bi_next)\
		bio_integrity_unprep(bio);\

}
/^blk_status_t blk_insert_cloned_request\(/,/^}/{
	/^	if \(blk_rq_sectors\(rq\) > max_sectors\) \{/i\
	if (!blk_integrity_clone_fits(rq))\
		return BLK_STS_NOTSUPP;\

}
