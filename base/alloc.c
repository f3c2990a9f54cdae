/*
 * alloc.c - see alloc.h.
 *
 * The hooks cost one relaxed load while they are off. They are atomics rather
 * than plain globals only so that a test with threads stays clean under TSan.
 */
#include "base/alloc.h"

#include <malloc.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

enum {
	LARGE_BYTES = 4 << 20,
	HEAPS = 2,
};

static atomic_bool failing, failing_sticky, counting;
static atomic_long ok_left, held;

static bool must_fail(void)
{
	if (!atomic_load_explicit(&failing, memory_order_relaxed))
		return false;
	if (atomic_fetch_sub(&ok_left, 1) > 0)
		return false;
	if (!atomic_load(&failing_sticky))
		atomic_store(&failing, false);
	return true;
}

static void count(long n)
{
	if (atomic_load_explicit(&counting, memory_order_relaxed))
		atomic_fetch_add(&held, n);
}

static void *counted(void *p)
{
	if (p)
		count(1);
	return p;
}

void mem_keep_little(void)
{
	mallopt(M_ARENA_MAX, HEAPS);
	mallopt(M_MMAP_THRESHOLD, LARGE_BYTES);
	mallopt(M_TRIM_THRESHOLD, 2 * LARGE_BYTES);
}

void *mem_alloc(size_t n)
{
	return must_fail() ? NULL : counted(malloc(n ? n : 1));
}

void *mem_zalloc(size_t n)
{
	return must_fail() ? NULL : counted(calloc(1, n ? n : 1));
}

void *mem_realloc(void *p, size_t n)
{
	if (!p)
		return mem_alloc(n);
	/* realloc(p, 0) would free p and give NULL, which looks like a failure. */
	return must_fail() ? NULL : realloc(p, n ? n : 1);
}

char *mem_strdup(const char *text)
{
	return mem_strndup(text, strlen(text));
}

char *mem_strndup(const char *p, size_t n)
{
	char *copy = n == SIZE_MAX ? NULL : mem_alloc(n + 1);

	if (!copy)
		return NULL;
	if (n)
		memcpy(copy, p, n);
	copy[n] = '\0';
	return copy;
}

void mem_free(void *p)
{
	if (!p)
		return;
	count(-1);
	free(p);
}

void mem_fail_after(long ok, int sticky)
{
	atomic_store(&ok_left, ok);
	atomic_store(&failing_sticky, sticky != 0);
	atomic_store(&failing, ok >= 0);
}

void mem_count(int on)
{
	atomic_store(&held, 0);
	atomic_store(&counting, on != 0);
}

long mem_held(void)
{
	return atomic_load(&held);
}
