/*
 * compare.h - what a query answered against what its script expects.
 *
 * Values agree within 10^-6 of their sum, as in Prometheus' own runner; NaN is NaN. All functions
 * return whether they agree, else `why` tells the difference.
 */
#ifndef TESTS_PROMQL_COMPARE_H
#define TESTS_PROMQL_COMPARE_H

#include "query/query.h"
#include "tests/promql/script.h"

/* The answer to an instant query. */
bool compare_instant(const struct script_eval *v, const struct query *q, struct buf *why);
/* The answer to a range query, all of it. */
bool compare_range(const struct script_eval *v, const struct query *q, struct buf *why);
/* One step of a range query against what an instant query is expected to answer. */
bool compare_step(const struct script_eval *v, const struct query *q, size_t step, struct buf *why);
/* Errors, warnings and infos; of a query that was changed positions are not compared. */
bool compare_failure(const struct script_eval *v, const struct query *q, struct buf *why);
bool compare_notes(const struct script_eval *v, const struct query *q, bool changed,
		   struct buf *why);

#endif
