/*
 * xls.h - rows of old Excel workbooks (.xls): Excel 97 and later (BIFF8), Excel 5 and 95.
 *
 * The container is ole.h's, records are read after [MS-XLS]; xls_book.h and xls_sheet.h name the
 * sections. freexl does not do: it refuses the exports of data.stats.gov.cn for a
 * shared string of no length.
 *
 * What comes out (row.h), sheet by sheet:
 *
 *  - visible worksheets only; each hidden one is a complaint (SUSPECT_HIDDEN). Hidden rows and
 *    columns are read, and there is one complaint for the rows of a sheet and one for its columns
 *  - rows with a cell of their own, in order; line and column are those of the sheet
 *  - the text of a merged area in each of its cells in those rows
 *  - numbers, dates and percentages as sheet_value.h has them; TRUE, FALSE, #N/A and the like;
 *    of a formula what it last gave
 *  - a text with half a character, or bytes that its code page does not have: U+FFFD, and a
 *    complaint
 *
 * Limits: 255 sheets, 65,536 rows, 256 columns, 65,536 merged areas a sheet; records of 8,224
 * bytes, nested 8 deep; texts and places as far as the arena goes (12 bytes a cell).
 */
#ifndef COLLECTORS_XLS_H
#define COLLECTORS_XLS_H

#include "collectors/formats/row.h"

/* A row_reader. ERR_REFUSED: protected with a password. ERR_UNSUPPORTED: something else under the
 * name of a workbook, or one of Excel 4 or older; the sentence says what. ERR_INVALID:
 * damaged or cut off. ERR_LIMIT. */
int xls_read(struct slice body, struct arena *a, const struct row_sink *sink, struct err *e);

/* The same of a workbook stream by itself, as in the container or without one. */
int xls_read_stream(struct slice stream, struct arena *a, const struct row_sink *sink,
		    struct err *e);

#endif
