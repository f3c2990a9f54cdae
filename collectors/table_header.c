/*
 * table_header.c - which row, or which rows together, are the header, and what it says of the
 * columns below it. See table_private.h.
 */
#include "collectors/table_private.h"

#include "base/period.h"
#include "collectors/heading.h"

enum { SINGLE_WITHIN = 16 }; /* columns to either side */

/* --- rows that are stacked ------------------------------------------------------------ */

/* A copy of the row that stays. */
static int keep_row(struct table *t, const struct row *row, struct row *out, struct err *e)
{
	*out = *row;
	out->cells = arena_array(t->arena, row->n ? row->n : 1, sizeof(*out->cells));
	if (!out->cells)
		return table_no_room(e);
	for (size_t c = 0; c < row->n; c++) {
		out->cells[c] = row->cells[c];
		out->cells[c].text = arena_slice(t->arena, row->cells[c].text);
		if (!out->cells[c].text.p)
			return table_no_room(e);
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
			return table_no_room(e);
		out->text = out->text.n ? slice_str(joined) : text;
		out->line = r->cells[c].line;
		out->column = r->cells[c].column;
	}
	return 0;
}

int table_stack_row(struct table *t, const struct row *row, struct row *out, struct err *e)
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
		return table_no_room(e);
	for (size_t c = 0; c < out->n; c++)
		if (join_heading(t, c, &out->cells[c], e) < 0)
			return -1;
	return 1;
}

/* --- is it the header? ------------------------------------------------------------------ */

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
	x->m->named += !n->optional;
	n->column = NO_COLUMN;
	for (size_t c = 0; c < x->row->n; c++) {
		if (!table_means(x->t, x->row->cells[c].text, n->key))
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
	if (n->optional)
		return true;
	if (n->column == NO_COLUMN)
		x->m->missing = n->name;
	x->m->found += n->column != NO_COLUMN;
	return true;
}

size_t table_filled_cells(const struct row *row)
{
	size_t n = 0;

	for (size_t c = 0; c < row->n; c++)
		n += row->cells[c].text.n > 0 && !row->cells[c].repeated;
	return n;
}

bool table_is_header(struct table *t, const struct row *row, struct match *m)
{
	struct matching x = { t, row, m };

	*m = (struct match){ 0 };
	table_each_named(t, match_column, &x);
	if (m->named)
		return m->found == m->named;
	if (t->nstack)
		row = &t->stack[0];
	return table_filled_cells(row) >= 2 && !(t->titles && table_might_be_title(row));
}

int table_no_header(const struct search *best, struct err *e)
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
		ignored = table_means(t, heading, text_key(slice_str(l->ignore[i]), t->arena));
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
	if (c == t->measure_column || !table_each_named(t, is_another, &c))
		return ROLE_OTHER;
	if (!t->header[column].n)
		return first ? ROLE_OTHER : ROLE_UNNAMED; /* leading: numbers of the rows */
	return is_ignored(t, t->header[column]) ? ROLE_OTHER : ROLE_VALUE;
}

static bool heads_measures(struct table *t, const struct cell *heading)
{
	static const char *const words[] = { "单位", "计量单位" };

	if (t->records)
		return slice_is(heading->text, "unit") || slice_ends(heading->text, ".unit");
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]) && !heading->repeated; i++)
		if (table_means(t, heading->text, slice_str(words[i])))
			return true;
	return false;
}

/* "ID.multiplier" to the "ID.unit" in `unit`; SDMX' concept of that name, which needs none. */
static long find_power(const struct row *header, struct slice unit)
{
	struct slice id = slice_of(unit.p, unit.n > strlen("unit") ? unit.n - strlen("unit") : 0);

	for (size_t c = 0; c < header->n; c++) {
		struct slice s = header->cells[c].text;

		if (slice_is(s, "UNIT_MULT") ||
		    (id.n && s.n > id.n && slice_eq(slice_of(s.p, id.n), id) &&
		     slice_is(slice_skip(s, id.n), "multiplier")))
			return (long)c;
	}
	return NO_COLUMN;
}

/* Of two nobody knows which is meant; one that the layout names is something else. */
static void find_measures(struct table *t, const struct row *header)
{
	struct slice unit = slice_of("", 0);

	t->measure_column = t->power_column = NO_COLUMN;
	if (!table_measure_is_customary(t))
		return;
	for (long c = 0; c < (long)header->n; c++) {
		if (!heads_measures(t, &header->cells[c]) || !table_each_named(t, is_another, &c))
			continue;
		if (t->measure_column != NO_COLUMN) {
			t->measure_column = NO_COLUMN;
			return;
		}
		t->measure_column = c;
		unit = header->cells[c].text;
	}
	if (t->records && t->layout->multiplier.where == AXIS_NONE)
		t->power_column = find_power(header, unit);
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

/* Whether `run` goes from January over the month that `one` is. */
static bool is_of_run(struct slice one, struct slice run)
{
	struct period a, b;

	return period_parse(one, &a, NULL) == 0 && period_parse(run, &b, NULL) == 0 &&
	       a.freq == FREQ_MONTH && b.freq == FREQ_MONTH && a.first_month == a.last_month &&
	       a.last_month > 1 && b.first_month == 1 && b.last_month >= a.last_month &&
	       a.year == b.year;
}

static int note_singles(struct table *t, const struct cell *headings, struct err *e)
{
	t->single = arena_array(t->arena, t->nheader + 1, sizeof(*t->single));
	if (!t->single)
		return table_no_room(e);
	for (size_t c = 0; c < t->nheader; c++) {
		size_t first = c > SINGLE_WITHIN ? c - SINGLE_WITHIN : 0;

		t->single[c] = false;
		for (size_t k = first; k < t->nheader && k <= c + SINGLE_WITHIN; k++)
			t->single[c] |= is_of_run(headings[c].text, headings[k].text);
	}
	return 0;
}

/* What the header says of each axis that stands in it. */
static int take_headings(struct table *t, const struct row *row, struct err *e)
{
	for (int i = 0; i < AXIS_VALUE; i++) {
		const struct axis *x = t->places[i].axis;
		bool one = x->row && x->row <= t->nstack;

		if (!table_axis_in_header(x))
			continue;
		t->headings[i] = kept_cells(t, one ? &t->stack[x->row - 1] : row);
		if (!t->headings[i])
			return table_no_room(e);
		for (size_t c = 0; i == AXIS_PERIOD && c < t->nheader; c++)
			if (table_complete_period(t, &t->headings[i][c].text, e) < 0)
				return -1;
		if (i == AXIS_PERIOD && note_singles(t, t->headings[i], e) < 0)
			return -1;
	}
	return 0;
}

/* Records have no headings but names. */
static int take_value_measure(struct table *t, struct err *e)
{
	long c = t->spread ? NO_COLUMN : t->places[AXIS_VALUE].columns[0].column;
	struct heading h;

	t->value_measure = slice_of("", 0);
	if (t->records || c < 0 || (size_t)c >= t->nheader || utf8_bad_at(t->header[c]) >= 0)
		return 0;
	if (!heading_read(t->header[c], t->arena, &h))
		return table_no_room(e);
	if (heading_names_measure(h.measure))
		t->value_measure = h.measure;
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

int table_take_header(struct table *t, const struct row *row, struct err *e)
{
	size_t least = 0;
	bool first = true;

	table_each_named(t, widen, &least);
	t->nheader = least;
	for (size_t c = least; c < row->n; c++)
		if (row->cells[c].text.n)
			t->nheader = c + 1;
	t->header = arena_array(t->arena, t->nheader + 1, sizeof(*t->header));
	t->roles = arena_array(t->arena, t->nheader + 1, sizeof(*t->roles));
	if (!t->header || !t->roles)
		return table_no_room(e);
	if (take_headings(t, row, e) < 0)
		return -1;
	find_measures(t, row);
	for (size_t c = 0; c < t->nheader; c++) {
		struct slice text = c < row->n ? row->cells[c].text : slice_of("", 0);

		t->header[c] = arena_slice(t->arena, text);
		if (!t->header[c].p)
			return table_no_room(e);
		t->roles[c] = role_of(t, c, first);
		first = first && !text.n;
		/* "园区（单位：万元）" in the corner. */
		if (c < row->n && !t->records && t->roles[c] == ROLE_OTHER)
			table_note_measure(t, row, c);
	}
	if (check_titles(t, row, e) < 0 || take_value_measure(t, e) < 0)
		return -1;
	t->below = true;
	t->rows = 0;
	t->block = 0;
	t->nstack = 0;
	t->headers++;
	return 0;
}
