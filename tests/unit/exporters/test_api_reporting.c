/* test_api_reporting.c - the reporting board as JSON. */
#include "base/json_read.h"
#include "tests/unit/exporters/api_help.h"

static const struct json_node *ask_status(struct face *f, const char *params, unsigned status)
{
	const char *reply = api_ask(f, serve_reporting, "", params);
	struct json_node *root = json_parse(slice_str(reply), &f->r.x.arena, &f->e);

	if (!root)
		fail_msg("%s in %s", f->e.text, reply);
	assert_int_equal(f->r.x.status, status);
	return root;
}

static const struct json_node *ask(struct face *f, const char *params)
{
	return ask_status(f, params, 200);
}

static const struct json_node *node_at(const struct json_node *root, const char *pointer)
{
	const struct json_node *n = json_pointer(root, slice_str(pointer));

	if (!n)
		fail_msg("nothing at %s", pointer);
	return n;
}

#define assert_text(root, pointer, want) assert_slice(node_at(root, pointer)->text, want)
#define OF_JIA                           "unit=jia&indicator=" ADDED

static size_t rows_of(struct face *f, const char *params)
{
	return node_at(ask(f, params), "/data/reports")->n;
}

static void a_row_says_what_was_due_and_how_late_it_is(void **state)
{
	const struct json_node *root = ask(*state, OF_JIA "&period=2026-10");

	/* Monday 23 November, 17:05; due on Wednesday the 11th, the 8th working day, at 17:00. */
	assert_text(root, "/data/asOf", "2026-11-23T17:05:00+08:00");
	assert_text(root, "/data/reportPeriods", "12");
	assert_int_equal(node_at(root, "/data/reports")->n, 1);
	assert_text(root, "/data/reports/0/unit", "jia");
	assert_text(root, "/data/reports/0/class", "park");
	assert_text(root, "/data/reports/0/indicator", ADDED);
	assert_text(root, "/data/reports/0/period", "2026-10");
	assert_text(root, "/data/reports/0/state", "late");
	assert_text(root, "/data/reports/0/due", "2026-11-11T17:00:00+08:00");
	assert_text(root, "/data/reports/0/graceEnd", "2026-11-13T17:00:00+08:00");
	assert_int_equal(node_at(root, "/data/reports/0/received")->type, JSON_NULL);
	assert_int_equal(node_at(root, "/data/reports/0/released")->type, JSON_NULL);
	/* Eight days of eight hours. */
	assert_text(root, "/data/reports/0/lateHours", "64");
	assert_false(node_at(root, "/data/reports/0/backfilled")->boolean);
}

static void history_is_not_said_to_be_late(void **state)
{
	struct face *f = *state;
	const struct figure *g = face_figure(f, "jia", ADDED);
	const struct indicator_summary *sum = &f->a->indicators[g->indicator->index];
	struct delivery *d = (struct delivery *)(uintptr_t)&g->deliveries[sum->nperiods - 1];
	const struct json_node *root;

	d->marks |= DELIVERY_BACKFILLED;
	d->first_ms = d->released_ms = sum->periods[sum->nperiods - 1].due_ms + 3600000;
	root = ask(f, OF_JIA "&period=2026-10");
	assert_text(root, "/data/reports/0/state", "released");
	assert_true(node_at(root, "/data/reports/0/backfilled")->boolean);
	assert_int_equal(node_at(root, "/data/reports/0/lateHours")->type, JSON_NULL);
}

static void a_refused_report_says_when_and_why(void **state)
{
	struct face *f = *state;
	const struct figure *g = face_figure(f, "jia", ADDED);
	const struct indicator_summary *sum = &f->a->indicators[g->indicator->index];
	struct delivery *d = (struct delivery *)(uintptr_t)&g->deliveries[sum->nperiods - 1];
	const struct json_node *root;

	d->marks |= DELIVERY_REJECTED;
	d->refused_ms = sum->periods[sum->nperiods - 1].due_ms - 3600000;
	d->refused_why = "unit_slip";
	root = ask(f, OF_JIA "&period=2026-10&state=rejected");
	assert_text(root, "/data/reports/0/state", "rejected");
	assert_text(root, "/data/reports/0/refused", "2026-11-11T16:00:00+08:00");
	assert_text(root, "/data/reports/0/reason", "unit_slip");
	/* It is not in, so the time goes on. */
	assert_text(root, "/data/reports/0/lateHours", "64");
	root = ask(f, OF_JIA "&period=2026-09");
	assert_int_equal(node_at(root, "/data/reports/0/refused")->type, JSON_NULL);
	assert_int_equal(node_at(root, "/data/reports/0/reason")->type, JSON_NULL);
}

static void filters_leave_rows_out(void **state)
{
	struct face *f = *state;

	assert_int_equal(rows_of(f, OF_JIA "&period=2026-10&state=late"), 1);
	assert_int_equal(rows_of(f, OF_JIA "&period=2026-10&state=released"), 0);
	assert_int_equal(rows_of(f, OF_JIA "&period=2026-Q3"), 0);
	assert_true(rows_of(f, OF_JIA) > 1);
	assert_true(rows_of(f, "unit=jia") > rows_of(f, OF_JIA));
	assert_true(rows_of(f, "state=not_collected") > 0);
}

static void ratios_are_of_units_and_of_who_answers(void **state)
{
	const struct json_node *root = ask(*state, "unit=jia&limit=1");

	assert_int_equal(node_at(root, "/data/units")->n, 1);
	assert_text(root, "/data/units/0/unit", "jia");
	assert_text(root, "/data/units/0/onTime", "0");
	assert_text(root, "/data/units/0/onTimeRatio", "0");
	assert_int_equal(node_at(root, "/data/owners")->n, 0);
	root = ask(*state, "limit=1");
	assert_int_equal(node_at(root, "/data/owners")->n, 1);
}

static void a_limit_cuts_and_says_so(void **state)
{
	struct face *f = *state;
	size_t all = rows_of(f, "");
	const struct json_node *root = ask(f, "limit=1");
	char params[32];

	assert_int_equal(node_at(root, "/data/reports")->n, 1);
	assert_text(root, "/warnings/0", "results truncated due to limit");
	assert_int_equal(rows_of(f, "limit=0"), all);
	snprintf(params, sizeof(params), "limit=%zu", all);
	root = ask(f, params);
	assert_int_equal(node_at(root, "/data/reports")->n, all);
	assert_null(json_pointer(root, slice_str("/warnings")));
}

static void what_cannot_be_meant_is_refused(void **state)
{
	struct face *f = *state;

	assert_text(ask_status(f, "unit=nobody", 400), "/error",
		    "invalid parameter \"unit\": the catalogue has no unit 'nobody'");
	assert_text(ask_status(f, "indicator=x", 400), "/error",
		    "invalid parameter \"indicator\": the catalogue has no indicator 'x'");
	assert_text(ask_status(f, "state=lost", 400), "/error",
		    "invalid parameter \"state\": there is no state 'lost'");
	assert_text(ask_status(f, "period=2026-13", 400), "/error",
		    "invalid parameter \"period\": month 13 does not exist");
	assert_text(ask_status(f, "limit=-1", 400), "/errorType", "bad_data");
}

static void before_the_first_assessment_there_is_no_board(void **state)
{
	struct face *f = *state;

	assessment_unref(f->a);
	f->a = NULL;
	assert_text(ask_status(f, "", 503), "/error", "nothing has been assessed yet");
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, face_setup, face_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_row_says_what_was_due_and_how_late_it_is),
		TEST(history_is_not_said_to_be_late),
		TEST(a_refused_report_says_when_and_why),
		TEST(filters_leave_rows_out),
		TEST(ratios_are_of_units_and_of_who_answers),
		TEST(a_limit_cuts_and_says_so),
		TEST(what_cannot_be_meant_is_refused),
		TEST(before_the_first_assessment_there_is_no_board),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
