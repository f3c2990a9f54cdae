/* test_workdays.c - working days and hours around National Day. */
#include "base/workdays.h"
#include "base/alloc.h"
#include "tests/lib/assert.h"

struct fixture {
	struct workdays *w;
	struct zone *china;
	struct work_hours hours;
	struct err e;
};

static struct date day(int y, int m, int d)
{
	return (struct date){ y, m, d };
}

/* National Day 2025: 1-8 October off (a Wednesday to a Wednesday), worked in exchange
 * were Sunday 28 September and Saturday 11 October. */
static int set_up(void **state)
{
	static struct fixture f;

	f = (struct fixture){ .w = workdays_new(), .hours = { 9 * 60, 17 * 60 } };
	f.china = zone_open("Asia/Shanghai", &f.e);
	if (!f.w || !f.china)
		return -1;
	for (int d = 1; d <= 8; d++)
		if (workdays_add_holiday(f.w, day(2025, 10, d), &f.e) < 0)
			return -1;
	if (workdays_add_swapped(f.w, day(2025, 9, 28), &f.e) < 0 ||
	    workdays_add_swapped(f.w, day(2025, 10, 11), &f.e) < 0 ||
	    workdays_add_year(f.w, 2025, &f.e) < 0)
		return -1;
	*state = &f;
	return 0;
}

static int tear_down(void **state)
{
	struct fixture *f = *state;

	workdays_free(f->w);
	zone_close(f->china);
	return 0;
}

static void weekends_and_holidays_are_free_and_swapped_days_are_not(void **state)
{
	struct fixture *f = *state;

	assert_true(workdays_is(f->w, day(2025, 9, 26)));
	assert_false(workdays_is(f->w, day(2025, 9, 27)));
	assert_true(workdays_is(f->w, day(2025, 9, 28)));
	assert_true(workdays_is(f->w, day(2025, 9, 30)));
	assert_false(workdays_is(f->w, day(2025, 10, 1)));
	assert_false(workdays_is(f->w, day(2025, 10, 4)));
	assert_false(workdays_is(f->w, day(2025, 10, 8)));
	assert_true(workdays_is(f->w, day(2025, 10, 9)));
	assert_true(workdays_is(f->w, day(2025, 10, 11)));
	assert_false(workdays_is(f->w, day(2025, 10, 12)));
	/* Unknown years and years out of bounds: weekends alone. */
	assert_true(workdays_is(f->w, day(2030, 10, 1)));
	assert_true(workdays_is(f->w, day(1850, 1, 1)));
}

static void the_nth_working_day_after_is_counted_over_the_holiday(void **state)
{
	struct fixture *f = *state;
	static const struct {
		struct date from;
		int n;
		struct date want;
	} cases[] = {
		{ { 2025, 9, 30 }, 0, { 2025, 9, 30 } },  { { 2025, 9, 30 }, 1, { 2025, 10, 9 } },
		{ { 2025, 9, 30 }, 2, { 2025, 10, 10 } }, { { 2025, 9, 30 }, 3, { 2025, 10, 11 } },
		{ { 2025, 9, 30 }, 4, { 2025, 10, 13 } }, { { 2025, 9, 26 }, 1, { 2025, 9, 28 } },
		{ { 2025, 10, 4 }, 1, { 2025, 10, 9 } },  { { 2025, 10, 31 }, 8, { 2025, 11, 12 } },
		{ { 2025, 12, 31 }, 1, { 2026, 1, 1 } },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct date d = workdays_after(f->w, cases[i].from, cases[i].n);

		if (date_cmp(d, cases[i].want) != 0)
			fail_msg("case %zu: %04d-%02d-%02d", i, d.year, d.month, d.day);
	}
}

static double hours(struct fixture *f, const char *from, const char *to)
{
	int64_t a = 0, b = 0;

	assert_ok(time_parse(slice_str(from), &a, &f->e), &f->e);
	assert_ok(time_parse(slice_str(to), &b, &f->e), &f->e);
	return workdays_hours(f->w, f->china, f->hours, a, b);
}

static void hours_count_only_while_the_office_is_open(void **state)
{
	struct fixture *f = *state;

	/* Within a day, over its edges, over a night, over a weekend. */
	assert_f64(hours(f, "2025-09-30T10:00:00+08:00", "2025-09-30T11:30:00+08:00"), 1.5);
	assert_f64(hours(f, "2025-09-30T00:00:00+08:00", "2025-09-30T23:59:59+08:00"), 8);
	assert_f64(hours(f, "2025-09-30T18:00:00+08:00", "2025-09-30T23:00:00+08:00"), 0);
	assert_f64(hours(f, "2025-10-09T16:00:00+08:00", "2025-10-10T10:00:00+08:00"), 2);
	/* The holiday week: one hour on Tuesday, eight on Thursday, eight on Friday and
	 * one on the Saturday worked in exchange. */
	assert_f64(hours(f, "2025-09-30T16:00:00+08:00", "2025-10-11T10:00:00+08:00"), 18);
	assert_f64(hours(f, "2025-10-01T00:00:00+08:00", "2025-10-09T00:00:00+08:00"), 0);
	/* The same instants written elsewhere. */
	assert_f64(hours(f, "2025-09-30T08:00:00Z", "2025-10-11T02:00:00Z"), 18);
	assert_f64(hours(f, "2025-09-30T08:00:00Z", "2025-09-30T08:00:00Z"), 0);
}

static void hours_backwards_are_negative(void **state)
{
	struct fixture *f = *state;

	assert_f64(hours(f, "2025-10-11T10:00:00+08:00", "2025-09-30T16:00:00+08:00"), -18);
}

static void a_shift_of_the_clock_is_counted(void **state)
{
	struct fixture *f = *state;
	struct zone *berlin = zone_open("Europe/Berlin", &f->e);
	int64_t a, b;

	assert_non_null(berlin);
	/* Sunday 2026-03-29, made a working day: 02:00-03:00 does not exist. */
	assert_ok(workdays_add_swapped(f->w, day(2026, 3, 29), &f->e), &f->e);
	assert_ok(time_parse(slice_str("2026-03-28T12:00:00Z"), &a, &f->e), &f->e);
	assert_ok(time_parse(slice_str("2026-03-29T22:00:00Z"), &b, &f->e), &f->e);
	assert_f64(workdays_hours(f->w, berlin, (struct work_hours){ 0, 24 * 60 }, a, b), 23);
	zone_close(berlin);
}

static void nonsensical_times_end_soon(void **state)
{
	struct fixture *f = *state;
	double all = workdays_hours(f->w, f->china, f->hours, INT64_MIN, INT64_MAX);

	/* 300 years of weekdays. */
	assert_true(all > 8.0 * 78200 && all < 8.0 * 78300);
	assert_f64(workdays_hours(f->w, f->china, (struct work_hours){ 600, 540 }, 0, 86400000), 0);
}

static void wrong_entries_are_explained(void **state)
{
	struct fixture *f = *state;

	assert_fails(workdays_add_holiday(f->w, day(2026, 2, 30), &f->e), &f->e, ERR_INVALID,
		     "2026-02-30 is not a day within 1900-2199");
	assert_fails(workdays_add_swapped(f->w, day(2025, 10, 10), &f->e), &f->e, ERR_INVALID,
		     "2025-10-10 is a Friday: only a Saturday or Sunday is worked in exchange");
	assert_fails(workdays_add_swapped(f->w, day(2025, 10, 4), &f->e), &f->e, ERR_INVALID,
		     "2025-10-04 is both a holiday and a worked weekend");
	assert_fails(workdays_add_holiday(f->w, day(2025, 10, 11), &f->e), &f->e, ERR_INVALID,
		     "2025-10-11 is both a holiday and a worked weekend");
	assert_fails(workdays_add_year(f->w, 2200, &f->e), &f->e, ERR_INVALID,
		     "year 2200 is not within 1900-2199");
	/* Saying the same again is no mistake. */
	assert_ok(workdays_add_holiday(f->w, day(2025, 10, 1), &f->e), &f->e);
}

static void known_years_are_remembered(void **state)
{
	struct fixture *f = *state;

	assert_true(workdays_has_year(f->w, 2025));
	assert_false(workdays_has_year(f->w, 2026));
	assert_false(workdays_has_year(f->w, -1));
	assert_false(workdays_has_year(f->w, 100000));
}

static void a_working_day_before_is_found_over_the_holiday(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(date_cmp(workdays_before(f->w, day(2025, 10, 9), 1), day(2025, 9, 30)), 0);
	assert_int_equal(date_cmp(workdays_before(f->w, day(2025, 9, 29), 1), day(2025, 9, 28)), 0);
	assert_int_equal(date_cmp(workdays_before(f->w, day(2025, 10, 9), 0), day(2025, 10, 9)), 0);
}

static void the_next_years_holidays_are_missed_from_december_on(void **state)
{
	struct fixture *f = *state;
	struct workdays *none = workdays_new();

	assert_int_equal(workdays_years_missing(f->w, day(2025, 11, 30)), 0);
	assert_int_equal(workdays_years_missing(f->w, day(2025, 12, 1)), 1);
	assert_int_equal(workdays_years_missing(f->w, day(2026, 1, 1)), 1);
	assert_int_equal(workdays_years_missing(f->w, day(2026, 12, 1)), 2);
	/* What the law alone says is not enough. */
	assert_ok(workdays_add_provisional(f->w, 2026, &f->e), &f->e);
	assert_true(workdays_has_year(f->w, 2026));
	assert_false(workdays_is_official(f->w, 2026));
	assert_int_equal(workdays_years_missing(f->w, day(2025, 12, 1)), 1);
	assert_ok(workdays_add_year(f->w, 2026, &f->e), &f->e);
	assert_int_equal(workdays_years_missing(f->w, day(2025, 12, 31)), 0);
	assert_int_equal(workdays_years_missing(f->w, day(2026, 11, 30)), 0);
	/* Who has no holidays at all wants none. */
	assert_non_null(none);
	assert_int_equal(workdays_years_missing(none, day(2026, 12, 1)), 0);
	workdays_free(none);
}

static void no_memory_is_an_answer(void **state)
{
	(void)state;
	mem_fail_after(0, 1);
	assert_null(workdays_new());
	mem_fail_after(-1, 0);
	workdays_free(NULL);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(weekends_and_holidays_are_free_and_swapped_days_are_not),
		TEST(the_nth_working_day_after_is_counted_over_the_holiday),
		TEST(hours_count_only_while_the_office_is_open),
		TEST(hours_backwards_are_negative),
		TEST(a_shift_of_the_clock_is_counted),
		TEST(nonsensical_times_end_soon),
		TEST(wrong_entries_are_explained),
		TEST(known_years_are_remembered),
		TEST(a_working_day_before_is_found_over_the_holiday),
		TEST(the_next_years_holidays_are_missed_from_december_on),
		TEST(no_memory_is_an_answer),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
