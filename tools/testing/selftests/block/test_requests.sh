# SPDX-License-Identifier: GPL-2.0
# Requests that drivers make: zeroes, a dm table with a segment without a device, and a mirror that retries a failed
# write.
# shellcheck shell=sh
. ./probe.sh
. ./client.sh
. ./stack.sh

# zeroes NSID: the device overwrites three of 64 blocks with zeroes.
zeroes() {
	disk=$(namespace "$1")
	format=$(awk -v nsid="$1" '$1 == nsid { print $4 }' namespaces)
	bytes=${format%%+*}
	io "$disk" "$format" fill:960:64 >/dev/null
	blkdiscard -f -z -o $((962 * bytes)) -l $((3 * bytes)) "/dev/$disk"
	found=$(dd if="/dev/$disk" iflag=direct bs="$bytes" skip=962 count=3 2>/dev/null | tr -d '\0' | wc -c)
	read_bytes=$(dd if="/dev/$disk" iflag=direct bs="$bytes" skip=962 count=3 2>/dev/null | wc -c)
	same "zeroes on $format" "$((3 * bytes)) bytes, 0 not zero" "$read_bytes bytes, $found not zero"
	same "zeroes on $format leave other blocks alone" "0 0" "$(io "$disk" "$format" read:960:2 read:965:59)"
}

# Not on 512+24:crc64: QEMU gives zeroes the guard of 4096 bytes, however large the block is.
for nsid in 1 2 3 4 5 7 8 10 11; do
	zeroes $nsid
done

below=$(namespace 1)
format=512+8:crc16:1:0
start1=20480 start2=53248 size=16384 # sectors, which are blocks here

# with_error NAME TABLE: a table with an error segment of 8192 sectors has the format of its other segment.
with_error() {
	echo "$2" | dmsetup --noudevsync create pi-error 2>&1 | sed 's/^/# /'
	dm=$(basename "$(readlink -f /dev/mapper/pi-error 2>/dev/null)")
	[ -b "/dev/$dm" ] || dm=dm-0
	same "$1: format" T10-DIF-TYPE1-CRC "$(integrity "$dm" format)"
	same "$1: write, read, read of the segment" "0 0 EIO" \
		"$(io "$dm" $format "fill:$3:100" "read:$3:100" "read:$4:1")"
	dmsetup --noudevsync remove pi-error
}

with_error "error segment after another" "0 8192 linear /dev/$below $start1
8192 8192 error" 104 8200
with_error "error segment before another" "0 8192 error
8192 8192 linear /dev/$below $start1" 8296 104

client_needed "tags of writes that md retries" || return 0
start=$(payloads)

# on_medium NAME GENERATION START-BELOW START-ABOVE COUNT: in sectors
on_medium() {
	same "$1" tagged "$(PI_SHIFT=$((($4 - $3) * 512)) io "$below" $format "salt:$2" "tagged:$3:$5")"
}

fail_next_write() {
	fault=/sys/kernel/debug/fail_make_request
	echo 0 >$fault/verbose
	echo 0 >$fault/space
	echo 1 >$fault/interval
	echo 100 >$fault/probability
	echo 1 >"/sys/block/$below/$1/make-it-fail"
	echo 1 >$fault/times
}

part_make "$below" 1 $start1 $size
part_make "$below" 2 $start2 $size
# Answer for the program that keeps the array's superblock, before the first write.
superblock_keeper() {
	while [ -e $md/array_state ]; do
		[ "$(cat $md/array_state)" != write-pending ] || echo active >$md/array_state
		sleep 0.1
	done 2>/dev/null
}

# An array with a list of bad blocks retries block by block.
md_metadata=external:pi
md_make raid1 $size "${below}p1" "${below}p2"
md_metadata=none
superblock_keeper &
keeper=$!
for part in 1 2; do
	echo external_bbl >"$md/dev-${below}p$part/state"
done
fail_next_write "${below}p2"
same "raid1, one write fails" 0 "$(client write md9 13 8 31)"
same "raid1, the write has failed" 0 "$(cat /sys/kernel/debug/fail_make_request/times)"
echo 0 >"/sys/block/$below/${below}p2/make-it-fail"
on_medium "raid1 medium of the first disk" 31 $((start1 + 104)) 104 64
on_medium "raid1 medium of the second disk, written block by block" 31 $((start2 + 104)) 104 64
same "raid1 has no bad blocks" "" "$(cat "$md/dev-${below}p2/bad_blocks")"

md_stop
wait $keeper
delpart "/dev/$below" 1
delpart "/dev/$below" 2
client_unload
none_left "writes that md retries"
