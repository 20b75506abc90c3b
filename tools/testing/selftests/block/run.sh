#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# Runs the named tests, or the usual ones, or with "full" the slow ones too, and prints KTAP. "pressure" is in
# neither list: it needs a small guest of its own.
# It writes on every NVMe namespace and loads scsi_debug, so it must run in a guest made for it (scripts/guest).
# Exit status 0: all tests passed, 1: a test failed, 4 (for kselftest): there are no disks that it may write on.
set -u
cd "$(dirname "$0")" || exit 1

: "${PI_ALIGN:=4}"
quick="vectors nvme scsi policy partition stack partial zoned passthrough uring tags tagstack tagscsi"
slow="defects errors unstable stable multipath trace tools clean leaks fio memory facts"
slow="$slow tower file format swap flood tagformats tagcuts pibrd pifaults pistack piclients uringstack matrix btt"

# Other disks than those of pi_brd and scsi_debug are not in User Mode Linux without ubd.
only_ours() { grep -q 'User Mode Linux' /proc/cpuinfo && [ ! -e /sys/bus/platform/drivers/uml-blkdev ]; }
if ! grep -q pi-selftest /sys/class/nvme/*/serial 2>/dev/null && ! only_ours; then
	echo "Bail out! these tests overwrite disks and run only on those of scripts/guest (serial pi-selftest)"
	exit 4
fi

. ./ktap.sh
echo "KTAP version 1"
case "$*" in
'') list=$quick ;;
full)
	list="requests $quick $slow"
	PI_FULL=1
	;;
*) list=$* ;;
esac
run_count=$(echo "$list" | wc -w)
run_number=0
for test in $list; do
	run_number=$((run_number + 1))
	if [ -r "test_$test.sh" ]; then
		echo "# test $test ($run_number of $run_count)"
		. "./test_$test.sh"
	else
		result 1 "test $test exists"
	fi
done
# After a report, or with its tables full, lockdep is disabled.
if [ -r /proc/lockdep_stats ]; then
	grep -q 'debug_locks: *1$' /proc/lockdep_stats
	result $? "lockdep looks to the end" "$(sed -n 's/^ *lock-classes: */lock classes: /p' /proc/lockdep_stats)"
fi
# The second scan finds what the first one saw for the first time.
leaks=/sys/kernel/debug/kmemleak
if [ -w $leaks ]; then
	echo scan >$leaks
	echo scan >$leaks
	[ -z "$(cat $leaks)" ]
	result $? "kmemleak finds nothing"
	sed 's/^/# /' $leaks | head -n 60
fi
echo "# end of tests"
[ "$ktap_failed" = 0 ]
