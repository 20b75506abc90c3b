# SPDX-License-Identifier: GPL-2.0
# A SCSI target over a disk or a file, and the SCSI disk in the same kernel ("loopback") that uses it.
# shellcheck shell=sh

target=/sys/kernel/config/target
mountpoint -q /sys/kernel/config || mount -t configfs none /sys/kernel/config

# tcm_make BACKSTORE CONTROL: sets $upper to the SCSI disk over it. A file has metadata only if that is configured.
tcm_make() {
	store=$target/core/${1}_0
	mkdir -p "$store/pi" &&
		echo "$2" >"$store/pi/control" &&
		echo 1 >"$store/pi/enable" &&
		case $1 in
		fileio)
			echo 1 >"$store/pi/attrib/pi_prot_type" && echo 1 >"$store/pi/attrib/pi_prot_format" || return
			;;
		esac &&
		mkdir -p $target/loopback/naa.5001405000000001/tpgt_1/lun/lun_0 &&
		echo naa.5001405000000002 >$target/loopback/naa.5001405000000001/tpgt_1/nexus &&
		ln -s "$store/pi" $target/loopback/naa.5001405000000001/tpgt_1/lun/lun_0/pi || return
	upper=$(until_there "/sys/bus/scsi/devices/*/block/sd*") &&
		until_there "${upper%/block/*}/scsi_disk/*/protection_type" >/dev/null &&
		upper=${upper##*/} &&
		until_there "/dev/$upper" >/dev/null &&
		echo $patience >"/sys/block/$upper/device/timeout"
}

tcm_unmake() {
	rm $target/loopback/naa.5001405000000001/tpgt_1/lun/lun_0/pi
	rmdir $target/loopback/naa.5001405000000001/tpgt_1/lun/lun_0
	echo NULL >$target/loopback/naa.5001405000000001/tpgt_1/nexus
	rmdir $target/loopback/naa.5001405000000001/tpgt_1 $target/loopback/naa.5001405000000001
	rmdir "$store/pi" "$store"
}
