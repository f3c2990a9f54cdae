/* closings.c - see closings.h. */
#include "daemon/closings.h"

#include "storage/store.h"

#include <stdlib.h>

enum { GRACE_DAYS = 30 };

void family_of(const struct catalogue *c, const struct labels *ls, struct family *out)
{
	struct slice name = labels_name(ls), text = labels_get(ls, slice_str("freq"));
	const struct indicator *i = catalogue_family(c, name);
	enum freq freq = freq_parse(text);

	if (freq == FREQ_NONE)
		freq = i ? i->freq : FREQ_MONTH;
	*out = (struct family){ c,   i && i->freq == freq ? i : NULL, catalogue_zone(c), freq, name,
				text };
}

struct period family_period(const struct family *f, int64_t stamp_ms)
{
	struct period p = period_from_stamp(f->freq, stamp_ms, f->zone);

	return f->indicator ? indicator_period(f->indicator, p) : p;
}

int64_t family_month_after(const struct family *f, struct period p)
{
	return period_end(p, f->zone) + INT64_C(86400000) * GRACE_DAYS;
}

/* --- where to begin ------------------------------------------------------------------------- */

/* From 1900 to 2100 in months are 2,400; of days the newest count. */
enum { PERIODS_MAX = 4096, RECENT = 3 };

static int64_t first_index(const struct family *f)
{
	const int64_t in_2027 = INT64_C(1800000000000);
	int64_t ahead = f->freq == FREQ_DAY ? 3650 : PERIODS_MAX / 2;

	return period_index(period_from_stamp(f->freq, in_2027, f->zone)) + ahead - PERIODS_MAX;
}

static bool is_near(const struct family *f, int64_t around_ms, struct period *p)
{
	const int64_t in_1900 = INT64_C(-2208988800000), in_2100 = INT64_C(4102444800000);

	if (around_ms < in_1900 || around_ms > in_2100)
		return false;
	*p = period_add(period_from_stamp(f->freq, around_ms, f->zone), -RECENT - 1);
	return period_index(*p) > first_index(f);
}

int64_t closings_begin(const struct family *f, int64_t around_ms)
{
	struct period p;

	return is_near(f, around_ms, &p) ? period_index(p) : first_index(f);
}

/* --- what was reported ---------------------------------------------------------------------- */

/* Of one period: who has reported it, when. */
struct reports {
	int64_t stamp_ms;
	struct arrivals seen; /* first releases of the series that have it */
	uint32_t before;      /* those of them that have the period before, too */
};

struct gathering {
	const struct family *f;
	struct reports *list; /* by index from `from` on */
	size_t n, room;
	int64_t from;
	int64_t from_ms; /* stamps before are not read; INT64_MIN: all are */
};

/* A series to be read. `unit`: what it does not owe does not count; NULL: all does. */
struct reporter {
	uint32_t series;
	struct gathering *g;
	const struct unit *unit;
};

struct reporters {
	struct reporter *list;
	size_t n, room;
	struct arena *a;
};

static int no_memory(struct err *e)
{
	return err_set(e, ERR_LIMIT, "no memory for the closings of a family");
}

static void begin_at(struct gathering *g, const struct family *f, int64_t around_ms)
{
	struct period p;
	bool near = is_near(f, around_ms, &p);

	*g = (struct gathering){ .f = f,
				 .from = near ? period_index(p) : first_index(f),
				 .from_ms = near ? period_stamp(p, f->zone) : INT64_MIN };
}

static void note(struct reports *r, const struct vintage *v, bool has_before)
{
	r->stamp_ms = v->stamp_ms;
	arrivals_add(&r->seen, vintage_seen_ms(v));
	r->before += has_before;
}

static struct reports *reports_at(struct gathering *g, size_t i, struct arena *a)
{
	struct reports *more;

	if (i < g->n)
		return &g->list[i];
	more = arena_grow(a, g->list, g->n, &g->room, i + 1, sizeof(*more));
	if (!more)
		return NULL;
	memset(more + g->n, 0, (i + 1 - g->n) * sizeof(*more));
	g->list = more;
	g->n = i + 1;
	return &g->list[i];
}

/* Series after series has the same stamps, so that mostly the next place is the one. */
static int64_t place_of(const struct gathering *g, int64_t stamp_ms, int64_t guess)
{
	if (guess >= 0 && (uint64_t)guess < g->n && g->list[guess].seen.n &&
	    g->list[guess].stamp_ms == stamp_ms)
		return guess;
	return period_index(period_from_stamp(g->f->freq, stamp_ms, g->f->zone)) - g->from;
}

static int note_all(const struct reporter *r, const struct vintage *list, size_t n, struct arena *a,
		    struct err *e)
{
	struct gathering *g = r->g;
	int64_t at = -1;

	for (size_t i = 0; i < n; i++) {
		int64_t previous = at;
		struct reports *to;

		at = place_of(g, list[i].stamp_ms, previous + 1);
		if (at < 0 || at >= PERIODS_MAX ||
		    (r->unit &&
		     !unit_owes(r->unit, g->f->indicator,
				period_from_stamp(g->f->freq, list[i].stamp_ms, g->f->zone))))
			continue;
		to = reports_at(g, (size_t)at, a);
		if (!to)
			return no_memory(e);
		note(to, &list[i], i > 0 && previous == at - 1);
	}
	return 0;
}

/* --- whose reports -------------------------------------------------------------------------- */

static int add_reporter(struct reporters *r, uint32_t series, struct gathering *g,
			const struct unit *unit, struct err *e)
{
	struct reporter *more = arena_grow(r->a, r->list, r->n, &r->room, r->n + 1, sizeof(*more));

	if (!more)
		return no_memory(e);
	r->list = more;
	r->list[r->n++] = (struct reporter){ series, g, unit };
	return 0;
}

static int select_family(struct snapshot *v, struct slice family, struct slice freq, bool labelled,
			 struct arena *a, struct series_ref **out, size_t *n, struct err *e)
{
	const struct matcher m[] = {
		{ .op = MATCH_EQ, .name = slice_str(LABEL_NAME), .value = family },
		{ .op = MATCH_EQ, .name = slice_str("freq"), .value = freq },
	};

	return labelled ? snapshot_select(v, m, 2, a, out, n, e)
			: snapshot_select_by_id(v, m, 2, a, out, n, e);
}

/* Of a family that the catalogue does not know, whatever labels its series have. */
static int add_all(struct reporters *r, struct snapshot *v, struct gathering *g, struct err *e)
{
	struct series_ref *s;
	size_t n;

	if (select_family(v, g->f->name, g->f->freq_text, false, r->a, &s, &n, e) < 0)
		return -1;
	for (size_t i = 0; i < n; i++)
		if (s[i].statistic && add_reporter(r, s[i].id, g, NULL, e) < 0)
			return -1;
	return 0;
}

/* The unit whose reported statistic it is (catalogue_series()); NULL: none's. */
static const struct unit *unit_of(const struct family *f, enum unit_class class,
				  const struct labels *ls)
{
	const struct unit *u =
		catalogue_unit(f->catalogue, labels_get(ls, slice_str(unit_class_name(class))));
	bool exact =
		ls->n == 4 && slice_is(labels_get(ls, slice_str("basis")), f->indicator->basis);

	return exact && u && u->class == class ? u : NULL;
}

static int add_class(struct reporters *r, struct snapshot *v, struct gathering *g,
		     enum unit_class class, struct err *e)
{
	const struct family *f = g->f;
	const char *name = arena_printf(r->a, "%s_%s", unit_class_name(class), f->indicator->code);
	const char freq = (char)f->freq;
	struct series_ref *s;
	size_t n;

	if (!name)
		return no_memory(e);
	if (select_family(v, slice_str(name), slice_of(&freq, 1), true, r->a, &s, &n, e) < 0)
		return -1;
	for (size_t i = 0; i < n; i++) {
		const struct unit *u = unit_of(f, class, s[i].labels);

		if (u && s[i].statistic && add_reporter(r, s[i].id, g, u, e) < 0)
			return -1;
	}
	return 0;
}

/* A release is the indicator's: the families of all classes that report it are closed together. */
static int add_reporters(struct reporters *r, struct snapshot *v, struct gathering *g,
			 struct err *e)
{
	if (!g->f->indicator)
		return add_all(r, v, g, e);
	for (int k = 0; k < UNIT_CLASSES; k++)
		if (indicator_reports(g->f->indicator, (enum unit_class)k) &&
		    add_class(r, v, g, (enum unit_class)k, e) < 0)
			return -1;
	return 0;
}

static int by_series(const void *a, const void *b)
{
	const struct reporter *x = a, *y = b;

	return x->series < y->series ? -1 : x->series > y->series;
}

/* First releases, in the order in which they are read fastest. */
static int read_reporters(struct reporters *r, struct snapshot *v, struct err *e)
{
	/* A figure that is kept secret has been reported. */
	const struct view first = { .as_of_ms = INT64_MAX, .release = 1, .suppressed = true };
	struct snapshot_reader *reader = snapshot_reader_open(v, e);
	struct arena scratch;
	int rc = reader ? 0 : -1;

	arena_init(&scratch, r->a->limit);
	if (r->n > 1)
		qsort(r->list, r->n, sizeof(*r->list), by_series);
	for (size_t i = 0; rc == 0 && i < r->n; i++) {
		const struct reporter *one = &r->list[i];
		struct arena_mark mark = arena_mark(&scratch);
		struct vintage *list;
		size_t n;

		rc = snapshot_reader_figures(reader, one->series, one->g->from_ms, INT64_MAX, first,
					     &scratch, &list, &n, e);
		if (rc == 0)
			rc = note_all(one, list, n, r->a, e);
		arena_reset(&scratch, mark);
	}
	arena_release(&scratch);
	snapshot_reader_close(reader);
	return rc;
}

/* --- when they were closed ------------------------------------------------------------------- */

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
	struct period p = family_period(f, r->stamp_ms);

	if (!f->indicator)
		return arrivals_closed_ms(&r->seen, r->before >= had_before,
					  family_month_after(f, p), INT64_MIN);
	return arrivals_closed_ms(&r->seen, r->seen.n >= units_due(f, p),
				  catalogue_grace_end(f->catalogue, f->indicator, p),
				  period_end(p, f->zone));
}

static int close_all(const struct gathering *g, struct arena *a, struct closings *out,
		     struct err *e)
{
	uint32_t had = 0;

	*out = (struct closings){ .list = arena_array(a, g->n + 1, sizeof(*out->list)) };
	if (!out->list)
		return no_memory(e);
	for (size_t i = 0; i < g->n; i++) {
		const struct reports *r = &g->list[i];
		/* the first that is read tells only who had the one before */
		bool whole = i > 0 || g->from_ms == INT64_MIN;

		if (r->seen.n && whole)
			out->list[out->n++] =
				(struct closing){ r->stamp_ms, closed_at(g->f, r, had) };
		had = r->seen.n;
	}
	return 0;
}

int closings_read(struct snapshot *v, const struct family *f, size_t n, int64_t around_ms,
		  struct arena *a, struct closings *out, struct err *e)
{
	struct gathering *g = arena_array(a, n + 1, sizeof(*g));
	struct reporters r = { .a = a };

	if (!g)
		return no_memory(e);
	for (size_t i = 0; i < n; i++) {
		begin_at(&g[i], &f[i], around_ms);
		if (add_reporters(&r, v, &g[i], e) < 0)
			return -1;
	}
	if (read_reporters(&r, v, e) < 0)
		return -1;
	for (size_t i = 0; i < n; i++)
		if (close_all(&g[i], a, &out[i], e) < 0)
			return -1;
	return 0;
}
