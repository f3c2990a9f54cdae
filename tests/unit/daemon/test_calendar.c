/*
 * test_calendar.c - statistics of a real store under the catalogue's calendar, asked in PromQL.
 *
 * Value of a month: base of the park × month, half as much again in 2026. September 2026 is due on
 * Monday 12 October, grace until Wednesday 14 October 17:00; October on Wednesday 11 November,
 * grace until Friday 13 November 17:00. Ding is late with both, bing with October.
 */
#include "assess/assess.h"
#include "daemon/calendar.h"
#include "exporters/match.h"
#include "query/query.h"
#include "query/source_store.h"
#include "tests/unit/assess/city.h"

#define OUTPUT "output_yuan"
#define OPEN   "projects_open"
#define X      "park_output_yuan"

/* Wednesday, both months' grace over. */
#define TODAY "2026-11-25T10:00"

enum { HOUR_MS = 3600 * 1000 };

static const char yaml[] =
	"releases:\n"
	"  - {id: month, freq: M, working_day: 8, grace_working_days: 2}\n"
	"units:\n"
	"  - {id: jia, class: park, name: 甲山产业集聚区}\n"
	"  - {id: yi, class: park, name: 乙水产业集聚区}\n"
	"  - {id: bing, class: park, name: 丙川产业集聚区}\n"
	"  - {id: ding, class: park, name: 丁原产业集聚区}\n"
	"  - {id: wu, class: park, name: 戊岭产业集聚区, to: 2026-06-30}\n"
	"  - {id: north, class: county, name: 北县}\n"
	"indicators:\n"
	"  - {code: " OUTPUT ", name: 产值, measure: 元, freq: M, form: period,\n"
	"     reported_by: [park]}\n"
	"  - {code: revenue_yuan, name: 收入, measure: 元, freq: Q, form: period,\n"
	"     reported_by: [park]}\n"
	"  - {code: " OPEN ", name: 在建项目, measure: 个, freq: M, form: level,\n"
	"     reported_by: [park, county]}\n";

static const struct calendar *calendar;
static struct engine *engine;

/* --- figures ------------------------------------------------------------------------------ */

static double base_of(const char *unit)
{
	for (int k = 0; k < 4; k++)
		if (strcmp(unit, city_parks[k]) == 0)
			return k + 1;
	return 10;
}

static double value_of(const char *unit, int year, int month)
{
	return base_of(unit) * month * (year == 2026 ? 1.5 : 1);
}

/* January 2025 to this month of 2026 in one submission. */
static void put_history(struct city *c, const char *unit, const char *code, int last_month,
			const char *received)
{
	struct observation o[24];
	struct append a = { .submission = { .source = "test",
					    .owner = "",
					    .origin = "",
					    .received_ms = at_time(received),
					    .released_ms = at_time(received) },
			    .obs = o };
	struct labels *ls = catalogue_series(catalogue_unit(c->c, slice_str(unit)),
					     city_indicator(c, code), &c->e);

	assert_non_null(ls);
	for (int m = 1; m <= 12 + last_month; m++) {
		int year = m > 12 ? 2026 : 2025, month = m > 12 ? m - 12 : m;

		o[a.nobs++] = (struct observation){
			.labels = ls,
			.stamp_ms = period_stamp(period_month(year, month), c->zone),
			.value = value_of(unit, year, month),
			.months = 1,
		};
	}
	assert_ok(append_now(c->s, &a, &c->e), &c->e);
	labels_unref(ls);
}

static void put(struct city *c, const char *unit, int month, const char *received)
{
	city_put(c, unit, OUTPUT, 2026, month, value_of(unit, 2026, month), received);
}

static int setup(void **state)
{
	struct engine_options o = { .workers = ENGINE_NO_WORKERS };
	struct city *c = city_open(yaml);

	*state = c;
	calendar = calendar_new(c->c, &c->e);
	engine = engine_new(&o, &c->e);
	assert_non_null(calendar);
	assert_non_null(engine);
	for (int k = 0; k < 4; k++)
		put_history(c, city_parks[k], OUTPUT, 8, "2026-09-08T10:00");
	put(c, "jia", 9, "2026-10-09T10:00");
	put(c, "yi", 9, "2026-10-09T11:00");
	put(c, "bing", 9, "2026-10-12T10:00");
	put(c, "jia", 10, "2026-11-09T10:00");
	put(c, "yi", 10, "2026-11-10T10:00");
	return 0;
}

static int teardown(void **state)
{
	engine_free(engine);
	calendar_unref(calendar);
	return city_teardown(state);
}

/* --- asking ------------------------------------------------------------------------------- */

static void ask(struct city *c, const char *text, const char *from, const char *to, int64_t step_ms,
		struct query *q)
{
	query_init(q, engine);
	q->text = slice_str(text);
	q->start_ms = at_time(from);
	q->end_ms = at_time(to);
	q->step_ms = step_ms;
	q->source = source_store_open(c->s, calendar, 60000, &c->e);
	assert_non_null(q->source);
	query_run(engine, q);
	source_store_close(q->source);
}

static void put_row(const struct vector *v, size_t i, struct buf *out)
{
	struct slice park = labels_get(v->heads[i].labels, slice_str("park"));

	buf_printf(out, "%s%.*s", out->n ? "; " : "", SLICE_FMT(park));
	for (size_t k = 0; k < v->width; k++) {
		double x = v->values[i * v->width + k];

		if (is_absent(x))
			buf_puts(out, " -");
		else
			buf_printf(out, " %.10g", x);
	}
}

static void assert_rows(struct city *c, const char *text, const char *from, const char *to,
			int64_t step_ms, const char *want)
{
	struct query q;
	struct buf got;

	buf_init(&got, 1 << 16);
	ask(c, text, from, to, step_ms, &q);
	if (q.failure != QUERY_OK)
		fail_msg("%s: %s", text, q.error);
	for (size_t i = 0; i < q.value.vector.n; i++)
		put_row(&q.value.vector, i, &got);
	buf_putc(&got, '\0');
	if (strcmp(got.p, want) != 0)
		fail_msg("%s at %s: %s, not %s", text, from, got.p, want);
	buf_release(&got);
	query_release(&q);
}

/* "park value; park value", parks in order; each as an instant query and as a range of one step. */
static void assert_shows(struct city *c, const char *text, const char *when, const char *want)
{
	assert_rows(c, text, when, when, 0, want);
	assert_rows(c, text, when, when, HOUR_MS, want);
}

static void assert_fails_with(struct city *c, const char *text, const char *part)
{
	struct query q;

	ask(c, text, TODAY, TODAY, 0, &q);
	assert_int_equal(q.failure, QUERY_EXECUTION);
	assert_has(q.error, part);
	query_release(&q);
}

/* --- the questions that are asked of statistics ----------------------------------------------- */

static void the_latest_month_leaves_late_ones_empty(void **state)
{
	struct city *c = *state;

	for (int k = 0; k < 4; k++) {
		struct labels *ls = labels_make(&c->e, "park_info", "park", city_parks[k], NULL);

		assert_ok(put_sample(c->s, ls, at_time(TODAY) - 60000, 1, &c->e), &c->e);
		labels_unref(ls);
	}
	assert_shows(c, X "{__period__=\"latest\"}", TODAY, "jia 15; yi 30");
	assert_shows(c, X "{__period__=\"latest\"} or on(park) (park_info * NaN)", TODAY,
		     "jia 15; yi 30; bing nan; ding nan");
	/* plain: September of bing is not shown as if it were October's */
	assert_shows(c, X, TODAY, "jia 15; yi 30");
}

static void the_latest_changes_for_all_at_once_when_the_grace_is_over(void **state)
{
	struct city *c = *state;

	assert_rows(c, X "{__period__=\"latest\"}", "2026-11-10T17:00", "2026-11-14T17:00",
		    24 * HOUR_MS,
		    "bing 40.5 40.5 40.5 - -; jia 13.5 13.5 13.5 15 15; "
		    "yi 27 27 27 30 30");
}

static void growth_has_no_answer_for_the_late(void **state)
{
	struct city *c = *state;
	const char *growth = X "{__period__=\"latest\"} / " X "{__period__=\"latest-12\"} - 1";

	assert_shows(c, growth, TODAY, "jia 0.5; yi 0.5");
	assert_shows(c, growth, "2026-11-12T10:00", "bing 0.5; jia 0.5; yi 0.5");
	/* so does a shift of the selector: its time is what counts */
	assert_shows(c, X "{__period__=\"latest\"} offset 30d", TODAY,
		     "bing 40.5; jia 13.5; yi 27");
}

static void assert_twelve(struct city *c, const char *text)
{
	struct query q;

	ask(c, text, TODAY, TODAY, 0, &q);
	if (q.failure != QUERY_OK)
		fail_msg("%s: %s", text, q.error);
	assert_int_equal(q.nrows, 1);
	assert_int_equal(q.rows[0].n, 12);
	assert_int_equal(q.rows[0].t_ms[0], at_time("2025-11-30T00:00"));
	assert_int_equal(q.rows[0].t_ms[1], at_time("2025-12-31T00:00"));
	assert_f64(q.rows[0].v[1], 12);
	assert_int_equal(q.rows[0].t_ms[11], at_time("2026-10-31T00:00"));
	query_release(&q);
}

static void a_year_is_twelve_bars_december_among_them(void **state)
{
	assert_twelve(*state, X "{park=\"jia\"}[365d]");
	assert_twelve(*state, X "{park=\"jia\",__period__=\"latest\"}[365d]");
}

static void month_and_quarter_do_not_collide(void **state)
{
	struct city *c = *state;
	struct labels *quarter =
		labels_make(&c->e, X, "park", "jia", "freq", "Q", "basis", "period", NULL);

	assert_ok(put_figure(c->s, quarter, at_time("2026-09-30T00:00"), 36,
			     at_time("2026-11-20T10:00"), at_time("2026-11-20T10:00"), NULL, &c->e),
		  &c->e);
	labels_unref(quarter);
	city_put(c, "jia", "revenue_yuan", 2026, 9, 54, "2026-11-20T11:00");
	city_put(c, "yi", "revenue_yuan", 2026, 9, 54, "2026-11-20T11:00");
	assert_shows(c, X "{__period__=\"2026-09\",park=\"jia\"}", TODAY, "jia 13.5");
	assert_shows(c, X "{__period__=\"2026-Q3\"}", TODAY, "jia 36");
	assert_shows(c,
		     X "{__period__=\"2026-09\"} / on(park) "
		       "park_revenue_yuan{__period__=\"2026-Q3\"}",
		     TODAY, "jia 0.25; yi 0.5");
	assert_shows(c, "sum by(park) (" X "{park=\"jia\",freq=\"M\"})", TODAY, "jia 15");
}

static void two_late_months_are_both_there_once_they_come(void **state)
{
	struct city *c = *state;
	const char *ding = X "{park=\"ding\"}";

	assert_shows(c, ding, "2026-10-14T16:59", "ding 48");
	assert_shows(c, ding, "2026-10-14T17:00", "");
	put(c, "ding", 9, "2026-11-20T10:00");
	put(c, "ding", 10, "2026-11-20T10:00");
	assert_shows(c, ding, "2026-10-20T10:00", "ding 54");
	assert_shows(c, ding, TODAY, "ding 60");
	assert_shows(c, "count_over_time(" X "{park=\"ding\"}[60d])", TODAY, "ding 2");
	assert_rows(c, ding, "2026-09-29T00:00", "2026-11-02T00:00", 17 * 24 * HOUR_MS,
		    "ding 48 54 60");
}

static void revisions_are_latest_less_first(void **state)
{
	struct city *c = *state;

	city_put(c, "jia", OUTPUT, 2026, 10, 16, "2026-11-18T10:00");
	assert_shows(c, X " - " X "{__release__=\"first\"}", TODAY, "jia 1; yi 0");
	assert_shows(c, X "{__release__=\"2\"}", TODAY, "jia 16");
	assert_shows(c, X "{__release__=\"latest\"}", TODAY, "jia 16; yi 30");
}

static void an_as_of_shows_what_was_known_then(void **state)
{
	struct city *c = *state;

	city_put(c, "jia", OUTPUT, 2026, 10, 16, "2026-11-18T10:00");
	city_put_released(c, "yi", OUTPUT, 2026, 10, 31, "2026-11-19T10:00", "");
	assert_shows(c, X, TODAY, "jia 16; yi 30");
	assert_shows(c, X "{__as_of__=\"2026-11-17\"}", TODAY, "jia 15; yi 30");
	/* a day counts to its end */
	assert_shows(c, X "{__as_of__=\"2026-11-18\"}", TODAY, "jia 16; yi 30");
	assert_shows(c, X "{__as_of__=\"2026-11-18T09:59:59+08:00\"}", TODAY, "jia 15; yi 30");
	assert_shows(c, X "{__as_of__=\"2026-11-09\"}", TODAY, "jia 15");
	/* as a dashboard's variables give it: 10:00 on the 18th, and a second before */
	assert_shows(c, X "{__as_of__=\"1794967200\",park=\"jia\"}", TODAY, "jia 16");
	assert_shows(c, X "{__as_of__=\"1794967199000\",park=\"jia\"}", TODAY, "jia 15");
	assert_shows(c, X "{__as_of__=\"2026-11-12\",__period__=\"latest\"}", TODAY,
		     "bing 40.5; jia 13.5; yi 27");
}

static void functions_tell_period_and_release(void **state)
{
	struct city *c = *state;

	assert_shows(c, "period_of(" X ")", TODAY, "jia 202610; yi 202610");
	assert_shows(c, "period_of(" X "{__period__=\"latest-10\",park=\"ding\"})", TODAY,
		     "ding 202512");
	assert_shows(c, "release_time(" X "{park=\"jia\"})", TODAY, "jia 1794189600");
	assert_fails_with(c, "period_of(" X " + 0)", "period_of() is of a selector's figures");
}

static void plain_series_have_no_virtual_labels(void **state)
{
	struct city *c = *state;
	struct labels *ls = labels_make(&c->e, "park_info", "park", "jia", NULL);

	assert_ok(put_sample(c->s, ls, at_time(TODAY), 1, &c->e), &c->e);
	labels_unref(ls);
	assert_fails_with(c, "park_info{__period__=\"latest\"}",
			  "park_info{park=\"jia\"} is no statistic: it has no __period__");
	assert_shows(c, "period_of(park_info)", TODAY, "");
	assert_fails_with(c, X "{__as_of__=\"yesterday\"}", "wanted is a day such as 2026-09-30");
}

/* --- presence -------------------------------------------------------------------------------- */

static bool is_present(struct city *c, const char *park, const char *until)
{
	struct presence p = { .v = must_snapshot(c->s), .calendar = calendar };
	struct labels *ls = catalogue_series(catalogue_unit(c->c, slice_str(park)),
					     city_indicator(c, OUTPUT), &c->e);
	struct series_ref ref;
	bool is = false;

	p.to_ms = at_time(until);
	p.from_ms = p.to_ms - 6 * HOUR_MS;
	assert_ok(snapshot_find(p.v, ls, &ref, &c->e), &c->e);
	assert_ok(presence_of(&p, &ref, &is, &c->e), &c->e);
	labels_unref(ls);
	snapshot_close(p.v);
	return is;
}

static void a_held_figure_is_present_in_the_last_six_hours(void **state)
{
	struct city *c = *state;

	assert_true(is_present(c, "jia", TODAY));
	assert_false(is_present(c, "bing", TODAY));
	assert_true(is_present(c, "bing", "2026-11-12T10:00"));
	/* its hold ends within the six hours */
	assert_true(is_present(c, "bing", "2026-11-13T22:59"));
	assert_false(is_present(c, "bing", "2026-11-13T23:01"));
}

/* --- closings --------------------------------------------------------------------------------- */

/* The newest period that was closed then, among all or those around it. */
static struct closing newest_closing(struct city *c, const char *family, int64_t around_ms,
				     int64_t ms)
{
	struct labels *ls = labels_make(&c->e, family, "freq", "M", "basis",
					strstr(family, OPEN) ? "level" : "period", NULL);
	struct arena_mark mark = arena_mark(&c->arena);
	struct snapshot *v = must_snapshot(c->s);
	struct closing found = { INT64_MIN, INT64_MIN };
	const struct labels *family_labels = ls;
	struct closings all;

	assert_non_null(ls);
	assert_ok(calendar->closings(calendar, v, &family_labels, 1, around_ms, &c->arena, &all,
				     &c->e),
		  &c->e);
	for (size_t i = 0; i < all.n; i++)
		if (all.list[i].closed_ms <= ms)
			found = all.list[i];
	arena_reset(&c->arena, mark);
	snapshot_close(v);
	labels_unref(ls);
	return found;
}

static struct closing closed_at(struct city *c, const char *family, int64_t ms)
{
	struct closing all = newest_closing(c, family, INT64_MIN, ms);
	struct closing near = newest_closing(c, family, ms, ms);

	assert_int_equal(near.stamp_ms, all.stamp_ms);
	assert_int_equal(near.closed_ms, all.closed_ms);
	return all;
}

static void assert_closed(struct city *c, const char *family, const char *when, int month)
{
	int64_t want = period_stamp(period_month(2026, month), c->zone);

	if (closed_at(c, family, at_time(when)).stamp_ms != want)
		fail_msg("%s at %s: the newest closed period is not %d", family, when, month);
}

static void a_period_is_closed_once_all_are_in(void **state)
{
	struct city *c = *state;

	put(c, "bing", 10, "2026-11-11T10:00");
	put(c, "ding", 10, "2026-11-12T10:00");
	assert_closed(c, X, "2026-11-12T09:59", 9);
	assert_closed(c, X, "2026-11-12T10:00", 10);
}

static void a_park_that_is_no_more_is_not_waited_for_nor_counted(void **state)
{
	struct city *c = *state;

	put_history(c, "wu", OUTPUT, 6, "2026-11-10T11:00");
	put(c, "wu", 10, "2026-11-10T12:00");
	put(c, "bing", 10, "2026-11-11T10:00");
	/* wu's figure does not stand for ding's */
	assert_closed(c, X, "2026-11-11T11:00", 9);
	assert_closed(c, X, "2026-11-13T16:59", 9);
	assert_closed(c, X, "2026-11-13T17:00", 10);
}

static void figures_that_come_before_the_end_close_nothing_before_it(void **state)
{
	struct city *c = *state;

	put(c, "ding", 10, "2026-11-20T10:00");
	put(c, "bing", 10, "2026-11-20T10:00");
	for (int k = 0; k < 4; k++)
		put(c, city_parks[k], 11, "2026-11-24T10:00");
	assert_closed(c, X, "2026-11-30T23:59", 10);
	assert_closed(c, X, "2026-12-01T00:00", 11);
}

static void put_open(struct city *c, const char *unit, int month, const char *received)
{
	city_put(c, unit, OPEN, 2026, month, 7, received);
}

static void all_classes_that_report_an_indicator_count(void **state)
{
	struct city *c = *state;

	for (int k = 0; k < 4; k++)
		put_open(c, city_parks[k], 10, "2026-11-10T13:00");
	assert_closed(c, "park_" OPEN, "2026-11-13T17:00", 10);
	put_open(c, "north", 10, "2026-11-11T13:00");
	/* both families of it at the same time */
	for (int k = 0; k < 2; k++) {
		const char *family = k ? "county_" OPEN : "park_" OPEN;

		assert_int_equal(closed_at(c, family, at_time("2026-11-11T12:59")).stamp_ms,
				 INT64_MIN);
		assert_closed(c, family, "2026-11-11T13:00", 10);
	}
}

static void assert_as_assessed(struct city *c, const struct assessment *a, const char *code,
			       const char *when)
{
	struct closing got;
	char family[64];

	snprintf(family, sizeof(family), "park_%s", code);
	got = closed_at(c, family, at_time(when));
	for (size_t i = 0; i < a->nindicators; i++) {
		const struct indicator_summary *s = &a->indicators[i];
		bool none = s->closed.freq == FREQ_NONE;

		if (strcmp(s->indicator->code, code) != 0)
			continue;
		if (got.stamp_ms != (none ? INT64_MIN : period_stamp(s->closed, c->zone)))
			fail_msg("%s at %s: assessed %s", family, when, month_text(s->closed));
		if (!none)
			assert_int_equal(got.closed_ms, s->closed_ms);
		return;
	}
	fail_msg("%s was not assessed", code);
}

static void the_latest_is_found_long_after_the_last_one(void **state)
{
	struct city *c = *state;

	assert_shows(c, X "{__period__=\"latest\"}", "2028-03-01T10:00", "jia 15; yi 30");
	/* and before anything had been closed, also after that has been asked */
	assert_shows(c, X "{__period__=\"latest\"}", "2024-03-01T10:00", "");
	assert_shows(c, X "{__period__=\"latest\"} - " X "{__period__=\"latest\"} offset 60d",
		     TODAY, "jia 3; yi 6");
	assert_shows(c, X "{__period__=\"latest\"} offset 60d", TODAY,
		     "bing 36; ding 48; jia 12; yi 24");
}

/* Families that remote write alone declares: who had the month before is waited for. */
static void an_unknown_family_is_closed_the_same_from_near_and_from_far(void **state)
{
	static const char family[] = "park_visitors";
	struct city *c = *state;

	for (int m = 1; m <= 10; m++)
		for (int k = 0; k < (m == 10 ? 2 : 3); k++) {
			struct labels *ls = labels_make(&c->e, family, "park", city_parks[k],
							"freq", "M", "basis", "period", NULL);
			int64_t end = period_end(period_month(2026, m), c->zone);
			int64_t at = end + (5 + k) * 24 * (int64_t)HOUR_MS;

			if (at < at_time("2026-11-10T10:00"))
				at = at_time("2026-11-10T10:00") + (m * 3 + k) * 1000;
			assert_ok(put_figure(c->s, ls, period_stamp(period_month(2026, m), c->zone),
					     m, at, at, NULL, &c->e),
				  &c->e);
			labels_unref(ls);
		}
	assert_int_equal(closed_at(c, family, at_time("2026-11-25T10:00")).stamp_ms,
			 period_stamp(period_month(2026, 9), c->zone));
	/* thirty days after its end it is closed without the third */
	assert_int_equal(closed_at(c, family, at_time("2026-12-01T00:00") - 1).stamp_ms,
			 period_stamp(period_month(2026, 9), c->zone));
	assert_int_equal(closed_at(c, family, at_time("2026-12-01T00:00")).stamp_ms,
			 period_stamp(period_month(2026, 10), c->zone));
}

/* Closings are remembered no longer than what they were found in. */
static void what_comes_in_or_is_released_between_two_queries_closes_a_period(void **state)
{
	const char *latest = "period_of(" X "{park=\"jia\",__period__=\"latest\"})";
	const char *noon = "2026-11-12T12:00";
	struct city *c = *state;
	struct store_status status;

	assert_shows(c, latest, noon, "jia 202609");
	put(c, "bing", 10, "2026-11-11T10:00");
	assert_shows(c, latest, noon, "jia 202609");
	city_put_released(c, "ding", OUTPUT, 2026, 10, 60, "2026-11-12T10:00", "");
	assert_shows(c, latest, noon, "jia 202609");
	store_status(c->s, &status);
	assert_ok(store_release(c->s, status.submissions, at_time("2026-11-12T11:00"), &c->e),
		  &c->e);
	assert_shows(c, latest, noon, "jia 202610");
	assert_shows(c, latest, "2026-11-12T10:59", "jia 202609");
}

static void a_calendar_is_given_to_all_until_the_catalogue_is_another(void **state)
{
	struct city *c = *state;
	struct calendar_holder h;
	const struct calendar *first, *second, *third;

	calendar_holder_init(&h);
	first = calendar_holder_get(&h, c->c, &c->e);
	second = calendar_holder_get(&h, c->c, &c->e);
	assert_non_null(first);
	assert_ptr_equal(first, second);
	city_load(c, yaml);
	third = calendar_holder_get(&h, c->c, &c->e);
	assert_non_null(third);
	assert_ptr_not_equal(first, third);
	calendar_holder_release(&h);
	calendar_unref(first);
	calendar_unref(second);
	calendar_unref(third);
}

/* Months that nobody collected are counted: a year before October is October. */
static void periods_before_the_latest_are_those_of_the_calendar(void **state)
{
	struct city *c = *state;
	struct labels *ls = labels_make(&c->e, "park_fairs", "park", "jia", "freq", "M", "basis",
					"period", NULL);
	int64_t at = at_time("2026-11-10T10:00");

	for (int year = 2025; year <= 2026; year++)
		assert_ok(put_figure(c->s, ls, period_stamp(period_month(year, 10), c->zone), year,
				     at, at, NULL, &c->e),
			  &c->e);
	labels_unref(ls);
	assert_shows(c, "park_fairs{__period__=\"latest\"}", "2026-12-15T10:00", "jia 2026");
	assert_shows(c, "park_fairs{__period__=\"latest-12\"}", "2026-12-15T10:00", "jia 2025");
	assert_shows(c, "park_fairs{__period__=\"latest-1\"}", "2026-12-15T10:00", "");
}

/* One rule, seen from two sides. */
static void queries_and_assessments_agree_on_what_is_closed(void **state)
{
	static const char *const hours[] = { "09:30", "10:30", "13:30", "16:59", "17:00" };
	struct city *c = *state;

	for (int k = 0; k < 3; k++)
		put_open(c, city_parks[k], 10, "2026-11-10T13:00");
	put(c, "wu", 10, "2026-11-10T14:00");
	put_open(c, "north", 10, "2026-11-11T13:00");
	put_open(c, "ding", 10, "2026-11-12T10:00");
	city_put(c, "jia", OUTPUT, 2026, 10, 16, "2026-11-12T11:00");
	put(c, "bing", 10, "2026-11-12T12:00");
	put(c, "ding", 10, "2026-11-16T10:00");
	for (int day = 1; day <= 20; day++)
		for (size_t h = 0; h < sizeof(hours) / sizeof(hours[0]); h++) {
			char when[24];
			const struct assessment *a;

			snprintf(when, sizeof(when), "2026-11-%02dT%s", day, hours[h]);
			a = city_assess(c, when);
			assert_as_assessed(c, a, OUTPUT, when);
			assert_as_assessed(c, a, OPEN, when);
		}
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(the_latest_month_leaves_late_ones_empty),
		TEST(the_latest_changes_for_all_at_once_when_the_grace_is_over),
		TEST(growth_has_no_answer_for_the_late),
		TEST(a_year_is_twelve_bars_december_among_them),
		TEST(month_and_quarter_do_not_collide),
		TEST(two_late_months_are_both_there_once_they_come),
		TEST(revisions_are_latest_less_first),
		TEST(an_as_of_shows_what_was_known_then),
		TEST(functions_tell_period_and_release),
		TEST(plain_series_have_no_virtual_labels),
		TEST(a_held_figure_is_present_in_the_last_six_hours),
		TEST(a_period_is_closed_once_all_are_in),
		TEST(a_park_that_is_no_more_is_not_waited_for_nor_counted),
		TEST(figures_that_come_before_the_end_close_nothing_before_it),
		TEST(all_classes_that_report_an_indicator_count),
		TEST(the_latest_is_found_long_after_the_last_one),
		TEST(an_unknown_family_is_closed_the_same_from_near_and_from_far),
		TEST(what_comes_in_or_is_released_between_two_queries_closes_a_period),
		TEST(a_calendar_is_given_to_all_until_the_catalogue_is_another),
		TEST(periods_before_the_latest_are_those_of_the_calendar),
		TEST(queries_and_assessments_agree_on_what_is_closed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
