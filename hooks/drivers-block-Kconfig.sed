# Include the options of pi_brd, the RAM disk with protection information.
# file: drivers/block/Kconfig
/^source "drivers\/block\/null_blk\/Kconfig"$/a\
\
source "drivers/block/pi_brd/Kconfig"
