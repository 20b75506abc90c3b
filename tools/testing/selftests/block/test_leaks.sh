# SPDX-License-Identifier: GPL-2.0
# Counts payloads and buffers: after every kind of failure there must be as many as before.
# shellcheck shell=sh
. ./probe.sh
. ./scsi.sh

start=$(payloads)

# A count that misses payloads would miss leaks too.
if scsi_load 512 1 0; then
	[ "$(payloads)" != "$start" ]
	result $? "a reserve is counted" "$(payloads)"
	scsi_unload
fi
none_left "a disk that came and went"

disk=$(namespace 7)
for wrong in read-to-read-only unmapped half-unmapped too-short too-long leak odd-address; do
	io "$disk" 512+64:crc16:1:56 "user:$wrong" >/dev/null
done
none_left "passthrough that fails"

faults_on
io "$disk" 512+64:crc16:1:56 nowait-write:64:8 nowait-read:64:8 fill:64:400 user:odd-address >/dev/null
faults_off
none_left "I/O without memory"

io "$disk" 512+64:crc16:1:56 fill:64:8 corrupt:70:data read:64:8 >/dev/null
none_left "a read of a bad block"

# busy DISK: starts I/O of all kinds in the background, which may fail; sets $busy to its process.
busy() {
	fio --name=busy --thread --filename="/dev/$1" --direct=1 --ioengine=libaio --iodepth=32 --rw=randrw \
		--bsrange=4k-128k --size=16m --runtime=1h --time_based --continue_on_error=none >/dev/null 2>&1 &
	busy=$!
	wait_for_io "$1"
}

if scsi_load 512 1 0; then
	echo 20000000 >/sys/bus/pseudo/drivers/scsi_debug/ndelay
	busy "$disk"
	echo 1 >"/sys/block/$disk/device/delete"
	wait $busy
	scsi_unload
fi
none_left "a SCSI disk deleted under I/O"

disk=$(namespace 10)
busy "$disk"
for reset in 1 2 3; do
	echo 1 >"/sys/class/nvme/$nvme/reset_controller"
	wait_for reads live "/sys/class/nvme/$nvme/state"
	wait_for_io "$disk"
done
kill $busy
wait $busy
none_left "controller resets under I/O"
same "namespace works after resets" "0 0 generated" \
	"$(io "$(namespace 10)" 4096+264:crc16:1:0 fill:64:100 read:64:100 tuples:64:100)"
