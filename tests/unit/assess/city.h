/*
 * city.h - a small city with a store and a catalogue of its own, for the tests of assess/.
 *
 * Four parks report the value added since New Year (monthly, without January) and the admitted
 * restricted projects (must be 0). Years 2023 to 2025 are complete and follow one profile exactly,
 *so that schedules can be told in the head. There are no holidays: working days are Monday to
 *Friday, 9 to 17. A month is due on the 8th working day at 17:00, with two working days of grace:
 *
 *	October 2026   due Wednesday 11 November, grace until Friday 13 November 17:00
 *	November 2026  due Thursday 10 December, grace until Monday 14 December
 *	December 2026  due Tuesday 12 January 2027, grace until Thursday 14 January
 */
#ifndef TESTS_UNIT_ASSESS_CITY_H
#define TESTS_UNIT_ASSESS_CITY_H

#include "assess/assess.h"
#include "base/alloc.h"
#include "tests/unit/storage/help.h"

#define ADDED "industrial_value_added_yuan"

static const char city_yaml[] =
	"releases:\n"
	"  - {id: month, freq: M, working_day: 8, grace_working_days: 2, january: false}\n"
	"units:\n"
	"  - {id: office, class: department, name: 统计局}\n"
	"  - {id: jia, class: park, name: 甲山产业集聚区, county: north, type: 工业, league: "
	"市区}\n"
	"  - {id: yi, class: park, name: 乙水产业集聚区, league: 市区}\n"
	"  - {id: bing, class: park, name: 丙川产业集聚区, league: 市区}\n"
	"  - {id: ding, class: park, name: 丁原产业集聚区, league: 县区}\n"
	"  - {id: north, class: county, name: 北县}\n"
	"indicators:\n"
	"  - {code: " ADDED ", name: 规上工业增加值, measure: 元, freq: M, form: ytd,\n"
	"     direction: up, owner: office, reported_by: [park]}\n"
	"  - {code: restricted_projects_admitted, name: 入驻两高一资项目, measure: 个, freq: M,\n"
	"     form: ytd, direction: zero, reported_by: [park], from: 2026-10-01}\n"
	"targets:\n"
	"  - {unit: jia, indicator: " ADDED ", year: 2026, value: 1000}\n"
	"  - {unit: yi, indicator: " ADDED ", year: 2026, value: 1000}\n"
	"  - {unit: bing, indicator: " ADDED ", year: 2026, value: 1000}\n"
	"  - {unit: ding, indicator: " ADDED ", year: 2026, value: 1000}\n"
	"  - {unit: jia, indicator: " ADDED ", year: 2027, value: 1000}\n"
	"  - {unit: yi, indicator: " ADDED ", year: 2027, value: 1000}\n";

/* Per mille of the year reached by February … December. */
static const int city_share[13] = { 0, 0, 80, 170, 250, 330, 450, 530, 620, 740, 830, 920, 1000 };

static const char *const city_parks[] = { "jia", "yi", "bing", "ding" };

struct city {
	char *dir;
	struct zone *zone; /* the tests' own; the catalogue takes another */
	struct catalogue *c;
	struct store *s;
	struct snapshot *v;
	struct assessment *a;
	struct arena arena;
	struct diags d;
	struct err e;
};

/* "2026-11-09T10:00" in Shanghai. */
static inline int64_t at_time(const char *local)
{
	char text[40];
	struct err e = { 0 };
	int64_t ms;

	snprintf(text, sizeof(text), "%s:00+08:00", local);
	assert_ok(time_parse(slice_str(text), &ms, &e), &e);
	return ms;
}

static inline const struct indicator *city_indicator(struct city *c, const char *code)
{
	const struct indicator *i = catalogue_indicator(c->c, slice_str(code));

	assert_non_null(i);
	return i;
}

/* One figure; `released` NULL: with its receipt, "": not yet. */
static inline void city_put_released(struct city *c, const char *unit, const char *code, int year,
				     int month, double value, const char *received,
				     const char *released)
{
	const struct indicator *i = city_indicator(c, code);
	struct observation o = {
		.labels = catalogue_series(catalogue_unit(c->c, slice_str(unit)), i, &c->e),
		.stamp_ms = period_stamp(period_month(year, month), c->zone),
		.value = value,
		.months = (uint8_t)freq_months(i->freq),
	};
	struct append a = { .submission = { .source = "test",
					    .owner = "",
					    .origin = "",
					    .received_ms = at_time(received),
					    .released_ms = at_time(received) },
			    .obs = &o,
			    .nobs = 1 };

	assert_non_null(o.labels);
	if (released)
		a.submission.released_ms = *released ? at_time(released) : 0;
	assert_ok(append_now(c->s, &a, &c->e), &c->e);
	labels_unref(o.labels);
}

static inline void city_put(struct city *c, const char *unit, const char *code, int year, int month,
			    double value, const char *received)
{
	city_put_released(c, unit, code, year, month, value, received, NULL);
}

/* All collected months of a year in one submission, `pace` times the profile of 1000. */
static inline void city_year(struct city *c, const char *unit, int year, int last_month,
			     double total, const char *received)
{
	struct observation o[12];
	struct append a = { .submission = { .source = "test",
					    .owner = "",
					    .origin = "",
					    .received_ms = at_time(received),
					    .released_ms = at_time(received) } };
	struct labels *ls = catalogue_series(catalogue_unit(c->c, slice_str(unit)),
					     city_indicator(c, ADDED), &c->e);

	for (int m = 2; m <= last_month; m++)
		o[a.nobs++] = (struct observation){
			.labels = ls,
			.stamp_ms = period_stamp(period_month(year, m), c->zone),
			.value = total * city_share[m] / 1000,
			.months = 1,
		};
	a.obs = o;
	assert_ok(append_now(c->s, &a, &c->e), &c->e);
	labels_unref(ls);
}

static inline void city_load(struct city *c, const char *yaml)
{
	struct catalogue_options o = { .zone = zone_open("Asia/Shanghai", &c->e),
				       .hours = { 9 * 60, 17 * 60 } };
	const char *path = tmp_path(c->dir, "c.yaml");

	tmp_write(path, yaml, strlen(yaml));
	catalogue_unref(c->c);
	c->c = catalogue_load(&path, 1, &o, &c->d);
	if (!c->c)
		diags_print(&c->d, stderr);
	assert_non_null(c->c);
}

/* An empty store beside this catalogue. */
static inline struct city *city_open(const char *yaml)
{
	struct city *c = calloc(1, sizeof(*c));

	assert_non_null(c);
	c->dir = tmp_make();
	arena_init(&c->arena, 64 << 20);
	diags_init(&c->d, &c->arena, 50);
	c->zone = zone_open("Asia/Shanghai", &c->e);
	assert_non_null(c->zone);
	city_load(c, yaml);
	c->s = must_open(tmp_path(c->dir, "store"));
	return c;
}

/* Three complete years of every park, totals 1000. */
static inline int city_setup(void **state)
{
	struct city *c = city_open(city_yaml);

	*state = c;
	for (int k = 0; k < 4; k++)
		for (int year = 2023; year <= 2025; year++)
			city_year(c, city_parks[k], year, 12, 1000, "2026-01-14T10:00");
	return 0;
}

static inline void city_forget(struct city *c)
{
	assessment_unref(c->a);
	if (c->v)
		snapshot_close(c->v);
	c->a = NULL;
	c->v = NULL;
}

static inline int city_teardown(void **state)
{
	struct city *c = *state;

	city_forget(c);
	store_close(c->s);
	catalogue_unref(c->c);
	zone_close(c->zone);
	arena_release(&c->arena);
	tmp_remove(c->dir);
	free(c);
	return 0;
}

static inline const struct assessment *city_assess(struct city *c, const char *as_of)
{
	struct assess_options o;

	city_forget(c);
	assess_options_init(&o);
	c->v = must_snapshot(c->s);
	c->a = assess_run(c->v, c->c, at_time(as_of), &o, &c->e);
	if (!c->a)
		fail_msg("%s", c->e.text);
	return c->a;
}

static inline const struct figure *figure_of(const struct assessment *a, const char *unit,
					     const char *code)
{
	for (size_t i = 0; i < a->nfigures; i++)
		if (strcmp(a->figures[i].unit->id, unit) == 0 &&
		    strcmp(a->figures[i].indicator->code, code) == 0)
			return &a->figures[i];
	fail_msg("no figure of %s, %s", unit, code);
	return NULL;
}

static inline const char *month_text(struct period p)
{
	static char ring[4][PERIOD_TEXT];
	static unsigned k;

	return p.freq == FREQ_NONE ? "none" : period_print(p, ring[k++ % 4]);
}

#endif
