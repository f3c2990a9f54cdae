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

/* Adds buckets of the same bound together and makes counts rise with the bounds, in place; `b` is
 * sorted by bound. *forced: a count was below the one before by more than rounding explains.
 * Returns how many there are now. */
size_t buckets_tidy(struct bucket *b, size_t n, bool *forced);

/* Of tidy buckets. NaN without a bucket to +Inf, with fewer than two, or without observations;
 * -Inf for q < 0, +Inf for q > 1. */
double buckets_quantile(const struct bucket *b, size_t n, double q);

/* The share of observations between two values; buckets sorted and joined. */
double buckets_fraction(const struct bucket *b, size_t n, double lower, double upper);

#endif
