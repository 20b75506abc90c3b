# A read or write can have metadata; then it is direct I/O, which does not wait for pages of the page cache.
# file: io_uring/rw.h
# changes: 2
s/^#include <linux\/pagemap\.h>$/&\
#include <linux\/uio-meta.h>/
/^struct io_async_rw \{$/,/^\};$/s/^	struct wait_page_queue		wpq;$/	bool				has_meta;\
	union {\
		struct wait_page_queue	wpq;\
		struct uio_meta		meta;\
	};/
