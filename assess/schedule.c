/*
 * schedule.c - see schedule.h.
 *
 * A straight line through the year is wrong nearly everywhere: in the real panel of 31
 * provinces the median share at the end of February is 8.0 %, not 16.7 %. So a line is
 * only taken where the target itself asks for it.
 */
#include "assess/schedule.h"
#include "assess/growth.h"

#include <math.h>

static bool accumulates(const struct measure *m)
{
	return (m->form == FORM_YTD || m->form == FORM_PERIOD) && !m->intensive;
}

static bool year_is_complete(const struct run *r, int year, size_t *last)
{
	size_t first;

	if (!axis_year(&r->axis, year, &first, last))
		return false;
	for (size_t k = first; k <= *last; k++)
		if (!run_has(r, k))
			return false;
	return true;
}

size_t schedule_year_shares(const struct run *r, size_t i, unsigned years, double *out)
{
	size_t n = 0, last;

	if (!accumulates(&r->measure))
		return 0;
	for (unsigned back = 1; back <= years; back++) {
		struct period p = r->axis.at[i];
		double part, whole;
		ssize_t k;

		p.year -= (int)back;
		k = axis_find(&r->axis, p);
		if (k < 0 || !year_is_complete(r, p.year, &last))
			continue;
		if (!growth_since_new_year(r, (size_t)k, &part) ||
		    !growth_since_new_year(r, last, &whole) || !(whole > 0) ||
		    !isfinite(part / whole))
			continue;
		out[n++] = part / whole;
	}
	return n;
}

double schedule_shrink(double own, unsigned n, double pool, double k)
{
	/* Written so that equal profiles give exactly that share: a unit on it to the yuan is at
	 * pace 1. */
	return pool + (own - pool) * ((double)n / ((double)n + k));
}

/* A split of a flow tells amounts, one of a level the levels to be reached. */
static bool from_split(const struct run *r, int month, const struct target *t, const double *x0,
		       double *share)
{
	double from = 0;

	if (r->measure.form == FORM_LEVEL) {
		if (!x0)
			return false;
		from = *x0;
	}
	if (t->value == from)
		return false;
	*share = (t->split[month - 1] - from) / (t->value - from);
	return isfinite(*share);
}

static bool from_seasons(const struct seasons *s, int month, double shrink, struct schedule *out)
{
	if (s->own_years > 0) {
		double pool = s->pool_years ? s->pool : s->own;

		*out = (struct schedule){ schedule_shrink(s->own, s->own_years, pool, shrink),
					  SCHEDULE_OWN };
	} else if (s->pool_years >= SCHEDULE_POOL_MIN) {
		*out = (struct schedule){ s->pool, SCHEDULE_PEERS };
	} else if (s->provincial) {
		*out = (struct schedule){ s->provincial->shares[month - 1], SCHEDULE_PROVINCIAL };
	} else {
		return false;
	}
	/* A year whose December figure was revised downwards has shares above 1. */
	if (out->share > 1)
		out->share = 1;
	return true;
}

bool schedule_at(const struct run *r, size_t i, const struct target *t, const double *x0,
		 const struct seasons *s, double shrink, struct schedule *out)
{
	int month = r->axis.at[i].last_month;
	double share;

	if (r->measure.form == FORM_GROWTH)
		return false;
	/* Splits and profiles are by month; within one a daily figure has no schedule. */
	if (r->axis.at[i].freq == FREQ_DAY)
		return false;
	if (t->has_split) {
		if (!from_split(r, month, t, x0, &share))
			return false;
		*out = (struct schedule){ share, SCHEDULE_SPLIT };
		return true;
	}
	if (t->linear) {
		*out = (struct schedule){ month / 12.0, SCHEDULE_LINEAR };
		return true;
	}
	if (!accumulates(&r->measure))
		return false;
	return from_seasons(s, month, shrink, out);
}
