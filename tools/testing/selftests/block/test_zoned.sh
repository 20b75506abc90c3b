# SPDX-License-Identifier: GPL-2.0
# Zoned namespaces with 4096-byte blocks: sequential writes, and zone append, which only a stacked user can request
# (NVMe target over the namespace, NVMe host over the target by "loop"). Free memory is poisoned (see test_clean.sh),
# and all bytes of metadata are read back, which reveals bytes that were not set. The sizes cover the buffer in the
# payload object and pages.
# shellcheck shell=sh
. ./nvmet.sh

# at ZONE: prints its first block.
at() { echo $(($1 * 1024)); }

# zoned_case NAME DISK FORMAT
zoned_case() {
	same "$1 write, read, medium" "0 0 0 0 generated" "$(io "$2" "$3" fill:"$(at 2)":1 fill:$(($(at 2) + 1)):16 \
		fill:$(($(at 2) + 17)):300 read:"$(at 2)":317 tuples:"$(at 2)":317)"
	if ! target_make "$2"; then
		result 1 "$1 zone append"
		return
	fi
	same "$1 zone append" "0 0 0 0" \
		"$(io "$loop" "$3" append:"$(at 3)":1 append:"$(at 4)":16 append:"$(at 6)":17 append:"$(at 7)":128)"
	same "$1 zone append medium" "generated generated generated generated" \
		"$(io "$2" "$3" tuples:"$(at 3)":1 tuples:"$(at 4)":16 tuples:"$(at 6)":17 tuples:"$(at 7)":128)"
	# With generation off, the device generates metadata that is just the tuple.
	case $3 in
	*+8:*) ;;
	*)
		integrity "$2" write_generate 0
		same "$1 not generated" "0 0, 0 0, escapes escapes escapes" \
			"$(io "$2" "$3" fill:"$(at 8)":1 fill:$(($(at 8) + 1)):300), $(
			io "$loop" "$3" append:"$(at 9)":1 append:"$(at 10)":128), $(
			io "$2" "$3" escapes:"$(at 8)":301 escapes:"$(at 9)":1 escapes:"$(at 10)":128)"
		integrity "$2" write_generate 1
		;;
	esac
	target_unmake
}

while read -r nsid name _ format; do
	case $name in *zoned) zoned_case "nvme-$name" "$(namespace "$nsid")" "$format" </dev/null ;; esac
done <namespaces
