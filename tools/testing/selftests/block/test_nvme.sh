# SPDX-License-Identifier: GPL-2.0
# Every namespace of QEMU's NVMe controller, which checks tuples itself.
# shellcheck shell=sh
. ./format.sh

# by_nvme_cli ROW DISK FORMAT: checks the first block that "rw" wrote with another program.
by_nvme_cli() {
	metadata=${3#*+}
	metadata=${metadata%%:*}
	rm -f /dev/shm/metadata
	nvme read "/dev/$2" --start-block=0 --block-count=0 --data-size="${3%%+*}" --data=/dev/shm/data \
		--metadata-size="$metadata" --metadata=/dev/shm/metadata --prinfo=0 >/dev/null
	same "$1 metadata by nvme-cli" "$(io "$2" "$3" made:0)" "$(od -An -v -tx1 /dev/shm/metadata | tr -d ' \n')"
}

while read -r nsid name _ format; do
	case $nsid in '' | '#'*) continue ;; esac
	case $name in *zoned) continue ;; esac
	there=$(namespace "$nsid")
	sectors=0
	[ ! -e "/sys/block/$there" ] || read -r sectors <"/sys/block/$there/size"
	if [ "$sectors" -gt 0 ]; then
		format_checks "nvme-$name" "$there" "$format"
		by_nvme_cli "nvme-$name" "$disk" "$format"
	else
		result 1 "nvme-$name exists"
	fi
done <namespaces
