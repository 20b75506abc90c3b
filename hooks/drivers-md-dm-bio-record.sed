# A target that retries a bio restores what it recorded, but of the metadata only the pointer: after the first try the
# payload was at its end and had the numbers of that path, so the bio failed on every other path.
# file: drivers/md/dm-bio-record.h
# changes: 3
/^	struct bio_integrity_payload \*bi_integrity;$/a\
	struct bvec_iter bip_iter;\
	unsigned short bip_flags;\
	unsigned short bip_residue_bytes;
/^	bd->bi_integrity = bio_integrity\(bio\);$/a\
	if (bd->bi_integrity) {\
		bd->bip_iter = bd->bi_integrity->bip_iter;\
		bd->bip_flags = bd->bi_integrity->bip_flags;\
		bd->bip_residue_bytes = bd->bi_integrity->bip_residue_bytes;\
	}
/^	bio->bi_integrity = bd->bi_integrity;$/a\
	if (bd->bi_integrity) {\
		bd->bi_integrity->bip_iter = bd->bip_iter;\
		bd->bi_integrity->bip_flags = bd->bip_flags;\
		bd->bi_integrity->bip_residue_bytes = bd->bip_residue_bytes;\
	}
