/*
 * xls_book.c - see xls_book.h.
 *
 * The globals come first in the stream. Formats and shared strings are kept, sheets listed; each
 * kind of record has a function in a table, all others are passed over.
 */
#include "collectors/formats/xls_book.h"
#include "base/text.h"

enum { VERSION_8 = 0x600, KIND_GLOBALS = 5, KIND_SHEET = 0x10, FORMATS = 65536 };

static int no_room(const struct xls_book *b, struct err *e)
{
	return err_set(e, ERR_LIMIT, "the globals need more than %zu MiB", b->arena->limit >> 20);
}

static int take_filepass(struct xls_book *b, const struct xls_record *r, struct err *e)
{
	(void)b;
	(void)r;
	return err_set(e, ERR_REFUSED, "protected with a password; save it without one");
}

static int take_code_page(struct xls_book *b, const struct xls_record *r, struct err *e)
{
	if (xls_need(r, 2, e) < 0)
		return -1;
	b->texts.code_page = get_le16(r->data.p);
	return 0;
}

static int take_date1904(struct xls_book *b, const struct xls_record *r, struct err *e)
{
	if (xls_need(r, 2, e) < 0)
		return -1;
	b->date1904 = get_le16(r->data.p) != 0;
	return 0;
}

static int take_format(struct xls_book *b, const struct xls_record *r, struct err *e)
{
	struct arena_mark mark = arena_mark(b->arena);
	struct xls_parts p;
	struct xls_text code;
	unsigned id;

	if (xls_need(r, 2, e) < 0)
		return -1;
	id = get_le16(r->data.p);
	xls_parts_init(&p, b->stream, r, 2);
	if (xls_take_text(&b->texts, &p, b->texts.bytes ? 1 : 2, &code, e) < 0)
		return -1;
	b->kinds[id] = (uint8_t)(1 + sheet_format_kind(id, xls_text_slice(code)));
	arena_reset(b->arena, mark);
	return 0;
}

static int take_xf(struct xls_book *b, const struct xls_record *r, struct err *e)
{
	uint16_t *grown;

	if (xls_need(r, 4, e) < 0)
		return -1;
	if (b->nxf == 65536)
		return err_set(e, ERR_LIMIT, "more than 65536 cell formats");
	grown = arena_grow(b->arena, b->xf, b->nxf, &b->xf_cap, b->nxf + 1, sizeof(*b->xf));
	if (!grown)
		return no_room(b, e);
	b->xf = grown;
	b->xf[b->nxf++] = get_le16(r->data.p + 2);
	return 0;
}

static int take_sheet(struct xls_book *b, const struct xls_record *r, struct err *e)
{
	struct xls_sheet *s = &b->sheets[b->nsheets];
	char shown[TEXT_SHOWN];
	struct xls_text name;
	struct xls_parts p;

	if (xls_need(r, 7, e) < 0)
		return -1;
	if (b->nsheets == XLS_SHEETS_MAX)
		return err_set(e, ERR_LIMIT, "more than %d sheets", XLS_SHEETS_MAX);
	xls_parts_init(&p, b->stream, r, 6);
	if (xls_take_text(&b->texts, &p, 1, &name, e) < 0)
		return -1;
	s->name = xls_text_slice(name);
	s->at = get_le32(r->data.p);
	s->state = (unsigned char)r->data.p[4] & 3;
	s->cells = r->data.p[5] == 0;
	if (s->at >= b->stream.n)
		return err_set(e, ERR_INVALID,
			       "cut off: sheet %s should begin at byte %zu of %zu bytes",
			       text_shown(s->name, shown), s->at, b->stream.n);
	for (size_t i = 0; i < b->nsheets; i++)
		if (b->sheets[i].at == s->at)
			return err_set(e, ERR_INVALID,
				       "damaged: sheet %s begins at byte %zu, where another does",
				       text_shown(s->name, shown), s->at);
	b->nsheets++;
	return 0;
}

/* Each string has three bytes at least, whatever the number of strings says. */
static int take_strings(struct xls_book *b, const struct xls_record *r, struct err *e)
{
	struct xls_parts p;
	size_t n, most;

	if (xls_need(r, 8, e) < 0)
		return -1;
	n = get_le32(r->data.p + 4);
	xls_parts_init(&p, b->stream, r, 8);
	most = xls_parts_left(&p) / 3;
	if (n > most)
		return err_set(e, ERR_INVALID,
			       "damaged at byte %zu: %zu shared strings in %zu bytes", r->at, n,
			       xls_parts_left(&p));
	b->strings = arena_array(b->arena, n ? n : 1, sizeof(*b->strings));
	if (!b->strings)
		return no_room(b, e);
	for (b->nstrings = 0; b->nstrings < n; b->nstrings++)
		if (xls_take_text(&b->texts, &p, 2, &b->strings[b->nstrings], e) < 0)
			return err_wrap(e, "shared string %zu", b->nstrings + 1);
	return 0;
}

static const struct {
	unsigned type;
	int (*take)(struct xls_book *b, const struct xls_record *r, struct err *e);
} takers[] = {
	{ XLS_FILEPASS, take_filepass },
	{ XLS_CODEPAGE, take_code_page },
	{ XLS_DATE1904, take_date1904 },
	{ XLS_FORMAT, take_format },
	{ XLS_XF, take_xf },
	{ XLS_BOUNDSHEET, take_sheet },
	{ XLS_SST, take_strings },
};

static int take(struct xls_book *b, const struct xls_record *r, struct err *e)
{
	for (size_t i = 0; i < sizeof(takers) / sizeof(*takers); i++)
		if (takers[i].type == r->type)
			return takers[i].take(b, r, e);
	return 0;
}

static int take_globals(struct xls_book *b, size_t at, struct err *e)
{
	struct xls_record r;
	int rc;

	while ((rc = xls_next(b->stream, &at, &r, e)) > 0) {
		if (r.type == XLS_EOF)
			return 0;
		if (take(b, &r, e) < 0)
			return -1;
	}
	return rc < 0 ? -1 : err_set(e, ERR_INVALID, "cut off at byte %zu, before its sheets", at);
}

/* Its formats stand among its cells. */
static int take_single_sheet(struct xls_book *b, size_t at, struct err *e)
{
	if (take_globals(b, at, e) < 0)
		return -1;
	b->sheets[0] = (struct xls_sheet){ .name = slice_str(""), .cells = true };
	b->nsheets = 1;
	return 0;
}

static int first_record(struct xls_book *b, size_t *at, unsigned *kind, struct err *e)
{
	struct xls_record r;
	unsigned version;

	if (xls_next(b->stream, at, &r, e) <= 0 || r.type != XLS_BOF)
		return err_set(e, ERR_INVALID, "does not begin as one of Excel 5 or later");
	if (xls_need(&r, 4, e) < 0)
		return -1;
	version = get_le16(r.data.p);
	*kind = get_le16(r.data.p + 2);
	b->texts.bytes = version != VERSION_8;
	return 0;
}

int xls_book_read(struct xls_book *b, struct slice stream, struct arena *a, struct err *e)
{
	size_t at = 0;
	unsigned kind = 0;

	*b = (struct xls_book){ .stream = stream, .arena = a };
	if (stream.n > UINT32_MAX)
		return err_set(e, ERR_LIMIT, "%zu bytes are more than a workbook can have",
			       stream.n);
	if (xls_texts_init(&b->texts, a, e) < 0)
		return -1;
	b->sheets = arena_array(a, XLS_SHEETS_MAX + 1, sizeof(*b->sheets));
	b->kinds = arena_zalloc(a, FORMATS);
	if (!b->sheets || !b->kinds)
		return no_room(b, e);
	if (first_record(b, &at, &kind, e) < 0)
		return -1;
	if (kind == KIND_SHEET)
		return take_single_sheet(b, at, e);
	if (kind != KIND_GLOBALS)
		return err_set(e, ERR_INVALID, "no workbook but a part of one (kind 0x%x)", kind);
	if (take_globals(b, at, e) < 0)
		return -1;
	return b->nsheets ? 0 : err_set(e, ERR_INVALID, "damaged: it lists no sheets");
}

enum sheet_format xls_book_format(const struct xls_book *b, unsigned xf)
{
	unsigned id;

	if (xf >= b->nxf)
		return SHEET_NUMBER;
	id = b->xf[xf];
	return b->kinds[id] ? (enum sheet_format)(b->kinds[id] - 1)
			    : sheet_format_kind(id, slice_str(""));
}
