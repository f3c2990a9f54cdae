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

enum { SENTENCE_MAX = 512 };

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
	[SUSPECT_YTD_FALLS] = { "ytd_falls", true },
	[SUSPECT_FULL_WIDTH] = { "full_width", true },
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

void batch_complain(struct batch *b, enum refusal why, unsigned line, unsigned column,
		    const char *fmt, ...)
{
	char text[SENTENCE_MAX];
	const char *kept;
	va_list ap;
	int n;

	batch_count(b, why, 1);
	if (b->ncomplaints >= BATCH_COMPLAINTS_MAX)
		return;
	va_start(ap, fmt);
	n = vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	if (n < 0)
		return;
	kept = arena_strndup(&b->arena, text,
			     slice_cut(slice_str(text),
				       (size_t)n < sizeof(text) ? (size_t)n : sizeof(text) - 4)
				     .n);
	if (!kept)
		return;
	if (b->ncomplaints == b->complaints_cap) {
		void *p = arena_grow(&b->arena, b->complaints, b->ncomplaints, &b->complaints_cap,
				     b->ncomplaints + 1, sizeof(*b->complaints));

		if (!p)
			return;
		b->complaints = p;
	}
	b->complaints[b->ncomplaints++] =
		(struct complaint){ .why = why, .line = line, .column = column, .text = kept };
}
