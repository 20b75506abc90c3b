# SPDX-License-Identifier: GPL-2.0
# scsi_debug: a SCSI disk in memory with DIF and DIX, created and removed by tests.
# shellcheck shell=sh

scsi_store_mb=32
scsi_module=$(find "$PI_MODULES/lib/modules/$(uname -r)" -name "scsi_debug.ko*" | head -n 1)

# scsi_load INTERVAL TYPE GUARD(0: CRC, 1: IP): sets $disk
scsi_load() {
	dmesg -C
	insmod "$scsi_module" dev_size_mb=$scsi_store_mb virtual_gb=1 ndelay=20000 dix=1 \
		sector_size="$1" dif="$2" guard="$3" || return
	PI_STORE_BLOCKS=$((scsi_store_mb * 1048576 / $1))
	PI_DIF_STORE=$(dmesg | sed -n 's/.*dif_storep [0-9]* bytes @ \([0-9a-f]*\).*/\1/p')
	export PI_STORE_BLOCKS PI_DIF_STORE
	wait_for scsi_is_there || {
		rmmod scsi_debug
		return 1
	}
	echo $patience >"/sys/block/$disk/device/timeout"
}

# scsi_is_there: sets $disk and $scsi_type
scsi_is_there() {
	for path in /sys/bus/pseudo/drivers/scsi_debug/adapter0/host*/target*/*/block/*; do
		disk=${path##*/}
		scsi_type=$(echo "${path%/block/*}"/scsi_disk/*/protection_type)
		[ -b "/dev/$disk" ] && [ -w "$scsi_type" ] && return
	done
	return 1
}

scsi_unload() {
	rmmod scsi_debug
}

# Makes the driver rescan the disk, and returns when it has.
scsi_rescan() { echo 1 >"/sys/block/$disk/device/rescan"; }

# While on, neither the disk nor the host adapter checks, so only the block layer can detect errors.
scsi_unchecked() {
	case $1 in
	on) echo 0 >"$scsi_type" ;;
	off) cat /sys/module/scsi_debug/parameters/dif >"$scsi_type" ;;
	esac
}
