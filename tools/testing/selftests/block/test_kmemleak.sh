# SPDX-License-Identifier: GPL-2.0
# Memory that nothing points to after the tests before this one. Objects must be a few seconds old to be reported.
# shellcheck shell=sh
kmemleak=/sys/kernel/debug/kmemleak

if [ -w $kmemleak ]; then
	sleep 6
	for _ in 1 2; do
		echo scan >$kmemleak
	done
	found=$(grep -c '^unreferenced object' $kmemleak)
	[ "$found" = 0 ] || head -n 60 $kmemleak | sed 's/^/# /'
	same "kmemleak: unreferenced objects" 0 "$found"
else
	result 0 "kmemleak" "SKIP this kernel has no kmemleak: DEBUG=1"
fi
