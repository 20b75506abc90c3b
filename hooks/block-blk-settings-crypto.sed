# blk_integrity_commit_limits() checks that a device does not have both metadata and inline encryption.
# file: block/blk-settings.c
/^queue_limits_commit_update\(|^int queue_limits_commit_update\(/,/^}/{
	/^#ifdef CONFIG_BLK_INLINE_ENCRYPTION$/,/^$/d
}
