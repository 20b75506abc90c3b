/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the fuzz targets share: choices taken from the input, a geometry, and
 * vectors each of which is an allocation of its own, so that AddressSanitizer
 * reports every access to a byte outside of them.
 */
#ifndef FUZZ_H
#define FUZZ_H

#include <linux/bio-integrity.h>
#include <linux/blk-integrity.h>

/* The input; past its end all choices are 0. */
struct fuzz_input {
	const u8 *next;
	size_t left;
};

/**
 * struct fuzz_vecs - vectors and an iterator over a part of them
 * @vec: the vectors; an empty one follows the last
 * @nr: how many
 * @iter: the part
 */
struct fuzz_vecs {
	struct bio_vec *vec;
	unsigned int nr;
	struct bvec_iter iter;
};

#define require(condition)						\
	do {								\
		if (!(condition))					\
			fuzz_fail(__FILE__, __LINE__, #condition);	\
	} while (0)

/* The C library, whose headers those of the kernel exclude. */
void *malloc(size_t bytes);
void *calloc(size_t nr, size_t bytes);
void *aligned_alloc(size_t alignment, size_t bytes);
void free(void *p);
void abort(void) __noreturn;
int dprintf(int fd, const char *format, ...);

/* The last message of the code under test. */
extern char fuzz_message[512];

void fuzz_fail(const char *file, int line, const char *condition) __noreturn;

u64 fuzz_take(struct fuzz_input *in, unsigned int bytes);
u64 fuzz_below(struct fuzz_input *in, u64 limit);
u64 fuzz_number(struct fuzz_input *in);
void fuzz_fill(struct fuzz_input *in, u8 *to, unsigned int bytes);
void fuzz_geometry(struct fuzz_input *in, struct blk_integrity *bi);

void fuzz_vecs_make(struct fuzz_vecs *v, struct fuzz_input *in, const u8 *flat,
		    unsigned int bytes, unsigned int from, unsigned int size);
bool fuzz_vecs_equal(const struct fuzz_vecs *v, const u8 *flat);
void fuzz_vecs_free(struct fuzz_vecs *v);

/* Each target: called by libFuzzer, before the first input and for each one. */
int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const u8 *data, size_t size);

#endif /* FUZZ_H */
