/*
 * check.h - whether the types of a tree fit: second half of parse(), nobody else calls it.
 */
#ifndef QUERY_CHECK_H
#define QUERY_CHECK_H

#include "query/ast.h"

/* Fills in `type` of every node; takes no memory. ERR_INVALID with position, as parse() gives it.
 * The rules are those of Prometheus' checkAST() (3.14, promql/parser/parse.go). */
int check(struct node *root, struct slice text, unsigned features, struct err *e);

/* "1:6: parse error: …" at a byte of the text. -1. */
int parse_error(struct slice text, uint32_t at, struct err *e, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));

#endif
