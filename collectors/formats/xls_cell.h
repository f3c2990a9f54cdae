/*
 * xls_cell.h - what the record of a cell says.
 *
 * [MS-XLS] Number (2.4.180), RK (2.4.220), MulRk (2.4.175), LabelSst (2.4.149), Label (2.4.148),
 * BoolErr (2.4.24), Formula (2.4.127) with String (2.4.268); RString of Excel 5 and 95. Blank cells
 * (2.4.20, 2.4.174) say nothing.
 */
#ifndef COLLECTORS_XLS_CELL_H
#define COLLECTORS_XLS_CELL_H

#include "collectors/formats/row.h"
#include "collectors/formats/xls_book.h"

enum { XLS_CELL_HEADER = 6 }; /* row, column and cell format, two bytes each */

/* How many columns the record fills, from the one it names on: 0 when it is no cell, or a blank
 * one. ERR_INVALID, -1: it is too short for its header. */
int xls_cell_columns(const struct xls_record *r, struct err *e);

/* Puts the texts of the record at `at` into the cells of its row. `string_at`: where the String
 * record of a formula is, 0 for none. What is wrong with a text is complained of at its cell. */
int xls_cell_read(struct xls_book *b, size_t at, size_t string_at, struct cell *cells,
		  const struct row_sink *sink, struct err *e);

#endif
