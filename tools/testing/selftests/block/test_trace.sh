# SPDX-License-Identifier: GPL-2.0
# Our tracepoints, and through them and those of the kernel: how often kintegrityd is woken, on which CPUs it runs, and
# the allocations of an I/O.
# shellcheck shell=sh
. ./probe.sh
. ./scsi.sh

disk=$(namespace 1)
format=512+8:crc16:1:0

# events EVENT: prints the events of the device.
events() { sed -n "s/.* blk_integrity_$1: dev $(device_number "$disk") //p" $trace; }

trace_ours() {
	trace_begin
	for event in "$@"; do
		trace_on "blk_integrity/blk_integrity_$event" "$(device_filter "$disk")"
	done
}

trace_ours generate defer verify error
io "$disk" $format fill:64:100 read:70:50 >/dev/null
trace_end
same "tracepoint of a write" "interval 64 intervals 100" "$(events generate)"
same "tracepoint of a deferred read" "interval 70 intervals 50" "$(events defer)"
same "tracepoint of a read verified" "interval 70 intervals 50" "$(events verify)"
same "no tracepoint of an error" "" "$(events error)"

# A read of 1 MiB is verified in pieces, by the CPU of the interrupt and by the other one.
io "$disk" $format fill:4096:2048 >/dev/null
trace_ours defer verify
steps=$(yes read:4096:2048 | head -n 30)
# shellcheck disable=SC2086
found=$(taskset -c 0 "$pi_io" "/dev/$disk" $format $steps | tr ' ' '\n' | sort | uniq -c | tr -s ' ')
trace_end
same "large reads" " 30 0" "$found"
same "large reads are verified once" $((30 * 2048)) "$(events verify | awk '{ n += $4 } END { print n }')"
pieces=$(events verify | wc -l)
[ "$pieces" -ge $((30 * 4)) ]
result $? "large reads are verified in pieces" "$pieces pieces"

# Whether the other CPU takes a piece before the first one has is a matter of scheduling.
on_several_cpus() {
	trace_ours verify
	# shellcheck disable=SC2086
	taskset -c 0 "$pi_io" "/dev/$disk" $format $steps >/dev/null
	trace_end
	[ "$(sed -n 's/.*\[\([0-9]*\)\].* blk_integrity_verify: .*/\1/p' $trace | sort -u | wc -l)" -gt 1 ]
}
wait_for on_several_cpus
result $? "large reads are verified on several CPUs"

# The integrity code makes one allocation per I/O. Copies of writes have more, for their pages.
integrity "$disk" copy_writes never
allocations_of() { allocations "$disk" $format $(yes "$1" | head -n 20); }
same "allocations of 20 writes of 512 bytes" 20 "$(allocations_of fill:64:1)"
same "allocations of 20 writes of 64 KiB" 20 "$(allocations_of fill:64:128)"
same "allocations of 20 reads of 64 KiB" 20 "$(allocations_of read:64:128)"
same "allocations of 20 writes of 128 KiB" 40 "$(allocations_of fill:64:256)"

# order_of BYTES: prints the order of an allocation.
order_of() {
	order=0
	while [ $((4096 << order)) -lt "$1" ]; do order=$((order + 1)); done
	echo $order
}

# The metadata of the largest I/O is divided by the segments that the device takes: NVMe one in QEMU 7.2, and 15 in QEMU
# 10; scsi_debug as many as there are pages. What is above PAGE_ALLOC_COSTLY_ORDER, 3, is tried once: without it the I/O
# is split.
# Pages of slabs do not count.
# A device that does not take intervals in pieces gets whole ones, since copies of data have large pages too.
# largest ROW DISK FORMAT ORDER [ALIGNMENT]; ORDER is that of one segment
largest() {
	read -r usual <"/sys/block/$2/queue/max_sectors_kb"
	# The largest accepted size: one whose metadata is more than a request takes is rejected.
	read -r largest <"/sys/block/$2/queue/max_hw_sectors_kb"
	until echo "$largest" >"/sys/block/$2/queue/max_sectors_kb"; do
		largest=$((largest / 2))
	done 2>/dev/null
	integrity "$2" copy_writes never
	trace_begin
	echo 1 >$tracing/options/stacktrace
	trace_on kmem/mm_page_alloc 'order > 0'
	found=$(io "$2" "$3" "rw:${5:-$PI_ALIGN}:${5:-$PI_ALIGN}")
	echo 0 >$tracing/options/stacktrace
	trace_end
	echo "$usual" >"/sys/block/$2/queue/max_sectors_kb"
	integrity "$2" copy_writes unstable
	order=$(awk -v ours="$ours" '
		/: mm_page_alloc: / { match($0, /order=[0-9]+/); order = substr($0, RSTART + 6, RLENGTH - 6) + 0 }
		/^ => .*slab/ { order = 0 }
		/^ => / && $0 ~ ours && order > largest { largest = order }
		END { print largest + 0 }' $trace)
	found="$found, $order"
	read -r segments <"/sys/block/$2/queue/max_integrity_segments"
	bytes=$(echo "$3" | awk -F '[+:]' -v kb="$largest" '{ print kb * 1024 / $1 * $2 }')
	wanted=$4
	[ "$segments" = 1 ] || wanted=$(order_of $(((bytes + segments - 1) / segments)))
	same "$1 largest order of pages for metadata" "0, $wanted" "$found"
}

largest nvme-512+8 "$disk" $format 3
largest nvme-4096+64-last "$(namespace 3)" 4096+64:crc16:1:56 3
largest nvme-512+64-last "$(namespace 7)" 512+64:crc16:1:56 6
largest nvme-4096+264-last "$(namespace 11)" 4096+264:crc16:1:256 5
if scsi_load 512 1 0; then
	largest scsi-512-crc "$disk" $format 0 512
	scsi_unload
else
	result 1 "scsi_debug loads"
fi

# Simultaneous completions, such as those of scsi_debug at a tick, wake kintegrityd once.
if scsi_load 512 1 0; then
	io "$disk" $format fill:0:16384 >/dev/null
	integrity "$disk" inline_bytes 0
	trace_ours defer
	trace_kintegrityd
	burst "$disk"
	result $? "reads in bursts"
	trace_end
	deferred=$(events defer | wc -l)
	woken=$(traced workqueue_queue_work)
	[ "$deferred" -ge 1024 ] && [ $((woken * 8)) -lt "$deferred" ] && [ "$woken" -gt 0 ]
	result $? "bursts of reads wake kintegrityd few times" "$deferred reads, $woken work items"
	scsi_unload
else
	result 1 "scsi_debug loads"
fi
