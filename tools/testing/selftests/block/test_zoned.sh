# SPDX-License-Identifier: GPL-2.0
# Zoned namespace with 4096-byte blocks: sequential writes, and zone append, which only a stacked user can ask for:
# NVMe target over the namespace, NVMe host over that ("loop").
# shellcheck shell=sh

zoned=$(namespace 12)
format=4096+8:crc16:1:0
zone=1024	# blocks
config=/sys/kernel/config/nvmet

mountpoint -q /sys/kernel/config || mount -t configfs none /sys/kernel/config

target_make() {
	mkdir $config/subsystems/pi &&
		echo 1 >$config/subsystems/pi/attr_allow_any_host &&
		mkdir $config/subsystems/pi/namespaces/1 &&
		echo /dev/$zoned >$config/subsystems/pi/namespaces/1/device_path &&
		echo 1 >$config/subsystems/pi/namespaces/1/enable &&
		mkdir $config/ports/1 &&
		echo loop >$config/ports/1/addr_trtype &&
		ln -s $config/subsystems/pi $config/ports/1/subsystems/pi &&
		echo transport=loop,nqn=pi >/dev/nvme-fabrics || return
	for try in 1 2 3 4 5 6 7 8 9; do
		loop=$(basename "$(ls -d /sys/class/nvme/nvme1/nvme1*n1 2>/dev/null)")
		[ -n "$loop" ] && [ -b "/dev/$loop" ] && return
		sleep 0.2
	done
	echo "# the NVMe target made no disk"
	return 1
}

target_unmake() {
	echo 1 >/sys/class/nvme/nvme1/delete_controller
	rm $config/ports/1/subsystems/pi
	rmdir $config/ports/1 $config/subsystems/pi/namespaces/1 $config/subsystems/pi
}

same "zoned write, read, medium" "0 0 0 generated" "$(io "$zoned" $format fill:$((zone * 2)):16 \
	fill:$((zone * 2 + 16)):100 read:$((zone * 2)):116 tuples:$((zone * 2)):116)"

if target_make; then
	same "zone append" 0 "$(io "$loop" $format append:$((zone * 3)):16)"
	same "zone append medium" generated "$(io "$zoned" $format tuples:$((zone * 3)):16)"
	target_unmake
else
	result 1 "zone append"
fi
