# A write of memory that may change under way goes out as a copy. First of all: a copy is not polled for, and what is taken
# from the plug below depends on that.
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
