// No guards are computed for a REQ_NOWAIT bio before it has a request, and a bio that finds no memory takes the reserve only
// then. Until then it must not be merged, because its metadata could be sent with the other request at once. With a request
// of the plug it cannot be rejected any more. A bio without metadata for a disk without metadata calls nothing.
// file: block/blk-mq.c
// changes: 3

@@
identifier bio, nr_segs, rq, q;
symbol queue_exit;
@@
blk_mq_submit_bio(struct bio *bio)
{
...
-if (!bio_integrity_prep(bio))
-	goto queue_exit;
+if (bio_integrity_concerned(bio, q) && !bio_integrity_passes(bio, q, arrival)) {
+	bio = bio_integrity_begin(bio, q, &nr_segs, rq, arrival);
+	if (!bio)
+		goto queue_exit;
+}
...
-if (blk_mq_attempt_bio_merge(q, bio, nr_segs))
+if (!bio_integrity_pending(bio) && blk_mq_attempt_bio_merge(q, bio, nr_segs))
	goto queue_exit;
...
rq_qos_track(q, rq, bio);
+if (!bio_integrity_finish(bio, rq)) {
+	blk_mq_free_request(rq);
+	return;
+}
...
}
