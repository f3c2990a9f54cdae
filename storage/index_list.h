/*
 * index_list.h - lists of ordinals as parts hold them, and sets of ordinals as bits.
 *
 * Pure functions over verified bytes; what a list says is checked all the same.
 */
#ifndef STORAGE_INDEX_LIST_H
#define STORAGE_INDEX_LIST_H

#include "storage/index_part.h"

/* --- sets -------------------------------------------------------------------------- */

static inline size_t bits_words(uint32_t n)
{
	return ((size_t)n + 63) / 64;
}

static inline bool bits_has(const uint64_t *bits, uint32_t i)
{
	return bits[i / 64] >> i % 64 & 1;
}

static inline void bits_add(uint64_t *bits, uint32_t i)
{
	bits[i / 64] |= 1ull << i % 64;
}

static inline void bits_drop(uint64_t *bits, uint32_t i)
{
	bits[i / 64] &= ~(1ull << i % 64);
}

/* All of [lo, hi), which are put in or taken out. */
void bits_range(uint64_t *bits, uint32_t lo, uint32_t hi, bool in);
uint32_t bits_count(const uint64_t *bits, uint32_t n);
/* The members in order; `out` has room for all. Returns their number. */
uint32_t bits_list(const uint64_t *bits, uint32_t n, uint32_t *out);

/* --- lists ----------------------------------------------------------------------------- */

enum list_kind { LIST_STEPS, LIST_GAPS, LIST_BITS };

struct list {
	enum list_kind kind;
	uint32_t count;
	uint32_t first, step; /* LIST_BITS: `first` is a word */
	const uint8_t *p;
	uint32_t bytes;
};

int list_open(const struct index_part *p, uint32_t at, struct list *out, struct err *e);

/* Walks through a list: for (…; list_next(&w, &ordinal);). Ends early with `bad` set when
 * what it says cannot be; ordinals it gives rise and are below the number of series. */
struct list_walk {
	const struct list *l;
	const uint8_t *p, *end;
	uint32_t left, at, limit;
	uint64_t word;
	bool bad;
};
void list_walk_init(struct list_walk *w, const struct list *l, uint32_t series);
bool list_next(struct list_walk *w, uint32_t *ordinal);

/* Puts the members into `bits` or takes them out; bits are those of the part's series. */
int list_apply(const struct index_part *p, const struct list *l, uint64_t *bits, bool in,
	       struct err *e);

/* Appends the list of `n` (at least 1) rising ordinals in the shortest of its forms. */
void list_write(struct buf *out, const uint32_t *ordinals, uint32_t n);

#endif
