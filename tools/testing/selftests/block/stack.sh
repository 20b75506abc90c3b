# SPDX-License-Identifier: GPL-2.0
# Stacked devices, made without their tools.
# shellcheck shell=sh

# md_make LEVEL: md9 from the first two partitions of $below, without superblock or tools, as if in sync.
md_make() {
	echo md9 >/sys/module/md_mod/parameters/new_array
	md=/sys/block/md9/md
	echo none >$md/metadata_version
	echo "$1" >$md/level
	echo 2 >$md/raid_disks
	[ "$1" = raid1 ] || echo 65536 >$md/chunk_size
	for slot in 0 1; do
		part=${below}p$((slot + 1))
		cat "/sys/class/block/$part/dev" >$md/new_dev
		echo 0 >"$md/dev-$part/offset"
		echo $((size / 2)) >"$md/dev-$part/size"
		echo $slot >"$md/dev-$part/slot"
	done
	[ "$1" = raid0 ] || echo $((size / 2)) >$md/component_size
	[ "$1" = raid0 ] || echo none >$md/resync_start
	echo active >$md/array_state
	# The disk is older than its limits: the directory comes shortly after these.
	until_there /sys/block/md9/integrity >/dev/null
}

md_stop() {
	echo clear >$md/array_state
	for try in 1 2 3 4 5 6 7 8 9; do
		[ -e /sys/block/md9 ] || break
		sleep 0.1
	done
}
