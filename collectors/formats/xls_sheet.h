/*
 * xls_sheet.h - the rows of one sheet of a workbook.
 *
 * [MS-XLS] 2.1.7.20.5 (worksheet substream): Row (2.4.221), ColInfo (2.4.53), MergeCells (2.4.168);
 * cells are xls_cell.h's.
 */
#ifndef COLLECTORS_XLS_SHEET_H
#define COLLECTORS_XLS_SHEET_H

#include "collectors/formats/row.h"
#include "collectors/formats/xls_book.h"

/* Gives the rows of `s` to the sink. Memory of the arena taken meanwhile is given back. */
int xls_sheet_read(struct xls_book *b, const struct xls_sheet *s, const struct row_sink *sink,
		   struct err *e);

#endif
