# SPDX-License-Identifier: GPL-2.0
# Tags of a submitter through partitions, dm, md and splits: the tags must not change, and the reference tags must be
# those of the disk, also on both members of a mirror, which start at different positions.
# shellcheck shell=sh
. ./probe.sh
. ./client.sh
. ./stack.sh

client_needed "tags on stacked devices" || return 0
start=$(payloads)
below=$(namespace 1)
format=512+8:crc16:1:0
start1=20480 start2=53248 size=16384 # sectors, which are intervals here

# on_medium NAME GENERATION START-BELOW START-ABOVE COUNT: in sectors
on_medium() {
	same "$1" tagged "$(PI_SHIFT=$((($4 - $3) * 512)) io "$below" $format "salt:$2" "tagged:$3:$5")"
}

# written NAME DISK BLOCK COUNT GENERATION [OPTION...]
written() {
	what=$1
	shift
	same "$what write, read" "0, 0" "$(client write "$@"), $(client read "$@")"
}

# linear NAME TABLE: sets $dm
linear() {
	echo "$2" | dmsetup --noudevsync create "$1" 2>&1 | sed 's/^/# /'
	dm=$(basename "$(readlink -f "/dev/mapper/$1" 2>/dev/null)")
	[ -b "/dev/$dm" ] || dm=dm-0
}

# No two pages can be one segment, and the disk accepts fewer segments.
before=$(requests_of "$below")
written "1 MiB in 256 segments" "$below" 1024 256 19 bio=256
[ $(($(requests_of "$below") - before)) -gt 2 ]
result $? "1 MiB in 256 segments is split" "$(($(requests_of "$below") - before)) requests"
on_medium "1 MiB in 256 segments, medium" 19 8192 8192 2048

copies=$(counter "$below" bounced_buffers)
part_make "$below" 1 2049 $size
written "partition" "${below}p1" 100 304 21
same "partition needs no copies" "$copies" "$(counter "$below" bounced_buffers)"
on_medium "partition medium" 21 $((2049 + 800)) 800 2432
written "partition, metadata in pages that count from its start" "${below}p1" 100 304 20 pages
on_medium "partition medium of metadata in pages" 20 $((2049 + 800)) 800 2432
client write "${below}p1" 100 304 21 >/dev/null
same "partition record" "0, 0 guard by host at interval 2866 sector 2866 $(
	io "$below" $format corrupt:2866:guard guards:2866 | sed 's/^0 //')" "$(
	integrity "$below" on_error report
	client read "${below}p1" 200 10 21), $(client read "${below}p1" 100 10 21)"
integrity "$below" on_error fail
delpart "/dev/$below" 1

linear pi-linear "0 1003 linear /dev/$below $start1
1003 7189 linear /dev/$below $start2"
copies=$(counter "$below" bounced_buffers)
written "dm-linear" "$dm" 100 304 22
[ "$(counter "$below" bounced_buffers)" -gt "$copies" ]
result $? "dm-linear has copies renumbered" "$(($(counter "$below" bounced_buffers) - copies))"
on_medium "dm-linear medium before the cut" 22 $((start1 + 800)) 800 203
on_medium "dm-linear medium after the cut" 22 $start2 1003 2229
io "$below" $format corrupt:$((start2 + 500)):ref >/dev/null
same "dm-linear damage by the device" "-EILSEQ unknown by device at interval 800 sector 800" "$(
	client read "$dm" 100 304 22 bio=256)"
integrity "$dm" on_error report
same "dm-linear damage by the host" "0 ref by host at interval 1503 sector 1503 $(
	printf 'expected 0x%x found 0x%x' 1503 $(((start2 + 500) ^ 1)))" "$(client read "$dm" 100 304 22)"
integrity "$dm" on_error fail
integrity "$dm" read_verify 0
integrity "$dm" write_generate 0
same "dm-linear, switched off" "0 untagged, 0" "$(client write "$dm" 100 304 23), $(
	io "$dm" $format salt:23 read:800:2432)"
integrity "$dm" read_verify 1
integrity "$dm" write_generate 1

# without_memory NAME DISK...: allocations of metadata fail, so the reserves of this device and the one below are used.
without_memory() {
	what=$1 disk=$2
	uses="$(counter "$disk" reserve_uses) $(counter "$below" reserve_uses)"
	shift
	faults_on
	found="$(client write "$@" bio=8), $(client read "$@" bio=8), $(client read "$@" bio=8 plug)"
	faults_off
	same "$what without memory" "0, 0, 0" "$found"
	[ "$(counter "$disk" reserve_uses)" -gt "${uses% *}" ] &&
		[ "$(counter "$below" reserve_uses)" -gt "${uses#* }" ]
	result $? "$what used both reserves" \
		"$(($(counter "$disk" reserve_uses) - ${uses% *})), $(($(counter "$below" reserve_uses) - ${uses#* }))"
}

without_memory "dm-linear" "$dm" 100 304 23
on_medium "dm-linear medium without memory" 23 $start2 1003 2229

# The disk accepts less than the device above it.
read -r max_sectors_kb <"/sys/block/$below/queue/max_sectors_kb"
for kb in 4 12; do
	echo $kb >"/sys/block/$below/queue/max_sectors_kb"
	before=$(requests_of "$below")
	written "max_sectors_kb $kb" "$dm" 300 16 24
	same "max_sectors_kb $kb splits" $((2 * ((64 + kb - 1) / kb))) $(($(requests_of "$below") - before))
	on_medium "max_sectors_kb $kb medium" 24 $((start2 + 1397)) 2400 128
done
same "larger than max_sectors_kb" "-EINVAL in fs_bio_integrity_alloc" "$(client write "$below" 1000 16 25 bio=16)"
echo "$max_sectors_kb" >"/sys/block/$below/queue/max_sectors_kb"
dmsetup --noudevsync remove pi-linear

# A bio of 64 KiB is split at all of its intervals.
linear pi-pieces "$(seq 0 127 | awk -v to=$start1 -v disk="$below" '{ print $1, 1, "linear", "/dev/" disk, to + $1 }')"
before=$(requests_of "$below")
written "128 pieces" "$dm" 0 16 26
result $(($(requests_of "$below") - before < 256)) "128 pieces are 128 requests" "$(($(requests_of "$below") - before))"
on_medium "128 pieces medium" 26 $start1 0 128
dmsetup --noudevsync remove pi-pieces

part_make "$below" 1 $start1 $size
part_make "$below" 2 $start2 $size
linear pi-stripe "0 16368 striped 2 24 /dev/${below}p1 0 /dev/${below}p2 0"
written "dm-stripe" "$dm" 0 304 27
on_medium "dm-stripe medium, a chunk of the first disk" 27 $((start1 + 24)) 48 24
on_medium "dm-stripe medium, a chunk of the second disk" 27 $((start2 + 24)) 72 24
dmsetup --noudevsync remove pi-stripe

md_make raid0 $size "${below}p1" "${below}p2"
written "raid0" md9 13 304 28
on_medium "raid0 medium, first chunk of the first disk" 28 $((start1 + 104)) 104 24
on_medium "raid0 medium, first chunk of the second disk" 28 $start2 128 128
on_medium "raid0 medium, second chunk of the first disk" 28 $((start1 + 128)) 256 128
md_stop

md_make raid1 $size "${below}p1" "${below}p2"
written "raid1, metadata in pages" md9 13 304 30 pages
on_medium "raid1 medium of the first disk, metadata in pages" 30 $((start1 + 104)) 104 2432
on_medium "raid1 medium of the second disk, metadata in pages" 30 $((start2 + 104)) 104 2432
written "raid1" md9 13 304 29
on_medium "raid1 medium of the first disk" 29 $((start1 + 104)) 104 2432
on_medium "raid1 medium of the second disk" 29 $((start2 + 104)) 104 2432
without_memory "raid1" md9 13 304 29
on_medium "raid1 medium of the first disk without memory" 29 $((start1 + 104)) 104 2432
on_medium "raid1 medium of the second disk without memory" 29 $((start2 + 104)) 104 2432
# md reads from the other member, and corrects the bad one with data only, without tags.
same "raid1 takes the good copy of the data" "0 0, 0 0 0 0" \
	"$(io "$below" $format corrupt:$((start1 + 110)):ref corrupt:$((start2 + 210)):ref), $(
	io md9 $format salt:29 read:104:1000 read:104:1000 read:104:1000 read:104:1000)"
same "raid1 tags of other blocks" 0 "$(client read md9 40 277 29)"
md_stop
delpart "/dev/$below" 1
delpart "/dev/$below" 2
client_unload
none_left "a client of stacked devices"
