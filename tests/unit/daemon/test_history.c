/*
 * test_history.c - documents are held against what the store has, and a real figure that falls goes
 * all the way: doubted by the collector, kept by the store, shown by the assessment.
 */
#include "assess/assess.h"
#include "daemon/intake.h"
#include "tests/unit/collectors/documents.h"
#include "tests/unit/storage/help.h"

#include <math.h>

#define FILE_NAME "data/nbs-provincial-realestate/csv/内蒙古.csv"
#define INVESTED  "real_estate_investment_yuan"

struct town {
	char *dir;
	struct documents *docs;
	struct store *store;
	struct intake intake;
	struct err e;
};

static const struct layout long_layout = { .unit = COLUMN("园区"),
					   .indicator = FIXED("总产值"),
					   .period = COLUMN("期间"),
					   .value = COLUMN("数值") };

static int open_town(struct town *t, const char *yaml, const char *path)
{
	t->docs = documents_open(yaml, path);
	t->dir = tmp_make();
	t->store = must_open(tmp_path(t->dir, "store"));
	t->intake.store = t->store;
	t->docs->history = intake_history(&t->intake);
	return 0;
}

static void close_town(struct town *t)
{
	store_close(t->store);
	tmp_remove(t->dir);
	documents_close(t->docs);
}

/* The batch goes to the store as a feed's does. */
static void keep(struct town *t, bool released)
{
	const struct batch *b = t->docs->b;
	struct append a = { .submission = { .source = "test",
					    .owner = "",
					    .origin = "",
					    .received_ms = NOW_MS,
					    .released_ms = released ? NOW_MS : 0 },
			    .obs = b->obs,
			    .nobs = b->nobs };

	assert_ok(append_now(t->store, &a, &t->e), &t->e);
}

static void take(struct town *t, const char *csv)
{
	struct document doc = { .format = FORMAT_CSV,
				.layout = &long_layout,
				.class = UNIT_PARK,
				.body = slice_str(csv),
				.now_ms = NOW_MS };

	assert_ok(documents_decode(t->docs, &doc), &t->docs->e);
}

static void figures_are_held_against_the_released_ones_in_the_store(void **state)
{
	struct town t = { 0 };

	(void)state;
	open_town(&t, STANDARD_CATALOGUE, NULL);
	take(&t, "园区,期间,数值\n甲河,2026-06,6\n甲河,2026-07,7\n甲河,2026-08,8\n");
	keep(&t, true);
	take(&t, "园区,期间,数值\n甲河,2026-10,7.5\n乙山,2026-10,1\n");
	assert_int_equal(t.docs->b->nobs, 2);
	assert_int_equal(t.docs->b->ncomplaints, 1);
	assert_string_equal(t.docs->b->complaints[0].text,
			    "甲河, output_yuan 2026-10: 750000000 is cumulative, but less than "
			    "800000000 of 2026-08; kept, marked as suspect");
	/* What waits for its release is nothing to go by. */
	take(&t, "园区,期间,数值\n甲河,2026-09,20\n");
	keep(&t, false);
	take(&t, "园区,期间,数值\n甲河,2026-10,9\n");
	assert_int_equal(t.docs->b->ncomplaints, 0);
	take(&t, "园区,期间,数值\n甲河,2026-10,90000\n");
	assert_string_equal(t.docs->b->complaints[0].text,
			    "甲河, output_yuan 2026-10: 9000000000000 is, by the month, 9000 times "
			    "the median 100000000 of its last 3 figures; is it in another measure "
			    "than the header says?");
	close_town(&t);
}

struct seen {
	double revision, period_value;
};

static int look(void *ctx, const char *family, const char *help, const struct label *l, size_t n,
		double v, struct err *e)
{
	struct seen *seen = ctx;

	(void)help;
	(void)e;
	for (size_t i = 0; i < n; i++)
		if (slice_is(l[i].name, "indicator") && !slice_is(l[i].value, INVESTED))
			return 0;
	if (strcmp(family, "park_implied_revision") == 0)
		seen->revision = v;
	if (strcmp(family, "park_period_" INVESTED) == 0)
		seen->period_value = v;
	return 0;
}

/* 2018-01-25T12:00:00+08:00: December 2017 is the newest period that has ended. */
#define THEN_MS 1516852800000

/* Inner Mongolia's investment in real estate fell from 905.98 to 889.72 in December 2017. */
static void a_real_fall_within_the_year_is_kept_marked_and_never_clipped(void **state)
{
	const struct layout published = { .unit = TITLE("地区"),
					  .indicator = COLUMN("指标"),
					  .period = HEADER };
	struct document doc = {
		.format = FORMAT_CSV, .layout = &published, .class = UNIT_PARK, .now_ms = NOW_MS
	};
	const char *path = shared_path(FILE_NAME);
	struct seen seen = { NAN, NAN };
	struct assess_options o;
	struct assessment *a;
	struct town t = { 0 };
	struct snapshot *v;
	const struct observation *fall;
	struct append past = { .submission = { .source = "test",
					       .owner = "",
					       .origin = "",
					       .received_ms = THEN_MS - 86400000,
					       .released_ms = THEN_MS - 86400000 } };
	char *body;
	size_t n;

	(void)state;
	if (!path) {
		skip();
		return;
	}
	open_town(&t, NULL, "examples/provinces/catalogue.yaml");
	body = tmp_read(path, &n);
	assert_non_null(body);
	doc.body = slice_of(body, n);
	assert_ok(documents_decode(t.docs, &doc), &t.docs->e);
	fall = documents_figure(t.docs, "neimenggu", INVESTED, "2017-12");
	assert_non_null(fall);
	assert_f64(fall->value, 88972000000.0);
	assert_int_equal(fall->flags, FIGURE_SUSPECT);
	past.obs = t.docs->b->obs;
	past.nobs = t.docs->b->nobs;
	assert_ok(append_now(t.store, &past, &t.e), &t.e);
	v = must_snapshot(t.store);
	assess_options_init(&o);
	a = assess_run(v, t.docs->cat, THEN_MS, &o, &t.e);
	if (!a)
		fail_msg("%s", t.e.text);
	assert_ok(assessment_series(a, look, &seen, &t.e), &t.e);
	assert_near(seen.period_value, -1626000000.0, 1e-3);
	assert_f64(seen.revision, 1.0);
	assessment_unref(a);
	snapshot_close(v);
	free(body);
	close_town(&t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(figures_are_held_against_the_released_ones_in_the_store),
		cmocka_unit_test(a_real_fall_within_the_year_is_kept_marked_and_never_clipped),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
