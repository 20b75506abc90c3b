# A path that has not read the format of the multipath disk yet would send I/O in its old format, so it is not used until it
# has. A path without metadata is: its transport may have none.
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
	return path->logical_block_size != head->logical_block_size ||\
	       (path->integrity.tuple_size \&\&\
		!blk_integrity_geometry_equal(\&path->integrity,\
					      \&head->integrity));\
}\

/^void nvme_mpath_revalidate_paths\(/,/^}/s/^(\t*)if \(capacity != get_capacity\(ns->disk\)\)$/\1if (capacity != get_capacity(ns->disk) ||\
\1    nvme_path_has_old_format(ns))/
