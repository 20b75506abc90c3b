# SPDX-License-Identifier: GPL-2.0
# pi_client, a submitter that owns the metadata of its bios.
# shellcheck shell=sh

client_command=/sys/kernel/debug/pi_client/command
client_module=$(find "$PI_MODULES/lib/modules/$(uname -r)" -name "pi_client.ko*" | head -n 1)

client_load() { [ -n "$client_module" ] && insmod "$client_module"; }
client_unload() { rmmod pi_client; }

# client write|read DISK BLOCK COUNT GENERATION [OPTION...]: what came of it
client() {
	echo "$*" >$client_command
	read -r client_said <$client_command
	echo "$client_said"
}
