/*
 * import.h - a file of samples and figures into a store.
 *
 * OpenMetrics text and the CSV of series_csv.h, read in blocks, so that a file may be larger than
 * memory. A line that cannot be used is refused alone, with its place and the reason; the rest is
 * kept. One thread; blocks on the disk.
 */
#ifndef DAEMON_IMPORT_H
#define DAEMON_IMPORT_H

#include "daemon/bulk.h"

#include <stdio.h>

enum import_format { IMPORT_BY_NAME, IMPORT_OPENMETRICS, IMPORT_CSV };

struct import_options {
	struct store *store;
	enum import_format format;  /* by name: CSV when it ends in .csv, else OpenMetrics */
	const char *source, *owner; /* of figures; source NULL: figures are refused */
	bool trusted;               /* known_from and stamps ahead of the clock are taken */
	/* What a series without months is: one that is not plain is a figure. NULL: all are plain.
	 */
	struct series_kind (*classify)(void *ctx, const struct label *l, size_t n);
	void *classify_ctx;
	FILE *complaints; /* "file:line:column: reason", a hundred at most */
};

struct import_counts {
	struct bulk_counts kept;
	uint64_t refused; /* lines, and values that the store refused */
};

/* -1: it could not be read or written to its end; *out says what was kept. "-" is standard input.
 */
int import_file(const struct import_options *o, const char *path, struct import_counts *out,
		struct err *e);

#endif
