/*
 * reader.c - see reader.h.
 *
 * Samples of a later layer count more than those of an earlier one. Mostly each layer
 * lies behind the one before in time, so they are put behind each other and only
 * sorted when one reaches back.
 */
#include "storage/reader.h"

#include "base/alloc.h"
#include "storage/walk.h"

#include <stdlib.h>

enum { ROOM = COLUMN_SAMPLES_MAX + COLUMN_SLACK };

void reader_init(struct reader *r, const struct layout *l, struct db_txn *t)
{
	*r = (struct reader){ .layout = l, .t = t };
}

static void release_cursors(struct layer_cursor *c, uint32_t n)
{
	for (uint32_t i = 0; c && i < n; i++) {
		segment_reader_release(&c[i].segment);
		mem_free(c[i].times);
	}
	mem_free(c);
}

void reader_release(struct reader *r)
{
	if (r->layout) {
		release_cursors(r->samples, r->layout->nsamples);
		release_cursors(r->figures, r->layout->nfigures);
	}
	columns_scratch_free(r->scratch);
	figure_packer_free(r->packer);
	mem_free(r->values);
	*r = (struct reader){ 0 };
}

static int no_memory(struct err *e)
{
	return err_set(e, ERR_MEMORY, "no memory to read a series");
}

static struct layer_cursor *cursors_new(struct layer *const *layers, uint32_t n, struct err *e)
{
	struct layer_cursor *c = mem_zalloc((n + (size_t)1) * sizeof(*c));

	if (!c)
		no_memory(e);
	for (uint32_t i = 0; c && i < n; i++) {
		c[i].layer = layers[i];
		c[i].at = c[i].times_of = UINT32_MAX;
		segment_reader_init(&c[i].segment);
	}
	return c;
}

/* --- walking a layer ------------------------------------------------------------------- */

/* Whether the segment can hold what is wanted. */
static bool may_hold(const struct segment_entry *s, const struct segment_want *w)
{
	return s->last_series >= w->from_series && s->first_series <= w->to_series &&
	       s->last_ms >= w->from_ms && s->first_ms <= w->to_ms;
}

static int open_segment(struct reader *r, struct layer_cursor *c, uint32_t i, struct err *e)
{
	struct slice bytes;
	int rc;

	if (c->at == i)
		return 0;
	c->at = UINT32_MAX;
	c->times_of = UINT32_MAX;
	if (r->lock)
		pthread_mutex_lock(r->lock);
	rc = layer_segment(c->layer, r->t, i, &bytes, e);
	if (r->lock)
		pthread_mutex_unlock(r->lock);
	if (rc < 0)
		return -1;
	if (segment_open(&c->segment, bytes, e) < 0)
		return err_wrap(e, "segment %u of %s %u", i, c->layer->run ? "run" : "partition",
				c->layer->number);
	c->at = i;
	return 0;
}

/* The first that may hold the series: mostly the one that is open. */
static uint32_t segment_of(const struct layer_cursor *c, uint32_t series)
{
	const struct layer *l = c->layer;

	if (c->at < l->nsegments && l->segments[c->at].first_series < series &&
	    l->segments[c->at].last_series >= series)
		return c->at;
	return layer_find(l, series);
}

int reader_walk(struct reader *r, struct layer_cursor *c, const struct segment_want *w,
		int (*each)(void *ctx, struct layer_cursor *c, const struct chunk *k,
			    uint32_t times_column, struct err *e),
		void *ctx, struct err *e)
{
	const struct layer *l = c->layer;

	if (l->nsegments == 0 || w->from_ms > l->last_ms || w->to_ms < l->first_ms ||
	    w->from_series > l->last_series || w->to_series < l->first_series)
		return 0;
	for (uint32_t i = segment_of(c, w->from_series);
	     i < l->nsegments && l->segments[i].first_series <= w->to_series; i++) {
		struct chunk k;
		uint32_t columns[2];
		int rc;

		if (!may_hold(&l->segments[i], w))
			continue;
		if (open_segment(r, c, i, e) < 0)
			return -1;
		if (c->segment.at.series >= w->from_series)
			segment_rewind(&c->segment);
		while ((rc = segment_next(&c->segment, w, &k, columns, e)) == 1)
			if (each(ctx, c, &k, columns[0], e) < 0)
				return err_wrap(e, "segment %u of %s %u", i,
						l->run ? "run" : "partition", l->number);
		if (rc < 0)
			return err_wrap(e, "segment %u of %s %u", i, l->run ? "run" : "partition",
					l->number);
	}
	return 0;
}

/* --- samples ------------------------------------------------------------------------------ */

struct gather {
	struct reader *r;
	struct arena *a;
	int64_t from_ms, to_ms;
	struct columns_run *out;
	bool rising;
};

static int grow_run(struct arena *a, struct columns_run *r, size_t more, struct err *e)
{
	size_t cap_v = r->cap, want = r->n + more;

	if (want <= r->cap)
		return 0;
	r->t_ms = arena_grow(a, r->t_ms, r->n, &r->cap, want, sizeof(*r->t_ms));
	r->value = arena_grow(a, r->value, r->n, &cap_v, want, sizeof(*r->value));
	if (!r->t_ms || !r->value)
		return err_set(e, ERR_LIMIT, "the samples need more than %zu MiB", a->limit >> 20);
	if (cap_v < r->cap)
		r->cap = cap_v;
	return 0;
}

int reader_times(const struct reader *r, struct layer_cursor *c, const struct chunk *k,
		 uint32_t column, struct err *e)
{
	if (c->times_of == column)
		return 0;
	if (!c->times) {
		c->times = mem_alloc(ROOM * sizeof(*c->times));
		if (!c->times)
			return no_memory(e);
	}
	c->times_of = UINT32_MAX;
	if (times_unpack(k->times, k->count, c->times, r->scratch, e) < 0)
		return -1;
	c->times_of = column;
	return 0;
}

static int take_samples(void *ctx, struct layer_cursor *c, const struct chunk *k, uint32_t column,
			struct err *e)
{
	struct gather *g = ctx;
	struct columns_run *o = g->out;
	size_t from, to;
	double *v;

	if (k->count > COLUMN_SAMPLES_MAX)
		return err_set(e, ERR_CORRUPT, "a chunk of %u samples is impossible", k->count);
	if (reader_times(g->r, c, k, column, e) < 0)
		return -1;
	from = first_at(c->times, k->count, g->from_ms);
	to = g->to_ms == INT64_MAX ? k->count : first_at(c->times, k->count, g->to_ms + 1);
	if (from >= to)
		return 0;
	if (grow_run(g->a, o, k->count + COLUMN_SLACK, e) < 0)
		return -1;
	/* Straight into place when all of it is wanted. */
	v = from == 0 ? o->value + o->n : g->r->values;
	if (values_unpack((enum value_encoding)k->encoding, k->values, k->count, v, g->r->scratch,
			  e) < 0)
		return -1;
	if (from > 0)
		memcpy(o->value + o->n, v + from, (to - from) * sizeof(*v));
	memcpy(o->t_ms + o->n, c->times + from, (to - from) * sizeof(*c->times));
	if (o->n > 0 && o->t_ms[o->n] <= o->t_ms[o->n - 1])
		g->rising = false;
	o->n += to - from;
	return 0;
}

struct place {
	int64_t t_ms;
	double value;
	size_t at;
};

static int by_time(const void *a, const void *b)
{
	const struct place *x = a, *y = b;

	if (x->t_ms != y->t_ms)
		return x->t_ms < y->t_ms ? -1 : 1;
	return x->at < y->at ? -1 : x->at > y->at;
}

int columns_run_sort(struct columns_run *r, size_t from, struct err *e)
{
	size_t n = r->n - from, kept = from;
	struct place *p = mem_alloc((n + 1) * sizeof(*p));

	if (!p)
		return no_memory(e);
	for (size_t i = 0; i < n; i++)
		p[i] = (struct place){ r->t_ms[from + i], r->value[from + i], i };
	qsort(p, n, sizeof(*p), by_time);
	for (size_t i = 0; i < n; i++) {
		if (i + 1 < n && p[i + 1].t_ms == p[i].t_ms)
			continue;
		r->t_ms[kept] = p[i].t_ms;
		r->value[kept++] = p[i].value;
	}
	r->n = kept;
	mem_free(p);
	return 0;
}

int reader_prepare(struct reader *r, struct err *e)
{
	if (!r->samples)
		r->samples = cursors_new(r->layout->samples, r->layout->nsamples, e);
	if (!r->samples)
		return -1;
	if (!r->scratch)
		r->scratch = columns_scratch_new(e);
	if (!r->scratch)
		return -1;
	if (!r->values)
		r->values = mem_alloc(ROOM * sizeof(*r->values));
	return r->values ? 0 : no_memory(e);
}

static int gather_layers(struct gather *g, uint32_t from_layer, uint32_t n, uint32_t series,
			 struct err *e)
{
	struct segment_want w = { series, series, g->from_ms, g->to_ms };

	if (reader_prepare(g->r, e) < 0)
		return -1;
	for (uint32_t i = from_layer; i < from_layer + n; i++)
		if (reader_walk(g->r, &g->r->samples[i], &w, take_samples, g, e) < 0)
			return -1;
	return 0;
}

int reader_layer_samples(struct reader *r, uint32_t from_layer, uint32_t nlayers, uint32_t series,
			 int64_t from_ms, int64_t to_ms, struct arena *a, struct columns_run *out,
			 struct err *e)
{
	size_t begin = out->n;
	struct gather g = { r, a, from_ms, to_ms, out, true };

	if (gather_layers(&g, from_layer, nlayers, series, e) < 0)
		return -1;
	return g.rising ? 0 : columns_run_sort(out, begin, e);
}

/* Drops what lies outside the range, from `begin` on. */
static void cut_range(struct columns_run *r, size_t begin, int64_t from_ms, int64_t to_ms)
{
	size_t kept = begin;

	for (size_t i = begin; i < r->n; i++) {
		if (r->t_ms[i] < from_ms || r->t_ms[i] > to_ms)
			continue;
		r->t_ms[kept] = r->t_ms[i];
		r->value[kept++] = r->value[i];
	}
	r->n = kept;
}

static int gather_head(struct gather *g, const struct generation *m, uint32_t series,
		       uint64_t last_request, struct err *e)
{
	size_t begin = g->out->n;

	if (!m)
		return 0;
	if (generation_read(m, series, last_request, g->a, g->out, &g->rising, e) < 0)
		return -1;
	cut_range(g->out, begin, g->from_ms, g->to_ms);
	return 0;
}

int reader_samples(struct reader *r, uint32_t series, int64_t from_ms, int64_t to_ms,
		   uint64_t last_request, struct arena *a, struct columns_run *out, struct err *e)
{
	size_t begin = out->n;
	struct gather g = { r, a, from_ms, to_ms, out, true };

	if (from_ms > to_ms)
		return 0;
	if (gather_layers(&g, 0, r->layout->nsamples, series, e) < 0 ||
	    gather_head(&g, r->layout->sealed, series, last_request, e) < 0 ||
	    gather_head(&g, r->layout->active, series, last_request, e) < 0)
		return -1;
	return g.rising ? 0 : columns_run_sort(out, begin, e);
}

/* --- whether there is a sample --------------------------------------------------------------- */

struct probe {
	struct reader *r;
	int64_t from_ms, to_ms;
	bool has;
};

/* Mostly the ends of a chunk tell; its times are looked at when the range lies between them. */
static int probe_chunk(void *ctx, struct layer_cursor *c, const struct chunk *k, uint32_t column,
		       struct err *e)
{
	struct probe *p = ctx;
	size_t at;

	if (p->has)
		return 0;
	if (k->count > COLUMN_SAMPLES_MAX)
		return err_set(e, ERR_CORRUPT, "a chunk of %u samples is impossible", k->count);
	if ((k->first_ms >= p->from_ms && k->first_ms <= p->to_ms) ||
	    (k->last_ms >= p->from_ms && k->last_ms <= p->to_ms)) {
		p->has = true;
		return 0;
	}
	if (reader_times(p->r, c, k, column, e) < 0)
		return -1;
	at = first_at(c->times, k->count, p->from_ms);
	p->has = at < k->count && c->times[at] <= p->to_ms;
	return 0;
}

static int probe_head(struct probe *p, const struct generation *m, uint32_t series,
		      uint64_t last_request, struct arena *a, struct err *e)
{
	struct arena_mark mark = arena_mark(a);
	struct columns_run run = { 0 };
	bool rising = true;

	if (p->has || !m || !generation_has(m, series))
		return 0;
	if (generation_read(m, series, last_request, a, &run, &rising, e) < 0)
		return -1;
	for (size_t i = 0; i < run.n && !p->has; i++)
		p->has = run.t_ms[i] >= p->from_ms && run.t_ms[i] <= p->to_ms;
	arena_reset(a, mark);
	return 0;
}

int reader_has_sample(struct reader *r, uint32_t series, int64_t from_ms, int64_t to_ms,
		      uint64_t last_request, struct arena *scratch, bool *has, struct err *e)
{
	struct segment_want w = { series, series, from_ms, to_ms };
	struct probe p = { r, from_ms, to_ms, false };

	*has = false;
	if (from_ms > to_ms)
		return 0;
	if (reader_prepare(r, e) < 0 ||
	    probe_head(&p, r->layout->active, series, last_request, scratch, e) < 0 ||
	    probe_head(&p, r->layout->sealed, series, last_request, scratch, e) < 0)
		return -1;
	for (uint32_t i = r->layout->nsamples; i-- > 0 && !p.has;)
		if (reader_walk(r, &r->samples[i], &w, probe_chunk, &p, e) < 0)
			return -1;
	*has = p.has;
	return 0;
}

/* --- figures ---------------------------------------------------------------------------------- */

struct gather_figures {
	struct reader *r;
	struct arena *a;
	int64_t from_ms, to_ms;
	struct figures_run *out;
};

static int take_figures(void *ctx, struct layer_cursor *c, const struct chunk *k, uint32_t column,
			struct err *e)
{
	struct gather_figures *g = ctx;
	struct figures_run *o = g->out;
	size_t kept = o->n;

	(void)c;
	(void)column;
	if (figures_room(g->a, o, k->count, e) < 0 ||
	    figures_unpack(g->r->packer, k, o->list + o->n, e) < 0)
		return -1;
	for (uint32_t i = 0; i < k->count; i++) {
		struct figure *f = &o->list[o->n + i];

		if (f->stamp_ms < g->from_ms || f->stamp_ms > g->to_ms)
			continue;
		/* Chunks are cut anywhere: the order goes on from the one before. */
		f->row = (uint32_t)kept;
		o->list[kept++] = *f;
	}
	o->n = kept;
	return 0;
}

static int prepare_figures(struct reader *r, struct err *e)
{
	if (!r->figures)
		r->figures = cursors_new(r->layout->figures, r->layout->nfigures, e);
	if (!r->packer && r->figures)
		r->packer = figure_packer_new(e);
	return r->figures && r->packer ? 0 : -1;
}

int reader_layer_figures(struct reader *r, uint32_t layer, uint32_t series, int64_t from_ms,
			 int64_t to_ms, struct arena *a, struct figures_run *out, struct err *e)
{
	struct segment_want w = { series, series, from_ms, to_ms };
	struct gather_figures g = { r, a, from_ms, to_ms, out };

	if (prepare_figures(r, e) < 0)
		return -1;
	return reader_walk(r, &r->figures[layer], &w, take_figures, &g, e);
}

int reader_figures(struct reader *r, uint32_t series, int64_t from_ms, int64_t to_ms, uint64_t last,
		   struct arena *a, struct figures_run *out, struct err *e)
{
	size_t begin = out->n;

	if (from_ms > to_ms)
		return 0;
	for (uint32_t i = 0; i < r->layout->nfigures; i++)
		if (reader_layer_figures(r, i, series, from_ms, to_ms, a, out, e) < 0)
			return -1;
	if ((r->layout->frozen &&
	     fresh_read(r->layout->frozen, series, from_ms, to_ms, last, a, out, e) < 0) ||
	    (r->layout->fresh &&
	     fresh_read(r->layout->fresh, series, from_ms, to_ms, last, a, out, e) < 0))
		return -1;
	if (out->n > begin)
		figures_sort(out->list + begin, out->n - begin);
	return 0;
}
