/*
 * chosen.h - which period __period__ means at each step, worked out once for all series of a
 * family.
 */
#ifndef QUERY_CHOSEN_H
#define QUERY_CHOSEN_H

#include "query/eval.h"

/* From this step on the period with this stamp is meant; INT64_MIN: none. */
struct period_run {
	size_t from;
	int64_t stamp_ms;
};

/* What is meant for the series of a family. */
struct chosen {
	struct period_run *runs;
	size_t n, room;
	int64_t first_ms, last_ms; /* stamps; first > last: there are none */
};

/* What is meant for each family (source.h) of `n` series at the times of `at`, which all are its
 * start when `fixed`; by family, in the query's arena. */
int choose_periods(struct eval *ev, const struct selection *sel, const struct source_series *series,
		   size_t n, const struct grid *at, bool fixed, struct chosen **out, struct err *e);

#endif
