# SPDX-License-Identifier: GPL-2.0
# An NVMe target over a disk, and the disk of the NVMe host in the same kernel ("loop") that uses it.
# shellcheck shell=sh

nvmet=/sys/kernel/config/nvmet
mountpoint -q /sys/kernel/config || mount -t configfs none /sys/kernel/config

# target_make DISK: sets $loop
target_make() {
	mkdir $nvmet/subsystems/pi &&
		echo 1 >$nvmet/subsystems/pi/attr_allow_any_host &&
		mkdir $nvmet/subsystems/pi/namespaces/1 &&
		echo "/dev/$1" >$nvmet/subsystems/pi/namespaces/1/device_path &&
		echo 1 >$nvmet/subsystems/pi/namespaces/1/enable &&
		mkdir $nvmet/ports/1 &&
		echo loop >$nvmet/ports/1/addr_trtype &&
		ln -s $nvmet/subsystems/pi $nvmet/ports/1/subsystems/pi &&
		echo transport=loop,nqn=pi,keep_alive_tmo=600 >/dev/nvme-fabrics &&
		controller=$(dirname "$(grep -lx loop /sys/class/nvme/*/transport)") &&
		loop=$(until_there "$controller/nvme*n1") || return
	loop=$(echo "${loop##*/}" | sed 's/c[0-9]*n/n/')
	until_there "/dev/$loop" >/dev/null
}

target_unmake() {
	echo 1 >"$controller/delete_controller"
	rm $nvmet/ports/1/subsystems/pi
	rmdir $nvmet/ports/1 $nvmet/subsystems/pi/namespaces/1 $nvmet/subsystems/pi
}
