/*
 * fn_trend.c - lines and smoothing through the points of a window.
 */
#include "query/functions_impl.h"
#include "query/stats/regression.h"

double window_deriv(const struct window *win)
{
	if (win->n < 2)
		return ABSENT;
	/* Times counted from the first point: small numbers, whatever the year. */
	return stats_line(win->t_ms, win->v, win->n, win->t_ms[0]).slope;
}

double window_predict_linear(const struct window *win)
{
	struct stats_line line;

	if (win->n < 2)
		return ABSENT;
	line = stats_line(win->t_ms, win->v, win->n, win->at_ms);
	return line.slope * win->arg[0] + line.intercept;
}

/* Holt's linear method. */
double window_double_exponential_smoothing(const struct window *win)
{
	double sf = win->arg[0], tf = win->arg[1], before = 0, level, trend;

	if (win->n < 2)
		return ABSENT;
	level = win->v[0];
	trend = win->v[1] - win->v[0];
	for (size_t i = 1; i < win->n; i++) {
		double x = sf * win->v[i], next;

		if (i > 1)
			trend = tf * (level - before) + (1 - tf) * trend;
		next = x + (1 - sf) * (level + trend);
		before = level;
		level = next;
	}
	return level;
}

/* Factors are looked at where a window has points, as Prometheus does: NaN passes. */
int remark_smoothing(const struct range_row *r, struct err *e)
{
	static const char *const name[] = { "smoothing", "trend" };
	size_t lo = 0, hi = 0;

	for (size_t k = 0; k < r->grid->n; k++) {
		window_move(r, k, &lo, &hi);
		for (size_t i = 0; hi > lo && i < 2; i++) {
			double f = r->args[i][k];

			if (f <= 0 || f >= 1)
				return eval_fail(
					r->ev, e,
					"invalid %s factor. Expected: 0 < %cf < 1, got: %f",
					name[i], name[i][0], f);
		}
	}
	return 0;
}
