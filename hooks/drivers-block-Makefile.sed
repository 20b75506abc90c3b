# The RAM disk with protection information has a directory of its own.
# file: drivers/block/Makefile
/^obj-\$\(CONFIG_BLK_DEV_NULL_BLK\)/a\
obj-$(CONFIG_BLK_DEV_PI_BRD)	+= pi_brd/
