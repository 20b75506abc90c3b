# SPDX-License-Identifier: GPL-2.0
# Tags of a submitter on the formats that "tags" does not cover.
# shellcheck shell=sh
. ./probe.sh
. ./client.sh
. ./tags.sh

client_needed "tags on more formats" || return 0
start=$(payloads)
tag_checks 2 4 7 8 9 10 11
client_unload
none_left "a client of more formats"
