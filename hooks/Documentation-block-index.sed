# The RAM disk with protection information has a page of its own.
# file: Documentation/block/index.rst
/^   null_blk$/a\
   pi_brd
