/*
 * edits_doubt.c - doubts on their way to findings. See edits.h.
 *
 * A soft edit doubts a figure that a hard one may refuse later, and some edits run before figures
 * are laid out. So doubts are kept by series and time, and those whose figures stayed
 * are handed on with them.
 */
#include "collectors/edits.h"

#include <stdlib.h>

static const char *label_of(struct arena *a, const struct series *s, const char *name)
{
	struct slice value = labels_get(s->labels, slice_str(name));

	return arena_strndup(a, value.p, value.n);
}

static bool is_whole(const struct doubt *d)
{
	return d->unit && d->indicator && d->freq && d->basis && d->period && d->text && d->text_zh;
}

void edits_doubt(struct edits *w, const struct failure *x, const char *reason)
{
	struct arena *a = &w->batch->arena;
	struct period p = period_from_index(x->series->indicator->freq, x->f->index);
	char period[PERIOD_TEXT];
	struct raised r = { .series = x->f->series,
			    .stamp_ms = x->f->stamp_ms,
			    .place = w->nraised };
	void *list = w->raised;

	if (w->nraised + w->batch->doubts_stored < BATCH_DOUBTS_MAX) {
		r.doubt = (struct doubt){
			.reason = reason,
			.unit = arena_strdup(a, x->series->unit->id),
			.indicator = arena_strdup(a, x->series->indicator->code),
			.freq = label_of(a, x->series, "freq"),
			.basis = label_of(a, x->series, "basis"),
			.period = arena_strdup(a, period_print(p, period)),
			.against = x->bound,
			.text = arena_strdup(a, x->en),
			.text_zh = arena_strdup(a, x->zh),
		};
		if (w->nraised == w->raised_cap)
			list = arena_grow(a, list, w->nraised, &w->raised_cap, w->nraised + 1,
					  sizeof(*w->raised));
	}
	if (!list || !is_whole(&r.doubt)) {
		counter_add(C_FINDINGS_NOT_OPENED, 1);
		return;
	}
	w->raised = list;
	w->raised[w->nraised++] = r;
}

static int by_figure(const void *a, const void *b)
{
	const struct raised *x = a, *y = b;

	if (x->series != y->series)
		return x->series < y->series ? -1 : 1;
	if (x->stamp_ms != y->stamp_ms)
		return x->stamp_ms < y->stamp_ms ? -1 : 1;
	return x->place < y->place ? -1 : x->place > y->place;
}

void edits_sort_doubts(struct edits *w)
{
	if (w->nraised > 1)
		qsort(w->raised, w->nraised, sizeof(*w->raised), by_figure);
}

int edits_give_doubts(struct edits *w, const struct figure *f, size_t *next, struct err *e)
{
	const struct raised want = { .series = f->series, .stamp_ms = f->stamp_ms };

	while (*next < w->nraised && by_figure(&w->raised[*next], &want) < 0)
		++*next;
	for (; *next < w->nraised && w->raised[*next].series == f->series &&
	       w->raised[*next].stamp_ms == f->stamp_ms;
	     ++*next)
		if (batch_doubt(w->batch, &w->raised[*next].doubt, e) < 0)
			return -1;
	return 0;
}
