/* test_hand_in.c - documents that are handed in: who may, what is stored, and how they end. */
#include "base/alloc.h"
#include "tests/unit/collectors/feeds.h"

#define LAYOUT "layout: {unit: {column: 园区}, period: {column: 月份}, indicator: {header: true}}"
#define FEEDS                                                                                      \
	"- {name: stats, submit: true, owner: statistics, format: csv, body_limit: 1KiB, " LAYOUT  \
	"}\n"

static const char document[] = "园区,月份,总产值\n甲河,2026年9月,12.5\n乙山,2026年9月,7\n";

struct handed {
	struct hand_in h; /* first */
	enum intake_end how;
	bool told, ended;
	size_t kept, refused, not_the_tokens;
	char why[240];
};

static void tell(struct hand_in *h, enum intake_end how)
{
	struct handed *d = (struct handed *)h;

	assert_false(d->told);
	d->told = true;
	d->how = how;
	d->kept = h->intake.kept;
	d->refused = h->intake.refused;
	if (h->intake.batch)
		d->not_the_tokens = h->intake.batch->count[REFUSED_TOKEN_UNIT] +
				    h->intake.batch->count[REFUSED_TOKEN_INDICATOR];
	snprintf(d->why, sizeof(d->why), "%s", h->intake.err.text);
}

static void ended(struct hand_in *h)
{
	struct handed *d = (struct handed *)h;

	assert_true(d->told && !d->ended);
	d->ended = true;
}

static bool has_ended(void *ctx)
{
	return ((struct handed *)ctx)->ended;
}

static void fill(struct handed *d, const char *text)
{
	*d = (struct handed){ .h = { .owner = "statistics", .tell = tell, .ended = ended } };
	d->h.intake.origin = "token 00000001";
	buf_init(&d->h.intake.body, 1 << 20);
	buf_puts(&d->h.intake.body, text);
}

static void wait_for(struct feeds *f, struct handed *d)
{
	assert_true(loop_settle(f->loop, has_ended, d, FEEDS_PATIENCE_MS));
}

static void hand_in(struct feeds *f, struct handed *d)
{
	assert_ok(hand_in_start(f->c, "stats", &d->h, &f->e), &f->e);
	wait_for(f, d);
}

static int setup(void **state)
{
	struct feeds *f = feeds_open(false);

	feeds_apply(f, FEEDS);
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	feeds_close(*state);
	return 0;
}

static void a_document_is_stored_with_its_bytes(void **state)
{
	struct feeds *f = *state;
	struct handed d;

	fill(&d, document);
	hand_in(f, &d);
	assert_int_equal(d.how, INTAKE_STORED);
	assert_int_equal(d.kept, 2);
	assert_int_equal(f->nstored, 2);
	assert_string_equal(f->owner, "statistics");
	assert_string_equal(f->origin, "token 00000001");
	feeds_assert_original(f, slice_str(document));
	assert_int_equal(feeds_status(f, "stats").document->kept, 2);
	assert_string_equal(feeds_status(f, "stats").state, "waiting");
}

static void a_dry_run_stores_and_counts_nothing(void **state)
{
	struct feeds *f = *state;
	struct handed d;

	fill(&d, document);
	d.h.intake.dry_run = true;
	hand_in(f, &d);
	assert_int_equal(d.how, INTAKE_STORED);
	assert_int_equal(d.kept, 2);
	assert_int_equal(f->emits, 0);
	assert_int_equal(feeds_status(f, "stats").document->kept, 0);
}

static void only_the_tokens_units_and_indicators_are_taken(void **state)
{
	static const char *const units[] = { "jiahe" }, *const codes[] = { "tax_yuan" };
	struct token_rights rights = { .units = units, .nunits = 1 };
	struct feeds *f = *state;
	struct handed d;

	fill(&d, document);
	d.h.intake.rights = &rights;
	hand_in(f, &d);
	assert_int_equal(d.how, INTAKE_STORED);
	assert_int_equal(d.kept, 1);
	assert_int_equal(d.not_the_tokens, 1);
	assert_has(f->stored[0].text, "jiahe");
	rights = (struct token_rights){ .indicators = codes, .nindicators = 1 };
	fill(&d, document);
	d.h.intake.rights = &rights;
	hand_in(f, &d);
	assert_int_equal(d.how, INTAKE_REFUSED);
	assert_int_equal(d.refused, 2);
	assert_int_equal(d.not_the_tokens, 2);
	assert_has(d.why, "output_yuan is not among the indicators of this token");
}

static void what_is_refused_as_a_whole_is_kept_with_the_reason(void **state)
{
	struct feeds *f = *state;
	struct handed d;

	fill(&d, "<html></html>");
	hand_in(f, &d);
	assert_int_equal(d.how, INTAKE_REFUSED);
	assert_string_equal(f->reason, d.why);
	assert_int_equal(feeds_status(f, "stats").failures, 0);
	assert_string_equal(feeds_status(f, "stats").error, d.why);
	fill(&d, "");
	hand_in(f, &d);
	assert_int_equal(d.how, INTAKE_REFUSED);
}

static void another_owner_another_feed_and_too_much_are_refused_at_once(void **state)
{
	struct feeds *f = *state;
	struct handed d;

	fill(&d, document);
	assert_fails(hand_in_start(f->c, "nobody", &d.h, &f->e), &f->e, ERR_NOT_FOUND, "'nobody'");
	d.h.owner = "land";
	assert_fails(hand_in_start(f->c, "stats", &d.h, &f->e), &f->e, ERR_REFUSED,
		     "another owner");
	d.h.owner = "statistics";
	while (d.h.intake.body.n <= 1024)
		buf_puts(&d.h.intake.body, "甲河,2026年9月,12.5\n");
	assert_fails(hand_in_start(f->c, "stats", &d.h, &f->e), &f->e, ERR_LIMIT, "1024 bytes");
	assert_false(d.told);
	intake_release(&d.h.intake);
}

static void a_store_that_is_busy_fails_this_time(void **state)
{
	struct feeds *f = *state;
	struct handed d;

	f->mood = STORE_REFUSES;
	err_set(&f->mood_err, ERR_BUSY, "too much is waiting");
	fill(&d, document);
	hand_in(f, &d);
	assert_int_equal(d.how, INTAKE_FAILED);
	assert_string_equal(d.why, "too much is waiting");
	f->mood = STORE_GOOD;
	fill(&d, document);
	hand_in(f, &d);
	assert_int_equal(d.how, INTAKE_STORED);
}

static void a_feed_that_is_removed_goes_after_its_last_document(void **state)
{
	struct feeds *f = *state;
	struct handed d;

	f->mood = STORE_SLOW;
	fill(&d, document);
	assert_ok(hand_in_start(f->c, "stats", &d.h, &f->e), &f->e);
	while (!f->waiting)
		loop_settle(f->loop, NULL, NULL, 10);
	feeds_apply(f, "[]");
	assert_int_equal(f->c->nleaving, 1);
	feeds_answer(f->waiting, NULL);
	assert_true(d.ended);
	assert_int_equal(d.how, INTAKE_STORED);
	assert_int_equal(f->c->nleaving, 0);
}

static void a_closing_collector_ends_what_is_under_way(void **state)
{
	struct feeds *f = *state;
	struct handed d[3];

	for (int i = 0; i < 3; i++) {
		fill(&d[i], document);
		assert_ok(hand_in_start(f->c, "stats", &d[i].h, &f->e), &f->e);
	}
	feeds_shut(f);
	for (int i = 0; i < 3; i++)
		wait_for(f, &d[i]);
	assert_int_equal(d[0].how, INTAKE_CANCELLED);
	assert_int_equal(d[2].how, INTAKE_CANCELLED);
}

static void a_document_brings_no_more_new_series_than_its_feed_may(void **state)
{
	struct feeds *f = *state;
	struct handed d;

	feeds_apply(f, "- {name: stats, submit: true, owner: statistics, format: csv, "
		       "series_limit: 1, " LAYOUT "}\n");
	for (int dry = 1; dry >= 0; dry--) {
		fill(&d, document);
		d.h.intake.dry_run = dry;
		hand_in(f, &d);
		assert_int_equal(d.how, INTAKE_STORED);
		assert_int_equal(d.kept, 1);
		assert_int_equal(d.refused, 1);
		assert_int_equal(feeds_status(f, "stats").series, !dry);
	}
	assert_int_equal(f->nstored, 1);
	assert_has(f->stored[0].text, "jiahe");
	assert_string_equal(feeds_status(f, "stats").complaints[0].place, "3:1");
	assert_string_equal(feeds_status(f, "stats").complaints[0].text,
			    "output_yuan of yishan is a new series; feed stats has brought 1 "
			    "different series since 2026-11-23T04:00:00.000Z, and may bring 1 in a "
			    "day (series_limit)");
	fill(&d, "园区,月份,总产值\n甲河,2026年10月,12.5\n乙山,2026年10月,7\n");
	hand_in(f, &d);
	assert_int_equal(d.kept, 1);
	fill(&d, "园区,月份,总产值\n乙山,2026年10月,7\n");
	hand_in(f, &d);
	assert_int_equal(d.how, INTAKE_REFUSED);
	assert_has(d.why, "series_limit");
}

static void it_is_never_polled(void **state)
{
	struct feeds *f = *state;

	assert_fails(collector_poll(f->c, "stats", &f->e), &f->e, ERR_INVALID, "handed in");
	feeds_tick(f, 86400000);
	assert_int_equal(feeds_status(f, "stats").last_attempt_ms, 0);
	assert_int_equal(feeds_status(f, "stats").next_ms, 0);
}

#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(a_document_is_stored_with_its_bytes),
		T(a_dry_run_stores_and_counts_nothing),
		T(only_the_tokens_units_and_indicators_are_taken),
		T(what_is_refused_as_a_whole_is_kept_with_the_reason),
		T(another_owner_another_feed_and_too_much_are_refused_at_once),
		T(a_store_that_is_busy_fails_this_time),
		T(a_feed_that_is_removed_goes_after_its_last_document),
		T(a_closing_collector_ends_what_is_under_way),
		T(a_document_brings_no_more_new_series_than_its_feed_may),
		T(it_is_never_polled),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
