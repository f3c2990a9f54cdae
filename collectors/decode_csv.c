/*
 * decode_csv.c - a CSV report to facts.
 *
 * Offices send tables with title lines above, notes below, and the figures either
 * in one column ("long") or spread over columns headed by a period, an indicator
 * or a unit ("wide"). So:
 *
 *   1. The header row is searched: the first row that has all columns the layout
 *      names. With several possible delimiters the one that gives it most cells wins.
 *   2. From the lines above it come the axes that stand in a title ("地区：上海市").
 *   3. Each later row gives one fact for each cell that has a value. A row without
 *      any value is a note. A title below the header begins a new table.
 *
 * A row that does not fit the header is refused as a whole: a comma too many has
 * moved its cells, and every value would land under the wrong heading.
 */
#include "collectors/body.h"
#include "collectors/cells.h"
#include "collectors/csv_scan.h"
#include "collectors/decode.h"

#include <stdio.h>
#include <stdlib.h>

enum {
	HEADER_ROWS = 200, /* searched for the header */
	AXIS_COLUMNS = 8,  /* columns that one axis may be joined from */
	KEY_MAX_BYTES = 1024,
	NO_COLUMN = -1,
};

enum { UNIT, INDICATOR, PERIOD, VALUE, FLAG, AXES };

static const char *const axis_names[AXES] = { "unit", "indicator", "period", "value", "flag" };

enum role {
	ROLE_OTHER, /* names a row, or is ignored */
	ROLE_VALUE,
	ROLE_UNNAMED, /* no heading: content there cannot be placed */
	ROLE_TOLD,    /* likewise, and it was said */
};

struct place {
	const struct axis *axis;
	struct slice keys[AXIS_COLUMNS]; /* names as text_key() makes them; empty for "#3" */
	long columns[AXIS_COLUMNS];
	struct slice title; /* the value in the title line, or the key of its label before */
	struct fact_place title_at;
	struct slice label;
	bool titled;
};

struct reader {
	const struct layout *layout;
	const struct fact_sink *sink;
	struct arena *arena;
	struct csv_scan scan;
	struct place places[AXES];
	int header_axis; /* the axis in the header, or -1 */
	bool titles;     /* some axis stands in a title */
	bool replaced;   /* the body has U+FFFD somewhere */
	struct slice *header;
	struct fact_place *header_at;
	enum role *roles;
	size_t nheader; /* cells up to the last with a heading */
	unsigned block; /* line of a title whose header has not come yet, or 0 */
};

/* --- the layout --------------------------------------------------------------------- */

static const struct axis *layout_axis(const struct layout *l, int i)
{
	const struct axis *axes[AXES] = { &l->unit, &l->indicator, &l->period, &l->value,
					  &l->flag };

	return axes[i];
}

/* "#3" is the third column; NO_COLUMN when it is a name. */
static long numbered_column(const char *name)
{
	char *end;
	long n;

	if (name[0] != '#' || name[1] < '1' || name[1] > '9')
		return NO_COLUMN;
	n = strtol(name + 1, &end, 10);
	return *end || n > ROW_CELLS_MAX ? NO_COLUMN : n - 1;
}

static int no_room(struct err *e)
{
	return err_set(e, ERR_LIMIT, "the document needs more memory than it may have");
}

static int place_init(struct reader *r, int i, struct err *e)
{
	struct place *p = &r->places[i];
	const struct axis *axis = layout_axis(r->layout, i);

	p->axis = axis;
	if (axis->where == AXIS_TITLE) {
		p->label = text_key(slice_str(axis->text), r->arena);
		r->titles = true;
		return p->label.p ? 0 : no_room(e);
	}
	if (axis->where == AXIS_HEADER) {
		if (i == FLAG)
			return err_set(e, ERR_INVALID, "the layout has the flag in the header");
		if (i != VALUE && r->header_axis >= 0)
			return err_set(e, ERR_INVALID,
				       "the layout has both %s and %s in the header",
				       axis_names[r->header_axis], axis_names[i]);
		if (i != VALUE)
			r->header_axis = i;
	}
	if (axis->where != AXIS_COLUMN)
		return 0;
	if (axis->ncolumns == 0 || axis->ncolumns > AXIS_COLUMNS)
		return err_set(e, ERR_INVALID, "the layout has %zu columns for the %s, not 1 to %d",
			       axis->ncolumns, axis_names[i], AXIS_COLUMNS);
	for (size_t k = 0; k < axis->ncolumns; k++) {
		p->columns[k] = numbered_column(axis->columns[k]);
		if (p->columns[k] != NO_COLUMN)
			continue;
		p->keys[k] = text_key(slice_str(axis->columns[k]), r->arena);
		if (!p->keys[k].p)
			return no_room(e);
	}
	return 0;
}

static int reader_init(struct reader *r, struct err *e)
{
	r->header_axis = -1;
	for (int i = 0; i < AXES; i++)
		if (place_init(r, i, e) < 0)
			return -1;
	for (int i = 0; i <= PERIOD; i++)
		if (r->places[i].axis->where == AXIS_NONE)
			return err_set(e, ERR_INVALID, "the layout does not say where the %s is",
				       axis_names[i]);
	if ((r->header_axis < 0) != (r->places[VALUE].axis->where == AXIS_COLUMN))
		return err_set(e, ERR_INVALID,
			       "the layout needs either an axis in the header or a column with "
			       "the value");
	return 0;
}

/* --- titles ------------------------------------------------------------------------- */

/* Whether the text means what was configured, given as its key. */
static bool means(struct reader *r, struct slice text, struct slice key)
{
	struct arena_mark mark = arena_mark(r->arena);
	bool same;

	if (text.n == 0 || text.n > KEY_MAX_BYTES)
		return false;
	same = slice_eq(text_key(text, r->arena), key);
	arena_reset(r->arena, mark);
	return same;
}

/* Cuts "地区：上海市" in two; false when there is no colon. */
static bool cut_colon(struct slice s, struct slice *before, struct slice *after)
{
	for (size_t i = 0; i < s.n; i++) {
		size_t n = s.p[i] == ':' ? 1 : slice_starts(slice_skip(s, i), "：") ? 3 : 0;

		if (!n)
			continue;
		*before = text_trim(slice_of(s.p, i));
		*after = text_trim(slice_skip(s, i + n));
		return true;
	}
	return false;
}

/* Takes what the row says of axes in titles. In the rows of a table only a label with its colon
 * counts (`strict`), for there the label may be a value. True when it said something. */
static struct fact_place place_of_cell(const struct cell *c)
{
	return (struct fact_place){ c->line, c->column };
}

static bool take_titles(struct reader *r, const struct row *row, bool strict)
{
	bool found = false;

	for (size_t c = 0; c < row->n; c++) {
		struct slice before = row->cells[c].text, after = slice_of("", 0);
		bool colon = cut_colon(row->cells[c].text, &before, &after);
		size_t value;

		if (!before.n || (strict && (!colon || c > 0)))
			continue;
		for (int i = 0; i < AXES; i++) {
			struct place *p = &r->places[i];

			if (p->axis->where != AXIS_TITLE || !means(r, before, p->label))
				continue;
			value = c;
			while (!after.n && ++value < row->n)
				after = row->cells[value].text;
			if (!after.n)
				continue;
			p->title = arena_slice(r->arena, after);
			p->title_at = place_of_cell(&row->cells[value]);
			p->titled = p->title.p != NULL;
			found = true;
		}
	}
	return found;
}

static bool might_be_title(const struct row *row)
{
	struct slice s = row->cells[0].text;

	return memchr(s.p, ':', s.n) || memmem(s.p, s.n, "：", 3);
}

/* --- the header --------------------------------------------------------------------- */

/* How the named columns of the layout were met by one row. */
struct match {
	size_t named, found;
	const char *missing; /* one that was not */
	const char *twice;   /* one that stands there twice */
	size_t first, second;
};

/* Looks for all named columns in the row. */
static void match_row(struct reader *r, const struct row *row, struct match *m)
{
	*m = (struct match){ 0 };
	for (int i = 0; i < AXES; i++) {
		struct place *p = &r->places[i];

		for (size_t k = 0; p->axis->where == AXIS_COLUMN && k < p->axis->ncolumns; k++) {
			if (!p->keys[k].p)
				continue;
			m->named++;
			p->columns[k] = NO_COLUMN;
			for (size_t c = 0; c < row->n; c++) {
				if (!means(r, row->cells[c].text, p->keys[k]))
					continue;
				if (p->columns[k] != NO_COLUMN) {
					m->twice = p->axis->columns[k];
					m->first = (size_t)p->columns[k] + 1;
					m->second = c + 1;
					continue;
				}
				p->columns[k] = (long)c;
			}
			if (p->columns[k] == NO_COLUMN)
				m->missing = p->axis->columns[k];
			m->found += p->columns[k] != NO_COLUMN;
		}
	}
}

static size_t filled_cells(const struct row *row)
{
	size_t n = 0;

	for (size_t c = 0; c < row->n; c++)
		n += row->cells[c].text.n > 0;
	return n;
}

/* Where nothing is named, the header is the first row with two cells that is no title. */
static bool is_header(struct reader *r, const struct row *row, struct match *m)
{
	match_row(r, row, m);
	if (m->named)
		return m->found == m->named;
	return filled_cells(row) >= 2 && !(r->titles && might_be_title(row));
}

/* The best of the rows that were no header, for the sentence. */
struct search {
	unsigned line;
	size_t found;
	const char *missing;
	unsigned rows;
};

/* Moves the scan behind the header row, taking titles on the way. 1: scan.row is the header.
 * 0: there is none. */
static int seek_header(struct reader *r, struct search *best, struct err *e)
{
	struct match m;
	int rc;

	for (unsigned n = 0; n < HEADER_ROWS && (rc = csv_scan_next(&r->scan, e)) != 0; n++) {
		if (rc < 0)
			return -1;
		best->rows++;
		if (filled_cells(&r->scan.row) == 0)
			continue;
		if (is_header(r, &r->scan.row, &m)) {
			if (!m.twice)
				return 1;
			return err_set(e, ERR_INVALID,
				       "line %u: column '%s' stands twice in the header, as column "
				       "%zu and %zu",
				       r->scan.row.line, m.twice, m.first, m.second);
		}
		if (m.found > best->found) {
			best->found = m.found;
			best->line = r->scan.row.line;
			best->missing = m.missing;
		} else if (!best->missing)
			best->missing = m.missing;
		if (r->titles)
			take_titles(r, &r->scan.row, false);
	}
	return 0;
}

static int no_header(const struct search *best, struct err *e)
{
	if (!best->missing)
		return err_set(e, ERR_INVALID, "there is no header row in the first %u rows",
			       best->rows);
	if (best->line)
		return err_set(e, ERR_INVALID,
			       "line %u: looks like the header, but column '%s' is not in it",
			       best->line, best->missing);
	return err_set(e, ERR_INVALID,
		       "no header row: column '%s' is not in any of the first %u rows",
		       best->missing, best->rows);
}

/* The delimiter whose header row has most cells; 0 with the reason in `best` when none has one. */
static int guess_delimiter(struct reader *r, struct slice body, char *delimiter,
			   struct search *best, struct err *e)
{
	static const char candidates[] = { ',', ';', '\t' };
	size_t most = 0;

	*delimiter = 0;
	for (size_t i = 0; i < sizeof(candidates); i++) {
		struct search s = { 0 };
		struct err why;
		int rc;

		csv_scan_init(&r->scan, body, candidates[i], r->arena);
		rc = seek_header(r, &s, &why);
		if (rc < 0 && why.code != ERR_INVALID) {
			*e = why;
			return -1;
		}
		if (rc != 0 && r->scan.row.n > most) {
			most = r->scan.row.n;
			*delimiter = candidates[i];
		}
		if (i == 0 || s.found > best->found)
			*best = s;
	}
	return 0;
}

/* --- from the header to the rows ------------------------------------------------------ */

static bool is_ignored(struct reader *r, struct slice heading)
{
	const struct layout *l = r->layout;
	struct arena_mark mark = arena_mark(r->arena);
	bool ignored = false;

	for (size_t i = 0; i < l->nignore && !ignored; i++)
		ignored = means(r, heading, text_key(slice_str(l->ignore[i]), r->arena));
	arena_reset(r->arena, mark);
	return ignored;
}

static bool is_named(const struct reader *r, size_t column)
{
	for (int i = 0; i < AXES; i++) {
		const struct place *p = &r->places[i];

		for (size_t k = 0; p->axis->where == AXIS_COLUMN && k < p->axis->ncolumns; k++)
			if (p->columns[k] == (long)column)
				return true;
	}
	return false;
}

static enum role role_of(struct reader *r, size_t column, bool first)
{
	struct slice heading = r->header[column];

	if (r->header_axis < 0) {
		bool value = r->places[VALUE].columns[0] == (long)column;

		return value ? ROLE_VALUE : ROLE_OTHER;
	}
	if (is_named(r, column))
		return ROLE_OTHER;
	if (!heading.n)
		return first ? ROLE_OTHER : ROLE_UNNAMED; /* leading: numbers of the rows */
	return is_ignored(r, heading) ? ROLE_OTHER : ROLE_VALUE;
}

/* Keeps the header, whose cells go with the next row. */
static int take_header(struct reader *r, struct err *e)
{
	const struct row *row = &r->scan.row;
	size_t least = 0;
	bool first = true;

	for (int i = 0; i < AXES; i++)
		for (size_t k = 0;
		     r->places[i].axis->where == AXIS_COLUMN && k < r->places[i].axis->ncolumns;
		     k++)
			if ((size_t)r->places[i].columns[k] + 1 > least)
				least = (size_t)r->places[i].columns[k] + 1;
	r->nheader = least;
	for (size_t c = least; c < row->n; c++)
		if (row->cells[c].text.n)
			r->nheader = c + 1;
	r->header = arena_array(r->arena, r->nheader + 1, sizeof(*r->header));
	r->header_at = arena_array(r->arena, r->nheader + 1, sizeof(*r->header_at));
	r->roles = arena_array(r->arena, r->nheader + 1, sizeof(*r->roles));
	if (!r->header || !r->header_at || !r->roles)
		return no_room(e);
	for (size_t c = 0; c < r->nheader; c++) {
		struct slice text = c < row->n ? row->cells[c].text : slice_of("", 0);

		r->header[c] = arena_slice(r->arena, text);
		if (!r->header[c].p)
			return no_room(e);
		if (c < row->n)
			r->header_at[c] = place_of_cell(&row->cells[c]);
		r->roles[c] = role_of(r, c, first);
		first = first && !text.n;
	}
	for (int i = 0; i < AXES; i++)
		if (r->places[i].axis->where == AXIS_TITLE && !r->places[i].titled)
			return err_set(e, ERR_INVALID,
				       "no line '%s：…' stands above the header in line %u",
				       r->places[i].axis->text, row->line);
	return 0;
}

/* --- one row ------------------------------------------------------------------------ */

static void complain(struct reader *r, enum refusal why, unsigned line, unsigned column,
		     const char *text)
{
	r->sink->complain(r->sink->ctx, why, line, column, text);
}

static struct slice cell_at(const struct row *row, long column)
{
	if (column < 0 || (size_t)column >= row->n)
		return slice_of("", 0);
	return row->cells[column].text;
}

static bool has_value(const struct reader *r, const struct row *row)
{
	for (size_t c = 0; c < row->n && c < r->nheader; c++)
		if (r->roles[c] == ROLE_VALUE && !cell_missing(row->cells[c].text))
			return true;
	return false;
}

/* A long table that was printed in pages has its header again and again. */
static bool repeats_header(const struct reader *r, const struct row *row)
{
	for (size_t c = 0; c < r->nheader; c++)
		if (!slice_eq(cell_at(row, (long)c), r->header[c]))
			return false;
	return true;
}

/* False, with a complaint, for a row whose cells cannot be trusted to stand where they should. */
static bool row_is_sound(struct reader *r, const struct row *row)
{
	char text[160];

	if (row->fault) {
		complain(r, REFUSED_LAYOUT, row->fault_line, row->fault_column, row->fault);
		return false;
	}
	for (size_t c = r->nheader; c < row->n; c++) {
		if (cell_missing(row->cells[c].text))
			continue;
		snprintf(text, sizeof(text),
			 "the row has %zu cells, the header %zu (is a comma inside a number?); the "
			 "row is left out",
			 c + 1, r->nheader);
		complain(r, REFUSED_LAYOUT, row->cells[c].line, row->cells[c].column, text);
		return false;
	}
	for (size_t c = 0; r->replaced && c < row->n; c++) {
		if (!memmem(row->cells[c].text.p, row->cells[c].text.n, "\xef\xbf\xbd", 3))
			continue;
		complain(r, REFUSED_ENCODING, row->cells[c].line, row->cells[c].column,
			 "characters of this row were lost in a conversion (U+FFFD); the row is "
			 "left out");
		return false;
	}
	return true;
}

/* What the row says of one axis. 1: it does. 0, with a complaint: a column of it is empty. -1: no
 * memory. */
static int axis_value(struct reader *r, const struct row *row, int i, struct slice *out,
		      struct fact_place *at, struct err *e)
{
	const struct place *p = &r->places[i];
	struct slice join = slice_str(p->axis->join ? p->axis->join : "-");
	size_t total = 0, n = 0;
	char text[160], shown[TEXT_SHOWN], *buf;

	*out = slice_of("", 0);
	*at = (struct fact_place){ 0 };
	if (p->axis->where == AXIS_FIXED)
		*out = slice_str(p->axis->text);
	if (p->axis->where == AXIS_TITLE) {
		*out = p->title;
		*at = p->title_at;
	}
	if (p->axis->where != AXIS_COLUMN)
		return 1;
	for (size_t k = 0; k < p->axis->ncolumns; k++) {
		struct slice s = cell_at(row, p->columns[k]);

		if (!s.n && i != FLAG) {
			snprintf(text, sizeof(text), "the %s is missing: column %s is empty",
				 axis_names[i], text_shown(slice_str(p->axis->columns[k]), shown));
			complain(r, REFUSED_LAYOUT, row->line, 0, text);
			return 0;
		}
		total += s.n + join.n;
	}
	*out = cell_at(row, p->columns[0]);
	if ((size_t)p->columns[0] < row->n)
		*at = place_of_cell(&row->cells[p->columns[0]]);
	if (p->axis->ncolumns == 1)
		return 1;
	buf = arena_alloc(r->arena, total);
	if (!buf)
		return no_room(e);
	for (size_t k = 0; k < p->axis->ncolumns; k++) {
		struct slice s = cell_at(row, p->columns[k]);

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

static void unnamed_column(struct reader *r, const struct cell *cell, size_t c)
{
	char text[96];

	snprintf(text, sizeof(text), "column %zu has no heading; what stands there is left out",
		 c + 1);
	complain(r, REFUSED_LAYOUT, cell->line, cell->column, text);
	r->roles[c] = ROLE_TOLD;
}

/* What the header says of a column goes to the fact. */
static void put_header(const struct reader *r, size_t c, struct fact *f)
{
	struct slice *texts[] = { &f->unit, &f->indicator, &f->period };
	struct fact_place *places[] = { &f->unit_at, &f->indicator_at, &f->period_at };

	if (r->header_axis < 0)
		return;
	*texts[r->header_axis] = r->header[c];
	*places[r->header_axis] = r->header_at[c];
}

static int row_facts(struct reader *r, const struct row *row, struct err *e)
{
	struct slice text[AXES];
	struct fact_place at[AXES];
	struct fact f;

	for (int i = 0; i < AXES; i++) {
		int rc = i == VALUE ? 1 : axis_value(r, row, i, &text[i], &at[i], e);

		if (rc <= 0)
			return rc;
	}
	f = (struct fact){ .unit = text[UNIT],
			   .indicator = text[INDICATOR],
			   .period = text[PERIOD],
			   .flag = text[FLAG],
			   .unit_at = at[UNIT],
			   .indicator_at = at[INDICATOR],
			   .period_at = at[PERIOD],
			   .flag_at = at[FLAG] };
	for (size_t c = 0; c < row->n && c < r->nheader; c++) {
		const struct cell *cell = &row->cells[c];

		if (r->roles[c] != ROLE_VALUE) {
			if (r->roles[c] == ROLE_UNNAMED && !cell_missing(cell->text))
				unnamed_column(r, cell, c);
			continue;
		}
		if (cell_missing(cell->text))
			continue;
		put_header(r, c, &f);
		f.value = cell->text;
		f.line = cell->line;
		f.column = cell->column;
		if (r->sink->fact(r->sink->ctx, &f, e) < 0)
			return -1;
	}
	return 0;
}

static int take_row(struct reader *r, struct err *e)
{
	const struct row *row = &r->scan.row;

	if (r->sink->row(r->sink->ctx, row->line, e) < 0)
		return -1;
	if (!row->fault && !has_value(r, row))
		return 0;
	if (repeats_header(r, row) || !row_is_sound(r, row))
		return 0;
	return row_facts(r, row, e);
}

/* --- the document ------------------------------------------------------------------- */

/* Where all columns are given by number there may be no header at all: then a number stands where
 * the values are. */
static bool headless(struct reader *r)
{
	struct cell_number n;

	for (int i = 0; i < AXES; i++)
		for (size_t k = 0;
		     r->places[i].axis->where == AXIS_COLUMN && k < r->places[i].axis->ncolumns;
		     k++)
			if (r->places[i].keys[k].p)
				return false;
	return r->header_axis < 0 && cell_number(cell_at(&r->scan.row, r->places[VALUE].columns[0]),
						 r->arena, &n, NULL) == 0;
}

static int first_row(struct reader *r, struct err *e)
{
	const struct row *row = &r->scan.row;

	if (r->sink->row(r->sink->ctx, row->line, e) < 0)
		return -1;
	return row_is_sound(r, row) ? row_facts(r, row, e) : 0;
}

/* A table ended with a title: its header must come again. */
static int next_table(struct reader *r, struct err *e)
{
	struct search best = { 0 };
	int rc;

	r->block = r->scan.row.line;
	rc = seek_header(r, &best, e);
	if (rc < 0)
		return -1;
	if (rc == 0) {
		complain(r, REFUSED_LAYOUT, r->block, 1,
			 "a new table begins here, but no header row follows; it is left out");
		return 0;
	}
	r->block = 0;
	return take_header(r, e) < 0 ? -1 : 1;
}

static int read_rows(struct reader *r, struct err *e)
{
	struct arena_mark mark = arena_mark(r->arena);
	size_t cap = r->scan.cap;
	int rc;

	while ((rc = csv_scan_next(&r->scan, e)) > 0) {
		struct row *row = &r->scan.row;

		if (row->n == 1 && !row->cells[0].text.n)
			continue;
		if (r->titles && might_be_title(row) && take_titles(r, row, true)) {
			rc = next_table(r, e);
			if (rc <= 0)
				return rc;
			mark = arena_mark(r->arena);
			cap = r->scan.cap;
			continue;
		}
		if (take_row(r, e) < 0)
			return -1;
		/* The array of cells grows in this arena too and must not be given back. */
		if (r->scan.cap == cap)
			arena_reset(r->arena, mark);
		else
			mark = arena_mark(r->arena);
		cap = r->scan.cap;
	}
	return rc;
}

int decode_csv(struct slice body, const struct layout *l, struct arena *a,
	       const struct fact_sink *sink, struct err *e)
{
	struct reader r = { .layout = l, .sink = sink, .arena = a };
	struct search best = { 0 };
	struct err own = { .code = ERR_NONE };
	char delimiter = l->delimiter;
	int rc;

	e = e ? e : &own;
	if (body_check(body, "CSV", e) < 0 || body_check_markup(body, "CSV", e) < 0)
		return -1;
	if (reader_init(&r, e) < 0)
		return -1;
	r.replaced = memmem(body.p, body.n, "\xef\xbf\xbd", 3) != NULL;
	if (!delimiter && guess_delimiter(&r, body, &delimiter, &best, e) < 0)
		return -1;
	if (!delimiter)
		return no_header(&best, e);
	best = (struct search){ 0 };
	csv_scan_init(&r.scan, body, delimiter, a);
	rc = seek_header(&r, &best, e);
	if (rc == 0)
		return no_header(&best, e);
	if (rc < 0 || take_header(&r, e) < 0)
		return -1;
	if (headless(&r) && first_row(&r, e) < 0)
		return -1;
	return read_rows(&r, e);
}
