/*
 * sum.h - sums that carry what rounding took from them.
 *
 * Neumaier's improvement of Kahan's sum, step by step as Prometheus does it: once a sum is
 * infinite, nothing is carried, so that infinity does not become NaN by the correction.
 */
#ifndef QUERY_STATS_SUM_H
#define QUERY_STATS_SUM_H

#include <math.h>

struct stats_sum {
	double sum, carry;
};

static inline void stats_sum_add(struct stats_sum *s, double x)
{
	double t = s->sum + x;

	if (isinf(t))
		s->carry = 0;
	else if (fabs(s->sum) >= fabs(x))
		s->carry += (s->sum - t) + x;
	else
		s->carry += (x - t) + s->sum;
	s->sum = t;
}

static inline double stats_sum_value(const struct stats_sum *s)
{
	return isinf(s->sum) ? s->sum : s->sum + s->carry;
}

#endif
