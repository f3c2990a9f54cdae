/*
 * index_select.h - which series of a segment meet all matchers. For the other files of
 * the index.
 */
#ifndef STORAGE_INDEX_SELECT_H
#define STORAGE_INDEX_SELECT_H

#include "storage/index_segment.h"

/* Ordinals that are seen and meet all matchers, rising, in the arena (with what it took to
 * find them). Locks a memory index itself. */
int segment_select(const struct segment *g, const struct matcher *m, size_t nm, struct arena *a,
		   uint32_t **ordinals, uint32_t *n, struct err *e);

#endif
