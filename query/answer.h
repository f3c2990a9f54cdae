/*
 * answer.h - the evaluated expression as the answer of a query: all rows worked out, names removed,
 * in an order.
 *
 * On the thread that runs the query; memory of the query's arena.
 */
#ifndef QUERY_ANSWER_H
#define QUERY_ANSWER_H

#include "query/query.h"

/* Evaluates q->expr at q->grid and sets q->value, or q->rows for a range. Points of a range count
 * against the limit of samples while they are read. */
int answer_make(struct eval *ev, struct query *q, struct err *e);

#endif
