# A target that tries a bio again restores what it recorded, but of the metadata only the pointer: after a first try the
# payload stood at its end, with the numbers of that path, and the bio failed on every other one.
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
