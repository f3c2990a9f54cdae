/*
 * test_alert.c - the state machine of alerts, its log lines, lists and samples.
 *
 * The expected moves are those of Prometheus' alerting rules (rules/alerting.go, 2.42): pending
 * until `for` is over, resolved ones kept for 15 minutes, keep_firing_for, ALERTS and
 * ALERTS_FOR_STATE.
 */
#include "tests/lib/assert.h"

#include "base/alloc.h"
#include "base/counter.h"
#include "base/log.h"
#include "rules/alert.h"

#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <unistd.h>

enum { MINUTE = 60 * 1000 };
#define START (INT64_C(1790000000) * 1000)

struct fixture {
	struct alerts *alerts;
	struct arena arena;
	struct err e;
	int log[2]; /* a pipe the log goes to */
	char text[16384];
};

static const struct alert_rule lagging = {
	.name = "ParkLagging",
	.severity = "warning",
	.for_ms = 10 * MINUTE,
};
static const struct alert_rule at_once = { .name = "FeedDown" };

static int setup(void **state)
{
	static struct fixture f;

	f = (struct fixture){ 0 };
	f.alerts = alerts_new(&f.e);
	arena_init(&f.arena, 64 << 20);
	if (pipe2(f.log, O_NONBLOCK) != 0)
		return -1;
	log_set_fd(f.log[1]);
	*state = &f;
	return f.alerts ? 0 : -1;
}

static int teardown(void **state)
{
	struct fixture *f = *state;
	size_t sets, strings;

	alerts_free(f->alerts);
	arena_release(&f->arena);
	log_set_fd(-1);
	close(f->log[0]);
	close(f->log[1]);
	labels_count(&sets, &strings);
	assert_int_equal(sets, 0);
	return 0;
}

static const char *logged(struct fixture *f)
{
	ssize_t n = read(f->log[0], f->text, sizeof(f->text) - 1);

	f->text[n > 0 ? n : 0] = '\0';
	return f->text;
}

/* One evaluation whose instances are the parks named. */
static int evaluate(struct fixture *f, const struct alert_rule *rule, int64_t now,
		    const char *const *parks, size_t n)
{
	struct alert_instance in[8] = { 0 };
	int rc;

	for (size_t i = 0; i < n; i++)
		in[i] = (struct alert_instance){
			.labels = labels_make(&f->e, NULL, "park", parks[i], NULL),
			.value = 0.8 + (double)i,
			.summary = "behind schedule",
		};
	rc = alerts_evaluate(f->alerts, rule, in, n, now, &f->e);
	for (size_t i = 0; i < n; i++)
		labels_unref(in[i].labels);
	return rc;
}

#define EVALUATE(f, rule, now, ...)                                                                \
	assert_ok(evaluate((f), (rule), (now), (const char *const[]){ __VA_ARGS__ },               \
			   sizeof((const char *const[]){ __VA_ARGS__ }) / sizeof(char *)),         \
		  &(f)->e)
#define EVALUATE_NONE(f, rule, now) assert_ok(evaluate((f), (rule), (now), NULL, 0), &(f)->e)

static struct alert *list(struct fixture *f, bool resolved, size_t want)
{
	struct alert *out;
	size_t n;

	assert_ok(alerts_list(f->alerts, resolved, &f->arena, &out, &n, &f->e), &f->e);
	assert_int_equal(n, want);
	/* The tests only look at them while the alert lives. */
	alerts_list_release(out, n);
	return out;
}

static void an_alert_is_pending_until_its_for_is_over_and_then_fires(void **state)
{
	struct fixture *f = *state;
	struct alert *a;

	EVALUATE(f, &lagging, START, "weidu");
	a = list(f, false, 1);
	assert_int_equal(a[0].state, ALERT_PENDING);
	assert_int_equal(a[0].active_ms, START);
	assert_int_equal(a[0].fired_ms, 0);
	assert_has(logged(f), "msg=\"alert pending\"");

	EVALUATE(f, &lagging, START + 9 * MINUTE + 59999, "weidu");
	assert_int_equal(list(f, false, 1)[0].state, ALERT_PENDING);
	assert_string_equal(logged(f), "");

	EVALUATE(f, &lagging, START + 10 * MINUTE, "weidu");
	a = list(f, false, 1);
	assert_int_equal(a[0].state, ALERT_FIRING);
	assert_int_equal(a[0].active_ms, START);
	assert_int_equal(a[0].fired_ms, START + 10 * MINUTE);
	assert_f64(a[0].value, 0.8);
	assert_string_equal(a[0].rule, "ParkLagging");
	assert_string_equal(a[0].summary, "behind schedule");
	assert_null(a[0].description);
	assert_slice(labels_get(a[0].labels, slice_str("alertname")), "ParkLagging");
	assert_slice(labels_get(a[0].labels, slice_str("severity")), "warning");
	assert_slice(labels_get(a[0].labels, slice_str("park")), "weidu");
}

static void a_move_is_one_log_line_with_labels_value_and_summary(void **state)
{
	struct fixture *f = *state;
	const char *text;

	EVALUATE(f, &at_once, START, "weidu");
	text = logged(f);
	assert_has(text, "level=warn msg=\"alert firing\" alert=FeedDown");
	assert_has(text, "park=");
	assert_has(text, "weidu");
	assert_has(text, "value=0.8");
	assert_has(text, "summary=\"behind schedule\"");
	assert_ptr_equal(strchr(text, '\n'), text + strlen(text) - 1);
}

static void without_a_for_it_fires_at_once(void **state)
{
	struct fixture *f = *state;

	EVALUATE(f, &at_once, START, "weidu");
	assert_int_equal(list(f, false, 1)[0].state, ALERT_FIRING);
	assert_null(strstr(logged(f), "alert pending"));
}

static void a_pending_alert_whose_condition_ends_is_gone_without_having_fired(void **state)
{
	struct fixture *f = *state;

	EVALUATE(f, &lagging, START, "weidu");
	EVALUATE_NONE(f, &lagging, START + 5 * MINUTE);
	list(f, true, 0);
	assert_has(logged(f), "alert no longer pending");

	/* And its waiting starts anew. */
	EVALUATE(f, &lagging, START + 10 * MINUTE, "weidu");
	assert_int_equal(list(f, false, 1)[0].state, ALERT_PENDING);
	assert_int_equal(list(f, false, 1)[0].active_ms, START + 10 * MINUTE);
}

static void a_resolved_alert_is_kept_for_a_quarter_of_an_hour(void **state)
{
	struct fixture *f = *state;
	struct alert *a;

	EVALUATE(f, &at_once, START, "weidu");
	EVALUATE_NONE(f, &at_once, START + MINUTE);
	list(f, false, 0);
	a = list(f, true, 1);
	assert_int_equal(a[0].state, ALERT_RESOLVED);
	assert_int_equal(a[0].resolved_ms, START + MINUTE);
	assert_has(logged(f), "alert resolved");
	EVALUATE_NONE(f, &at_once, START + 16 * MINUTE);
	list(f, true, 1);
	EVALUATE_NONE(f, &at_once, START + 16 * MINUTE + 1);
	list(f, true, 0);
}

static void a_resolved_alert_that_comes_back_starts_anew(void **state)
{
	struct fixture *f = *state;
	struct alert *a;

	EVALUATE(f, &lagging, START, "weidu");
	EVALUATE(f, &lagging, START + 10 * MINUTE, "weidu");
	EVALUATE_NONE(f, &lagging, START + 11 * MINUTE);
	EVALUATE(f, &lagging, START + 12 * MINUTE, "weidu");
	a = list(f, true, 1);
	assert_int_equal(a[0].state, ALERT_PENDING);
	assert_int_equal(a[0].active_ms, START + 12 * MINUTE);
	assert_int_equal(a[0].resolved_ms, 0);
}

static void keep_firing_holds_an_alert_whose_condition_flickers(void **state)
{
	struct fixture *f = *state;
	const struct alert_rule rule = { .name = "FeedDown", .keep_firing_ms = 5 * MINUTE };

	EVALUATE(f, &rule, START, "weidu");
	EVALUATE_NONE(f, &rule, START + 1 * MINUTE);
	assert_int_equal(list(f, false, 1)[0].state, ALERT_FIRING);
	/* It holds again, so the five minutes start over at the next absence. */
	EVALUATE(f, &rule, START + 2 * MINUTE, "weidu");
	EVALUATE_NONE(f, &rule, START + 6 * MINUTE);
	EVALUATE_NONE(f, &rule, START + 11 * MINUTE - 1);
	assert_int_equal(list(f, false, 1)[0].fired_ms, START);
	EVALUATE_NONE(f, &rule, START + 11 * MINUTE);
	assert_int_equal(list(f, true, 1)[0].state, ALERT_RESOLVED);
}

static void a_rule_leaves_the_alerts_of_others_alone(void **state)
{
	struct fixture *f = *state;
	struct alert *a;

	EVALUATE(f, &at_once, START, "weidu", "changge");
	EVALUATE(f, &lagging, START, "weidu");
	EVALUATE_NONE(f, &lagging, START + MINUTE);
	a = list(f, true, 2);
	assert_string_equal(a[0].rule, "FeedDown");
	assert_slice(labels_get(a[0].labels, slice_str("park")), "changge");
	assert_slice(labels_get(a[1].labels, slice_str("park")), "weidu");
}

static void two_instances_with_the_same_labels_are_refused_and_change_nothing(void **state)
{
	struct fixture *f = *state;
	const char *const twice[] = { "changge", "weidu", "weidu" };

	EVALUATE(f, &at_once, START, "weidu");
	assert_fails(evaluate(f, &at_once, START + MINUTE, twice, 3), &f->e, ERR_INVALID,
		     "alert FeedDown: two instances have the labels {alertname=\"FeedDown\","
		     "park=\"weidu\"}");
	assert_int_equal(list(f, true, 1)[0].active_ms, START);
}

static void the_rules_labels_win_over_the_instances(void **state)
{
	struct fixture *f = *state;
	struct alert_instance in = {
		.labels = labels_make(&f->e, "park_pace_ratio", "severity", "info", "alertname",
				      "forged", NULL),
	};
	struct labels *got;

	assert_ok(alerts_evaluate(f->alerts, &lagging, &in, 1, START, &f->e), &f->e);
	labels_unref(in.labels);
	got = list(f, false, 1)[0].labels;
	assert_slice(labels_get(got, slice_str("alertname")), "ParkLagging");
	assert_slice(labels_get(got, slice_str("severity")), "warning");
	assert_int_equal(labels_name(got).n, 0);
}

static void dropping_a_rule_resolves_its_alerts(void **state)
{
	struct fixture *f = *state;
	const struct alert_rule rule = { .name = "FeedDown", .keep_firing_ms = 60 * MINUTE };

	EVALUATE(f, &rule, START, "weidu");
	EVALUATE(f, &lagging, START, "weidu");
	alerts_drop_rule(f->alerts, "FeedDown", START + MINUTE);
	alerts_drop_rule(f->alerts, "ParkLagging", START + MINUTE);
	assert_int_equal(list(f, true, 1)[0].state, ALERT_RESOLVED);
	assert_int_equal(list(f, true, 1)[0].resolved_ms, START + MINUTE);
}

static void a_restored_alert_has_been_active_since_then(void **state)
{
	struct fixture *f = *state;
	struct labels *ls = labels_make(&f->e, "ALERTS_FOR_STATE", "alertname", "ParkLagging",
					"severity", "warning", "park", "weidu", NULL);
	struct alert *a;

	assert_ok(alerts_restore(f->alerts, ls, START - 8 * MINUTE, &f->e), &f->e);
	assert_ok(alerts_restore(f->alerts, ls, START - 9 * MINUTE, &f->e), &f->e);
	labels_unref(ls);
	list(f, true, 0);
	EVALUATE(f, &lagging, START, "weidu", "changge");
	a = list(f, false, 2);
	assert_int_equal(a[0].active_ms, START); /* changge */
	assert_int_equal(a[1].active_ms, START - 9 * MINUTE);
	assert_int_equal(a[1].state, ALERT_PENDING);
	EVALUATE(f, &lagging, START + MINUTE, "weidu", "changge");
	assert_int_equal(list(f, false, 2)[1].state, ALERT_FIRING);

	/* It counts once: the next episode begins when it begins. */
	EVALUATE_NONE(f, &lagging, START + 2 * MINUTE);
	EVALUATE(f, &lagging, START + 3 * MINUTE, "weidu");
	assert_int_equal(list(f, false, 1)[0].active_ms, START + 3 * MINUTE);
}

static void restoring_needs_an_alertname(void **state)
{
	struct fixture *f = *state;
	struct labels *ls = labels_make(&f->e, NULL, "park", "weidu", NULL);

	assert_fails(alerts_restore(f->alerts, ls, START, &f->e), &f->e, ERR_INVALID,
		     "an alert to restore has no alertname");
	labels_unref(ls);
}

/* --- samples ----------------------------------------------------------------- */

static struct plain_sample *samples(struct fixture *f, int64_t now, size_t want)
{
	struct plain_sample *out;
	size_t n;

	assert_ok(alerts_samples(f->alerts, now, &f->arena, &out, &n, &f->e), &f->e);
	assert_int_equal(n, want);
	return out;
}

static void samples_free(struct plain_sample *s, size_t n)
{
	for (size_t i = 0; i < n; i++)
		labels_unref(s[i].labels);
}

static uint64_t bits(double v)
{
	uint64_t b;

	memcpy(&b, &v, sizeof(b));
	return b;
}

static void samples_are_those_of_prometheus(void **state)
{
	struct fixture *f = *state;
	struct plain_sample *s;

	EVALUATE(f, &lagging, START, "weidu");
	s = samples(f, START + 7, 2);
	assert_slice(labels_name(s[0].labels), "ALERTS");
	assert_slice(labels_get(s[0].labels, slice_str("alertstate")), "pending");
	assert_slice(labels_get(s[0].labels, slice_str("alertname")), "ParkLagging");
	assert_int_equal(s[0].t_ms, START + 7);
	assert_f64(s[0].value, 1.0);
	assert_slice(labels_name(s[1].labels), "ALERTS_FOR_STATE");
	assert_int_equal(labels_get(s[1].labels, slice_str("alertstate")).n, 0);
	assert_f64(s[1].value, 1790000000.0);
	samples_free(s, 2);
}

static void a_state_that_ends_leaves_one_staleness_mark(void **state)
{
	struct fixture *f = *state;
	struct plain_sample *s;

	EVALUATE(f, &lagging, START, "weidu");
	samples_free(samples(f, START, 2), 2);
	EVALUATE(f, &lagging, START + 10 * MINUTE, "weidu");
	s = samples(f, START + 10 * MINUTE, 3);
	assert_slice(labels_get(s[0].labels, slice_str("alertstate")), "pending");
	assert_true(bits(s[0].value) == 0x7ff0000000000002u);
	assert_slice(labels_get(s[1].labels, slice_str("alertstate")), "firing");
	assert_f64(s[1].value, 1.0);
	samples_free(s, 3);
	samples_free(samples(f, START + 11 * MINUTE, 2), 2);

	EVALUATE_NONE(f, &lagging, START + 12 * MINUTE);
	s = samples(f, START + 12 * MINUTE, 2);
	assert_slice(labels_get(s[0].labels, slice_str("alertstate")), "firing");
	assert_true(bits(s[0].value) == 0x7ff0000000000002u);
	assert_slice(labels_name(s[1].labels), "ALERTS_FOR_STATE");
	assert_true(bits(s[1].value) == 0x7ff0000000000002u);
	samples_free(s, 2);
	samples(f, START + 13 * MINUTE, 0);
}

static void a_pending_alert_that_ends_leaves_its_mark_although_it_is_gone(void **state)
{
	struct fixture *f = *state;
	struct plain_sample *s;

	EVALUATE(f, &lagging, START, "weidu");
	samples_free(samples(f, START, 2), 2);
	EVALUATE_NONE(f, &lagging, START + MINUTE);
	list(f, true, 0);
	s = samples(f, START + MINUTE, 2);
	assert_true(bits(s[0].value) == 0x7ff0000000000002u);
	samples_free(s, 2);
	samples(f, START + 2 * MINUTE, 0);
}

static void an_alert_that_ends_and_returns_between_two_samples_has_no_mark(void **state)
{
	struct fixture *f = *state;
	struct plain_sample *s;

	EVALUATE(f, &lagging, START, "weidu");
	samples_free(samples(f, START, 2), 2);
	EVALUATE_NONE(f, &lagging, START + MINUTE);
	EVALUATE(f, &lagging, START + 2 * MINUTE, "weidu");
	s = samples(f, START + 2 * MINUTE, 2);
	assert_f64(s[0].value, 1.0);
	assert_f64(s[1].value, 1790000120.0);
	samples_free(s, 2);
}

/* --- limits, counters, memory, threads ------------------------------------------- */

static void at_most_ten_thousand_alerts_are_kept_and_the_earlier_ones_stay(void **state)
{
	enum { N = 10002 };
	static struct alert_instance in[N];
	struct fixture *f = *state;
	struct alert *out;
	char id[16];
	size_t n;

	EVALUATE(f, &lagging, START, "weidu");
	for (int i = 0; i < N; i++) {
		snprintf(id, sizeof(id), "p%05d", i);
		in[i] = (struct alert_instance){
			.labels = labels_make(&f->e, NULL, "park", id, NULL),
		};
	}
	log_set_fd(-1);
	assert_fails(alerts_evaluate(f->alerts, &at_once, in, N, START, &f->e), &f->e, ERR_LIMIT,
		     "alert FeedDown: 3 of 10002 left out, 10000 alerts are kept at most");
	assert_ok(alerts_list(f->alerts, false, &f->arena, &out, &n, &f->e), &f->e);
	assert_int_equal(n, 10000);
	assert_string_equal(out[n - 1].rule, "ParkLagging");
	assert_slice(labels_get(out[0].labels, slice_str("park")), "p00000");
	alerts_list_release(out, n);
	for (int i = 0; i < N; i++)
		labels_unref(in[i].labels);
}

static void alerts_are_counted_by_state(void **state)
{
	struct fixture *f = *state;

	EVALUATE(f, &lagging, START, "weidu", "changge");
	EVALUATE(f, &at_once, START, "weidu");
	assert_f64(counter_get_for(C_ALERTS, slice_str("pending")), 2.0);
	assert_f64(counter_get_for(C_ALERTS, slice_str("firing")), 1.0);
	EVALUATE_NONE(f, &at_once, START + MINUTE);
	assert_f64(counter_get_for(C_ALERTS, slice_str("firing")), 0.0);
	assert_f64(counter_get_for(C_ALERTS, slice_str("resolved")), 1.0);
}

static void without_memory_no_alert_changes(void **state)
{
	struct fixture *f = *state;
	const char *const parks[] = { "changge", "weidu", "yanling" };
	struct alert *a;
	long k = 0;
	int rc;

	EVALUATE(f, &lagging, START, "weidu");
	do {
		struct alert_instance in[3] = { 0 };

		for (int i = 0; i < 3; i++)
			in[i] = (struct alert_instance){
				.labels = labels_make(&f->e, NULL, "park", parks[i], NULL),
				.summary = "s",
				.description = "d",
			};
		mem_fail_after(k++, 1);
		rc = alerts_evaluate(f->alerts, &lagging, in, 3, START + 20 * MINUTE, &f->e);
		mem_fail_after(-1, 0);
		for (int i = 0; i < 3; i++)
			labels_unref(in[i].labels);
		if (rc < 0) {
			assert_int_equal(f->e.code, ERR_MEMORY);
			a = list(f, true, 1);
			assert_int_equal(a[0].state, ALERT_PENDING);
		}
	} while (rc < 0 && k < 1000);
	assert_int_equal(rc, 0);
	assert_true(k > 5);
	assert_int_equal(list(f, true, 3)[1].state, ALERT_FIRING);
}

struct reader {
	struct alerts *alerts;
	atomic_bool stop;
	bool wrong;
};

static void *read_on(void *arg)
{
	struct reader *r = arg;

	while (!atomic_load(&r->stop)) {
		struct arena arena;
		struct alert *out;
		size_t n;

		arena_init(&arena, 1 << 20);
		if (alerts_list(r->alerts, true, &arena, &out, &n, NULL) < 0)
			r->wrong = true;
		else
			alerts_list_release(out, n);
		arena_release(&arena);
	}
	return NULL;
}

static void lists_may_be_taken_while_another_thread_evaluates(void **state)
{
	struct fixture *f = *state;
	struct reader r = { .alerts = f->alerts };
	pthread_t thread;

	log_set_fd(-1);
	assert_int_equal(pthread_create(&thread, NULL, read_on, &r), 0);
	for (int i = 0; i < 300; i++) {
		if (i % 3 == 2)
			EVALUATE_NONE(f, &at_once, START + i * 20 * MINUTE);
		else
			EVALUATE(f, &at_once, START + i * 20 * MINUTE, "weidu", "changge");
	}
	atomic_store(&r.stop, true);
	pthread_join(thread, NULL);
	assert_false(r.wrong);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(an_alert_is_pending_until_its_for_is_over_and_then_fires),
		TEST(a_move_is_one_log_line_with_labels_value_and_summary),
		TEST(without_a_for_it_fires_at_once),
		TEST(a_pending_alert_whose_condition_ends_is_gone_without_having_fired),
		TEST(a_resolved_alert_is_kept_for_a_quarter_of_an_hour),
		TEST(a_resolved_alert_that_comes_back_starts_anew),
		TEST(keep_firing_holds_an_alert_whose_condition_flickers),
		TEST(a_rule_leaves_the_alerts_of_others_alone),
		TEST(two_instances_with_the_same_labels_are_refused_and_change_nothing),
		TEST(the_rules_labels_win_over_the_instances),
		TEST(dropping_a_rule_resolves_its_alerts),
		TEST(a_restored_alert_has_been_active_since_then),
		TEST(restoring_needs_an_alertname),
		TEST(samples_are_those_of_prometheus),
		TEST(a_state_that_ends_leaves_one_staleness_mark),
		TEST(a_pending_alert_that_ends_leaves_its_mark_although_it_is_gone),
		TEST(an_alert_that_ends_and_returns_between_two_samples_has_no_mark),
		TEST(at_most_ten_thousand_alerts_are_kept_and_the_earlier_ones_stay),
		TEST(alerts_are_counted_by_state),
		TEST(without_memory_no_alert_changes),
		TEST(lists_may_be_taken_while_another_thread_evaluates),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
