/*
 * virtual_values.h - what drop-downs offer for __period__, __as_of__ and __release__
 * (docs/promql.md).
 */
#ifndef EXPORTERS_VIRTUAL_VALUES_H
#define EXPORTERS_VIRTUAL_VALUES_H

#include "query/calendar.h"
#include "storage/store.h"

/* More series than this are not looked through for values. */
enum { VIRTUAL_SERIES_MAX = 2000 };

/* Sorted, none twice, in the arena: periods that have figures and "latest"; local days on which
 * something was released; "first", "latest" and the numbers of releases from 2 on. Of the
 * statistics among `series`; none when there is no calendar. */
int virtual_values(struct snapshot *v, const struct calendar *c, struct slice label,
		   const struct series_ref *series, size_t nseries, struct arena *a,
		   struct slice **out, size_t *n, struct err *e);

#endif
