# SPDX-License-Identifier: GPL-2.0
# The integrity directory of every format: its content, rejected values, and that it exists only with metadata.
# shellcheck shell=sh
. ./probe.sh
. ./scsi.sh

needs loop || return 0

layout() {
	for fact in metadata_bytes pi_offset pi_tuple_size guard_type guard_impl status; do
		integrity "$1" $fact 2>&1
	done | tr '\n' ' ' | sed 's/ $//; s/ \(avx512\|avx2\|sse\|csum_partial\) / vector /'
}

# Expected content for "4096+64:crc16:1:56", on a CPU with carry-less multiplication.
layout_of() {
	echo "$1" | awk -F '[+:]' '{
		size = $3 == "none" ? 0 : $3 == "crc64" ? 16 : 8
		type["none"] = "none"; type["crc16"] = "crc16-t10dif"; type["crc64"] = "crc64-nvme"; type["ip"] = "ip"
		impl["none"] = "none"; impl["crc16"] = impl["crc64"] = impl["ip"] = "vector"
		none = "the format has no guard"
		good = "reads: verified; writes: protected"
		bad = "reads: not verified, " none "; writes: not protected, " none
		print $2, $5, size, type[$3], impl[$3], size ? good : bad
	}'
}

while read -r nsid name _ format; do
	case $nsid in '' | '#'*) continue ;; esac
	disk=$(namespace "$nsid")
	same "nvme-$name layout" "$(layout_of "$format")" "$(layout "$disk")"
done <namespaces

same "guard_impl is one for all guards" "$(integrity "$(namespace 1)" guard_impl)" \
	"$(integrity "$(namespace 4)" guard_impl)"

facts_of_6_12() {
	for fact in format tag_size protection_interval_bytes device_is_integrity_capable read_verify write_generate; do
		integrity "$1" $fact
	done | tr '\n' ' ' | sed 's/ $//'
}

for disk in loop0 loop7; do
	same "$disk has the files of Linux 6.12 alone" "device_is_integrity_capable format protection_interval_bytes \
read_verify tag_size write_generate" "$(ls /sys/block/$disk/integrity | tr '\n' ' ' | sed 's/ $//')"
	same "$disk has no metadata" "none 0 0 0 1 1" "$(facts_of_6_12 $disk)"
done

opaque=$(namespace 6)
for switch in read_verify write_generate; do
	for value in 0 2 1; do
		for disk in loop7 "$opaque"; do
			integrity "$disk" $switch $value
			same "$switch of $disk takes $value" $((value != 0)) "$(integrity "$disk" $switch)"
		done
	done
done

# refused DISK ATTRIBUTE VALUE: the write must fail with EINVAL (dd prints the error, echo does not) and change nothing.
refused() {
	was=$(integrity "$1" "$2")
	says=$(printf %s "$3" | dd of="/sys/block/$1/integrity/$2" 2>&1) && says=taken
	case $says in
	*"nvalid argument"*) same "$2 refuses '$3' on $(integrity "$1" format)" "$was" "$(integrity "$1" "$2")" ;;
	*) result 1 "$2 refuses '$3' on $(integrity "$1" format)" "$says" ;;
	esac
}

refused "$opaque" inline_bytes 4096
refused "$opaque" inline_bytes auto
refused "$opaque" on_error report
disk=$(namespace 1)
same "inline_bytes on a new disk" auto "$(integrity "$disk" inline_bytes)"
for junk in -1 4096x 131073 999999999 4294967295 automatic; do
	refused "$disk" inline_bytes $junk
done
integrity "$disk" inline_bytes 131072
same "inline_bytes takes a number" 131072 "$(integrity "$disk" inline_bytes)"
integrity "$disk" inline_bytes auto
same "inline_bytes takes auto" auto "$(integrity "$disk" inline_bytes)"
refused "$disk" on_error ignore
refused "$disk" read_verify maybe

# survives NAME DISK COMMAND-THAT-RESCANS
survives_rescan() {
	integrity "$2" inline_bytes 8192
	integrity "$2" on_error report
	integrity "$2" read_verify 0
	$3
	same "$1 inline_bytes, on_error, read_verify survive a rescan" "8192 report 0" \
		"$(integrity "$2" inline_bytes) $(integrity "$2" on_error) $(integrity "$2" read_verify)"
	integrity "$2" inline_bytes auto
	integrity "$2" on_error fail
	integrity "$2" read_verify 1
}

# Policies change permanently under I/O: no I/O fails, and no error is found. Blocks written without tuples must not be
# read with checks by a disk that keeps old tuples (scsi_debug). No read overlaps a write, because QEMU writes data and
# metadata one after the other, and a read in between would get new data with old metadata.
# load DISK: reads and writes in passes, until there were enough or one failed.
load() {
	while [ ! -e /dev/shm/enough ]; do
		fio --name=load --thread --filename="/dev/$1" --direct=1 --ioengine=libaio --iodepth=8 \
			--serialize_overlap=1 --rw=randrw --bs=16k --size=4m >/dev/shm/fio 2>&1 || return
	done
}

# toggles NAME DISK GENERATE
toggles() {
	before="$(counter "$2" guard_errors) $(counter "$2" ref_errors)"
	rm -f /dev/shm/enough
	load "$2" &
	load=$!
	changes=0
	while [ $changes -lt 32 ] && kill -0 $load 2>/dev/null; do
		integrity "$2" read_verify $((changes & 1))
		[ "$3" = no ] || integrity "$2" write_generate $((changes >> 1 & 1))
		case $((changes & 3)) in
		0) integrity "$2" inline_bytes 0 ;;
		1) integrity "$2" inline_bytes 32768 ;;
		*) integrity "$2" inline_bytes auto ;;
		esac
		wait_for_io "$2" || break
		changes=$((changes + 1))
	done
	touch /dev/shm/enough
	integrity "$2" read_verify 1
	integrity "$2" write_generate 1
	integrity "$2" inline_bytes auto
	wait $load
	status=$?
	[ $status = 0 ] || sed 's/^/# /' /dev/shm/fio
	[ $status = 0 ] && [ $changes = 32 ]
	result $? "$1 policies change under I/O" "$changes changes"
	same "$1 policies change, no false error" "$before" "$(counter "$2" guard_errors) $(counter "$2" ref_errors)"
}

survives_rescan nvme "$disk" rescan_nvme
toggles nvme "$disk" yes
toggles nvme-4096+64 "$(namespace 3)" yes
if scsi_load 512 1 0; then
	same "scsi-512-crc layout" "$(layout_of 512+8:crc16:1:0)" "$(layout "$disk")"
	survives_rescan scsi "$disk" scsi_rescan
	toggles scsi "$disk" no
	scsi_unload
else
	result 1 "scsi_debug loads"
fi
if scsi_load 4096 1 1; then
	same "scsi-4096-ip layout" "$(layout_of 4096+8:ip:1:0)" "$(layout "$disk")"
	scsi_unload
else
	result 1 "scsi_debug loads"
fi
