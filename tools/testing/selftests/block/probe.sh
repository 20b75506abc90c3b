# SPDX-License-Identifier: GPL-2.0
# Observation of the integrity code: counters, tracepoints, and failing allocations.
# shellcheck shell=sh

faults=/sys/kernel/debug
tracing=/sys/kernel/tracing
mountpoint -q $tracing || mount -t tracefs none $tracing

# counter DISK NAME
counter() { sed -n "s/^$2 //p" "/sys/block/$1/integrity/stat"; }

# text_of FUNCTION...: prints "START END" of the kernel text from the first to the end of the last function.
text_of() {
	names=" $* "
	awk -v names="$names" '
		$2 !~ /^[tT]$/ { next }
		index(names, " " $3 " ") { if (!start) start = $1; inside = 1; next }
		inside { end = $1; inside = 0 }
		END { print "0x" start, "0x" end }
	' /proc/kallsyms
}

# faults_on [TEXT]: makes every allocation of payloads and buffers, or from that text, fail from now on, and no other.
faults_on() {
	# shellcheck disable=SC2046,SC2086
	set -- ${1:-$(text_of bip_alloc bip_object_alloc)}
	for fault in $faults/failslab $faults/fail_page_alloc; do
		echo 0 >$fault/verbose
		echo N >$fault/task-filter
		echo N >$fault/ignore-gfp-wait
		echo -1 >$fault/times
		echo 0 >$fault/space
		echo 1 >$fault/interval
		echo 32 >$fault/stacktrace-depth
		echo "$1" >$fault/require-start
		echo "$2" >$fault/require-end
	done
	echo N >$faults/failslab/cache-filter
	echo N >$faults/fail_page_alloc/ignore-gfp-highmem
	echo 0 >$faults/fail_page_alloc/min-order
	echo 100 >$faults/failslab/probability
	echo 100 >$faults/fail_page_alloc/probability
}

# faults_off: also removes the restriction to a text, because other tests let all allocations of a program fail.
faults_off() {
	for fault in $faults/failslab $faults/fail_page_alloc; do
		echo 0 >$fault/probability
		echo 0 >$fault/require-start
		echo 0xffffffffffffffff >$fault/require-end
	done
}

# press NAME DISK: runs many I/Os of all sizes at once, verified by fio, while allocations fail.
press() {
	faults_on
	fio --name="$2" --thread --filename="/dev/$2" --direct=1 --ioengine=io_uring --iodepth=32 \
		--rw=randwrite \
		--bsrange=4k-512k --size=6m --verify=crc32c --verify_fatal=1 >/dev/shm/fio 2>&1
	status=$?
	faults_off
	[ $status = 0 ] || sed 's/^/# /' /dev/shm/fio
	result $status "$1 without memory"
}

# device_number DISK: prints the number in the format of tracepoints and their filters.
device_number() { tr : , <"/sys/block/$1/dev"; }
device_filter() { IFS=: read -r major minor <"/sys/block/$1/dev" && echo "dev == $((major << 20 | minor))"; }

# trace_on EVENT [FILTER]
trace_on() {
	echo "${2:-0}" >"$tracing/events/$1/filter"
	echo 1 >"$tracing/events/$1/enable"
}

trace_begin() {
	echo 16384 >$tracing/buffer_size_kb
	echo 0 >$tracing/events/enable
	echo >$tracing/trace
}

# trace_end: ends tracing and sets $trace.
trace=/dev/shm/trace
trace_end() {
	echo 0 >$tracing/events/enable
	grep -v '^#' $tracing/trace >$trace
	echo >$tracing/trace
	echo 4 >$tracing/buffer_size_kb
}

# traced EVENT [WORDS]: prints the number of such events.
traced() { grep -F " $1: " $trace | grep -c "${2:-}"; }

# allocations DISK FORMAT STEP...: prints the allocations of the integrity code for the steps, without refills of slabs.
ours='bio_integrity|blk_integrity|bip_'
allocations() {
	trace_begin
	echo 1 >$tracing/options/stacktrace
	for event in kmem_cache_alloc kmalloc mm_page_alloc; do
		trace_on kmem/$event 'comm == "pi_io"'
	done
	io "$@" >/dev/null
	echo 0 >$tracing/options/stacktrace
	trace_end
	awk -v ours="$ours" '
		function flush() { if (mine && !slab) n++; mine = slab = event = 0 }
		/: (kmem_cache_alloc|kmalloc|mm_page_alloc): / { flush(); event = 1 }
		event && /^ => / { if ($0 ~ ours) mine = 1; if (/allocate_slab|new_slab|___slab_alloc/) slab = 1 }
		END { flush(); print n + 0 }' $trace
}

trace_kintegrityd() { trace_on workqueue/workqueue_queue_work 'workqueue == "kintegrityd"'; }

# burst DISK: reads 1024 times 4 KiB from a disk of scsi_debug, which completes up to 64 reads together, at a tick.
burst() {
	echo 1 >/sys/bus/pseudo/drivers/scsi_debug/delay
	fio --name=burst --thread --filename="/dev/$1" --direct=1 --ioengine=libaio --iodepth=64 \
		--iodepth_batch=64 --iodepth_batch_complete_min=64 --rw=read --bs=4k --size=4m >/dev/shm/fio 2>&1
}

# payloads: prints the live objects of every class, in one line. The numbers are exact, because the caches are debugged
# (slub_debug on the boot line) and KASAN, which keeps freed objects, releases them when a cache shrinks.
payloads() {
	for slab in /sys/kernel/slab/bip-* /sys/kernel/slab/bip_object; do
		echo 1 >"$slab/shrink"
	done
	awk '/^(bip-|bip_object)/ { printf "%s%s=%s", n++ ? " " : "", $1, $2 }' /proc/slabinfo
}

as_many_payloads() { [ "$(payloads)" = "$1" ]; }

# none_left NAME: there must be as many as at the $start; waits for those that RCU or a timeout frees.
none_left() {
	wait_for as_many_payloads "$start"
	same "$1 leaves no payload" "$start" "$(payloads)"
}
