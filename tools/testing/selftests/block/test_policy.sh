# SPDX-License-Identifier: GPL-2.0
# /sys/block/*/integrity: content, accepted values, and that policies survive a rescan by the driver.
# shellcheck shell=sh
. ./scsi.sh

facts() {
	for fact in format protection_interval_bytes tag_size device_is_integrity_capable read_verify write_generate; do
		integrity "$1" $fact 2>&1
	done | tr '\n' ' ' | sed 's/ $//'
}

same "attributes of 512+8" "T10-DIF-TYPE1-CRC 512 2 1 1 1" "$(facts "$(namespace 1)")"
same "attributes of 4096+64 PI last" "T10-DIF-TYPE1-CRC 4096 2 1 1 1" "$(facts "$(namespace 3)")"
same "attributes of 4096+16 64-bit guard" "EXT-DIF-TYPE1-CRC64 4096 2 1 1 1" "$(facts "$(namespace 4)")"
same "attributes of 4096+8 type 3" "T10-DIF-TYPE3-CRC 4096 6 1 1 1" "$(facts "$(namespace 5)")"
opaque=$(facts "$(namespace 6)")
same "attributes of opaque metadata" "nop 4096 0 0 1 1" "$opaque"

# survives NAME DISK COMMAND-THAT-RESCANS
survives() {
	integrity "$2" read_verify 0
	integrity "$2" write_generate 0
	$3
	same "$1 settings survive a rescan" 0,0 "$(integrity "$2" read_verify),$(integrity "$2" write_generate)"
	integrity "$2" read_verify 1
	integrity "$2" write_generate 1
	$3
	same "$1 settings survive a rescan switched on" 1,1 \
		"$(integrity "$2" read_verify),$(integrity "$2" write_generate)"
}

survives nvme "$(namespace 2)" rescan_nvme
if scsi_load 512 1 0; then
	survives scsi "$disk" scsi_rescan
	scsi_unload
else
	result 1 "scsi_debug loads"
fi

disk=$(namespace 1)
for junk in x ''; do
	if integrity "$disk" read_verify "$junk" 2>/dev/null; then
		same "read_verify refuses '$junk'" refused taken
	else
		same "read_verify refuses '$junk'" 1 "$(integrity "$disk" read_verify)"
	fi
done
