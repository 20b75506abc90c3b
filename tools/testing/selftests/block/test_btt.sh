# SPDX-License-Identifier: GPL-2.0
# BTT: sectors with metadata on persistent memory. It takes bios, and its metadata is opaque to the block layer: what a
# program writes is stored as it is, and a write without metadata stores zeroes.
# shellcheck shell=sh
. ./probe.sh

nd=/sys/bus/nd

# namespace_raw: makes the namespace a disk without BTT.
namespace_raw() {
	echo 1 >$nd/devices/namespace0.0/force_raw && echo namespace0.0 >$nd/drivers/nd_pmem/bind
}

namespace_free() {
	echo namespace0.0 >$nd/drivers/nd_pmem/unbind && echo 0 >$nd/devices/namespace0.0/force_raw
}

# btt_make SECTOR-BYTES: sets $btt, its device, and $disk.
btt_make() {
	# Without the information blocks of the BTT before, which would be found again.
	namespace_raw && dd if=/dev/zero of=/dev/pmem0 bs=1M oflag=direct 2>/dev/null
	namespace_free || return
	read -r btt <$nd/devices/region0/btt_seed
	cat /proc/sys/kernel/random/uuid >"$nd/devices/$btt/uuid" && echo "$1" >"$nd/devices/$btt/sector_size" &&
		echo namespace0.0 >"$nd/devices/$btt/namespace" && echo "$btt" >$nd/drivers/nd_pmem/bind || return
	disk=pmem0s
	[ -b /dev/$disk ]
}

btt_unmake() {
	echo "$btt" >$nd/drivers/nd_pmem/unbind
	echo >"$nd/devices/$btt/namespace"
}

# btt FORMAT: of the tuples that the program writes.
btt() {
	interval=${1%%+*} metadata=${1#*+}
	metadata=${metadata%%:*}
	opaque=$interval+$metadata:none:1:0
	some=128:$(((4 << 20) / interval))
	name="BTT with sectors of $((interval + metadata)) bytes"
	btt_make $((interval + metadata))
	result $? "$name is made" || return
	same "$name: format and tag size" "nop $metadata" "$(integrity $disk format) $(integrity $disk tag_size)"
	same "$name: write and read" 0 "$(io $disk "$opaque" "rw:$interval:$interval")"
	same "$name: metadata of a program" "0 0 0 0" "$(io $disk "$1" meta-way:plain)"
	same "$name: metadata is not zero" wrong-tuple "$(io $disk "$opaque" meta-read:64:16 2>/dev/null)"
	# A write goes to a free sector, whose metadata is still that of another sector.
	same "$name: write without metadata" "0 0 0" "$(io $disk "$opaque" fill:$some read:$some meta-read:$some)"
	same "$name: other metadata remains" 0 "$(io $disk "$1" meta-read:64:16)"
	echo "$btt" >$nd/drivers/nd_pmem/unbind
	echo "$btt" >$nd/drivers/nd_pmem/bind
	same "$name: after removal" "0 0" "$(io $disk "$1" meta-read:64:16) $(io $disk "$opaque" meta-read:$some)"
	btt_unmake
}

if needs nd_e820 nd_btt nd_pmem; then
	until_there $nd/devices/namespace0.0 >/dev/null
	namespace_free
	btt 512+8:crc16:1:0
	btt 512+16:crc64:1:0
	btt 4096+8:ip:1:0
	btt 4096+64:crc16:1:56
	btt 4096+128:crc64:1:112
	for device in /sys/bus/platform/drivers/e820_pmem/e820_pmem*; do
		echo "${device##*/}" >/sys/bus/platform/drivers/e820_pmem/unbind
	done
	remark=$(rmmod nd_e820 nd_pmem nd_btt libnvdimm 2>&1)
	result $? "BTT unloads" "$remark"
fi
