# Data integrity is a directory of pages; the RAM disk with protection information has a page of its own.
# file: Documentation/block/index.rst
# changes: 2
s|^   data-integrity$|&/index|
/^   null_blk$/a\
   pi_brd
