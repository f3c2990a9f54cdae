/* test_fn_trend.c - lines of least squares and smoothing. */
#include "tests/unit/query/range_row.h"

static const int64_t t[] = { 0, 10000, 20000, 30000 };

static struct window of(const double *v, size_t n)
{
	return (struct window){ .t_ms = t, .v = v, .n = n, .at_ms = 40000 };
}

static void a_straight_line_is_found(void **state)
{
	struct window w = of((const double[]){ 1, 3, 5, 7 }, 4);

	(void)state;
	assert_near(window_deriv(&w), 0.2, 1e-15);
	w.arg[0] = 10;
	assert_near(window_predict_linear(&w), 11, 1e-12);
}

static void a_constant_series_has_no_slope_and_a_constant_infinity_none_at_all(void **state)
{
	struct window w = of((const double[]){ 7, 7, 7 }, 3);

	(void)state;
	w.arg[0] = 1e9;
	assert_f64(window_deriv(&w), 0.0);
	assert_f64(window_predict_linear(&w), 7.0);
	w = of((const double[]){ INFINITY, INFINITY }, 2);
	assert_f64(window_deriv(&w), NAN);
	assert_f64(window_predict_linear(&w), NAN);
}

static void one_point_has_no_trend(void **state)
{
	struct window w = of((const double[]){ 7 }, 1);

	(void)state;
	assert_true(is_absent(window_deriv(&w)));
	assert_true(is_absent(window_predict_linear(&w)));
	assert_true(is_absent(window_double_exponential_smoothing(&w)));
}

/* By hand: s1 = 0.5 * 2 + 0.5 * (1 + 1) = 2; b = 0.5 * (2 - 1) + 0.5 * 1 = 1;
 * s2 = 0.5 * 5 + 0.5 * (2 + 1) = 4. */
static void smoothing_follows_level_and_trend(void **state)
{
	struct window w = of((const double[]){ 1, 2, 5 }, 3);

	(void)state;
	w.arg[0] = w.arg[1] = 0.5;
	assert_f64(window_double_exponential_smoothing(&w), 4.0);
}

static void factors_out_of_bounds_are_refused_where_there_are_points(void **state)
{
	static struct row f;
	double sf[] = { 0 }, tf[] = { 1.5 };

	(void)state;
	row_begin(&f, "metric");
	row_add(&f, 0, 1);
	row_windows(&f, 70000, 0, 1);
	f.r.args[0] = sf;
	f.r.args[1] = tf;
	assert_ok(remark_smoothing(&f.r, &f.e), &f.e);
	row_windows(&f, 0, 0, 1);
	assert_fails(remark_smoothing(&f.r, &f.e), &f.e, ERR_INVALID,
		     "invalid smoothing factor. Expected: 0 < sf < 1, got: 0.000000");
	sf[0] = 0.5;
	assert_fails(remark_smoothing(&f.r, &f.e), &f.e, ERR_INVALID,
		     "invalid trend factor. Expected: 0 < tf < 1, got: 1.500000");
	row_end(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_straight_line_is_found),
		cmocka_unit_test(
			a_constant_series_has_no_slope_and_a_constant_infinity_none_at_all),
		cmocka_unit_test(one_point_has_no_trend),
		cmocka_unit_test(smoothing_follows_level_and_trend),
		cmocka_unit_test(factors_out_of_bounds_are_refused_where_there_are_points),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
