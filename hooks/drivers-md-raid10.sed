# A failed write that is retried block by block keeps the flag that tells that its clones have a payload.
# file: drivers/md/raid10.c
/^static int narrow_write_error\(/,/^}/s/bi_opf = REQ_OP_WRITE;$/bi_opf = REQ_OP_WRITE | (wbio->bi_opf \& REQ_INTEGRITY);/
