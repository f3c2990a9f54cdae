/*
 * table_row.c - one row below the header to facts, or to a complaint. See table_private.h.
 */
#include "collectors/table_private.h"

#include "base/num.h"
#include "catalogue/catalogue.h"
#include "collectors/cells.h"
#include "collectors/heading.h"
#include "collectors/withheld.h"

#include <stdio.h>

struct heading_row {
	struct table *t;
	const struct row *row;
};

/* Whether marks in columns of the row withhold its figures. */
static bool row_withholds(const struct table *t, const struct row *row)
{
	static const int axes[] = { AXIS_FLAG, AXIS_CONFIDENTIALITY };

	for (size_t i = 0; i < sizeof(axes) / sizeof(axes[0]); i++) {
		const struct place *p = &t->places[axes[i]];

		for (size_t k = 0; p->axis->where == AXIS_COLUMN && k < p->axis->ncolumns; k++) {
			struct fact f = { 0 };

			f.text[axes[i]] = table_cell_at(row, p->columns[k].column);
			if (fact_withholds(&f))
				return true;
		}
	}
	return false;
}

bool table_has_value(const struct table *t, const struct row *row)
{
	for (size_t c = 0; c < row->n && c < t->nheader; c++)
		if (t->roles[c] == ROLE_VALUE && (!cell_missing(row->cells[c].text) ||
						  mark_withholds(t->layout, row->cells[c].text)))
			return true;
	return row_withholds(t, row);
}

bool table_repeats_header(const struct table *t, const struct row *row)
{
	for (size_t c = 0; c < t->nheader; c++)
		if (!slice_eq(table_cell_at(row, (long)c), t->header[c]))
			return false;
	return true;
}

/* Whether this column, which the layout gives a meaning by itself, is headed by the row again. */
static bool is_headed_again(struct named *n, void *ctx)
{
	const struct heading_row *h = ctx;
	struct slice text = table_cell_at(h->row, n->column);

	return n->column == NO_COLUMN || (text.n && (size_t)n->column < h->t->nheader &&
					  slice_eq(text, h->t->header[n->column]));
}

/* Whether there are texts where figures would stand, and no number. */
static bool has_texts_for_figures(struct table *t, const struct row *row)
{
	struct arena_mark mark = arena_mark(t->arena);
	size_t texts = 0, numbers = 0;

	for (size_t c = 0; c < row->n && c < t->nheader && !numbers; c++) {
		struct cell_number n;

		if (t->roles[c] != ROLE_VALUE || cell_missing(row->cells[c].text))
			continue;
		numbers += cell_number(row->cells[c].text, t->arena, &n, NULL) == 0;
		texts++;
	}
	arena_reset(t->arena, mark);
	return texts > 0 && !numbers;
}

bool table_has_other_header(struct table *t, const struct row *row)
{
	struct heading_row h = { t, row };

	return !t->records && table_each_named(t, is_headed_again, &h) &&
	       has_texts_for_figures(t, row) && !table_repeats_header(t, row);
}

/* False, with a complaint, for a row whose cells cannot be trusted to stand where they should. */
static bool row_is_sound(struct table *t, const struct row *row)
{
	char text[160];

	if (row->fault) {
		table_complain(t, REFUSED_LAYOUT, row->fault_line, row->fault_column, row->fault);
		return false;
	}
	for (size_t c = t->nheader; c < row->n; c++) {
		if (cell_missing(row->cells[c].text) || row->cells[c].repeated)
			continue;
		snprintf(text, sizeof(text),
			 "the row has %zu cells, the header %zu (is a comma inside a number?); the "
			 "row is left out",
			 c + 1, t->nheader);
		table_complain(t, REFUSED_LAYOUT, row->cells[c].line, row->cells[c].column, text);
		return false;
	}
	for (size_t c = 0; c < row->n && !t->whole; c++) {
		if (!utf8_has_replacement(row->cells[c].text))
			continue;
		table_complain(
			t, REFUSED_ENCODING, row->cells[c].line, row->cells[c].column,
			"characters of this row were lost in a conversion (U+FFFD); the row is "
			"left out");
		return false;
	}
	return true;
}

/* Whether the row says what the layout wants of it. */
static bool is_wanted(const struct table *t, const struct row *row)
{
	for (size_t k = 0; k < t->layout->nonly; k++) {
		const struct only *o = &t->layout->only[k];
		struct slice text = table_cell_at(row, t->only[k].column);
		bool met = false;

		for (size_t v = 0; v < o->nvalues && !met; v++)
			met = slice_is(text, o->values[v]);
		if (!met)
			return false;
	}
	return true;
}

/* Columns of one axis as one text. 1: there. 0, with a complaint: one is empty. -1: no memory. */
static int join_columns(struct table *t, const struct row *row, int i, struct slice *out,
			struct err *e)
{
	const struct place *p = &t->places[i];
	struct slice join = slice_str(p->axis->join ? p->axis->join : "-");
	size_t total = 0, n = 0;
	char text[160], shown[TEXT_SHOWN], *buf;

	for (size_t k = 0; k < p->axis->ncolumns; k++) {
		struct slice s = table_cell_at(row, p->columns[k].column);

		if (!s.n && i < AXIS_VALUE) {
			snprintf(text, sizeof(text), "the %s is missing: column %s is empty",
				 axis_names[i], text_shown(slice_str(p->columns[k].name), shown));
			table_complain(t, REFUSED_LAYOUT, row->line, 0, text);
			return 0;
		}
		total += s.n + join.n;
	}
	*out = table_cell_at(row, p->columns[0].column);
	if (p->axis->ncolumns == 1)
		return 1;
	buf = arena_alloc(t->arena, total);
	if (!buf)
		return table_no_room(e);
	for (size_t k = 0; k < p->axis->ncolumns; k++) {
		struct slice s = table_cell_at(row, p->columns[k].column);

		if (k) {
			memcpy(buf + n, join.p, join.n);
			n += join.n;
		}
		memcpy(buf + n, s.p, s.n);
		n += s.n;
	}
	*out = slice_of(buf, n);
	return 1;
}

/* What the row says of one axis, as above. */
static int axis_value(struct table *t, const struct row *row, int i, struct fact *f, struct err *e)
{
	const struct place *p = &t->places[i];
	long first = p->columns[0].column;

	switch (p->axis->where) {
	case AXIS_FIXED:
		f->text[i] = slice_str(p->axis->text);
		return 1;
	case AXIS_TABLE:
		f->text[i] = t->name;
		return 1;
	case AXIS_TITLE:
	case AXIS_IN_TITLE:
		f->text[i] = p->title;
		f->at[i] = p->title_at;
		return 1;
	case AXIS_COLUMN:
		if ((size_t)first < row->n)
			f->at[i] = table_place_of_cell(&row->cells[first]);
		return join_columns(t, row, i, &f->text[i], e);
	default:
		return 1;
	}
}

static void unnamed_column(struct table *t, const struct cell *cell, size_t c)
{
	char text[96];

	snprintf(text, sizeof(text), "column %zu has no heading; what stands there is left out",
		 c + 1);
	table_complain(t, REFUSED_LAYOUT, cell->line, cell->column, text);
	t->roles[c] = ROLE_TOLD;
}

/* What the header says of a column goes to the fact; `own` is what its row says of each axis. */
static int put_headings(struct table *t, size_t c, const struct slice own[AXIS_VALUE],
			struct fact *f, struct err *e)
{
	for (int i = 0; i < AXIS_VALUE; i++) {
		const struct cell *heading = t->headings[i] ? &t->headings[i][c] : NULL;
		char *joined;

		if (!heading)
			continue;
		f->text[i] = heading->text;
		f->at[i] = table_place_of_cell(heading);
		if (i == AXIS_PERIOD)
			f->single = t->single[c];
		if (!t->places[i].axis->headed)
			continue;
		joined = arena_printf(t->arena, "%.*s %.*s", SLICE_FMT(own[i]),
				      SLICE_FMT(heading->text));
		if (!joined)
			return table_no_room(e);
		f->text[i] = slice_str(joined);
	}
	return 0;
}

/* Kept secret by a mark instead of a number, or nothing instead of one in a row that says so. A row
 * with the months of a year in it says nothing of those that have not come yet. */
static bool is_withheld(const struct table *t, const struct row *row, const struct cell *cell)
{
	if (mark_withholds(t->layout, cell->text))
		return true;
	return cell_missing(cell->text) && !table_axis_in_header(t->places[AXIS_PERIOD].axis) &&
	       row_withholds(t, row);
}

/* From the cell of the row, the heading of the values, or a line above: of these the nearest. */
static int row_measure(struct table *t, const struct row *row, struct fact *f, struct err *e)
{
	struct slice own = table_cell_at(row, t->measure_column);
	enum axis_where where = t->layout->measure.where;
	struct err why;

	f->offered = t->power_column != NO_COLUMN;
	if (f->offered)
		f->text[AXIS_MULTIPLIER] = table_cell_at(row, t->power_column);
	if (own.n && measure_find(own, NULL, NULL, &why) == 0) {
		f->text[AXIS_MEASURE] = own;
		f->at[AXIS_MEASURE] = table_place_of_cell(&row->cells[t->measure_column]);
		return 0;
	}
	if (own.n && why.code == ERR_MEMORY) {
		*e = why;
		return -1;
	}
	if (t->value_measure.n && (where != AXIS_COLUMN || cell_missing(f->text[AXIS_MEASURE]))) {
		f->text[AXIS_MEASURE] = t->value_measure;
	} else if (t->measure[0] && where == AXIS_NONE) {
		f->text[AXIS_MEASURE] = slice_str(t->measure);
		f->at[AXIS_MEASURE] = t->measure_at;
		f->above = true;
	}
	return 0;
}

static int row_facts(struct table *t, const struct row *row, struct err *e)
{
	struct fact f = { 0 };
	struct slice own[AXIS_VALUE];

	for (int i = 0; i < AXES; i++) {
		int rc = i == AXIS_VALUE ? 1 : axis_value(t, row, i, &f, e);

		if (rc <= 0)
			return rc;
	}
	if (table_complete_period(t, &f.text[AXIS_PERIOD], e) < 0)
		return -1;
	if (row_measure(t, row, &f, e) < 0)
		return -1;
	memcpy(own, f.text, sizeof(own));
	for (size_t c = 0; c < row->n && c < t->nheader; c++) {
		const struct cell *cell = &row->cells[c];

		if (t->roles[c] != ROLE_VALUE) {
			if (t->roles[c] == ROLE_UNNAMED && !cell_missing(cell->text))
				unnamed_column(t, cell, c);
			continue;
		}
		f.withheld = is_withheld(t, row, cell);
		if (!f.withheld && cell_missing(cell->text))
			continue;
		if (cell->repeated && !f.withheld) {
			table_complain(
				t, REFUSED_LAYOUT, cell->line, cell->column,
				"a merged cell covers several figures; only the first is taken");
			continue;
		}
		if (t->spread && put_headings(t, c, own, &f, e) < 0)
			return -1;
		f.text[AXIS_VALUE] = cell->text;
		f.at[AXIS_VALUE] = table_place_of_cell(cell);
		if (t->sink->fact(t->sink->ctx, &f, e) < 0)
			return -1;
	}
	return 0;
}

/* 甲, 乙, 1, 2, 3 below the header of an official form: its columns numbered. */
static bool numbers_columns(const struct row *row)
{
	static const char *const letters[] = { "甲", "乙", "丙", "丁", "戊", "己", "庚", "辛" };
	size_t letter = 0;
	int64_t last = 0, n;

	for (size_t c = 0; c < row->n; c++) {
		struct slice s = row->cells[c].text;

		if (!s.n || row->cells[c].repeated)
			continue;
		if (!last && letter < sizeof(letters) / sizeof(letters[0]) &&
		    slice_is(s, letters[letter]))
			letter++;
		else if (letter > 1 && num_parse_i64(s, &n, NULL) == 0 && n == last + 1)
			last = n;
		else
			return false;
	}
	return last > 0;
}

/* 单位负责人：, 填表人： below a form; beside them names and a telephone's number. */
static bool is_signed(const struct row *row)
{
	static const char *const words[] = { "负责人", "填表人", "制表人", "填报人", "审核人",
					     "复核人", "联系人", "电话",   "日期" };
	struct slice before, after;
	size_t c = 0;

	while (c < row->n && !row->cells[c].text.n)
		c++;
	if (c == row->n || !heading_cut_colon(row->cells[c].text, &before, &after))
		return false;
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (slice_ends(before, words[i]))
			return true;
	return false;
}

/* What a form has beside its figures, though numbers stand in it. */
static bool is_of_form(const struct table *t, const struct row *row)
{
	if (t->rows == 0 && numbers_columns(row))
		return true;
	return t->rows < FORM_ROWS && !t->records && is_signed(row);
}

/* "单位：亿元" by itself, above a further part of the table. */
static bool is_measure_line(struct table *t, const struct row *row)
{
	bool found = false;

	if (t->records || t->rows >= FORM_ROWS || table_filled_cells(row) > 2)
		return false;
	for (size_t c = 0; c < row->n && !found; c++)
		found = table_note_measure(t, row, c);
	return found;
}

int table_take_row(struct table *t, const struct row *row, bool first, struct err *e)
{
	if (t->sink->row(t->sink->ctx, row->line, e) < 0)
		return -1;
	if (!row->fault && is_measure_line(t, row))
		return 0;
	if (!row->fault && (!table_has_value(t, row) || !is_wanted(t, row)))
		return 0;
	if (!row->fault && is_of_form(t, row))
		return 0;
	t->rows++;
	if ((!first && table_repeats_header(t, row)) || !row_is_sound(t, row))
		return 0;
	return row_facts(t, row, e);
}
