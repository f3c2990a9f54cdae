/*
 * export.h - what a store holds, as OpenMetrics text or as CSV, written while it is read.
 *
 * Family by family, the series of a family in the order of their labels, one series in memory at a
 * time. A snapshot is used for some seconds only and then another one opened, so that the store's
 * file does not grow under a long export: what is written meanwhile may be in it for later series
 * and missing for earlier ones. One thread; blocks on the disk and on the output.
 *
 * OpenMetrics 1.0 (github.com/OpenObservability/OpenMetrics, specification/OpenMetrics.md): every
 * family is of type unknown, stamps are seconds. Staleness marks, which OpenMetrics has no word
 * for, and series whose names it cannot write are left out and counted. CSV is that of
 * series_csv.h and leaves nothing out.
 */
#ifndef DAEMON_EXPORT_H
#define DAEMON_EXPORT_H

#include "query/parse.h"
#include "storage/store.h"

#include <stdio.h>

enum export_format { EXPORT_OPENMETRICS, EXPORT_CSV };

struct export_options {
	struct store *store;
	int fd; /* written to */
	enum export_format format;
	const struct expr *selectors; /* of parse_selector(); a series that one of them selects */
	size_t nselectors;            /* 0: every series */
	int64_t from_ms, to_ms;
	struct view view; /* of statistics */
	bool vintages;    /* all of them that the view can see; at INT64_MAX unreleased ones too */
	FILE *complaints; /* a line for each series that is damaged */
};

struct export_counts {
	uint64_t series, values;
	uint64_t stale;      /* staleness marks left out */
	uint64_t suppressed; /* periods left out whose figure has no value; with `vintages` none */
	uint64_t unnamed;    /* series left out that OpenMetrics cannot name */
	uint64_t damaged;    /* series that could not be read; the others were */
};

int export_run(const struct export_options *o, struct export_counts *out, struct err *e);

/* Appends a stamp in seconds with up to three decimals. Prometheus multiplies what it reads by 1000
 * and cuts off, which is one millisecond less for some fractions before 2004: these get a fourth
 * decimal, so that it does not matter who cuts and who rounds. */
void export_put_seconds(struct buf *out, int64_t ms);

#endif
