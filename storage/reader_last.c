/*
 * reader_last.c - the last sample of each of many series; see reader.h.
 *
 * Layer by layer, the newest first: a layer, and a chunk of it, that ends before what is known
 * already has nothing to say. So mostly it is the memory alone, or one layer, that is looked at.
 */
#include "storage/reader.h"

struct lasts {
	struct reader *r;
	const uint32_t *series;
	size_t n;
	int64_t from_ms, to_ms;
	int64_t *t_ms; /* INT64_MIN: none so far */
	double *value;
	size_t at; /* of the series a chunk is looked at for */
};

/* What is looked for is newer than what a later layer has. */
static int64_t newer_than(const struct lasts *x, size_t i)
{
	return x->t_ms[i] == INT64_MIN ? x->from_ms : x->t_ms[i] + 1;
}

static int take_last(void *ctx, const struct layer *l, uint32_t segment, const struct chunk *k,
		     struct err *e)
{
	struct lasts *x = ctx;
	const int64_t *t;
	size_t to;

	(void)l;
	(void)segment;
	if (reader_chunk_times(x->r, k, e) < 0)
		return -1;
	t = x->r->times.t_ms;
	to = x->to_ms >= k->last_ms ? k->count : first_at(t, k->count, x->to_ms + 1);
	if (to == 0 || t[to - 1] < newer_than(x, x->at))
		return 0;
	if (reader_chunk_values(x->r, k, e) < 0)
		return -1;
	x->t_ms[x->at] = t[to - 1];
	x->value[x->at] = x->r->values[to - 1];
	return 0;
}

static int last_of_layer(struct lasts *x, struct layer_cursor *c, struct err *e)
{
	int64_t last_ms = c->layer->last_ms < x->to_ms ? c->layer->last_ms : x->to_ms;

	if (c->layer->first_ms > x->to_ms || last_ms < x->from_ms)
		return 0;
	for (x->at = 0; x->at < x->n; x->at++) {
		uint32_t id = x->series[x->at];
		struct segment_want w = { id, id, x->from_ms, x->to_ms };

		if (x->t_ms[x->at] >= last_ms)
			continue;
		w.from_ms = newer_than(x, x->at);
		if (reader_walk(x->r, c, &w, take_last, x, e) < 0)
			return err_wrap(e, "series %u", id);
	}
	return 0;
}

static void last_of_head(struct lasts *x, const struct generation *g, uint64_t last_request)
{
	for (size_t i = 0; g && i < x->n; i++)
		if (x->t_ms[i] < x->to_ms)
			generation_last(g, x->series[i], last_request, newer_than(x, i), x->to_ms,
					&x->t_ms[i], &x->value[i]);
}

int reader_last(struct reader *r, const uint32_t *series, size_t n, int64_t from_ms, int64_t to_ms,
		uint64_t last_request, int64_t *t_ms, double *value, struct err *e)
{
	struct lasts x = { r, series, n, from_ms, to_ms, t_ms, value, 0 };

	for (size_t i = 0; i < n; i++)
		t_ms[i] = INT64_MIN;
	if (from_ms > to_ms)
		return 0;
	if (reader_prepare(r, e) < 0)
		return -1;
	last_of_head(&x, r->layout->active, last_request);
	last_of_head(&x, r->layout->sealed, last_request);
	for (uint32_t i = r->layout->nsamples; i-- > 0;)
		if (last_of_layer(&x, &r->samples[i], e) < 0)
			return -1;
	return 0;
}
