# With data=journal a page that is mapped became writable while it was written to its place, also where the device asks for
# stable pages: write faults of the other modes wait, and so does write().
# file: fs/ext4/inode.c
/^vm_fault_t ext4_page_mkwrite\(/,/^}$/s/^(	+)err = ext4_block_write_begin\(/\1folio_wait_stable(folio);\
&/
