/*
 * answer.c - see answer.h.
 */
#include "query/answer.h"

#include <stdlib.h>

/* Rows of an instant answer beyond which nobody reads them one by one. */
enum { SORTED_MAX = 1000 };

/* Of a range query a scalar is a series without labels. */
static int as_vector(struct eval *ev, struct query *q, struct err *e)
{
	struct vector v = { .n = 1, .width = q->grid.n, .values = q->value.scalar };

	v.heads = eval_alloc(ev, 1, sizeof(*v.heads), e);
	if (!v.heads)
		return -1;
	v.heads->labels = labels_in_arena(ev->arena, NULL, 0);
	if (!v.heads->labels)
		return eval_full(ev, e);
	q->value.vector = v;
	q->value.type = VALUE_VECTOR;
	return 0;
}

/* Those of a row of the answer, which outlives the source. */
static const struct labels *row_labels(const struct eval *ev, const struct head *h)
{
	const struct labels *ls = head_labels(ev, h, ev->arena);

	return ls ? labels_copy(ev->arena, ls) : NULL;
}

/* Names that are only noted as dropped go now. */
static int settle_names(struct eval *ev, struct vector *v, struct err *e)
{
	unsigned features = ev->features;
	bool delayed = features & FEATURE_DELAYED_NAME_REMOVAL;
	int r = 0;

	ev->features &= ~(unsigned)FEATURE_DELAYED_NAME_REMOVAL;
	if (delayed)
		r = vector_merge_equal(ev, v, e);
	if (r == 0)
		r = heads_read(ev, v->heads, v->n, NULL, 0, e);
	for (size_t i = 0; i < v->n && r == 0; i++) {
		v->heads[i].labels = row_labels(ev, &v->heads[i]);
		v->heads[i].drop_name = false;
		if (!v->heads[i].labels)
			r = eval_full(ev, e);
	}
	ev->features = features;
	return r;
}

struct place {
	const struct labels *labels;
	size_t row;
};

static int by_labels(const void *a, const void *b)
{
	const struct place *x = a, *y = b;

	return labels_cmp(x->labels, y->labels);
}

static int sort_rows(struct eval *ev, struct vector *v, struct err *e)
{
	struct place *p = eval_alloc(ev, v->n, sizeof(*p), e);
	double *values;
	bool sorted = true;

	if (!p)
		return -1;
	for (size_t i = 0; i < v->n; i++) {
		p[i] = (struct place){ v->heads[i].labels, i };
		if (i > 0 && sorted)
			sorted = labels_cmp(p[i - 1].labels, p[i].labels) < 0;
	}
	if (sorted)
		return 0;
	qsort(p, v->n, sizeof(*p), by_labels);
	values = eval_alloc(ev, v->n * v->width, sizeof(*values), e);
	if (!values)
		return -1;
	for (size_t i = 0; i < v->n; i++) {
		memcpy(values + i * v->width, v->values + p[i].row * v->width,
		       v->width * sizeof(*values));
		v->heads[i].labels = p[i].labels;
	}
	v->values = values;
	return 0;
}

static int finish_vector(struct eval *ev, struct query *q, struct err *e)
{
	struct vector *v = &q->value.vector;

	if (vector_materialize(ev, v, true, e) < 0 || settle_names(ev, v, e) < 0)
		return -1;
	q->stats.peak_points = v->n * v->width;
	return 0;
}

/* Room for n points of the answer, which counts. */
static int room_for(struct eval *ev, struct query *q, size_t n, int64_t **t, double **v,
		    struct err *e)
{
	*t = NULL;
	*v = NULL;
	if (n > ev->max_points - q->stats.peak_points) {
		eval_too_many(ev, e);
		return -1;
	}
	q->stats.peak_points += n;
	*t = eval_alloc(ev, n, sizeof(**t), e);
	*v = eval_alloc(ev, n, sizeof(**v), e);
	return *t && *v ? 0 : -1;
}

/* Points of (end - range, end]. */
static int keep_window(struct eval *ev, struct query *q, const int64_t *row_ends,
		       const struct points *p, struct query_points *out, struct err *e)
{
	const struct matrix *m = &q->value.matrix;
	int64_t end = matrix_end(m, row_ends, 0), *t;
	size_t lo = 0, hi = p->n;
	double *v;

	out->n = 0;
	if (end == INT64_MIN)
		return 0;
	while (hi > 0 && p->t_ms[hi - 1] > end)
		hi--;
	while (lo < hi && p->t_ms[lo] <= end - m->range_ms)
		lo++;
	out->n = hi - lo;
	if (room_for(ev, q, out->n, &t, &v, e) < 0)
		return -1;
	if (out->n) {
		memcpy(t, p->t_ms + lo, out->n * sizeof(*t));
		memcpy(v, p->v + lo, out->n * sizeof(*v));
	}
	out->t_ms = t;
	out->v = v;
	return 0;
}

static double on_line(const struct points *p, size_t i, int64_t t)
{
	return p->v[i] + (p->v[i + 1] - p->v[i]) * (double)(t - p->t_ms[i]) /
				 (double)(p->t_ms[i + 1] - p->t_ms[i]);
}

/* Anchored and smoothed ranges have a point at each of their ends: what was last seen there, or
 * what lies on the line between its neighbours. */
static int keep_extended(struct eval *ev, struct query *q, const struct points *p,
			 struct query_points *out, struct err *e)
{
	const struct matrix *m = &q->value.matrix;
	int64_t end = matrix_end(m, NULL, 0), start = end - m->range_ms, *t;
	bool smoothed = m->kind == RANGE_SMOOTHED;
	size_t lo = 0, hi = p->n;
	double *v;

	out->n = 0;
	while (lo < p->n && p->t_ms[lo] <= start)
		lo++;
	while (hi > lo && p->t_ms[hi - 1] >= end)
		hi--;
	if (lo == p->n)
		return 0;
	if (room_for(ev, q, hi - lo + 2, &t, &v, e) < 0)
		return -1;
	t[out->n] = start;
	v[out->n++] = lo == 0 ? p->v[0] : smoothed ? on_line(p, lo - 1, start) : p->v[lo - 1];
	for (size_t i = lo; i < hi; i++) {
		t[out->n] = p->t_ms[i];
		v[out->n++] = p->v[i];
	}
	t[out->n] = end;
	v[out->n++] = hi == p->n || hi == 0 ? p->v[hi < p->n ? hi : hi - 1]
		      : p->t_ms[hi] == end  ? p->v[hi]
					    : on_line(p, hi - 1, end);
	out->t_ms = t;
	out->v = v;
	return 0;
}

static int finish_matrix(struct eval *ev, struct query *q, struct err *e)
{
	const struct matrix *m = &q->value.matrix;
	struct worker *w = &ev->workers[0];

	q->rows = eval_alloc(ev, m->n, sizeof(*q->rows), e);
	if (!q->rows || heads_read(ev, m->heads, m->n, NULL, 0, e) < 0)
		return -1;
	for (size_t i = 0; i < m->n; i++) {
		struct arena_mark mark = arena_mark(&w->scratch);
		struct query_points *row = &q->rows[q->nrows];
		const int64_t *row_ends;
		struct points p;
		int r = eval_alive(ev, e);

		if (r == 0)
			r = matrix_row(m, i, w, &p, &row_ends, e);
		if (r == 0)
			r = m->kind == RANGE_PLAIN || row_ends
				    ? keep_window(ev, q, row_ends, &p, row, e)
				    : keep_extended(ev, q, &p, row, e);
		arena_reset(&w->scratch, mark);
		if (r < 0)
			return -1;
		row->labels = row_labels(ev, &m->heads[i]);
		if (!row->labels)
			return eval_full(ev, e);
		q->nrows += row->n > 0;
	}
	return 0;
}

static int evaluate(struct eval *ev, struct query *q, struct err *e)
{
	if (eval_node(ev, q->expr.root, &q->grid, &q->value, e) < 0)
		return -1;
	switch (q->value.type) {
	case VALUE_SCALAR:
		return q->step_ms ? as_vector(ev, q, e) : 0;
	case VALUE_VECTOR:
		return finish_vector(ev, q, e);
	case VALUE_MATRIX:
		return finish_matrix(ev, q, e);
	default:
		return 0;
	}
}

static int by_row_labels(const void *a, const void *b)
{
	const struct query_points *x = a, *y = b;

	return labels_cmp(x->labels, y->labels);
}

static int sort(struct eval *ev, struct query *q, struct err *e)
{
	struct vector *v = &q->value.vector;

	if (q->value.type == VALUE_MATRIX)
		qsort(q->rows, q->nrows, sizeof(*q->rows), by_row_labels);
	/* sort() and topk() of what is the same at every step have ordered it, but a range's rows
	 * always come by labels. */
	v->ordered &= q->step_ms == 0;
	/* An instant answer has no order of its own; one for people is put in one. */
	if (q->value.type != VALUE_VECTOR || v->ordered || (q->step_ms == 0 && v->n > SORTED_MAX))
		return 0;
	return sort_rows(ev, v, e);
}

int answer_make(struct eval *ev, struct query *q, struct err *e)
{
	int64_t begun = eval_clock_ns(), evaluated;

	if (evaluate(ev, q, e) < 0)
		return -1;
	evaluated = eval_clock_ns();
	if (sort(ev, q, e) < 0)
		return -1;
	q->stats.inner_ns = evaluated - begun;
	q->stats.sort_ns = eval_clock_ns() - evaluated;
	return 0;
}
