/*
 * regression.h - the straight line of least squares through points in time.
 *
 * Pure numerics; no memory is taken. Any thread.
 */
#ifndef QUERY_STATS_REGRESSION_H
#define QUERY_STATS_REGRESSION_H

#include <stddef.h>
#include <stdint.h>

struct stats_line {
	double slope;     /* a second */
	double intercept; /* value at the origin */
};

/* Through `n` > 0 points; times are ms, counted from origin_ms. A constant series has slope 0 and
 * its value, exactly; a constant infinity NaN, as does any infinity or NaN among others. */
struct stats_line stats_line(const int64_t *t_ms, const double *v, size_t n, int64_t origin_ms);

#endif
