# SPDX-License-Identifier: GPL-2.0
# Tags of a submitter on NVMe: pi_client stores a back pointer in the tags of each of its blocks of 4096 bytes. The tags
# must be read back, the medium must have what another program expects, errors must be reported exactly, and invalid
# requests must be rejected without effect.
# shellcheck shell=sh

# QEMU 7.2 transfers opaque metadata in whole 512 bytes only, so bios have a multiple of eight blocks, or one.

# of FORMAT: sets $interval, $metadata, $intervals of a block of the client, and all else that depends on the format.
of() {
	format=$1
	interval=${format%%+*}
	metadata=${format#*+}
	metadata=${metadata%%:*}
	intervals=$((4096 / interval))
	case $format in
	*+8:*:1:* | *+16:crc64:1:*) room=tuple ;;	# tags are the application tag
	*+8:*:3:*) room=type3 ;;
	*) room=beside ;;
	esac
}

# medium STEP BLOCK COUNT: runs a step on blocks of the client of generation $salt.
medium() { io "$disk" "$format" "salt:$salt" "$1:$(($2 * intervals)):$(($3 * intervals))"; }

# by_nvme_cli BLOCK STEP: reads the metadata of a block of the client with another program.
by_nvme_cli() {
	rm -f /dev/shm/metadata
	nvme read "/dev/$disk" --start-block=$(($1 * intervals)) --block-count=$((intervals - 1)) --data-size=4096 \
		--data=/dev/shm/data --metadata-size=$((metadata * intervals)) --metadata=/dev/shm/metadata \
		--prinfo=0 >/dev/null
	same "$row $2 by nvme-cli" "$(io "$disk" "$format" "salt:$salt" "$2-hex:$(($1 * intervals)):$intervals")" \
		"$(od -An -v -tx1 /dev/shm/metadata | tr -d ' \n')"
}

# what_it_says BLOCK: prints the part of a back pointer that the format has room for.
what_it_says() {
	case $room in
	tuple) [ $intervals = 8 ] && echo "block $1 generation 7 owner 1" || echo "block $1 generation 0 owner 0" ;;
	type3) echo "block $1 generation 7 owner 0" ;;
	*) echo "block $1 generation 7 owner 1" ;;
	esac
}

written_and_read() {
	salt=7
	same "$row tags come back" "0, 0" "$(client write "$disk" 1000 304 7), $(client read "$disk" 1000 304 7)"
	same "$row tags come back one by one" "0" "$(client read "$disk" 1000 40 7 bio=1)"
	same "$row medium has tags" tagged "$(medium tagged 1000 40)"
	same "$row medium has tags of the last blocks" tagged "$(medium tagged 1290 14)"
	by_nvme_cli 1003 tagged
	same "$row misplaced block" "0, -EUCLEAN block 1005 says $(what_it_says 1002)" \
		"$(io "$disk" "$format" misplace:$((1002 * intervals)):$((1005 * intervals))), $(
		client read "$disk" 1000 304 7)"
	same "$row block written to the wrong place" "0, -EUCLEAN block 1010 says $(what_it_says 1009)" \
		"$(client write "$disk" 1010 1 7 as=1009), $(client read "$disk" 1008 48 7)"
}

packed() {
	[ $room = beside ] && return
	salt=9
	same "$row packed tags come back" "0, 0" "$(client write "$disk" 1400 40 9 packed), $(
		client read "$disk" 1400 40 9 packed)"
	same "$row medium has packed tags" packed "$(medium packed 1400 40 | sed s/tagged/packed/)"
	by_nvme_cli 1403 packed
	same "$row packed tags of all ones" "0, 0" "$(client write "$disk" 1400 40 9 packed fill=0xff), $(
		client read "$disk" 1400 40 9 packed fill=0xff)"
	same "$row all ones are checked when packed" 0 \
		"$(io "$disk" "$format" corrupt:$((1405 * intervals)):data >/dev/null
		client read "$disk" 1400 40 9 packed fill=0xff |
			sed "s/^-EILSEQ unknown by device at interval $((1400 * intervals)) .*/0/")"
}

# Metadata in pages of the submitter, cut into pieces that the device does not accept.
pieces() {
	salt=18
	before=$(counter "$disk" bounced_buffers)
	same "$row metadata in pages" "0, 0, 0" "$(client write "$disk" 1450 24 18 pages), $(
		client read "$disk" 1450 24 18), $(client read "$disk" 1450 24 18 pages)"
	# Before pi_io reads the medium, because its own buffers may be bounced too.
	same "$row metadata in pages is copied" $(((24 * intervals * metadata > 1000) * 2)) \
		$(($(counter "$disk" bounced_buffers) - before))
	same "$row medium has metadata of pages" tagged "$(medium tagged 1450 24)"
}

# Rejected writes must not reach the medium.
refused() {
	salt=5
	client write "$disk" 1500 24 5 >/dev/null
	for option in too-long "packed too-long"; do
		# shellcheck disable=SC2086
		same "$row $option" "-EINVAL in bio_integrity_set_tag" "$(client write "$disk" 1500 24 6 $option)"
	done
	if [ $room = beside ]; then
		same "$row tags of all ones beside the tuple" "0, 0" "$(client write "$disk" 1550 24 5 fill=0xff), $(
			client read "$disk" 1550 24 5 fill=0xff)"
	else
		same "$row tags of all ones" "-EINVAL in bio_integrity_set_tag" \
			"$(client write "$disk" 1500 24 6 fill=0xff)"
	fi
	case $format in
	*:none:*) ;;
	*)
		same "$row tuples never generated" "-EINVAL without a record" "$(client write "$disk" 1500 24 6 ungenerated)"
		# The guard covers the metadata in front of the tuple.
		case $room-$format in
		beside-*:0 | tuple-* | type3-*)
			same "$row tags set after the tuples were generated" "0, 0" \
				"$(client write "$disk" 1550 24 5 late), $(client read "$disk" 1550 24 5)"
			;;
		*)
			same "$row tags in front of the tuple set after it was generated" "-EINVAL without a record" \
				"$(client write "$disk" 1500 24 6 late)"
			;;
		esac
		;;
	esac
	same "$row too many tag bytes" "-EINVAL in bio_integrity_get_tag" "$(client read "$disk" 1500 24 5 too-long)"
	same "$row medium after rejected writes" "tagged, 0" "$(medium tagged 1500 24), $(
		client read "$disk" 1500 24 5)"
}

# Guards that the submitter provides.
guards() {
	salt=11 n=$((24 * intervals))
	same "$row own guards" "0 guards $n, 0 guards $n, 0" "$(client write "$disk" 1600 24 11 guards), $(
		client read "$disk" 1600 24 11 guards), $(client read "$disk" 1600 24 11)"
	same "$row medium has own guards" tagged "$(medium tagged 1600 24)"
	same "$row wrong guards" "-EILSEQ guards $n unknown by device at interval $((1600 * intervals)) sector 12800" \
		"$(client write "$disk" 1600 24 12 guards wrong)"
	same "$row medium after wrong guards" tagged "$(medium tagged 1600 24)"
	# Without any check they are stored, and not replaced.
	salt=12
	found="$(client write "$disk" 1600 24 12 guards wrong checks=none)"
	right=$(io "$disk" "$format" guards:$((1603 * intervals)))
	expected=${right#expected } expected=${expected%% *} stored=${right##* }
	same "$row wrong guards that nobody checks" "0 guards $n, ${expected%?} 1" \
		"$found, ${stored%?} $((0x${expected#"${expected%?}"} ^ 0x${stored#"${stored%?}"}))"
	same "$row wrong guards have no error record" "0, -EUCLEAN interval $((1600 * intervals))" "$(
		client read "$disk" 1600 24 12 checks=none), $(
		client read "$disk" 1600 24 12 guards checks=ref | sed 's/ guards [0-9]*\( interval [0-9]*\) .*/\1/')"
}

# The error record for one flipped bit on the medium. The host detects it only if the device does not check, so set
# on_error=report.
# damaged WHAT TAG EXPECTED-AND-FOUND
damaged() {
	same "$row record of damaged $1" \
		"-EILSEQ unknown by device at interval $((1700 * intervals)) sector 13600, $(
		)0 $2 by host at interval $bad sector $((bad * interval / 512)) $3" "$one, $two"
}

records() {
	bad=$((1705 * intervals + intervals - 1))
	for what in data guard ref; do
		case $what-$format in ref-*:3:*) continue ;; esac
		client write "$disk" 1700 24 13 >/dev/null
		io "$disk" "$format" corrupt:$bad:$what >/dev/null
		one=$(client read "$disk" 1700 24 13)
		integrity "$disk" on_error report
		two=$(client read "$disk" 1700 24 13 verify)
		integrity "$disk" on_error fail
		if [ $what = ref ]; then
			damaged ref ref "$(printf 'expected 0x%x found 0x%x' $bad $((bad ^ 1)))"
		else
			damaged $what guard "$(io "$disk" "$format" guards:$bad)"
		fi
	done
}

# The application tag can be checked only where it belongs to the submitter.
application_tags() {
	[ $room = tuple ] || return
	bad=$((1805 * intervals))
	refused="-EILSEQ unknown by device at interval $((1800 * intervals)) sector 14400"
	client write "$disk" 1800 24 14 fill=0x5a >/dev/null
	device="$(counter "$disk" device_errors) $(counter "$disk" app_errors)"
	same "$row application tag: right, other bits, wrong" "0, 0, $refused" "$(
		client read "$disk" 1800 24 14 fill=0x5a checks=guard+ref+app app=0x5a5a), $(
		client read "$disk" 1800 24 14 fill=0x5a checks=app app=0x5aff mask=0xff00), $(
		client read "$disk" 1800 24 14 fill=0x5a checks=app app=0x5aff)"
	same "$row application tag: the device found it" "1 0" \
		"$(($(counter "$disk" device_errors) - ${device% *})) $(($(counter "$disk" app_errors) - ${device#* }))"
	same "$row application tag of a write: right, wrong" "0, $refused" "$(
		client write "$disk" 1800 24 14 fill=0x5a checks=guard+ref+app app=0x5a5a), $(
		client write "$disk" 1800 24 14 fill=0x5b checks=guard+ref+app app=0x5a5a)"
	io "$disk" "$format" corrupt:$bad:app >/dev/null
	integrity "$disk" on_error report
	same "$row record of a damaged application tag" \
		"0 app by host at interval $bad sector $((bad * interval / 512)) expected 0x5a5a found 0x5a5b, 1" "$(
		client read "$disk" 1800 24 14 fill=0x5a checks=guard+ref+app app=0x5a5a), $((
		$(counter "$disk" app_errors) - ${device#* }))"
	integrity "$disk" on_error fail
}

# checked_reads: prints the results of reads with each choice of checks.
checked_reads() {
	for check in guard ref none guard+ref; do
		printf '%s, ' "$(client read "$disk" 1900 24 15 checks=$check)"
	done
}

# Device and host check only what was requested: a damaged guard, then a damaged reference tag.
checks() {
	case $format in *:3:*) return ;; esac
	bad=$((1905 * intervals))
	no="-EILSEQ unknown by device at interval $((1900 * intervals)) sector 15200"
	client write "$disk" 1900 24 15 >/dev/null
	io "$disk" "$format" corrupt:$bad:guard >/dev/null
	same "$row damaged guard and checks of guard, ref, none, both" "$no, 0, 0, $no, " "$(checked_reads)"
	client write "$disk" 1900 24 15 >/dev/null
	io "$disk" "$format" corrupt:$bad:ref >/dev/null
	same "$row damaged reference tag and checks of guard, ref, none, both" "0, $no, 0, $no, " "$(checked_reads)"
}

# The administrator's switches: no I/O fails, and formats with room outside of the tuple keep the tags.
switches() {
	salt=17
	client write "$disk" 2000 24 16 >/dev/null
	integrity "$disk" read_verify 0
	same "$row tags with read_verify 0" 0 "$(client read "$disk" 2000 24 16)"
	integrity "$disk" read_verify 1
	integrity "$disk" write_generate 0
	found="$(client write "$disk" 2000 24 17)"
	integrity "$disk" write_generate 1
	if [ $room = beside ]; then
		same "$row tags with write_generate 0" "0, 0" "$found, $(client read "$disk" 2000 24 17)"
	else
		same "$row tags with write_generate 0" "0 untagged, 0" "$found, $(
			io "$disk" "$format" salt:17 read:$((2000 * intervals)):$((24 * intervals)))"
	fi
}

# tag_checks NSID...: runs all checks above on these namespaces.
tag_checks() {
	for nsid in "$@"; do
		while read -r there name _ format; do
			[ "$there" != "$nsid" ] || break
		done <namespaces
		row=nvme-$name
		disk=$(namespace "$nsid")
		of "$format"
		written_and_read
		packed
		pieces
		refused
		case $format in
		*:none:*)
			same "$row checks without a guard" "-EINVAL in bio_integrity_set_checks" \
				"$(client read "$disk" 1000 1 7 checks=app)"
			# Metadata that QEMU does not transfer stays, and other tests expect zeroes.
			# shellcheck disable=SC2046
			io "$disk" "$format" $(seq -f fill:%g:8 1000 8 2032) >/dev/null
			;;
		*)
			guards
			records
			application_tags
			checks
			switches
			;;
		esac
	done
}
