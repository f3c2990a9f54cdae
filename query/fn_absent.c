/* fn_absent.c - what is not there: 1 at the steps at which an expression has no row. */
#include "query/functions_impl.h"

#include <stdlib.h>

static int by_name(const void *a, const void *b)
{
	return slice_cmp(((const struct label *)a)->name, ((const struct label *)b)->name);
}

/* Labels that the selector asks for by "=": in the order of its conditions another one for the same
 * label takes it back, as Prometheus has it. */
static const struct labels *labels_asked_for(struct eval *ev, const struct node *arg, struct err *e)
{
	struct label l[LABELS_MAX];
	const struct labels *out;
	size_t n = 0, kept = 0;

	arg = node_inner(arg);
	if (arg->kind == NODE_MATRIX)
		arg = arg->matrix.selector;
	for (size_t i = 0; arg->kind == NODE_SELECTOR && i < arg->selector.nm; i++) {
		const struct matcher *m = &arg->selector.m[i];
		size_t at = 0;

		if (slice_is(m->name, LABEL_NAME))
			continue;
		while (at < n && !slice_eq(l[at].name, m->name))
			at++;
		if (at == n && m->op == MATCH_EQ && n < LABELS_MAX)
			l[n++] = (struct label){ m->name, m->value };
		else if (at < n)
			l[at].value = slice_of("", 0);
	}
	for (size_t i = 0; i < n; i++)
		if (l[i].value.n)
			l[kept++] = l[i];
	qsort(l, kept, sizeof(*l), by_name);
	out = labels_in_arena(ev->arena, l, kept);
	if (!out)
		eval_full(ev, e);
	return out;
}

/* One row: 1 where `there` is not set. */
static int missing(struct eval *ev, const struct node *arg, const uint8_t *there, size_t width,
		   struct vector *out, struct err *e)
{
	double *values;

	if (vector_new(ev, 1, width, out, &values, e) < 0)
		return -1;
	out->heads[0].labels = labels_asked_for(ev, arg, e);
	if (!out->heads[0].labels)
		return -1;
	for (size_t k = 0; k < width; k++)
		if (!there[k])
			values[k] = 1;
	return 0;
}

int call_absent(struct eval *ev, const struct node *call, const struct grid *g, struct value *out,
		struct err *e)
{
	struct vector v;
	uint8_t *there = eval_alloc(ev, g->n, 1, e);

	if (!there || eval_rows(ev, call->call.args[0], g, &v, e) < 0 ||
	    vector_materialize(ev, &v, true, e) < 0)
		return -1;
	for (size_t i = 0; i < v.n; i++)
		for (size_t k = 0; k < g->n; k++)
			there[k] |= !is_absent(v.values[i * g->n + k]);
	return missing(ev, call->call.args[0], there, g->n, &out->vector, e);
}

static int note_windows(struct eval *ev, const struct matrix *m, size_t i, size_t width,
			uint8_t *there, struct err *e)
{
	struct worker *w = &ev->workers[0];
	struct range_row r = { .ev = ev, .w = w, .head = &m->heads[i], .m = m };
	size_t lo = 0, hi = 0;

	if (matrix_row(m, i, w, &r.points, &r.row_ends, e) < 0)
		return -1;
	for (size_t k = 0; k < width; k++) {
		window_move(&r, k, &lo, &hi);
		there[k] |= hi > lo;
	}
	return 0;
}

int call_absent_over_time(struct eval *ev, const struct node *call, const struct grid *g,
			  struct value *out, struct err *e)
{
	struct worker *w = &ev->workers[0];
	struct matrix m;
	uint8_t *there = eval_alloc(ev, g->n, 1, e);

	if (!there || eval_matrix(ev, call->call.args[0], g, &m, e) < 0)
		return -1;
	for (size_t i = 0; i < m.n; i++) {
		struct arena_mark mark = arena_mark(&w->scratch);
		int r = eval_alive(ev, e);

		if (r == 0)
			r = note_windows(ev, &m, i, g->n, there, e);
		arena_reset(&w->scratch, mark);
		if (r < 0)
			return -1;
	}
	return missing(ev, call->call.args[0], there, g->n, &out->vector, e);
}
