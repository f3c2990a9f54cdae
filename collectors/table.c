/*
 * table.c - see table.h.
 *
 * Rows are told to a table one by one, so it is either seeking a header or below
 * one; `on_row()` is the way through. What is kept from row to row (header,
 * titles) lies in the arena below a mark to which it goes back after each row.
 */
#include "collectors/table_private.h"

#include "collectors/cells.h"

#include <stdio.h>

enum {
	SEEK_ROWS = 200,   /* searched for the header */
	SHEETS_SHOWN = 10, /* in a sentence */
};

const char *const axis_names[AXES] = {
	"unit", "indicator", "period", "value", "flag", "measure", "multiplier", "confidentiality",
};

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

	return !t->spread && table_each_named(t, is_named_column, NULL) &&
	       cell_number(table_cell_at(row, t->places[AXIS_VALUE].columns[0].column), t->arena,
			   &n, NULL) == 0;
}

static int found_header(struct table *t, const struct row *row, const struct match *m,
			struct err *e)
{
	if (m->twice)
		return err_set(e, ERR_INVALID,
			       "line %u: column '%s' stands twice in the header, as column %zu "
			       "and %zu",
			       row->line, m->twice, m->first, m->second);
	if (table_take_header(t, row, e) < 0)
		return -1;
	if (headless(t, row) && table_take_row(t, row, true, e) < 0)
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
	table_is_header(t, &t->joined, &m);
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
	int rc = table_stack_row(t, row, &joined, e);

	if (rc <= 0)
		return rc;
	if (table_is_header(t, &joined, &m)) {
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
	if (table_filled_cells(row) == 0 && !t->nstack)
		return 1;
	if (t->layout->header_rows > 1 && !t->records) {
		rc = seek_stacked(t, row, e);
		if (rc)
			return rc;
	} else if (table_is_header(t, row, &m)) {
		return found_header(t, row, &m, e);
	} else {
		note_search(t, row, &m);
	}
	for (size_t c = 0; c < row->n && !t->records; c++) {
		if (row->cells[c].repeated)
			continue;
		table_note_year(t, row->cells[c].text);
		table_note_measure(t, row, c);
	}
	if (t->titles)
		table_take_titles(t, row, false);
	if (t->layout->period.where == AXIS_IN_TITLE)
		table_take_period(t, row);
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
		table_complain(
			t, REFUSED_LAYOUT, t->block, 1,
			"a new table begins here, but no header row follows; it is left out");
		return;
	}
	table_no_header(&t->best, &why);
	if (t->none.code == ERR_NONE)
		t->none = why;
	if (!only)
		table_complain(t, REFUSED_LAYOUT, t->best.line ? t->best.line : 1, 1, why.text);
}

/* --- what the reader tells ------------------------------------------------------------ */

static bool sheet_is_wanted(struct table *t, struct slice name)
{
	const struct layout *l = t->layout;
	bool wanted = l->nsheets == 0;

	for (size_t k = 0; k < l->nsheets; k++) {
		long number = table_numbered_column(l->sheets[k]);

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
		t->places[i].titled = t->places[i].old = false;
	t->noted[0] = t->measure[0] = '\0';
	t->year = 0;
	table_note_year(t, name);
	t->skipped = !sheet_is_wanted(t, name);
	t->name = arena_slice(t->arena, name);
	if (!t->name.p)
		return table_no_room(e);
	return t->sink->table && !t->skipped ? t->sink->table(t->sink->ctx, t->name, e) : 0;
}

static int on_row(void *ctx, const struct row *row, struct err *e)
{
	struct table *t = ctx;
	bool in_title = t->layout->period.where == AXIS_IN_TITLE, again;
	struct arena_mark mark;

	if (t->skipped)
		return 0;
	if (!t->below)
		return seek(t, row, e);
	if (row->n == 0 || (row->n == 1 && !row->cells[0].text.n))
		return 1;
	if (t->titles && table_might_be_title(row) && table_take_titles(t, row, true)) {
		new_search(t);
		t->block = row->line;
		if (in_title)
			table_renew_period(t, row);
		return 1;
	}
	again = t->spread && table_has_other_header(t, row);
	if (t->noted[0] && (again || table_repeats_header(t, row)))
		table_set_period(t, slice_str(t->noted), t->noted_at);
	if (again) {
		new_search(t);
		return seek(t, row, e);
	}
	mark = arena_mark(t->arena);
	if (in_title)
		table_note_period(t, row);
	if (table_take_row(t, row, false, e) < 0)
		return -1;
	arena_reset(t->arena, mark);
	return 1;
}

static void on_complaint(void *ctx, enum refusal why, unsigned line, unsigned column,
			 const char *text)
{
	table_complain(ctx, why, line, column, text);
}

/* --- from outside ------------------------------------------------------------------- */

struct table *table_new(const struct layout *l, struct arena *a, const struct fact_sink *sink,
			struct err *e)
{
	struct table *t = arena_new(a, struct table);

	if (!t) {
		table_no_room(e);
		return NULL;
	}
	t->layout = l;
	t->arena = a;
	t->sink = sink;
	return table_layout_init(t, e) < 0 ? NULL : t;
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
		return table_no_header(&t->best, e);
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
	a->refused |= kept.refused;
	arena_release(&kept);
	return rc;
}
