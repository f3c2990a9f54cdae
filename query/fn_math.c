/* fn_math.c - functions of single values: arithmetic, rounding, trigonometry. */
#include "query/functions_impl.h"

#define MATH(name, result)                                                                         \
	double math_##name(double v, const double *scalars)                                        \
	{                                                                                          \
		(void)scalars;                                                                     \
		return result;                                                                     \
	}

MATH(abs, fabs(v))
MATH(acos, acos(v))
MATH(acosh, acosh(v))
MATH(asin, asin(v))
MATH(asinh, asinh(v))
MATH(atan, atan(v))
MATH(atanh, atanh(v))
MATH(ceil, ceil(v))
MATH(cos, cos(v))
MATH(cosh, cosh(v))
MATH(deg, v * 180 / M_PI)
MATH(exp, exp(v))
MATH(floor, floor(v))
MATH(ln, log(v))
MATH(log10, log10(v))
MATH(log2, log2(v))
MATH(rad, v *M_PI / 180)
MATH(sgn, v<0 ? -1 : v> 0 ? 1 : v)
MATH(sin, sin(v))
MATH(sinh, sinh(v))
MATH(sqrt, sqrt(v))
MATH(tan, tan(v))
MATH(tanh, tanh(v))

/* --- with scalars beside the value ------------------------------------------------------------ */

struct with_args {
	struct vector child;
	const double *arg[2];
	double (*fn)(double v, double a, double b); /* ABSENT: no result */
};

static int with_args_row(const struct vector *v, size_t i, struct worker *w, double *out,
			 struct err *e)
{
	const struct with_args *c = v->ctx;
	const double *row = vector_row(&c->child, i, w, e);

	if (!row)
		return -1;
	for (size_t k = 0; k < v->width; k++)
		out[k] = is_absent(row[k]) ? row[k] : c->fn(row[k], c->arg[0][k], c->arg[1][k]);
	return 0;
}

/* fn(vector, scalar, scalar); a scalar that was not written is `left_out`. */
static int eval_with_args(struct eval *ev, const struct node *call, const struct grid *g,
			  double left_out, double (*fn)(double v, double a, double b),
			  struct vector *out, struct err *e)
{
	struct with_args *c = arena_new(ev->arena, struct with_args);
	double *fill = eval_alloc(ev, g->n, sizeof(*fill), e);

	if (!c || !fill)
		return eval_full(ev, e);
	for (size_t k = 0; k < g->n; k++)
		fill[k] = left_out;
	c->fn = fn;
	c->arg[0] = c->arg[1] = fill;
	for (size_t i = 1; i < call->call.nargs && i < 3; i++)
		if (eval_scalar(ev, call->call.args[i], g, &c->arg[i - 1], e) < 0)
			return -1;
	if (eval_rows(ev, call->call.args[0], g, &c->child, e) < 0)
		return -1;
	*out = (struct vector){
		.n = c->child.n, .width = g->n, .compute = with_args_row, .ctx = c
	};
	out->heads = eval_alloc(ev, out->n, sizeof(*out->heads), e);
	if (!out->heads)
		return -1;
	if (out->n)
		memcpy(out->heads, c->child.heads, out->n * sizeof(*out->heads));
	return vector_drop_names(ev, out, e);
}

/* Halves go up. By the inverse, since 1/10 is not a double and 10 is. */
static double round_to(double v, double to, double unused)
{
	double inverse = 1 / to;

	(void)unused;
	return floor(v * inverse + 0.5) / inverse;
}

/* Of infinity and NaN infinity wins, of the zeros that with the sign asked for: Go's Max and Min.
 */
double math_larger(double a, double b)
{
	if (isnan(a) || isnan(b))
		return isinf(a) && a > 0 ? a : isinf(b) && b > 0 ? b : NAN;
	if (a == b)
		return signbit(a) ? b : a;
	return a > b ? a : b;
}

double math_smaller(double a, double b)
{
	if (isnan(a) || isnan(b))
		return isinf(a) && a < 0 ? a : isinf(b) && b < 0 ? b : NAN;
	if (a == b)
		return signbit(a) ? a : b;
	return a < b ? a : b;
}

static double clamp(double v, double min, double max)
{
	if (max < min)
		return ABSENT;
	return math_larger(min, math_smaller(max, v));
}

static double clamp_max(double v, double max, double unused)
{
	(void)unused;
	return math_smaller(max, v);
}

static double clamp_min(double v, double min, double unused)
{
	(void)unused;
	return math_larger(min, v);
}

int call_round(struct eval *ev, const struct node *call, const struct grid *g, struct value *out,
	       struct err *e)
{
	return eval_with_args(ev, call, g, 1, round_to, &out->vector, e);
}

int call_clamp(struct eval *ev, const struct node *call, const struct grid *g, struct value *out,
	       struct err *e)
{
	return eval_with_args(ev, call, g, 0, clamp, &out->vector, e);
}

int call_clamp_max(struct eval *ev, const struct node *call, const struct grid *g,
		   struct value *out, struct err *e)
{
	return eval_with_args(ev, call, g, 0, clamp_max, &out->vector, e);
}

int call_clamp_min(struct eval *ev, const struct node *call, const struct grid *g,
		   struct value *out, struct err *e)
{
	return eval_with_args(ev, call, g, 0, clamp_min, &out->vector, e);
}
