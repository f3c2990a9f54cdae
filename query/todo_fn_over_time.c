/* Stands in for fn_over_time.c until that is written. */
#include "query/functions_impl.h"

int range_avg_over_time(const struct range_row *r, double *out, struct err *e)
{
	(void)r;
	(void)out;
	return err_set(e, ERR_UNSUPPORTED, "not there yet");
}

int range_count_over_time(const struct range_row *r, double *out, struct err *e)
{
	(void)r;
	(void)out;
	return err_set(e, ERR_UNSUPPORTED, "not there yet");
}

double window_first_over_time(const struct window *win)
{
	(void)win;
	return NAN;
}

double window_last_over_time(const struct window *win)
{
	(void)win;
	return NAN;
}

double window_mad_over_time(const struct window *win)
{
	(void)win;
	return NAN;
}

int range_max_over_time(const struct range_row *r, double *out, struct err *e)
{
	(void)r;
	(void)out;
	return err_set(e, ERR_UNSUPPORTED, "not there yet");
}

int range_min_over_time(const struct range_row *r, double *out, struct err *e)
{
	(void)r;
	(void)out;
	return err_set(e, ERR_UNSUPPORTED, "not there yet");
}

double window_present_over_time(const struct window *win)
{
	(void)win;
	return NAN;
}

double window_quantile_over_time(const struct window *win)
{
	(void)win;
	return NAN;
}

void remark_quantile(const struct range_row *r)
{
	(void)r;
}

double window_stddev_over_time(const struct window *win)
{
	(void)win;
	return NAN;
}

double window_stdvar_over_time(const struct window *win)
{
	(void)win;
	return NAN;
}

int range_sum_over_time(const struct range_row *r, double *out, struct err *e)
{
	(void)r;
	(void)out;
	return err_set(e, ERR_UNSUPPORTED, "not there yet");
}

double window_ts_of_first_over_time(const struct window *win)
{
	(void)win;
	return NAN;
}

double window_ts_of_last_over_time(const struct window *win)
{
	(void)win;
	return NAN;
}

double window_ts_of_max_over_time(const struct window *win)
{
	(void)win;
	return NAN;
}

double window_ts_of_min_over_time(const struct window *win)
{
	(void)win;
	return NAN;
}
