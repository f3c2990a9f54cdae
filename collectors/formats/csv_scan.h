/*
 * csv_scan.h - CSV text to rows of cells, each with its place.
 *
 * RFC 4180 with what is met in practice: LF, CRLF or CR; line ends within quotes;
 * blanks before an opening quote; a quote within an unquoted cell is a character
 * like others. Our own rather than libcsv, which gives no line or column of a
 * cell and copies every byte.
 *
 * A row and its cells are valid until the next call. Cells are slices of the
 * body; only those with doubled quotes are copied, into the arena.
 */
#ifndef COLLECTORS_CSV_SCAN_H
#define COLLECTORS_CSV_SCAN_H

#include "collectors/formats/row.h"

enum { CSV_QUOTED_MAX = 1024 * 1024 }; /* bytes between two quotes */

struct csv_scan {
	const char *p, *end;
	unsigned line, column; /* of p */
	struct arena *arena;   /* borrowed */
	struct row row;
	size_t cap;
	unsigned char stop[256]; /* bytes that end an unquoted cell */
	char delimiter;
};

/* `body` is UTF-8 and stays borrowed; a BOM is skipped. */
void csv_scan_init(struct csv_scan *s, struct slice body, char delimiter, struct arena *a);

/* 1: s->row is the next row. 0: the end. -1: ERR_LIMIT. */
int csv_scan_next(struct csv_scan *s, struct err *e);

#endif
