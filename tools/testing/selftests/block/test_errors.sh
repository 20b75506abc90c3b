# SPDX-License-Identifier: GPL-2.0
# Reports of errors: counters, log line, uevent, tracepoint; and "on_error", which decides whether the reader gets the
# data. Uses scsi_debug, whose own checks can be switched off.
# shellcheck shell=sh
. ./probe.sh
. ./scsi.sh

format=512+8:crc16:1:0

# counts NAME COUNTER BY STEP...: the counter must grow by BY, or by more than N if BY is +N.
counts() {
	name=$1 what=$2 by=$3
	shift 3
	before=$(counter "$disk" "$what")
	words=$(io "$disk" $format "$@")
	growth=$(($(counter "$disk" "$what") - before))
	case $by in
	+*)
		[ $growth -gt "${by#+}" ]
		result $? "$what grows by $name" "$growth, $words"
		;;
	*)
		same "$what grows by $name" "$by" $growth "$words"
		;;
	esac
}

counters() {
	counts "a write" generated_intervals 100 fill:64:100
	counts "a read" verified_intervals 100 read:64:100
	counts "a read of what was never written" escaped_intervals 16 again:40000:16
	counts "reads and writes in odd pieces" aligned_copies +10 rw:4:4
	io "$disk" $format fill:64:100 corrupt:70:data corrupt:71:ref corrupt:72:guard >/dev/null
	counts "a bad block that the disk checks" device_errors 1 read:70:1
	scsi_unchecked on
	counts "bad guards" guard_errors 2 read:64:100
	counts "a bad reference tag" ref_errors 1 read:64:100
	integrity "$disk" inline_bytes 4096
	counts "small reads" inline_verifies 5 again:80:5
	counts "bad guards found at completion" guard_errors 1 read:68:3
	counts "a larger read" inline_verifies 0 read:80:80
	integrity "$disk" inline_bytes 0
	counts "reads when it is off" inline_verifies 0 again:80:5
	integrity "$disk" inline_bytes auto
	counts "reads with auto" verified_intervals 5 again:80:5
	counts "bad guards with auto" guard_errors 1 read:68:3
	integrity "$disk" read_verify 0
	counts "a read that is not checked" unchecked_intervals 20 read:80:20
	counts "a read that is not checked" verified_intervals 0 read:80:20
	integrity "$disk" read_verify 1
	integrity "$disk" write_generate 0
	counts "a write that is not protected" unchecked_intervals 20 fill:200:20
	integrity "$disk" write_generate 1
}

# last_line: prints our last line in the log, without the number of suppressed bios.
last_line() { dmesg | sed -n 's/^\[[^]]*\] *\(.* tag error at .*\), [0-9]* bios suppressed)$/\1)/p' | tail -n 1; }

policies() {
	same "on_error fail" "EILSEQ 0" "$(io "$disk" $format read:64:100 read:80:20)"
	integrity "$disk" on_error report
	before=$(counter "$disk" guard_errors)
	same "on_error report gives the data" "DIFFERENT 0" "$(io "$disk" $format read:70:1 read:71:1)"
	same "on_error report counts" 1 $(($(counter "$disk" guard_errors) - before))
	case $(integrity "$disk" status) in
	*"errors reported only"*) result 0 "status says that errors are reported only" ;;
	*) result 1 "status says that errors are reported only" "$(integrity "$disk" status)" ;;
	esac
	integrity "$disk" on_error fail
	same "on_error fail again" EILSEQ "$(io "$disk" $format read:70:1)"
}

# Expected and found values in line and tracepoint are those of the medium.
words() {
	sleep 5.2
	dmesg -C
	trace_begin
	trace_on blk_integrity/blk_integrity_error "$(device_filter "$disk")"
	io "$disk" $format read:71:1 >/dev/null
	trace_end
	# A misdirected block has its own number, which is higher by the size of the store.
	wrong=$(printf '0x%x' $((PI_STORE_BLOCKS + 71)))
	same "line of a reference tag" \
		"$disk: ref tag error at location 71 (interval 71, expected 0x47, found $wrong)" \
		"$(last_line)"
	same "tracepoint of a reference tag" \
		"dev $(device_number "$disk") sector 71 interval 71 tag ref expected 0x47 found $wrong by host" \
		"$(sed -n 's/.* blk_integrity_error: //p' $trace)"
	io "$disk" $format read:70:1 >/dev/null
	case $(last_line) in
	"$disk: guard tag error at sector 70 (interval 70, expected 0x"*", found 0x"*")") result 0 "line of a guard" ;;
	*) result 1 "line of a guard" "$(last_line)" ;;
	esac
}

scsi_load 512 1 0 || result 1 "scsi_debug loads"
same "first error is a uevent, a second one soon after is none" "0 EILSEQ 1 EILSEQ 0" \
	"$(io "$disk" $format fill:64:8 corrupt:70:data >/dev/null; scsi_unchecked on
	io "$disk" $format listen uevents read:70:1 uevents:1 read:70:1 uevents)"
scsi_unchecked off
counters
policies
words
scsi_unload
