/*
 * eval_vector.c - rows: worked out one by one when asked, or all at once.
 */
#include "query/eval.h"

const double *vector_row(const struct vector *v, size_t i, struct worker *w, struct err *e)
{
	double *out;

	if (v->values)
		return v->values + i * v->width;
	out = scratch_alloc(w, v->width, sizeof(*out), e);
	if (!out || v->compute(v, i, w, out, e) < 0)
		return NULL;
	return out;
}

int matrix_row(const struct matrix *m, size_t i, struct worker *w, struct points *out,
	       const int64_t **row_ends, struct err *e)
{
	size_t lo = 0, hi = 0;

	if (m->fetch(m, i, w, out, row_ends, e) < 0)
		return -1;
	for (size_t k = 0; k < m->ends.n && m->counting != COUNT_NONE; k++) {
		matrix_window(m, *row_ends, out, k, &lo, &hi);
		count_step(w, m->counting, k, hi - lo);
	}
	return 0;
}

static int room_for(struct eval *ev, size_t n, size_t width, double **values, struct err *e)
{
	size_t points;

	if (__builtin_mul_overflow(n, width, &points) || points > ev->max_points)
		return eval_too_many(ev, e);
	*values = eval_alloc(ev, points, sizeof(**values), e);
	return *values ? 0 : -1;
}

int vector_new(struct eval *ev, size_t n, size_t width, struct vector *out, double **values,
	       struct err *e)
{
	*out = (struct vector){ .n = n, .width = width };
	out->heads = eval_alloc(ev, n, sizeof(*out->heads), e);
	if (!out->heads || room_for(ev, n, width, values, e) < 0)
		return -1;
	for (size_t i = 0; i < n * width; i++)
		(*values)[i] = ABSENT;
	out->values = *values;
	return 0;
}

/* --- all rows ---------------------------------------------------------------------------- */

struct materializing {
	const struct vector *v;
	double *values;
};

static int materialize_part(void *arg, struct worker *w, size_t part, size_t from, size_t to,
			    struct err *e)
{
	const struct materializing *m = arg;

	(void)part;
	for (size_t i = from; i < to; i++) {
		struct arena_mark mark = arena_mark(&w->scratch);
		int r = eval_alive(w->ev, e);

		if (r == 0)
			r = m->v->compute(m->v, i, w, m->values + i * m->v->width, e);
		arena_reset(&w->scratch, mark);
		if (r < 0)
			return -1;
	}
	return 0;
}

static bool is_empty(const double *row, size_t width)
{
	for (size_t k = 0; k < width; k++)
		if (!is_absent(row[k]))
			return false;
	return true;
}

/* The values of a vector are in the query's arena and nobody else's. */
static void drop_empty_rows(struct vector *v)
{
	double *values = (double *)v->values;
	size_t kept = 0;

	for (size_t i = 0; i < v->n; i++) {
		const double *row = values + i * v->width;

		if (is_empty(row, v->width))
			continue;
		if (kept != i) {
			memmove(values + kept * v->width, row, v->width * sizeof(*row));
			v->heads[kept] = v->heads[i];
		}
		kept++;
	}
	v->n = kept;
}

int vector_materialize(struct eval *ev, struct vector *v, bool drop_empty, struct err *e)
{
	struct materializing m = { .v = v };

	if (!v->values) {
		if (room_for(ev, v->n, v->width, &m.values, e) < 0 ||
		    eval_spread(ev, v->n, materialize_part, &m, e) < 0)
			return -1;
		v->values = m.values;
	}
	if (drop_empty)
		drop_empty_rows(v);
	return 0;
}
