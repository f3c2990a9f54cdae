/*
 * growth.c - see growth.h.
 *
 * Nothing is filled in: a figure that is missing leaves the answers that need it without
 * one. A missing month k takes two period values with it, its own and that of k + 1,
 * because a year-to-date figure only tells their sum. Figures may be as large as a double can
 * be, so what overflows has no answer either.
 */
#include "assess/growth.h"

#include <math.h>

bool growth_ratio(double x, double base, double *out)
{
	/* A loss that becomes a profit is no growth of any number of per cent. */
	if (!(base > 0) || x < 0 || !isfinite(x / base))
		return false;
	*out = x / base - 1;
	return true;
}

static bool same_base(const struct run *r, size_t j, size_t i)
{
	double factor;

	return run_linked(r, j, i, &factor) && factor == 1;
}

static bool from_year_to_date(const struct run *r, size_t i, struct period_value *out)
{
	double before = 0;

	if (!axis_starts_year(&r->axis, i)) {
		if (!run_has(r, i - 1))
			return false;
		before = r->value[i - 1];
		if (!same_base(r, i - 1, i))
			return false;
	}
	if (!isfinite(r->value[i] - before))
		return false;
	out->value = r->value[i] - before;
	out->months = run_months(r, i);
	out->implied_revision = !axis_starts_year(&r->axis, i) && out->value < 0;
	return true;
}

bool growth_period_value(const struct run *r, size_t i, struct period_value *out)
{
	if (!run_has(r, i))
		return false;
	if (r->measure.form == FORM_PERIOD) {
		*out = (struct period_value){ .value = r->value[i], .months = run_months(r, i) };
		return true;
	}
	if (r->measure.form != FORM_YTD || r->measure.intensive)
		return false;
	return from_year_to_date(r, i, out);
}

bool growth_since_new_year(const struct run *r, size_t i, double *out)
{
	double sum = 0;
	int months = 0;

	if (!run_has(r, i) || r->measure.intensive)
		return false;
	if (r->measure.form == FORM_YTD) {
		*out = r->value[i];
		return true;
	}
	if (r->measure.form != FORM_PERIOD)
		return false;
	for (size_t k = i;; k--) {
		if (!run_has(r, k) || !same_base(r, k, i))
			return false;
		sum += r->value[k];
		months += run_months(r, k);
		if (axis_starts_year(&r->axis, k))
			break;
	}
	/* February reported alone where it should cover January too does not make a year. */
	if ((r->axis.at[i].freq != FREQ_DAY && months != r->axis.at[i].last_month) ||
	    !isfinite(sum))
		return false;
	*out = sum;
	return true;
}

/* Of place i against place j, with what was found there. */
static bool grown(const struct run *r, size_t j, size_t i, double base, double x,
		  struct growth *out)
{
	double factor;

	if (!run_linked(r, j, i, &factor) || !growth_ratio(x, base * factor, &out->ratio))
		return false;
	out->linked = factor != 1;
	return true;
}

bool growth_yoy(const struct run *r, size_t i, struct growth *out)
{
	ssize_t j = axis_year_before(&r->axis, i);
	struct period_value now, then;

	if (j < 0 || r->measure.ratio || !run_has(r, i) || !run_has(r, (size_t)j))
		return false;
	if (r->measure.form == FORM_LEVEL)
		return grown(r, (size_t)j, i, r->value[j], r->value[i], out);
	if (!growth_period_value(r, i, &now) || !growth_period_value(r, (size_t)j, &then) ||
	    now.months != then.months)
		return false;
	return grown(r, (size_t)j, i, then.value, now.value, out);
}

bool growth_ytd(const struct run *r, size_t i, struct growth *out)
{
	ssize_t j = axis_year_before(&r->axis, i);
	double now, then;

	if (j < 0 || !growth_since_new_year(r, i, &now) ||
	    !growth_since_new_year(r, (size_t)j, &then))
		return false;
	return grown(r, (size_t)j, i, then, now, out);
}
