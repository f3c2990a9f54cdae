/*
 * edits_past.c - figures to hold others against. See edits.h.
 *
 * Of each series that is asked about, one look brings what is stored from LOOK_BACK periods (and a
 * year) before the document's first period to its last, all out of one state of the store. A
 * figure of the document stands for its period also when it was refused: then there is none,
 * for what is stored is no longer what the reporter says.
 */
#include "collectors/edits.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

static struct span *span_of(struct edits *w, enum freq freq)
{
	static const enum freq freqs[FREQS] = { FREQ_MONTH, FREQ_QUARTER, FREQ_HALF, FREQ_YEAR,
						FREQ_DAY };

	for (int k = 0; k < FREQS; k++)
		if (freqs[k] == freq)
			return &w->spans[k];
	return &w->spans[0];
}

void edits_note_span(struct edits *w, enum freq freq, int32_t index)
{
	struct span *s = span_of(w, freq);

	if (!s->any || index < s->first)
		s->first = index;
	if (!s->any || index > s->last)
		s->last = index;
	s->any = true;
}

static int64_t stamp_of(const struct edits *w, const struct indicator *i, int64_t index)
{
	return period_stamp(period_from_index(i->freq, index), w->zone);
}

int edits_past(struct edits *w, struct series *s, struct err *e)
{
	const struct history *h = w->history;
	const struct span *span = span_of(w, s->indicator->freq);
	/* The period before the same one a year before, for what is derived of that. */
	int back = s->indicator->freq == FREQ_DAY ? LOOK_BACK : LOOK_BACK + 1;

	if (s->asked || !h || !h->figures || !span->any)
		return 0;
	if (!w->at && h->open(h->ctx, &w->at, e) < 0)
		return err_wrap(e, "looking up the figures before");
	if (h->figures(w->at, s->labels, stamp_of(w, s->indicator, span->first - back),
		       stamp_of(w, s->indicator, span->last), w->figures->arena, &s->past,
		       &s->npast, e) < 0)
		return err_wrap(e, "looking up the figures before");
	s->asked = true;
	return 0;
}

void edits_close(struct edits *w)
{
	if (w->at)
		w->history->close(w->at);
	w->at = NULL;
}

/* The first stored one with a stamp not before `stamp_ms`. */
static size_t past_from(const struct series *s, int64_t stamp_ms)
{
	size_t low = 0, high = s->npast;

	while (low < high) {
		size_t mid = low + (high - low) / 2;

		if (s->past[mid].stamp_ms < stamp_ms)
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}

/* The first of the document with an index not before `index`. Where no period is missing, and none
 * is there twice, it is where it should be. */
static size_t own_from(const struct figure *f, size_t n, int64_t index)
{
	size_t low = 0, high = n;
	int64_t at = n ? index - f[0].index : 0;

	if (at >= 0 && (size_t)at < n && f[at].index == index &&
	    (at == 0 || f[at - 1].index < index))
		return (size_t)at;
	while (low < high) {
		size_t mid = low + (high - low) / 2;

		if (f[mid].index < index)
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}

static struct point of_document(struct figure *f)
{
	return (struct point){ true, f->value, f->half, f->stamp_ms, f->index, f };
}

static struct point of_store(const struct edits *w, const struct series *s, const struct past *p)
{
	struct period period = period_from_stamp(s->indicator->freq, p->stamp_ms, w->zone);

	return (struct point){ .found = true,
			       .value = p->value,
			       .half = shown_half(s->indicator, p->value),
			       .stamp_ms = p->stamp_ms,
			       .index = period_index(period) };
}

int edits_point(struct edits *w, struct series *s, int64_t index, struct point *out, struct err *e)
{
	struct figure *own = w->figures->list + s->first;
	size_t k = own_from(own, s->n, index);
	int64_t stamp_ms;

	*out = (struct point){ 0 };
	if (k < s->n && own[k].index == index) {
		if (!own[k].dropped && !figure_is_secret(&own[k]))
			*out = of_document(&own[k]);
		return 0;
	}
	if (edits_past(w, s, e) < 0)
		return -1;
	if (!s->npast)
		return 0;
	stamp_ms = stamp_of(w, s->indicator, index);
	k = past_from(s, stamp_ms);
	if (k < s->npast && s->past[k].stamp_ms == stamp_ms)
		*out = of_store(w, s, &s->past[k]);
	return 0;
}

void edits_recent(struct edits *w, const struct series *s, const struct figure *f, size_t max,
		  struct recent *out)
{
	struct figure *own = w->figures->list + s->first;
	size_t p = past_from(s, f->stamp_ms), o = (size_t)(f - own), n = 0;

	while (n < max && (o || p)) {
		struct figure *mine = o ? &own[o - 1] : NULL;

		if (mine && (!p || mine->stamp_ms >= s->past[p - 1].stamp_ms)) {
			o--;
			if (p && mine->stamp_ms == s->past[p - 1].stamp_ms)
				p--;
			if (!mine->dropped && !figure_is_secret(mine))
				out->points[n++] = of_document(mine);
		} else {
			out->points[n++] = of_store(w, s, &s->past[--p]);
		}
	}
	out->n = n;
}

double shown_half(const struct indicator *i, double value)
{
	double unit = pow(10, i->scale.shift) * i->scale.mul / i->scale.div, half;
	char text[64], power[16];
	const char *point, *exponent;
	struct err e;
	int decimals;

	/* Twelve digits: what a measure such as 亩 makes of a whole number is one again. */
	snprintf(text, sizeof(text), "%.12g", value / unit);
	point = strchr(text, '.');
	exponent = strchr(text, 'e');
	decimals = point ? (int)((exponent ? exponent : text + strlen(text)) - point - 1) : 0;
	if (exponent)
		decimals -= atoi(exponent + 1);
	if (decimals < 0)
		decimals = 0;
	snprintf(power, sizeof(power), "5e-%d", decimals + 1);
	return num_parse_scaled(slice_str(power), i->scale, &half, &e) == 0 ? half : 0;
}
