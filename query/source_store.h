/*
 * source_store.h - a snapshot of the store as a source of the engine.
 *
 * Plain series give their samples. Statistics give one point for each period, at its stamp: the
 * value that the selection's view sees (as-of, release), with how long it holds. source_store.c is
 * the only file of query/ that knows the store.
 */
#ifndef QUERY_SOURCE_STORE_H
#define QUERY_SOURCE_STORE_H

#include "query/calendar.h"
#include "query/source.h"

struct store;

/* A consistent view, taken now. `deadline_ms`: after that reading fails with ERR_TIMEOUT; 0: 5 s.
 * `calendar` may be NULL: then no figure holds longer than the lookback. ERR_LIMIT when there are
 * too many snapshots. */
struct source *source_store_open(struct store *s, const struct calendar *calendar,
				 int64_t deadline_ms, struct err *e);
void source_store_close(struct source *s);

#endif
