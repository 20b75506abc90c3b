# SPDX-License-Identifier: GPL-2.0
# A protected disk over a protected disk, where both need metadata for the same data: a SCSI target over a file on a
# namespace. The upper disk holds a buffer of its reserve while it waits for the lower disk, which needs a buffer too.
# With a common reserve this would deadlock.
# shellcheck shell=sh
. ./probe.sh
. ./tcm.sh

needs ext4 target_core_mod target_core_file tcm_loop || return 0

over_a_file() {
	lower=$(namespace 3)
	mkdir /dev/shm/files
	mkfs.ext4 -q "/dev/$lower" && mount -t ext4 "/dev/$lower" /dev/shm/files && truncate -s 32M /dev/shm/files/disk
	if tcm_make fileio fd_dev_name=/dev/shm/files/disk,fd_dev_size=33554432; then
		same "SCSI target over a file is protected" T10-DIF-TYPE1-CRC "$(integrity "$upper" format)"
		uses="$(counter "$lower" reserve_uses) $(counter "$upper" reserve_uses)"
		press "SCSI target over a file" "$upper"
		uses_lower=$(($(counter "$lower" reserve_uses) - ${uses% *}))
		uses_upper=$(($(counter "$upper" reserve_uses) - ${uses#* }))
		[ $uses_upper -gt 0 ] && [ $uses_lower -gt 0 ]
		result $? "both disks used their reserves" "$uses_upper and $uses_lower times"
		tcm_unmake
	else
		result 1 "SCSI target over a file makes a disk"
	fi
	umount /dev/shm/files
}

# sd does I/O with limits_lock held. For lockdep the locks of all disks are one class, so it reports a circle with the
# writeback of a filesystem.
if [ -e /proc/lockdep_stats ]; then
	result 0 "SCSI target over a file" "SKIP lockdep does not tell the locks of the two disks apart"
else
	over_a_file
fi
