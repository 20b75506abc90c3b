# SPDX-License-Identifier: GPL-2.0
# Swap on protected disks: a program in a small cgroup writes more memory than its limit and reads it back, while
# payloads and buffers cannot be allocated. Slow.
# shellcheck shell=sh
. ./probe.sh

group=/sys/fs/cgroup/pi
mountpoint -q /sys/fs/cgroup || mount -t cgroup2 cgroup2 /sys/fs/cgroup
echo +memory >/sys/fs/cgroup/cgroup.subtree_control
mkdir -p $group
echo 16M >$group/memory.high
echo 48M >$group/memory.max

# swap_on NSID NAME
swap_on() {
	disk=$(namespace "$1")
	mkswap "/dev/$disk" >/dev/null && swapon "/dev/$disk" || {
		result 1 "$2 takes swap"
		return
	}
	before="$(counter "$disk" verified_intervals) $(counter "$disk" reserve_uses)"
	faults_on
	# A shell joins the group and then executes the program.
	found=$(sh -c "echo \$\$ >$group/cgroup.procs && exec $pi_io /dev/$disk 512+8:crc16:1:0 memory:0:64")
	faults_off
	swapoff "/dev/$disk"
	same "$2 memory comes back from swap" 0 "$found"
	[ "$(counter "$disk" verified_intervals)" -gt "${before% *}" ]
	result $? "$2 swap was verified" "$(($(counter "$disk" verified_intervals) - ${before% *})) intervals"
	[ "$(counter "$disk" reserve_uses)" -gt "${before#* }" ]
	result $? "$2 swap used the reserve" "$(($(counter "$disk" reserve_uses) - ${before#* })) times"
}

swap_on 1 nvme-512+8
swap_on 3 nvme-4096+64-last
rmdir $group
