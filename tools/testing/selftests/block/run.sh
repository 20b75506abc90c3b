#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# Runs the tests that are named, or the usual ones, or with "full" the slow ones too; KTAP on stdout. "pressure" is in
# neither list: it wants a small guest of its own.
# It writes on every NVMe namespace and loads scsi_debug: for a guest made for it (scripts/guest), not for a machine.
set -u
cd "$(dirname "$0")" || exit 1

: "${PI_ALIGN:=4}"
quick="vectors nvme scsi policy partition stack partial zoned passthrough tags tagstack tagscsi"
slow="errors trace tools clean leaks fio memory facts tower file format swap flood tagformats tagcuts pibrd pifaults"

if ! grep -q pi-selftest /sys/class/nvme/*/serial 2>/dev/null; then
	echo "Bail out! these tests overwrite disks and run only on those of scripts/guest (serial pi-selftest)"
	exit 1
fi

. ./ktap.sh
echo "KTAP version 1"
case "$*" in
'') list=$quick ;;
full) list="$quick $slow" ;;
*) list=$* ;;
esac
for test in $list; do
	if [ -r "test_$test.sh" ]; then
		echo "# test $test"
		. "./test_$test.sh"
	else
		result 1 "test $test exists"
	fi
done
# After a complaint, or with its tables full, lockdep looks no more.
if [ -r /proc/lockdep_stats ]; then
	grep -q 'debug_locks: *1$' /proc/lockdep_stats
	result $? "lockdep looks to the end" "$(sed -n 's/^ *lock-classes: */lock classes: /p' /proc/lockdep_stats)"
fi
echo "# end of tests"
