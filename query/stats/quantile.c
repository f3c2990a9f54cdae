/*
 * quantile.c - see quantile.h.
 *
 * One quantile is selected, not sorted for: Hoare's FIND (Algorithm 65, Communications of the ACM
 * 4(7), 1961) with the middle of three as pivot. Values may come in an order made to have
 * each cut miss; after as many cuts as should do, what is left is sorted. Sorting is qsort():
 * the arrays are the years of a unit's history or the units of a class, tens to thousands
 * of values, and glibc's is a merge sort there.
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

/* Type 7 between two neighbours, `part` of the way up. */
static double between(double low, double high, double part)
{
	/* Equal neighbours need no interpolation; two infinities would give NaN in it. */
	if (low == high || part == 0)
		return low;
	return low + (high - low) * part;
}

double stats_quantile_sorted(const double *sorted, size_t n, double q)
{
	double h;
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
	return between(sorted[i], sorted[i + 1 < n ? i + 1 : i], h - (double)i);
}

static void swap(double *a, double *b)
{
	double was = *a;

	*a = *b;
	*b = was;
}

/* Puts first, middle and last in order; the middle one is the pivot. */
static double pivot_of(double *x, size_t n)
{
	double *first = x, *middle = x + n / 2, *last = x + n - 1;

	if (*middle < *first)
		swap(first, middle);
	if (*last < *middle) {
		swap(middle, last);
		if (*middle < *first)
			swap(first, middle);
	}
	return *middle;
}

/* Reorders until the value of rank k, from 0, stands at its place, none behind it is less and
 * none before it is more. No NaN. */
static void put_at_rank(double *x, size_t n, size_t k)
{
	int cuts = 8;

	for (size_t m = n; m; m /= 2)
		cuts += 2;
	while (n > 3) {
		double pivot = pivot_of(x, n);
		size_t i = 0, j = n - 1;

		if (cuts-- == 0) {
			stats_sort(x, n);
			return;
		}
		while (i <= j) {
			while (x[i] < pivot)
				i++;
			while (x[j] > pivot)
				j--;
			if (i > j)
				break;
			swap(&x[i++], &x[j]);
			if (j-- == 0)
				break;
		}
		/* Up to j nothing is more than the pivot, from i on nothing less; between them it
		 * stands. */
		if (k <= j && j < n)
			n = j + 1;
		else if (k >= i) {
			x += i;
			n -= i;
			k -= i;
		} else
			return;
	}
	stats_sort(x, n);
}

double stats_quantile(double *x, size_t n, double q)
{
	double h, low, high;
	size_t i;

	for (i = 0; i < n && !isnan(x[i]); i++)
		;
	if (n == 0 || i < n || isnan(q))
		return NAN;
	if (q < 0 || q > 1)
		return q < 0 ? -INFINITY : INFINITY;
	h = (double)(n - 1) * q;
	i = (size_t)h;
	put_at_rank(x, n, i);
	low = high = x[i];
	for (size_t k = i + 1; k < n; k++)
		high = k == i + 1 || x[k] < high ? x[k] : high;
	return between(low, high, h - (double)i);
}

double stats_median(double *x, size_t n)
{
	return stats_quantile(x, n, 0.5);
}
