# A program's metadata can be in high memory, which dm-integrity took for a bug. Only a page of it can be mapped at a time, as
# both loops do.
# file: drivers/md/dm-integrity.c
# changes: 4
/^static void integrity_metadata\(/,/^}/{
	/^				BUG_ON\(PageHighMem\(biv\.bv_page\)\);$/d
	s/^(				tag =) bvec_virt\(&biv\);$/\1 bvec_kmap_local(\&biv);/
	/^							this_len, dio->op == REQ_OP_READ \? TAG_READ : TAG_WRITE\);$/a\
				kunmap_local(tag);
}
/^static bool __journal_read_write\(/,/^}/{
	/^						BUG_ON\(PageHighMem\(biv\.bv_page\)\);$/d
	s/^(						tag_addr =) bvec_virt\(&biv\);$/\1 bvec_kmap_local(\&biv);/
	/^							memcpy\(tag_addr, tag_ptr, tag_now\);$/a\
						kunmap_local(tag_addr);
}
