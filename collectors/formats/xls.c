/*
 * xls.c - see xls.h.
 *
 * First what the body is: offices send web pages, text and XLSX as "xls", and the sentence about
 * that is what helps. Then the stream out of the container, then sheet by sheet.
 */
#include "collectors/formats/xls.h"
#include "collectors/formats/ole.h"
#include "collectors/formats/xls_sheet.h"

#include <stdio.h>
#include <strings.h>

/* --- something else ------------------------------------------------------------------ */

static const struct {
	const char *start; /* upper and lower case are the same */
	const char *what;
} others[] = {
	{ "PK\x03\x04", "an XLSX workbook (or another ZIP archive); its format is xlsx" },
	{ "%PDF-", "a PDF file" },
	{ "{\\rtf", "an RTF text; save it as a workbook" },
	{ "\xff\xfe", "UTF-16 text; save it as a workbook" },
	{ "MIME-Version:", "a web archive; save it as a workbook" },
	{ "<?xml", "XML; save it as a workbook" },
	{ "<", "a web page (HTML); save it as a workbook" },
};

static bool starts(struct slice s, const char *prefix)
{
	size_t n = strlen(prefix);

	return s.n >= n && strncasecmp(s.p, prefix, n) == 0;
}

/* The BOF records of Excel 2, 3 and 4. */
static bool is_older(struct slice s)
{
	return s.n >= 4 && s.p[0] == 9 && (s.p[1] == 0 || s.p[1] == 2 || s.p[1] == 4) &&
	       s.p[2] < 16 && s.p[3] == 0;
}

static int not_a_workbook(struct slice body, struct err *e)
{
	struct slice text = text_trim(body);

	if (text.n == 0)
		return err_set(e, ERR_INVALID, "the document is empty");
	if (is_older(body))
		return err_set(e, ERR_UNSUPPORTED,
			       "this is a workbook of Excel 4 or older; save it in a newer form");
	for (size_t i = 0; i < sizeof(others) / sizeof(*others); i++)
		if (starts(text, others[i].start))
			return err_set(e, ERR_UNSUPPORTED, "this is no XLS workbook but %s",
				       others[i].what);
	if (!memchr(body.p, '\0', body.n))
		return err_set(e, ERR_UNSUPPORTED,
			       "this is no XLS workbook but text; if it is CSV, its format is csv");
	return err_set(e, ERR_UNSUPPORTED, "this is no XLS workbook");
}

/* --- the workbook ------------------------------------------------------------------------ */

static void say_sheet_is_hidden(const struct xls_sheet *s, const struct row_sink *sink)
{
	char name[TEXT_SHOWN], text[160];

	snprintf(text, sizeof(text), "sheet %s is hidden and not read", text_shown(s->name, name));
	sink->complain(sink->ctx, SUSPECT_HIDDEN, 0, 0, text);
}

static int read_sheets(struct xls_book *b, const struct row_sink *sink, struct err *e)
{
	for (size_t i = 0; i < b->nsheets; i++) {
		const struct xls_sheet *s = &b->sheets[i];

		if (!s->cells)
			continue;
		if (s->state != XLS_VISIBLE) {
			say_sheet_is_hidden(s, sink);
			continue;
		}
		if (sink->table && sink->table(sink->ctx, s->name, false, e) < 0)
			return -1;
		if (xls_sheet_read(b, s, sink, e) < 0)
			return -1;
	}
	return 0;
}

int xls_read_stream(struct slice stream, struct arena *a, const struct row_sink *sink,
		    struct err *e)
{
	struct xls_book b;

	if (xls_book_read(&b, stream, a, e) < 0)
		return err_wrap(e, "the XLS workbook");
	return read_sheets(&b, sink, e);
}

/* An XLSX with a password is kept in the same container. */
static int read_container(struct slice body, struct arena *a, const struct row_sink *sink,
			  struct err *e)
{
	static const char *const names[] = { "Workbook", "Book", "EncryptedPackage", NULL };
	struct slice stream;

	switch (ole_stream(body, names, a, &stream, e)) {
	case 1:
	case 2:
		return xls_read_stream(stream, a, sink, e);
	case 3:
		return err_set(e, ERR_REFUSED,
			       "the workbook is protected with a password; save it without one");
	case 0:
		return err_set(e, ERR_UNSUPPORTED, "this is an old Office file, but no workbook");
	default:
		return err_wrap(e, "the XLS workbook");
	}
}

int xls_read(struct slice body, struct arena *a, const struct row_sink *sink, struct err *e)
{
	if (ole_is(body))
		return read_container(body, a, sink, e);
	if (body.n >= 4 && get_le16(body.p) == XLS_BOF)
		return xls_read_stream(body, a, sink, e);
	return not_a_workbook(body, e);
}
