# Whether integrity and inline encryption go together is one of the checks of blk_integrity_commit_limits().
# file: block/blk-settings.c
/^queue_limits_commit_update\(|^int queue_limits_commit_update\(/,/^}/{
	/^#ifdef CONFIG_BLK_INLINE_ENCRYPTION$/,/^$/d
}
