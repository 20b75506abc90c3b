# SPDX-License-Identifier: GPL-2.0
# The checks in the columns of the table, for one disk of one format.
# shellcheck shell=sh

on_disk() { io "$disk" "$format" "$@"; }

# corrupted WHAT [TAG]: writes and reads good blocks, then damages one. Reading it must fail, alone and together with
# its neighbours, and the log must name it; reading only its neighbours must succeed. TAG detects the damage (default:
# WHAT).
corrupted() {
	tag=${2:-$1}
	found=$(on_disk fill:$first:16 read:$first:16 "corrupt:$bad:$1" read:$bad:1 "named:$bad:$tag" \
		read:$first:5 read:$((bad + 1)):10 read:$first:16)
	by=${found#0 0 0 EILSEQ }
	by=${by%% *}
	if [ "$found" != "0 0 0 EILSEQ $by 0 0 EILSEQ" ] || [ "$by" = nobody ]; then
		same "$row corrupt $1" "0 0 0 EILSEQ host|device 0 0 EILSEQ" "$found"
		return
	fi
	[ -n "$without_device" ] || {
		result 0 "$row corrupt $1" "found by $by"
		return
	}
	$without_device on
	found=$(on_disk read:$bad:1 "named:$bad:$tag" read:$first:5)
	$without_device off
	same "$row corrupt $1" "EILSEQ host 0" "$found" "found by $by+host"
}

# Damage to unprotected bytes must not fail a read.
harmless() {
	same "$row corrupt $1" "0 0 $2" "$(on_disk fill:$first:16 "corrupt:$bad:$1" read:$bad:1)" "${3:-}"
}

corruptions() {
	case $format in
	*:none:*)
		harmless data DIFFERENT unprotected
		return
		;;
	esac
	corrupted data guard
	corrupted guard
	case $format in
	*:3:*) [ -n "$without_device" ] || harmless ref 0 "not in type 3" ;;
	*) corrupted ref ;;
	esac
	# The guard covers the metadata in front of the tuple.
	case $format in
	*:56 | *:256) corrupted opaque guard ;;
	*+8:* | *+16:crc64*) ;;
	*) harmless opaque 0 ;;
	esac
}

# verify_off RESULT-OF-READING-A-DAMAGED-BLOCK: with verification off, a damaged block can be read; switched on again,
# the damage is detected. All other I/O continues. If the metadata is just the tuple, the block layer needs no buffer,
# and the device decides whether it checks.
verify_off() {
	before=$(on_disk fill:$first:400 corrupt:$bad:data)
	integrity "$disk" read_verify 0
	one=$(on_disk read:$bad:1)
	remark=
	case $format-$one in
	*+8:*-EILSEQ | *+16:crc64*-EILSEQ)
		one=$(on_disk read:$bad:1 named:$bad:guard)
		[ "$one" = "EILSEQ device" ] && one=DIFFERENT && remark="device checks"
		;;
	esac
	off=$(on_disk read:$first:4 read:$((bad + 1)):390 fill:$((first + 100)):300 read:$((first + 100)):300)
	state=$(integrity "$disk" read_verify)
	integrity "$disk" read_verify 1
	off="$before, $one, $off, $state, $(on_disk read:$bad:1)"
	same "$row verify off" "0 0, DIFFERENT, 0 0 0 0, 0, $1" "$off" "$remark"
}

# With generation off, the medium has escapes or tuples of the device, never stale memory, and neither writes nor
# checked reads fail. scsi_debug keeps the old tuples when it is told to insert them.
generate_off() {
	on_disk fill:$first:301 >/dev/null
	integrity "$disk" write_generate 0
	off=$(on_disk salt:8 fill:$first:1 fill:$first:301)
	state=$(integrity "$disk" write_generate)
	medium=$(on_disk salt:8 tuples:$first:301 2>/dev/null)
	[ "$medium" != wrong ] || medium=$(on_disk escapes:$first:301 2>/dev/null)
	checked=$(on_disk salt:8 read:$first:301)
	integrity "$disk" read_verify 0
	off="$off, $state, $(on_disk salt:8 read:$first:301)"
	integrity "$disk" read_verify 1
	integrity "$disk" write_generate 1
	off="$off, $(on_disk fill:$first:301 read:$first:301)"
	case $disk-$medium-$checked in
	*-generated-0 | *-escapes-0) same "$row generate off" "0 0, 0, 0, 0 0" "$off" "medium has $medium" ;;
	sd*-wrong-EILSEQ) same "$row generate off" "0 0, 0, 0, 0 0" "$off" "medium has old ones" ;;
	*) result 1 "$row generate off" "medium has $medium, checked read gives $checked, others $off" ;;
	esac
}

# format_checks ROW DISK FORMAT [ALIGNMENT-OF-WRITES [COMMAND-THAT-STOPS-THE-DEVICE-FROM-CHECKING]]
format_checks() {
	row=$1 disk=$2 format=$3 without_device=${5:-}
	echo "# device $row $disk"
	interval=${format%%+*}
	# Blocks that "rw" does not use.
	first=$((24 * 1048576 / interval))
	bad=$((first + 5))
	same "$row write/read" 0 "$(on_disk "rw:${4:-$PI_ALIGN}:$PI_ALIGN")"
	same "$row medium" generated "$(on_disk tuples)"
	corruptions
	case $format in
	*:none:*) verify_off DIFFERENT ;;
	*) verify_off EILSEQ ;;
	esac
	generate_off
}
