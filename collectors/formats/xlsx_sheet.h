/*
 * xlsx_sheet.h - a sheet while it is read: what xlsx_sheet.c, xlsx_cell.c and xlsx_plain.c share.
 */
#ifndef COLLECTORS_XLSX_SHEET_H
#define COLLECTORS_XLSX_SHEET_H

#include "collectors/formats/xlsx_private.h"

enum xlsx_type { XLSX_NUMBER, XLSX_SHARED, XLSX_TEXT, XLSX_BOOLEAN, XLSX_DATE };

struct xlsx_cell {
	enum xlsx_type type;
	unsigned style;
	bool formula, valued; /* has an <f>; has a <v> or <is> */
};

/* Rows or columns that are hidden and hold text all the same. */
struct xlsx_hidden {
	unsigned n, first; /* a row or a column */
	unsigned at;       /* the row in which `first` was met */
};

struct xlsx_sheet {
	struct xlsx *x;
	const struct xlsx_sheet_part *part;
	struct xlsx_stream stream;
	struct xlsx_merges merges;
	struct xlsx_rich rich;
	struct xlsx_cell cell;
	unsigned row, column; /* that are being read, or the last ones */
	bool in_data, in_row, in_cell, in_text;
	bool between_cells; /* expat has nothing pending, and a cell may come next */
	size_t ncells;      /* of the row so far */
	size_t used;        /* up to the last one with text */
	bool row_hidden;
	unsigned char *column_hidden; /* of ROW_CELLS_MAX, enum; NULL: none is */
	struct xlsx_hidden rows, columns;
};

enum { COLUMN_SHOWN, COLUMN_HIDDEN, COLUMN_TOLD };

/* What cannot be given, or is doubted, of this row; with a column the sentence begins with the
 * name of the cell. */
void xlsx_complain(struct xlsx_sheet *s, enum refusal why, unsigned column, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));
const char *xlsx_column_name(unsigned column, char out[8]);

/* --- rows (xlsx_sheet.c) -------------------------------------------------------------------- */

/* `number` is empty when it is left out. Sets in_row, unless the row is to be left out. */
void xlsx_begin_row(struct xlsx_sheet *s, struct slice number, bool hidden);
/* 0; 1: no more of this sheet is wanted; -1. */
int xlsx_end_row(struct xlsx_sheet *s, struct err *e);

/* --- cells (xlsx_cell.c) ------------------------------------------------------------------ */

/* Attributes that are absent are empty. Sets in_cell, unless the cell is to be left out. */
void xlsx_begin_cell(struct xlsx_sheet *s, struct slice ref, struct slice type, struct slice style);
/* The value as it stands in the file, trimmed, not empty; kept until the row ends. */
int xlsx_put_value(struct xlsx_sheet *s, struct slice raw, struct err *e);
void xlsx_start_cell(struct xlsx_sheet *s, const struct xml_attrs *attrs);
void xlsx_start_in_cell(struct xlsx_sheet *s, struct slice local);
void xlsx_end_in_cell(struct xlsx_sheet *s, struct slice local);
int xlsx_end_cell(struct xlsx_sheet *s, struct err *e);

/* --- plain cells (xlsx_plain.c) ----------------------------------------------------------- */

/* Takes the cells of the commonest form that come next in the window, and the rows between them. 0;
 * 1: no more of this sheet is wanted; -1. */
int xlsx_take_plain(struct xlsx_sheet *s, struct err *e);

#endif
