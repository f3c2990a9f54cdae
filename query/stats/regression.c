/* regression.c - see regression.h. */
#include "query/stats/regression.h"
#include "query/stats/sum.h"

#include <stdbool.h>

struct stats_line stats_line(const int64_t *t_ms, const double *v, size_t n, int64_t origin_ms)
{
	struct stats_sum sx = { 0, 0 }, sy = { 0, 0 }, sxy = { 0, 0 }, sxx = { 0, 0 };
	double count = (double)n, x, y, slope;
	bool constant = true;

	for (size_t i = 0; i < n; i++) {
		double at = (double)(t_ms[i] - origin_ms) / 1e3;

		if (i > 0 && v[i] != v[0])
			constant = false;
		stats_sum_add(&sx, at);
		stats_sum_add(&sy, v[i]);
		stats_sum_add(&sxy, at * v[i]);
		stats_sum_add(&sxx, at * at);
	}
	if (constant)
		return isinf(v[0]) ? (struct stats_line){ NAN, NAN }
				   : (struct stats_line){ 0, v[0] };
	x = sx.sum + sx.carry;
	y = sy.sum + sy.carry;
	slope = (sxy.sum + sxy.carry - x * y / count) / (sxx.sum + sxx.carry - x * x / count);
	return (struct stats_line){ slope, y / count - slope * x / count };
}
