/* Stands in for fn_math.c until that is written. */
#include "query/functions_impl.h"

double math_abs(double v, const double *scalars)
{
	(void)v;
	(void)scalars;
	return NAN;
}

double math_acos(double v, const double *scalars)
{
	(void)v;
	(void)scalars;
	return NAN;
}

double math_acosh(double v, const double *scalars)
{
	(void)v;
	(void)scalars;
	return NAN;
}

double math_asin(double v, const double *scalars)
{
	(void)v;
	(void)scalars;
	return NAN;
}

double math_asinh(double v, const double *scalars)
{
	(void)v;
	(void)scalars;
	return NAN;
}

double math_atan(double v, const double *scalars)
{
	(void)v;
	(void)scalars;
	return NAN;
}

double math_atanh(double v, const double *scalars)
{
	(void)v;
	(void)scalars;
	return NAN;
}

double math_ceil(double v, const double *scalars)
{
	(void)v;
	(void)scalars;
	return NAN;
}

int call_clamp(struct eval *ev, const struct node *call, const struct grid *g, struct value *out,
	       struct err *e)
{
	(void)ev;
	(void)call;
	(void)g;
	(void)out;
	return err_set(e, ERR_UNSUPPORTED, "clamp() is not there yet");
}

int call_clamp_max(struct eval *ev, const struct node *call, const struct grid *g,
		   struct value *out, struct err *e)
{
	(void)ev;
	(void)call;
	(void)g;
	(void)out;
	return err_set(e, ERR_UNSUPPORTED, "clamp_max() is not there yet");
}

int call_clamp_min(struct eval *ev, const struct node *call, const struct grid *g,
		   struct value *out, struct err *e)
{
	(void)ev;
	(void)call;
	(void)g;
	(void)out;
	return err_set(e, ERR_UNSUPPORTED, "clamp_min() is not there yet");
}

double math_cos(double v, const double *scalars)
{
	(void)v;
	(void)scalars;
	return NAN;
}

double math_cosh(double v, const double *scalars)
{
	(void)v;
	(void)scalars;
	return NAN;
}

double math_deg(double v, const double *scalars)
{
	(void)v;
	(void)scalars;
	return NAN;
}

double math_exp(double v, const double *scalars)
{
	(void)v;
	(void)scalars;
	return NAN;
}

double math_floor(double v, const double *scalars)
{
	(void)v;
	(void)scalars;
	return NAN;
}

double math_ln(double v, const double *scalars)
{
	(void)v;
	(void)scalars;
	return NAN;
}

double math_log10(double v, const double *scalars)
{
	(void)v;
	(void)scalars;
	return NAN;
}

double math_log2(double v, const double *scalars)
{
	(void)v;
	(void)scalars;
	return NAN;
}

double math_rad(double v, const double *scalars)
{
	(void)v;
	(void)scalars;
	return NAN;
}

int call_round(struct eval *ev, const struct node *call, const struct grid *g, struct value *out,
	       struct err *e)
{
	(void)ev;
	(void)call;
	(void)g;
	(void)out;
	return err_set(e, ERR_UNSUPPORTED, "round() is not there yet");
}

double math_sgn(double v, const double *scalars)
{
	(void)v;
	(void)scalars;
	return NAN;
}

double math_sin(double v, const double *scalars)
{
	(void)v;
	(void)scalars;
	return NAN;
}

double math_sinh(double v, const double *scalars)
{
	(void)v;
	(void)scalars;
	return NAN;
}

double math_sqrt(double v, const double *scalars)
{
	(void)v;
	(void)scalars;
	return NAN;
}

double math_tan(double v, const double *scalars)
{
	(void)v;
	(void)scalars;
	return NAN;
}

double math_tanh(double v, const double *scalars)
{
	(void)v;
	(void)scalars;
	return NAN;
}
