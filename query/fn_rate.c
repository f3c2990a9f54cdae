/*
 * fn_rate.c - rate(), increase(), delta() and what else looks at steps from point to point.
 *
 * Where a counter falls is found once for a row; a window then only looks at its first and last
 * point and at the falls between them.
 */
#include "query/functions_impl.h"

/* Points after which a counter was lower: v[at] < v[at - 1]. A window's are [from, to). */
struct falls {
	size_t *at, n, from, to;
};

enum rate_flags { COUNTER = 1, PER_SECOND = 2 };

static int falls_find(const struct range_row *r, struct falls *f, struct err *e)
{
	const double *v = r->points.v;
	size_t falls = 0;

	*f = (struct falls){ 0 };
	/* Most rows have none; counting alone goes several points at a time. */
	for (size_t i = 1; i < r->points.n; i++)
		falls += v[i] < v[i - 1];
	if (falls == 0)
		return 0;
	f->at = scratch_alloc(r->w, r->points.n, sizeof(size_t), e);
	if (!f->at)
		return -1;
	for (size_t i = 1; i < r->points.n; i++) {
		f->at[f->n] = i;
		f->n += v[i] < v[i - 1];
	}
	return 0;
}

/* What `got` becomes with the falls among the points [lo, hi) made good. */
static double falls_add(struct falls *f, const double *v, size_t lo, size_t hi, double got)
{
	while (f->from > 0 && f->at[f->from - 1] > lo)
		f->from--;
	while (f->from < f->n && f->at[f->from] <= lo)
		f->from++;
	if (f->to < f->from)
		f->to = f->from;
	while (f->to > f->from && f->at[f->to - 1] >= hi)
		f->to--;
	while (f->to < f->n && f->at[f->to] < hi)
		f->to++;
	for (size_t i = f->from; i < f->to; i++)
		got += v[f->at[i] - 1];
	return got;
}

/* What extrapolation needs of each window, side by side so that the arithmetic is done for several
 * windows at once. Times in seconds. */
struct edges {
	double *before, *after; /* from the window's edges to its first and last point */
	double *span, *gaps;    /* between those two; points less one, below 1: no result */
	double *first;
};

static int edges_new(const struct range_row *r, struct edges *x, struct err *e)
{
	size_t n = r->grid->n;
	double *p = scratch_alloc(r->w, 5 * n, sizeof(*p), e);

	if (!p)
		return -1;
	*x = (struct edges){ p, p + n, p + 2 * n, p + 3 * n, p + 4 * n };
	return 0;
}

/* rate() extrapolates to the window's edges only when the first sample is closer to the edge than
 * 1.1 average gaps; else by half a gap, or a series that has just appeared would look as if it
 * had always been there. A counter is not carried back to below zero. `out` comes with what the
 * points themselves have got. */
static void extrapolate(const struct edges *x, size_t n, double range, unsigned flags, double *out)
{
	bool counter = flags & COUNTER;
	double divisor = flags & PER_SECOND ? range : 1;

	for (size_t k = 0; k < n; k++) {
		double span = x->span[k], got = out[k], first = x->first[k];
		double gap = span / x->gaps[k], near = gap * 1.1;
		double before = x->before[k] >= near ? gap / 2 : x->before[k];
		double after = x->after[k] >= near ? gap / 2 : x->after[k];
		double to_zero = span * (first / got);
		bool cut = counter & (got > 0) & (first >= 0) & (to_zero < before);

		before = cut ? to_zero : before;
		got *= (span + before + after) / span / divisor;
		out[k] = x->gaps[k] >= 1 ? got : ABSENT;
	}
}

static int plain(const struct range_row *r, double *out, unsigned flags, struct err *e)
{
	struct arena_mark mark = arena_mark(&r->w->scratch);
	const int64_t *t = r->points.t_ms;
	const double *v = r->points.v;
	int64_t range_ms = r->m->range_ms;
	struct falls f = { 0 };
	struct edges x;
	size_t lo = 0, hi = 0;

	if (edges_new(r, &x, e) < 0 || (flags & COUNTER && falls_find(r, &f, e) < 0))
		return -1;
	for (size_t k = 0; k < r->grid->n; k++) {
		int64_t end = matrix_end(r->m, r->row_ends, k);

		window_move(r, k, &lo, &hi);
		x.gaps[k] = (double)(hi - lo) - 1;
		if (hi - lo < 2) {
			x.before[k] = x.after[k] = x.span[k] = x.first[k] = out[k] = 0;
			continue;
		}
		x.before[k] = (double)(t[lo] - (end - range_ms)) / 1000;
		x.after[k] = (double)(end - t[hi - 1]) / 1000;
		x.span[k] = (double)(t[hi - 1] - t[lo]) / 1000;
		x.first[k] = v[lo];
		out[k] = v[hi - 1] - v[lo];
		if (f.n)
			out[k] = falls_add(&f, v, lo, hi, out[k]);
	}
	extrapolate(&x, r->grid->n, (double)range_ms / 1000, flags, out);
	arena_reset(&r->w->scratch, mark);
	return 0;
}

/* The value at `t` on the line between points i - 1 and i; a counter that fell begins at zero. */
static double between(const struct points *p, size_t i, int64_t t, unsigned flags)
{
	double a = p->v[i - 1], b = p->v[i];

	if (flags & COUNTER && b < a)
		a = 0;
	return a + (b - a) * (double)(t - p->t_ms[i - 1]) / (double)(p->t_ms[i] - p->t_ms[i - 1]);
}

/* Of the points [lo, hi) inside the window and the neighbours that lookback reaches. Anchored: from
 * the last point at or before the window's start to its last. Smoothed: from edge to edge, with
 * lines between points. */
static double extended(const struct range_row *r, size_t lo, size_t hi, int64_t end, unsigned flags)
{
	const struct points *p = &r->points;
	int64_t start = end - r->m->range_ms, reach = r->m->lookback_ms;
	bool smoothed = r->m->kind == RANGE_SMOOTHED;
	bool has_left = lo > 0 && p->t_ms[lo - 1] > start - reach;
	bool has_right = smoothed && hi < p->n && p->t_ms[hi] <= end + reach &&
			 !(hi > lo && p->t_ms[hi - 1] == end);
	double left, right, prev, got;

	if (hi == lo && !(has_left && has_right))
		return ABSENT;
	left = p->v[has_left ? lo - 1 : lo];
	if (smoothed && has_left && p->t_ms[lo - 1] < start)
		left = between(p, lo, start, flags);
	right = has_right ? between(p, hi, end, flags) : p->v[hi - 1];
	got = right - left;
	if (flags & COUNTER) {
		double made_good = 0;

		prev = left;
		for (size_t i = lo; i < hi; prev = p->v[i++])
			if (p->v[i] < prev)
				made_good += prev;
		if (right < prev)
			made_good += prev;
		got += made_good;
	}
	return flags & PER_SECOND ? got / ((double)r->m->range_ms / 1000) : got;
}

static int rate(const struct range_row *r, double *out, unsigned flags, struct err *e)
{
	size_t lo = 0, hi = 0;

	if (r->m->kind == RANGE_PLAIN)
		return plain(r, out, flags, e);
	for (size_t k = 0; k < r->grid->n; k++) {
		int64_t end = matrix_end(r->m, r->row_ends, k);

		window_move(r, k, &lo, &hi);
		out[k] = end == INT64_MIN ? ABSENT : extended(r, lo, hi, end, flags);
	}
	return 0;
}

int range_rate(const struct range_row *r, double *out, struct err *e)
{
	return rate(r, out, COUNTER | PER_SECOND, e);
}

int range_increase(const struct range_row *r, double *out, struct err *e)
{
	return rate(r, out, COUNTER, e);
}

int range_delta(const struct range_row *r, double *out, struct err *e)
{
	return rate(r, out, 0, e);
}

/* The last two points only. */
static int last_two(const struct range_row *r, double *out, bool per_second)
{
	const struct points *p = &r->points;
	size_t lo = 0, hi = 0;

	for (size_t k = 0; k < r->grid->n; k++) {
		double a, b;

		window_move(r, k, &lo, &hi);
		if (hi - lo < 2) {
			out[k] = ABSENT;
			continue;
		}
		a = p->v[hi - 2];
		b = p->v[hi - 1];
		/* After a fall, a counter has counted `b` from zero. */
		out[k] = per_second && b < a ? b : b - a;
		if (per_second)
			out[k] /= (double)(p->t_ms[hi - 1] - p->t_ms[hi - 2]) / 1000;
	}
	return 0;
}

int range_irate(const struct range_row *r, double *out, struct err *e)
{
	(void)e;
	return last_two(r, out, true);
}

int range_idelta(const struct range_row *r, double *out, struct err *e)
{
	(void)e;
	return last_two(r, out, false);
}

/* How many steps up to each point were such, then differences of that: whole numbers, exact. */
static int count_steps(const struct range_row *r, double *out, bool falls_only, struct err *e)
{
	struct arena_mark mark = arena_mark(&r->w->scratch);
	const struct points *p = &r->points;
	size_t *upto = scratch_alloc(r->w, p->n, sizeof(*upto), e), lo = 0, hi = 0;

	if (!upto)
		return -1;
	upto[0] = 0;
	for (size_t i = 1; i < p->n; i++) {
		double a = p->v[i - 1], b = p->v[i];
		bool changed = b != a && !(isnan(a) && isnan(b));

		upto[i] = upto[i - 1] + (falls_only ? b < a : changed);
	}
	for (size_t k = 0; k < r->grid->n; k++) {
		size_t first;

		window_move(r, k, &lo, &hi);
		out[k] = ABSENT;
		if (hi == lo)
			continue;
		first = lo;
		if (r->m->kind == RANGE_ANCHORED && lo > 0 &&
		    p->t_ms[lo - 1] >
			    matrix_end(r->m, r->row_ends, k) - r->m->range_ms - r->m->lookback_ms)
			first = lo - 1;
		out[k] = (double)(upto[hi - 1] - upto[first]);
	}
	arena_reset(&r->w->scratch, mark);
	return 0;
}

int range_changes(const struct range_row *r, double *out, struct err *e)
{
	return count_steps(r, out, false, e);
}

int range_resets(const struct range_row *r, double *out, struct err *e)
{
	return count_steps(r, out, true, e);
}
