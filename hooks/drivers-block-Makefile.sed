# Build pi_brd, the RAM disk with protection information.
# file: drivers/block/Makefile
/^obj-\$\(CONFIG_BLK_DEV_NULL_BLK\)/a\
obj-$(CONFIG_BLK_DEV_PI_BRD)	+= pi_brd/
