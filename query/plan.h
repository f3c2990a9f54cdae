/*
 * plan.h - what of a tree depends on the times of a query and on nothing else.
 *
 * Duration expressions are those of Prometheus 3.14 (promql-duration-expr). Takes no memory. One
 * thread, before the tree is shown to others.
 */
#ifndef QUERY_PLAN_H
#define QUERY_PLAN_H

#include "query/parse.h"

struct plan_times {
	int64_t start_ms, end_ms, step_ms; /* ms since 1970, both ends included; step 0: instant */
};

/* Works out duration expressions (range(), step(), min_of() … in them), start() and end(), and
 * marks what is the same at every step (`constant`). Changes the tree. ERR_INVALID with the
 * position: a duration that is not positive, or out of bounds. */
int plan(struct expr *x, const struct plan_times *t, struct err *e);

#endif
