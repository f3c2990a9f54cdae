/*
 * mapping.c - a document to a batch.
 *
 *     body ─check─▶ UTF-8 ─decoder─▶ facts ─resolve─▶ figures ─checks─▶ batch
 *                                                       samples ───────▶ batch
 *
 * A fact is refused at the first thing that is wrong with it, in this order:
 * indicator, period, unit, flag, value. Figures are then held against each other and what is
 * stored (checks.h). What is wrong with the document as a whole ends it; what was read until
 * then is still checked and given to the batch.
 */
#include "collectors/mapping.h"
#include "collectors/formats/sdmx_structure.h"

#include "base/num.h"
#include "collectors/body.h"
#include "collectors/cells.h"
#include "collectors/heading.h"
#include "collectors/resolve.h"
#include "collectors/samples.h"
#include "collectors/withheld.h"

#include <limits.h>
#include <stdlib.h>

enum {
	ROWS_DEFAULT = 1000000,
	PORTION_BYTES = 24 << 20,
	SELDOM_BYTES = 1 << 20,
	POWER_MAX = 18,
	POWERS = 400,
};

/* What the last decimal of a figure was worth. */
struct shown {
	int power;
	struct num_scale scale;
	double half; /* 0: nothing remembered */
};

struct decoding {
	const struct document *doc;
	const struct catalogue *cat;
	const struct history *history;
	struct batch *batch;
	struct arena scratch; /* the decoder's, which resets it from row to row */
	struct arena kept;    /* for names and figures, to the document's end */
	struct arena cell;    /* for one value */
	struct figures figures;
	struct resolver resolver;
	size_t rows_limit, panel_questions;
	struct shown shown;
	size_t broken_lines;
	size_t read_bytes;  /* of the text; the reader keeps it up to date */
	size_t text_bytes;  /* of all of it, in UTF-8; 0: it is the body */
	enum refusal whole; /* why the document as a whole was refused, if it was */
};

/* --- facts --------------------------------------------------------------------------- */

/* SDMX: the value counts in powers of ten of a measure. Any but the one of the axis may
 * have been named with the power in it: 亿元 and 8 are not 10^16. */
static int multiply(struct slice power, bool named, struct num_scale *scale, struct err *e)
{
	char shown[TEXT_SHOWN];
	int64_t n;

	if (cell_missing(power))
		return 0;
	if (num_parse_i64(power, &n, NULL) < 0 || n < -POWER_MAX || n > POWER_MAX)
		return err_set(e, ERR_INVALID,
			       "the multiplier %s is no power of ten from -%d to %d",
			       text_shown(power, shown), POWER_MAX, POWER_MAX);
	if (n && !named && (scale->shift || scale->mul != scale->div))
		return err_set(e, ERR_INVALID,
			       "the multiplier %s of what its cell, its heading or the catalogue "
			       "scales already; 'measure' must say in what the source counts",
			       text_shown(power, shown));
	scale->shift += (int)n;
	return 0;
}

/* The measure that leads to the indicator's base, of those a text names: "亿元、%". */
static int fitting_measure(const struct known_indicator *i, struct slice text,
			   struct num_scale *scale, struct err *e)
{
	char shown[TEXT_SHOWN];
	struct slice rest = text;
	const char *base;

	if (measure_find(text, scale, &base, e) == 0)
		return strcmp(base, i->base) == 0
			       ? 0
			       : err_set(e, ERR_INVALID,
					 "%s is not in a measure of %s, which is in %s",
					 text_shown(text, shown), i->indicator->code,
					 i->indicator->measure);
	while (e->code != ERR_MEMORY && rest.n) {
		struct slice word = heading_measure_word(&rest);
		struct err other;

		if (measure_find(word, scale, &base, &other) == 0 && strcmp(base, i->base) == 0)
			return 0;
	}
	return -1;
}

/* The measure in the cell itself goes before the one in the heading, that before the one in a
 * column or a title. */
static int cell_scale(const struct known_indicator *i, const struct cell_number *n,
		      const struct fact *f, struct num_scale *scale, enum refusal *why,
		      struct err *e)
{
	char shown[TEXT_SHOWN];
	const char *base;
	bool named;

	*scale = i->scale;
	*why = REFUSED_VALUE;
	if (n->measure.n && measure_find(n->measure, scale, &base, e) < 0)
		return e->code == ERR_MEMORY ? -1
					     : err_set(e, ERR_INVALID, "%s is not a number",
						       text_shown(f->text[AXIS_VALUE], shown));
	*why = REFUSED_MEASURE;
	if (n->measure.n && strcmp(base, i->base) != 0)
		return err_set(e, ERR_INVALID, "%s is not in a measure of %s, which is in %s",
			       text_shown(f->text[AXIS_VALUE], shown), i->indicator->code,
			       i->indicator->measure);
	named = !n->measure.n && !i->measured && f->text[AXIS_MEASURE].n;
	if (named && fitting_measure(i, f->text[AXIS_MEASURE], scale, e) < 0) {
		if (!(i->rate || f->above) || e->code == ERR_MEMORY)
			return -1;
		*scale = i->scale;
		named = false;
	}
	if (f->offered && (n->measure.n || i->measured))
		return 0;
	return multiply(f->text[AXIS_MULTIPLIER], named, scale, e);
}

/* The power of ten that the last written digit counts in: -2 of 12.34. */
static int last_power(struct slice number)
{
	const char *point = memchr(number.p, '.', number.n), *end = number.p + number.n;
	int64_t exponent = 0;

	for (const char *p = number.p; p < end; p++) {
		if (*p != 'e' && *p != 'E')
			continue;
		if (num_parse_i64(slice_of(p + 1, (size_t)(end - p - 1)), &exponent, NULL) < 0)
			exponent = 0;
		end = p;
	}
	if (exponent < -POWERS || exponent > POWERS)
		return 0;
	return (int)exponent - (point && point < end ? (int)(end - point - 1) : 0);
}

/* Half a unit of it in the base unit; of one column it is nearly always that of the cell before. */
static double half_of_last(struct decoding *d, struct slice number, struct num_scale scale)
{
	struct shown *s = &d->shown;
	int power = last_power(number);
	char text[32];

	if (s->half != 0 && s->power == power && s->scale.shift == scale.shift &&
	    s->scale.mul == scale.mul && s->scale.div == scale.div)
		return s->half;
	snprintf(text, sizeof(text), "5e%d", power - 1);
	*s = (struct shown){ power, scale, 0 };
	if (num_parse_scaled(slice_str(text), scale, &s->half, NULL) < 0)
		s->half = 0;
	return s->half;
}

/* 1: a value. 0: refused, and said. -1: no memory. */
static int fact_value(struct decoding *d, const struct fact *f, const struct known_indicator *i,
		      struct figure *out, struct err *e)
{
	struct arena_mark mark = arena_mark(&d->cell);
	enum refusal why = REFUSED_VALUE;
	struct cell_number n;
	struct num_scale scale;
	char shown[TEXT_SHOWN];
	struct err wrong;
	int ok = cell_number(f->text[AXIS_VALUE], &d->cell, &n, &wrong) == 0 &&
		 cell_scale(i, &n, f, &scale, &why, &wrong) == 0;

	if (ok) {
		why = REFUSED_VALUE;
		ok = num_parse_scaled(n.number, scale, &out->value, &wrong) == 0;
		out->half = ok ? half_of_last(d, n.number, scale) : 0;
	}
	if (!ok && wrong.code == ERR_MEMORY) {
		*e = wrong;
		return -1;
	}
	out->why = ok ? 0 : (uint8_t)(why + 1);
	if (!ok)
		batch_complain_of(d->batch, why, f->at[AXIS_VALUE].line, f->at[AXIS_VALUE].column,
				  f->text[AXIS_VALUE], "%s", wrong.text);
	else if (n.full_width || n.minus)
		batch_complain_of(d->batch, n.minus ? SUSPECT_MINUS : SUSPECT_FULL_WIDTH,
				  f->at[AXIS_VALUE].line, f->at[AXIS_VALUE].column,
				  f->text[AXIS_VALUE],
				  n.minus ? "%s is taken as %.*s"
					  : "%s has full-width characters; taken as %.*s",
				  text_shown(f->text[AXIS_VALUE], shown), SLICE_FMT(n.number));
	arena_reset(&d->cell, mark);
	return ok;
}

static bool refuse_mark(struct decoding *d, const struct fact *f, int axis, const struct err *why)
{
	struct fact_place at = fact_place(f, axis);

	batch_complain_of(d->batch, REFUSED_VALUE, at.line, at.column, f->text[axis], "%s",
			  why->text);
	return false;
}

static bool fact_flags(struct decoding *d, const struct fact *f, struct figure *out)
{
	bool withheld;
	struct err wrong;

	if (confidentiality_read(f->text[AXIS_CONFIDENTIALITY], &withheld, &wrong) < 0)
		return refuse_mark(d, f, AXIS_CONFIDENTIALITY, &wrong);
	withheld |= f->withheld;
	/* Of what has no value a flag may say why it has none: SDMX' M, L … */
	if (cell_flags(f->text[AXIS_FLAG], &out->flags, &wrong) < 0 && !withheld)
		return refuse_mark(d, f, AXIS_FLAG, &wrong);
	if (withheld)
		out->flags |= FIGURE_SUPPRESSED;
	return true;
}

/* A number that came with a figure that is kept secret goes no further than here. */
static int figure_value(struct decoding *d, const struct fact *f, const struct known_indicator *i,
			struct figure *out, struct err *e)
{
	if (!(out->flags & FIGURE_SUPPRESSED))
		return fact_value(d, f, i, out, e);
	out->value = figure_no_value();
	out->half = 0;
	return 1;
}

static int table_now(const struct decoding *d)
{
	return (int)(uint16_t)(d->batch->ntables ? d->batch->ntables - 1 : 0);
}

static struct figure figure_at(const struct decoding *d, const struct fact *f,
			       const struct known_period *p)
{
	return (struct figure){ .stamp_ms = p->stamp_ms,
				.line = f->at[AXIS_VALUE].line,
				.column = f->at[AXIS_VALUE].column,
				.table = (uint16_t)table_now(d),
				.index = p->index,
				.year = (int16_t)p->period.year,
				.months = p->months,
				.flags = p->flags };
}

/* A total, or a cell whose figure is not known: it counts in the sum of its column. */
static int on_entry(struct decoding *d, const struct known_indicator *i, struct figure figure,
		    enum column_cell what, struct err *e)
{
	const struct column_entry entry = { i->indicator, what, figure };

	return figures_entry(&d->figures, &entry, e);
}

static int on_total(struct decoding *d, const struct fact *f, const struct known_indicator *i,
		    struct figure figure, enum column_cell what, struct err *e)
{
	int rc = f->withheld || fact_withholds(f) ? 0 : fact_value(d, f, i, &figure, e);

	return rc > 0 ? on_entry(d, i, figure, what, e) : rc;
}

static int on_fact(void *ctx, const struct fact *f, struct err *e)
{
	struct decoding *d = ctx;
	struct resolver *r = &d->resolver;
	struct figure figure;
	struct known_indicator *i;
	struct known_period *p;
	struct known_series *s;
	int rc;

	i = resolve_indicator(r, f->text[AXIS_INDICATOR], e);
	if (!i)
		return -1;
	if (resolver_refuses(r, &i->refused, f))
		return 0;
	p = resolve_period(r, f->text[AXIS_PERIOD], i, e);
	if (!p)
		return -1;
	if (f->single)
		resolve_single(r, f->text[AXIS_PERIOD], i, p);
	if (resolver_refuses(r, &p->refused, f) ||
	    (f->single && resolver_refuses(r, &p->single, f)))
		return 0;
	s = resolve_series(r, f->text[AXIS_UNIT], i, p, e);
	if (!s)
		return -1;
	figure = figure_at(d, f, p);
	if (resolver_refuses(r, &s->refused, f))
		return on_entry(d, i, figure, COLUMN_HOLE, e);
	if (s->total)
		return on_total(d, f, i, figure, s->total, e);
	figure.series = s->series->id;
	rc = fact_flags(d, f, &figure) ? figure_value(d, f, i, &figure, e) : 0;
	if (rc <= 0)
		return rc < 0 || batch_refused(d->batch, s->series->labels, p->stamp_ms,
					       figure.why ? figure.why - 1 : REFUSED_VALUE, e) < 0
			       ? -1
			       : on_entry(d, i, figure, COLUMN_HOLE, e);
	if (figure.value == 0) {
		figure.value = 0; /* -0.0 too: a spreadsheet's -0.04 with one decimal */
		figure.flags |= FIGURE_ZERO;
	}
	return figures_add(&d->figures, &figure, e);
}

static void on_complaint(void *ctx, enum refusal why, unsigned line, unsigned column,
			 const char *text)
{
	struct decoding *d = ctx;

	/* A broken line was complained about when it was decoded, with its byte. */
	if (why == REFUSED_ENCODING && d->broken_lines)
		return;
	batch_complain(d->batch, why, line, column, "%s", text);
}

static int on_table(void *ctx, struct slice name, struct err *e)
{
	struct decoding *d = ctx;

	return batch_table(d->batch, name, e);
}

/* --- portions ---------------------------------------------------------------------------- */

static int start_portion(struct decoding *d, struct err *e)
{
	arena_init(&d->kept, d->batch->arena.limit);
	d->kept.seldom = d->batch->arena.seldom;
	figures_init(&d->figures, &d->kept);
	d->figures.panel_questions = d->panel_questions;
	d->figures.expected = d->doc->portions ? d->doc->portions->figures : 0;
	return resolver_init(&d->resolver, d->doc, d->cat, &d->figures, d->batch, &d->kept, e);
}

/* With all that was remembered of texts, so that nothing grows with the document. */
static void forget_portion(struct decoding *d)
{
	resolver_release(&d->resolver);
	figures_release(&d->figures);
	arena_release(&d->kept);
}

static bool portion_is_full(const struct decoding *d)
{
	const struct portions *p = d->doc->portions;

	return p && (d->figures.n >= p->figures || d->figures.nentries >= p->figures ||
		     d->kept.used >= PORTION_BYTES);
}

/* Whether the table has a cell in this portion or in one before. */
static bool has_begun(const struct figures *f, int table)
{
	return f->table_before == table || (f->n && f->list[f->n - 1].table == table) ||
	       (f->nentries && f->entries[f->nentries - 1].f.table == table);
}

static int end_portion(struct decoding *d, struct err *e)
{
	const struct portions *p = d->doc->portions;
	int table = table_now(d);
	bool begun = has_begun(&d->figures, table);
	struct err why;
	int rc;

	resolver_finish(&d->resolver);
	d->figures.portion = true;
	d->figures.table_after = table;
	rc = figures_check(&d->figures, d->cat, d->history, d->batch, e);
	/* Before the store is waited for, and whatever came of it: nothing is checked twice. */
	forget_portion(d);
	if (start_portion(d, &why) < 0 && rc == 0) {
		*e = why;
		rc = -1;
	}
	d->figures.table_before = begun ? table : NO_TABLE;
	if (rc < 0 || !d->batch->nobs)
		return rc;
	if (p->store(p->ctx, d->batch, e) < 0)
		return -1;
	batch_portion_stored(d->batch);
	return 0;
}

/* Of the body: a byte of GBK becomes one and a half of UTF-8. */
static uint64_t body_bytes_read(const struct decoding *d)
{
	uint64_t read = d->read_bytes;

	return d->text_bytes ? read * d->doc->body.n / d->text_bytes : read;
}

static int on_row(void *ctx, unsigned line, struct err *e)
{
	struct decoding *d = ctx;

	if (portion_is_full(d) && end_portion(d, e) < 0)
		return -1;
	if (d->batch->rows == d->rows_limit)
		return err_set(e, ERR_LIMIT, "line %u: more than %zu rows", line, d->rows_limit);
	d->batch->rows++;
	if (d->doc->progress)
		atomic_store_explicit(&d->doc->progress->read_bytes, body_bytes_read(d),
				      memory_order_relaxed);
	return 0;
}

/* --- the document ------------------------------------------------------------------------ */

/* The message was read when it was configured; its code lists are small beside the figures. */
static int decode_with_structure(struct decoding *d, row_reader read, struct slice text,
				 const struct fact_sink *sink, struct err *e)
{
	struct layout layout = *d->doc->layout;
	struct sdmx_structure structure;
	struct arena a;
	int rc;

	arena_init(&a, SDMX_STRUCTURE_ARENA);
	layout.structure = &structure;
	rc = sdmx_structure_read(d->doc->structure, &a, &structure, e);
	if (rc < 0)
		err_wrap(e, "the structure message of the feed");
	else
		rc = decode_table(read, text, &layout, &d->scratch, sink, e);
	arena_release(&a);
	return rc;
}

static int decode_facts(struct decoding *d, struct buf *room, struct err *e)
{
	struct fact_sink sink = { .table = on_table,
				  .fact = on_fact,
				  .complain = on_complaint,
				  .row = on_row,
				  .read_bytes = &d->read_bytes,
				  .ctx = d };
	const struct document *doc = d->doc;
	enum feed_format told = format_told(doc->format, doc->body);
	const struct format *format = format_of(told);
	struct slice text = doc->body;

	d->batch->sheets = format->kind == KIND_GRID && format->read;
	if (format->as_text && body_check(doc->body, format->wanted, e) < 0)
		return -1;
	/* A line of a table can be left out; a JSON text is whole or nothing. */
	if (format->as_text &&
	    body_decode(doc->body, doc->encoding, room, &text, told == FORMAT_CSV ? d->batch : NULL,
			&d->broken_lines, e) < 0) {
		d->whole = REFUSED_ENCODING;
		return -1;
	}
	d->text_bytes = text.n;
	if (told == FORMAT_CSV)
		return decode_csv(text, doc->layout, &d->scratch, &sink, e);
	if (told == FORMAT_JSON)
		return decode_json(text, doc->layout, &d->scratch, &sink, e);
	if (doc->structure.n)
		return decode_with_structure(d, format->read, text, &sink, e);
	return decode_table(format->read, text, doc->layout, &d->scratch, &sink, e);
}

static int by_place(const void *a, const void *b)
{
	const struct complaint *x = a, *y = b;

	if (x->table != y->table)
		return x->table < y->table ? -1 : 1;
	if (x->line != y->line)
		return x->line < y->line ? -1 : 1;
	return x->column < y->column ? -1 : x->column > y->column;
}

/* A sentence for the document, before those of its lines. */
static void complain_document(struct batch *b, enum refusal r, const struct err *why)
{
	if (b->ncomplaints == BATCH_COMPLAINTS_MAX)
		b->ncomplaints--; /* this one matters more */
	batch_complain_in(b, 0, why->code == ERR_LIMIT ? REFUSED_LIMIT : r, 0, 0, "%s", why->text);
}

static int decode_all(struct decoding *d, struct buf *room, struct err *e)
{
	bool samples = format_of(d->doc->format)->kind == KIND_SAMPLES;
	int rc = samples ? samples_decode(d->doc, d->cat, d->rows_limit, d->doc->scrape,
					  &d->scratch, d->batch, e)
			 : decode_facts(d, room, e);
	struct err why;

	resolver_finish(&d->resolver);
	d->figures.portion = d->batch->portions > 0;
	/* When decoding failed, that is the sentence which counts. */
	if (figures_check(&d->figures, d->cat, d->history, d->batch, &why) < 0 && rc == 0) {
		*e = why;
		rc = -1;
	}
	return rc;
}

/* Scrapes come again and again. */
static bool is_seldom(const struct document *doc)
{
	return doc->body.n > SELDOM_BYTES && format_of(doc->format)->kind != KIND_SAMPLES;
}

/* Which of the readers it was that found no room does not matter. */
static void name_room(const struct decoding *d, struct err *e)
{
	const struct arena *b = &d->batch->arena;
	struct err plain = *e;

	if (e->code != ERR_LIMIT || !(b->refused || d->scratch.refused || d->kept.refused))
		return;
	err_set(e, ERR_LIMIT,
		"%.160s (%zu MiB for this document; in smaller parts it can be taken)", plain.text,
		b->limit >> 20);
}

int document_decode(const struct document *doc, const struct catalogue *cat,
		    const struct history *history, struct batch *b, struct err *e)
{
	struct decoding d = { .doc = doc,
			      .cat = cat,
			      .history = history,
			      .batch = b,
			      .rows_limit = doc->rows_limit ? doc->rows_limit : ROWS_DEFAULT,
			      .panel_questions = doc->panel_questions ? doc->panel_questions
								      : PANEL_QUESTIONS };
	struct err why = { .code = ERR_NONE };
	struct buf room;
	int rc;

	b->body_bytes = doc->body.n;
	if (doc->quota && format_of(doc->format)->kind != KIND_SAMPLES)
		series_quota_turn(doc->quota, doc->now_ms);
	b->arena.seldom = is_seldom(doc);
	arena_init(&d.scratch, b->arena.limit);
	d.scratch.seldom = b->arena.seldom;
	arena_init(&d.cell, 4 << 20);
	/* A byte of GB18030 becomes at most three of UTF-8. */
	buf_init_large(&room, doc->body.n < SIZE_MAX / 4 ? doc->body.n * 3 + 16 : SIZE_MAX);
	rc = start_portion(&d, &why);
	if (rc == 0)
		rc = decode_all(&d, &room, &why);
	if (rc < 0) {
		name_room(&d, &why);
		complain_document(b, d.whole, &why);
		if (e)
			*e = why;
	}
	if (b->ncomplaints > 1)
		qsort(b->complaints, b->ncomplaints, sizeof(*b->complaints), by_place);
	forget_portion(&d);
	buf_release(&room);
	arena_release(&d.cell);
	arena_release(&d.scratch);
	return rc;
}
