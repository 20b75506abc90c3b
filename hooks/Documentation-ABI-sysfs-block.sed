# The files in integrity/ are described in Documentation/ABI/stable/sysfs-block-integrity.
# file: Documentation/ABI/stable/sysfs-block
/^What:.*\/integrity\//,/^What:.*\/partscan$/{
	/\/partscan$/!d
}
