# The RAM disk with protection information has a directory of its own.
# file: drivers/block/Kconfig
/^source "drivers\/block\/null_blk\/Kconfig"$/a\
\
source "drivers/block/pi_brd/Kconfig"
