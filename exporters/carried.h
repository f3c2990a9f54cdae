/*
 * carried.h - which labels, or values of one, are carried by a series that is there in some time.
 *
 * One thread; the arena is as it was afterwards.
 */
#ifndef EXPORTERS_CARRIED_H
#define EXPORTERS_CARRIED_H

#include "exporters/match.h"

#include <stdatomic.h>

/* is[i]: whether a series that meets has[i], and one of the sets of `m` (any series when there are
 * none), is there in that time. ERR_CANCELLED once `cancelled` is set. */
int carried(const struct presence *p, const struct matches *m, const struct matcher *has, size_t n,
	    atomic_bool *cancelled, struct arena *a, bool *is, struct err *e);

#endif
