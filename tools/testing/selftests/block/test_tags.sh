# SPDX-License-Identifier: GPL-2.0
# Tags of a submitter on one format of each kind; "tagformats" has the others.
# shellcheck shell=sh
. ./probe.sh
. ./client.sh
. ./tags.sh

client_needed "tags" || return 0
start=$(payloads)
tag_checks 1 3 5 6

# wrong ANSWER COMMAND...
wrong() {
	what=$1
	shift
	same "answer to: $*" "$what" "$(client "$@")"
}

disk=$(namespace 1)
wrong "-EINVAL erase is neither write nor read" erase "$disk" 1 1 1
wrong "-EINVAL write needs DISK BLOCK COUNT GENERATION" write "$disk" 1 1
wrong "-EINVAL read needs DISK BLOCK COUNT GENERATION" read "$disk" 1 0 1
wrong "-EINVAL no such fill" write "$disk" 1 1 1 fill=256
wrong "-EINVAL no such bio" write "$disk" 1 1 1 bio=257
wrong "-EINVAL no such checks" write "$disk" 1 1 1 checks=all+app
wrong "-ENOENT cannot open nothing" read nothing 1 1 1
wrong "-ENXIO $disk has $(($(cat "/sys/block/$disk/size") / 8)) blocks" read "$disk" 99999999 1 1
wrong "-EINVAL without a record" read "$disk" 1000 8 7 pages verify
wrong "-EINVAL in bio_integrity_set_profile" read "$disk" 1000 8 7 pages guards
client_unload
none_left "a client of NVMe"
