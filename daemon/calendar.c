/*
 * calendar.c - see calendar.h.
 *
 * Statistics of which the catalogue knows nothing (families that remote write alone declares) have
 * no due times: their figures hold until a month after the end of the next period, and a period of
 * theirs is closed when all series that had the period before have it, at the latest a month
 * after its end.
 */
#include "daemon/calendar.h"

#include "base/alloc.h"
#include "base/num.h"
#include "storage/store.h"

enum { GRACE_DAYS = 30 };

struct held_calendar {
	struct calendar f; /* first */
	struct catalogue *catalogue;
};

/* What a series' labels say. */
struct family {
	const struct catalogue *catalogue;
	const struct indicator *indicator; /* NULL: not of this frequency, or unknown */
	const struct zone *zone;
	enum freq freq;
};

static void family_of(const struct calendar *c, const struct labels *ls, struct family *out)
{
	const struct catalogue *cat = ((const struct held_calendar *)c)->catalogue;
	const struct indicator *i = catalogue_family(cat, labels_name(ls));
	enum freq freq = freq_parse(labels_get(ls, slice_str("freq")));

	if (freq == FREQ_NONE)
		freq = i ? i->freq : FREQ_MONTH;
	*out = (struct family){ cat, i && i->freq == freq ? i : NULL, catalogue_zone(cat), freq };
}

static struct period period_at(const struct family *f, int64_t stamp_ms)
{
	struct period p = period_from_stamp(f->freq, stamp_ms, f->zone);

	return f->indicator ? indicator_period(f->indicator, p) : p;
}

static int64_t month_after(const struct family *f, struct period p)
{
	return period_end(p, f->zone) + INT64_C(86400000) * GRACE_DAYS;
}

/* --- single periods ----------------------------------------------------------------------- */

static int64_t holds_until(const struct calendar *c, const struct labels *ls, int64_t stamp_ms)
{
	struct family f;
	struct period p;

	family_of(c, ls, &f);
	p = period_at(&f, stamp_ms);
	if (f.indicator)
		return catalogue_holds_until(f.catalogue, f.indicator, p);
	return month_after(&f, period_add(p, 1));
}

static int64_t stamp_of(const struct calendar *c, const struct labels *ls, struct slice text)
{
	struct family f;
	struct period p;

	family_of(c, ls, &f);
	if (period_parse(text, &p, NULL) < 0 || p.freq != f.freq)
		return INT64_MIN;
	return period_stamp(p, f.zone);
}

static int64_t before(const struct calendar *c, const struct labels *ls, int64_t stamp_ms, int back)
{
	struct family f;

	family_of(c, ls, &f);
	return period_stamp(period_add(period_from_stamp(f.freq, stamp_ms, f.zone), -back), f.zone);
}

static int32_t period_number(const struct calendar *c, const struct labels *ls, int64_t stamp_ms)
{
	struct family f;
	struct period p;

	family_of(c, ls, &f);
	p = period_from_stamp(f.freq, stamp_ms, f.zone);
	return p.year * 100 + p.last_month;
}

_Static_assert((int)CALENDAR_TEXT >= (int)PERIOD_TEXT && (int)CALENDAR_TEXT >= (int)DATE_TEXT,
	       "texts of periods and days fit");

static const char *period_text(const struct calendar *c, const struct labels *ls, int64_t stamp_ms,
			       char out[CALENDAR_TEXT])
{
	struct family f;

	family_of(c, ls, &f);
	return period_print(period_from_stamp(f.freq, stamp_ms, f.zone), out);
}

static const char *day_text(const struct calendar *c, int64_t ms, char out[CALENDAR_TEXT])
{
	const struct zone *z = catalogue_zone(((const struct held_calendar *)c)->catalogue);

	return date_print(zone_civil(z, ms).date, out);
}

static int as_of(const struct calendar *c, struct slice text, int64_t *ms, struct err *e)
{
	const struct zone *z = catalogue_zone(((const struct held_calendar *)c)->catalogue);
	struct date d;
	double s;

	if (date_parse(text, &d, NULL) == 0) {
		*ms = zone_ms(z, date_from_days(date_to_days(d) + 1), 0) - 1;
		return 0;
	}
	if (time_parse(text, ms, NULL) == 0)
		return 0;
	/* Grafana's $__to is in milliseconds, ${__to:date:seconds} in seconds */
	if (num_parse(text, &s, NULL) == 0 && s > -1e15 && s < 1e15) {
		*ms = s > 1e11 || s < -1e11 ? (int64_t)s : (int64_t)(s * 1000);
		return 0;
	}
	return err_set(e, ERR_INVALID,
		       "wanted is a day such as 2026-09-30, a time by RFC 3339, or seconds since "
		       "1970");
}

/* --- closings -------------------------------------------------------------------------------- */

/* Of one period: who has reported it, when. */
struct reports {
	int64_t stamp_ms;
	struct arrivals seen; /* first releases of the series that have it */
	uint32_t before;      /* those of them that have the period before, too */
};

/* From 1900 to 2100 in months are 2,400; of days the newest count. */
enum { PERIODS_MAX = 4096, RECENT = 3 };

struct gathering {
	const struct family *f;
	struct reports *list; /* PERIODS_MAX, by index from `from` on */
	int64_t from;
	int64_t from_ms; /* stamps before are not read */
};

static int select_family(struct snapshot *v, struct slice family, struct slice freq,
			 struct arena *a, struct series_ref **out, size_t *n, struct err *e)
{
	const struct matcher m[] = {
		{ .op = MATCH_EQ, .name = slice_str(LABEL_NAME), .value = family },
		{ .op = MATCH_EQ, .name = slice_str("freq"), .value = freq },
	};

	return snapshot_select(v, m, 2, a, out, n, e);
}

static void note(struct reports *r, const struct vintage *v, bool has_before)
{
	r->stamp_ms = v->stamp_ms;
	arrivals_add(&r->seen, vintage_seen_ms(v));
	r->before += has_before;
}

/* First releases of one series. `unit`: what it does not owe does not count; NULL: all does. */
static int gather(struct gathering *g, struct snapshot *v, uint32_t series, const struct unit *unit,
		  struct arena *a, struct err *e)
{
	const struct view first = { .as_of_ms = INT64_MAX, .release = 1 };
	struct arena_mark mark = arena_mark(a);
	struct vintage *list;
	int64_t previous = INT64_MIN;
	size_t n;
	int r = snapshot_figures(v, series, g->from_ms, INT64_MAX, first, a, &list, &n, e);

	for (size_t i = 0; r == 0 && i < n; i++) {
		struct period p = period_from_stamp(g->f->freq, list[i].stamp_ms, g->f->zone);
		int64_t index = period_index(p);

		if (index >= g->from && index - g->from < PERIODS_MAX &&
		    (!unit || unit_owes(unit, g->f->indicator, p)))
			note(&g->list[index - g->from], &list[i], previous == index - 1);
		previous = index;
	}
	arena_reset(a, mark);
	return r;
}

/* Of a family that the catalogue does not know, whatever labels its series have. */
static int gather_all(struct gathering *g, struct snapshot *v, const struct labels *ls,
		      struct arena *a, struct err *e)
{
	struct series_ref *s;
	size_t n;

	if (select_family(v, labels_name(ls), labels_get(ls, slice_str("freq")), a, &s, &n, e) < 0)
		return -1;
	for (size_t i = 0; i < n; i++)
		if (s[i].statistic && gather(g, v, s[i].id, NULL, a, e) < 0)
			return -1;
	return 0;
}

/* The unit whose reported statistic it is (catalogue_series()); NULL: none's. */
static const struct unit *reporter(const struct family *f, enum unit_class class,
				   const struct labels *ls)
{
	const struct unit *u =
		catalogue_unit(f->catalogue, labels_get(ls, slice_str(unit_class_name(class))));
	bool exact =
		ls->n == 4 && slice_is(labels_get(ls, slice_str("basis")), f->indicator->basis);

	return exact && u && u->class == class ? u : NULL;
}

static int gather_class(struct gathering *g, struct snapshot *v, enum unit_class class,
			struct arena *a, struct err *e)
{
	const struct family *f = g->f;
	const char *name = arena_printf(a, "%s_%s", unit_class_name(class), f->indicator->code);
	const char freq = (char)f->freq;
	struct series_ref *s;
	size_t n;

	if (!name)
		return err_set(e, ERR_LIMIT, "no memory for the closings of a family");
	if (select_family(v, slice_str(name), slice_of(&freq, 1), a, &s, &n, e) < 0)
		return -1;
	for (size_t i = 0; i < n; i++) {
		const struct unit *u = reporter(f, class, s[i].labels);

		if (u && s[i].statistic && gather(g, v, s[i].id, u, a, e) < 0)
			return -1;
	}
	return 0;
}

/* A release is the indicator's: the families of all classes that report it are closed together. */
static int gather_indicator(struct gathering *g, struct snapshot *v, struct arena *a, struct err *e)
{
	for (int k = 0; k < UNIT_CLASSES; k++)
		if (indicator_reports(g->f->indicator, (enum unit_class)k) &&
		    gather_class(g, v, (enum unit_class)k, a, e) < 0)
			return -1;
	return 0;
}

static uint32_t units_due(const struct family *f, struct period p)
{
	uint32_t n = 0;

	for (size_t u = 0; u < catalogue_units(f->catalogue); u++)
		n += unit_owes(catalogue_unit_at(f->catalogue, u), f->indicator, p);
	return n;
}

/* Of a family that the catalogue does not know, figures of a period may be there before it ends. */
static int64_t closed_at(const struct family *f, const struct reports *r, uint32_t had_before)
{
	struct period p = period_at(f, r->stamp_ms);

	if (!f->indicator)
		return arrivals_closed_ms(&r->seen, r->before >= had_before, month_after(f, p),
					  INT64_MIN);
	return arrivals_closed_ms(&r->seen, r->seen.n >= units_due(f, p),
				  catalogue_grace_end(f->catalogue, f->indicator, p),
				  period_end(p, f->zone));
}

static int64_t first_index(const struct family *f)
{
	const int64_t in_2027 = INT64_C(1800000000000);
	int64_t ahead = f->freq == FREQ_DAY ? 3650 : PERIODS_MAX / 2;

	return period_index(period_from_stamp(f->freq, in_2027, f->zone)) + ahead - PERIODS_MAX;
}

/* All periods when `around_ms` is none that a calendar has. */
static void begin_at(struct gathering *g, int64_t around_ms)
{
	const int64_t in_1900 = INT64_C(-2208988800000), in_2100 = INT64_C(4102444800000);
	struct period p;

	g->from = first_index(g->f);
	g->from_ms = INT64_MIN;
	if (around_ms < in_1900 || around_ms > in_2100)
		return;
	p = period_add(period_from_stamp(g->f->freq, around_ms, g->f->zone), -RECENT - 1);
	if (period_index(p) <= g->from)
		return;
	g->from = period_index(p);
	g->from_ms = period_stamp(p, g->f->zone);
}

static int gather_closings(struct gathering *g, struct snapshot *v, const struct labels *ls,
			   struct arena *a, struct err *e)
{
	return g->f->indicator ? gather_indicator(g, v, a, e) : gather_all(g, v, ls, a, e);
}

static int closings(const struct calendar *c, struct snapshot *v, const struct labels *ls,
		    int64_t around_ms, struct arena *a, struct closing **out, size_t *n,
		    struct err *e)
{
	struct family f;
	struct gathering g = { .f = &f };
	uint32_t had = 0;

	family_of(c, ls, &f);
	begin_at(&g, around_ms);
	g.list = arena_array(a, PERIODS_MAX, sizeof(*g.list));
	*out = arena_array(a, PERIODS_MAX, sizeof(**out));
	*n = 0;
	if (!g.list || !*out)
		return err_set(e, ERR_LIMIT, "no memory for the closings of a family");
	if (gather_closings(&g, v, ls, a, e) < 0)
		return -1;
	for (size_t i = 0; i < PERIODS_MAX; i++) {
		const struct reports *r = &g.list[i];
		/* the first that is read tells only who had the one before */
		bool whole = i > 0 || g.from_ms == INT64_MIN;

		if (r->seen.n && whole)
			(*out)[(*n)++] = (struct closing){ r->stamp_ms, closed_at(&f, r, had) };
		had = r->seen.n;
	}
	return 0;
}

/* --- life ----------------------------------------------------------------------------------------
 */

const struct calendar *calendar_new(struct catalogue *c, struct err *e)
{
	struct held_calendar *h = mem_alloc(sizeof(*h));

	if (!h) {
		err_set(e, ERR_MEMORY, "no memory for a calendar");
		return NULL;
	}
	*h = (struct held_calendar){
		.f = { holds_until, stamp_of, before, closings, period_number, as_of, period_text,
		       day_text },
		.catalogue = catalogue_ref(c),
	};
	return &h->f;
}

void calendar_free(const struct calendar *c)
{
	struct held_calendar *h = (struct held_calendar *)c;

	if (!h)
		return;
	catalogue_unref(h->catalogue);
	mem_free(h);
}
