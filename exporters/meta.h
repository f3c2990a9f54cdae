/*
 * meta.h - what questions about series and labels (api_meta.c, api_series.c) have in common.
 */
#ifndef EXPORTERS_META_H
#define EXPORTERS_META_H

#include "exporters/match.h"
#include "exporters/view.h"

enum { META_SNAPSHOT_MS = 30 * 1000 };

struct meta {
	struct exchange *x;
	const struct exporter_view *view;
	struct arena arena;
	struct matches matches;
	struct presence time;
	bool timed; /* start or end was given */
	uint64_t limit;
	struct snapshot *v;
};

/* Reads the arguments and opens what is needed to answer, for one thread; after -1 the client has
 * its error. `series`: match[] is required, and its name stands before what is wrong with it. */
int meta_open(struct meta *m, struct exchange *x, bool series);
void meta_close(struct meta *m);

#endif
