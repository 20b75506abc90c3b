# SPDX-License-Identifier: GPL-2.0
# Stacks of protected disks without free memory: no bio may wait for an object that only its own completion returns.
# A SCSI target over a partition of a namespace, so that tags are renumbered; md over the SCSI disk of the target; an
# NVMe target over a namespace; and dm and md raid0, which split bios, over one another.
# shellcheck shell=sh
. ./probe.sh
. ./nvmet.sh
. ./tcm.sh
. ./stack.sh

needs target_core_mod target_core_iblock tcm_loop || return 0

lower=$(namespace 1)
format=512+8:crc16:1:0
start=2040

# dm_make NAME LINE...: sets $dm
dm_make() {
	name=$1
	shift
	printf '%s\n' "$@" | dmsetup --noudevsync create "$name" 2>&1 | sed 's/^/# /'
	for dm in /sys/block/dm-*; do
		[ "$(cat "$dm/dm/name" 2>/dev/null)" = "$name" ] && dm=${dm##*/} && return
	done
}

# floors NAME DISK: creates linear and striped over the disk, and raid0 over these.
floors() {
	start=20480
	uses=$(counter "$2" reserve_uses)
	dm_make pi-linear "0 6152 linear /dev/$2 $start" "6152 26616 linear /dev/$2 $((start + 8192))"
	linear=$dm
	dm_make pi-striped "0 32768 striped 2 64 /dev/$2 $((start + 40960)) /dev/$2 $((start + 61440))"
	striped=$dm
	md_make raid0 16384 "$linear" "$striped"
	wanted=$(integrity "$2" format)
	same "$1 floors are protected" "$wanted $wanted $wanted" \
		"$(integrity "$linear" format) $(integrity "$striped" format) $(integrity md9 format)"
	press "dm-linear over $1" "$linear"
	press "dm-stripe over $1" "$striped"
	press "md raid0 over dm-linear and dm-stripe over $1" md9
	md_stop
	dmsetup --noudevsync remove pi-striped
	dmsetup --noudevsync remove pi-linear
	[ "$(counter "$2" reserve_uses)" -gt "$uses" ]
	result $? "$1 used its reserve below dm and md" "$(($(counter "$2" reserve_uses) - uses)) times"
}

none_before=$(payloads)
addpart "/dev/$lower" 1 $start 100000
until_there "/dev/${lower}p1" >/dev/null
if tcm_make iblock "udev_path=/dev/${lower}p1"; then
	same "SCSI target over NVMe is protected" "T10-DIF-TYPE1-CRC 512" \
		"$(integrity "$upper" format) $(integrity "$upper" protection_interval_bytes)"
	remapped=$(counter "$lower" remapped_intervals)
	same "SCSI target: write, read" "0 0" "$(io "$upper" $format fill:64:1000 read:64:1000)"
	remapped=$(($(counter "$lower" remapped_intervals) - remapped))
	same "SCSI target: tags renumbered on both ways" 2000 $remapped
	same "SCSI target: medium" generated \
		"$(PI_SHIFT=-$((start * 512)) io "$lower" $format tuples:$((64 + start)):1000)"
	uses="$(counter "$lower" reserve_uses) $(counter "$upper" reserve_uses)"
	press "SCSI target over NVMe" "$upper"
	addpart "/dev/$upper" 1 2048 16384
	addpart "/dev/$upper" 2 20480 16384
	until_there "/dev/${upper}2" >/dev/null
	md_make raid1 16384 "${upper}1" "${upper}2"
	same "md is protected" T10-DIF-TYPE1-CRC "$(integrity md9 format)"
	press "md over SCSI target over NVMe" md9
	md_stop
	delpart "/dev/$upper" 1
	delpart "/dev/$upper" 2
	[ "$(counter "$upper" reserve_uses)" -gt "${uses#* }" ]
	result $? "the upper disk used its reserve" "$(($(counter "$upper" reserve_uses) - ${uses#* })) times"
	tcm_unmake
else
	result 1 "SCSI target makes a disk"
fi
delpart "/dev/$lower" 1

lower=$(namespace 3)
if target_make "$lower"; then
	uses=$(counter "$lower" reserve_uses)
	press "NVMe target over NVMe" "$loop"
	[ "$(counter "$lower" reserve_uses)" -gt "$uses" ]
	result $? "the lower namespace used its reserve" "$(($(counter "$lower" reserve_uses) - uses)) times"
	target_unmake
else
	result 1 "NVMe target makes a disk"
fi
floors nvme-512+8 "$(namespace 1)"
floors nvme-4096+64-last "$(namespace 3)"
start=$none_before
none_left "a tower of targets"
