/*
 * quantile.c - see quantile.h.
 *
 * Sorting is qsort(): the arrays are the years of a unit's history or the units of a
 * class, tens to thousands of values, and glibc's is a merge sort there.
 */
#include "query/stats/quantile.h"

#include <math.h>
#include <stdlib.h>

static int by_value(const void *pa, const void *pb)
{
	double a = *(const double *)pa, b = *(const double *)pb;

	if (isnan(a) || isnan(b))
		return isnan(a) - isnan(b);
	return (a > b) - (a < b);
}

void stats_sort(double *x, size_t n)
{
	if (n > 1)
		qsort(x, n, sizeof(*x), by_value);
}

size_t stats_drop_nan(double *x, size_t n)
{
	size_t kept = 0;

	for (size_t i = 0; i < n; i++)
		if (!isnan(x[i]))
			x[kept++] = x[i];
	return kept;
}

double stats_quantile_sorted(const double *sorted, size_t n, double q)
{
	double h, low, high;
	size_t i;

	/* NaNs are sorted to the end, so the last value tells of all. */
	if (n == 0 || isnan(q) || isnan(sorted[n - 1]))
		return NAN;
	if (q < 0)
		return -INFINITY;
	if (q > 1)
		return INFINITY;
	h = (double)(n - 1) * q;
	i = (size_t)h;
	low = sorted[i];
	high = i + 1 < n ? sorted[i + 1] : low;
	/* Equal neighbours need no interpolation; two infinities would give NaN in it. */
	if (low == high || h == (double)i)
		return low;
	return low + (high - low) * (h - (double)i);
}

double stats_quantile(double *x, size_t n, double q)
{
	stats_sort(x, n);
	return stats_quantile_sorted(x, n, q);
}

double stats_median(double *x, size_t n)
{
	return stats_quantile(x, n, 0.5);
}
