/*
 * fn_rate.c - rate(), increase(), delta() and what else looks at steps from point to point.
 *
 * Where a counter falls is found once for a row; a window then only looks at its first and last
 * point and at the falls between them.
 */
#include "query/functions_impl.h"

#include "base/alloc.h"

/* Points after which a counter was lower: v[at] < v[at - 1]. A window's are [from, to). */
struct falls {
	size_t *at, n, from, to;
	bool rises; /* there are none, and no NaN */
};

enum rate_flags { COUNTER = 1, PER_SECOND = 2 };

static int falls_find(const struct range_row *r, struct falls *f, struct err *e)
{
	const double *v = r->points.v;
	uint64_t falls = 0;

	*f = (struct falls){ 0 };
	/* Most rows have none; counting alone goes several points at a time. */
	for (size_t i = 1; i < r->points.n; i++)
		falls += !(v[i] >= v[i - 1]);
	f->rises = falls == 0;
	if (f->rises)
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

/* What extrapolation needs of each window; it depends on times only. Series of one sender have the
 * same times mostly, so a worker keeps it from row to row. Arrays of one element for each window.
 */
struct edges {
	uint32_t *lo, *hi; /* points [lo, hi) */
	double *before,
		*span;   /* s: from the window's start to its first point, to its last from there */
	double *after;   /* s: from its last point to its end */
	double *factor;  /* of what the points have got; 0: no result */
	double steepest; /* the largest before / span */
	/* whose they are */
	struct grid ends;
	int64_t range_ms;
	bool fixed;
	int64_t *t_ms;
	size_t n, room, windows;
	bool per_second;
};

static struct edges *edges_room(struct worker *w, size_t points, size_t windows, struct err *e)
{
	struct edges *x = w->kept;
	size_t bytes = sizeof(*x) + windows * (4 * sizeof(double) + 2 * sizeof(uint32_t)) +
		       points * sizeof(int64_t);
	double *p;

	if (x && x->room >= points && x->windows == windows)
		return x;
	mem_free(w->kept);
	w->kept = x = mem_alloc(bytes);
	if (!x) {
		err_set(e, ERR_MEMORY, "no memory for the windows of a range");
		return NULL;
	}
	p = (double *)(x + 1);
	*x = (struct edges){ .before = p,
			     .span = p + windows,
			     .after = p + 2 * windows,
			     .factor = p + 3 * windows,
			     .room = points,
			     .windows = windows };
	x->t_ms = (void *)(p + 4 * windows);
	x->lo = (void *)(x->t_ms + points);
	x->hi = x->lo + windows;
	return x;
}

static bool edges_fit(const struct edges *x, const struct range_row *r, bool per_second)
{
	const struct matrix *m = r->m;

	return !r->row_ends && x->n == r->points.n && x->per_second == per_second &&
	       x->range_ms == m->range_ms && x->fixed == m->fixed &&
	       x->ends.start_ms == m->ends.start_ms && x->ends.step_ms == m->ends.step_ms &&
	       memcmp(x->t_ms, r->points.t_ms, x->n * sizeof(*x->t_ms)) == 0;
}

/* rate() extrapolates to the window's edges only when the first sample is closer to the edge than
 * 1.1 average gaps; else by half a gap, or a series that has just appeared would look as if it
 * had always been there. */
static void edge(struct edges *x, const struct range_row *r, size_t k, double divisor)
{
	const int64_t *t = r->points.t_ms;
	int64_t end = matrix_end(r->m, r->row_ends, k), first = t[x->lo[k]], last = t[x->hi[k] - 1];
	double before = (double)(first - (end - r->m->range_ms)) / 1000;
	double after = (double)(end - last) / 1000, span = (double)(last - first) / 1000;
	double gap = span / (double)(x->hi[k] - x->lo[k] - 1), near = gap * 1.1;

	x->before[k] = before >= near ? gap / 2 : before;
	x->after[k] = after >= near ? gap / 2 : after;
	x->span[k] = span;
	x->factor[k] = (span + x->before[k] + x->after[k]) / span / divisor;
	x->steepest = fmax(x->steepest, x->before[k] / span);
}

static struct edges *edges_of(const struct range_row *r, unsigned flags, struct err *e)
{
	struct edges *x = edges_room(r->w, r->points.n, r->grid->n, e);
	bool per_second = flags & PER_SECOND;
	double divisor = per_second ? (double)r->m->range_ms / 1000 : 1;
	size_t lo = 0, hi = 0;

	if (!x || edges_fit(x, r, per_second))
		return x;
	x->steepest = 0;
	for (size_t k = 0; k < x->windows; k++) {
		window_move(r, k, &lo, &hi);
		x->lo[k] = (uint32_t)lo;
		x->hi[k] = (uint32_t)hi;
		x->factor[k] = 0;
		if (hi - lo >= 2)
			edge(x, r, k, divisor);
		else
			x->lo[k] = x->hi[k] = 1; /* points 1 and 0, which are there */
	}
	x->ends = r->m->ends;
	x->range_ms = r->m->range_ms;
	x->fixed = r->m->fixed;
	x->per_second = per_second;
	x->n = r->row_ends ? 0 : r->points.n; /* none are like a row with ends of its own */
	memcpy(x->t_ms, r->points.t_ms, x->n * sizeof(*x->t_ms));
	return x;
}

/* A counter is not carried back to below zero: the share of the span in which it would have been.
 */
static double cut_at_zero(const struct edges *x, size_t k, double first, double got, double divisor)
{
	double to_zero = x->span[k] * (first / got);

	if (to_zero >= x->before[k])
		return got * x->factor[k];
	return got * ((x->span[k] + to_zero + x->after[k]) / x->span[k] / divisor);
}

/* What windows have got, carried to their edges. */
static void carried(const struct edges *x, const double *v, double *out)
{
	for (size_t k = 0; k < x->windows; k++) {
		double got = (v[x->hi[k] - 1] - v[x->lo[k]]) * x->factor[k];

		out[k] = x->factor[k] > 0 ? got : ABSENT;
	}
}

/* Of a counter each window by itself: its falls, and whether it would have been below zero. */
static int carried_counter(const struct edges *x, struct falls *f, const struct range_row *r,
			   double divisor, double *out, struct err *e)
{
	struct patience patience = { .ev = r->ev };
	const double *v = r->points.v;

	for (size_t k = 0; k < x->windows; k++) {
		double first = v[x->lo[k]], got = v[x->hi[k] - 1] - first;

		if (f->n)
			got = falls_add(f, v, x->lo[k], x->hi[k], got);
		if (f->n && patience_ask(&patience, f->to - f->from, e) < 0)
			return -1;
		if (got > 0 && first >= 0 && x->span[k] * first <= x->before[k] * got)
			got = cut_at_zero(x, k, first, got, divisor);
		else
			got *= x->factor[k];
		out[k] = x->factor[k] > 0 ? got : ABSENT;
	}
	return 0;
}

/* Whether a counter rises from so far above zero, as most do, that no window's line from its first
 * point comes near it. (The sixth digit makes up for rounding.) */
static bool far_from_zero(const struct edges *x, const struct falls *f, const double *v, size_t n)
{
	return f->rises && v[0] > x->steepest * (v[n - 1] - v[0]) * 1.000001;
}

static int plain(const struct range_row *r, double *out, unsigned flags, struct err *e)
{
	struct arena_mark mark = arena_mark(&r->w->scratch);
	double divisor = flags & PER_SECOND ? (double)r->m->range_ms / 1000 : 1;
	const double *v = r->points.v;
	struct falls f = { 0 };
	const struct edges *x;

	if (r->points.n < 2) {
		for (size_t k = 0; k < r->grid->n; k++)
			out[k] = ABSENT;
		return 0;
	}
	x = edges_of(r, flags, e);
	if (!x || (flags & COUNTER && falls_find(r, &f, e) < 0))
		return -1;
	if (!(flags & COUNTER) || far_from_zero(x, &f, v, r->points.n))
		carried(x, v, out);
	else if (carried_counter(x, &f, r, divisor, out, e) < 0)
		return -1;
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
	struct patience patience = { .ev = r->ev };
	size_t lo = 0, hi = 0;

	if (r->m->kind == RANGE_PLAIN)
		return plain(r, out, flags, e);
	for (size_t k = 0; k < r->grid->n; k++) {
		int64_t end = matrix_end(r->m, r->row_ends, k);

		window_move(r, k, &lo, &hi);
		if (patience_ask(&patience, hi - lo, e) < 0)
			return -1;
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
