/*
 * fn_over_time.c - sums, extremes, deviations and the like of the points in a window.
 */
#include "base/num.h"
#include "query/functions_impl.h"
#include "query/stats/select.h"
#include "query/stats/slide.h"
#include "query/stats/sum.h"

/* --- of all windows of a row ----------------------------------------------------------- */

typedef double (*of_values)(const double *v, size_t n);

static inline int each_window(const struct range_row *r, double *out, of_values fn, struct err *e)
{
	struct patience patience = { .ev = r->ev };
	size_t lo = 0, hi = 0, was_lo = 0, was_hi = 0;
	double last = ABSENT;

	for (size_t k = 0; k < r->grid->n; k++) {
		window_move(r, k, &lo, &hi);
		if (patience_ask(&patience, hi - lo, e) < 0)
			return -1;
		/* The same points as before, as under @, have the same value. */
		if (lo != was_lo || hi != was_hi)
			last = hi > lo ? fn(r->points.v + lo, hi - lo) : ABSENT;
		out[k] = last;
		was_lo = lo;
		was_hi = hi;
	}
	return 0;
}

static inline double sum_of(const double *v, size_t n)
{
	struct stats_sum s = { 0, 0 };

	for (size_t i = 0; i < n; i++)
		stats_sum_add(&s, v[i]);
	return stats_sum_value(&s);
}

/* From point `i` on, where adding it would have overflowed: the mean is moved point by point. */
static double mean_moved(const double *v, size_t i, size_t n, struct stats_sum s)
{
	struct stats_sum mean = { s.sum / (double)i, s.carry / (double)i };

	for (; i < n; i++) {
		double count = (double)(i + 1), q = (double)i / count;

		mean.sum *= q;
		mean.carry *= q;
		stats_sum_add(&mean, v[i] / count);
	}
	return mean.sum + mean.carry;
}

static inline double avg_of(const double *v, size_t n)
{
	struct stats_sum s = { v[0], 0 };

	for (size_t i = 1; i < n; i++) {
		struct stats_sum next = s;

		stats_sum_add(&next, v[i]);
		if (isinf(next.sum))
			return mean_moved(v, i, n, s);
		s = next;
	}
	return s.sum / (double)n + s.carry / (double)n;
}

static inline double count_of(const double *v, size_t n)
{
	(void)v;
	return (double)n;
}

/* NaN only where there is nothing else. */
static inline double min_of(const double *v, size_t n)
{
	double best = v[0];

	for (size_t i = 1; i < n; i++)
		best = v[i] < best || isnan(best) ? v[i] : best;
	return best;
}

static inline double max_of(const double *v, size_t n)
{
	double best = v[0];

	for (size_t i = 1; i < n; i++)
		best = v[i] > best || isnan(best) ? v[i] : best;
	return best;
}

/* Below that many points, or when windows move by more than an eighth, summing anew is faster. */
enum { SLIDE_MIN = 16 };

/* Whether sums of the row may be joined in any order without losing more than the last place:
 * no cancellation, that is values of one sign, and no overflow. */
static bool may_slide(const struct range_row *r)
{
	const struct points *p = &r->points;
	bool less = false, more = false;

	if (r->row_ends || r->m->fixed || r->m->ends.step_ms <= 0 ||
	    r->m->ends.step_ms * 8 > r->m->range_ms || p->n < SLIDE_MIN)
		return false;
	for (size_t i = 0; i < p->n; i++) {
		less |= p->v[i] < 0;
		more |= p->v[i] > 0;
	}
	return !(less && more);
}

/* Sums, or means. A window whose sum is not finite is looked at by itself. */
static inline int slide(const struct range_row *r, double *out, bool mean, of_values fn,
			struct err *e)
{
	struct arena_mark mark = arena_mark(&r->w->scratch);
	struct stats_slide s = { .v = r->points.v };
	size_t lo = 0, hi = 0;

	s.front = scratch_alloc(r->w, r->points.n, sizeof(*s.front), e);
	if (!s.front)
		return -1;
	for (size_t k = 0; k < r->grid->n; k++) {
		struct stats_sum sum;
		double n;

		window_move(r, k, &lo, &hi);
		out[k] = ABSENT;
		if (hi == lo)
			continue;
		sum = stats_slide_to(&s, lo, hi);
		n = (double)(hi - lo);
		if (!isfinite(sum.sum))
			out[k] = fn(s.v + lo, hi - lo);
		else
			out[k] = mean ? sum.sum / n + sum.carry / n : sum.sum + sum.carry;
	}
	arena_reset(&r->w->scratch, mark);
	return 0;
}

int range_sum_over_time(const struct range_row *r, double *out, struct err *e)
{
	return may_slide(r) ? slide(r, out, false, sum_of, e) : each_window(r, out, sum_of, e);
}

int range_avg_over_time(const struct range_row *r, double *out, struct err *e)
{
	return may_slide(r) ? slide(r, out, true, avg_of, e) : each_window(r, out, avg_of, e);
}

int range_count_over_time(const struct range_row *r, double *out, struct err *e)
{
	return each_window(r, out, count_of, e);
}

int range_min_over_time(const struct range_row *r, double *out, struct err *e)
{
	return each_window(r, out, min_of, e);
}

int range_max_over_time(const struct range_row *r, double *out, struct err *e)
{
	return each_window(r, out, max_of, e);
}

/* --- of one window --------------------------------------------------------------------- */

double window_first_over_time(const struct window *win)
{
	return win->v[0];
}

double window_last_over_time(const struct window *win)
{
	return win->v[win->n - 1];
}

double window_present_over_time(const struct window *win)
{
	(void)win;
	return 1;
}

double window_ts_of_first_over_time(const struct window *win)
{
	return (double)win->t_ms[0] / 1000;
}

double window_ts_of_last_over_time(const struct window *win)
{
	return (double)win->t_ms[win->n - 1] / 1000;
}

/* Of equal values the last one counts. */
double window_ts_of_max_over_time(const struct window *win)
{
	size_t at = 0;

	for (size_t i = 1; i < win->n; i++)
		if (win->v[i] >= win->v[at] || isnan(win->v[at]))
			at = i;
	return (double)win->t_ms[at] / 1000;
}

double window_ts_of_min_over_time(const struct window *win)
{
	size_t at = 0;

	for (size_t i = 1; i < win->n; i++)
		if (win->v[i] <= win->v[at] || isnan(win->v[at]))
			at = i;
	return (double)win->t_ms[at] / 1000;
}

/* Welford's way, both running figures carried. A NaN or an infinity makes NaN. */
double window_stdvar_over_time(const struct window *win)
{
	struct stats_sum mean = { 0, 0 }, squares = { 0, 0 };

	for (size_t i = 0; i < win->n; i++) {
		double delta = win->v[i] - (mean.sum + mean.carry);

		stats_sum_add(&mean, delta / (double)(i + 1));
		stats_sum_add(&squares, delta * (win->v[i] - (mean.sum + mean.carry)));
	}
	return (squares.sum + squares.carry) / (double)win->n;
}

double window_stddev_over_time(const struct window *win)
{
	return sqrt(window_stdvar_over_time(win));
}

double window_quantile_over_time(const struct window *win)
{
	memcpy(win->spare, win->v, win->n * sizeof(*win->v));
	return select_quantile(win->spare, win->n, win->arg[0]);
}

double window_mad_over_time(const struct window *win)
{
	double median;

	for (size_t i = 0; i < win->n; i++)
		if (isnan(win->v[i]))
			return NAN;
	memcpy(win->spare, win->v, win->n * sizeof(*win->v));
	median = select_quantile(win->spare, win->n, 0.5);
	for (size_t i = 0; i < win->n; i++)
		win->spare[i] = fabs(win->v[i] - median);
	return select_quantile(win->spare, win->n, 0.5);
}

/* Of steps whose window has points only. */
int remark_quantile(const struct range_row *r, struct err *e)
{
	double told = 0.5;
	size_t lo = 0, hi = 0;

	(void)e;
	for (size_t k = 0; k < r->grid->n; k++) {
		double q = r->args[0][k];
		char text[NUM_TEXT];

		if ((q >= 0 && q <= 1) || num_same(q, told))
			continue;
		window_move(r, k, &lo, &hi);
		if (hi == lo)
			continue;
		told = q;
		num_print_g(q, text);
		eval_warn(r->ev, r->call->call.args[0],
			  "quantile value should be between 0 and 1, got %s", text);
	}
	return 0;
}
