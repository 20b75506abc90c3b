# A path that has not read the format of the multipath disk yet would send I/O in its old format, so it is not used until it
# has. The transport of one path may have no metadata: such a path is used, and so are the others if the multipath disk has
# none for this reason.
# file: drivers/nvme/host/multipath.c
# changes: 3
/^#include <linux\/backing-dev\.h>$/a\
#include <linux/blk-integrity.h>
/^void nvme_mpath_revalidate_paths\(/i\
static bool nvme_path_has_old_format(struct nvme_ns *ns)\
{\
	struct queue_limits *path = \&ns->disk->queue->limits;\
	struct queue_limits *head = \&ns->head->disk->queue->limits;\
\
	if (path->logical_block_size != head->logical_block_size)\
		return true;\
	if (!head->integrity.tuple_size)\
		return path->integrity.tuple_size \&\&\
		       path->integrity.tuple_size != ns->head->ms;\
	return path->integrity.tuple_size \&\&\
	       !blk_integrity_geometry_equal(\&path->integrity,\
					     \&head->integrity);\
}\

/^void nvme_mpath_revalidate_paths\(/,/^}/s/^(\t*)if \(capacity != get_capacity\(ns->disk\)\)$/\1if (capacity != get_capacity(ns->disk) ||\
\1    nvme_path_has_old_format(ns))/
