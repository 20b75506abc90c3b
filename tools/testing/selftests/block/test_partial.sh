# SPDX-License-Identifier: GPL-2.0
# A device that completes half of a read and then the rest: verification must cover what was read. And a device with
# many errors, whose log lines must be rate-limited.
# shellcheck shell=sh
. ./scsi.sh

driver=/sys/bus/pseudo/drivers/scsi_debug

# halves INTERVAL GUARD FORMAT
halves() {
	scsi_load "$1" 1 "$2" || {
		result 1 "scsi_debug loads"
		return
	}
	count=$((131072 / $1))
	same "$3 write" 0 "$(io "$disk" "$3" fill:32:$count)"
	echo 0x100 >$driver/opts
	echo 2 >$driver/every_nth
	same "$3 read in two completions" "0 0 0 0" \
		"$(io "$disk" "$3" read:32:$count read:32:$count read:32:$count read:32:$count)"
	echo 0 >$driver/every_nth
	echo 0 >$driver/opts
	same "$3 damage still found" "0 EILSEQ" "$(io "$disk" "$3" corrupt:40:data read:32:$count)"
	scsi_unload
}

# many INTERVAL GUARD FORMAT
many() {
	scsi_load "$1" 1 "$2" || {
		result 1 "scsi_debug loads"
		return
	}
	io "$disk" "$3" fill:0:64 corrupt:8:data >/dev/null
	scsi_unchecked on
	dmesg -C
	steps=$(yes read:8:1 | head -n 100)
	# shellcheck disable=SC2086
	same "100 bad reads all fail" 100 "$(io "$disk" "$3" $steps | tr ' ' '\n' | grep -c EILSEQ)"
	lines=$(dmesg | grep -c 'tag error at')
	[ "$lines" -gt 0 ] && [ "$lines" -lt 50 ]
	result $? "100 bad reads make few lines in the log" "$lines lines"
	scsi_unload
}

halves 512 0 512+8:crc16:1:0
halves 4096 1 4096+8:ip:1:0
many 512 0 512+8:crc16:1:0
