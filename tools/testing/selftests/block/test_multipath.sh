# SPDX-License-Identifier: GPL-2.0
# NVMe multipath: a path is reset, and another is removed, while large reads are verified. All reads must succeed
# through the remaining path. Then one path formats the namespace.
# shellcheck shell=sh
. ./probe.sh
. ./paths.sh

# verified NSID: prints the verified intervals of all paths.
verified() {
	for path in $(path_disks "$1"); do
		counter "$path" verified_intervals
	done | awk '{ n += $1 } END { print n + 0 }'
}

# reader DISK: reads in passes, each in random order, until there were enough or one failed.
reader() {
	while [ ! -e /dev/shm/enough ]; do
		fio --name=reads --thread --filename="/dev/$1" --direct=1 --ioengine=libaio --iodepth=8 --bs=1m \
			--rw=randread --size=16m --verify=crc32c --verify_fatal=1 --verify_state_save=0 \
			>/dev/shm/fio 2>&1 || return
		echo >>/dev/shm/passes
	done
}

# passes_beyond N
passes_beyond() { [ "$(wc -l </dev/shm/passes)" -gt "$1" ]; }
another_pass() { wait_for passes_beyond $(($(wc -l </dev/shm/passes) + 1)); }

# under_reads NAME DISK COMMAND: runs the command on each path twice.
under_reads() {
	rm -f /dev/shm/enough
	: >/dev/shm/passes
	reader "$2" &
	reading=$!
	for round in 1 2; do
		for path in $(path_controllers); do
			wait_for_io "$2"
			$3 "$path"
			another_pass || break 2
			path_return
		done
	done
	touch /dev/shm/enough
	wait $reading
	status=$?
	[ $status = 0 ] || sed 's/^/# /' /dev/shm/fio
	result $status "$1" "$(wc -l </dev/shm/passes) passes"
}

path_reset() { echo 1 >"/sys/class/nvme/$1/reset_controller"; }

# be_quiet NSID: a disk that had an error in the last minute, as other tests cause them, announces no other.
be_quiet() {
	for path in $(path_disks "$1"); do
		for tag in guard app ref device; do
			[ "$(counter "$path" ${tag}_errors)" = 0 ] || { sleep 61; return; }
		done
	done
}

# multipath_case NSID NAME FORMAT
multipath_case() {
	head=$(path_head "$1")
	be_quiet "$1"
	same "$2 two paths: write, read, medium" "0 0 generated" \
		"$(io "$head" "$3" fill:64:500 read:64:500 tuples:64:500)"
	fio --name=reads --thread --filename="/dev/$head" --direct=1 --ioengine=libaio --iodepth=8 --rw=write \
		--bs=1m --size=16m --verify=crc32c --do_verify=0 >/dev/shm/fio 2>&1
	result $? "$2 two paths: large writes"
	before=$(verified "$1")
	under_reads "$2 paths are reset under large reads" "$head" path_reset
	[ "$(verified "$1")" -gt "$before" ]
	result $? "$2 reads were verified" "$(($(verified "$1") - before)) intervals"
	under_reads "$2 paths are removed under large reads" "$head" path_remove
	at=$((24 * 1048576 / ${3%%+*}))
	same "$2 two paths: damage is found, and announced by the multipath disk" "0 0 EILSEQ 1 0" "$(io "$head" "$3" \
		fill:$at:8 corrupt:$((at + 3)):data listen read:$at:8 uevents:1 read:$((at + 4)):4)"
}

wait_for paths_live
echo round-robin >"$(path_subsystem)/iopolicy"
while read -r nsid name _ format; do
	case $nsid in '' | '#'*) continue ;; esac
	multipath_case "$nsid" "nvme-paths-$name" "$format" </dev/null
done <namespaces.paths

. ./pathformat.sh
