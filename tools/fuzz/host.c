// SPDX-License-Identifier: GPL-2.0
/*
 * What the code under test needs of the kernel, as a program.  A function that
 * is missing here is at address 0, so that a call of it is a crash.
 *
 * All memory is mapped one to one: a page is the 4 KiB at its address.  Nothing
 * reads its struct page, which does not exist.
 */

#include <linux/mempool.h>
#include <linux/mm.h>
#include <linux/mutex.h>
#include <linux/slab.h>

#include "fuzz.h"

#define STDERR	2

/* An object is an allocation of its own, with exactly its size. */
struct kmem_cache {
	unsigned int object_bytes;
};

/* Of arch/x86: where memory, and the array of struct page, are mapped. */
unsigned long page_offset_base;
unsigned long phys_base;
unsigned long vmemmap_base = 1UL << 40;
DEFINE_PER_CPU_ALIGNED(struct pcpu_hot, pcpu_hot);
unsigned long empty_zero_page[PAGE_SIZE / sizeof(unsigned long)] __aligned(PAGE_SIZE);

char fuzz_message[512];

void fuzz_fail(const char *file, int line, const char *condition)
{
	dprintf(STDERR, "%s:%d: not true: %s\nlast message: %s\n", file, line,
		condition, fuzz_message);
	abort();
}

int _printk(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(fuzz_message, sizeof(fuzz_message), format + strlen(KERN_WARNING), args);
	va_end(args);
	return 0;
}

/* A warning then executes an invalid instruction: an input that causes one fails. */
void __warn_printk(const char *format, ...)
{
	dprintf(STDERR, "warning: %s\n", format);
}

unsigned long get_free_pages_noprof(gfp_t gfp, unsigned int order)
{
	return (unsigned long)aligned_alloc(PAGE_SIZE, PAGE_SIZE << order);
}

struct kmem_cache *__kmem_cache_create_args(const char *name, unsigned int bytes,
					    struct kmem_cache_args *args,
					    slab_flags_t flags)
{
	struct kmem_cache *slab = malloc(sizeof(*slab));

	slab->object_bytes = bytes;
	return slab;
}

void *kmem_cache_alloc_noprof(struct kmem_cache *slab, gfp_t gfp)
{
	return malloc(slab->object_bytes);
}

void kmem_cache_free(struct kmem_cache *slab, void *object)
{
	free(object);
}

void mutex_lock(struct mutex *lock)
{
}

void mutex_unlock(struct mutex *lock)
{
}

void __local_bh_enable_ip(unsigned long ip, unsigned int count)
{
	preempt_count_sub(count);
}

void *memchr_inv(const void *start, int c, size_t bytes)
{
	for (const u8 *p = start; bytes--; p++)
		if (*p != (u8)c)
			return (void *)p;
	return NULL;
}
