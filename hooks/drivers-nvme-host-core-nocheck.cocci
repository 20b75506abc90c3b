// A submitter that asks the device not to check gets that from NVMe as it does from SCSI.
// Asked only of requests with a payload: those have a bio. The driver never asks for a check of the application tag.
// file: drivers/nvme/host/core.c

@@
identifier cmnd, req;
symbol control;
@@
nvme_setup_rw(..., struct request *req, struct nvme_command *cmnd, ...)
{
...
+	if (blk_integrity_rq(req) && bio_integrity_flagged(req->bio, BIP_DISK_NOCHECK))
+		control &= ~(NVME_RW_PRINFO_PRCHK_GUARD | NVME_RW_PRINFO_PRCHK_REF);
cmnd->rw.control = cpu_to_le16(control);
...
}
