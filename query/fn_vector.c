/* fn_vector.c - from numbers to vectors and back, and functions of numbers alone. */
#include "query/functions_impl.h"

int call_vector(struct eval *ev, const struct node *call, const struct grid *g, struct value *out,
		struct err *e)
{
	struct vector *v = &out->vector;

	*v = (struct vector){ .n = 1, .width = g->n };
	v->heads = eval_alloc(ev, 1, sizeof(*v->heads), e);
	if (!v->heads || eval_scalar(ev, call->call.args[0], g, &v->values, e) < 0)
		return -1;
	v->heads[0].labels = labels_in_arena(ev->arena, NULL, 0);
	return v->heads[0].labels ? 0 : eval_full(ev, e);
}

/* The value of the only row there is at a step, else NaN. */
int call_scalar(struct eval *ev, const struct node *call, const struct grid *g, struct value *out,
		struct err *e)
{
	struct vector v;
	double *values = eval_alloc(ev, g->n, sizeof(*values), e);

	if (!values || eval_rows(ev, call->call.args[0], g, &v, e) < 0 ||
	    vector_materialize(ev, &v, true, e) < 0)
		return -1;
	for (size_t k = 0; k < g->n; k++) {
		size_t there = 0;

		values[k] = NAN;
		for (size_t i = 0; i < v.n && there < 2; i++) {
			double x = v.values[i * g->n + k];

			if (!is_absent(x) && ++there == 1)
				values[k] = x;
		}
		if (there != 1)
			values[k] = NAN;
	}
	out->scalar = values;
	return 0;
}

static int same_at_all(struct eval *ev, const struct grid *g, double x, struct value *out,
		       struct err *e)
{
	double *v = eval_alloc(ev, g->n, sizeof(*v), e);

	if (!v)
		return -1;
	for (size_t k = 0; k < g->n; k++)
		v[k] = x;
	out->scalar = v;
	return 0;
}

int call_pi(struct eval *ev, const struct node *call, const struct grid *g, struct value *out,
	    struct err *e)
{
	(void)call;
	return same_at_all(ev, g, M_PI, out, e);
}

int call_start(struct eval *ev, const struct node *call, const struct grid *g, struct value *out,
	       struct err *e)
{
	(void)call;
	return same_at_all(ev, g, (double)ev->start_ms / 1000, out, e);
}

int call_end(struct eval *ev, const struct node *call, const struct grid *g, struct value *out,
	     struct err *e)
{
	(void)call;
	return same_at_all(ev, g, (double)ev->end_ms / 1000, out, e);
}

int call_range(struct eval *ev, const struct node *call, const struct grid *g, struct value *out,
	       struct err *e)
{
	(void)call;
	return same_at_all(ev, g, (double)(ev->end_ms - ev->start_ms) / 1000, out, e);
}

int call_step(struct eval *ev, const struct node *call, const struct grid *g, struct value *out,
	      struct err *e)
{
	(void)call;
	return same_at_all(ev, g, (double)ev->step_ms / 1000, out, e);
}

static int of_two(struct eval *ev, const struct node *call, const struct grid *g, bool max,
		  struct value *out, struct err *e)
{
	const double *a, *b;
	double *v = eval_alloc(ev, g->n, sizeof(*v), e);

	if (!v || eval_scalar(ev, call->call.args[0], g, &a, e) < 0 ||
	    eval_scalar(ev, call->call.args[1], g, &b, e) < 0)
		return -1;
	for (size_t k = 0; k < g->n; k++)
		v[k] = max ? math_larger(a[k], b[k]) : math_smaller(a[k], b[k]);
	out->scalar = v;
	return 0;
}

int call_min_of(struct eval *ev, const struct node *call, const struct grid *g, struct value *out,
		struct err *e)
{
	return of_two(ev, call, g, false, out, e);
}

int call_max_of(struct eval *ev, const struct node *call, const struct grid *g, struct value *out,
		struct err *e)
{
	return of_two(ev, call, g, true, out, e);
}
