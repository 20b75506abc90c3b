# SPDX-License-Identifier: GPL-2.0
# Pages that the kernel or a mapping changes while they are written: the bitmap of md, the journal of ext4, files over
# dm targets without integrity. No guard error with the default policies, errors without them. And md's write-behind,
# where a write ends before its second member has it.
# shellcheck shell=sh
. ./probe.sh
. ./client.sh
. ./paths.sh

needs ext4 dm-mirror dm-flakey dm-raid || return 0

stable_format=512+8:crc16:1:0
stable_a=$(namespace 1)
stable_b=$(path_head 1)
stable_disks="$stable_a $(path_disks 1)"
stable_dir=/dev/shm/stable
# There is no udev to wait for.
export MDADM_NO_UDEV=1
mkdir -p $stable_dir

# stable_copies unstable|never
stable_copies() {
	for disk in $stable_disks; do
		integrity "$disk" copy_writes "$1"
	done
}

# stable_errors: guards that the disks found wrong
stable_errors() {
	for disk in $stable_disks; do
		counter "$disk" device_errors
	done | awk '{ n += $1 } END { print n + 0 }'
}

stable_begin() { errors_before=$(stable_errors); }

# stable_found: guard errors since then
stable_found() { echo $(($(stable_errors) - errors_before)); }

# Every block has tuples: what a mirror copies or reads to compare was written once.
stable_fill() {
	for disk in $stable_a $stable_b; do
		dd if=/dev/zero of="/dev/$disk" bs=1M oflag=direct 2>/dev/null
	done
}

# stable_array OPTION...: md9 of both
stable_array() {
	stable_fill
	mdadm --create /dev/md9 --run --assume-clean --level=1 --raid-devices=2 --bitmap=internal "$@" \
		>/dev/shm/mdadm 2>&1 ||
		sed 's/^/# /' /dev/shm/mdadm
}

stable_array_end() {
	mdadm --stop /dev/md9 >/dev/null 2>&1
	wait_for gone /sys/block/md9
	mdadm --zero-superblock "/dev/$stable_a" "/dev/$stable_b"
}

members() { sed -n '/^md9 /,/^$/s/.* \(\[[U_]*\]\).*/\1/p' /proc/mdstat; }

# rewrite WRITES: 4 KiB each, at random; bits of the bitmap are set and cleared all the time.
rewrite() {
	fio --name=bits --thread --filename=/dev/md9 --direct=1 --ioengine=libaio --iodepth=16 --numjobs=4 --bs=4k \
		--rw=randwrite --norandommap --number_ios="$1" --size=100% >/dev/shm/fio 2>&1
}

bitmap() {
	stable_copies unstable
	stable_array --metadata=1.2 --bitmap-chunk=64K "/dev/$stable_a" "/dev/$stable_b"
	stable_begin
	rewrite 1000
	same "md bitmap: random writes" "0 [UU] 0" "$? $(members) $(stable_found)"
	stable_array_end

	stable_copies never
	stable_array --metadata=1.2 --bitmap-chunk=64K "/dev/$stable_a" "/dev/$stable_b"
	stable_begin
	rounds=0
	while [ "$(members)" = "[UU]" ] && [ $rounds -lt 100 ]; do
		rewrite 500
		rounds=$((rounds + 1))
	done
	[ "$(stable_found)" -gt 0 ]
	result $? "md bitmap: as it is" "$(stable_found) guard errors, $(members) after $rounds rounds"
	stable_copies unstable
	stable_array_end
}

# mapped_file DEVICE TIMES OPTION: a file that two processes change by a mapping, and msync(); sets $answered and $found
mapped_file() {
	mkfs.ext4 -q -F -E nodiscard "/dev/$1" 40m >/dev/null 2>&1
	mount -t ext4 -o "$3" "/dev/$1" $stable_dir || result 1 "ext4 on $1"
	: >$stable_dir/file
	stable_begin
	answered=$(io ../$stable_dir/file $stable_format "churn-map:0:$2")
	umount $stable_dir
	found=$(stable_found)
}

# mapped NAME DEVICE TIMES OPTION
mapped() {
	mapped_file "$2" "$3" "$4"
	same "$1" "0,0 0" "$answered $found"
}

# mapped_bad NAME DEVICE TIMES OPTION: there are guard errors, sooner or later.
mapped_bad() {
	rounds=0 found=0
	while [ "$found" = 0 ] && [ $rounds -lt 50 ]; do
		mapped_file "$2" "$3" "$4"
		rounds=$((rounds + 1))
	done
	[ "$found" != 0 ] && [ "${answered%,*}" -gt 0 ]
	result $? "$1" "EILSEQ, else: $answered, guard errors: $found, round $rounds"
}

# pages_stable DISK 0|1: whether files on it, from their next mount on, are not changed under writeback
pages_stable() { echo "$2" >"/sys/block/$1/queue/stable_writes"; }

journal() {
	mapped "ext4 data=journal, mapped" "$stable_a" 60 data=journal
	pages_stable "$stable_a" 0
	mapped "ext4 data=journal, mapped, pages not stable" "$stable_a" 20 data=journal
	pages_stable "$stable_a" 1
}

# over_dm NAME TABLE: the target hands on that its members ask for stable pages, so there is nothing to copy.
over_dm() {
	stable_fill
	stable_copies never
	echo "$2" | dmsetup --noudevsync create pi-stable || result 1 "$1: table"
	upper=$(basename "$(readlink -f /dev/mapper/pi-stable)")
	[ -b "/dev/$upper" ] || upper=dm-0
	same "$1 asks for stable pages" 1 "$(cat "/sys/block/$upper/queue/stable_writes")"
	mapped "$1, mapped" "$upper" 10 data=ordered
	pages_stable "$upper" 0
	stable_copies unstable
	mapped "$1, mapped, pages not stable" "$upper" 10 data=ordered
	case $(dmsetup status pi-stable) in
	*" mirror "*" AA "* | *" raid1 "*" AA "* | *" flakey "*) result 0 "$1 is whole" ;;
	*) result 1 "$1 is whole" "$(dmsetup status pi-stable)" ;;
	esac
	# No member of a dm-raid may fail here. Without metadata devices, dm-raid declares the metadata external:
	# after a failed write, md sets MD_SB_CHANGE_PENDING and blocks all writes until a program has recorded the
	# failure and clears that by array_state in sysfs. A dm device has no array_state, so msync waits for ever.
	if [ "$1" != dm-raid ]; then
		stable_copies never
		mapped_bad "$1, mapped, pages neither stable nor copied" "$upper" 10 data=ordered
		stable_copies unstable
	fi
	dmsetup --noudevsync remove pi-stable
}

# behind_tags: what a submitter that owns its metadata wrote behind is on both members.
behind_tags() {
	client_load || { result 1 "pi_client loads"; return; }
	stable_behind
	same "md write-behind, tags of a submitter" "0, 0" "$(client write md9 64 304 7), $(client read md9 64 304 7)"
	behind=$(cat /sys/block/md9/md/bitmap/max_backlog_used)
	[ "$behind" -gt 0 ]
	result $? "md writes behind" "$behind at a time"
	stable_array_end
	for disk in $stable_a $stable_b; do
		same "md write-behind, medium of $disk" tagged \
			"$(io "$disk" $stable_format salt:7 tagged:512:2432)"
	done
	client_unload
}

# With the superblock at the end, blocks have the same numbers on the array and on its members.
stable_behind() {
	stable_array --metadata=1.0 --bitmap-chunk=64K --write-behind=64 "/dev/$stable_a" \
		--write-mostly "/dev/$stable_b"
}

behind_ungenerated() {
	for disk in $(path_disks 1); do
		integrity "$disk" write_generate 0
	done
	stable_behind
	stable_begin
	client_load
	same "md write-behind to a member without generation, tags" 0 "$(client write md9 64 304 7)"
	client_unload
	rewrite 1000
	same "md write-behind to a member without generation" "0 [UU] 0" "$? $(members) $(stable_found)"
	[ "$(cat /sys/block/md9/md/bitmap/max_backlog_used)" -gt 0 ]
	result $? "md writes behind to a member without generation"
	stable_array_end
	for disk in $(path_disks 1); do
		integrity "$disk" write_generate 1
	done
}

bitmap
journal
over_dm dm-flakey "0 100000 flakey /dev/$stable_a 0 3600 0"
over_dm dm-mirror "0 100000 mirror core 2 1024 nosync 2 /dev/$stable_a 0 /dev/$stable_b 0"
over_dm dm-raid "0 100000 raid raid1 2 0 nosync 2 - /dev/$stable_a - /dev/$stable_b"
behind_tags
behind_ungenerated
