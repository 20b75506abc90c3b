# SPDX-License-Identifier: GPL-2.0
# A bio of 64 KiB with tags is split at each of its intervals once: both parts must have correct tags and reference
# tags.
# shellcheck shell=sh
. ./probe.sh
. ./client.sh

client_needed "tags and cuts" || return 0
start=$(payloads)

# cut_once BLOCK: splits the bio of 16 blocks that starts there after $cut sectors.
cut_once() {
	generation=$((generation + 1))
	first=$((cut * 512 / interval)) begin=$(($1 * 4096 / interval)) end=$((($1 + 16) * 4096 / interval))
	said="$(client write $dm "$1" 16 $generation bio=16) $(client read $dm "$1" 16 $generation bio=16)"
	said="$said $(PI_SHIFT=$((-start1 * 512)) io "$below" "$format" salt:$generation \
		tagged:$((start1 * 512 / interval + begin)):$((first - begin)))"
	said="$said $(PI_SHIFT=$(((cut - start2) * 512)) io "$below" "$format" salt:$generation \
		tagged:$((start2 * 512 / interval)):$((end - first)))"
	[ "$said" = "0 0 tagged tagged" ] && good=$((good + 1)) || echo "# cut at $cut, bio at $1: $said"
}

# cuts NSID FORMAT
cuts() {
	below=$(namespace "$1") format=$2 interval=${2%%+*}
	start1=20480 start2=53248 good=0 generation=0 cut=1600
	while [ $cut -lt 1608 ]; do
		printf '%s %s linear /dev/%s %s\n' 0 $cut "$below" $start1 $cut 4000 "$below" $start2 |
			dmsetup --noudevsync create pi-cut
		dm=$(basename "$(readlink -f /dev/mapper/pi-cut 2>/dev/null)")
		[ -b "/dev/$dm" ] || dm=dm-0
		block=$((cut / 8 - 15))
		while [ $((block * 8)) -lt $cut ]; do
			cut_once $block
			block=$((block + 1))
		done
		dmsetup --noudevsync remove pi-cut
		cut=$((cut + interval / 512))
	done
	same "$2 cut at each interval of 64 KiB" $((65536 / interval - 1)) $good
}

cuts 1 512+8:crc16:1:0
cuts 3 4096+64:crc16:1:56
cuts 4 4096+16:crc64:1:0
cuts 5 4096+8:crc16:3:0
client_unload
none_left "a client of cuts"
