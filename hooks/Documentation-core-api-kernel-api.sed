# Our functions are described in Documentation/block/data-integrity/.
# file: Documentation/core-api/kernel-api.rst
/^\.\. kernel-doc:: block\/blk-integrity\.c$/,/^$/d
