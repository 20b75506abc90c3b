// Integrity limits are validated and committed in blk-integrity-profile.c and stacked in blk-integrity-stack.c; only the calls
// remain here. They come last: once a commit succeeds, nothing after it can fail.
// file: block/blk-settings.c
// changes: 7

@@
@@
-blk_validate_integrity_limits(...)
-{
-...
-}

@@
symbol err;
@@
-int err;
...
-err = blk_validate_integrity_limits(...);
-if (err)
-	return err;

@@
identifier lim;
@@
blk_set_default_limits(struct queue_limits *lim)
{
+	int error;
+
...
-return blk_validate_limits(lim);
+error = blk_validate_limits(lim);
+if (error)
+	return error;
+return blk_integrity_validate_limits(NULL, lim);
}

@@
identifier q, lim;
symbol out_unlock;
@@
+error = blk_integrity_commit_limits(q, lim);
+if (error)
+	goto out_unlock;
q->limits = *lim;

@@
@@
-queue_limits_stack_integrity(...)
-{
-...
-}

@@
declarer name EXPORT_SYMBOL_GPL;
symbol queue_limits_stack_integrity;
@@
-EXPORT_SYMBOL_GPL(queue_limits_stack_integrity);
