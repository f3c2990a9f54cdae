/*
 * xls_cell.c - see xls_cell.h.
 */
#include "collectors/formats/xls_cell.h"
#include "base/text.h"

#include <stdio.h>

enum { MULRK_STEP = 6 }; /* a cell format and a number */

/* A cell under way. */
struct target {
	struct xls_book *b;
	const struct row_sink *sink;
	struct cell *cell;
	unsigned xf;
};

static size_t rks_of(const struct xls_record *r)
{
	return (r->data.n - XLS_CELL_HEADER) / MULRK_STEP;
}

int xls_cell_columns(const struct xls_record *r, struct err *e)
{
	switch (r->type) {
	case XLS_FORMULA:
	case XLS_MULRK:
	case XLS_RSTRING:
	case XLS_LABELSST:
	case XLS_NUMBER:
	case XLS_LABEL:
	case XLS_BOOLERR:
	case XLS_RK:
		if (xls_need(r, XLS_CELL_HEADER, e) < 0)
			return -1;
		return r->type == XLS_MULRK ? (int)rks_of(r) : 1;
	default:
		return 0;
	}
}

/* --- numbers ------------------------------------------------------------------------------ */

static double rk_value(uint32_t rk)
{
	uint64_t bits = (uint64_t)(rk & ~3U) << 32;
	double v;

	if (rk & 2)
		v = (double)((int32_t)rk >> 2);
	else
		memcpy(&v, &bits, sizeof(v));
	return rk & 1 ? v / 100 : v;
}

static int put_number(const struct target *t, double v, struct err *e)
{
	char text[SHEET_TEXT];
	size_t n = sheet_number_text(v, xls_book_format(t->b, t->xf), t->b->date1904, text);

	t->cell->text = slice_of(arena_strndup(t->b->arena, text, n), n);
	if (t->cell->text.p)
		return 0;
	return err_set(e, ERR_LIMIT, "a row needs more than %zu MiB", t->b->arena->limit >> 20);
}

static int put_bits(const struct target *t, const char *bits, struct err *e)
{
	uint64_t number = get_le64(bits);
	double v;

	memcpy(&v, &number, sizeof(v));
	return put_number(t, v, e);
}

static int put_rks(struct target *t, const struct xls_record *r, struct err *e)
{
	size_t n = rks_of(r);

	for (size_t i = 0; i < n; i++, t->cell++) {
		const char *p = r->data.p + 4 + MULRK_STEP * i;

		t->xf = get_le16(p);
		if (put_number(t, rk_value(get_le32(p + 2)), e) < 0)
			return -1;
	}
	return 0;
}

/* --- texts -------------------------------------------------------------------------------- */

static void put_text(const struct target *t, struct xls_text from)
{
	char shown[TEXT_SHOWN], text[160];

	t->cell->text = xls_text_slice(from);
	if (!from.damaged)
		return;
	snprintf(text, sizeof(text), "%s has bytes that are no characters",
		 text_shown(t->cell->text, shown));
	t->sink->complain(t->sink->ctx, REFUSED_ENCODING, t->cell->line, t->cell->column, text);
}

static int put_shared(const struct target *t, uint32_t i)
{
	char text[120];

	if (i < t->b->nstrings) {
		put_text(t, t->b->strings[i]);
		return 0;
	}
	snprintf(text, sizeof(text), "the cell has shared string %llu, and there are %zu",
		 (unsigned long long)i + 1, t->b->nstrings);
	t->sink->complain(t->sink->ctx, REFUSED_VALUE, t->cell->line, t->cell->column, text);
	return 0;
}

/* An empty text may lack the byte of flags. */
static int put_own_text(const struct target *t, const struct xls_record *r, size_t skip,
			struct err *e)
{
	struct xls_parts p;
	struct xls_text text;

	if (xls_need(r, skip + 2, e) < 0)
		return -1;
	if (r->data.n == skip + 2 && get_le16(r->data.p + skip) == 0)
		return 0;
	xls_parts_init(&p, t->b->stream, r, skip);
	if (xls_take_text(&t->b->texts, &p, 2, &text, e) < 0)
		return -1;
	put_text(t, text);
	return 0;
}

/* --- the rest ----------------------------------------------------------------------------- */

static const char *error_name(unsigned code)
{
	switch (code) { /* [MS-XLS] 2.5.10 BErr */
	case 0x00:
		return "#NULL!";
	case 0x07:
		return "#DIV/0!";
	case 0x0f:
		return "#VALUE!";
	case 0x17:
		return "#REF!";
	case 0x1d:
		return "#NAME?";
	case 0x24:
		return "#NUM!";
	case 0x2a:
		return "#N/A";
	case 0x2b:
		return "#GETTING_DATA";
	default:
		return "#ERROR";
	}
}

static int put_bool_or_error(const struct target *t, unsigned value, bool error)
{
	t->cell->text = slice_str(error ? error_name(value) : value ? "TRUE" : "FALSE");
	return 0;
}

/* What was computed last: a number, or, marked by two bytes 0xff, something else. */
static int put_formula(const struct target *t, const char *value, size_t string_at, struct err *e)
{
	struct xls_record string;

	if (get_le16(value + 6) != 0xffff)
		return put_bits(t, value, e);
	if (value[0] == 1 || value[0] == 2)
		return put_bool_or_error(t, (unsigned char)value[2], value[0] == 2);
	if (value[0] != 0 || !string_at)
		return 0;
	if (xls_next(t->b->stream, &string_at, &string, e) < 0)
		return -1;
	return put_own_text(t, &string, 0, e);
}

static size_t bytes_needed(unsigned type)
{
	switch (type) {
	case XLS_NUMBER:
	case XLS_FORMULA:
		return XLS_CELL_HEADER + 8;
	case XLS_RK:
	case XLS_LABELSST:
		return XLS_CELL_HEADER + 4;
	case XLS_BOOLERR:
		return XLS_CELL_HEADER + 2;
	default:
		return XLS_CELL_HEADER;
	}
}

int xls_cell_read(struct xls_book *b, size_t at, size_t string_at, struct cell *cells,
		  const struct row_sink *sink, struct err *e)
{
	struct target t = { .b = b, .sink = sink };
	struct xls_record r;
	const char *value;

	if (xls_next(b->stream, &at, &r, e) < 0 || xls_need(&r, bytes_needed(r.type), e) < 0)
		return -1;
	t.cell = &cells[get_le16(r.data.p + 2)];
	t.cell->text = slice_str("");
	t.xf = get_le16(r.data.p + 4);
	value = r.data.p + XLS_CELL_HEADER;
	switch (r.type) {
	case XLS_NUMBER:
		return put_bits(&t, value, e);
	case XLS_RK:
		return put_number(&t, rk_value(get_le32(value)), e);
	case XLS_MULRK:
		return put_rks(&t, &r, e);
	case XLS_LABELSST:
		return put_shared(&t, get_le32(value));
	case XLS_BOOLERR:
		return put_bool_or_error(&t, (unsigned char)value[0], value[1] != 0);
	case XLS_FORMULA:
		return put_formula(&t, value, string_at, e);
	default:
		return put_own_text(&t, &r, XLS_CELL_HEADER, e);
	}
}
