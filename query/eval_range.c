/*
 * eval_range.c - functions over ranges: each row's points are fetched once for all windows.
 */
#include "query/functions.h"

enum { SCALARS_MAX = 3 };

struct range_call {
	struct eval *ev;
	const struct node *node;
	struct matrix m;
	struct grid grid;
	const double *args[SCALARS_MAX];
	size_t nargs;
};

static int windows_in_turn(const struct range_row *r, double *out, struct err *e)
{
	double (*fn)(const struct window *) = r->call->call.fn->window;
	struct arena_mark mark = arena_mark(&r->w->scratch);
	double *spare = scratch_alloc(r->w, r->points.n, sizeof(*spare), e);
	struct patience patience = { .ev = r->ev };
	size_t lo = 0, hi = 0;

	if (!spare)
		return -1;
	for (size_t k = 0; k < r->grid->n; k++) {
		struct window win = { .range_ms = r->m->range_ms,
				      .nargs = r->nargs,
				      .spare = spare };

		win.end_ms = matrix_end(r->m, r->row_ends, k);
		win.at_ms = grid_time(r->grid, k);
		window_move(r, k, &lo, &hi);
		if (patience_ask(&patience, hi - lo, e) < 0)
			return -1;
		out[k] = ABSENT;
		if (hi == lo)
			continue;
		win.t_ms = r->points.t_ms + lo;
		win.v = r->points.v + lo;
		win.n = hi - lo;
		for (size_t i = 0; i < r->nargs; i++)
			win.arg[i] = r->args[i][k];
		out[k] = fn(&win);
	}
	arena_reset(&r->w->scratch, mark);
	return 0;
}

static int range_call_row(const struct vector *v, size_t i, struct worker *w, double *out,
			  struct err *e)
{
	const struct range_call *c = v->ctx;
	const struct function *fn = c->node->call.fn;
	struct range_row r = {
		.ev = c->ev,
		.w = w,
		.call = c->node,
		.head = &c->m.heads[i],
		.m = &c->m,
		.grid = &c->grid,
		.nargs = c->nargs,
	};

	memcpy(r.args, c->args, sizeof(r.args));
	if (matrix_row(&c->m, i, w, &r.points, &r.row_ends, e) < 0)
		return -1;
	if (r.points.n == 0) {
		for (size_t k = 0; k < v->width; k++)
			out[k] = ABSENT;
		return 0;
	}
	if (fn->remark && fn->remark(&r, e) < 0)
		return -1;
	return fn->kind == FN_RANGE ? fn->range(&r, out, e) : windows_in_turn(&r, out, e);
}

static int eval_args(struct eval *ev, const struct node *n, struct range_call *c, struct err *e)
{
	for (size_t i = 0; i < n->call.nargs; i++) {
		const struct node *arg = n->call.args[i];

		if (arg->type == VALUE_MATRIX) {
			if (eval_matrix(ev, arg, &c->grid, &c->m, e) < 0)
				return -1;
		} else if (c->nargs == SCALARS_MAX) {
			return err_set(e, ERR_UNSUPPORTED, "%s() has too many arguments",
				       n->call.fn->name);
		} else if (eval_scalar(ev, arg, &c->grid, &c->args[c->nargs++], e) < 0) {
			return -1;
		}
	}
	return 0;
}

int eval_range_call(struct eval *ev, const struct node *n, const struct grid *g, struct vector *out,
		    struct err *e)
{
	struct range_call *c = arena_new(ev->arena, struct range_call);

	if (!c)
		return eval_full(ev, e);
	c->ev = ev;
	c->node = n;
	c->grid = *g;
	if (eval_args(ev, n, c, e) < 0 ||
	    (n->call.fn->remark && heads_name(ev, c->m.heads, c->m.n, e) < 0))
		return -1;
	*out = (struct vector){ .n = c->m.n, .width = g->n, .compute = range_call_row, .ctx = c };
	out->heads = eval_alloc(ev, out->n, sizeof(*out->heads), e);
	if (!out->heads)
		return -1;
	if (out->n)
		memcpy(out->heads, c->m.heads, out->n * sizeof(*out->heads));
	return n->call.fn->flags & FN_KEEPS_NAME ? 0 : vector_drop_names(ev, out, e);
}
