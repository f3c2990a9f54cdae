/*
 * series_quotas.h - a quota of series for each of those who send to one place.
 *
 * Whose name has none yet gets one; when there are SERIES_QUOTAS_MAX, or no memory, all further
 * ones share one, so that names made up at random cost no more than that. When a day begins the
 * caller says, for all of them together. Any thread.
 */
#ifndef COLLECTORS_SERIES_QUOTAS_H
#define COLLECTORS_SERIES_QUOTAS_H

#include "base/slice.h"
#include "collectors/series_quota.h"

enum { SERIES_QUOTAS_MAX = 4096 };

struct series_quotas;

/* most: of each, see series_quota_new(). */
struct series_quotas *series_quotas_new(size_t most, struct err *e);
void series_quotas_free(struct series_quotas *qs); /* NULL is nothing */
void series_quotas_set(struct series_quotas *qs, size_t most);
/* Begins a day for all. */
void series_quotas_begin(struct series_quotas *qs, int64_t now_ms);
/* Lives as long as `qs`. */
struct series_quota *series_quotas_of(struct series_quotas *qs, struct slice name);

#endif
