/*
 * propose.c - see propose.h.
 */
#include "collectors/propose_private.h"

#include "base/alloc.h"
#include "collectors/body.h"
#include "collectors/heading.h"

#include <stdio.h>

/* --- trying ---------------------------------------------------------------------------- */

static bool spreads(const struct axis *a)
{
	return a->where == AXIS_HEADER || a->headed;
}

/* Whether the axis reads this row of the header, by itself or joined with the others. */
static bool reads_row(const struct axis *a, const struct sample *s, size_t row)
{
	return spreads(a) && (!a->row || a->row == row - s->header + 1);
}

/* Whether what this cell of the header says is lost when only the row of the indicator counts, and
 * perhaps, `placed`, this one for another axis. What is merged over both rows is not. */
static bool is_lost(const struct sample *s, size_t row, size_t c, size_t indicator, bool placed)
{
	struct slice text = sample_text(s, row, c);
	unsigned kinds = propose_kinds_at(s, row, c);

	if (!text.n || (row != indicator && slice_eq(text, sample_text(s, indicator, c))))
		return false;
	if (kinds & (CELL_ASPECT | CELL_MEASURE))
		return true;
	/* 规模以上 over the names says nothing that matters. */
	return !placed && (row > indicator || propose_is_no_value(text) ||
			   (kinds & (CELL_PERIOD | CELL_UNIT)));
}

/* Whether a row of a stacked header that says something over figures is read by no axis; 累计 and
 * 万元 only that of the indicator can read. */
static bool leaves_out(const struct proposing *x, const struct layout *l)
{
	const struct sample *s = x->sample;
	const struct axis *i = &l->indicator;
	size_t of = spreads(i) && i->row ? s->header + i->row - 1 : s->header;

	for (size_t r = s->header; r < s->body && s->nheader > 1; r++) {
		bool placed = reads_row(&l->unit, s, r) || reads_row(&l->period, s, r);

		for (size_t c = 0; c < s->ncolumns && !reads_row(i, s, r); c++)
			if (sample_has_figures(s, c) && is_lost(s, r, c, of, placed))
				return true;
	}
	return false;
}

/* Whether the axes can stand together. */
static bool is_possible(const struct layout *l)
{
	size_t n = 0;

	for (int i = 0; i < AXIS_VALUE; i++) {
		n += spreads(&l->axes[i]);
		for (int k = 0; k < i; k++)
			if (spreads(&l->axes[i]) && spreads(&l->axes[k]) &&
			    (!l->axes[i].row || l->axes[i].row == l->axes[k].row))
				return false;
	}
	return (n == 0) == (l->value.where == AXIS_COLUMN);
}

/* A refused figure is one that was found at least. */
static double worth(size_t kept, size_t refused)
{
	return (double)kept - 0.25 * (double)refused;
}

static void note_refused(struct proposing *x, const struct batch *b)
{
	size_t k = 0;

	while (k < b->ncomplaints && refusal_keeps(b->complaints[k].why))
		k++;
	if (k == b->ncomplaints)
		return;
	x->refused = b->refused;
	snprintf(x->why, sizeof(x->why), "line %u: %s", b->complaints[k].line,
		 b->complaints[k].text);
}

/* The list goes with `x`, the proposal stays. */
static void keep_sheets(struct proposing *x)
{
	struct layout *l = &x->best->layout;
	const char **list = l->nsheets ? arena_array(x->arena, 1, sizeof(*list)) : NULL;

	x->failed |= l->nsheets && !list;
	if (list)
		list[0] = x->sheet[0];
	l->sheets = list;
	l->nsheets = list ? 1 : 0;
}

static int try_layout(struct proposing *x, const struct layout *l, struct err *e)
{
	struct document d = *x->doc;
	struct batch *b = batch_new(ARENA_BYTES, e);
	struct proposal *best = x->best;
	struct err why;

	if (!b)
		return -1;
	d.layout = l;
	d.format = x->samples.format;
	d.rows_limit = TRIED_ROWS;
	document_decode(&d, x->cat, NULL, b, &why);
	best->tried++;
	x->tried++;
	if (b->nobs > 0 &&
	    (best->kept == 0 || worth(b->nobs, b->refused) > worth(best->kept, best->refused))) {
		best->kept = b->nobs;
		best->refused = b->refused;
		best->layout = *l;
		keep_sheets(x);
	}
	if (!best->kept && b->refused > x->refused)
		note_refused(x, b);
	batch_free(b);
	return 0;
}

/* Headings over figures that name nothing: 序号, 位次. */
static void find_ignored(struct proposing *x)
{
	const struct sample *s = x->sample;

	x->nignored = 0;
	x->ignored = arena_array(x->arena, IGNORED_MOST, sizeof(*x->ignored));
	x->failed |= !x->ignored;
	for (size_t c = 0; c < s->ncolumns && x->ignored && x->nignored < IGNORED_MOST; c++) {
		unsigned kinds = 0;

		for (size_t r = s->header; r < s->body; r++)
			if (c < s->rows[r].n)
				kinds |= s->kinds[r][c];
		if (!s->headings[c].n || !sample_has_figures(s, c) ||
		    (kinds & (CELL_INDICATOR | CELL_UNIT | CELL_PERIOD | CELL_ASPECT)))
			continue;
		x->ignored[x->nignored++] = propose_text(x, s->headings[c]);
	}
}

static struct axis place_at(const struct places *p, size_t k)
{
	return k < p->n ? p->list[k] : (struct axis){ .where = AXIS_NONE };
}

/* Of one indicator that a title names a column 房地产开发投资 may be another. */
static bool value_may_be_of(struct proposing *x, const struct layout *l)
{
	const char *name = l->value.ncolumns ? l->value.columns[0] : "";

	return l->indicator.where == AXIS_COLUMN || x->sample->records || name[0] == '#' ||
	       propose_is_value_word(x, slice_str(name));
}

static int try_values(struct proposing *x, struct layout *l, struct err *e)
{
	bool spread = spreads(&l->unit) || spreads(&l->indicator) || spreads(&l->period);
	size_t n = spread ? 1 : x->places[AXIS_VALUE].n;

	l->ignore = spread ? x->ignored : NULL;
	l->nignore = spread ? x->nignored : 0;
	for (size_t v = 0; v < n && x->tried < TRIED_MOST; v++) {
		l->value = spread ? (struct axis){ 0 } : place_at(&x->places[AXIS_VALUE], v);
		if (is_possible(l) && (spread ? !leaves_out(x, l) : value_may_be_of(x, l)) &&
		    try_layout(x, l, e) < 0)
			return -1;
	}
	return 0;
}

static bool names_other_unit(const struct proposing *x, const struct sample *s, const char *id)
{
	for (size_t r = 0; r < s->body; r++)
		for (size_t c = 0; c < s->rows[r].n; c++) {
			const struct unit *u = propose_unit_within(x, sample_text(s, r, c));

			if (u && strcmp(u->id, id) != 0)
				return true;
		}
	return false;
}

static bool says_measure(const struct sample *s)
{
	struct slice value, name;

	for (size_t r = 0; r < s->body - s->nheader_most; r++)
		for (size_t c = 0; c < s->rows[r].n; c++) {
			struct slice text = sample_text(s, r, c), inside = text;

			heading_cut_bracket(text, &name, &inside);
			if (heading_names_measure(inside) ||
			    (heading_find_label(text, "单位", &value) &&
			     heading_names_measure(value)))
				return true;
		}
	return false;
}

/* What is fixed after the title of one sheet need not hold for the others: 万元 here, 亿元 there.
 */
static void choose_sheet(struct proposing *x, struct layout *l)
{
	bool other = false;

	l->sheets = NULL;
	l->nsheets = 0;
	for (size_t i = 0; i < x->samples.n; i++) {
		const struct sample *s = &x->samples.list[i];

		if (s == x->sample || s->body >= s->n)
			continue;
		other |= l->indicator.where == AXIS_FIXED || l->measure.where == AXIS_FIXED ||
			 (l->measure.where == AXIS_NONE && says_measure(s)) ||
			 (l->unit.where == AXIS_FIXED && names_other_unit(x, s, l->unit.text));
	}
	if (!other || x->sample->records || !x->sample->name.n)
		return;
	l->sheets = x->sheet;
	l->nsheets = 1;
}

static int try_all(struct proposing *x, struct err *e)
{
	const struct places *u = &x->places[AXIS_UNIT], *i = &x->places[AXIS_INDICATOR],
			    *p = &x->places[AXIS_PERIOD];
	struct layout l = { .header_rows = x->sample->nheader ? (unsigned)x->sample->nheader : 1,
			    .delimiter =
				    x->samples.format == FORMAT_CSV ? x->samples.delimiter : '\0' };

	l.measure = place_at(&x->places[AXIS_MEASURE], 0);
	l.flag = place_at(&x->places[AXIS_FLAG], 0);
	l.multiplier = place_at(&x->places[AXIS_MULTIPLIER], 0);
	for (size_t a = 0; a < u->n; a++)
		for (size_t b = 0; b < i->n; b++)
			for (size_t c = 0; c < p->n; c++) {
				l.unit = u->list[a];
				l.indicator = i->list[b];
				l.period = p->list[c];
				choose_sheet(x, &l);
				if (try_values(x, &l, e) < 0)
					return -1;
			}
	return 0;
}

/* --- the document ------------------------------------------------------------------------ */

static void choose_sample(struct proposing *x)
{
	for (size_t i = 0; i < x->samples.n; i++) {
		struct sample *s = &x->samples.list[i];

		if (!x->sample || s->end - s->body > x->sample->end - x->sample->body)
			x->sample = s;
	}
}

static int nothing_found(const struct proposing *x, struct err *e)
{
	for (int i = 0; i < AXIS_VALUE; i++)
		if (!x->places[i].n)
			return err_set(e, ERR_NOT_FOUND,
				       i == AXIS_UNIT ? "no cell, title or sheet is a unit of the "
							"catalogue"
				       : i == AXIS_INDICATOR
					       ? "no row, column or heading is an indicator of "
						 "the catalogue"
					       : "no cell, title or sheet is a period such as "
						 "2026年10月");
	return err_set(e, ERR_NOT_FOUND, "%u layouts were tried, and none gave a figure%s%s",
		       x->best->tried, x->why[0] ? "; under the nearest: " : "", x->why);
}

/* Two tables beside each other look like one whose rows have two units each. */
static int check_beside(struct proposing *x, struct err *e)
{
	const struct sample *s = x->sample;
	char shown[TEXT_SHOWN];

	for (size_t c = 0; c < s->ncolumns; c++)
		for (size_t k = 0; k < c; k++)
			if (s->headings[c].n && slice_eq(s->headings[k], s->headings[c]) &&
			    sample_share(s, k, CELL_UNIT) > 0.5 &&
			    sample_share(s, c, CELL_UNIT) > 0.5)
				return err_set(e, ERR_NOT_FOUND,
					       "columns %zu and %zu are both headed %s: two tables "
					       "stand beside each other, of which no layout can "
					       "make one; put one below the other",
					       k + 1, c + 1, text_shown(s->headings[c], shown));
	return 0;
}

/* All that is possible with a header of so many rows. */
static int try_header(struct proposing *x, size_t n, struct err *e)
{
	bool csv = x->samples.format == FORMAT_CSV;

	if (sample_set_header(x->sample, n, csv, x->arena, e) < 0)
		return -1;
	if (check_beside(x, e) < 0)
		return -1;
	memset(x->places, 0, sizeof(x->places));
	x->tried = 0;
	propose_look(x);
	find_ignored(x);
	if (x->failed)
		return err_set(e, ERR_LIMIT, "the document needs more memory than it may have");
	return try_all(x, e);
}

/* The one class all units have under the best layout is not known here: all are taken. */
int propose(const struct document *d, const struct catalogue *cat, struct arena *a,
	    struct proposal *out, struct err *e)
{
	struct proposing x = { .doc = d, .cat = cat, .arena = a, .best = out };
	struct slice text = d->body;
	struct buf room;
	size_t broken;
	int rc = 0;

	*out = (struct proposal){ .class = UNIT_CLASSES };
	buf_init(&room, d->body.n < SIZE_MAX / 4 ? d->body.n * 3 + 16 : SIZE_MAX);
	if (format_of(format_told(d->format, d->body))->as_text)
		rc = body_decode(d->body, d->encoding, &room, &text, NULL, &broken, e);
	if (rc == 0)
		rc = samples_read(d, text, cat, a, &x.samples, e);
	if (rc == 0) {
		out->format = x.samples.format;
		choose_sample(&x);
		x.sheet[0] = x.sample ? propose_text(&x, x.sample->name) : "";
	}
	if (rc == 0 && !x.sample)
		rc = err_set(e, ERR_NOT_FOUND, "the document has no rows");
	/* A row of the header too few may be the one that says 上年同期. */
	for (size_t n = rc == 0 ? x.sample->nheader_most : 0; rc == 0 && !out->kept; n--) {
		rc = try_header(&x, n, e);
		if (n <= 1)
			break;
	}
	if (rc == 0 && !out->kept)
		rc = nothing_found(&x, e);
	buf_release(&room);
	return rc;
}
