// Protection information that follows 256 or more bytes of metadata has an offset of more than 8 bits.
// file: drivers/nvme/host/core.c

@@
@@
struct nvme_ns_info {
...
-u8 pi_offset;
+u16 pi_offset;
...
};
