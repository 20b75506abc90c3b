# SPDX-License-Identifier: GPL-2.0
# Known defects of Linux 6.12 that a guest can show, by means that Linux 6.12 has as well, so that they run on the
# unmodified kernel too (scripts/test-base). PI_DEFECTS= names those to run, in order; default: all.
# shellcheck shell=sh
. ./probe.sh
. ./scsi.sh
. ./pibrd.sh

# defect NAME WANTED FOUND: what was found, and nothing in the log that a kernel must not say.
defect() {
	complaint=$(dmesg | sed -n 's/^\[[^]]*\] *//; /WARNING: \|BUG: \|refcount_t:\|blocked for more/{p;q}')
	same "defect $1" "$2" "$3${complaint:+, $complaint}"
}

# D1: intervals that two buffers share.
defect_d1() { defect d1 0 "$(io "$(namespace 1)" 512+8:crc16:1:0 rw:4:4)"; }

# D1, E11: the same on SCSI; its buffers of writes are of whole blocks, since scsi_debug needs that.
defect_d1_scsi() {
	scsi_load 4096 1 0 || return
	defect d1_scsi 0 "$(io "$disk" 4096+8:crc16:1:0 rw:4096:4)"
	scsi_unload
}

# D2: metadata of a read in memory that may not be written.
defect_d2() { defect d2 "EFAULT untouched" "$(io "$(namespace 7)" 512+64:crc16:1:56 user:read-to-read-only)"; }

# D3: metadata in memory that is not there.
defect_d3() { defect d3 "EFAULT constant" "$(io "$(namespace 7)" 512+64:crc16:1:56 user:leak)"; }

# D4: tuples over the end of a page, renumbered.
defect_d4() { defect d4 0 "$(io "$(namespace 8)" 4096+24:crc16:1:0 rw:4096:4096)"; }

# D5: metadata that is more than a tuple, without verification or generation.
defect_d5() {
	disk=$(namespace 7)
	io "$disk" 512+64:crc16:1:56 fill:64:8 >/dev/null
	integrity "$disk" read_verify 0
	integrity "$disk" write_generate 0
	found=$(io "$disk" 512+64:crc16:1:56 read:64:8 fill:72:8 read:64:16)
	integrity "$disk" read_verify 1
	integrity "$disk" write_generate 1
	defect d5 "0 0 0" "$found"
}

# D6: metadata in two pages, of a request from the pools of io_uring.
defect_d6() {
	disk=$(namespace 7)
	defect d6 "0 0 same" "$(io "ng${disk#nvme}" 512+64:crc16:1:56 user:uring-two-pages)"
}

# D7: every allocation of the block layer for protection fails.
defect_d7() {
	disk=$(namespace 1)
	own="$(text_of bip_alloc bip_object_alloc)"
	[ "$own" != "0x 0x" ] || own=$(text_of bio_integrity_prep)
	faults_on "$own"
	found=$(io "$disk" 512+8:crc16:1:0 fill:64:100 read:64:100)
	faults_off
	defect d7 "0 0" "$found"
}

# D11: what the administrator set, after the driver looked again.
defect_d11() {
	disk=$(namespace 2)
	integrity "$disk" read_verify 0
	rescan_nvme
	found=$(integrity "$disk" read_verify)
	integrity "$disk" read_verify 1
	defect d11 0 "$found"
}

# lbaf METADATA: number of the format of 4096 bytes that has so many bytes.
lbaf() {
	nvme id-ns "/dev/$nvme" -n 8 | awk -v ms="$1" \
		'/^lbaf/ { split($0, f, /[: ]+/); if (f[4] == ms && f[6] == 12) { print f[2]; exit } }'
}

# format_to METADATA PI
format_to() {
	nvme format "/dev/$nvme" -n 8 --lbaf="$(lbaf "$1")" --pi="$2" --pil=1 --ms=0 --force >/dev/null 2>&1
	rescan_nvme
}

# D13: the format changes while reads are verified.
defect_d13() {
	disk=$(namespace 8)
	for _ in 1 2 3 4 5 6; do
		fio --name=race --thread --filename="/dev/$disk" --direct=1 --ioengine=libaio --iodepth=64 \
			--rw=randread --bsrange=4k-256k --size=8m --runtime=1h --time_based >/dev/null 2>&1 &
		reader=$!
		wait_for_io "$disk"
		format_to 0 0
		kill $reader 2>/dev/null
		wait $reader
		format_to 24 1
	done
	defect d13 "0 0" "$(io "$disk" 4096+24:crc16:1:0 fill:64:50 read:64:50)"
}

# D16 is in test_tagstack.sh: it takes a submitter with tags of its own.

# format_of_table TABLE: of a device of device-mapper; "none" also if it has no such file.
format_of_table() {
	echo "$1" | dmsetup --noudevsync create pi-defect >/dev/null 2>&1
	dm=$(basename "$(readlink -f /dev/mapper/pi-defect)" | sed 's/^pi-defect$/dm-0/')
	integrity "$dm" format 2>/dev/null || echo none
	dmsetup --noudevsync remove pi-defect
}

# D18: a device over two whose tuples are at different offsets must not say it has integrity.
defect_d18() {
	defect d18 none "$(format_of_table "0 16384 striped 2 128 /dev/$(namespace 2) 0 /dev/$(namespace 3) 0")"
}

# D20: a thousand errors must not be a thousand lines.
defect_d20() {
	scsi_load 512 1 0 || return
	io "$disk" 512+8:crc16:1:0 fill:0:64 corrupt:8:data >/dev/null
	scsi_unchecked on
	dmesg -C
	io "$disk" 512+8:crc16:1:0 again:8:1000 >/dev/null
	lines=$(dmesg | grep -c 'tag error at')
	scsi_unload
	[ "$lines" -ge 100 ] || lines=few
	defect d20 few "$lines"
}

# E1: reads that the device completes in two parts.
defect_e1() {
	scsi_load 512 1 0 || return
	driver=/sys/bus/pseudo/drivers/scsi_debug
	io "$disk" 512+8:crc16:1:0 fill:32:256 >/dev/null
	echo 0x100 >$driver/opts
	echo 2 >$driver/every_nth
	found=$(io "$disk" 512+8:crc16:1:0 read:32:256 read:32:256 read:32:256 read:32:256)
	echo 0 >$driver/every_nth
	echo 0 >$driver/opts
	scsi_unload
	defect e1 "0 0 0 0" "$found"
}

# E2: a tuple that is cut by the end of a page, and metadata behind it.
defect_e2() { defect e2 0 "$(io "$(namespace 9)" 512+24:crc64:1:0 rw:512:512)"; }

# A format whose metadata has more than 255 bytes.
defect_wide_metadata() { defect wide_metadata 0 "$(io "$(namespace 10)" 4096+264:crc16:1:0 rw:4096:4096)"; }

# Direct writes from memory that the program modifies at the same time, as virtual machines do.
defect_unstable_writes() { defect unstable_writes 0,0 "$(io "$(namespace 1)" 512+8:crc16:1:0 churn-write:256)"; }
# Direct reads into memory that the program modifies at the same time.
defect_unstable_reads() { defect unstable_reads 0,0 "$(io "$(namespace 1)" 512+8:crc16:1:0 churn-read:256)"; }

# A table with a part that is no device is protected like the rest of it.
defect_error_segment() {
	defect error_segment T10-DIF-TYPE1-CRC "$(format_of_table "0 8192 linear /dev/$(namespace 1) 0
8192 8192 error")"
}

# CVE-2024-43854: what stands in metadata without tuples.
defect_cve_2024_43854() {
	defect cve_2024_43854 "0 generated" "$(io "$(namespace 6)" 4096+64:none:0:0 fill:64:100 tuples:64:100)"
}

# CVE-2026-23007: what stands in metadata beside the tuple.
defect_cve_2026_23007() {
	defect cve_2026_23007 "0 generated" "$(io "$(namespace 7)" 512+64:crc16:1:56 fill:64:100 tuples:64:100)"
}

# CVE-2026-64052: the second page of the metadata is not there.
defect_cve_2026_64052() { defect cve_2026_64052 EFAULT "$(io "$(namespace 7)" 512+64:crc16:1:56 user:half-unmapped)"; }

# CVE-2026-64053: metadata that must be copied, of two pages.
defect_cve_2026_64053() {
	defect cve_2026_64053 "0 0 same" "$(io "$(namespace 7)" 512+64:crc16:1:56 user:odd-address)"
}

# CVE-2023-52458: a partition that ends within a block.
defect_cve_2023_52458() {
	disk=$(namespace 2)
	addpart "/dev/$disk" 1 8 15 2>/dev/null && taken=yes || taken=no
	[ "$taken" = no ] || delpart "/dev/$disk" 1
	defect cve_2023_52458 no "$taken"
}

# A read whose transfer fails once; the medium is good.
defect_transient_read() {
	pibrd_load "$@" || return
	pibrd_format defect 512+8:crc16:1:0 size_mb=16
	io "$disk" "$format" fill:64:64 >/dev/null
	pibrd_fault "flip-data read first=70 count=1 times=1"
	found=$(io "$disk" "$format" read:64:64)
	pibrd_unmake defect
	pibrd_unload
	defect transient_read 0 "$found"
}

all="d2 d3 d4 d5 d6 d7 d11 d13 d18 d20 e1 e2 wide_metadata unstable_writes unstable_reads transient_read error_segment"
all="$all cve_2024_43854 cve_2026_23007 cve_2026_64052 cve_2026_64053 cve_2023_52458 d1_scsi d1"
all_namespaces() { [ "$(grep -c '^[0-9]' namespaces)" = "$(cat "/sys/class/nvme/$nvme/$nvme"n*/nsid | wc -l)" ]; }
wait_for all_namespaces || cat "/sys/class/nvme/$nvme/$nvme"n*/nsid

for name in ${PI_DEFECTS:-$all}; do
	echo "# defect $name"
	dmesg -C
	"defect_$name"
done
