# The files in integrity/ have a page of their own: Documentation/ABI/stable/sysfs-block-integrity.
# file: Documentation/ABI/stable/sysfs-block
/^What:.*\/integrity\//,/^What:.*\/partscan$/{
	/\/partscan$/!d
}
