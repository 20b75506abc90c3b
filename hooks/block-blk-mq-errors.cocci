// Count errors of protection information that the device reports where it reports them, once per request.
// A flush sequence ends a request twice, the second time without remaining data. Requests that succeed pay nothing: the test of
// @error is that of the next statement.
// file: block/blk-mq.c

@exists@
identifier req, error, nr_bytes;
statement S;
@@
blk_update_request(struct request *req, blk_status_t error, unsigned int nr_bytes)
{
...
+	if (unlikely(error) && error == BLK_STS_PROTECTION && blk_rq_bytes(req))
+		blk_integrity_device_error(req);
if (<+... blk_rq_is_passthrough(req) ...+>) S
...
}
