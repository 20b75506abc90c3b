# Use the payload that the block layer attaches: a write without metadata goes to a free sector, whose metadata is that of
# another one. Split bios first, since the limits on their size do not apply to drivers that take bios.
# file: drivers/nvdimm/btt.c
# changes: 3
/^static void btt_submit_bio\(/,/^}/{
	s/^(	struct bio_integrity_payload \*bip) = bio_integrity\(bio\);$/\1;/
	/^	if \(!bio_integrity_prep\(bio\)\)$/{
		i\
	if (btt_meta_size(btt)) {\
		bio = bio_split_to_limits(bio);\
		if (!bio)\
			return;\
	}
		n
		a\
	bip = bio_integrity(bio);
	}
}
