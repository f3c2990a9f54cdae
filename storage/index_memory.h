/*
 * index_memory.h - looking into a memory index. For the other files of the index.
 *
 * A *pair* is a name and a value that have occurred together, numbered from 0; series are
 * numbered from 0 by rising id ("ordinal"). Everything here wants the lock held for
 * reading, except what says otherwise: pairs and their texts never move and never go
 * away, so they can be looked at in peace while series are added.
 */
#ifndef STORAGE_INDEX_MEMORY_H
#define STORAGE_INDEX_MEMORY_H

#include "storage/index_part.h"

void memory_lock(struct memory_index *m); /* for reading; not twice in one thread */
void memory_unlock(struct memory_index *m);

/* How many series have an id up to and with this one. */
uint32_t memory_ordinals_upto(const struct memory_index *m, uint32_t id);
uint32_t memory_id(const struct memory_index *m, uint32_t ordinal);
uint32_t memory_rows(const struct memory_index *m);

/* Names are in no order. INDEX_NONE when there is none. */
uint32_t memory_names(const struct memory_index *m);
struct slice memory_name_text(const struct memory_index *m, uint32_t name);
uint32_t memory_find_name(const struct memory_index *m, struct slice name);

/* The pairs of a name, in no order, ended by INDEX_NONE; those whose list is empty were
 * taken back. The second and the third need no lock. */
uint32_t memory_first_pair(const struct memory_index *m, uint32_t name);
uint32_t memory_next_pair(const struct memory_index *m, uint32_t pair);
struct slice memory_pair_text(const struct memory_index *m, uint32_t pair);

uint32_t memory_find_pair(const struct memory_index *m, uint32_t name, struct slice value);
uint32_t memory_pairs(const struct memory_index *m);
/* How many values the name has had. */
uint32_t memory_name_values(const struct memory_index *m, uint32_t name);

/* The ordinals that have the pair, rising. */
const uint32_t *memory_list(const struct memory_index *m, uint32_t pair, uint32_t *n);

/* Labels in the order of names' texts. `ordinal` is one that there is. */
void memory_series(const struct memory_index *m, uint32_t ordinal, struct series_ref *out);

bool memory_is_statistic(const struct memory_index *m, uint32_t ordinal);

/* INDEX_NONE when there is none. */
uint32_t memory_find(const struct memory_index *m, const struct label *l, size_t n,
		     bool *statistic);

#endif
