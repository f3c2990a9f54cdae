/*
 * axis.h - the collected periods of an indicator in a row, and one unit's values along it. Private
 * to assess/.
 *
 * The axis holds only periods that exist: without January where February covers both. So "the
 * release before" is always the place before, and the first place of a year is the one whose
 * year-to-date figure is already its period value. It begins with the first period of a year.
 *
 * Plain arrays, borrowed; any thread may read them.
 */
#ifndef ASSESS_AXIS_H
#define ASSESS_AXIS_H

#include "base/arena.h"
#include "catalogue/catalogue.h"

#include <sys/types.h>

struct axis {
	const struct period *at; /* rising */
	size_t n;
};

/* How an indicator's figures behave, apart from its catalogue entry. */
struct measure {
	enum figure_form form;
	enum direction direction;
	/* indicator_is_rate(): months cannot be added or subtracted, and no seasonal share of the
	 * year is reached. */
	bool intensive;
	/* A part of something (_ratio): its change is in percentage points, so it has no growth
	 * either. */
	bool ratio;
	/* Where figures stop being comparable, oldest first. */
	const struct series_break *breaks;
	size_t nbreaks;
};

/* One unit's values of one indicator. */
struct run {
	struct axis axis;
	struct measure measure;
	const double *value; /* by place; NaN: missing (the store keeps no NaN figures) */
	const uint8_t
		*months; /* covered by a FORM_PERIOD figure; what the axis says where 0 or NULL */
};

struct measure measure_of(const struct indicator *i);

/* All collected periods from the first of `first_year` to the one that holds `last`. Validity
 * dates do not shorten it. */
int axis_build(const struct indicator *i, int first_year, struct date last, struct arena *a,
	       struct axis *out, struct err *e);

/* The place of the period with that end, -1 when there is none. */
ssize_t axis_find(const struct axis *x, struct period p);
/* Of the equal period a year earlier, -1. */
ssize_t axis_year_before(const struct axis *x, size_t i);
/* Of the first and the last place of a year; false when the axis does not have its last
 * period (the year's end). */
bool axis_year(const struct axis *x, int year, size_t *first, size_t *last);
bool axis_starts_year(const struct axis *x, size_t i);

bool run_has(const struct run *r, size_t i);
/* What puts the figure of place j on the base of that of place i, j <= i: 1 when no break lies
 * between them. False when one does that has no factor. */
bool run_linked(const struct run *r, size_t j, size_t i, double *factor);
/* Months the figure of place i covers; for a year-to-date figure those since the place before. */
int run_months(const struct run *r, size_t i);

#endif
