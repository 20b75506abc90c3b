/* SPDX-License-Identifier: GPL-2.0 */
/*
 * CRC guards of a run of intervals with 256-bit registers and VPCLMULQDQ.
 *
 * The method is that of 128-bit registers, with two blocks at a time.
 */

#include <linux/linkage.h>

#include "pi-guard-x86.h"

/* Arguments, as in pi_guard16_asm. */
#define DATA	%rdi
#define BYTES	%esi
#define NR	%edx
#define GUARDS	%rcx
#define CONSTS	%r8

/* Ends of the interval and of the run; BYTES in full width. */
#define STOP	%r9
#define RUN_STOP	%r10
#define AHEAD	%r11
#define NEXT	%rax
#define LEN	%rsi

#define SUM	%ymm8
#define XSUM	%xmm8
#define SUM2	%ymm9
#define DATUM	%ymm10
#define XDATUM	%xmm10
#define PRODUCT	%ymm11
#define XPRODUCT %xmm11
#define FACTORS	%ymm12
#define XFACTORS %xmm12
#define ORDER	%ymm13


/* Prefetch \bytes at DATA + AHEAD, if they belong to this run. */
.macro prefetch bytes
	lea	(DATA, AHEAD), %rax
	cmp	RUN_STOP, %rax
	jae	.Lfetched\@
	.set	line, 0
	.rept	\bytes / 64
	prefetcht0 line(%rax)
	.set	line, line + 64
	.endr
.Lfetched\@:
.endm

/* RUN_STOP from NR intervals of BYTES, which get their full width; AHEAD. */
.macro prepare
	movl	BYTES, BYTES
	movl	NR, %eax
	imul	LEN, %rax
	lea	(DATA, %rax), RUN_STOP
	movq	PREFETCH(CONSTS), AHEAD
.endm

/* Both halves of each block of \row times their factors */
.macro multiply row, factors
	vpclmulqdq $0x00, \factors, \row, PRODUCT
	vpclmulqdq $0x11, \factors, \row, \row
	vpxor	PRODUCT, \row, \row
.endm

/* SUM + SUM2 += DATUM times the factors of row \n of 16 */
.macro add_row n
	vpshufb	ORDER, DATUM, DATUM
	.set	factors, CRC16_DOT + 16 * (2 * \n - CRC16_DOT_FIRST)
	vmovdqa	factors(CONSTS), FACTORS
	vpclmulqdq $0x00, FACTORS, DATUM, PRODUCT
	vpclmulqdq $0x11, FACTORS, DATUM, DATUM
	vpxor	PRODUCT, SUM, SUM
	vpxor	DATUM, SUM2, SUM2
.endm

/*
 * SUM = dot product of 512 bytes at DATA.  As 1 = x^-2024 + x^-2088 + x^-2152,
 * a byte may be added to those 253, 261 and 269 bytes further on, instead of
 * being multiplied.  That takes rows 0 to 6, and leaves 9 of 16.
 */
.macro sum_sparse
	vmovdqu	(DATA), %ymm0
	vperm2i128 $0x08, %ymm0, %ymm0, %ymm1	/* 16 zero bytes, bytes 0 to 15 */
	vpxor	SUM2, SUM2, SUM2
	vpxor	SUM, SUM, SUM

	vpslldq	$13, %ymm1, DATUM
	vpxor	224(DATA), DATUM, DATUM
	add_row	7

	vmovdqu	256(DATA), DATUM
	vpalignr $11, %ymm1, %ymm0, %ymm2
	vpalignr $3, %ymm1, %ymm0, %ymm0
	vpxor	3(DATA), DATUM, DATUM
	vpxor	%ymm0, %ymm2, %ymm2
	vpxor	%ymm2, DATUM, DATUM
	add_row	8

	.irp	n, 9, 10, 11, 12, 13
	vmovdqu	32 * \n(DATA), DATUM
	vmovdqu	32 * \n - 261(DATA), %ymm0
	vpxor	32 * \n - 253(DATA), DATUM, DATUM
	vpxor	32 * \n - 269(DATA), %ymm0, %ymm0
	vpxor	%ymm0, DATUM, DATUM
	add_row	\n
	.endr

	/* Row 6 is the last one that is added to others. */
	vmovdqu	192(DATA), %ymm0
	vperm2i128 $0x81, %ymm0, %ymm0, %ymm1	/* its upper half, 16 zero bytes */
	vpalignr $3, %ymm0, %ymm1, %ymm0
	vmovdqu	448(DATA), DATUM
	vpxor	187(DATA), DATUM, DATUM
	vpxor	179(DATA), %ymm0, %ymm0
	vpxor	%ymm0, DATUM, DATUM
	add_row	14

	vpsrldq	$3, %ymm1, %ymm0
	vpsrldq	$11, %ymm1, %ymm1
	vpxor	480(DATA), %ymm0, DATUM
	vpxor	%ymm1, DATUM, DATUM
	add_row	15

	vpxor	SUM2, SUM, SUM
	add	$512, DATA
.endm

.macro load_row crc16, n, to
	vmovdqu	32 * \n(DATA), \to
	.if	\crc16
	vpshufb	ORDER, \to, \to
	.endif
.endm

.macro move_row crc16, n, row
	multiply \row, FACTORS
	.if	\crc16
	load_row \crc16, \n, DATUM
	vpxor	DATUM, \row, \row
	.else
	vpxor	32 * \n(DATA), \row, \row
	.endif
.endm

.macro add_last_row crc16, n, row
	.if	\crc16
	.set	factors, CRC16_DOT + 16 * (16 + 2 * \n - CRC16_DOT_FIRST)
	.else
	.set	factors, CRC64_DOT + 16 * (16 + 2 * \n)
	.endif
	vmovdqa	factors(CONSTS), FACTORS
	multiply \row, FACTORS
	vpxor	\row, SUM, SUM
.endm

/* XSUM = dot product of the last 256 bytes, in ymm0 to ymm7 */
.macro add_last_rows crc16
	vpxor	SUM, SUM, SUM
	add_last_row \crc16, 0, %ymm0
	add_last_row \crc16, 1, %ymm1
	add_last_row \crc16, 2, %ymm2
	add_last_row \crc16, 3, %ymm3
	add_last_row \crc16, 4, %ymm4
	add_last_row \crc16, 5, %ymm5
	add_last_row \crc16, 6, %ymm6
	add_last_row \crc16, 7, %ymm7
	vextracti128 $1, SUM, XDATUM
	vpxor	XDATUM, XSUM, XSUM
.endm

/*
 * XSUM = dot product of the interval at DATA, which becomes STOP.  The data
 * before the last 256 bytes is moved there, 256 bytes at a time.
 */
.macro sum_interval crc16
	lea	(DATA, LEN), STOP
	.if	\crc16
	vbroadcasti128 CRC16_BY_256(CONSTS), FACTORS
	.else
	vbroadcasti128 CRC64_BY_256(CONSTS), FACTORS
	.endif
	load_row \crc16, 0, %ymm0
	load_row \crc16, 1, %ymm1
	load_row \crc16, 2, %ymm2
	load_row \crc16, 3, %ymm3
	load_row \crc16, 4, %ymm4
	load_row \crc16, 5, %ymm5
	load_row \crc16, 6, %ymm6
	load_row \crc16, 7, %ymm7
	.if	!\crc16
	vmovdqa	CRC64_INIT(CONSTS), XDATUM
	vpxor	DATUM, %ymm0, %ymm0
	.endif
	add	$256, DATA
.Lmove\@:
	prefetch 256
	move_row \crc16, 0, %ymm0
	move_row \crc16, 1, %ymm1
	move_row \crc16, 2, %ymm2
	move_row \crc16, 3, %ymm3
	move_row \crc16, 4, %ymm4
	move_row \crc16, 5, %ymm5
	move_row \crc16, 6, %ymm6
	move_row \crc16, 7, %ymm7
	add	$256, DATA
	cmp	STOP, DATA
	jb	.Lmove\@

	add_last_rows \crc16
.endm

/*
 * \row = \row moved, plus row \n from DATA and the three that are added to it
 */
.macro move_sparse_row n, row
	multiply \row, FACTORS
	load_sparse_row \n, DATUM
	vpxor	DATUM, \row, \row
.endm

.macro load_sparse_row n, to
	vmovdqu	32 * \n(DATA), \to
	vmovdqu	32 * \n - 2074(DATA), SUM
	vpxor	32 * \n - 2048(DATA), \to, \to
	vpxor	32 * \n - 2087(DATA), SUM, SUM
	vpxor	SUM, \to, \to
	vpshufb	ORDER, \to, \to
.endm

/* Prefetch the next 512 bytes, if they belong to this run. */
.macro prefetch_next
	cmp	RUN_STOP, NEXT
	jae	.Lfetched\@
	.irp	line, 0, 1, 2, 3, 4, 5, 6, 7
	prefetcht0 64 * \line(NEXT)
	.endr
	add	$512, NEXT
.Lfetched\@:
.endm

/*
 * XSUM = dot product of 4096 bytes at DATA.  As 1 = x^-16384 + x^-16592 +
 * x^-16696, a byte may be added to those 2048, 2074 and 2087 bytes further on.
 * That takes rows 0 to 61 of 128.  It ends like sum_interval.
 */
.macro sum_sparse_4096
	vmovdqu	(DATA), DATUM
	vperm2i128 $0x08, DATUM, DATUM, PRODUCT	/* 16 zero bytes, bytes 0 to 15 */
	load_row 1, 62, %ymm6
	load_row 1, 63, %ymm7
	vpslldq	$10, PRODUCT, %ymm0
	vpalignr $9, PRODUCT, DATUM, %ymm1
	vpxor	DATUM, %ymm0, %ymm0
	vpxor	6(DATA), %ymm1, %ymm1
	add	$2048, DATA
	vpxor	(DATA), %ymm0, %ymm0
	vpxor	32 - 2048(DATA), %ymm1, %ymm1
	vpxor	32(DATA), %ymm1, %ymm1
	vpshufb	ORDER, %ymm0, %ymm0
	vpshufb	ORDER, %ymm1, %ymm1
	prefetch_next
	load_sparse_row 2, %ymm2
	load_sparse_row 3, %ymm3
	load_sparse_row 4, %ymm4
	load_sparse_row 5, %ymm5
	move_sparse_row 6, %ymm6
	move_sparse_row 7, %ymm7
	lea	1536(DATA), STOP
.Lmove\@:
	add	$256, DATA
	prefetch_next
	move_sparse_row 0, %ymm0
	move_sparse_row 1, %ymm1
	move_sparse_row 2, %ymm2
	move_sparse_row 3, %ymm3
	move_sparse_row 4, %ymm4
	move_sparse_row 5, %ymm5
	move_sparse_row 6, %ymm6
	move_sparse_row 7, %ymm7
	cmp	STOP, DATA
	jb	.Lmove\@

	add	$256, DATA
	prefetch_next
	move_sparse_row 0, %ymm0
	move_sparse_row 1, %ymm1
	move_sparse_row 2, %ymm2
	move_sparse_row 3, %ymm3
	move_sparse_row 4, %ymm4
	move_sparse_row 5, %ymm5
	/* Row 61 is the last one that is added to others. */
	multiply %ymm6, FACTORS
	multiply %ymm7, FACTORS
	vmovdqu	32 * 5 - 2048(DATA), DATUM
	vperm2i128 $0x81, DATUM, DATUM, PRODUCT	/* its upper half, 16 zero bytes */
	vpalignr $6, DATUM, PRODUCT, DATUM
	vpsrldq	$9, PRODUCT, PRODUCT
	vpxor	32 * 6(DATA), DATUM, DATUM
	vpxor	32 * 7(DATA), PRODUCT, PRODUCT
	vpxor	32 * 6 - 2087(DATA), DATUM, DATUM
	vpshufb	ORDER, DATUM, DATUM
	vpshufb	ORDER, PRODUCT, PRODUCT
	vpxor	DATUM, %ymm6, %ymm6
	vpxor	PRODUCT, %ymm7, %ymm7
	add	$256, DATA
	add_last_rows 1
.endm

/* The guard of the low block of SUM to GUARDS, after adding up the halves */
.macro store_crc16
	vmovdqa	CRC16_DIVIDE(CONSTS), XDATUM
	vpclmulqdq $0x11, XDATUM, XSUM, XPRODUCT
	vpxor	XSUM, XPRODUCT, XPRODUCT
	vpclmulqdq $0x01, XDATUM, XPRODUCT, XPRODUCT
	vpxor	XSUM, XPRODUCT, XPRODUCT
	vpextrw	$3, XPRODUCT, (GUARDS)
	add	$2, GUARDS
.endm

/* \to = both halves of \a added in the low half, of \b in the high half */
.macro add_halves a, b, to
	vpblendd $0xf0, \b, \a, \to
	vperm2i128 $0x21, \b, \a, \a
	vpxor	\a, \to, \to
.endm

/* \sum: the remainder of each half is in its highest 16 of the low 64 bits */
.macro divide sum, tmp
	vpclmulqdq $0x11, FACTORS, \sum, \tmp
	vpxor	\sum, \tmp, \tmp
	vpclmulqdq $0x01, FACTORS, \tmp, \tmp
	vpxor	\sum, \tmp, \sum
.endm

/* The guards of four sums in ymm4 to ymm6 and SUM */
.macro store_4_crc16
	vbroadcasti128 CRC16_DIVIDE(CONSTS), FACTORS
	add_halves %ymm4, %ymm5, %ymm0
	add_halves %ymm6, SUM, %ymm1
	divide	%ymm0, %ymm2
	divide	%ymm1, %ymm3
	vpunpcklqdq %ymm1, %ymm0, %ymm0
	vpsrlq	$48, %ymm0, %ymm0
	vextracti128 $1, %ymm0, %xmm1
	vpsllq	$16, %xmm1, %xmm1
	vpor	%xmm1, %xmm0, %xmm0
	vpshufd	$0x08, %xmm0, %xmm0
	vmovq	%xmm0, (GUARDS)
	add	$8, GUARDS
.endm

.text

SYM_FUNC_START(pi_crc16_avx2)
	vbroadcasti128 REVERSE_BYTES(CONSTS), ORDER
	prepare
	cmp	$512, BYTES
	jne	.Lcrc16_long
	sub	$4, NR
	jb	.Lcrc16_rest
.Lcrc16_four:
	prefetch 512
	sum_sparse
	vmovdqa	SUM, %ymm4
	prefetch 512
	sum_sparse
	vmovdqa	SUM, %ymm5
	prefetch 512
	sum_sparse
	vmovdqa	SUM, %ymm6
	prefetch 512
	sum_sparse
	store_4_crc16
	sub	$4, NR
	jae	.Lcrc16_four
.Lcrc16_rest:
	add	$4, NR
	jz	.Lcrc16_end
.Lcrc16_one:
	sum_sparse
	vextracti128 $1, SUM, XDATUM
	vpxor	XDATUM, XSUM, XSUM
	store_crc16
	dec	NR
	jnz	.Lcrc16_one
.Lcrc16_end:
	vzeroupper
	RET

.Lcrc16_long:
	cmp	$4096, BYTES
	je	.Lcrc16_4096
.Lcrc16_next:
	sum_interval 1
	store_crc16
	dec	NR
	jnz	.Lcrc16_next
	vzeroupper
	RET

.Lcrc16_4096:
	/*
	 * Two parts of an interval are read at once, which CPUs do not prefetch
	 * well: fetch the next interval in order.
	 */
	lea	4096(DATA), NEXT
.Lcrc16_next_4096:
	vbroadcasti128 CRC16_BY_256(CONSTS), FACTORS
	sum_sparse_4096
	store_crc16
	dec	NR
	jnz	.Lcrc16_next_4096
	vzeroupper
	RET
SYM_FUNC_END(pi_crc16_avx2)

SYM_FUNC_START(pi_crc64_avx2)
	prepare
.Lcrc64_next:
	sum_interval 0
	vmovdqa	CRC64_DIVIDE(CONSTS), XDATUM
	vpclmulqdq $0x00, XDATUM, XSUM, XPRODUCT
	vpslldq	$8, XPRODUCT, %xmm0
	vpclmulqdq $0x10, XDATUM, XPRODUCT, XPRODUCT
	vpxor	XSUM, XPRODUCT, XPRODUCT
	vpxor	%xmm0, XPRODUCT, XPRODUCT
	vpextrq	$1, XPRODUCT, %rax
	not	%rax
	movq	%rax, (GUARDS)
	add	$8, GUARDS
	dec	NR
	jnz	.Lcrc64_next
	vzeroupper
	RET
SYM_FUNC_END(pi_crc64_avx2)
