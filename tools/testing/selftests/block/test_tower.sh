# SPDX-License-Identifier: GPL-2.0
# A protected disk over a protected disk, again and again, without memory: nobody may wait for a reserve that
# only its own end can refill. SCSI target over a partition of a namespace, so that tags are renumbered on the
# way; md over the SCSI disk that the target makes; and an NVMe target over a namespace.
# shellcheck shell=sh
. ./probe.sh

mountpoint -q /sys/kernel/config || mount -t configfs none /sys/kernel/config
target=/sys/kernel/config/target
nvmet=/sys/kernel/config/nvmet
lower=$(namespace 1)
format=512+8:crc16:1:0
start=2040

# until_there PATH: the first that matches, soon.
until_there() {
	for try in $(seq 50); do
		# shellcheck disable=SC2086
		set -- $1
		[ -e "$1" ] && echo "$1" && return
		sleep 0.1
	done
	return 1
}

# tcm_make BLOCK-DEVICE: sets $upper to the SCSI disk over it.
tcm_make() {
	mkdir -p $target/core/iblock_0/pi &&
		echo "udev_path=$1" >$target/core/iblock_0/pi/udev_path &&
		echo "udev_path=$1" >$target/core/iblock_0/pi/control &&
		echo 1 >$target/core/iblock_0/pi/enable &&
		mkdir -p $target/loopback/naa.5001405000000001/tpgt_1/lun/lun_0 &&
		echo naa.5001405000000002 >$target/loopback/naa.5001405000000001/tpgt_1/nexus &&
		ln -s $target/core/iblock_0/pi $target/loopback/naa.5001405000000001/tpgt_1/lun/lun_0/pi || return
	upper=$(until_there "/sys/bus/scsi/devices/*/block/sd*") && upper=${upper##*/} && sleep 0.5 || return
	# The target hands the metadata on page by page, and the namespace takes one segment: no more than a page.
	echo 256 >"/sys/block/$upper/queue/max_sectors_kb"
}

tcm_unmake() {
	rm $target/loopback/naa.5001405000000001/tpgt_1/lun/lun_0/pi
	rmdir $target/loopback/naa.5001405000000001/tpgt_1/lun/lun_0
	echo NULL >$target/loopback/naa.5001405000000001/tpgt_1/nexus
	rmdir $target/loopback/naa.5001405000000001/tpgt_1 $target/loopback/naa.5001405000000001
	rmdir $target/core/iblock_0/pi $target/core/iblock_0
}

# raid1 of two partitions of a disk, without superblock or tools, as if in sync.
mirror_make() {
	echo md8 >/sys/module/md_mod/parameters/new_array
	md=/sys/block/md8/md
	echo none >$md/metadata_version
	echo raid1 >$md/level
	echo 2 >$md/raid_disks
	for slot in 0 1; do
		part=${1}$((slot + 1))
		cat "/sys/class/block/$part/dev" >$md/new_dev
		echo 0 >"$md/dev-$part/offset"
		echo 8192 >"$md/dev-$part/size"
		echo $slot >"$md/dev-$part/slot"
	done
	echo 8192 >$md/component_size
	echo none >$md/resync_start
	echo active >$md/array_state
	# The disk is older than its limits: the directory comes shortly after these.
	until_there /sys/block/md8/integrity >/dev/null
}

mirror_unmake() {
	echo clear >/sys/block/md8/md/array_state
	for try in $(seq 50); do
		[ -e /sys/block/md8 ] || break
		sleep 0.1
	done
}

# press NAME DISK: many at once, of all sizes, verified by fio, while nothing can be allocated.
press() {
	faults_on
	timeout 90 fio --name="$2" --thread --filename="/dev/$2" --direct=1 --ioengine=io_uring --iodepth=32 \
		--rw=randwrite \
		--bsrange=4k-512k --size=6m --verify=crc32c --verify_fatal=1 >/dev/shm/fio 2>&1
	status=$?
	faults_off
	[ $status = 0 ] || sed 's/^/# /' /dev/shm/fio
	result $status "$1 without memory"
}

before=$(payloads)
addpart "/dev/$lower" 1 $start 100000
until_there "/dev/${lower}p1" >/dev/null
if tcm_make "/dev/${lower}p1"; then
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
	mirror_make "$upper"
	same "md is protected" T10-DIF-TYPE1-CRC "$(integrity md8 format)"
	press "md over SCSI target over NVMe" md8
	mirror_unmake
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
if mkdir $nvmet/subsystems/tower &&
	echo 1 >$nvmet/subsystems/tower/attr_allow_any_host &&
	mkdir $nvmet/subsystems/tower/namespaces/1 &&
	echo "/dev/$lower" >$nvmet/subsystems/tower/namespaces/1/device_path &&
	echo 1 >$nvmet/subsystems/tower/namespaces/1/enable &&
	mkdir $nvmet/ports/2 &&
	echo loop >$nvmet/ports/2/addr_trtype &&
	ln -s $nvmet/subsystems/tower $nvmet/ports/2/subsystems/tower &&
	echo transport=loop,nqn=tower >/dev/nvme-fabrics &&
	upper=$(until_there "/sys/class/nvme/nvme[1-9]/nvme*n1"); then
	controller=${upper%/*}
	upper=$(basename "$upper")
	upper=$(echo "$upper" | sed 's/c[0-9]*n/n/')
	until_there "/dev/$upper" >/dev/null
	uses=$(counter "$lower" reserve_uses)
	press "NVMe target over NVMe" "$upper"
	[ "$(counter "$lower" reserve_uses)" -gt "$uses" ]
	result $? "the lower namespace used its reserve" "$(($(counter "$lower" reserve_uses) - uses)) times"
	echo 1 >"$controller/delete_controller"
	rm $nvmet/ports/2/subsystems/tower
	rmdir $nvmet/ports/2 $nvmet/subsystems/tower/namespaces/1 $nvmet/subsystems/tower
else
	result 1 "NVMe target makes a disk"
fi
for try in $(seq 50); do
	[ "$(payloads)" = "$before" ] && break
	sleep 0.1
done
same "targets leave no payload" "$before" "$(payloads)"
