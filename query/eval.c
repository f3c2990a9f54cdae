/*
 * eval.c - evaluation of a node by its kind; numbers, signs, functions of single values.
 *
 * A node that is the same at every step (plan.h) is evaluated at one step and spread over the
 * others.
 */
#include "query/functions.h"

/* --- the same at every step ---------------------------------------------------------------- */

static int repeat_row(const struct vector *v, size_t i, struct worker *w, double *out,
		      struct err *e)
{
	const struct vector *once = v->ctx;
	const double *row = vector_row(once, i, w, e);

	if (!row)
		return -1;
	for (size_t k = 0; k < v->width; k++)
		out[k] = row[0];
	return 0;
}

static int repeat_vector(struct eval *ev, size_t width, struct vector *v, struct err *e)
{
	struct vector *once = arena_new(ev->arena, struct vector);

	if (!once)
		return eval_full(ev, e);
	if (vector_materialize(ev, v, true, e) < 0)
		return -1;
	*once = *v;
	v->values = NULL;
	v->width = width;
	v->compute = repeat_row;
	v->ctx = once;
	return 0;
}

static int fill_scalar(struct eval *ev, double x, size_t n, const double **out, struct err *e)
{
	double *v = eval_alloc(ev, n, sizeof(*v), e);

	if (!v)
		return -1;
	for (size_t k = 0; k < n; k++)
		v[k] = x;
	*out = v;
	return 0;
}

static int eval_any(struct eval *ev, const struct node *n, const struct grid *g, struct value *out,
		    struct err *e);

static int eval_constant(struct eval *ev, const struct node *n, const struct grid *g,
			 struct value *out, struct err *e)
{
	struct grid once = { .start_ms = g->start_ms, .step_ms = g->step_ms, .n = 1 };
	enum step_counting counting = ev->counting;
	int r;

	if (counting == COUNT_STEP)
		ev->counting = COUNT_EVERY;
	r = eval_any(ev, n, &once, out, e);
	if (r == 0)
		r = n->type == VALUE_SCALAR && out->scalar
			    ? fill_scalar(ev, out->scalar[0], g->n, &out->scalar, e)
			    : repeat_vector(ev, g->n, &out->vector, e);
	ev->counting = counting;
	return r;
}

/* --- signs ------------------------------------------------------------------------------------ */

static void negate(const double *v, size_t n, double *out)
{
	for (size_t k = 0; k < n; k++)
		out[k] = is_absent(v[k]) ? v[k] : -v[k];
}

static int negative_row(const struct vector *v, size_t i, struct worker *w, double *out,
			struct err *e)
{
	const double *row = vector_row(v->ctx, i, w, e);

	if (!row)
		return -1;
	negate(row, v->width, out);
	return 0;
}

/* A vector computed row by row from `child`, with heads of its own. */
static int vector_over(struct eval *ev, const struct vector *child, row_fn compute, const void *ctx,
		       struct vector *out, struct err *e)
{
	*out = (struct vector){
		.n = child->n, .width = child->width, .compute = compute, .ctx = ctx
	};
	out->heads = eval_alloc(ev, child->n, sizeof(*out->heads), e);
	if (!out->heads)
		return -1;
	if (child->n)
		memcpy(out->heads, child->heads, child->n * sizeof(*out->heads));
	return 0;
}

static int eval_unary(struct eval *ev, const struct node *n, const struct grid *g,
		      struct value *out, struct err *e)
{
	struct vector *child;
	double *v;

	if (!n->unary.minus)
		return eval_node(ev, n->unary.expr, g, out, e);
	if (n->type == VALUE_SCALAR) {
		const double *x;

		if (eval_scalar(ev, n->unary.expr, g, &x, e) < 0)
			return -1;
		v = eval_alloc(ev, g->n, sizeof(*v), e);
		if (!v)
			return -1;
		negate(x, g->n, v);
		out->scalar = v;
		return 0;
	}
	child = arena_new(ev->arena, struct vector);
	if (!child)
		return eval_full(ev, e);
	if (eval_rows(ev, n->unary.expr, g, child, e) < 0 ||
	    vector_over(ev, child, negative_row, child, &out->vector, e) < 0)
		return -1;
	return vector_drop_names(ev, &out->vector, e);
}

/* --- functions ---------------------------------------------------------------------- */

struct math_call {
	struct vector child;
	double (*math)(double v, const double *scalars);
};

static int math_row(const struct vector *v, size_t i, struct worker *w, double *out, struct err *e)
{
	const struct math_call *c = v->ctx;
	const double *row = vector_row(&c->child, i, w, e);

	if (!row)
		return -1;
	for (size_t k = 0; k < v->width; k++)
		out[k] = is_absent(row[k]) ? row[k] : c->math(row[k], NULL);
	return 0;
}

static int eval_math(struct eval *ev, const struct node *n, const struct grid *g,
		     struct vector *out, struct err *e)
{
	struct math_call *c = arena_new(ev->arena, struct math_call);

	if (!c)
		return eval_full(ev, e);
	c->math = n->call.fn->math;
	if (eval_rows(ev, n->call.args[0], g, &c->child, e) < 0 ||
	    vector_over(ev, &c->child, math_row, c, out, e) < 0)
		return -1;
	if (n->call.fn->flags & FN_KEEPS_NAME)
		return 0;
	return vector_drop_names(ev, out, e);
}

static bool is_one_of(const char *name, const char *const *list)
{
	for (; *list; list++)
		if (strcmp(name, *list) == 0)
			return true;
	return false;
}

/* Anchored and smoothed ranges make sense to some functions only. */
static int check_extended(struct eval *ev, const struct node *n, struct err *e)
{
	static const char *const anchored[] = { "changes", "delta",  "increase",
						"rate",    "resets", NULL };
	static const char *const smoothed[] = { "delta", "increase", "rate", NULL };
	const char *name = n->call.fn->name;

	for (size_t i = 0; i < n->call.nargs; i++) {
		const struct node *arg = node_inner(n->call.args[i]);
		enum range_kind kind = RANGE_PLAIN;

		if (arg->kind == NODE_MATRIX)
			kind = arg->matrix.selector->selector.kind;
		if (kind == RANGE_ANCHORED && !is_one_of(name, anchored))
			return eval_fail(ev, e,
					 "anchored modifier can only be used with: changes, delta, "
					 "increase, rate, resets - not with %s",
					 name);
		if (kind == RANGE_SMOOTHED && !is_one_of(name, smoothed))
			return eval_fail(ev, e,
					 "smoothed modifier can only be used with: delta, "
					 "increase, rate - not with %s",
					 name);
	}
	return 0;
}

static int eval_call(struct eval *ev, const struct node *n, const struct grid *g, struct value *out,
		     struct err *e)
{
	if (check_extended(ev, n, e) < 0)
		return -1;
	switch (n->call.fn->kind) {
	case FN_MATH:
		return eval_math(ev, n, g, &out->vector, e);
	case FN_WINDOW:
	case FN_RANGE:
		return eval_range_call(ev, n, g, &out->vector, e);
	case FN_SPECIAL:
		break;
	}
	return n->call.fn->special(ev, n, g, out, e);
}

/* --- by kind ------------------------------------------------------------------------ */

static int eval_any(struct eval *ev, const struct node *n, const struct grid *g, struct value *out,
		    struct err *e)
{
	switch (n->kind) {
	case NODE_NUMBER:
		return fill_scalar(ev, n->number.value, g->n, &out->scalar, e);
	case NODE_STRING:
		out->string = n->string;
		return 0;
	case NODE_SELECTOR:
		return eval_selector(ev, n, g, &out->vector, e);
	case NODE_MATRIX:
		return eval_selector_matrix(ev, n, g, &out->matrix, e);
	case NODE_SUBQUERY:
		return eval_subquery(ev, n, g, &out->matrix, e);
	case NODE_CALL:
		return eval_call(ev, n, g, out, e);
	case NODE_AGGREGATE:
		return eval_aggregate(ev, n, g, &out->vector, e);
	case NODE_UNARY:
		return eval_unary(ev, n, g, out, e);
	case NODE_BINARY:
		return eval_binary(ev, n, g, out, e);
	case NODE_PAREN:
		return eval_node(ev, n->paren, g, out, e);
	}
	return err_set(e, ERR_UNSUPPORTED, "expression of unknown kind %d", n->kind);
}

int eval_node(struct eval *ev, const struct node *n, const struct grid *g, struct value *out,
	      struct err *e)
{
	bool once = n->constant && g->n > 1 &&
		    (n->type == VALUE_SCALAR || n->type == VALUE_VECTOR) && n->kind != NODE_NUMBER;
	int r;

	if (eval_alive(ev, e) < 0)
		return -1;
	memset(out, 0, sizeof(*out));
	r = once ? eval_constant(ev, n, g, out, e) : eval_any(ev, n, g, out, e);
	out->type = n->type;
	return r;
}

int eval_rows(struct eval *ev, const struct node *n, const struct grid *g, struct vector *out,
	      struct err *e)
{
	struct value v;

	if (eval_node(ev, n, g, &v, e) < 0)
		return -1;
	*out = v.vector;
	return 0;
}

int eval_vector(struct eval *ev, const struct node *n, const struct grid *g, struct vector *out,
		struct err *e)
{
	if (eval_rows(ev, n, g, out, e) < 0)
		return -1;
	return heads_read(ev, out->heads, out->n, NULL, 0, e);
}

int eval_scalar(struct eval *ev, const struct node *n, const struct grid *g, const double **out,
		struct err *e)
{
	struct value v;

	if (eval_node(ev, n, g, &v, e) < 0)
		return -1;
	*out = v.scalar;
	return 0;
}

int eval_matrix(struct eval *ev, const struct node *n, const struct grid *g, struct matrix *out,
		struct err *e)
{
	struct value v;

	if (eval_node(ev, n, g, &v, e) < 0)
		return -1;
	*out = v.matrix;
	return 0;
}
