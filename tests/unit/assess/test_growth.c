/*
 * test_growth.c - period values and growth.
 *
 * Published figures are those of the National Bureau of Statistics, 分省月度数据, 房地产投资累计值
 * (亿元), as downloaded in 2020; the answers are worked out by hand from them.
 */
#include "tests/lib/assert.h"
#include "tests/unit/assess/run_of.h"

#include "assess/growth.h"

static void ytd_figures_become_period_values_by_difference(void **state)
{
	struct table t;
	/* Tibet 2019, February to May. */
	struct run *r = RUN_OF(&t, ytd_up, FREQ_MONTH, 2019, false, 0.5, 4.57, 12.02, 27.34);
	struct period_value v;

	(void)state;
	assert_true(growth_period_value(r, 1, &v));
	assert_near(v.value, 4.07, 1e-12);
	assert_int_equal(v.months, 1);
	assert_false(v.implied_revision);
	assert_true(growth_period_value(r, 3, &v));
	assert_near(v.value, 15.32, 1e-12);
}

static void the_first_period_of_a_year_is_its_own_period_value(void **state)
{
	struct table t;
	struct run *feb = RUN_OF(&t, ytd_up, FREQ_MONTH, 2019, false, 0.5, 4.57);
	struct table u;
	struct run *jan = RUN_OF(&u, ytd_up, FREQ_MONTH, 2019, true, 7, 9);
	struct table w;
	struct run *q1 = RUN_OF(&w, ytd_up, FREQ_QUARTER, 2019, true, 30, 70);
	struct period_value v;

	(void)state;
	assert_true(growth_period_value(feb, 0, &v));
	assert_f64(v.value, 0.5);
	assert_int_equal(v.months, 2); /* January and February */
	assert_true(growth_period_value(jan, 0, &v));
	assert_f64(v.value, 7.0);
	assert_int_equal(v.months, 1);
	assert_true(growth_period_value(jan, 1, &v));
	assert_f64(v.value, 2.0);
	assert_int_equal(v.months, 1);
	assert_true(growth_period_value(q1, 0, &v));
	assert_int_equal(v.months, 3);
	assert_true(growth_period_value(q1, 1, &v));
	assert_f64(v.value, 40.0);
	assert_int_equal(v.months, 3);
}

static void december_does_not_reach_into_the_next_year(void **state)
{
	double v[13] = { 10, 20, 30, 40, 50, 60, 70, 80, 90, 100, 110, 120, 8 };
	struct table t;
	struct run *r = run_of(&t, ytd_up, FREQ_MONTH, 2018, true, v, 13);
	struct period_value p;

	(void)state;
	assert_true(growth_period_value(r, 12, &p));
	assert_f64(p.value, 8.0);
}

/* Inner Mongolia, November and December 2017: 905.98, then 889.72. */
static void a_falling_ytd_figure_is_kept_and_marked_as_a_revision(void **state)
{
	struct table t;
	struct run *r = RUN_OF(&t, ytd_up, FREQ_MONTH, 2017, false, 7.59, 40.38, 107.49, 216.13,
			       373.14, 496.21, 616.22, 757.22, 863.43, 905.98, 889.72);
	struct period_value v;

	(void)state;
	assert_true(growth_period_value(r, place_of(r, 2017, 12), &v));
	assert_near(v.value, -16.26, 1e-9);
	assert_true(v.implied_revision);
	assert_true(growth_period_value(r, place_of(r, 2017, 11), &v));
	assert_near(v.value, 42.55, 1e-9);
	assert_false(v.implied_revision);
}

static void a_missing_month_takes_its_own_and_the_next_period_value(void **state)
{
	struct table t;
	struct run *r = RUN_OF(&t, ytd_up, FREQ_MONTH, 2019, true, 10, 25, NONE, 60, 80);
	struct period_value v;

	(void)state;
	assert_true(growth_period_value(r, 1, &v));
	assert_false(growth_period_value(r, 2, &v));
	assert_false(growth_period_value(r, 3, &v));
	assert_true(growth_period_value(r, 4, &v));
	assert_f64(v.value, 20.0);
}

/* Tibet, February: 0.11 in 2018, 0.50 in 2019. Published growth is +341.4 % (from unrounded
 * levels); from the published levels it is 0.50 / 0.11 - 1 = 354.545… %. */
static void growth_from_a_small_base_is_that_of_the_published_levels(void **state)
{
	struct table t;
	double v[12] = { 0.11,  3.42,  5.69,  9.99,  27.66, 40.65,
			 53.38, 60.87, 75.10, 91.75, 92.60, 0.5 };
	struct run *r = run_of(&t, ytd_up, FREQ_MONTH, 2018, false, v, 12);
	struct growth g;

	(void)state;
	assert_true(growth_ytd(r, place_of(r, 2019, 2), &g));
	assert_near(g.ratio, 3.5454545454545454, 1e-12);
	assert_true(growth_yoy(r, place_of(r, 2019, 2), &g));
	assert_near(g.ratio, 3.5454545454545454, 1e-12);
}

/* Tibet again, March: (4.57 - 0.50) / (3.42 - 0.11) - 1 = 4.07 / 3.31 - 1 = 22.9607… % of the
 * month, 4.57 / 3.42 - 1 = 33.6257… % year to date (published: 33.7 %). */
static void yoy_compares_periods_and_ytd_compares_cumulated_figures(void **state)
{
	struct table t;
	double v[13] = { 0.11,  3.42,  5.69,  9.99,  27.66, 40.65, 53.38,
			 60.87, 75.10, 91.75, 92.60, 0.5,   4.57 };
	struct run *r = run_of(&t, ytd_up, FREQ_MONTH, 2018, false, v, 13);
	struct growth g;

	(void)state;
	assert_true(growth_yoy(r, place_of(r, 2019, 3), &g));
	assert_near(g.ratio, 0.229607250755287, 1e-12);
	assert_true(growth_ytd(r, place_of(r, 2019, 3), &g));
	assert_near(g.ratio, 0.336257309941520, 1e-12);
}

static void there_is_no_growth_while_this_years_figure_is_missing(void **state)
{
	struct table t;
	double v[15] = { 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 2, NONE, 5 };
	struct run *r = run_of(&t, ytd_up, FREQ_MONTH, 2018, true, v, 15);
	struct growth g = { .ratio = 42 };

	(void)state;
	assert_false(growth_yoy(r, 13, &g));
	assert_false(growth_ytd(r, 13, &g));
	/* March's cumulated figure is there, its own value is not. */
	assert_false(growth_yoy(r, 14, &g));
	assert_f64(g.ratio, 42.0);
	assert_true(growth_ytd(r, 14, &g));
	assert_near(g.ratio, 2.0 / 3, 1e-15);
}

static void there_is_no_growth_without_last_years_figure(void **state)
{
	struct table t;
	double v[13] = { NONE, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 2 };
	struct run *r = run_of(&t, ytd_up, FREQ_MONTH, 2018, true, v, 13);
	struct growth g;

	(void)state;
	assert_false(growth_yoy(r, 12, &g));
	assert_false(growth_ytd(r, 12, &g));
	assert_false(growth_ytd(r, 5, &g)); /* nothing before the axis */
}

static void a_base_that_is_not_positive_or_a_change_of_sign_gives_no_growth(void **state)
{
	double g;

	(void)state;
	assert_false(growth_ratio(5, 0, &g));
	assert_false(growth_ratio(5, -3, &g)); /* 扭亏: a loss became a profit */
	assert_false(growth_ratio(-5, 3, &g));
	assert_false(growth_ratio(-5, -3, &g));
	assert_true(growth_ratio(0, 4, &g));
	assert_f64(g, -1.0);
	assert_true(growth_ratio(5, 4, &g));
	assert_f64(g, 0.25);
}

static void only_equal_periods_are_compared(void **state)
{
	struct table t;
	double v[14] = { 5, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, NONE, 12 };
	struct run *r = run_of(&t, period_up, FREQ_MONTH, 2018, true, v, 14);
	struct growth g;

	(void)state;
	/* February 2018 of one month, February 2019 of two. */
	t.months[1] = 1;
	t.months[13] = 2;
	assert_false(growth_yoy(r, 13, &g));
	t.months[13] = 1;
	assert_true(growth_yoy(r, 13, &g));
	assert_f64(g.ratio, 2.0);
}

static void period_figures_add_up_to_the_year_when_none_is_missing(void **state)
{
	struct table t;
	struct run *r = RUN_OF(&t, period_up, FREQ_MONTH, 2019, false, 10, 6, 7, NONE, 8);
	double sum = 42;

	(void)state;
	/* January and February together, then March and April. */
	t.months[0] = 2;
	assert_true(growth_since_new_year(r, 2, &sum));
	assert_f64(sum, 23.0);
	assert_false(growth_since_new_year(r, 4, &sum));
	/* February by itself leaves January out: no sum of the year. */
	t.months[0] = 1;
	assert_false(growth_since_new_year(r, 2, &sum));
}

static void levels_grow_against_the_level_a_year_earlier(void **state)
{
	struct table t;
	struct run *r = RUN_OF(&t, level_up, FREQ_QUARTER, 2018, true, 100, 102, 104, 106, 110);
	struct period_value v;
	struct growth g;

	(void)state;
	assert_true(growth_yoy(r, 4, &g));
	assert_near(g.ratio, 0.10, 1e-15);
	assert_false(growth_ytd(r, 4, &g));
	assert_false(growth_period_value(r, 4, &v));
}

static void there_is_no_growth_across_a_break_without_a_factor(void **state)
{
	struct series_break b = { .from = { 2019, 1, 1 }, .reason = BREAK_CLASSIFICATION };
	const struct measure broken = { .form = FORM_LEVEL, .breaks = &b, .nbreaks = 1 };
	struct table t;
	struct run *r = RUN_OF(&t, broken, FREQ_QUARTER, 2018, true, 100, 102, 104, 106, 110, 112,
			       114, 116, 121);
	struct growth g = { .ratio = 42 };

	(void)state;
	assert_false(growth_yoy(r, 4, &g));
	assert_false(growth_yoy(r, 7, &g));
	assert_f64(g.ratio, 42.0);
	/* Both lie behind the break. */
	assert_true(growth_yoy(r, 8, &g));
	assert_near(g.ratio, 0.1, 1e-15);
	assert_false(g.linked);
}

/* 110 against 100 · 1.25 = 125: a fall of 12 %, where the bare figures would show growth. */
static void growth_across_a_break_with_a_factor_is_on_the_newer_base_and_says_so(void **state)
{
	struct series_break b = { .from = { 2019, 1, 1 }, .factor = 1.25 };
	const struct measure level = { .form = FORM_LEVEL, .breaks = &b, .nbreaks = 1 };
	const struct measure ytd = { .form = FORM_YTD, .breaks = &b, .nbreaks = 1 };
	struct table t, u;
	struct run *r = RUN_OF(&t, level, FREQ_QUARTER, 2018, true, 100, 102, 104, 106, 110);
	struct run *y = RUN_OF(&u, ytd, FREQ_QUARTER, 2018, true, 10, 30, 60, 90, 20, 50);
	struct growth g;

	(void)state;
	assert_true(growth_yoy(r, 4, &g));
	assert_near(g.ratio, -0.12, 1e-15);
	assert_true(g.linked);
	assert_true(growth_ytd(y, 5, &g));
	assert_near(g.ratio, 50 / 37.5 - 1, 1e-15);
	assert_true(g.linked);
	assert_true(growth_yoy(y, 5, &g));
	assert_near(g.ratio, 30 / 25.0 - 1, 1e-15);
}

static void nothing_is_subtracted_or_added_up_across_a_break_within_the_year(void **state)
{
	struct series_break b = { .from = { 2019, 3, 1 }, .factor = 2 };
	const struct measure ytd = { .form = FORM_YTD, .breaks = &b, .nbreaks = 1 };
	const struct measure period = { .form = FORM_PERIOD, .breaks = &b, .nbreaks = 1 };
	struct table t, u;
	struct run *y = RUN_OF(&t, ytd, FREQ_MONTH, 2019, true, 1, 2, 6, 8);
	struct run *p = RUN_OF(&u, period, FREQ_MONTH, 2019, true, 1, 1, 4, 2);
	struct period_value v;
	double sum;

	(void)state;
	assert_true(growth_period_value(y, 1, &v));
	assert_false(growth_period_value(y, 2, &v));
	assert_true(growth_period_value(y, 3, &v));
	assert_true(growth_since_new_year(p, 1, &sum));
	assert_false(growth_since_new_year(p, 2, &sum));
	assert_false(growth_since_new_year(p, 3, &sum));
}

static void published_growth_and_rates_have_no_growth_of_their_own(void **state)
{
	const struct measure margin = { .form = FORM_YTD, .intensive = true, .ratio = true };
	const struct measure per_area = { .form = FORM_YTD, .intensive = true };
	struct table t, u, w;
	struct run *g1 = RUN_OF(&t, growth_up, FREQ_QUARTER, 2018, true, .1, .1, .1, .1, .2);
	struct run *g2 = RUN_OF(&u, margin, FREQ_QUARTER, 2018, true, .1, .1, .1, .1, .2);
	struct run *g3 = RUN_OF(&w, per_area, FREQ_QUARTER, 2018, true, 4, 4, 4, 4, 5);
	struct period_value v;
	struct growth g;

	(void)state;
	assert_false(growth_yoy(g1, 4, &g));
	assert_false(growth_ytd(g1, 4, &g));
	assert_false(growth_yoy(g2, 4, &g));
	assert_false(growth_ytd(g2, 4, &g));
	/* A margin of the year to date less that of the quarter before is nothing. */
	assert_false(growth_period_value(g2, 1, &v));
	assert_false(growth_period_value(g3, 1, &v));
}

static void what_overflows_has_no_answer(void **state)
{
	struct table t;
	struct run *r = RUN_OF(&t, ytd_up, FREQ_QUARTER, 2018, true, -1.7e308, 1.7e308);
	struct period_value v;
	double x;

	(void)state;
	assert_false(growth_period_value(r, 1, &v));
	assert_false(growth_ratio(1.7e308, 1e-300, &x));
	t.run.measure = period_up;
	t.value[0] = 1.7e308;
	assert_false(growth_since_new_year(r, 1, &x));
}

static void leap_days_have_no_equal_day_last_year(void **state)
{
	struct period at[2] = { period_of(FREQ_DAY, (struct date){ 2023, 3, 1 }),
				period_of(FREQ_DAY, (struct date){ 2024, 2, 29 }) };
	const struct axis x = { at, 2 };

	(void)state;
	assert_int_equal(axis_year_before(&x, 1), -1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ytd_figures_become_period_values_by_difference),
		cmocka_unit_test(the_first_period_of_a_year_is_its_own_period_value),
		cmocka_unit_test(december_does_not_reach_into_the_next_year),
		cmocka_unit_test(a_falling_ytd_figure_is_kept_and_marked_as_a_revision),
		cmocka_unit_test(a_missing_month_takes_its_own_and_the_next_period_value),
		cmocka_unit_test(growth_from_a_small_base_is_that_of_the_published_levels),
		cmocka_unit_test(yoy_compares_periods_and_ytd_compares_cumulated_figures),
		cmocka_unit_test(there_is_no_growth_while_this_years_figure_is_missing),
		cmocka_unit_test(there_is_no_growth_without_last_years_figure),
		cmocka_unit_test(a_base_that_is_not_positive_or_a_change_of_sign_gives_no_growth),
		cmocka_unit_test(only_equal_periods_are_compared),
		cmocka_unit_test(period_figures_add_up_to_the_year_when_none_is_missing),
		cmocka_unit_test(levels_grow_against_the_level_a_year_earlier),
		cmocka_unit_test(there_is_no_growth_across_a_break_without_a_factor),
		cmocka_unit_test(
			growth_across_a_break_with_a_factor_is_on_the_newer_base_and_says_so),
		cmocka_unit_test(nothing_is_subtracted_or_added_up_across_a_break_within_the_year),
		cmocka_unit_test(published_growth_and_rates_have_no_growth_of_their_own),
		cmocka_unit_test(what_overflows_has_no_answer),
		cmocka_unit_test(leap_days_have_no_equal_day_last_year),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
