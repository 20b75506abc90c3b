// Count errors of protection information that the device reports where it reports them, once per request.
// A flush sequence ends a request twice, the second time without remaining data.
// file: block/blk-mq.c

@@
identifier req, error, nr_bytes;
@@
blk_update_request(struct request *req, blk_status_t error, unsigned int nr_bytes)
{
...
trace_block_rq_complete(...);
+	if (unlikely(error == BLK_STS_PROTECTION) && blk_rq_bytes(req))
+		blk_integrity_device_error(req);
...
}
