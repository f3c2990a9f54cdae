/*
 * test_city.c - the example city on many days: the offices, the daemon, a clock moved by hand.
 *
 * On any day of any year, January included, a lagging park and a late park are there; the
 * correction makes a second vintage; the GBK file's broken row is refused and its other rows are
 * kept.
 */
#include "collectors/mapping.h"
#include "examples/city/figures.h"
#include "examples/city/offices.h"
#include "tests/lib/assert.h"
#include "tests/lib/tmp.h"
#include "tests/scenario/scene.h"

#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static const char *const static_catalogue[] = {
	"examples/city/catalogue/units.yaml",
	"examples/city/catalogue/indicators.yaml",
	"examples/city/catalogue/targets.yaml",
	"catalogue/data/holidays-cn.yaml",
};
enum { STATIC = 4 };

struct city {
	struct scene s;
	struct catalogue *catalogue; /* of the offices */
	struct offices *offices;
};

static struct catalogue *load(const char *const *paths, size_t n)
{
	struct err e;
	struct catalogue_options o = { .zone = zone_open("Asia/Shanghai", &e),
				       .hours = { 540, 1020 } };
	struct catalogue *c;
	struct arena a;
	struct diags d;

	arena_init(&a, 16 << 20);
	diags_init(&d, &a, 100);
	c = catalogue_load(paths, n, &o, &d);
	if (!c) {
		diags_print(&d, stderr);
		fail_msg("the city's catalogue has mistakes");
	}
	arena_release(&a);
	return c;
}

/* As examples/city/run does: the other years' targets first. */
static void write_targets(struct city *c)
{
	struct catalogue *without = load(static_catalogue, STATIC);
	FILE *f = fopen(tmp_path(c->s.dir, "targets.yaml"), "w");

	assert_non_null(f);
	assert_int_equal(figures_write_targets(without, clock_wall(&c->s.clock), f), 0);
	fclose(f);
	catalogue_unref(without);
}

static void replace(char **text, const char *what, const char *with)
{
	char *at, *made;

	while ((at = strstr(*text, what))) {
		assert_true(asprintf(&made, "%.*s%s%s", (int)(at - *text), *text, with,
				     at + strlen(what)) >= 0);
		free(*text);
		*text = made;
	}
}

/* The shipped configuration, with this test's ports and folders. */
static void write_config(struct city *c)
{
	char *text = repo_file("examples/city/parkwatch.yaml"), *cwd = getcwd(NULL, 0), to[8192];

	snprintf(to, sizeof(to), "127.0.0.1:%d/", offices_port(c->offices));
	replace(&text, "127.0.0.1:9291/", to);
	replace(&text, "127.0.0.1:9290", "127.0.0.1:0");
	replace(&text, "state/targets.yaml", "targets.yaml");
	replace(&text, "state/", "");
	replace(&text, "- ../../catalogue/", "- REPO/catalogue/");
	replace(&text, "- catalogue/", "- REPO/examples/city/catalogue/");
	replace(&text, "REPO", cwd);
	scene_write(&c->s, "parkwatch.yaml", "%s", text);
	free(text);
	free(cwd);
}

static bool quiet_and_assessed(struct scene *s, void *ctx)
{
	struct assessment *a = daemon_assessment(s->d);
	bool yes = a && a->as_of_ms > *(int64_t *)ctx && scene_feeds_quiet(s, NULL);

	if (a)
		assessment_unref(a);
	return yes;
}

static void city_open(struct city *c, const char *when)
{
	const char *paths[STATIC + 1];
	struct offices_options o;
	int64_t begin;

	scene_make(&c->s, when);
	mkdir(tmp_path(c->s.dir, "drop"), 0700);
	write_targets(c);
	memcpy(paths, static_catalogue, sizeof(static_catalogue));
	paths[STATIC] = tmp_path(c->s.dir, "targets.yaml");
	c->catalogue = load(paths, STATIC + 1);
	/* An empty daemon first: its loop carries the offices too. */
	scene_write(&c->s, "parkwatch.yaml", "listen: 127.0.0.1:0\ndata_dir: data\n");
	scene_open(&c->s);
	o = (struct offices_options){ .loop = daemon_loop(c->s.d),
				      .catalogue = c->catalogue,
				      .host = "127.0.0.1",
				      .drop_dir = tmp_path(c->s.dir, "drop"),
				      .state_dir = c->s.dir,
				      .correct_after_ms = 5 * 60 * 1000 };
	c->offices = offices_open(&o, &c->s.e);
	assert_non_null(c->offices);
	write_config(c);
	assert_ok(daemon_reload(c->s.d, &c->s.e), &c->s.e);
	begin = clock_wall(&c->s.clock) + 120 * 1000;
	scene_until(&c->s, quiet_and_assessed, &begin, 4 * 60 * 1000, 1000,
		    "the city's first figures");
}

static void city_close(struct city *c)
{
	offices_close(c->offices);
	scene_end(&c->s);
	catalogue_unref(c->catalogue);
}

static const struct unit *unit_of_part(const struct city *c, enum part part, size_t nth)
{
	for (size_t i = 0; i < catalogue_units(c->catalogue); i++) {
		const struct unit *u = catalogue_unit_at(c->catalogue, i);

		if (u->class == UNIT_PARK && !u->valid.to.year &&
		    figure_part(c->catalogue, u) == part && nth-- == 0)
			return u;
	}
	fail_msg("no park plays part %d", part);
	return NULL;
}

/* What a failure of the next test needs to be understood. */
static void show_lights(struct city *c, const char *park)
{
	struct assessment *a = daemon_assessment(c->s.d);
	char period[PERIOD_TEXT];

	for (size_t i = 0; i < a->nfigures; i++) {
		const struct figure *f = &a->figures[i];

		if (f->light >= LIGHT_YELLOW && strcmp(f->unit->id, park) == 0)
			print_message("%s %s %s: attainment %g, schedule %g (%s), pace %g, %s\n",
				      park, f->indicator->code, period_print(f->judged, period),
				      f->attainment, f->schedule,
				      schedule_source_name(f->schedule_source), f->pace,
				      light_name(f->light));
	}
	assessment_unref(a);
}

static void on_any_day_a_lagging_and_a_late_park_are_there(void **state)
{
	static const char *const days[] = {
		"2026-11-23T08:00:00+08:00", "2027-01-01T00:00:30+08:00",
		"2027-01-05T09:00:00+08:00", "2027-01-20T12:00:00+08:00",
		"2027-02-10T10:00:00+08:00", "2027-03-01T10:00:00+08:00",
		"2027-03-16T10:00:00+08:00", "2027-03-31T23:59:00+08:00",
		"2027-04-20T10:00:00+08:00", "2027-06-30T10:00:00+08:00",
		"2028-02-29T10:00:00+08:00", "2031-10-08T10:00:00+08:00",
		"2033-12-31T10:00:00+08:00",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(days) / sizeof(days[0]); i++) {
		struct city c = { 0 };
		const char *lags_1, *lags_2, *late, *plain;

		city_open(&c, days[i]);
		lags_1 = unit_of_part(&c, PART_LAGS, 0)->id;
		lags_2 = unit_of_part(&c, PART_LAGS, 1)->id;
		late = unit_of_part(&c, PART_LATE, 0)->id;
		plain = unit_of_part(&c, PART_PLAIN, 0)->id;
		print_message("%s: lagging %s, %s; late %s\n", days[i], lags_1, lags_2, late);
		assert_int_equal(scene_alert(&c.s, "ParkLagging", "park", lags_1), ALERT_FIRING);
		assert_int_equal(scene_alert(&c.s, "ParkLagging", "park", lags_2), ALERT_FIRING);
		assert_int_equal(scene_alert(&c.s, "ReportLate", "park", late), ALERT_FIRING);
		if (scene_alert(&c.s, "ParkLagging", "park", plain) != -1)
			show_lights(&c, plain);
		assert_int_equal(scene_alert(&c.s, "ParkLagging", "park", plain), -1);
		assert_int_equal(scene_alert(&c.s, "ReportLate", "park", plain), -1);
		city_close(&c);
	}
}

static size_t vintages_of_investment(struct city *c, const char *unit)
{
	const struct indicator *i =
		catalogue_indicator(c->catalogue, slice_str("fixed_asset_investment_yuan"));
	struct period due = catalogue_last_due(c->catalogue, i, clock_wall(&c->s.clock));
	int64_t stamp = period_stamp(due, catalogue_zone(c->catalogue));
	struct labels *ls =
		catalogue_series(catalogue_unit(c->catalogue, slice_str(unit)), i, &c->s.e);
	struct snapshot *v = snapshot_open(daemon_store(c->s.d), 0, &c->s.e);
	struct series_ref ref;
	struct vintage *list;
	struct arena a;
	size_t n;

	arena_init(&a, 1 << 20);
	assert_non_null(v);
	assert_ok(snapshot_find(v, ls, &ref, &c->s.e), &c->s.e);
	assert_ok(snapshot_vintages(v, ref.id, stamp, &a, &list, &n, &c->s.e), &c->s.e);
	if (n == 2)
		assert_near(list[1].value / list[0].value, 1.015, 1e-3);
	snapshot_close(v);
	arena_release(&a);
	labels_unref(ls);
	return n;
}

static bool corrected(struct scene *s, void *ctx)
{
	(void)s;
	struct city *c = ctx;

	return vintages_of_investment(c, unit_of_part(c, PART_CORRECTS, 0)->id) == 2;
}

static void a_correction_is_a_second_vintage(void **state)
{
	struct city c = { 0 };

	(void)state;
	city_open(&c, "2026-11-23T08:00:00+08:00");
	assert_int_equal(vintages_of_investment(&c, unit_of_part(&c, PART_CORRECTS, 0)->id), 1);
	scene_until(&c.s, corrected, &c, 15 * 60 * 1000, 5000, "the correction");
	assert_int_equal(vintages_of_investment(&c, unit_of_part(&c, PART_PLAIN, 0)->id), 1);
	city_close(&c);
}

static void a_broken_row_in_a_gbk_file_costs_that_row_only(void **state)
{
	struct city c = { 0 };
	char name[256], *reasons;
	const char *gbk;

	(void)state;
	city_open(&c, "2026-11-23T08:00:00+08:00");
	gbk = unit_of_part(&c, PART_GBK, 0)->id;
	snprintf(name, sizeof(name), "drop/accepted/JJQ201_%s_2026-Q3.csv.reasons.txt", gbk);
	reasons = tmp_read(tmp_path(c.s.dir, name), NULL);
	assert_non_null(reasons);
	assert_has(reasons, "encoding");
	assert_has(reasons, "0xff");
	free(reasons);
	assert_true(counter_get_for(C_ROWS_REFUSED, slice_str("encoding")) >= 1);
	/* The good rows are there: the park's built-up area of the third quarter. */
	struct assessment *a = daemon_assessment(c.s.d);
	bool found = false;

	for (size_t i = 0; i < a->nfigures; i++)
		found |=
			strcmp(a->figures[i].unit->id, gbk) == 0 &&
			strcmp(a->figures[i].indicator->code, "built_up_area_square_meters") == 0 &&
			a->figures[i].has_value && a->figures[i].period.last_month == 9;
	assert_true(found);
	assessment_unref(a);
	city_close(&c);
}

/* --- questions ----------------------------------------------------------------------- */

/* Four years of ten parks come at once, 17,000 figures in panels of eight and more. One park has a
 * target half as large again as the year before; nothing else is odd. */
static void a_city_that_begins_is_asked_a_handful_of_questions(void **state)
{
	double before = counter_get_for(C_ROWS_SUSPECT, slice_str("panel"));
	struct city c = { 0 };

	(void)state;
	city_open(&c, "2026-11-23T08:00:00+08:00");
	assert_in_range((int)(counter_get_for(C_ROWS_SUSPECT, slice_str("panel")) - before), 1, 10);
	city_close(&c);
}

enum slip { UP_10, DOWN_10, UP_10000, DOWN_10000, NEGATIVE, SWAPPED, SLIPS };
enum { PERIODS = 25, PARKS_MAX = 20 };

/* A table of one indicator: units down, periods across. */
struct table {
	const struct unit *units[PARKS_MAX];
	struct period periods[PERIODS];
	double v[PARKS_MAX][PERIODS];
	size_t nunits;
};

static bool fill_table(const struct catalogue *c, const struct indicator *i, int64_t now_ms,
		       struct table *t)
{
	struct period p = catalogue_last_due(c, i, now_ms);

	t->nunits = 0;
	if (i->freq == FREQ_YEAR || i->form == FORM_GROWTH || indicator_is_rate(i) ||
	    !indicator_reports(i, UNIT_PARK) || i->direction == DIRECTION_ZERO)
		return false;
	for (size_t k = PERIODS; k-- > 0; p = indicator_previous(i, p))
		t->periods[k] = p;
	for (size_t k = 0; k < catalogue_units(c); k++) {
		const struct unit *u = catalogue_unit_at(c, k);

		if (u->class != UNIT_PARK ||
		    !validity_holds(u->valid, period_last_day(t->periods[0])) || u->valid.to.year)
			continue;
		for (size_t n = 0; n < PERIODS; n++) {
			char text[32];

			figure_text(c, u, i, t->periods[n], false, text);
			t->v[t->nunits][n] = strtod(text, NULL);
		}
		t->units[t->nunits++] = u;
	}
	return t->nunits > 0;
}

/* Line of the file: units follow each other, each with its periods. */
static unsigned line_of(size_t unit, size_t period)
{
	return (unsigned)(2 + unit * PERIODS + period);
}

static struct batch *decode_table_of(const struct catalogue *c, const struct indicator *i,
				     const struct table *t, int64_t now_ms)
{
	static const char *const names[] = { "单位", "期间", "数值" };
	const struct layout layout = {
		.unit = { .where = AXIS_COLUMN, .columns = &names[0], .ncolumns = 1 },
		.period = { .where = AXIS_COLUMN, .columns = &names[1], .ncolumns = 1 },
		.value = { .where = AXIS_COLUMN, .columns = &names[2], .ncolumns = 1 },
		.indicator = { .where = AXIS_FIXED, .text = i->code },
	};
	struct document doc = {
		.format = FORMAT_CSV, .layout = &layout, .class = UNIT_PARK, .now_ms = now_ms
	};
	char period[PERIOD_TEXT];
	struct batch *b;
	struct buf csv;
	struct err e;

	buf_init(&csv, 1 << 20);
	buf_puts(&csv, "单位,期间,数值\n");
	for (size_t u = 0; u < t->nunits; u++)
		for (size_t n = 0; n < PERIODS; n++)
			buf_printf(&csv, "%s,%s,%.10g\n", t->units[u]->id,
				   period_print(t->periods[n], period), t->v[u][n]);
	doc.body = slice_of(csv.p, csv.n);
	b = batch_new(64 << 20, &e);
	assert_non_null(b);
	assert_ok(document_decode(&doc, c, NULL, b, &e), &e);
	buf_release(&csv);
	return b;
}

static bool speaks_of(const struct batch *b, unsigned line)
{
	for (size_t k = 0; k < b->ncomplaints; k++)
		if (b->complaints[k].line == line)
			return true;
	return false;
}

/* False: there is nothing that could slip so. */
static bool spoil(struct table *t, enum slip slip, size_t unit, size_t period, size_t *other)
{
	static const double factors[SLIPS] = { 10, 0.1, 1e4, 1e-4, -1, 1 };
	double *mine = &t->v[unit][period];

	*other = unit;
	if (*mine < 10)
		return false;
	*mine *= factors[slip];
	if (slip != SWAPPED)
		return true;
	for (size_t k = 0; k < t->nunits; k++) {
		double *theirs = &t->v[k][period];

		if (*theirs > 1.5 * *mine) {
			double v = *mine;

			*mine = *theirs;
			*theirs = v;
			*other = k;
			return true;
		}
	}
	return false;
}

struct tally {
	size_t slips, found;
};

static void try_table(const struct catalogue *c, const struct indicator *i,
		      const struct table *whole, int64_t now_ms, struct tally tallies[SLIPS])
{
	for (int slip = 0; slip < SLIPS; slip++)
		for (size_t k = 0; k < 4; k++) {
			size_t unit = (i->index + 3 * k) % whole->nunits, other;
			size_t period = PERIODS - 1 - (i->index + 5 * k) % 12;
			struct table t = *whole;
			struct batch *b;

			if (!spoil(&t, (enum slip)slip, unit, period, &other))
				continue;
			b = decode_table_of(c, i, &t, now_ms);
			tallies[slip].slips++;
			tallies[slip].found += speaks_of(b, line_of(unit, period)) ||
					       speaks_of(b, line_of(other, period));
			batch_free(b);
		}
}

/* One figure of a table of two years is wrong, and somebody is told. */
static void slips_in_the_citys_figures_are_found(void **state)
{
	struct catalogue *c = load(static_catalogue, STATIC);
	struct tally tallies[SLIPS] = { 0 };
	int64_t now_ms = scene_time("2026-11-23T08:00:00+08:00");
	static struct table t;

	(void)state;
	for (size_t k = 0; k < catalogue_indicators(c); k++) {
		const struct indicator *i = catalogue_indicator_at(c, k);

		if (fill_table(c, i, now_ms, &t))
			try_table(c, i, &t, now_ms, tallies);
	}
	for (int s = 0; s < SLIPS; s++) {
		assert_true(tallies[s].slips >= 60);
		/* Two of 65 units that stand in each other's rows may pass as growth. */
		assert_true(tallies[s].slips - tallies[s].found <= (s == SWAPPED ? 2 : 0));
	}
	catalogue_unref(c);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_city_that_begins_is_asked_a_handful_of_questions),
		cmocka_unit_test(slips_in_the_citys_figures_are_found),
		cmocka_unit_test(on_any_day_a_lagging_and_a_late_park_are_there),
		cmocka_unit_test(a_correction_is_a_second_vintage),
		cmocka_unit_test(a_broken_row_in_a_gbk_file_costs_that_row_only),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
