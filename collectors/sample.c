/*
 * sample.c - see sample.h.
 *
 * The body begins where numbers do: at the first row with a number that is no year, if such a
 * row follows it soon. What stands directly above it in several cells is the header;
 * lines above that with a single cell are titles.
 */
#include "collectors/sample.h"

#include "collectors/body.h"
#include "collectors/cells.h"
#include "collectors/formats/csv_scan.h"
#include "collectors/heading.h"
#include "collectors/resolve.h"
#include "collectors/withheld.h"

#include <stdio.h>

enum { HEADER_MOST = 4, GAP_ROWS = 3 };

struct sampling {
	struct samples *out;
	struct arena *arena;
	struct resolver resolver;
	struct figures figures;
	struct batch *batch;
	bool beyond; /* tables come that there is no sample for */
};

static int no_room(struct err *e)
{
	return err_set(e, ERR_LIMIT, "the document needs more memory than it may have");
}

/* --- what a cell might be ----------------------------------------------------------------- */

static bool is_year(struct slice s)
{
	int64_t n;

	if (slice_ends(s, "年"))
		s = slice_of(s.p, s.n - 3);
	return s.n == 4 && num_parse_i64(s, &n, NULL) == 0 && n >= 1949 && n <= 2100;
}

static bool is_month(struct slice s)
{
	int64_t n;

	if (slice_ends(s, "月"))
		s = slice_of(s.p, s.n - 3);
	return s.n >= 1 && s.n <= 2 && num_parse_i64(s, &n, NULL) == 0 && n >= 1 && n <= 12;
}

static int indicator_kind(struct sampling *x, struct slice text, unsigned *kinds, struct err *e)
{
	struct known_indicator *i;
	struct heading h;

	if (!heading_read(text, x->arena, &h))
		return utf8_bad_at(text) >= 0 ? 0 : no_room(e);
	if (!h.name.n && (h.form != HEADING_ANY || h.year_ago))
		*kinds |= CELL_ASPECT;
	i = resolve_indicator(&x->resolver, text, e);
	if (!i)
		return -1;
	if (!i->refused.text)
		*kinds |= CELL_INDICATOR;
	return 0;
}

/* 保密 and 涉密 only. */
static const struct layout no_marks;

static int classify(struct sampling *x, struct slice text, unsigned *kinds, struct err *e)
{
	struct arena_mark mark = arena_mark(x->arena);
	struct cell_number n;
	struct num_scale scale;
	struct period p;
	const char *base;
	uint8_t flags;
	bool folded;
	struct slice s = text_fold_width(text, x->arena, &folded);

	*kinds = 0;
	if (!s.p)
		return no_room(e);
	if (cell_missing(text) || mark_withholds(&no_marks, text)) {
		*kinds = CELL_MISSING;
		return 0;
	}
	if (cell_number(text, x->arena, &n, NULL) == 0 &&
	    (!n.measure.n || measure_find(n.measure, &scale, &base, NULL) == 0))
		*kinds |= CELL_NUMBER;
	*kinds |= is_year(s) ? CELL_YEAR : 0;
	*kinds |= is_month(s) ? CELL_MONTH : 0;
	*kinds |= period_parse(s, &p, NULL) == 0 || period_is_yearless(s) ? CELL_PERIOD : 0;
	*kinds |= cell_flags(text, &flags, NULL) == 0 ? CELL_FLAG : 0;
	*kinds |= heading_is_total(text, x->arena) ? CELL_TOTAL : 0;
	*kinds |= measure_find(text, &scale, &base, NULL) == 0 ? CELL_MEASURE : 0;
	arena_reset(x->arena, mark);
	if (*kinds & CELL_NUMBER)
		return 0;
	if (catalogue_find_unit_plainly(x->resolver.cat, text, UNIT_CLASSES, (struct date){ 0 },
					NULL))
		*kinds |= CELL_UNIT;
	return indicator_kind(x, text, kinds, e);
}

/* --- taking rows -------------------------------------------------------------------------- */

static int on_table(void *ctx, struct slice name, bool records, struct err *e)
{
	struct sampling *x = ctx;
	struct samples *out = x->out;
	void *p;

	x->beyond = out->n == SAMPLE_TABLES;
	if (x->beyond)
		return 0;
	p = arena_grow(x->arena, out->list, out->n, &out->cap, out->n + 1, sizeof(*out->list));
	if (!p)
		return no_room(e);
	out->list = p;
	out->list[out->n] =
		(struct sample){ .name = arena_slice(x->arena, name), .records = records };
	return out->list[out->n++].name.p ? 0 : no_room(e);
}

static int keep_row(struct sampling *x, struct sample *s, const struct row *row, struct err *e)
{
	size_t n = row->n < SAMPLE_COLUMNS ? row->n : SAMPLE_COLUMNS;
	struct row *kept = &s->rows[s->n];
	unsigned *kinds = arena_array(x->arena, n + 1, sizeof(*kinds));

	*kept = *row;
	kept->n = n;
	kept->cells = arena_array(x->arena, n + 1, sizeof(*kept->cells));
	s->kinds[s->n] = kinds;
	if (!kinds || !kept->cells)
		return no_room(e);
	for (size_t c = 0; c < n; c++) {
		kept->cells[c] = row->cells[c];
		kept->cells[c].text = arena_slice(x->arena, row->cells[c].text);
		if (!kept->cells[c].text.p)
			return no_room(e);
		if (classify(x, kept->cells[c].text, &kinds[c], e) < 0)
			return -1;
	}
	if (n > s->ncolumns)
		s->ncolumns = n;
	s->n++;
	return 0;
}

static int on_row(void *ctx, const struct row *row, struct err *e)
{
	struct sampling *x = ctx;
	struct sample *s;

	if (!x->out->n && on_table(x, slice_of("", 0), false, e) < 0)
		return -1;
	s = &x->out->list[x->out->n - 1];
	if (x->beyond || s->n == SAMPLE_ROWS)
		return 0;
	if (!s->rows) {
		s->rows = arena_array(x->arena, SAMPLE_ROWS, sizeof(*s->rows));
		s->kinds = arena_array(x->arena, SAMPLE_ROWS, sizeof(*s->kinds));
		if (!s->rows || !s->kinds)
			return no_room(e);
	}
	return keep_row(x, s, row, e) < 0 ? -1 : 1;
}

static void on_complaint(void *ctx, enum refusal why, unsigned line, unsigned column,
			 const char *text)
{
	(void)ctx;
	(void)why;
	(void)line;
	(void)column;
	(void)text;
}

/* Cells that rows have beyond their first, by this delimiter. */
static size_t cells_parted(struct slice text, char delimiter, struct arena *a)
{
	struct csv_scan scan;
	size_t cells = 0;
	struct err e;

	csv_scan_init(&scan, text, delimiter, a);
	for (int n = 0; n < SAMPLE_ROWS && csv_scan_next(&scan, &e) > 0; n++)
		cells += scan.row.n - 1;
	return cells;
}

static int read_csv(struct sampling *x, struct slice text, const struct row_sink *sink,
		    struct err *e)
{
	static const char candidates[] = { ',', ';', '\t', '|' };
	size_t most = 0;
	struct csv_scan scan;
	int rc = 1;

	x->out->delimiter = ',';
	for (size_t i = 0; i < sizeof(candidates); i++) {
		size_t cells = cells_parted(text, candidates[i], x->arena);

		if (cells <= most)
			continue;
		most = cells;
		x->out->delimiter = candidates[i];
	}
	csv_scan_init(&scan, text, x->out->delimiter, x->arena);
	while (rc > 0 && (rc = csv_scan_next(&scan, e)) > 0)
		rc = sink->row(sink->ctx, &scan.row, e);
	return rc < 0 ? -1 : 0;
}

/* --- where things stand --------------------------------------------------------------------- */

struct slice sample_text(const struct sample *s, size_t row, size_t column)
{
	return row < s->n && column < s->rows[row].n ? s->rows[row].cells[column].text
						     : slice_of("", 0);
}

static unsigned kinds_at(const struct sample *s, size_t row, size_t column)
{
	return row < s->n && column < s->rows[row].n ? s->kinds[row][column] : CELL_MISSING;
}

static bool is_repeated(const struct sample *s, size_t row, size_t column)
{
	return row < s->n && column < s->rows[row].n && s->rows[row].cells[column].repeated;
}

static bool has_figure(const struct sample *s, size_t row)
{
	for (size_t c = 0; c < s->rows[row].n; c++) {
		unsigned k = kinds_at(s, row, c);

		if ((k & CELL_NUMBER) && !(k & (CELL_PERIOD | CELL_YEAR)))
			return true;
	}
	return false;
}

static size_t filled(const struct sample *s, size_t row)
{
	size_t n = 0;

	for (size_t c = 0; c < s->rows[row].n; c++)
		n += s->rows[row].cells[c].text.n > 0 && !is_repeated(s, row, c);
	return n;
}

/* Cells behind the first that are of this kind. */
static size_t cells_of(const struct sample *s, size_t row, unsigned kind)
{
	size_t n = 0;

	for (size_t c = 1; c < s->rows[row].n; c++)
		n += (kinds_at(s, row, c) & kind) != 0;
	return n;
}

/* Several names of one kind beside each other are headings, whatever stands in the corner. */
static bool has_headings(const struct sample *s, size_t row)
{
	static const unsigned kinds[] = { CELL_INDICATOR, CELL_ASPECT, CELL_UNIT, CELL_PERIOD,
					  CELL_MEASURE };

	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (cells_of(s, row, kinds[i]) > 1)
			return true;
	return false;
}

bool sample_is_heading(const struct sample *s, size_t row)
{
	if (has_headings(s, row))
		return true;
	for (size_t c = 1; c < s->rows[row].n; c++)
		if ((kinds_at(s, row, c) & (CELL_INDICATOR | CELL_ASPECT)) &&
		    sample_has_figures(s, c))
			return true;
	return false;
}

/* "填报单位：甲河", also with more of the kind to its right. */
static bool is_title(const struct sample *s, size_t row)
{
	struct slice before, after;

	for (size_t c = 0; c < s->rows[row].n; c++)
		if (s->rows[row].cells[c].text.n)
			return heading_cut_colon(s->rows[row].cells[c].text, &before, &after) &&
			       !has_headings(s, row);
	return true;
}

/* The lowest row of a stacked header may have a single heading: ,,同比增长%. */
static bool has_one_heading(const struct sample *s, size_t row)
{
	return !s->nheader_most && cells_of(s, row, CELL_ASPECT | CELL_MEASURE) == 1;
}

static bool may_be_header(const struct sample *s, size_t row)
{
	return s->records || ((filled(s, row) > 1 || has_one_heading(s, row)) && !is_title(s, row));
}

static void find_body(struct sample *s)
{
	size_t gap = 0;

	for (s->body = s->records; s->body < s->n && !has_figure(s, s->body); s->body++)
		;
	for (s->end = s->body; s->end < s->n && gap <= GAP_ROWS; s->end++)
		gap = has_figure(s, s->end) ? 0 : gap + 1;
	s->end -= gap;
	while (s->nheader_most < s->body && s->nheader_most < (s->records ? 1 : HEADER_MOST) &&
	       may_be_header(s, s->body - s->nheader_most - 1))
		s->nheader_most++;
}

/* As table_header.c joins them; CSV has lost which cells were merged. */
static int join_headings(struct sample *s, bool blanks_merged, struct arena *a, struct err *e)
{
	s->headings = arena_array(a, s->ncolumns + 1, sizeof(*s->headings));
	if (!s->headings)
		return no_room(e);
	for (size_t c = 0; c < s->ncolumns; c++) {
		struct slice last = slice_of("", 0), all = last;

		for (size_t r = s->header; r < s->body; r++) {
			struct slice text = sample_text(s, r, c);
			const char *joined;

			for (size_t left = c;
			     blanks_merged && r + 1 < s->body && !text.n && left > 0;)
				text = sample_text(s, r, --left);
			if (!text.n || slice_eq(text, last))
				continue;
			last = text;
			joined = all.n ? arena_printf(a, "%.*s %.*s", SLICE_FMT(all),
						      SLICE_FMT(text))
				       : text.p;
			if (!joined)
				return no_room(e);
			all = all.n ? slice_str(joined) : text;
		}
		s->headings[c] = all;
	}
	return 0;
}

int sample_set_header(struct sample *s, size_t n, bool blanks_merged, struct arena *a,
		      struct err *e)
{
	s->header = s->body - n;
	s->nheader = n;
	return join_headings(s, blanks_merged, a, e);
}

double sample_share(const struct sample *s, size_t column, unsigned kinds)
{
	size_t met = 0, all = 0;

	for (size_t r = s->body; r < s->end; r++) {
		unsigned k = kinds_at(s, r, column);

		if (k & CELL_MISSING)
			continue;
		all++;
		met += (k & kinds) == kinds;
	}
	return all ? (double)met / (double)all : 0;
}

bool sample_has_figures(const struct sample *s, size_t column)
{
	return sample_share(s, column, CELL_NUMBER) > 0.5;
}

double sample_row_share(const struct sample *s, size_t row, unsigned kinds)
{
	size_t met = 0, all = 0;

	for (size_t c = 0; c < s->ncolumns; c++) {
		if (!sample_has_figures(s, c))
			continue;
		all++;
		met += (kinds_at(s, row, c) & kinds) == kinds;
	}
	return all ? (double)met / (double)all : 0;
}

/* --- the document ------------------------------------------------------------------- */

static int read_rows(struct sampling *x, const struct document *d, struct slice text, struct err *e)
{
	const struct row_sink sink = { on_table, on_row, on_complaint, x, NULL };
	const struct format *f = format_of(x->out->format);
	struct arena scratch;
	int rc;

	if (x->out->format == FORMAT_CSV)
		return read_csv(x, text, &sink, e);
	if (f->kind == KIND_SAMPLES)
		return err_set(e, ERR_INVALID,
			       "this is Prometheus text, which needs no layout: a feed with its "
			       "url and format: %s",
			       f->name);
	if (!f->read)
		return err_set(e, ERR_INVALID,
			       "a document of format %s is laid out by hand: see docs/layouts.md",
			       f->name);
	/* A reader may reset its arena from row to row. */
	arena_init(&scratch, x->arena->limit);
	rc = f->read(f->as_text ? text : d->body, &scratch, &sink, e);
	arena_release(&scratch);
	return rc;
}

int samples_read(const struct document *d, struct slice text, const struct catalogue *cat,
		 struct arena *a, struct samples *out, struct err *e)
{
	struct sampling x = { .out = out, .arena = a };
	int rc = -1;

	*out = (struct samples){ .format = format_told(d->format, d->body) };
	figures_init(&x.figures, a);
	x.batch = batch_new(a->limit, e);
	if (!x.batch)
		return -1;
	if (resolver_init(&x.resolver, d, cat, &x.figures, x.batch, a, e) == 0)
		rc = read_rows(&x, d, text, e);
	for (size_t i = 0; i < out->n; i++)
		find_body(&out->list[i]);
	resolver_release(&x.resolver);
	figures_release(&x.figures);
	batch_free(x.batch);
	return rc;
}
