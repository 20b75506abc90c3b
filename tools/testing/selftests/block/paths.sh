# SPDX-License-Identifier: GPL-2.0
# The NVMe subsystem with two controllers (namespaces.paths): its disks and paths, and removal and return of a path.
# shellcheck shell=sh

# path_controllers: prints both in one line once they are live.
path_controllers() { controller pi-paths; }

# paths_live: tests whether both are live, with all their namespaces.
paths_live() {
	# shellcheck disable=SC2046
	set -- $(path_controllers)
	[ $# = 2 ] && reads live "/sys/class/nvme/$1/state" && reads live "/sys/class/nvme/$2/state" &&
		[ "$(path_disks 1 | wc -w)" = 2 ] && [ "$(path_disks 2 | wc -w)" = 2 ]
}

# path_subsystem: prints its directory.
path_subsystem() { dirname "$(grep -lx 'nqn.2019-08.org.qemu:pi-paths' /sys/class/nvme-subsystem/*/subsysnqn)"; }

# path_head NSID: prints the multipath disk.
path_head() {
	for path in "$(path_subsystem)"/nvme*n*; do
		reads "$1" "$path/nsid" && echo "${path##*/}" && return
	done
	echo "no-head-$1"
}

# path_disks NSID: prints the hidden disks below it, one per path.
path_disks() {
	for controller in $(path_controllers); do
		for path in "/sys/class/nvme/$controller"/nvme*c*n*; do
			reads "$1" "$path/nsid" && echo "${path##*/}"
		done
	done | tr '\n' ' '
}

# path_remove CONTROLLER: removes it as if it were pulled out. path_return restores it.
path_remove() { echo 1 >"/sys/class/nvme/$1/device/remove"; }

path_return() {
	echo 1 >/sys/bus/pci/rescan
	wait_for paths_live
}
