/*
 * xls_sheet.c - see xls_sheet.h.
 *
 * Cells may stand in any order within a sheet, merged areas stand behind them. So the records are
 * looked at twice: first the places of all cell records are noted, 12 bytes each, then, row by
 * row, their texts are made and the row is given away.
 *
 * A merged area is opened in the row of its top-left cell, in all columns that no other area has,
 * and stays open to its last row. Its text has to outlive its row, so the arena is not
 * reset behind a row that opened one.
 */
#include "collectors/formats/xls_sheet.h"
#include "collectors/formats/xls_cell.h"

#include <stdio.h>
#include <stdlib.h>

enum { ROWS = 65536, COLUMNS = 256, AREAS_MAX = 65536 };

struct place {
	uint16_t row;
	uint32_t at;        /* of the record */
	uint32_t string_at; /* of a formula's String record; 0: none */
};

struct area {
	uint16_t row, last_row, column, last_column;
};

/* A merged area as it covers one column. */
struct cover {
	struct cell cell; /* top-left */
	unsigned last_row;
	bool open;
};

struct sheet {
	struct xls_book *b;
	const struct xls_sheet *of;
	const struct row_sink *sink;
	struct place *places;
	size_t nplaces, cap;
	struct area *areas;
	size_t nareas, areas_cap;
	bool sorted; /* places are in the order of rows */
	bool waits;  /* the last place is a formula: a String record may be its own */
	bool hidden_row[ROWS], hidden_column[COLUMNS], used_column[COLUMNS];
	size_t next_area;
	struct cell cells[COLUMNS];
	struct cover covers[COLUMNS];
};

static int no_room(const struct sheet *s, struct err *e)
{
	return err_set(e, ERR_LIMIT, "it needs more than %zu MiB", s->b->arena->limit >> 20);
}

/* --- first: where cells are ------------------------------------------------------------- */

/* A record of `n` columns of cells. */
static int note_cell(struct sheet *s, const struct xls_record *r, unsigned n, struct err *e)
{
	unsigned row = get_le16(r->data.p), first = get_le16(r->data.p + 2);
	struct place *grown;

	if (first + n > COLUMNS)
		return err_set(e, ERR_INVALID,
			       "damaged at byte %zu: a cell in column %u, %d is the last one",
			       r->at, first + n, COLUMNS);
	grown = arena_grow(s->b->arena, s->places, s->nplaces, &s->cap, s->nplaces + 1,
			   sizeof(*grown));
	if (!grown)
		return no_room(s, e);
	s->places = grown;
	if (s->nplaces && grown[s->nplaces - 1].row > row)
		s->sorted = false;
	grown[s->nplaces++] = (struct place){ .row = (uint16_t)row, .at = (uint32_t)r->at };
	memset(s->used_column + first, true, n);
	s->waits = r->type == XLS_FORMULA;
	return 0;
}

static int note_row(struct sheet *s, const struct xls_record *r, struct err *e)
{
	if (xls_need(r, 16, e) < 0)
		return -1;
	s->hidden_row[get_le16(r->data.p)] = (r->data.p[12] & 0x20) != 0;
	return 0;
}

static int note_columns(struct sheet *s, const struct xls_record *r, struct err *e)
{
	unsigned last;

	if (xls_need(r, 10, e) < 0)
		return -1;
	last = get_le16(r->data.p + 2);
	for (unsigned c = get_le16(r->data.p); c <= last && c < COLUMNS; c++)
		s->hidden_column[c] = r->data.p[8] & 1;
	return 0;
}

static int note_areas(struct sheet *s, const struct xls_record *r, struct err *e)
{
	size_t n = r->data.n >= 2 ? get_le16(r->data.p) : 0;
	struct area *grown;

	if (xls_need(r, 2 + 8 * n, e) < 0)
		return -1;
	if (s->nareas + n > AREAS_MAX)
		return err_set(e, ERR_LIMIT, "more than %d merged areas", AREAS_MAX);
	grown = arena_grow(s->b->arena, s->areas, s->nareas, &s->areas_cap, s->nareas + n + 1,
			   sizeof(*grown));
	if (!grown)
		return no_room(s, e);
	s->areas = grown;
	for (size_t i = 0; i < n; i++) {
		const char *p = r->data.p + 2 + 8 * i;
		struct area a = { get_le16(p), get_le16(p + 2), get_le16(p + 4), get_le16(p + 6) };

		if (a.row <= a.last_row && a.column <= a.last_column && a.last_column < COLUMNS)
			s->areas[s->nareas++] = a;
	}
	return 0;
}

static int note(struct sheet *s, const struct xls_record *r, struct err *e)
{
	int columns = xls_cell_columns(r, e);

	if (columns != 0)
		return columns < 0 ? -1 : note_cell(s, r, (unsigned)columns, e);
	switch (r->type) {
	case XLS_STRING:
		if (s->waits)
			s->places[s->nplaces - 1].string_at = (uint32_t)r->at;
		s->waits = false;
		return 0;
	case XLS_ROW:
		return note_row(s, r, e);
	case XLS_COLINFO:
		return note_columns(s, r, e);
	case XLS_MERGEDCELLS:
		return note_areas(s, r, e);
	default:
		return 0;
	}
}

/* Sheets lie one behind the other. One that begins within a record of another would be read with
 * it, and 255 such sheets the whole stream as often. */
static int count_bytes(const struct sheet *s, size_t end, struct err *e)
{
	s->b->sheet_bytes += end - s->of->at;
	if (s->b->sheet_bytes <= s->b->stream.n)
		return 0;
	return err_set(e, ERR_INVALID, "damaged: it lies within another sheet");
}

/* From the sheet's BOF to its EOF; what lies between a BOF and an EOF within it is a chart. */
static int note_all(struct sheet *s, struct err *e)
{
	size_t at = s->of->at;
	struct xls_record r;
	int depth = 0, rc;

	while ((rc = xls_next(s->b->stream, &at, &r, e)) > 0) {
		if (depth == 0 && r.type != XLS_BOF)
			return err_set(e, ERR_INVALID, "damaged: no sheet begins at byte %zu",
				       s->of->at);
		if (r.type == XLS_BOF && ++depth > XLS_NESTED_MAX)
			return err_set(e, ERR_INVALID,
				       "damaged at byte %zu: more than %d parts within each other",
				       r.at, XLS_NESTED_MAX);
		if (r.type == XLS_EOF && --depth == 0)
			return count_bytes(s, at, e);
		if (depth == 1 && note(s, &r, e) < 0)
			return -1;
	}
	return rc < 0 ? -1 : err_set(e, ERR_INVALID, "cut off at byte %zu", at);
}

/* A cell that is there twice: the later one counts. */
static int by_row(const void *a, const void *b)
{
	const struct place *x = a, *y = b;

	if (x->row != y->row)
		return x->row < y->row ? -1 : 1;
	return x->at < y->at ? -1 : x->at > y->at;
}

static int by_first_row(const void *a, const void *b)
{
	const struct area *x = a, *y = b;

	return x->row != y->row ? x->row - y->row : x->column - y->column;
}

/* --- hidden ones ---------------------------------------------------------------------- */

static void say_hidden(const struct sheet *s, const char *what, unsigned n, const char *first,
		       unsigned line, unsigned column)
{
	char name[TEXT_SHOWN], text[200];

	snprintf(text, sizeof(text),
		 "sheet %s has %u hidden %ss with cells, the first is %s %s; they are read",
		 text_shown(s->of->name, name), n, what, what, first);
	s->sink->complain(s->sink->ctx, SUSPECT_HIDDEN, line, column, text);
}

static void look_for_hidden_rows(const struct sheet *s)
{
	unsigned n = 0, first = 0;
	char name[16];

	for (size_t i = 0; i < s->nplaces; i++) {
		unsigned row = s->places[i].row;

		if ((i == 0 || row != s->places[i - 1].row) && s->hidden_row[row] && n++ == 0)
			first = row + 1;
	}
	snprintf(name, sizeof(name), "%u", first);
	if (n)
		say_hidden(s, "row", n, name, first, 1);
}

static void look_for_hidden_columns(const struct sheet *s)
{
	unsigned n = 0, first = 0;
	char name[3] = "";

	for (unsigned c = 0; c < COLUMNS; c++)
		if (s->hidden_column[c] && s->used_column[c] && n++ == 0)
			first = c;
	if (first >= 26) /* A … Z, AA … IV */
		name[0] = (char)('A' + first / 26 - 1);
	name[strlen(name)] = (char)('A' + first % 26);
	if (n)
		say_hidden(s, "column", n, name, 1, first + 1);
}

/* --- merged areas ------------------------------------------------------------------------ */

static bool covered(const struct sheet *s, unsigned column, unsigned row)
{
	return s->covers[column].open && s->covers[column].last_row >= row;
}

/* Whether a text has to outlive this row. Areas do not overlap in a sound workbook; where they
 * do, the first one counts. Where the first cell is empty, or its row has none, all are. */
static bool open_areas(struct sheet *s, unsigned row)
{
	bool outlives = false;

	for (; s->next_area < s->nareas && s->areas[s->next_area].row <= row; s->next_area++) {
		const struct area *a = &s->areas[s->next_area];
		struct cover cover = { .last_row = a->last_row, .open = true };

		if (a->last_row < row || covered(s, a->column, row))
			continue;
		if (a->row == row)
			cover.cell = s->cells[a->column];
		outlives |= cover.cell.text.n > 0 && a->last_row > row;
		for (unsigned c = a->column; c <= a->last_column; c++)
			if (!covered(s, c, row))
				s->covers[c] = cover;
	}
	return outlives;
}

static void cover_cells(struct sheet *s, unsigned width, unsigned row)
{
	for (unsigned c = 0; c < width; c++) {
		const struct cell *top = &s->covers[c].cell;

		if (!covered(s, c, row) || (top->line == row + 1 && top->column == c + 1))
			continue;
		if (!top->text.n) {
			s->cells[c].text = slice_str("");
			continue;
		}
		s->cells[c] = *top;
		s->cells[c].repeated = true;
	}
}

/* --- rows -------------------------------------------------------------------------------- */

/* Columns that any row may have. */
static unsigned width_of(const struct sheet *s)
{
	unsigned n = 0;

	for (unsigned c = 0; c < COLUMNS; c++)
		if (s->used_column[c])
			n = c + 1;
	for (size_t i = 0; i < s->nareas; i++)
		if (s->areas[i].last_column >= n)
			n = s->areas[i].last_column + 1U;
	return n;
}

static int give_row(struct sheet *s, unsigned row, unsigned width, struct err *e)
{
	struct row r = { .cells = s->cells, .n = width, .line = row + 1 };

	while (r.n && s->cells[r.n - 1].text.n == 0)
		r.n--;
	return r.n ? s->sink->row(s->sink->ctx, &r, e) : 1;
}

static int give_rows(struct sheet *s, struct err *e)
{
	unsigned width = width_of(s);

	for (size_t i = 0; i < s->nplaces;) {
		struct arena_mark mark = arena_mark(s->b->arena);
		unsigned row = s->places[i].row;
		bool outlives;
		int rc;

		for (unsigned c = 0; c < width; c++)
			s->cells[c] = (struct cell){ .text = slice_str(""),
						     .line = row + 1,
						     .column = c + 1 };
		for (; i < s->nplaces && s->places[i].row == row; i++)
			if (xls_cell_read(s->b, s->places[i].at, s->places[i].string_at, s->cells,
					  s->sink, e) < 0)
				return -1;
		outlives = open_areas(s, row);
		cover_cells(s, width, row);
		rc = give_row(s, row, width, e);
		if (rc <= 0)
			return rc;
		if (!outlives)
			arena_reset(s->b->arena, mark);
	}
	return 0;
}

static int read_sheet(struct sheet *s, struct err *e)
{
	char name[TEXT_SHOWN];

	if (note_all(s, e) < 0)
		goto fail;
	if (!s->sorted)
		qsort(s->places, s->nplaces, sizeof(*s->places), by_row);
	if (s->nareas)
		qsort(s->areas, s->nareas, sizeof(*s->areas), by_first_row);
	look_for_hidden_rows(s);
	look_for_hidden_columns(s);
	if (give_rows(s, e) == 0)
		return 0;
fail:
	return err_wrap(e, "sheet %s", text_shown(s->of->name, name));
}

int xls_sheet_read(struct xls_book *b, const struct xls_sheet *of, const struct row_sink *sink,
		   struct err *e)
{
	struct arena_mark mark = arena_mark(b->arena);
	struct sheet *s = arena_new(b->arena, struct sheet);
	int rc;

	if (!s)
		return err_set(e, ERR_LIMIT, "a sheet needs more than %zu MiB",
			       b->arena->limit >> 20);
	s->b = b;
	s->of = of;
	s->sink = sink;
	s->sorted = true;
	rc = read_sheet(s, e);
	arena_reset(b->arena, mark);
	return rc;
}
