# SPDX-License-Identifier: GPL-2.0
# Included by the benchmarks. A result is a line "KIND / ROW = NUMBER".
# shellcheck shell=bash
. "$(dirname "${BASH_SOURCE[0]}")/../../scripts/lib.sh"

out=$build/bench

# A function of jq: the quartiles of an array of numbers.
# shellcheck disable=SC2034
quartiles='def quartiles: sort | [.[length / 4 | floor], .[length / 2 | floor], .[length * 3 / 4 | floor]];'

# compare BASE OURS: prints the results of two files side by side.
compare() {
	awk -F ' / | = ' '
		!/ = / { next }
		NR == FNR { base[$1, $2] = $3; next }
		$1 != kind { kind = $1; printf "\n%-66s %12s %12s\n", kind, "base", "ours" }
		{ printf "  %-64s %12s %12s\n", $2, ($1, $2) in base ? base[$1, $2] : "-", $3 }' "$1" "$2"
}
