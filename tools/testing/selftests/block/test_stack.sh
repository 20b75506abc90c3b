# SPDX-License-Identifier: GPL-2.0
# dm and md over partitions of protected namespaces: tags are those of the disk below, and damage below is detected.
# shellcheck shell=sh
. ./stack.sh

below=$(namespace 1)
format=512+8:crc16:1:0
start1=20480 start2=53248 size=16384 # sectors, which are blocks here

# on_medium NAME START-BELOW START-ABOVE COUNT: blocks below must have the data written above, with their own tags.
on_medium() {
	same "$1" generated "$(PI_SHIFT=$((($3 - $2) * 512)) io "$below" $format "tuples:$2:$4")"
}

damage_below() { io "$below" $format "corrupt:$1:data"; }

# Linear, with a boundary inside of the written range.
printf '0 1000 linear /dev/%s %s\n1000 7192 linear /dev/%s %s\n' "$below" $start1 "$below" $start2 |
	dmsetup --noudevsync create pi-linear 2>&1 | sed 's/^/# /'
dm=$(basename "$(readlink -f /dev/mapper/pi-linear 2>/dev/null)" )
[ -b "/dev/$dm" ] || dm=dm-0
same "dm-linear has the profile" T10-DIF-TYPE1-CRC "$(integrity $dm format)"
same "dm-linear write, read over the cut" "0 0" "$(io $dm $format fill:700:600 read:700:600)"
on_medium "dm-linear medium before the cut" $((start1 + 700)) 700 300
on_medium "dm-linear medium after the cut" $start2 1000 300
same "dm-linear damage" "0, EILSEQ 0" "$(damage_below $((start2 + 50))), $(io $dm $format read:700:600 read:700:350)"
dmsetup --noudevsync remove pi-linear

# Members that differ: a stripe over two namespaces has no integrity, and the log names the difference.
# stack_refused NAME OTHER-NSID WORDS
stack_refused() {
	first=$(namespace 2) other=$(namespace "$2")
	dmesg -C
	echo "0 16384 striped 2 128 /dev/$first 0 /dev/$other 0" | dmsetup --noudevsync create pi-stripe
	[ -d /sys/block/dm-0 ] && [ ! -e /sys/block/dm-0/integrity/stat ]
	result $? "no integrity over $1"
	same "the log gives the reason for none over $1" \
		"$other: no integrity for the stacked device, since $3" \
		"$(dmesg | sed -n 's/.* blk-integrity: \(.* no integrity for .*\)/\1/p' | sort -u)"
	dmsetup --noudevsync remove pi-stripe
}

stack_refused "tuples at another place" 3 "pi_offset is 56 and for the members before 0"
stack_refused "another profile" 6 "profile is nop and for the members before T10-DIF-TYPE1-CRC"
stack_refused "less metadata" 5 "tuple_size is 8 and for the members before 64"

part_make "$below" 1 $start1 $size
part_make "$below" 2 $start2 $size

md_make raid0 $size "${below}p1" "${below}p2"
same "raid0 has the profile" T10-DIF-TYPE1-CRC "$(integrity md9 format)"
same "raid0 write, read over chunks" "0 0" "$(io md9 $format fill:104:1000 read:104:1000)"
on_medium "raid0 medium, first chunk of the first disk" $((start1 + 104)) 104 24
on_medium "raid0 medium, first chunk of the second disk" $start2 128 128
on_medium "raid0 medium, second chunk of the first disk" $((start1 + 128)) 256 128
same "raid0 damage" "0, EILSEQ 0" "$(damage_below $((start2 + 7))), $(io md9 $format read:104:1000 read:136:960)"
md_stop

md_make raid1 $size "${below}p1" "${below}p2"
same "raid1 write" 0 "$(io md9 $format fill:104:1000)"
on_medium "raid1 medium of the first disk" $((start1 + 104)) 104 1000
on_medium "raid1 medium of the second disk" $((start2 + 104)) 104 1000
same "raid1 takes the good copy" "0, 0, 0 0 0 0" \
	"$(damage_below $((start1 + 110))), $(damage_below $((start2 + 210))), $(
	io md9 $format read:104:1000 read:104:1000 read:104:1000 read:104:1000)"
echo repair >$md/sync_action
wait_for reads idle $md/sync_action
on_medium "raid1 repaired the first disk" $((start1 + 104)) 104 1000
on_medium "raid1 repaired the second disk" $((start2 + 104)) 104 1000
md_stop
delpart "/dev/$below" 1
delpart "/dev/$below" 2
