/*
 * functions_impl.h - what functions.c joins, by the file it is in. Nobody else includes it but
 * those files.
 */
#ifndef QUERY_FUNCTIONS_IMPL_H
#define QUERY_FUNCTIONS_IMPL_H

#include "query/functions.h"

#define CALL(name)                                                                                 \
	int name(struct eval *ev, const struct node *call, const struct grid *g,                   \
		 struct value *out, struct err *e)

/* fn_math.c */
double math_abs(double v, const double *scalars);
double math_acos(double v, const double *scalars);
double math_acosh(double v, const double *scalars);
double math_asin(double v, const double *scalars);
double math_asinh(double v, const double *scalars);
double math_atan(double v, const double *scalars);
double math_atanh(double v, const double *scalars);
double math_ceil(double v, const double *scalars);
CALL(call_clamp);
CALL(call_clamp_max);
CALL(call_clamp_min);
double math_cos(double v, const double *scalars);
double math_cosh(double v, const double *scalars);
double math_deg(double v, const double *scalars);
double math_exp(double v, const double *scalars);
double math_floor(double v, const double *scalars);
double math_ln(double v, const double *scalars);
double math_log10(double v, const double *scalars);
double math_log2(double v, const double *scalars);
double math_rad(double v, const double *scalars);
double math_larger(double a, double b);
CALL(call_round);
double math_sgn(double v, const double *scalars);
double math_sin(double v, const double *scalars);
double math_sinh(double v, const double *scalars);
double math_smaller(double a, double b);
double math_sqrt(double v, const double *scalars);
double math_tan(double v, const double *scalars);
double math_tanh(double v, const double *scalars);

/* fn_time.c */
CALL(call_day_of_month);
CALL(call_day_of_week);
CALL(call_day_of_year);
CALL(call_days_in_month);
CALL(call_hour);
CALL(call_minute);
CALL(call_month);
CALL(call_start_timestamp);
CALL(call_time);
CALL(call_timestamp);
CALL(call_year);

/* fn_vector.c */
CALL(call_end);
CALL(call_range);
CALL(call_start);
CALL(call_step);
CALL(call_max_of);
CALL(call_min_of);
CALL(call_pi);
CALL(call_scalar);
CALL(call_vector);

/* fn_label.c */
/* `h` with label `name` set, or without it when the value is empty. */
int head_set_label(struct eval *ev, struct head *h, struct slice name, struct slice value,
		   struct err *e);
CALL(call_label_join);
CALL(call_label_replace);

/* fn_sort.c */
CALL(call_sort);
CALL(call_sort_by_label);
CALL(call_sort_by_label_desc);
CALL(call_sort_desc);

/* fn_absent.c */
CALL(call_absent);
CALL(call_absent_over_time);

/* fn_info.c */
CALL(call_info);

/* fn_histogram.c */
CALL(call_histogram_floats);
CALL(call_histogram_fraction);
CALL(call_histogram_quantile);
CALL(call_histogram_quantiles);

/* fn_rate.c */
int range_changes(const struct range_row *r, double *out, struct err *e);
int range_delta(const struct range_row *r, double *out, struct err *e);
int range_idelta(const struct range_row *r, double *out, struct err *e);
int range_increase(const struct range_row *r, double *out, struct err *e);
int range_irate(const struct range_row *r, double *out, struct err *e);
int range_rate(const struct range_row *r, double *out, struct err *e);
int range_resets(const struct range_row *r, double *out, struct err *e);

/* fn_over_time.c */
int range_avg_over_time(const struct range_row *r, double *out, struct err *e);
int range_count_over_time(const struct range_row *r, double *out, struct err *e);
double window_first_over_time(const struct window *win);
double window_last_over_time(const struct window *win);
double window_mad_over_time(const struct window *win);
int range_max_over_time(const struct range_row *r, double *out, struct err *e);
int range_min_over_time(const struct range_row *r, double *out, struct err *e);
double window_present_over_time(const struct window *win);
double window_quantile_over_time(const struct window *win);
int remark_quantile(const struct range_row *r, struct err *e);
double window_stddev_over_time(const struct window *win);
double window_stdvar_over_time(const struct window *win);
int range_sum_over_time(const struct range_row *r, double *out, struct err *e);
double window_ts_of_first_over_time(const struct window *win);
double window_ts_of_last_over_time(const struct window *win);
double window_ts_of_max_over_time(const struct window *win);
double window_ts_of_min_over_time(const struct window *win);

/* fn_trend.c */
double window_deriv(const struct window *win);
double window_double_exponential_smoothing(const struct window *win);
int remark_smoothing(const struct range_row *r, struct err *e);
double window_predict_linear(const struct window *win);

/* fn_statistic.c */
CALL(call_period_of);
CALL(call_release_time);

#undef CALL

#endif
