/*
 * select.h - the quantile of PromQL: an order statistic of values in any order.
 *
 * Pure numerics; any thread. As quantile.h's but for what PromQL does with what is no number: NaN
 * counts as smaller than any number, and neighbours are always weighted, so that an infinite one
 * gives NaN (Prometheus 3.14, promql/quantile.go).
 */
#ifndef QUERY_STATS_SELECT_H
#define QUERY_STATS_SELECT_H

#include <stddef.h>

/* x[n] changes its order; linear time on average. q NaN or n 0 give NaN, q < 0 -Inf, q > 1 +Inf. */
double select_quantile(double *x, size_t n, double q);

#endif
