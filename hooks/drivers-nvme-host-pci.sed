# Fail a request whose metadata cannot be mapped because it has more segments than the request counted. Only a failed
# allocation is worth a retry.
# file: drivers/nvme/host/pci.c
/^static blk_status_t nvme_pci_setup_meta_sgls\(/,/^}/{
	/^	if \(!iod->meta_sgt\.orig_nents\)$/{
		s/$/ {/
		N
		s/\n.*/\
		mempool_free(iod->meta_sgt.sgl, dev->iod_meta_mempool);\
		return BLK_STS_IOERR;\
	}/
	}
}
