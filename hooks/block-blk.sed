# blk-integrity-internal.h declares the integrity functions that the rest of block/ calls.
# file: block/blk.h
# changes: 2
/^#ifdef CONFIG_BLK_DEV_INTEGRITY$/,/^#endif .* CONFIG_BLK_DEV_INTEGRITY /c\
#include "blk-integrity-internal.h"
/^void blk_integrity_(generate|verify|prepare|complete)\(/d
