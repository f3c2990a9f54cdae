/*
 * pace.h - attainment of the year's target, pace against the schedule, and the light. Private to
 * assess/.
 *
 * Pure functions; docs/methods.md has the formulas with their sources.
 */
#ifndef ASSESS_PACE_H
#define ASSESS_PACE_H

#include "assess/schedule.h"

/* Where a unit stands against its target at the end of one period. */
struct standing {
	bool has_attainment, has_schedule, has_pace;
	double attainment, schedule, pace;
	enum schedule_source source;
	/* Decided without a pace: pass (green) or fail (red) of what must be zero, green for a
	 * ceiling of which nothing has been used. Else LIGHT_NONE. */
	enum light decided;
};

/* L/T, or (x - x0)/(T - x0) of a level; `x0` NULL when last year's final level is missing. */
bool pace_attainment(const struct run *r, size_t i, const struct target *t, const double *x0,
		     double *out);

/* Last year's final level as seen from place i; false when it is missing or this is no level. */
bool pace_base_level(const struct run *r, size_t i, double *x0);

/* All of it at place i. `t` may be NULL: only what must be zero is judged without a target. */
void pace_standing(const struct run *r, size_t i, const struct target *t, const struct seasons *s,
		   double shrink, struct standing *out);

/* `before`: the standing at the release before in the same year, NULL when there was none. `month`:
 * last month of the judged period. */
enum light pace_light(const struct assess_options *o, const struct standing *now,
		      const struct standing *before, int month);

#endif
