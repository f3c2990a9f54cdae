/*
 * body.h - a fetched body: what it is, and its bytes as UTF-8.
 *
 * An office's file may be an error page, a workbook under the name .csv, or a
 * GBK text with one broken character. The first two are told in a sentence; of
 * the third only the lines with broken characters are lost.
 *
 * Pure functions; any thread.
 */
#ifndef COLLECTORS_BODY_H
#define COLLECTORS_BODY_H

#include "base/buf.h"
#include "base/text.h"
#include "collectors/batch.h"

/* ERR_INVALID when the bytes are no text at all: empty, a workbook, an archive, UTF-16, NUL
 * bytes. `wanted` is what was expected ("CSV"). */
int body_check(struct slice body, const char *wanted, struct err *e);

/* ERR_INVALID "this is an HTML page, not CSV: 'title'" (or XML). `body` is UTF-8. */
int body_check_markup(struct slice body, const char *wanted, struct err *e);

/* *text becomes `body` as UTF-8 without BOM: `body` itself when it is that already, else what is
 * put into `room`. In a line that cannot be decoded each byte outside ASCII becomes U+FFFD (so
 * lines and cells keep their places) and `b` gets a complaint; *broken counts such lines. b NULL:
 * nothing may be broken. TEXT_AUTO takes the encoding in which fewer lines are broken, UTF-8 first.
 */
int body_decode(struct slice body, enum text_encoding from, struct buf *room, struct slice *text,
		struct batch *b, size_t *broken, struct err *e);

#endif
