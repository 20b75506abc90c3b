# SPDX-License-Identifier: GPL-2.0
# Memory that changes while it is written or read into: no error with the default policies, errors without them.
# PI_CHURN= is the number of I/Os of each kind on each disk or file, 400 by default.
# shellcheck shell=sh
. ./probe.sh
. ./scsi.sh
. ./stack.sh
. ./pibrd.sh
. ./paths.sh

churn_format=512+8:crc16:1:0
churn_times=${PI_CHURN:-400}

# churned_safely NAME DISK GUARDED-DISK: DISK is GUARDED-DISK, a disk over it or a file on it.
churned_safely() {
	copied=$(counter "$3" copied_writes) healed=$(counter "$3" healed_intervals)
	io "$2" $churn_format fill:0:1024 >/dev/null
	same "$1: changing writes with copies" 0,0 "$(io "$2" $churn_format churn-write:256:"$churn_times")"
	[ "$(counter "$3" copied_writes)" -gt "$copied" ]
	result $? "$1: writes were copied"
	same "$1: what was written is read" 0 "$(io "$2" $churn_format read:256:128 | sed 's/DIFFERENT/0/')"
	same "$1: changing reads with second readings" 0,0 "$(io "$2" $churn_format churn-read:256:"$churn_times")"
	[ "$(counter "$3" healed_intervals)" -gt "$healed" ]
	result $? "$1: reads healed" "$(($(counter "$3" healed_intervals) - healed)) intervals"
}

# churned: the same, and without the policies there must be errors, otherwise the test proves nothing.
churned() {
	churned_safely "$@"
	integrity "$3" copy_writes never
	integrity "$3" rereads 0
	writes=$(io "$2" $churn_format churn-write:256)
	reads=$(io "$2" $churn_format churn-read:256)
	[ "${writes%,*}" -gt 0 ] && [ "${writes#*,}" = 0 ]
	result $? "$1: changing writes as they are" "EILSEQ ${writes%,*} times"
	[ "${reads%,*}" -gt 0 ] && [ "${reads#*,}" = 0 ]
	result $? "$1: changing reads as they are" "EILSEQ ${reads%,*} times"
	integrity "$3" copy_writes unstable
	integrity "$3" rereads 1
}

# churned_file FS DISK MKFS-OPTION...: nothing is discarded, since discarded blocks may have no valid tuples.
churned_file() {
	fs=$1 disk=$2
	shift 2
	needs "$fs" || return
	mkdir -p /dev/shm/churn
	"mkfs.$fs" -q "$@" "/dev/$disk" >/dev/null 2>&1 && mount -t "$fs" "/dev/$disk" /dev/shm/churn
	result $? "$fs on $disk"
	: >/dev/shm/churn/file
	churned "file of $fs on $disk" shm/churn/file "$disk"
	umount /dev/shm/churn
}

below=$(namespace 1)
churned "NVMe 512+8" "$below" "$below"

echo "0 8192 linear /dev/$below 0" | dmsetup --noudevsync create pi-churn
dm=$(basename "$(readlink -f /dev/mapper/pi-churn 2>/dev/null)")
[ -b "/dev/$dm" ] || dm=dm-0
churned "dm-linear" "$dm" "$below"
dmsetup --noudevsync remove pi-churn

# Without the policies both members would fail, and the array with them.
md_make raid1 65536 "$below" "$(path_head 1)"
churned_safely "md raid1" md9 "$below"
same "md raid1 is whole" 0 "$(cat $md/degraded)"
md_stop

if scsi_load 512 1 0; then
	churned "SCSI 512" "$disk" "$disk"
	scsi_unload
else
	result 1 "unstable: scsi_debug is there"
fi

# Blocks that were never written have no tuples to read them with.
dd if=/dev/zero of="/dev/$below" bs=1M oflag=direct 2>/dev/null
churned_file ext4 "$below" -F -E nodiscard
pibrd_load
pibrd_format churn $churn_format size_mb=400
churned_file xfs "$disk" -K
pibrd_unmake churn
pibrd_unload
