# SPDX-License-Identifier: GPL-2.0
# NVMe multipath: one path formats the namespace during reads through the multipath disk. That disk and, once it has
# read the new format, the other path follow. Until then the other path is not used: no I/O is sent in the old format.
# shellcheck shell=sh
. ./probe.sh
. ./paths.sh
. ./lbaf.sh

usual=$nvme
nsid=2
wait_for paths_live
head=$(path_head $nsid)
echo round-robin >"$(path_subsystem)/iopolicy"

# geometry DISK: prints what the disk has in its integrity directory.
geometry() { echo "$(integrity "$1" format) $(integrity "$1" metadata_bytes) $(integrity "$1" pi_offset)"; }

# paths_have GEOMETRY
paths_have() {
	for path in $(path_disks $nsid); do
		[ "$(geometry "$path")" = "$1" ] || return
	done
}

# errors: prints the errors of all paths.
errors() {
	for path in $(path_disks $nsid); do
		for tag in guard app ref device; do
			counter "$path" ${tag}_errors
		done
	done | tr '\n' ' '
}

# used COUNTER COMMAND...: runs the command, and prints on how many paths the counter has grown.
used() {
	name=$1
	shift
	for path in $(path_disks $nsid); do
		counter "$path" "$name" >"/dev/shm/before-$path"
	done
	"$@" >/dev/null
	for path in $(path_disks $nsid); do
		[ "$(counter "$path" "$name")" -gt "$(cat "/dev/shm/before-$path")" ] && echo "$path"
	done | wc -l
}

# flushes: sends commands of a program through the multipath disk, each of which takes a path, until
# /dev/shm/flushes is removed.
flushes() {
	while [ -e /dev/shm/flushes ]; do
		nvme flush "/dev/$head" --namespace-id=$nsid >/dev/null 2>&1
	done
}

# format_case CONTROLLER BLOCK METADATA PI PIL FORMAT GEOMETRY
format_case() {
	# shellcheck disable=SC2034
	nvme=$1
	format=$6 geometry=$7
	row="$3 bytes, PI $4, PIL $5 for blocks of $2"
	fio --name=reads --thread --filename="/dev/$head" --direct=1 --ioengine=libaio --iodepth=32 --rw=randread \
		--bsrange=4k-256k --size=8m --runtime=1h --time_based >/dev/null 2>&1 &
	reader=$!
	: >/dev/shm/flushes
	flushes &
	flusher=$!
	wait_for_io "$head"
	format_nvm "$2" "$3" "$4" "$5"
	result $? "$row: format"
	rm /dev/shm/flushes
	kill $reader 2>/dev/null
	wait $reader $flusher

	before=$(errors)
	same "$row: multipath disk" "$geometry" "$(geometry "$head")"
	same "$row: write, read, medium at once" "0 0 generated" \
		"$(io "$head" "$format" fill:0:300 read:0:300 tuples:0:300)"
	wait_for paths_have "$geometry"
	result $? "$row: both paths have the format"
	same "$row: write, read, medium" "0 0 generated" \
		"$(io "$head" "$format" fill:300:300 read:0:600 tuples:0:600)"
	case $format in
	*:none:*) ;;
	*) same "$row: both paths are used" 2 \
		"$(used verified_intervals io "$head" "$format" read:0:100 read:100:100 read:200:100 read:300:100)" ;;
	esac
	same "$row: no false errors" "$before" "$(errors)"
	same "$row: policies" "4096 4096 4096 " "$(for disk in $(disks); do integrity "$disk" inline_bytes; done | tr '\n' ' ')"
}

# disks: prints the multipath disk and the paths.
disks() { echo "$head $(path_disks $nsid)"; }

for disk in $(disks); do
	integrity "$disk" inline_bytes 4096
done
# shellcheck disable=SC2046
set -- $(path_controllers)
first=$1 second=$2
format_case "$first" 4096 64 1 1 4096+64:crc16:1:0 "T10-DIF-TYPE1-CRC 64 0"
format_case "$second" 4096 64 0 0 4096+64:none:0:0 "nop 64 0"
format_case "$first" 512 8 1 1 512+8:crc16:1:0 "T10-DIF-TYPE1-CRC 8 0"
format_case "$second" 4096 8 1 1 4096+8:crc16:1:0 "T10-DIF-TYPE1-CRC 8 0"
format_case "$first" 4096 64 1 0 4096+64:crc16:1:56 "T10-DIF-TYPE1-CRC 64 56"
for disk in $(disks); do
	integrity "$disk" inline_bytes auto
done
nvme=$usual
