/*
 * sdmx.h - messages of statistics in SDMX to records (row.h): SDMX-ML, SDMX-JSON, SDMX-CSV.
 *
 * Each data set is a table of its own, named by the structure it follows as SDMX-CSV writes it,
 * "AGENCY:ID(VERSION)". Its columns are the ids of dimensions, measures and attributes;
 * "ID.name" stands beside an id when the message, or the structure given with the options, has
 * names for its codes. An attribute stands in the row of each observation it is attached to,
 * however far up the message says it: observation before series before group before data
 * set. The value's column is OBS_VALUE unless the message names its measures. What a
 * source reports as missing (no value, null, "NaN", "#N/A", "#NA") is an empty cell.
 *
 * Complained about and left out: data sets or rows whose action is deletion, observations that
 * lack one of their dimensions, and what cannot be read. Pure functions; any thread.
 */
#ifndef COLLECTORS_SDMX_H
#define COLLECTORS_SDMX_H

#include "collectors/formats/row.h"

struct sdmx_structure;

enum {
	SDMX_COLUMNS_MAX = 256,   /* ids of a data set */
	SDMX_ID_MAX = 128,        /* bytes of an id */
	SDMX_TEXT_MAX = 32 << 10, /* bytes of a code or an attribute */
	SDMX_SETS_MAX = 1000,     /* data sets (in CSV runs of rows) of a message */
};

struct sdmx_options {
	const struct sdmx_structure
		*structure;   /* names and dimensions; NULL: what the message says */
	const char *language; /* of names: "zh", "en", … NULL: "zh". Then English, then the first */
};

/* Tells the formats apart by content. `body` is UTF-8 when it is CSV or JSON, and XML as it came;
 * `o` may be NULL. As row_reader: 0, or -1 with ERR_INVALID (and its place), ERR_LIMIT, ERR_MEMORY,
 * ERR_REFUSED (a DOCTYPE). A message that holds structures only, or says that the answer comes
 * later, is ERR_INVALID with that sentence. */
int sdmx_read(struct slice body, struct arena *a, const struct sdmx_options *o,
	      const struct row_sink *sink, struct err *e);

#endif
