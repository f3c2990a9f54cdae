/* chunked.c - see chunked.h. */
#include "storage/chunked.h"

void *chunked_make(struct chunked *c, uint32_t i)
{
	_Atomic(struct chunked_middle *) *top =
		&c->top[i >> (CHUNKED_BLOCK_BITS + CHUNKED_MIDDLE_BITS)];
	struct chunked_middle *m = atomic_load_explicit(top, memory_order_relaxed);
	_Atomic(char *) *block;
	char *b;

	if (!m) {
		m = mem_zalloc(sizeof(*m));
		if (!m)
			return NULL;
		atomic_store_explicit(top, m, memory_order_release);
	}
	block = &m->blocks[i >> CHUNKED_BLOCK_BITS & (CHUNKED_MIDDLE - 1)];
	b = atomic_load_explicit(block, memory_order_relaxed);
	if (!b) {
		b = mem_zalloc((size_t)CHUNKED_BLOCK * c->element_bytes);
		if (!b)
			return NULL;
		atomic_store_explicit(block, b, memory_order_release);
	}
	return b + (size_t)(i & (CHUNKED_BLOCK - 1)) * c->element_bytes;
}

void chunked_release(struct chunked *c)
{
	for (int i = 0; i < CHUNKED_TOP; i++) {
		struct chunked_middle *m = atomic_load_explicit(&c->top[i], memory_order_relaxed);

		for (int k = 0; m && k < CHUNKED_MIDDLE; k++)
			mem_free(atomic_load_explicit(&m->blocks[k], memory_order_relaxed));
		mem_free(m);
		atomic_store_explicit(&c->top[i], NULL, memory_order_relaxed);
	}
}
