# block/Kconfig.integrity has the integrity options and their help texts.
# file: block/Kconfig
/^config BLK_DEV_INTEGRITY$/,/^config /{
	/^config BLK_DEV_INTEGRITY$/i\
source "block/Kconfig.integrity"\

	/^config BLK_DEV_INTEGRITY$/d
	/^config /!d
}
