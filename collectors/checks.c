/*
 * checks.c - see checks.h.
 *
 *   1. Rows of totals are held against their columns (edits_totals.c).
 *   2. Figures are laid out by series (a counting sort), and each series by time.
 *      Reports are nearly always in rising or falling order, so that a look says
 *      which, and sorting proper is the exception.
 *   3. Of several figures of one period: one when they are equal; none when they
 *      disagree, for nothing tells which of them is right.
 *   4. Each is held against its own past, then what is left against others of its unit and
 *      its peers. A figure that fails there is doomed but still what others are held
 *      against, so that the order of rows decides nothing.
 *
 * Nothing is ever corrected here.
 */
#include "collectors/edits.h"

#include <stdlib.h>

enum { MANY = 4096 };

void figures_init(struct figures *f, struct arena *a)
{
	*f = (struct figures){ .arena = a, .table_before = NO_TABLE, .table_after = NO_TABLE };
}

void figures_release(struct figures *f)
{
	for (size_t i = 0; i < f->nseries; i++)
		labels_unref(f->series[i]->labels);
	f->nseries = 0;
	pairs_release(&f->by_pair);
}

static int no_room(struct err *e)
{
	return err_set(e, ERR_LIMIT, "the document's figures need more memory than it may have");
}

static struct series *series_new(struct figures *f, const struct unit *u, const struct indicator *i,
				 struct err *e)
{
	struct series *s = arena_new(f->arena, struct series);
	void *p = arena_grow(f->arena, f->series, f->nseries, &f->series_cap, f->nseries + 1,
			     sizeof(struct series *));
	struct labels *labels;

	if (!s || !p) {
		no_room(e);
		return NULL;
	}
	f->series = p;
	labels = catalogue_series(u, i, e);
	if (!labels)
		return NULL;
	*s = (struct series){
		.labels = labels, .unit = u, .indicator = i, .id = (uint32_t)f->nseries
	};
	f->series[f->nseries++] = s;
	return s;
}

struct series *figures_series(struct figures *f, const struct unit *u, const struct indicator *i,
			      struct err *e)
{
	uint64_t key = pair_key(u->index, i->index);
	struct series *s = pairs_get(&f->by_pair, key);

	if (s)
		return s;
	s = series_new(f, u, i, e);
	return s && pairs_put(&f->by_pair, key, s, e) == 0 ? s : NULL;
}

/* What an arena's list outgrows stays behind in the arena: once there are many the list takes at
 * once what it will need, instead of twice that in the end. */
static size_t wanted(const struct figures *f)
{
	return f->n >= MANY && f->n < f->expected ? f->expected + f->expected / 64 : f->n + 1;
}

int figures_add(struct figures *f, const struct figure *one, struct err *e)
{
	if (f->n == f->cap) {
		void *p = arena_grow(f->arena, f->list, f->n, &f->cap, wanted(f), sizeof(*f->list));

		if (!p)
			return no_room(e);
		f->list = p;
	}
	f->list[f->n++] = *one;
	return 0;
}

int figures_entry(struct figures *f, const struct column_entry *one, struct err *e)
{
	void *p = f->entries;

	if (f->nentries == f->entries_cap)
		p = arena_grow(f->arena, p, f->nentries, &f->entries_cap, f->nentries + 1,
			       sizeof(*f->entries));
	if (!p)
		return no_room(e);
	f->entries = p;
	f->entries[f->nentries++] = *one;
	f->ntotals += one->what == COLUMN_TOTAL || one->what == COLUMN_SUBTOTAL;
	return 0;
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

/* Counts the figures of each series and gives it its run; whether they lie so already, as those of
 * a list of series do. */
static bool share_out(struct figures *f)
{
	bool there = true;
	size_t at = 0;

	for (size_t i = 0; i < f->n; i++) {
		f->series[f->list[i].series]->n++;
		there = there && (i == 0 || f->list[i - 1].series <= f->list[i].series);
	}
	for (size_t k = 0; k < f->nseries; k++) {
		f->series[k]->first = at;
		at += f->series[k]->n;
	}
	return there;
}

/* Lays f->list out by series and time; each series knows its run. */
static int sort_figures(struct figures *f, struct err *e)
{
	if (!share_out(f)) {
		struct figure *out = arena_array(f->arena, f->n, sizeof(*out));

		if (!out)
			return no_room(e);
		for (size_t k = 0; k < f->nseries; k++)
			f->series[k]->n = 0;
		for (size_t i = 0; i < f->n; i++) {
			struct series *s = f->series[f->list[i].series];

			out[s->first + s->n++] = f->list[i];
		}
		f->list = out;
		f->cap = f->n;
	}
	for (size_t k = 0; k < f->nseries; k++)
		sort_run(f->list + f->series[k]->first, f->series[k]->n);
	return 0;
}

/* --- conflicts ----------------------------------------------------------------------- */

/* No number is shown beside a secret: it may be that one. */
static void said_value(const struct figure *f, const struct figure *other, char out[NUM_TEXT])
{
	if (figure_is_secret(f) || figure_is_secret(other))
		snprintf(out, NUM_TEXT, figure_is_secret(f) ? "suppressed" : "a value");
	else
		num_print(f->value, out);
}

static const char *said_measured(const struct series *s, const struct figure *f,
				 const struct figure *other, char out[MEASURED_TEXT])
{
	if (figure_is_secret(f) || figure_is_secret(other))
		return figure_is_secret(f) ? "保密" : "有数值";
	return measured(s->indicator, f->value, out);
}

static void say_conflict(struct edits *w, const struct series *s, struct figure *f,
			 const struct figure *other)
{
	char mine[NUM_TEXT], theirs[NUM_TEXT], period[PERIOD_TEXT], a[MEASURED_TEXT],
		b[MEASURED_TEXT];
	struct complaint c = {
		.why = REFUSED_CONFLICT, .line = f->line, .column = f->column, .table = f->table
	};
	struct period p = period_from_index(s->indicator->freq, f->index);
	const char *unit = unit_name(s->unit, period_last_day(p));
	char zh[SAID_MAX], en[SAID_MAX];

	said_value(f, other, mine);
	said_value(other, f, theirs);
	snprintf(en, sizeof(en),
		 "%.80s, %.100s %s: %.90s here, but %.90s in line %u, column %u; neither is taken",
		 unit, s->indicator->code, period_print(p, period), mine, theirs, other->line,
		 other->column);
	snprintf(zh, sizeof(zh),
		 "%.80s %.80s %s：此处为 %s，第 %u 行第 %u 列却为 %s，均不采用，请核对后重报", unit,
		 s->indicator->name,
		 period_print_zh(period_of_index(s->indicator, f->index), period),
		 said_measured(s, f, other, a), other->line, other->column,
		 said_measured(s, other, f, b));
	batch_say(w->batch, c, zh, en);
}

/* That one is kept secret and the other is not says nothing of who is right either. */
static bool disagree(const struct figure *a, const struct figure *b)
{
	if (figure_is_secret(a) || figure_is_secret(b))
		return figure_is_secret(a) != figure_is_secret(b);
	return a->value != b->value;
}

/* Of figures of one period the first stays when all agree, and none when they do not. */
static void settle(struct edits *w, const struct series *s, struct figure *f, size_t n)
{
	size_t other = 0;

	for (size_t i = 1; i < n && !other; i++)
		if (disagree(&f[i], &f[0]))
			other = i;
	for (size_t i = 1; i < n; i++) {
		f[0].doomed |= f[i].doomed;
		f[0].why = f[0].why ? f[0].why : f[i].why;
		f[i].dropped = true;
		if (!other)
			f[0].flags |= f[i].flags;
	}
	if (!other)
		return;
	f[0].dropped = true;
	f[0].why = REFUSED_CONFLICT + 1;
	for (size_t i = 0; i < n; i++)
		if (!f[i].doomed)
			say_conflict(w, s, &f[i], disagree(&f[i], &f[0]) ? &f[0] : &f[other]);
}

/* --- the document -------------------------------------------------------------------- */

static int check_series(struct edits *w, struct series *s, struct err *e)
{
	struct figure *f = w->figures->list + s->first;

	for (size_t i = 0, same; i < s->n; i += same) {
		for (same = 1; i + same < s->n && f[i + same].stamp_ms == f[i].stamp_ms; same++)
			;
		settle(w, s, f + i, same);
	}
	/* What was refused is nobody's "before". */
	for (size_t i = 0; i < s->n; i++) {
		int rc = f[i].dropped || figure_is_secret(&f[i]) ? 1
								 : edits_of_series(w, s, &f[i], e);

		if (rc < 0)
			return -1;
		if (rc == 0)
			f[i].dropped = true;
	}
	return 0;
}

static int check_all(struct edits *w, struct err *e)
{
	struct figures *fs = w->figures;
	size_t n = fs->nseries; /* more come in while others are looked up */

	for (size_t k = 0; k < n; k++)
		if (check_series(w, fs->series[k], e) < 0)
			return -1;
	for (size_t k = 0; k < fs->n; k++)
		if (!fs->list[k].dropped && !figure_is_secret(&fs->list[k]) &&
		    edits_across(w, &fs->list[k], e) < 0)
			return -1;
	return edits_panel(w, e);
}

/* The second of two rows of one figure. */
static bool is_same_cell(const struct figure *f, const struct figure *before)
{
	return f->series == before->series && f->stamp_ms == before->stamp_ms;
}

static int emit(struct edits *w, struct err *e)
{
	struct figures *fs = w->figures;
	size_t doubt = 0;

	edits_sort_doubts(w);
	for (size_t k = 0; k < fs->n; k++) {
		const struct figure *f = &fs->list[k];
		struct labels *labels = fs->series[f->series]->labels;

		if (f->dropped || f->doomed) {
			if (f->why && (k == 0 || !is_same_cell(f, f - 1)) &&
			    batch_refused(w->batch, labels, f->stamp_ms, f->why - 1, e) < 0)
				return -1;
			continue;
		}
		if (batch_observe(w->batch,
				  (struct observation){ .labels = labels_ref(labels),
							.stamp_ms = f->stamp_ms,
							.value = f->value,
							.months = f->months,
							.flags = f->flags },
				  e) < 0 ||
		    edits_give_doubts(w, f, &doubt, e) < 0)
			return -1;
	}
	return 0;
}

int figures_check(struct figures *f, const struct catalogue *c, const struct history *history,
		  struct batch *b, struct err *e)
{
	struct edits w = { .figures = f,
			   .catalogue = c,
			   .zone = catalogue_zone(c),
			   .history = history && history->figures ? history : NULL,
			   .batch = b };
	int rc;

	if (f->n == 0)
		return 0;
	if (edits_totals(&w, e) < 0 || sort_figures(f, e) < 0 || batch_reserve(b, f->n, e) < 0)
		return -1;
	for (size_t k = 0; k < f->n; k++)
		edits_note_span(&w, f->series[f->list[k].series]->indicator->freq,
				f->list[k].index);
	rc = check_all(&w, e);
	edits_close(&w);
	return rc < 0 ? -1 : emit(&w, e);
}
