/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Guards of a run of intervals with 512-bit registers, VPCLMULQDQ and GFNI.
 *
 * The CRCs are computed as with 128-bit registers, four blocks at a time, and
 * four intervals share a division.  CRC-16 reverses the bits of each byte
 * instead of the bytes of each block: that makes it lsb-first like CRC-64, and
 * is done by another unit than the multiplications.
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
#define LEN	%rsi

#define SUM	%zmm8
#define YSUM	%ymm8
#define XSUM	%xmm8
#define SUM2	%zmm9
#define PRODUCT	%zmm10
#define PRODUCT2 %zmm11
#define XPRODUCT %xmm10
#define TMP	%zmm12
#define YTMP	%ymm12
#define XTMP	%xmm12
#define XTMP2	%xmm13

/* zmm16 to zmm23: factors of the eight rows */
#define MOVE	%zmm24
#define ORDER	%zmm25
#define XORDER	%xmm25
#define DIVIDE	%zmm26
#define XDIVIDE	%xmm26
#define LANES	%zmm27
#define PICK	%zmm28
#define YINVERT	%ymm29
#define INIT	%zmm30

#define UPPER	%k1
#define ODD	%k2


/* RUN_STOP from NR intervals of BYTES, which get their full width; AHEAD. */
.macro prepare
	movl	BYTES, BYTES
	movl	NR, %eax
	imul	LEN, %rax
	lea	(DATA, %rax), RUN_STOP
	movq	PREFETCH(CONSTS), AHEAD
.endm

/* Prefetch 512 bytes at DATA + AHEAD, if they belong to this run. */
.macro prefetch
	lea	(DATA, AHEAD), %rax
	cmp	RUN_STOP, %rax
	jae	.Lfetched\@
	.irp	line, 0, 1, 2, 3, 4, 5, 6, 7
	prefetcht0 64 * \line(%rax)
	.endr
.Lfetched\@:
.endm

.macro load_factors dot
	.set	factors, \dot
	vmovdqa64 factors(CONSTS), %zmm16
	vmovdqa64 factors + 64(CONSTS), %zmm17
	vmovdqa64 factors + 128(CONSTS), %zmm18
	vmovdqa64 factors + 192(CONSTS), %zmm19
	vmovdqa64 factors + 256(CONSTS), %zmm20
	vmovdqa64 factors + 320(CONSTS), %zmm21
	vmovdqa64 factors + 384(CONSTS), %zmm22
	vmovdqa64 factors + 448(CONSTS), %zmm23
.endm

/* Constants of add_up_4 and of the division */
.macro load_masks
	mov	$0xf0, %eax
	kmovd	%eax, UPPER
	mov	$0xcc, %eax
	kmovd	%eax, ODD
	vmovdqa64 SWAP_LANES(CONSTS), LANES
.endm

.macro load_row crc16, n, to
	vmovdqu64 64 * \n(DATA), \to
	.if	\crc16
	vgf2p8affineqb $0, ORDER, \to, \to
	.endif
.endm

.macro move_row crc16, n, row
	vpclmulqdq $0x00, MOVE, \row, PRODUCT
	vpclmulqdq $0x11, MOVE, \row, PRODUCT2
	load_row \crc16, \n, \row
	vpternlogq $0x96, PRODUCT, PRODUCT2, \row
.endm

.macro add_row row, factors, sum
	vpclmulqdq $0x00, \factors, \row, PRODUCT
	vpclmulqdq $0x11, \factors, \row, PRODUCT2
	vpternlogq $0x96, PRODUCT, PRODUCT2, \sum
.endm

/* \to = dot product of the interval at DATA, which becomes STOP */
.macro sum_interval crc16, to
	prefetch
	lea	(DATA, LEN), STOP
	load_row \crc16, 0, %zmm0
	load_row \crc16, 1, %zmm1
	load_row \crc16, 2, %zmm2
	load_row \crc16, 3, %zmm3
	load_row \crc16, 4, %zmm4
	load_row \crc16, 5, %zmm5
	load_row \crc16, 6, %zmm6
	load_row \crc16, 7, %zmm7
	.if	!\crc16
	vpxorq	INIT, %zmm0, %zmm0
	.endif
	add	$512, DATA
	cmp	STOP, DATA
	jae	.Lmoved\@
.Lmove\@:
	prefetch
	move_row \crc16, 0, %zmm0
	move_row \crc16, 1, %zmm1
	move_row \crc16, 2, %zmm2
	move_row \crc16, 3, %zmm3
	move_row \crc16, 4, %zmm4
	move_row \crc16, 5, %zmm5
	move_row \crc16, 6, %zmm6
	move_row \crc16, 7, %zmm7
	add	$512, DATA
	cmp	STOP, DATA
	jb	.Lmove\@
.Lmoved\@:
	vpclmulqdq $0x00, %zmm16, %zmm0, SUM
	vpclmulqdq $0x11, %zmm16, %zmm0, SUM2
	add_row	%zmm1, %zmm17, SUM
	add_row	%zmm2, %zmm18, SUM2
	add_row	%zmm3, %zmm19, SUM
	add_row	%zmm4, %zmm20, SUM2
	add_row	%zmm5, %zmm21, SUM
	add_row	%zmm6, %zmm22, SUM2
	add_row	%zmm7, %zmm23, SUM
	vpxorq	SUM, SUM2, \to
.endm

/*
 * SUM = in each block, the four blocks of one of zmm13 to zmm15 and SUM added
 */
.macro add_up_4
	vpblendmq %zmm15, %zmm13, %zmm0{UPPER}
	vshufi64x2 $0x4e, %zmm15, %zmm13, %zmm1
	vpblendmq SUM, %zmm14, %zmm2{UPPER}
	vshufi64x2 $0x4e, SUM, %zmm14, %zmm3
	vpxorq	%zmm1, %zmm0, %zmm0
	vpxorq	%zmm3, %zmm2, %zmm2
	vpblendmq %zmm2, %zmm0, SUM{ODD}
	vpermt2q %zmm2, LANES, %zmm0
	vpxorq	%zmm0, SUM, SUM
.endm

/* XSUM = the four blocks of SUM added */
.macro add_up
	vextracti64x4 $1, SUM, YTMP
	vpxor	YTMP, YSUM, YSUM
	vextracti128 $1, YSUM, XTMP
	vpxor	XTMP, XSUM, XSUM
.endm

.text

SYM_FUNC_START(pi_crc16_avx512)
	prepare
	load_factors CRC16R_DOT
	load_masks
	vbroadcasti32x4 CRC16R_BY_512(CONSTS), MOVE
	vbroadcasti32x4 CRC16R_DIVIDE(CONSTS), DIVIDE
	vbroadcasti32x4 REVERSE_BITS(CONSTS), ORDER
	vmovq	PICK_CRC16(CONSTS), XTMP
	vmovdqa64 TMP, PICK
	sub	$4, NR
	jb	.Lcrc16_rest
.Lcrc16_four:
	sum_interval 1, %zmm13
	sum_interval 1, %zmm14
	sum_interval 1, %zmm15
	sum_interval 1, SUM
	add_up_4
	vpclmulqdq $0x00, DIVIDE, SUM, %zmm0
	vpclmulqdq $0x10, DIVIDE, %zmm0, %zmm0
	vpxorq	SUM, %zmm0, %zmm0
	vgf2p8affineqb $0, ORDER, %zmm0, %zmm0
	vpermb	%zmm0, PICK, %zmm0
	vmovq	%xmm0, (GUARDS)
	add	$8, GUARDS
	sub	$4, NR
	jae	.Lcrc16_four
.Lcrc16_rest:
	add	$4, NR
	jz	.Lcrc16_end
.Lcrc16_one:
	sum_interval 1, SUM
	add_up
	vpclmulqdq $0x00, XDIVIDE, XSUM, XTMP
	vpclmulqdq $0x10, XDIVIDE, XTMP, XTMP
	vpxorq	XSUM, XTMP, XTMP
	vgf2p8affineqb $0, XORDER, XTMP, XTMP
	vpextrw	$4, XTMP, %eax
	rolw	$8, %ax
	movw	%ax, (GUARDS)
	add	$2, GUARDS
	dec	NR
	jnz	.Lcrc16_one
.Lcrc16_end:
	vzeroupper
	RET
SYM_FUNC_END(pi_crc16_avx512)

SYM_FUNC_START(pi_crc64_avx512)
	prepare
	load_factors CRC64_DOT
	load_masks
	vbroadcasti32x4 CRC64_BY_512(CONSTS), MOVE
	vbroadcasti32x4 CRC64_DIVIDE(CONSTS), DIVIDE
	vmovdqa	PICK_CRC64(CONSTS), YTMP
	vmovdqa64 TMP, PICK
	vmovdqa	CRC64_INIT(CONSTS), XTMP
	vmovdqa64 TMP, INIT
	vpternlogq $0xff, YINVERT, YINVERT, YINVERT
	sub	$4, NR
	jb	.Lcrc64_rest
.Lcrc64_four:
	sum_interval 0, %zmm13
	sum_interval 0, %zmm14
	sum_interval 0, %zmm15
	sum_interval 0, SUM
	add_up_4
	vpclmulqdq $0x00, DIVIDE, SUM, %zmm0
	vpclmulqdq $0x10, DIVIDE, %zmm0, %zmm1
	vpslldq	$8, %zmm0, %zmm0
	vpternlogq $0x96, SUM, %zmm1, %zmm0
	vpermq	%zmm0, PICK, %zmm0
	vpxorq	YINVERT, %ymm0, %ymm0
	vmovdqu	%ymm0, (GUARDS)
	add	$32, GUARDS
	sub	$4, NR
	jae	.Lcrc64_four
.Lcrc64_rest:
	add	$4, NR
	jz	.Lcrc64_end
.Lcrc64_one:
	sum_interval 0, SUM
	add_up
	vpclmulqdq $0x00, XDIVIDE, XSUM, XTMP
	vpclmulqdq $0x10, XDIVIDE, XTMP, XTMP2
	vpslldq	$8, XTMP, XTMP
	vpternlogq $0x96, XSUM, XTMP2, XTMP
	vpextrq	$1, XTMP, %rax
	not	%rax
	movq	%rax, (GUARDS)
	add	$8, GUARDS
	dec	NR
	jnz	.Lcrc64_one
.Lcrc64_end:
	vzeroupper
	RET
SYM_FUNC_END(pi_crc64_avx512)
