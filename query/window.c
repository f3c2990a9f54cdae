/*
 * window.c - what functions over ranges share: moving from window to window, and the remark about
 * names of counters.
 */
#include "query/functions.h"

/* Whether rate() or increase() of any window has a result. */
static bool any_rate(const struct range_row *r)
{
	const int64_t *t = r->points.t_ms;
	int64_t before = r->m->lookback_ms;
	size_t lo = 0, hi = 0;

	for (size_t k = 0; k < r->grid->n; k++) {
		int64_t end = matrix_end(r->m, r->row_ends, k);

		window_move(r, k, &lo, &hi);
		if (end == INT64_MIN)
			continue;
		if (hi - lo >= (r->m->kind == RANGE_PLAIN ? 2u : 1u))
			return true;
		/* Smoothed: a point on either side is enough. */
		if (r->m->kind == RANGE_SMOOTHED && lo > 0 && hi < r->points.n &&
		    t[lo - 1] > end - r->m->range_ms - before && t[hi] <= end + before)
			return true;
	}
	return false;
}

/* As Prometheus: of a series with a name and at least one result. What a subquery took the name
 * from has none. */
int remark_counter(const struct range_row *r, struct err *e)
{
	struct slice name = head_label(r->ev, r->head, slice_str(LABEL_NAME));
	struct slice type = head_label(r->ev, r->head, slice_str("__type__"));
	const struct node *arg = r->call->call.args[0];

	(void)e;
	if (name.n == 0)
		return 0;
	if (r->ev->features & FEATURE_TYPE_AND_UNIT) {
		if (slice_is(type, "counter") || slice_is(type, "histogram") || !any_rate(r))
			return 0;
		eval_info(r->ev, arg,
			  "metric might not be a counter, __type__ label is not set to "
			  "\"counter\" or \"histogram\", got \"%.*s\": \"%.*s\"",
			  SLICE_FMT(type), SLICE_FMT(name));
		return 0;
	}
	if (slice_ends(name, "_total") || slice_ends(name, "_sum") || slice_ends(name, "_count") ||
	    slice_ends(name, "_bucket") || !any_rate(r))
		return 0;
	eval_info(r->ev, arg,
		  "metric might not be a counter, name does not end in "
		  "_total/_sum/_count/_bucket: \"%.*s\"",
		  SLICE_FMT(name));
	return 0;
}
