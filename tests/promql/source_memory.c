/*
 * source_memory.c - series in an array, sorted by labels.
 */
#include "tests/promql/source_memory.h"

#include "base/alloc.h"
#include "base/num.h"

/* --- filling -------------------------------------------------------------------------------- */

static void *grown(void *p, size_t n, size_t *room, size_t size, struct err *e)
{
	size_t more = *room ? *room * 2 : 8;

	if (n < *room)
		return p;
	p = mem_realloc(p, more * size);
	if (p)
		*room = more;
	else
		err_set(e, ERR_MEMORY, "no memory for a series of a test");
	return p;
}

/* Where `ls` is, or belongs. */
static size_t place_for(const struct source_memory *s, const struct labels *ls)
{
	size_t lo = 0, hi = s->n;

	while (lo < hi) {
		size_t mid = (lo + hi) / 2;

		if (labels_cmp(s->series[mid]->labels, ls) < 0)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo;
}

static struct memory_series *find(struct source_memory *s, struct labels *ls, struct err *e)
{
	size_t i = place_for(s, ls);
	struct memory_series **all, *one;

	if (i < s->n && s->series[i]->labels == ls)
		return s->series[i];
	all = grown(s->series, s->n, &s->room, sizeof(struct memory_series *), e);
	if (!all)
		return NULL;
	s->series = all;
	one = mem_zalloc(sizeof(*one));
	if (!one) {
		err_set(e, ERR_MEMORY, "no memory for a series of a test");
		return NULL;
	}
	one->labels = labels_ref(ls);
	memmove(all + i + 1, all + i, (s->n - i) * sizeof(struct memory_series *));
	all[i] = one;
	s->n++;
	return one;
}

static int put(struct memory_series *one, const struct memory_point *p, struct err *e)
{
	struct memory_point *all = grown(one->points, one->n, &one->room, sizeof(*all), e);
	size_t i = one->n;

	if (!all)
		return -1;
	one->points = all;
	while (i > 0 && all[i - 1].t_ms > p->t_ms)
		i--;
	if (i > 0 && all[i - 1].t_ms == p->t_ms) {
		all[i - 1] = *p;
		return 0;
	}
	memmove(all + i + 1, all + i, (one->n - i) * sizeof(*all));
	all[i] = *p;
	one->n++;
	return 0;
}

int source_memory_add(struct source_memory *s, struct labels *ls, int64_t t_ms, double v,
		      struct err *e)
{
	struct memory_series *one = find(s, ls, e);

	return one ? put(one, &(struct memory_point){ .t_ms = t_ms, .v = v }, e) : -1;
}

int source_memory_figure(struct source_memory *s, struct labels *ls,
			 const struct memory_point *figure, struct err *e)
{
	struct memory_series *one = find(s, ls, e);

	if (!one)
		return -1;
	one->statistic = true;
	return put(one, figure, e);
}

/* --- reading -------------------------------------------------------------------------------- */

struct source_reader {
	struct source_memory *s;
};

static int select_series(struct source *source, const struct selection *sel, struct arena *a,
			 struct source_series **out, size_t *n, struct err *e)
{
	struct source_memory *s = (struct source_memory *)source;

	*n = 0;
	*out = arena_array(a, s->n + 1, sizeof(**out));
	if (!*out)
		return err_set(e, ERR_LIMIT, "no memory for the series of a test");
	for (size_t i = 0; i < s->n; i++) {
		struct memory_series *one = s->series[i];

		if (matchers_hold(sel->m, sel->nm, one->labels))
			(*out)[(*n)++] = (struct source_series){ .id = (uint32_t)i,
								 .family = (uint32_t)i,
								 .statistic = one->statistic };
	}
	return 0;
}

static int labels_of(const struct memory_series *one, const struct slice *names, size_t nnames,
		     struct arena *a, const struct labels **out, struct err *e)
{
	struct label l[LABELS_MAX];
	size_t n = 0;

	for (uint32_t i = 0; i < one->labels->n; i++) {
		bool wanted = nnames == 0;

		for (size_t k = 0; k < nnames; k++)
			wanted |= slice_eq(names[k], one->labels->l[i].name);
		if (wanted)
			l[n++] = one->labels->l[i];
	}
	*out = labels_in_arena(a, l, n);
	return *out ? 0 : err_set(e, ERR_LIMIT, "no memory for the labels of a test");
}

static int read_labels(struct source *source, const uint32_t *ids, size_t n,
		       const struct slice *names, size_t nnames, struct arena *a,
		       const struct labels **out, struct err *e)
{
	struct source_memory *s = (struct source_memory *)source;

	for (size_t i = 0; i < n; i++) {
		if (i > 0 && ids[i] < ids[i - 1])
			return err_set(e, ERR_INVALID, "series are asked for in no order");
		if (labels_of(s->series[ids[i]], names, nnames, a, &out[i], e) < 0)
			return -1;
	}
	return 0;
}

static struct source_reader *reader_open(struct source *source, struct err *e)
{
	struct source_reader *r = mem_alloc(sizeof(*r));

	if (r)
		r->s = (struct source_memory *)source;
	else
		err_set(e, ERR_MEMORY, "no memory to read a test's series");
	return r;
}

static void reader_close(struct source_reader *r)
{
	mem_free(r);
}

static int copy_points(const struct memory_point *p, size_t n, bool statistic, struct arena *a,
		       struct points *out, struct err *e)
{
	int64_t *t = arena_array(a, n + 1, sizeof(*t));
	int64_t *until = arena_array(a, n + 1, sizeof(*until));
	int64_t *released = arena_array(a, n + 1, sizeof(*released));
	int32_t *period = arena_array(a, n + 1, sizeof(*period));
	double *v = arena_array(a, n + 1, sizeof(*v));

	if (!t || !until || !released || !period || !v)
		return err_set(e, ERR_LIMIT, "no memory for the points of a test");
	for (size_t i = 0; i < n; i++) {
		t[i] = p[i].t_ms;
		v[i] = p[i].v;
		until[i] = p[i].until_ms;
		released[i] = p[i].released_ms;
		period[i] = p[i].period;
	}
	*out = (struct points){ .n = n, .t_ms = t, .v = v };
	if (statistic) {
		out->until_ms = until;
		out->released_ms = released;
		out->period = period;
	}
	return 0;
}

static int points(struct source_reader *r, const struct selection *sel,
		  const struct source_series *series, int64_t from_ms, int64_t to_ms,
		  struct arena *a, struct points *out, struct err *e)
{
	const struct memory_series *one = r->s->series[series->id];
	size_t lo = 0, hi = one->n;

	while (hi > 0 && one->points[hi - 1].t_ms > to_ms)
		hi--;
	while (lo < hi && one->points[lo].t_ms < from_ms)
		lo++;
	if (one->statistic && sel->instant && lo > 0)
		lo--;
	if (copy_points(one->points + lo, hi - lo, one->statistic, a, out, e) < 0)
		return -1;
	if (sel->no_hold)
		out->until_ms = NULL;
	return 0;
}

static int last(struct source_reader *r, const struct source_series *series, size_t n,
		int64_t from_ms, int64_t to_ms, struct arena *a, int64_t *t_ms, double *v,
		struct err *e)
{
	(void)a;
	for (size_t i = 0; i < n; i++) {
		const struct memory_series *one = r->s->series[series[i].id];
		size_t hi = one->n;

		if (one->statistic)
			return err_set(e, ERR_INVALID, "a statistic is no plain series");
		while (hi > 0 && one->points[hi - 1].t_ms > to_ms)
			hi--;
		t_ms[i] = INT64_MIN;
		if (hi == 0 || one->points[hi - 1].t_ms < from_ms)
			continue;
		t_ms[i] = one->points[hi - 1].t_ms;
		v[i] = one->points[hi - 1].v;
	}
	return 0;
}

static int32_t period_of(struct slice text)
{
	struct slice month = slice_skip(text, text.n < 5 ? text.n : 5);
	int64_t y, m;

	if (text.n != 7 || num_parse_i64(slice_of(text.p, 4), &y, NULL) < 0 ||
	    num_parse_i64(month, &m, NULL) < 0)
		return 0;
	return (int32_t)(y * 100 + m);
}

/* year × 100 + month, `back` months before. */
static int32_t month_before(int32_t period, int back)
{
	int months = period / 100 * 12 + period % 100 - 1 - back;

	return months / 12 * 100 + months % 12 + 1;
}

static int period_stamp(struct source *s, const struct selection *sel,
			const struct source_series *series, int64_t t_ms, int64_t *stamp_ms,
			struct err *e)
{
	const struct memory_series *one = ((struct source_memory *)s)->series[series->id];
	int32_t wanted = 0;

	(void)e;
	if (sel->period == PERIOD_FIXED)
		wanted = period_of(sel->period_text);
	else
		for (size_t i = 0; i < one->n; i++)
			if (one->points[i].released_ms <= t_ms)
				wanted = month_before(one->points[i].period, sel->back);
	*stamp_ms = INT64_MIN;
	for (size_t i = 0; i < one->n; i++)
		if (one->points[i].period == wanted)
			*stamp_ms = one->points[i].t_ms;
	return 0;
}

void source_memory_init(struct source_memory *s)
{
	static const struct source_vtable f = {
		.select = select_series,
		.labels = read_labels,
		.reader_open = reader_open,
		.reader_close = reader_close,
		.points = points,
		.last = last,
		.period_stamp = period_stamp,
	};

	memset(s, 0, sizeof(*s));
	s->source.f = &f;
}

void source_memory_release(struct source_memory *s)
{
	for (size_t i = 0; i < s->n; i++) {
		labels_unref(s->series[i]->labels);
		mem_free(s->series[i]->points);
		mem_free(s->series[i]);
	}
	mem_free(s->series);
	source_memory_init(s);
}
