# SPDX-License-Identifier: GPL-2.0
# Functions for pi_client, a module that submits bios with metadata of its own.
# shellcheck shell=sh

client_command=/sys/kernel/debug/pi_client/command
client_module=$(find "$PI_MODULES/lib/modules/$(uname -r)" -name "pi_client.ko*" | head -n 1)

# Each namespace gets its reserve for submitters now, so that payloads counted later do not include it.
client_load() {
	[ -n "$client_module" ] && insmod "$client_module" || return
	for client_disk in /sys/block/nvme*n*; do
		client read "${client_disk##*/}" 0 1 1 checks=none >/dev/null
	done
}

# client_needed NAME: loads it for a test. If the kernel has none, the test is skipped; if it does not load, it
# has failed.
client_needed() {
	client_load && return
	if [ -n "$client_module" ]; then
		result 1 "$1" "pi_client does not load"
	else
		lacks 0 "$1" "this kernel has no pi_client"
	fi
	return 1
}

client_unload() { rmmod pi_client; }

# client write|read DISK BLOCK COUNT GENERATION [OPTION...]: prints the result.
client() {
	echo "$*" >$client_command
	read -r client_said <$client_command
	echo "$client_said"
}
