/*
 * watch_conditions.c - from an assessment to what alerts are raised for.
 *
 * Four conditions: a unit whose light for an indicator is as bad as configured
 * or worse; a unit that owes a report (one alert a unit, however many figures
 * it owes, so that one silent office is one alert); a feed that fails; a year without
 * its holidays. Labels say who and what and stay the same while the alert lives; figures and words
 * are annotations.
 */
#include "daemon/watch.h"

#include <stdio.h>

static struct date date_of(const struct catalogue *c, int64_t ms)
{
	return zone_civil(catalogue_zone(c), ms).date;
}

/* The unit's label is its class: park="…", county="…". */
static struct labels *unit_labels(const struct unit *u, const struct indicator *i,
				  const char *owner, struct err *e)
{
	struct label l[4];
	size_t n = 0;

	l[n++] = (struct label){ slice_str(unit_class_name(u->class)), slice_str(u->id) };
	if (i)
		l[n++] = (struct label){ slice_str("indicator"), slice_str(i->code) };
	if (owner)
		l[n++] = (struct label){ slice_str("owner"), slice_str(owner) };
	return labels_intern(l, n, e);
}

static int no_room(struct err *e)
{
	return err_set(e, ERR_LIMIT, "no room for the conditions of alerts");
}

static int add_lagging(const struct assessment *a, const struct figure *f, struct conditions *out,
		       struct err *e)
{
	const struct catalogue *c = assessment_catalogue(a);
	struct alert_instance *to = &out->lagging[out->nlagging];
	struct date today = date_of(c, a->as_of_ms);
	char period[PERIOD_TEXT];

	period_print_zh(f->judged, period);
	to->summary = arena_printf(out->arena, "%s %s %s：进度比 %.2f（%s灯）",
				   unit_name(f->unit, today), f->indicator->name, period, f->pace,
				   f->light == LIGHT_RED      ? "红"
				   : f->light == LIGHT_YELLOW ? "黄"
							      : "关注");
	to->description =
		arena_printf(out->arena,
			     "%s of %s in %s: attainment %.1f %% of the year's target against a "
			     "schedule of %.1f %% "
			     "(%s), pace %.3f, light %s",
			     f->indicator->code, f->unit->id,
			     period_print(f->judged, (char[PERIOD_TEXT]){ 0 }), f->attainment * 100,
			     f->schedule * 100, schedule_source_name(f->schedule_source), f->pace,
			     light_name(f->light));
	to->value = f->pace;
	if (!to->summary || !to->description)
		return no_room(e);
	to->labels = unit_labels(f->unit, f->indicator, f->indicator->owner, e);
	if (!to->labels)
		return -1;
	out->nlagging++;
	return 0;
}

/* Figures with a light of pass or fail have no pace and no schedule. */
static bool lags(const struct config *c, const struct figure *f)
{
	return f->has_judged && f->has_pace && f->light != LIGHT_NONE &&
	       (int)f->light >= c->lagging.light;
}

struct owed {
	const struct unit *unit;
	const struct figure *worst;
	unsigned figures;
};

static int add_late(const struct assessment *a, const struct owed *o, struct conditions *out,
		    struct err *e)
{
	const struct catalogue *c = assessment_catalogue(a);
	struct alert_instance *to = &out->late[out->nlate];
	const struct figure *f = o->worst;
	char period[PERIOD_TEXT], due[TIME_TEXT];

	zone_print(catalogue_zone(c), catalogue_due(c, f->indicator, f->missing), due);
	to->summary =
		arena_printf(out->arena, "%s 迟报 %u 项，最早为 %s %s，已逾期 %.1f 个工作小时",
			     unit_name(o->unit, date_of(c, a->as_of_ms)), o->figures,
			     f->indicator->name, period_print_zh(f->missing, period),
			     f->late_hours);
	to->description = arena_printf(out->arena,
				       "%s owes %u figures; the longest overdue is %s of %s, due "
				       "%s, late by %.1f working hours",
				       o->unit->id, o->figures, f->indicator->code,
				       period_print(f->missing, period), due, f->late_hours);
	to->value = f->late_hours;
	if (!to->summary || !to->description)
		return no_room(e);
	to->labels = unit_labels(o->unit, NULL, NULL, e);
	if (!to->labels)
		return -1;
	out->nlate++;
	return 0;
}

static int make_late(const struct config *c, const struct assessment *a, struct conditions *out,
		     struct err *e)
{
	struct owed *owed = arena_array(out->arena, a->nunits ? a->nunits : 1, sizeof(*owed));

	out->late = arena_array(out->arena, a->nunits ? a->nunits : 1, sizeof(*out->late));
	if (!owed || !out->late)
		return no_room(e);
	for (size_t i = 0; i < a->nfigures; i++) {
		const struct figure *f = &a->figures[i];
		size_t u = 0;

		if (f->state != REPORT_LATE || !(f->late_hours > c->late.hours))
			continue;
		while (u < a->nunits && a->units[u].unit != f->unit)
			u++;
		if (u == a->nunits)
			continue;
		owed[u].unit = f->unit;
		owed[u].figures++;
		if (!owed[u].worst || f->late_hours > owed[u].worst->late_hours)
			owed[u].worst = f;
	}
	for (size_t u = 0; u < a->nunits; u++)
		if (owed[u].unit && add_late(a, &owed[u], out, e) < 0)
			return -1;
	return 0;
}

static int make_lagging(const struct config *c, const struct assessment *a, struct conditions *out,
			struct err *e)
{
	size_t n = 0;

	for (size_t i = 0; i < a->nfigures; i++)
		n += lags(c, &a->figures[i]);
	out->lagging = arena_array(out->arena, n ? n : 1, sizeof(*out->lagging));
	if (!out->lagging)
		return no_room(e);
	for (size_t i = 0; i < a->nfigures; i++)
		if (lags(c, &a->figures[i]) && add_lagging(a, &a->figures[i], out, e) < 0)
			return -1;
	return 0;
}

static int make_feeds(const struct config *c, const struct feed_failure *f, size_t nf,
		      struct conditions *out, struct err *e)
{
	out->feeds = arena_array(out->arena, nf ? nf : 1, sizeof(*out->feeds));
	if (!out->feeds)
		return no_room(e);
	for (size_t i = 0; i < nf; i++) {
		struct alert_instance *to = &out->feeds[out->nfeeds];
		struct label l[2] = { { slice_str("feed"), slice_str(f[i].name) },
				      { slice_str("owner"), slice_str(f[i].owner) } };

		if (f[i].failures < (unsigned)c->feed_down.failures)
			continue;
		to->value = f[i].failures;
		to->summary = arena_printf(out->arena, "数据源 %s 连续失败 %u 次", f[i].name,
					   f[i].failures);
		to->description =
			arena_printf(out->arena, "feed %s (%s) failed %u times in a row: %s",
				     f[i].name, f[i].source, f[i].failures, f[i].error);
		if (!to->summary || !to->description)
			return no_room(e);
		to->labels = labels_intern(l, 2, e);
		if (!to->labels)
			return -1;
		out->nfeeds++;
	}
	return 0;
}

/* --- the calendar --------------------------------------------------------------------- */

static int add_year(const struct workdays *w, int year, struct conditions *out, struct err *e)
{
	struct alert_instance *to = &out->calendar[out->ncalendar];
	bool provisional = workdays_has_year(w, year);
	char text[16];
	struct label l = { slice_str("year"), slice_of(text, 0) };

	l.value.n = (size_t)snprintf(text, sizeof(text), "%d", year);
	to->value = year;
	to->summary = arena_printf(out->arena, "目录缺少 %d 年节假日安排，%s", year,
				   provisional ? "目前只按法定节假日推算，未计调休"
					       : "工作日只按周末推算");
	to->description = arena_printf(
		out->arena,
		"the catalogue has no official holidays of %d: due times and lateness of that year "
		"count %s; add the State Council's arrangement under 'holidays:'",
		year,
		provisional ? "the law's holidays but no exchanged weekends" : "weekends only");
	if (!to->summary || !to->description)
		return no_room(e);
	to->labels = labels_intern(&l, 1, e);
	if (!to->labels)
		return -1;
	out->ncalendar++;
	return 0;
}

static int make_calendar(const struct assessment *a, struct conditions *out, struct err *e)
{
	const struct catalogue *c = assessment_catalogue(a);
	const struct workdays *w = catalogue_workdays(c);
	struct date today = date_of(c, a->as_of_ms);
	unsigned missing = workdays_years_missing(w, today);

	out->calendar = arena_array(out->arena, missing + 1, sizeof(*out->calendar));
	if (!out->calendar)
		return no_room(e);
	for (int year = today.year; out->ncalendar < missing; year++)
		if (!workdays_is_official(w, year) && add_year(w, year, out, e) < 0)
			return -1;
	return 0;
}

int conditions_make(const struct config *c, const struct assessment *a,
		    const struct feed_failure *f, size_t nf, struct conditions *out, struct err *e)
{
	if (make_lagging(c, a, out, e) < 0 || make_late(c, a, out, e) < 0 ||
	    make_feeds(c, f, nf, out, e) < 0 || make_calendar(a, out, e) < 0)
		return err_wrap(e, "conditions of alerts");
	return 0;
}

static void unref_all(struct alert_instance *list, size_t n)
{
	for (size_t i = 0; i < n; i++)
		labels_unref(list[i].labels);
}

void conditions_release(struct conditions *c)
{
	unref_all(c->lagging, c->nlagging);
	unref_all(c->late, c->nlate);
	unref_all(c->feeds, c->nfeeds);
	unref_all(c->calendar, c->ncalendar);
	c->nlagging = c->nlate = c->nfeeds = c->ncalendar = 0;
}
