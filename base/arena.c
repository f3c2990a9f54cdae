/*
 * arena.c - see arena.h.
 *
 * An arena is a chain of blocks, newest first; memory is handed out from the
 * front of the newest. The first block is small, because most requests are and
 * many may be open at once; the next ones have the usual size. What is larger than
 * a usual block has a block to itself. Near the ceiling a block is as large as
 * still allowed.
 *
 * Blocks of the usual size and larger ones are kept for the next arena of any
 * thread, up to KEPT_BYTES in all: so a query that comes again finds its pages,
 * and a large one leaves nothing behind. Under AddressSanitizer what is not handed out is poisoned,
 * so that reading behind an allocation, or through a pointer into an arena that was
 * released or reset, is found although no free() took place.
 */
#include "base/arena.h"
#include "base/alloc.h"

#include <pthread.h>
#include <stdio.h>

#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define ARENA_ASAN 1
#endif
#endif
#if defined(__SANITIZE_ADDRESS__)
#define ARENA_ASAN 1
#endif
#if defined(ARENA_ASAN)
#include <sanitizer/asan_interface.h>
#define POISON(p, n)   ASAN_POISON_MEMORY_REGION((p), (n))
#define UNPOISON(p, n) ASAN_UNPOISON_MEMORY_REGION((p), (n))
#else
#define POISON(p, n)   ((void)(p), (void)(n))
#define UNPOISON(p, n) ((void)(p), (void)(n))
#endif

enum {
	ALIGN = 16,
	FIRST_BYTES = 16 << 10,
	USUAL_BYTES = 256 << 10,
	KEPT_BYTES = 16 << 20,
};

struct arena_block {
	struct arena_block *older;
	size_t size; /* with this header */
	size_t used; /* likewise; a multiple of ALIGN */
};

enum { HEADER = (sizeof(struct arena_block) + ALIGN - 1) / ALIGN * ALIGN };

static struct {
	pthread_mutex_t lock;
	struct arena_block *list; /* the newest first */
	size_t bytes;
} kept = { .lock = PTHREAD_MUTEX_INITIALIZER };

static void block_free(struct arena_block *b)
{
	UNPOISON(b, b->size);
	mem_free(b);
}

static bool keep(struct arena_block *b)
{
	bool fits;

	if (b->size < USUAL_BYTES)
		return false;
	pthread_mutex_lock(&kept.lock);
	fits = b->size <= KEPT_BYTES - kept.bytes;
	if (fits) {
		POISON((char *)b + HEADER, b->size - HEADER);
		b->older = kept.list;
		kept.list = b;
		kept.bytes += b->size;
	}
	pthread_mutex_unlock(&kept.lock);
	return fits;
}

/* Of those kept the newest that is large enough and not half as large again. */
static struct arena_block *take_kept(size_t size)
{
	struct arena_block **at, *b;

	if (size < USUAL_BYTES)
		return NULL;
	pthread_mutex_lock(&kept.lock);
	for (at = &kept.list; (b = *at); at = &b->older)
		if (b->size >= size && b->size - size <= size / 2)
			break;
	if (b) {
		*at = b->older;
		kept.bytes -= b->size;
	}
	pthread_mutex_unlock(&kept.lock);
	return b;
}

/* Of `size` bytes, or somewhat more but not more than `most`. */
static struct arena_block *block_new(size_t size, size_t most)
{
	struct arena_block *b = take_kept(size);

	if (b && b->size > most) {
		block_free(b);
		b = NULL;
	}
	if (!b) {
		b = mem_alloc(size);
		if (!b)
			return NULL;
		b->size = size;
	}
	b->used = HEADER;
	POISON((char *)b + HEADER, b->size - HEADER);
	return b;
}

/* The size of the next block, which must have room for `n`; 0 when the ceiling forbids it. */
static size_t next_size(const struct arena *a, size_t n)
{
	size_t allowed = a->limit - a->held;
	size_t size = a->head ? USUAL_BYTES : FIRST_BYTES;

	if (n > SIZE_MAX - HEADER || n + HEADER > allowed)
		return 0;
	if (n + HEADER > size)
		size = n + HEADER > USUAL_BYTES ? n + HEADER : USUAL_BYTES;
	return size < allowed ? size : allowed;
}

static bool add_block(struct arena *a, size_t n)
{
	size_t size = next_size(a, n);
	struct arena_block *b = size ? block_new(size, a->limit - a->held) : NULL;

	a->refused |= size == 0;
	if (!b)
		return false;
	b->older = a->head;
	a->head = b;
	a->held += b->size;
	return true;
}

static void drop_head(struct arena *a)
{
	struct arena_block *b = a->head;

	a->head = b->older;
	a->held -= b->size;
	if ((a->seldom && b->size > USUAL_BYTES) || !keep(b))
		block_free(b);
}

size_t arena_kept_bytes(void)
{
	size_t bytes;

	pthread_mutex_lock(&kept.lock);
	bytes = kept.bytes;
	pthread_mutex_unlock(&kept.lock);
	return bytes;
}

void arena_init(struct arena *a, size_t limit_bytes)
{
	*a = (struct arena){ .limit = limit_bytes };
}

void arena_release(struct arena *a)
{
	while (a->head)
		drop_head(a);
	a->used = 0;
}

/* 0 when `n` is too large to be rounded; an empty allocation has an address of its own. */
static size_t rounded(size_t n)
{
	if (n > SIZE_MAX - ALIGN)
		return 0;
	return n ? (n + ALIGN - 1) / ALIGN * ALIGN : ALIGN;
}

void *arena_alloc(struct arena *a, size_t n)
{
	size_t full = rounded(n);
	char *p;

	if (!full)
		return NULL;
	if (!a->head || a->head->size - a->head->used < full) {
		if (!add_block(a, full))
			return NULL;
	}
	p = (char *)a->head + a->head->used;
	a->head->used += full;
	a->used += full;
	UNPOISON(p, n);
	return p;
}

void *arena_zalloc(struct arena *a, size_t n)
{
	void *p = arena_alloc(a, n);

	return p ? memset(p, 0, n) : NULL;
}

void *arena_array(struct arena *a, size_t n, size_t size)
{
	size_t bytes;

	if (__builtin_mul_overflow(n, size, &bytes))
		return NULL;
	return arena_zalloc(a, bytes);
}

/* Whether `p` of `old` bytes is the newest allocation and can become `new` bytes where it is. */
static bool grow_in_place(struct arena *a, void *p, size_t old, size_t new)
{
	size_t full = rounded(new), was = rounded(old);
	struct arena_block *b = a->head;

	if (!p || !b || !full || (char *)p + was != (char *)b + b->used)
		return false;
	if (full - was > b->size - b->used)
		return false;
	b->used += full - was;
	a->used += full - was;
	UNPOISON(p, new);
	return true;
}

/* `p` with room for `cap` elements, or NULL. */
static void *regrow(struct arena *a, void *p, size_t n, size_t old_cap, size_t cap, size_t size)
{
	size_t bytes;
	void *copy;

	if (__builtin_mul_overflow(cap, size, &bytes))
		return NULL;
	if (grow_in_place(a, p, old_cap * size, bytes))
		return p;
	copy = arena_alloc(a, bytes);
	if (copy && p && n)
		memcpy(copy, p, n * size);
	return copy;
}

void *arena_grow(struct arena *a, void *p, size_t n, size_t *cap, size_t want, size_t size)
{
	size_t roomy = *cap > SIZE_MAX / 2 ? SIZE_MAX : *cap * 2;
	bool refused = a->refused;
	void *grown;

	if (p && want <= *cap)
		return p;
	if (roomy < 8)
		roomy = 8;
	if (roomy < want)
		roomy = want;
	grown = regrow(a, p, n, *cap, roomy, size);
	/* Twice as much may be over the ceiling where just enough is not. */
	if (!grown && want < roomy) {
		roomy = want;
		a->refused = refused;
		grown = regrow(a, p, n, *cap, roomy, size);
	}
	if (grown)
		*cap = roomy;
	return grown;
}

char *arena_strdup(struct arena *a, const char *text)
{
	return arena_strndup(a, text, strlen(text));
}

char *arena_strndup(struct arena *a, const char *p, size_t n)
{
	char *copy = n == SIZE_MAX ? NULL : arena_alloc(a, n + 1);

	if (!copy)
		return NULL;
	if (n)
		memcpy(copy, p, n);
	copy[n] = '\0';
	return copy;
}

struct slice arena_slice(struct arena *a, struct slice s)
{
	return slice_of(arena_strndup(a, s.p, s.n), s.n);
}

char *arena_printf(struct arena *a, const char *fmt, ...)
{
	va_list args, again;
	char *text = NULL;
	int n;

	va_start(args, fmt);
	va_copy(again, args);
	n = vsnprintf(NULL, 0, fmt, args);
	if (n >= 0)
		text = arena_alloc(a, (size_t)n + 1);
	if (text)
		vsnprintf(text, (size_t)n + 1, fmt, again);
	va_end(again);
	va_end(args);
	return text;
}

struct arena_mark arena_mark(const struct arena *a)
{
	return (struct arena_mark){
		.block = a->head,
		.block_used = a->head ? a->head->used : 0,
		.used = a->used,
	};
}

/* Whether the newest block may stay though the arena is empty again: whoever resets to that works
 * row by row and needs it soon. */
static bool stays(const struct arena_block *b)
{
	return !b->older && b->size <= USUAL_BYTES;
}

void arena_reset(struct arena *a, struct arena_mark m)
{
	size_t used = m.block ? m.block_used : HEADER;

	while (a->head && a->head != m.block && (m.block || !stays(a->head)))
		drop_head(a);
	if (a->head) {
		a->head->used = used;
		POISON((char *)a->head + used, a->head->size - used);
	}
	a->used = m.used;
}
