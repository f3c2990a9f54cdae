/*
 * growth.h - period values and growth of one run of figures. Private to assess/.
 *
 * Pure functions; false means that there is no answer and leaves *out as it was.
 * docs/methods.md has the formulas with their sources.
 *
 * Nothing is worked out across a break of the series, except growth when the catalogue has a factor
 * for it: then the older figure is put on the newer base, and *linked says so.
 */
#ifndef ASSESS_GROWTH_H
#define ASSESS_GROWTH_H

#include "assess/axis.h"

/* x / base - 1; none when the base is not positive or the sign changes. */
bool growth_ratio(double x, double base, double *out);

struct period_value {
	double value;
	int months;            /* covered; 0 for a day */
	bool implied_revision; /* negative because a year-to-date figure fell */
};

/* What belongs to the period alone; none for levels, rates and while the place before is missing.
 */
bool growth_period_value(const struct run *r, size_t i, struct period_value *out);

/* What has come together since New Year: the year-to-date figure, or the sum of the year's periods
 * when none of them is missing and they cover every month. None for levels and rates. */
bool growth_since_new_year(const struct run *r, size_t i, double *out);

struct growth {
	double ratio;
	bool linked; /* across a break, by its factor: derived, not of two comparable figures */
};

/* Against the equal period a year earlier: of period values, of levels for FORM_LEVEL. None for
 * published growth and rates. */
bool growth_yoy(const struct run *r, size_t i, struct growth *out);

/* The same of what has come together since New Year. */
bool growth_ytd(const struct run *r, size_t i, struct growth *out);

#endif
