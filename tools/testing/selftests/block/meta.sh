# SPDX-License-Identifier: GPL-2.0
# What tests of programs with metadata of their own share.
# shellcheck shell=sh

# meta_above LABEL DISK FORMAT [COUNT]: on a disk without a medium of its own, the block layer verifies what the program
# writes, the program reads what the block layer generates, with reference tags counted from its seed, and reads back
# each byte that it wrote.
meta_above() {
	count=${4:-800}
	same "$1 metadata of a program" "0 0 0 0 0 0 0" \
		"$(io "$2" "$3" "meta-write:64:$count" "read:64:$count" salt:7 "fill:64:$count" "meta-read:64:$count" \
			"meta-tags:64:$count" salt:0 "meta-write:64:$count" "meta-read:64:$count")"
}

# meta_both LABEL DISK FORMAT [COUNT]
meta_both() {
	meta_above "$@"
	same "$1 medium has the tuples of the program" generated "$(io "$2" "$3" "tuples:64:${4:-800}")"
}

# cap_of FORMAT FLAGS: the words of meta-cap that a format must have.
cap_of() {
	echo "$1" | tr '+:' '  ' | {
		read -r interval metadata guard type offset
		pi=8 app=2 ref=4 storage=0
		case $guard in
		none) pi=0 app=0 number=0 ref=0 ;;
		crc16) number=2 ;;
		ip) number=1 ;;
		crc64) number=4 pi=16 ref=6 ;;
		esac
		[ "$type" != 3 ] || ref=0
		at=0
		[ "$offset" != 0 ] || [ "$metadata" = "$pi" ] || at=$pi
		[ "$guard" != none ] || at=0
		if [ "$metadata" -gt 255 ]; then
			echo EOVERFLOW
		else
			echo "flags=$2 interval=$interval size=$metadata opaque=$((metadata - pi))@$at" \
				"pi=$pi@$offset guard=$number app=$app ref=$ref storage=$storage"
		fi
	}
}

cap_flags() {
	case $1 in
	*:none:*) echo 0 ;;
	*:3:*) echo 1 ;;
	*) echo 3 ;;
	esac
}

# Pages that user memory is pinned by, in the whole system.
pinned_now() {
	awk '/^nr_foll_pin_acquired/ { n += $2 } /^nr_foll_pin_released/ { n -= $2 } END { print n }' /proc/vmstat
}
no_pins() { [ "$(pinned_now)" = 0 ]; }
