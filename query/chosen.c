/* chosen.c - see chosen.h. */
#include "query/chosen.h"

static int add_run(struct eval *ev, struct chosen *c, size_t from, int64_t stamp_ms, struct err *e)
{
	struct period_run *more =
		arena_grow(ev->arena, c->runs, c->n, &c->room, c->n + 1, sizeof(*more));

	if (!more)
		return eval_full(ev, e);
	c->runs = more;
	c->runs[c->n++] = (struct period_run){ from, stamp_ms };
	if (stamp_ms == INT64_MIN)
		return 0;
	if (stamp_ms < c->first_ms)
		c->first_ms = stamp_ms;
	if (stamp_ms > c->last_ms)
		c->last_ms = stamp_ms;
	return 0;
}

static int choose_one(struct eval *ev, const struct selection *sel,
		      const struct source_series *series, const struct grid *at, bool fixed,
		      struct chosen *c, struct err *e)
{
	struct source *from = ev->source;

	c->first_ms = INT64_MAX;
	c->last_ms = INT64_MIN;
	for (size_t k = 0; k < (fixed ? 1 : at->n); k++) {
		int64_t stamp_ms;

		if (from->f->period_stamp(from, sel, series, grid_time(at, k), &stamp_ms, e) < 0)
			return -1;
		if ((c->n == 0 || c->runs[c->n - 1].stamp_ms != stamp_ms) &&
		    add_run(ev, c, k, stamp_ms, e) < 0)
			return -1;
	}
	return eval_alive(ev, e);
}

int choose_periods(struct eval *ev, const struct selection *sel, const struct source_series *series,
		   size_t n, const struct grid *at, bool fixed, struct chosen **out, struct err *e)
{
	struct chosen *list;
	uint32_t families = 0;

	for (size_t i = 0; i < n; i++)
		if (series[i].family >= families)
			families = series[i].family + 1;
	*out = list = eval_alloc(ev, families, sizeof(*list), e);
	if (!list)
		return -1;
	for (size_t i = 0; i < n; i++) {
		struct chosen *c = &list[series[i].family];

		if (c->n == 0 && choose_one(ev, sel, &series[i], at, fixed, c, e) < 0)
			return -1;
	}
	return 0;
}
