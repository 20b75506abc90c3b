# SPDX-License-Identifier: GPL-2.0
# NVMe passthrough with metadata of the program, by ioctl and by io_uring.
# shellcheck shell=sh
. ./probe.sh

disk=$(namespace 7)
format=512+64:crc16:1:56
passthrough() { io "${2:-$disk}" $format "user:$1"; }

same "passthrough read into read-only memory" "EFAULT untouched" "$(passthrough read-to-read-only)"
same "passthrough write from read-only memory" "0 untouched" "$(passthrough write-from-read-only)"
same "passthrough metadata unmapped" EFAULT "$(passthrough unmapped)"
same "passthrough metadata half unmapped" EFAULT "$(passthrough half-unmapped)"
same "passthrough metadata shorter than its data" "0 untouched" "$(passthrough too-short)"
before=$(counter "$disk" bounced_buffers)
same "passthrough metadata longer than needed" "0 untouched" "$(passthrough too-long)"
same "passthrough metadata that the device can reach is not copied" "$before" "$(counter "$disk" bounced_buffers)"
before=$(counter "$disk" bounced_buffers)
same "passthrough metadata at odd address" "0 0 same" "$(passthrough odd-address)"
same "passthrough metadata at odd address is copied in both directions" 2 \
	$(($(counter "$disk" bounced_buffers) - before))
same "passthrough failing leaks nothing" "EFAULT constant" "$(passthrough leak)"
same "io_uring metadata in two pages" "0 0 same" "$(passthrough uring-two-pages "ng${disk#nvme}")"
