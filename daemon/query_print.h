/*
 * query_print.h - the API's answer to a query, for people: a table, CSV, or drawn.
 */
#ifndef DAEMON_QUERY_PRINT_H
#define DAEMON_QUERY_PRINT_H

#include "base/slice.h"

#include <stdbool.h>
#include <stdio.h>

enum query_format { QUERY_TABLE, QUERY_CSV, QUERY_JSON };

/* `body` is JSON as /api/v1/query and /api/v1/query_range answer. What is wrong with `expr` goes to
 * standard error, with a mark under the place. A table of a range query on a terminal has a small
 * chart in each row. Returns the exit code. */
int query_print(struct slice body, const char *expr, enum query_format format, bool terminal,
		FILE *to);

#endif
