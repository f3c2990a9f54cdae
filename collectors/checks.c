/*
 * checks.c - see checks.h.
 *
 *   1. Figures are laid out by series (a counting sort), and each series by time.
 *      Reports are nearly always in rising or falling order, so that a look says
 *      which, and sorting proper is the exception.
 *   2. Of several figures of one period: one when they are equal; none when they
 *      disagree, for nothing tells which of them is right.
 *   3. Each is compared with the figure before it: in this document if that is the
 *      period just before, else what is stored. A figure that was refused is
 *      nobody's "before".
 *
 * Nothing is ever corrected here.
 */
#include "collectors/checks.h"

#include <math.h>
#include <stdlib.h>

enum { SLIP_FACTOR = 1000 };

void figures_init(struct figures *f, struct arena *a)
{
	*f = (struct figures){ .arena = a };
}

void figures_release(struct figures *f)
{
	for (size_t i = 0; i < f->nseries; i++)
		labels_unref(f->series[i]->labels);
	f->nseries = 0;
}

static int no_room(struct err *e)
{
	return err_set(e, ERR_LIMIT, "the document's figures need more memory than it may have");
}

struct series *figures_series(struct figures *f, const struct unit *u, const struct indicator *i,
			      struct labels *labels, struct err *e)
{
	struct series *s = arena_new(f->arena, struct series);
	void *p = arena_grow(f->arena, f->series, f->nseries, &f->series_cap, f->nseries + 1,
			     sizeof(struct series *));

	if (!s || !p) {
		labels_unref(labels);
		no_room(e);
		return NULL;
	}
	f->series = p;
	*s = (struct series){ labels, u, i, (uint32_t)f->nseries };
	f->series[f->nseries++] = s;
	return s;
}

int figures_add(struct figures *f, const struct figure *one, struct err *e)
{
	if (f->n == f->cap) {
		void *p = arena_grow(f->arena, f->list, f->n, &f->cap, f->n + 1, sizeof(*f->list));

		if (!p)
			return no_room(e);
		f->list = p;
	}
	f->list[f->n++] = *one;
	return 0;
}

bool check_range(const struct indicator *i, const struct figure *f, struct batch *b)
{
	bool low = i->has_min && f->value < i->min, high = i->has_max && f->value > i->max;
	char value[NUM_TEXT], bound[NUM_TEXT];

	if (!low && !high)
		return true;
	num_print(f->value, value);
	num_print(low ? i->min : i->max, bound);
	batch_complain_in(b, f->table, REFUSED_RANGE, f->line, f->column,
			  "%s: %s is %s than %s allowed", i->code, value, low ? "less" : "more",
			  bound);
	return false;
}

/* --- order -------------------------------------------------------------------------- */

static int by_time(const void *a, const void *b)
{
	const struct figure *x = a, *y = b;

	if (x->stamp_ms != y->stamp_ms)
		return x->stamp_ms < y->stamp_ms ? -1 : 1;
	if (x->line != y->line)
		return x->line < y->line ? -1 : 1;
	return x->column < y->column ? -1 : x->column > y->column;
}

static void sort_run(struct figure *f, size_t n)
{
	bool rising = true, falling = true;

	for (size_t i = 1; i < n && (rising || falling); i++) {
		rising = rising && by_time(&f[i - 1], &f[i]) <= 0;
		falling = falling && f[i - 1].stamp_ms > f[i].stamp_ms;
	}
	if (rising)
		return;
	if (!falling) {
		qsort(f, n, sizeof(*f), by_time);
		return;
	}
	for (size_t i = 0; i < n / 2; i++) {
		struct figure other = f[i];

		f[i] = f[n - 1 - i];
		f[n - 1 - i] = other;
	}
}

/* *start[k] .. *start[k + 1] becomes the run of series k. */
static struct figure *sort_figures(struct figures *f, size_t **start, struct err *e)
{
	struct figure *out = arena_array(f->arena, f->n + 1, sizeof(*out));
	size_t *at = arena_array(f->arena, f->nseries + 2, sizeof(*at));

	if (!out || !at) {
		no_room(e);
		return NULL;
	}
	/* Counted two places on, so that filling moves each start to where it belongs. */
	for (size_t i = 0; i < f->n; i++)
		at[f->list[i].series + 2]++;
	for (size_t k = 2; k < f->nseries + 2; k++)
		at[k] += at[k - 1];
	for (size_t i = 0; i < f->n; i++)
		out[at[f->list[i].series + 1]++] = f->list[i];
	for (size_t k = 0; k < f->nseries; k++)
		sort_run(out + at[k], at[k + 1] - at[k]);
	*start = at;
	return out;
}

/* --- one series --------------------------------------------------------------------- */

struct run {
	const struct series *series;
	struct figure *kept; /* the run's own array, overwritten from its beginning */
	size_t nkept;
	const struct zone *zone;
	const struct history *history;
	struct batch *batch;
};

/* Another figure to compare with. */
struct before {
	bool found;
	int64_t stamp_ms;
	double value;
	int64_t index; /* period_index() */
	int year;
};

static struct period period_of_figure(const struct run *r, const struct figure *f)
{
	return period_from_index(r->series->indicator->freq, f->index);
}

/* "甲河 (jiahe), gross_output_yuan 2026-10" */
static const char *what(const struct run *r, const struct figure *f, char out[256])
{
	struct period p = period_of_figure(r, f);
	char period[PERIOD_TEXT];

	snprintf(out, 256, "%.80s, %.100s %s", unit_name(r->series->unit, period_last_day(p)),
		 r->series->indicator->code, period_print(p, period));
	return out;
}

static void say_conflict(const struct run *r, const struct figure *f, const struct figure *other)
{
	char mine[NUM_TEXT], theirs[NUM_TEXT], name[256];

	num_print(f->value, mine);
	num_print(other->value, theirs);
	batch_complain_in(r->batch, f->table, REFUSED_CONFLICT, f->line, f->column,
			  "%s: %s here, but %s in line %u, column %u; neither is taken",
			  what(r, f, name), mine, theirs, other->line, other->column);
}

/* Looks at the figures of one period. 1: they agree, and the first may be taken. */
static bool agree(const struct run *r, struct figure *f, size_t n)
{
	size_t other = 0;

	for (size_t i = 1; i < n && !other; i++)
		if (f[i].value != f[0].value)
			other = i;
	if (!other) {
		for (size_t i = 1; i < n; i++)
			f[0].flags |= f[i].flags;
		return true;
	}
	for (size_t i = 0; i < n; i++)
		say_conflict(r, &f[i], f[i].value == f[0].value ? &f[other] : &f[0]);
	return false;
}

static int from_history(const struct run *r, int64_t before_ms, struct before *out, struct err *e)
{
	out->found = false;
	if (!r->history || !r->history->last)
		return 0;
	if (r->history->last(r->history->ctx, r->series->labels, before_ms, &out->stamp_ms,
			     &out->value, &out->found, e) < 0)
		return err_wrap(e, "looking up the figure before");
	if (out->found) {
		struct period p =
			period_from_stamp(r->series->indicator->freq, out->stamp_ms, r->zone);

		out->index = period_index(p);
		out->year = p.year;
	}
	return 0;
}

static struct before from_kept(const struct figure *f)
{
	return (struct before){ true, f->stamp_ms, f->value, f->index, f->year };
}

/* Does no collected period lie between the two? The calendar is asked only when one might. */
static bool is_previous(const struct run *r, const struct figure *kept, const struct figure *f)
{
	if (kept->index == f->index - 1)
		return true;
	return kept->index == f->index - 2 &&
	       kept->index == period_index(indicator_previous(r->series->indicator,
							      period_of_figure(r, f)));
}

/* The newest figure before `f`, from this document or from what is stored. */
static int figure_before(const struct run *r, const struct figure *f, struct before *out,
			 struct err *e)
{
	const struct figure *kept = r->nkept ? &r->kept[r->nkept - 1] : NULL;

	if (kept && is_previous(r, kept, f)) {
		*out = from_kept(kept);
		return 0;
	}
	if (from_history(r, f->stamp_ms, out, e) < 0)
		return -1;
	if (kept && (!out->found || out->stamp_ms <= kept->stamp_ms))
		*out = from_kept(kept);
	return 0;
}

/* The figure of the same period a year before. */
static int year_before(const struct run *r, const struct figure *f, struct before *out,
		       struct err *e)
{
	enum freq freq = r->series->indicator->freq;
	struct period then;
	int64_t stamp_ms;

	out->found = false;
	if (freq == FREQ_DAY)
		return 0;
	then = period_from_index(freq, f->index - freq_per_year(freq));
	for (size_t i = r->nkept; i-- > 0 && r->kept[i].index >= period_index(then);) {
		if (r->kept[i].index != period_index(then))
			continue;
		*out = from_kept(&r->kept[i]);
		return 0;
	}
	stamp_ms = period_stamp(then, r->zone);
	if (from_history(r, stamp_ms + 1, out, e) < 0)
		return -1;
	out->found = out->found && out->stamp_ms == stamp_ms;
	return 0;
}

static void check_fall(const struct run *r, struct figure *f, const struct before *b)
{
	char mine[NUM_TEXT], theirs[NUM_TEXT], name[256], period[PERIOD_TEXT];

	/* The margin of ten months may well be below that of nine. */
	if (r->series->indicator->form != FORM_YTD || indicator_is_rate(r->series->indicator) ||
	    !b->found || b->year != f->year || f->value >= b->value)
		return;
	f->flags |= FIGURE_SUSPECT;
	num_print(f->value, mine);
	num_print(b->value, theirs);
	batch_complain_in(r->batch, f->table, SUSPECT_YTD_FALLS, f->line, f->column,
			  "%s: %s is cumulative, but less than %s of %s; kept, marked as suspect",
			  what(r, f, name), mine, theirs,
			  period_print(period_from_index(r->series->indicator->freq, b->index),
				       period));
}

/* False, with a complaint, when the two differ by a factor no park grows by. */
static bool check_slip(const struct run *r, const struct figure *f, const struct before *b)
{
	char mine[NUM_TEXT], theirs[NUM_TEXT], name[256], period[PERIOD_TEXT];
	double now = fabs(f->value), then = b->found ? fabs(b->value) : 0;

	if (now == 0 || then == 0 || (now / then < SLIP_FACTOR && then / now < SLIP_FACTOR))
		return true;
	num_print(f->value, mine);
	num_print(b->value, theirs);
	batch_complain_in(
		r->batch, f->table, REFUSED_UNIT_SLIP, f->line, f->column,
		"%s: %s is %.5g times %s of %s; is it in another measure than the header says?",
		what(r, f, name), mine, f->value / b->value, theirs,
		period_print(period_from_index(r->series->indicator->freq, b->index), period));
	return false;
}

/* 1: keep it. 0: refused. */
static int check_one(const struct run *r, struct figure *f, struct err *e)
{
	const struct indicator *i = r->series->indicator;
	struct before before, compare;

	if (!i->unit_slip && i->form != FORM_YTD)
		return 1;
	if (figure_before(r, f, &before, e) < 0)
		return -1;
	compare = before;
	/* A cumulative figure begins anew each year. */
	if (i->unit_slip && i->form == FORM_YTD && !(before.found && before.year == f->year) &&
	    year_before(r, f, &compare, e) < 0)
		return -1;
	if (i->unit_slip && !check_slip(r, f, &compare))
		return 0;
	check_fall(r, f, &before);
	return 1;
}

static int emit(const struct run *r, const struct figure *f, struct err *e)
{
	return batch_observe(r->batch,
			     (struct observation){ .labels = labels_ref(r->series->labels),
						   .stamp_ms = f->stamp_ms,
						   .value = f->value,
						   .months = f->months,
						   .flags = f->flags },
			     e);
}

static int check_series(struct run *r, struct figure *f, size_t n, struct err *e)
{
	r->kept = f;
	r->nkept = 0;
	for (size_t i = 0, same; i < n; i += same) {
		struct figure one;
		int rc;

		for (same = 1; i + same < n && f[i + same].stamp_ms == f[i].stamp_ms; same++)
			;
		if (!agree(r, f + i, same))
			continue;
		one = f[i];
		rc = check_one(r, &one, e);
		if (rc < 0 || (rc > 0 && emit(r, &one, e) < 0))
			return -1;
		if (rc > 0)
			r->kept[r->nkept++] = one;
	}
	return 0;
}

int figures_check(struct figures *f, const struct zone *z, const struct history *history,
		  struct batch *b, struct err *e)
{
	struct run r = { .zone = z, .history = history, .batch = b };
	struct figure *sorted;
	size_t *start;

	if (f->n == 0)
		return 0;
	sorted = sort_figures(f, &start, e);
	if (!sorted || batch_reserve(b, f->n, e) < 0)
		return -1;
	for (size_t k = 0; k < f->nseries; k++) {
		r.series = f->series[k];
		if (check_series(&r, sorted + start[k], start[k + 1] - start[k], e) < 0)
			return -1;
	}
	return 0;
}
