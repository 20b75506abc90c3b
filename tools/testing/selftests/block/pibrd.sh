# SPDX-License-Identifier: GPL-2.0
# pi_brd: RAM disks with protection information, created and removed by tests.
# shellcheck shell=sh

pibrd_config=/sys/kernel/config/pi_brd
mountpoint -q /sys/kernel/config || mount -t configfs none /sys/kernel/config

# pibrd_load [PARAMETER=VALUE...]
pibrd_load() {
	[ ! -d $pibrd_config ] || return 0
	modprobe -d "$PI_MODULES" pi_brd "$@"
}

# pibrd_attributes FORMAT: prints the attributes of a disk with a format in the notation of pi_io.
pibrd_attributes() {
	echo "$1" | tr '+:' '  ' | {
		read -r block metadata guard type offset
		echo "block_bytes=$block metadata_bytes=$metadata guard=$guard type=$type pi_offset=$offset"
	}
}

# pibrd_make NAME ATTRIBUTE=VALUE...: creates a disk, and sets $disk and $debug, the directory of its faults.
pibrd_make() {
	pibrd_dir=$pibrd_config/$1
	shift
	mkdir "$pibrd_dir" || return
	for attribute; do
		echo "${attribute#*=}" >"$pibrd_dir/${attribute%%=*}" || return
	done
	echo 1 >"$pibrd_dir/power" || return
	read -r disk <"$pibrd_dir/disk"
	debug=/sys/kernel/debug/pi_brd/$disk
}

# pibrd_format NAME FORMAT ATTRIBUTE=VALUE...: creates a disk with a format, and sets $format.
pibrd_format() {
	format=$2
	pibrd_name=$1
	shift 2
	# shellcheck disable=SC2046
	pibrd_make "$pibrd_name" $(pibrd_attributes "$format") "$@"
}

pibrd_unmake() { rmdir "$pibrd_config/$1"; }

# A queue holds the module of its profile until it is freed. That is after its disk is gone: the group that I/O is
# accounted to refers to the queue, and is freed by a work after a grace period.
pibrd_unload() {
	rmdir "$pibrd_config"/*/ 2>/dev/null	# namespaces of User Mode Linux
	wait_for reads 0 /sys/module/pi_brd/refcnt && rmmod pi_brd
}

# pibrd_fault RULE, or "clear", of $disk
pibrd_fault() { echo "$*" >"$debug/faults"; }

# pibrd_count NAME: prints a counter of the device $disk.
pibrd_count() { sed -n "s/^$1 //p" "$debug/stat"; }
