/*
 * series.c - an assessment as families of series. See assess.h.
 *
 * A table of families, each with the function that puts its samples of one figure. All of a
 * family come together, as /metrics needs them: class by class, then family by family, then
 * figure by figure. Values in an indicator's own unit get a family for each indicator, since a
 * family has one unit.
 */
#include "assess/assess.h"

#include <stdio.h>

enum { FAMILY_TEXT = 192, HELP_TEXT = 320, NAME_SHOWN = 240 };

struct emit {
	int (*each)(void *ctx, const char *family, const char *help, const struct label *l,
		    size_t n, double v, struct err *e);
	void *ctx;
	struct err *e;
	const struct assessment *a;
	const char *class; /* also the name of the unit's label */
	const char *family, *help;
};

/* `l` without its empty labels: to Prometheus an empty label is none. */
static int put(const struct emit *m, const struct label *l, size_t n, double v)
{
	struct label full[8];
	size_t k = 0;

	for (size_t i = 0; i < n; i++)
		if (l[i].value.n)
			full[k++] = l[i];
	return m->each(m->ctx, m->family, m->help, full, k, v, m->e);
}

/* With unit, indicator, and a third label when `name` is there. */
static int put_figure(const struct emit *m, const struct figure *f, const char *name,
		      const char *value, double v)
{
	const struct label l[3] = {
		{ slice_str(m->class), slice_str(f->unit->id) },
		{ slice_str("indicator"), slice_str(f->indicator->code) },
		{ slice_str(name), slice_str(value) },
	};

	return put(m, l, name ? 3 : 2, v);
}

/* --- families of figures ------------------------------------------------------------- */

/* What was derived with a linking factor says so. */
static int put_growth_kind(const struct emit *m, const struct figure *f, const char *kind,
			   bool linked, double v)
{
	const struct label l[4] = {
		{ slice_str(m->class), slice_str(f->unit->id) },
		{ slice_str("indicator"), slice_str(f->indicator->code) },
		{ slice_str("kind"), slice_str(kind) },
		{ slice_str("base"), slice_str(linked ? "linked" : "") },
	};

	return put(m, l, 4, v);
}

static int put_growth(const struct emit *m, const struct figure *f)
{
	if (f->has_growth_yoy &&
	    put_growth_kind(m, f, "yoy", f->growth_yoy_linked, f->growth_yoy) < 0)
		return -1;
	return f->has_growth_ytd ? put_growth_kind(m, f, "ytd", f->growth_ytd_linked, f->growth_ytd)
				 : 0;
}

static int put_implied_revision(const struct emit *m, const struct figure *f)
{
	return f->has_period_value && f->implied_revision ? put_figure(m, f, NULL, NULL, 1) : 0;
}

static int put_attainment(const struct emit *m, const struct figure *f)
{
	return f->has_attainment ? put_figure(m, f, NULL, NULL, f->attainment) : 0;
}

static int put_schedule(const struct emit *m, const struct figure *f)
{
	return f->has_schedule ? put_figure(m, f, "source",
					    schedule_source_name(f->schedule_source), f->schedule)
			       : 0;
}

static int put_pace(const struct emit *m, const struct figure *f)
{
	return f->has_pace ? put_figure(m, f, NULL, NULL, f->pace) : 0;
}

static int put_light(const struct emit *m, const struct figure *f)
{
	if (!f->target && f->light == LIGHT_NONE)
		return 0;
	return put_figure(m, f, "light", light_name(f->light), 1);
}

static int put_state(const struct emit *m, const struct figure *f)
{
	return put_figure(m, f, "state", report_state_name(f->state), 1);
}

static int put_late_seconds(const struct emit *m, const struct figure *f)
{
	return put_figure(m, f, NULL, NULL, f->late_hours * 3600);
}

static int put_due(const struct emit *m, const struct figure *f)
{
	const struct catalogue *c = assessment_catalogue(m->a);
	int64_t ms = f->due_ms;

	if (f->missing.freq != FREQ_NONE)
		ms = catalogue_due(c, f->indicator, f->missing);
	return ms ? put_figure(m, f, NULL, NULL, (double)ms / 1000) : 0;
}

static int put_rank(const struct emit *m, const struct figure *f)
{
	return f->rank ? put_figure(m, f, NULL, NULL, f->rank) : 0;
}

static int put_period_end(const struct emit *m, const struct figure *f)
{
	return f->has_value ? put_figure(m, f, NULL, NULL, (double)f->stamp_ms / 1000) : 0;
}

static int put_received(const struct emit *m, const struct figure *f)
{
	return f->has_value ? put_figure(m, f, NULL, NULL, (double)f->received_ms / 1000) : 0;
}

static const struct figure_family {
	const char *name; /* behind the class and "_" */
	const char *help;
	int (*put)(const struct emit *m, const struct figure *f);
} figure_families[] = {
	{ "growth_ratio",
	  "Growth against the equal period a year earlier, of the period or year to date.",
	  put_growth },
	{ "implied_revision",
	  "1 where the newest period value is negative because a year-to-date figure fell.",
	  put_implied_revision },
	{ "attainment_ratio", "Share of the year's target reached at the newest closed period.",
	  put_attainment },
	{ "schedule_ratio",
	  "Share of the year's target that should be reached by then, and how that is known.",
	  put_schedule },
	{ "pace_ratio",
	  "Attainment against schedule, 1 is on schedule (of a ceiling: schedule against use).",
	  put_pace },
	{ "light", "Light of the indicator at the newest closed period, 1 for the one that is on.",
	  put_light },
	{ "report_state", "Whether the figures are in, due or late, 1 for the state that holds.",
	  put_state },
	{ "report_late_seconds",
	  "Working time since the oldest missing period was due, or by which the newest was late.",
	  put_late_seconds },
	{ "report_due_timestamp_seconds",
	  "When the oldest missing period was due, or else the newest due one.", put_due },
	{ "rank",
	  "Rank by the value of the newest closed period within class and league, ties share one.",
	  put_rank },
	{ "period_end_timestamp_seconds",
	  "Last day of the period of the newest figure, 00:00 local time.", put_period_end },
	{ "received_timestamp_seconds", "When the newest figure was received.", put_received },
};

static int emit_figures(const struct emit *m, const struct assessment *a, enum unit_class class,
			int (*put_one)(const struct emit *m, const struct figure *f), size_t from,
			size_t to)
{
	for (size_t i = from; i < to; i++)
		if (a->figures[i].unit->class == class && put_one(m, &a->figures[i]) < 0)
			return -1;
	return 0;
}

static int emit_shared(const struct emit *all, const struct assessment *a, enum unit_class class)
{
	char family[FAMILY_TEXT];
	struct emit m = *all;

	for (size_t k = 0; k < sizeof(figure_families) / sizeof(figure_families[0]); k++) {
		snprintf(family, sizeof(family), "%s_%s", m.class, figure_families[k].name);
		m.family = family;
		m.help = figure_families[k].help;
		if (emit_figures(&m, a, class, figure_families[k].put, 0, a->nfigures) < 0)
			return -1;
	}
	return 0;
}

/* --- families in the indicator's own unit ----------------------------------------------- */

static int put_unit_only(const struct emit *m, const struct figure *f, double v)
{
	const struct label l = { slice_str(m->class), slice_str(f->unit->id) };

	return put(m, &l, 1, v);
}

static int put_period_value(const struct emit *m, const struct figure *f)
{
	return f->has_period_value ? put_unit_only(m, f, f->period_value) : 0;
}

static int put_target(const struct emit *m, const struct figure *f)
{
	return f->target ? put_unit_only(m, f, f->target->value) : 0;
}

/* The figures of one indicator are from..to. */
static int emit_indicator(const struct emit *all, const struct assessment *a, enum unit_class class,
			  const char *kind, const char *what,
			  int (*put_one)(const struct emit *m, const struct figure *f), size_t from,
			  size_t to)
{
	const struct indicator *i = a->figures[from].indicator;
	struct slice name = slice_cut(slice_str(i->name), NAME_SHOWN);
	char family[FAMILY_TEXT], help[HELP_TEXT];
	struct emit m = *all;

	snprintf(family, sizeof(family), "%s_%s_%s", m.class, kind, i->code);
	snprintf(help, sizeof(help), "%.*s (%s)", SLICE_FMT(name), what);
	m.family = family;
	m.help = help;
	return emit_figures(&m, a, class, put_one, from, to);
}

static int emit_own(const struct emit *m, const struct assessment *a, enum unit_class class)
{
	for (size_t from = 0, to; from < a->nfigures; from = to) {
		for (to = from; to < a->nfigures; to++)
			if (a->figures[to].indicator != a->figures[from].indicator)
				break;
		if (emit_indicator(m, a, class, "period", "the newest closed period alone",
				   put_period_value, from, to) < 0 ||
		    emit_indicator(m, a, class, "target", "the year's target", put_target, from,
				   to) < 0)
			return -1;
	}
	return 0;
}

/* --- families of units -------------------------------------------------------------------- */

static int put_info(const struct emit *m, const struct assessment *a, const struct unit_summary *s)
{
	const struct zone *z = catalogue_zone(assessment_catalogue(a));
	struct date on = zone_civil(z, a->as_of_ms).date;
	const struct label l[5] = {
		{ slice_str(m->class), slice_str(s->unit->id) },
		{ slice_str("name"), slice_str(unit_name(s->unit, on)) },
		/* A county's own label is its id already. */
		{ slice_str(s->unit->class == UNIT_COUNTY ? "in_county" : "county"),
		  slice_str(unit_county(s->unit, on)) },
		{ slice_str("type"), slice_str(unit_type(s->unit, on)) },
		{ slice_str("league"), slice_str(unit_league(s->unit, on)) },
	};

	return put(m, l, 5, 1);
}

static int put_mean_pace(const struct emit *m, const struct assessment *a,
			 const struct unit_summary *s)
{
	const struct label l = { slice_str(m->class), slice_str(s->unit->id) };

	(void)a;
	return s->with_pace ? put(m, &l, 1, s->mean_pace) : 0;
}

static int put_pace_rank(const struct emit *m, const struct assessment *a,
			 const struct unit_summary *s)
{
	const struct label l = { slice_str(m->class), slice_str(s->unit->id) };

	(void)a;
	return s->rank ? put(m, &l, 1, s->rank) : 0;
}

static const struct unit_family {
	const char *name, *help;
	int (*put)(const struct emit *m, const struct assessment *a, const struct unit_summary *s);
} unit_families[] = {
	{ "info", "Name and place of the unit, as of now.", put_info },
	{ "mean_pace_ratio", "Mean pace over the unit's indicators that have one, unweighted.",
	  put_mean_pace },
	{ "pace_rank", "Rank by mean pace within class and league.", put_pace_rank },
};

static int emit_units(const struct emit *all, const struct assessment *a, enum unit_class class)
{
	char family[FAMILY_TEXT];
	struct emit m = *all;

	for (size_t k = 0; k < sizeof(unit_families) / sizeof(unit_families[0]); k++) {
		snprintf(family, sizeof(family), "%s_%s", m.class, unit_families[k].name);
		m.family = family;
		m.help = unit_families[k].help;
		for (size_t i = 0; i < a->nunits; i++)
			if (a->units[i].unit->class == class &&
			    unit_families[k].put(&m, a, &a->units[i]) < 0)
				return -1;
	}
	return 0;
}

/* --- who reports in time ------------------------------------------------------------ */

static int put_on_time(const struct emit *m, const struct unit *u, const struct punctuality *p)
{
	const struct label l = { slice_str(m->class), slice_str(u->id) };

	if (strcmp(unit_class_name(u->class), m->class) != 0 || p->due == 0)
		return 0;
	return put(m, &l, 1, (double)p->on_time / p->due);
}

/* Of who answers for indicators those count, too. */
static int emit_on_time(const struct emit *all, const struct assessment *a)
{
	char family[FAMILY_TEXT];
	struct emit m = *all;

	snprintf(family, sizeof(family), "%s_reports_on_time_ratio", m.class);
	m.family = family;
	m.help = "Share of the last due reports that came no later than due; of who answers for "
		 "indicators, all of theirs.";
	for (size_t i = 0; i < a->nunits; i++)
		if (!assessment_owner(a, a->units[i].unit) &&
		    put_on_time(&m, a->units[i].unit, &a->units[i].punctuality) < 0)
			return -1;
	for (size_t i = 0; i < a->nowners; i++)
		if (put_on_time(&m, a->owners[i].unit, &a->owners[i].punctuality) < 0)
			return -1;
	return 0;
}

/* --- indicators ------------------------------------------------------------------------------ */

static const char *form_name(enum figure_form form)
{
	static const char *const names[] = { "period", "ytd", "level", "growth" };

	return names[form];
}

static int emit_indicators(const struct emit *all, const struct assessment *a)
{
	struct emit m = *all;

	m.family = "indicator_info";
	m.help = "Name, native unit, owner, frequency and form of an indicator.";
	for (size_t k = 0; k < a->nindicators; k++) {
		const struct indicator *i = a->indicators[k].indicator;
		const char freq[2] = { (char)i->freq, '\0' };
		const struct label l[6] = {
			{ slice_str("indicator"), slice_str(i->code) },
			{ slice_str("name"), slice_str(i->name) },
			{ slice_str("measure"), slice_str(i->measure) },
			{ slice_str("owner"), slice_str(i->owner) },
			{ slice_str("freq"), slice_str(freq) },
			{ slice_str("form"), slice_str(form_name(i->form)) },
		};

		if (put(&m, l, 6, 1) < 0)
			return -1;
	}
	return 0;
}

int assessment_series(const struct assessment *a,
		      int (*each)(void *ctx, const char *family, const char *help,
				  const struct label *l, size_t n, double v, struct err *e),
		      void *ctx, struct err *e)
{
	struct emit m = { .each = each, .ctx = ctx, .e = e, .a = a };

	for (int class = 0; class < UNIT_CLASSES; class ++) {
		m.class = unit_class_name(class);
		if (emit_units(&m, a, class) < 0 || emit_on_time(&m, a) < 0 ||
		    emit_shared(&m, a, class) < 0 || emit_own(&m, a, class) < 0)
			return -1;
	}
	return emit_indicators(&m, a);
}
