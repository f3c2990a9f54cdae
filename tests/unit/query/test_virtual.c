/* test_virtual.c - statistics: figures that hold, and which of them a selector shows. */
#include "query/query.h"
#include "tests/lib/assert.h"
#include "tests/promql/source_memory.h"

#define DAY INT64_C(86400000)

enum { MONTHS = 6 };

static struct source_memory source;
static struct engine *engine;
static struct err e;

/* The figure of month m is 10 × m, stamped at day 30 × m, released ten days later, and holds for 45
 * days. */
static int begin(void **state)
{
	struct engine_options o = { .workers = ENGINE_NO_WORKERS };
	struct labels *taxes = labels_make(&e, "taxes", "park", "a", NULL);
	struct labels *up = labels_make(&e, "up", NULL);

	(void)state;
	source_memory_init(&source);
	for (int m = 1; m <= MONTHS; m++) {
		struct memory_point p = {
			.t_ms = 30 * DAY * m,
			.v = 10 * m,
			.until_ms = 30 * DAY * m + 45 * DAY,
			.released_ms = 30 * DAY * m + 10 * DAY,
			.period = 202600 + m,
		};

		assert_ok(source_memory_figure(&source, taxes, &p, &e), &e);
	}
	assert_ok(source_memory_add(&source, up, 100 * DAY, 1, &e), &e);
	labels_unref(taxes);
	labels_unref(up);
	engine = engine_new(&o, &e);
	assert_non_null(engine);
	return 0;
}

static int end(void **state)
{
	(void)state;
	engine_free(engine);
	source_memory_release(&source);
	return 0;
}

static int run(const char *text, int64_t at_ms, int64_t lookback_ms, struct query *q)
{
	query_init(q, engine);
	q->text = slice_str(text);
	q->start_ms = at_ms;
	q->lookback_ms = lookback_ms;
	q->source = &source.source;
	return query_run(engine, q);
}

/* One row with this value; ABSENT: none. */
static void assert_shows(const char *text, int64_t at_ms, double want)
{
	struct query q;
	const struct vector *v = &q.value.vector;

	if (run(text, at_ms, 0, &q) < 0)
		fail_msg("%s: %s", text, q.error);
	if (v->n != !is_absent(want))
		fail_msg("%s at day %lld: %zu rows", text, (long long)(at_ms / DAY), v->n);
	if (v->n)
		assert_f64(v->values[0], want);
	query_release(&q);
}

static void assert_refused(const char *text, const char *part)
{
	struct query q;

	if (run(text, 100 * DAY, 0, &q) == 0)
		fail_msg("%s succeeded", text);
	assert_int_equal(q.failure, QUERY_EXECUTION);
	assert_has(q.error, part);
	query_release(&q);
}

static void a_figure_holds_longer_than_lookback(void **state)
{
	(void)state;
	assert_shows("taxes", 30 * DAY - 1, ABSENT);
	assert_shows("taxes", 30 * DAY, 10);
	assert_shows("taxes", 59 * DAY, 10);
	assert_shows("taxes", 60 * DAY, 20);
	/* the last one until its own end */
	assert_shows("taxes", 225 * DAY - 1, 60);
	assert_shows("taxes", 225 * DAY, ABSENT);
	/* what is no statistic does not hold */
	assert_shows("up", 100 * DAY + 299999, 1);
	assert_shows("up", 100 * DAY + 300000, ABSENT);
}

static void a_lookback_that_is_given_holds_for_figures_too(void **state)
{
	struct query q;

	(void)state;
	assert_int_equal(run("taxes", 31 * DAY, DAY, &q), 0);
	assert_int_equal(q.value.vector.n, 0);
	query_release(&q);
	assert_int_equal(run("taxes", 31 * DAY - 1, DAY, &q), 0);
	assert_int_equal(q.value.vector.n, 1);
	query_release(&q);
}

static void a_period_is_shown_whatever_the_time(void **state)
{
	(void)state;
	assert_shows("taxes{__period__=\"2026-02\"}", 60 * DAY, 20);
	assert_shows("taxes{__period__=\"2026-02\"}", 5000 * DAY, 20);
	assert_shows("taxes{__period__=\"2026-02\"}", 0, 20);
	assert_shows("taxes{__period__=\"2026-11\"}", 60 * DAY, ABSENT);
	assert_shows("taxes{park=\"b\", __period__=\"2026-02\"}", 60 * DAY, ABSENT);
}

static void the_latest_is_what_was_released_then(void **state)
{
	(void)state;
	assert_shows("taxes{__period__=\"latest\"}", 99 * DAY, 20);
	assert_shows("taxes{__period__=\"latest\"}", 100 * DAY, 30);
	assert_shows("taxes{__period__=\"latest\"}", 1000 * DAY, 60);
	assert_shows("taxes{__period__=\"latest\"}", 39 * DAY, ABSENT);
	assert_shows("taxes{__period__=\"latest-2\"}", 1000 * DAY, 40);
	assert_shows("taxes{__period__=\"latest-2\"}", 100 * DAY, 10);
	assert_shows("taxes{__period__=\"latest-3\"}", 100 * DAY, ABSENT);
}

static void growth_is_one_expression(void **state)
{
	(void)state;
	assert_shows("taxes{__period__=\"latest\"} / taxes{__period__=\"latest-2\"} - 1", 100 * DAY,
		     2);
	/* offset moves the time for which the latest is meant */
	assert_shows("taxes{__period__=\"latest\"} offset 30d", 100 * DAY, 20);
	assert_shows("taxes{__period__=\"latest\"} @ 8640000", 0, 30);
}

static void a_window_ends_at_the_stamp_of_its_period(void **state)
{
	(void)state;
	assert_shows("sum_over_time(taxes{__period__=\"latest\"}[60d])", 119 * DAY, 50);
	assert_shows("sum_over_time(taxes{__period__=\"latest-1\"}[60d])", 119 * DAY, 30);
	assert_shows("count_over_time(taxes{__period__=\"2026-05\"}[60001d])", 0, 5);
	/* without a choice the evaluation time is the end */
	assert_shows("sum_over_time(taxes[60d])", 119 * DAY, 50);
	assert_shows("sum_over_time(taxes[60d])", 120 * DAY, 70);
}

static void each_step_has_its_own_latest(void **state)
{
	static const double want[] = { 10, 20, 20, 20, 30, 30 };
	struct query q;

	(void)state;
	query_init(&q, engine);
	q.text = slice_str("taxes{__period__=\"latest\"}");
	q.start_ms = 60 * DAY;
	q.end_ms = 110 * DAY;
	q.step_ms = 10 * DAY;
	q.source = &source.source;
	assert_int_equal(query_run(engine, &q), 0);
	assert_int_equal(q.value.vector.n, 1);
	assert_int_equal(q.value.vector.width, 6);
	for (size_t k = 0; k < 6; k++)
		assert_f64(q.value.vector.values[k], want[k]);
	query_release(&q);
}

static const struct source_vtable *uncounted;
static int selects;

static int counted_select(struct source *s, const struct selection *sel, struct arena *a,
			  struct source_series **out, size_t *n, struct err *err)
{
	selects++;
	return uncounted->select(s, sel, a, out, n, err);
}

/* Whatever their periods, vintages and times are. */
static void series_of_equal_conditions_are_found_once(void **state)
{
	static const struct {
		const char *text;
		int selects;
	} cases[] = {
		{ "taxes{__period__=\"latest\"} / taxes{__period__=\"latest-2\"} - 1", 1 },
		{ "taxes - taxes offset 30d + sum_over_time(taxes[60d])", 1 },
		{ "taxes{park=\"a\"} / taxes", 2 },
		{ "taxes{park=\"a\"} / taxes{park=~\"a\"}", 2 },
		{ "taxes{park=\"a\"} or taxes{park=\"b\"}", 2 },
		{ "taxes{park=\"a\"} or taxes{perk=\"a\"}", 2 },
	};
	struct source_vtable counting = *source.source.f;

	(void)state;
	uncounted = source.source.f;
	counting.select = counted_select;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct query q;

		source.source.f = &counting;
		selects = 0;
		if (run(cases[i].text, 100 * DAY, 0, &q) < 0 || selects != cases[i].selects)
			fail_msg("%s: %d selects, %s", cases[i].text, selects, q.error);
		source.source.f = uncounted;
		query_release(&q);
	}
}

static void what_cannot_be_chosen_is_told(void **state)
{
	(void)state;
	assert_refused("up{__period__=\"latest\"}", "up is no statistic: it has no __period__");
	assert_refused("taxes{__period__=~\"latest\"}",
		       "__period__ is no label: it can only be set, with \"=\"");
	assert_refused("taxes{__period__=\"October\"}",
		       "__period__=\"October\": wanted is a period such as 2026-10");
	assert_refused("taxes{__period__=\"latest-x\"}", "or latest, or latest-12");
	assert_refused("taxes{__period__=\"\"}", "__period__=\"\": the value is empty");
	assert_refused("taxes{__release__=\"0\"}", "wanted is first, latest, or a number from 1");
	assert_refused("taxes{__as_of__=\"2026-01-01\"}", "there are no vintages here");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_figure_holds_longer_than_lookback),
		cmocka_unit_test(a_lookback_that_is_given_holds_for_figures_too),
		cmocka_unit_test(a_period_is_shown_whatever_the_time),
		cmocka_unit_test(the_latest_is_what_was_released_then),
		cmocka_unit_test(growth_is_one_expression),
		cmocka_unit_test(a_window_ends_at_the_stamp_of_its_period),
		cmocka_unit_test(each_step_has_its_own_latest),
		cmocka_unit_test(series_of_equal_conditions_are_found_once),
		cmocka_unit_test(what_cannot_be_chosen_is_told),
	};

	return cmocka_run_group_tests(tests, begin, end);
}
