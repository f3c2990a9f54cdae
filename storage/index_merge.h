/*
 * index_merge.h - names and values of several segments in the order of their texts.
 */
#ifndef STORAGE_INDEX_MERGE_H
#define STORAGE_INDEX_MERGE_H

#include "storage/index_segment.h"

/* A name and its number in each segment (INDEX_NONE where there is none). */
struct merged_name {
	struct slice text;
	uint32_t *in;
};

int merge_names(const struct segment *g, size_t ng, struct arena *a, struct merged_name **out,
		size_t *n, struct err *e);

/* for (merge_values(…); merge_next(&m, e) > 0;) - the values of one name, sorted. */
struct value_cursor;

struct value_merge {
	const struct segment *g;
	size_t ng;
	struct value_cursor *cursors;
	struct slice text; /* of the value that merge_next() came to */
	uint32_t *in;      /* its number in each segment, or INDEX_NONE */
};

int merge_values(const struct segment *g, size_t ng, const uint32_t *names, struct arena *a,
		 struct value_merge *out, struct err *e);
/* 1, 0 at the end, -1. */
int merge_next(struct value_merge *m, struct err *e);

#endif
