/*
 * xlsx.c - see xlsx.h.
 *
 * The way through a workbook: what the bytes are; the parts of the package; shared texts and
 * styles, which cells refer to; then the sheets in the order in which the workbook lists them.
 */
#include "collectors/formats/xlsx_private.h"

#include "base/text.h"

#include <stdio.h>

static const char transitional[] = "http://schemas.openxmlformats.org/spreadsheetml/2006/main";
static const char strict[] = "http://purl.oclc.org/ooxml/spreadsheetml/main";

/* --- what all files of the reader need ------------------------------------------------ */

int xlsx_no_room(const struct xlsx *x, const char *what, struct err *e)
{
	return err_set(e, ERR_LIMIT, "the workbook needs more than the allowed %zu MiB for %s",
		       x->a->limit >> 20, what);
}

bool xlsx_is_main(struct slice ns)
{
	return slice_is(ns, transitional) || slice_is(ns, strict);
}

bool xlsx_is_true(const struct xml_attrs *attrs, const char *local)
{
	struct slice v;

	return xml_attr(attrs, local, &v) && (slice_is(v, "1") || slice_is(v, "true"));
}

/* --- what the bytes are ----------------------------------------------------------------- */

/* Whether `word` stands somewhere in UTF-16, as the names in a compound file do. */
static bool has_wide(struct slice body, const char *word)
{
	char wide[64];
	size_t n = strlen(word);

	for (size_t i = 0; i < n; i++) {
		wide[2 * i] = word[i];
		wide[2 * i + 1] = '\0';
	}
	return memmem(body.p, body.n, wide, 2 * n) != NULL;
}

static int compound_file(struct slice body, struct err *e)
{
	if (has_wide(body, "EncryptedPackage"))
		return err_set(e, ERR_REFUSED,
			       "the workbook is protected with a password; save it without one");
	if (has_wide(body, "Workbook") || has_wide(body, "Book"))
		return err_set(e, ERR_UNSUPPORTED,
			       "this is a workbook of the old format (.xls), not .xlsx");
	return err_set(e, ERR_INVALID, "this is a compound file of OLE, no XLSX workbook");
}

static int check_bytes(struct slice body, struct err *e)
{
	static const char ole[] = "\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1";
	struct slice begin = slice_cut(text_trim(slice_cut(body, 1000)), 30);
	char shown[TEXT_SHOWN];

	if (slice_starts(body, "PK"))
		return 0;
	if (!body.n)
		return err_set(e, ERR_INVALID, "the workbook is empty");
	if (slice_starts(body, ole))
		return compound_file(body, e);
	if (begin.n && *begin.p == '<')
		return err_set(e, ERR_INVALID, "this is a page or XML (%s), no XLSX workbook",
			       text_shown(begin, shown));
	return err_set(e, ERR_INVALID, "this is no XLSX workbook: it begins with %s",
		       text_shown(begin, shown));
}

/* --- the workbook -------------------------------------------------------------------------- */

static void tell_hidden(const struct xlsx *x, const struct xlsx_sheet_part *sheet)
{
	char text[160], shown[TEXT_SHOWN];

	if (!x->sink->complain)
		return;
	snprintf(text, sizeof(text), "sheet %s is hidden and not read",
		 text_shown(sheet->name, shown));
	x->sink->complain(x->sink->ctx, SUSPECT_HIDDEN, 0, 0, text);
}

static int read_sheet(struct xlsx *x, const struct xlsx_sheet_part *sheet, struct err *e)
{
	struct arena_mark m = arena_mark(x->a);
	int result;

	if (sheet->hidden) {
		tell_hidden(x, sheet);
		return 0;
	}
	result = xlsx_sheet_read(x, sheet, e);
	arena_reset(x->a, m);
	return result;
}

static int read_all(struct xlsx *x, struct err *e)
{
	x->cells = arena_alloc(x->a, ROW_CELLS_MAX * sizeof(*x->cells));
	if (!x->cells)
		return xlsx_no_room(x, "a row", e);
	if (xlsx_find_parts(x, e) < 0 || xlsx_strings_read(x, e) < 0 || xlsx_styles_read(x, e) < 0)
		return -1;
	for (size_t i = 0; i < x->nsheets; i++)
		if (read_sheet(x, &x->sheets[i], e) < 0)
			return -1;
	return 0;
}

int xlsx_read(struct slice body, struct arena *a, const struct row_sink *sink, struct err *e)
{
	struct xlsx x = { .a = a, .sink = sink };
	int result;

	if (check_bytes(body, e) < 0)
		return -1;
	x.zip = zip_archive_open(body, e);
	if (!x.zip)
		return -1;
	arena_init(&x.line, XLSX_ROW_BYTES_MAX);
	result = read_all(&x, e);
	arena_release(&x.line);
	zip_archive_close(x.zip);
	return result;
}
