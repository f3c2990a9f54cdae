/*
 * map.c - see map.h.
 *
 * Linear probing in a table whose size is a power of two and which is at most
 * three quarters full. Removing moves the following entries back instead of
 * leaving a mark, so a table that is filled and emptied for months stays as
 * quick as a new one.
 *
 * The hashes of the table are seeded by the process: keys come from outside, and
 * whoever can compute XXH3 could send a hundred thousand that meet in one place.
 * hash_bytes() is not seeded, for what must be the same tomorrow.
 */
#include "base/map.h"
#include "base/alloc.h"
#include "base/spool.h"

#include <stdatomic.h>
#include <sys/random.h>
#include <time.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

enum { SMALLEST = 8 };

/* The same of what may lie in a spool. */
static uint64_t hash_by_steps(struct slice rest)
{
	struct slice step = { 0 };
	XXH3_state_t state;

	XXH3_64bits_reset(&state);
	while (spool_step(&rest, &step))
		XXH3_64bits_update(&state, step.p, step.n);
	return XXH3_64bits_digest(&state);
}

uint64_t hash_bytes(const void *p, size_t n)
{
	return n > SPOOL_STEP_BYTES ? hash_by_steps(slice_of(p, n)) : XXH3_64bits(p, n);
}

uint64_t hash_xxh64(const void *p, size_t n)
{
	/* the analyser takes XXH64's own question whether p is NULL for a hint that it may be */
	return XXH64(p ? p : "", n, 0);
}

uint64_t hash_seed(void)
{
	static _Atomic uint64_t seed;
	uint64_t s = atomic_load_explicit(&seed, memory_order_relaxed), none = 0;

	if (s)
		return s;
	if (getrandom(&s, sizeof(s), GRND_NONBLOCK) != (ssize_t)sizeof(s)) {
		struct timespec t;

		clock_gettime(CLOCK_REALTIME, &t);
		s = (uint64_t)t.tv_nsec * 0x9e3779b97f4a7c15u ^ (uint64_t)t.tv_sec;
	}
	s |= 1;
	/* The first thread wins; the others take its seed. */
	return atomic_compare_exchange_strong(&seed, &none, s) ? s : none;
}

void hash_seeded_128(const void *p, size_t n, uint64_t seed, uint64_t *low, uint64_t *high)
{
	XXH128_hash_t h = XXH3_128bits_withSeed(p, n, seed);

	*low = h.low64;
	*high = h.high64;
}

uint64_t hash_seeded(const void *p, size_t n, uint64_t seed)
{
	return XXH3_64bits_withSeed(p, n, seed);
}

void map_init(struct map *m)
{
	*m = (struct map){ 0 };
}

void map_release(struct map *m)
{
	mem_free(m->slots);
	*m = (struct map){ 0 };
}

static uint64_t hash_key(struct slice key)
{
	return XXH3_64bits_withSeed(key.p, key.n, hash_seed());
}

/* The place of `key`, or the empty one where it belongs. The table must not be full. */
static struct map_entry *find(const struct map *m, uint64_t hash, struct slice key)
{
	size_t mask = m->cap - 1;

	for (size_t i = hash & mask;; i = (i + 1) & mask) {
		struct map_entry *s = &m->slots[i];

		if (!s->value || (s->hash == hash && slice_eq(s->key, key)))
			return s;
	}
}

void *map_get(const struct map *m, struct slice key)
{
	if (m->n == 0)
		return NULL;
	return find(m, hash_key(key), key)->value;
}

static void put_known_new(struct map *m, const struct map_entry *entry)
{
	size_t mask = m->cap - 1, i = entry->hash & mask;

	while (m->slots[i].value)
		i = (i + 1) & mask;
	m->slots[i] = *entry;
}

static int grow(struct map *m, struct err *e)
{
	struct map bigger = { .n = m->n, .cap = m->cap ? m->cap * 2 : SMALLEST };

	if (bigger.cap > SIZE_MAX / sizeof(*bigger.slots))
		return err_set(e, ERR_MEMORY, "no memory for a table of %zu keys", m->n + 1);
	bigger.slots = mem_zalloc(bigger.cap * sizeof(*bigger.slots));
	if (!bigger.slots)
		return err_set(e, ERR_MEMORY, "no memory for a table of %zu keys", m->n + 1);
	for (size_t i = 0; i < m->cap; i++)
		if (m->slots[i].value)
			put_known_new(&bigger, &m->slots[i]);
	mem_free(m->slots);
	*m = bigger;
	return 0;
}

int map_put(struct map *m, struct slice key, void *value, struct err *e)
{
	uint64_t hash = hash_key(key);
	struct map_entry *s = NULL;

	if (!value)
		return err_set(e, ERR_INVALID, "a table cannot hold NULL");
	if (m->cap)
		s = find(m, hash, key);
	if (s && s->value) {
		/* The new key too: the earlier one may go away with its value. */
		s->key = key;
		s->value = value;
		return 0;
	}
	if ((m->n + 1) * 4 > m->cap * 3) {
		if (grow(m, e) < 0)
			return -1;
		s = find(m, hash, key);
	}
	*s = (struct map_entry){ .hash = hash, .key = key, .value = value };
	m->n++;
	return 0;
}

/* Fills the hole at `i`: each entry behind it, up to the next hole, moves back unless
 * its own place lies between the hole and where it is. */
static void close_hole(struct map *m, size_t i)
{
	size_t mask = m->cap - 1;

	for (size_t j = (i + 1) & mask; m->slots[j].value; j = (j + 1) & mask) {
		size_t home = m->slots[j].hash & mask;

		if (((j - home) & mask) < ((j - i) & mask))
			continue;
		m->slots[i] = m->slots[j];
		i = j;
	}
	m->slots[i] = (struct map_entry){ 0 };
}

void *map_remove(struct map *m, struct slice key)
{
	struct map_entry *s;
	void *value;

	if (m->n == 0)
		return NULL;
	s = find(m, hash_key(key), key);
	value = s->value;
	if (!value)
		return NULL;
	close_hole(m, (size_t)(s - m->slots));
	m->n--;
	return value;
}

const struct map_entry *map_next(const struct map *m, size_t *i)
{
	while (*i < m->cap) {
		const struct map_entry *s = &m->slots[(*i)++];

		if (s->value)
			return s;
	}
	return NULL;
}
