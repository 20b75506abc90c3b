# SPDX-License-Identifier: GPL-2.0
# The commands for trace-cmd and bpftrace in the documentation report an error with all of its values.
# shellcheck shell=sh
. ./probe.sh
. ./scsi.sh

format=512+8:crc16:1:0
documentation=$PWD/../../../../Documentation/block/data-integrity/admin.rst

# example WORDS: prints the commands in the documentation after the line that ends with these words.
example() {
	awk -v words="$1::" '
		found && /^[^\t]/ { exit }
		found { sub(/^\t/, ""); print }
		substr($0, length($0) - length(words) + 1) == words { found = 1 }' "$documentation"
}

# If the kernel has no BTF, bpftrace gets the types of the fields from its headers.
build=$(echo "$PI_MODULES"/lib/modules/*/build)
export BPFTRACE_KERNEL_BUILD="$build" BPFTRACE_KERNEL_SOURCE="$build/source"

# Replaces the ten seconds in the documentation: reports that trace-cmd records, and waits until it has enough.
cat >/dev/shm/tool.pause <<'END'
echo recording >/dev/shm/tool.recording
until [ -e /dev/shm/tool.enough ]; do sleep 0.1; done
END

# start WORDS NAME: runs such an example in the background; output in /dev/shm/tool.NAME, process in $started.
started=
start() {
	example "$1" | sed 's/sleep 10$/sh .\/tool.pause/' >"/dev/shm/tool.$2.sh"
	(cd /dev/shm && exec sh "./tool.$2.sh") >"/dev/shm/tool.$2" 2>&1 &
	started="$started $!"
}

# until_seen NAME REGULAR-EXPRESSION: reads the bad block until the output of the tool matches.
until_seen() {
	wait_for read_and_seen "$@" && return
	sed 's/^/# /' "/dev/shm/tool.$1"
	return 1
}

read_and_seen() {
	io "$disk" $format read:71:1 >/dev/null
	grep -qE "$2" "/dev/shm/tool.$1"
}

no_bpftrace() {
	running=0
	for process in /proc/[0-9]*; do
		[ "$(cat "$process/comm" 2>/dev/null)" = bpftrace ] || continue
		kill -INT "${process#/proc/}" && running=1
	done
	return $running
}

# bpftrace prints its counts when it is interrupted. Before it is ready, it ignores the signal, so repeat it.
interrupt_bpftrace() {
	wait_for no_bpftrace || busybox killall -9 bpftrace
	# shellcheck disable=SC2086
	wait $started
	started=
}

if scsi_load 512 1 0; then
	io "$disk" $format fill:64:8 corrupt:71:ref >/dev/null
	scsi_unchecked on
	integrity "$disk" inline_bytes 0
	# A misdirected block has its own number, which is higher by the size of the store.
	wrong=$(printf '0x%x' $((PI_STORE_BLOCKS + 71)))

	# The two pages that other tests leave are too few for trace-cmd.
	echo 1024 >$tracing/buffer_size_kb
	start "with trace-cmd" trace-cmd
	wait_for exists /dev/shm/tool.recording
	io "$disk" $format read:71:1 fill:1024:128 fill:2048:129 >/dev/null
	touch /dev/shm/tool.enough
	# shellcheck disable=SC2086
	wait $started
	started=
	echo 4 >$tracing/buffer_size_kb
	seen=$(sed -n 's/.* blk_integrity_\([a-z]*:\) *dev /\1 /p' /dev/shm/tool.trace-cmd)
	same "trace-cmd shows an error, and a write of those that the filter is for" \
		"error: $(device_number "$disk") sector 71 interval 71 tag ref expected 0x47 found $wrong by host
generate: $(device_number "$disk") interval 2048 intervals 129" "$seen"

	start "Each error, with bpftrace" each
	start "by device number and tag, with bpftrace" count
	start "of the first piece of each read of kintegrityd" time
	until_seen each '^[0-9]+:[0-9]+ ' && until_seen count '^Attaching' && until_seen time '^Attaching'
	result $? "bpftrace runs"
	for try in 1 2 3; do
		sleep 1
		io "$disk" $format read:71:1 >/dev/null
	done
	interrupt_bpftrace
	IFS=: read -r major minor <"/sys/block/$disk/dev"
	same "bpftrace shows an error" "$major:$minor sector 71 interval 71 tag 2 expected 0x47 found $wrong" \
		"$(grep '^[0-9]*:' /dev/shm/tool.each | sort -u)"
	grep -qE "^@\[$major, $minor, 2\]: [1-9]" /dev/shm/tool.count
	result $? "bpftrace counts errors" "$(grep '^@' /dev/shm/tool.count)"
	grep -qE '^\[.* [1-9][0-9]* +\|@' /dev/shm/tool.time
	result $? "bpftrace measures verification" "$(grep -c '^\[' /dev/shm/tool.time) rows"
	scsi_unload
else
	result 1 "scsi_debug loads"
fi
