/* plan.c - see plan.h. */
#include "query/plan.h"

#include "query/functions.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>

struct planner {
	const struct plan_times *t;
	struct slice text;
	struct err *e;
};

__attribute__((format(printf, 3, 4))) static int wrong(struct planner *p, const struct node *n,
						       const char *fmt, ...)
{
	unsigned line, column;
	char what[160];
	va_list args;

	va_start(args, fmt);
	vsnprintf(what, sizeof(what), fmt, args);
	va_end(args);
	place_of(p->text, n->at.from, &line, &column);
	return err_set(p->e, ERR_INVALID, "%u:%u: %s", line, column, what);
}

/* --- duration expressions --------------------------------------------------------------------- */

static int seconds(struct planner *p, const struct node *n, double *v);

static int call_seconds(struct planner *p, const struct node *n, double *v)
{
	const char *name = n->call.fn->name;
	double a = 0, b = 0;

	if (strcmp(name, "step") == 0) {
		*v = (double)p->t->step_ms / 1000;
		return 0;
	}
	if (strcmp(name, "range") == 0) {
		*v = (double)(p->t->end_ms - p->t->start_ms) / 1000;
		return 0;
	}
	if (seconds(p, n->call.args[0], &a) < 0 || seconds(p, n->call.args[1], &b) < 0)
		return -1;
	*v = strcmp(name, "min_of") == 0 ? fmin(a, b) : fmax(a, b);
	return 0;
}

static int binary_seconds(struct planner *p, const struct node *n, double *v)
{
	double a = 0, b = 0;

	if (seconds(p, n->binary.lhs, &a) < 0 || seconds(p, n->binary.rhs, &b) < 0)
		return -1;
	switch (n->binary.op) {
	case OP_ADD:
		*v = a + b;
		break;
	case OP_SUB:
		*v = a - b;
		break;
	case OP_MUL:
		*v = a * b;
		break;
	case OP_DIV:
		if (b == 0)
			return wrong(p, n, "division by zero");
		*v = a / b;
		break;
	case OP_MOD:
		if (b == 0)
			return wrong(p, n, "modulo by zero");
		*v = fmod(a, b);
		break;
	default:
		*v = pow(a, b);
	}
	return 0;
}

static int seconds(struct planner *p, const struct node *n, double *v)
{
	switch (n->kind) {
	case NODE_NUMBER:
		*v = n->number.value;
		return 0;
	case NODE_PAREN:
		return seconds(p, n->paren, v);
	case NODE_UNARY:
		if (seconds(p, n->unary.expr, v) < 0)
			return -1;
		if (n->unary.minus)
			*v = -*v;
		return 0;
	case NODE_CALL:
		return call_seconds(p, n, v);
	case NODE_BINARY:
		return binary_seconds(p, n, v);
	default:
		return wrong(p, n, "no duration");
	}
}

static int work_out(struct planner *p, const struct node *n, bool positive, int64_t *ms)
{
	double v = 0;

	if (!n)
		return 0;
	if (seconds(p, n, &v) < 0)
		return -1;
	if (positive && !(v > 0))
		return wrong(p, n, "duration must be greater than 0");
	if (!(fabs(v) < 9.2e9)) /* as Go's durations: nanoseconds in 63 bits */
		return wrong(p, n, "duration is out of range");
	*ms = (int64_t)round(v * 1000);
	if (positive && *ms == 0)
		return wrong(p, n, "duration must be greater than 0");
	return 0;
}

/* --- the tree ----------------------------------------------------------------------- */

static int plan_node(struct planner *p, struct node *n);

static int plan_shift(struct planner *p, struct shift *s)
{
	if (s->at == AT_START)
		s->at_ms = p->t->start_ms;
	else if (s->at == AT_END)
		s->at_ms = p->t->end_ms;
	return work_out(p, s->offset, false, &s->offset_ms);
}

static int plan_subquery(struct planner *p, struct node *n)
{
	struct node_subquery *s = &n->subquery;

	if (work_out(p, s->range, true, &s->range_ms) < 0 ||
	    work_out(p, s->step, true, &s->step_ms) < 0 || plan_shift(p, &s->shift) < 0)
		return -1;
	n->constant = s->shift.at != AT_NONE;
	return plan_node(p, s->expr);
}

static int plan_call(struct planner *p, struct node *n)
{
	n->constant = !(n->call.fn->flags & FN_VARIES);
	for (size_t i = 0; i < n->call.nargs; i++) {
		if (plan_node(p, n->call.args[i]) < 0)
			return -1;
		n->constant &= n->call.args[i]->constant;
	}
	return 0;
}

static int plan_aggregate(struct planner *p, struct node *n)
{
	struct node_aggregate *a = &n->aggregate;

	if (plan_node(p, a->expr) < 0 || (a->param && plan_node(p, a->param) < 0))
		return -1;
	n->constant = a->expr->constant && (!a->param || a->param->constant);
	return 0;
}

static int plan_node(struct planner *p, struct node *n)
{
	switch (n->kind) {
	case NODE_NUMBER:
	case NODE_STRING:
		n->constant = true;
		return 0;
	case NODE_SELECTOR:
		n->constant = n->selector.shift.at != AT_NONE;
		return plan_shift(p, &n->selector.shift);
	case NODE_MATRIX:
		if (work_out(p, n->matrix.range, true, &n->matrix.range_ms) < 0 ||
		    plan_node(p, n->matrix.selector) < 0)
			return -1;
		n->constant = n->matrix.selector->constant;
		return 0;
	case NODE_SUBQUERY:
		return plan_subquery(p, n);
	case NODE_CALL:
		return plan_call(p, n);
	case NODE_AGGREGATE:
		return plan_aggregate(p, n);
	case NODE_UNARY:
		if (plan_node(p, n->unary.expr) < 0)
			return -1;
		n->constant = n->unary.expr->constant;
		return 0;
	case NODE_BINARY:
		if (plan_node(p, n->binary.lhs) < 0 || plan_node(p, n->binary.rhs) < 0)
			return -1;
		n->constant = n->binary.lhs->constant && n->binary.rhs->constant;
		return 0;
	case NODE_PAREN:
		if (plan_node(p, n->paren) < 0)
			return -1;
		n->constant = n->paren->constant;
		return 0;
	}
	return 0;
}

int plan(struct expr *x, const struct plan_times *t, struct err *e)
{
	struct planner p = { t, x->text, e };

	return plan_node(&p, x->root);
}
