/*
 * arena.h - memory that goes away at once.
 *
 * Every query, HTTP request and fetched document has an arena. An arena grows
 * by blocks up to its ceiling; nothing in it is freed singly. All but the
 * smallest blocks go back to a bounded list of all threads (16 MiB) rather than to the system:
 * returning pages after each request cost more than the allocations did
 * (0.1-0.4 ms against 1.6-3.6 ms for 10,000 allocations).
 *
 * An arena belongs to one thread at a time and may be handed over.
 */
#ifndef BASE_ARENA_H
#define BASE_ARENA_H

#include "base/slice.h"

#include <stdarg.h>
#include <stdint.h>

struct arena_block;

struct arena {
	struct arena_block *head; /* newest block */
	size_t used;              /* bytes handed out, with alignment */
	size_t held;              /* bytes of all blocks */
	size_t limit;             /* ceiling for `held` */
	bool refused;             /* something was wanted that is over the ceiling */
	/* To be set for what does not come again soon, such as a large document: of its blocks only
	 * those of the usual size are kept for others. */
	bool seldom;
};

/* A point to return to. */
struct arena_mark {
	struct arena_block *block;
	size_t block_used;
	size_t used;
};

void arena_init(struct arena *a, size_t limit_bytes);
void arena_release(struct arena *a);

size_t arena_kept_bytes(void); /* on the list; any thread */

/* Aligned to 16 bytes. NULL when the ceiling or the system's memory is reached. */
void *arena_alloc(struct arena *a, size_t n);
void *arena_zalloc(struct arena *a, size_t n);

/* Overflow-checked n × size, zeroed. */
void *arena_array(struct arena *a, size_t n, size_t size);

/* Grows the array `p` of `n` elements to hold at least `want`: a copy, or in
 * place when it is the last thing allocated. *cap is read and written. */
void *arena_grow(struct arena *a, void *p, size_t n, size_t *cap, size_t want, size_t size);

char *arena_strdup(struct arena *a, const char *text);
char *arena_strndup(struct arena *a, const char *p, size_t n);
/* A NUL-terminated copy; .p is NULL when there is no memory. */
struct slice arena_slice(struct arena *a, struct slice s);
char *arena_printf(struct arena *a, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

struct arena_mark arena_mark(const struct arena *a);
void arena_reset(struct arena *a, struct arena_mark m);

#define arena_new(a, type) ((type *)arena_zalloc((a), sizeof(type)))

#endif
