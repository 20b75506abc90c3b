# SPDX-License-Identifier: GPL-2.0
# Memory that changes while it is written or read into: no error with the default policies, errors without them.
# shellcheck shell=sh
. ./scsi.sh

# stat_of DISK COUNTER
stat_of() { sed -n "s/^$2 //p" "/sys/block/$1/integrity/stat"; }

# churned NAME DISK FORMAT GUARDED-DISK: DISK is GUARDED-DISK or a disk over it.
churned() {
	integrity "$4" copy_writes unstable
	integrity "$4" rereads 1
	copied=$(stat_of "$4" copied_writes) healed=$(stat_of "$4" healed_intervals)
	same "$1: changing writes with copies" 0,0 "$(io "$2" "$3" churn-write:256)"
	[ "$(stat_of "$4" copied_writes)" -gt "$copied" ]
	result $? "$1: writes were copied"
	same "$1: what was written is read" 0 "$(io "$2" "$3" read:256:128 | sed 's/DIFFERENT/0/')"
	same "$1: changing reads with second readings" 0,0 "$(io "$2" "$3" churn-read:256)"
	[ "$(stat_of "$4" healed_intervals)" -gt "$healed" ]
	result $? "$1: reads healed"

	# Without the policies there must be errors, otherwise the test proves nothing.
	integrity "$4" copy_writes never
	integrity "$4" rereads 0
	writes=$(io "$2" "$3" churn-write:256)
	reads=$(io "$2" "$3" churn-read:256)
	[ "${writes%,*}" -gt 0 ] && [ "${writes#*,}" = 0 ]
	result $? "$1: changing writes as they are" "EILSEQ ${writes%,*} times"
	[ "${reads%,*}" -gt 0 ] && [ "${reads#*,}" = 0 ]
	result $? "$1: changing reads as they are" "EILSEQ ${reads%,*} times"
	integrity "$4" copy_writes unstable
	integrity "$4" rereads 1
}

below=$(namespace 1)
io "$below" 512+8:crc16:1:0 fill:0:1024 >/dev/null
churned "NVMe 512+8" "$below" 512+8:crc16:1:0 "$below"

echo "0 8192 linear /dev/$below 0" | dmsetup --noudevsync create pi-churn
dm=$(basename "$(readlink -f /dev/mapper/pi-churn 2>/dev/null)")
[ -b "/dev/$dm" ] || dm=dm-0
churned "dm-linear" "$dm" 512+8:crc16:1:0 "$below"
dmsetup --noudevsync remove pi-churn

if scsi_load 512 1 0; then
	io "$disk" 512+8:crc16:1:0 fill:0:1024 >/dev/null
	churned "SCSI 512" "$disk" 512+8:crc16:1:0 "$disk"
	scsi_unload
else
	result 1 "unstable: scsi_debug is there"
fi
