/*
 * functions.c - the table of functions, by name; the work is in the fn_*.c.
 */
#include "query/functions.h"
#include "query/functions_impl.h"

#include <stdlib.h>

/* Types, of the result and of arguments. */
#define V VALUE_VECTOR
#define M VALUE_MATRIX
#define S VALUE_SCALAR
#define T VALUE_STRING

/* clang-format off */
#define TAKES(...) \
	.args = { __VA_ARGS__ }, \
	.nargs = sizeof((enum value_type[]){ __VA_ARGS__ }) / sizeof(enum value_type)
#define MATH(fn)    .kind = FN_MATH, .math = fn
#define WINDOW(fn)  .kind = FN_WINDOW, .window = fn
#define RANGE(fn)   .kind = FN_RANGE, .range = fn
#define SPECIAL(fn) .kind = FN_SPECIAL, .special = fn

static const struct function table[] = {
	{ "abs", V, TAKES(V), MATH(math_abs) },
	{ "absent", V, TAKES(V), SPECIAL(call_absent) },
	{ "absent_over_time", V, TAKES(M), SPECIAL(call_absent_over_time) },
	{ "acos", V, TAKES(V), MATH(math_acos) },
	{ "acosh", V, TAKES(V), MATH(math_acosh) },
	{ "asin", V, TAKES(V), MATH(math_asin) },
	{ "asinh", V, TAKES(V), MATH(math_asinh) },
	{ "atan", V, TAKES(V), MATH(math_atan) },
	{ "atanh", V, TAKES(V), MATH(math_atanh) },
	{ "avg_over_time", V, TAKES(M), RANGE(range_avg_over_time) },
	{ "ceil", V, TAKES(V), MATH(math_ceil) },
	{ "changes", V, TAKES(M), RANGE(range_changes) },
	{ "clamp", V, TAKES(V, S, S), SPECIAL(call_clamp) },
	{ "clamp_max", V, TAKES(V, S), SPECIAL(call_clamp_max) },
	{ "clamp_min", V, TAKES(V, S), SPECIAL(call_clamp_min) },
	{ "cos", V, TAKES(V), MATH(math_cos) },
	{ "cosh", V, TAKES(V), MATH(math_cosh) },
	{ "count_over_time", V, TAKES(M), RANGE(range_count_over_time) },
	{ "day_of_month", V, TAKES(V), SPECIAL(call_day_of_month),
	  .variadic = 1, .flags = FN_VARIES },
	{ "day_of_week", V, TAKES(V), SPECIAL(call_day_of_week),
	  .variadic = 1, .flags = FN_VARIES },
	{ "day_of_year", V, TAKES(V), SPECIAL(call_day_of_year),
	  .variadic = 1, .flags = FN_VARIES },
	{ "days_in_month", V, TAKES(V), SPECIAL(call_days_in_month),
	  .variadic = 1, .flags = FN_VARIES },
	{ "deg", V, TAKES(V), MATH(math_deg) },
	{ "delta", V, TAKES(M), RANGE(range_delta) },
	{ "deriv", V, TAKES(M), WINDOW(window_deriv) },
	{ "double_exponential_smoothing", V, TAKES(M, S, S), WINDOW(window_double_exponential_smoothing),
	  .flags = FN_EXPERIMENTAL, .remark = remark_smoothing },
	{ "end", S, SPECIAL(call_end), .flags = FN_EXPERIMENTAL },
	{ "exp", V, TAKES(V), MATH(math_exp) },
	{ "first_over_time", V, TAKES(M), WINDOW(window_first_over_time), .flags = FN_KEEPS_NAME },
	{ "floor", V, TAKES(V), MATH(math_floor) },
	{ "histogram_avg", V, TAKES(V), SPECIAL(call_histogram_floats) },
	{ "histogram_count", V, TAKES(V), SPECIAL(call_histogram_floats) },
	{ "histogram_fraction", V, TAKES(S, S, V), SPECIAL(call_histogram_fraction) },
	{ "histogram_quantile", V, TAKES(S, V), SPECIAL(call_histogram_quantile) },
	{ "histogram_quantiles", V, TAKES(V, T, S, S), SPECIAL(call_histogram_quantiles),
	  .variadic = 9, .flags = FN_EXPERIMENTAL },
	{ "histogram_stddev", V, TAKES(V), SPECIAL(call_histogram_floats) },
	{ "histogram_stdvar", V, TAKES(V), SPECIAL(call_histogram_floats) },
	{ "histogram_sum", V, TAKES(V), SPECIAL(call_histogram_floats) },
	{ "hour", V, TAKES(V), SPECIAL(call_hour), .variadic = 1, .flags = FN_VARIES },
	{ "idelta", V, TAKES(M), RANGE(range_idelta) },
	{ "increase", V, TAKES(M), RANGE(range_increase), .remark = remark_counter },
	{ "info", V, TAKES(V, V), SPECIAL(call_info), .variadic = 1, .flags = FN_EXPERIMENTAL },
	{ "irate", V, TAKES(M), RANGE(range_irate) },
	{ "label_join", V, TAKES(V, T, T, T), SPECIAL(call_label_join), .variadic = -1 },
	{ "label_replace", V, TAKES(V, T, T, T, T), SPECIAL(call_label_replace) },
	{ "last_over_time", V, TAKES(M), WINDOW(window_last_over_time), .flags = FN_KEEPS_NAME },
	{ "ln", V, TAKES(V), MATH(math_ln) },
	{ "log10", V, TAKES(V), MATH(math_log10) },
	{ "log2", V, TAKES(V), MATH(math_log2) },
	{ "mad_over_time", V, TAKES(M), WINDOW(window_mad_over_time), .flags = FN_EXPERIMENTAL },
	{ "max_of", S, TAKES(S, S), SPECIAL(call_max_of), .flags = FN_EXPERIMENTAL },
	{ "max_over_time", V, TAKES(M), RANGE(range_max_over_time) },
	{ "min_of", S, TAKES(S, S), SPECIAL(call_min_of), .flags = FN_EXPERIMENTAL },
	{ "min_over_time", V, TAKES(M), RANGE(range_min_over_time) },
	{ "minute", V, TAKES(V), SPECIAL(call_minute), .variadic = 1, .flags = FN_VARIES },
	{ "month", V, TAKES(V), SPECIAL(call_month), .variadic = 1, .flags = FN_VARIES },
	{ "period_of", V, TAKES(V), SPECIAL(call_period_of), .flags = FN_EXTENSION },
	{ "pi", S, SPECIAL(call_pi) },
	{ "predict_linear", V, TAKES(M, S), WINDOW(window_predict_linear), .flags = FN_VARIES },
	{ "present_over_time", V, TAKES(M), WINDOW(window_present_over_time) },
	{ "quantile_over_time", V, TAKES(S, M), WINDOW(window_quantile_over_time),
	  .remark = remark_quantile },
	{ "rad", V, TAKES(V), MATH(math_rad) },
	{ "range", S, SPECIAL(call_range), .flags = FN_EXPERIMENTAL },
	{ "rate", V, TAKES(M), RANGE(range_rate), .remark = remark_counter },
	{ "release_time", V, TAKES(V), SPECIAL(call_release_time), .flags = FN_EXTENSION },
	{ "resets", V, TAKES(M), RANGE(range_resets) },
	{ "round", V, TAKES(V, S), SPECIAL(call_round), .variadic = 1 },
	{ "scalar", S, TAKES(V), SPECIAL(call_scalar) },
	{ "sgn", V, TAKES(V), MATH(math_sgn) },
	{ "sin", V, TAKES(V), MATH(math_sin) },
	{ "sinh", V, TAKES(V), MATH(math_sinh) },
	{ "sort", V, TAKES(V), SPECIAL(call_sort) },
	{ "sort_by_label", V, TAKES(V, T), SPECIAL(call_sort_by_label),
	  .variadic = -1, .flags = FN_EXPERIMENTAL },
	{ "sort_by_label_desc", V, TAKES(V, T), SPECIAL(call_sort_by_label_desc),
	  .variadic = -1, .flags = FN_EXPERIMENTAL },
	{ "sort_desc", V, TAKES(V), SPECIAL(call_sort_desc) },
	{ "sqrt", V, TAKES(V), MATH(math_sqrt) },
	{ "start", S, SPECIAL(call_start), .flags = FN_EXPERIMENTAL },
	{ "start_timestamp", V, TAKES(V), SPECIAL(call_start_timestamp), .flags = FN_EXPERIMENTAL },
	{ "stddev_over_time", V, TAKES(M), WINDOW(window_stddev_over_time) },
	{ "stdvar_over_time", V, TAKES(M), WINDOW(window_stdvar_over_time) },
	{ "step", S, SPECIAL(call_step), .flags = FN_EXPERIMENTAL },
	{ "sum_over_time", V, TAKES(M), RANGE(range_sum_over_time) },
	{ "tan", V, TAKES(V), MATH(math_tan) },
	{ "tanh", V, TAKES(V), MATH(math_tanh) },
	{ "time", S, SPECIAL(call_time), .flags = FN_VARIES },
	{ "timestamp", V, TAKES(V), SPECIAL(call_timestamp), .flags = FN_VARIES },
	{ "ts_of_first_over_time", V, TAKES(M), WINDOW(window_ts_of_first_over_time),
	  .flags = FN_EXPERIMENTAL },
	{ "ts_of_last_over_time", V, TAKES(M), WINDOW(window_ts_of_last_over_time),
	  .flags = FN_EXPERIMENTAL },
	{ "ts_of_max_over_time", V, TAKES(M), WINDOW(window_ts_of_max_over_time),
	  .flags = FN_EXPERIMENTAL },
	{ "ts_of_min_over_time", V, TAKES(M), WINDOW(window_ts_of_min_over_time),
	  .flags = FN_EXPERIMENTAL },
	{ "vector", V, TAKES(S), SPECIAL(call_vector) },
	{ "year", V, TAKES(V), SPECIAL(call_year), .variadic = 1, .flags = FN_VARIES },
};
/* clang-format on */

static int by_name(const void *name, const void *row)
{
	return slice_cmp(*(const struct slice *)name,
			 slice_str(((const struct function *)row)->name));
}

const struct function *function_find(struct slice name)
{
	return bsearch(&name, table, sizeof(table) / sizeof(table[0]), sizeof(table[0]), by_name);
}

const struct function *functions_all(size_t *n)
{
	*n = sizeof(table) / sizeof(table[0]);
	return table;
}
