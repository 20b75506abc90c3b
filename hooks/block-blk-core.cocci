// Every queue has its integrity state from the first limits on until the last reference goes.
// file: block/blk-core.c
// changes: 4

@@
identifier q, lim, node_id;
symbol fail_stats;
@@
blk_alloc_queue(struct queue_limits *lim, int node_id)
{
...
q->node = node_id;
+
+error = blk_integrity_init_queue(q, lim);
+if (error)
+	goto fail_stats;
...
}

@@
expression q;
symbol fail_stats;
@@
error = percpu_ref_init(&q->q_usage_counter, ...);
if (error)
-	goto fail_stats;
+	goto fail_integrity;
...
return q;
+
+fail_integrity:
+	blk_integrity_exit_queue(q);

@@
identifier q;
symbol blk_queue_ida;
@@
blk_free_queue(struct request_queue *q)
{
...
+blk_integrity_exit_queue(q);
ida_free(&blk_queue_ida, q->id);
...
}
