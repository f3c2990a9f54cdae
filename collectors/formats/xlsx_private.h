/*
 * xlsx_private.h - what the files of the XLSX reader share; see xlsx.h.
 *
 *     xlsx.c           the way through: container, workbook, texts, styles, sheet by sheet
 *     xlsx_package.c   which part is what: relationships and the list of sheets
 *     xlsx_stream.c    a part as XML, piece by piece
 *     xlsx_strings.c   shared texts, rich texts, escapes
 *     xlsx_styles.c    number formats of cells
 *     xlsx_merge.c     merged cells, found before the rows
 *     xlsx_sheet.c     rows
 *     xlsx_plain.c     cells of the commonest form, read without expat
 */
#ifndef COLLECTORS_XLSX_PRIVATE_H
#define COLLECTORS_XLSX_PRIVATE_H

#include "base/buf.h"
#include "base/xml.h"
#include "collectors/formats/sheet_value.h"
#include "collectors/formats/xlsx.h"
#include "collectors/formats/zip_archive.h"

struct xlsx_sheet_part {
	struct slice name;
	const char *part;
	bool hidden;
};

/* Texts end with a NUL, trimmed, one behind the other in blocks; where they begin stands in
 * pages. */
struct xlsx_strings {
	const char ***pages;
	size_t npages, pages_cap, n;
	char *room; /* the rest of a block */
	size_t left;
};

struct xlsx {
	struct zip_archive *zip;
	struct arena *a;   /* what lasts */
	struct arena line; /* what lasts for a row */
	const struct row_sink *sink;
	const char *workbook, *strings_part, *styles_part; /* the latter two may be NULL */
	struct xlsx_sheet_part *sheets;
	size_t nsheets, sheets_cap;
	bool date1904;
	struct xlsx_strings strings;
	uint8_t *styles; /* enum sheet_format of each */
	size_t nstyles, styles_cap;
	struct cell *cells; /* ROW_CELLS_MAX, of the row that is being read */
	size_t padding;     /* XLSX_PADDING_MAX */
	size_t read_bytes;  /* of the body: its sheets before this one */
};

/* -1: the arena gave nothing for `what`. */
int xlsx_no_room(const struct xlsx *x, const char *what, struct err *e);
/* A namespace of SpreadsheetML, transitional or strict. */
bool xlsx_is_main(struct slice ns);
/* "1" or "true". */
bool xlsx_is_true(const struct xml_attrs *attrs, const char *local);

/* --- a part as XML --------------------------------------------------------------------- */

struct xlsx_stream {
	struct zip_part *part;
	struct xml_reader *xml;
	char *bytes; /* XLSX_WINDOW bytes; those not yet read lie at [at, n) */
	size_t at, n;
};

enum { XLSX_WINDOW = 2 * ZIP_PIECE_BYTES };

/* Borrows `h` until xlsx_stream_close(). */
int xlsx_stream_open(struct xlsx_stream *s, struct xlsx *x, const char *part,
		     const struct xml_handler *h, struct err *e);
void xlsx_stream_close(struct xlsx_stream *s);
/* Unpacks another piece behind what is there, at most ZIP_PIECE_BYTES. 1, or 0 at the end. */
int xlsx_stream_fill(struct xlsx_stream *s, struct err *e);
/* Hands the next n bytes to expat: 0, 1 when a callback had enough, -1. */
int xlsx_stream_feed(struct xlsx_stream *s, size_t n, struct err *e);
/* Says that there are no more. */
int xlsx_stream_finish(struct xlsx_stream *s, struct err *e);
/* A whole part; the error names it. */
int xlsx_parse(struct xlsx *x, const char *part, const struct xml_handler *h, struct err *e);

/* --- the package ------------------------------------------------------------------------- */

/* Fills workbook, strings_part, styles_part, sheets, date1904. */
int xlsx_find_parts(struct xlsx *x, struct err *e);

/* --- texts --------------------------------------------------------------------------------- */

/* The text of an <si> or <is>: its runs one after the other, without the reading aids of <rPh>. */
struct xlsx_rich {
	struct buf text;
	unsigned phonetic;
	bool taking;
};

void xlsx_rich_init(struct xlsx_rich *r);
void xlsx_rich_release(struct xlsx_rich *r);
void xlsx_rich_clear(struct xlsx_rich *r);
void xlsx_rich_start(struct xlsx_rich *r, struct slice local);
void xlsx_rich_end(struct xlsx_rich *r, struct slice local);
void xlsx_rich_text(struct xlsx_rich *r, struct slice piece);
/* What came together, with _x000D_ undone, trimmed; good until the next clear. */
int xlsx_rich_take(struct xlsx_rich *r, struct slice *out, struct err *e);

int xlsx_strings_read(struct xlsx *x, struct err *e);
/* Text i < strings.n. */
struct slice xlsx_string(const struct xlsx *x, size_t i);

/* --- styles ----------------------------------------------------------------------------------- */

int xlsx_styles_read(struct xlsx *x, struct err *e);

/* --- merged cells ------------------------------------------------------------------- */

struct xlsx_region {
	unsigned top, left, bottom, right;
	struct slice text;         /* of the cell at the top left */
	struct xlsx_region *below; /* the next of those that are open */
};

struct xlsx_merges {
	struct xlsx_region *list; /* by top, then by left */
	size_t n, cap, next;      /* those before `next` have been opened */
	struct xlsx_region *open;
};

/* "B12" as column 2 and row 12. False when it is none, or outside a sheet. */
bool xlsx_place(struct slice ref, unsigned *column, unsigned *row);

int xlsx_merges_read(struct xlsx *x, const char *part, struct xlsx_merges *m, struct err *e);
/* Repeats texts over what the regions cover of this row; rows come in rising order. */
int xlsx_merges_apply(struct xlsx *x, struct xlsx_merges *m, struct row *row, struct err *e);
/* Empty cells up to column n. */
int xlsx_pad(struct xlsx *x, unsigned line, size_t *have, size_t n, struct err *e);

/* --- rows --------------------------------------------------------------------------- */

int xlsx_sheet_read(struct xlsx *x, const struct xlsx_sheet_part *sheet, struct err *e);

#endif
