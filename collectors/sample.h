/*
 * sample.h - the first rows of a document, and what each of their cells might be.
 *
 * For a file nobody has configured yet: cells are compared with the catalogue's units and
 * indicators, read as periods, numbers and measures. A cell may be several things (2026 is a
 * number and a year). One thread at a time.
 */
#ifndef COLLECTORS_SAMPLE_H
#define COLLECTORS_SAMPLE_H

#include "catalogue/catalogue.h"
#include "collectors/mapping.h"

enum cell_kind {
	CELL_NUMBER = 1 << 0,
	CELL_MISSING = 1 << 1,
	CELL_UNIT = 1 << 2,
	CELL_INDICATOR = 1 << 3,
	CELL_PERIOD = 1 << 4,
	CELL_YEAR = 1 << 5,
	CELL_MONTH = 1 << 6,
	CELL_MEASURE = 1 << 7,
	CELL_ASPECT = 1 << 8, /* 累计, 上年同期, 同比增长: says something beside a name */
	CELL_FLAG = 1 << 9,
	CELL_TOTAL = 1 << 10,
};

/* One table of the document, its first rows. */
struct sample {
	struct slice name; /* of its sheet or data set, "" when it has none */
	bool records;
	struct row *rows;
	unsigned **kinds; /* [row][cell], enum cell_kind together */
	size_t n, cap;
	/* where things stand, counted in rows from 0 */
	size_t header, nheader; /* rows of the header, directly above ... */
	size_t nheader_most;    /* as many as it may have */
	size_t body, end;       /* ... the rows with figures, up to before `end` */
	size_t ncolumns;
	struct slice *headings; /* of each column, stacked rows joined; empty: none */
};

struct samples {
	struct sample *list;
	size_t n, cap;
	enum feed_format format; /* FORMAT_TABLE is told */
	char delimiter;          /* CSV */
};

enum { SAMPLE_ROWS = 400, SAMPLE_COLUMNS = 256, SAMPLE_TABLES = 12 };

/* Reads and classifies; texts are in `a` or in `text`. `text` is the body as UTF-8 where the format
 * wants that. -1: it cannot be read at all. */
int samples_read(const struct document *d, struct slice text, const struct catalogue *cat,
		 struct arena *a, struct samples *out, struct err *e);

/* Takes the last `n` of the rows above the body as its header. */
int sample_set_header(struct sample *s, size_t n, bool blanks_merged, struct arena *a,
		      struct err *e);

/* Share of the body's cells in this column that are all of `kinds`, 0 to 1; missing ones do not
 * count. */
double sample_share(const struct sample *s, size_t column, unsigned kinds);
/* The same of a header row, over the columns that have figures below. */
double sample_row_share(const struct sample *s, size_t row, unsigned kinds);
/* Whether the row, above the body, is a part of a header: no title of a single indicator. */
bool sample_is_heading(const struct sample *s, size_t row);
bool sample_has_figures(const struct sample *s, size_t column);
struct slice sample_text(const struct sample *s, size_t row, size_t column);

#endif
