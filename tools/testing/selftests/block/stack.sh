# SPDX-License-Identifier: GPL-2.0
# Stacked devices, created without their tools.
# shellcheck shell=sh

# md_make LEVEL SECTORS COMPONENT COMPONENT: md9 of so much of two block devices, without superblock or tools, as if in
# sync. md_metadata=external:NAME is for one whose superblock a program would keep, md_integrity=no for one of devices
# without integrity.
md_make() {
	echo md9 >/sys/module/md_mod/parameters/new_array
	md=/sys/block/md9/md
	echo "${md_metadata:-none}" >$md/metadata_version
	echo "$1" >$md/level
	echo 2 >$md/raid_disks
	[ "$1" = raid1 ] || echo 65536 >$md/chunk_size
	[ "$1" != raid10 ] || echo 258 >$md/layout # two near copies
	for part in "$3" "$4"; do
		cat "/sys/class/block/$part/dev" >$md/new_dev
		echo 0 >"$md/dev-$part/offset"
		echo $(($2 / 2)) >"$md/dev-$part/size"
	done
	echo 0 >"$md/dev-$3/slot"
	echo 1 >"$md/dev-$4/slot"
	[ "$1" = raid0 ] || echo $(($2 / 2)) >$md/component_size
	[ "$1" = raid0 ] || echo none >$md/resync_start
	echo active >$md/array_state
	# The disk exists before its limits, so some files appear a little later.
	[ "${md_integrity:-}" = no ] || until_there /sys/block/md9/integrity/stat >/dev/null
}

md_stop() {
	echo clear >$md/array_state
	wait_for gone /sys/block/md9
}
