# A target that tries a bio again restores what it recorded, but of the metadata only the pointer: after a first try the
# payload stood at its end, and the bio failed on every other path.
# file: drivers/md/dm-bio-record.h
# changes: 3
/^	struct bio_integrity_payload \*bi_integrity;$/a\
	struct bvec_iter bip_iter;
/^	bd->bi_integrity = bio_integrity\(bio\);$/a\
	if (bd->bi_integrity)\
		bd->bip_iter = bd->bi_integrity->bip_iter;
/^	bio->bi_integrity = bd->bi_integrity;$/a\
	if (bd->bi_integrity)\
		bd->bi_integrity->bip_iter = bd->bip_iter;
