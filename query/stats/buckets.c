/* buckets.c - see buckets.h. */
#include "query/stats/buckets.h"

#include <float.h>
#include <math.h>

static bool almost_equal(double a, double b)
{
	const double tolerance = 1e-12;
	double sum = fabs(a) + fabs(b), diff = fabs(a - b);

	if (a == b)
		return true;
	if (a == 0 || b == 0 || sum < DBL_MIN)
		return diff < tolerance * DBL_MIN;
	return diff / fmin(sum, DBL_MAX) < tolerance;
}

size_t buckets_join(struct bucket *b, size_t n)
{
	size_t kept = 0;

	for (size_t i = 1; i < n; i++) {
		if (b[i].bound == b[kept].bound)
			b[kept].count += b[i].count;
		else
			b[++kept] = b[i];
	}
	return n ? kept + 1 : 0;
}

bool buckets_force(struct bucket *b, size_t n)
{
	bool forced = false;
	double before;

	if (n == 0)
		return false;
	before = b[0].count;
	for (size_t i = 1; i < n; i++) {
		if (b[i].count == before)
			continue;
		if (almost_equal(before, b[i].count)) {
			b[i].count = before;
		} else if (b[i].count < before) {
			b[i].count = before;
			forced = true;
		} else {
			before = b[i].count;
		}
	}
	return forced;
}

static bool ends_in_infinity(const struct bucket *b, size_t n)
{
	return n > 0 && isinf(b[n - 1].bound) && b[n - 1].bound > 0;
}

/* The first of n buckets with a count of at least `rank`, or n. By halves: where counts are NaN the
 * order of looking decides, and this is Prometheus'. */
static size_t bucket_of(const struct bucket *b, size_t n, double rank)
{
	size_t low = 0, high = n;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (b[middle].count >= rank)
			high = middle;
		else
			low = middle + 1;
	}
	return low;
}

double buckets_quantile(const struct bucket *b, size_t n, double q)
{
	double all, rank, from = 0, count;
	size_t i;

	if (isnan(q))
		return NAN;
	if (q < 0)
		return -INFINITY;
	if (q > 1)
		return INFINITY;
	if (!ends_in_infinity(b, n) || n < 2)
		return NAN;
	all = b[n - 1].count;
	if (all == 0)
		return NAN;
	rank = q * all;
	i = bucket_of(b, n - 1, rank);
	if (i == n - 1)
		return b[n - 2].bound;
	if (i == 0 && b[0].bound <= 0)
		return b[0].bound;
	count = b[i].count;
	if (i > 0) {
		from = b[i - 1].bound;
		count -= b[i - 1].count;
		rank -= b[i - 1].count;
	}
	return from + (b[i].bound - from) * (rank / count);
}

/* Observations up to v. */
static double rank_of(const struct bucket *b, size_t n, double v)
{
	double rank = 0;

	for (size_t i = 0; i < n; i++) {
		double from = i ? b[i - 1].bound : b[0].bound > 0 ? 0 : -INFINITY;

		if (v <= from)
			return rank;
		if (v < b[i].bound) {
			/* what has no end cannot be divided: nothing of it lies between v and
			 * its finite end */
			if (isinf(from))
				return b[i].count;
			if (isinf(b[i].bound))
				return rank;
			return rank + (b[i].count - rank) * (v - from) / (b[i].bound - from);
		}
		rank = b[i].count;
	}
	return rank;
}

static double at_most(double rank, double all)
{
	return rank > all ? all : rank;
}

double buckets_fraction(const struct bucket *b, size_t n, double lower, double upper)
{
	double all;

	if (!ends_in_infinity(b, n))
		return NAN;
	all = b[n - 1].count;
	if (all == 0 || isnan(lower) || isnan(upper))
		return NAN;
	if (lower >= upper)
		return 0;
	return (at_most(rank_of(b, n, upper), all) - at_most(rank_of(b, n, lower), all)) / all;
}
