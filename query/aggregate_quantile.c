/* aggregate_quantile.c - quantile(φ, …): NaN counts as smaller than any number. */
#include "query/eval_aggregate.h"
#include "query/stats/select.h"

struct quantiles {
	struct grouping *g;
	double *values; /* the result's */
};

/* Steps whose values are gathered together: as many as one reading of memory brings along. */
enum { TOGETHER = 8 };

/* Values of rows [first, last) at `steps` steps from k on, each step's by themselves in x. */
static void gather(const struct grouping *g, size_t first, size_t last, size_t k, size_t steps,
		   double *x, size_t n[TOGETHER])
{
	const struct vector *rows = g->rows;
	size_t room = last - first;

	memset(n, 0, TOGETHER * sizeof(*n));
	for (size_t i = first; i < last; i++) {
		const double *v = rows->values + g->by.row[i] * rows->width + k;

		for (size_t s = 0; s < steps; s++) {
			x[s * room + n[s]] = v[s];
			n[s] += !is_absent(v[s]);
		}
	}
}

static int quantile_group(struct quantiles *q, struct worker *w, size_t key, struct err *e)
{
	const struct grouping *g = q->g;
	size_t width = g->rows->width, n[TOGETHER];
	size_t first = g->by.start[key], last = g->by.start[key + 1];
	size_t together = width < TOGETHER ? width : TOGETHER;
	double *x = scratch_alloc(w, (last - first) * together, sizeof(*x), e);

	if (!x)
		return -1;
	for (size_t k = 0; k < width; k += together) {
		size_t steps = width - k < together ? width - k : together;

		if (eval_alive(g->ev, e) < 0)
			return -1;
		gather(g, first, last, k, steps, x, n);
		for (size_t s = 0; s < steps; s++)
			if (n[s])
				q->values[key * width + k + s] =
					select_quantile(x + s * (last - first), n[s],
							g->param[k + s]);
	}
	return 0;
}

static int quantile_part(void *arg, struct worker *w, size_t part, size_t from, size_t to,
			 struct err *e)
{
	(void)part;
	for (size_t key = from; key < to; key++) {
		struct arena_mark mark = arena_mark(&w->scratch);
		int r = quantile_group(arg, w, key, e);

		arena_reset(&w->scratch, mark);
		if (r < 0)
			return -1;
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
