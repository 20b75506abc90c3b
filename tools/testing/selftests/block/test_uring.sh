# SPDX-License-Identifier: GPL-2.0
# Programs with metadata of their own, by io_uring: there and back through the block layer in every format, with every
# check, by every way to issue an I/O, with every mistake, and what FS_IOC_GETLBMD_CAP says of it.
# shellcheck shell=sh
. ./probe.sh
. ./meta.sh

ways="plain vectors fixed workers polled polled-fixed polled-workers thread thread-polled"

while read -r nsid name _ format; do
	case $nsid in '' | '#'*) continue ;; esac
	case $name in *zoned) continue ;; esac
	there=$(namespace "$nsid")
	# QEMU writes opaque metadata in whole sectors, and loses the rest: one command, of 4 KiB of metadata.
	case $format in
	*:none:*) meta_both "nvme-$name" "$there" "$format" 64 ;;
	*) meta_both "nvme-$name" "$there" "$format" ;;
	esac
	same "nvme-$name capabilities" "$(cap_of "$format" "$(cap_flags "$format")")" "$(io "$there" "$format" meta-cap)"
done <namespaces

# The device checks what it is told to and nothing else.
one="0,0 EILSEQ,0 EILSEQ,0"
errors=$(counter "$(namespace 1)" device_errors)
same "checks one by one" "guard $one ref $one app $one" "$(io "$(namespace 1)" 512+8:crc16:1:0 meta-checks:64:7)"
same "each wrong tuple is one error of the device" $((errors + 6)) "$(counter "$(namespace 1)" device_errors)"
same "checks with tuples last" "guard $one ref $one app $one" \
	"$(io "$(namespace 3)" 4096+64:crc16:1:56 meta-checks:64:7)"
same "checks of 64-bit guards" "guard $one ref $one app $one" \
	"$(io "$(namespace 4)" 4096+16:crc64:1:0 meta-checks:64:7)"
same "checks without reference tag" "guard $one app $one" \
	"$(io "$(namespace 5)" 4096+8:crc16:3:0 meta-checks:64:5)"

disk=$(namespace 1)
format=512+8:crc16:1:0
# Metadata of a program is none of the block layer's business.
for switch in read_verify write_generate; do
	integrity "$disk" $switch 0
done
same "metadata with both switches off" "0 0 generated 0" \
	"$(io "$disk" $format meta-tags:64:400 meta-write:64:400 tuples:64:400 meta-read:64:400)"
for switch in read_verify write_generate; do
	integrity "$disk" $switch 1
done

for way in $ways; do
	same "metadata, $way" "0 0 0 0" "$(io "$disk" $format "meta-way:$way")"
done

# mistake NAME WANTED [DISK FORMAT]: of a read, then of a write
mistake() { same "metadata, mistake: $1" "$2" "$(io "${3:-$disk}" "${4:-$format}" "meta-bad:$1")"; }

start=$(payloads)
io "$disk" $format fill:64:16 >/dev/null
for name in type type-high flags flags-high reserved longer shorter none regular; do
	mistake $name "EINVAL EINVAL"
done
mistake attributes "EFAULT EFAULT"
mistake unmapped "EFAULT EFAULT"
mistake read-only "EFAULT 0"
mistake buffered "EOPNOTSUPP EOPNOTSUPP"
mistake good "0 0"
mistake app-check "EINVAL EINVAL" "$(namespace 6)" 4096+64:none:0:0
same "no page of all that is still pinned" 0 "$(pinned_now)"
none_left "mistakes"

# E3: renumbering writes to a copy, where the seed is not the number of the block, 64.
for seed in 63 64 19088743; do
	same "write of tuples that are read-only memory, from $seed on" "0 untouched 0" \
		"$(io "$disk" $format "meta-map:$seed:read-only" read:64:16)"
done
same "write of metadata that was never touched" "0 untouched" "$(io "$disk" $format meta-map:0:zero-page)"
io "$disk" $format fill:64:16 >/dev/null

for what in unmap exit cancel; do
	same "metadata under way: $what" 0 "$(io "$disk" $format "meta-gone:$what")"
done
wait_for no_pins
same "no page of a program that ended is still pinned" 0 "$(pinned_now)"

same "a wrong tuple is an error of the device" "$(($(counter "$disk" device_errors) + 1)) EILSEQ" \
	"$(io "$disk" $format fill:64:16 >/dev/null; io "$disk" $format corrupt:66:guard >/dev/null
	found=$(io "$disk" $format read:64:16); echo "$(counter "$disk" device_errors) $found")"

same "capabilities, a size that is too small" EINVAL "$(io "$disk" $format meta-cap:15)"
same "capabilities, a size that is larger" "$(cap_of $format 3)" "$(io "$disk" $format meta-cap:40)"

# The example of the documentation, on a disk with tuples at the start; its tuple is on the medium with the number of
# its block.
same "example of the documentation" "application tag 0abc reference tag 4711" \
	"$("${pi_io%/*}/pi_example" "/dev/$disk" 2>&1 | sed 's/^guard [0-9a-f]* //')"
same "example of the documentation, verified by the block layer" DIFFERENT "$(io "$disk" $format read:0:1)"
same "example of the documentation, another format" "this example makes T10 tuples at the start of the metadata" \
	"$("${pi_io%/*}/pi_example" "/dev/$(namespace 4)" 2>&1)"
