# A segment without a device, such as one of the error target, has no geometry. It must neither set nor reset that of the table.
# file: drivers/md/dm-table.c
/^int dm_calculate_queue_limits\(/,/^}/s/^		if \(t->integrity_supported \|\|$/		if (!ti_limits.integrity.tuple_size \&\&\
		    !(ti_limits.integrity.flags \& BLK_INTEGRITY_STACKED))\
			continue;\
\
&/
