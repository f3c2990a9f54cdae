/*
 * eval_subquery.c - a range vector made of an expression's own values.
 *
 * The steps of the inner expression are multiples of its step in absolute time, so that the same
 * points are seen whatever the query's start is; the first lies after the earliest
 * window's left, open end. The inner rows stay lazy: a row is worked out when the function
 * around it asks.
 */
#include "query/functions.h"

struct subquery {
	struct vector inner;
	struct grid at; /* of the inner values */
};

static int subquery_row(const struct matrix *m, size_t i, struct worker *w, struct points *out,
			const int64_t **row_ends, struct err *e)
{
	const struct subquery *s = m->ctx;
	int64_t *t = scratch_alloc(w, s->at.n, sizeof(*t), e);
	double *v = scratch_alloc(w, s->at.n, sizeof(*v), e);
	const double *row;
	size_t n = 0;

	*row_ends = NULL;
	if (!t || !v)
		return -1;
	row = vector_row(&s->inner, i, w, e);
	if (!row)
		return -1;
	for (size_t k = 0; k < s->at.n; k++)
		if (!is_absent(row[k])) {
			t[n] = grid_time(&s->at, k);
			v[n++] = row[k];
		}
	*out = (struct points){ .n = n, .t_ms = t, .v = v };
	return 0;
}

/* Multiples of `step` in (after, last]. */
static int inner_grid(struct eval *ev, int64_t after, int64_t last, int64_t step, struct grid *out,
		      struct err *e)
{
	int64_t start = after / step * step;

	if (start <= after && __builtin_add_overflow(start, step, &start))
		start = INT64_MAX;
	out->start_ms = start;
	out->step_ms = step;
	out->n = start > last ? 0
			      : (size_t)(((uint64_t)last - (uint64_t)start) / (uint64_t)step) + 1;
	return out->n > ev->max_points ? eval_too_many(ev, e) : 0;
}

int eval_subquery(struct eval *ev, const struct node *n, const struct grid *g, struct matrix *out,
		  struct err *e)
{
	const struct node_subquery *q = &n->subquery;
	struct subquery *s = arena_new(ev->arena, struct subquery);
	int64_t step = q->step_ms ? q->step_ms : ev->subquery_step_ms, last, after;
	int r;

	if (!s)
		return eval_full(ev, e);
	*out = (struct matrix){ .ends = *g,
				.range_ms = q->range_ms,
				.fetch = subquery_row,
				.ctx = s,
				.counting = ev->counting };
	out->fixed = q->shift.at != AT_NONE;
	out->ends.start_ms = (out->fixed ? q->shift.at_ms : g->start_ms);
	if (__builtin_sub_overflow(out->ends.start_ms, q->shift.offset_ms, &out->ends.start_ms) ||
	    __builtin_sub_overflow(out->ends.start_ms, q->range_ms, &after))
		return eval_fail(ev, e, "subquery reaches beyond all time");
	last = matrix_end(out, NULL, g->n - 1);
	if (inner_grid(ev, after, last, step, &s->at, e) < 0)
		return -1;
	if (s->at.n == 0)
		return 0;
	ev->counting = COUNT_NONE;
	r = eval_rows(ev, q->expr, &s->at, &s->inner, e);
	ev->counting = out->counting;
	if (r < 0)
		return -1;
	out->n = s->inner.n;
	out->heads = eval_alloc(ev, out->n, sizeof(*out->heads), e);
	if (!out->heads)
		return -1;
	if (out->n)
		memcpy(out->heads, s->inner.heads, out->n * sizeof(*out->heads));
	return 0;
}
