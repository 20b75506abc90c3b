# SPDX-License-Identifier: GPL-2.0
# Programs with metadata of their own on SCSI disks, pi_brd, zones, partitions, dm and md; at every place in memory; and
# when allocations fail.
# shellcheck shell=sh
. ./probe.sh
. ./scsi.sh
. ./stack.sh
. ./pibrd.sh
. ./paths.sh
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
pibrd_make a metadata_bytes=0 guard=none
same "a disk without metadata takes none" "EINVAL EINVAL" "$(io "$disk" 512+8:crc16:1:0 meta-bad:good)"
same "a disk without metadata has no capabilities" \
	"flags=0 interval=0 size=0 opaque=0@0 pi=0@0 guard=0 app=0 ref=0 storage=0" \
	"$(io "$disk" 512+8:crc16:1:0 meta-cap)"
pibrd_unmake a
pibrd_make a metadata_bytes=264 pi_offset=256
same "no capabilities of metadata above 255 bytes" EOVERFLOW "$(io "$disk" 512+264:crc16:1:256 meta-cap)"
meta_both "pi_brd 512+264" "$disk" 512+264:crc16:1:256
# A part of an I/O that must not wait could be done when another is refused, so one that is several bios is refused.
same "pi_brd 512+264, I/O that must not wait" "0 0 EAGAIN EAGAIN" "$(io "$disk" 512+264:crc16:1:256 meta-way:nowait)"
pibrd_unmake a

zone=12
while read -r nsid name _ format; do
	case $nvme:$name in
	nvme*:*zoned)
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
# The program numbers its blocks as the partition does, the medium otherwise.
same "partition, write of tuples that are read-only memory" "0 untouched 0" \
	"$(io "${below}p1" $format meta-map:64:read-only read:64:16)"
same "partition, write of metadata that was never touched" "0 untouched" \
	"$(io "${below}p1" $format meta-map:0:zero-page)"
meta_above "partition after that" "${below}p1" $format
same "partition capabilities" "$(cap_of $format 3)" "$(io "${below}p1" $format meta-cap)"
same "beyond the end of a partition" EINVAL "$(io "${below}p1" $format "meta-write:$((size - 8)):16")"

# dm_case NAME TABLE
dm_case() {
	printf '%b\n' "$2" | dmsetup --noudevsync create pi-meta 2>&1 | sed 's/^/# /'
	meta_above "$1" dm-0 "$format"
	same "$1 capabilities" "$(cap_of "$format" "$(cap_flags "$format")")" "$(io dm-0 "$format" meta-cap)"
}

dm_case dm-linear "0 400 linear /dev/${below}p1 24\n400 7000 linear /dev/${below}p2 1000"
on_medium "dm-linear medium before the cut" $((start1 + 24 + 64)) 64 336
on_medium "dm-linear medium after the cut" $((start2 + 1000)) 400 464
dmsetup --noudevsync remove pi-meta
dm_case dm-stripe "0 16384 striped 2 128 /dev/${below}p1 8 /dev/${below}p2 16"
on_medium "dm-stripe medium of the first disk" $((start1 + 8 + 64)) 64 64
on_medium "dm-stripe medium of the second disk" $((start2 + 16)) 128 128
dmsetup --noudevsync remove pi-meta

# It stores the metadata of those above it, through its journal or directly.
for mode in J D; do
	pibrd_make a metadata_bytes=0 guard=none
	format=512+8:none:1:0
	dm_case "dm-integrity $mode" "0 8192 integrity /dev/$disk 0 8 $mode 0"
	dmsetup --noudevsync remove pi-meta
	pibrd_unmake a
done
format=512+8:crc16:1:0

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

if [ -n "$nvme" ]; then
	meta_both "NVMe multipath" "$(path_head 1)" $format
	same "NVMe multipath capabilities" "$(cap_of $format 3)" "$(io "$(path_head 1)" $format meta-cap)"
fi

same "512 places in memory, 512+8" 0 "$(io "$below" $format meta-offsets:4096)"
same "512 places in memory, 4096+264" 0 "$(io "$(namespace 11)" 4096+264:crc16:1:256 meta-offsets:512)"

# Some allocations of the program and some accesses to its memory fail: its I/O may fail then, but leaves nothing.
injections="failslab fail_page_alloc fail_usercopy"
many=1000000

# inject PERCENT: of the program that asks for it
inject() {
	for injection in $injections; do
		fault=$faults/$injection
		echo 0 >"$fault/verbose"
		echo Y >"$fault/task-filter"
		echo $many >"$fault/times"
		echo 0 >"$fault/space"
		echo 1 >"$fault/interval"
		echo 0 >"$fault/stacktrace-depth"
		echo "$1" >"$fault/probability"
	done
	for fault in $faults/failslab $faults/fail_page_alloc; do
		echo N >"$fault/ignore-gfp-wait"
	done
	echo 0 >$faults/fail_page_alloc/min-order
}

# injected: prints how often each was, since inject()
injected() {
	for injection in $injections; do
		echo 0 >"$faults/$injection/probability"
		read -r left <"$faults/$injection/times"
		echo "$injection $((many - left))"
	done
}

# The content on the medium is that of each write, so a read is right or fails. The program is no file of the host: its
# pages that cannot be read stay so.
faulty() {
	cp "$pi_io" /dev/shm/pi_io
	for percent in 1 3 10; do
		inject $percent
		rounds=0
		while [ $rounds -lt 15 ]; do
			rounds=$((rounds + 1))
			/dev/shm/pi_io "/dev/$1" "$2" may-fail:1 meta-write:64:800 meta-read:64:800 \
				meta-way:fixed meta-way:workers meta-bad:unmapped meta-gone:unmap may-fail:0 2>/dev/null
			echo
		done
		injected >>/dev/shm/injected
	done
}

: >/dev/shm/injected
io "$(namespace 3)" 4096+64:crc16:1:56 meta-write:64:800 meta-way:plain >/dev/null
start=$(payloads)
faulty "$(namespace 3)" 4096+64:crc16:1:56 >/dev/shm/answers
same "programs under faults: nothing but these errors, and no wrong data" "" \
	"$(tr ' ' '\n' </dev/shm/answers | sort -u |
		grep -vxE '|0|E(AGAIN|CANCELED|FAULT|NOMEM)|no-ring' | tr '\n' ' ')"
for word in 0 EFAULT ENOMEM; do
	count=$(tr ' ' '\n' </dev/shm/answers | grep -cx $word)
	[ "$count" -gt 10 ]
	result $? "programs under faults: answers $word" "$count times"
done
for injection in $injections; do
	count=$(awk -v name="$injection" '$1 == name { n += $2 } END { print n + 0 }' /dev/shm/injected)
	[ "$count" -gt 10 ]
	result $? "programs under faults: $injection" "$count times"
done
none_left "programs under faults"
wait_for no_pins
same "programs under faults leave no page pinned" 0 "$(pinned_now)"
same "programs after faults" "0 0" \
	"$(io "$(namespace 3)" 4096+64:crc16:1:56 meta-write:64:800 meta-read:64:800)"

# A disk with one request, which takes a while: most of eight I/Os at once find no request.
async_issues() { trace_end; traced io_uring_queue_async_work; }

pibrd_load || result 1 "pi_brd loads"
pibrd_format a 4096+64:crc16:1:56 depth=1 complete=timer latency_ns=2000000
start=$(payloads)
IFS=, read -r finished refused wrong <<-END
	$(io "$disk" "$format" meta-nowait:64:20)
END
same "I/Os that must not wait: nothing but success and EAGAIN, content whole" 0 "$wrong"
[ "$finished" -gt 0 ] && [ "$refused" -gt 0 ]
result $? "I/Os that must not wait: both" "$finished done, $refused refused"
trace_begin
trace_on io_uring/io_uring_queue_async_work
same "I/Os that find no request are issued again" "320,0,0" "$(io "$disk" "$format" meta-crowd:64:20)"
count=$(async_issues)
[ "$count" -gt 0 ]
result $? "I/Os that find no request are issued again by workers" "$count times"
none_left "I/Os that find no request"
wait_for no_pins
same "I/Os that find no request leave no page pinned" 0 "$(pinned_now)"
pibrd_unmake a

# What a program does to its metadata while the disk surely works on it: an I/O takes half a second.
pibrd_format a 512+8:crc16:1:0 complete=timer latency_ns=500000000
start=$(payloads)
for what in unmap exit cancel; do
	same "metadata under way on a slow disk: $what" 0 "$(io "$disk" "$format" "meta-gone:$what")"
done
none_left "metadata under way on a slow disk"
wait_for no_pins
same "metadata under way on a slow disk leaves no page pinned" 0 "$(pinned_now)"
pibrd_unmake a
