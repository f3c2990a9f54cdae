/*
 * binary_ops.h - binary operators on arrays: one value a step on each side.
 *
 * ABSENT on either side gives ABSENT. A comparison without bool keeps the value of one side where
 * it holds, of the left one unless `keep_right`; with bool it gives 1 or 0. The operators are those
 * of prometheus.io/docs/prometheus/latest/querying/operators. Pure functions, any thread.
 */
#ifndef QUERY_BINARY_OPS_H
#define QUERY_BINARY_OPS_H

#include "query/ast.h"

struct binary_how {
	enum binary_op op;
	bool bool_modifier, keep_right;
};

/* `out` may be `a` or `b`. */
void binary_rows(const struct binary_how *how, const double *a, const double *b, size_t n,
		 double *out);

#endif
