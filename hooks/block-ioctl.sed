# What metadata a block device has: for programs that bring their own.
# file: block/ioctl.c
/^static int blkdev_common_ioctl\(/,/^}/{
	/^	default:$/,/^	}$/s/return -ENOIOCTLCMD;/return blk_integrity_ioctl(bdev, cmd, argp);/
}
