/*
 * head.c - see head.h.
 *
 * Blocks come from slabs of a megabyte that go away with the generation. A block is
 * filled before the count that shows it is raised (release), and readers look at the
 * count first (acquire).
 */
#include "storage/head.h"

#include "base/map.h"
#include "base/num.h"

#include <assert.h>
#include <string.h>

enum { SLAB_BYTES = 1 << 20, SMALLEST_TABLE = 1024 };

_Static_assert(sizeof(struct head_block) <= 256, "a block is four cache lines");

struct head_slab {
	struct head_slab *next;
	_Alignas(64) char bytes[];
};

/* --- generations ---------------------------------------------------------------------- */

struct generation *generation_new(uint64_t number, uint64_t first_request, struct err *e)
{
	struct generation *g = mem_zalloc(sizeof(*g));

	if (!g) {
		err_set(e, ERR_MEMORY, "no memory for samples");
		return NULL;
	}
	atomic_init(&g->refs, 1);
	g->number = g->from = number;
	g->first_request = first_request;
	chunked_init(&g->chains, sizeof(struct head_chain));
	return g;
}

struct generation *generation_ref(struct generation *g)
{
	atomic_fetch_add_explicit(&g->refs, 1, memory_order_relaxed);
	return g;
}

void generation_unref(struct generation *g)
{
	if (!g || atomic_fetch_sub_explicit(&g->refs, 1, memory_order_acq_rel) != 1)
		return;
	while (g->slabs) {
		struct head_slab *s = g->slabs;

		g->slabs = s->next;
		mem_free(s);
	}
	chunked_release(&g->chains);
	mem_free(g);
}

static struct head_block *block_new(struct generation *g)
{
	struct head_block *b;

	if (!g->slabs || g->slab_used + 256 > SLAB_BYTES - sizeof(struct head_slab)) {
		struct head_slab *s = mem_alloc(SLAB_BYTES);

		if (!s)
			return NULL;
		s->next = g->slabs;
		g->slabs = s;
		g->slab_used = 0;
		g->bytes += SLAB_BYTES;
	}
	b = (struct head_block *)(g->slabs->bytes + g->slab_used);
	g->slab_used += 256;
	atomic_init(&b->next, NULL);
	return b;
}

/* --- reading ------------------------------------------------------------------------------ */

static const struct head_chain *chain_of(const struct generation *g, uint32_t series)
{
	return chunked_at(&g->chains, series);
}

uint32_t generation_count(const struct generation *g, uint32_t series)
{
	const struct head_chain *c = chain_of(g, series);

	return c ? atomic_load_explicit(&c->n, memory_order_acquire) : 0;
}

static int make_room(struct arena *a, struct columns_run *r, size_t more, struct err *e)
{
	size_t cap_v = r->cap, want = r->n + more;

	if (want <= r->cap)
		return 0;
	r->t_ms = arena_grow(a, r->t_ms, r->n, &r->cap, want, sizeof(*r->t_ms));
	r->value = arena_grow(a, r->value, r->n, &cap_v, want, sizeof(*r->value));
	if (!r->t_ms || !r->value)
		return err_set(e, ERR_LIMIT, "the samples need more than %zu MiB", a->limit >> 20);
	if (cap_v < r->cap)
		r->cap = cap_v;
	return 0;
}

/* Samples of the first `n` in the block that are visible: request numbers never fall. */
static uint32_t visible(const struct head_block *b, uint32_t n, uint32_t last)
{
	while (n > 0 && b->request[n - 1] > last)
		n--;
	return n;
}

/* What requests up to `last` brought of a series, block by block. */
struct chain_walk {
	const struct head_block *next;
	uint32_t left, last;
};

static void walk_begin(const struct generation *g, uint32_t series, uint64_t last_request,
		       struct chain_walk *w)
{
	const struct head_chain *c = chain_of(g, series);
	uint64_t last = last_request - g->first_request;

	*w = (struct chain_walk){ .last = last > UINT32_MAX ? UINT32_MAX : (uint32_t)last };
	if (!c || last_request < g->first_request)
		return;
	w->left = atomic_load_explicit(&c->n, memory_order_acquire);
	if (w->left)
		w->next = atomic_load_explicit(&c->first, memory_order_acquire);
}

/* How many samples of the next block; 0 at the end. */
static uint32_t walk_block(struct chain_walk *w, const struct head_block **b)
{
	uint32_t here = w->left < HEAD_BLOCK ? w->left : HEAD_BLOCK, see;

	if (!here)
		return 0;
	*b = w->next;
	see = visible(*b, here, w->last);
	w->left = see < here ? 0 : w->left - here;
	if (w->left)
		w->next = atomic_load_explicit(&(*b)->next, memory_order_acquire);
	return see;
}

int generation_read(const struct generation *g, uint32_t series, uint64_t last_request,
		    struct arena *a, struct columns_run *out, bool *rising, struct err *e)
{
	const struct head_block *b;
	struct chain_walk w;
	uint32_t n;

	walk_begin(g, series, last_request, &w);
	if (w.left && make_room(a, out, w.left, e) < 0)
		return -1;
	while ((n = walk_block(&w, &b)) > 0)
		for (uint32_t i = 0; i < n; i++) {
			const struct head_sample *x = &b->samples[i];

			if (out->n > 0 && x->t_ms <= out->t_ms[out->n - 1])
				*rising = false;
			out->t_ms[out->n] = x->t_ms;
			out->value[out->n++] = x->value;
		}
	return 0;
}

bool generation_last(const struct generation *g, uint32_t series, uint64_t last_request,
		     int64_t from_ms, int64_t to_ms, int64_t *t_ms, double *value)
{
	const struct head_block *b;
	struct chain_walk w;
	bool found = false;
	uint32_t n;

	walk_begin(g, series, last_request, &w);
	while ((n = walk_block(&w, &b)) > 0)
		for (uint32_t i = 0; i < n; i++) {
			const struct head_sample *x = &b->samples[i];

			if (x->t_ms < from_ms || x->t_ms > to_ms)
				continue;
			from_ms = *t_ms = x->t_ms;
			*value = x->value;
			found = true;
		}
	return found;
}

/* --- keys and slots --------------------------------------------------------------------------- */

void head_init(struct head *h)
{
	memset(h, 0, sizeof(*h));
}

void head_release(struct head *h)
{
	for (uint32_t i = 0; i < h->nslots; i++)
		labels_unref(h->slots[i].labels);
	mem_free(h->keys);
	mem_free(h->table);
	mem_free(h->slots);
	mem_free(h->slot_of);
	head_init(h);
}

void head_forget(struct head *h)
{
	head_release(h);
}

struct head_hash head_hash(struct slice labels)
{
	struct head_hash x;

	hash_seeded_128(labels.p, labels.n, hash_seed(), &x.low, &x.high);
	return x;
}

struct head_hash head_hash_own(const struct labels *labels)
{
	struct head_hash x;

	/* Another seed: never that of bytes. */
	hash_seeded_128(&labels, sizeof(labels), ~hash_seed(), &x.low, &x.high);
	return x;
}

static bool same_hash(struct head_hash a, struct head_hash b)
{
	return a.low == b.low && a.high == b.high;
}

static uint32_t table_place(const struct head *h, struct head_hash hash)
{
	uint32_t at = (uint32_t)hash.low & (h->table_cap - 1);

	while (h->table[at] && !same_hash(h->keys[h->table[at] - 1].hash, hash))
		at = (at + 1) & (h->table_cap - 1);
	return at;
}

uint32_t head_find(struct head *h, struct head_hash hash, uint32_t after)
{
	uint32_t key = after < h->nkeys ? h->keys[after].next : 0;
	uint32_t at;

	if (key < h->nkeys && same_hash(h->keys[key].hash, hash))
		return key;
	if (h->nkeys == 0)
		return UINT32_MAX;
	at = table_place(h, hash);
	if (!h->table[at])
		return UINT32_MAX;
	key = h->table[at] - 1;
	if (after < h->nkeys)
		h->keys[after].next = key;
	return key;
}

static int grow(void **p, uint32_t *cap, uint32_t want, size_t size, struct err *e)
{
	uint32_t more = *cap ? *cap : 64;
	void *q;

	if (want <= *cap)
		return 0;
	while (more < want)
		more += more / 2;
	q = mem_realloc(*p, (size_t)more * size);
	if (!q)
		return err_set(e, ERR_MEMORY, "no memory for another series");
	*p = q;
	*cap = more;
	return 0;
}

static int grow_table(struct head *h, struct err *e)
{
	uint32_t cap = h->table_cap ? h->table_cap : SMALLEST_TABLE / 2;
	uint32_t *table;

	if ((uint64_t)(h->nkeys + 1) * 2 <= h->table_cap)
		return 0;
	cap *= 2;
	table = mem_zalloc((size_t)cap * sizeof(*table));
	if (!table)
		return err_set(e, ERR_MEMORY, "no memory for another series");
	mem_free(h->table);
	h->table = table;
	h->table_cap = cap;
	for (uint32_t i = 0; i < h->nkeys; i++)
		h->table[table_place(h, h->keys[i].hash)] = i + 1;
	return 0;
}

/* Rooms the array by series ids, zeroed. */
static int grow_slot_of(struct head *h, uint32_t series, struct err *e)
{
	uint32_t before = h->slot_of_cap;
	void *p = h->slot_of;

	if (grow(&p, &h->slot_of_cap, series + 1, sizeof(*h->slot_of), e) < 0)
		return -1;
	h->slot_of = p;
	if (h->slot_of_cap > before)
		memset(h->slot_of + before, 0,
		       (size_t)(h->slot_of_cap - before) * sizeof(*h->slot_of));
	return 0;
}

int head_add(struct head *h, struct head_hash hash, uint32_t after, uint32_t series, uint32_t *key,
	     struct err *e)
{
	void *keys = h->keys, *slots = h->slots;

	if (grow_table(h, e) < 0 || grow_slot_of(h, series, e) < 0)
		return -1;
	if (grow(&keys, &h->cap, h->nkeys + 1, sizeof(*h->keys), e) < 0)
		return -1;
	h->keys = keys;
	if (grow(&slots, &h->slots_cap, h->nslots + 1, sizeof(*h->slots), e) < 0)
		return -1;
	h->slots = slots;
	if (!h->slot_of[series]) {
		h->slots[h->nslots] = (struct head_slot){ .series = series };
		h->slot_of[series] = ++h->nslots;
	}
	*key = h->nkeys;
	h->table[table_place(h, hash)] = *key + 1;
	h->keys[*key] = (struct head_key){ .hash = hash, .slot = h->slot_of[series] - 1 };
	h->nkeys++;
	if (after < *key)
		h->keys[after].next = *key;
	return 0;
}

/* --- appending -------------------------------------------------------------------------------- */

bool head_repeats(const struct generation *g, const struct head_slot *s, int64_t t_ms, double value)
{
	if (s->generation != g->number || s->last_ms != t_ms)
		return false;
	return num_same(s->tail->samples[(s->n - 1) % HEAD_BLOCK].value, value);
}

static int add_block(struct generation *g, struct head_slot *s, uint32_t n)
{
	struct head_block *b = block_new(g);

	if (!b)
		return -1;
	if (n == 0)
		atomic_store_explicit(&s->chain->first, b, memory_order_release);
	else
		atomic_store_explicit(&s->tail->next, b, memory_order_release);
	s->tail = b;
	return 0;
}

static void find_tail(struct head_slot *s)
{
	struct head_block *next;

	while ((next = atomic_load_explicit(&s->tail->next, memory_order_relaxed)))
		s->tail = next;
	s->last_ms = s->tail->samples[(s->n - 1) % HEAD_BLOCK].t_ms;
}

static int begin_chain(struct generation *g, struct head_slot *s)
{
	struct head_chain *c = chunked_at_make(&g->chains, s->series);

	if (!c)
		return -1;
	s->chain = c;
	s->tail = atomic_load_explicit(&c->first, memory_order_relaxed);
	s->n = atomic_load_explicit(&c->n, memory_order_relaxed);
	if (s->n > 0)
		find_tail(s); /* the slot was forgotten, its samples were not */
	else if (add_block(g, s, 0) < 0)
		return -1;
	else
		g->series++;
	s->generation = g->number;
	if (s->series > g->top_series)
		g->top_series = s->series;
	return 0;
}

int head_append(struct generation *g, struct head_slot *s, int64_t t_ms, double value,
		uint64_t request)
{
	uint32_t n, at;

	if (s->generation != g->number && begin_chain(g, s) < 0)
		return -1;
	n = s->n;
	at = n % HEAD_BLOCK;
	if (n > 0 && at == 0 && add_block(g, s, n) < 0)
		return -1;
	s->tail->samples[at] = (struct head_sample){ t_ms, value };
	s->tail->request[at] = (uint32_t)(request - g->first_request);
	s->last_ms = t_ms;
	s->n = n + 1;
	atomic_store_explicit(&s->chain->n, n + 1, memory_order_release);
	g->samples++;
	return 0;
}
