// A queue whose limits have metadata gets integrity state, which is freed with the last reference to the queue.
// The rule with the label comes first, because spatch does not parse a jump to a label that does not exist yet.
// file: block/blk-core.c
// changes: 4

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
+	goto fail_integrity;
...
}

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
