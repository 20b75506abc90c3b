# SPDX-License-Identifier: GPL-2.0
# No byte of memory that was not meant for it reaches the medium. Free memory of slabs and pages is poisoned
# (slub_debug=P, page_poison), so a byte that nobody set is seen: every byte of metadata is read back and must
# be the tuple's or zero. Zoned namespaces are those of test_zoned.sh.
# shellcheck shell=sh
. ./probe.sh

same "payload buffers are poisoned when free" 1 "$(cat /sys/kernel/slab/bio_integrity_auto/poison)"
grep -q page_poison=1 /proc/cmdline
result $? "pages are poisoned when free"

while read -r nsid name _ format; do
	case $nsid in '' | '#'*) continue ;; esac
	disk=$(namespace "$nsid")
	case $name in *zoned) continue ;; esac
	# In the buffer inside of the payload, and in pages.
	same "nvme-$name no stray byte" "0 0 0 generated" \
		"$(io "$disk" "$format" fill:512:1 fill:513:3 fill:516:700 tuples:512:704)"
	# Generation off; the device makes metadata that is a tuple only itself.
	case $format in
	*+8:* | *+16:*crc64* | *:none:*) continue ;;
	esac
	integrity "$disk" write_generate 0
	same "nvme-$name no stray byte when not generated" "0 0 0 escapes" \
		"$(io "$disk" "$format" fill:512:1 fill:513:3 fill:516:700 escapes:512:704)"
	integrity "$disk" write_generate 1
done <namespaces
