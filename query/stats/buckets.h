/*
 * buckets.h - quantiles and fractions of classic histograms: counts of observations up to a bound.
 *
 * Pure numerics on arrays; any thread. The rules are those of
 * prometheus.io/docs/prometheus/latest/querying/functions, histogram_quantile() and
 * histogram_fraction(): observations are taken to lie evenly within a bucket, the lowest bucket
 * begins at 0 when its bound is positive.
 */
#ifndef QUERY_STATS_BUCKETS_H
#define QUERY_STATS_BUCKETS_H

#include <stdbool.h>
#include <stddef.h>

struct bucket {
	double bound; /* le */
	double count; /* observations up to it */
};

/* Adds buckets of the same bound together, in place; `b` is sorted by bound. Returns how many there
 * are now. */
size_t buckets_join(struct bucket *b, size_t n);

/* Makes counts of joined buckets rise with the bounds, in place. Whether a count was below the one
 * before by more than rounding explains. */
bool buckets_force(struct bucket *b, size_t n);

/* Of joined and forced buckets. NaN without a bucket to +Inf, with fewer than two, or without
 * observations; -Inf for q < 0, +Inf for q > 1. */
double buckets_quantile(const struct bucket *b, size_t n, double q);

/* The share of observations between two values; of joined buckets, whose counts may fall. */
double buckets_fraction(const struct bucket *b, size_t n, double lower, double upper);

#endif
