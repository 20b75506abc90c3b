# SPDX-License-Identifier: GPL-2.0
# No memory: while every allocation of payloads and buffers fails, all I/O must succeed, from the reserve of the device.
# shellcheck shell=sh
. ./probe.sh
. ./scsi.sh

# What a disk brings once it is read from. Reads of its partition table may still be under way.
objects() { awk '$1 == "bip_object" { print $2 }' /proc/slabinfo; }
objects_grew() { [ $(($(objects) - before)) = "$wanted" ]; }
before=$(objects)
if scsi_load 512 1 0; then
	wanted=$(cat /sys/module/blk_integrity/parameters/reserve_objects)
	wait_for objects_grew
	same "reserves have as many objects as the boot line says" "$wanted" $(($(objects) - before)) "$wanted"
	scsi_unload
else
	result 1 "scsi_debug loads"
fi

# starve NAME DISK FORMAT STEP ALIGNMENT...
starve() {
	before=$(counter "$2" reserve_uses)
	faults_on
	same "$1 write, read without memory" 0 "$(io "$2" "$3" "rw:$4:$PI_ALIGN")"
	faults_off
	same "$1 medium without memory" generated "$(io "$2" "$3" tuples)"
	uses=$(($(counter "$2" reserve_uses) - before))
	[ $uses -gt 40 ]
	result $? "$1 used its reserve" "$uses times"
}

# I/O that must not wait fails before its guards are computed; other I/O continues.
refuse() {
	before=$(counter "$2" generated_intervals)
	faults_on
	found=$(io "$2" "$3" nowait-write:64:8 nowait-read:64:8)
	made=$(($(counter "$2" generated_intervals) - before))
	found="$found, $made, $(io "$2" "$3" fill:64:8 read:64:8)"
	faults_off
	same "$1 refuses what may not wait" "EAGAIN EAGAIN, 0, 0 0, 0 0" \
		"$found, $(io "$2" "$3" nowait-write:64:8 nowait-read:64:8)"
}

while read -r nsid name _ format; do
	case $nsid in '' | '#'*) continue ;; esac
	disk=$(namespace "$nsid")
	case $name in
	*zoned)
		faults_on
		same "nvme-$name write, read without memory" "0 0 0" "$(io "$disk" "$format" \
			fill:5120:16 fill:5136:100 read:5120:116)"
		# A passthrough command may be refused without memory.
		faults_off
		same "nvme-$name medium without memory" generated "$(io "$disk" "$format" tuples:5120:116)"
		;;
	*)
		starve "nvme-$name" "$disk" "$format" "$PI_ALIGN"
		refuse "nvme-$name" "$disk" "$format"
		;;
	esac
done <namespaces

# All at once and many deep: more I/O than the reserves have objects, so most of it waits for other I/O of its device.
# fio's io_uring asks not to wait first.
set --
while read -r nsid name _ format; do
	case $nsid in '' | '#'*) continue ;; esac
	case $name in *zoned) continue ;; esac
	interval=${format%%+*}
	set -- "$@" --name="$name" --filename="/dev/$(namespace "$nsid")" --bsrange="$interval-256k" --bs_unaligned=0
done <namespaces
faults_on
fio --thread --direct=1 --ioengine=io_uring --iodepth=16 --rw=randwrite --size=2m --verify=crc32c \
	--verify_fatal=1 --group_reporting "$@" >/dev/shm/fio 2>&1
status=$?
faults_off
[ $status = 0 ] || sed 's/^/# /' /dev/shm/fio
result $status "all namespaces at once, 16 deep, without memory"

# scsi_case INTERVAL GUARD FORMAT
scsi_starve() {
	if scsi_load "$1" 1 "$2"; then
		starve "scsi-$3" "$disk" "$3" "$1"
		refuse "scsi-$3" "$disk" "$3"
		scsi_unload
	else
		result 1 "scsi_debug loads"
	fi
}

scsi_starve 512 0 512+8:crc16:1:0
scsi_starve 4096 1 4096+8:ip:1:0
