# SPDX-License-Identifier: GPL-2.0
# Tags of a submitter on the kinds of formats there are; "tagformats" has the others.
# shellcheck shell=sh
. ./probe.sh
. ./client.sh
. ./tags.sh

client_load || {
	result 0 "tags" "SKIP this kernel has no pi_client"
	return 0
}
start=$(payloads)
tag_checks 1 3 5 6
client_unload
same "tags leave no payload" "$start" "$(payloads)"
