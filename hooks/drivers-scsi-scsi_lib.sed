# Fail a command whose metadata cannot be mapped: without metadata it would be sent as one that inserts or strips tuples.
# file: drivers/scsi/scsi_lib.c
/^blk_status_t scsi_alloc_sgtables\(/,/^}/{
	/^		count = blk_rq_map_integrity_sg\(/a\
		if (!count) {\
			ret = BLK_STS_IOERR;\
			goto out_free_sgtables;\
		}
}
