// SPDX-License-Identifier: GPL-2.0
/*
 * Counts the instructions of the candidates for CRC-16, with the CPU's own vector
 * registers, which QEMU does not emulate all: a child runs each of them between
 * two breakpoints, and this program steps it.
 */

#define _GNU_SOURCE
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <unistd.h>

#include "guards.h"

#define INTERVAL	512
#define MAX_BYTES	(1 << 20)

static const unsigned int sizes[] = { 4096, 65536, MAX_BYTES };
static u8 data[MAX_BYTES] __attribute__((aligned(4096)));
static u8 guards[MAX_BYTES / INTERVAL * sizeof(u64)];

typedef void run_fn(const u8 *data, unsigned int bytes, unsigned int nr, void *guards);

static void run_nothing(const u8 *in, unsigned int bytes, unsigned int nr, void *out)
{
}

static void child(run_fn *run, unsigned int bytes)
{
	run_fn *volatile call = run;

	ptrace(PTRACE_TRACEME, 0, NULL, NULL);
	/* Once before, so that nothing is resolved or mapped while it counts. */
	call(data, INTERVAL, bytes / INTERVAL, guards);
	asm volatile("int3");
	call(data, INTERVAL, bytes / INTERVAL, guards);
	asm volatile("int3");
	_exit(0);
}

static bool at_breakpoint(pid_t pid)
{
	siginfo_t info;

	return !ptrace(PTRACE_GETSIGINFO, pid, NULL, &info) && info.si_code == SI_KERNEL;
}

/* Return: the instructions of a call; -1 if the child cannot be traced. */
static long count(run_fn *run, unsigned int bytes)
{
	long instructions = 0;
	pid_t pid = fork();
	int status;

	if (!pid)
		child(run, bytes);
	if (pid < 0 || waitpid(pid, &status, 0) != pid || !WIFSTOPPED(status) || !at_breakpoint(pid))
		return -1;
	do {
		if (ptrace(PTRACE_SINGLESTEP, pid, NULL, NULL) || waitpid(pid, &status, 0) != pid ||
		    !WIFSTOPPED(status))
			return -1;
		instructions++;
	} while (!at_breakpoint(pid));
	kill(pid, SIGKILL);
	waitpid(pid, &status, 0);
	return instructions;
}

static int print_row(const struct candidate *what)
{
	printf("  %-20s", what->name);
	for (unsigned int i = 0; i < sizeof(sizes) / sizeof(*sizes); i++) {
		long all = count(what->run, sizes[i]), call = count(run_nothing, sizes[i]);

		if (all < 0 || call < 0) {
			fputs("\nguards-count: cannot trace a child\n", stderr);
			return 1;
		}
		printf(" %8ld", all - call);
	}
	putchar('\n');
	return 0;
}

int main(void)
{
	candidates_init();
	printf("\nInstructions of CRC-16 guards, intervals of %u\n  %-20s %8s %8s %8s\n", INTERVAL, "", "4K", "64K", "1M");
	fflush(stdout);
	for (unsigned int i = 0; i < nr_candidates; i++) {
		const struct candidate *what = &candidates[i];

		if (what->guard != CRC16 || what->slow || (what->usable && !what->usable()))
			continue;
		if (print_row(what))
			return 1;
		fflush(stdout);
	}
	return 0;
}
