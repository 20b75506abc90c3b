# SPDX-License-Identifier: GPL-2.0
# Tags of a submitter on scsi_debug: the host reports damage if the disk does not check, otherwise the disk does; and
# bios with different checks do not merge.
# shellcheck shell=sh
. ./probe.sh
. ./scsi.sh
. ./client.sh

client_needed "tags on SCSI" || return 0
start=$(payloads)

# record NAME WHAT-THE-HOST-SAYS READ-OPTION...: of the 24 blocks from 1000 on
record() {
	what=$1 said=$2
	shift 2
	one=$(client read "$disk" 1000 24 31 "$@")
	scsi_unchecked on
	two=$(client read "$disk" 1000 24 31 "$@")
	scsi_unchecked off
	same "$row record of $what" \
		"-EILSEQ unknown by device at interval $((1000 * intervals)) sector 8000, $said" "$one, $two"
}

# by_host TAG EXPECTED-AND-FOUND: prints the record for the damaged interval.
by_host() { echo "-EILSEQ $1 by host at interval $bad sector $((bad * interval / 512)) $2"; }

records() {
	bad=$((1005 * intervals + intervals - 1))
	for what in data guard; do
		client write "$disk" 1000 24 31 >/dev/null
		io "$disk" "$format" corrupt:$bad:$what >/dev/null
		record $what "$(by_host guard "$(io "$disk" "$format" guards:$bad)")"
	done
	case $format in
	*:1:*)
		client write "$disk" 1000 24 31 >/dev/null
		io "$disk" "$format" corrupt:$bad:ref >/dev/null
		record ref "$(by_host ref "$(printf 'expected 0x%x found 0x%x' $bad $((bad + PI_STORE_BLOCKS)))")"
		record "ref, verified by the submitter" \
			"$(by_host ref "$(printf 'expected 0x%x found 0x%x' $bad $((bad + PI_STORE_BLOCKS)))")" verify
		# The disk cannot check only one of them, so it checks none and the host checks the one. The damage has
		# also overwritten the tags of the block.
		found=
		for check in guard ref none guard+ref; do
			found="$found$(client read "$disk" 1000 24 31 checks=$check), "
		done
		same "$row damaged reference tag and checks of guard, ref, none, both" \
			"0, $(by_host ref "$(printf 'expected 0x%x found 0x%x' $bad $((bad + PI_STORE_BLOCKS)))"), 0, $(
			)-EILSEQ unknown by device at interval $((1000 * intervals)) sector 8000, " \
			"$(echo "$found" | sed "s/-EUCLEAN block 1005 says[^,]*/0/g")"
		;;
	esac
}

# SCSI cannot check an application tag, so only the host does.
application_tags() {
	client write "$disk" 1000 24 31 fill=0x5a >/dev/null
	client write "$disk" 1005 1 31 fill=0x5b >/dev/null
	errors=$(counter "$disk" app_errors)
	bad=$((1005 * intervals))
	same "$row application tag" "$(by_host app "expected 0x5a5a found 0x5b5b"), 0, $intervals" "$(
		client read "$disk" 1000 24 31 fill=0x5a checks=guard+ref+app app=0x5a5a), $(
		client read "$disk" 1000 5 31 fill=0x5a checks=guard+ref+app app=0x5a5a), $((
		$(counter "$disk" app_errors) - errors))"
	same "$row bits of an application tag" "0, $(by_host app "expected 0x2 found 0x3")" "$(
		client read "$disk" 1000 5 31 fill=0x5a checks=app app=0x5aff mask=0xff00), $(
		client read "$disk" 1000 24 31 fill=0x5a checks=app app=0x02 mask=0x0007)"
}

# merging NAME WANTED-REQUESTS OPTION...: writes and reads 16 adjacent blocks under a plug.
merging() {
	what=$1 wanted=$2
	shift 2
	before=$(requests_of "$disk")
	found="$(client write "$disk" 1200 16 32 bio=1 plug "$@")"
	between=$(requests_of "$disk")
	same "$row $what" "0 $wanted, 0 $wanted" "$found $((between - before)), $(
		client read "$disk" 1200 16 32 bio=1 plug "$@") $(($(requests_of "$disk") - between))"
}

merges() {
	merging "neighbours are one request" 1 fill=0x5a
	merging "neighbours with the same checks are one request" 1 fill=0x5a checks=guard+ref+app app=0x5a5a
	merging "neighbours with other checks are not" 16 fill=0x5a checks=guard+ref other-checks=guard
	merging "neighbours with other application tags are not" 16 \
		fill=0x5a checks=guard+ref+app app=0x5a5a other-app=0x005a mask=0x00ff
}

# scsi_tags INTERVAL TYPE GUARD FORMAT LABEL
scsi_tags() {
	scsi_load "$1" "$2" "$3" || {
		result 1 "scsi_debug $5 loads"
		return
	}
	row=scsi-$5 format=$4 interval=$1 intervals=$((4096 / $1))
	same "$row tags come back" "0, 0" "$(client write "$disk" 1000 304 31), $(client read "$disk" 1000 304 31)"
	same "$row medium has tags" tagged "$(io "$disk" "$format" salt:31 tagged:$((1000 * intervals)):160)"
	records
	case $2 in
	3) ;;
	*)
		application_tags
		merges
		;;
	esac
	scsi_unload
}

scsi_tags 512 1 0 512+8:crc16:1:0 512-crc
scsi_tags 4096 1 1 4096+8:ip:1:0 4096-ip
scsi_tags 512 3 0 512+8:crc16:3:0 512-crc-type3
client_unload
none_left "a client of SCSI"
