/* reader.c - walking layers, and figures; see reader.h. */
#include "storage/reader.h"

#include "base/alloc.h"
#include "storage/walk.h"

void reader_init(struct reader *r, const struct layout *l, struct db_txn *t)
{
	*r = (struct reader){ .layout = l, .t = t };
}

static void release_cursors(struct layer_cursor *c, uint32_t n)
{
	for (uint32_t i = 0; c && i < n; i++) {
		segment_reader_release(&c[i].segment);
		mem_free(c[i].stamps);
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
	mem_free(r->found.list);
	mem_free(r->times.t_ms);
	mem_free(r->times.of);
	mem_free(r->values);
	*r = (struct reader){ 0 };
}

static int no_memory(struct err *e)
{
	return err_set(e, ERR_MEMORY, "no memory to read a series");
}

struct layer_cursor *reader_cursors(struct layer *const *layers, uint32_t n, struct err *e)
{
	struct layer_cursor *c = mem_zalloc((n + (size_t)1) * sizeof(*c));

	if (!c)
		no_memory(e);
	for (uint32_t i = 0; c && i < n; i++) {
		c[i].layer = layers[i];
		c[i].at = UINT32_MAX;
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

int reader_wrap(const struct layer *l, uint32_t segment, struct err *e)
{
	return err_wrap(e, "segment %u of %s %u", segment, l->run ? "run" : "partition", l->number);
}

static int open_segment(struct reader *r, struct layer_cursor *c, uint32_t i, struct err *e)
{
	struct slice bytes;
	int rc;

	if (c->at == i)
		return 0;
	c->at = UINT32_MAX;
	if (r->lock)
		pthread_mutex_lock(r->lock);
	rc = layer_segment(c->layer, r->t, i, &bytes, e);
	if (r->lock)
		pthread_mutex_unlock(r->lock);
	if (rc < 0)
		return -1;
	if (segment_open(&c->segment, bytes, e) < 0)
		return reader_wrap(c->layer, i, e);
	c->at = i;
	return 0;
}

/* The first segment that may hold the series: mostly it is the one that is open. */
static uint32_t first_segment(const struct layer_cursor *c, uint32_t series)
{
	const struct segment_entry *s = c->layer->segments;

	if (c->at != UINT32_MAX && s[c->at].last_series >= series &&
	    (c->at == 0 || s[c->at - 1].last_series < series))
		return c->at;
	return layer_find(c->layer, series);
}

static bool layer_may_hold(const struct layer *l, const struct segment_want *w)
{
	return l->nsegments > 0 && w->from_ms <= l->last_ms && w->to_ms >= l->first_ms &&
	       w->from_series <= l->last_series && w->to_series >= l->first_series;
}

int reader_walk(struct reader *r, struct layer_cursor *c, const struct segment_want *w,
		int (*each)(void *ctx, const struct layer *l, uint32_t segment,
			    const struct chunk *k, struct err *e),
		void *ctx, struct err *e)
{
	const struct layer *l = c->layer;

	if (!layer_may_hold(l, w))
		return 0;
	for (uint32_t i = first_segment(c, w->from_series);
	     i < l->nsegments && l->segments[i].first_series <= w->to_series; i++) {
		struct chunk k;
		int rc;

		if (!may_hold(&l->segments[i], w))
			continue;
		if (open_segment(r, c, i, e) < 0)
			return -1;
		if (c->segment.at.series >= w->from_series)
			segment_rewind(&c->segment);
		while ((rc = segment_find(&c->segment, w, &k, e)) == 1)
			if (each(ctx, l, i, &k, e) < 0)
				return reader_wrap(l, i, e);
		if (rc < 0)
			return reader_wrap(l, i, e);
	}
	return 0;
}

/* --- figures ---------------------------------------------------------------------------------- */

struct gather_figures {
	struct reader *r;
	struct layer_cursor *c; /* where a chunk is found */
	struct arena *a;
	int64_t from_ms, to_ms;
	struct figures_run *out;
};

/* Months of many series are the same column. */
static int unpack_stamps(struct reader *r, struct layer_cursor *c, const struct chunk *k,
			 struct err *e)
{
	if (c->stamps_of == k->times.p)
		return 0;
	if (!c->stamps)
		c->stamps = mem_alloc((FIGURES_MAX + COLUMN_SLACK) * sizeof(*c->stamps));
	if (!c->stamps)
		return no_memory(e);
	c->stamps_of = NULL;
	if (figures_unpack_times(r->packer, k, c->stamps, e) < 0)
		return -1;
	c->stamps_of = k->times.p;
	return 0;
}

/* So are the attributes of one report. */
static int unpack_attributes(struct reader *r, const struct chunk *k, uint32_t from, uint32_t to,
			     struct err *e)
{
	struct unpacked_attributes *u = &r->attributes;

	if (u->of == k->attributes.p && u->from == from && u->to == to)
		return 0;
	u->of = NULL;
	if (figures_unpack_attributes(r->packer, k, from, to, e) < 0)
		return -1;
	*u = (struct unpacked_attributes){ k->attributes.p, from, to };
	return 0;
}

static int take_figures(void *ctx, const struct layer *l, uint32_t segment, const struct chunk *k,
			struct err *e)
{
	struct gather_figures *g = ctx;
	struct figures_run *o = g->out;
	const int64_t *t;
	uint32_t from, to;

	(void)l;
	(void)segment;
	if (chunk_verify(k, e) < 0 || unpack_stamps(g->r, g->c, k, e) < 0)
		return -1;
	t = g->c->stamps;
	from = (uint32_t)first_at(t, k->count, g->from_ms);
	to = g->to_ms == INT64_MAX ? k->count : (uint32_t)first_at(t, k->count, g->to_ms + 1);
	if (from >= to)
		return 0;
	if (figures_room(g->a, o, to - from, e) < 0 ||
	    unpack_attributes(g->r, k, from, to, e) < 0 ||
	    figures_unpack_part(g->r->packer, k, t, from, to, o->list + o->n, e) < 0)
		return -1;
	/* Chunks are cut anywhere: the order goes on from the one before. */
	for (; from < to; from++, o->n++)
		o->list[o->n].row = (uint32_t)o->n;
	return 0;
}

static int prepare_figures(struct reader *r, struct err *e)
{
	if (!r->figures)
		r->figures = reader_cursors(r->layout->figures, r->layout->nfigures, e);
	if (!r->packer && r->figures)
		r->packer = figure_packer_new(e);
	return r->figures && r->packer ? 0 : -1;
}

static int walk_figures(struct gather_figures *g, uint32_t layer, const struct segment_want *w,
			struct err *e)
{
	g->c = &g->r->figures[layer];
	return reader_walk(g->r, g->c, w, take_figures, g, e);
}

int reader_layer_figures(struct reader *r, uint32_t layer, uint32_t series, int64_t from_ms,
			 int64_t to_ms, struct arena *a, struct figures_run *out, struct err *e)
{
	struct segment_want w = { series, series, from_ms, to_ms };
	struct gather_figures g = { r, NULL, a, from_ms, to_ms, out };

	return prepare_figures(r, e) < 0 ? -1 : walk_figures(&g, layer, &w, e);
}

int reader_figures(struct reader *r, uint32_t series, int64_t from_ms, int64_t to_ms, uint64_t last,
		   struct arena *a, struct figures_run *out, struct err *e)
{
	struct segment_want w = { series, series, from_ms, to_ms };
	struct gather_figures g = { r, NULL, a, from_ms, to_ms, out };
	size_t begin = out->n;

	if (from_ms > to_ms)
		return 0;
	if (prepare_figures(r, e) < 0)
		return -1;
	for (uint32_t i = 0; i < r->layout->nfigures; i++)
		if (layer_may_hold(r->layout->figures[i], &w) && walk_figures(&g, i, &w, e) < 0)
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
