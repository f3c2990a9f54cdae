/*
 * source_memory.h - a source of series that are held in memory, for tests of the query engine.
 *
 * Series come into being with their first point; points may come in any order, an equal time
 * replaces. What has a period is a statistic: it holds until its `until_ms`, and a period can be
 * chosen. There are no vintages: as_of_ms and release are not looked at.
 *
 * Filled by one thread, then only read; until it is filled again any number of queries may read.
 */
#ifndef TESTS_PROMQL_SOURCE_MEMORY_H
#define TESTS_PROMQL_SOURCE_MEMORY_H

#include "query/source.h"

struct memory_series {
	struct labels *labels;
	bool statistic;
	size_t n, room;
	struct memory_point {
		int64_t t_ms;
		double v;
		int64_t until_ms, released_ms; /* of statistics */
		int32_t period;                /* year × 100 + last month */
	} * points;
};

struct source_memory {
	struct source source;          /* what the engine is given */
	struct memory_series **series; /* by labels */
	size_t n, room;
};

void source_memory_init(struct source_memory *s);
void source_memory_release(struct source_memory *s);

/* `ls` stays the caller's. ERR_MEMORY. */
int source_memory_add(struct source_memory *s, struct labels *ls, int64_t t_ms, double v,
		      struct err *e);
int source_memory_figure(struct source_memory *s, struct labels *ls,
			 const struct memory_point *figure, struct err *e);

#endif
