/* select.c - see select.h. Hoare's selection with the middle of three as pivot. */
#include "query/stats/select.h"

#include <math.h>

static void swap(double *a, double *b)
{
	double t = *a;

	*a = *b;
	*b = t;
}

static double middle(double a, double b, double c)
{
	if (a < b)
		return b < c ? b : a < c ? c : a;
	return a < c ? a : b < c ? c : b;
}

/* Afterwards x[k] is what it would be were x sorted, nothing before it is larger and nothing behind
 * it smaller. No NaN. */
static void put_in_place(double *x, size_t n, size_t k)
{
	size_t from = 0, to = n - 1;

	while (from < to) {
		double pivot = middle(x[from], x[from + (to - from) / 2], x[to]);
		size_t i = from, j = to;

		for (;;) {
			while (x[i] < pivot)
				i++;
			while (x[j] > pivot)
				j--;
			if (i >= j)
				break;
			swap(&x[i++], &x[j--]);
		}
		if (k <= j)
			to = j;
		else
			from = j + 1;
	}
}

static double smallest(const double *x, size_t n)
{
	double v = x[0];

	for (size_t i = 1; i < n; i++)
		v = x[i] < v ? x[i] : v;
	return v;
}

static size_t nan_first(double *x, size_t n)
{
	size_t nans = 0;

	for (size_t i = 0; i < n; i++)
		if (isnan(x[i]))
			swap(&x[i], &x[nans++]);
	return nans;
}

double select_quantile(double *x, size_t n, double q)
{
	size_t nans, lower, upper;
	double rank, weight, low, high;

	if (n == 0 || isnan(q))
		return NAN;
	if (q < 0)
		return -INFINITY;
	if (q > 1)
		return INFINITY;
	rank = q * (double)(n - 1);
	lower = (size_t)rank;
	upper = lower + 1 < n ? lower + 1 : n - 1;
	weight = rank - floor(rank);
	nans = nan_first(x, n);
	if (lower < nans)
		return NAN;
	put_in_place(x + nans, n - nans, lower - nans);
	low = x[lower];
	high = upper == lower ? low : smallest(x + upper, n - upper);
	return low * (1 - weight) + high * weight;
}
