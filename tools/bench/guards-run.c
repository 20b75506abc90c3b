// SPDX-License-Identifier: GPL-2.0
/*
 * Measures the candidates: each round runs each of them once, in random order.
 * A sample is repeated if its wall time exceeds its CPU time, which means that
 * another program ran.  Writes medians and quartiles to a JSON file and a
 * table; ratios are computed within a round.
 *
 * "hot" data is in the L2 cache.  "dram" is a ring of buffers much larger than
 * the last-level cache, read in random order.
 */

#define _GNU_SOURCE
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/utsname.h>
#include <time.h>

#include "guards.h"

#define RING_BYTES	(512UL << 20)
#define HUGE_PAGE	(2UL << 20)
#define HOT_BYTES	(256UL << 10)
#define SAMPLE_BYTES	(4UL << 20)
#define MAX_ROUNDS	255
#define MAX_TRIES	50
#define NR_SIZES	3
#define NR_CELLS	(2 * NR_SIZES)
#define MAX_CASES	64

static const unsigned int sizes[NR_SIZES] = { 4096, 65536, 1 << 20 };
static const char *const size_names[NR_SIZES] = { "4K", "64K", "1M" };
static const char *const guard_names[NR_GUARDS] = { "crc16", "crc64", "ip", "read", "copy" };

/* A candidate with an interval length; samples are in GB/s. */
struct bench_case {
	const struct candidate *what;
	unsigned int interval;
	const struct bench_case *base;
	double sample[NR_CELLS][MAX_ROUNDS];
};

struct quartiles {
	double low, median, high;
};

static struct bench_case cases[MAX_CASES];
static unsigned int nr_cases;
static unsigned int rounds;
static unsigned int taken, dropped;
static u8 *ring;
static u8 guards[(1 << 20) / 512 * sizeof(u64)];

static u64 random_number(void)
{
	static u64 state = 0x853c49e6748fea9bULL;

	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return state;
}

static void shuffle(unsigned int *order, unsigned int nr)
{
	for (unsigned int i = 0; i < nr; i++)
		order[i] = i;
	for (unsigned int i = nr; i > 1; i--) {
		unsigned int j = random_number() % i, other = order[j];

		order[j] = order[i - 1];
		order[i - 1] = other;
	}
}

static u64 nanoseconds(clockid_t clock)
{
	struct timespec now;

	clock_gettime(clock, &now);
	return now.tv_sec * 1000000000ULL + now.tv_nsec;
}

/* Buffers of one size, in the order in which they are read. */
struct buffers {
	unsigned int bytes;
	unsigned int nr;
	unsigned int next;
	unsigned int *order;
};

static struct buffers buffers_of(unsigned int cell)
{
	unsigned int bytes = sizes[cell % NR_SIZES];
	size_t pool = cell < NR_SIZES ? HOT_BYTES : RING_BYTES;
	struct buffers buffers = {
		.bytes	= bytes,
		.nr	= pool > bytes ? pool / bytes : 1,
	};

	buffers.order = malloc(buffers.nr * sizeof(*buffers.order));
	if (!buffers.order)
		exit(1);
	shuffle(buffers.order, buffers.nr);
	return buffers;
}

static void run_some(const struct bench_case *c, struct buffers *buffers, size_t bytes)
{
	for (size_t done = 0; done < bytes; done += buffers->bytes) {
		const u8 *data = ring + (size_t)buffers->order[buffers->next] * buffers->bytes;

		buffers->next = (buffers->next + 1) % buffers->nr;
		c->what->run(data, c->interval, buffers->bytes / c->interval, guards);
	}
}

static double sample(const struct bench_case *c, struct buffers *buffers)
{
	size_t bytes = c->what->slow ? SAMPLE_BYTES / 16 : SAMPLE_BYTES;
	u64 wall = 0, cpu;

	if (bytes < buffers->bytes)
		bytes = buffers->bytes;
	for (int i = 0; i < MAX_TRIES; i++) {
		if (buffers->nr * (size_t)buffers->bytes < RING_BYTES)
			run_some(c, buffers, HOT_BYTES);
		else
			run_some(c, buffers, buffers->bytes);
		wall = nanoseconds(CLOCK_MONOTONIC);
		cpu = nanoseconds(CLOCK_THREAD_CPUTIME_ID);
		run_some(c, buffers, bytes);
		cpu = nanoseconds(CLOCK_THREAD_CPUTIME_ID) - cpu;
		wall = nanoseconds(CLOCK_MONOTONIC) - wall;
		taken++;
		if (wall <= cpu + cpu / 50 + 2000)
			break;
		dropped++;
	}
	return (double)bytes / wall;
}

static void add_cases(enum bench_guard guard, unsigned int interval)
{
	const struct bench_case *base = NULL;
	unsigned int first = nr_cases;

	for (unsigned int i = 0; i < nr_candidates; i++) {
		const struct candidate *what = &candidates[i];

		if (what->guard != guard || (what->usable && !what->usable()))
			continue;
		if (what->base)
			base = &cases[nr_cases];
		cases[nr_cases].what = what;
		cases[nr_cases++].interval = interval;
	}
	for (; first < nr_cases; first++)
		cases[first].base = base;
}

static void measure(unsigned int cell)
{
	struct buffers buffers = buffers_of(cell);
	unsigned int order[MAX_CASES];

	for (unsigned int round = 0; round < rounds; round++) {
		shuffle(order, nr_cases);
		for (unsigned int i = 0; i < nr_cases; i++) {
			struct bench_case *c = &cases[order[i]];

			c->sample[cell][round] = sample(c, &buffers);
		}
		if (round % 8 == 7)
			fprintf(stderr, "\rguards: %s %s, round %u of %u    ",
				cell < NR_SIZES ? "hot" : "dram",
				size_names[cell % NR_SIZES], round + 1, rounds);
	}
	free(buffers.order);
}

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static struct quartiles quartiles(double *values)
{
	qsort(values, rounds, sizeof(*values), compare);
	return (struct quartiles) {
		values[rounds / 4], values[rounds / 2], values[rounds * 3 / 4],
	};
}

static struct quartiles speed(const struct bench_case *c, unsigned int cell)
{
	double values[MAX_ROUNDS];

	memcpy(values, c->sample[cell], sizeof(values));
	return quartiles(values);
}

static struct quartiles ratio(const struct bench_case *c, const struct bench_case *to,
			      unsigned int cell)
{
	double values[MAX_ROUNDS];

	for (unsigned int round = 0; round < rounds; round++)
		values[round] = c->sample[cell][round] / to->sample[cell][round];
	return quartiles(values);
}

static void write_case(FILE *file, const struct bench_case *c, unsigned int cell)
{
	struct quartiles q = speed(c, cell), read = ratio(c, &cases[0], cell);

	fprintf(file, "    {\"guard\": \"%s\", \"interval\": %u, \"code\": \"%s\", ",
		guard_names[c->what->guard], c->interval, c->what->name);
	fprintf(file, "\"memory\": \"%s\", \"bytes\": %u, ", cell < NR_SIZES ? "hot" : "dram",
		sizes[cell % NR_SIZES]);
	fprintf(file, "\"gb_per_s\": [%.3f, %.3f, %.3f], \"to_read\": [%.3f, %.3f, %.3f]",
		q.low, q.median, q.high, read.low, read.median, read.high);
	if (c->base) {
		q = ratio(c, c->base, cell);
		fprintf(file, ", \"to_base\": [%.3f, %.3f, %.3f]", q.low, q.median, q.high);
	}
	fputs("}", file);
}

/*
 * Write the lines of /proc/cpuinfo with the name and the features of one CPU.
 */
static void write_cpu(FILE *file)
{
	FILE *info = fopen("/proc/cpuinfo", "r");
	char line[8192];

	while (info && fgets(line, sizeof(line), info) && line[0] != '\n') {
		char *value = strchr(line, ':');
		bool model = !strncmp(line, "model name", 10);

		if (!value || (!model && strncmp(line, "flags", 5)))
			continue;
		line[strcspn(line, "\n")] = '\0';
		fprintf(file, "  \"%s\": \"%s\",\n", model ? "cpu" : "features", value + 2);
	}
	if (info)
		fclose(info);
}

static int write_json(const char *path)
{
	FILE *file = fopen(path, "w");
	struct utsname host;
	char date[32];
	time_t now = time(NULL);

	if (!file) {
		perror(path);
		return 1;
	}
	uname(&host);
	strftime(date, sizeof(date), "%Y-%m-%dT%H:%M:%SZ", gmtime(&now));
	fprintf(file, "{\n  \"date\": \"%s\",\n  \"kernel\": \"%s\",\n", date, host.release);
	write_cpu(file);
	fprintf(file, "  \"rounds\": %u,\n  \"samples\": %u,\n  \"dropped\": %u,\n", rounds, taken,
		dropped);
	fputs("  \"quartiles\": \"25 %, median, 75 %\",\n  \"guards\": [\n", file);
	for (unsigned int i = 0; i < nr_cases; i++) {
		for (unsigned int cell = 0; cell < NR_CELLS; cell++) {
			write_case(file, &cases[i], cell);
			fputs(i + 1 < nr_cases || cell + 1 < NR_CELLS ? ",\n" : "\n", file);
		}
	}
	fputs("  ]\n}\n", file);
	return fclose(file) ? 1 : 0;
}

static void print_row(const struct bench_case *c)
{
	printf("  %-20s", c->what->name);
	for (unsigned int cell = 0; cell < NR_CELLS; cell++)
		printf(" %6.2f", speed(c, cell).median);
	if (c->base) {
		printf("  |");
		for (unsigned int cell = 0; cell < NR_CELLS; cell++)
			printf(" %6.2f", ratio(c, c->base, cell).median);
	}
	printf("  |");
	for (unsigned int cell = NR_SIZES; cell < NR_CELLS; cell++)
		printf(" %5.2f", ratio(c, &cases[0], cell).median);
	printf("\n");
}

static void print_table(void)
{
	const struct bench_case *last = NULL;

	printf("\n%u rounds, %u samples, %u of them dropped\n", rounds, taken, dropped);
	printf("GB/s, medians; ratio to the base's code in the same round; in DRAM, ratio to reading\n");
	printf("  %-20s %6s %6s %6s %6s %6s %6s\n", "", "hot 4K", "64K", "1M", "DRAM4K", "64K", "1M");
	for (unsigned int i = 0; i < nr_cases; last = &cases[i++]) {
		const struct bench_case *c = &cases[i];

		if (!last || last->what->guard != c->what->guard || last->interval != c->interval)
			printf("%s, intervals of %u\n", guard_names[c->what->guard], c->interval);
		print_row(c);
	}
}

int main(int argc, char **argv)
{
	if (argc != 3)
		return 2;
	rounds = atoi(argv[2]);
	if (rounds < 1 || rounds > MAX_ROUNDS)
		return 2;
	candidates_init();
	ring = aligned_alloc(HUGE_PAGE, RING_BYTES);
	if (!ring)
		return 1;
	madvise(ring, RING_BYTES, MADV_HUGEPAGE);
	for (size_t i = 0; i < RING_BYTES / sizeof(u64); i++)
		((u64 *)ring)[i] = random_number();

	add_cases(READ, 512);
	add_cases(COPY, 512);
	add_cases(CRC16, 512);
	add_cases(CRC16, 4096);
	add_cases(CRC64, 512);
	add_cases(CRC64, 4096);
	add_cases(IP, 512);
	add_cases(IP, 4096);
	for (unsigned int cell = 0; cell < NR_CELLS; cell++)
		measure(cell);
	fputs("\r", stderr);
	print_table();
	return write_json(argv[1]);
}
