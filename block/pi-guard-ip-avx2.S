/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Internet checksums of a run of intervals with 256-bit registers.
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

.text

/*
 * Each 32 bits have two words of the sum.  For x = h * 2^16 + l, x and h are
 * added up: the sum of l is that of x minus that of h times 2^16, modulo 2^32.
 */
SYM_FUNC_START(pi_ip_avx2)
	movl	BYTES, BYTES
	movl	NR, %eax
	imul	LEN, %rax
	lea	(DATA, %rax), RUN_STOP
	movq	PREFETCH(CONSTS), AHEAD
.Lip_next:
	lea	(DATA, LEN), STOP
	vpxor	%ymm0, %ymm0, %ymm0
	vpxor	%ymm1, %ymm1, %ymm1
.Lip_add:
	lea	(DATA, AHEAD), %rax
	cmp	RUN_STOP, %rax
	jae	.Lip_fetched
	prefetcht0 (%rax)
	prefetcht0 64(%rax)
.Lip_fetched:
	.irp	n, 0, 1, 2, 3
	vmovdqu	32 * \n(DATA), %ymm2
	vpsrld	$16, %ymm2, %ymm3
	vpaddd	%ymm2, %ymm0, %ymm0
	vpaddd	%ymm3, %ymm1, %ymm1
	.endr
	sub	$-128, DATA
	cmp	STOP, DATA
	jb	.Lip_add

	vpslld	$16, %ymm1, %ymm2
	vpsubd	%ymm2, %ymm0, %ymm0
	vpaddd	%ymm1, %ymm0, %ymm0
	vextracti128 $1, %ymm0, %xmm1
	vpaddd	%xmm1, %xmm0, %xmm0
	vpshufd	$0x4e, %xmm0, %xmm1
	vpaddd	%xmm1, %xmm0, %xmm0
	vpshufd	$0xb1, %xmm0, %xmm1
	vpaddd	%xmm1, %xmm0, %xmm0
	vmovd	%xmm0, %eax

	/* Fold to 16 bits, twice: the first sum may have a carry. */
	.rept	2
	movzwl	%ax, %r9d
	shr	$16, %eax
	add	%r9d, %eax
	.endr
	not	%eax
	rolw	$8, %ax
	movw	%ax, (GUARDS)
	add	$2, GUARDS
	dec	NR
	jnz	.Lip_next
	vzeroupper
	RET
SYM_FUNC_END(pi_ip_avx2)
