# SPDX-License-Identifier: GPL-2.0
# pi_brd: each fault of the table in Documentation/block/pi_brd.rst is detected as the table states.
# shellcheck shell=sh
. ./probe.sh
. ./pibrd.sh

pibrd_load || result 1 "pi_brd loads"
pibrd_page=../../../../Documentation/block/pi_brd.rst

# errors_now: prints the error counters, as NAME=VALUE.
errors_now() { sed -n 's/^\([a-z]*_errors\) /\1=/p' "/sys/block/$disk/integrity/stat" | tr '\n' ' '; }

# grown BEFORE AFTER: prints the first counter that has grown.
grown() {
	for pair in $2; do
		case " $1" in
		*" $pair "*) ;;
		*) echo "${pair%%=*}" && return ;;
		esac
	done
	echo -
}

# row_disk FORMAT CHECKS
row_disk() {
	[ "$1 $2" = "$row_has" ] && return
	[ -z "$row_has" ] || pibrd_unmake row
	row_has="$1 $2"
	case $2 in
	device) pibrd_format row "$1" ;;
	*) pibrd_format row "$1" check=0 ;;
	esac
	case $2 in
	report) integrity "$disk" on_error report ;;
	nobody) integrity "$disk" read_verify 0 ;;
	esac
}

# row_rule KIND SIDE [NUMBERS]: adds the rule, for one block.
row_rule() {
	case $1 in
	misdirect) echo "$* first=10 count=1 to=30" ;;
	tear) echo "$* first=10 count=1 bytes=100" ;;
	*) echo "$* first=10 count=1" ;;
	esac
}

row_word() {
	case $1 in
	DIFFERENT) echo wrong ;;
	*) echo "$1" ;;
	esac
}

# fault_row FAULT FORMAT CHECKS WANTED
fault_row() {
	row_disk "$2" "$3"
	io "$disk" "$format" fill:0:64 >/dev/null
	# shellcheck disable=SC2046,SC2086
	pibrd_fault "$(row_rule ${1% (read there)})"
	before=$(errors_now)
	device_before=$(pibrd_count errors)
	wrote=$(io "$disk" "$format" salt:2 fill:8:8)
	case $wrote-$1 in
	0-*"(read there)") got=$(row_word "$(io "$disk" "$format" read:28:8)") ;;
	0-*) got=$(row_word "$(io "$disk" "$format" salt:2 read:8:8)") ;;
	*) got=- ;;
	esac
	grew=$(grown "$before" "$(errors_now)")
	case $grew in
	device_errors) by=device tag=- ;;
	-) by=nobody tag=- ;;
	*) by=host tag=${grew%_errors} ;;
	esac
	[ "$(pibrd_count errors)" = "$device_before" ] || tag=$(sed 's/.* tag \([a-z]*\) .*/\1/' "$debug/last_error")
	fired=$(sed -n 's/.* fired //p' "$debug/faults")
	pibrd_fault clear
	same "pi_brd $1, $2, checked by $3" "$4" "$wrote, $got, $by, $tag, $grew" "fired $fired"
	[ "$fired" != 0 ] || result 1 "pi_brd $1, $2: the fault happened"
}

row_has=
rows=0
sed -n '/^\.\. csv-table:: Faults$/,/^[^ ]/s/^   \([a-z].*\)/\1/p' $pibrd_page >/dev/shm/rows
while IFS=, read -r fault format checks wanted; do
	rows=$((rows + 1))
	fault_row "$fault" "${format# }" "${checks# }" "${wanted# }" </dev/null
done </dev/shm/rows
pibrd_unmake row
[ $rows -gt 50 ]
result $? "pi_brd table of faults" "$rows rows"
pibrd_unload
result $? "pi_brd unloads"
