# SPDX-License-Identifier: GPL-2.0
# Many requests at once, of mixed sizes and at random positions, on every format, verified by fio.
# shellcheck shell=sh
. ./scsi.sh

# fio_case NAME DISK FORMAT: writes every block once before, because QEMU tracks unwritten blocks only by page.
fio_case() {
	bytes=${3%%+*}
	io "$2" "$3" "fill:0:$((24 * 1048576 / bytes))" >/dev/null
	fio --name=mixed --filename="/dev/$2" --direct=1 --ioengine=io_uring --iodepth=32 --numjobs=2 \
		--offset_increment=12m --size=12m --rw=randrw --bsrange="$bytes-256k" --blockalign="$bytes" \
		--iomem_align="$bytes" --verify=crc32c --verify_fatal=1 --verify_state_save=0 --randseed=7 \
		--group_reporting --output=/dev/shm/fio
	status=$?
	[ $status = 0 ] || sed 's/^/# /' /dev/shm/fio
	result $status "$1 many at once"
}

while read -r nsid name _ format; do
	case $nsid in '' | '#'*) continue ;; esac
	case $name in *zoned) continue ;; esac
	fio_case "nvme-$name" "$(namespace "$nsid")" "$format" </dev/null
done <namespaces

for case in "512 1 0 512+8:crc16:1:0" "4096 1 1 4096+8:ip:1:0"; do
	# shellcheck disable=SC2086
	set -- $case
	if scsi_load "$1" "$2" "$3"; then
		fio_case "scsi-$4" "$disk" "$4"
		scsi_unload
	else
		result 1 "scsi_debug loads"
	fi
done
