/*
 * extent.h - from when to when there is something in a view, and in how many pieces.
 */
#ifndef STORAGE_EXTENT_H
#define STORAGE_EXTENT_H

#include "storage/store_impl.h"

/* The arena is for one series at a time. ERR_LIMIT. */
int view_extent(const struct view_of_store *v, struct arena *a, struct stored_extent *out,
		struct err *e);

#endif
