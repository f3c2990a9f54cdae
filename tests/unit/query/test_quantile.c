/* test_quantile.c - medians and type-7 quantiles against published and hand-made answers. */
#include "tests/lib/assert.h"

#include "query/stats/quantile.h"

#include <stdlib.h>

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

/* --- selecting against sorting ------------------------------------------------------- */

enum { MOST = 700, SHAPES = 8 };

/* Orders that a choice of pivots may be taken in by. */
static double shaped(int shape, size_t k, size_t n)
{
	switch (shape) {
	case 0:
		return (double)k;
	case 1:
		return (double)(n - k);
	case 2: /* organ pipe */
		return (double)(k < n / 2 ? k : n - k);
	case 3:
		return 7;
	case 4:
		return (double)(k % 2);
	case 5: /* first and middle are the least each time: a cut takes off two */
		if (k < n / 2)
			return (double)(k % 2 ? n + k : k);
		return (double)(k < n / 2 + n / 4 ? 2 * (k - n / 2) + 1 : n + k);
	case 6:
		return k % 5 ? (double)rand() / RAND_MAX : INFINITY;
	default:
		return rand() % 50;
	}
}

static void a_quantile_is_the_same_selected_or_sorted_for(void **state)
{
	static const double shares[] = { 1, 0, 0.01, 0.25, 1.0 / 3, 0.5, 0.75, 0.9, 0.999 };
	double sorted[MOST], x[MOST];

	(void)state;
	srand(20261125);
	for (int shape = 0; shape < SHAPES; shape++)
		for (size_t n = 1; n <= MOST; n += n < 40 ? 1 : 32) {
			for (size_t k = 0; k < n; k++)
				sorted[k] = x[k] = shaped(shape, k, n);
			stats_sort(sorted, n);
			/* One after the other on what the one before has left. */
			for (size_t k = 0; k < sizeof(shares) / sizeof(*shares); k++)
				assert_f64(stats_quantile(x, n, shares[k]),
					   stats_quantile_sorted(sorted, n, shares[k]));
			stats_sort(x, n);
			assert_memory_equal(x, sorted, n * sizeof(*x));
		}
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
		cmocka_unit_test(a_quantile_is_the_same_selected_or_sorted_for),
		cmocka_unit_test(infinities_do_not_become_nan_where_the_answer_is_clear),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
