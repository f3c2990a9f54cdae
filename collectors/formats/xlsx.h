/*
 * xlsx.h - rows out of an XLSX workbook.
 *
 * Sources: ECMA-376 part 1 (SpreadsheetML, 18), part 2 (packages); ISO/IEC 29500 strict
 * namespaces as well. docs/feeds.md says what a sheet becomes.
 *
 * Memory: from `a` the shared texts, styles and merged regions; beside it a piece of 64 KiB,
 * what expat and zlib hold, and at most XLSX_ROW_BYTES_MAX for one row. No sheet is held as a
 * whole: each is unpacked twice, once for its merged cells, which stand behind its rows.
 */
#ifndef COLLECTORS_XLSX_H
#define COLLECTORS_XLSX_H

#include "collectors/formats/row.h"

enum {
	XLSX_SHEETS_MAX = 1024,
	XLSX_ROWS_MAX = 1048576, /* of a sheet, as in the format */
	XLSX_ROW_BYTES_MAX = 16 << 20,
	XLSX_STRINGS_MAX = 10000000,
	XLSX_STYLES_MAX = 65536,
	XLSX_REGIONS_MAX = 1 << 20,    /* merged regions of a sheet */
	XLSX_PADDING_MAX = 32 << 20,   /* cells of a workbook that only fill a gap, or repeat one */
	XLSX_TEXT_BYTES_MAX = 1 << 20, /* of one cell */
};

/* A row_reader. */
int xlsx_read(struct slice body, struct arena *a, const struct row_sink *sink, struct err *e);

#endif
