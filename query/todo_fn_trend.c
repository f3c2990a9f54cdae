/* Stands in for fn_trend.c until that is written. */
#include "query/functions_impl.h"

double window_deriv(const struct window *win)
{
	(void)win;
	return NAN;
}

double window_double_exponential_smoothing(const struct window *win)
{
	(void)win;
	return NAN;
}

void remark_smoothing(const struct range_row *r)
{
	(void)r;
}

double window_predict_linear(const struct window *win)
{
	(void)win;
	return NAN;
}
