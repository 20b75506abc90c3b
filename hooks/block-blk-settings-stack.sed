# A stacked device, with or without integrity, must not issue larger requests than the metadata of its members allows:
# requests of request-based dm are not split below.
# file: block/blk-settings.c
/^	t->max_dev_sectors = min_not_zero/a\
	t->max_dev_sectors = min_not_zero(t->max_dev_sectors, blk_integrity_max_sectors(b));
