# Our options, and the words about them, are ours.
# file: block/Kconfig
/^config BLK_DEV_INTEGRITY$/,/^config /{
	/^config BLK_DEV_INTEGRITY$/i\
source "block/Kconfig.integrity"\

	/^config BLK_DEV_INTEGRITY$/d
	/^config /!d
}
