/* test_assess.c - a whole assessment: a store, a catalogue, and what comes of them at a given time.
 */
#include "tests/lib/starve.h"
#include "tests/unit/assess/city.h"

#include "base/log.h"

#include <math.h>

/*
 * 2026 until October: jia on the profile; yi at 80 % of it all year; bing at 90 % until September
 * and at 80 % in October; ding on it until September, October not in.
 */
static void put_2026(struct city *c)
{
	city_year(c, "jia", 2026, 9, 1000, "2026-10-09T10:00");
	city_year(c, "yi", 2026, 9, 800, "2026-10-09T10:00");
	city_year(c, "bing", 2026, 9, 900, "2026-10-09T10:00");
	city_year(c, "ding", 2026, 9, 1000, "2026-10-09T10:00");
	city_put(c, "jia", ADDED, 2026, 10, 830, "2026-11-09T10:00");
	city_put(c, "yi", ADDED, 2026, 10, 664, "2026-11-09T11:00");
	city_put(c, "bing", ADDED, 2026, 10, 664, "2026-11-10T09:00");
}

static const struct indicator_summary *summary_of(const struct assessment *a, const char *code)
{
	for (size_t i = 0; i < a->nindicators; i++)
		if (strcmp(a->indicators[i].indicator->code, code) == 0)
			return &a->indicators[i];
	fail_msg("no summary of %s", code);
	return NULL;
}

static const struct unit_summary *unit_of(const struct assessment *a, const char *id)
{
	for (size_t i = 0; i < a->nunits; i++)
		if (strcmp(a->units[i].unit->id, id) == 0)
			return &a->units[i];
	fail_msg("no summary of %s", id);
	return NULL;
}

static void until_the_grace_is_over_the_month_before_is_judged_for_all(void **state)
{
	struct city *c = *state;
	const struct assessment *a;
	const struct figure *f;

	put_2026(c);
	a = city_assess(c, "2026-11-12T12:00");
	for (int k = 0; k < 4; k++)
		assert_string_equal(month_text(figure_of(a, city_parks[k], ADDED)->judged),
				    "2026-09");
	/* The newest value is October's all the same. */
	f = figure_of(a, "jia", ADDED);
	assert_true(f->has_value && f->current);
	assert_string_equal(month_text(f->period), "2026-10");
	assert_f64(f->value, 830.0);
	assert_f64(f->judged_value, 740.0);
	assert_int_equal(f->received_ms, at_time("2026-11-09T10:00"));
	assert_int_equal(f->vintages, 1);
}

static void after_the_grace_it_closes_without_the_one_that_is_missing(void **state)
{
	struct city *c = *state;
	const struct assessment *a;
	const struct indicator_summary *sum;
	const struct figure *f;

	put_2026(c);
	a = city_assess(c, "2026-11-16T09:00");
	sum = summary_of(a, ADDED);
	assert_string_equal(month_text(sum->closed), "2026-10");
	assert_int_equal(sum->reporting, 3);
	assert_int_equal(sum->expected, 4);
	assert_int_equal(sum->closed_ms, at_time("2026-11-13T17:00"));
	/* ding has no October, so it has no answer about October. */
	f = figure_of(a, "ding", ADDED);
	assert_string_equal(month_text(f->judged), "2026-10");
	assert_false(f->has_judged || f->has_growth_yoy || f->has_growth_ytd || f->has_pace);
	assert_int_equal(f->light, LIGHT_NONE);
	assert_int_equal(f->rank, 0);
	assert_string_equal(month_text(f->period), "2026-09");
	assert_false(f->current);
}

static void the_last_report_closes_the_period_before_the_grace_is_over(void **state)
{
	struct city *c = *state;
	const struct assessment *a;

	put_2026(c);
	city_put(c, "ding", ADDED, 2026, 10, 830, "2026-11-11T09:30");
	a = city_assess(c, "2026-11-11T10:00");
	assert_string_equal(month_text(summary_of(a, ADDED)->closed), "2026-10");
	assert_int_equal(summary_of(a, ADDED)->closed_ms, at_time("2026-11-11T09:30"));
	/* A later correction does not move the time of closing. */
	city_put(c, "ding", ADDED, 2026, 10, 831, "2026-11-12T09:30");
	a = city_assess(c, "2026-11-12T10:00");
	assert_int_equal(summary_of(a, ADDED)->closed_ms, at_time("2026-11-11T09:30"));
	assert_f64(figure_of(a, "ding", ADDED)->value, 831.0);
	assert_int_equal(figure_of(a, "ding", ADDED)->vintages, 2);
}

static void growth_pace_and_schedule_are_those_worked_out_by_hand(void **state)
{
	struct city *c = *state;
	const struct figure *f;

	put_2026(c);
	f = figure_of(city_assess(c, "2026-11-16T09:00"), "yi", ADDED);
	/* October 2025: 830 - 740 = 90. 2026: 664 - 0.8 × 740 = 664 - 592 = 72. */
	assert_true(f->has_period_value && f->has_growth_yoy && f->has_growth_ytd);
	assert_f64(f->period_value, 72.0);
	assert_int_equal(f->period_months, 1);
	assert_near(f->growth_yoy, -0.2, 1e-15);
	assert_near(f->growth_ytd, -0.2, 1e-15);
	assert_false(f->implied_revision);
	assert_near(f->attainment, 0.664, 1e-15);
	assert_near(f->schedule, 0.83, 1e-15);
	assert_int_equal(f->schedule_source, SCHEDULE_OWN);
	assert_near(f->pace, 0.8, 1e-15);
	assert_true(f->has_previous_pace);
	assert_near(f->previous_pace, 0.8, 1e-15);
}

static void red_is_who_lags_in_two_releases(void **state)
{
	struct city *c = *state;
	const struct assessment *a;

	put_2026(c);
	a = city_assess(c, "2026-11-16T09:00");
	assert_f64(figure_of(a, "jia", ADDED)->pace, 1.0);
	assert_int_equal(figure_of(a, "jia", ADDED)->light, LIGHT_GREEN);
	assert_int_equal(figure_of(a, "yi", ADDED)->light, LIGHT_RED);
	assert_near(figure_of(a, "bing", ADDED)->pace, 0.8, 1e-15);
	assert_near(figure_of(a, "bing", ADDED)->previous_pace, 0.9, 1e-15);
	assert_int_equal(figure_of(a, "bing", ADDED)->light, LIGHT_YELLOW);
}

static void ties_share_a_rank_within_their_league(void **state)
{
	struct city *c = *state;
	const struct assessment *a;

	put_2026(c);
	city_put(c, "ding", ADDED, 2026, 10, 100, "2026-11-11T09:30");
	a = city_assess(c, "2026-11-16T09:00");
	assert_int_equal(figure_of(a, "jia", ADDED)->rank, 1);
	assert_int_equal(figure_of(a, "yi", ADDED)->rank, 2);
	assert_int_equal(figure_of(a, "bing", ADDED)->rank, 2);
	assert_int_equal(figure_of(a, "bing", ADDED)->ranked, 3);
	/* The only one of its league. */
	assert_int_equal(figure_of(a, "ding", ADDED)->rank, 1);
	assert_int_equal(figure_of(a, "ding", ADDED)->ranked, 1);
}

/* Due Wednesday 17:00; on Thursday at noon three office hours have gone by. */
static void lateness_is_counted_in_working_hours(void **state)
{
	struct city *c = *state;
	const struct assessment *a;
	const struct figure *f;

	put_2026(c);
	f = figure_of(city_assess(c, "2026-11-11T16:59"), "ding", ADDED);
	assert_int_equal(f->state, REPORT_DUE);
	assert_f64(f->late_hours, 0.0);
	a = city_assess(c, "2026-11-12T12:00");
	f = figure_of(a, "ding", ADDED);
	assert_int_equal(f->state, REPORT_LATE);
	assert_string_equal(month_text(f->missing), "2026-10");
	assert_string_equal(month_text(f->due), "2026-10");
	assert_int_equal(f->due_ms, at_time("2026-11-11T17:00"));
	assert_near(f->late_hours, 3.0, 1e-9);
	assert_int_equal(unit_of(a, "ding")->late, 2); /* its restricted projects too */
	assert_near(unit_of(a, "ding")->late_hours, 3.0, 1e-9);
	assert_int_equal(figure_of(a, "jia", ADDED)->state, REPORT_NOT_DUE);

	/* It comes on Friday at 11:00, eight and two hours after it was due. */
	city_put(c, "ding", ADDED, 2026, 10, 830, "2026-11-13T11:00");
	f = figure_of(city_assess(c, "2026-11-20T12:00"), "ding", ADDED);
	assert_int_equal(f->state, REPORT_NOT_DUE);
	assert_string_equal(month_text(f->missing), "none");
	assert_near(f->late_hours, 10.0, 1e-9);
}

static void a_new_indicator_is_missing_from_the_day_the_catalogue_names(void **state)
{
	struct city *c = *state;
	const struct figure *f;

	/* Declared from October 2026: by 20 December October and November are owed. */
	f = figure_of(city_assess(c, "2026-12-20T12:00"), "jia", "restricted_projects_admitted");
	assert_int_equal(f->state, REPORT_LATE);
	assert_string_equal(month_text(f->missing), "2026-10");
	f = figure_of(city_assess(c, "2026-10-20T12:00"), "jia", "restricted_projects_admitted");
	assert_int_equal(f->state, REPORT_NOT_COLLECTED);
}

static void what_is_received_but_not_released_is_neither_late_nor_seen(void **state)
{
	struct city *c = *state;
	const struct figure *f;

	put_2026(c);
	city_put_released(c, "ding", ADDED, 2026, 10, 830, "2026-11-11T09:30", "2026-11-17T10:00");
	f = figure_of(city_assess(c, "2026-11-16T09:00"), "ding", ADDED);
	assert_int_equal(f->state, REPORT_RECEIVED);
	assert_string_equal(month_text(f->period), "2026-09");
	assert_false(f->has_judged);
	f = figure_of(city_assess(c, "2026-11-17T10:00"), "ding", ADDED);
	assert_int_equal(f->state, REPORT_NOT_DUE);
	assert_string_equal(month_text(f->period), "2026-10");
	assert_true(f->has_judged);
}

static void as_of_shows_what_was_known_then(void **state)
{
	struct city *c = *state;
	const struct figure *f;

	put_2026(c);
	city_put(c, "yi", ADDED, 2026, 10, 850, "2026-11-18T10:00");
	f = figure_of(city_assess(c, "2026-11-17T10:00"), "yi", ADDED);
	assert_f64(f->judged_value, 664.0);
	assert_int_equal(f->vintages, 1);
	f = figure_of(city_assess(c, "2026-11-18T10:00"), "yi", ADDED);
	assert_f64(f->judged_value, 850.0);
	assert_int_equal(f->light, LIGHT_GREEN);
	/* Before October came, September is all there is. */
	f = figure_of(city_assess(c, "2026-10-20T10:00"), "yi", ADDED);
	assert_string_equal(month_text(f->period), "2026-09");
}

static void on_10_january_the_judged_month_is_of_the_old_year(void **state)
{
	struct city *c = *state;
	const struct assessment *a;

	for (int k = 0; k < 4; k++)
		city_year(c, city_parks[k], 2026, 11, 900, "2026-12-09T10:00");
	a = city_assess(c, "2027-01-10T12:00");
	assert_string_equal(month_text(summary_of(a, ADDED)->closed), "2026-11");
	assert_int_equal(figure_of(a, "jia", ADDED)->target->year, 2026);
	assert_near(figure_of(a, "jia", ADDED)->pace, 0.9, 1e-15);
	assert_int_equal(figure_of(a, "jia", ADDED)->state, REPORT_DUE);

	for (int k = 0; k < 4; k++)
		city_put(c, city_parks[k], ADDED, 2026, 12, 950, "2027-01-08T10:00");
	a = city_assess(c, "2027-01-10T12:00");
	assert_string_equal(month_text(summary_of(a, ADDED)->closed), "2026-12");
	assert_f64(figure_of(a, "jia", ADDED)->attainment, 0.95);
	assert_f64(figure_of(a, "jia", ADDED)->schedule, 1.0);
	assert_int_equal(figure_of(a, "jia", ADDED)->light, LIGHT_WATCH);
}

static void january_is_never_late_and_december_stays_current_until_march(void **state)
{
	struct city *c = *state;
	const struct figure *f;

	for (int k = 0; k < 4; k++)
		city_year(c, city_parks[k], 2026, 12, 1000, "2027-01-12T10:00");
	f = figure_of(city_assess(c, "2027-02-25T12:00"), "jia", ADDED);
	assert_int_equal(f->state, REPORT_NOT_DUE);
	assert_string_equal(month_text(f->due), "2026-12");
	assert_true(f->current);
	/* February and January together are due on Wednesday 10 March. */
	f = figure_of(city_assess(c, "2027-03-09T12:00"), "jia", ADDED);
	assert_int_equal(f->state, REPORT_DUE);
	f = figure_of(city_assess(c, "2027-03-11T12:00"), "jia", ADDED);
	assert_int_equal(f->state, REPORT_LATE);
	assert_string_equal(month_text(f->missing), "2027-02");
}

static void there_is_no_red_in_early_spring(void **state)
{
	struct city *c = *state;
	const struct figure *f;

	for (int k = 0; k < 4; k++) {
		city_year(c, city_parks[k], 2026, 12, 1000, "2027-01-12T10:00");
		city_put(c, city_parks[k], ADDED, 2027, 2, 16, "2027-03-09T10:00");
	}
	f = figure_of(city_assess(c, "2027-03-09T12:00"), "jia", ADDED);
	assert_string_equal(month_text(f->judged), "2027-02");
	assert_near(f->pace, 0.2, 1e-12); /* 16 of 80 */
	assert_int_equal(f->light, LIGHT_YELLOW);
	assert_int_equal(f->period_months, 2);
	assert_f64(f->period_value, 16.0);
	assert_false(f->has_previous_pace);

	/* March: 0.2 again, and far below 0.7. */
	for (int k = 0; k < 4; k++)
		city_put(c, city_parks[k], ADDED, 2027, 3, 34, "2027-04-08T10:00");
	f = figure_of(city_assess(c, "2027-04-08T12:00"), "jia", ADDED);
	assert_int_equal(f->light, LIGHT_RED);
}

static void what_must_be_zero_is_red_at_once(void **state)
{
	struct city *c = *state;
	const struct assessment *a;

	put_2026(c);
	for (int k = 0; k < 4; k++)
		city_put(c, city_parks[k], "restricted_projects_admitted", 2026, 10, k == 1 ? 2 : 0,
			 "2026-11-10T10:00");
	a = city_assess(c, "2026-11-16T09:00");
	assert_int_equal(figure_of(a, "jia", "restricted_projects_admitted")->light, LIGHT_GREEN);
	assert_int_equal(figure_of(a, "yi", "restricted_projects_admitted")->light, LIGHT_RED);
	assert_int_equal(figure_of(a, "yi", "restricted_projects_admitted")->rank, 3);
	assert_int_equal(figure_of(a, "bing", "restricted_projects_admitted")->rank, 1);
}

static void levels_and_ceilings_are_read_from_the_store_too(void **state)
{
	static const char more[] =
		"  - {code: employees_persons, name: 从业人员, measure: 人, freq: Q, form: level,\n"
		"     direction: up}\n"
		"  - {code: energy_consumption_tce, name: 综合能耗, measure: 吨标准煤, freq: A,\n"
		"     form: period, direction: down}\n"
		"targets:\n"
		"  - {unit: jia, indicator: employees_persons, year: 2026, value: 1400, linear: "
		"true}\n"
		"  - {unit: jia, indicator: energy_consumption_tce, year: 2025, value: 200}\n";
	struct city *c = *state;
	char yaml[sizeof(city_yaml) + sizeof(more)];
	const char *at = strstr(city_yaml, "targets:\n");
	const struct figure *f;

	snprintf(yaml, sizeof(yaml), "%.*s%s%s", (int)(at - city_yaml), city_yaml, more,
		 at + strlen("targets:\n"));
	city_load(c, yaml);
	city_put(c, "jia", "employees_persons", 2025, 9, 950, "2025-10-15T10:00");
	city_put(c, "jia", "employees_persons", 2025, 12, 1000, "2026-01-15T10:00");
	city_put(c, "jia", "employees_persons", 2026, 9, 1240, "2026-10-15T10:00");
	city_put(c, "jia", "energy_consumption_tce", 2025, 12, 250, "2026-01-15T10:00");
	city_assess(c, "2026-11-30T12:00");
	/* (1240 - 1000) / (1400 - 1000) = 0.6 of the way, 0.75 of the year: 0.8. */
	f = figure_of(c->a, "jia", "employees_persons");
	assert_string_equal(month_text(f->judged), "2026-Q3");
	assert_near(f->attainment, 0.6, 1e-15);
	assert_near(f->schedule, 0.75, 1e-15);
	assert_int_equal(f->schedule_source, SCHEDULE_LINEAR);
	assert_near(f->growth_yoy, 1240.0 / 950 - 1, 1e-15);
	assert_false(f->has_period_value || f->has_previous_pace); /* no June */
	assert_int_equal(f->light, LIGHT_YELLOW);
	assert_string_equal(month_text(f->missing), "2026-Q1");
	/* 250 of 200 used at the end of the year: 1 / 1.25. */
	f = figure_of(c->a, "jia", "energy_consumption_tce");
	assert_string_equal(month_text(f->judged), "2025");
	assert_f64(f->attainment, 1.25);
	assert_f64(f->pace, 0.8);
	assert_int_equal(f->period_months, 12);
	assert_int_equal(f->state, REPORT_NOT_DUE);
}

static void units_are_summed_up_and_ranked_by_mean_pace(void **state)
{
	struct city *c = *state;
	const struct assessment *a;
	const struct unit_summary *s;

	put_2026(c);
	a = city_assess(c, "2026-11-16T09:00");
	assert_int_equal(a->nunits, 4); /* the office and the county report nothing here */
	assert_string_equal(a->units[0].unit->id, "jia");
	s = unit_of(a, "yi");
	assert_int_equal(s->with_pace, 1);
	assert_near(s->mean_pace, 0.8, 1e-15);
	assert_int_equal(s->worst, LIGHT_RED);
	assert_int_equal(s->lights[LIGHT_RED], 1);
	assert_string_equal(s->league, "市区");
	assert_int_equal(unit_of(a, "jia")->rank, 1);
	assert_int_equal(unit_of(a, "jia")->ranked, 3);
	assert_int_equal(unit_of(a, "ding")->with_pace, 0);
	assert_int_equal(unit_of(a, "ding")->rank, 0);
	assert_int_equal(unit_of(a, "ding")->lights[LIGHT_NONE], 1);
}

static void a_unit_that_fell_silent_shows_its_last_figure_as_late(void **state)
{
	struct city *c = *state;
	const struct figure *f;

	/* Nothing since December 2025. */
	f = figure_of(city_assess(c, "2026-11-16T09:00"), "ding", ADDED);
	assert_int_equal(f->state, REPORT_LATE);
	assert_string_equal(month_text(f->missing), "2026-02");
	assert_true(f->has_value);
	assert_false(f->current);
	assert_string_equal(month_text(f->period), "2025-12");
	assert_f64(f->value, 1000.0);
	/* And in ten years still. */
	f = figure_of(city_assess(c, "2036-11-17T09:00"), "ding", ADDED);
	assert_int_equal(f->state, REPORT_LATE);
	assert_string_equal(month_text(f->period), "2025-12");
	assert_string_equal(month_text(f->judged), "none");
}

static void an_empty_store_has_an_assessment_too(void **state)
{
	struct city *c = *state;
	struct store *full = c->s;
	const struct assessment *a;
	const struct figure *f;

	c->s = must_open(tmp_path(c->dir, "empty"));
	a = city_assess(c, "2026-11-16T09:00");
	f = figure_of(a, "jia", ADDED);
	assert_false(f->has_value || f->has_judged);
	assert_int_equal(f->state, REPORT_LATE);
	assert_string_equal(month_text(f->missing), "2026-10");
	assert_string_equal(month_text(summary_of(a, ADDED)->closed), "none");
	city_forget(c);
	store_close(c->s);
	c->s = full;
}

static void a_unit_that_ended_is_not_waited_for(void **state)
{
	struct city *c = *state;
	char yaml[sizeof(city_yaml) + 64];
	const struct assessment *a;
	const char *ding = strstr(city_yaml, "  - {id: ding, class: park,");

	put_2026(c);
	snprintf(yaml, sizeof(yaml), "%.*s  - {id: ding, to: 2026-09-30, class: park,%s",
		 (int)(ding - city_yaml), city_yaml, ding + strlen("  - {id: ding, class: park,"));
	city_load(c, yaml);
	a = city_assess(c, "2026-11-11T10:00");
	assert_string_equal(month_text(summary_of(a, ADDED)->closed), "2026-10");
	assert_int_equal(summary_of(a, ADDED)->expected, 3);
	assert_int_equal(summary_of(a, ADDED)->closed_ms, at_time("2026-11-10T09:00"));
}

static void the_first_year_of_a_unit_follows_its_peers(void **state)
{
	struct city *c = *state;
	const struct figure *f;
	char yaml[sizeof(city_yaml) + 256];
	const char *north = strstr(city_yaml, "  - {id: north");

	put_2026(c);
	snprintf(yaml, sizeof(yaml),
		 "%.*s  - {id: wu, class: park, name: 戊集聚区, from: 2026-01-01}\n%s"
		 "  - {unit: wu, indicator: " ADDED ", year: 2026, value: 1000}\n",
		 (int)(north - city_yaml), city_yaml, north);
	city_load(c, yaml);
	city_put(c, "wu", ADDED, 2026, 10, 830, "2026-11-10T09:00");
	f = figure_of(city_assess(c, "2026-11-16T09:00"), "wu", ADDED);
	assert_int_equal(f->schedule_source, SCHEDULE_PEERS);
	assert_f64(f->schedule, 0.83);
	assert_f64(f->pace, 1.0);
	assert_false(f->has_period_value); /* September is missing */
}

static void without_peers_the_provincial_profile_is_borrowed_and_marked(void **state)
{
	struct city *c = *state;
	const struct figure *f;
	char yaml[sizeof(city_yaml) + 256];
	const char *at = strstr(city_yaml, "[park]}");

	/* The only county, in its first year. */
	snprintf(yaml, sizeof(yaml),
		 "%.*s[park, county]}%s"
		 "  - {unit: north, indicator: " ADDED ", year: 2026, value: 1000}\n",
		 (int)(at - city_yaml), city_yaml, at + strlen("[park]}"));
	city_load(c, yaml);
	put_2026(c);
	city_put(c, "north", ADDED, 2026, 10, 833.5, "2026-11-10T09:00");
	f = figure_of(city_assess(c, "2026-11-16T09:00"), "north", ADDED);
	assert_int_equal(f->schedule_source, SCHEDULE_PROVINCIAL);
	assert_f64(f->schedule, catalogue_profile(c->c, NULL)->shares[9]);
	assert_near(f->pace, 1.0, 1e-12);
	assert_int_equal(f->rank, 1);
	assert_int_equal(f->ranked, 1); /* parks are another class */
}

static void lights_that_do_not_fall_are_refused(void **state)
{
	struct city *c = *state;
	struct assess_options o;

	assess_options_init(&o);
	o.yellow = 0.99;
	c->v = must_snapshot(c->s);
	assert_null(assess_run(c->v, c->c, at_time("2026-11-16T09:00"), &o, &c->e));
	assert_int_equal(c->e.code, ERR_INVALID);
	assert_has(c->e.text, "lights must fall from green to red: 1, 0.95, 0.99");
	assess_options_init(&o);
	o.history_years = 0;
	assert_null(assess_run(c->v, c->c, at_time("2026-11-16T09:00"), &o, &c->e));
	assert_has(c->e.text, "0 years of history are not between 1 and 50");
	assess_options_init(&o);
	o.shrink = NAN;
	assert_null(assess_run(c->v, c->c, at_time("2026-11-16T09:00"), &o, &c->e));
	assert_has(c->e.text, "the weight nan of the peers");
}

/* One chunk in the file is damaged: its figure is gone from the assessment, the others are not. */
static void a_damaged_figure_is_left_out_and_the_others_stay(void **state)
{
	const double odd = 664.8765432109;
	struct city *c = *state;
	const struct figure *f;
	uint8_t bytes[sizeof(odd)];
	size_t n, hits = 0;
	char *file;

	memcpy(bytes, &odd, sizeof(odd));
	put_2026(c);
	assert_ok(store_flush(c->s, &c->e), &c->e);
	city_put(c, "yi", ADDED, 2026, 8, odd, "2026-10-20T10:00");
	assert_ok(store_flush(c->s, &c->e), &c->e);
	store_close(c->s);
	file = tmp_read(tmp_path(c->dir, "store/data.mdb"), &n);
	assert_non_null(file);
	for (size_t i = 0; i + sizeof(bytes) <= n; i++)
		if (memcmp(file + i, bytes, sizeof(bytes)) == 0) {
			file[i] ^= 0x10;
			hits++;
		}
	assert_true(hits > 0);
	tmp_write(tmp_path(c->dir, "store/data.mdb"), file, n);
	free(file);
	c->s = must_open(tmp_path(c->dir, "store"));
	f = figure_of(city_assess(c, "2026-11-16T09:00"), "yi", ADDED);
	/* Read over the whole axis nothing of the series can be told; place by place only
	 * the period of the damaged chunk is gone. */
	assert_f64(f->judged_value, 664.0);
	assert_near(f->growth_ytd, -0.2, 1e-15);
	assert_int_equal(f->state, REPORT_LATE);
	assert_string_equal(month_text(f->missing), "2026-08");
	assert_f64(figure_of(c->a, "jia", ADDED)->pace, 1.0);
}

static void references_keep_an_assessment_and_its_catalogue(void **state)
{
	struct city *c = *state;
	struct assessment *mine;

	put_2026(c);
	city_assess(c, "2026-11-16T09:00");
	mine = assessment_ref(c->a);
	assert_ptr_equal(assessment_catalogue(mine), c->c);
	assert_true(mine->catalogue_version == catalogue_version(c->c));
	city_forget(c);
	city_load(c, city_yaml);
	assert_string_equal(unit_name(mine->units[0].unit, (struct date){ 2026, 11, 1 }),
			    "甲山产业集聚区");
	assert_slice(labels_get(mine->figures[0].labels, slice_str("park")), "jia");
	assessment_unref(mine);
}

static void without_memory_it_fails_and_leaks_nothing(void **state)
{
	struct city *c = *state;
	struct assess_options o;
	struct assessment *a = NULL;
	struct starve s = { 0 };

	put_2026(c);
	assess_options_init(&o);
	c->v = must_snapshot(c->s);
	while (starve_again(&s)) {
		size_t before, after, strings;

		labels_count(&before, &strings);
		c->e = (struct err){ 0 };
		starve_begin(&s);
		a = assess_run(c->v, c->c, at_time("2026-11-16T09:00"), &o, &c->e);
		starve_end(&s, a != NULL, &c->e);
		if (a)
			break;
		assert_has(c->e.text, "assessment");
		labels_count(&after, &strings);
		assert_int_equal(before, after);
	}
	assert_true(s.failed > 2);
	assert_int_equal(figure_of(a, "yi", ADDED)->light, LIGHT_RED);
	assessment_unref(a);
}

/* --- units that became part of others ---------------------------------------------------- */

/* jia and yi of the standard city became part of heir at the end of 2025. `more` are units. */
static void load_merged(struct city *c, const char *succeeds, const char *more)
{
	char yaml[2048];

	snprintf(yaml, sizeof(yaml),
		 "releases:\n"
		 "  - {id: month, freq: M, working_day: 8, grace_working_days: 2, january: false}\n"
		 "units:\n"
		 "  - {id: jia, class: park, name: 甲山, to: 2025-12-31}\n"
		 "  - {id: yi, class: park, name: 乙水, to: 2025-12-31}\n"
		 "  - {id: heir, class: park, name: 山水, from: 2026-01-01, succeeds: %s}\n%s"
		 "indicators:\n"
		 "  - {code: " ADDED ", name: 规上工业增加值, measure: 元, freq: M, form: ytd,\n"
		 "     direction: up}\n"
		 "  - {code: margin_ratio, name: 利润率, measure: 比值, freq: M, form: level,\n"
		 "     direction: up}\n"
		 "targets:\n"
		 "  - {unit: heir, indicator: " ADDED ", year: 2026, value: 2400}\n"
		 "  - {unit: heir, indicator: margin_ratio, year: 2026, value: 2, linear: true}\n",
		 succeeds, more);
	city_load(c, yaml);
}

static void a_merged_unit_is_measured_against_the_sum_of_the_old_ones(void **state)
{
	struct city *c = *state;
	const struct assessment *a;
	const struct figure *f;

	load_merged(c, "[jia, yi]", "");
	city_year(c, "heir", 2026, 10, 2400, "2026-11-09T10:00");
	city_put(c, "jia", "margin_ratio", 2025, 12, 1, "2026-01-14T10:00");
	city_put(c, "yi", "margin_ratio", 2025, 12, 1, "2026-01-14T10:00");
	city_put(c, "heir", "margin_ratio", 2026, 10, 1, "2026-11-09T10:00");
	a = city_assess(c, "2026-11-10T09:00");
	f = figure_of(a, "heir", ADDED);
	assert_string_equal(month_text(f->judged), "2026-10");
	assert_true(f->has_growth_ytd && f->has_growth_yoy);
	assert_float_equal(f->growth_ytd, 0.2, 1e-12); /* 1992 against 830 + 830 */
	assert_float_equal(f->growth_yoy, 0.2, 1e-12); /* 216 against 90 + 90 */
	assert_int_equal(f->schedule_source, SCHEDULE_OWN);
	assert_float_equal(f->schedule, 0.83, 1e-12);
	assert_float_equal(f->pace, 1.0, 1e-12);
	/* It owes nothing from before it existed, and shows nothing as reported then. */
	assert_int_equal(f->state, REPORT_NOT_DUE);
	assert_f64(f->value, 1992.0);
	/* Two rates do not add up to a level to start from. */
	assert_false(figure_of(a, "heir", "margin_ratio")->has_attainment);
}

static void half_of_a_sum_is_no_history(void **state)
{
	struct city *c = *state;
	const struct figure *f;

	/* gone existed until the end and reported nothing */
	load_merged(c, "[jia, gone]", "  - {id: gone, class: park, name: 丙, to: 2025-12-31}\n");
	city_year(c, "heir", 2026, 10, 2400, "2026-11-09T10:00");
	f = figure_of(city_assess(c, "2026-11-10T09:00"), "heir", ADDED);
	assert_true(f->has_judged);
	assert_false(f->has_growth_ytd || f->has_growth_yoy);
	assert_int_equal(f->schedule_source, SCHEDULE_PROVINCIAL);
	load_merged(c, "[jia, gone]", "  - {id: gone, class: park, name: 丙, to: 2022-12-31}\n");
	f = figure_of(city_assess(c, "2026-11-10T09:00"), "heir", ADDED);
	assert_float_equal(f->growth_ytd, 1.4, 1e-12); /* 1992 against 830 */
}

static void a_unit_that_became_part_of_two_leaves_its_history_to_none(void **state)
{
	struct city *c = *state;
	const struct figure *f;

	load_merged(c, "[jia, yi]",
		    "  - {id: twin, class: park, name: 丁, from: 2026-01-01, succeeds: [yi]}\n");
	city_year(c, "heir", 2026, 10, 2400, "2026-11-09T10:00");
	city_year(c, "twin", 2026, 10, 100, "2026-11-09T10:00");
	f = figure_of(city_assess(c, "2026-11-10T09:00"), "heir", ADDED);
	assert_true(f->has_judged);
	assert_false(f->has_growth_ytd || f->has_growth_yoy);
}

static void the_history_of_the_old_ones_reaches_through_generations(void **state)
{
	struct city *c = *state;
	const struct figure *f;

	/* middle was there for a year only: before it, jia and yi. */
	load_merged(c, "[middle]",
		    "  - {id: middle, class: park, name: 中, from: 2025-01-01, to: 2025-12-31,\n"
		    "     succeeds: [jia, yi]}\n");
	city_year(c, "middle", 2025, 12, 2000, "2026-01-14T10:00");
	city_year(c, "heir", 2026, 10, 2400, "2026-11-09T10:00");
	f = figure_of(city_assess(c, "2026-11-10T09:00"), "heir", ADDED);
	assert_float_equal(f->growth_ytd, 0.2, 1e-12);
	assert_int_equal(f->schedule_source, SCHEDULE_OWN);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, city_setup, city_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(until_the_grace_is_over_the_month_before_is_judged_for_all),
		TEST(after_the_grace_it_closes_without_the_one_that_is_missing),
		TEST(the_last_report_closes_the_period_before_the_grace_is_over),
		TEST(growth_pace_and_schedule_are_those_worked_out_by_hand),
		TEST(red_is_who_lags_in_two_releases),
		TEST(ties_share_a_rank_within_their_league),
		TEST(lateness_is_counted_in_working_hours),
		TEST(a_new_indicator_is_missing_from_the_day_the_catalogue_names),
		TEST(what_is_received_but_not_released_is_neither_late_nor_seen),
		TEST(as_of_shows_what_was_known_then),
		TEST(on_10_january_the_judged_month_is_of_the_old_year),
		TEST(january_is_never_late_and_december_stays_current_until_march),
		TEST(there_is_no_red_in_early_spring),
		TEST(what_must_be_zero_is_red_at_once),
		TEST(levels_and_ceilings_are_read_from_the_store_too),
		TEST(units_are_summed_up_and_ranked_by_mean_pace),
		TEST(a_unit_that_fell_silent_shows_its_last_figure_as_late),
		TEST(an_empty_store_has_an_assessment_too),
		TEST(a_unit_that_ended_is_not_waited_for),
		TEST(the_first_year_of_a_unit_follows_its_peers),
		TEST(without_peers_the_provincial_profile_is_borrowed_and_marked),
		TEST(a_merged_unit_is_measured_against_the_sum_of_the_old_ones),
		TEST(half_of_a_sum_is_no_history),
		TEST(a_unit_that_became_part_of_two_leaves_its_history_to_none),
		TEST(the_history_of_the_old_ones_reaches_through_generations),
		TEST(lights_that_do_not_fall_are_refused),
		TEST(a_damaged_figure_is_left_out_and_the_others_stay),
		TEST(references_keep_an_assessment_and_its_catalogue),
		TEST(without_memory_it_fails_and_leaks_nothing),
	};

	log_set_fd(-1);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
