/* aggregate_quantile.c - quantile(φ, …): NaN counts as smaller than any number. */
#include "query/eval_aggregate.h"
#include "query/stats/select.h"

struct quantiles {
	struct grouping *g;
	double *values; /* the result's */
};

static int quantile_part(void *arg, struct worker *w, size_t part, size_t from, size_t to,
			 struct err *e)
{
	struct quantiles *q = arg;
	const struct grouping *g = q->g;
	const struct vector *rows = g->rows;

	(void)part;
	for (size_t key = from; key < to; key++) {
		struct arena_mark mark = arena_mark(&w->scratch);
		size_t first = g->by.start[key], last = g->by.start[key + 1];
		double *x = scratch_alloc(w, last - first, sizeof(*x), e);

		if (!x || eval_alive(g->ev, e) < 0)
			return -1;
		for (size_t k = 0; k < rows->width; k++) {
			size_t n = 0;

			for (size_t i = first; i < last; i++) {
				double v = rows->values[g->by.row[i] * rows->width + k];

				if (!is_absent(v))
					x[n++] = v;
			}
			if (n)
				q->values[key * rows->width + k] =
					select_quantile(x, n, g->param[k]);
		}
		arena_reset(&w->scratch, mark);
	}
	return 0;
}

int aggregate_quantile(struct grouping *g, struct vector *out, struct err *e)
{
	struct quantiles q = { .g = g };

	if (vector_new(g->ev, g->keys.n, g->rows->width, out, &q.values, e) < 0 ||
	    group_heads(g, out->heads, e) < 0 || vector_materialize(g->ev, g->rows, false, e) < 0)
		return -1;
	return eval_spread(g->ev, g->keys.n, quantile_part, &q, e);
}
