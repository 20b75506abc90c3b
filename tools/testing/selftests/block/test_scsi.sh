# SPDX-License-Identifier: GPL-2.0
# scsi_debug in all of its formats. It walks data in whole sectors of a page, and buffers are not aligned to sectors:
# the block layer copies what is not.
# shellcheck shell=sh
. ./format.sh
. ./scsi.sh

# scsi_case INTERVAL TYPE GUARD FORMAT LABEL
scsi_case() {
	if ! scsi_load "$1" "$2" "$3"; then
		result 1 "scsi_debug $5 loads"
		return
	fi
	if [ "$2" = 0 ]; then
		format_checks "scsi-$5" "$disk" "$4"
	else
		format_checks "scsi-$5" "$disk" "$4" "" scsi_unchecked
	fi
	scsi_unload
}

scsi_case 512 1 0 512+8:crc16:1:0 512-crc
scsi_case 4096 1 0 4096+8:crc16:1:0 4096-crc
scsi_case 512 1 1 512+8:ip:1:0 512-ip
scsi_case 4096 1 1 4096+8:ip:1:0 4096-ip
scsi_case 512 2 0 512+8:crc16:1:0 512-crc-type2
scsi_case 512 3 0 512+8:crc16:3:0 512-crc-type3
scsi_case 4096 0 1 4096+8:ip:1:0 4096-ip-type0
