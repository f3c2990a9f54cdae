/*
 * test_city.c - the example city on many days: the offices, the daemon, a clock moved by hand.
 *
 * On any day of any year, January included, a lagging park and a late park are there; the
 * correction makes a second vintage; the GBK file's broken row is refused and its other rows are
 * kept.
 */
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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(on_any_day_a_lagging_and_a_late_park_are_there),
		cmocka_unit_test(a_correction_is_a_second_vintage),
		cmocka_unit_test(a_broken_row_in_a_gbk_file_costs_that_row_only),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
