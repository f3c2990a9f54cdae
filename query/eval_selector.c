/*
 * eval_selector.c - selectors: series found once, points of a row fetched when it is worked out.
 *
 * An instant selector shows at time t the last point in (t - lookback, t], unless that is a
 * staleness mark. A figure of a statistic says itself how long it holds. Where a period is chosen
 * (__period__) the figure of that period is shown whatever t is, and ranges end at its stamp.
 */
#include "query/chosen.h"
#include "query/functions.h"
#include "query/virtual.h"

struct selecting {
	struct eval *ev;
	struct selection sel;
	struct source_series *series; /* only read: another selector may have them, too */
	size_t n;
	struct selecting *next; /* of the query, with other matchers */
	struct chosen *chosen;  /* by family, where a period is chosen */
	struct grid at;         /* evaluation times, shifted */
	struct grid asked;      /* evaluation times as they are */
	bool fixed;             /* by @: all are at.start_ms */
	int64_t range_ms;       /* of a matrix */
	int64_t lookback_ms;    /* of a matrix: more points before; else of the selector */
	int64_t ahead_ms;       /* more points behind */
	enum selector_view what;
	enum step_counting counting;
};

static int64_t shifted(const struct selecting *s, size_t k)
{
	return s->fixed ? s->at.start_ms : grid_time(&s->at, k);
}

static int64_t minus(int64_t a, int64_t b)
{
	int64_t r;

	if (__builtin_sub_overflow(a, b, &r))
		return b > 0 ? INT64_MIN : INT64_MAX;
	return r;
}

static void shift_grid(const struct shift *shift, const struct grid *g, struct grid *out,
		       bool *fixed)
{
	*fixed = shift->at != AT_NONE;
	*out = *g;
	out->start_ms = minus(*fixed ? shift->at_ms : g->start_ms, shift->offset_ms);
}

static int64_t last_time(const struct selecting *s)
{
	return shifted(s, s->at.n - 1);
}

/* Which matchers, which vintages. */
static int choose(struct eval *ev, const struct node *n, struct selection *sel, struct err *e)
{
	struct matcher *rest = eval_alloc(ev, n->selector.nm, sizeof(*rest), e);

	if (!rest)
		return -1;
	memset(sel, 0, sizeof(*sel));
	sel->as_of_ms = ev->as_of_ms;
	sel->no_hold = ev->lookback_given;
	if (virtual_take(ev, n, rest, &sel->nm, sel, e) < 0)
		return -1;
	sel->m = rest;
	return 0;
}

static int refuse_virtual(struct eval *ev, struct head *h, struct err *e)
{
	struct buf text;

	if (heads_read(ev, h, 1, NULL, 0, e) < 0)
		return -1;
	buf_init(&text, 4096);
	labels_print(h->labels, &text);
	eval_fail(ev, e, "%.*s is no statistic: it has no __period__, __as_of__ or __release__",
		  (int)text.n, text.p ? text.p : "");
	buf_release(&text);
	return -1;
}

/* What the selector itself says of the labels of all its series: their metric name, or nothing. */
static int unread_head(struct eval *ev, const struct selection *sel, struct head *out,
		       struct err *e)
{
	struct label name = { 0 };

	for (size_t i = 0; i < sel->nm; i++)
		if (sel->m[i].op == MATCH_EQ && slice_is(sel->m[i].name, LABEL_NAME))
			name = (struct label){ sel->m[i].name, sel->m[i].value };
	*out = (struct head){ .unread = true, .unnamed = name.value.n == 0 };
	out->labels = labels_in_arena(ev->arena, &name, !out->unnamed);
	return out->labels ? 0 : eval_full(ev, e);
}

static bool same_matchers(const struct selection *a, const struct selection *b)
{
	if (a->nm != b->nm)
		return false;
	for (size_t i = 0; i < a->nm; i++)
		if (a->m[i].op != b->m[i].op || !slice_eq(a->m[i].name, b->m[i].name) ||
		    !slice_eq(a->m[i].value, b->m[i].value))
			return false;
	return true;
}

/* Growth and shares ask for the same series twice or more often. */
static int select_once(struct eval *ev, struct selecting *s, struct err *e)
{
	struct source *from = ev->source;

	for (const struct selecting *x = ev->selected; x; x = x->next)
		if (same_matchers(&x->sel, &s->sel)) {
			s->series = x->series;
			s->n = x->n;
			return 0;
		}
	if (from->f->select(from, &s->sel, ev->arena, &s->series, &s->n, e) < 0)
		return -1;
	s->next = ev->selected;
	ev->selected = s;
	return 0;
}

static int find_series(struct eval *ev, struct selecting *s, struct head **heads, struct err *e)
{
	struct head unread;

	if (select_once(ev, s, e) < 0 || unread_head(ev, &s->sel, &unread, e) < 0)
		return -1;
	ev->series += s->n;
	*heads = eval_alloc(ev, s->n, sizeof(**heads), e);
	if (!*heads)
		return -1;
	for (size_t i = 0; i < s->n; i++) {
		const struct source_series *one = &s->series[i];
		struct head *h = &(*heads)[i];

		*h = one->labels ? (struct head){ .labels = one->labels } : unread;
		h->series = one->id;
		if (s->sel.is_virtual && !one->statistic)
			return refuse_virtual(ev, h, e);
	}
	if (s->sel.period != PERIOD_ANY &&
	    choose_periods(ev, &s->sel, s->series, s->n, &s->at, s->fixed, &s->chosen, e) < 0)
		return -1;
	/* Then more than the name is looked at here and there. */
	if (ev->features & FEATURE_TYPE_AND_UNIT)
		return heads_read(ev, *heads, s->n, NULL, 0, e);
	return 0;
}

static int fetch(const struct selecting *s, size_t i, struct worker *w, int64_t from, int64_t to,
		 struct points *out, struct err *e)
{
	struct source_reader *r = worker_reader(w, e);

	if (!r)
		return -1;
	if (w->ev->source->f->points(r, &s->sel, &s->series[i], from, to, &w->scratch, out, e) < 0)
		return -1;
	w->points += out->n;
	return 0;
}

/* --- instant ------------------------------------------------------------------------------ */

static double value_of(const struct selecting *s, const struct points *p, size_t i)
{
	switch (s->what) {
	case SEE_VALUE:
		break;
	case SEE_TIME:
		return (double)p->t_ms[i] / 1000;
	case SEE_RELEASED:
		return p->released_ms && p->released_ms[i] ? (double)p->released_ms[i] / 1000
							   : ABSENT;
	case SEE_PERIOD:
		return p->period ? p->period[i] : ABSENT;
	}
	return p->v[i];
}

/* Point i, at step k. */
static double see(const struct selecting *s, struct worker *w, size_t k, const struct points *p,
		  size_t i)
{
	count_step(w, s->counting, k, 1);
	return value_of(s, p, i);
}

/* Point i, at the steps [from, to). */
static void see_often(const struct selecting *s, struct worker *w, size_t from, size_t to,
		      const struct points *p, size_t i, double *out)
{
	double v = value_of(s, p, i);

	for (size_t k = from; k < to; k++) {
		count_step(w, s->counting, k, 1);
		out[k] = v;
	}
}

static void see_nothing(const struct selecting *s, double *out)
{
	for (size_t k = 0; k < s->at.n; k++)
		out[k] = ABSENT;
}

/* The first step at or after `t_ms`; the number of steps: none is. */
static size_t step_at(const struct selecting *s, int64_t t_ms)
{
	int64_t start = s->at.start_ms, step = s->at.step_ms;
	uint64_t k;

	if (t_ms <= start)
		return 0;
	if (s->fixed || s->at.n == 1)
		return s->at.n;
	k = ((uint64_t)t_ms - (uint64_t)start - 1) / (uint64_t)step + 1;
	return k < s->at.n ? k : s->at.n;
}

/* Figures that say how long they hold: mostly several steps each. */
static void held_row(const struct selecting *s, const struct points *p, struct worker *w,
		     double *out)
{
	see_nothing(s, out);
	for (size_t i = 0; i < p->n; i++) {
		int64_t until = p->until_ms[i];

		if (is_absent(p->v[i]))
			continue;
		if (i + 1 < p->n && p->t_ms[i + 1] < until)
			until = p->t_ms[i + 1];
		see_often(s, w, step_at(s, p->t_ms[i]), step_at(s, until), p, i, out);
	}
}

static bool holds(const struct points *p, size_t i, int64_t t, int64_t lookback)
{
	return !is_absent(p->v[i]) && p->t_ms[i] > minus(t, lookback);
}

/* The point with this stamp; p->n: none. */
static size_t point_of(const struct points *p, int64_t stamp_ms)
{
	for (size_t i = p->n; i > 0 && p->t_ms[i - 1] >= stamp_ms; i--)
		if (p->t_ms[i - 1] == stamp_ms)
			return i - 1;
	return p->n;
}

static int chosen_row(const struct selecting *s, size_t i, struct worker *w, double *out,
		      struct err *e)
{
	const struct chosen *c = &s->chosen[s->series[i].family];
	struct points p = { 0 };

	see_nothing(s, out);
	if (c->first_ms > c->last_ms)
		return 0;
	if (fetch(s, i, w, c->first_ms, c->last_ms, &p, e) < 0)
		return -1;
	for (size_t r = 0; r < c->n; r++) {
		size_t end = r + 1 < c->n ? c->runs[r + 1].from : s->at.n;
		size_t at = point_of(&p, c->runs[r].stamp_ms);

		if (at < p.n)
			see_often(s, w, c->runs[r].from, end, &p, at, out);
	}
	return 0;
}

/* How many points lie up to `t`, from those up to an earlier time on: mostly as many more as at the
 * step before. */
static size_t points_upto(const struct points *p, int64_t t, size_t from, size_t more)
{
	size_t at = p->n - from > more ? from + more : p->n;

	while (at > from && p->t_ms[at - 1] > t)
		at--;
	while (at < p->n && p->t_ms[at] <= t)
		at++;
	return at;
}

static int selector_row(const struct vector *v, size_t i, struct worker *w, double *out,
			struct err *e)
{
	const struct selecting *s = v->ctx;
	struct points p;
	size_t next = 0, more = 0;

	if (s->sel.period != PERIOD_ANY)
		return chosen_row(s, i, w, out, e);
	if (fetch(s, i, w, s->sel.from_ms, s->sel.to_ms, &p, e) < 0)
		return -1;
	if (p.until_ms) {
		held_row(s, &p, w, out);
		return 0;
	}
	for (size_t k = 0; k < v->width; k++) {
		int64_t t = shifted(s, k);
		size_t before = next;

		next = points_upto(&p, t, before, more);
		more = next - before;
		out[k] = next > 0 && holds(&p, next - 1, t, s->lookback_ms)
				 ? see(s, w, k, &p, next - 1)
				 : ABSENT;
	}
	return 0;
}

/* --- at one time ---------------------------------------------------------------------------- */

enum { PLAIN_TOGETHER = 1024 };

struct showing {
	const struct selecting *s;
	const struct vector *v;
	double *values;
};

/* Plain series, all at once: only the last point of each counts. */
static int show_plain(const struct selecting *s, size_t from, size_t n, struct worker *w,
		      double *out, struct err *e)
{
	struct source_reader *r = worker_reader(w, e);
	int64_t *t = scratch_alloc(w, n, sizeof(*t), e);

	if (!r || !t ||
	    w->ev->source->f->last(r, s->series + from, n, s->sel.from_ms, s->sel.to_ms,
				   &w->scratch, t, out, e) < 0)
		return -1;
	for (size_t i = 0; i < n; i++) {
		if (t[i] == INT64_MIN) {
			out[i] = ABSENT;
			continue;
		}
		w->points++;
		if (is_absent(out[i]))
			continue;
		count_step(w, s->counting, 0, 1);
		if (s->what == SEE_TIME)
			out[i] = (double)t[i] / 1000;
	}
	return 0;
}

static int show_part(void *arg, struct worker *w, size_t part, size_t from, size_t to,
		     struct err *e)
{
	const struct showing *x = arg;
	size_t n;

	(void)part;
	for (; from < to; from += n) {
		struct arena_mark mark = arena_mark(&w->scratch);
		size_t most = to - from < PLAIN_TOGETHER ? to - from : PLAIN_TOGETHER;
		int r = eval_alive(w->ev, e);

		for (n = 0; n < most && !x->s->series[from + n].statistic; n++)
			;
		if (r == 0 && n > 0)
			r = show_plain(x->s, from, n, w, x->values + from, e);
		else if (r == 0)
			r = x->v->compute(x->v, from, w, x->values + from, e);
		arena_reset(&w->scratch, mark);
		if (r < 0)
			return -1;
		n += n == 0;
	}
	return 0;
}

/* One value a row is little to hold, and many together are read faster than one after the other. */
static int show_now(struct eval *ev, const struct selecting *s, struct vector *v, struct err *e)
{
	struct showing x = { s, v, eval_alloc(ev, v->n, sizeof(double), e) };

	if (!x.values || eval_spread(ev, v->n, show_part, &x, e) < 0)
		return -1;
	v->values = x.values;
	return 0;
}

/* Staleness marks are no points of a range. */
static int without_marks(struct points *p, struct worker *w, struct err *e)
{
	int64_t *t;
	double *v;
	size_t n = 0, marks = 0, i;

	for (i = 0; !p->numbers && i < p->n; i++)
		marks += is_absent(p->v[i]);
	if (marks == 0)
		return 0;
	t = scratch_alloc(w, p->n, sizeof(*t), e);
	v = scratch_alloc(w, p->n, sizeof(*v), e);
	if (!t || !v)
		return -1;
	for (i = 0; i < p->n; i++)
		if (!is_absent(p->v[i])) {
			t[n] = p->t_ms[i];
			v[n++] = p->v[i];
		}
	*p = (struct points){ .n = n, .t_ms = t, .v = v };
	return 0;
}

static bool in_lookback(int64_t t, int64_t of, int64_t lookback)
{
	return t > minus(of, lookback) && t <= minus(of, -lookback);
}

/* Smoothed: on the line between the points before and behind; the last one as long as none is
 * behind. Marks of staleness do not count. */
static int smoothed_row(const struct vector *v, size_t i, struct worker *w, double *out,
			struct err *e)
{
	const struct selecting *s = v->ctx;
	struct points p;
	size_t next = 0;

	if (fetch(s, i, w, s->sel.from_ms, s->sel.to_ms, &p, e) < 0 || without_marks(&p, w, e) < 0)
		return -1;
	for (size_t k = 0; k < v->width; k++) {
		int64_t t = shifted(s, k);
		bool before, behind;

		while (next < p.n && p.t_ms[next] <= t)
			next++;
		before = next > 0 && in_lookback(p.t_ms[next - 1], t, s->lookback_ms);
		behind = next < p.n && in_lookback(p.t_ms[next], t, s->lookback_ms);
		out[k] = before ? see(s, w, k, &p, next - 1) : ABSENT;
		if (before && behind && p.t_ms[next - 1] < t)
			out[k] += (p.v[next] - p.v[next - 1]) * (double)(t - p.t_ms[next - 1]) /
				  (double)(p.t_ms[next] - p.t_ms[next - 1]);
	}
	return 0;
}

int eval_selector_see(struct eval *ev, const struct node *n, const struct grid *g,
		      enum selector_view what, struct vector *out, struct err *e)
{
	struct selecting *s = arena_new(ev->arena, struct selecting);

	if (!s)
		return eval_full(ev, e);
	s->ev = ev;
	s->what = what;
	s->counting = ev->counting;
	s->asked = *g;
	s->lookback_ms = ev->lookback_ms;
	shift_grid(&n->selector.shift, g, &s->at, &s->fixed);
	if (choose(ev, n, &s->sel, e) < 0)
		return -1;
	s->sel.instant = true;
	s->sel.extras = what == SEE_RELEASED || what == SEE_PERIOD;
	s->sel.from_ms = minus(minus(shifted(s, 0), s->lookback_ms), -1);
	s->sel.to_ms = last_time(s);
	*out = (struct vector){ .width = g->n, .compute = selector_row, .ctx = s };
	if (n->selector.kind == RANGE_SMOOTHED && what == SEE_VALUE &&
	    s->sel.period == PERIOD_ANY) {
		out->compute = smoothed_row;
		s->sel.instant = false;
		s->sel.to_ms = minus(s->sel.to_ms, -s->lookback_ms);
	}
	if (find_series(ev, s, &out->heads, e) < 0)
		return -1;
	out->n = s->n;
	if (g->n == 1 && out->compute == selector_row && s->sel.period == PERIOD_ANY &&
	    !s->sel.extras && ev->source->f->last)
		return show_now(ev, s, out, e);
	return 0;
}

int eval_selector(struct eval *ev, const struct node *n, const struct grid *g, struct vector *out,
		  struct err *e)
{
	return eval_selector_see(ev, n, g, SEE_VALUE, out, e);
}

/* --- ranges --------------------------------------------------------------------------------- */

static int period_ends(const struct selecting *s, const struct chosen *c, struct worker *w,
		       const int64_t **out, struct err *e)
{
	int64_t *ends = scratch_alloc(w, s->at.n, sizeof(*ends), e);

	if (!ends)
		return -1;
	for (size_t r = 0; r < c->n; r++) {
		size_t end = r + 1 < c->n ? c->runs[r + 1].from : s->at.n;

		for (size_t k = c->runs[r].from; k < end; k++)
			ends[k] = c->runs[r].stamp_ms;
	}
	*out = ends;
	return 0;
}

static int fetch_range(const struct matrix *m, size_t i, struct worker *w, struct points *out,
		       const int64_t **row_ends, struct err *e)
{
	const struct selecting *s = m->ctx;
	int64_t first = shifted(s, 0), last = last_time(s);

	*row_ends = NULL;
	if (s->sel.period != PERIOD_ANY) {
		const struct chosen *c = &s->chosen[s->series[i].family];

		if (period_ends(s, c, w, row_ends, e) < 0)
			return -1;
		if (c->first_ms > c->last_ms) {
			memset(out, 0, sizeof(*out));
			return 0;
		}
		first = c->first_ms;
		last = c->last_ms;
	}
	if (fetch(s, i, w, minus(minus(first, s->range_ms + s->lookback_ms), -1),
		  minus(last, -s->ahead_ms), out, e) < 0)
		return -1;
	return without_marks(out, w, e);
}

int eval_selector_matrix(struct eval *ev, const struct node *n, const struct grid *g,
			 struct matrix *out, struct err *e)
{
	const struct node *selector = n->matrix.selector;
	struct selecting *s = arena_new(ev->arena, struct selecting);

	if (!s)
		return eval_full(ev, e);
	s->ev = ev;
	s->asked = *g;
	s->range_ms = n->matrix.range_ms;
	s->lookback_ms = selector->selector.kind == RANGE_PLAIN ? 0 : ev->lookback_ms;
	s->ahead_ms = selector->selector.kind == RANGE_SMOOTHED ? ev->lookback_ms : 0;
	shift_grid(&selector->selector.shift, g, &s->at, &s->fixed);
	if (choose(ev, selector, &s->sel, e) < 0)
		return -1;
	s->sel.from_ms = minus(minus(shifted(s, 0), s->range_ms + s->lookback_ms), -1);
	s->sel.to_ms = minus(last_time(s), -s->ahead_ms);
	*out = (struct matrix){
		.ends = s->at,
		.fixed = s->fixed,
		.range_ms = s->range_ms,
		.kind = selector->selector.kind,
		.lookback_ms = s->lookback_ms,
		.counting = ev->counting,
		.fetch = fetch_range,
		.ctx = s,
	};
	if (find_series(ev, s, &out->heads, e) < 0)
		return -1;
	out->n = s->n;
	return 0;
}
