# What the rest of block/ calls of integrity code stands in one header of ours.
# file: block/blk.h
# changes: 2
/^#ifdef CONFIG_BLK_DEV_INTEGRITY$/,/^#endif .* CONFIG_BLK_DEV_INTEGRITY /c\
#include "blk-integrity-internal.h"
/^void blk_integrity_(generate|verify|prepare|complete)\(/d
