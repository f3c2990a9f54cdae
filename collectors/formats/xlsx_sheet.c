/*
 * xlsx_sheet.c - the rows of a sheet (ECMA-376 part 1, 18.3.1).
 *
 * A row is told when it ends, unless none of its cells has a text of its own. Row numbers may be
 * left out and then count on from the one before.
 *
 * The window is given to expat up to a tag behind which plain cells may come: that of a row, or
 * one that closes a cell. When expat confirms that its tag was the last thing in there, the cells
 * that follow are taken out (xlsx_plain.c); when it was wrong, nothing is lost but time.
 */
#include "collectors/formats/xlsx_sheet.h"

#include "base/text.h"

#include <stdio.h>

/* --- what cannot be given, what is doubted ----------------------------------------------- */

const char *xlsx_column_name(unsigned column, char out[8])
{
	char *p = out + 7;

	*p = '\0';
	for (; column; column = (column - 1) / 26)
		*--p = (char)('A' + (column - 1) % 26);
	return p;
}

static void say(struct xlsx_sheet *s, enum refusal why, unsigned line, unsigned column,
		const char *text)
{
	if (s->x->sink->complain)
		s->x->sink->complain(s->x->sink->ctx, why, line, column, text);
}

void xlsx_complain(struct xlsx_sheet *s, enum refusal why, unsigned column, const char *fmt, ...)
{
	char text[400], name[8];
	va_list args;
	int n = 0;

	if (column)
		n = snprintf(text, sizeof(text), "cell %s%u ", xlsx_column_name(column, name),
			     s->row);
	va_start(args, fmt);
	vsnprintf(text + n, sizeof(text) - (size_t)n, fmt, args);
	va_end(args);
	say(s, why, s->row, column, text);
}

static void tell_hidden(struct xlsx_sheet *s)
{
	char text[200], shown[TEXT_SHOWN], name[8];

	text_shown(s->part->name, shown);
	if (s->rows.n) {
		snprintf(
			text, sizeof(text),
			"sheet %s has %u hidden rows with text, the first is row %u; they are read",
			shown, s->rows.n, s->rows.first);
		say(s, SUSPECT_HIDDEN, s->rows.first, 1, text);
	}
	if (s->columns.n) {
		snprintf(text, sizeof(text),
			 "sheet %s has %u hidden columns with text, the first is column %s; they "
			 "are read",
			 shown, s->columns.n, xlsx_column_name(s->columns.first, name));
		say(s, SUSPECT_HIDDEN, s->columns.at, s->columns.first, text);
	}
}

/* --- columns and rows ---------------------------------------------------------------------- */

/* 0: no number, or beyond the end of a sheet. */
static unsigned row_number(struct slice text)
{
	int64_t v;

	return num_parse_i64(text, &v, NULL) < 0 || v < 0 || v > XLSX_ROWS_MAX ? 0 : (unsigned)v;
}

static unsigned number_of(const struct xml_attrs *attrs, const char *local)
{
	struct slice text;

	return xml_attr(attrs, local, &text) ? row_number(text) : 0;
}

static int hide_columns(struct xlsx_sheet *s, const struct xml_attrs *attrs, struct err *e)
{
	unsigned from = number_of(attrs, "min"), to = number_of(attrs, "max");

	if (!from || !xlsx_is_true(attrs, "hidden"))
		return 0;
	if (!s->column_hidden)
		s->column_hidden = arena_zalloc(s->x->a, ROW_CELLS_MAX);
	if (!s->column_hidden)
		return xlsx_no_room(s->x, "its columns", e);
	for (; from <= to && from <= ROW_CELLS_MAX; from++)
		s->column_hidden[from - 1] = COLUMN_HIDDEN;
	return 0;
}

void xlsx_begin_row(struct xlsx_sheet *s, struct slice number, bool hidden)
{
	unsigned row = number.n ? row_number(number) : s->row + 1;
	char shown[TEXT_SHOWN];

	s->in_row = row > s->row && row <= XLSX_ROWS_MAX;
	if (!s->in_row) {
		xlsx_complain(s, REFUSED_LAYOUT, 0,
			      "a row with the number %s comes after row %u; it is left out",
			      text_shown(number, shown), s->row);
		return;
	}
	s->row = row;
	s->column = 0;
	s->ncells = s->used = 0;
	s->row_hidden = hidden;
}

static void start_row(struct xlsx_sheet *s, const struct xml_attrs *attrs)
{
	struct slice number;

	xml_attr(attrs, "r", &number);
	xlsx_begin_row(s, number, xlsx_is_true(attrs, "hidden"));
	s->between_cells = s->in_row && xml_at_piece_end(s->stream.xml);
}

int xlsx_end_row(struct xlsx_sheet *s, struct err *e)
{
	struct row row = { .cells = s->x->cells, .n = s->used, .line = s->row };
	int result;

	s->in_row = s->in_cell = s->in_text = false;
	if (!s->used)
		return 0;
	if (s->row_hidden && s->rows.n++ == 0)
		s->rows.first = s->row;
	if (xlsx_merges_apply(s->x, &s->merges, &row, e) < 0)
		return -1;
	result = s->x->sink->row(s->x->sink->ctx, &row, e);
	arena_reset(&s->x->line, (struct arena_mark){ 0 });
	return result < 0 ? -1 : result == 0;
}

/* --- what expat tells ------------------------------------------------------------------------- */

static int on_start(void *ctx, struct xml_name name, const struct xml_attrs *attrs, struct err *e)
{
	struct xlsx_sheet *s = ctx;

	if (!xlsx_is_main(name.ns))
		return 0;
	if (s->in_cell) {
		xlsx_start_in_cell(s, name.local);
	} else if (s->in_row) {
		if (slice_is(name.local, "c"))
			xlsx_start_cell(s, attrs);
	} else if (s->in_data && slice_is(name.local, "row")) {
		start_row(s, attrs);
	} else if (slice_is(name.local, "sheetData")) {
		s->in_data = true;
	} else if (slice_is(name.local, "col")) {
		return hide_columns(s, attrs, e);
	}
	return 0;
}

static int on_end(void *ctx, struct xml_name name, struct err *e)
{
	struct xlsx_sheet *s = ctx;

	if (!s->in_data || !xlsx_is_main(name.ns))
		return 0;
	if (slice_is(name.local, "c")) {
		s->between_cells = s->in_row && xml_at_piece_end(s->stream.xml);
		return s->in_cell ? xlsx_end_cell(s, e) : 0;
	}
	if (s->in_cell)
		xlsx_end_in_cell(s, name.local);
	else if (slice_is(name.local, "row"))
		return s->in_row ? xlsx_end_row(s, e) : 0;
	else if (slice_is(name.local, "sheetData"))
		s->in_data = false;
	return 0;
}

static int on_text(void *ctx, struct slice piece, struct err *e)
{
	struct xlsx_sheet *s = ctx;

	(void)e;
	if (s->in_cell)
		xlsx_rich_text(&s->rich, piece);
	return 0;
}

/* --- the way through -------------------------------------------------------------------------- */

static size_t behind(struct slice s, const char *word, char last)
{
	const char *p = memmem(s.p, s.n, word, strlen(word));
	const char *end = p ? memchr(p, last, s.n - (size_t)(p - s.p)) : NULL;

	return end ? (size_t)(end - s.p) + 1 : 0;
}

/* How many bytes expat gets next. 0: first more must come. */
static size_t next_piece(const struct xlsx_sheet *s, struct slice rest)
{
	size_t n;

	if (s->in_row && !slice_starts(rest, "</row>"))
		n = behind(rest, "</c>", '>');
	else
		n = behind(rest, "<row", '>');
	/* A cell that is not complete yet may be a plain one. */
	if (!n && !(s->between_cells && rest.n < ZIP_PIECE_BYTES))
		n = rest.n;
	return n;
}

static int read_window(struct xlsx_sheet *s, struct err *e)
{
	struct xlsx_stream *in = &s->stream;
	int result = 0;

	while (result == 0) {
		size_t n;

		if (s->between_cells && (result = xlsx_take_plain(s, e)) != 0)
			return result;
		n = next_piece(s, slice_of(in->bytes + in->at, in->n - in->at));
		if (n == 0)
			return 0;
		s->between_cells = false;
		result = xlsx_stream_feed(in, n, e);
	}
	return result;
}

static void note_read(const struct xlsx_sheet *s)
{
	size_t *to = s->x->sink->read_bytes;

	if (to)
		*to = s->x->read_bytes + zip_part_packed(s->stream.part);
}

static int read_part(struct xlsx_sheet *s, struct err *e)
{
	struct xlsx_stream *in = &s->stream;
	int got, result = 0;

	while (result == 0 && (got = xlsx_stream_fill(in, e)) != 0) {
		note_read(s);
		result = got < 0 ? -1 : read_window(s, e);
	}
	if (result == 0)
		result = xlsx_stream_feed(in, in->n - in->at, e);
	return result ? result : xlsx_stream_finish(in, e);
}

static int read_rows(struct xlsx_sheet *s, struct err *e)
{
	const struct xml_handler h = { on_start, on_end, on_text, s };
	char shown[TEXT_SHOWN];
	int result;

	if (xlsx_stream_open(&s->stream, s->x, s->part->part, &h, e) < 0)
		return -1;
	xml_forget_places(s->stream.xml);
	result = read_part(s, e);
	s->x->read_bytes += zip_part_packed(s->stream.part);
	xlsx_stream_close(&s->stream);
	if (result < 0)
		return err_wrap(e, "sheet %s, row %u", text_shown(s->part->name, shown), s->row);
	return 0;
}

int xlsx_sheet_read(struct xlsx *x, const struct xlsx_sheet_part *sheet, struct err *e)
{
	struct xlsx_sheet s = { .x = x, .part = sheet };
	int result;

	if (xlsx_merges_read(x, sheet->part, &s.merges, e) < 0)
		return -1;
	if (x->sink->table && x->sink->table(x->sink->ctx, sheet->name, false, e) < 0)
		return -1;
	xlsx_rich_init(&s.rich);
	result = read_rows(&s, e);
	xlsx_rich_release(&s.rich);
	if (result == 0)
		tell_hidden(&s);
	return result;
}
