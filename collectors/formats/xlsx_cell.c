/*
 * xlsx_cell.c - the cells of a sheet (ECMA-376 part 1, 18.3.1.4).
 *
 * A cell says in `t` what its <v> is: an index of the shared texts, a number, a text that a
 * formula gave, … ; in `s` its style, which tells dates and percentages from other numbers.
 * Its place may be left out and then counts on from the one before. <f> is not looked at but
 * for being there: what counts is the value the formula had when the workbook was saved.
 */
#include "base/date.h"
#include "base/text.h"
#include "collectors/formats/xlsx_sheet.h"

/* --- values ------------------------------------------------------------------------------ */

/* The texts of booleans. */
static struct slice boolean_text(struct slice v)
{
	if (slice_is(v, "1") || slice_is(v, "true"))
		return slice_str("TRUE");
	return slice_is(v, "0") || slice_is(v, "false") ? slice_str("FALSE") : v;
}

/* Whether a number is already written as we would print it: at most 15 digits, no exponent, no
 * zeros too many. */
static bool is_printed(struct slice s)
{
	const char *p = s.p, *end = s.p + s.n;
	int digits = 0;
	bool point = false;

	p += p < end && *p == '-';
	if (end - p > 16 || p == end || (*p == '0' && (p + 1 == end ? s.n > 1 : p[1] != '.')))
		return false;
	for (; p < end; p++) {
		if (*p == '.' && !point && digits && p + 1 < end)
			point = true;
		else if (*p >= '0' && *p <= '9')
			digits++;
		else
			return false;
	}
	return digits <= 15 && !(point && end[-1] == '0');
}

static enum sheet_format format_of(const struct xlsx_sheet *s)
{
	return s->cell.style < s->x->nstyles ? (enum sheet_format)s->x->styles[s->cell.style]
					     : SHEET_NUMBER;
}

/* What `raw` is, printed; itself when it is already or is no number. */
static struct slice number_text(struct xlsx_sheet *s, struct slice raw, char out[SHEET_TEXT])
{
	enum sheet_format format = format_of(s);
	char shown[TEXT_SHOWN];
	double v;

	if (format == SHEET_NUMBER && is_printed(raw))
		return raw;
	if (num_parse(raw, &v, NULL) < 0) {
		xlsx_complain(s, REFUSED_VALUE, s->column, "is a number but holds %s",
			      text_shown(raw, shown));
		return raw;
	}
	return slice_of(out, sheet_number_text(v, format, s->x->date1904, out));
}

/* A date as text, "2026-10-31T08:30:00": as much of it as the format shows. */
static struct slice date_text(const struct xlsx_sheet *s, struct slice raw, char out[SHEET_TEXT])
{
	enum sheet_format format = format_of(s);
	struct date d;

	if (raw.n < 10 || date_parse(slice_of(raw.p, 10), &d, NULL) < 0)
		return raw;
	if (format == SHEET_YEAR || format == SHEET_MONTH)
		return slice_of(raw.p, format == SHEET_YEAR ? 4 : 7);
	if (raw.n < 19 || raw.p[10] != 'T' || format == SHEET_DATE ||
	    memcmp(raw.p + 11, "00:00:00", 8) == 0)
		return slice_of(raw.p, 10);
	memcpy(out, raw.p, 19);
	out[10] = ' ';
	return slice_of(out, 19);
}

static struct slice shared_text(struct xlsx_sheet *s, struct slice raw)
{
	char shown[TEXT_SHOWN];
	size_t i = 0;

	for (size_t k = 0; k < raw.n; k++) {
		if (raw.p[k] < '0' || raw.p[k] > '9' || raw.n > 9) {
			i = SIZE_MAX;
			break;
		}
		i = i * 10 + (size_t)(raw.p[k] - '0');
	}
	if (raw.n && i < s->x->strings.n)
		return xlsx_string(s->x, i);
	xlsx_complain(s, REFUSED_LAYOUT, s->column, "names shared text %s, of %zu there are",
		      text_shown(raw, shown), s->x->strings.n);
	return slice_of("", 0);
}

static void note_hidden(struct xlsx_sheet *s)
{
	s->column_hidden[s->column - 1] = COLUMN_TOLD;
	if (s->columns.n++ == 0) {
		s->columns.first = s->column;
		s->columns.at = s->row;
	}
}

static int put(struct xlsx_sheet *s, struct slice text, struct err *e)
{
	if (xlsx_pad(s->x, s->row, &s->ncells, s->column - 1, e) < 0)
		return -1;
	s->x->cells[s->column - 1] =
		(struct cell){ .text = text, .line = s->row, .column = s->column };
	if (s->ncells < s->column)
		s->ncells = s->column;
	if (text.n && s->used < s->column)
		s->used = s->column;
	if (text.n && s->column_hidden && s->column_hidden[s->column - 1] == COLUMN_HIDDEN)
		note_hidden(s);
	return 0;
}

/* As put(), with a copy of the text. */
static int put_copy(struct xlsx_sheet *s, struct slice text, struct err *e)
{
	text = arena_slice(&s->x->line, text);
	if (!text.p)
		return err_set(e, ERR_LIMIT, "row %u has more than %d MiB of text", s->row,
			       XLSX_ROW_BYTES_MAX >> 20);
	return put(s, text, e);
}

int xlsx_put_value(struct xlsx_sheet *s, struct slice raw, struct err *e)
{
	char out[SHEET_TEXT];

	switch (s->cell.type) {
	case XLSX_SHARED:
		return put(s, shared_text(s, raw), e);
	case XLSX_BOOLEAN:
		return put_copy(s, boolean_text(raw), e);
	case XLSX_NUMBER:
		return put_copy(s, number_text(s, raw, out), e);
	case XLSX_DATE:
		return put_copy(s, date_text(s, raw, out), e);
	default:
		return put_copy(s, raw, e);
	}
}

/* --- cells --------------------------------------------------------------------------------- */

static enum xlsx_type type_of(struct slice t)
{
	if (!t.n || slice_is(t, "n"))
		return XLSX_NUMBER;
	if (slice_is(t, "s"))
		return XLSX_SHARED;
	if (slice_is(t, "b"))
		return XLSX_BOOLEAN;
	return slice_is(t, "d") ? XLSX_DATE : XLSX_TEXT; /* str, inlineStr, e */
}

static unsigned style_of(struct slice text)
{
	unsigned v = 0;

	for (size_t i = 0; i < text.n && v < XLSX_STYLES_MAX; i++)
		v = v * 10 + (unsigned)(unsigned char)(text.p[i] - '0');
	return v;
}

void xlsx_begin_cell(struct xlsx_sheet *s, struct slice ref, struct slice type, struct slice style)
{
	unsigned column = s->column + 1, row = s->row;
	char shown[TEXT_SHOWN];

	s->in_cell = true;
	if (ref.n && (!xlsx_place(ref, &column, &row) || row != s->row)) {
		xlsx_complain(s, REFUSED_LAYOUT, 0,
			      "row %u has a cell with the place %s; it is left out", s->row,
			      text_shown(ref, shown));
		s->in_cell = false;
	} else if (column > ROW_CELLS_MAX) {
		xlsx_complain(s, REFUSED_LAYOUT, 0, "row %u has more than %d cells", s->row,
			      ROW_CELLS_MAX);
		s->in_cell = false;
	} else if (column <= s->column) {
		xlsx_complain(s, REFUSED_CONFLICT, column,
			      "stands behind a later one; it is left out");
		s->in_cell = false;
	}
	if (!s->in_cell)
		return;
	s->column = column;
	s->cell = (struct xlsx_cell){ .type = type_of(type), .style = style_of(style) };
}

void xlsx_start_cell(struct xlsx_sheet *s, const struct xml_attrs *attrs)
{
	struct slice ref = { 0 }, type = { 0 }, style = { 0 }, value;
	struct xml_name name;

	for (size_t i = 0; xml_attr_next(attrs, &i, &name, &value);) {
		if (slice_is(name.local, "r"))
			ref = value;
		else if (slice_is(name.local, "t"))
			type = value;
		else if (slice_is(name.local, "s"))
			style = value;
	}
	xlsx_begin_cell(s, ref, type, style);
	xlsx_rich_clear(&s->rich);
}

void xlsx_start_in_cell(struct xlsx_sheet *s, struct slice local)
{
	if (slice_is(local, "v")) {
		s->cell.valued = s->rich.taking = true;
	} else if (slice_is(local, "is")) {
		s->cell.valued = s->in_text = true;
	} else if (slice_is(local, "f")) {
		s->cell.formula = true;
	} else if (s->in_text) {
		xlsx_rich_start(&s->rich, local);
	}
}

void xlsx_end_in_cell(struct xlsx_sheet *s, struct slice local)
{
	xlsx_rich_end(&s->rich, local);
	if (slice_is(local, "is"))
		s->in_text = false;
}

int xlsx_end_cell(struct xlsx_sheet *s, struct err *e)
{
	struct slice raw;

	s->in_cell = s->in_text = false;
	if (xlsx_rich_take(&s->rich, &raw, e) < 0)
		return -1;
	if (s->cell.valued && raw.n)
		return xlsx_put_value(s, raw, e);
	if (s->cell.formula && !(s->cell.valued && s->cell.type == XLSX_TEXT))
		xlsx_complain(s, REFUSED_VALUE, s->column,
			      "holds a formula without a value; calculate and save the workbook");
	return 0;
}
