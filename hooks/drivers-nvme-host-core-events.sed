# User space gets no events of the paths of a multipath disk, which are hidden, so this disk sends those of errors.
# file: drivers/nvme/host/core.c
/^static int nvme_update_ns_info\(/,/^}/s/^(\t*)nvme_mpath_revalidate_paths\(ns\);$/\1blk_integrity_report_to(ns->disk, ns->head->disk);\
&/
