# A stacked device, with integrity of its own or without, issues no more than the metadata of its members allows for:
# requests of request-based dm are not split below.
# file: block/blk-settings.c
/^	t->max_dev_sectors = min_not_zero/a\
	t->max_dev_sectors = min_not_zero(t->max_dev_sectors, blk_integrity_max_sectors(b));
