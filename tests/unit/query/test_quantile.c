/* test_quantile.c - medians and type-7 quantiles against published and hand-made answers. */
#include "tests/lib/assert.h"

#include "query/stats/quantile.h"

static void the_median_of_an_odd_number_is_the_middle_value(void **state)
{
	double x[] = { 9, 1, 5 };

	(void)state;
	assert_f64(stats_median(x, 3), 5.0);
}

static void the_median_of_an_even_number_is_the_mean_of_the_two_middle_values(void **state)
{
	double x[] = { 4, 1, 3, 2 };

	(void)state;
	assert_f64(stats_median(x, 4), 2.5);
}

/* R: quantile(1:10, c(0, .1, .25, .5, .9, 1)) is 1, 1.9, 3.25, 5.5, 9.1, 10 (type 7 is its
 * default). */
static void quantiles_are_those_of_r_type_7(void **state)
{
	double x[10];

	(void)state;
	for (int i = 0; i < 10; i++)
		x[i] = 10 - i;
	assert_f64(stats_quantile(x, 10, 0), 1.0);
	assert_near(stats_quantile(x, 10, 0.1), 1.9, 1e-15);
	assert_f64(stats_quantile(x, 10, 0.25), 3.25);
	assert_f64(stats_quantile(x, 10, 0.5), 5.5);
	assert_near(stats_quantile(x, 10, 0.9), 9.1, 1e-14);
	assert_f64(stats_quantile(x, 10, 1), 10.0);
}

static void one_value_is_every_quantile(void **state)
{
	double x[] = { 7.25 };

	(void)state;
	assert_f64(stats_quantile(x, 1, 0), 7.25);
	assert_f64(stats_quantile(x, 1, 0.3), 7.25);
	assert_f64(stats_quantile(x, 1, 1), 7.25);
}

static void no_values_have_no_median(void **state)
{
	double x[1] = { 1 };

	(void)state;
	assert_true(isnan(stats_median(x, 0)));
}

static void one_nan_makes_the_answer_nan_wherever_it_stands(void **state)
{
	double first[] = { NAN, 1, 2 }, middle[] = { 1, NAN, 2 }, last[] = { 1, 2, NAN };

	(void)state;
	assert_true(isnan(stats_median(first, 3)));
	assert_true(isnan(stats_quantile(middle, 3, 0)));
	assert_true(isnan(stats_quantile(last, 3, 0.1)));
}

static void dropping_nans_keeps_the_rest_in_order(void **state)
{
	double x[] = { NAN, 3, NAN, 1, 2, NAN };

	(void)state;
	assert_int_equal(stats_drop_nan(x, 6), 3);
	assert_f64(x[0], 3.0);
	assert_f64(x[1], 1.0);
	assert_f64(x[2], 2.0);
	assert_int_equal(stats_drop_nan(x, 0), 0);
}

static void a_share_outside_0_to_1_gives_infinity_as_in_promql(void **state)
{
	double x[] = { 1, 2 };

	(void)state;
	assert_f64(stats_quantile(x, 2, -0.1), -INFINITY);
	assert_f64(stats_quantile(x, 2, 1.1), INFINITY);
	assert_true(isnan(stats_quantile(x, 2, NAN)));
}

static void infinities_do_not_become_nan_where_the_answer_is_clear(void **state)
{
	double x[] = { -INFINITY, 1, INFINITY, INFINITY };

	(void)state;
	assert_f64(stats_quantile(x, 4, 0), -INFINITY);
	assert_f64(stats_quantile(x, 4, 1), INFINITY);
	assert_f64(stats_quantile(x, 4, 0.9), INFINITY);
	assert_f64(stats_quantile(x, 4, 1.0 / 3), 1.0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_median_of_an_odd_number_is_the_middle_value),
		cmocka_unit_test(the_median_of_an_even_number_is_the_mean_of_the_two_middle_values),
		cmocka_unit_test(quantiles_are_those_of_r_type_7),
		cmocka_unit_test(one_value_is_every_quantile),
		cmocka_unit_test(no_values_have_no_median),
		cmocka_unit_test(one_nan_makes_the_answer_nan_wherever_it_stands),
		cmocka_unit_test(dropping_nans_keeps_the_rest_in_order),
		cmocka_unit_test(a_share_outside_0_to_1_gives_infinity_as_in_promql),
		cmocka_unit_test(infinities_do_not_become_nan_where_the_answer_is_clear),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
