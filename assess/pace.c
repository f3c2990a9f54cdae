/*
 * pace.c - see pace.h.
 *
 * A target is one of four things, by direction and form:
 *
 *   a sum to be reached     year-to-date or period figures, up     pace = attainment / schedule
 *   a level to be reached   levels, up or down, from last year's   pace = attainment / schedule
 *   a ceiling               year-to-date or period figures, down   pace = schedule / attainment
 *   nothing at all          direction "zero", or a ceiling of 0    pass or fail, no pace
 */
#include "assess/pace.h"
#include "assess/growth.h"

#include <math.h>

static bool is_ceiling(const struct measure *m)
{
	return m->form != FORM_LEVEL &&
	       (m->direction == DIRECTION_DOWN || m->direction == DIRECTION_ZERO);
}

static bool must_be_zero(const struct measure *m, const struct target *t)
{
	if (m->form == FORM_GROWTH)
		return false;
	if (m->direction == DIRECTION_ZERO)
		return !t || t->value == 0;
	return is_ceiling(m) && t && t->value == 0;
}

/* Nothing may have come together in the year: one accident in March is still one in October, also
 * where each month is reported by itself. Rates (a price gap) are judged as they are now. */
static bool nothing_came(const struct run *r, size_t i)
{
	if (r->measure.form != FORM_PERIOD || r->measure.intensive)
		return r->value[i] == 0;
	for (size_t k = i;; k--) {
		if (run_has(r, k) && r->value[k] != 0)
			return false;
		if (axis_starts_year(&r->axis, k))
			return true;
	}
}

bool pace_base_level(const struct run *r, size_t i, double *x0)
{
	size_t first, last;

	if (r->measure.form != FORM_LEVEL ||
	    !axis_year(&r->axis, r->axis.at[i].year - 1, &first, &last) || !run_has(r, last))
		return false;
	*x0 = r->value[last];
	return true;
}

bool pace_attainment(const struct run *r, size_t i, const struct target *t, const double *x0,
		     double *out)
{
	double sum;

	if (!run_has(r, i) || r->measure.form == FORM_GROWTH)
		return false;
	if (r->measure.form == FORM_LEVEL) {
		if (!x0 || t->value == *x0)
			return false;
		*out = (r->value[i] - *x0) / (t->value - *x0);
		return isfinite(*out);
	}
	if (!(t->value > 0))
		return false;
	if (r->measure.intensive)
		sum = r->value[i];
	else if (!growth_since_new_year(r, i, &sum))
		return false;
	*out = sum / t->value;
	return isfinite(*out);
}

static void put_pace(const struct measure *m, struct standing *out)
{
	double pace;

	if (!out->has_attainment)
		return;
	if (is_ceiling(m)) {
		if (!(out->attainment > 0)) {
			out->decided = LIGHT_GREEN;
			return;
		}
		pace = out->schedule / out->attainment;
	} else if (out->schedule > 0) {
		pace = out->attainment / out->schedule;
	} else {
		return; /* where nothing is expected yet there is nothing to be behind of */
	}
	out->has_pace = out->has_schedule && isfinite(pace);
	out->pace = out->has_pace ? pace : 0;
}

void pace_standing(const struct run *r, size_t i, const struct target *t, const struct seasons *s,
		   double shrink, struct standing *out)
{
	struct schedule sched;
	const double *base;
	double x0;

	*out = (struct standing){ 0 };
	if (!run_has(r, i))
		return;
	if (must_be_zero(&r->measure, t)) {
		out->decided = nothing_came(r, i) ? LIGHT_GREEN : LIGHT_RED;
		return;
	}
	if (!t)
		return;
	base = pace_base_level(r, i, &x0) ? &x0 : NULL;
	out->has_attainment = pace_attainment(r, i, t, base, &out->attainment);
	out->has_schedule = schedule_at(r, i, t, base, s, shrink, &sched);
	if (out->has_schedule) {
		out->schedule = sched.share;
		out->source = sched.source;
	}
	put_pace(&r->measure, out);
}

enum light pace_light(const struct assess_options *o, const struct standing *now,
		      const struct standing *before, int month)
{
	if (now->decided != LIGHT_NONE)
		return now->decided;
	if (!now->has_pace)
		return LIGHT_NONE;
	if (now->pace >= o->green)
		return LIGHT_GREEN;
	if (now->pace >= o->watch)
		return LIGHT_WATCH;
	if (now->pace >= o->yellow || month < o->red_from_month)
		return LIGHT_YELLOW;
	if (now->pace < o->red_at_once)
		return LIGHT_RED;
	/* One bad release may be a late invoice; two are a unit that lags. */
	return before && before->has_pace && before->pace < o->yellow ? LIGHT_RED : LIGHT_YELLOW;
}
