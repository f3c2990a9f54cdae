/*
 * extent.c - see extent.h. Layers know their times; what is in memory is walked through.
 */
#include "storage/extent.h"

struct measuring {
	const struct view_of_store *v;
	struct arena *a;
	struct stored_extent *out;
};

static void widen(struct stored_extent *x, int64_t first_ms, int64_t last_ms)
{
	if (first_ms < x->first_ms)
		x->first_ms = first_ms;
	if (last_ms > x->last_ms)
		x->last_ms = last_ms;
}

static void add_layers(struct measuring *m, struct layer *const *list, uint32_t n)
{
	for (uint32_t i = 0; i < n; i++) {
		widen(m->out, list[i]->first_ms, list[i]->last_ms);
		for (uint32_t k = 0; k < list[i]->nsegments; k++)
			m->out->chunks += list[i]->segments[k].chunks;
	}
}

static int add_chain(struct measuring *m, const struct generation *g, uint32_t id, struct err *e)
{
	struct arena_mark mark = arena_mark(m->a);
	struct columns_run run = { 0 };
	bool rising = true;

	if (generation_read(g, id, m->v->last_request, m->a, &run, &rising, e) < 0)
		return -1;
	for (size_t i = 0; i < run.n; i++)
		widen(m->out, run.t_ms[i], run.t_ms[i]);
	m->out->chunks += run.n > 0;
	arena_reset(m->a, mark);
	return 0;
}

static int add_generation(struct measuring *m, const struct generation *g, struct err *e)
{
	for (uint64_t id = 1; g && id <= m->v->last_series; id++)
		if (generation_count(g, (uint32_t)id) && add_chain(m, g, (uint32_t)id, e) < 0)
			return -1;
	return 0;
}

static int add_fresh(struct measuring *m, const struct fresh *f, struct err *e)
{
	struct arena_mark mark = arena_mark(m->a);

	for (uint32_t id = f ? fresh_next_series(f, 0) : 0; id; id = fresh_next_series(f, id)) {
		struct figures_run run = { 0 };

		if (fresh_read(f, id, INT64_MIN, INT64_MAX, m->v->last_sequence, m->a, &run, e) < 0)
			return -1;
		for (size_t i = 0; i < run.n; i++)
			widen(m->out, run.list[i].stamp_ms, run.list[i].stamp_ms);
		m->out->chunks += run.n > 0;
		arena_reset(m->a, mark);
	}
	return 0;
}

int view_extent(const struct view_of_store *v, struct arena *a, struct stored_extent *out,
		struct err *e)
{
	const struct layout *l = v->layout;
	struct measuring m = { v, a, out };

	*out = (struct stored_extent){ .first_ms = INT64_MAX, .last_ms = INT64_MIN };
	add_layers(&m, l->samples, l->nsamples);
	add_layers(&m, l->figures, l->nfigures);
	return add_generation(&m, l->sealed, e) < 0 || add_generation(&m, l->active, e) < 0 ||
			       add_fresh(&m, l->frozen, e) < 0 || add_fresh(&m, l->fresh, e) < 0
		       ? -1
		       : 0;
}
