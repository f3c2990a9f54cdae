/*
 * pairs.c - see pairs.h. Open addressing, at most three quarters full.
 */
#include "collectors/pairs.h"

#include "base/alloc.h"

static struct pair_slot *pair_slot(const struct pairs *p, uint64_t key)
{
	/* Fibonacci hashing. */
	size_t at = (size_t)((key ^ key >> 29) * 0x9e3779b97f4a7c15u >> 20) & (p->cap - 1);

	while (p->slots[at].value && p->slots[at].key != key)
		at = (at + 1) & (p->cap - 1);
	return &p->slots[at];
}

void *pairs_get(const struct pairs *p, uint64_t key)
{
	return p->cap ? pair_slot(p, key)->value : NULL;
}

int pairs_put(struct pairs *p, uint64_t key, void *value, struct err *e)
{
	struct pairs bigger;

	if (p->n * 4 >= p->cap * 3) {
		bigger = (struct pairs){ .n = p->n, .cap = p->cap ? p->cap * 2 : 64 };
		bigger.slots = mem_zalloc(bigger.cap * sizeof(*bigger.slots));
		if (!bigger.slots)
			return err_set(e, ERR_MEMORY, "no memory for a table of names");
		for (size_t i = 0; i < p->cap; i++)
			if (p->slots[i].value)
				*pair_slot(&bigger, p->slots[i].key) = p->slots[i];
		mem_free(p->slots);
		*p = bigger;
	}
	*pair_slot(p, key) = (struct pair_slot){ key, value };
	p->n++;
	return 0;
}

void pairs_release(struct pairs *p)
{
	mem_free(p->slots);
	*p = (struct pairs){ 0 };
}
