/*
 * chunked.h - an array that grows without moving, so that one thread may add while others read.
 *
 * Elements lie in blocks of CHUNKED_BLOCK, made when first touched and zeroed. The writer
 * calls chunked_at_make(); readers call chunked_at(), which gives NULL where nothing was made. The
 * table of blocks is reached through two levels, so 2^32 elements are possible and an empty
 * array is small. What is inside an element is the users' to synchronise.
 */
#ifndef STORAGE_CHUNKED_H
#define STORAGE_CHUNKED_H

#include "base/alloc.h"

#include <stdatomic.h>
#include <stdint.h>

enum {
	CHUNKED_BLOCK_BITS = 10,
	CHUNKED_BLOCK = 1 << CHUNKED_BLOCK_BITS,
	CHUNKED_MIDDLE_BITS = 11,
	CHUNKED_MIDDLE = 1 << CHUNKED_MIDDLE_BITS,
	CHUNKED_TOP = 1 << (32 - CHUNKED_BLOCK_BITS - CHUNKED_MIDDLE_BITS),
};

struct chunked_middle {
	_Atomic(char *) blocks[CHUNKED_MIDDLE];
};

struct chunked {
	_Atomic(struct chunked_middle *) top[CHUNKED_TOP];
	size_t element_bytes;
};

static inline void chunked_init(struct chunked *c, size_t element_bytes)
{
	for (int i = 0; i < CHUNKED_TOP; i++)
		atomic_init(&c->top[i], NULL);
	c->element_bytes = element_bytes;
}

static inline void *chunked_at(const struct chunked *c, uint32_t i)
{
	struct chunked_middle *m =
		atomic_load_explicit(&c->top[i >> (CHUNKED_BLOCK_BITS + CHUNKED_MIDDLE_BITS)],
				     memory_order_acquire);
	char *b =
		m ? atomic_load_explicit(&m->blocks[i >> CHUNKED_BLOCK_BITS & (CHUNKED_MIDDLE - 1)],
					 memory_order_acquire)
		  : NULL;

	return b ? b + (size_t)(i & (CHUNKED_BLOCK - 1)) * c->element_bytes : NULL;
}

/* NULL: no memory. */
void *chunked_make(struct chunked *c, uint32_t i);
void chunked_release(struct chunked *c);

static inline void *chunked_at_make(struct chunked *c, uint32_t i)
{
	void *p = chunked_at(c, i);

	return p ? p : chunked_make(c, i);
}

#endif
