/*
 * face.h - a small city and the face it shows, for the tests of exporters/.
 *
 * The assessment is made over an empty store, so that there is one figure for every unit and
 * indicator, and then filled by hand: what the pages show is decided in the test, not by assess/.
 * It is Monday 23 November 2026, 17:05 in Shanghai; October was due on the 12th.
 */
#ifndef TESTS_UNIT_EXPORTERS_FACE_H
#define TESTS_UNIT_EXPORTERS_FACE_H

#include "base/alloc.h"
#include "exporters/handlers.h"
#include "loop/http_server_private.h"
#include "tests/lib/assert.h"
#include "tests/lib/tmp.h"

#include <stdlib.h>

#define ADDED  "industrial_value_added_yuan"
#define TAXES  "tax_revenue_yuan"
#define NOW_MS INT64_C(1795424700000) /* 2026-11-23T17:05:00+08:00 */

static const char face_yaml[] =
	"releases:\n"
	"  - {id: month, freq: M, working_day: 8, grace_working_days: 2, january: false}\n"
	"units:\n"
	"  - {id: stat, class: department, name: 统计局}\n"
	"  - {id: north, class: county, name: 北县}\n"
	"  - {id: jia, class: park, name: '<script>alert(1)</script>', county: north, type: 工业,\n"
	"     league: 市区}\n"
	"  - {id: yi, class: park, name: 乙水产业集聚区, league: 市区}\n"
	"  - {id: bing, class: park, name: 丙川产业集聚区, league: 市区}\n"
	"  - {id: ding, class: park, name: 丁原产业集聚区, league: 县区}\n"
	"indicators:\n"
	"  - {code: " ADDED
	", name: 规上工业增加值, name_en: Value added, measure: 亿元, freq: M,\n"
	"     form: ytd, direction: up, owner: stat, reported_by: [park]}\n"
	"  - {code: " TAXES ", name: 税收收入, measure: 万元, freq: M, form: ytd, direction: up,\n"
	"     reported_by: [park]}\n"
	"targets:\n"
	"  - {unit: jia, indicator: " ADDED ", year: 2026, value: 20}\n"
	"  - {unit: yi, indicator: " ADDED ", year: 2026, value: 10}\n"
	"  - {unit: bing, indicator: " ADDED ", year: 2026, value: 10}\n";

struct face {
	char *dir;
	struct catalogue *c;
	struct store *s;
	struct assessment *a; /* NULL: none yet */
	struct alerts *alerts;
	struct feed_row *feeds;
	size_t nfeeds;
	bool ready;
	struct exporter_view view;
	struct request r; /* of the last exchange */
	bool exchanged;
	struct err e;
};

/* --- what a daemon would give ------------------------------------------------------- */

static inline struct assessment *face_assessment(void *ctx)
{
	struct face *f = ctx;

	return f->a ? assessment_ref(f->a) : NULL;
}

static inline const struct calendar *face_calendar(void *ctx)
{
	(void)ctx;
	return NULL;
}

static inline void face_calendar_close(const struct calendar *c)
{
	(void)c;
}

static inline int face_feeds(void *ctx, struct arena *a, struct feed_row **out, size_t *n,
			     struct err *e)
{
	struct face *f = ctx;

	(void)a;
	(void)e;
	*out = f->feeds;
	*n = f->nfeeds;
	return 0;
}

static inline bool face_ready(void *ctx, const char **why)
{
	struct face *f = ctx;

	*why = "the catalogue is being read";
	return f->ready;
}

static inline int64_t face_now(void *ctx)
{
	(void)ctx;
	return NOW_MS;
}

/* --- making it ------------------------------------------------------------------------ */

static inline void face_load(struct face *f, const char *yaml)
{
	struct catalogue_options o = { .zone = zone_open("Asia/Shanghai", &f->e),
				       .hours = { 9 * 60, 17 * 60 } };
	const char *path = tmp_path(f->dir, "c.yaml");
	struct arena arena;
	struct diags d;

	arena_init(&arena, 1 << 20);
	diags_init(&d, &arena, 20);
	tmp_write(path, yaml, strlen(yaml));
	catalogue_unref(f->c);
	f->c = catalogue_load(&path, 1, &o, &d);
	if (!f->c)
		diags_print(&d, stderr);
	arena_release(&arena);
	assert_non_null(f->c);
}

static inline void face_assess(struct face *f)
{
	struct assess_options o;
	struct snapshot *v = snapshot_open(f->s, 0, &f->e);

	assert_non_null(v);
	assess_options_init(&o);
	assessment_unref(f->a);
	f->a = assess_run(v, f->c, NOW_MS, &o, &f->e);
	snapshot_close(v);
	if (!f->a)
		fail_msg("%s", f->e.text);
}

static inline int face_setup(void **state)
{
	struct face *f = calloc(1, sizeof(*f));
	struct store_options o = { .map_bytes = 1 << 26 };

	if (!f)
		return -1;
	*state = f;
	f->dir = tmp_make();
	f->ready = true;
	o.dir = tmp_path(f->dir, "store");
	f->s = store_open(&o, &f->e);
	assert_non_null(f->s);
	face_load(f, face_yaml);
	face_assess(f);
	f->alerts = alerts_new(&f->e);
	assert_non_null(f->alerts);
	f->view = (struct exporter_view){ .ctx = f,
					  .assessment = face_assessment,
					  .alerts = f->alerts,
					  .feeds = face_feeds,
					  .calendar_open = face_calendar,
					  .calendar_close = face_calendar_close,
					  .ready = face_ready,
					  .store = f->s,
					  .title = "示例市<监测>",
					  .now = face_now };
	return 0;
}

static inline void face_forget(struct face *f)
{
	if (f->exchanged) {
		arena_release(&f->r.x.arena);
		buf_release(&f->r.x.reply);
	}
	f->exchanged = false;
}

static inline int face_teardown(void **state)
{
	struct face *f = *state;

	face_forget(f);
	assessment_unref(f->a);
	alerts_free(f->alerts);
	store_close(f->s);
	catalogue_unref(f->c);
	tmp_remove(f->dir);
	free(f);
	return 0;
}

/* The reply to one request, NUL-terminated, until the next one. `param` may be NULL. */
static inline const char *face_get(struct face *f, void (*serve)(struct exchange *x),
				   const char *accept, const char *param, const char *value)
{
	static struct http_param p;

	face_forget(f);
	p = (struct http_param){ slice_str(param), slice_str(value) };
	memset(&f->r, 0, sizeof(f->r));
	f->r.headers[KEPT_ACCEPT] = slice_str(accept);
	f->r.x.private = &f->r;
	f->r.x.ctx = &f->view;
	f->r.x.status = 200;
	f->r.x.content_type = "text/plain; charset=utf-8";
	f->r.x.params = &p;
	f->r.x.nparams = param ? 1 : 0;
	arena_init(&f->r.x.arena, 16 << 20);
	buf_init(&f->r.x.reply, 16 << 20);
	f->exchanged = true;
	serve(&f->r.x);
	buf_putc(&f->r.x.reply, '\0');
	assert_ok(buf_check(&f->r.x.reply, &f->e), &f->e);
	return f->r.x.reply.p;
}

/* --- filling it by hand ------------------------------------------------------------------ */

static inline struct figure *face_figure(struct face *f, const char *unit, const char *code)
{
	for (size_t i = 0; i < f->a->nfigures; i++) {
		const struct figure *g = &f->a->figures[i];

		if (strcmp(g->unit->id, unit) == 0 && strcmp(g->indicator->code, code) == 0)
			return (struct figure *)(uintptr_t)g;
	}
	fail_msg("no figure of %s for %s", code, unit);
	return NULL;
}

static inline struct unit_summary *face_unit(struct face *f, const char *unit)
{
	for (size_t i = 0; i < f->a->nunits; i++)
		if (strcmp(f->a->units[i].unit->id, unit) == 0)
			return (struct unit_summary *)(uintptr_t)&f->a->units[i];
	fail_msg("no unit %s", unit);
	return NULL;
}

/* October's figure came in and was judged. */
static inline struct figure *face_fill(struct face *f, const char *unit, double value, double pace,
				       enum light light, unsigned rank)
{
	struct figure *g = face_figure(f, unit, ADDED);
	struct unit_summary *s = face_unit(f, unit);

	g->state = REPORT_NOT_DUE;
	g->missing = (struct period){ 0 };
	g->late_hours = 0;
	g->has_value = g->current = g->has_judged = true;
	g->period = g->judged = period_month(2026, 10);
	g->stamp_ms = period_stamp(g->period, catalogue_zone(f->c));
	g->value = g->judged_value = value;
	g->received_ms = g->known_from_ms = NOW_MS - 3600000;
	g->vintages = 1;
	g->target =
		catalogue_target(f->c, g->unit, g->indicator, 2026, (struct date){ 2026, 11, 1 });
	g->has_pace = g->has_schedule = g->has_attainment = true;
	g->pace = pace;
	g->schedule = 0.8;
	g->attainment = pace * 0.8;
	g->schedule_source = SCHEDULE_SPLIT;
	g->light = light;
	g->rank = rank;
	g->ranked = 2;
	s->lights[light] = 1;
	s->worst = light;
	s->with_pace = 1;
	s->mean_pace = pace;
	s->rank = rank;
	s->ranked = 2;
	s->late--;
	return g;
}

/* jia lags, yi is on schedule, bing owes two figures, ding has no target. */
static inline void face_fill_city(struct face *f)
{
	struct indicator_summary *sum = (struct indicator_summary *)(uintptr_t)f->a->indicators;

	sum->closed = period_month(2026, 10);
	sum->closed_ms = NOW_MS - 86400000;
	sum->reporting = 2;
	sum->expected = 4;
	face_fill(f, "jia", 1234000000, 0.9, LIGHT_YELLOW, 2);
	face_fill(f, "yi", 999000000, 1.25, LIGHT_GREEN, 1);
	face_figure(f, "bing", ADDED)->judged = period_month(2026, 10);
	face_figure(f, "bing", ADDED)->target =
		catalogue_target(f->c, catalogue_unit(f->c, slice_str("bing")),
				 catalogue_indicator(f->c, slice_str(ADDED)), 2026,
				 (struct date){ 2026, 11, 1 });
	face_unit(f, "bing")->lights[LIGHT_NONE] = 1;
	face_figure(f, "ding", ADDED)->judged = period_month(2026, 10);
}

/* One alert, firing at once. */
static inline void face_alert(struct face *f, const char *name, const char *label,
			      const char *value, int64_t for_ms, const char *summary)
{
	struct alert_rule rule = { .name = name, .severity = "warning", .for_ms = for_ms };
	struct label l[2] = { { slice_str(label), slice_str(value) },
			      { slice_str("indicator"), slice_str(ADDED) } };
	struct labels *ls = labels_intern(l, strcmp(label, "feed") ? 2 : 1, &f->e);
	struct alert_instance in = {
		.labels = ls, .value = 0.75, .summary = summary, .description = "attainment \"low\""
	};

	assert_non_null(ls);
	assert_ok(alerts_evaluate(f->alerts, &rule, &in, 1, NOW_MS, &f->e), &f->e);
	labels_unref(ls);
}

#endif
