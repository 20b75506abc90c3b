# A write whose memory may change in flight is sent as a copy, and so is data whose intervals are split in memory, for a
# device that does not take that. This must come first: a copy is not polled, and the use of
# cached requests of the plug depends on that.
# file: block/blk-mq.c
/^void blk_mq_submit_bio\(struct bio \*bio\)$/,/^}$/{
	/^	blk_status_t ret;$/a\
\
	if (bio_integrity_concerned(bio, q)) {\
		bio = bio_integrity_stabilize(bio);\
		if (!bio)\
			return;\
	}
}
