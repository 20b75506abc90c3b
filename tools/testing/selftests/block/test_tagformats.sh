# SPDX-License-Identifier: GPL-2.0
# Tags of a submitter on the formats that "tags" does not cover.
# shellcheck shell=sh
. ./probe.sh
. ./client.sh
. ./tags.sh

client_load || {
	result 0 "tags on more formats" "SKIP this kernel has no pi_client"
	return 0
}
start=$(payloads)
tag_checks 2 4 7 8 9 10 11
client_unload
none_left "a client of more formats"
