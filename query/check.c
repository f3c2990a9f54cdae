/* check.c - see check.h. */
#include "query/check.h"

#include "query/features.h"
#include "query/functions.h"
#include "query/print.h"

#include <stdio.h>

struct checker {
	struct slice text;
	unsigned features;
	struct err *e;
};

#define wrong(c, n, ...) parse_error((c)->text, (n)->at.from, (c)->e, __VA_ARGS__)

/* Where the operator of a binary operation stands. */
static uint32_t operator_at(const struct checker *c, const struct node *n)
{
	uint32_t at = n->binary.lhs->at.to;

	while (at < c->text.n && strchr(" \t\r\n", c->text.p[at]))
		at++;
	return at;
}

#define wrong_operator(c, n, ...) parse_error((c)->text, operator_at(c, n), (c)->e, __VA_ARGS__)

static int check_node(struct checker *c, struct node *n);

static int want_type(struct checker *c, const struct node *n, enum value_type type,
		     const char *where)
{
	if (n->type == type)
		return 0;
	return wrong(c, n, "expected type %s in %s, got %s", value_type_description(type), where,
		     value_type_description(n->type));
}

/* --- aggregates ------------------------------------------------------------------------ */

static int check_aggregate(struct checker *c, struct node *n)
{
	struct node_aggregate *a = &n->aggregate;

	n->type = VALUE_VECTOR;
	if (check_node(c, a->expr) < 0 ||
	    want_type(c, a->expr, VALUE_VECTOR, "aggregation expression") < 0)
		return -1;
	if (!a->param)
		return 0;
	if (check_node(c, a->param) < 0)
		return -1;
	return want_type(c, a->param, a->op == AGG_COUNT_VALUES ? VALUE_STRING : VALUE_SCALAR,
			 "aggregation parameter");
}

/* --- binary operations ------------------------------------------------------------------- */

static int check_group(struct checker *c, const struct node *n)
{
	const struct matching *m = &n->binary.matching;

	if (op_is_set(n->binary.op) && m->card != MANY_TO_MANY)
		return wrong(c, n, "no grouping allowed for \"%s\" operation",
			     binary_op_text(n->binary.op));
	if (op_is_set(n->binary.op) && (m->has_fill_left || m->has_fill_right))
		return wrong(c, n, "filling in missing series not allowed for set operators");
	for (size_t i = 0; m->on && i < m->nlabels; i++)
		for (size_t j = 0; j < m->ninclude; j++)
			if (slice_eq(m->labels[i], m->include[j]))
				return wrong_operator(
					c, n,
					"label \"%.*s\" must not occur in ON and GROUP clause "
					"at once",
					SLICE_FMT(slice_cut(m->labels[i], 80)));
	return 0;
}

static bool is_scalar_or_vector(const struct node *n)
{
	return n->type == VALUE_SCALAR || n->type == VALUE_VECTOR;
}

static int check_binary(struct checker *c, struct node *n)
{
	struct node_binary *b = &n->binary;
	bool scalar;

	if (check_node(c, b->lhs) < 0 || check_node(c, b->rhs) < 0)
		return -1;
	if (b->bool_modifier && !op_is_comparison(b->op))
		return wrong_operator(c, n,
				      "bool modifier can only be used on comparison operators");
	scalar = b->lhs->type == VALUE_SCALAR && b->rhs->type == VALUE_SCALAR;
	if (op_is_comparison(b->op) && !b->bool_modifier && scalar)
		return wrong_operator(c, n, "comparisons between scalars must use BOOL modifier");
	if (check_group(c, n) < 0)
		return -1;
	if (!is_scalar_or_vector(b->lhs))
		return wrong(c, b->lhs,
			     "binary expression must contain only scalar and instant vector types");
	if (!is_scalar_or_vector(b->rhs))
		return wrong(c, b->rhs,
			     "binary expression must contain only scalar and instant vector types");
	n->type = scalar ? VALUE_SCALAR : VALUE_VECTOR;
	if (b->lhs->type == VALUE_VECTOR && b->rhs->type == VALUE_VECTOR)
		return 0;
	if (b->matching.written)
		return wrong(c, n, "vector matching only allowed between instant vectors");
	if (b->matching.has_fill_left || b->matching.has_fill_right)
		return wrong(c, n,
			     "filling in missing series only allowed between instant vectors");
	if (op_is_set(b->op))
		return wrong(c, n, "set operator \"%s\" not allowed in binary scalar expression",
			     binary_op_text(b->op));
	return 0;
}

/* --- calls ------------------------------------------------------------------------------------ */

static int check_count(struct checker *c, const struct node *n)
{
	const struct function *fn = n->call.fn;
	size_t least, most;

	if (fn->variadic == 0) {
		if (n->call.nargs != fn->nargs)
			return wrong(c, n, "expected %u argument(s) in call to \"%s\", got %zu",
				     fn->nargs, fn->name, n->call.nargs);
		return 0;
	}
	least = fn->nargs - 1;
	most = least + (fn->variadic > 0 ? (size_t)fn->variadic : 0);
	if (n->call.nargs < least)
		return wrong(c, n, "expected at least %zu argument(s) in call to \"%s\", got %zu",
			     least, fn->name, n->call.nargs);
	if (fn->variadic > 0 && n->call.nargs > most)
		return wrong(c, n, "expected at most %zu argument(s) in call to \"%s\", got %zu",
			     most, fn->name, n->call.nargs);
	return 0;
}

static int check_info(struct checker *c, const struct node *n)
{
	const struct node *arg;

	if (strcmp(n->call.fn->name, "info") != 0 || n->call.nargs < 2)
		return 0;
	arg = n->call.args[1];
	if (arg->kind != NODE_SELECTOR)
		return wrong(c, arg,
			     "expected label selectors as the second argument to \"info\" "
			     "function, got %s",
			     value_type_description(arg->type));
	if (arg->selector.name.n)
		return wrong(c, arg, "expected label selectors only, got vector selector instead");
	return 0;
}

static int check_call(struct checker *c, struct node *n)
{
	const struct function *fn = n->call.fn;
	char where[80];

	n->type = fn->result;
	if (check_count(c, n) < 0)
		return -1;
	snprintf(where, sizeof(where), "call to function \"%s\"", fn->name);
	for (size_t i = 0; i < n->call.nargs; i++) {
		size_t as = i < fn->nargs ? i : fn->nargs - 1;
		struct node *arg = n->call.args[i];

		if (check_node(c, arg) < 0 || want_type(c, arg, fn->args[as], where) < 0)
			return -1;
	}
	return check_info(c, n);
}

/* --- the rest ----------------------------------------------------------------------- */

static int check_unary(struct checker *c, struct node *n)
{
	if (check_node(c, n->unary.expr) < 0)
		return -1;
	n->type = n->unary.expr->type;
	if (!is_scalar_or_vector(n->unary.expr))
		return wrong(c, n,
			     "unary expression only allowed on expressions of type scalar or "
			     "instant vector, got \"%s\"",
			     value_type_description(n->type));
	return 0;
}

static int check_subquery(struct checker *c, struct node *n)
{
	n->type = VALUE_MATRIX;
	if (check_node(c, n->subquery.expr) < 0)
		return -1;
	if (n->subquery.expr->type != VALUE_VECTOR)
		return wrong(c, n, "subquery is only allowed on instant vector, got %s instead",
			     value_type_name(n->subquery.expr->type));
	return 0;
}

static int check_node(struct checker *c, struct node *n)
{
	switch (n->kind) {
	case NODE_NUMBER:
		n->type = VALUE_SCALAR;
		return 0;
	case NODE_STRING:
		n->type = VALUE_STRING;
		return 0;
	case NODE_SELECTOR:
		n->type = VALUE_VECTOR;
		return 0;
	case NODE_MATRIX:
		n->type = VALUE_MATRIX;
		return check_node(c, n->matrix.selector);
	case NODE_SUBQUERY:
		return check_subquery(c, n);
	case NODE_CALL:
		return check_call(c, n);
	case NODE_AGGREGATE:
		return check_aggregate(c, n);
	case NODE_UNARY:
		return check_unary(c, n);
	case NODE_BINARY:
		return check_binary(c, n);
	case NODE_PAREN:
		if (check_node(c, n->paren) < 0)
			return -1;
		n->type = n->paren->type;
		return 0;
	}
	return wrong(c, n, "unknown expression");
}

int check(struct node *root, struct slice text, unsigned features, struct err *e)
{
	struct checker c = { text, features, e };

	return check_node(&c, root);
}
