# A write whose memory may change in flight is sent as a copy, and so is data whose intervals are split in memory, for a
# device that does not take that. This must come first: a copy is not polled, and the use of
# cached requests of the plug depends on that. A bio that the policies of the device exclude is sent as it is.
# file: block/blk-mq.c
# changes: 3
/^#include "blk-rq-qos\.h"$/a\
#include "bio-integrity-arrival.h"
/^void blk_mq_submit_bio\(struct bio \*bio\)$/,/^}$/{
	/^	const int is_sync = /a\
	unsigned int arrival = BIO_INTEGRITY_UNCONCERNED;
	/^	blk_status_t ret;$/a\
\
	if (bio_integrity_concerned(bio, q)) {\
		arrival = bio_integrity_arrive(bio, q);\
		if (arrival != BIO_INTEGRITY_EXCLUDED) {\
			bio = bio_integrity_stabilize(bio);\
			if (!bio)\
				return;\
		}\
	}
}
