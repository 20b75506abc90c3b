# A segment without a device, as of the error target, has no geometry: it neither decides that of the table nor loses it.
# file: drivers/md/dm-table.c
/^int dm_calculate_queue_limits\(/,/^}/s/^		if \(t->integrity_supported \|\|$/		if (!ti_limits.integrity.tuple_size \&\&\
		    !(ti_limits.integrity.flags \& BLK_INTEGRITY_STACKED))\
			continue;\
\
&/
