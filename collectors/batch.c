/*
 * batch.c - see batch.h.
 *
 * Lists grow in the batch's arena, so a document that brings too much meets the
 * arena's ceiling and is refused with ERR_LIMIT. Complaints are counted without
 * end but only the first are kept: a file of a million broken rows must not cost
 * a million sentences.
 */
#include "collectors/batch.h"

#include "base/alloc.h"

#include <stdarg.h>
#include <stdio.h>

enum {
	SENTENCE_MAX = 512,
	TABLE_SHOWN = 60, /* bytes of a sheet's name */
};

static const struct {
	const char *name;
	bool keeps;
} refusals[REFUSALS] = {
	[REFUSED_LAYOUT] = { "layout", false },
	[REFUSED_ENCODING] = { "encoding", false },
	[REFUSED_UNIT] = { "unit", false },
	[REFUSED_INDICATOR] = { "indicator", false },
	[REFUSED_PERIOD] = { "period", false },
	[REFUSED_NOT_ENDED] = { "not_ended", false },
	[REFUSED_VALUE] = { "value", false },
	[REFUSED_RANGE] = { "range", false },
	[REFUSED_UNIT_SLIP] = { "unit_slip", false },
	[REFUSED_CONFLICT] = { "conflict", false },
	[REFUSED_MEASURE] = { "measure", false },
	[REFUSED_LIMIT] = { "limit", false },
	[REFUSED_CATALOGUED] = { "catalogued", false },
	[REFUSED_TOKEN_UNIT] = { "token_unit", false },
	[REFUSED_TOKEN_INDICATOR] = { "token_indicator", false },
	[SUSPECT_YTD_FALLS] = { "ytd_falls", true },
	[SUSPECT_FULL_WIDTH] = { "full_width", true },
	[SUSPECT_MINUS] = { "minus", true },
	[SUSPECT_HIDDEN] = { "hidden", true },
};

const char *refusal_name(enum refusal r)
{
	return refusals[r].name;
}

bool refusal_keeps(enum refusal r)
{
	return refusals[r].keeps;
}

struct batch *batch_new(size_t arena_limit, struct err *e)
{
	struct batch *b = mem_zalloc(sizeof(*b));

	if (!b) {
		err_set(e, ERR_MEMORY, "no memory for a batch");
		return NULL;
	}
	arena_init(&b->arena, arena_limit);
	return b;
}

void batch_free(struct batch *b)
{
	if (!b)
		return;
	for (size_t i = 0; i < b->nobs; i++)
		labels_unref(b->obs[i].labels);
	for (size_t i = 0; i < b->nsamples; i++)
		labels_unref(b->samples[i].labels);
	arena_release(&b->arena);
	mem_free(b);
}

static int too_much(const struct batch *b, const char *what, struct err *e)
{
	return err_set(e, ERR_LIMIT, "the document brings more %s than %zu MiB hold", what,
		       b->arena.limit >> 20);
}

int batch_reserve(struct batch *b, size_t n, struct err *e)
{
	void *p;

	if (b->obs_cap - b->nobs >= n)
		return 0;
	p = arena_grow(&b->arena, b->obs, b->nobs, &b->obs_cap, b->nobs + n, sizeof(*b->obs));
	if (!p)
		return too_much(b, "figures", e);
	b->obs = p;
	return 0;
}

int batch_observe(struct batch *b, struct observation o, struct err *e)
{
	if (b->nobs == b->obs_cap) {
		void *p = arena_grow(&b->arena, b->obs, b->nobs, &b->obs_cap, b->nobs + 1,
				     sizeof(*b->obs));

		if (!p) {
			labels_unref(o.labels);
			return too_much(b, "figures", e);
		}
		b->obs = p;
	}
	b->obs[b->nobs++] = o;
	return 0;
}

int batch_sample(struct batch *b, struct plain_sample s, struct err *e)
{
	if (b->nsamples == b->samples_cap) {
		void *p = arena_grow(&b->arena, b->samples, b->nsamples, &b->samples_cap,
				     b->nsamples + 1, sizeof(*b->samples));

		if (!p) {
			labels_unref(s.labels);
			return too_much(b, "samples", e);
		}
		b->samples = p;
	}
	b->samples[b->nsamples++] = s;
	return 0;
}

void batch_count(struct batch *b, enum refusal why, size_t n)
{
	b->count[why] += n;
	if (refusal_keeps(why))
		b->suspect += n;
	else
		b->refused += n;
}

int batch_table(struct batch *b, struct slice name, struct err *e)
{
	const char *kept = arena_strndup(&b->arena, name.p, name.n);
	void *p = b->tables;

	if (b->ntables + 1 >= b->tables_cap)
		p = arena_grow(&b->arena, b->tables, b->ntables, &b->tables_cap, b->ntables + 2,
			       sizeof(*b->tables));
	if (!kept || !p)
		return too_much(b, "tables", e);
	b->tables = p;
	if (b->ntables == 0)
		b->tables[b->ntables++] = "";
	b->tables[b->ntables++] = kept;
	return 0;
}

/* 1 is A, 27 AA. */
static char *column_letters(unsigned column, char out[8])
{
	char *p = out + 7;

	*p = '\0';
	for (unsigned n = column; n && p > out; n = (n - 1) / 26)
		*--p = (char)('A' + (n - 1) % 26);
	return p;
}

static const char *place_text(struct batch *b, const struct complaint *c)
{
	struct slice table = slice_str(c->table < b->ntables ? b->tables[c->table] : "");
	/* Of the document or the line as a whole: its beginning is where one looks. */
	unsigned line = c->line ? c->line : 1, column = c->column ? c->column : 1;
	char letters[8];

	table = slice_cut(table, TABLE_SHOWN);
	if (!table.n)
		return arena_printf(&b->arena, "%u:%u", line, column);
	if (b->sheets)
		return arena_printf(&b->arena, "%.*s!%s%u", SLICE_FMT(table),
				    column_letters(column, letters), line);
	return arena_printf(&b->arena, "%.*s!%u:%u", SLICE_FMT(table), line, column);
}

static void keep_sentence(struct batch *b, struct complaint c, const char *fmt, va_list ap)
{
	char text[SENTENCE_MAX];
	int n;

	batch_count(b, c.why, 1);
	if (b->ncomplaints >= BATCH_COMPLAINTS_MAX)
		return;
	n = vsnprintf(text, sizeof(text), fmt, ap);
	if (n < 0)
		return;
	c.text = arena_strndup(&b->arena, text,
			       slice_cut(slice_str(text),
					 (size_t)n < sizeof(text) ? (size_t)n : sizeof(text) - 4)
				       .n);
	c.place = place_text(b, &c);
	if (!c.text || !c.place)
		return;
	if (b->ncomplaints == b->complaints_cap) {
		void *p = arena_grow(&b->arena, b->complaints, b->ncomplaints, &b->complaints_cap,
				     b->ncomplaints + 1, sizeof(*b->complaints));

		if (!p)
			return;
		b->complaints = p;
	}
	b->complaints[b->ncomplaints++] = c;
}

void batch_complain(struct batch *b, enum refusal why, unsigned line, unsigned column,
		    const char *fmt, ...)
{
	struct complaint c = { .why = why, .line = line, .column = column };
	va_list ap;

	c.table = b->ntables ? (unsigned)b->ntables - 1 : 0;
	va_start(ap, fmt);
	keep_sentence(b, c, fmt, ap);
	va_end(ap);
}

void batch_complain_in(struct batch *b, unsigned table, enum refusal why, unsigned line,
		       unsigned column, const char *fmt, ...)
{
	struct complaint c = { .why = why, .line = line, .column = column, .table = table };
	va_list ap;

	va_start(ap, fmt);
	keep_sentence(b, c, fmt, ap);
	va_end(ap);
}
