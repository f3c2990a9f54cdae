/*
 * map.h - a hash table from text to pointer.
 *
 * Keys are borrowed and must outlive the map; values belong to the caller.
 * Open addressing over XXH3 hashes. One thread at a time.
 */
#ifndef BASE_MAP_H
#define BASE_MAP_H

#include "base/err.h"
#include "base/slice.h"

#include <stdint.h>

struct map_entry {
	uint64_t hash;
	struct slice key;
	void *value; /* NULL marks an empty place, so NULL cannot be stored */
};

struct map {
	struct map_entry *slots;
	size_t n, cap;
};

void map_init(struct map *m);
void map_release(struct map *m);
void *map_get(const struct map *m, struct slice key);
/* Replaces an earlier value of the key. ERR_MEMORY. */
int map_put(struct map *m, struct slice key, void *value, struct err *e);
/* The removed value or NULL. */
void *map_remove(struct map *m, struct slice key);

/* for (size_t i = 0; (e = map_next(m, &i));) - in no order; do not change the map meanwhile. */
const struct map_entry *map_next(const struct map *m, size_t *i);

/* XXH3, 64 bits; the one hash of the house. The same in every process. */
uint64_t hash_bytes(const void *p, size_t n);
/* The older XXH64, for what others compute, too. */
uint64_t hash_xxh64(const void *p, size_t n);
/* The same with a seed, and a seed that is random in each process: for tables whose
 * keys come from outside. */
uint64_t hash_seeded(const void *p, size_t n, uint64_t seed);
uint64_t hash_seed(void);
/* 128 bits: two texts that come from outside have the same hash by chance once in 10^26 for a
 * billion texts, so equal hashes may stand for equal texts as long as the seed is secret. */
void hash_seeded_128(const void *p, size_t n, uint64_t seed, uint64_t *low, uint64_t *high);

#endif
