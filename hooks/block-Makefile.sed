# The list of our objects is ours.
# file: block/Makefile
/^obj-\$\(CONFIG_BLK_DEV_INTEGRITY\)/c\
include $(src)/Makefile.integrity
