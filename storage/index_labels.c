/*
 * index_labels.c - labels of many series at once, for index.h.
 *
 * Ids rise, so each segment is gone through once from front to back. Texts of names are looked up
 * once a segment; where only some labels are wanted, series mostly have few different sets of
 * them, and those met lately are given out again. Of a large part of all series wanted labels are
 * not read series by series but value by value, from the lists of those that have it.
 */
#include "storage/index_segment.h"

enum {
	LOCKED_FOR = 1024,    /* series a memory index stays locked for */
	SHARED_LABELS = 4,    /* sets with more are not shared */
	SHARED_PLACES = 4096, /* a power of two */
	/* What costs as much as going over a member of a list: looking at a series, opening a
	 * list. */
	SERIES_COST = 20,
	LIST_COST = 20
};

/* A set that was made of values of one segment. */
struct shared {
	uint32_t n, value[SHARED_LABELS];
	const struct labels *ls; /* NULL: none */
};

struct reading {
	const struct index_wanted *wanted; /* NULL: all */
	struct arena *a;
	const struct labels **out; /* of all series */
	const struct segment *g;
	struct part_place place; /* in g */
	struct slice *names;     /* of g, by number; empty: not looked up yet */
	uint32_t *numbers;       /* of the wanted names in g; INDEX_NONE: not there */
	struct shared *shared;   /* of g; NULL: none are */
	uint32_t **values;       /* + 1, of each wanted name by ordinal; NULL: not read by lists */
};

/* --- one series ------------------------------------------------------------------------ */

static bool is_wanted(const struct reading *r, uint32_t name)
{
	if (!r->wanted)
		return true;
	for (size_t i = 0; i < r->wanted->n; i++)
		if (r->numbers[i] == name)
			return true;
	return false;
}

static int read_texts(struct reading *r, const struct label_ref *of, uint32_t n, struct label *l,
		      struct err *e)
{
	for (uint32_t i = 0; i < n; i++) {
		struct slice *name = &r->names[of[i].name];

		if (!name->n && segment_name_text(r->g, of[i].name, name, e) < 0)
			return -1;
		l[i].name = *name;
		if (segment_value_text(r->g, of[i].value, &l[i].value, e) < 0)
			return -1;
	}
	return 0;
}

/* Where a set of these values is, or would be. NULL: such sets are not shared. */
static struct shared *place_of(const struct reading *r, const struct label_ref *of, uint32_t n)
{
	uint32_t h = n;

	if (!r->shared || n > SHARED_LABELS)
		return NULL;
	for (uint32_t i = 0; i < n; i++)
		h = (h ^ of[i].value) * 0x9e3779b1u;
	return &r->shared[h >> 16 & (SHARED_PLACES - 1)];
}

static bool is_of(const struct shared *s, const struct label_ref *of, uint32_t n)
{
	if (!s->ls || s->n != n)
		return false;
	for (uint32_t i = 0; i < n; i++)
		if (s->value[i] != of[i].value)
			return false;
	return true;
}

static int make_labels(struct reading *r, const struct label_ref *of, uint32_t n,
		       const struct labels **out, struct err *e)
{
	struct shared *s = place_of(r, of, n);
	struct label l[LABELS_MAX];

	if (s && is_of(s, of, n)) {
		*out = s->ls;
		return 0;
	}
	if (read_texts(r, of, n, l, e) < 0)
		return -1;
	*out = labels_in_arena(r->a, l, n);
	if (!*out)
		return index_no_room(e);
	if (s) {
		*s = (struct shared){ .n = n, .ls = *out };
		for (uint32_t i = 0; i < n; i++)
			s->value[i] = of[i].value;
	}
	return 0;
}

/* From what the lists said. */
static uint32_t values_of(const struct reading *r, uint32_t ordinal, struct label_ref *out)
{
	uint32_t n = 0;

	for (size_t i = 0; i < r->wanted->n; i++)
		if (r->values[i] && r->values[i][ordinal])
			out[n++] = (struct label_ref){ r->numbers[i], r->values[i][ordinal] - 1 };
	return n;
}

static int read_one(struct reading *r, uint32_t ordinal, const struct labels **out, struct err *e)
{
	struct series_ref s;
	uint32_t n = 0;

	if (r->values) {
		n = values_of(r, ordinal, s.l);
		return make_labels(r, s.l, n, out, e);
	}
	if (segment_series(r->g, &r->place, ordinal, &s, e) < 0)
		return -1;
	for (uint32_t i = 0; i < s.n; i++)
		if (is_wanted(r, s.l[i].name))
			s.l[n++] = s.l[i];
	return make_labels(r, s.l, n, out, e);
}

/* --- a segment ---------------------------------------------------------------------------- */

/* Some series of a segment, rising; they stand at `at` among all that were asked for. */
struct found {
	const struct segment *g;
	const uint32_t *ordinals;
	size_t n, at;
};

/* Whether the lists of all values of the wanted names are gone over sooner than `n` series are. */
static int lists_pay(const struct reading *r, size_t n, bool *pay, struct err *e)
{
	uint64_t cost = 0;

	*pay = false;
	if (!r->wanted || r->wanted->n > LABELS_MAX)
		return 0;
	for (size_t i = 0; i < r->wanted->n; i++) {
		struct value_walk w;

		if (r->numbers[i] == INDEX_NONE)
			continue;
		if (segment_walk(r->g, r->numbers[i], &w, e) < 0)
			return -1;
		cost += r->g->hi - r->g->lo + (uint64_t)w.total * LIST_COST;
	}
	*pay = cost < (uint64_t)n * SERIES_COST;
	return 0;
}

static int read_name(const struct segment *g, uint32_t name, uint32_t *members, uint32_t *values,
		     struct err *e)
{
	struct value_walk w;
	uint32_t value, n;

	if (segment_walk(g, name, &w, e) < 0)
		return -1;
	while (value_next(&w, &value)) {
		if (segment_ordinals(g, value, members, &n, e) < 0)
			return -1;
		for (uint32_t k = 0; k < n; k++)
			values[members[k]] = value + 1;
	}
	return 0;
}

static int read_lists(struct reading *r, struct arena *scratch, struct err *e)
{
	uint32_t *members = arena_alloc(scratch, r->g->n * sizeof(*members));

	r->values = arena_array(scratch, r->wanted->n, sizeof(*r->values));
	if (!r->values || !members)
		return index_no_room(e);
	for (size_t i = 0; i < r->wanted->n; i++) {
		if (r->numbers[i] == INDEX_NONE)
			continue;
		r->values[i] = arena_array(scratch, r->g->n, sizeof(*r->values[i]));
		if (!r->values[i])
			return index_no_room(e);
		if (read_name(r->g, r->numbers[i], members, r->values[i], e) < 0)
			return -1;
	}
	return 0;
}

static int begin_segment(struct reading *r, const struct found *f, struct arena *scratch,
			 struct err *e)
{
	const struct segment *g = f->g;
	size_t n = r->wanted ? r->wanted->n : 0;
	bool pay;

	r->g = g;
	r->values = NULL;
	r->place = (struct part_place){ 0 };
	r->names = arena_array(scratch, segment_names(g), sizeof(*r->names));
	r->numbers = arena_array(scratch, n, sizeof(*r->numbers));
	r->shared = n ? arena_array(scratch, SHARED_PLACES, sizeof(*r->shared)) : NULL;
	if (!r->names || !r->numbers || (n && !r->shared))
		return index_no_room(e);
	for (size_t i = 0; i < n; i++)
		if (segment_find_name(g, r->wanted->names[i], &r->numbers[i], e) < 0)
			return -1;
	if (lists_pay(r, f->n, &pay, e) < 0)
		return -1;
	return pay ? read_lists(r, scratch, e) : 0;
}

/* What is done with them while the segment is locked: [from, to) of them. */
typedef int found_fn(void *ctx, const struct found *f, size_t from, size_t to,
		     struct arena *scratch, struct err *e);

static int read_labels(void *ctx, const struct found *f, size_t from, size_t to,
		       struct arena *scratch, struct err *e)
{
	struct reading *r = ctx;

	if (from == 0 && begin_segment(r, f, scratch, e) < 0)
		return -1;
	for (size_t i = from; i < to; i++)
		if (read_one(r, f->ordinals[i], &r->out[f->at + i], e) < 0)
			return -1;
	return 0;
}

static int read_kinds(void *ctx, const struct found *f, size_t from, size_t to,
		      struct arena *scratch, struct err *e)
{
	struct part_place at = { 0 };
	bool *statistic = ctx;

	(void)scratch;
	for (size_t i = from; i < to; i++)
		if (segment_is_statistic(f->g, &at, f->ordinals[i], &statistic[f->at + i], e) < 0)
			return -1;
	return 0;
}

/* --- all segments ------------------------------------------------------------------------- */

static size_t count_upto(const uint32_t *ids, size_t n, uint32_t last)
{
	size_t lo = 0;

	while (lo < n) {
		size_t mid = lo + (n - lo) / 2;

		if (ids[mid] <= last)
			lo = mid + 1;
		else
			n = mid;
	}
	return lo;
}

static int in_turns(const struct found *f, found_fn *fn, void *ctx, struct arena *scratch,
		    struct err *e)
{
	int rc = 0;

	for (size_t from = 0; from < f->n && rc == 0; from += LOCKED_FOR) {
		size_t to = f->n - from < LOCKED_FOR ? f->n : from + LOCKED_FOR;

		segment_lock(f->g);
		rc = fn(ctx, f, from, to, scratch, e);
		segment_unlock(f->g);
	}
	return rc;
}

/* `ids` become ordinals. */
static int each_segment(const struct index_set *x, uint32_t *ids, size_t n, found_fn *fn, void *ctx,
			struct arena *scratch, struct err *e)
{
	struct segment *g;
	size_t ng, at = 0;

	if (segments_open(x, scratch, &g, &ng, e) < 0)
		return -1;
	for (size_t i = 0; i < ng && at < n; i++) {
		struct found f = { .g = &g[i], .ordinals = ids + at, .at = at };

		f.n = count_upto(ids + at, n - at, segment_last_id(&g[i]));
		if (segment_find_ids(&g[i], ids + at, f.n, e) < 0 ||
		    in_turns(&f, fn, ctx, scratch, e) < 0)
			return -1;
		at += f.n;
	}
	return at == n ? 0 : index_no_series(ids[at], e);
}

static int read_all(const struct index_set *x, const uint32_t *ids, size_t n, found_fn *fn,
		    void *ctx, const struct arena *limits, struct err *e)
{
	struct arena scratch;
	uint32_t *own;
	int rc;

	if (n && ids[n - 1] > x->max_id)
		return index_no_series(ids[n - 1], e);
	arena_init(&scratch, limits->limit - limits->held);
	own = arena_alloc(&scratch, n * sizeof(*own));
	if (own && n)
		memcpy(own, ids, n * sizeof(*own));
	rc = own ? each_segment(x, own, n, fn, ctx, &scratch, e) : index_no_room(e);
	arena_release(&scratch);
	return rc;
}

int index_labels(const struct index_set *x, const uint32_t *ids, size_t n,
		 const struct index_wanted *wanted, struct arena *a, const struct labels **out,
		 struct err *e)
{
	struct reading r = { .wanted = wanted, .a = a, .out = out };

	return read_all(x, ids, n, read_labels, &r, a, e);
}

int index_kinds(const struct index_set *x, const uint32_t *ids, size_t n, const struct arena *a,
		bool *statistic, struct err *e)
{
	return read_all(x, ids, n, read_kinds, statistic, a, e);
}
