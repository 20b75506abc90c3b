# Programs bring protection information of their own (io_uring), and ask what a device takes of it.
# file: include/uapi/linux/fs.h
/^#define FS_IOC_GETFSSYSFSPATH/a\
\
/*\
 * Checks of protection information that a program asks for, for one I/O: flags\
 * of struct io_uring_attr_pi.\
 */\
#define IO_INTEGRITY_CHK_GUARD		(1U << 0) /* guard against the data */\
#define IO_INTEGRITY_CHK_REFTAG		(1U << 1) /* reference tag, counted from the seed */\
#define IO_INTEGRITY_CHK_APPTAG		(1U << 2) /* application tag */\
\
/* lbmd_flags of struct logical_block_metadata_cap */\
#define LBMD_PI_CAP_INTEGRITY		(1 << 0) /* the device stores the tuples */\
#define LBMD_PI_CAP_REFTAG		(1 << 1) /* reference tags number the intervals */\
\
/* lbmd_guard_tag_type of struct logical_block_metadata_cap */\
#define LBMD_PI_CSUM_NONE		0\
#define LBMD_PI_CSUM_IP			1\
#define LBMD_PI_CSUM_CRC16_T10DIF	2\
#define LBMD_PI_CSUM_CRC64_NVME		4\
\
#define LBMD_SIZE_VER0			16 /* bytes of the first version */\
\
/*\
 * Metadata that a block device stores with each protection interval.  All is 0\
 * for a device without metadata.  Sizes and offsets are in bytes; tuple and\
 * opaque metadata make up lbmd_size.  New members are added at the end, the\
 * size in the number of the ioctl says which ones a program knows.\
 */\
struct logical_block_metadata_cap {\
	__u32	lbmd_flags;		/* LBMD_PI_CAP_* */\
	__u16	lbmd_interval;		/* data that one tuple protects */\
	__u8	lbmd_size;		/* metadata of an interval */\
	__u8	lbmd_opaque_size;	/* what of it is not the tuple */\
	__u8	lbmd_opaque_offset;	/* where that begins */\
	__u8	lbmd_pi_size;		/* tuple */\
	__u8	lbmd_pi_offset;		/* where the tuple begins */\
	__u8	lbmd_guard_tag_type;	/* LBMD_PI_CSUM_* */\
	__u8	lbmd_app_tag_size;\
	__u8	lbmd_ref_tag_size;\
	__u8	lbmd_storage_tag_size;\
	__u8	pad;\
};\
\
/*\
 * Query the metadata format of a block device.  EOVERFLOW: a value does not fit\
 * its member (65536 bytes an interval, or more than 255 of metadata).\
 */\
#define FS_IOC_GETLBMD_CAP		_IOWR(0x15, 2, struct logical_block_metadata_cap)
