/* test_fn_over_time.c - sums, means, extremes and the like; known answers are those of Prometheus'
 * functions.test. */
#include "tests/unit/query/range_row.h"

static int begin(void **state)
{
	static struct row f;

	row_begin(&f, "metric");
	*state = &f;
	return 0;
}

static int end(void **state)
{
	row_end(*state);
	return 0;
}

#define OF(f, fn, ...)                                                                             \
	of(f, fn, (const double[]){ __VA_ARGS__ },                                                 \
	   sizeof((const double[]){ __VA_ARGS__ }) / sizeof(double))

static double of(struct row *f, int (*fn)(const struct range_row *, double *, struct err *),
		 const double *v, size_t n)
{
	f->r.points.n = 0;
	for (size_t i = 0; i < n; i++)
		row_add(f, (int64_t)i * 5000, v[i]);
	return row_at(f, fn, 55000);
}

static void sums_keep_small_values_between_huge_ones(void **state)
{
	struct row *f = *state;

	assert_f64(OF(f, range_sum_over_time, 1, 1e100, 1, -1e100), 2.0);
	assert_f64(OF(f, range_sum_over_time, 1, 2, INFINITY), INFINITY);
	assert_f64(OF(f, range_sum_over_time, 1, INFINITY, -INFINITY), NAN);
	assert_f64(OF(f, range_sum_over_time, 1, NAN), NAN);
}

static void means_do_not_overflow(void **state)
{
	struct row *f = *state;
	double big = 9.988465674311579e+307;

	assert_f64(OF(f, range_avg_over_time, big, big), big);
	assert_f64(OF(f, range_avg_over_time, -big, -big, -big), -big);
	assert_f64(OF(f, range_avg_over_time, -big, big), 0.0);
	assert_f64(OF(f, range_sum_over_time, big, big), INFINITY);
	assert_f64(OF(f, range_avg_over_time, INFINITY, 0, INFINITY), INFINITY);
	assert_f64(OF(f, range_avg_over_time, 1, 2, 3, INFINITY, -INFINITY), NAN);
	assert_f64(OF(f, range_avg_over_time, 1, 2, 3, NAN, NAN), NAN);
	assert_f64(OF(f, range_avg_over_time, 1e10, 1e-6, 1e-6, 1e-6, 1e-6, 1e-6),
		   1.6666666666666675e+09);
}

static void extremes_are_numbers_where_there_is_one(void **state)
{
	struct row *f = *state;

	assert_f64(OF(f, range_min_over_time, NAN, 3, 2, NAN), 2.0);
	assert_f64(OF(f, range_max_over_time, NAN, 3, 2, NAN), 3.0);
	assert_f64(OF(f, range_max_over_time, NAN, NAN), NAN);
	assert_f64(OF(f, range_count_over_time, NAN, NAN), 2.0);
}

static void an_empty_window_has_no_value(void **state)
{
	struct row *f = *state;

	row_add(f, 0, 1);
	assert_true(is_absent(row_at(f, range_sum_over_time, 60000)));
	assert_true(is_absent(row_at(f, range_count_over_time, -1)));
	assert_f64(row_at(f, range_count_over_time, 59999), 1.0);
}

/* Sliding sums, among them NaN, infinities and values that overflow, against one window at a time.
 */
static void moving_windows_give_what_each_gives_by_itself(void **state)
{
	static double sum[3000], avg[3000];
	struct row *f = *state;
	uint64_t seed = 7;
	int64_t t = 0;

	for (int i = 0; i < 3000; i++) {
		double v;

		seed = seed * 6364136223846793005u + 1442695040888963407u;
		t += 1000 + (int64_t)(seed >> 55) + (seed >> 33 & 255 ? 0 : 900000);
		v = ldexp((double)(seed >> 40), (int)(seed >> 25 & 63) - 40);
		if ((seed >> 12 & 127) == 0)
			v = (const double[]){ NAN, INFINITY, 1e308, 0 }[seed >> 60 & 3];
		row_add(f, t, v);
	}
	row_windows(f, 0, 1100, 3000);
	f->m.range_ms = 90000;
	assert_ok(range_sum_over_time(&f->r, sum, &f->e), &f->e);
	assert_ok(range_avg_over_time(&f->r, avg, &f->e), &f->e);
	for (size_t k = 0; k < 3000; k++) {
		double a = row_at(f, range_sum_over_time, (int64_t)k * 1100);
		double b = row_at(f, range_avg_over_time, (int64_t)k * 1100);

		assert_int_equal(is_absent(a), is_absent(sum[k]));
		if (isfinite(a))
			assert_near(sum[k], a, fabs(a) * 1e-15);
		else
			assert_f64(sum[k], a);
		if (isfinite(b))
			assert_near(avg[k], b, fabs(b) * 1e-15);
		else
			assert_f64(avg[k], b);
	}
}

static double window_of(double (*fn)(const struct window *), const double *v, size_t n, double arg)
{
	static const int64_t t[] = { 15000, 30000, 45000, 60000, 75000, 90000, 105000 };
	double spare[7];

	return fn(&(struct window){ .t_ms = t,
				    .v = v,
				    .n = n,
				    .end_ms = 110000,
				    .range_ms = 110000,
				    .arg = { arg },
				    .nargs = 1,
				    .spare = spare });
}

#define W(fn, arg, ...)                                                                            \
	window_of(fn, (const double[]){ __VA_ARGS__ },                                             \
		  sizeof((const double[]){ __VA_ARGS__ }) / sizeof(double), arg)

static void deviations_are_of_the_whole(void **state)
{
	(void)state;
	assert_near(W(window_stdvar_over_time, 0, 0, 8, 8, 2, 3), 10.56, 1e-14);
	assert_near(W(window_stddev_over_time, 0, 0, 8, 8, 2, 3), 3.249615361, 1e-9);
	assert_f64(W(window_stdvar_over_time, 0, 1.5990505637277868, 1.5990505637277868,
		     1.5990505637277868),
		   0.0);
	assert_f64(W(window_stdvar_over_time, 0, INFINITY), NAN);
	assert_f64(W(window_stddev_over_time, 0, 1, NAN), NAN);
}

static void quantiles_weigh_both_neighbours_and_take_nan_as_least(void **state)
{
	(void)state;
	assert_f64(W(window_quantile_over_time, 0.5, 2, 0, 1), 1.0);
	assert_f64(W(window_quantile_over_time, 0.75, 0, 1, 4), 2.5);
	assert_f64(W(window_quantile_over_time, 1, NAN, 1, 4), 4.0);
	assert_f64(W(window_quantile_over_time, 0, NAN, 1, 4), NAN);
	assert_f64(W(window_quantile_over_time, 0, 1, INFINITY), NAN);
	assert_f64(W(window_quantile_over_time, 2, 1), INFINITY);
	assert_f64(W(window_quantile_over_time, -1, 1), -INFINITY);
	assert_f64(W(window_quantile_over_time, NAN, 1), NAN);
	assert_f64(W(window_mad_over_time, 0, 4, 6, 2, 1, 999, 1, 2), 1.0);
}

static void times_are_those_of_the_last_extreme(void **state)
{
	(void)state;
	assert_f64(W(window_ts_of_max_over_time, 0, 1, 3, 3, NAN), 45.0);
	assert_f64(W(window_ts_of_min_over_time, 0, NAN, 3, 1, 1), 60.0);
	assert_f64(W(window_ts_of_first_over_time, 0, 1, 3), 15.0);
	assert_f64(W(window_ts_of_last_over_time, 0, 1, 3), 30.0);
}

static void a_quantile_out_of_bounds_is_warned_of(void **state)
{
	struct row *f = *state;
	double q[] = { NAN, NAN };

	row_add(f, 0, 1);
	row_windows(f, 0, 1000, 2);
	f->r.args[0] = q;
	assert_ok(remark_quantile(&f->r, &f->e), &f->e);
	assert_int_equal(f->notes.warnings.n, 1);
	assert_string_equal(f->notes.warnings.text[0],
			    "PromQL warning: quantile value should be between 0 and 1, got NaN "
			    "(1:6)");
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, begin, end)
	const struct CMUnitTest tests[] = {
		T(sums_keep_small_values_between_huge_ones),
		T(means_do_not_overflow),
		T(extremes_are_numbers_where_there_is_one),
		T(an_empty_window_has_no_value),
		T(moving_windows_give_what_each_gives_by_itself),
		T(deviations_are_of_the_whole),
		T(quantiles_weigh_both_neighbours_and_take_nan_as_least),
		T(times_are_those_of_the_last_extreme),
		T(a_quantile_out_of_bounds_is_warned_of),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
