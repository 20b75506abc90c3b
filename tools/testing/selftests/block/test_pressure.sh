# SPDX-License-Identifier: GPL-2.0
# Real memory pressure: programs write more memory than the guest has and read it back, with swap on protected disks,
# while another protected disk is written and read. For a small guest (MEMORY=256M).
# shellcheck shell=sh
. ./probe.sh

programs=4
mib=80
swaps="1 2 3 7"

has=$(awk '/^MemTotal:/ { print int($2 / 1024) }' /proc/meminfo)
[ "$has" -lt $((programs * mib * 4 / 5)) ]
result $? "memory is much less than what is written" "$has MiB for $((programs * mib))"

# The same priority for all, so that pages are distributed over them.
for nsid in $swaps; do
	disk=$(namespace "$nsid")
	mkswap "/dev/$disk" >/dev/null && swapon -p 1 "/dev/$disk"
	result $? "$disk takes swap" \
		"$(integrity "$disk" protection_interval_bytes)+$(integrity "$disk" metadata_bytes)"
done

uses() {
	for nsid in $swaps 8; do
		counter "$(namespace "$nsid")" reserve_uses
	done | awk '{ n += $1 } END { print n }'
}

# Runs in rounds until the end; each round writes and reads.
rounds() {
	until [ -e /dev/shm/programs-ended ]; do
		fio --name=beside --thread --filename="/dev/$(namespace 8)" --direct=1 --ioengine=io_uring \
			--iodepth=16 --rw=randwrite --bsrange=4k-256k --size=16m --verify=crc32c --verify_fatal=1 \
			--verify_state_save=0 >/dev/shm/fio 2>&1 || return
		echo >>/dev/shm/rounds
	done
}

before=$(uses)
: >/dev/shm/rounds
began=$(cut -d . -f 1 /proc/uptime)
rounds &
beside=$!
pids=
for program in $(seq $programs); do
	"$pi_io" "/dev/$(namespace 1)" 512+8:crc16:1:0 "salt:$program" memory:0:$mib \
		>/dev/shm/memory-"$program" 2>&1 &
	pids="$pids $!"
done
# shellcheck disable=SC2086
wait $pids
echo >/dev/shm/programs-ended
took=$(($(cut -d . -f 1 /proc/uptime) - began))
same "all memory comes back" "$(yes 0 | head -n $programs | tr '\n' ' ')" "$(cat /dev/shm/memory-* | tr '\n' ' ')" \
	"$took s"
wait $beside
status=$?
[ $status = 0 ] || sed 's/^/# /' /dev/shm/fio
result $status "I/O of another disk" "$(wc -l </dev/shm/rounds) rounds"

for nsid in $swaps; do
	disk=$(namespace "$nsid")
	[ "$(counter "$disk" generated_intervals)" -gt 4000 ] && [ "$(counter "$disk" verified_intervals)" -gt 4000 ]
	result $? "swap of $disk was protected and verified" \
		"$(counter "$disk" generated_intervals) and $(counter "$disk" verified_intervals) intervals"
done
same "no program was killed for lack of memory" 0 "$(sed -n 's/^oom_kill //p' /proc/vmstat)"
# swapped WAY: prints the amount in MiB; /proc/vmstat counts pages.
swapped() { echo $(($(sed -n "s/^pswp$1 //p" /proc/vmstat) / 256)); }
echo "# swapped out $(swapped out) MiB, in $(swapped in) MiB; reserves used $(($(uses) - before)) times"
for nsid in $swaps; do
	swapoff "/dev/$(namespace "$nsid")"
done
