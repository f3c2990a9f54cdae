/*
 * eval_binary.h - between the files of binary operations on two vectors.
 *
 * Both are called by the thread that runs the query; what they make lives in its arena. 0, or -1
 * with an error as evaluation gives it (eval.h). Vector matching is that of
 * prometheus.io/docs/prometheus/latest/querying/operators.
 */
#ifndef QUERY_EVAL_BINARY_H
#define QUERY_EVAL_BINARY_H

#include "query/binary_ops.h"
#include "query/eval.h"

/* Arithmetic and comparisons (eval_match.c); `lhs` and `rhs` live in the query's arena. */
int eval_match(struct eval *ev, const struct node *n, struct vector *lhs, struct vector *rhs,
	       struct vector *out, struct err *e);
/* and, or, unless (eval_set.c). */
int eval_set(struct eval *ev, const struct node *n, struct vector *lhs, struct vector *rhs,
	     struct vector *out, struct err *e);

#endif
