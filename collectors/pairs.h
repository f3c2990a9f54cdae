/*
 * pairs.h - from a pair of small numbers to what was found for it.
 *
 * The numbers are ours and dense (places in lists), so nobody outside can choose them.
 * Nothing is ever taken out. One thread.
 */
#ifndef COLLECTORS_PAIRS_H
#define COLLECTORS_PAIRS_H

#include "base/err.h"

#include <stddef.h>
#include <stdint.h>

struct pair_slot {
	uint64_t key;
	void *value;
};

struct pairs {
	struct pair_slot *slots;
	size_t n, cap;
};

static inline uint64_t pair_key(uint32_t a, uint32_t b)
{
	return (uint64_t)a << 32 | b;
}

void *pairs_get(const struct pairs *p, uint64_t key); /* NULL: not there */
int pairs_put(struct pairs *p, uint64_t key, void *value, struct err *e);
void pairs_release(struct pairs *p);

#endif
