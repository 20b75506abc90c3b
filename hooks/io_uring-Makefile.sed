# Attributes of reads and writes have a file of their own.
# file: io_uring/Makefile
/^obj-\$\(CONFIG_IO_WQ\)/i\
obj-$(CONFIG_IO_URING)		+= rw-attr.o
