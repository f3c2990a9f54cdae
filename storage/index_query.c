/*
 * index_query.c - the questions of index.h, each asked of one segment after the other.
 *
 * Ids rise from segment to segment, so lists of ids are put one behind the other; names
 * and values come sorted from parts and are merged. What it takes to find them lives in a
 * second arena that may grow to what the caller's has left.
 */
#include "storage/index_merge.h"
#include "storage/index_select.h"

#include <stdlib.h>

static void scratch_init(struct arena *scratch, const struct arena *a)
{
	arena_init(scratch, a->limit - a->held);
}

/* --- one series ----------------------------------------------------------------------- */

static int find_in_part(const struct index_part *p, const struct label *l, size_t n, uint64_t hash,
			uint32_t *id, bool *statistic, struct err *e)
{
	uint32_t ordinal;

	*id = 0;
	if (part_find(p, l, n, hash, &ordinal, statistic, e) < 0)
		return -1;
	if (ordinal == INDEX_NONE)
		return 0;
	*id = ordinal;
	return part_ids(p, id, 1, e);
}

static uint32_t find_in_memory(struct memory_index *m, const struct label *l, size_t n,
			       bool *statistic)
{
	uint32_t ordinal, id = 0;

	memory_lock(m);
	ordinal = memory_find(m, l, n, statistic);
	if (ordinal != INDEX_NONE)
		id = memory_id(m, ordinal);
	memory_unlock(m);
	return id;
}

int index_find(const struct index_set *x, const struct label *l, size_t n, uint32_t *id,
	       bool *statistic, struct err *e)
{
	bool unasked = false;
	uint64_t hash = 0;

	if (!statistic)
		statistic = &unasked;
	for (size_t i = 0; i < x->nparts && x->parts[i].first_id <= x->max_id; i++) {
		const struct index_part *p = &x->parts[i];

		if (!i || p->hash_seed != x->parts[i - 1].hash_seed)
			hash = index_hash(l, n, p->hash_seed);
		if (find_in_part(p, l, n, hash, id, statistic, e) < 0)
			return -1;
		if (*id && *id <= x->max_id)
			return 0;
	}
	for (size_t i = 0; i < x->nmemories; i++) {
		*id = find_in_memory(x->memories[i], l, n, statistic);
		if (*id && *id <= x->max_id)
			return 0;
	}
	*id = 0;
	return 0;
}

/* Fills `s` and the texts of its labels. */
static int read_series(const struct segment *g, uint32_t ordinal, struct series_ref *s,
		       struct label *l, struct err *e)
{
	if (segment_series(g, NULL, ordinal, s, e) < 0)
		return -1;
	for (uint32_t i = 0; i < s->n; i++)
		if (segment_name_text(g, s->l[i].name, &l[i].name, e) < 0 ||
		    segment_value_text(g, s->l[i].value, &l[i].value, e) < 0)
			return -1;
	return 0;
}

static int upto_id(const struct segment *g, uint32_t id, uint32_t *n, struct err *e)
{
	if (g->part)
		return part_ordinals_upto(g->part, id, n, e);
	*n = memory_ordinals_upto(g->memory, id);
	return 0;
}

/* *found tells whether the segment has it; then `s` and `l` are filled. */
static int series_locked(const struct segment *g, uint32_t id, struct series_ref *s,
			 struct label *l, bool *found, struct err *e)
{
	uint32_t upto, last;

	*found = false;
	if (upto_id(g, id, &upto, e) < 0)
		return -1;
	if (!upto)
		return 0;
	last = upto - 1;
	if (segment_ids(g, &last, 1, e) < 0)
		return -1;
	if (last != id)
		return 0;
	*found = true;
	return read_series(g, upto - 1, s, l, e);
}

static int series_in(const struct segment *g, uint32_t id, struct series_ref *s, struct label *l,
		     bool *found, struct err *e)
{
	int rc;

	segment_lock(g);
	rc = series_locked(g, id, s, l, found, e);
	segment_unlock(g);
	return rc;
}

/* The part that may have it, found by halving. */
static const struct index_part *part_of(const struct index_set *x, uint32_t id)
{
	size_t lo = 0, hi = x->nparts;

	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;

		if (x->parts[mid].last_id < id)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo < x->nparts && x->parts[lo].first_id <= id ? &x->parts[lo] : NULL;
}

int index_series(const struct index_set *x, uint32_t id, struct arena *a, const struct labels **ls,
		 bool *statistic, struct err *e)
{
	const struct index_part *p = part_of(x, id);
	struct label l[LABELS_MAX];
	struct series_ref s;
	bool found = false;

	if (id > x->max_id)
		return index_no_series(id, e);
	if (p && series_in(&(struct segment){ .part = p }, id, &s, l, &found, e) < 0)
		return -1;
	for (size_t i = 0; !found && i < x->nmemories; i++)
		if (series_in(&(struct segment){ .memory = x->memories[i] }, id, &s, l, &found, e) <
		    0)
			return -1;
	if (!found)
		return index_no_series(id, e);
	*ls = labels_in_arena(a, l, s.n);
	if (!*ls)
		return index_no_room(e);
	if (statistic)
		*statistic = s.statistic;
	return 0;
}

/* --- many series ------------------------------------------------------------------------- */

struct found {
	uint32_t *ids, n;
};

static int select_all(const struct segment *g, size_t ng, const struct matcher *m, size_t nm,
		      struct arena *scratch, struct found *found, size_t *total, struct err *e)
{
	*total = 0;
	for (size_t i = 0; i < ng; i++) {
		int rc;

		if (segment_select(&g[i], m, nm, scratch, &found[i].ids, &found[i].n, e) < 0)
			return -1;
		segment_lock(&g[i]);
		rc = segment_ids(&g[i], found[i].ids, found[i].n, e);
		segment_unlock(&g[i]);
		if (rc < 0)
			return -1;
		*total += found[i].n;
	}
	return 0;
}

static int put_together(const struct found *found, size_t n, size_t total, struct arena *a,
			uint32_t **ids, struct err *e)
{
	uint32_t *to = arena_alloc(a, total * sizeof(*to));

	*ids = to;
	if (!to)
		return index_no_room(e);
	for (size_t i = 0; i < n; i++) {
		if (found[i].n)
			memcpy(to, found[i].ids, found[i].n * sizeof(*to));
		to += found[i].n;
	}
	return 0;
}

int index_select(const struct index_set *x, const struct matcher *m, size_t nm, struct arena *a,
		 uint32_t **ids, size_t *n, struct err *e)
{
	struct arena scratch;
	struct segment *g;
	struct found *found;
	size_t ng;
	int rc;

	scratch_init(&scratch, a);
	rc = segments_open(x, &scratch, &g, &ng, e);
	if (rc == 0) {
		found = arena_array(&scratch, ng, sizeof(*found));
		rc = found ? select_all(g, ng, m, nm, &scratch, found, n, e) : index_no_room(e);
		if (rc == 0)
			rc = put_together(found, ng, *n, a, ids, e);
	}
	arena_release(&scratch);
	return rc;
}

/* --- sorted texts ------------------------------------------------------------------------- */

/* Of all segments so far, sorted, none twice. */
struct texts {
	struct arena *a;
	struct slice *l;
	size_t n, cap;
};

static int texts_add(struct texts *t, struct slice text, struct err *e)
{
	t->l = arena_grow(t->a, t->l, t->n, &t->cap, t->n + 1, sizeof(*t->l));
	if (!t->l)
		return index_no_room(e);
	t->l[t->n++] = text;
	return 0;
}

static int by_bytes(const void *a, const void *b)
{
	return slice_cmp(*(const struct slice *)a, *(const struct slice *)b);
}

/* Two sorted runs, [0, half) and [half, n), become one without what is there twice. */
static int texts_merge(struct texts *t, size_t half, struct err *e)
{
	struct slice *l = t->l, *to;
	size_t i = 0, k = half, n = 0;

	if (!half || half == t->n || slice_cmp(l[half - 1], l[half]) < 0)
		return 0;
	to = arena_alloc(t->a, t->n * sizeof(*to));
	if (!to)
		return index_no_room(e);
	while (i < half && k < t->n) {
		int c = slice_cmp(l[i], l[k]);

		to[n++] = c <= 0 ? l[i] : l[k];
		i += c <= 0;
		k += c >= 0;
	}
	while (i < half)
		to[n++] = l[i++];
	while (k < t->n)
		to[n++] = l[k++];
	t->l = to;
	t->cap = t->n;
	t->n = n;
	return 0;
}

/* What a segment has added from `from` on. */
static int texts_end_run(struct texts *t, const struct segment *g, size_t from, struct err *e)
{
	if (g->memory && t->n > from)
		qsort(t->l + from, t->n - from, sizeof(*t->l), by_bytes);
	return texts_merge(t, from, e);
}

/* Asks each segment, which adds its texts; the result is in the caller's arena. */
struct asked {
	struct slice name;
	const struct matcher *m;
	size_t nm;
};

typedef int ask_fn(const struct segment *g, const struct asked *q, struct arena *scratch,
		   struct texts *t, struct err *e);

static int ask_all(const struct index_set *x, const struct asked *q, ask_fn *ask, struct texts *t,
		   struct arena *scratch, struct err *e)
{
	struct segment *g;
	size_t ng;

	if (segments_open(x, scratch, &g, &ng, e) < 0)
		return -1;
	for (size_t i = 0; i < ng; i++) {
		size_t from = t->n;

		if (ask(&g[i], q, scratch, t, e) < 0 || texts_end_run(t, &g[i], from, e) < 0)
			return -1;
	}
	return 0;
}

static int sorted_texts(const struct index_set *x, const struct asked *q, ask_fn *ask,
			struct arena *a, struct slice **out, size_t *n, struct err *e)
{
	struct texts t = { .a = a };
	struct arena scratch;
	int rc;

	scratch_init(&scratch, a);
	rc = ask_all(x, q, ask, &t, &scratch, e);
	arena_release(&scratch);
	*out = t.l;
	*n = t.n;
	return rc;
}

/* --- names of labels -------------------------------------------------------------------------- */

static int add_names(const struct segment *g, const uint64_t *marked, struct texts *t,
		     struct err *e)
{
	for (uint32_t i = 0; i < segment_names(g); i++) {
		struct slice text;
		bool seen;

		if (marked)
			seen = bits_has(marked, i);
		else if (segment_name_seen(g, i, &seen, e) < 0)
			return -1;
		if (!seen)
			continue;
		if (segment_name_text(g, i, &text, e) < 0 || texts_add(t, text, e) < 0)
			return -1;
	}
	return 0;
}

static int names_of_series(const struct segment *g, const uint32_t *ordinals, uint32_t n,
			   struct arena *scratch, struct texts *t, struct err *e)
{
	uint64_t *marked = arena_array(scratch, bits_words(segment_names(g)), sizeof(*marked));
	struct part_place at = { 0 };
	struct series_ref s;

	if (!marked)
		return index_no_room(e);
	for (uint32_t i = 0; i < n; i++) {
		if (segment_series(g, &at, ordinals[i], &s, e) < 0)
			return -1;
		for (uint32_t k = 0; k < s.n; k++)
			bits_add(marked, s.l[k].name);
	}
	return add_names(g, marked, t, e);
}

static int ask_names(const struct segment *g, const struct asked *q, struct arena *scratch,
		     struct texts *t, struct err *e)
{
	uint32_t *ordinals = NULL, n = 0;
	int rc;

	if (q->nm && segment_select(g, q->m, q->nm, scratch, &ordinals, &n, e) < 0)
		return -1;
	segment_lock(g);
	rc = q->nm ? names_of_series(g, ordinals, n, scratch, t, e) : add_names(g, NULL, t, e);
	segment_unlock(g);
	return rc;
}

int index_label_names(const struct index_set *x, const struct matcher *m, size_t nm,
		      struct arena *a, struct slice **out, size_t *n, struct err *e)
{
	struct asked q = { .m = m, .nm = nm };

	return sorted_texts(x, &q, ask_names, a, out, n, e);
}

/* --- values of a label -------------------------------------------------------------- */

/* What there is of the name: all that are seen, those that are marked, or those that one of
 * `among` has. */
static int add_values(const struct segment *g, uint32_t name, const uint64_t *marked,
		      const uint64_t *among, struct texts *t, struct err *e)
{
	struct value_walk w;
	uint32_t value;

	if (segment_walk(g, name, &w, e) < 0)
		return -1;
	while (value_next(&w, &value)) {
		struct slice text;
		bool seen = true;

		if (marked)
			seen = bits_has(marked, value);
		else if ((among || !segment_is_whole(g)) &&
			 segment_meets(g, value, among, &seen, e) < 0)
			return -1;
		if (!seen)
			continue;
		if (segment_value_text(g, value, &text, e) < 0 || texts_add(t, text, e) < 0)
			return -1;
	}
	return 0;
}

static int mark_values(const struct segment *g, uint32_t name, const uint32_t *ordinals, uint32_t n,
		       uint64_t *marked, struct err *e)
{
	struct part_place at = { 0 };
	struct series_ref s;

	for (uint32_t i = 0; i < n; i++) {
		if (segment_series(g, &at, ordinals[i], &s, e) < 0)
			return -1;
		for (uint32_t k = 0; k < s.n; k++)
			if (s.l[k].name == name)
				bits_add(marked, s.l[k].value);
	}
	return 0;
}

/* By looking at each series, or, when there are far more series than values, by looking
 * for one of them in each value's list, which mostly ends soon. */
static int values_of_series(const struct segment *g, uint32_t name, const uint32_t *ordinals,
			    uint32_t n, struct arena *scratch, struct texts *t, struct err *e)
{
	struct value_walk w;
	bool by_list;
	uint64_t *bits;

	if (segment_walk(g, name, &w, e) < 0)
		return -1;
	by_list = n / 4 > w.total;
	bits = arena_array(scratch, bits_words(by_list ? g->n : g->values), sizeof(*bits));
	if (!bits)
		return index_no_room(e);
	if (!by_list && mark_values(g, name, ordinals, n, bits, e) < 0)
		return -1;
	for (uint32_t i = 0; by_list && i < n; i++)
		bits_add(bits, ordinals[i]);
	return add_values(g, name, by_list ? NULL : bits, by_list ? bits : NULL, t, e);
}

static int values_locked(const struct segment *g, const struct asked *q, const uint32_t *ordinals,
			 uint32_t n, struct arena *scratch, struct texts *t, struct err *e)
{
	uint32_t name;

	if (segment_find_name(g, q->name, &name, e) < 0)
		return -1;
	if (name == INDEX_NONE)
		return 0;
	if (!q->nm)
		return add_values(g, name, NULL, NULL, t, e);
	return values_of_series(g, name, ordinals, n, scratch, t, e);
}

static int ask_values(const struct segment *g, const struct asked *q, struct arena *scratch,
		      struct texts *t, struct err *e)
{
	uint32_t *ordinals = NULL, n = 0;
	int rc;

	if (q->nm && segment_select(g, q->m, q->nm, scratch, &ordinals, &n, e) < 0)
		return -1;
	segment_lock(g);
	rc = values_locked(g, q, ordinals, n, scratch, t, e);
	segment_unlock(g);
	return rc;
}

int index_label_values(const struct index_set *x, struct slice name, const struct matcher *m,
		       size_t nm, struct arena *a, struct slice **out, size_t *n, struct err *e)
{
	struct asked q = { name, m, nm };

	return sorted_texts(x, &q, ask_values, a, out, n, e);
}
