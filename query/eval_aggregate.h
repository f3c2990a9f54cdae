/*
 * eval_aggregate.h - between the files of aggregation.
 *
 * All of it is called by the thread that runs the query and lives in the query's arena. 0, or -1
 * with an error as evaluation gives it (eval.h).
 */
#ifndef QUERY_EVAL_AGGREGATE_H
#define QUERY_EVAL_AGGREGATE_H

#include "query/eval.h"
#include "query/key.h"

/* Rows and the groups they fall into. */
struct grouping {
	struct eval *ev;
	const struct node *node;
	struct vector *rows; /* in the query's arena */
	struct key_spec spec;
	struct keys keys;
	struct by_key by;
	const double *param; /* of each step; NULL: takes none */
};

/* Heads of a vector with one row for each group. */
int group_heads(const struct grouping *g, struct head *out, struct err *e);

/* Sum, mean, extremes, counts, spread: a few numbers for each group and step, rows are not held
 * (aggregate_fold.c). */
int aggregate_fold(struct grouping *g, struct vector *out, struct err *e);
/* All values of a group and step at once (aggregate_quantile.c). */
int aggregate_quantile(struct grouping *g, struct vector *out, struct err *e);
/* Some of the rows as they are: topk, bottomk, limitk, limit_ratio (aggregate_pick.c). */
int aggregate_pick(struct grouping *g, struct vector *out, struct err *e);
/* A row for each value (aggregate_values.c). `label` is where the value goes. */
int aggregate_values(struct grouping *g, struct slice label, struct vector *out, struct err *e);

#endif
