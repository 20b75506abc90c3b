# SPDX-License-Identifier: GPL-2.0
# pi_brd: storage and checks of every format, rejected attributes, and removal under I/O.
# shellcheck shell=sh
. ./probe.sh
. ./pibrd.sh
. ./client.sh

pibrd_load || result 1 "pi_brd loads"

formats() {
	while read -r format more; do
		# shellcheck disable=SC2086
		pibrd_format a "$format" $more || result 1 "pi_brd makes $format"
		read -r align <$pibrd_config/a/dma_alignment
		same "pi_brd $format $more write, read, medium" "0 generated 0 0 generated" \
			"$(io "$disk" "$format" "rw:$align:$align" tuples fill:600:300 read:600:300 tuples:600:300)" \
			"errors of the device: $(cat "$debug/last_error")"
		same "pi_brd $format $more unwritten, discarded, zeroed" "escapes, 0 escapes, 0 0 escapes 0 generated" \
			"$(io "$disk" "$format" escapes:16000:40), $(blkdiscard "/dev/$disk"; echo $?) $(
			io "$disk" "$format" escapes:600:300), $(
			io "$disk" "$format" fill:600:300) $(
			blkdiscard -z -o $((610 * ${format%%+*})) -l $((270 * ${format%%+*})) "/dev/$disk"; echo $?) $(
			io "$disk" "$format" escapes:610:270 read:600:10 tuples:880:20)"
		pibrd_unmake a
	done <<-END
		512+8:crc16:1:0
		512+8:crc16:2:0 queues=$(nproc) complete=softirq
		512+8:crc16:3:0
		512+8:ip:1:0 complete=timer latency_ns=20000
		512+16:crc64:1:0 virt_boundary=1 max_integrity_segments=1
		512+16:crc32c:1:0
		512+12:crc16:1:4 max_integrity_segments=3 max_segment_bytes=4096 max_segments=5
		512+264:crc64:1:248
		4096+8:crc16:1:0 max_io_kb=16
		4096+16:crc64:3:0
		4096+64:crc16:1:56 dma_alignment=512
		4096+64:crc32c:1:48
		4096+24:crc64:1:8 max_integrity_segments=1
		4096+4096:crc16:1:4088
	END
	pibrd_format a 4096+16:none:1:0
	same "pi_brd opaque metadata" "0 generated" "$(io "$disk" "$format" rw tuples)"
	pibrd_unmake a
	# Small intervals in a large block.
	pibrd_make a block_bytes=4096 interval_bytes=512
	same "pi_brd intervals of 512 bytes in blocks of 4096" "0 0 generated" \
		"$(io "$disk" 512+8:crc16:1:0 fill:64:800 read:64:800 tuples:64:800)"
	pibrd_unmake a
	# Reads of a null device pass verification too.
	pibrd_make a store=0
	before=$(counter "$disk" verified_intervals)
	same "pi_brd without a store" "0 DIFFERENT 100" "$(io "$disk" 512+8:crc16:1:0 fill:64:100 read:64:100) $(
		echo $(($(counter "$disk" verified_intervals) - before)))"
	same "pi_brd without a store keeps nothing" "512, refused, 0" \
		"$(head -c 512 "$debug/data" | wc -c), $(
		dd if=/dev/urandom of="$debug/data" bs=512 count=1 conv=notrunc 2>&1 |
			grep -q 'not supported' && echo refused), $(
		blkdiscard "/dev/$disk"; echo $?)"
	pibrd_unmake a
}

# refused WORDS-OF-THE-LOG ATTRIBUTE=VALUE...
refused() {
	words=$1
	shift
	dmesg -C
	if pibrd_make a "$@" 2>/dev/null; then
		result 1 "pi_brd refuses $*" "made $disk"
	else
		dmesg | grep -qF "$words"
		result $? "pi_brd refuses $*" "$(dmesg | tail -n 1)"
	fi
	pibrd_unmake a
}

refusals() {
	refused "block_bytes is 1000, must be" block_bytes=1000
	refused "block_bytes is 8192, must be" block_bytes=8192
	refused "interval_bytes is 4096, must be" interval_bytes=4096
	refused "metadata_bytes is 4097, must be" metadata_bytes=4097
	refused "pi_offset is 1: a tuple of 8 bytes there" pi_offset=1
	refused "metadata_bytes is 0, must be at least 16" metadata_bytes=0 guard=crc64
	refused "pi_offset is 100: a tuple of 0 bytes there" metadata_bytes=0 guard=none pi_offset=100
	refused "type is 4, must be" type=4
	refused "max_segment_bytes is 512, must be" max_segment_bytes=512
	refused "dma_alignment is 3, must be" dma_alignment=3
	refused "max_io_kb is 1, must be" max_io_kb=1
	refused "queues is 0, poll_queues is 0" queues=0
	refused "depth is 0, must be" depth=0
	refused "max_segments is 0, " max_segments=0
	refused "size_mb is 0, must be" size_mb=0
	refused "size_mb is 18446744073709551615, must be" size_mb=18446744073709551615
	refused "latency_ns is 10000000000, must be" latency_ns=10000000000
	refused "zone_mb is 3, must be" zone_mb=3
	refused "append_kb is 2147483648, must be" append_kb=2147483648
	pibrd_make a
	for rule in "flip-guard" "flip-guard nowhere" "drop read" "flip-data write bit=4096" "tear medium bytes=512" \
		"misdirect medium to=131072" "pieces read bytes=100" "delay write usecs=99999999" "x write" "fail write y=1" \
		"remove 7" "flip-opaque medium"; do
		pibrd_fault "$rule" 2>/dev/null
		[ $? != 0 ]
		result $? "pi_brd rejects the rule $rule"
	done
	same "pi_brd keeps no rejected rule" "" "$(cat "$debug/faults")"
	[ "$(echo 8 2>/dev/null >$pibrd_config/a/metadata_bytes; echo $?)" != 0 ]
	result $? "pi_brd refuses changes while there is power"
	pibrd_unmake a
}

# copied STEP...: prints the results of the steps, whether data was copied, and whether the device met split intervals.
copied() {
	copies=$(counter "$disk" aligned_copies) split=$(pibrd_count split)
	echo "$(io "$disk" "$format" "$@"), copied $(($(counter "$disk" aligned_copies) > copies)), split $((
		$(pibrd_count split) > split))"
}

# The device that accepts split intervals shows that these steps have some.
split_intervals() {
	while read -r format; do
		for accepts in 1 0; do
			pibrd_format a "$format" split_intervals=$accepts
			seen="copied $((!accepts)), split $accepts"
			name="pi_brd $format, split_intervals=$accepts,"
			same "$name generated metadata" "0 generated, $seen" "$(copied rw:4:4 tuples)"
			same "$name metadata of a program" "0 0 0 0, $seen" "$(copied meta-way:split)"
			same "$name whole intervals" "0 0 0 0 0 0, copied 0, split 0" \
				"$(copied meta-way:plain fill:64:100 read:64:100)"
			pibrd_unmake a
		done
	done <<-END
		512+8:crc16:1:0
		4096+64:crc64:1:48
		512+264:crc16:3:0
		4096+16:none:1:0
	END
	# Without tuples, the device generates them from the stream of data.
	pibrd_format a 512+8:crc16:1:0 split_intervals=0
	integrity "$disk" write_generate 0
	integrity "$disk" read_verify 0
	same "pi_brd split_intervals=0 without metadata" "0 generated, copied 0, split 0" "$(copied rw:4:4 tuples)"
	pibrd_unmake a
}

# Interval numbers that do not fit the reference tag.
wraps() {
	pibrd_format a 512+8:crc16:1:0 size_mb=$((2097152 + 64))
	same "pi_brd wrap at 2^32" "0 0 generated" \
		"$(io "$disk" "$format" fill:4294967200:300 read:4294967200:300 tuples:4294967200:300)"
	same "pi_brd wrap at 2^32: first block is untouched" escapes "$(io "$disk" "$format" escapes:0:8)"
	pibrd_unmake a
	pibrd_format a 512+16:crc64:1:0 size_mb=$((137438953472 + 64))
	same "pi_brd wrap at 2^48" "0 0 generated" \
		"$(io "$disk" "$format" fill:281474976710600:300 read:281474976710600:300 tuples:281474976710600:300)"
	pibrd_unmake a
	pibrd_format a 512+16:crc32c:1:0 size_mb=$((137438953472 + 64))
	same "pi_brd no wrap in 64 bits" "0 0 generated" \
		"$(io "$disk" "$format" fill:281474976710600:300 read:281474976710600:300 tuples:281474976710600:300)"
	same "pi_brd partition there" "0 0 generated" "$(part_make "$disk" 1 281474976710601 600
		io "${disk}p1" "$format" fill:0:300 read:0:300) $(
		PI_SHIFT=$((-281474976710601 * 512)) io "$disk" "$format" tuples:281474976710601:300)"
	delpart "/dev/$disk" 1
	pibrd_unmake a
}

# Rules count, end and fire again according to their numbers.
rules() {
	pibrd_format a 512+8:crc16:1:0
	io "$disk" "$format" fill:0:64 >/dev/null
	# Second readings would match the rules too.
	integrity "$disk" rereads 0
	pibrd_fault "flip-data read first=8 count=2 times=3"
	pibrd_fault "fail read first=16 count=1 every=3"
	pibrd_fault "fail read errno=61 first=24 count=1 percent=50 seed=3"
	same "pi_brd rule with times" "EILSEQ EILSEQ 0" "$(io "$disk" "$format" read:8:2 read:9:1 read:8:2)"
	same "pi_brd rule with every" "0 0 EIO 0 0 EIO" "$(io "$disk" "$format" \
		read:16:1 read:16:1 read:16:1 read:16:1 read:16:1 read:16:1)"
	draws=$(io "$disk" "$format" read:24:1 read:24:1 read:24:1 read:24:1 read:24:1 read:24:1 read:24:1 read:24:1)
	case $draws in
	*0*ENODATA* | *ENODATA*0*) result 0 "pi_brd rule with percent" ;;
	*) result 1 "pi_brd rule with percent" "$draws" ;;
	esac
	same "pi_brd lists and counts a rule" "1: flip-data read first=8 count=2 times=3, matched 5, fired 3" \
		"$(head -n 1 "$debug/faults")"
	same "pi_brd lists and counts another one" "2: fail read first=16 count=1 every=3, matched 6, fired 2" \
		"$(sed -n 2p "$debug/faults")"
	pibrd_fault remove 3
	pibrd_fault "fail read errno=61 first=24 count=1 percent=50 seed=3"
	same "pi_brd rule with the same seed" "$draws" "$(io "$disk" "$format" \
		read:24:1 read:24:1 read:24:1 read:24:1 read:24:1 read:24:1 read:24:1 read:24:1)"
	pibrd_fault clear
	same "pi_brd without rules" "0 0" "$(io "$disk" "$format" read:0:64 read:24:1)"
	pibrd_fault "stale read first=3 count=1"
	stale="$(io "$disk" "$format" salt:5 fill:3:1), $(io "$disk" "$format" read:3:1 salt:5 read:3:1)"
	pibrd_fault clear
	same "pi_brd stale block" "0, 0 DIFFERENT 0" "$stale $(io "$disk" "$format" salt:5 read:3:1)"
	pibrd_fault "stale read first=3 count=1"
	same "pi_brd keeps no version from before the rule" 0 "$(io "$disk" "$format" salt:5 read:3:1)"
	pibrd_fault clear
	integrity "$disk" rereads 1
	pibrd_fault "flip-data read first=8 count=1 times=1"
	same "pi_brd transient fault heals" "0 1" \
		"$(io "$disk" "$format" read:4:16) $(sed -n 's/^healed_intervals //p' "/sys/block/$disk/integrity/stat")"
	pibrd_fault clear
	pibrd_unmake a
}

# The device makes the checks that a submitter requests.
app_tags() {
	client_load || { result 1 "pi_client loads"; return; }
	while read -r format; do
		pibrd_format a "$format"
		client write "$disk" 64 8 1 >/dev/null
		same "pi_brd $format app tag that is not there" EILSEQ \
			"$(client read "$disk" 64 8 1 checks=guard+ref+app app=0x4711 | sed 's/^-\([A-Z]*\).*/\1/')"
		case $(cat "$debug/last_error") in
		"read interval "*" tag app expected 0x4711 found 0x"*) result 0 "pi_brd $format finds the app tag" ;;
		*) result 1 "pi_brd $format finds the app tag" "$(cat "$debug/last_error")" ;;
		esac
		pibrd_unmake a
	done <<-END
		512+8:crc16:1:0
		4096+64:crc64:1:48
		4096+16:crc32c:1:0
	END
	client_unload
}

polled() {
	for complete in inline timer; do
		pibrd_make a poll_queues=1 complete=$complete latency_ns=50000
		fio --name=poll --thread --filename="/dev/$disk" --direct=1 --ioengine=io_uring --hipri=1 \
			--iodepth=16 --rw=randwrite --bsrange=512-64k --size=4m --verify=crc32c --verify_fatal=1 \
			>/dev/shm/fio 2>&1
		status=$?
		[ $status = 0 ] || sed 's/^/# /' /dev/shm/fio
		result $status "pi_brd polled, $complete"
		grep -q . "/sys/kernel/debug/block/$disk/hctx1/type" 2>/dev/null &&
			same "pi_brd polls, $complete" poll "$(cat "/sys/kernel/debug/block/$disk/hctx1/type")"
		pibrd_unmake a
	done
}

# A program that submitted polled I/O is stopped, so that it never polls. User Mode Linux does not survive that signal.
stopped() {
	grep -q 'User Mode Linux' /proc/cpuinfo && {
		result 0 "pi_brd power off with polled I/O of a stopped program # SKIP User Mode Linux cannot stop it"
		return
	}
	pibrd_make a poll_queues=1
	echo 1000 >"/sys/block/$disk/queue/io_timeout"
	fio --name=poll --thread --filename="/dev/$disk" --direct=1 --ioengine=io_uring --hipri=1 --iodepth=16 \
		--rw=randread --bs=4k --size=4m --runtime=1h --time_based >/dev/null 2>&1 &
	user=$!
	wait_for_io "$disk"
	kill -STOP $user
	pibrd_unmake a
	result $? "pi_brd power off with polled I/O of a stopped program"
	kill -KILL $user
	wait $user
}

# The power is switched off, and the directory removed, while delayed requests are in flight.
removals() {
	for how in power rmdir; do
		pibrd_make a complete=timer latency_ns=5000000 depth=256
		pibrd_fault "delay write usecs=30000 percent=20"
		fio --name=end --thread --filename="/dev/$disk" --direct=1 --ioengine=libaio --iodepth=64 --rw=randrw \
			--bsrange=512-64k --size=32m --runtime=1h --time_based >/dev/null 2>&1 &
		user=$!
		exec 7<"/dev/$disk"
		until [ "$(pibrd_count writes)" -gt 100 ]; do sleep 0.1; done
		case $how in
		power) echo 0 >$pibrd_config/a/power ;;
		rmdir) pibrd_unmake a ;;
		esac
		result $? "pi_brd $how under I/O"
		wait $user
		[ ! -e "/sys/block/$disk" ]
		result $? "pi_brd is gone after $how"
		[ "$(head -c 512 <&7 2>/dev/null | wc -c)" = 0 ]
		result $? "pi_brd fails I/O of openers after $how"
		exec 7<&-
		[ $how = rmdir ] || pibrd_unmake a
	done
}

zones() {
	while read -r format; do
		pibrd_format a "$format" size_mb=32 zone_mb=4
		zone=$((4 * 1048576 / ${format%%+*}))
		same "pi_brd zoned $format" "0 0 0 generated" "$(io "$disk" "$format" fill:$zone:1 \
			fill:$((zone + 1)):300 read:$zone:301 tuples:$zone:301)"
		same "pi_brd zoned $format elsewhere, after a reset" "EIO, 0 escapes, 0" \
			"$(io "$disk" "$format" fill:$((zone + 400)):1), $(
			blkzone reset -o $((zone * ${format%%+*} / 512)) -c 1 "/dev/$disk" >/dev/null; echo $?) $(
			io "$disk" "$format" escapes:$zone:301), $(io "$disk" "$format" fill:$zone:1)"
		pibrd_unmake a
	done <<-END
		4096+8:crc16:1:0
		4096+16:crc32c:1:0
	END
}

formats
split_intervals
refusals
wraps
rules
app_tags
polled
stopped
removals
zones
pibrd_unload
result $? "pi_brd unloads"
