/* source_store.c - see source_store.h. */
#include "query/source_store.h"

#include "base/alloc.h"
#include "base/map.h"
#include "storage/store.h"

/* Series of one name and frequency: the calendar treats them alike. Workers read labels only. */
struct family {
	struct slice freq;
	const struct labels *labels; /* name and frequency */
	uint32_t number;
	struct family *next; /* of the same name */
	/* of the newest periods before a time and all later ones; of all. No list: not asked for */
	struct closings near, all;
	int64_t latest_ms, before_ms; /* `back` periods before `latest_ms` are at `before_ms` */
	int back;
};

struct source_store {
	struct source source; /* first */
	struct snapshot *v;
	const struct calendar *calendar;
	struct map names;         /* to the first family of the name */
	struct family **families; /* by number */
	size_t nfamilies, room;
	struct arena arena; /* of families and closings */
};

enum { FAMILIES_BYTES = 64 << 20, MEMO = 8192 };

/* What the calendar says of a figure. */
struct told {
	const struct family *family; /* NULL: nothing yet */
	int64_t stamp_ms, until_ms;
};

struct source_reader {
	struct source_store *s;
	struct snapshot_reader *reader;
	struct told
		*memo; /* MEMO: figures of many series have one stamp; NULL: none was asked for */
};

static int no_memory(struct err *e)
{
	return err_set(e, ERR_LIMIT, "query needs more memory than it may have");
}

/* --- families ----------------------------------------------------------------------------- */

static struct family *new_family(struct source_store *s, struct slice name, struct slice freq,
				 struct family *next, struct err *e)
{
	struct label l[2] = { { slice_str("__name__"), arena_slice(&s->arena, name) },
			      { slice_str("freq"), arena_slice(&s->arena, freq) } };
	struct family *f = arena_new(&s->arena, struct family);
	struct family **list = arena_grow(&s->arena, s->families, s->nfamilies, &s->room,
					  s->nfamilies + 1, sizeof(struct family *));

	if (!f || !list || !l[0].value.p || !l[1].value.p) {
		no_memory(e);
		return NULL;
	}
	s->families = list;
	f->labels = labels_in_arena(&s->arena, l, freq.n ? 2 : 1);
	f->freq = l[1].value;
	f->next = next;
	f->number = (uint32_t)s->nfamilies;
	f->latest_ms = INT64_MIN;
	if (!f->labels) {
		no_memory(e);
		return NULL;
	}
	if (map_put(&s->names, l[0].value, f, e) < 0)
		return NULL;
	list[s->nfamilies++] = f;
	return f;
}

static struct family *family_of(struct source_store *s, const struct labels *ls, struct err *e)
{
	struct slice name = labels_name(ls), freq = labels_get(ls, slice_str("freq"));
	struct family *first = map_get(&s->names, name), *f = first;

	while (f && !slice_eq(f->freq, freq))
		f = f->next;
	return f ? f : new_family(s, name, freq, first, e);
}

/* --- series ------------------------------------------------------------------------------- */

/* Of statistics name and frequency alone are read, since the calendar asks for them. */
static int find_families(struct source_store *s, struct source_series *series, size_t n,
			 struct arena *a, struct err *e)
{
	static const struct slice names[] = { { LABEL_NAME, sizeof(LABEL_NAME) - 1 },
					      { "freq", 4 } };
	uint32_t *ids = arena_alloc(a, n * sizeof(*ids));
	const struct labels **ls = arena_alloc(a, n * sizeof(*ls));
	size_t count = 0;

	if (!ids || !ls)
		return no_memory(e);
	for (size_t i = 0; i < n; i++)
		if (series[i].statistic)
			ids[count++] = series[i].id;
	if (count > 0 && snapshot_labels(s->v, ids, count, names, 2, a, ls, e) < 0)
		return -1;
	for (size_t i = n; i > 0 && count > 0; i--) {
		const struct family *f;

		if (!series[i - 1].statistic)
			continue;
		f = family_of(s, ls[--count], e);
		if (!f)
			return -1;
		series[i - 1].family = f->number;
	}
	return 0;
}

static int select_series(struct source *source, const struct selection *sel, struct arena *a,
			 struct source_series **out, size_t *n, struct err *e)
{
	struct source_store *s = (struct source_store *)source;
	struct series_ref *refs;

	if (snapshot_select_by_id(s->v, sel->m, sel->nm, a, &refs, n, e) < 0)
		return -1;
	*out = arena_array(a, *n + 1, sizeof(**out));
	if (!*out)
		return no_memory(e);
	for (size_t i = 0; i < *n; i++)
		(*out)[i] =
			(struct source_series){ .id = refs[i].id, .statistic = refs[i].statistic };
	return find_families(s, *out, *n, a, e);
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
	mem_free(r->memo);
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

static int64_t holds_until(struct source_reader *r, const struct family *f, int64_t stamp_ms)
{
	const struct calendar *cal = r->s->calendar;
	uint64_t mixed = ((uint64_t)stamp_ms + f->number) * UINT64_C(0x9e3779b97f4a7c15);
	struct told *t;

	if (!r->memo)
		r->memo = mem_zalloc(MEMO * sizeof(*r->memo));
	if (!r->memo)
		return cal->holds_until(cal, f->labels, stamp_ms);
	t = &r->memo[mixed >> 32 & (MEMO - 1)];
	if (t->family != f || t->stamp_ms != stamp_ms)
		*t = (struct told){ f, stamp_ms, cal->holds_until(cal, f->labels, stamp_ms) };
	return t->until_ms;
}

static void put_figure(struct source_reader *r, const struct selection *sel,
		       const struct source_series *series, const struct vintage *x, size_t i,
		       struct figure_columns *c)
{
	const struct calendar *cal = r->s->calendar;
	const struct family *f = r->s->families[series->family];

	c->t[i] = x->stamp_ms;
	c->v[i] = x->value;
	if (cal && !sel->no_hold && sel->instant)
		c->until[i] = holds_until(r, f, x->stamp_ms);
	if (!sel->extras)
		return;
	c->released[i] = x->released_ms;
	c->period[i] = cal ? cal->period_number(cal, f->labels, x->stamp_ms) : 0;
}

static int last_before(struct source_reader *r, uint32_t id, int64_t before_ms, struct view view,
		       struct arena *a, struct vintage **list, size_t *n, struct err *e)
{
	struct vintage last, *more;
	bool found;

	if (snapshot_reader_last_figure(r->reader, id, before_ms - 1, view, &last, &found, e) < 0)
		return -1;
	if (!found)
		return 0;
	more = arena_array(a, *n + 1, sizeof(*more));
	if (!more)
		return no_memory(e);
	more[0] = last;
	if (*n)
		memcpy(more + 1, *list, *n * sizeof(*more));
	*list = more;
	++*n;
	return 0;
}

/* How far a figure that still holds mostly lies behind, so that one read finds it: more than a
 * quarter, its grace and some days. */
enum { HOLD_DAYS = 150 };

/* Those in the range and, where one before it may still hold, the last before. */
static int read_figures(struct source_reader *r, const struct selection *sel, uint32_t id,
			int64_t from_ms, int64_t to_ms, struct arena *a, struct vintage **out,
			size_t *n, struct err *e)
{
	const struct view view = { .as_of_ms = sel->as_of_ms, .release = sel->release };
	const int64_t hold = HOLD_DAYS * INT64_C(86400000);
	bool before = sel->instant && sel->period == PERIOD_ANY && from_ms > INT64_MIN + hold;
	int64_t first = before ? from_ms - hold : from_ms;
	size_t skip = 0;

	if (snapshot_reader_figures(r->reader, id, first, to_ms, view, a, out, n, e) < 0)
		return -1;
	while (skip + 1 < *n && (*out)[skip + 1].stamp_ms < from_ms)
		skip++;
	*out += skip;
	*n -= skip;
	if (!before || (*n > 0 && (*out)[0].stamp_ms < from_ms))
		return 0;
	return last_before(r, id, first, view, a, out, n, e);
}

static int figures(struct source_reader *r, const struct selection *sel,
		   const struct source_series *series, int64_t from_ms, int64_t to_ms,
		   struct arena *a, struct points *out, struct err *e)
{
	struct vintage *list;
	struct figure_columns c;
	size_t n;

	if (read_figures(r, sel, series->id, from_ms, to_ms, a, &list, &n, e) < 0 ||
	    new_columns(&c, n, sel->extras, a, e) < 0)
		return -1;
	for (size_t i = 0; i < n; i++)
		put_figure(r, sel, series, &list[i], i, &c);
	*out = (struct points){ .n = n, .t_ms = c.t, .v = c.v };
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

/* Stamp of the newest period that was closed by then. */
static int64_t newest_by(const struct closings *c, int64_t known_ms)
{
	for (size_t i = c->list ? c->n : 0; i > 0; i--)
		if (c->list[i - 1].closed_ms <= known_ms)
			return c->list[i - 1].stamp_ms;
	return INT64_MIN;
}

/* Where closings of the family are wanted and not there: of all periods when none of the newest
 * was closed by `known_ms`. */
static struct closings *missing(struct family *f, int64_t known_ms, bool all)
{
	struct closings *c = all ? &f->all : &f->near;

	if (c->list || (all && f->near.list && newest_by(&f->near, known_ms) != INT64_MIN))
		return NULL;
	return c;
}

/* Of all families at once, since their series are then read in one walk. */
static int read_closings(struct source_store *s, int64_t known_ms, bool all, struct err *e)
{
	const struct labels **labels = arena_array(&s->arena, s->nfamilies, sizeof(*labels));
	struct closings **to = arena_array(&s->arena, s->nfamilies, sizeof(*to));
	struct closings *list = arena_array(&s->arena, s->nfamilies, sizeof(*list));
	size_t n = 0;

	if (!labels || !to || !list)
		return no_memory(e);
	for (size_t i = 0; i < s->nfamilies; i++) {
		to[n] = missing(s->families[i], known_ms, all);
		labels[n] = s->families[i]->labels;
		n += to[n] != NULL;
	}
	if (s->calendar->closings(s->calendar, s->v, labels, n, all ? INT64_MIN : known_ms,
				  &s->arena, list, e) < 0)
		return -1;
	for (size_t i = 0; i < n; i++)
		*to[i] = list[i];
	return 0;
}

/* What is found among the newest periods is the newest of all; else all are looked at. */
static int latest_closed(struct source_store *s, struct family *f, int64_t known_ms,
			 int64_t *stamp_ms, struct err *e)
{
	if (!f->near.list && read_closings(s, known_ms, false, e) < 0)
		return -1;
	*stamp_ms = newest_by(&f->near, known_ms);
	if (*stamp_ms != INT64_MIN)
		return 0;
	if (!f->all.list && read_closings(s, known_ms, true, e) < 0)
		return -1;
	*stamp_ms = newest_by(&f->all, known_ms);
	return 0;
}

static int64_t stamp_before(const struct source_store *s, struct family *f, int64_t latest_ms,
			    int back)
{
	if (f->latest_ms != latest_ms || f->back != back) {
		f->latest_ms = latest_ms;
		f->back = back;
		f->before_ms = s->calendar->before(s->calendar, f->labels, latest_ms, back);
	}
	return f->before_ms;
}

static int period_stamp(struct source *source, const struct selection *sel,
			const struct source_series *series, int64_t t_ms, int64_t *stamp_ms,
			struct err *e)
{
	struct source_store *s = (struct source_store *)source;
	struct family *f = s->families[series->family];
	int64_t known = t_ms < sel->as_of_ms ? t_ms : sel->as_of_ms;

	*stamp_ms = INT64_MIN;
	if (!s->calendar)
		return err_set(e, ERR_INVALID, "__period__ needs a catalogue");
	if (sel->period == PERIOD_FIXED) {
		*stamp_ms = s->calendar->stamp_of(s->calendar, f->labels, sel->period_text);
		return 0;
	}
	if (latest_closed(s, f, known, stamp_ms, e) < 0)
		return -1;
	if (*stamp_ms != INT64_MIN && sel->back)
		*stamp_ms = stamp_before(s, f, *stamp_ms, sel->back);
	return 0;
}

static int as_of(struct source *source, struct slice text, int64_t *ms, struct err *e)
{
	const struct calendar *cal = ((struct source_store *)source)->calendar;

	if (!cal)
		return err_set(e, ERR_INVALID, "__as_of__ needs a catalogue");
	return cal->as_of(cal, text, ms, e);
}

/* --- the source ---------------------------------------------------------------------------- */

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
	map_init(&s->names);
	arena_init(&s->arena, FAMILIES_BYTES);
	return &s->source;
}

void source_store_close(struct source *source)
{
	struct source_store *s = (struct source_store *)source;

	if (!s)
		return;
	snapshot_close(s->v);
	map_release(&s->names);
	arena_release(&s->arena);
	mem_free(s);
}
