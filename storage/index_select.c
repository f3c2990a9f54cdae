/*
 * index_select.c - see index_select.h.
 *
 * An absent label has the empty value. So each matcher either fails for the empty value:
 * then the series it keeps are a union of the lists of those values that meet it. Or it
 * holds for it: then the series it drops are a union of the lists of those values that do
 * not. Let H be the values that its text or pattern matches; of a label's four kinds of
 * matcher each keeps or drops either the series of H or those of the label less H:
 *
 *	                       does not match ""     matches ""
 *	= and =~               keep H                drop label less H
 *	!= and !~              drop H                keep label less H
 *
 * H is known at once for plain texts, lists of them and prefixes. Other patterns have to
 * be tried on each value of the label, which comes last. Conditions are applied in
 * the order of what they cost, to a set of bits; when so few series are left that looking
 * at their labels is cheaper than all the lists that would follow, that is done instead.
 * Costs are rough nanoseconds, measured with bench/bench_index.c.
 */
#include "storage/index_select.h"

#include <stdlib.h>

enum {
	NS_SERIES = 60,  /* decoding one and looking at it */
	NS_MEMBER = 2,   /* one more ordinal of a list */
	NS_SORTED = 30,  /* the same where lists have to be brought in order */
	NS_LIST = 40,    /* opening a list */
	NS_PATTERN = 150 /* trying a pattern on a value */
};

/* Numbers of values: those listed, rising, or `n` from `first` on. */
struct values {
	const uint32_t *list;
	uint32_t first, n;
};

struct cond {
	const struct matcher *m;
	uint32_t name;
	bool keep;     /* the series of the set; else drop them */
	bool inverse;  /* the set is that of the label less that of `values` */
	bool resolved; /* `values` are known */
	struct values values;
	uint64_t cost;
	uint64_t members; /* of `values`, or values to try; estimated */
	uint8_t *memo;    /* per value of the name: 0 not tried, 1 no, 2 yes */
	uint32_t memo_first;
};

struct conds {
	struct cond *c;
	size_t n;
	bool never; /* one of them cannot be met here */
};

/* --- which values a matcher means ------------------------------------------------------ */

static bool has_value(const struct values *v, uint32_t value)
{
	uint32_t lo = 0, hi = v->n;

	if (!v->list)
		return value >= v->first && value - v->first < v->n;
	while (lo < hi) {
		uint32_t mid = lo + (hi - lo) / 2;

		if (v->list[mid] == value)
			return true;
		if (v->list[mid] < value)
			lo = mid + 1;
		else
			hi = mid;
	}
	return false;
}

static int by_number(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return x < y ? -1 : x > y;
}

/* The values among `texts` that the segment has; the empty one is none. */
static int find_texts(const struct segment *g, struct cond *c, const struct slice *texts, size_t n,
		      struct arena *a, struct err *e)
{
	uint32_t *list = arena_alloc(a, n * sizeof(*list)), found;

	if (!list)
		return index_no_room(e);
	c->values = (struct values){ .list = list };
	for (size_t i = 0; i < n; i++) {
		if (!texts[i].n)
			continue;
		if (segment_find_value(g, c->name, texts[i], &found, e) < 0)
			return -1;
		if (found != INDEX_NONE)
			list[c->values.n++] = found;
	}
	qsort(list, c->values.n, sizeof(*list), by_number);
	return 0;
}

static bool has_prefix(struct slice text, struct slice prefix)
{
	return text.n >= prefix.n && memcmp(text.p, prefix.p, prefix.n) == 0;
}

/* The first value of [first, end) behind those with the prefix, which begin at `first`. */
static int prefix_end(const struct index_part *p, uint32_t first, uint32_t end, struct slice prefix,
		      uint32_t *out, struct err *e)
{
	while (first < end) {
		uint32_t mid = first + (end - first) / 2;
		struct slice text;

		if (part_value_text(p, mid, &text, e) < 0)
			return -1;
		if (has_prefix(text, prefix))
			first = mid + 1;
		else
			end = mid;
	}
	*out = first;
	return 0;
}

/* The values that begin with `prefix`, as a walk; of a memory index, all. */
static int walk_prefix(const struct segment *g, uint32_t name, struct slice prefix,
		       struct value_walk *w, struct err *e)
{
	if (segment_walk(g, name, w, e) < 0)
		return -1;
	if (g->memory || !prefix.n)
		return 0;
	if (part_lower_value(g->part, w->next, w->end, prefix, &w->next, e) < 0)
		return -1;
	return prefix_end(g->part, w->next, w->end, prefix, &w->end, e);
}

/* Tries the matcher's pattern on the values of the walk. No lock is held meanwhile. */
static int try_values(const struct segment *g, struct cond *c, struct value_walk *w,
		      struct arena *a, struct err *e)
{
	uint32_t *list = NULL, value;
	size_t n = 0, cap = 0;

	while (value_next(w, &value)) {
		struct slice text;

		if (segment_value_text(g, value, &text, e) < 0)
			return -1;
		if (!regex_match(c->m->re, text))
			continue;
		list = arena_grow(a, list, n, &cap, n + 1, sizeof(*list));
		if (!list)
			return index_no_room(e);
		list[n++] = value;
	}
	if (g->memory && n)
		qsort(list, n, sizeof(*list), by_number);
	c->values = (struct values){ .list = list, .n = (uint32_t)n };
	c->resolved = true;
	return 0;
}

/* `p.*` and `p.+`. Without a prefix they mean all values. */
static int find_prefix(const struct segment *g, struct cond *c, struct arena *a, struct err *e)
{
	struct slice prefix = regex_prefix(c->m->re), text;
	struct value_walk w;

	if (!prefix.n) {
		c->inverse = !c->inverse;
		return 0;
	}
	if (walk_prefix(g, c->name, prefix, &w, e) < 0)
		return -1;
	if (g->memory)
		return try_values(g, c, &w, a, e);
	if (regex_kind(c->m->re) == REGEX_LONGER && w.next < w.end) {
		if (part_value_text(g->part, w.next, &text, e) < 0)
			return -1;
		w.next += text.n == prefix.n;
	}
	c->values = (struct values){ .first = w.next, .n = w.end - w.next };
	return 0;
}

static bool matches_empty(const struct matcher *m)
{
	if (m->op == MATCH_RE || m->op == MATCH_NRE)
		return regex_matches_empty(m->re);
	return m->value.n == 0;
}

static int find_values(const struct segment *g, struct cond *c, struct arena *a, struct err *e)
{
	const struct slice *texts = &c->m->value;
	size_t n = 1;

	c->resolved = true;
	if (c->m->op == MATCH_EQ || c->m->op == MATCH_NE)
		return find_texts(g, c, texts, n, a, e);
	switch (regex_kind(c->m->re)) {
	case REGEX_LITERALS:
		n = regex_literals(c->m->re, &texts);
		return find_texts(g, c, texts, n, a, e);
	case REGEX_PREFIX:
	case REGEX_LONGER:
		return find_prefix(g, c, a, e);
	case REGEX_OTHER:
		break;
	}
	c->resolved = false;
	return 0;
}

/* --- the plan ------------------------------------------------------------------------------- */

/* The lists of the first few values stand for all. */
static int members(const struct segment *g, const struct values *v, uint64_t *n, struct err *e)
{
	uint32_t looked = v->n < 8 ? v->n : 8, count;

	*n = 0;
	for (uint32_t i = 0; i < looked; i++) {
		if (segment_count(g, v->list ? v->list[i] : v->first + i, &count, e) < 0)
			return -1;
		*n += count;
	}
	if (looked < v->n)
		*n = *n * v->n / looked;
	return 0;
}

static int cost_of(const struct segment *g, struct cond *c, struct err *e)
{
	struct value_walk w;

	if (!c->resolved) {
		if (walk_prefix(g, c->name, regex_prefix(c->m->re), &w, e) < 0)
			return -1;
		c->members = w.end == INDEX_NONE ? w.total : w.end - w.next;
		c->cost = c->members * NS_PATTERN + g->n;
		return 0;
	}
	if (members(g, &c->values, &c->members, e) < 0)
		return -1;
	c->cost = c->members * NS_MEMBER + c->values.n * (uint64_t)NS_LIST +
		  (c->inverse ? g->n / 8 : 0);
	return 0;
}

/* Adds what the matcher means here, unless that is nothing or never. */
static int add_cond(const struct segment *g, const struct matcher *m, struct arena *a,
		    struct conds *out, struct err *e)
{
	struct cond c = { .m = m, .keep = matches_empty(m) == matcher_is_negative(m) };

	if (segment_find_name(g, m->name, &c.name, e) < 0)
		return -1;
	if (c.name == INDEX_NONE) {
		out->never |= c.keep;
		return 0;
	}
	c.inverse = c.keep == matcher_is_negative(m);
	if (find_values(g, &c, a, e) < 0)
		return -1;
	if (c.resolved && !c.inverse && !c.values.n) {
		out->never |= c.keep;
		return 0;
	}
	if (cost_of(g, &c, e) < 0)
		return -1;
	out->c[out->n++] = c;
	return 0;
}

/* Those that keep a few series first, patterns last. */
static int by_cost(const void *a, const void *b)
{
	const struct cond *x = a, *y = b;
	int x_late = !(x->keep && !x->inverse) + 2 * !x->resolved;
	int y_late = !(y->keep && !y->inverse) + 2 * !y->resolved;

	if (x_late != y_late)
		return x_late - y_late;
	return x->cost < y->cost ? -1 : x->cost > y->cost;
}

static int make_plan(const struct segment *g, const struct matcher *m, size_t nm, struct arena *a,
		     struct conds *out, struct err *e)
{
	*out = (struct conds){ .c = arena_array(a, nm, sizeof(*out->c)) };
	if (!out->c)
		return index_no_room(e);
	for (size_t i = 0; i < nm && !out->never; i++)
		if (add_cond(g, &m[i], a, out, e) < 0)
			return -1;
	qsort(out->c, out->n, sizeof(*out->c), by_cost);
	return 0;
}

static uint64_t cost_from(const struct conds *c, size_t i)
{
	uint64_t cost = 0;

	for (; i < c->n; i++)
		cost += c->c[i].cost;
	return cost;
}

/* What it costs to look at `series` of them instead. */
static uint64_t cost_of_each(const struct conds *c, size_t i, uint64_t series)
{
	uint64_t cost = i < c->n ? series * NS_SERIES : 0;

	for (; i < c->n; i++)
		if (!c->c[i].resolved)
			cost += (series < c->c[i].members ? series : c->c[i].members) * NS_PATTERN;
	return cost;
}

/* --- by bits ------------------------------------------------------------------------ */

static int apply_values(const struct segment *g, const struct values *v, uint64_t *bits, bool in,
			struct err *e)
{
	for (uint32_t i = 0; i < v->n; i++)
		if (segment_apply(g, v->list ? v->list[i] : v->first + i, bits, in, e) < 0)
			return -1;
	return 0;
}

/* `bits` keep, or lose, what is in the condition's set. */
static int apply_cond(const struct segment *g, const struct cond *c, uint64_t *bits,
		      struct arena *a, struct err *e)
{
	struct arena_mark mark;
	uint64_t *set;

	if (!c->keep && !c->inverse)
		return apply_values(g, &c->values, bits, false, e);
	if (!c->keep && !c->values.n)
		return segment_apply_name(g, c->name, bits, false, e);
	mark = arena_mark(a);
	set = arena_array(a, bits_words(g->n), sizeof(*set));
	if (!set)
		return index_no_room(e);
	if (c->inverse && segment_apply_name(g, c->name, set, true, e) < 0)
		return -1;
	if (apply_values(g, &c->values, set, !c->inverse, e) < 0)
		return -1;
	for (size_t w = 0; w < bits_words(g->n); w++)
		bits[w] &= c->keep ? set[w] : ~set[w];
	arena_reset(a, mark);
	return 0;
}

/* The lock is let go while patterns are tried. */
static int resolve(const struct segment *g, struct cond *c, struct arena *a, struct err *e)
{
	struct value_walk w;
	int rc;

	if (walk_prefix(g, c->name, regex_prefix(c->m->re), &w, e) < 0)
		return -1;
	segment_unlock(g);
	rc = try_values(g, c, &w, a, e);
	segment_lock(g);
	/* All of them: then it is a question of the label alone. */
	if (rc == 0 && c->values.n == w.total) {
		c->inverse = !c->inverse;
		c->values.n = 0;
	}
	return rc;
}

/* --- by looking at series ----------------------------------------------------------- */

/* A byte per value pays where several series share one. */
static int make_memo(const struct segment *g, struct cond *c, uint32_t series, struct arena *a,
		     struct err *e)
{
	struct value_walk w;

	if (c->resolved || g->memory)
		return 0;
	if (segment_walk(g, c->name, &w, e) < 0)
		return -1;
	if (w.total / 4 > series)
		return 0;
	c->memo_first = w.next;
	c->memo = arena_zalloc(a, w.total);
	return c->memo ? 0 : index_no_room(e);
}

static int is_in_values(const struct segment *g, const struct cond *c, uint32_t value, bool *in,
			struct err *e)
{
	uint8_t *memo = c->memo ? &c->memo[value - c->memo_first] : NULL;
	struct slice text;

	if (c->resolved) {
		*in = has_value(&c->values, value);
	} else if (memo && *memo) {
		*in = *memo == 2;
	} else {
		if (segment_value_text(g, value, &text, e) < 0)
			return -1;
		*in = regex_match(c->m->re, text);
		if (memo)
			*memo = *in ? 2 : 1;
	}
	return 0;
}

static int series_meets(const struct segment *g, const struct conds *conds, size_t from,
			const struct series_ref *s, bool *meets, struct err *e)
{
	*meets = true;
	for (size_t i = from; i < conds->n && *meets; i++) {
		const struct cond *c = &conds->c[i];
		bool in = false;
		uint32_t k = 0;

		while (k < s->n && s->l[k].name != c->name)
			k++;
		if (k < s->n) {
			if (is_in_values(g, c, s->l[k].value, &in, e) < 0)
				return -1;
			in = in != c->inverse;
		}
		*meets = in == c->keep;
	}
	return 0;
}

/* Leaves of `list` the series that meet the conditions from `from` on. */
static int look_at_each(const struct segment *g, struct conds *c, size_t from, uint32_t *list,
			uint32_t *n, struct arena *a, struct err *e)
{
	struct part_place at = { 0 };
	struct series_ref s;
	uint32_t kept = 0;
	bool meets;

	for (size_t i = from; i < c->n; i++)
		if (make_memo(g, &c->c[i], *n, a, e) < 0)
			return -1;
	for (uint32_t i = 0; i < *n; i++) {
		if (segment_series(g, &at, list[i], &s, e) < 0 ||
		    series_meets(g, c, from, &s, &meets, e) < 0)
			return -1;
		if (meets)
			list[kept++] = list[i];
	}
	*n = kept;
	return 0;
}

/* --- all together ------------------------------------------------------------------- */

/* A series has one value of a label, but who knows what a damaged part says. */
static void sort_unique(uint32_t *list, uint32_t *n)
{
	uint32_t kept = 0;

	qsort(list, *n, sizeof(*list), by_number);
	for (uint32_t i = 0; i < *n; i++)
		if (!kept || list[kept - 1] != list[i])
			list[kept++] = list[i];
	*n = kept;
}

/* The series of all values of the condition, in order. */
static int list_of_values(const struct segment *g, const struct values *v, struct arena *a,
			  uint32_t **out, uint32_t *n, struct err *e)
{
	uint64_t room = 0;
	uint32_t count;

	for (uint32_t i = 0; i < v->n; i++) {
		if (segment_count(g, v->list ? v->list[i] : v->first + i, &count, e) < 0)
			return -1;
		room += count;
	}
	*out = arena_alloc(a, room * sizeof(**out));
	if (!*out)
		return index_no_room(e);
	*n = 0;
	for (uint32_t i = 0; i < v->n; i++) {
		if (segment_ordinals(g, v->list ? v->list[i] : v->first + i, *out + *n, &count, e) <
		    0)
			return -1;
		*n += count;
	}
	if (v->n > 1)
		sort_unique(*out, n);
	return 0;
}

/* Short lists to begin with: looking at their series may cost less than making sets of bits. */
static int from_list(const struct segment *g, struct conds *c, struct arena *a, uint32_t **out,
		     uint32_t *n, bool *done, struct err *e)
{
	const struct cond *first = c->c;
	uint64_t by_list;

	*done = false;
	if (!c->n || !first->resolved || !first->keep || first->inverse)
		return 0;
	by_list = first->members * (first->values.n > 1 ? NS_SORTED : NS_MEMBER) +
		  cost_of_each(c, 1, first->members);
	if (by_list > g->n / 32 + cost_from(c, 1))
		return 0;
	*done = true;
	if (list_of_values(g, &first->values, a, out, n, e) < 0)
		return -1;
	return c->n > 1 ? look_at_each(g, c, 1, *out, n, a, e) : 0;
}

static int list_of_bits(const struct segment *g, const uint64_t *bits, struct arena *a,
			uint32_t **out, uint32_t *n, struct err *e)
{
	*out = arena_alloc(a, (size_t)bits_count(bits, g->n) * sizeof(**out));
	if (!*out)
		return index_no_room(e);
	*n = bits_list(bits, g->n, *out);
	return 0;
}

static int from_bits(const struct segment *g, struct conds *c, struct arena *a, uint32_t **out,
		     uint32_t *n, struct err *e)
{
	uint64_t *bits = arena_array(a, bits_words(g->n), sizeof(*bits));
	uint32_t left = g->hi - g->lo;
	size_t i;

	if (!bits)
		return index_no_room(e);
	bits_range(bits, g->lo, g->hi, true);
	for (i = 0; i < c->n && left; i++) {
		if (cost_of_each(c, i, left) < cost_from(c, i))
			break;
		if (!c->c[i].resolved && resolve(g, &c->c[i], a, e) < 0)
			return -1;
		if (apply_cond(g, &c->c[i], bits, a, e) < 0)
			return -1;
		left = bits_count(bits, g->n);
	}
	if (list_of_bits(g, bits, a, out, n, e) < 0)
		return -1;
	return i < c->n ? look_at_each(g, c, i, *out, n, a, e) : 0;
}

static int select_locked(const struct segment *g, const struct matcher *m, size_t nm,
			 struct arena *a, uint32_t **ordinals, uint32_t *n, struct err *e)
{
	struct conds c;
	bool done;

	if (make_plan(g, m, nm, a, &c, e) < 0)
		return -1;
	*n = 0;
	*ordinals = NULL;
	if (c.never)
		return 0;
	if (from_list(g, &c, a, ordinals, n, &done, e) < 0)
		return -1;
	return done ? 0 : from_bits(g, &c, a, ordinals, n, e);
}

int segment_select(const struct segment *g, const struct matcher *m, size_t nm, struct arena *a,
		   uint32_t **ordinals, uint32_t *n, struct err *e)
{
	int rc;

	segment_lock(g);
	rc = select_locked(g, m, nm, a, ordinals, n, e);
	segment_unlock(g);
	return rc;
}
