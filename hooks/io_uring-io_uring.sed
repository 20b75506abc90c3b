# Programs see that reads and writes take attributes.
# file: io_uring/io_uring.c
s/IORING_FEAT_MIN_TIMEOUT;$/IORING_FEAT_MIN_TIMEOUT |\
			IORING_FEAT_RW_ATTR;/
