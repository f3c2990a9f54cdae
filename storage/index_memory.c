/*
 * index_memory.c - see index.h and index_memory.h.
 *
 * Each text is kept once, as part of a pair (name and value) that also holds the list of
 * series that have it. A series is a row of pair numbers in one long array of words;
 * ten labels cost it 44 bytes there, 12 for id, hash and place, 6 to 11 in the hash table
 * and 40 to 80 in the lists.
 *
 * Pairs lie in pieces that double in size and never move, texts in a pool that only
 * grows, so a reader may run a regular expression over them without the lock. What moves
 * (arrays of names, series, words, lists, both hash tables) is looked at under it.
 *
 * Adding first makes all room and all pairs, which may fail and leaves nothing but
 * pairs without series; then it enters the series, which cannot fail.
 */
#include "storage/index_memory.h"
#include "base/alloc.h"
#include "base/map.h"

#include <pthread.h>

enum {
	FEW = 2,              /* ordinals in the pair itself */
	PIECE_PAIRS = 1024,   /* in the first piece; twice as many in the next one, and so on */
	PIECES = 22,          /* 2^32 pairs */
	POOL_FIRST = 4 << 10, /* bytes of a block of texts, doubling */
	POOL_LAST = 256 << 10,
	TABLE_FIRST = 64,
};

struct pair {
	const char *text;
	uint32_t bytes;
	uint32_t name;
	uint32_t next; /* pair of the same name */
	uint32_t hash;
	uint32_t n, cap; /* of its list; in `few` while cap is FEW */
	union {
		uint32_t few[FEW];
		uint32_t *many;
	} list;
};

struct name {
	struct slice text;
	uint32_t first_pair, values;
};

struct row {
	uint32_t id;
	uint32_t hash;
	uint32_t at; /* in `words`: labels × 2 + (1: a statistic), then a pair per label */
};

struct pool_block {
	struct pool_block *older;
	size_t used, size;
	char bytes[];
};

/* Numbers + 1 by hash; 0 is an empty slot. The size is a power of two. */
struct table {
	uint32_t *slots;
	uint32_t size, used;
};

struct memory_index {
	atomic_uint refs;
	pthread_rwlock_t lock;
	uint64_t seed;
	size_t bytes;
	struct name *names;
	uint32_t nnames, names_cap;
	struct map by_name; /* to number + 1 */
	struct pair *pieces[PIECES];
	uint32_t npairs, pairs_cap;
	struct table pairs;
	struct row *rows;
	uint32_t nrows, rows_cap;
	struct table series;
	uint32_t *words;
	uint32_t nwords, words_cap;
	struct pool_block *pool;
};

/* --- life ------------------------------------------------------------------------- */

struct memory_index *memory_index_new(struct err *e)
{
	struct memory_index *m = mem_zalloc(sizeof(*m));
	int rc;

	if (!m) {
		err_set(e, ERR_MEMORY, "no memory for an index");
		return NULL;
	}
	rc = pthread_rwlock_init(&m->lock, NULL);
	if (rc) {
		mem_free(m);
		err_sys(e, rc, "cannot make a lock");
		return NULL;
	}
	atomic_init(&m->refs, 1);
	m->seed = hash_seed();
	m->bytes = sizeof(*m);
	map_init(&m->by_name);
	return m;
}

struct memory_index *memory_index_ref(struct memory_index *m)
{
	atomic_fetch_add_explicit(&m->refs, 1, memory_order_relaxed);
	return m;
}

static struct pair *pair_at(const struct memory_index *m, uint32_t pair)
{
	unsigned piece = 31 - (unsigned)__builtin_clz(pair / PIECE_PAIRS + 1);

	return &m->pieces[piece][pair - (((1u << piece) - 1) * PIECE_PAIRS)];
}

static void index_free(struct memory_index *m)
{
	for (uint32_t i = 0; i < m->npairs; i++)
		if (pair_at(m, i)->cap > FEW)
			mem_free(pair_at(m, i)->list.many);
	for (int i = 0; i < PIECES; i++)
		mem_free(m->pieces[i]);
	while (m->pool) {
		struct pool_block *b = m->pool;

		m->pool = b->older;
		mem_free(b);
	}
	map_release(&m->by_name);
	mem_free(m->names);
	mem_free(m->rows);
	mem_free(m->words);
	mem_free(m->pairs.slots);
	mem_free(m->series.slots);
	pthread_rwlock_destroy(&m->lock);
	mem_free(m);
}

void memory_index_unref(struct memory_index *m)
{
	if (m && atomic_fetch_sub_explicit(&m->refs, 1, memory_order_acq_rel) == 1)
		index_free(m);
}

void memory_lock(struct memory_index *m)
{
	pthread_rwlock_rdlock(&m->lock);
}

void memory_unlock(struct memory_index *m)
{
	pthread_rwlock_unlock(&m->lock);
}

/* --- room ------------------------------------------------------------------------------ */

/* The array `p` with room for `want` elements, half as many again as there was; NULL when
 * there is no memory. */
static void *make_room(struct memory_index *m, void *p, uint32_t *cap, uint64_t want, size_t size)
{
	uint64_t bigger = *cap + *cap / 2 + 8;
	void *grown;

	if (want <= *cap)
		return p;
	if (bigger < want)
		bigger = want;
	if (bigger > UINT32_MAX)
		return NULL;
	grown = mem_realloc(p, bigger * size);
	if (!grown)
		return NULL;
	m->bytes += (bigger - *cap) * size;
	*cap = (uint32_t)bigger;
	return grown;
}

static bool row_room(struct memory_index *m, size_t labels)
{
	struct row *rows =
		make_room(m, m->rows, &m->rows_cap, (uint64_t)m->nrows + 1, sizeof(*rows));
	uint32_t *words;

	if (!rows)
		return false;
	m->rows = rows;
	words = make_room(m, m->words, &m->words_cap, (uint64_t)m->nwords + labels + 1,
			  sizeof(*words));
	if (!words)
		return false;
	m->words = words;
	return true;
}

static const char *pool_text(struct memory_index *m, struct slice s)
{
	struct pool_block *b = m->pool;
	char *to;

	if (!b || b->size - b->used < s.n) {
		size_t size = b ? b->size * 2 : POOL_FIRST;

		size = size > POOL_LAST ? POOL_LAST : size;
		size = size < s.n ? s.n : size;
		b = mem_alloc(sizeof(*b) + size);
		if (!b)
			return NULL;
		*b = (struct pool_block){ .older = m->pool, .size = size };
		m->pool = b;
		m->bytes += sizeof(*b) + size;
	}
	to = b->bytes + b->used;
	memcpy(to, s.p, s.n);
	b->used += s.n;
	return to;
}

/* --- tables ------------------------------------------------------------------------------ */

static uint32_t hash_of_entry(const struct memory_index *m, bool pairs, uint32_t entry)
{
	return pairs ? pair_at(m, entry - 1)->hash : m->rows[entry - 1].hash;
}

static void table_enter(struct table *t, uint32_t hash, uint32_t entry)
{
	uint32_t i = hash & (t->size - 1);

	while (t->slots[i])
		i = (i + 1) & (t->size - 1);
	t->slots[i] = entry;
	t->used++;
}

/* Room for one more at a load of two thirds. */
static bool table_room(struct memory_index *m, bool pairs)
{
	struct table *t = pairs ? &m->pairs : &m->series, bigger = { 0 };

	if (t->size && t->used < t->size / 3 * 2)
		return true;
	bigger.size = t->size ? t->size * 2 : TABLE_FIRST;
	bigger.slots = bigger.size ? mem_zalloc((size_t)bigger.size * sizeof(*t->slots)) : NULL;
	if (!bigger.slots)
		return false;
	for (uint32_t i = 0; i < t->size; i++)
		if (t->slots[i])
			table_enter(&bigger, hash_of_entry(m, pairs, t->slots[i]), t->slots[i]);
	m->bytes += ((size_t)bigger.size - t->size) * sizeof(*t->slots);
	mem_free(t->slots);
	*t = bigger;
	return true;
}

/* Takes `entry` out and moves the ones behind it back to where they would be without it. */
static void series_table_remove(struct memory_index *m, uint32_t entry)
{
	struct table *t = &m->series;
	uint32_t mask = t->size - 1, hole = hash_of_entry(m, false, entry) & mask;

	while (t->slots[hole] != entry)
		hole = (hole + 1) & mask;
	for (uint32_t i = (hole + 1) & mask; t->slots[i]; i = (i + 1) & mask) {
		uint32_t home = hash_of_entry(m, false, t->slots[i]) & mask;

		if (((i - home) & mask) < ((i - hole) & mask))
			continue;
		t->slots[hole] = t->slots[i];
		hole = i;
	}
	t->slots[hole] = 0;
	t->used--;
}

/* --- names and pairs ---------------------------------------------------------------------- */

uint32_t memory_find_name(const struct memory_index *m, struct slice name)
{
	uintptr_t found = (uintptr_t)map_get(&m->by_name, name);

	return found ? (uint32_t)(found - 1) : INDEX_NONE;
}

static uint32_t name_make(struct memory_index *m, struct slice text)
{
	uint32_t name = memory_find_name(m, text);
	struct name *names;
	const char *copy;

	if (name != INDEX_NONE)
		return name;
	names = make_room(m, m->names, &m->names_cap, (uint64_t)m->nnames + 1, sizeof(*names));
	if (!names)
		return INDEX_NONE;
	m->names = names;
	copy = pool_text(m, text);
	if (!copy)
		return INDEX_NONE;
	text.p = copy;
	/* The map keeps numbers where it thinks to keep pointers. */
	if (map_put(&m->by_name, text, (void *)((uintptr_t)m->nnames + 1), NULL) < 0)
		return INDEX_NONE;
	m->bytes += 2 * sizeof(struct map_entry);
	m->names[m->nnames] = (struct name){ .text = text, .first_pair = INDEX_NONE };
	return m->nnames++;
}

static uint32_t find_pair(const struct memory_index *m, uint32_t hash, struct slice name,
			  struct slice value)
{
	uint32_t mask = m->pairs.size - 1;

	if (!m->pairs.size)
		return INDEX_NONE;
	for (uint32_t i = hash & mask; m->pairs.slots[i]; i = (i + 1) & mask) {
		const struct pair *p = pair_at(m, m->pairs.slots[i] - 1);

		if (p->hash == hash && slice_eq(slice_of(p->text, p->bytes), value) &&
		    slice_eq(m->names[p->name].text, name))
			return m->pairs.slots[i] - 1;
	}
	return INDEX_NONE;
}

static bool piece_room(struct memory_index *m)
{
	unsigned piece = 31 - (unsigned)__builtin_clz(m->npairs / PIECE_PAIRS + 1);
	size_t pairs = (size_t)PIECE_PAIRS << piece;

	if (piece >= PIECES)
		return false;
	if (m->pieces[piece])
		return true;
	m->pieces[piece] = mem_alloc(pairs * sizeof(struct pair));
	if (!m->pieces[piece])
		return false;
	m->bytes += pairs * sizeof(struct pair);
	return true;
}

static uint32_t pair_make(struct memory_index *m, uint32_t hash, const struct label *l)
{
	uint32_t name = name_make(m, l->name);
	const char *text;

	if (name == INDEX_NONE || !piece_room(m) || !table_room(m, true))
		return INDEX_NONE;
	text = pool_text(m, l->value);
	if (!text)
		return INDEX_NONE;
	*pair_at(m, m->npairs) = (struct pair){
		.text = text,
		.bytes = (uint32_t)l->value.n,
		.name = name,
		.next = m->names[name].first_pair,
		.hash = hash,
		.cap = FEW,
	};
	m->names[name].first_pair = m->npairs;
	m->names[name].values++;
	table_enter(&m->pairs, hash, m->npairs + 1);
	return m->npairs++;
}

static const uint32_t *pair_list(const struct pair *p)
{
	return p->cap > FEW ? p->list.many : p->list.few;
}

static bool pair_room(struct memory_index *m, struct pair *p)
{
	uint32_t cap = p->cap > FEW ? p->cap : 0, *many;

	if (p->n < p->cap)
		return true;
	many = make_room(m, cap ? p->list.many : NULL, &cap, (uint64_t)p->n + 1, sizeof(*many));
	if (!many)
		return false;
	if (p->cap == FEW)
		memcpy(many, p->list.few, sizeof(p->list.few));
	p->list.many = many;
	p->cap = cap;
	return true;
}

static void pair_append(struct pair *p, uint32_t ordinal)
{
	if (p->cap > FEW)
		p->list.many[p->n++] = ordinal;
	else
		p->list.few[p->n++] = ordinal;
}

/* --- adding and taking back ------------------------------------------------------------------ */

/* All that may fail; fills `pairs` and the hash of the set. */
static bool prepare(struct memory_index *m, const struct label *l, size_t n,
		    uint32_t pairs[LABELS_MAX], uint32_t *hash)
{
	uint64_t h = m->seed;

	if (!row_room(m, n) || !table_room(m, false))
		return false;
	for (size_t i = 0; i < n; i++) {
		uint64_t pair_hash = index_pair_hash(l[i].name, l[i].value, m->seed);

		pairs[i] = find_pair(m, (uint32_t)pair_hash, l[i].name, l[i].value);
		if (pairs[i] == INDEX_NONE)
			pairs[i] = pair_make(m, (uint32_t)pair_hash, &l[i]);
		if (pairs[i] == INDEX_NONE || !pair_room(m, pair_at(m, pairs[i])))
			return false;
		h = index_hash_add(h, pair_hash);
	}
	*hash = (uint32_t)h;
	return true;
}

int memory_index_add(struct memory_index *m, uint32_t id, const struct label *l, size_t n,
		     bool statistic, struct err *e)
{
	uint32_t pairs[LABELS_MAX], hash;
	bool ready;

	if (n > LABELS_MAX)
		return err_set(e, ERR_LIMIT, "%zu labels, more than %d", n, LABELS_MAX);
	pthread_rwlock_wrlock(&m->lock);
	ready = m->nrows < PART_SERIES_MAX && prepare(m, l, n, pairs, &hash);
	if (ready) {
		m->rows[m->nrows] = (struct row){ id, hash, m->nwords };
		m->words[m->nwords++] = (uint32_t)n << 1 | statistic;
		for (size_t i = 0; i < n; i++) {
			m->words[m->nwords++] = pairs[i];
			pair_append(pair_at(m, pairs[i]), m->nrows);
		}
		m->nrows++;
		table_enter(&m->series, hash, m->nrows);
	}
	pthread_rwlock_unlock(&m->lock);
	return ready ? 0 : err_set(e, ERR_MEMORY, "no memory to index a series");
}

void memory_index_truncate(struct memory_index *m, uint32_t last_id)
{
	pthread_rwlock_wrlock(&m->lock);
	while (m->nrows && m->rows[m->nrows - 1].id > last_id) {
		uint32_t at = m->rows[m->nrows - 1].at;

		for (uint32_t i = 1; i <= m->words[at] >> 1; i++)
			pair_at(m, m->words[at + i])->n--;
		series_table_remove(m, m->nrows);
		m->nwords = at;
		m->nrows--;
	}
	pthread_rwlock_unlock(&m->lock);
}

/* --- figures ------------------------------------------------------------------------ */

uint32_t memory_index_count(struct memory_index *m)
{
	uint32_t n;

	memory_lock(m);
	n = m->nrows;
	memory_unlock(m);
	return n;
}

uint32_t memory_index_first(struct memory_index *m)
{
	uint32_t id;

	memory_lock(m);
	id = m->nrows ? m->rows[0].id : 0;
	memory_unlock(m);
	return id;
}

uint32_t memory_index_last(struct memory_index *m)
{
	uint32_t id;

	memory_lock(m);
	id = m->nrows ? m->rows[m->nrows - 1].id : 0;
	memory_unlock(m);
	return id;
}

size_t memory_index_bytes(struct memory_index *m)
{
	size_t bytes;

	memory_lock(m);
	bytes = m->bytes;
	memory_unlock(m);
	return bytes;
}

/* --- looking ------------------------------------------------------------------------ */

uint32_t memory_ordinals_upto(const struct memory_index *m, uint32_t id)
{
	uint32_t lo = 0, hi = m->nrows;

	if (hi && m->rows[hi - 1].id <= id)
		return hi;
	while (lo < hi) {
		uint32_t mid = lo + (hi - lo) / 2;

		if (m->rows[mid].id <= id)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo;
}

uint32_t memory_id(const struct memory_index *m, uint32_t ordinal)
{
	return m->rows[ordinal].id;
}

uint32_t memory_rows(const struct memory_index *m)
{
	return m->nrows;
}

uint32_t memory_names(const struct memory_index *m)
{
	return m->nnames;
}

struct slice memory_name_text(const struct memory_index *m, uint32_t name)
{
	return m->names[name].text;
}

uint32_t memory_name_values(const struct memory_index *m, uint32_t name)
{
	return m->names[name].values;
}

uint32_t memory_first_pair(const struct memory_index *m, uint32_t name)
{
	return m->names[name].first_pair;
}

uint32_t memory_next_pair(const struct memory_index *m, uint32_t pair)
{
	return pair_at(m, pair)->next;
}

struct slice memory_pair_text(const struct memory_index *m, uint32_t pair)
{
	const struct pair *p = pair_at(m, pair);

	return slice_of(p->text, p->bytes);
}

uint32_t memory_find_pair(const struct memory_index *m, uint32_t name, struct slice value)
{
	struct slice text = m->names[name].text;

	return find_pair(m, (uint32_t)index_pair_hash(text, value, m->seed), text, value);
}

uint32_t memory_pairs(const struct memory_index *m)
{
	return m->npairs;
}

const uint32_t *memory_list(const struct memory_index *m, uint32_t pair, uint32_t *n)
{
	const struct pair *p = pair_at(m, pair);

	*n = p->n;
	return pair_list(p);
}

void memory_series(const struct memory_index *m, uint32_t ordinal, struct series_ref *out)
{
	const uint32_t *w = &m->words[m->rows[ordinal].at];

	out->statistic = *w & 1;
	out->n = *w >> 1;
	for (uint32_t i = 0; i < out->n; i++)
		out->l[i] = (struct label_ref){ pair_at(m, w[1 + i])->name, w[1 + i] };
}

bool memory_is_statistic(const struct memory_index *m, uint32_t ordinal)
{
	return m->words[m->rows[ordinal].at] & 1;
}

static bool has_labels(const struct memory_index *m, const uint32_t *w, const struct label *l,
		       size_t n)
{
	if (*w >> 1 != n)
		return false;
	for (size_t i = n; i-- > 0;) {
		const struct pair *p = pair_at(m, w[1 + i]);

		if (!slice_eq(slice_of(p->text, p->bytes), l[i].value) ||
		    !slice_eq(m->names[p->name].text, l[i].name))
			return false;
	}
	return true;
}

uint32_t memory_find(const struct memory_index *m, const struct label *l, size_t n, bool *statistic)
{
	uint32_t hash = (uint32_t)index_hash(l, n, m->seed), mask = m->series.size - 1;

	if (!m->series.size)
		return INDEX_NONE;
	for (uint32_t i = hash & mask; m->series.slots[i]; i = (i + 1) & mask) {
		const struct row *row = &m->rows[m->series.slots[i] - 1];

		if (row->hash == hash && has_labels(m, &m->words[row->at], l, n)) {
			*statistic = m->words[row->at] & 1;
			return m->series.slots[i] - 1;
		}
	}
	return INDEX_NONE;
}
