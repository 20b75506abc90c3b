# Without PRACT a controller keeps old protection information where it writes zeroes. With PRACT it generates new protection
# information wherever the tuple is in the metadata. A namespace that gets no capacity because of its metadata logs a line, once
# per format.
# file: drivers/nvme/host/core.c
# changes: 3
/^static inline blk_status_t nvme_setup_write_zeroes\(/,/^}/s/nvme_ns_has_pi\(ns->head\)/ns->head->pi_type/
/^static int nvme_update_ns_info_block\(/,/^}/{
	/^	if \(!nvme_init_integrity\(/{
		s/$/ {/
		n
		a\
		if (nvme_first_scan(ns->disk) || get_capacity(ns->disk))\
			dev_warn(ns->ctrl->device,\
				 "nsid %u: no block I/O, capacity 0: %u bytes of metadata a block %s\\n",\
				 ns->head->ns_id, ns->head->ms,\
				 ns->head->features & NVME_NS_EXT_LBAS ?\
				 "follow the data in one buffer (extended LBA)" :\
				 "are not supported");\
	}
	}
}
