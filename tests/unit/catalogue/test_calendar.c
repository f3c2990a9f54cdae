/* test_calendar.c - which periods are collected, when they are due, how long a figure holds. */
#include "tests/unit/catalogue/fixture.h"

static const char text[] =
	"releases:\n"
	"- {id: winter, freq: M, working_day: 10, grace_working_days: 5, january: false}\n"
	"- {id: all, freq: M, working_day: 10, grace_working_days: 5}\n"
	"- {id: fixed, freq: M, day: 31, time: '20:00', grace_working_days: 0}\n"
	"- {id: next, freq: M, day: 8, roll: next}\n"
	"- {id: previous, freq: M, day: 8, roll: previous, time: '12:00'}\n"
	"- {id: first, freq: M, day: 1, roll: previous}\n"
	"- {id: listed, freq: M, dates: {2026-02: 2026-03-18, 2026-04: '2026-05-15T10:30',\n"
	"   2026-09: 2026-10-18}}\n"
	"- {id: partly, freq: M, working_day: 8, dates: {2026-09: 2026-10-18T09:00}}\n"
	"- {id: winter-list, freq: M, dates: {2025-12: 2026-01-19, 2026-02: 2026-03-18}}\n"
	"indicators:\n"
	"- {code: ytd_yuan, name: 累计, measure: 亿元, freq: M, form: ytd}\n"
	"- {code: single_yuan, name: 当月, measure: 亿元, freq: M, form: period}\n"
	"- {code: all_yuan, name: 全部, measure: 亿元, freq: M, form: period, release: all}\n"
	"- {code: fixed_yuan, name: 定日, measure: 亿元, freq: M, form: ytd, release: fixed}\n"
	"- {code: next_yuan, name: 顺延, measure: 亿元, freq: M, form: ytd, release: next}\n"
	"- {code: before_yuan, name: 提前, measure: 亿元, freq: M, form: ytd, release: previous}\n"
	"- {code: first_yuan, name: 首日, measure: 亿元, freq: M, form: ytd, release: first}\n"
	"- {code: listed_yuan, name: 公布, measure: 亿元, freq: M, form: period, release: listed}\n"
	"- {code: merged_yuan, name: 合并, measure: 亿元, freq: M, form: period,\n"
	"   release: winter-list}\n"
	"- {code: partly_yuan, name: 部分, measure: 亿元, freq: M, form: ytd, release: partly}\n"
	"- {code: old_yuan, name: 旧项, measure: 亿元, freq: M, form: ytd, to: 2025-06-30}\n"
	"- {code: older_yuan, name: 更旧, measure: 亿元, freq: M, form: ytd, to: 2025-06-15}\n"
	"- {code: quarter_yuan, name: 季度, measure: 亿元, freq: Q, form: ytd}\n"
	"- {code: half_yuan, name: 半年, measure: 亿元, freq: S, form: ytd}\n"
	"- {code: year_yuan, name: 年度, measure: 亿元, freq: A, form: period}\n"
	"- {code: day_yuan, name: 日报, measure: 亿元, freq: D, form: period}\n"
	"units:\n"
	"- {id: young, class: park, name: 新园, from: 2026-02-28}\n"
	"- {id: gone, class: park, name: 旧园, to: 2026-02-27}\n"
	"- {id: shire, class: county, name: 县}\n";

static int setup(void **state)
{
	const char *paths[2];
	struct fixture *f;

	if (fixture_setup(state) < 0)
		return -1;
	f = *state;
	paths[0] = tmp_path(f->dir, "c.yaml");
	paths[1] = "catalogue/data/holidays-cn.yaml";
	tmp_write(paths[0], text, sizeof(text) - 1);
	if (!load_paths(f, paths, 2))
		diags_print(&f->d, stderr);
	return f->c ? 0 : -1;
}

static const char *time_text(const struct fixture *f, int64_t ms)
{
	static char ring[4][TIME_TEXT];
	static unsigned at;

	return zone_print(catalogue_zone(f->c), ms, ring[at++ % 4]);
}

static int64_t at(const char *time)
{
	struct err e;
	int64_t ms = 0;

	assert_ok(time_parse(slice_str(time), &ms, &e), &e);
	return ms;
}

static struct period period(const char *name)
{
	struct period p = { 0 };
	struct err e;

	assert_ok(period_parse(slice_str(name), &p, &e), &e);
	return p;
}

static void assert_due(struct fixture *f, const char *code, const char *p, const char *due,
		       const char *grace_end)
{
	const struct indicator *i = indicator_called(f, code);

	assert_string_equal(time_text(f, catalogue_due(f->c, i, period(p))), due);
	assert_string_equal(time_text(f, catalogue_grace_end(f->c, i, period(p))), grace_end);
}

static void assert_period(struct period p, const char *want)
{
	char out[PERIOD_TEXT];

	assert_string_equal(period_print(p, out), want);
}

static void national_day_moves_the_tenth_working_day_of_october(void **state)
{
	/* 1-7 October off, Saturday the 10th worked: 8 9 10 | 12-16 | 19 20. */
	assert_due(*state, "ytd_yuan", "2026-09", "2026-10-20T17:00:00+08:00",
		   "2026-10-27T17:00:00+08:00");
	/* 2025: 1-8 October off, Saturday the 11th worked: 9 10 11 | 13-17 | 20 21. */
	assert_due(*state, "ytd_yuan", "2025-09", "2025-10-21T17:00:00+08:00",
		   "2025-10-28T17:00:00+08:00");
}

static void spring_festival_stretches_the_grace(void **state)
{
	/* 2-6 and 9-13 February; then 14 (worked Saturday), off until 23, 24-27. */
	assert_due(*state, "all_yuan", "2026-01", "2026-02-13T17:00:00+08:00",
		   "2026-02-27T17:00:00+08:00");
	/* The 28th, a worked Saturday, is the period's last day and not after it. */
	assert_due(*state, "ytd_yuan", "2026-02", "2026-03-13T17:00:00+08:00",
		   "2026-03-20T17:00:00+08:00");
}

static void a_year_without_holidays_counts_weekends_only(void **state)
{
	assert_due(*state, "ytd_yuan", "2030-09", "2030-10-14T17:00:00+08:00",
		   "2030-10-21T17:00:00+08:00");
}

static void a_day_of_the_month_stops_at_the_months_end(void **state)
{
	/* No grace, and due after the office closes: the due time itself. */
	assert_due(*state, "fixed_yuan", "2026-01", "2026-02-28T20:00:00+08:00",
		   "2026-02-28T20:00:00+08:00");
	assert_due(*state, "fixed_yuan", "2026-11", "2026-12-31T20:00:00+08:00",
		   "2026-12-31T20:00:00+08:00");
	assert_due(*state, "fixed_yuan", "2026-12", "2027-01-31T20:00:00+08:00",
		   "2027-01-31T20:00:00+08:00");
}

static void a_day_that_is_not_worked_rolls_as_the_rule_says(void **state)
{
	struct fixture *f = *state;

	/* 8 October 2026 is the first working day after National Day, 8 October 2025 the last
	 * day of it: the 9th, or 30 September, which lies in the period still. */
	assert_due(f, "next_yuan", "2026-09", "2026-10-08T17:00:00+08:00",
		   "2026-10-14T17:00:00+08:00");
	assert_due(f, "next_yuan", "2025-09", "2025-10-09T17:00:00+08:00",
		   "2025-10-15T17:00:00+08:00");
	assert_due(f, "before_yuan", "2025-09", "2025-10-09T12:00:00+08:00",
		   "2025-10-15T17:00:00+08:00");
	/* Sunday 8 February 2026: Monday the 9th, Friday the 6th; Saturday the 14th is worked. */
	assert_due(f, "next_yuan", "2026-01", "2026-02-09T17:00:00+08:00",
		   "2026-02-14T17:00:00+08:00");
	assert_due(f, "before_yuan", "2026-01", "2026-02-06T12:00:00+08:00",
		   "2026-02-13T17:00:00+08:00");
	/* Saturday 8 October 2022 and Sunday the 9th are worked in exchange. */
	assert_due(f, "next_yuan", "2022-09", "2022-10-08T17:00:00+08:00",
		   "2022-10-13T17:00:00+08:00");
	/* The 1st is not worked: 30 September would be before the end. */
	assert_due(f, "first_yuan", "2026-09", "2026-10-08T17:00:00+08:00",
		   "2026-10-14T17:00:00+08:00");
	assert_due(f, "first_yuan", "2026-10", "2026-11-02T17:00:00+08:00",
		   "2026-11-09T17:00:00+08:00");
}

static void a_release_list_has_the_last_word_where_it_has_one(void **state)
{
	struct fixture *f = *state;

	/* A Sunday: given dates are not moved. */
	assert_due(f, "listed_yuan", "2026-09", "2026-10-18T17:00:00+08:00",
		   "2026-10-23T17:00:00+08:00");
	assert_due(f, "listed_yuan", "2026-04", "2026-05-15T10:30:00+08:00",
		   "2026-05-22T17:00:00+08:00");
	/* Before and after the list the usual rule, the 10th working day. */
	assert_due(f, "listed_yuan", "2026-10", "2026-11-13T17:00:00+08:00",
		   "2026-11-20T17:00:00+08:00");
	assert_due(f, "listed_yuan", "2026-01", "2026-02-13T17:00:00+08:00",
		   "2026-02-27T17:00:00+08:00");
	/* With a rule of its own that is taken for all others. */
	assert_due(f, "partly_yuan", "2026-09", "2026-10-18T09:00:00+08:00",
		   "2026-10-23T17:00:00+08:00");
	assert_due(f, "partly_yuan", "2026-08", "2026-09-10T17:00:00+08:00",
		   "2026-09-17T17:00:00+08:00");
}

static void what_a_list_leaves_out_between_others_is_not_collected(void **state)
{
	struct fixture *f = *state;
	const struct indicator *i = indicator_called(f, "listed_yuan");

	assert_true(indicator_collects(i, period("2026-01")));
	assert_true(indicator_collects(i, period("2026-02")));
	assert_false(indicator_collects(i, period("2026-03")));
	assert_false(indicator_collects(i, period("2026-08")));
	assert_true(indicator_collects(i, period("2026-12")));
	assert_period(indicator_next(i, period("2026-02")), "2026-04");
	assert_period(indicator_next(i, period("2026-04")), "2026-09");
	assert_period(indicator_previous(i, period("2026-09")), "2026-04");
	assert_true(indicator_collects(indicator_called(f, "partly_yuan"), period("2026-08")));
	/* A January that is left out is in February's figure. */
	assert_period(indicator_next(indicator_called(f, "merged_yuan"), period("2025-12")),
		      "2026-01/2026-02");
	/* April is the last one due all summer. */
	assert_period(catalogue_last_due(f->c, i, at("2026-10-18T16:59:00+08:00")), "2026-04");
	assert_period(catalogue_last_due(f->c, i, at("2026-10-18T17:00:00+08:00")), "2026-09");
}

static void a_quarters_grace_leaps_over_national_day(void **state)
{
	struct fixture *f = *state;

	/* 2025: off 1-8 October; 9 10 11 | 13-17 | 20-24 | 27 28: the 15th; ten days on. */
	assert_due(f, "quarter_yuan", "2025-Q3", "2025-10-28T17:00:00+08:00",
		   "2025-11-11T17:00:00+08:00");
	/* The Spring Festival of 2027 by the law alone: off 5-10 February. */
	assert_due(f, "quarter_yuan", "2026-Q4", "2027-01-22T17:00:00+08:00",
		   "2027-02-11T17:00:00+08:00");
	/* 2017: off 1-8 October, 30 September worked. 9-13 | 16-20 | 23-27. */
	assert_due(f, "quarter_yuan", "2017-Q3", "2017-10-27T17:00:00+08:00",
		   "2017-11-10T17:00:00+08:00");
}

static void due_times_follow_the_clock_of_their_year(void **state)
{
	/* China had summer time from 1986 to 1991; holidays of then are not known. */
	assert_due(*state, "all_yuan", "1988-05", "1988-06-14T17:00:00+09:00",
		   "1988-06-21T17:00:00+09:00");
	assert_due(*state, "all_yuan", "1988-10", "1988-11-14T17:00:00+08:00",
		   "1988-11-21T17:00:00+08:00");
}

/* From 2009 to 2031, so over years with holidays, provisional, and unknown. */
static void due_times_never_fall_from_one_period_to_the_next(void **state)
{
	struct fixture *f = *state;

	for (size_t k = 0; k < catalogue_indicators(f->c); k++) {
		const struct indicator *i = catalogue_indicator_at(f->c, k);
		struct period p =
			indicator_next(i, period_of(i->freq, (struct date){ 2009, 1, 1 }));
		int64_t last_due = INT64_MIN, last_grace = INT64_MIN;

		for (; p.year < 2032; p = indicator_next(i, p)) {
			int64_t due = catalogue_due(f->c, i, p);
			int64_t grace = catalogue_grace_end(f->c, i, p);

			if (due < last_due || grace < last_grace || grace < due ||
			    due < period_end(p, catalogue_zone(f->c)))
				fail_msg("%s %s", i->code, time_text(f, due));
			assert_true(period_eq(indicator_previous(i, indicator_next(i, p)), p));
			last_due = due;
			last_grace = grace;
		}
	}
}

static void frequencies_without_a_rule_have_the_built_in_one(void **state)
{
	/* Quarter: 15th working day, grace 10. 8-10, 12-16, 19-23, 26 27 October. */
	assert_due(*state, "quarter_yuan", "2026-Q3", "2026-10-27T17:00:00+08:00",
		   "2026-11-10T17:00:00+08:00");
	/* Half-year: the 20th, grace 10. July 2026 has no holidays. */
	assert_due(*state, "half_yuan", "2026-S1", "2026-07-28T17:00:00+08:00",
		   "2026-08-11T17:00:00+08:00");
	/* Year: Sunday 4 January 2026 is worked: 4-9, 12-16, 19-23, 26-29. */
	assert_due(*state, "year_yuan", "2025", "2026-01-29T17:00:00+08:00",
		   "2026-02-12T17:00:00+08:00");
	/* Day: the next working day, grace 1. */
	assert_due(*state, "day_yuan", "2026-10-01", "2026-10-08T17:00:00+08:00",
		   "2026-10-09T17:00:00+08:00");
}

static void january_is_collected_only_where_the_rule_says_so(void **state)
{
	struct fixture *f = *state;
	const struct indicator *winter = indicator_called(f, "ytd_yuan");
	const struct indicator *all = indicator_called(f, "all_yuan");

	assert_false(indicator_collects(winter, period("2026-01")));
	assert_true(indicator_collects(winter, period("2026-02")));
	assert_true(indicator_collects(all, period("2026-01")));
	assert_false(indicator_collects(winter, period("2026-Q1")));
	assert_true(indicator_collects(indicator_called(f, "quarter_yuan"), period("2026-Q1")));
}

static void february_covers_both_months_when_the_figure_is_of_the_period(void **state)
{
	struct fixture *f = *state;
	const struct indicator *own = indicator_called(f, "single_yuan");

	assert_period(indicator_period(own, period("2026-02")), "2026-01/2026-02");
	assert_true(indicator_collects(own, period("2026年1-2月")));
	assert_period(indicator_period(own, period("2026-03")), "2026-03");
	assert_period(indicator_period(indicator_called(f, "ytd_yuan"), period("2026-02")),
		      "2026-02");
	assert_period(indicator_period(indicator_called(f, "all_yuan"), period("2026-02")),
		      "2026-02");
}

static void stepping_leaves_january_out(void **state)
{
	struct fixture *f = *state;
	const struct indicator *own = indicator_called(f, "single_yuan");
	const struct indicator *all = indicator_called(f, "all_yuan");

	assert_period(indicator_next(own, period("2025-12")), "2026-01/2026-02");
	assert_period(indicator_next(own, period("2026年1-2月")), "2026-03");
	assert_period(indicator_previous(own, period("2026-03")), "2026-01/2026-02");
	assert_period(indicator_previous(own, period("2026年1-2月")), "2025-12");
	assert_period(indicator_next(indicator_called(f, "ytd_yuan"), period("2025-12")),
		      "2026-02");
	assert_period(indicator_next(all, period("2025-12")), "2026-01");
	assert_period(indicator_previous(all, period("2026-01")), "2025-12");
	assert_period(indicator_next(indicator_called(f, "quarter_yuan"), period("2025-Q4")),
		      "2026-Q1");
	assert_period(indicator_next(indicator_called(f, "day_yuan"), period("2025-12-31")),
		      "2026-01-01");
}

static void the_last_ended_period_changes_at_midnight(void **state)
{
	struct fixture *f = *state;
	const struct indicator *i = indicator_called(f, "ytd_yuan");

	assert_period(catalogue_last_ended(f->c, i, at("2026-10-31T23:59:59.999+08:00")),
		      "2026-09");
	assert_period(catalogue_last_ended(f->c, i, at("2026-11-01T00:00:00+08:00")), "2026-10");
	/* All through January and February it is December. */
	assert_period(catalogue_last_ended(f->c, i, at("2026-01-01T00:00:00+08:00")), "2025-12");
	assert_period(catalogue_last_ended(f->c, i, at("2026-02-28T23:59:59+08:00")), "2025-12");
	assert_period(catalogue_last_ended(f->c, i, at("2026-03-01T00:00:00+08:00")), "2026-02");
	assert_period(catalogue_last_ended(f->c, indicator_called(f, "single_yuan"),
					   at("2026-03-01T00:00:00+08:00")),
		      "2026-01/2026-02");
}

static void a_period_is_due_from_its_due_time_on(void **state)
{
	struct fixture *f = *state;
	const struct indicator *i = indicator_called(f, "ytd_yuan");

	assert_period(catalogue_last_due(f->c, i, at("2026-10-20T16:59:59.999+08:00")), "2026-08");
	assert_period(catalogue_last_due(f->c, i, at("2026-10-20T17:00:00+08:00")), "2026-09");
	/* In the winter December is due once and stays the last one until March. */
	assert_period(catalogue_last_due(f->c, i, at("2026-02-20T12:00:00+08:00")), "2025-12");
	assert_period(catalogue_last_due(f->c, i, at("2026-03-13T16:00:00+08:00")), "2025-12");
	assert_period(catalogue_last_due(f->c, i, at("2026-03-13T17:00:00+08:00")), "2026-02");
}

static void decembers_figure_holds_over_the_winter(void **state)
{
	struct fixture *f = *state;
	const struct indicator *winter = indicator_called(f, "ytd_yuan");
	const struct indicator *all = indicator_called(f, "all_yuan");

	assert_string_equal(time_text(f, catalogue_holds_until(f->c, winter, period("2025-12"))),
			    "2026-03-20T17:00:00+08:00");
	assert_string_equal(time_text(f, catalogue_holds_until(f->c, all, period("2025-12"))),
			    "2026-02-27T17:00:00+08:00");
	/* October's only until November's are due: 1-4, 7-11, 14 December, and 5 more. */
	assert_string_equal(time_text(f, catalogue_holds_until(f->c, winter, period("2026-10"))),
			    "2026-12-21T17:00:00+08:00");
}

static void an_indicator_that_was_dropped_has_no_later_periods(void **state)
{
	struct fixture *f = *state;
	int64_t now = at("2026-11-05T12:00:00+08:00");

	assert_period(catalogue_last_ended(f->c, indicator_called(f, "old_yuan"), now), "2025-06");
	assert_period(catalogue_last_due(f->c, indicator_called(f, "old_yuan"), now), "2025-06");
	assert_period(catalogue_last_ended(f->c, indicator_called(f, "older_yuan"), now),
		      "2025-05");
	assert_true(indicator_collects(indicator_called(f, "old_yuan"), period("2025-06")));
	assert_false(indicator_collects(indicator_called(f, "old_yuan"), period("2025-07")));
}

static bool owed_by(struct fixture *f, const char *unit, const char *code, const char *month)
{
	const struct unit *u = catalogue_unit(f->c, slice_str(unit));

	assert_non_null(u);
	return unit_owes(u, indicator_called(f, code), period(month));
}

static void a_period_is_owed_by_who_existed_on_its_last_day(void **state)
{
	struct fixture *f = *state;

	assert_true(owed_by(f, "young", "all_yuan", "2026-02"));
	assert_false(owed_by(f, "young", "all_yuan", "2026-01"));
	assert_true(owed_by(f, "gone", "all_yuan", "2026-01"));
	assert_false(owed_by(f, "gone", "all_yuan", "2026-02"));
	assert_false(owed_by(f, "gone", "single_yuan", "2026-01"));
	assert_false(owed_by(f, "gone", "old_yuan", "2025-07"));
	assert_false(owed_by(f, "shire", "all_yuan", "2026-02"));
}

static void a_period_closes_with_the_last_report_or_the_grace(void **state)
{
	struct arrivals a = { 0 };

	(void)state;
	arrivals_add(&a, 500);
	arrivals_add(&a, 300);
	arrivals_add(&a, 400);
	assert_int_equal(a.n, 3);
	assert_int_equal(arrivals_closed_ms(&a, true, 900, 100), 500);
	assert_int_equal(arrivals_closed_ms(&a, false, 900, 100), 900);
	assert_int_equal(arrivals_closed_ms(&a, true, 450, 100), 450);
	/* not before anybody was in, not before it ended */
	assert_int_equal(arrivals_closed_ms(&a, false, 200, 100), 300);
	assert_int_equal(arrivals_closed_ms(&a, true, 900, 600), 600);
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, setup, fixture_teardown)
	const struct CMUnitTest tests[] = {
		T(national_day_moves_the_tenth_working_day_of_october),
		T(spring_festival_stretches_the_grace),
		T(a_year_without_holidays_counts_weekends_only),
		T(a_day_of_the_month_stops_at_the_months_end),
		T(a_day_that_is_not_worked_rolls_as_the_rule_says),
		T(a_release_list_has_the_last_word_where_it_has_one),
		T(what_a_list_leaves_out_between_others_is_not_collected),
		T(a_quarters_grace_leaps_over_national_day),
		T(due_times_follow_the_clock_of_their_year),
		T(due_times_never_fall_from_one_period_to_the_next),
		T(frequencies_without_a_rule_have_the_built_in_one),
		T(january_is_collected_only_where_the_rule_says_so),
		T(february_covers_both_months_when_the_figure_is_of_the_period),
		T(stepping_leaves_january_out),
		T(the_last_ended_period_changes_at_midnight),
		T(a_period_is_due_from_its_due_time_on),
		T(decembers_figure_holds_over_the_winter),
		T(an_indicator_that_was_dropped_has_no_later_periods),
		T(a_period_is_owed_by_who_existed_on_its_last_day),
		T(a_period_closes_with_the_last_report_or_the_grace),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
