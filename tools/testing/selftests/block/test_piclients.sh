# SPDX-License-Identifier: GPL-2.0
# pi_brd below real clients: fio by every engine, btrfs, swap, SCSI and NVMe targets, a loop device. Each of them must
# also fail with a fault, otherwise a pass could mean that nothing was compared.
# shellcheck shell=sh
. ./probe.sh
. ./pibrd.sh
. ./tcm.sh
. ./nvmet.sh

pibrd_load || result 1 "pi_brd loads"

# disk_of FORMAT ATTRIBUTE=VALUE...: a disk that does not check, without second readings: the host must detect errors.
disk_of() {
	pibrd_format a "$@" check=0
	integrity "$disk" rereads 0
}

# engine NAME FIO-OPTION...: random I/O of odd sizes, verified; then the same with a read that is corrupt.
engine() {
	engine_name=$1
	shift
	for rule in clear "flip-data read first=1000 count=500 every=2"; do
		pibrd_fault "$rule"
		before=$(counter "$disk" guard_errors)
		fio --name=client --thread --filename="/dev/$disk" --direct=1 --rw=randwrite --size=8m \
			--bsrange="${format%%+*}-96k" --blockalign="${format%%+*}" --verify=crc32c --verify_fatal=1 \
			--verify_state_save=0 --randseed=11 --output=/dev/shm/fio "$@" >/dev/null 2>&1
		status=$?
		errors=$(($(counter "$disk" guard_errors) - before))
		case $rule in
		clear)
			[ $status = 0 ] || sed 's/^/# /' /dev/shm/fio
			same "fio $engine_name on $format" "0 0" "$status $errors"
			;;
		*)
			[ $status != 0 ] && [ $errors -gt 0 ]
			result $? "fio $engine_name on $format fails if data changes" "status $status, $errors guard errors"
			;;
		esac
	done
	pibrd_fault clear
}

engines() {
	while read -r format; do
		disk_of "$format" poll_queues=1 complete=timer latency_ns=20000
		engine "io_uring" --ioengine=io_uring --iodepth=16
		engine "io_uring, polled" --ioengine=io_uring --hipri=1 --iodepth=16
		engine "io_uring, SQPOLL" --ioengine=io_uring --sqthread_poll=1 --fixedbufs=1 --iodepth=16
		engine "libaio" --ioengine=libaio --iodepth=16
		engine "psync" --ioengine=psync
		engine "pvsync2" --ioengine=pvsync2
		pibrd_unmake a
	done <<-END
		512+8:crc16:1:0
		4096+64:crc64:1:48
	END
}

on_btrfs() {
	needs btrfs || return 0
	disk_of 4096+64:crc16:1:56 size_mb=400
	mkdir -p /dev/shm/fs
	mkfs.btrfs -q -f -m single -d single "/dev/$disk" && mount -t btrfs "/dev/$disk" /dev/shm/fs &&
		cp -r "$PI_TESTS/." /dev/shm/fs && umount /dev/shm/fs && mount -t btrfs "/dev/$disk" /dev/shm/fs
	result $? "btrfs on $format"
	diff -r "$PI_TESTS" /dev/shm/fs >/dev/shm/diff 2>&1
	result $? "btrfs on $format returns what was stored" "$(head -n 1 /dev/shm/diff)"
	umount /dev/shm/fs
	btrfs check "/dev/$disk" >/dev/shm/fsck 2>&1
	result $? "btrfs on $format passes its check" "$(tail -n 1 /dev/shm/fsck)"
	same "btrfs on $format without errors" 0 "$(counter "$disk" guard_errors)"
	pibrd_fault "flip-data read every=2"
	mount -t btrfs "/dev/$disk" /dev/shm/fs 2>/dev/null && diff -r "$PI_TESTS" /dev/shm/fs >/dev/null 2>&1
	[ $? != 0 ] && [ "$(counter "$disk" guard_errors)" -gt 0 ]
	result $? "btrfs on $format fails if data changes" "$(counter "$disk" guard_errors) guard errors"
	mountpoint -q /dev/shm/fs && umount /dev/shm/fs
	pibrd_unmake a
}

# A program reads pages that were swapped out. It is killed if one of them cannot be read.
on_swap() {
	group=/sys/fs/cgroup/pi
	mountpoint -q /sys/fs/cgroup || mount -t cgroup2 cgroup2 /sys/fs/cgroup
	echo +memory >/sys/fs/cgroup/cgroup.subtree_control
	mkdir -p $group
	echo 16M >$group/memory.high
	disk_of 4096+8:crc16:1:0 size_mb=128
	mkswap "/dev/$disk" >/dev/null && swapon "/dev/$disk"
	result $? "swap on $format"
	for rule in clear "flip-data read first=16 every=50"; do
		pibrd_fault "$rule"
		before=$(counter "$disk" verified_intervals)
		found=$(sh -c "echo \$\$ >$group/cgroup.procs && exec $pi_io /dev/$disk $format memory:0:48" \
			2>/dev/null)
		[ "$(counter "$disk" verified_intervals)" -gt "$before" ]
		result $? "swap on $format is verified, faults: $rule"
		case $rule in
		clear) same "memory comes back from swap on $format" "0 0" "$found $(counter "$disk" guard_errors)" ;;
		*)
			[ "$found" != 0 ] && [ "$(counter "$disk" guard_errors)" -gt 0 ]
			result $? "swap on $format does not return data that changed" "answer ${found:-none}"
			;;
		esac
	done
	pibrd_fault clear
	swapoff "/dev/$disk"
	pibrd_unmake a
	rmdir $group
}

# through NAME UPPER: I/O of a disk that is made of $disk, and an error below.
through() {
	same "$1 has the format" "$(integrity "$disk" format)" "$(integrity "$2" format)"
	same "$1 write, read, medium" "0 0 generated" \
		"$(io "$2" "$format" fill:64:1000 read:64:1000) $(io "$disk" "$format" tuples:64:1000)"
	same "$1 finds a block that changed" "0, EILSEQ|EIO 0" "$(io "$disk" "$format" corrupt:100:data), $(
		io "$2" "$format" read:64:1000 read:200:800 | sed 's/^E\(IO\|ILSEQ\) /EILSEQ|EIO /')"
}

targets() {
	needs target_core_mod target_core_iblock tcm_loop || return 0
	pibrd_format a 512+8:crc16:1:0
	if tcm_make iblock "udev_path=/dev/$disk"; then
		through "SCSI target over pi_brd" "$upper"
		tcm_unmake
	else
		result 1 "SCSI target over pi_brd"
	fi
	pibrd_unmake a

	pibrd_format a 512+8:crc16:1:0
	if target_make "$disk"; then
		same "NVMe target over pi_brd write, read, medium" "0 0 generated" \
			"$(io "$loop" "$format" fill:64:1000 read:64:1000) $(io "$disk" "$format" tuples:64:1000)"
		corrupted=$(io "$disk" "$format" corrupt:100:data)
		answer=$(io "$loop" "$format" read:64:1000)
		case $answer in E*) answer=error ;; esac
		same "NVMe target over pi_brd finds a block that changed" "0, error 0" "$corrupted, $answer $(
			io "$loop" "$format" read:200:800)"
		target_unmake
	else
		result 1 "NVMe target over pi_brd"
	fi
	wait_for pibrd_unmake a
}

over_a_file() {
	needs loop ext4 || return 0
	disk_of 512+8:crc16:1:0 size_mb=128
	mkdir -p /dev/shm/fs
	mkfs.ext4 -q "/dev/$disk" && mount -t ext4 "/dev/$disk" /dev/shm/fs && truncate -s 32M /dev/shm/fs/disk &&
		losetup /dev/loop0 /dev/shm/fs/disk
	result $? "loop device over a file on $format"
	same "loop device over a file on $format write, read" "0 0" \
		"$(io loop0 512+0:none:1:0 fill:64:1000 read:64:1000)"
	sync
	echo 3 >/proc/sys/vm/drop_caches
	pibrd_fault "flip-data read bit=9"
	same "loop device over a file on $format fails if data changes" EIO "$(io loop0 512+0:none:1:0 read:64:1000)"
	pibrd_fault clear
	losetup -d /dev/loop0
	umount /dev/shm/fs
	pibrd_unmake a
}

engines
on_btrfs
on_swap
targets
over_a_file
pibrd_unload
result $? "pi_brd unloads"
