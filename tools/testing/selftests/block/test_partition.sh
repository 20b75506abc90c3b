# SPDX-License-Identifier: GPL-2.0
# A partition that does not start at block 0: reference tags on the medium are those of the disk.
# shellcheck shell=sh

# partition_case DISK FORMAT FIRST-SECTOR
partition_case() {
	bytes=$(($3 * 512))
	at=$((64 + bytes / ${2%%+*}))
	part_make "$1" 1 "$3" 32768
	same "$2 partition write, read" "0 0" "$(PI_SHIFT=$bytes io "${1}p1" "$2" fill:64:1000 read:64:1000)"
	same "$2 partition tags on the medium are of the disk" generated "$(io "$1" "$2" tuples:$at:1000)"
	same "$2 partition damage" "0, EILSEQ 0" \
		"$(io "$1" "$2" corrupt:$((at + 6)):ref), $(PI_SHIFT=$bytes io "${1}p1" "$2" read:70:1 read:71:900)"
	delpart "/dev/$1" 1
}

partition_case "$(namespace 1)" 512+8:crc16:1:0 2049
partition_case "$(namespace 3)" 4096+64:crc16:1:56 2056
partition_case "$(namespace 4)" 4096+16:crc64:1:0 4104
