/* test_findings.c - doubts that become findings, their answers, and how they end. */
#include "base/counter.h"
#include "storage/audit.h"
#include "storage/findings.h"
#include "storage/keys.h"
#include "storage/ledger.h"
#include "storage/store_impl.h"
#include "storage/walk.h"
#include "tests/lib/starve.h"
#include "tests/unit/storage/books.h"
#include "tests/unit/storage/behind.h"

#include <math.h>

#define DAY 86400000LL

static struct doubt doubt_of(size_t row, const char *reason)
{
	return (struct doubt){ .row = row,
			       .reason = reason,
			       .unit = "jiahe",
			       .indicator = "output_yuan",
			       .freq = "M",
			       .basis = "ytd",
			       .period = "2026-09",
			       .against = 10,
			       .text = "less than the month before",
			       .text_zh = "累计数小于上期" };
}

struct report {
	struct labels *ls;
	double value;
	int64_t now;
	const char *reason; /* NULL: no doubt */
	int64_t known_from; /* else 0 */
};

static struct append send_report(struct fixture *f, const struct report *r)
{
	struct observation o = { .labels = r->ls,
				 .stamp_ms = DAY,
				 .value = r->value,
				 .months = 1,
				 .flags = r->reason ? FIGURE_SUSPECT : 0,
				 .known_from_ms = r->known_from };
	struct doubt d = doubt_of(0, r->reason);
	struct append a = { .submission = { .source = "east-feed",
					    .owner = "统计局",
					    .origin = "a.csv",
					    .received_ms = r->now,
					    .released_ms = r->now,
					    .trusted = r->known_from != 0 },
			    .obs = &o,
			    .nobs = 1,
			    .doubts = &d,
			    .ndoubts = r->reason ? 1 : 0 };

	assert_ok(append_now(f->s, &a, &f->e), &f->e);
	return a;
}

static struct append doubted(struct fixture *f, struct labels *ls, double value, int64_t now)
{
	return send_report(f, &(struct report){ ls, value, now, "ytd_falls", 0 });
}

static struct append plain(struct fixture *f, struct labels *ls, double value, int64_t now)
{
	return send_report(f, &(struct report){ ls, value, now, NULL, 0 });
}

static struct finding finding_now(struct fixture *f, uint64_t id)
{
	struct snapshot *v = must_snapshot(f->s);
	struct finding x;

	assert_ok(snapshot_finding(v, id, &f->arena, &x, &f->e), &f->e);
	snapshot_close(v);
	return x;
}

static size_t count_of(struct fixture *f, const struct finding_wanted *want, uint64_t *first)
{
	struct snapshot *v = must_snapshot(f->s);
	struct finding *list;
	bool more;
	size_t n;

	assert_ok(snapshot_findings(v, want, &f->arena, &list, &n, &more, &f->e), &f->e);
	snapshot_close(v);
	if (first)
		*first = n ? list[0].id : 0;
	return n;
}

static size_t all_of(struct fixture *f)
{
	return count_of(f, &(struct finding_wanted){ 0 }, NULL);
}

static int act(struct fixture *f, uint64_t id, enum finding_state to, const char *by,
	       const char *text)
{
	f->e = (struct err){ 0 };
	return store_act_on_finding(
		f->s,
		&(struct finding_act){
			.finding = id, .to = to, .t_ms = 9000, .by = by, .text = text },
		&f->e);
}

static void a_doubt_opens_a_finding_with_all_that_is_known_of_it(void **state)
{
	struct fixture *f = *state;
	struct labels *ls = series_named("output", "east");
	struct append a = doubted(f, ls, 9, 1000);
	struct finding x = finding_now(f, 1);

	assert_int_equal(a.opened, 1);
	assert_int_equal(x.state, FINDING_OPEN);
	assert_int_equal(x.stamp_ms, DAY);
	assert_true(x.value == 9 && x.against == 10);
	assert_int_equal(x.submission, a.submission.sequence);
	assert_int_equal(x.opened_ms, 1000);
	assert_string_equal(x.reason, "ytd_falls");
	assert_string_equal(x.unit, "jiahe");
	assert_string_equal(x.indicator, "output_yuan");
	assert_string_equal(x.freq, "M");
	assert_string_equal(x.basis, "ytd");
	assert_string_equal(x.period, "2026-09");
	assert_string_equal(x.source, "east-feed");
	assert_string_equal(x.owner, "统计局");
	assert_string_equal(x.text_zh, "累计数小于上期");
	assert_int_equal(x.nevents, 0);
	labels_unref(ls);
}

static void the_same_doubt_again_opens_nothing(void **state)
{
	struct fixture *f = *state;
	struct labels *ls = series_named("output", "east");

	doubted(f, ls, 9, 1000);
	assert_int_equal(doubted(f, ls, 9, 2000).opened, 0);
	assert_int_equal(act(f, 1, FINDING_ANSWERED, "token 1", "it is so"), 0);
	assert_int_equal(doubted(f, ls, 9, 3000).opened, 0);
	assert_int_equal(act(f, 1, FINDING_ACCEPTED, "王敏", ""), 0);
	assert_int_equal(doubted(f, ls, 9, 4000).opened, 0);
	assert_int_equal(finding_now(f, 1).state, FINDING_ACCEPTED);
	assert_int_equal(all_of(f), 1);
	labels_unref(ls);
}

static void another_edit_of_the_same_figure_is_another_finding(void **state)
{
	struct fixture *f = *state;
	struct labels *ls = series_named("output", "east");

	doubted(f, ls, 9, 1000);
	assert_int_equal(send_report(f, &(struct report){ ls, 9, 2000, "panel", 0 }).opened, 1);
	assert_int_equal(all_of(f), 2);
	labels_unref(ls);
}

static void another_value_corrects_it_and_a_doubted_one_opens_the_next(void **state)
{
	struct fixture *f = *state;
	struct labels *ls = series_named("output", "east");
	struct append second, third;
	struct finding x;

	doubted(f, ls, 9, 1000);
	second = doubted(f, ls, 8, 2000);
	assert_int_equal(second.opened, 1);
	x = finding_now(f, 1);
	assert_int_equal(x.state, FINDING_CORRECTED);
	assert_int_equal(x.nevents, 1);
	assert_int_equal(x.events[0].submission, second.submission.sequence);
	assert_int_equal(x.events[0].t_ms, 2000);
	third = plain(f, ls, 12, 3000);
	assert_int_equal(finding_now(f, 2).events[0].submission, third.submission.sequence);
	/* What was corrected and comes again is asked again. */
	assert_int_equal(doubted(f, ls, 9, 4000).opened, 1);
	assert_int_equal(finding_now(f, 3).state, FINDING_OPEN);
	labels_unref(ls);
}

static void an_accepted_value_is_not_asked_about_again_after_another(void **state)
{
	struct fixture *f = *state;
	struct labels *ls = series_named("output", "east");

	doubted(f, ls, 9, 1000);
	assert_int_equal(act(f, 1, FINDING_ANSWERED, "token 1", "it is so"), 0);
	assert_int_equal(act(f, 1, FINDING_ACCEPTED, "王敏", "seen"), 0);
	assert_int_equal(doubted(f, ls, 8, 2000).opened, 1);
	assert_int_equal(finding_now(f, 1).state, FINDING_ACCEPTED);
	assert_int_equal(doubted(f, ls, 9, 3000).opened, 0);
	assert_int_equal(finding_now(f, 2).state, FINDING_CORRECTED);
	labels_unref(ls);
}

static void an_unchanged_value_and_an_older_vintage_correct_nothing(void **state)
{
	struct fixture *f = *state;
	struct labels *ls = series_named("output", "east");

	doubted(f, ls, 9, 5000);
	plain(f, ls, 9, 6000);
	assert_int_equal(finding_now(f, 1).state, FINDING_OPEN);
	send_report(f, &(struct report){ ls, 12, 7000, NULL, 4000 });
	assert_int_equal(finding_now(f, 1).state, FINDING_OPEN);
	plain(f, ls, 12, 8000);
	assert_int_equal(finding_now(f, 1).state, FINDING_CORRECTED);
	labels_unref(ls);
}

static void each_step_keeps_what_went_before(void **state)
{
	struct fixture *f = *state;
	struct labels *ls = series_named("output", "east");
	struct ledger_head head;
	struct finding x;

	doubted(f, ls, 9, 1000);
	assert_int_equal(act(f, 1, FINDING_ANSWERED, "token 1", "首次\n说明"), 0);
	assert_int_equal(act(f, 1, FINDING_ANSWERED, "token 1", "more"), 0);
	/* Sent once more, nothing is added. */
	assert_int_equal(act(f, 1, FINDING_ANSWERED, "token 1", "more"), 0);
	assert_int_equal(act(f, 1, FINDING_ACCEPTED, "王敏", ""), 0);
	assert_int_equal(act(f, 1, FINDING_ACCEPTED, "王敏", ""), 0);
	reopen(f);
	x = finding_now(f, 1);
	assert_int_equal(x.nevents, 3);
	assert_string_equal(x.events[0].text, "首次\n说明");
	assert_string_equal(x.events[1].text, "more");
	assert_string_equal(x.events[2].by, "王敏");
	assert_int_equal(x.events[2].to, FINDING_ACCEPTED);
	assert_ok(store_ledger_head(f->s, &head, &f->e), &f->e);
	assert_int_equal(head.entries, 4);
	assert_int_equal(x.events[2].entry, 4);
	store_close(f->s);
	assert_audited(f->dir);
	f->s = must_open(f->dir);
	labels_unref(ls);
}

static void steps_that_may_not_be_are_refused_and_change_nothing(void **state)
{
	struct fixture *f = *state;
	struct labels *ls = series_named("output", "east");
	char *large = malloc(FINDING_TEXT_MAX + 2);

	memset(large, 'x', FINDING_TEXT_MAX + 1);
	large[FINDING_TEXT_MAX + 1] = '\0';
	doubted(f, ls, 9, 1000);
	assert_fails(act(f, 1, FINDING_ACCEPTED, "", ""), &f->e, ERR_EXISTS, "not been answered");
	assert_fails(act(f, 2, FINDING_ANSWERED, "", "x"), &f->e, ERR_NOT_FOUND, "no finding 2");
	assert_fails(act(f, 1, FINDING_ANSWERED, "", ""), &f->e, ERR_INVALID, "has a text");
	assert_fails(act(f, 1, FINDING_ANSWERED, "", "\xff"), &f->e, ERR_INVALID, "not UTF-8");
	assert_fails(act(f, 1, FINDING_ANSWERED, "", "a\x01"), &f->e, ERR_INVALID, "control");
	assert_fails(act(f, 1, FINDING_ANSWERED, "\x1b[", "a"), &f->e, ERR_INVALID, "control");
	assert_fails(act(f, 1, FINDING_ANSWERED, "", large), &f->e, ERR_INVALID, "too long");
	assert_fails(act(f, 1, FINDING_CORRECTED, "", "x"), &f->e, ERR_INVALID, "answered");
	plain(f, ls, 12, 2000);
	assert_fails(act(f, 1, FINDING_ANSWERED, "", "x"), &f->e, ERR_EXISTS, "corrected already");
	assert_int_equal(finding_now(f, 1).nevents, 1);
	free(large);
	labels_unref(ls);
}

static void answers_to_one_finding_are_limited(void **state)
{
	struct fixture *f = *state;
	struct labels *ls = series_named("output", "east");
	char text[16];

	doubted(f, ls, 9, 1000);
	for (int i = 0; i < FINDING_EVENTS_MAX - 1; i++) {
		snprintf(text, sizeof(text), "answer %d", i);
		assert_int_equal(act(f, 1, FINDING_ANSWERED, "t", text), 0);
	}
	assert_fails(act(f, 1, FINDING_ANSWERED, "t", "last"), &f->e, ERR_LIMIT, "answers already");
	assert_int_equal(act(f, 1, FINDING_ACCEPTED, "t", ""), 0);
	labels_unref(ls);
}

static void one_append_opens_no_more_than_its_limit_and_the_rest_is_counted(void **state)
{
	enum { N = FINDINGS_OF_APPEND_MAX + 5 };
	struct fixture *f = *state;
	struct labels *ls = series_named("output", "east");
	struct observation *o = calloc(N, sizeof(*o));
	struct doubt *d = calloc(N, sizeof(*d));
	struct append a = { .submission = { .source = "s", .received_ms = 1000 },
			    .obs = o,
			    .nobs = N,
			    .doubts = d,
			    .ndoubts = N };
	double before = counter_get(C_FINDINGS_NOT_OPENED);

	for (size_t i = 0; i < N; i++) {
		o[i] = (struct observation){
			.labels = ls, .stamp_ms = DAY * (int64_t)i, .value = 1, .months = 1
		};
		d[i] = doubt_of(i, "ratio");
	}
	assert_ok(append_now(f->s, &a, &f->e), &f->e);
	assert_int_equal(a.opened, FINDINGS_OF_APPEND_MAX);
	assert_int_equal(a.not_opened, 5);
	assert_true(counter_get(C_FINDINGS_NOT_OPENED) == before + 5);
	/* Sent again, those that were left out have their turn. */
	a.submission.received_ms = 2000;
	assert_ok(append_now(f->s, &a, &f->e), &f->e);
	assert_int_equal(a.opened, 5);
	assert_true(counter_get_for(C_FINDINGS, slice_str("open")) == N);
	free(o);
	free(d);
	labels_unref(ls);
}

static void doubts_of_no_value_or_out_of_order_are_refused(void **state)
{
	struct fixture *f = *state;
	struct labels *ls = series_named("output", "east");
	struct observation o[2] = {
		{ .labels = ls, .stamp_ms = DAY, .value = 1, .months = 1 },
		{ .labels = ls, .stamp_ms = 2 * DAY, .value = 1, .months = 1 }
	};
	struct doubt d[2] = { doubt_of(1, "ratio"), doubt_of(0, "ratio") };
	struct append a = { .submission = { .source = "s", .received_ms = 1000 },
			    .obs = o,
			    .nobs = 2,
			    .doubts = d,
			    .ndoubts = 2 };

	assert_fails(append_now(f->s, &a, &f->e), &f->e, ERR_INVALID, "doubt 1");
	d[1].row = 2;
	assert_fails(append_now(f->s, &a, &f->e), &f->e, ERR_INVALID, "doubt 1");
	d[1].row = 1;
	d[1].text = NULL;
	assert_fails(append_now(f->s, &a, &f->e), &f->e, ERR_INVALID, "doubt 1");
	assert_int_equal(all_of(f), 0);
	labels_unref(ls);
}

static void findings_are_chosen_by_filters_and_paged_newest_first(void **state)
{
	static const char *const parks[] = { "yishan", NULL };
	struct fixture *f = *state;
	struct labels *ls = series_named("output", "east");
	struct snapshot *v;
	struct finding *list;
	uint64_t first;
	bool more;
	size_t n;

	for (int i = 0; i < 5; i++)
		doubted(f, ls, 9 - i, 1000 * (i + 1));
	assert_int_equal(act(f, 5, FINDING_ANSWERED, "t", "x"), 0);
	assert_int_equal(count_of(f, &(struct finding_wanted){ .states = 1U << FINDING_CORRECTED },
				  &first),
			 4);
	assert_int_equal(first, 4);
	assert_int_equal(count_of(f,
				  &(struct finding_wanted){ .unit = slice_str("jiahe"),
							    .owner = slice_str("统计局"),
							    .source = slice_str("east-feed"),
							    .indicator = slice_str("output_yuan"),
							    .period = slice_str("2026-09"),
							    .reason = slice_str("ytd_falls") },
				  NULL),
			 5);
	assert_int_equal(count_of(f, &(struct finding_wanted){ .unit = slice_str("yishan") }, NULL),
			 0);
	assert_int_equal(count_of(f, &(struct finding_wanted){ .units = parks, .nunits = 1 }, NULL),
			 0);
	v = must_snapshot(f->s);
	assert_ok(snapshot_findings(v, &(struct finding_wanted){ .limit = 2 }, &f->arena, &list, &n,
				    &more, &f->e),
		  &f->e);
	assert_true(more && n == 2 && list[0].id == 5 && list[1].id == 4);
	assert_ok(snapshot_findings(v, &(struct finding_wanted){ .limit = 3, .before = 4 },
				    &f->arena, &list, &n, &more, &f->e),
		  &f->e);
	assert_true(!more && n == 3 && list[0].id == 3);
	snapshot_close(v);
	labels_unref(ls);
}

static void a_failing_allocation_leaves_no_half_finding(void **state)
{
	struct fixture *f = *state;
	struct labels *ls = series_named("output", "east");
	struct finding_act answer = {
		.finding = 1, .to = FINDING_ANSWERED, .t_ms = 9000, .by = "t", .text = "so it is"
	};
	struct starve s = { .one_only = true };

	doubted(f, ls, 9, 1000);
	while (starve_again(&s)) {
		struct err e = { 0 };
		int rc;

		starve_begin(&s);
		rc = store_act_on_finding(f->s, &answer, &e);
		starve_end(&s, rc == 0, &e);
		assert_int_equal(finding_now(f, 1).nevents, rc == 0);
	}
	assert_true(s.failed > 0);
	labels_unref(ls);
}

/* A copy of the closed store, which may be spoilt. */
static char *copy_of(const struct fixture *f)
{
	char *copy = tmp_make(), command[512];

	snprintf(command, sizeof(command), "cp -a '%s'/. '%s'", f->dir, copy);
	assert_int_equal(system(command), 0);
	return copy;
}

static void while_too_many_pend_figures_are_kept_and_doubts_are_counted(void **state)
{
	struct fixture *f = *state;
	struct labels *ls = series_named("output", "east");
	struct finding_counts *counts = &f->s->findings;
	struct append a;

	doubted(f, ls, 9, 1000);
	counts->of[FINDING_ANSWERED] = FINDINGS_PENDING_MAX - 1;
	a = send_report(f, &(struct report){ ls, 9, 2000, "panel", 0 });
	assert_int_equal(a.opened, 0);
	assert_int_equal(a.not_opened, 1);
	/* One that is corrected makes room for the next. */
	a = doubted(f, ls, 8, 3000);
	assert_int_equal(a.revised, 1);
	assert_int_equal(a.opened, 1);
	counts->of[FINDING_ANSWERED] = 0;
	plain(f, ls, 7, 4000);
	labels_unref(ls);
}

static void a_damaged_finding_is_reported_and_never_shown(void **state)
{
	struct fixture *f = *state;
	struct labels *ls = series_named("output", "east");
	struct snapshot *v;
	struct finding x;
	uint8_t key[KEY_FINDING_BYTES];
	char *text, *copy;
	long n;

	doubted(f, ls, 9, 1000);
	assert_int_equal(act(f, 1, FINDING_ANSWERED, "t", "x"), 0);
	store_close(f->s);
	copy = copy_of(f);
	put_be64(key, 1);
	damage_record(copy, DB_FINDINGS, key, sizeof(key), 70);
	text = check_text(copy, &n, &f->e);
	assert_true(n > 0);
	assert_has(text, "finding 1 is damaged");
	free(text);
	f->s = must_open(copy);
	v = must_snapshot(f->s);
	assert_fails(snapshot_finding(v, 1, &f->arena, &x, &f->e), &f->e, ERR_CORRUPT, "findings");
	snapshot_close(v);
	store_close(f->s);
	tmp_remove(copy);
	f->s = must_open(f->dir);
	labels_unref(ls);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		STORE_TEST(a_doubt_opens_a_finding_with_all_that_is_known_of_it),
		STORE_TEST(the_same_doubt_again_opens_nothing),
		STORE_TEST(another_edit_of_the_same_figure_is_another_finding),
		STORE_TEST(another_value_corrects_it_and_a_doubted_one_opens_the_next),
		STORE_TEST(an_accepted_value_is_not_asked_about_again_after_another),
		STORE_TEST(an_unchanged_value_and_an_older_vintage_correct_nothing),
		STORE_TEST(each_step_keeps_what_went_before),
		STORE_TEST(steps_that_may_not_be_are_refused_and_change_nothing),
		STORE_TEST(answers_to_one_finding_are_limited),
		STORE_TEST(one_append_opens_no_more_than_its_limit_and_the_rest_is_counted),
		STORE_TEST(doubts_of_no_value_or_out_of_order_are_refused),
		STORE_TEST(findings_are_chosen_by_filters_and_paged_newest_first),
		STORE_TEST(a_failing_allocation_leaves_no_half_finding),
		STORE_TEST(while_too_many_pend_figures_are_kept_and_doubts_are_counted),
		STORE_TEST(a_damaged_finding_is_reported_and_never_shown),
	};

	return cmocka_run_group_tests_name("findings", tests, NULL, NULL);
}
