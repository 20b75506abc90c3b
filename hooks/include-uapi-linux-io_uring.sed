# Attributes of reads and writes; the first is protection information of the program's own.
# file: include/uapi/linux/io_uring.h
# changes: 3
/^struct io_uring_sqe \{$/,/^\};$/{
	/^		__u64	optval;$/i\
		/* reads and writes: attributes, see IORING_RW_ATTR_FLAG_PI */\
		struct {\
			__u64	attr_ptr;\
			__u64	attr_type_mask;\
		};
	/^\};$/a\
\
/* sqe->attr_type_mask: sqe->attr_ptr points to a struct io_uring_attr_pi */\
#define IORING_RW_ATTR_FLAG_PI		(1U << 0)\
\
/* Metadata of one read or write, with protection information */\
struct io_uring_attr_pi {\
	__u16	flags;		/* IO_INTEGRITY_CHK_* of <linux/fs.h> */\
	__u16	app_tag;	/* what IO_INTEGRITY_CHK_APPTAG expects */\
	__u32	len;		/* bytes at addr: exactly the metadata of the I/O */\
	__u64	addr;		/* buffer for the metadata */\
	__u64	seed;		/* number of the first interval */\
	__u64	rsvd;		/* 0 */\
};
}
/^#define IORING_FEAT_MIN_TIMEOUT/a\
#define IORING_FEAT_RW_ATTR		(1U << 16)
