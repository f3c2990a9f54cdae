/*
 * print.h - a tree as text.
 *
 * What does not fit shows in the buffer's `failed`. Trees are only read; any thread.
 */
#ifndef QUERY_PRINT_H
#define QUERY_PRINT_H

#include "base/json_write.h"
#include "query/ast.h"

/* On one line, as Prometheus' String(): what it reads back is the same tree. */
void print_expr(const struct node *n, struct buf *out);
/* What /api/v1/format_query answers: as print_expr(), broken where a line is longer than 100. */
void print_pretty(const struct node *n, struct buf *out);
/* What /api/v1/parse_query answers in `data`. */
void print_json(const struct node *n, struct json_writer *j);

const char *value_type_name(enum value_type t);        /* "vector", as in JSON */
const char *value_type_description(enum value_type t); /* "instant vector", as in messages */
const char *binary_op_text(enum binary_op op);
const char *aggregate_name(enum aggregate_op op);

#endif
