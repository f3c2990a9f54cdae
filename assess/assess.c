/*
 * assess.c - see assess.h.
 *
 * Indicator by indicator: its units' figures are read (read.c), judged (judge.c), and the
 * scratch memory is taken back. Then each unit's figures are added up. The result, the
 * catalogue it refers to and the label sets live as long as the last reference.
 */
#include "assess/assess.h"
#include "assess/rank.h"
#include "assess/work.h"
#include "base/alloc.h"

#include <math.h>
#include <stdatomic.h>

enum {
	HISTORY_YEARS_MAX = 50,
	REPORT_PERIODS_MAX = 60,
	RESULT_BYTES_MAX = 512 << 20,  /* 200 units × 100 indicators need 10 MiB */
	SCRATCH_BYTES_MAX = 256 << 20, /* of one indicator */
};

struct held {
	struct assessment a; /* first, so that the two addresses are one */
	atomic_uint refs;
	struct catalogue *catalogue;
	struct arena arena;
};

void assess_options_init(struct assess_options *o)
{
	*o = (struct assess_options){
		.green = 1,
		.watch = 0.95,
		.yellow = 0.85,
		.red_at_once = 0.7,
		.red_from_month = 3,
		.history_years = 3,
		.shrink = 2,
		.report_periods = 12,
	};
}

static int check_options(const struct assess_options *o, struct err *e)
{
	if (!(o->green >= o->watch && o->watch >= o->yellow && o->yellow >= o->red_at_once &&
	      o->red_at_once >= 0 && isfinite(o->green)))
		return err_set(
			e, ERR_INVALID,
			"lights must fall from green to red: %g, %g, %g, red at once below %g",
			o->green, o->watch, o->yellow, o->red_at_once);
	if (o->history_years < 1 || o->history_years > HISTORY_YEARS_MAX)
		return err_set(e, ERR_INVALID, "%u years of history are not between 1 and %d",
			       o->history_years, HISTORY_YEARS_MAX);
	if (o->report_periods < 1 || o->report_periods > REPORT_PERIODS_MAX)
		return err_set(e, ERR_INVALID, "%u periods of reports are not between 1 and %d",
			       o->report_periods, REPORT_PERIODS_MAX);
	if (!(o->shrink >= 0 && isfinite(o->shrink)))
		return err_set(e, ERR_INVALID,
			       "the weight %g of the peers is not a positive number", o->shrink);
	return 0;
}

/* --- one reference for many readers ------------------------------------------------- */

static struct held *held_new(struct catalogue *c, struct err *e)
{
	struct held *h = mem_zalloc(sizeof(*h));

	if (!h) {
		err_set(e, ERR_MEMORY, "no memory for an assessment");
		return NULL;
	}
	atomic_init(&h->refs, 1);
	h->catalogue = catalogue_ref(c);
	arena_init(&h->arena, RESULT_BYTES_MAX);
	return h;
}

struct assessment *assessment_ref(struct assessment *a)
{
	struct held *h = (struct held *)a;

	atomic_fetch_add_explicit(&h->refs, 1, memory_order_relaxed);
	return a;
}

void assessment_unref(struct assessment *a)
{
	struct held *h = (struct held *)a;

	if (!h || atomic_fetch_sub_explicit(&h->refs, 1, memory_order_acq_rel) != 1)
		return;
	for (size_t i = 0; i < a->nfigures; i++)
		labels_unref((struct labels *)(uintptr_t)a->figures[i].labels);
	catalogue_unref(h->catalogue);
	arena_release(&h->arena);
	mem_free(h);
}

struct catalogue *assessment_catalogue(const struct assessment *a)
{
	return ((const struct held *)a)->catalogue;
}

/* --- figures, indicator by indicator -------------------------------------------------- */

static size_t most_figures(const struct catalogue *c)
{
	size_t n = 0;

	for (size_t i = 0; i < catalogue_indicators(c); i++)
		for (size_t u = 0; u < catalogue_units(c); u++)
			n += indicator_reports(catalogue_indicator_at(c, i),
					       catalogue_unit_at(c, u)->class);
	return n;
}

/* Figures count as soon as they exist, so that a failure in the middle gives back their labels. */
static int add_subjects(struct work *w, struct figure *figures, size_t *n, struct err *e)
{
	size_t units = catalogue_units(w->c);

	w->nsubjects = 0;
	w->subjects = arena_array(w->scratch, units + 1, sizeof(*w->subjects));
	if (!w->subjects)
		return err_set(e, ERR_LIMIT, "%s: no memory for its units", w->indicator->code);
	for (size_t u = 0; u < units; u++) {
		const struct unit *unit = catalogue_unit_at(w->c, u);
		struct subject *s = &w->subjects[w->nsubjects];

		if (!work_concerns(w, unit))
			continue;
		s->f = &figures[*n];
		s->f->unit = unit;
		s->f->indicator = w->indicator;
		w->nsubjects++;
		(*n)++;
		if (work_read(w, s, e) < 0)
			return err_wrap(e, "%s of %s", w->indicator->code, unit->id);
	}
	return 0;
}

static int run_indicators(struct work *w, struct held *h, struct err *e)
{
	size_t n = catalogue_indicators(w->c);
	struct figure *figures = arena_array(&h->arena, most_figures(w->c) + 1, sizeof(*figures));
	struct indicator_summary *sums = arena_array(&h->arena, n + 1, sizeof(*sums));

	if (!figures || !sums)
		return err_set(e, ERR_LIMIT, "the assessment does not fit in %d MiB",
			       RESULT_BYTES_MAX >> 20);
	h->a.figures = figures;
	h->a.indicators = sums;
	for (size_t i = 0; i < n; i++) {
		struct arena_mark mark = arena_mark(w->scratch);

		w->indicator = catalogue_indicator_at(w->c, i);
		if (work_axis(w, e) < 0 || add_subjects(w, figures, &h->a.nfigures, e) < 0 ||
		    work_judge(w, &sums[i], e) < 0)
			return -1;
		arena_reset(w->scratch, mark);
	}
	h->a.nindicators = n;
	return 0;
}

/* --- units ------------------------------------------------------------------------------ */

static void add_figure(struct unit_summary *s, const struct figure *f)
{
	if (f->target || f->light != LIGHT_NONE) {
		s->lights[f->light]++;
		if (f->light > s->worst)
			s->worst = f->light;
	}
	if (f->has_pace) {
		s->with_pace++;
		s->mean_pace += f->pace; /* divided at the end */
	}
	if (f->state == REPORT_LATE) {
		s->late++;
		if (f->late_hours > s->late_hours)
			s->late_hours = f->late_hours;
	}
}

static void count_deliveries(const struct assessment *a, const struct figure *f,
			     struct punctuality *out)
{
	const struct indicator_summary *sum = &a->indicators[f->indicator->index];

	for (size_t k = 0; k < sum->nperiods; k++) {
		const struct report_period *p = &sum->periods[k];

		if (!delivery_counts(p, &f->deliveries[k], a->as_of_ms))
			continue;
		out->due++;
		out->on_time += delivery_on_time(p, &f->deliveries[k]);
	}
}

/* The summaries of units with figures, moved together in catalogue order. */
static size_t close_up(const struct work *w, struct unit_summary *by_unit, size_t units)
{
	size_t n = 0;

	for (size_t u = 0; u < units; u++) {
		struct unit_summary s = by_unit[u];

		if (!s.unit)
			continue;
		if (s.with_pace)
			s.mean_pace /= s.with_pace;
		s.league = unit_league(s.unit, w->today);
		by_unit[n++] = s;
	}
	return n;
}

static int rank_units(struct work *w, struct unit_summary *units, size_t n, struct err *e)
{
	struct rank_item *items = arena_array(w->scratch, n + 1, sizeof(*items));
	size_t k = 0;

	if (!items)
		return err_set(e, ERR_LIMIT, "no memory for the ranks of %zu units", n);
	for (size_t i = 0; i < n; i++)
		if (units[i].with_pace)
			items[k++] = (struct rank_item){ .class = units[i].unit->class,
							 .league = units[i].league,
							 .value = units[i].mean_pace,
							 .owner = &units[i] };
	rank_competition(items, k);
	for (size_t i = 0; i < k; i++) {
		struct unit_summary *s = items[i].owner;

		s->rank = items[i].rank;
		s->ranked = items[i].ranked;
	}
	return 0;
}

static int run_units(struct work *w, struct held *h, struct err *e)
{
	size_t n = catalogue_units(w->c);
	struct unit_summary *units = arena_array(&h->arena, n + 1, sizeof(*units));

	if (!units)
		return err_set(e, ERR_LIMIT, "the assessment does not fit in %d MiB",
			       RESULT_BYTES_MAX >> 20);
	for (size_t i = 0; i < h->a.nfigures; i++) {
		const struct figure *f = &h->a.figures[i];

		units[f->unit->index].unit = f->unit;
		add_figure(&units[f->unit->index], f);
		count_deliveries(&h->a, f, &units[f->unit->index].punctuality);
	}
	h->a.nunits = close_up(w, units, n);
	h->a.units = units;
	return rank_units(w, units, h->a.nunits, e);
}

/* --- who answers for indicators ------------------------------------------------------------ */

static const struct unit *owner_of(const struct work *w, const struct figure *f)
{
	return f->indicator->owner ? catalogue_unit(w->c, slice_str(f->indicator->owner)) : NULL;
}

/* By place in the catalogue: those without `unit` answer for nothing. */
static void count_owned(const struct work *w, const struct assessment *a,
			struct owner_summary *owners)
{
	for (size_t i = 0; i < a->nfigures; i++) {
		const struct unit *owner = owner_of(w, &a->figures[i]);

		if (owner)
			owners[owner->index].unit = owner;
	}
	for (size_t i = 0; i < a->nfigures; i++) {
		const struct figure *f = &a->figures[i];
		const struct unit *owner = owner_of(w, f);

		if (owner)
			count_deliveries(a, f, &owners[owner->index].punctuality);
		if (f->unit != owner && owners[f->unit->index].unit)
			count_deliveries(a, f, &owners[f->unit->index].punctuality);
	}
}

static int run_owners(struct work *w, struct held *h, struct err *e)
{
	size_t n = catalogue_units(w->c);
	struct owner_summary *owners = arena_array(&h->arena, n + 1, sizeof(*owners));

	if (!owners)
		return err_set(e, ERR_LIMIT, "the assessment does not fit in %d MiB",
			       RESULT_BYTES_MAX >> 20);
	count_owned(w, &h->a, owners);
	for (size_t u = 0; u < n; u++)
		if (owners[u].unit)
			owners[h->a.nowners++] = owners[u];
	h->a.owners = owners;
	return 0;
}

/* --- the whole -------------------------------------------------------------------------- */

/* When the first submission came: until then nobody could have been told anything. */
static int read_listening(struct work *w, struct err *e)
{
	struct err why = { 0 };
	struct submission first;

	if (snapshot_submission(w->v, 1, w->scratch, &first, &why) == 0) {
		w->listening_ms = first.received_ms;
		return 0;
	}
	if (why.code == ERR_NOT_FOUND || why.code == ERR_CORRUPT)
		return 0;
	if (e)
		*e = why;
	return -1;
}

static struct held *run(struct snapshot *v, struct catalogue *c, int64_t as_of_ms,
			const struct assess_options *o, struct err *e)
{
	struct held *h;
	struct arena scratch;
	struct work w = {
		.v = v,
		.c = c,
		.o = o,
		.as_of_ms = as_of_ms,
		.today = zone_civil(catalogue_zone(c), as_of_ms).date,
		.view = { .as_of_ms = as_of_ms, .suppressed = true },
		.scratch = &scratch,
	};

	if (check_options(o, e) < 0)
		return NULL;
	h = held_new(c, e);
	if (!h)
		return NULL;
	h->a.as_of_ms = as_of_ms;
	h->a.catalogue_version = catalogue_version(c);
	arena_init(&scratch, SCRATCH_BYTES_MAX);
	w.keep = &h->arena;
	h->a.report_periods = o->report_periods;
	if (read_listening(&w, e) < 0 || run_indicators(&w, h, e) < 0 || run_units(&w, h, e) < 0 ||
	    run_owners(&w, h, e) < 0) {
		assessment_unref(&h->a);
		h = NULL;
	}
	arena_release(&scratch);
	return h;
}

struct assessment *assess_run(struct snapshot *v, struct catalogue *c, int64_t as_of_ms,
			      const struct assess_options *o, struct err *e)
{
	struct held *h = run(v, c, as_of_ms, o, e);

	if (!h) {
		err_wrap(e, "assessment");
		return NULL;
	}
	return &h->a;
}

const struct owner_summary *assessment_owner(const struct assessment *a, const struct unit *u)
{
	for (size_t i = 0; i < a->nowners; i++)
		if (a->owners[i].unit == u)
			return &a->owners[i];
	return NULL;
}

const char *light_name(enum light l)
{
	static const char *const names[] = { "none", "green", "watch", "yellow", "red" };

	return names[l];
}

const char *schedule_source_name(enum schedule_source s)
{
	static const char *const names[] = {
		"none", "split", "own", "peers", "provincial", "linear"
	};

	return names[s];
}
