# SPDX-License-Identifier: GPL-2.0
# Functions of all tests: KTAP results, pi_io, integrity attributes.
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

# lacks STATUS NAME REASON: a test that cannot run. It is skipped if the status is 0, otherwise it has failed.
lacks() {
	[ "$1" != 0 ] || set -- 0 "$2" "SKIP $3"
	result "$@"
}

# same NAME WANTED FOUND [REMARK]
same() {
	if [ "$2" = "$3" ]; then
		result 0 "$1" "${4:-}"
	else
		result 1 "$1" "wanted $2, found $3"
	fi
}

# io DISK FORMAT STEP...: prints the answers of the steps.
io() {
	io_disk=$1
	shift
	"$pi_io" "/dev/$io_disk" "$@"
}

# controller SERIAL: prints the names of the NVMe controllers with this serial number, in one line.
controller() {
	grep -lx "$1 *" /sys/class/nvme/*/serial 2>/dev/null | sed 's,/serial$,,; s,.*/,,' | tr '\n' ' ' |
		sed 's/ $//'
}

: "${nvme:=$(controller pi-selftest)}"

# pibrd_namespace NSID: prints the name of a disk of pi_brd that stands in for a namespace in User Mode Linux, and makes
# it if it is not there. Formats of pi_brd have a type even without tuples.
pibrd_namespace() {
	{
		. ./pibrd.sh
		pibrd_load
		[ -d "$pibrd_config/ns$1" ] ||
			pibrd_format "ns$1" "$(awk -v nsid="$1" '$1 == nsid { sub(":none:0", ":none:1"); print $4 }' namespaces)" \
				poll_queues=1
	} >&2
	cat "$pibrd_config/ns$1/disk"
}

# namespace NSID: prints the name of its disk, which depends on the order in which the driver found them.
namespace() {
	[ -n "$nvme" ] || { pibrd_namespace "$1"; return; }
	for path in "/sys/class/nvme/$nvme/$nvme"n*; do
		read -r nsid_there <"$path/nsid" && [ "$nsid_there" = "$1" ] && echo "${path##*/}" && return
	done
	echo "no-namespace-$1"
}

# A wait ends with the event that it waits for. It fails only after minutes, so that no result depends on the speed of
# the machine.
patience=300

uptime_seconds() { cut -d . -f 1 /proc/uptime; }

# wait_for COMMAND...: waits until the command succeeds.
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

# reads VALUE FILE: tests whether the first line of the file is VALUE.
reads() { read -r line 2>/dev/null <"$2" && [ "$line" = "$1" ]; }

exists() {
	# shellcheck disable=SC2086
	set -- $1
	[ -e "$1" ]
}

gone() { ! exists "$1"; }

# until_there PATTERN: waits for a path that matches, and prints the first.
until_there() {
	wait_for exists "$1" || return
	# shellcheck disable=SC2086
	set -- $1
	echo "$1"
}

# Debian 13 does not have these commands.
addpart() { "$pi_io" addpart "$@"; }
delpart() { "$pi_io" delpart "$@"; }

# part_make DISK NUMBER FIRST-SECTOR SECTORS
part_make() {
	addpart "/dev/$1" "$2" "$3" "$4" && until_there "/dev/$1$(part_suffix "$1")$2" >/dev/null
}

part_suffix() { case $1 in *[0-9]) echo p ;; esac; }

# requests_of DISK: prints the number of reads and writes that the disk has completed.
requests_of() { awk '{ print $1 + $5 }' "/sys/block/$1/stat"; }

more_requests() { [ "$(requests_of "$1")" -gt "$2" ]; }

# wait_for_io DISK: waits until a program in the background does I/O.
wait_for_io() { wait_for more_requests "$1" $(($(requests_of "$1") + 16)); }

# rescan_nvme: makes the driver scan all namespaces. The command fails, but it is one after which the driver waits until
# the scan is complete.
rescan_nvme() {
	echo 1 >"/sys/class/nvme/$nvme/rescan_controller"
	nvme attach-ns "/dev/$nvme" --namespace-id=4000 --controllers=0 >/dev/null 2>&1 || true
}

# needs MODULE...: loads modules that only the kernel of "make test" has. If one is missing, the test reports that and
# ends.
needs() {
	for module in "$@"; do
		modprobe -d "$PI_MODULES" "$module" 2>/dev/null || {
			lacks "${PI_FULL:-0}" "$test" "this kernel has no $module: scripts/kernel full"
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
