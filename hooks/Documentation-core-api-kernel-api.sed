# Our functions stand in Documentation/block/data-integrity.rst.
# file: Documentation/core-api/kernel-api.rst
/^\.\. kernel-doc:: block\/blk-integrity\.c$/,/^$/d
