# What a bio has for its device ends with its request, even if other bios are chained to it and it ends after them.
# file: block/blk-mq.c
# changes: 2
s/^(\t+)if \(!is_flush\)$/\1if (!is_flush \&\& bio_integrity_leave(bio))/
