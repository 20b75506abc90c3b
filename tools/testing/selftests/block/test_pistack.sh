# SPDX-License-Identifier: GPL-2.0
# pi_brd below md, dm and filesystems: a mirror heals, members that differ are rejected, and files are read back as
# written. Faults show that these tests would detect errors.
# shellcheck shell=sh
. ./probe.sh
. ./stack.sh
. ./pibrd.sh

pibrd_load || result 1 "pi_brd loads"

# heals FORMAT COUNTER ATTRIBUTE=VALUE...: reads of a corrupt member succeed, are counted, and correct it.
heals() {
	format=$1 what=$2
	shift 2
	pibrd_format a "$format" "$@"
	leg=$disk
	pibrd_format b "$format" "$@"
	md_make raid1 65536 "$leg" "$disk"
	# Reads prefer the first member.
	echo writemostly >"$md/dev-$disk/state"
	same "raid1 over pi_brd $format write, read" "0 0" "$(io md9 "$format" fill:100:64 read:100:64)"
	for where in data guard ref; do
		case $format-$where in *:3:*-ref) continue ;; esac
		before=$(counter "$leg" "$(heal_counter "$what" $where)")
		# md reads the bad member once more before it corrects it.
		same "raid1 over pi_brd $format${*:+, $*} heals $where" "0, 0, 2 more, generated" \
			"$(io "$leg" "$format" corrupt:110:$where), $(io md9 "$format" read:108:8), $((
			$(counter "$leg" "$(heal_counter "$what" $where)") - before)) more, $(
			io "$leg" "$format" tuples:100:64)"
	done
	[ "$(cat "$md/dev-$leg/errors")" -gt 0 ]
	result $? "raid1 over pi_brd $format counts what it corrected" "$(cat "$md/dev-$leg/errors") sectors"
	# With the other member corrupt too, there is no good copy.
	same "raid1 over pi_brd $format with both members corrupt" "0, 0, EIO|EILSEQ" \
		"$(io "$leg" "$format" corrupt:120:data), $(io "$disk" "$format" corrupt:120:data), $(
		io md9 "$format" read:118:8 | sed 's/^E\(IO\|ILSEQ\)$/EIO|EILSEQ/')"
	md_stop
	pibrd_unmake b
	pibrd_unmake a
}

# integrity_make NAME: makes a disk with metadata for the tags of dm-integrity, and sets $leg to the device above it,
# which has tags when it is written.
integrity_make() {
	pibrd_format "$1" 512+16:none:1:0
	echo "0 8192 integrity /dev/$disk 0 4 I 2 internal_hash:crc32c block_size:512" |
		dmsetup --noudevsync create "pi-$1"
	leg=dm-$(dmsetup info -c --noheadings -o minor "pi-$1")
	dd if=/dev/zero of="/dev/$leg" bs=1M count=4 oflag=direct 2>/dev/null
}

# dm-integrity, which stores its tags in the metadata, detects a corrupt member in place of device and host. Its data
# begins after a superblock of 8 sectors.
heals_above_integrity() {
	needs dm_integrity || return
	modprobe -d "$PI_MODULES" crc32c_generic 2>/dev/null
	integrity_make a
	bad=$disk bad_leg=$leg
	integrity_make b
	md_integrity=no
	md_make raid1 8192 "$bad_leg" "$leg"
	md_integrity=
	echo writemostly >"$md/dev-$leg/state"
	same "raid1 over dm-integrity write, read" "0 0" "$(io md9 "$format" fill:100:64 read:100:64)"
	same "raid1 over dm-integrity heals" "0, 0, 0" "$(io "$bad" "$format" corrupt:118:data), $(
		io md9 "$format" read:108:8), $(io "$bad_leg" "$format" read:100:64)"
	[ "$(cat "$md/dev-$bad_leg/errors")" -gt 0 ]
	result $? "raid1 over dm-integrity counts what it corrected" "$(cat "$md/dev-$bad_leg/errors") sectors"
	same "raid1 over dm-integrity: the bad member alone" "0, EILSEQ" \
		"$(io "$bad" "$format" corrupt:128:data), $(io "$bad_leg" "$format" read:118:8)"
	same "raid1 over dm-integrity with both members corrupt" "0, EIO|EILSEQ" \
		"$(io "$disk" "$format" corrupt:128:data), $(io md9 "$format" read:118:8 | sed 's/^E\(IO\|ILSEQ\)$/EIO|EILSEQ/')"
	md_stop
	for leg in a b; do
		dmsetup --noudevsync remove pi-$leg
		pibrd_unmake $leg
	done
}

# heal_counter WHO FIELD
heal_counter() {
	case $1-$2 in
	device-*) echo device_errors ;;
	host-ref) echo ref_errors ;;
	*) echo guard_errors ;;
	esac
}

# differ WORDS FORMAT OTHER-FORMAT [ATTRIBUTE=VALUE...]: a stack of both has no integrity, and the log has the reason.
differ() {
	words=$1 first_format=$2 other_format=$3
	shift 3
	pibrd_format a "$first_format"
	first=$disk
	pibrd_format b "$other_format" "$@"
	dmesg -C
	echo "0 16384 striped 2 128 /dev/$first 0 /dev/$disk 0" | dmsetup --noudevsync create pi-stripe
	[ -d /sys/block/dm-0 ] && [ ! -e /sys/block/dm-0/integrity/stat ]
	result $? "no integrity over $first_format and $other_format${*:+ $*}"
	said=$(dmesg | sed -n 's/.* no integrity for .*, since \(.*\)/\1/p' | sort -u)
	same "the log gives the reason for none over $first_format and $other_format${*:+ $*}" "$words" "$said"
	dmesg | grep "$words" | grep -q "$disk"
	result $? "the log names the disk over $first_format and $other_format${*:+ $*}"
	dmsetup --noudevsync remove pi-stripe
	pibrd_unmake b
	pibrd_unmake a
}

# replacement_differs: a mirror rejects a new member of another format, with the names of both devices in the log.
replacement_differs() {
	pibrd_format a 512+8:crc16:1:0
	first=$disk
	pibrd_format b 512+8:crc16:1:0
	md_make raid1 32768 "$first" "$disk"
	echo faulty >"$md/dev-$disk/state"
	old=$md/dev-$disk/state
	removed() { [ ! -e "$old" ] || echo remove 2>/dev/null >"$old"; }
	wait_for removed
	pibrd_format c 512+8:ip:1:0
	cat "/sys/block/$disk/dev" >$md/new_dev
	echo 0 >"$md/dev-$disk/offset"
	echo 16384 >"$md/dev-$disk/size"
	dmesg -C
	[ "$(echo 1 2>/dev/null >"$md/dev-$disk/slot"; echo $?)" != 0 ]
	result $? "md rejects a replacement of another format"
	dmesg | grep -q "md9: incompatible integrity profile for $disk"
	result $? "the log names array and replacement"
	dmesg | grep -q "$disk: .* since profile is T10-DIF-TYPE1-IP and for the members before T10-DIF-TYPE1-CRC"
	result $? "the log names the difference of the replacement"
	same "md continues without it" "0 0" "$(io md9 512+8:crc16:1:0 fill:100:64 read:100:64)"
	md_stop
	for leg in c b a; do pibrd_unmake $leg; done
}

# remount: mounts the filesystem on $disk with empty caches.
remount() {
	umount /dev/shm/fs && echo 3 >/proc/sys/vm/drop_caches && mount -t "$fs" "/dev/$disk" /dev/shm/fs
}

# same_file: tests whether $file, read from the disk, equals its source.
same_file() {
	echo 3 >/proc/sys/vm/drop_caches
	cmp -s "/dev/shm/fs/$file" "$tree/$file" && echo same && return
	cat "/dev/shm/fs/$file" >/dev/null 2>&1 && echo different && return
	echo error
}

# filesystem FS FORMAT
filesystem() {
	fs=$1
	needs "$fs" || return
	pibrd_format a "$2" size_mb=400
	mkdir -p /dev/shm/fs
	"mkfs.$fs" -q "/dev/$disk" && mount -t "$fs" "/dev/$disk" /dev/shm/fs && cp -r $tree/. /dev/shm/fs && remount
	result $? "$fs on $2"
	diff -r -x lost+found $tree /dev/shm/fs >/dev/shm/diff 2>&1
	result $? "$fs on $2 returns what was stored" "$(head -n 1 /dev/shm/diff)"

	# Negative controls, on one block of a file: a detected error, and one that no layer detects.
	file=pi_io.c
	block=$(filefrag -b1024 -v "/dev/shm/fs/$file" | awk '$1 == "0:" { print $4 + 0 }')
	interval=$((block * 1024 / ${2%%+*}))
	before=$(counter "$disk" guard_errors)
	pibrd_fault "flip-data read bit=77 first=$interval count=1"
	same "$fs on $2 with a block that changes" error "$(same_file)"
	[ "$(counter "$disk" guard_errors)" -gt "$before" ]
	result $? "$fs on $2 counts a block that changes"
	integrity "$disk" read_verify 0
	same "$fs on $2 with a block that changes unverified" different "$(same_file)"
	integrity "$disk" read_verify 1
	pibrd_fault clear
	same "$fs on $2 without the fault" same "$(same_file)"

	umount /dev/shm/fs
	case $fs in
	ext4) e2fsck -fn "/dev/$disk" >/dev/shm/fsck 2>&1 ;;
	xfs) xfs_repair -n "/dev/$disk" >/dev/shm/fsck 2>&1 ;;
	esac
	result $? "$fs on $2 passes fsck" "$(tail -n 1 /dev/shm/fsck)"
	same "$fs on $2: the device found nothing wrong" none "$(cat "$debug/last_error")"
	pibrd_unmake a
}

heals 512+8:crc16:1:0 device
heals 512+8:crc16:1:0 host check=0
heals 4096+64:crc64:1:48 device
heals 4096+16:crc32c:1:0 host check=0
heals_above_integrity

differ "pi_offset is 56 and for the members before 0" 4096+64:crc16:1:0 4096+64:crc16:1:56
differ "tuple_size is 16 and for the members before 8" 512+8:crc16:1:0 512+16:crc16:1:0
differ "profile is T10-DIF-TYPE1-IP and for the members before T10-DIF-TYPE1-CRC" 512+8:crc16:1:0 512+8:ip:1:0
differ "profile is T10-DIF-TYPE3-CRC and for the members before T10-DIF-TYPE1-CRC" 512+8:crc16:1:0 512+8:crc16:3:0
differ "profile is NVME-TYPE1-CRC32C and for the members before EXT-DIF-TYPE1-CRC64" \
	4096+16:crc64:1:0 4096+16:crc32c:1:0
differ "interval_exp is 9 and for the members before 12" 4096+8:crc16:1:0 4096+8:crc16:1:0 interval_bytes=512
differ "tag_size is 0 and for the members before 2" 512+8:crc16:1:0 512+8:crc16:1:0 app_tag_own=0
replacement_differs

tree=$PI_TESTS
filesystem ext4 512+8:crc16:1:0
filesystem xfs 4096+64:crc64:1:48
filesystem ext4 4096+16:crc32c:1:0
pibrd_unload
result $? "pi_brd unloads"
