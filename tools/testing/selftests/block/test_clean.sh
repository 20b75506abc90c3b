# SPDX-License-Identifier: GPL-2.0
# No stale memory reaches the medium. Free memory of slabs and pages is poisoned (slub_debug=P, page_poison), which
# reveals bytes that were not set: every byte of metadata is read back and must be part of the tuple or zero.
# test_zoned.sh covers zoned namespaces.
# shellcheck shell=sh
. ./probe.sh

same "payload buffers are poisoned when free" 1 "$(cat /sys/kernel/slab/bip_object/poison)"
grep -q page_poison=1 /proc/cmdline
result $? "pages are poisoned when free"

while read -r nsid name _ format; do
	case $nsid in '' | '#'*) continue ;; esac
	disk=$(namespace "$nsid")
	case $name in *zoned) continue ;; esac
	# Metadata in the buffer of the payload object, and in pages.
	same "nvme-$name no stray byte" "0 0 0 generated" \
		"$(io "$disk" "$format" fill:512:1 fill:513:3 fill:516:700 tuples:512:704)"
	# With generation off, the device generates metadata that is just the tuple.
	case $format in
	*+8:* | *+16:*crc64* | *:none:*) continue ;;
	esac
	integrity "$disk" write_generate 0
	same "nvme-$name no stray byte when not generated" "0 0 0 escapes" \
		"$(io "$disk" "$format" fill:512:1 fill:513:3 fill:516:700 escapes:512:704)"
	integrity "$disk" write_generate 1
done <namespaces
