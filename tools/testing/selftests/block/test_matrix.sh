# SPDX-License-Identifier: GPL-2.0
# pi_brd: formats x stacks x submitters. Whatever is above, the medium has the tags of its own numbers, the guards of
# the reference, zeroes outside of the tuples, and the data; and the disk, which checks with code of its own, finds no
# error.
# PI_MATRIX= is the number of cells, 60 by default, or the first and the last one ("61-120"; "61-": to the end), or
# "all". The choice depends on PI_SEED= only.
# PI_STACKS= are the stacks to choose from.
# shellcheck shell=sh
. ./probe.sh
. ./client.sh
. ./stack.sh
. ./pibrd.sh

: "${PI_MATRIX:=60}" "${PI_SEED:=20080427}"
case $PI_MATRIX in
all) cells=1- ;;
*-*) cells=$PI_MATRIX ;;
*) cells=1-$PI_MATRIX ;;
esac
first_cell=${cells%%-*} last_cell=${cells#*-}
chunk=128 # sectors
: "${PI_STACKS:=disk partition linear stripe linear-md raid0 raid1 raid10 crypt integrity wrap}"

# formats: prints all formats, in the notation of pi_io.
formats() {
	for interval in 512 4096; do
		for guard in crc16 ip crc64 crc32c none; do
			case $guard in
			none) tuple=0 types=1 ;;
			crc16 | ip) tuple=8 types="1 2 3" ;;
			crc64) tuple=16 types="1 3" ;;
			crc32c) tuple=16 types=1 ;;
			esac
			for bytes in 8 12 16 24 64 128 264; do
				[ $bytes -ge $tuple ] || continue
				last=$((bytes - tuple)) middle=$(((bytes - tuple) / 2 / 4 * 4))
				[ $guard = none ] && last=0 middle=0
				for offset in $(printf '%s\n' 0 $middle $last | sort -un); do
					for type in $types; do
						echo "$interval+$bytes:$guard:$type:$offset"
					done
				done
			done
		done
	done
}

# cells: prints the chosen pairs of format and stack. Numbers of a linear congruential generator are their order.
cells() {
	formats | awk -v stacks="$PI_STACKS" -v number="$PI_SEED" '
		BEGIN { count = split(stacks, stack, " ") }
		{
			for (i = 1; i <= count; i++) {
				number = (number * 1103515245 + 12345) % 2147483648
				# dm-integrity keeps its own tags in metadata without tuples.
				if (stack[i] != "integrity" || $0 ~ /:none:/)
					print number, $0, stack[i]
			}
		}' | sort -n | cut -d ' ' -f 2- | sed -n "$first_cell,${last_cell:-\$}p"
}

# wrap_sector FORMAT: prints where reference tags of the format begin at 0 again.
wrap_sector() {
	case $1 in
	*:crc64:*) echo $(((1 << 48) * interval / 512)) ;;
	*) echo $(((1 << 32) * interval / 512)) ;;
	esac
}

# build STACK: makes it of the disks $a and $b, and sets $top and $map, a line of DISK BELOW ABOVE SECTORS for each part
# of the range that is compared, sectors 512 to 1536.
build() {
	case $1 in
	disk)
		top=$a
		map="$a 512 512 1024"
		;;
	partition)
		start=$((interval == 512 ? 2049 : 2056))
		part_make "$a" 1 $start 32768
		top=$a$(part_suffix "$a")1
		map="$a $((start + 512)) 512 1024"
		;;
	linear)
		table "0 1000 linear /dev/$a 20480
1000 16384 linear /dev/$a 53248"
		map="$a 20992 512 488
$a 53248 1000 536"
		;;
	stripe)
		table "0 32768 striped 2 $chunk /dev/$a 0 /dev/$b 0"
		map=$(striped)
		;;
	linear-md)
		md_make raid1 65536 "$a" "$b"
		table "0 32768 linear /dev/md9 4096"
		map="$a 4608 512 1024
$b 4608 512 1024"
		;;
	raid0)
		md_make raid0 65536 "$a" "$b"
		top=md9 map=$(striped)
		;;
	raid1 | raid10)
		md_make "$1" 65536 "$a" "$b"
		top=md9
		map="$a 512 512 1024
$b 512 512 1024"
		;;
	wrap)
		wrap=$(wrap_sector "$format")
		table "0 32768 linear /dev/$a $((wrap - 1024))"
		map="$a $((wrap - 512)) 512 1024"
		;;
	crypt)
		table "0 32768 crypt aes-xts-plain64 $(printf '%064d' 1) 0 /dev/$a 4096"
		map=
		;;
	integrity)
		table "0 32768 integrity /dev/$a 0 4 I 2 internal_hash:crc32c block_size:$interval"
		map=
		;;
	esac
}

# table TABLE
table() {
	echo "$1" | dmsetup --noudevsync create pi-matrix 2>&1 | sed 's/^/# /'
	top=$(basename "$(readlink -f /dev/mapper/pi-matrix 2>/dev/null)")
	[ -b "/dev/$top" ] || top=dm-0
}

# striped: prints the map of chunks on two disks.
striped() {
	for above in $(seq 512 $chunk 1535); do
		[ $((above / chunk % 2)) = 0 ] && leg=$a || leg=$b
		echo "$leg $((above / chunk / 2 * chunk)) $above $chunk"
	done
}

unbuild() {
	case $1 in
	partition) delpart "/dev/$a" 1 ;;
	linear | stripe | wrap | crypt | integrity) dmsetup --noudevsync remove pi-matrix ;;
	linear-md)
		dmsetup --noudevsync remove pi-matrix
		md_stop
		;;
	raid*) md_stop ;;
	esac
}

# on_medium WORD [SALT]: prints WORD if a step of pi_io that compares finds it in all parts of the map.
on_medium() {
	echo "$map" | while read -r leg below above sectors; do
		PI_SHIFT=$(((above - below) * 512)) io "$leg" "$format" ${2:+"salt:$2"} \
			"${3:-$1}:$((below * 512 / interval)):$((sectors * 512 / interval))"
	done | sort -u | tr '\n' ' ' | sed 's/ $//'
}

# by_block_layer, by_program, by_submitter: write, read back, and compare the medium.
by_block_layer() {
	answers=$(io "$top" "$format" "rw:$align:$align" "fill:$first:$count" "read:$first:$count")
	[ "$answers" = "0 0 0" ] && answers=
	[ -z "$map" ] || answers="$answers$(on_medium generated "" tuples)"
	case $answers in '' | generated) answers=good ;; esac
}

by_program() {
	answers=$(io "$top" "$format" salt:5 "meta-write:$first:$count" "meta-read:$first:$count" "read:$first:$count")
	[ "$answers" = "0 0 0" ] && answers=$(on_medium generated 5 tuples)
	[ "$answers" = generated ] && answers=good
}

by_submitter() {
	answers="$(client write "$top" 64 128 7 bio=16) $(client read "$top" 64 128 7 bio=16)"
	[ "$answers" = "0 0" ] && answers=$(on_medium tagged 7)
	[ "$answers" = tagged ] && answers=good
}

# control STACK: flips one bit of the data on the medium, in the blocks that were written, and prints the result of a
# read from the disk, or from dm-integrity, which alone has the tags of its blocks.
control() {
	at=$((1100 * 512 / interval))
	[ -z "$map" ] || at=$(echo "$map" | awk -v disk="$a" '$1 == disk { print $2; exit }')
	[ -z "$map" ] || at=$((at * 512 / interval + 3))
	[ "$1" = crypt ] && at=$(((4096 + 1100) * 512 / interval))
	case $1 in
	integrity) echo "$(io "$a" "$format" "corrupt:$at:data") $(io "$top" "$format" "read:$first:$count")" ;;
	*) io "$a" "$format" "corrupt:$at:data" "read:$at:1" ;;
	esac
}

# cell FORMAT STACK
cell() {
	interval=${1%%+*}
	first=$((512 * 512 / interval)) count=$((1024 * 512 / interval))
	align=$((4 << number % 3 * 2)) found=
	size_mb=64
	[ "$2" != wrap ] || size_mb=$(($(wrap_sector "$1") / 2048 + 64))
	pibrd_format a "$1" dma_alignment=4 size_mb=$size_mb
	a=$disk debug_a=$debug
	pibrd_format b "$1" dma_alignment=4
	b=$disk debug_b=$debug
	build "$2"
	# A stack that takes bios can require a larger alignment.
	queue=/sys/class/block/$top/queue
	[ -d "$queue" ] || queue=/sys/block/$a/queue
	required=$(($(cat "$queue/dma_alignment") + 1))
	[ $align -ge $required ] || align=$required
	for submitter in block_layer program submitter; do
		case $2-$submitter in crypt-[ps]* | integrity-[ps]*) continue ;; esac
		by_$submitter
		[ "$answers" = good ] || found="$found$submitter: $answers; "
	done
	found="$found$(cat "$debug_a/last_error"), $(cat "$debug_b/last_error"); $(control "$2")"
	case $1-$2 in
	*-integrity) error=EILSEQ ;;
	*:none:*) error=DIFFERENT ;;
	*) error=EILSEQ ;;
	esac
	same "matrix: $1 on $2, buffers aligned to $align bytes" "none, none; 0 $error" "$found"
	unbuild "$2"
	pibrd_unmake b
	pibrd_unmake a
}

pibrd_load || result 1 "pi_brd loads"
needs dm-crypt xts aes_generic || return 0
modprobe -d "$PI_MODULES" -a raid10 crc32c_generic 2>/dev/null
client_load || result 1 "pi_client loads"
cells >/dev/shm/cells
number=$((first_cell - 1))
while read -r format stack; do
	number=$((number + 1))
	cell "$format" "$stack" </dev/null
done </dev/shm/cells
client_unload
pibrd_unload
result $? "pi_brd unloads"
