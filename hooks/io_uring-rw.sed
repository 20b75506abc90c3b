# Attributes are read when a request is prepared, and given to the file whenever it is issued.
# file: io_uring/rw.c
# changes: 3
s/^#include "rw\.h"$/&\
#include "rw-attr.h"/
/^static int io_prep_rw\(/,/^}/s/return io_prep_rw_setup\(req, ddir, do_import\);/ret = io_prep_rw_setup(req, ddir, do_import);\
	return ret ?: io_rw_prep_attr(req, sqe, ddir);/
/^static int io_rw_init_file\(/,/^}/s/^	return 0;$/	return io_rw_issue_attr(req, kiocb);/
