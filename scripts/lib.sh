# SPDX-License-Identifier: GPL-2.0
# Included by every script here: paths, messages, builds.
# shellcheck shell=bash disable=SC2034
set -euo pipefail

top=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
build=$top/build
base=$build/base
tree=$build/linux
jobs=$(nproc)

# The guest's kernel with more checks is built and run beside the usual one: DEBUG=1 by config.debug, =NAME by config.NAME.
kind=${DEBUG:+-$DEBUG}
[ "$kind" != -1 ] || kind=-debug

say() { printf '%s\n' "$*"; }
die() { printf '%s: %s\n' "${0##*/}" "$*" >&2; exit 1; }

# Two builds of the same source give the same objects, so ccache can give them back.
export KBUILD_BUILD_TIMESTAMP='Thu Jan  1 00:00:00 UTC 1970'
export KBUILD_BUILD_USER=build KBUILD_BUILD_HOST=build
export CCACHE_BASEDIR=$build CCACHE_NOHASHDIR=1 PYTHONDONTWRITEBYTECODE=1 LC_ALL=C
unset ARCH CROSS_COMPILE MAKEFLAGS MFLAGS MAKELEVEL

cc='ccache gcc'
clang='ccache clang'

# kbuild OUT ARGUMENTS...: make in the overlaid tree, objects in OUT, progress on stdout.
# Arguments are make's: targets and variables (one that is given twice: the last counts).
kbuild() {
	local out=$1
	shift
	make -C "$tree" O="$out" ARCH=x86_64 CC="$cc" HOSTCC="$cc" -j"$jobs" "$@" </dev/null 2>&1 |
		"$top/scripts/progress" ${expected:+"$expected"}
}

# count_objects OUT
count_objects() { find "$1" -name '*.o' -printf . 2>/dev/null | wc -c; }

# kbuild_all OUT TARGET...: a whole kernel; for one that is new, says about how many of its objects there are. How many
# there will be is known from the last build, or stands in a fragment as "# objects: N".
kbuild_all() {
	local out=$1 expected=''
	if [ ! -e "$out/vmlinux" ]; then
		expected="$(count_objects "$out") $(cat "$out/.objects" 2>/dev/null || echo 0)"
	fi
	kbuild "$@"
	count_objects "$out" >"$out/.objects"
}

# What runs a kernel may take as long as it needs, but may not be silent for more seconds than this.
silence=${TIMEOUT:-600}

# watch_silence PID MARK FILE...: when none of the files has grown for so long, makes the file MARK and kills what the process
# started, or if that is nothing, the process.
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

# kconfig OUT FRAGMENT...: allnoconfig plus the fragments; every option asked for must be in the result.
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
	# What is to be off may as well not exist.
	missing=$(awk '/ not in final / { option = $4 } /^Requested value: / { off = / is not set$/ }
		/^Actual value: / && !(off && NF == 2) { print option }' "$out/.config.log")
	[ -z "$missing" ] || die "these options did not make it into the configuration:"$'\n'"$missing"
	echo "$wanted" >"$out/.wanted"
	[ -e "$out/.objects" ] || sed -n 's/^# objects: //p' "$@" | awk '{ n += $1 } END { print n + 0 }' >"$out/.objects"
}
