/*
 * eval_binary.c - binary operations: between numbers, with a number on one side, and the choice of
 * what is done between vectors (eval_match.c, eval_set.c).
 */
#include "query/eval_binary.h"

#include "query/print.h"

struct with_scalar {
	struct vector child;
	const double *scalar;
	struct binary_how how;
	bool scalar_left;
};

static int with_scalar_row(const struct vector *v, size_t i, struct worker *w, double *out,
			   struct err *e)
{
	const struct with_scalar *s = v->ctx;
	const double *row = vector_row(&s->child, i, w, e);

	if (!row)
		return -1;
	if (s->scalar_left)
		binary_rows(&s->how, s->scalar, row, v->width, out);
	else
		binary_rows(&s->how, row, s->scalar, v->width, out);
	return 0;
}

static int eval_with_scalar(struct eval *ev, const struct node *n, const struct grid *g,
			    struct vector *out, struct err *e)
{
	const struct node_binary *b = &n->binary;
	struct with_scalar *s = arena_new(ev->arena, struct with_scalar);

	if (!s)
		return eval_full(ev, e);
	s->scalar_left = b->lhs->type == VALUE_SCALAR;
	s->how = (struct binary_how){ b->op, b->bool_modifier, s->scalar_left };
	if (eval_scalar(ev, s->scalar_left ? b->lhs : b->rhs, g, &s->scalar, e) < 0 ||
	    eval_rows(ev, s->scalar_left ? b->rhs : b->lhs, g, &s->child, e) < 0)
		return -1;
	*out = (struct vector){
		.n = s->child.n, .width = g->n, .compute = with_scalar_row, .ctx = s
	};
	out->heads = eval_alloc(ev, out->n, sizeof(*out->heads), e);
	if (!out->heads)
		return -1;
	if (out->n)
		memcpy(out->heads, s->child.heads, out->n * sizeof(*out->heads));
	if (op_is_comparison(b->op) && !b->bool_modifier)
		return 0;
	return vector_drop_names(ev, out, e);
}

static bool is_trim(enum binary_op op)
{
	return op == OP_TRIM_UPPER || op == OP_TRIM_LOWER;
}

static int eval_scalars(struct eval *ev, const struct node *n, const struct grid *g,
			const double **out, struct err *e)
{
	const struct binary_how how = { n->binary.op, n->binary.bool_modifier, false };
	const double *a, *b;
	double *v;

	if (is_trim(n->binary.op))
		return eval_fail(ev, e, "operator \"%s\" not allowed for Scalar operations",
				 binary_op_text(n->binary.op));
	if (eval_scalar(ev, n->binary.lhs, g, &a, e) < 0 ||
	    eval_scalar(ev, n->binary.rhs, g, &b, e) < 0)
		return -1;
	v = eval_alloc(ev, g->n, sizeof(*v), e);
	if (!v)
		return -1;
	binary_rows(&how, a, b, g->n, v);
	*out = v;
	return 0;
}

static int eval_vectors(struct eval *ev, const struct node *n, const struct grid *g,
			struct vector *out, struct err *e)
{
	struct vector *sides = eval_alloc(ev, 2, sizeof(*sides), e);

	if (!sides || eval_vector(ev, n->binary.lhs, g, &sides[0], e) < 0 ||
	    eval_vector(ev, n->binary.rhs, g, &sides[1], e) < 0)
		return -1;
	if (op_is_set(n->binary.op))
		return eval_set(ev, n, &sides[0], &sides[1], out, e);
	return eval_match(ev, n, &sides[0], &sides[1], out, e);
}

/* Histograms alone can be trimmed. */
static void tell_of_trim(struct eval *ev, const struct node *n)
{
	const char *op = n->binary.op == OP_TRIM_UPPER ? "</" : ">/";

	if (is_trim(n->binary.op))
		eval_info(ev, n,
			  "incompatible sample types encountered for binary operator \"%s\": float "
			  "%s "
			  "float",
			  op, op);
}

int eval_binary(struct eval *ev, const struct node *n, const struct grid *g, struct value *out,
		struct err *e)
{
	const struct node_binary *b = &n->binary;

	tell_of_trim(ev, n);
	if (n->type == VALUE_SCALAR)
		return eval_scalars(ev, n, g, &out->scalar, e);
	if (b->lhs->type == VALUE_VECTOR && b->rhs->type == VALUE_VECTOR)
		return eval_vectors(ev, n, g, &out->vector, e);
	return eval_with_scalar(ev, n, g, &out->vector, e);
}
