/*
 * schedule.h - what share of the year should be reached by the end of a period. Private to assess/.
 *
 * Pure functions. Order of sources: the target's split, linear when the target says so, the
 * unit's own seasonal profile shrunk to its peers', the peers' alone, the provincial one.
 * See docs/methods.md.
 */
#ifndef ASSESS_SCHEDULE_H
#define ASSESS_SCHEDULE_H

#include "assess/assess.h"
#include "assess/axis.h"

/* Fewer year-shares than this are no profile of a class. */
enum { SCHEDULE_POOL_MIN = 3 };

/* What is known of the seasons at one place of the axis. */
struct seasons {
	double own; /* median of the unit's year-shares */
	unsigned own_years;
	double pool; /* median of the year-shares of its class */
	unsigned pool_years;
	const struct profile *provincial; /* NULL: none */
};

struct schedule {
	double share;
	enum schedule_source source;
};

/* The shares L(m)/L(12) at the month of place `i` in the complete ones of the `years` years before
 * it, newest first; `out` has room for `years`. A year is complete when every period of it is there
 * and its total is positive. None for levels, growth rates and ratios. */
size_t schedule_year_shares(const struct run *r, size_t i, unsigned years, double *out);

/* Own profile and peers' in one: (n own + k pool) / (n + k). */
double schedule_shrink(double own, unsigned n, double pool, double k);

/* The schedule at place i; false when there is none. `x0` is last year's final level, used (and
 * needed) only by a split of a level. */
bool schedule_at(const struct run *r, size_t i, const struct target *t, const double *x0,
		 const struct seasons *s, double shrink, struct schedule *out);

#endif
