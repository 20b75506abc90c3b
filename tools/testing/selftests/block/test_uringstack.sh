# SPDX-License-Identifier: GPL-2.0
# Programs with metadata of their own on SCSI disks, pi_brd, zones, partitions, dm and md; at every place in memory; and
# when allocations fail.
# shellcheck shell=sh
. ./probe.sh
. ./scsi.sh
. ./stack.sh
. ./pibrd.sh
. ./meta.sh

# scsi_debug checks all tags or none.
scsi_meta() {
	if ! scsi_load "$1" "$2" "$3"; then
		result 1 "scsi_debug $4 loads"
		return
	fi
	meta_both "scsi-$4 type $2" "$disk" "$4"
	one="EILSEQ,0,EILSEQ,0"
	case $2 in
	3) same "scsi-$4 type 3 checks" "0,0 $one" "$(io "$disk" "$4" meta-wrong:64:3)" ;;
	*) same "scsi-$4 type $2 checks" "0,0 $one $one" "$(io "$disk" "$4" meta-wrong:64:3)" ;;
	esac
	same "scsi-$4 type $2 capabilities" "$(cap_of "$4" "$(cap_flags "$4")")" "$(io "$disk" "$4" meta-cap)"
	scsi_unload
}

scsi_meta 512 1 0 512+8:crc16:1:0
scsi_meta 4096 1 0 4096+8:crc16:1:0
scsi_meta 512 1 1 512+8:ip:1:0
scsi_meta 4096 1 1 4096+8:ip:1:0
scsi_meta 512 3 0 512+8:crc16:3:0

pibrd_load || result 1 "pi_brd loads"
while read -r line; do
	# shellcheck disable=SC2086
	pibrd_format a $line || result 1 "pi_brd makes $line"
	meta_both "pi_brd $line" "$disk" "$format"
	one="0,0 EILSEQ,0 EILSEQ,0"
	case $format in
	*:crc32c:* | *:none:*) ;;
	*:3:*) same "pi_brd $line checks" "guard $one app $one" "$(io "$disk" "$format" meta-checks:64:5)" ;;
	*) same "pi_brd $line checks" "guard $one ref $one app $one" "$(io "$disk" "$format" meta-checks:64:7)" ;;
	esac
	pibrd_unmake a
done <<-END
	512+8:crc16:1:0
	512+8:ip:1:0 complete=timer latency_ns=20000
	512+16:crc64:1:0 virt_boundary=1 max_integrity_segments=1
	512+16:crc32c:1:0
	512+12:crc16:1:4 max_integrity_segments=3 max_segment_bytes=4096 max_segments=5
	4096+8:crc16:1:0 max_io_kb=16
	4096+16:crc64:3:0
	4096+64:crc16:1:56 dma_alignment=512
	4096+24:crc64:1:8 max_integrity_segments=1
	4096+16:none:1:0
END
pibrd_make a block_bytes=4096 interval_bytes=512
meta_both "pi_brd intervals of 512 bytes in blocks of 4096" "$disk" 512+8:crc16:1:0
same "half a block is refused" "EINVAL" "$(io "$disk" 512+8:crc16:1:0 meta-write:64:4)"
pibrd_unmake a
pibrd_make a metadata_bytes=264 pi_offset=256
same "no capabilities of metadata above 255 bytes" EOVERFLOW "$(io "$disk" 512+264:crc16:1:256 meta-cap)"
meta_both "pi_brd 512+264" "$disk" 512+264:crc16:1:256
pibrd_unmake a

zone=12
while read -r nsid name _ format; do
	case $name in
	*zoned)
		same "nvme-$name metadata of a program" "0 0 generated 0" \
			"$(io "$(namespace "$nsid")" "$format" "meta-write:$((zone * 1024)):600" \
				"read:$((zone * 1024)):600" "tuples:$((zone * 1024)):600" \
				"meta-read:$((zone * 1024)):600")"
		;;
	esac
done <namespaces

below=$(namespace 1)
format=512+8:crc16:1:0
start1=20481 start2=53249 size=16384

# on_medium NAME START-BELOW START-ABOVE COUNT: of what the program wrote above.
on_medium() {
	same "$1" generated "$(PI_SHIFT=$((($3 - $2) * 512)) io "$below" $format "tuples:$2:$4")"
}

part_make "$below" 1 $start1 $size
part_make "$below" 2 $start2 $size
meta_above "partition" "${below}p1" $format
on_medium "partition medium" $((start1 + 64)) 64 800
same "partition capabilities" "$(cap_of $format 3)" "$(io "${below}p1" $format meta-cap)"
same "beyond the end of a partition" EINVAL "$(io "${below}p1" $format "meta-write:$((size - 8)):16")"

# dm_case NAME TABLE
dm_case() {
	printf '%b\n' "$2" | dmsetup --noudevsync create pi-meta 2>&1 | sed 's/^/# /'
	meta_above "$1" dm-0 $format
	same "$1 capabilities" "$(cap_of $format 3)" "$(io dm-0 $format meta-cap)"
}

dm_case dm-linear "0 400 linear /dev/${below}p1 24\n400 7000 linear /dev/${below}p2 1000"
on_medium "dm-linear medium before the cut" $((start1 + 24 + 64)) 64 336
on_medium "dm-linear medium after the cut" $((start2 + 1000)) 400 464
dmsetup --noudevsync remove pi-meta
dm_case dm-stripe "0 16384 striped 2 128 /dev/${below}p1 8 /dev/${below}p2 16"
on_medium "dm-stripe medium of the first disk" $((start1 + 8 + 64)) 64 64
on_medium "dm-stripe medium of the second disk" $((start2 + 16)) 128 128
dmsetup --noudevsync remove pi-meta

md_make raid0 $size "${below}p1" "${below}p2"
meta_above raid0 md9 $format
same "raid0 capabilities" "$(cap_of $format 3)" "$(io md9 $format meta-cap)"
on_medium "raid0 medium of the first disk" $((start1 + 64)) 64 64
on_medium "raid0 medium of the second disk" $start2 128 128
md_stop
md_make raid1 $size "${below}p1" "${below}p2"
meta_above raid1 md9 $format
same "raid1 capabilities" "$(cap_of $format 3)" "$(io md9 $format meta-cap)"
on_medium "raid1 medium of the first disk" $((start1 + 64)) 64 800
on_medium "raid1 medium of the second disk" $((start2 + 64)) 64 800
md_stop
delpart "/dev/$below" 1
delpart "/dev/$below" 2

same "512 places in memory, 512+8" 0 "$(io "$below" $format meta-offsets:4096)"
same "512 places in memory, 4096+264" 0 "$(io "$(namespace 11)" 4096+264:crc16:1:256 meta-offsets:512)"

# Any allocation of the program fails, one in ten: what it does then may fail, but leaves nothing.
faulty() {
	for fault in "$faults/failslab" "$faults/fail_page_alloc"; do
		echo 0 >"$fault/verbose"
		echo Y >"$fault/task-filter"
		echo N >"$fault/ignore-gfp-wait"
		echo -1 >"$fault/times"
		echo 0 >"$fault/space"
		echo 1 >"$fault/interval"
		echo 0 >"$fault/stacktrace-depth"
		echo 10 >"$fault/probability"
	done
	for round in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 21 22 23 24 25 26 27 28 29 30; do
		(
			echo 1 >/proc/self/make-it-fail
			exec /dev/shm/pi_io "/dev/$1" "$2" meta-write:64:800 meta-read:64:800 meta-way:fixed \
				meta-way:workers meta-bad:unmapped meta-gone:unmap
		) >/dev/null 2>&1
	done
	faults_off
}

# Not from the disk: pages of the program that cannot be read stay so.
cp "$pi_io" /dev/shm/pi_io
start=$(payloads)
faulty "$(namespace 3)" 4096+64:crc16:1:56
none_left "metadata of a program without memory"
wait_for no_pins
same "metadata of a program without memory leaves no page pinned" 0 "$(pinned_now)"
same "metadata of a program after that" "0 0" \
	"$(io "$(namespace 3)" 4096+64:crc16:1:56 meta-write:64:800 meta-read:64:800)"
