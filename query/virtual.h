/*
 * virtual.h - virtual labels: which value of a statistic a selector shows.
 *
 * __period__, __as_of__ and __release__ (docs/promql.md) stand among the conditions of a selector,
 * where grammar and tools of Prometheus take them for labels. They are no labels of any series.
 * Texts stay those of the tree. Called by the thread that runs the query.
 */
#ifndef QUERY_VIRTUAL_H
#define QUERY_VIRTUAL_H

#include "query/eval.h"

bool is_virtual_label(struct slice name);

/* Splits the conditions of a NODE_SELECTOR: the ordinary ones to `rest` (room for all of them),
 * what the virtual ones choose to `sel`. Without any `sel` shows the latest. An execution error
 * names a condition other than "=" and a value that cannot be. */
int virtual_take(struct eval *ev, const struct node *selector, struct matcher *rest, size_t *nrest,
		 struct selection *sel, struct err *e);

#endif
