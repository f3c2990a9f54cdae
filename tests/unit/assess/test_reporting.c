/* test_reporting.c - the state of each report at a time, and who reports on time. */
#include "tests/unit/assess/city.h"

#include <math.h>

/* As in city.h: a month is due on the 8th working day at 17:00; no holidays. */
static const char yaml[] =
	"releases:\n"
	"  - {id: month, freq: M, working_day: 8, grace_working_days: 2, january: false}\n"
	"units:\n"
	"  - {id: office, class: department, name: 统计局}\n"
	"  - {id: land, class: department, name: 国土局}\n"
	"  - {id: idle, class: department, name: 无事局}\n"
	"  - {id: jia, class: park, name: 甲山}\n"
	"  - {id: yi, class: park, name: 乙水}\n"
	"  - {id: young, class: park, name: 新园, from: 2026-09-30}\n"
	"  - {id: gone, class: park, name: 旧园, to: 2026-10-30}\n"
	"indicators:\n"
	"  - {code: " ADDED ", name: 增加值, measure: 元, freq: M, form: ytd, owner: office,\n"
	"     from: 2026-01-01}\n"
	"  - {code: plots, name: 宗地, measure: 宗, freq: M, form: period, owner: land,\n"
	"     reported_by: [department], from: 2026-10-01}\n";

static int setup(void **state)
{
	*state = city_open(yaml);
	return 0;
}

/* Every month of 2026 until `last` on the 3rd of the month after. */
static void put_months(struct city *c, const char *unit, int last)
{
	char when[20];

	for (int m = 2; m <= last; m++) {
		snprintf(when, sizeof(when), "2026-%02d-03T10:00", m + 1);
		city_put(c, unit, ADDED, 2026, m, m, when);
	}
}

/* --- states ------------------------------------------------------------------------------ */

static const struct report_period october = { { FREQ_MONTH, 2026, 10, 10, 0 }, 100, 200, 300 };

static void expect_at(struct delivery d, int64_t at_ms, const char *want)
{
	assert_string_equal(report_state_name(delivery_state(&october, &d, at_ms)), want);
}

static void states_change_with_the_millisecond(void **state)
{
	const struct delivery none = { .marks = DELIVERY_EXPECTED };
	const struct delivery in = { 150, 250, DELIVERY_EXPECTED };
	const struct delivery refused = { .marks = DELIVERY_EXPECTED | DELIVERY_REJECTED };

	(void)state;
	expect_at(none, 99, "not_due");
	expect_at(none, 100, "due");
	expect_at(none, 199, "due");
	expect_at(none, 200, "late");
	expect_at(none, 301, "late"); /* the grace lets nobody off */
	expect_at(in, 149, "due");
	expect_at(in, 150, "received");
	expect_at(in, 249, "received");
	expect_at(in, 250, "released");
	expect_at((struct delivery){ 0 }, 500, "not_collected");
	expect_at(refused, 150, "rejected");
	expect_at(refused, 250, "rejected");
	/* Nobody asked, and it came all the same. */
	expect_at((struct delivery){ 150, 150, 0 }, 150, "released");
}

static void what_reviewers_and_sources_say_of_it_is_a_state(void **state)
{
	(void)state;
	expect_at((struct delivery){ 150, 0, DELIVERY_EXPECTED | DELIVERY_RETURNED }, 500,
		  "returned");
	expect_at((struct delivery){ 150, 0, DELIVERY_EXPECTED | DELIVERY_REJECTED }, 500,
		  "rejected");
	expect_at((struct delivery){ 150, 0, DELIVERY_EXPECTED | DELIVERY_SUPPRESSED }, 500,
		  "suppressed");
	expect_at((struct delivery){ 150, 160, DELIVERY_EXPECTED | DELIVERY_ZERO }, 500,
		  "confirmed_zero");
	/* A correction that was given back does not take back what is released. */
	expect_at((struct delivery){ 150, 160, DELIVERY_EXPECTED | DELIVERY_RETURNED }, 500,
		  "released");
	for (int s = 0; s < REPORT_STATES; s++)
		assert_int_equal(report_state_parse(slice_str(report_state_name(s))), s);
	assert_int_equal(report_state_parse(slice_str("lost")), REPORT_STATES);
}

static void in_time_is_to_the_millisecond(void **state)
{
	const struct delivery due = { 200, 0, DELIVERY_EXPECTED }, after = { 201, 0, 0 };

	(void)state;
	assert_true(delivery_on_time(&october, &due));
	assert_false(delivery_on_time(&october, &after));
	assert_false(delivery_on_time(&october, &(struct delivery){ 0 }));
	assert_false(delivery_counts(&october, &due, 199));
	assert_true(delivery_counts(&october, &due, 200));
	assert_false(delivery_counts(&october, &after, 500));
}

static const struct indicator_summary *summary_of(const struct assessment *a, const char *code)
{
	return &a->indicators[catalogue_indicator(assessment_catalogue(a), slice_str(code))->index];
}

static const struct delivery *delivery_of(const struct assessment *a, const char *unit, int month)
{
	const struct indicator_summary *sum = summary_of(a, ADDED);

	for (size_t k = 0; k < sum->nperiods; k++)
		if (period_eq(sum->periods[k].period, period_month(2026, month)))
			return &figure_of(a, unit, ADDED)->deliveries[k];
	fail_msg("no month %d", month);
	return NULL;
}

static const char *state_of(struct city *c, const char *unit, int month, const char *as_of)
{
	const struct assessment *a = city_assess(c, as_of);
	const struct delivery *d = delivery_of(a, unit, month);
	const struct figure *f = figure_of(a, unit, ADDED);
	const struct indicator_summary *sum = summary_of(a, ADDED);

	return report_state_name(delivery_state(&sum->periods[d - f->deliveries], d, a->as_of_ms));
}

static void each_period_has_the_state_of_the_time(void **state)
{
	struct city *c = *state;

	put_months(c, "jia", 9);
	assert_string_equal(state_of(c, "jia", 9, "2026-11-11T16:59"), "released");
	assert_string_equal(state_of(c, "jia", 10, "2026-11-11T16:59"), "due");
	assert_string_equal(state_of(c, "jia", 10, "2026-11-11T17:00"), "late");
	assert_string_equal(state_of(c, "yi", 5, "2026-11-11T17:00"), "late");
	assert_string_equal(state_of(c, "young", 8, "2026-11-11T17:00"), "not_collected");
	assert_string_equal(state_of(c, "young", 9, "2026-11-11T17:00"), "late");
	city_put_released(c, "jia", ADDED, 2026, 10, 5, "2026-11-12T09:00", "2026-11-13T09:00");
	assert_string_equal(state_of(c, "jia", 10, "2026-11-12T08:59"), "late");
	assert_string_equal(state_of(c, "jia", 10, "2026-11-12T09:00"), "received");
	assert_string_equal(state_of(c, "jia", 10, "2026-11-13T09:00"), "released");
}

static void january_is_no_period_where_it_is_not_collected(void **state)
{
	const struct indicator_summary *sum =
		summary_of(city_assess(*state, "2026-12-05T12:00"), ADDED);

	for (size_t k = 0; k < sum->nperiods; k++)
		assert_int_not_equal(sum->periods[k].period.last_month, 1);
}

static uint64_t put_one(struct city *c, double value, unsigned flags, const char *received,
			int64_t released_ms)
{
	struct observation o = {
		.labels = catalogue_series(catalogue_unit(c->c, slice_str("jia")),
					   city_indicator(c, ADDED), &c->e),
		.stamp_ms = period_stamp(period_month(2026, 10), c->zone),
		.value = value,
		.months = 1,
		.flags = (uint8_t)flags,
	};
	struct append a = { .submission = { .source = "test",
					    .owner = "",
					    .origin = "",
					    .received_ms = at_time(received),
					    .released_ms = released_ms },
			    .obs = &o,
			    .nobs = 1 };

	assert_ok(append_now(c->s, &a, &c->e), &c->e);
	labels_unref(o.labels);
	return a.submission.sequence;
}

static void what_was_given_back_is_returned_until_it_comes_again(void **state)
{
	struct city *c = *state;
	uint64_t sequence;

	put_months(c, "jia", 9);
	sequence = put_one(c, 7, 0, "2026-11-10T09:00", 0);
	assert_ok(store_return(c->s, sequence, at_time("2026-11-12T10:00"), "bureau", "wrong unit",
			       &c->e),
		  &c->e);
	assert_string_equal(state_of(c, "jia", 10, "2026-11-12T09:59"), "received");
	assert_string_equal(state_of(c, "jia", 10, "2026-11-12T10:00"), "returned");
	assert_int_equal(figure_of(c->a, "jia", ADDED)->state, REPORT_RETURNED);
	/* It had come in time, and so it counts. */
	assert_f64(figure_of(c->a, "jia", ADDED)->late_hours, 0);
	put_one(c, 8, 0, "2026-11-13T09:00", 0);
	assert_string_equal(state_of(c, "jia", 10, "2026-11-13T09:00"), "received");
}

static void a_confirmed_zero_is_another_thing_than_a_zero(void **state)
{
	struct city *c = *state;

	put_one(c, 0, 0, "2026-11-10T09:00", at_time("2026-11-10T09:00"));
	assert_string_equal(state_of(c, "jia", 10, "2026-11-11T09:00"), "released");
	put_one(c, 0, FIGURE_ZERO, "2026-11-11T10:00", at_time("2026-11-11T10:00"));
	assert_string_equal(state_of(c, "jia", 10, "2026-11-11T10:00"), "confirmed_zero");
}

static void what_is_kept_secret_is_in_and_has_no_value(void **state)
{
	const double none = figure_no_value();
	struct city *c = *state;
	const struct assessment *a;
	const struct delivery *d;
	const struct figure *f;

	put_months(c, "jia", 9);
	put_months(c, "yi", 9);
	city_put(c, "yi", ADDED, 2026, 10, 10, "2026-11-10T09:00");
	put_one(c, none, FIGURE_SUPPRESSED, "2026-11-10T09:00", at_time("2026-11-12T09:00"));
	assert_string_equal(state_of(c, "jia", 10, "2026-11-10T10:00"), "suppressed");
	assert_string_equal(state_of(c, "jia", 10, "2026-11-16T09:00"), "suppressed");
	a = c->a;
	f = figure_of(a, "jia", ADDED);
	assert_int_equal(f->state, REPORT_SUPPRESSED);
	assert_f64(f->late_hours, 0);
	d = delivery_of(a, "jia", 10);
	assert_true(delivery_on_time(&summary_of(a, ADDED)->periods[d - f->deliveries], d));
	/* The release is closed with it, and it is no part of what is judged. */
	assert_string_equal(month_text(summary_of(a, ADDED)->closed), "2026-10");
	assert_int_equal(summary_of(a, ADDED)->reporting, 2);
	assert_false(f->has_judged);
	assert_true(figure_of(a, "yi", ADDED)->has_judged);
	/* What is shown is the newest one with a value. */
	assert_true(f->has_value);
	assert_f64(f->value, 9);
	assert_string_equal(month_text(f->period), "2026-09");
	/* Then it is told after all. */
	put_one(c, 11, 0, "2026-11-17T09:00", at_time("2026-11-17T09:00"));
	assert_string_equal(state_of(c, "jia", 10, "2026-11-17T10:00"), "released");
	assert_f64(figure_of(c->a, "jia", ADDED)->judged_value, 11);
}

static void a_secret_that_was_given_back_is_returned(void **state)
{
	struct city *c = *state;
	uint64_t sequence;

	sequence = put_one(c, figure_no_value(), FIGURE_SUPPRESSED, "2026-11-10T09:00", 0);
	assert_string_equal(state_of(c, "jia", 10, "2026-11-10T10:00"), "suppressed");
	assert_ok(store_return(c->s, sequence, at_time("2026-11-11T10:00"), "bureau", "say it",
			       &c->e),
		  &c->e);
	assert_string_equal(state_of(c, "jia", 10, "2026-11-11T10:00"), "returned");
	assert_false(figure_of(c->a, "jia", ADDED)->has_value);
}

/* A document about jia's October: with a figure that was refused, and perhaps one that was not. */
static uint64_t refuse_one(struct city *c, const char *reason, const char *received)
{
	struct labels *ls = catalogue_series(catalogue_unit(c->c, slice_str("jia")),
					     city_indicator(c, ADDED), &c->e);
	struct refused_cell cell = { ls, period_stamp(period_month(2026, 10), c->zone), reason };
	struct append a = { .submission = { .source = "test",
					    .reason = "none could be kept",
					    .origin = received,
					    .rejected = true,
					    .received_ms = at_time(received) },
			    .cells = &cell,
			    .ncells = 1 };

	assert_ok(append_now(c->s, &a, &c->e), &c->e);
	labels_unref(ls);
	return a.submission.sequence;
}

static void what_was_refused_is_rejected_until_a_figure_comes(void **state)
{
	struct city *c = *state;
	const struct delivery *d;
	uint64_t second;

	refuse_one(c, "range", "2026-11-10T09:00");
	second = refuse_one(c, "unit_slip", "2026-11-10T11:00");
	assert_string_equal(state_of(c, "jia", 10, "2026-11-10T08:59"), "due");
	assert_string_equal(state_of(c, "jia", 10, "2026-11-10T09:00"), "rejected");
	assert_string_equal(delivery_of(c->a, "jia", 10)->refused_why, "range");
	/* Not due yet, so nothing is late but what was before. */
	assert_int_equal(figure_of(c->a, "jia", ADDED)->state, REPORT_LATE);
	assert_string_equal(state_of(c, "jia", 10, "2026-11-12T09:00"), "rejected");
	d = delivery_of(c->a, "jia", 10);
	assert_string_equal(d->refused_why, "unit_slip");
	assert_true(d->refused_ms == at_time("2026-11-10T11:00"));
	assert_int_equal(d->refused_submission, second);
	/* It is not in: what was refused in time is late, and no report on time. */
	assert_int_equal(d->first_ms, 0);
	assert_false(delivery_on_time(&summary_of(c->a, ADDED)->periods[0], d));
	assert_string_equal(state_of(c, "yi", 10, "2026-11-12T09:00"), "late");
	put_one(c, 5, 0, "2026-11-12T10:00", at_time("2026-11-12T10:00"));
	assert_string_equal(state_of(c, "jia", 10, "2026-11-12T10:00"), "released");
	/* A correction that is refused takes nothing away. */
	refuse_one(c, "range", "2026-11-12T11:00");
	assert_string_equal(state_of(c, "jia", 10, "2026-11-12T12:00"), "released");
}

static void a_figure_whose_newest_report_was_refused_says_so_until_it_is_late(void **state)
{
	struct city *c = *state;

	put_months(c, "jia", 9);
	assert_int_equal(figure_of(city_assess(c, "2026-11-10T09:00"), "jia", ADDED)->state,
			 REPORT_DUE);
	refuse_one(c, "range", "2026-11-10T09:00");
	assert_int_equal(figure_of(city_assess(c, "2026-11-10T09:00"), "jia", ADDED)->state,
			 REPORT_REJECTED);
	assert_int_equal(figure_of(city_assess(c, "2026-11-11T17:00"), "jia", ADDED)->state,
			 REPORT_LATE);
}

static void a_refusal_after_a_return_is_the_newer_word(void **state)
{
	struct city *c = *state;
	uint64_t sequence;

	put_months(c, "jia", 9);
	refuse_one(c, "range", "2026-11-09T09:00");
	sequence = put_one(c, 7, 0, "2026-11-10T09:00", 0);
	assert_string_equal(state_of(c, "jia", 10, "2026-11-10T10:00"), "received");
	assert_ok(store_return(c->s, sequence, at_time("2026-11-10T11:00"), "bureau", "why", &c->e),
		  &c->e);
	assert_string_equal(state_of(c, "jia", 10, "2026-11-10T11:00"), "returned");
	refuse_one(c, "range", "2026-11-10T12:00");
	assert_string_equal(state_of(c, "jia", 10, "2026-11-10T12:00"), "rejected");
	put_one(c, 8, 0, "2026-11-10T13:00", 0);
	assert_string_equal(state_of(c, "jia", 10, "2026-11-10T13:00"), "received");
}

/* --- who is punctual ----------------------------------------------------------------------- */

static struct punctuality of_unit(const struct assessment *a, const char *id)
{
	for (size_t i = 0; i < a->nunits; i++)
		if (strcmp(a->units[i].unit->id, id) == 0)
			return a->units[i].punctuality;
	fail_msg("no unit %s", id);
	return (struct punctuality){ 0 };
}

static struct punctuality of_owner(const struct assessment *a, const char *id)
{
	const struct unit *u = catalogue_unit(assessment_catalogue(a), slice_str(id));
	const struct owner_summary *o = assessment_owner(a, u);

	return o ? o->punctuality : (struct punctuality){ 0 };
}

static void expect_punctual(struct punctuality p, unsigned on_time, unsigned due)
{
	assert_int_equal(p.on_time, on_time);
	assert_int_equal(p.due, due);
}

static void on_time_is_who_came_no_later_than_due(void **state)
{
	struct city *c = *state;
	const struct assessment *a;

	put_months(c, "jia", 9);
	put_months(c, "yi", 9);
	city_put(c, "jia", ADDED, 2026, 10, 10, "2026-11-11T17:00");
	city_put(c, "yi", ADDED, 2026, 10, 10, "2026-11-11T17:01");
	a = city_assess(c, "2026-11-11T16:59");
	expect_punctual(of_unit(a, "jia"), 8, 8);
	a = city_assess(c, "2026-11-16T09:00");
	expect_punctual(of_unit(a, "jia"), 9, 9);
	expect_punctual(of_unit(a, "yi"), 8, 9);
	/* A correction does not make a report late, nor a late one punctual. */
	city_put(c, "jia", ADDED, 2026, 10, 11, "2026-11-20T10:00");
	city_put(c, "yi", ADDED, 2026, 10, 11, "2026-11-20T10:00");
	a = city_assess(c, "2026-11-23T09:00");
	expect_punctual(of_unit(a, "jia"), 9, 9);
	expect_punctual(of_unit(a, "yi"), 8, 9);
	assert_f64(figure_of(a, "jia", ADDED)->late_hours, 0);
}

static void who_joins_or_leaves_counts_while_it_exists(void **state)
{
	struct city *c = *state;
	const struct assessment *a;

	put_months(c, "gone", 9);
	a = city_assess(c, "2026-10-28T09:00");
	expect_punctual(of_unit(a, "young"), 0, 1); /* September */
	expect_punctual(of_unit(a, "gone"), 8, 8);
	a = city_assess(c, "2026-11-16T09:00");
	expect_punctual(of_unit(a, "young"), 0, 2);
	for (size_t i = 0; i < a->nunits; i++)
		assert_string_not_equal(a->units[i].unit->id, "gone");
}

static void the_window_moves_on(void **state)
{
	struct city *c = *state;
	struct assess_options o;
	const struct indicator_summary *sum;

	put_months(c, "jia", 9);
	expect_punctual(of_unit(city_assess(c, "2027-12-20T09:00"), "jia"), 0, 12);
	assess_options_init(&o);
	o.report_periods = 3;
	city_forget(c);
	c->v = must_snapshot(c->s);
	c->a = assess_run(c->v, c->c, at_time("2026-11-10T09:00"), &o, &c->e);
	assert_non_null(c->a);
	expect_punctual(of_unit(c->a, "jia"), 3, 3);
	sum = summary_of(c->a, ADDED);
	assert_int_equal(sum->nperiods, 4); /* October has ended since */
	assert_string_equal(month_text(sum->periods[0].period), "2026-07");
	o.report_periods = 0;
	assert_null(assess_run(c->v, c->c, 0, &o, &c->e));
	assert_has(c->e.text, "0 periods of reports are not between 1 and 60");
}

static void departments_answer_for_their_indicators_and_their_own_reports(void **state)
{
	struct city *c = *state;
	const struct assessment *a;

	put_months(c, "jia", 10);
	a = city_assess(c, "2026-11-16T09:00");
	/* jia 9 of 9, yi 0 of 9, young 0 of 2; and its own report of plots. */
	expect_punctual(of_owner(a, "office"), 9, 9 + 9 + 2 + 1);
	/* Of plots: three departments, its own among them counted once. */
	expect_punctual(of_owner(a, "land"), 0, 3);
	assert_null(assessment_owner(a, catalogue_unit(c->c, slice_str("idle"))));
	expect_punctual(of_unit(a, "idle"), 0, 1);
}

/* --- history ------------------------------------------------------------------------------- */

static bool is_history(const struct assessment *a, const char *unit, int month)
{
	return (delivery_of(a, unit, month)->marks & DELIVERY_BACKFILLED) != 0;
}

/* Months of 2026 in one submission, as a unit brings its history. */
static void put_history(struct city *c, const char *unit, int first, int last, bool trusted,
			const char *received)
{
	struct labels *ls = catalogue_series(catalogue_unit(c->c, slice_str(unit)),
					     city_indicator(c, ADDED), &c->e);
	struct observation o[12];
	struct append a = { .submission = { .source = "test",
					    .owner = "",
					    .origin = "",
					    .trusted = trusted,
					    .received_ms = at_time(received),
					    .released_ms = at_time(received) },
			    .obs = o };

	for (int m = first; m <= last; m++) {
		char when[20];

		snprintf(when, sizeof(when), "2026-%02d-%sT10:00", m + 1, m == last ? "20" : "03");
		o[a.nobs++] = (struct observation){
			.labels = ls,
			.stamp_ms = period_stamp(period_month(2026, m), c->zone),
			.value = m,
			.months = 1,
			.known_from_ms = trusted ? at_time(when) : 0,
		};
	}
	assert_ok(append_now(c->s, &a, &c->e), &c->e);
	labels_unref(ls);
}

static void history_of_the_first_day_is_neither_late_nor_on_time(void **state)
{
	struct city *c = *state;
	const struct assessment *a;

	/* Four days after September was due (Monday 12 October, 17:00). */
	put_history(c, "jia", 2, 9, false, "2026-10-16T10:00");
	a = city_assess(c, "2026-10-20T09:00");
	expect_punctual(of_unit(a, "jia"), 0, 0);
	assert_true(is_history(a, "jia", 2) && is_history(a, "jia", 9));
	assert_f64(figure_of(a, "jia", ADDED)->late_hours, 0);
	assert_int_equal(figure_of(a, "jia", ADDED)->state, REPORT_NOT_DUE);
	/* What is not in is missing, whoever was listening. */
	expect_punctual(of_unit(a, "yi"), 0, 8);
	assert_int_equal(figure_of(a, "yi", ADDED)->state, REPORT_LATE);
	/* From now on somebody is listening, also to those who bring their history later. */
	city_put(c, "jia", ADDED, 2026, 10, 10, "2026-11-11T17:00");
	put_history(c, "yi", 2, 9, false, "2026-11-12T08:00");
	city_put(c, "yi", ADDED, 2026, 10, 10, "2026-11-12T10:00");
	a = city_assess(c, "2026-11-16T09:00");
	expect_punctual(of_unit(a, "jia"), 1, 1);
	expect_punctual(of_unit(a, "yi"), 0, 1);
	assert_f64(figure_of(a, "yi", ADDED)->late_hours, 1);
	/* As of a day before it came, it is missing. */
	a = city_assess(c, "2026-11-11T18:00");
	expect_punctual(of_unit(a, "yi"), 0, 9);
}

static void a_trusted_import_knows_when_history_came(void **state)
{
	struct city *c = *state;
	const struct assessment *a;

	put_history(c, "jia", 2, 9, true, "2026-10-28T10:00");
	a = city_assess(c, "2026-10-29T09:00");
	/* Seven in time; September came on Tuesday the 20th, and was due on Monday the 12th
	 * at 17:00. */
	expect_punctual(of_unit(a, "jia"), 7, 8);
	assert_false(is_history(a, "jia", 9));
	assert_f64(figure_of(a, "jia", ADDED)->late_hours, 5 * 8 + 1);
}

/* As the city's, but nothing says since when the indicator is collected. */
static const char undeclared_yaml[] =
	"releases:\n"
	"  - {id: month, freq: M, working_day: 8, grace_working_days: 2, january: false}\n"
	"units:\n"
	"  - {id: jia, class: park, name: 甲山}\n"
	"  - {id: yi, class: park, name: 乙水}\n"
	"indicators:\n"
	"  - {code: " ADDED ", name: 增加值, measure: 元, freq: M, form: ytd}\n";

static void a_unit_that_joins_is_asked_for_its_newest_period_only(void **state)
{
	struct city *c = city_open(undeclared_yaml);
	const struct assessment *a;

	(void)state;
	put_months(c, "jia", 9);
	/* Friday; September was due on Monday at 17:00. */
	put_history(c, "yi", 2, 9, false, "2026-10-16T10:00");
	a = city_assess(c, "2026-10-20T09:00");
	assert_true(is_history(a, "yi", 8));
	assert_false(is_history(a, "yi", 9));
	expect_punctual(of_unit(a, "yi"), 0, 1);
	/* Of jia nobody could expect February. */
	expect_punctual(of_unit(a, "jia"), 7, 7);
	assert_f64(figure_of(a, "yi", ADDED)->late_hours, 3 * 8 + 1);
	/* With the catalogue's word that it is collected since January it is late with all. */
	city_load(c, yaml);
	expect_punctual(of_unit(city_assess(c, "2026-10-20T09:00"), "yi"), 0, 8);
	city_teardown((void **)&c);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, city_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(states_change_with_the_millisecond),
		cmocka_unit_test(what_reviewers_and_sources_say_of_it_is_a_state),
		cmocka_unit_test(in_time_is_to_the_millisecond),
		TEST(each_period_has_the_state_of_the_time),
		TEST(january_is_no_period_where_it_is_not_collected),
		TEST(what_was_given_back_is_returned_until_it_comes_again),
		TEST(a_confirmed_zero_is_another_thing_than_a_zero),
		TEST(what_is_kept_secret_is_in_and_has_no_value),
		TEST(a_secret_that_was_given_back_is_returned),
		TEST(what_was_refused_is_rejected_until_a_figure_comes),
		TEST(a_figure_whose_newest_report_was_refused_says_so_until_it_is_late),
		TEST(a_refusal_after_a_return_is_the_newer_word),
		TEST(on_time_is_who_came_no_later_than_due),
		TEST(who_joins_or_leaves_counts_while_it_exists),
		TEST(the_window_moves_on),
		TEST(departments_answer_for_their_indicators_and_their_own_reports),
		TEST(history_of_the_first_day_is_neither_late_nor_on_time),
		TEST(a_trusted_import_knows_when_history_came),
		cmocka_unit_test(a_unit_that_joins_is_asked_for_its_newest_period_only),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
