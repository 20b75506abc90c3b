// Tell the controller to check what a payload requests: each tag separately, and which application tag to expect.
// Data and metadata are fetched independently, hence intervals may be split over segments.
// Only requests with a payload are tested; these have a bio. For others the choice of the driver stands.
// file: drivers/nvme/host/core.c
// changes: 2

@@
identifier bi, info;
@@
nvme_init_integrity(..., struct nvme_ns_info *info)
{
...
bi->pi_offset = info->pi_offset;
+	bi->flags |= BLK_INTEGRITY_CHECKS_EACH | BLK_INTEGRITY_SPLIT_INTERVALS;
...
}

@@
identifier cmnd, req;
symbol control;
@@
nvme_setup_rw(..., struct request *req, struct nvme_command *cmnd, ...)
{
...
+	if (blk_integrity_rq(req)) {
+		struct bio *bio = req->bio;
+
+		if (!bio_integrity_device_checks(bio, BIP_CHECK_GUARD))
+			control &= ~NVME_RW_PRINFO_PRCHK_GUARD;
+		if (!bio_integrity_device_checks(bio, BIP_CHECK_REFTAG))
+			control &= ~NVME_RW_PRINFO_PRCHK_REF;
+		if (bio_integrity_device_checks(bio, BIP_CHECK_APPTAG)) {
+			control |= NVME_RW_PRINFO_PRCHK_APP;
+			cmnd->rw.lbat = cpu_to_le16(bio_integrity(bio)->bip_app_tag);
+			cmnd->rw.lbatm = cpu_to_le16(bio_integrity(bio)->bip_app_mask);
+		}
+	}
cmnd->rw.control = cpu_to_le16(control);
...
}
