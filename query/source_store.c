/* source_store.c - see source_store.h. */
#include "query/source_store.h"

#include "base/alloc.h"
#include "storage/store.h"

#include <pthread.h>

/* The closings of a family and frequency, of the newest periods before a time and all later ones,
 * or of all periods. Not changed once it is in the list. */
struct closed {
	struct slice family, freq;
	bool all;
	struct closing *list;
	size_t n;
	struct closed *next;
};

struct source_store {
	struct source source; /* first */
	struct snapshot *v;
	const struct calendar *calendar;
	pthread_mutex_t lock; /* of what follows */
	struct closed *closed;
	struct arena arena;
};

enum { CLOSED_BYTES = 64 << 20 };

struct source_reader {
	struct source_store *s;
	struct snapshot_reader *reader;
	const struct closed *last; /* looked at */
};

/* --- series ------------------------------------------------------------------------------- */

static int no_memory(struct err *e)
{
	return err_set(e, ERR_LIMIT, "query needs more memory than it may have");
}

/* How long a figure holds, and of which period it is, depends on its labels. */
static int read_labels_of_statistics(struct source_store *s, struct source_series *series, size_t n,
				     struct arena *a, struct err *e)
{
	size_t count = 0;
	uint32_t *ids;
	const struct labels **ls;

	for (size_t i = 0; i < n; i++)
		count += series[i].statistic;
	if (!count)
		return 0;
	ids = arena_array(a, count, sizeof(*ids));
	ls = arena_array(a, count, sizeof(*ls));
	if (!ids || !ls)
		return no_memory(e);
	count = 0;
	for (size_t i = 0; i < n; i++)
		if (series[i].statistic)
			ids[count++] = series[i].id;
	if (snapshot_labels(s->v, ids, count, NULL, 0, a, ls, e) < 0)
		return -1;
	for (size_t i = n; i > 0; i--)
		if (series[i - 1].statistic)
			series[i - 1].labels = ls[--count];
	return 0;
}

static int select_series(struct source *s, const struct selection *sel, struct arena *a,
			 struct source_series **out, size_t *n, struct err *e)
{
	struct source_store *store = (struct source_store *)s;
	struct series_ref *refs;

	if (snapshot_select_by_id(store->v, sel->m, sel->nm, a, &refs, n, e) < 0)
		return -1;
	*out = arena_array(a, *n + 1, sizeof(**out));
	if (!*out)
		return no_memory(e);
	for (size_t i = 0; i < *n; i++)
		(*out)[i] = (struct source_series){ NULL, refs[i].id, refs[i].statistic };
	return read_labels_of_statistics(store, *out, *n, a, e);
}

static int read_labels(struct source *s, const uint32_t *ids, size_t n, const struct slice *names,
		       size_t nnames, struct arena *a, const struct labels **out, struct err *e)
{
	return snapshot_labels(((struct source_store *)s)->v, ids, n, names, nnames, a, out, e);
}

/* --- points ---------------------------------------------------------------------------------- */

static struct source_reader *reader_open(struct source *s, struct err *e)
{
	struct source_reader *r = mem_zalloc(sizeof(*r));

	if (!r) {
		err_set(e, ERR_MEMORY, "no memory to read series");
		return NULL;
	}
	r->s = (struct source_store *)s;
	r->reader = snapshot_reader_open(r->s->v, e);
	if (!r->reader) {
		mem_free(r);
		return NULL;
	}
	return r;
}

static void reader_close(struct source_reader *r)
{
	snapshot_reader_close(r->reader);
	mem_free(r);
}

struct figure_columns {
	int64_t *t, *until, *released;
	double *v;
	int32_t *period;
};

static int new_columns(struct figure_columns *c, size_t n, bool extras, struct arena *a,
		       struct err *e)
{
	*c = (struct figure_columns){ .t = arena_array(a, n + 1, sizeof(*c->t)),
				      .until = arena_array(a, n + 1, sizeof(*c->until)),
				      .v = arena_array(a, n + 1, sizeof(*c->v)) };
	if (!c->t || !c->until || !c->v)
		return no_memory(e);
	if (!extras)
		return 0;
	c->released = arena_array(a, n + 1, sizeof(*c->released));
	c->period = arena_array(a, n + 1, sizeof(*c->period));
	return c->released && c->period ? 0 : no_memory(e);
}

static void put_figure(const struct source_reader *r, const struct selection *sel,
		       const struct source_series *series, const struct vintage *f, size_t i,
		       struct figure_columns *c)
{
	const struct calendar *cal = r->s->calendar;

	c->t[i] = f->stamp_ms;
	c->v[i] = f->value;
	if (cal && !sel->no_hold && sel->instant)
		c->until[i] = cal->holds_until(cal, series->labels, f->stamp_ms);
	if (!sel->extras)
		return;
	c->released[i] = f->released_ms;
	c->period[i] = cal ? cal->period_number(cal, series->labels, f->stamp_ms) : 0;
}

static int figures(struct source_reader *r, const struct selection *sel,
		   const struct source_series *series, int64_t from_ms, int64_t to_ms,
		   struct arena *a, struct points *out, struct err *e)
{
	struct view view = { .as_of_ms = sel->as_of_ms, .release = sel->release };
	struct snapshot *v = r->s->v;
	struct vintage *list, last;
	struct figure_columns c;
	bool before = false;
	size_t n, at = 0;

	if (snapshot_figures(v, series->id, from_ms, to_ms, view, a, &list, &n, e) < 0)
		return -1;
	if (sel->instant && sel->period == PERIOD_ANY && from_ms > INT64_MIN &&
	    snapshot_last_figure(v, series->id, from_ms - 1, view, &last, &before, e) < 0)
		return -1;
	if (new_columns(&c, n + before, sel->extras, a, e) < 0)
		return -1;
	if (before)
		put_figure(r, sel, series, &last, at++, &c);
	for (size_t i = 0; i < n; i++)
		put_figure(r, sel, series, &list[i], at++, &c);
	*out = (struct points){ .n = at, .t_ms = c.t, .v = c.v };
	if (r->s->calendar && !sel->no_hold && sel->instant)
		out->until_ms = c.until;
	out->released_ms = c.released;
	out->period = c.period;
	return 0;
}

static int points(struct source_reader *r, const struct selection *sel,
		  const struct source_series *series, int64_t from_ms, int64_t to_ms,
		  struct arena *a, struct points *out, struct err *e)
{
	struct samples s;

	if (series->statistic)
		return figures(r, sel, series, from_ms, to_ms, a, out, e);
	if (snapshot_reader_samples(r->reader, series->id, from_ms, to_ms, a, &s, e) < 0)
		return -1;
	*out = (struct points){ .n = s.n, .t_ms = s.t_ms, .v = s.value, .numbers = s.numbers };
	return 0;
}

static int last(struct source_reader *r, const struct source_series *series, size_t n,
		int64_t from_ms, int64_t to_ms, struct arena *a, int64_t *t_ms, double *v,
		struct err *e)
{
	uint32_t *ids = arena_alloc(a, n * sizeof(*ids));

	if (!ids)
		return no_memory(e);
	for (size_t i = 0; i < n; i++)
		ids[i] = series[i].id;
	return snapshot_reader_last(r->reader, ids, n, from_ms, to_ms, t_ms, v, e);
}

/* --- chosen periods --------------------------------------------------------------------- */

static bool is_of(const struct closed *c, struct slice family, struct slice freq)
{
	return slice_eq(c->freq, freq) && slice_eq(c->family, family);
}

static int read_closings(struct source_store *s, const struct labels *ls, struct slice family,
			 struct slice freq, int64_t around_ms, struct closed **out, struct err *e)
{
	struct closed *c = arena_new(&s->arena, struct closed);

	if (!c)
		return no_memory(e);
	c->all = around_ms == INT64_MIN;
	if (s->calendar->closings(s->calendar, s->v, ls, around_ms, &s->arena, &c->list, &c->n, e) <
	    0)
		return -1;
	c->family = arena_slice(&s->arena, family);
	c->freq = arena_slice(&s->arena, freq);
	if (!c->family.p || !c->freq.p)
		return no_memory(e);
	c->next = s->closed;
	s->closed = *out = c;
	return 0;
}

/* INT64_MIN for `around_ms`: of all periods. */
static int closings_of(struct source_reader *r, const struct labels *ls, int64_t around_ms,
		       const struct closed **out, struct err *e)
{
	struct slice family = labels_name(ls), freq = labels_get(ls, slice_str("freq"));
	bool all = around_ms == INT64_MIN;
	struct closed *c;
	int rc = 0;

	*out = r->last;
	if (r->last && is_of(r->last, family, freq) && (r->last->all || !all))
		return 0;
	pthread_mutex_lock(&r->s->lock);
	c = r->s->closed;
	while (c && !(is_of(c, family, freq) && (c->all || !all)))
		c = c->next;
	if (!c)
		rc = read_closings(r->s, ls, family, freq, around_ms, &c, e);
	if (rc == 0)
		*out = r->last = c;
	pthread_mutex_unlock(&r->s->lock);
	return rc;
}

/* Stamp of the newest period that was closed by then. */
static int64_t newest_by(const struct closed *c, int64_t known_ms)
{
	for (size_t i = c->n; i > 0; i--)
		if (c->list[i - 1].closed_ms <= known_ms)
			return c->list[i - 1].stamp_ms;
	return INT64_MIN;
}

/* What is found among the newest periods is the newest of all; else all are looked at. */
static int latest_closed(struct source_reader *r, const struct labels *ls, int64_t known_ms,
			 int64_t *stamp_ms, struct err *e)
{
	const struct closed *c;

	if (closings_of(r, ls, known_ms, &c, e) < 0)
		return -1;
	*stamp_ms = newest_by(c, known_ms);
	if (*stamp_ms != INT64_MIN || c->all)
		return 0;
	if (closings_of(r, ls, INT64_MIN, &c, e) < 0)
		return -1;
	*stamp_ms = newest_by(c, known_ms);
	return 0;
}

static int period_stamp(struct source_reader *r, const struct selection *sel,
			const struct source_series *series, int64_t t_ms, int64_t *stamp_ms,
			struct err *e)
{
	const struct calendar *cal = r->s->calendar;
	int64_t known = t_ms < sel->as_of_ms ? t_ms : sel->as_of_ms;

	*stamp_ms = INT64_MIN;
	if (!cal)
		return err_set(e, ERR_INVALID, "__period__ needs a catalogue");
	if (sel->period == PERIOD_FIXED) {
		*stamp_ms = cal->stamp_of(cal, series->labels, sel->period_text);
		return 0;
	}
	if (latest_closed(r, series->labels, known, stamp_ms, e) < 0)
		return -1;
	if (*stamp_ms != INT64_MIN && sel->back)
		*stamp_ms = cal->before(cal, series->labels, *stamp_ms, sel->back);
	return 0;
}

static int as_of(struct source *source, struct slice text, int64_t *ms, struct err *e)
{
	const struct calendar *cal = ((struct source_store *)source)->calendar;

	if (!cal)
		return err_set(e, ERR_INVALID, "__as_of__ needs a catalogue");
	return cal->as_of(cal, text, ms, e);
}

/* --- the source
 * ------------------------------------------------------------------------------------- */

static const struct source_vtable functions = {
	.select = select_series,
	.labels = read_labels,
	.reader_open = reader_open,
	.reader_close = reader_close,
	.points = points,
	.last = last,
	.period_stamp = period_stamp,
	.as_of = as_of,
};

struct source *source_store_open(struct store *store, const struct calendar *calendar,
				 int64_t deadline_ms, struct err *e)
{
	struct source_store *s = mem_zalloc(sizeof(*s));

	if (!s) {
		err_set(e, ERR_MEMORY, "no memory to read the store");
		return NULL;
	}
	s->source.f = &functions;
	s->calendar = calendar;
	s->v = snapshot_open(store, deadline_ms, e);
	if (!s->v) {
		mem_free(s);
		return NULL;
	}
	pthread_mutex_init(&s->lock, NULL);
	arena_init(&s->arena, CLOSED_BYTES);
	return &s->source;
}

void source_store_close(struct source *source)
{
	struct source_store *s = (struct source_store *)source;

	if (!s)
		return;
	snapshot_close(s->v);
	arena_release(&s->arena);
	pthread_mutex_destroy(&s->lock);
	mem_free(s);
}
