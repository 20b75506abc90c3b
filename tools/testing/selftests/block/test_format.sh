# SPDX-License-Identifier: GPL-2.0
# Format NVM: files in the integrity directory appear and disappear with the metadata, and a read in flight during a
# format is verified by the format it was read in.
# shellcheck shell=sh
. ./probe.sh
. ./lbaf.sh

disk=$(namespace 8)
nsid=8

# format_to BLOCK METADATA PI PIL [MSET]
format_to() {
	format_nvm "$@"
	status=$?
	rescan_nvme
	return $status
}

# files WANTED: prints whether the files of disks with metadata exist, yes or no; waits for WANTED.
files() {
	case $1 in
	yes) wait_for exists "/sys/block/$disk/integrity/stat" ;;
	no) wait_for gone "/sys/block/$disk/integrity/stat" ;;
	esac
	[ -e "/sys/block/$disk/integrity/stat" ] && echo yes || echo no
}

format_to 4096 0 0 0
same "formatted without metadata: integrity files" no "$(files no)"
same "formatted without metadata: format" none "$(integrity "$disk" format)"
same "formatted without metadata: write, read" "0 0" "$(io "$disk" 4096+0:none:0:0 fill:64:50 read:64:50)"
format_to 512 8 1 1
same "formatted with metadata: integrity files" yes "$(files yes)"
same "formatted with metadata: format" "T10-DIF-TYPE1-CRC 512 8" \
	"$(integrity "$disk" format) $(integrity "$disk" protection_interval_bytes) $(integrity "$disk" metadata_bytes)"
same "formatted with metadata: write, read, medium" "0 0 generated" \
	"$(io "$disk" 512+8:crc16:1:0 fill:64:50 read:64:50 tuples:64:50)"
integrity "$disk" inline_bytes 4096
format_to 4096 64 1 0
same "formatted with more metadata: offset" 56 "$(integrity "$disk" pi_offset)"
same "formatted with more metadata: write, read, medium" "0 0 generated" \
	"$(io "$disk" 4096+64:crc16:1:56 fill:64:50 read:64:50 tuples:64:50)"
same "policy survives a format" 4096 "$(integrity "$disk" inline_bytes)"
integrity "$disk" inline_bytes auto

# Metadata that follows the data in one buffer is for passthrough only.
dmesg -C
format_to 4096 64 1 0 1
same "formatted with metadata in the data: capacity" 0 "$(cat "/sys/block/$disk/size")"
same "formatted with metadata in the data: the log says why" \
	"nsid $nsid: no block I/O, capacity 0: 64 bytes of metadata a block follow the data in one buffer (extended LBA)" \
	"$(dmesg | sed -n 's/.*\(nsid .*no block I.*\)/\1/p')"

format_to 4096 64 1 0

# Formats during many reads. From the end of a format until the driver has read it, reads use the old format and may
# fail. After that, no read may be verified by another format than its own.
formats=0
false_errors=0
for try in 1 2 3; do
	for format in "4096 64 0 0 4096+64:none:0:0" \
		"4096 64 1 0 4096+64:crc16:1:56" "4096 64 1 1 4096+64:crc16:1:0"; do
		# shellcheck disable=SC2086
		set -- $format
		fio --name=race --thread --filename="/dev/$disk" --direct=1 --ioengine=libaio --iodepth=64 \
			--rw=randread --bsrange=4k-256k --size=8m --runtime=1h --time_based >/dev/null 2>&1 &
		reader=$!
		wait_for_io "$disk"
		format_to "$1" "$2" "$3" "$4" && formats=$((formats + 1))
		kill $reader 2>/dev/null
		wait $reader
		before="$(counter "$disk" guard_errors) $(counter "$disk" ref_errors)"
		found=$(io "$disk" "$5" again:0:500 fill:0:1000 read:0:1000 tuples:0:1000)
		[ "$found" = "0 0 0 generated" ] || echo "# after format $5: $found"
		[ "$before" = "$(counter "$disk" guard_errors) $(counter "$disk" ref_errors)" ] ||
			false_errors=$((false_errors + 1))
	done
done
same "formats under reads" 9 $formats
same "formats under reads: no false errors" 0 $false_errors
format_to 4096 24 1 1
same "formatted back" "0 0 generated" "$(io "$disk" 4096+24:crc16:1:0 fill:64:50 read:64:50 tuples:64:50)"
