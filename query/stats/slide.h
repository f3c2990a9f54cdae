/*
 * slide.h - sums of windows that move forward, each value touched a few times only.
 *
 * Two stacks: a window is [lo, mid) and [mid, hi). Of the front all suffixes are summed beforehand,
 * of the back the sum runs along; when lo passes mid, what is there becomes the front. Nothing is
 * ever subtracted, so a huge value or a NaN is gone when it leaves. `front` is room for as many
 * sums as there are values.
 */
#ifndef QUERY_STATS_SLIDE_H
#define QUERY_STATS_SLIDE_H

#include "query/stats/sum.h"

#include <stddef.h>

struct stats_slide {
	const double *v;
	struct stats_sum *front, back;
	size_t mid, hi;
};

/* Both sums in one, what rounding takes carried. Of finite ones. */
static inline struct stats_sum stats_sum_join(struct stats_sum a, struct stats_sum b)
{
	double carry = a.carry + b.carry;

	a.carry = 0;
	stats_sum_add(&a, b.sum);
	a.carry += carry;
	return a;
}

/* Of [lo, hi), not empty; neither may be less than in the call before. */
static inline struct stats_sum stats_slide_to(struct stats_slide *s, size_t lo, size_t hi)
{
	if (lo >= s->mid) {
		struct stats_sum sum = { 0, 0 };

		for (size_t i = hi; i-- > lo;) {
			stats_sum_add(&sum, s->v[i]);
			s->front[i] = sum;
		}
		s->mid = s->hi = hi;
		s->back = (struct stats_sum){ 0, 0 };
		return s->front[lo];
	}
	for (; s->hi < hi; s->hi++)
		stats_sum_add(&s->back, s->v[s->hi]);
	return stats_sum_join(s->front[lo], s->back);
}

#endif
