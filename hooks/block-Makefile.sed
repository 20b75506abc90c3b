# block/Makefile.integrity lists the integrity objects.
# file: block/Makefile
/^obj-\$\(CONFIG_BLK_DEV_INTEGRITY\)/c\
include $(src)/Makefile.integrity
