/*
 * xls_book.h - what a workbook says of itself before its sheets.
 *
 * The globals of a workbook stream, [MS-XLS] 2.1.7.20.3: BOF (2.4.21), FilePass (2.4.117), CodePage
 * (2.4.52), Date1904 (2.4.77), Format (2.4.126), XF (2.4.353), BoundSheet8 (2.4.28), SST (2.4.265);
 * their older forms of Excel 5 and 95, where texts are bytes. A stream that is a single sheet
 * without globals, as simple exporters write it, is taken for a workbook of one sheet without a
 * name.
 */
#ifndef COLLECTORS_XLS_BOOK_H
#define COLLECTORS_XLS_BOOK_H

#include "collectors/formats/sheet_value.h"
#include "collectors/formats/xls_text.h"

enum { XLS_SHEETS_MAX = 255, XLS_NESTED_MAX = 8 };

enum { XLS_VISIBLE, XLS_HIDDEN, XLS_VERY_HIDDEN };

struct xls_sheet {
	struct slice name;
	size_t at; /* of its BOF */
	unsigned state;
	bool cells; /* a worksheet, no chart, macro or module */
};

struct xls_book {
	struct slice stream;
	struct arena *arena;
	struct xls_texts texts;
	bool date1904;
	struct xls_sheet *sheets;
	size_t nsheets;
	size_t sheet_bytes;       /* of those that were read */
	struct xls_text *strings; /* shared ones */
	size_t nstrings;
	uint16_t *xf; /* id of the number format */
	size_t nxf, xf_cap;
	uint8_t *kinds; /* enum sheet_format + 1 by id, 0: built-in */
};

/* Everything lives in `a`; the stream stays borrowed. */
int xls_book_read(struct xls_book *b, struct slice stream, struct arena *a, struct err *e);

/* Of the cell format `xf`; one that is not there is a plain number. */
enum sheet_format xls_book_format(const struct xls_book *b, unsigned xf);

#endif
