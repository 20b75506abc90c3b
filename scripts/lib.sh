# SPDX-License-Identifier: GPL-2.0
# Included by every script here: paths, messages, builds.
# shellcheck shell=bash disable=SC2034
set -euo pipefail

top=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
build=$top/build
base=$build/base
tree=${TREE:-$build/linux}
jobs=$(nproc)

# A guest kernel with more checks has separate directories: DEBUG=1 uses config.debug, DEBUG=NAME uses config.NAME.
kind=${DEBUG:+-$DEBUG}
[ "$kind" != -1 ] || kind=-debug

say() { printf '%s\n' "$*"; }
die() { printf '%s: %s\n' "${0##*/}" "$*" >&2; exit 1; }

# help: prints the comment at the top of the script.
help() { awk 'NR > 2 { if (!sub(/^# ?/, "")) exit; print }' "$0"; }

case ${1:-} in -h | --help)
	help
	exit
	;;
esac
if [ $# -gt 0 ] && grep -qx "# usage: ${0##*/}" "$0"; then
	die "there are no arguments (see --help): $*"
fi

case $top in *[[:space:]]*) die "the path of this tree has a space in it, which kbuild and boot lines cannot carry: $top" ;; esac

# Make builds reproducible, so that ccache can reuse objects.
export KBUILD_BUILD_TIMESTAMP='Thu Jan  1 00:00:00 UTC 1970'
export KBUILD_BUILD_USER=build KBUILD_BUILD_HOST=build
export CCACHE_BASEDIR=$build CCACHE_NOHASHDIR=1 PYTHONDONTWRITEBYTECODE=1 LC_ALL=C
unset ARCH CROSS_COMPILE MAKEFLAGS MFLAGS MAKELEVEL

# GIT_DIR and its like, which git sets for its hooks, take precedence over the directory that a command of git is given.
# shellcheck disable=SC2046
unset $(git rev-parse --local-env-vars 2>/dev/null | grep -v '^GIT_CONFIG')

cc='ccache gcc'
clang='ccache clang'

# kbuild OUT ARGUMENTS...: runs make in the overlaid tree, with objects in OUT, and prints the progress. Arguments are targets and
# variables; if a variable is given twice, the last one counts.
kbuild() {
	local out=$1
	shift
	make -C "$tree" O="$out" ARCH=x86_64 CC="$cc" HOSTCC="$cc" -j"$jobs" "$@" </dev/null 2>&1 |
		"$top/scripts/progress" ${expected:+"$expected"}
}

# count_objects OUT
count_objects() { find "$1" -name '*.o' -printf . 2>/dev/null | wc -c; }

# kbuild_all OUT TARGET...: builds a whole kernel. If it is new, prints the progress in percent of an estimate, which comes from
# the last build or from a line "# objects: N" in a fragment.
kbuild_all() {
	local out=$1 expected=''
	if [ ! -e "$out/vmlinux" ]; then
		expected="$(count_objects "$out") $(cat "$out/.objects" 2>/dev/null || echo 0)"
	fi
	kbuild "$@"
	count_objects "$out" >"$out/.objects"
}

# nothing_runs: fails if something uses what is in build/. Guests hold a lock of their own and share that of their modules;
# scripts/kernel holds the latter while it builds.
nothing_runs() {
	local lock
	for lock in "$build"/*/lock "$build"/*.lock; do
		[ ! -e "$lock" ] || flock -n "$lock" true ||
			die "a guest or a build of a kernel is running: $(dirname "$lock")/$(basename "$lock") is locked"
	done
}

# The headers of the tree for programs, as "make headers_install" copies them.
headers=$build/headers/usr/include
user_headers() { kbuild "$build/headers" headers; }

# A program that runs a kernel may take as long as it needs, but must not be silent for longer than this, in seconds.
silence=${TIMEOUT:-600}

# watch_silence PID MARK FILE...: if none of the files grows for this time, creates the file MARK and kills the children of the
# process, or the process if it has none.
watch_silence() {
	local pid=$1 mark=$2 size seen='' since=$SECONDS children
	shift 2
	while sleep 2 && kill -0 "$pid" 2>/dev/null; do
		size=$(stat -c %s "$@" 2>/dev/null) || true
		if [ "$size" != "$seen" ]; then
			seen=$size since=$SECONDS
		elif [ $((SECONDS - since)) -ge "$silence" ]; then
			touch "$mark"
			children=$(cat "/proc/$pid/task"/*/children 2>/dev/null) || true
			# shellcheck disable=SC2086
			kill -9 ${children:-$pid} 2>/dev/null || true
			since=$SECONDS
		fi
	done
}

# watched MARK FILE COMMAND...: runs the command, and watches its silence. Return: its exit status.
watched() {
	local mark=$1 file=$2 status=0 command watch
	shift 2
	rm -f "$mark"
	"$@" </dev/null &
	command=$!
	watch_silence "$command" "$mark" "$file" >/dev/null &
	watch=$!
	wait "$command" || status=$?
	kill "$watch" 2>/dev/null || true
	return "$status"
}

# keep_busy: while this script runs, keeps all processors busy with BUSY= loops each (default: none), to show that no result
# depends on the speed of the machine. The loops also end if the script is killed.
keep_busy() {
	local loop
	[ "${BUSY:-0}" != 0 ] || return 0
	say "$BUSY busy loops per processor run meanwhile"
	for ((loop = 0; loop < BUSY * jobs; loop++)); do
		busy_loop $$ </dev/null >/dev/null 2>&1 7<&- 8>&- &	# not the locks of scripts/guest
	done
}

# busy_loop PID: uses a processor until the process has ended.
busy_loop() {
	local round
	while kill -0 "$1"; do
		for ((round = 0; round < 100000; round++)); do :; done
	done
}

# kconfig OUT FRAGMENT...: configures allnoconfig plus the fragments. Every requested option must be in the result.
kconfig() {
	local out=$1 wanted missing
	shift
	mkdir -p "$out"
	wanted=$({ cat "$@"; cd "$tree" && grep Kconfig "$build/tree.files" | xargs -r cat 2>/dev/null || true; } | sha256sum)
	if [ -e "$out/.config" ] && [ "$(cat "$out/.wanted" 2>/dev/null)" = "$wanted" ]; then
		return
	fi
	say "configuring ${out#"$top/"}"
	(cd "$tree" && ./scripts/kconfig/merge_config.sh -n -O "$out" "$@") \
		>"$out/.config.log" 2>&1 || { cat "$out/.config.log" >&2; die "configuring $out failed"; }
	# An option that is requested as off need not exist.
	missing=$(awk '/ not in final / { option = $4 } /^Requested value: / { off = / is not set$/ }
		/^Actual value: / && !(off && NF == 2) { print option }' "$out/.config.log")
	[ -z "$missing" ] || die "the configuration lacks these options:"$'\n'"$missing"
	echo "$wanted" >"$out/.wanted"
	[ -e "$out/.objects" ] || sed -n 's/^# objects: //p' "$@" | awk '{ n += $1 } END { print n + 0 }' >"$out/.objects"
}
