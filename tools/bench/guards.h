/* SPDX-License-Identifier: GPL-2.0 */
/* The candidates, and how they are called. */
#ifndef BENCH_GUARDS_H
#define BENCH_GUARDS_H

#include "kernel.h"

enum bench_guard { CRC16, CRC64, IP, READ, COPY, NR_GUARDS };

/**
 * struct candidate - a function that reads a buffer
 * @name: its name in the table
 * @guard: name of the guard that it computes
 * @run: compute @nr guards of @bytes of data each
 * @usable: whether this CPU supports it; NULL: it does
 * @base: the base's function for this guard, to which others are compared
 * @slow: measure a sixteenth of the data per sample
 */
struct candidate {
	const char *name;
	enum bench_guard guard;
	void (*run)(const u8 *data, unsigned int bytes, unsigned int nr, void *guards);
	bool (*usable)(void);
	bool base;
	bool slow;
};

extern const struct candidate candidates[];
extern const unsigned int nr_candidates;

void candidates_init(void);

#endif /* BENCH_GUARDS_H */
