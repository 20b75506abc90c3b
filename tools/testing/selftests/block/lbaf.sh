# SPDX-License-Identifier: GPL-2.0
# Format NVM, for namespace $nsid by controller $nvme.
# shellcheck shell=sh

# lbaf BLOCK METADATA: prints the number of that format of the namespace.
lbaf() {
	nvme id-ns "/dev/$nvme" -n "$nsid" | awk -v ms="$2" \
		-v ds="$(echo "$1" | awk '{ while ($1 > 1) { $1 /= 2; n++ } print n }')" \
		'/^lbaf/ { split($0, f, /[: ]+/); if (f[4] == ms && f[6] == ds) { print f[2]; exit } }'
}

# format_nvm BLOCK METADATA PI PIL [MSET]: returns when the driver has read the new format from the controller.
format_nvm() {
	nvme format "/dev/$nvme" -n "$nsid" --lbaf="$(lbaf "$1" "$2")" --pi="$3" --pil="$4" --ms="${5:-0}" --force \
		>/dev/shm/format 2>&1
	status=$?
	[ $status = 0 ] || sed 's/^/# /' /dev/shm/format
	return $status
}
