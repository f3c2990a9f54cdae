/*
 * html.h - HTML written by hand, with one way in for text.
 *
 * Everything that is not a constant of ours goes through html_text() or html_slice(), in
 * element content and in double-quoted attributes alike. Tables are made from a row of
 * columns, each of which prints its cell of one row.
 * Failures stay in the buffer (buf_check). One thread at a time per buffer.
 */
#ifndef EXPORTERS_HTML_H
#define EXPORTERS_HTML_H

#include "base/buf.h"

/* Escapes & < > " '. Control characters and bytes that are not UTF-8 become U+FFFD; tab and line
 * ends stay. NULL is nothing. */
void html_slice(struct buf *b, struct slice text);
void html_text(struct buf *b, const char *text);

/* Percent-encodes all but unreserved characters, for a value in a query. */
void html_query(struct buf *b, const char *value);

/* <a href="page?param=value">text</a>. Pages are relative, so that the daemon may stand below any
 * path of a proxy. */
void html_link(struct buf *b, const char *page, const char *param, const char *value,
	       const char *text);

struct html_column {
	const char *zh, *en; /* the head; the second line may be NULL */
	bool number;         /* right-aligned, not broken */
	bool nowrap;         /* not broken */
	bool head;           /* names its row */
	/* Writes the content of the cell; nothing written becomes a dash. */
	void (*cell)(struct buf *b, const void *ctx, const void *row);
};

struct html_table {
	const struct html_column *columns;
	size_t ncolumns;
	/* Class of a row's <tr>, NULL for none; the function may be NULL. */
	const char *(*row_class)(const void *row);
	const void *ctx; /* given to the cells */
};

void html_table(struct buf *b, const struct html_table *t, const void *const *rows, size_t n);

#define HTML_COLUMNS(c) (c), sizeof(c) / sizeof((c)[0])
#define HTML_DASH       "—"

#endif
