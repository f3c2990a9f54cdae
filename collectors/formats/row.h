/*
 * row.h - rows of cells, on their way from whatever holds them to a layout.
 *
 * A reader knows one container: CSV text, a workbook, a cube of statistics. It does no
 * I/O, keeps no state, knows nothing of layouts or the catalogue, and tells what it
 * finds to a sink, table by table and row by row. Two kinds of tables come out:
 *
 *   grids (CSV, XLSX, XLS): rows as somebody typed them, titles and notes among them;
 *       where the header is, the layout must find out
 *   records (SDMX, JSON-stat, easyquery): the first row is the header: ids of the
 *       dimensions and attributes, and "ID.name" beside an id when the source has
 *       names for its codes; each later row is one observation
 *
 * A row and its texts are valid during the call only; texts are UTF-8, trimmed. The
 * sink takes its memory elsewhere: a reader may reset its arena from row to row.
 */
#ifndef COLLECTORS_ROW_H
#define COLLECTORS_ROW_H

#include "base/arena.h"
#include "base/err.h"
#include "base/text.h"
#include "collectors/batch.h"

enum { ROW_CELLS_MAX = 16384 };

struct cell {
	struct slice text;
	unsigned line, column; /* from 1: of its first character; in a workbook row and column; of
				* the JSON value; of the XML element */
	bool repeated;         /* stands here because a merged cell covers this place too */
};

struct row {
	struct cell *cells;
	size_t n;
	unsigned line;     /* where it begins, from 1 */
	const char *fault; /* a sentence when the row is malformed, else NULL */
	unsigned fault_line, fault_column;
};

struct sdmx_structure;

struct row_sink {
	/* A table begins: the name of its sheet or data set, "" when it has none. `records`: its
	 * first row is the header. 0, or -1: stop with that error. NULL: not wanted. */
	int (*table)(void *ctx, struct slice name, bool records, struct err *e);
	/* 1: go on. 0: nothing more of this table is wanted. -1: stop with that error. */
	int (*row)(void *ctx, const struct row *r, struct err *e);
	/* What cannot be given as a row, with its place; 0, 0: of the sheet as a whole. */
	void (*complain)(void *ctx, enum refusal why, unsigned line, unsigned column,
			 const char *text);
	void *ctx;
	/* Where the reader notes, before each row, how much of the body it has read. NULL: not
	 * wanted; a reader that has all in memory at once leaves it as it is. */
	size_t *read_bytes;
	/* SDMX: what is known beside the message (sdmx_structure.h); NULL: nothing. */
	const struct sdmx_structure *structure;
};

/* `body` is what the source sent, unpacked (a workbook as it is). Scratch memory comes from `a`,
 * which has a ceiling. 0: read to the end. -1: the document as a whole cannot be read: e says why,
 * with a place; rows given before stay good. */
typedef int (*row_reader)(struct slice body, struct arena *a, const struct row_sink *sink,
			  struct err *e);

#endif
