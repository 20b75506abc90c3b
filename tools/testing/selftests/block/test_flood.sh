# SPDX-License-Identifier: GPL-2.0
# A hundred thousand bad reads: all fail, the log is rate-limited, and suppressed lines are counted. Slow.
# Neither the disk nor the host adapter checks, and this type of disk prints no other lines.
# shellcheck shell=sh
. ./scsi.sh

reads=100000
format=4096+8:ip:1:0
if scsi_load 4096 0 1; then
	io "$disk" $format fill:64:8 corrupt:70:data >/dev/null
	dmesg -C
	began=$(cut -d . -f 1 /proc/uptime)
	same "$reads bad reads all fail" $reads "$(io "$disk" $format again:70:$reads)"
	took=$(($(cut -d . -f 1 /proc/uptime) - began))
	# Ten lines in five seconds, the kernel's default; the last one has the number of suppressed bios.
	sleep 5.2
	io "$disk" $format read:70:1 >/dev/null
	lines=$(dmesg | grep -c ' tag error at ')
	suppressed=$(dmesg | sed -n 's/.*, \([0-9]*\) bios suppressed).*/\1/p' | awk '{ n += $1 } END { print n }')
	[ "$lines" -le $((took * 2 + 22)) ]
	result $? "$reads bad reads make few lines in the log" "$lines lines in $took s"
	same "lines and suppressed bios add up to all bad reads" $((reads + 1)) $((lines + suppressed))
	scsi_unload
else
	result 1 "scsi_debug loads"
fi
