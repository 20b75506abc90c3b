# SPDX-License-Identifier: GPL-2.0
# What every test here uses: results as KTAP, pi_io, integrity attributes.
# shellcheck shell=sh

pi_io=${PI_OUT:=$PWD}/pi_io
: "${PI_MODULES=}" "${PI_TESTS:=$PWD}" "${ktap_count:=0}" "${ktap_failed:=0}"

# result STATUS NAME [REMARK]
result() {
	ktap_count=$((ktap_count + 1))
	if [ "$1" = 0 ]; then
		echo "ok $ktap_count - $2${3:+ # $3}"
	else
		ktap_failed=$((ktap_failed + 1))
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

# controller SERIAL: the names of NVMe controllers that have it, in one line.
controller() {
	grep -lx "$1 *" /sys/class/nvme/*/serial 2>/dev/null | sed 's,/serial$,,; s,.*/,,' | tr '\n' ' ' |
		sed 's/ $//'
}

: "${nvme:=$(controller pi-selftest)}"

# namespace NSID: name of its disk, which depends on the order in which the driver found them.
namespace() {
	for path in "/sys/class/nvme/$nvme/$nvme"n*; do
		read -r nsid_there <"$path/nsid" && [ "$nsid_there" = "$1" ] && echo "${path##*/}" && return
	done
	echo "no-namespace-$1"
}

# A wait ends with what it waits for. That this does not come is told after minutes only, so that no result depends on
# the speed of the machine.
patience=300

uptime_seconds() { cut -d . -f 1 /proc/uptime; }

# wait_for COMMAND...: until it succeeds.
wait_for() {
	wait_began=$(uptime_seconds)
	until "$@"; do
		if [ $(($(uptime_seconds) - wait_began)) -ge $patience ]; then
			echo "# in vain for $patience s: $*" >&2
			return 1
		fi
		sleep 0.1
	done
}

# reads VALUE FILE: whether that is its first line.
reads() { read -r line 2>/dev/null <"$2" && [ "$line" = "$1" ]; }

exists() {
	# shellcheck disable=SC2086
	set -- $1
	[ -e "$1" ]
}

gone() { ! exists "$1"; }

# until_there PATTERN: the first path that matches, when there is one.
until_there() {
	wait_for exists "$1" || return
	# shellcheck disable=SC2086
	set -- $1
	echo "$1"
}

# part_make DISK NUMBER FIRST-SECTOR SECTORS
part_make() {
	addpart "/dev/$1" "$2" "$3" "$4" && until_there "/dev/$1$(part_suffix "$1")$2" >/dev/null
}

part_suffix() { case $1 in *[0-9]) echo p ;; esac; }

# requests_of DISK: reads and writes that the disk has done.
requests_of() { awk '{ print $1 + $5 }' "/sys/block/$1/stat"; }

more_requests() { [ "$(requests_of "$1")" -gt "$2" ]; }

# wait_for_io DISK: until I/O of a program in the background is under way.
wait_for_io() { wait_for more_requests "$1" $(($(requests_of "$1") + 16)); }

# rescan_nvme: the driver reads all namespaces anew. The command, which fails, is one of those after which the driver
# waits until that is done.
rescan_nvme() {
	echo 1 >"/sys/class/nvme/$nvme/rescan_controller"
	nvme attach-ns "/dev/$nvme" --namespace-id=4000 --controllers=0 >/dev/null 2>&1 || true
}

# needs MODULE...: loads what only the kernel of "make test" has; if it is not there, a test says so once and ends.
needs() {
	for module in "$@"; do
		modprobe -d "$PI_MODULES" "$module" 2>/dev/null || {
			result "${PI_FULL:-0}" "$test" "SKIP this kernel has no $module: scripts/kernel full"
			return 1
		}
	done
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
