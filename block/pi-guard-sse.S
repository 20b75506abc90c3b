/* SPDX-License-Identifier: GPL-2.0 */
/*
 * CRC guards of a run of intervals with 128-bit registers and PCLMULQDQ.
 *
 * An interval is the dot product of its blocks of 16 bytes and constants,
 * followed by one division.  There are constants for the last 512 bytes; the
 * data before is moved there, 128 bytes at a time.
 */

#include <linux/linkage.h>

#include "pi-guard-x86.h"

/* Arguments, as in pi_guard16_asm. */
#define DATA	%rdi
#define BYTES	%esi
#define NR	%edx
#define GUARDS	%rcx
#define CONSTS	%r8

/* End of the interval, with BYTES in full width. */
#define STOP	%r9
#define LEN	%rsi

/* End of the run, and what to prefetch next. */
#define RUN_STOP	%r10
#define NEXT	%r11

#define SUM	%xmm8
#define DATUM	%xmm9
#define PRODUCT	%xmm10
#define ORDER	%xmm11
#define FACTORS	%xmm12

/* Both halves of \block times their factors; the sum stays in \block. */
.macro multiply block, factors
	movdqa	\block, PRODUCT
	pclmulqdq $0x00, \factors, \block
	pclmulqdq $0x11, \factors, PRODUCT
	pxor	PRODUCT, \block
.endm

/* SUM += \block times the factors of block \n of 32 */
.macro add_product crc16, block, n
	.if	\crc16
	.set	factors, CRC16_DOT + 16 * (\n - CRC16_DOT_FIRST)
	.else
	.set	factors, CRC64_DOT + 16 * \n
	.endif
	multiply \block, factors(CONSTS)
	pxor	\block, SUM
.endm

.macro load_block crc16, n, to
	movdqu	16 * \n(DATA), \to
	.if	\crc16
	pshufb	ORDER, \to
	.endif
.endm

.macro move_block crc16, n, reg
	multiply \reg, FACTORS
	load_block \crc16, \n, DATUM
	pxor	DATUM, \reg
.endm

/* SUM = dot product of the last 128 bytes, in xmm0 to xmm7 */
.macro add_last_blocks crc16
	pxor	SUM, SUM
	add_product \crc16, %xmm0, 24
	add_product \crc16, %xmm1, 25
	add_product \crc16, %xmm2, 26
	add_product \crc16, %xmm3, 27
	add_product \crc16, %xmm4, 28
	add_product \crc16, %xmm5, 29
	add_product \crc16, %xmm6, 30
	add_product \crc16, %xmm7, 31
.endm

/* SUM = dot product of the interval at DATA, which becomes STOP */
.macro sum_interval crc16
	lea	(DATA, LEN), STOP
	load_block \crc16, 0, %xmm0
	load_block \crc16, 1, %xmm1
	load_block \crc16, 2, %xmm2
	load_block \crc16, 3, %xmm3
	load_block \crc16, 4, %xmm4
	load_block \crc16, 5, %xmm5
	load_block \crc16, 6, %xmm6
	load_block \crc16, 7, %xmm7
	.if	!\crc16
	pxor	CRC64_INIT(CONSTS), %xmm0
	.endif
	add	$128, DATA
.Lmove\@:
	move_block \crc16, 0, %xmm0
	move_block \crc16, 1, %xmm1
	move_block \crc16, 2, %xmm2
	move_block \crc16, 3, %xmm3
	move_block \crc16, 4, %xmm4
	move_block \crc16, 5, %xmm5
	move_block \crc16, 6, %xmm6
	move_block \crc16, 7, %xmm7
	add	$128, DATA
	cmp	STOP, DATA
	jb	.Lmove\@
	add_last_blocks \crc16
.endm

/* The guard of SUM to GUARDS */
.macro store_crc16
	movdqa	CRC16_DIVIDE(CONSTS), DATUM
	movdqa	SUM, PRODUCT
	pclmulqdq $0x11, DATUM, PRODUCT
	pxor	SUM, PRODUCT
	pclmulqdq $0x01, DATUM, PRODUCT
	pxor	SUM, PRODUCT
	pextrw	$3, PRODUCT, %eax
	movw	%ax, (GUARDS)
	add	$2, GUARDS
.endm

/*
 * 512 bytes.  As 1 = x^-2024 + x^-2088 + x^-2152, a byte may be added to those
 * 253, 261 and 269 bytes further on, instead of being multiplied.  That takes
 * blocks 0 to 14, and leaves 17 of 32.
 */
.macro sparse_block n
	movdqu	16 * \n(DATA), DATUM
	.if	\n >= 16 && \n <= 29
	movdqu	16 * \n - 253(DATA), %xmm0
	pxor	%xmm0, DATUM
	.endif
	.if	\n >= 17 && \n <= 30
	movdqu	16 * \n - 261(DATA), %xmm1
	movdqu	16 * \n - 269(DATA), %xmm2
	pxor	%xmm1, DATUM
	pxor	%xmm2, DATUM
	.endif
	/* At both ends the sources are less than a block. */
	.if	\n == 15
	movdqa	%xmm4, %xmm0
	pslldq	$13, %xmm0
	pxor	%xmm0, DATUM
	.elseif	\n == 16
	movdqa	%xmm4, %xmm1
	pslldq	$5, %xmm1
	pxor	%xmm1, DATUM
	pslldq	$13, %xmm4
	pxor	%xmm4, DATUM
	.elseif	\n == 30
	movdqa	%xmm5, %xmm0
	psrldq	$3, %xmm0
	pxor	%xmm0, DATUM
	.elseif	\n == 31
	psrldq	$3, %xmm5
	pxor	%xmm5, DATUM
	psrldq	$8, %xmm5
	pxor	%xmm5, DATUM
	.endif
	pshufb	ORDER, DATUM
	add_product 1, DATUM, \n
.endm

.macro sum_sparse
	movdqu	(DATA), %xmm4
	movdqu	224(DATA), %xmm5
	pxor	SUM, SUM
	.irp	n, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31
	sparse_block \n
	.endr
	add	$512, DATA
.endm

/*
 * 4096 bytes.  As 1 = x^-16384 + x^-16592 + x^-16696, a byte may be added to
 * those 2048, 2074 and 2087 bytes further on.  That takes blocks 0 to 123, and
 * leaves 132 of 256, which are moved to the last 128 bytes like others.
 */
.macro load_sparse_block n, to
	movdqu	16 * \n(DATA), \to
	movdqu	16 * \n - 2048(DATA), %xmm13
	movdqu	16 * \n - 2074(DATA), %xmm14
	movdqu	16 * \n - 2087(DATA), %xmm15
	pxor	%xmm13, \to
	pxor	%xmm14, \to
	pxor	%xmm15, \to
	pshufb	ORDER, \to
.endm

.macro move_sparse_block n, reg
	multiply \reg, FACTORS
	load_sparse_block \n, DATUM
	pxor	DATUM, \reg
.endm

/* As load_sparse_block, where fewer are added: \part, and those so far before. */
.macro load_edge_block n, to, part, distances:vararg
	movdqu	16 * \n(DATA), \to
	pxor	\part, \to
	.ifnb	\distances
	.irp	distance, \distances
	movdqu	16 * \n - \distance(DATA), %xmm13
	pxor	%xmm13, \to
	.endr
	.endif
	pshufb	ORDER, \to
.endm

/* Prefetch the next 256 bytes, if they belong to this run. */
.macro prefetch_next
	cmp	RUN_STOP, NEXT
	jae	.Lfetched\@
	.irp	line, 0, 1, 2, 3
	prefetcht0 64 * \line(NEXT)
	.endr
	add	$256, NEXT
.Lfetched\@:
.endm

.macro sum_sparse_4096
	movdqu	(DATA), DATUM
	movdqa	DATUM, %xmm14
	movdqa	DATUM, %xmm15
	pslldq	$10, %xmm14
	pslldq	$7, %xmm15
	load_block 1, 124, %xmm4
	load_block 1, 125, %xmm5
	load_block 1, 126, %xmm6
	load_block 1, 127, %xmm7
	add	$2048, DATA
	prefetch_next
	load_edge_block 0, %xmm0, DATUM
	load_edge_block 1, %xmm1, %xmm14, 2048
	load_edge_block 2, %xmm2, %xmm15, 2048, 2074
	load_sparse_block 3, %xmm3
	.irp	n, 4, 5, 6, 7
	move_sparse_block \n, %xmm\n
	.endr
	lea	1792(DATA), STOP
.Lmove\@:
	add	$128, DATA
	prefetch_next
	.irp	n, 0, 1, 2, 3, 4, 5, 6, 7
	move_sparse_block \n, %xmm\n
	.endr
	cmp	STOP, DATA
	jb	.Lmove\@

	add	$128, DATA
	prefetch_next
	.irp	n, 0, 1, 2, 3
	move_sparse_block \n, %xmm\n
	.endr
	multiply %xmm4, FACTORS
	multiply %xmm5, FACTORS
	multiply %xmm6, FACTORS
	multiply %xmm7, FACTORS
	movdqu	16 * 4 - 2087(DATA), %xmm14
	load_edge_block 4, DATUM, %xmm14, 2074
	pxor	DATUM, %xmm4
	/* Block 123 is the last one that is added to others. */
	movdqu	16 * 3 - 2048(DATA), %xmm14
	movdqa	%xmm14, %xmm15
	psrldq	$6, %xmm14
	psrldq	$9, %xmm15
	load_edge_block 5, DATUM, %xmm14, 2087
	pxor	DATUM, %xmm5
	load_edge_block 6, DATUM, %xmm15
	pxor	DATUM, %xmm6
	load_block 1, 7, DATUM
	pxor	DATUM, %xmm7
	add	$128, DATA
	add_last_blocks 1
.endm

.text

SYM_FUNC_START(pi_crc16_sse)
	movdqa	REVERSE_BYTES(CONSTS), ORDER
	movl	BYTES, BYTES
	cmp	$512, BYTES
	jne	.Lcrc16_long
.Lcrc16_short:
	sum_sparse
	store_crc16
	dec	NR
	jnz	.Lcrc16_short
	RET
.Lcrc16_long:
	movdqa	CRC16_BY_128(CONSTS), FACTORS
	cmp	$4096, BYTES
	je	.Lcrc16_4096
.Lcrc16_next:
	sum_interval 1
	store_crc16
	dec	NR
	jnz	.Lcrc16_next
	RET
.Lcrc16_4096:
	movl	NR, %eax
	shl	$12, %rax
	lea	(DATA, %rax), RUN_STOP
	lea	4096(DATA), NEXT
.Lcrc16_next_4096:
	sum_sparse_4096
	store_crc16
	dec	NR
	jnz	.Lcrc16_next_4096
	RET
SYM_FUNC_END(pi_crc16_sse)

SYM_FUNC_START(pi_crc64_sse)
	movdqa	CRC64_BY_128(CONSTS), FACTORS
	movl	BYTES, BYTES
.Lcrc64_next:
	sum_interval 0
	movdqa	CRC64_DIVIDE(CONSTS), DATUM
	movdqa	SUM, PRODUCT
	pclmulqdq $0x00, DATUM, PRODUCT
	movdqa	PRODUCT, %xmm0
	pslldq	$8, %xmm0
	pclmulqdq $0x10, DATUM, PRODUCT
	pxor	SUM, PRODUCT
	pxor	%xmm0, PRODUCT
	psrldq	$8, PRODUCT
	movq	PRODUCT, %rax
	not	%rax
	movq	%rax, (GUARDS)
	add	$8, GUARDS
	dec	NR
	jnz	.Lcrc64_next
	RET
SYM_FUNC_END(pi_crc64_sse)
