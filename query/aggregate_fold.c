/*
 * aggregate_fold.c - aggregates that need a few numbers for each group and step.
 *
 * Rows are taken in the order of their groups, cut into parts for the workers. A part owns the
 * cells of the groups that lie in it; the group at its beginning may have begun in the part before,
 * so that one has cells of the part's own, and they are joined afterwards in the order of the
 * parts. So results do not depend on who was faster, and no row is held.
 *
 * Sums carry the error of each addition along (Neumaier 1974), as Prometheus' do; means are sums
 * divided, or running means once a sum has overflowed; spread is Welford's (1962), joined as in
 * Chan, Golub, LeVeque (1979).
 */
#include "query/eval_aggregate.h"

struct cell {
	double a; /* sum, extreme or mean */
	double c; /* error of the sum, or sum of squared distances */
	uint32_t n;
	bool mean; /* avg: `a` is a mean, the sum was too large */
};

/* 6 MiB: they should stay in the cache. */
enum { OWN_CELLS_MAX = 256 << 10 };

struct fold {
	struct grouping *g;
	struct cell *cells; /* [group][step] */
	/* A part's own: [part][group][step] when `all`, else [part][step] of the group it begins
	 * in. */
	struct cell *own;
	size_t parts;
	bool all;
};

/* --- one value ---------------------------------------------------------------------------- */

static inline void add(struct cell *to, double x)
{
	double sum = to->a + x;

	if (isinf(sum))
		to->c = 0;
	else if (fabs(to->a) >= fabs(x))
		to->c += (to->a - sum) + x;
	else
		to->c += (x - sum) + to->a;
	to->a = sum;
}

/* A mean of to->n values with its error, and one of n others with theirs: each is weighted, then
 * they are added like parts of a sum. */
static void join_means(struct cell *to, double mean, double error, uint32_t n)
{
	double all = (double)to->n + n, weight = to->n / all;

	to->a *= weight;
	to->c *= weight;
	add(to, n == 1 ? mean / all : mean * (n / all));
	if (!isinf(to->a))
		to->c += error * (n / all);
}

static inline void add_to_mean(struct cell *to, double x)
{
	double before = to->a, error = to->c;

	if (!to->mean) {
		add(to, x);
		if (!isinf(to->a) || isinf(before) || isinf(x))
			return;
		to->mean = true;
		to->a = before / to->n;
		to->c = error / to->n;
	}
	join_means(to, x, 0, 1);
}

static inline void add_spread(struct cell *to, double x)
{
	double delta = x - to->a;

	to->a += delta / (to->n + 1);
	to->c += delta * (x - to->a);
}

#define EACH(statement)                                                                            \
	for (size_t k = 0; k < width; k++) {                                                       \
		double x = row[k];                                                                 \
		struct cell *to = &cells[k];                                                       \
		if (is_absent(x))                                                                  \
			continue;                                                                  \
		statement;                                                                         \
		to->n++;                                                                           \
	}                                                                                          \
	break

static void take_row(enum aggregate_op op, const double *row, size_t width, struct cell *cells)
{
	switch (op) {
	case AGG_SUM:
		EACH(add(to, x));
	case AGG_AVG:
		EACH(add_to_mean(to, x));
	case AGG_MIN:
		EACH(if (to->a > x || isnan(to->a)) to->a = x);
	case AGG_MAX:
		EACH(if (to->a < x || isnan(to->a)) to->a = x);
	case AGG_STDDEV:
	case AGG_STDVAR:
		EACH(add_spread(to, x));
	default:
		EACH((void)0);
	}
}

static double empty_value(enum aggregate_op op)
{
	switch (op) {
	case AGG_SUM:
	case AGG_AVG:
		return -0.0; /* the only one that changes nothing, not even the sign of -0 */
	case AGG_MIN:
	case AGG_MAX:
		return NAN;
	default:
		return 0;
	}
}

static void clear(enum aggregate_op op, struct cell *cells, size_t n)
{
	const struct cell empty = { .a = empty_value(op) };

	for (size_t k = 0; k < n; k++)
		cells[k] = empty;
}

/* --- parts joined ------------------------------------------------------------------------- */

static void join_sums(struct cell *to, const struct cell *from)
{
	double error = to->c + from->c;

	to->c = 0;
	add(to, from->a);
	if (!isinf(to->a))
		to->c += error;
}

static void become_mean(struct cell *c)
{
	if (!c->mean) {
		c->a /= c->n;
		c->c /= c->n;
	}
	c->mean = true;
}

static void join_avg(struct cell *to, const struct cell *from)
{
	struct cell part = *from, before = *to;

	if (!to->mean && !part.mean) {
		join_sums(to, &part);
		if (!isinf(to->a) || isinf(before.a) || isinf(part.a))
			return;
		*to = before;
	}
	become_mean(to);
	become_mean(&part);
	join_means(to, part.a, part.c, part.n);
}

static void join_spread(struct cell *to, const struct cell *from)
{
	double n = to->n, m = from->n, delta = from->a - to->a;

	to->a += delta * m / (n + m);
	to->c += from->c + delta * delta * n * m / (n + m);
}

static void join_cell(enum aggregate_op op, struct cell *to, const struct cell *from)
{
	if (from->n == 0)
		return;
	if (to->n == 0) {
		*to = *from;
		return;
	}
	switch (op) {
	case AGG_SUM:
		join_sums(to, from);
		break;
	case AGG_AVG:
		join_avg(to, from);
		break;
	case AGG_MIN:
		if (to->a > from->a || isnan(to->a))
			to->a = from->a;
		break;
	case AGG_MAX:
		if (to->a < from->a || isnan(to->a))
			to->a = from->a;
		break;
	case AGG_STDDEV:
	case AGG_STDVAR:
		join_spread(to, from);
		break;
	default:
		break;
	}
	to->n += from->n;
}

/* --- the fold ----------------------------------------------------------------------------- */

static int fold_part(void *arg, struct worker *w, size_t part, size_t from, size_t to,
		     struct err *e)
{
	struct fold *f = arg;
	const struct grouping *g = f->g;
	size_t width = g->rows->width;
	enum aggregate_op op = g->node->aggregate.op;
	uint32_t begun = from < to ? g->by.key[g->by.row[from]] : 0;

	for (size_t i = from; i < to; i++) {
		struct arena_mark mark = arena_mark(&w->scratch);
		uint32_t row = f->all ? (uint32_t)i : g->by.row[i], key = g->by.key[row];
		const double *values;
		struct cell *into;

		if (eval_alive(g->ev, e) < 0)
			return -1;
		values = vector_row(g->rows, row, w, e);
		if (!values)
			return -1;
		if (f->all)
			into = f->own + (part * g->keys.n + key) * width;
		else
			into = key == begun ? f->own + part * width : f->cells + key * width;
		take_row(op, values, width, into);
		arena_reset(&w->scratch, mark);
	}
	return 0;
}

static double result(enum aggregate_op op, const struct cell *c)
{
	switch (op) {
	case AGG_SUM:
		return c->a + c->c;
	case AGG_AVG:
		return c->mean ? c->a + c->c : c->a / c->n + c->c / c->n;
	case AGG_COUNT:
		return c->n;
	case AGG_GROUP:
		return 1;
	case AGG_STDDEV:
		return sqrt(c->c / c->n);
	case AGG_STDVAR:
		return c->c / c->n;
	default:
		return c->a;
	}
}

static void join_part(struct fold *f, size_t part, struct cell *into, size_t cells)
{
	const struct cell *own = f->own + part * cells;

	for (size_t k = 0; k < cells; k++)
		join_cell(f->g->node->aggregate.op, &into[k], &own[k]);
}

static void join_parts(struct fold *f)
{
	const struct grouping *g = f->g;
	size_t width = g->rows->width, n = g->rows->n;

	for (size_t part = 0; part < f->parts; part++) {
		size_t from = n * part / f->parts, to = n * (part + 1) / f->parts;

		if (f->all)
			join_part(f, part, f->cells, g->keys.n * width);
		else if (from < to)
			join_part(f, part, f->cells + g->by.key[g->by.row[from]] * width, width);
	}
}

int aggregate_fold(struct grouping *g, struct vector *out, struct err *e)
{
	enum aggregate_op op = g->node->aggregate.op;
	size_t width = g->rows->width, n = g->keys.n;
	struct fold f = { .g = g, .parts = eval_parts(g->ev, g->rows->n) };
	size_t own;
	double *values;

	if (vector_new(g->ev, n, width, out, &values, e) < 0 || group_heads(g, out->heads, e) < 0)
		return -1;
	f.all = f.parts * n * width <= OWN_CELLS_MAX;
	own = f.parts * (f.all ? n : 1) * width;
	f.cells = eval_alloc(g->ev, n * width, sizeof(*f.cells), e);
	f.own = eval_alloc(g->ev, own, sizeof(*f.own), e);
	if (!f.cells || !f.own)
		return -1;
	clear(op, f.cells, n * width);
	clear(op, f.own, own);
	if (eval_spread(g->ev, g->rows->n, fold_part, &f, e) < 0)
		return -1;
	join_parts(&f);
	for (size_t i = 0; i < n * width; i++)
		if (f.cells[i].n)
			values[i] = result(op, &f.cells[i]);
	return 0;
}
