/* fn_sort.c - the order of an instant answer, by value or by labels. */
#include "query/functions_impl.h"

#include "base/text.h"

#include <stdlib.h>

struct sorted_row {
	double v;
	size_t at;
	const struct labels *labels;
};

struct sort_how {
	bool descending;
	const struct slice *names; /* by label; none: by value */
	size_t n;
};

/* NaN last whichever the direction. */
static int by_value(const void *a, const void *b, void *ctx)
{
	const struct sorted_row *x = a, *y = b;
	const struct sort_how *how = ctx;

	if (isnan(x->v) || isnan(y->v))
		return isnan(x->v) - isnan(y->v);
	if (x->v != y->v)
		return (x->v < y->v) == how->descending ? 1 : -1;
	return x->at < y->at ? -1 : 1;
}

static int by_labels(const void *a, const void *b, void *ctx)
{
	const struct sorted_row *x = a, *y = b;
	const struct sort_how *how = ctx;
	int c = 0;

	for (size_t i = 0; i < how->n && c == 0; i++)
		c = text_natural_cmp(labels_get(x->labels, how->names[i]),
				     labels_get(y->labels, how->names[i]));
	if (c == 0)
		c = labels_cmp(x->labels, y->labels);
	return how->descending ? -c : c;
}

static int put_in_order(struct eval *ev, struct vector *v, const struct sort_how *how,
			struct err *e)
{
	struct sorted_row *rows = eval_alloc(ev, v->n, sizeof(*rows), e);
	struct vector out;
	double *values;

	if (!rows || vector_new(ev, v->n, 1, &out, &values, e) < 0)
		return -1;
	for (size_t i = 0; i < v->n; i++) {
		rows[i] = (struct sorted_row){ v->values[i], i,
					       head_labels(ev, &v->heads[i], ev->arena) };
		if (!rows[i].labels)
			return eval_full(ev, e);
	}
	qsort_r(rows, v->n, sizeof(*rows), how->names ? by_labels : by_value, (void *)how);
	for (size_t i = 0; i < v->n; i++) {
		values[i] = rows[i].v;
		out.heads[i] = v->heads[rows[i].at];
	}
	*v = out;
	v->ordered = true;
	return 0;
}

/* Also in a subquery. What is the same at all steps of a range query is evaluated once, but then
 * ordered by labels, too. */
static bool is_over_time(const struct eval *ev, const struct node *call, const struct grid *g)
{
	if (g->n > 1)
		return true;
	return ev->range_query && !call->constant && ev->start_ms != ev->end_ms;
}

static int eval_sort(struct eval *ev, const struct node *call, const struct grid *g,
		     const struct sort_how *how, struct vector *out, struct err *e)
{
	if (eval_vector(ev, call->call.args[0], g, out, e) < 0)
		return -1;
	if (is_over_time(ev, call, g)) {
		eval_warn(ev, call,
			  "sort is ineffective for range queries since results are always ordered "
			  "by labels");
		return 0;
	}
	if (vector_materialize(ev, out, true, e) < 0)
		return -1;
	return put_in_order(ev, out, how, e);
}

int call_sort(struct eval *ev, const struct node *call, const struct grid *g, struct value *out,
	      struct err *e)
{
	return eval_sort(ev, call, g, &(struct sort_how){ 0 }, &out->vector, e);
}

int call_sort_desc(struct eval *ev, const struct node *call, const struct grid *g,
		   struct value *out, struct err *e)
{
	return eval_sort(ev, call, g, &(struct sort_how){ .descending = true }, &out->vector, e);
}

static int eval_sort_by_label(struct eval *ev, const struct node *call, const struct grid *g,
			      bool descending, struct vector *out, struct err *e)
{
	struct sort_how how = { .descending = descending, .n = call->call.nargs - 1 };
	struct slice *names = eval_alloc(ev, call->call.nargs, sizeof(*names), e);

	if (!names)
		return -1;
	for (size_t i = 1; i < call->call.nargs; i++)
		names[i - 1] = node_inner(call->call.args[i])->string;
	how.names = names;
	return eval_sort(ev, call, g, &how, out, e);
}

int call_sort_by_label(struct eval *ev, const struct node *call, const struct grid *g,
		       struct value *out, struct err *e)
{
	return eval_sort_by_label(ev, call, g, false, &out->vector, e);
}

int call_sort_by_label_desc(struct eval *ev, const struct node *call, const struct grid *g,
			    struct value *out, struct err *e)
{
	return eval_sort_by_label(ev, call, g, true, &out->vector, e);
}
