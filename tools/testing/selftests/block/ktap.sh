# SPDX-License-Identifier: GPL-2.0
# What every test here uses: results as KTAP, pi_io, integrity attributes.
# shellcheck shell=sh

pi_io=${PI_OUT:?is the directory of pi_io}/pi_io
: "${ktap_count:=0}"

# result STATUS NAME [REMARK]
result() {
	ktap_count=$((ktap_count + 1))
	if [ "$1" = 0 ]; then
		echo "ok $ktap_count - $2${3:+ # $3}"
	else
		echo "not ok $ktap_count - $2${3:+ # $3}"
	fi
}

# same NAME WANTED FOUND [REMARK]
same() {
	if [ "$2" = "$3" ]; then
		result 0 "$1" "${4:-}"
	else
		result 1 "$1" "wanted $2, found $3"
	fi
}

# io DISK FORMAT STEP...: the words with which the steps answer.
io() {
	io_disk=$1
	shift
	"$pi_io" "/dev/$io_disk" "$@"
}

# namespace NSID: name of its disk, which depends on the order in which the driver found them.
namespace() {
	for path in /sys/block/nvme0n*; do
		read -r nsid_there <"$path/nsid" && [ "$nsid_there" = "$1" ] && echo "${path##*/}" && return
	done
	echo "no-namespace-$1"
}

# until_there PATH: the first that matches, soon.
until_there() {
	for try in $(seq 50); do
		# shellcheck disable=SC2086
		set -- $1
		[ -e "$1" ] && echo "$1" && return
		sleep 0.1
	done
	return 1
}

# integrity DISK ATTRIBUTE [VALUE]
integrity() {
	if [ $# = 3 ]; then
		echo "$3" >"/sys/block/$1/integrity/$2"
	else
		read -r attribute <"/sys/block/$1/integrity/$2"
		echo "$attribute"
	fi
}
