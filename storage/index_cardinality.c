/*
 * index_cardinality.c - what there is most of: index_cardinality() of index.h.
 *
 * Names and values of all segments are walked once in the order of their texts; each of
 * the four lists keeps its largest so far in a heap whose top is the smallest.
 */
#include "storage/index_merge.h"

#include <stdlib.h>

struct top {
	struct index_count *heap;
	size_t n, max;
};

struct counting {
	const struct segment *g;
	size_t ng;
	struct arena *a, *scratch;
	struct index_cardinality *out;
	struct top metrics, values, bytes, pairs;
};

/* --- the largest ------------------------------------------------------------------- */

/* More first, and of as many the earlier text. */
static int by_count(const void *a, const void *b)
{
	const struct index_count *x = a, *y = b;

	if (x->n != y->n)
		return x->n > y->n ? -1 : 1;
	return slice_cmp(x->name, y->name);
}

static void sift_down(struct top *t, size_t i)
{
	for (;;) {
		size_t child = 2 * i + 1;
		struct index_count x = t->heap[i];

		if (child >= t->n)
			return;
		if (child + 1 < t->n && by_count(&t->heap[child + 1], &t->heap[child]) > 0)
			child++;
		if (by_count(&x, &t->heap[child]) >= 0)
			return;
		t->heap[i] = t->heap[child];
		t->heap[child] = x;
		i = child;
	}
}

static void sift_up(struct top *t, size_t i)
{
	while (i) {
		size_t parent = (i - 1) / 2;
		struct index_count x = t->heap[i];

		if (by_count(&x, &t->heap[parent]) <= 0)
			return;
		t->heap[i] = t->heap[parent];
		t->heap[parent] = x;
		i = parent;
	}
}

/* Texts rise, so that of as many the first ones stay. */
static bool is_wanted(const struct top *t, uint64_t n)
{
	return n && t->max && (t->n < t->max || n > t->heap[0].n);
}

static void top_add(struct top *t, struct slice name, uint64_t n)
{
	if (!is_wanted(t, n))
		return;
	if (t->n < t->max) {
		t->heap[t->n++] = (struct index_count){ name, n };
		sift_up(t, t->n - 1);
	} else {
		t->heap[0] = (struct index_count){ name, n };
		sift_down(t, 0);
	}
}

static int top_init(struct top *t, size_t max, struct arena *a, struct err *e)
{
	*t = (struct top){ .heap = arena_array(a, max, sizeof(*t->heap)), .max = max };
	return t->heap ? 0 : index_no_room(e);
}

static void top_end(struct top *t, struct index_count **out, size_t *n)
{
	qsort(t->heap, t->n, sizeof(*t->heap), by_count);
	*out = t->heap;
	*n = t->n;
}

/* --- counting ------------------------------------------------------------------------- */

static int count_value(const struct counting *c, const struct value_merge *m, uint64_t *series,
		       struct err *e)
{
	*series = 0;
	for (size_t i = 0; i < c->ng; i++) {
		uint32_t n;
		int rc;

		if (m->in[i] == INDEX_NONE)
			continue;
		segment_lock(&c->g[i]);
		rc = segment_count_seen(&c->g[i], m->in[i], &n, e);
		segment_unlock(&c->g[i]);
		if (rc < 0)
			return -1;
		*series += n;
	}
	return 0;
}

static int add_pair(struct counting *c, struct slice name, struct slice value, uint64_t series,
		    struct err *e)
{
	char *text;

	if (slice_is(name, LABEL_NAME))
		top_add(&c->metrics, value, series);
	if (!is_wanted(&c->pairs, series))
		return 0;
	text = arena_printf(c->a, "%.*s=%.*s", SLICE_FMT(name), SLICE_FMT(value));
	if (!text)
		return index_no_room(e);
	top_add(&c->pairs, slice_str(text), series);
	return 0;
}

static int count_name(struct counting *c, const struct merged_name *name, struct err *e)
{
	uint64_t values = 0, bytes = 0, series;
	struct value_merge m;
	int rc;

	if (merge_values(c->g, c->ng, name->in, c->scratch, &m, e) < 0)
		return -1;
	while ((rc = merge_next(&m, e)) > 0) {
		if (count_value(c, &m, &series, e) < 0)
			return -1;
		if (!series)
			continue;
		values++;
		bytes += m.text.n * series;
		if (add_pair(c, name->text, m.text, series, e) < 0)
			return -1;
	}
	c->out->names += values > 0;
	c->out->pairs += values;
	top_add(&c->values, name->text, values);
	top_add(&c->bytes, name->text, bytes);
	return rc;
}

static int count_all(struct counting *c, const struct index_set *x, struct err *e)
{
	struct merged_name *names;
	struct segment *g;
	size_t n;

	if (segments_open(x, c->scratch, &g, &c->ng, e) < 0 ||
	    merge_names(g, c->ng, c->scratch, &names, &n, e) < 0)
		return -1;
	c->g = g;
	for (size_t i = 0; i < c->ng; i++)
		c->out->series += g[i].hi - g[i].lo;
	for (size_t i = 0; i < n; i++) {
		struct arena_mark mark = arena_mark(c->scratch);

		if (count_name(c, &names[i], e) < 0)
			return -1;
		arena_reset(c->scratch, mark);
	}
	return 0;
}

int index_cardinality(const struct index_set *x, size_t top, struct arena *a,
		      struct index_cardinality *out, struct err *e)
{
	struct counting c = { .a = a, .out = out };
	struct arena scratch;
	int rc;

	*out = (struct index_cardinality){ 0 };
	if (top_init(&c.metrics, top, a, e) < 0 || top_init(&c.values, top, a, e) < 0 ||
	    top_init(&c.bytes, top, a, e) < 0 || top_init(&c.pairs, top, a, e) < 0)
		return -1;
	arena_init(&scratch, a->limit - a->held);
	c.scratch = &scratch;
	rc = count_all(&c, x, e);
	arena_release(&scratch);
	top_end(&c.metrics, &out->metrics, &out->nmetrics);
	top_end(&c.values, &out->label_values, &out->nlabel_values);
	top_end(&c.bytes, &out->label_bytes, &out->nlabel_bytes);
	top_end(&c.pairs, &out->label_pairs, &out->nlabel_pairs);
	return rc;
}
