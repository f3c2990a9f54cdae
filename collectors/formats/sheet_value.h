/*
 * sheet_value.h - what a number of a workbook says under its cell's format.
 *
 * In a workbook a date, a percentage and a plain figure are all doubles; only the number format
 * of the cell tells them apart. Both readers of workbooks (XLSX and XLS) ask here.
 *
 * Sources: number formats and their built-in ids: ECMA-376 part 1, 18.8.30 and 18.8.31 (ids
 * 27-36 and 50-58 as for zh-cn), the same in [MS-XLS] 2.4.126 and 2.5.165; dates as serial
 * numbers: ECMA-376 part 1, 18.17.4.
 *
 * Pure functions; any thread.
 */
#ifndef COLLECTORS_SHEET_VALUE_H
#define COLLECTORS_SHEET_VALUE_H

#include "base/num.h"
#include "base/slice.h"

enum sheet_format {
	SHEET_NUMBER,
	SHEET_PERCENT,   /* 0.123 is 12.3% */
	SHEET_DATE,      /* shows a day: 2026-10-31 */
	SHEET_MONTH,     /* shows a month, no day: 2026-10 */
	SHEET_YEAR,      /* shows a year only: 2026 */
	SHEET_DATE_TIME, /* a day and a time of day: 2026-10-31 08:30:00 */
	SHEET_TIME,      /* a time of day only: 08:30:00 */
	SHEET_ELAPSED,   /* hours that go on past 24: 36:00:00 */
};

enum { SHEET_TEXT = NUM_TEXT + 8 };

/* What a format shows: of its code when there is one ("yyyy\-mm\-dd;@"; the first section counts),
 * else of its built-in id. */
enum sheet_format sheet_format_kind(unsigned id, struct slice code);

/* The text of a cell; its length, NUL-terminated.
 *
 * Numbers: 15 significant digits, the precision a workbook promises, so that 4.0999999999999996
 * is 4.1; whole numbers up to 2^53 with all their digits; positional, never 1e+21. Dates: counted
 * from 1900 with the day 1900-02-29 that never was, or from 1904; to the second; at midnight
 * without the time. What no date can be (negative, past the year 9999) is given as a number. */
size_t sheet_number_text(double v, enum sheet_format format, bool date1904, char out[SHEET_TEXT]);

#endif
