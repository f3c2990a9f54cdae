/*
 * quantile.h - order statistics of arrays of doubles.
 *
 * Pure numerics: nothing here knows of queries, figures or units. Arrays are the
 * caller's and no memory is taken. Any thread.
 *
 * NaN: an answer about data with a NaN in it would depend on where the sort put it, so
 * one NaN among the values makes the answer NaN, as does having no values. A caller
 * for whom NaN means "missing" takes them out first with stats_drop_nan().
 */
#ifndef QUERY_STATS_QUANTILE_H
#define QUERY_STATS_QUANTILE_H

#include <stddef.h>

/* Sorts upwards, in place; NaNs go to the end. */
void stats_sort(double *x, size_t n);

/* Moves the values that are not NaN to the front in their order; how many there are. */
size_t stats_drop_nan(double *x, size_t n);

/* Type 7 of Hyndman and Fan (1996), which R, NumPy and PromQL use: with h = (n - 1) q, between
 * the values of rank floor(h) and floor(h) + 1, counted from 0. `sorted` is sorted upwards.
 * q < 0 gives -Inf, q > 1 +Inf, q NaN gives NaN, as in PromQL. */
double stats_quantile_sorted(const double *sorted, size_t n, double q);

/* The same of values in any order, without sorting all; reorders them. */
double stats_quantile(double *x, size_t n, double q);

/* The middle value, or the mean of the two middle ones; reorders them. */
double stats_median(double *x, size_t n);

#endif
