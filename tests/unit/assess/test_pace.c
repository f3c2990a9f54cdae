/* test_pace.c - attainment, pace and lights, worked out by hand. */
#include "tests/lib/assert.h"
#include "tests/unit/assess/run_of.h"

#include "assess/pace.h"

static const struct measure ytd_down = { .form = FORM_YTD, .direction = DIRECTION_DOWN };
static const struct measure level_down = { .form = FORM_LEVEL, .direction = DIRECTION_DOWN };
static const struct measure ytd_zero = { .form = FORM_YTD, .direction = DIRECTION_ZERO };
static const struct measure period_zero = { .form = FORM_PERIOD, .direction = DIRECTION_ZERO };
static const struct seasons no_seasons;

static struct standing stand(const struct run *r, size_t i, const struct target *t)
{
	struct standing out;

	pace_standing(r, i, t, &no_seasons, 2, &out);
	return out;
}

/* 30 of 120 by March with a quarter of the year gone: on schedule. 27 of 120: 0.225 / 0.25 = 0.9.
 */
static void pace_is_attainment_over_schedule(void **state)
{
	const struct target target = { .value = 120, .linear = true };
	struct table t;
	struct run *r = RUN_OF(&t, ytd_up, FREQ_MONTH, 2026, true, 10, 20, 30);
	struct standing s = stand(r, 2, &target);

	(void)state;
	assert_true(s.has_attainment && s.has_schedule && s.has_pace);
	assert_f64(s.attainment, 0.25);
	assert_f64(s.schedule, 0.25);
	assert_f64(s.pace, 1.0);
	t.value[2] = 27;
	s = stand(r, 2, &target);
	assert_near(s.pace, 0.9, 1e-15);
	assert_int_equal(s.source, SCHEDULE_LINEAR);
}

static void period_figures_are_added_up_unless_one_is_missing(void **state)
{
	const struct target target = { .value = 120, .linear = true };
	struct table t;
	struct run *r = RUN_OF(&t, period_up, FREQ_MONTH, 2026, true, 10, 8, 6);
	struct standing s = stand(r, 2, &target);

	(void)state;
	assert_f64(s.attainment, 0.2);
	t.value[1] = NONE;
	s = stand(r, 2, &target);
	assert_false(s.has_attainment);
	assert_false(s.has_pace);
}

/* From 100 at the end of 2025 to 140: 110 is a quarter of the way. */
static void a_level_is_measured_from_last_years_final_level(void **state)
{
	const struct target target = { .value = 140, .linear = true };
	struct table t;
	struct run *r = RUN_OF(&t, level_up, FREQ_QUARTER, 2025, true, 90, 95, 99, 100, 110);
	struct standing s = stand(r, 4, &target);

	(void)state;
	assert_f64(s.attainment, 0.25);
	assert_f64(s.pace, 1.0);
	t.value[3] = NONE;
	assert_false(stand(r, 4, &target).has_attainment);
	t.value[3] = 140; /* nothing to be done: no share of it */
	assert_false(stand(r, 4, &target).has_attainment);
}

/* Idle land from 100 down to 80 by the year's end: 90 in June is half of the way. */
static void a_level_that_should_fall_is_measured_the_same_way(void **state)
{
	const struct target target = { .value = 80, .linear = true };
	struct table t;
	struct run *r =
		RUN_OF(&t, level_down, FREQ_QUARTER, 2025, true, 120, 110, 105, 100, 97, 90);
	struct standing s = stand(r, 5, &target);

	(void)state;
	assert_f64(s.attainment, 0.5);
	assert_f64(s.pace, 1.0);
}

/* Energy: a ceiling of 20; 6 used by March, 5 would be on schedule: 0.25 / 0.3 = 0.8333. */
static void of_a_ceiling_pace_is_schedule_over_use(void **state)
{
	const struct target target = { .value = 20, .linear = true };
	struct table t;
	struct run *r = RUN_OF(&t, ytd_down, FREQ_QUARTER, 2026, true, 6);
	struct standing s = stand(r, 0, &target);

	(void)state;
	assert_f64(s.attainment, 0.3);
	assert_near(s.pace, 0.25 / 0.3, 1e-15);
	t.value[0] = 0;
	s = stand(r, 0, &target);
	assert_false(s.has_pace);
	assert_int_equal(s.decided, LIGHT_GREEN);
}

static void what_must_be_zero_passes_or_fails_without_a_pace(void **state)
{
	const struct target target = { .value = 0, .linear = true };
	struct table t;
	struct run *r = RUN_OF(&t, ytd_zero, FREQ_MONTH, 2026, true, 0, 0, 1);
	struct standing s = stand(r, 1, &target);

	(void)state;
	assert_int_equal(s.decided, LIGHT_GREEN);
	assert_false(s.has_attainment);
	s = stand(r, 2, &target);
	assert_int_equal(s.decided, LIGHT_RED);
	assert_false(s.has_pace);
	/* The indicator itself says that it must be zero. */
	assert_int_equal(stand(r, 2, NULL).decided, LIGHT_RED);
	/* A ceiling of zero is the same. */
	t.run.measure = ytd_down;
	assert_int_equal(stand(r, 2, &target).decided, LIGHT_RED);
	assert_int_equal(stand(r, 2, NULL).decided, LIGHT_NONE);
}

static void an_accident_in_march_is_one_of_the_year_also_in_may(void **state)
{
	struct table t;
	struct run *r = RUN_OF(&t, period_zero, FREQ_MONTH, 2025, true, 0, 0, 0, 0, 0, 0, 0, 0, 0,
			       0, 0, 1, 0, 0, 1, NONE, 0);

	(void)state;
	assert_int_equal(stand(r, place_of(r, 2026, 2), NULL).decided, LIGHT_GREEN);
	assert_int_equal(stand(r, place_of(r, 2026, 5), NULL).decided, LIGHT_RED);
}

static void a_target_that_is_not_positive_or_a_missing_figure_has_no_attainment(void **state)
{
	const struct target zero = { .value = 0, .linear = true };
	const struct target negative = { .value = -5, .linear = true };
	const struct target good = { .value = 5, .linear = true };
	struct table t;
	struct run *r = RUN_OF(&t, ytd_up, FREQ_MONTH, 2026, true, 1, NONE);

	(void)state;
	assert_false(stand(r, 0, &zero).has_attainment);
	assert_false(stand(r, 0, &negative).has_attainment);
	assert_true(stand(r, 0, &good).has_attainment);
	assert_false(stand(r, 1, &good).has_attainment);
	assert_false(stand(r, 1, &good).has_schedule);
	assert_false(stand(r, 0, NULL).has_attainment);
}

static void published_growth_has_no_attainment(void **state)
{
	const struct target target = { .value = 0.1, .linear = true };
	struct table t;
	struct run *r = RUN_OF(&t, growth_up, FREQ_MONTH, 2026, true, 0.08);
	struct standing s = stand(r, 0, &target);

	(void)state;
	assert_false(s.has_attainment);
	assert_int_equal(s.decided, LIGHT_NONE);
}

static void where_nothing_is_expected_yet_there_is_no_pace(void **state)
{
	const struct target target = { .value = 100,
				       .has_split = true,
				       .split = { 0, 0, 0, 10, 20, 30, 40, 50, 60, 70, 80, 100 } };
	struct table t;
	struct run *r = RUN_OF(&t, ytd_up, FREQ_MONTH, 2026, true, 0, 5);
	struct standing s = stand(r, 1, &target);

	(void)state;
	assert_true(s.has_schedule);
	assert_f64(s.schedule, 0.0);
	assert_false(s.has_pace);
}

/* --- lights -------------------------------------------------------------------- */

static enum light light_of(double pace, double before, int month)
{
	const struct standing now = { .has_pace = true, .pace = pace };
	const struct standing earlier = { .has_pace = true, .pace = before };
	struct assess_options o;

	assess_options_init(&o);
	return pace_light(&o, &now, isnan(before) ? NULL : &earlier, month);
}

static void the_lights_change_at_1_095_and_085(void **state)
{
	(void)state;
	assert_int_equal(light_of(1.2, NAN, 10), LIGHT_GREEN);
	assert_int_equal(light_of(1, NAN, 10), LIGHT_GREEN);
	assert_int_equal(light_of(0.9999, NAN, 10), LIGHT_WATCH);
	assert_int_equal(light_of(0.95, NAN, 10), LIGHT_WATCH);
	assert_int_equal(light_of(0.9499, NAN, 10), LIGHT_YELLOW);
	assert_int_equal(light_of(0.85, NAN, 10), LIGHT_YELLOW);
}

static void red_needs_two_releases(void **state)
{
	(void)state;
	assert_int_equal(light_of(0.84, NAN, 10), LIGHT_YELLOW);
	assert_int_equal(light_of(0.84, 0.90, 10), LIGHT_YELLOW);
	assert_int_equal(light_of(0.84, 0.85, 10), LIGHT_YELLOW);
	assert_int_equal(light_of(0.84, 0.84, 10), LIGHT_RED);
}

static void below_07_one_release_is_enough(void **state)
{
	(void)state;
	assert_int_equal(light_of(0.7, NAN, 10), LIGHT_YELLOW);
	assert_int_equal(light_of(0.69, NAN, 10), LIGHT_RED);
	assert_int_equal(light_of(0.69, 1.1, 10), LIGHT_RED);
	assert_int_equal(light_of(-0.2, NAN, 10), LIGHT_RED);
}

static void there_is_no_red_before_march(void **state)
{
	(void)state;
	assert_int_equal(light_of(0.2, 0.2, 1), LIGHT_YELLOW);
	assert_int_equal(light_of(0.2, 0.2, 2), LIGHT_YELLOW);
	assert_int_equal(light_of(0.2, NAN, 3), LIGHT_RED);
	assert_int_equal(light_of(0.8, 0.8, 3), LIGHT_RED);
	assert_int_equal(light_of(0.96, NAN, 2), LIGHT_WATCH);
}

static void what_is_decided_needs_neither_pace_nor_march(void **state)
{
	const struct standing failed = { .decided = LIGHT_RED };
	const struct standing nothing = { 0 };
	struct assess_options o;

	(void)state;
	assess_options_init(&o);
	assert_int_equal(pace_light(&o, &failed, NULL, 1), LIGHT_RED);
	assert_int_equal(pace_light(&o, &nothing, NULL, 10), LIGHT_NONE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(pace_is_attainment_over_schedule),
		cmocka_unit_test(period_figures_are_added_up_unless_one_is_missing),
		cmocka_unit_test(a_level_is_measured_from_last_years_final_level),
		cmocka_unit_test(a_level_that_should_fall_is_measured_the_same_way),
		cmocka_unit_test(of_a_ceiling_pace_is_schedule_over_use),
		cmocka_unit_test(what_must_be_zero_passes_or_fails_without_a_pace),
		cmocka_unit_test(an_accident_in_march_is_one_of_the_year_also_in_may),
		cmocka_unit_test(
			a_target_that_is_not_positive_or_a_missing_figure_has_no_attainment),
		cmocka_unit_test(published_growth_has_no_attainment),
		cmocka_unit_test(where_nothing_is_expected_yet_there_is_no_pace),
		cmocka_unit_test(the_lights_change_at_1_095_and_085),
		cmocka_unit_test(red_needs_two_releases),
		cmocka_unit_test(below_07_one_release_is_enough),
		cmocka_unit_test(there_is_no_red_before_march),
		cmocka_unit_test(what_is_decided_needs_neither_pace_nor_march),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
