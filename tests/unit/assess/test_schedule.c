/* test_schedule.c - the share of the year that should be reached, source by source. */
#include "tests/lib/assert.h"
#include "tests/unit/assess/run_of.h"

#include "assess/schedule.h"

static const struct profile provincial = {
	.id = "p",
	.shares = { .04, .08, .171, .247, .332, .45, .534, .625, .738, .8335, .9226, 1 },
};

/* Inner Mongolia 2017-2019, 房地产投资累计值 in 亿元, National Bureau of Statistics. */
static const double mongolia[33] = {
	7.59, 40.38, 107.49, 216.13, 373.14, 496.21, 616.22, 757.22, 863.43, 905.98,  889.72,
	8.19, 39.61, 93.35,  185.27, 341.22, 483.99, 605.64, 744.38, 827.04, 875.14,  882.85,
	5.61, 46.44, 110.78, 210.34, 361.00, 520.28, 677.94, 851.48, 957.60, 1026.08, 1041.95,
};

static struct run *three_years_and_a_start(struct table *t)
{
	double v[35];

	memcpy(v, mongolia, sizeof(mongolia));
	v[33] = 6;
	v[34] = 50;
	return run_of(t, ytd_up, FREQ_MONTH, 2017, false, v, 35);
}

static void shares_are_those_of_the_complete_years_before(void **state)
{
	struct table t;
	struct run *r = three_years_and_a_start(&t);
	double share[3];

	(void)state;
	assert_int_equal(schedule_year_shares(r, place_of(r, 2020, 3), 3, share), 3);
	assert_near(share[0], 46.44 / 1041.95, 1e-15); /* newest first */
	assert_near(share[1], 39.61 / 882.85, 1e-15);
	assert_near(share[2], 40.38 / 889.72, 1e-15);
	assert_int_equal(schedule_year_shares(r, place_of(r, 2020, 3), 2, share), 2);
}

static void a_year_with_a_missing_month_gives_no_share(void **state)
{
	struct table t;
	struct run *r = three_years_and_a_start(&t);
	double share[3];

	(void)state;
	t.value[place_of(r, 2018, 7)] = NONE;
	assert_int_equal(schedule_year_shares(r, place_of(r, 2020, 3), 3, share), 2);
	assert_near(share[1], 40.38 / 889.72, 1e-15);
}

static void a_year_whose_total_is_not_positive_gives_no_share(void **state)
{
	struct table t;
	struct run *r = three_years_and_a_start(&t);
	double share[3];

	(void)state;
	t.value[place_of(r, 2019, 12)] = 0;
	t.value[place_of(r, 2018, 12)] = -3;
	assert_int_equal(schedule_year_shares(r, place_of(r, 2020, 3), 3, share), 1);
}

static void the_year_under_way_is_not_its_own_history(void **state)
{
	struct table t;
	struct run *r = three_years_and_a_start(&t);
	double share[3];

	(void)state;
	/* From the end of 2019 there are only 2018 and 2017. */
	assert_int_equal(schedule_year_shares(r, place_of(r, 2019, 12), 3, share), 2);
	assert_f64(share[0], 1.0);
}

static void period_figures_give_shares_of_their_sums(void **state)
{
	struct table t;
	struct run *r = RUN_OF(&t, period_up, FREQ_QUARTER, 2019, true, 10, 20, 30, 40, 12);
	double share[1];

	(void)state;
	assert_int_equal(schedule_year_shares(r, 4, 1, share), 1);
	assert_f64(share[0], 0.1);
}

static void levels_and_rates_have_no_seasonal_shares(void **state)
{
	const struct measure margin = { .form = FORM_YTD, .intensive = true, .ratio = true };
	struct table t;
	double share[1];

	(void)state;
	assert_int_equal(schedule_year_shares(RUN_OF(&t, level_up, FREQ_QUARTER, 2019, true, 1, 2,
						     3, 4, 5),
					      4, 1, share),
			 0);
	assert_int_equal(schedule_year_shares(RUN_OF(&t, margin, FREQ_QUARTER, 2019, true, 1, 2, 3,
						     4, 5),
					      4, 1, share),
			 0);
}

/* (1 × 0.20 + 2 × 0.35) / 3 = 0.30; (3 × 0.20 + 2 × 0.35) / 5 = 0.26. */
static void the_own_profile_is_shrunk_to_the_peers_by_its_years(void **state)
{
	(void)state;
	assert_near(schedule_shrink(0.20, 1, 0.35, 2), 0.30, 1e-15);
	assert_near(schedule_shrink(0.20, 3, 0.35, 2), 0.26, 1e-15);
	assert_near(schedule_shrink(0.20, 3, 0.35, 0), 0.20, 1e-15);
}

static struct run *march(struct table *t)
{
	return RUN_OF(t, ytd_up, FREQ_MONTH, 2026, false, 10, 25);
}

static void the_targets_own_split_wins(void **state)
{
	const struct target target = {
		.value = 120,
		.has_split = true,
		.split = { 5, 12, 30, 40, 50, 60, 70, 80, 90, 100, 110, 120 },
		.linear = true,
	};
	const struct seasons s = { .own = 0.2, .own_years = 3, .pool = 0.2, .pool_years = 9 };
	struct schedule out;
	struct table t;

	(void)state;
	assert_true(schedule_at(march(&t), 1, &target, NULL, &s, 2, &out));
	assert_f64(out.share, 0.25);
	assert_int_equal(out.source, SCHEDULE_SPLIT);
}

static void a_line_is_taken_only_when_the_target_says_so(void **state)
{
	struct target target = { .value = 120, .linear = true };
	const struct seasons s = { .own = 0.2, .own_years = 3, .pool = 0.2, .pool_years = 9 };
	struct schedule out;
	struct table t;

	(void)state;
	assert_true(schedule_at(march(&t), 1, &target, NULL, &s, 2, &out));
	assert_f64(out.share, 0.25);
	assert_int_equal(out.source, SCHEDULE_LINEAR);
	target.linear = false;
	assert_true(schedule_at(march(&t), 1, &target, NULL, &s, 2, &out));
	assert_f64(out.share, 0.2);
	assert_int_equal(out.source, SCHEDULE_OWN);
}

static void without_a_history_the_peers_decide_when_there_are_three_years_of_them(void **state)
{
	const struct target target = { .value = 120 };
	struct seasons s = { .pool = 0.15, .pool_years = 3, .provincial = &provincial };
	struct schedule out;
	struct table t;

	(void)state;
	assert_true(schedule_at(march(&t), 1, &target, NULL, &s, 2, &out));
	assert_f64(out.share, 0.15);
	assert_int_equal(out.source, SCHEDULE_PEERS);
	s.pool_years = 2;
	assert_true(schedule_at(march(&t), 1, &target, NULL, &s, 2, &out));
	assert_f64(out.share, 0.171);
	assert_int_equal(out.source, SCHEDULE_PROVINCIAL);
	s.provincial = NULL;
	assert_false(schedule_at(march(&t), 1, &target, NULL, &s, 2, &out));
}

static void a_quarter_takes_the_provincial_share_of_its_last_month(void **state)
{
	const struct target target = { .value = 120 };
	const struct seasons s = { .provincial = &provincial };
	struct schedule out;
	struct table t;
	struct run *r = RUN_OF(&t, ytd_up, FREQ_QUARTER, 2026, true, 10, 25);

	(void)state;
	assert_true(schedule_at(r, 1, &target, NULL, &s, 2, &out));
	assert_f64(out.share, 0.45);
}

/* 905.98 / 889.72 is more than the whole year. */
static void a_share_above_the_year_is_cut_to_it(void **state)
{
	const struct target target = { .value = 1000 };
	const struct seasons s = {
		.own = 905.98 / 889.72, .own_years = 1, .pool = 905.98 / 889.72, .pool_years = 1
	};
	struct schedule out;
	struct table t;

	(void)state;
	assert_true(schedule_at(march(&t), 1, &target, NULL, &s, 2, &out));
	assert_f64(out.share, 1.0);
}

static void levels_have_a_schedule_only_by_split_or_line(void **state)
{
	struct target target = { .value = 140 };
	const struct seasons s = { .pool = 0.2, .pool_years = 9, .provincial = &provincial };
	const double x0 = 100;
	struct schedule out;
	struct table t;
	struct run *r = RUN_OF(&t, level_up, FREQ_QUARTER, 2026, true, 110, 115);

	(void)state;
	assert_false(schedule_at(r, 0, &target, &x0, &s, 2, &out));
	target.linear = true;
	assert_true(schedule_at(r, 0, &target, &x0, &s, 2, &out));
	assert_f64(out.share, 0.25);
	/* 110 by March, from 100 to 140: a quarter of the way. */
	target.has_split = true;
	memcpy(target.split,
	       (double[12]){ 100, 105, 110, 115, 120, 120, 125, 130, 130, 135, 135, 140 },
	       sizeof(target.split));
	assert_true(schedule_at(r, 0, &target, &x0, &s, 2, &out));
	assert_f64(out.share, 0.25);
	assert_int_equal(out.source, SCHEDULE_SPLIT);
	assert_false(schedule_at(r, 0, &target, NULL, &s, 2, &out));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(shares_are_those_of_the_complete_years_before),
		cmocka_unit_test(a_year_with_a_missing_month_gives_no_share),
		cmocka_unit_test(a_year_whose_total_is_not_positive_gives_no_share),
		cmocka_unit_test(the_year_under_way_is_not_its_own_history),
		cmocka_unit_test(period_figures_give_shares_of_their_sums),
		cmocka_unit_test(levels_and_rates_have_no_seasonal_shares),
		cmocka_unit_test(the_own_profile_is_shrunk_to_the_peers_by_its_years),
		cmocka_unit_test(the_targets_own_split_wins),
		cmocka_unit_test(a_line_is_taken_only_when_the_target_says_so),
		cmocka_unit_test(
			without_a_history_the_peers_decide_when_there_are_three_years_of_them),
		cmocka_unit_test(a_quarter_takes_the_provincial_share_of_its_last_month),
		cmocka_unit_test(a_share_above_the_year_is_cut_to_it),
		cmocka_unit_test(levels_have_a_schedule_only_by_split_or_line),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
