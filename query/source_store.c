/* source_store.c - see source_store.h. */
#include "query/source_store.h"

#include "base/alloc.h"
#include "storage/store.h"

/* How far back the figure may lie that is held at the beginning of what is asked for. */
struct source_store {
	struct source source; /* first */
	struct snapshot *v;
	const struct calendar *calendar;
};

/* What was found out for a family and frequency at a time. */
struct latest {
	struct slice family, freq;
	int64_t from_ms, until_ms, stamp_ms;
	int back;
	int64_t as_of_ms;
};

enum { LATEST_KEPT = 8 };

struct source_reader {
	struct source_store *s;
	struct snapshot_reader *reader;
	struct latest latest[LATEST_KEPT];
	unsigned next;
};

/* --- series ------------------------------------------------------------------------------- */

static int no_memory(struct err *e)
{
	return err_set(e, ERR_LIMIT, "query needs more memory than it may have");
}

static int select_series(struct source *s, const struct selection *sel, struct arena *a,
			 struct source_series **out, size_t *n, struct err *e)
{
	struct source_store *store = (struct source_store *)s;
	struct series_ref *refs;

	if (snapshot_select(store->v, sel->m, sel->nm, a, &refs, n, e) < 0)
		return -1;
	*out = arena_array(a, *n + 1, sizeof(**out));
	if (!*out)
		return no_memory(e);
	for (size_t i = 0; i < *n; i++)
		(*out)[i] = (struct source_series){ refs[i].labels, refs[i].id, refs[i].statistic };
	return 0;
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
		c->until[i] = cal->holds_until(cal->ctx, series->labels, f->stamp_ms);
	if (!sel->extras)
		return;
	c->released[i] = f->released_ms;
	c->period[i] = cal ? cal->period_number(cal->ctx, series->labels, f->stamp_ms) : 0;
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
	*out = (struct points){ .n = s.n, .t_ms = s.t_ms, .v = s.value };
	return 0;
}

/* --- chosen periods -----------------------------------------------------------------------------
 */

static int latest(struct source_reader *r, const struct selection *sel,
		  const struct source_series *series, int64_t t_ms, int64_t *stamp_ms)
{
	const struct calendar *cal = r->s->calendar;
	struct slice family = labels_name(series->labels);
	struct slice freq = labels_get(series->labels, slice_str("freq"));
	struct latest *l;

	for (unsigned i = 0; i < LATEST_KEPT; i++) {
		l = &r->latest[i];
		if (l->from_ms <= t_ms && t_ms < l->until_ms && l->back == sel->back &&
		    l->as_of_ms == sel->as_of_ms && slice_eq(l->family, family) &&
		    slice_eq(l->freq, freq)) {
			*stamp_ms = l->stamp_ms;
			return 0;
		}
	}
	l = &r->latest[r->next++ % LATEST_KEPT];
	*l = (struct latest){
		.family = family, .freq = freq, .back = sel->back, .as_of_ms = sel->as_of_ms
	};
	l->stamp_ms = cal->latest_closed(cal->ctx, series->labels, t_ms, sel->as_of_ms, sel->back,
					 &l->from_ms, &l->until_ms);
	*stamp_ms = l->stamp_ms;
	return 0;
}

static int period_stamp(struct source_reader *r, const struct selection *sel,
			const struct source_series *series, int64_t t_ms, int64_t *stamp_ms,
			struct err *e)
{
	const struct calendar *cal = r->s->calendar;

	if (!cal)
		return err_set(e, ERR_INVALID, "__period__ needs a catalogue");
	if (sel->period == PERIOD_LATEST)
		return latest(r, sel, series, t_ms, stamp_ms);
	*stamp_ms = cal->stamp_of(cal->ctx, series->labels, sel->period_text);
	return 0;
}

/* --- the source
 * ------------------------------------------------------------------------------------- */

static const struct source_vtable functions = {
	.select = select_series,
	.reader_open = reader_open,
	.reader_close = reader_close,
	.points = points,
	.period_stamp = period_stamp,
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
	return &s->source;
}

void source_store_close(struct source *source)
{
	struct source_store *s = (struct source_store *)source;

	if (!s)
		return;
	snapshot_close(s->v);
	mem_free(s);
}
