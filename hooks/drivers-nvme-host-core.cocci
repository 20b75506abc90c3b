// Protection information after 256 or more metadata bytes lies at an offset of more than 8 bits.
// file: drivers/nvme/host/core.c

@@
@@
struct nvme_ns_info {
...
-u8 pi_offset;
+u16 pi_offset;
...
};
