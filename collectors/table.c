/*
 * table.c - see table.h.
 *
 * Rows are told to a table one by one, so it is either seeking a header or below
 * one; `row()` at the end is the way through. What is kept from row to row (header,
 * titles) lies in the arena below a mark to which it goes back after each row.
 */
#include "collectors/table.h"

#include "base/period.h"
#include "collectors/cells.h"
#include "collectors/heading.h"

#include <stdio.h>
#include <stdlib.h>

enum {
	SEEK_ROWS = 200,   /* searched for the header */
	AXIS_COLUMNS = 8,  /* columns that one axis may be joined from */
	ONLY_MAX = 8,      /* columns that choose rows */
	SHEETS_SHOWN = 10, /* in a sentence */
	KEY_MAX_BYTES = 1024,
	NO_COLUMN = -1,
};

const char *const axis_names[AXES] = {
	"unit", "indicator", "period", "value", "flag", "measure", "multiplier",
};

enum role {
	ROLE_OTHER, /* names a row, or is ignored */
	ROLE_VALUE,
	ROLE_UNNAMED, /* no heading: content there cannot be placed */
	ROLE_TOLD,    /* likewise, and it was said */
};

/* A column that the layout names. */
struct named {
	const char *name;
	struct slice key; /* as text_key() makes it; empty for "#3" */
	long column;      /* NO_COLUMN: not met */
};

struct place {
	const struct axis *axis;
	struct named columns[AXIS_COLUMNS];
	struct slice title; /* the value in the title line */
	struct fact_place title_at;
	struct slice label; /* key of the title's label */
	bool titled;
};

/* How the named columns of the layout were met by one row. */
struct match {
	size_t named, found;
	const char *missing; /* one that was not */
	const char *twice;   /* one that stands there twice */
	size_t first, second;
};

/* The best of the rows that were no header, for the sentence. */
struct search {
	unsigned line;
	size_t found;
	const char *missing;
	unsigned rows;
};

struct table {
	const struct layout *layout;
	const struct fact_sink *sink;
	struct arena *arena;
	struct place places[AXES];
	struct named only[ONLY_MAX];
	bool spread; /* some axis stands in the header */
	bool titles; /* some axis stands in a title */
	bool blanks_merged, whole;

	/* the table that is read now */
	struct slice name;
	unsigned ntables; /* begun so far */
	bool skipped;     /* not among the sheets that are wanted */
	bool records;
	bool below;     /* the header was found */
	unsigned block; /* line of a title whose header has not come yet, or 0 */
	struct search best;
	struct row stack[HEADER_ROWS_MAX]; /* the last rows, while a stacked header is sought */
	size_t nstack;
	struct row
		met[HEADER_ROWS_MAX]; /* those that would do, unless the next row is one of them */
	struct row joined;            /* what they say together */
	bool any_met;
	struct slice *header;
	struct cell *headings[AXES]; /* what the header says of an axis that stands in it */
	enum role *roles;
	size_t nheader; /* cells up to the last with a heading */

	/* all tables */
	unsigned headers; /* found */
	bool sheet_met[AXIS_COLUMNS * 8];
	struct err none; /* why the first table without a header had none */
	char names[256]; /* of the sheets there are */
};

static int no_room(struct err *e)
{
	return err_set(e, ERR_LIMIT, "the document needs more memory than it may have");
}

static void complain(struct table *t, enum refusal why, unsigned line, unsigned column,
		     const char *text)
{
	t->sink->complain(t->sink->ctx, why, line, column, text);
}

/* --- the layout --------------------------------------------------------------------- */

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

static int named_init(struct table *t, struct named *n, const char *name, struct err *e)
{
	*n = (struct named){ .name = name, .column = numbered_column(name) };
	if (n->column != NO_COLUMN)
		return 0;
	n->key = text_key(slice_str(name), t->arena);
	return n->key.p ? 0 : no_room(e);
}

static bool in_header(const struct axis *x)
{
	return x->where == AXIS_HEADER || x->headed;
}

/* Several axes may stand in the header when each has a row of it for itself. */
static int header_init(struct table *t, int i, struct err *e)
{
	const struct axis *axes = t->layout->axes;

	if (i >= AXIS_VALUE && i < AXES)
		return err_set(e, ERR_INVALID, "the layout has the %s in the header",
			       axis_names[i]);
	if (axes[i].row > t->layout->header_rows)
		return err_set(e, ERR_INVALID, "the layout has the %s in row %u of %u header rows",
			       axis_names[i], axes[i].row, t->layout->header_rows);
	for (int k = 0; k < i; k++)
		if (in_header(&axes[k]) && (!axes[i].row || axes[k].row == axes[i].row))
			return err_set(e, ERR_INVALID,
				       "the layout has both %s and %s in the header", axis_names[k],
				       axis_names[i]);
	t->spread = true;
	return 0;
}

static int place_init(struct table *t, int i, struct err *e)
{
	struct place *p = &t->places[i];
	const struct axis *axis = &t->layout->axes[i];

	p->axis = axis;
	if (axis->where == AXIS_IN_TITLE && i != AXIS_PERIOD)
		return err_set(e, ERR_INVALID, "the layout looks for the %s within titles",
			       axis_names[i]);
	t->titles |= axis->where == AXIS_IN_TITLE;
	if (axis->where == AXIS_TITLE) {
		p->label = text_key(slice_str(axis->text), t->arena);
		t->titles = true;
		return p->label.p ? 0 : no_room(e);
	}
	if (in_header(axis) && i != AXIS_VALUE && header_init(t, i, e) < 0)
		return -1;
	if (axis->where != AXIS_COLUMN)
		return 0;
	if (axis->ncolumns == 0 || axis->ncolumns > AXIS_COLUMNS)
		return err_set(e, ERR_INVALID, "the layout has %zu columns for the %s, not 1 to %d",
			       axis->ncolumns, axis_names[i], AXIS_COLUMNS);
	for (size_t k = 0; k < axis->ncolumns; k++)
		if (named_init(t, &p->columns[k], axis->columns[k], e) < 0)
			return -1;
	return 0;
}

static int layout_init(struct table *t, struct err *e)
{
	const struct layout *l = t->layout;

	for (int i = 0; i < AXES; i++)
		if (place_init(t, i, e) < 0)
			return -1;
	for (int i = 0; i <= AXIS_PERIOD; i++)
		if (t->places[i].axis->where == AXIS_NONE)
			return err_set(e, ERR_INVALID, "the layout does not say where the %s is",
				       axis_names[i]);
	if (t->spread == (l->value.where == AXIS_COLUMN))
		return err_set(e, ERR_INVALID,
			       "the layout needs either an axis in the header or a column with "
			       "the value");
	if (l->header_rows > HEADER_ROWS_MAX)
		return err_set(e, ERR_INVALID,
			       "the layout stacks the header of %u rows, not 1 to %d",
			       l->header_rows, HEADER_ROWS_MAX);
	if (l->nonly > ONLY_MAX || l->nsheets > sizeof(t->sheet_met))
		return err_set(
			e, ERR_INVALID,
			"the layout chooses by %zu columns and %zu sheets, at most %d and %zu",
			l->nonly, l->nsheets, ONLY_MAX, sizeof(t->sheet_met));
	for (size_t k = 0; k < l->nonly; k++)
		if (named_init(t, &t->only[k], l->only[k].column, e) < 0)
			return -1;
	return 0;
}

/* Calls `each` for every column the layout names, until one gives false. */
static bool each_named(struct table *t, bool (*each)(struct named *n, void *ctx), void *ctx)
{
	for (int i = 0; i < AXES; i++) {
		struct place *p = &t->places[i];

		for (size_t k = 0; p->axis->where == AXIS_COLUMN && k < p->axis->ncolumns; k++)
			if (!each(&p->columns[k], ctx))
				return false;
	}
	for (size_t k = 0; k < t->layout->nonly; k++)
		if (!each(&t->only[k], ctx))
			return false;
	return true;
}

/* --- titles ------------------------------------------------------------------------- */

/* Whether the text means what was configured, given as its key. */
static bool means(struct table *t, struct slice text, struct slice key)
{
	struct arena_mark mark = arena_mark(t->arena);
	bool same;

	if (text.n == 0 || text.n > KEY_MAX_BYTES)
		return false;
	same = slice_eq(text_key(text, t->arena), key);
	arena_reset(t->arena, mark);
	return same;
}

static struct fact_place place_of_cell(const struct cell *c)
{
	return (struct fact_place){ c->line, c->column };
}

/* Takes what the row says of axes in titles. In the rows of a table only a label with its colon
 * counts (`strict`), for there the label may be a value. True when it said something. */
static bool take_titles(struct table *t, const struct row *row, bool strict)
{
	bool found = false;

	for (size_t c = 0; c < row->n; c++) {
		struct slice before = row->cells[c].text, after = slice_of("", 0);
		bool colon = heading_cut_colon(row->cells[c].text, &before, &after);
		size_t value;

		if (!before.n || row->cells[c].repeated || (strict && (!colon || c > 0)))
			continue;
		for (int i = 0; i < AXES; i++) {
			struct place *p = &t->places[i];

			if (p->axis->where != AXIS_TITLE || !means(t, before, p->label))
				continue;
			value = c;
			while (!after.n && ++value < row->n)
				if (!row->cells[value].repeated)
					after = row->cells[value].text;
			if (!after.n)
				continue;
			p->title = arena_slice(t->arena, after);
			p->title_at = place_of_cell(&row->cells[value]);
			p->titled = p->title.p != NULL;
			found = true;
		}
	}
	return found;
}

/* The first period that stands in a line above the header. */
static void take_period(struct table *t, const struct row *row)
{
	struct place *p = &t->places[AXIS_PERIOD];
	bool folded;

	for (size_t c = 0; c < row->n && !p->titled; c++) {
		struct slice text = text_fold_width(row->cells[c].text, t->arena, &folded), found;

		if (!text.p || !period_find(text, &found))
			continue;
		p->title = arena_slice(t->arena, found);
		p->title_at = place_of_cell(&row->cells[c]);
		p->titled = p->title.p != NULL;
	}
}

static bool might_be_title(const struct row *row)
{
	struct slice s = row->n ? row->cells[0].text : slice_of("", 0);

	return s.n && (memchr(s.p, ':', s.n) || memmem(s.p, s.n, "：", 3));
}

/* --- a stacked header ----------------------------------------------------------------- */

/* A copy of the row that stays. */
static int keep_row(struct table *t, const struct row *row, struct row *out, struct err *e)
{
	*out = *row;
	out->cells = arena_array(t->arena, row->n ? row->n : 1, sizeof(*out->cells));
	if (!out->cells)
		return no_room(e);
	for (size_t c = 0; c < row->n; c++) {
		out->cells[c] = row->cells[c];
		out->cells[c].text = arena_slice(t->arena, row->cells[c].text);
		if (!out->cells[c].text.p)
			return no_room(e);
	}
	return 0;
}

static void fill_from_left(struct row *row)
{
	for (size_t c = 1; c < row->n; c++) {
		if (row->cells[c].text.n || !row->cells[c - 1].text.n)
			continue;
		row->cells[c] = row->cells[c - 1];
		row->cells[c].repeated = true;
	}
}

/* What the stacked rows say above column c. */
static int join_heading(struct table *t, size_t c, struct cell *out, struct err *e)
{
	struct slice last = slice_of("", 0);

	*out = (struct cell){ .text = last };
	for (size_t k = 0; k < t->nstack; k++) {
		const struct row *r = &t->stack[k];
		struct slice text = c < r->n ? r->cells[c].text : slice_of("", 0);
		const char *joined;

		if (!text.n || slice_eq(text, last))
			continue;
		last = text;
		joined = out->text.n ? arena_printf(t->arena, "%.*s %.*s", SLICE_FMT(out->text),
						    SLICE_FMT(text))
				     : text.p;
		if (!joined)
			return no_room(e);
		out->text = out->text.n ? slice_str(joined) : text;
		out->line = r->cells[c].line;
		out->column = r->cells[c].column;
	}
	return 0;
}

/* Adds the row to those that may be the header. 1: `out` is the header they would make. 0: there
 * are not yet enough of them. */
static int stack_row(struct table *t, const struct row *row, struct row *out, struct err *e)
{
	size_t wanted = t->layout->header_rows;

	if (t->nstack == wanted)
		memmove(t->stack, t->stack + 1, --t->nstack * sizeof(*t->stack));
	if (keep_row(t, row, &t->stack[t->nstack], e) < 0)
		return -1;
	t->nstack++;
	for (size_t k = 0; t->blanks_merged && k + 1 < t->nstack; k++)
		fill_from_left(&t->stack[k]);
	if (t->nstack < wanted)
		return 0;
	*out = (struct row){ .line = row->line };
	for (size_t k = 0; k < wanted; k++)
		if (t->stack[k].n > out->n)
			out->n = t->stack[k].n;
	out->cells = arena_array(t->arena, out->n ? out->n : 1, sizeof(*out->cells));
	if (!out->cells)
		return no_room(e);
	for (size_t c = 0; c < out->n; c++)
		if (join_heading(t, c, &out->cells[c], e) < 0)
			return -1;
	return 1;
}

/* --- the header --------------------------------------------------------------------- */

struct matching {
	struct table *t;
	const struct row *row;
	struct match *m;
};

static bool match_column(struct named *n, void *ctx)
{
	struct matching *x = ctx;

	if (!n->key.p)
		return true;
	x->m->named++;
	n->column = NO_COLUMN;
	for (size_t c = 0; c < x->row->n; c++) {
		if (!means(x->t, x->row->cells[c].text, n->key))
			continue;
		if (n->column != NO_COLUMN) {
			if (x->row->cells[c].repeated)
				continue;
			x->m->twice = n->name;
			x->m->first = (size_t)n->column + 1;
			x->m->second = c + 1;
			continue;
		}
		n->column = (long)c;
	}
	if (n->column == NO_COLUMN)
		x->m->missing = n->name;
	x->m->found += n->column != NO_COLUMN;
	return true;
}

static size_t filled_cells(const struct row *row)
{
	size_t n = 0;

	for (size_t c = 0; c < row->n; c++)
		n += row->cells[c].text.n > 0 && !row->cells[c].repeated;
	return n;
}

/* Where nothing is named, the header is the first row with two cells that is no title. */
static bool is_header(struct table *t, const struct row *row, struct match *m)
{
	struct matching x = { t, row, m };

	*m = (struct match){ 0 };
	each_named(t, match_column, &x);
	if (m->named)
		return m->found == m->named;
	if (t->nstack)
		row = &t->stack[0];
	return filled_cells(row) >= 2 && !(t->titles && might_be_title(row));
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

static bool is_ignored(struct table *t, struct slice heading)
{
	const struct layout *l = t->layout;
	struct arena_mark mark = arena_mark(t->arena);
	bool ignored = false;

	for (size_t i = 0; i < l->nignore && !ignored; i++)
		ignored = means(t, heading, text_key(slice_str(l->ignore[i]), t->arena));
	arena_reset(t->arena, mark);
	return ignored;
}

static bool is_another(struct named *n, void *ctx)
{
	return n->column != *(const long *)ctx;
}

static enum role role_of(struct table *t, size_t column, bool first)
{
	long c = (long)column;

	if (!t->spread)
		return t->places[AXIS_VALUE].columns[0].column == c ? ROLE_VALUE : ROLE_OTHER;
	if (!each_named(t, is_another, &c))
		return ROLE_OTHER;
	if (!t->header[column].n)
		return first ? ROLE_OTHER : ROLE_UNNAMED; /* leading: numbers of the rows */
	return is_ignored(t, t->header[column]) ? ROLE_OTHER : ROLE_VALUE;
}

static bool widen(struct named *n, void *ctx)
{
	size_t *least = ctx;

	if (n->column != NO_COLUMN && (size_t)n->column + 1 > *least)
		*least = (size_t)n->column + 1;
	return true;
}

static struct cell *kept_cells(struct table *t, const struct row *row)
{
	struct cell *out = arena_array(t->arena, t->nheader + 1, sizeof(*out));

	for (size_t c = 0; out && c < t->nheader; c++) {
		out[c].text = slice_of("", 0);
		if (c >= row->n)
			continue;
		out[c] = row->cells[c];
		out[c].text = arena_slice(t->arena, row->cells[c].text);
		if (!out[c].text.p)
			return NULL;
	}
	return out;
}

/* What the header says of each axis that stands in it. */
static int take_headings(struct table *t, const struct row *row, struct err *e)
{
	for (int i = 0; i < AXIS_VALUE; i++) {
		const struct axis *x = t->places[i].axis;
		bool one = x->row && x->row <= t->nstack;

		if (!in_header(x))
			continue;
		t->headings[i] = kept_cells(t, one ? &t->stack[x->row - 1] : row);
		if (!t->headings[i])
			return no_room(e);
	}
	return 0;
}

static int check_titles(const struct table *t, const struct row *row, struct err *e)
{
	for (int i = 0; i < AXES; i++) {
		const struct place *p = &t->places[i];

		if (p->axis->where == AXIS_TITLE && !p->titled)
			return err_set(e, ERR_INVALID,
				       "no line '%s：…' stands above the header in line %u",
				       p->axis->text, row->line);
		if (p->axis->where == AXIS_IN_TITLE && !p->titled)
			return err_set(e, ERR_INVALID,
				       "no line above the header in line %u has a %s", row->line,
				       axis_names[i]);
	}
	return 0;
}

/* Keeps the header, whose cells go with the next row. */
static int take_header(struct table *t, const struct row *row, struct err *e)
{
	size_t least = 0;
	bool first = true;

	each_named(t, widen, &least);
	t->nheader = least;
	for (size_t c = least; c < row->n; c++)
		if (row->cells[c].text.n)
			t->nheader = c + 1;
	t->header = arena_array(t->arena, t->nheader + 1, sizeof(*t->header));
	t->roles = arena_array(t->arena, t->nheader + 1, sizeof(*t->roles));
	if (!t->header || !t->roles || take_headings(t, row, e) < 0)
		return no_room(e);
	for (size_t c = 0; c < t->nheader; c++) {
		struct slice text = c < row->n ? row->cells[c].text : slice_of("", 0);

		t->header[c] = arena_slice(t->arena, text);
		if (!t->header[c].p)
			return no_room(e);
		t->roles[c] = role_of(t, c, first);
		first = first && !text.n;
	}
	if (check_titles(t, row, e) < 0)
		return -1;
	t->below = true;
	t->block = 0;
	t->nstack = 0;
	t->headers++;
	return 0;
}

/* --- one row ------------------------------------------------------------------------ */

static struct slice cell_at(const struct row *row, long column)
{
	if (column < 0 || (size_t)column >= row->n)
		return slice_of("", 0);
	return row->cells[column].text;
}

static bool has_value(const struct table *t, const struct row *row)
{
	for (size_t c = 0; c < row->n && c < t->nheader; c++)
		if (t->roles[c] == ROLE_VALUE && !cell_missing(row->cells[c].text))
			return true;
	return false;
}

/* A long table that was printed in pages has its header again and again. */
static bool repeats_header(const struct table *t, const struct row *row)
{
	for (size_t c = 0; c < t->nheader; c++)
		if (!slice_eq(cell_at(row, (long)c), t->header[c]))
			return false;
	return true;
}

/* False, with a complaint, for a row whose cells cannot be trusted to stand where they should. */
static bool row_is_sound(struct table *t, const struct row *row)
{
	char text[160];

	if (row->fault) {
		complain(t, REFUSED_LAYOUT, row->fault_line, row->fault_column, row->fault);
		return false;
	}
	for (size_t c = t->nheader; c < row->n; c++) {
		if (cell_missing(row->cells[c].text) || row->cells[c].repeated)
			continue;
		snprintf(text, sizeof(text),
			 "the row has %zu cells, the header %zu (is a comma inside a number?); the "
			 "row is left out",
			 c + 1, t->nheader);
		complain(t, REFUSED_LAYOUT, row->cells[c].line, row->cells[c].column, text);
		return false;
	}
	for (size_t c = 0; c < row->n && !t->whole; c++) {
		if (!utf8_has_replacement(row->cells[c].text))
			continue;
		complain(t, REFUSED_ENCODING, row->cells[c].line, row->cells[c].column,
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
		struct slice text = cell_at(row, t->only[k].column);
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
		struct slice s = cell_at(row, p->columns[k].column);

		if (!s.n && i < AXIS_VALUE) {
			snprintf(text, sizeof(text), "the %s is missing: column %s is empty",
				 axis_names[i], text_shown(slice_str(p->columns[k].name), shown));
			complain(t, REFUSED_LAYOUT, row->line, 0, text);
			return 0;
		}
		total += s.n + join.n;
	}
	*out = cell_at(row, p->columns[0].column);
	if (p->axis->ncolumns == 1)
		return 1;
	buf = arena_alloc(t->arena, total);
	if (!buf)
		return no_room(e);
	for (size_t k = 0; k < p->axis->ncolumns; k++) {
		struct slice s = cell_at(row, p->columns[k].column);

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
			f->at[i] = place_of_cell(&row->cells[first]);
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
	complain(t, REFUSED_LAYOUT, cell->line, cell->column, text);
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
		f->at[i] = place_of_cell(heading);
		if (!t->places[i].axis->headed)
			continue;
		joined = arena_printf(t->arena, "%.*s %.*s", SLICE_FMT(own[i]),
				      SLICE_FMT(heading->text));
		if (!joined)
			return no_room(e);
		f->text[i] = slice_str(joined);
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
	memcpy(own, f.text, sizeof(own));
	for (size_t c = 0; c < row->n && c < t->nheader; c++) {
		const struct cell *cell = &row->cells[c];

		if (t->roles[c] != ROLE_VALUE) {
			if (t->roles[c] == ROLE_UNNAMED && !cell_missing(cell->text))
				unnamed_column(t, cell, c);
			continue;
		}
		if (cell_missing(cell->text))
			continue;
		if (cell->repeated) {
			complain(t, REFUSED_LAYOUT, cell->line, cell->column,
				 "a merged cell covers several figures; only the first is taken");
			continue;
		}
		if (t->spread && put_headings(t, c, own, &f, e) < 0)
			return -1;
		f.text[AXIS_VALUE] = cell->text;
		f.at[AXIS_VALUE] = place_of_cell(cell);
		if (t->sink->fact(t->sink->ctx, &f, e) < 0)
			return -1;
	}
	return 0;
}

static int take_row(struct table *t, const struct row *row, bool first, struct err *e)
{
	if (t->sink->row(t->sink->ctx, row->line, e) < 0)
		return -1;
	if (!row->fault && (!has_value(t, row) || !is_wanted(t, row)))
		return 0;
	if ((!first && repeats_header(t, row)) || !row_is_sound(t, row))
		return 0;
	return row_facts(t, row, e);
}

/* --- seeking ------------------------------------------------------------------------ */

static bool is_named_column(struct named *n, void *ctx)
{
	(void)ctx;
	return n->key.p == NULL;
}

/* Where all columns are given by number there may be no header at all: then a number stands where
 * the values are. */
static bool headless(struct table *t, const struct row *row)
{
	struct cell_number n;

	return !t->spread && each_named(t, is_named_column, NULL) &&
	       cell_number(cell_at(row, t->places[AXIS_VALUE].columns[0].column), t->arena, &n,
			   NULL) == 0;
}

static int found_header(struct table *t, const struct row *row, const struct match *m,
			struct err *e)
{
	if (m->twice)
		return err_set(e, ERR_INVALID,
			       "line %u: column '%s' stands twice in the header, as column %zu "
			       "and %zu",
			       row->line, m->twice, m->first, m->second);
	if (take_header(t, row, e) < 0)
		return -1;
	if (headless(t, row) && take_row(t, row, true, e) < 0)
		return -1;
	return 1;
}

/* The rows that were met are the header. */
static int take_met(struct table *t, struct err *e)
{
	struct match m;

	t->any_met = false;
	t->nstack = t->layout->header_rows;
	memcpy(t->stack, t->met, sizeof(t->stack));
	is_header(t, &t->joined, &m);
	return found_header(t, &t->joined, &m, e);
}

static void note_search(struct table *t, const struct row *row, const struct match *m)
{
	if (m->found > t->best.found) {
		t->best.found = m->found;
		t->best.line = row->line;
		t->best.missing = m->missing;
	} else if (!t->best.missing)
		t->best.missing = m->missing;
}

static int on_row(void *ctx, const struct row *row, struct err *e);

/* The names a layout has often stand in the upper row alone, above nothing: then so many rows would
 * do that end too early, with a title as the first. So the last that do in a row are taken. 1: go
 * on. 0: not yet a header. */
static int seek_stacked(struct table *t, const struct row *row, struct err *e)
{
	struct row joined;
	struct match m = { 0 };
	int rc = stack_row(t, row, &joined, e);

	if (rc <= 0)
		return rc;
	if (is_header(t, &joined, &m)) {
		memcpy(t->met, t->stack, sizeof(t->met));
		t->joined = joined;
		if (!m.named)
			return take_met(t, e);
		t->any_met = true;
		return 1;
	}
	note_search(t, row, &m);
	if (!t->any_met)
		return 0;
	return take_met(t, e) < 0 ? -1 : on_row(t, row, e);
}

/* A row above the header, or the header itself. 1: go on. 0: it will not come any more. */
static int seek(struct table *t, const struct row *row, struct err *e)
{
	struct match m;
	int rc;

	if (t->best.rows == SEEK_ROWS)
		return 0;
	t->best.rows++;
	if (filled_cells(row) == 0 && !t->nstack)
		return 1;
	if (t->layout->header_rows > 1 && !t->records) {
		rc = seek_stacked(t, row, e);
		if (rc)
			return rc;
	} else if (is_header(t, row, &m)) {
		return found_header(t, row, &m, e);
	} else {
		note_search(t, row, &m);
	}
	if (t->titles)
		take_titles(t, row, false);
	if (t->layout->period.where == AXIS_IN_TITLE)
		take_period(t, row);
	return t->records ? 0 : 1;
}

static void new_search(struct table *t)
{
	t->below = t->any_met = false;
	t->nstack = 0;
	t->best = (struct search){ 0 };
}

/* Says what the table that ends now was left without; of a document's `only` table that is the
 * error of the document. */
static void end_table(struct table *t, bool only)
{
	struct err why;

	if (t->any_met && take_met(t, &why) < 0)
		t->none = why;
	if (t->below || t->skipped || (t->ntables && !t->best.rows))
		return;
	if (t->block) {
		complain(t, REFUSED_LAYOUT, t->block, 1,
			 "a new table begins here, but no header row follows; it is left out");
		return;
	}
	no_header(&t->best, &why);
	if (t->none.code == ERR_NONE)
		t->none = why;
	if (!only)
		complain(t, REFUSED_LAYOUT, t->best.line ? t->best.line : 1, 1, why.text);
}

/* --- what the reader tells ------------------------------------------------------------ */

static bool sheet_is_wanted(struct table *t, struct slice name)
{
	const struct layout *l = t->layout;
	bool wanted = l->nsheets == 0;

	for (size_t k = 0; k < l->nsheets; k++) {
		long number = numbered_column(l->sheets[k]);

		if (number == NO_COLUMN ? !slice_is(name, l->sheets[k])
					: number + 1 != (long)t->ntables)
			continue;
		t->sheet_met[k] = true;
		wanted = true;
	}
	return wanted;
}

static void note_name(struct table *t, struct slice name)
{
	size_t n = strlen(t->names);
	char shown[TEXT_SHOWN];

	if (t->ntables > SHEETS_SHOWN)
		return;
	snprintf(t->names + n, sizeof(t->names) - n, "%s%s", n ? ", " : "",
		 text_shown(name, shown));
}

static int on_table(void *ctx, struct slice name, bool records, struct err *e)
{
	struct table *t = ctx;

	if (t->ntables)
		end_table(t, false);
	new_search(t);
	t->block = 0;
	t->records = records;
	t->ntables++;
	note_name(t, name);
	for (int i = 0; i < AXES; i++)
		t->places[i].titled = false;
	t->skipped = !sheet_is_wanted(t, name);
	t->name = arena_slice(t->arena, name);
	if (!t->name.p)
		return no_room(e);
	return t->sink->table && !t->skipped ? t->sink->table(t->sink->ctx, t->name, e) : 0;
}

static int on_row(void *ctx, const struct row *row, struct err *e)
{
	struct table *t = ctx;
	struct arena_mark mark;

	if (t->skipped)
		return 0;
	if (!t->below)
		return seek(t, row, e);
	if (row->n == 0 || (row->n == 1 && !row->cells[0].text.n))
		return 1;
	if (t->titles && might_be_title(row) && take_titles(t, row, true)) {
		new_search(t);
		t->block = row->line;
		return 1;
	}
	mark = arena_mark(t->arena);
	if (take_row(t, row, false, e) < 0)
		return -1;
	arena_reset(t->arena, mark);
	return 1;
}

static void on_complaint(void *ctx, enum refusal why, unsigned line, unsigned column,
			 const char *text)
{
	complain(ctx, why, line, column, text);
}

/* --- from outside ------------------------------------------------------------------- */

struct table *table_new(const struct layout *l, struct arena *a, const struct fact_sink *sink,
			struct err *e)
{
	struct table *t = arena_new(a, struct table);

	if (!t) {
		no_room(e);
		return NULL;
	}
	t->layout = l;
	t->arena = a;
	t->sink = sink;
	return layout_init(t, e) < 0 ? NULL : t;
}

void table_blanks_were_merged(struct table *t)
{
	t->blanks_merged = true;
}

void table_is_whole(struct table *t)
{
	t->whole = true;
}

struct row_sink table_sink(struct table *t)
{
	return (struct row_sink){ on_table, on_row, on_complaint, t, t->sink->read_bytes, NULL };
}

size_t table_header_cells(const struct table *t)
{
	return t->below ? t->nheader : 0;
}

int table_end(struct table *t, struct err *e)
{
	char shown[TEXT_SHOWN];

	end_table(t, t->ntables <= 1);
	for (size_t k = 0; k < t->layout->nsheets; k++)
		if (!t->sheet_met[k])
			return err_set(e, ERR_INVALID, "there is no sheet %s; there are %s",
				       text_shown(slice_str(t->layout->sheets[k]), shown),
				       t->names);
	if (t->headers)
		return 0;
	if (t->none.code == ERR_NONE)
		return no_header(&t->best, e);
	*e = t->none;
	return -1;
}

int decode_table(row_reader read, struct slice body, const struct layout *l, struct arena *a,
		 const struct fact_sink *sink, struct err *e)
{
	struct row_sink rows;
	struct arena kept;
	struct table *t;
	int rc = -1;

	arena_init(&kept, a->limit);
	t = table_new(l, &kept, sink, e);
	if (t && !utf8_has_replacement(body))
		table_is_whole(t);
	if (t) {
		rows = table_sink(t);
		rows.structure = l->structure;
		rc = read(body, a, &rows, e);
	}
	if (rc == 0)
		rc = table_end(t, e);
	arena_release(&kept);
	return rc;
}
