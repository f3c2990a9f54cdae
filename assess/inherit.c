/*
 * inherit.c - the history of a unit from those that became part of it. See work.h.
 *
 * A park made of two old ones has no figures of its own before it existed, but the
 * sum of theirs is what its growth and its seasons are to be measured against. So in the years
 * before its own first figure it has that sum:
 *
 *   - whole years only; its first own year stays as it reported it, since nobody knows
 *     whether its figures "since New Year" hold what the old ones did before the merger;
 *   - only when every one that existed then has a figure: half of a sum is no base;
 *   - amounts and levels, never rates: two margins do not add up;
 *   - not from a unit that became part of several, for nobody knows how much went where.
 *
 * Only values along the axis are filled. What is shown as reported, counted as in or late, and
 * ranked, is the unit's own.
 */
#include "assess/work.h"

#include <math.h>

enum { GENERATIONS_MAX = 8 };

static bool has_one_heir(const struct work *w, const struct unit *old)
{
	unsigned heirs = 0;

	for (size_t u = 0; u < catalogue_units(w->c); u++) {
		const struct unit *heir = catalogue_unit_at(w->c, u);

		for (size_t k = 0; k < heir->nsucceeds; k++)
			heirs += strcmp(heir->succeeds[k], old->id) == 0;
	}
	return heirs == 1;
}

/* The first place of the year of the first own figure; 0 when there is none of its own. */
static size_t first_own_year(const struct work *w, const struct subject *s)
{
	size_t k = 0;

	while (k < w->axis.n && !s->seen[k])
		k++;
	if (k == w->axis.n)
		return 0;
	while (!axis_starts_year(&w->axis, k))
		k--;
	return k;
}

static int inherit(struct work *w, struct subject *s, int generation, struct err *e);

static int read_old(struct work *w, const struct unit *u, int generation, struct subject *out,
		    struct err *e)
{
	int rc;

	*out = (struct subject){ .f = arena_new(w->scratch, struct figure) };
	if (!out->f)
		return err_set(e, ERR_LIMIT, "%s: no memory for its history", u->id);
	out->f->unit = u;
	out->f->indicator = w->indicator;
	rc = work_read_run(w, out, e);
	labels_unref((struct labels *)(uintptr_t)out->f->labels);
	out->f->labels = NULL;
	return rc < 0 ? rc : inherit(w, out, generation + 1, e);
}

/* Adds one of the old ones to places 0 .. n - 1. `count` says how many are in each; a place where
 * the sum cannot be told becomes NaN and stays so. */
static void add_old(const struct subject *old, size_t n, struct subject *s, unsigned *count)
{
	for (size_t k = 0; k < n; k++) {
		if (!old->valid[k] && !run_has(&old->run, k))
			continue;
		if (!count[k]++) {
			s->value[k] = old->value[k];
			s->months[k] = old->months[k];
		} else if (run_months(&s->run, k) == run_months(&old->run, k)) {
			s->value[k] += old->value[k];
		} else {
			s->value[k] = NAN;
		}
		if (isinf(s->value[k]))
			s->value[k] = NAN;
	}
}

static int inherit(struct work *w, struct subject *s, int generation, struct err *e)
{
	const struct unit *u = s->f->unit;
	size_t n = u->nsucceeds ? first_own_year(w, s) : 0;
	unsigned *count;

	if (n == 0 || generation > GENERATIONS_MAX || s->run.measure.intensive ||
	    s->run.measure.form == FORM_GROWTH)
		return 0;
	for (size_t i = 0; i < u->nsucceeds; i++) {
		const struct unit *old = catalogue_unit(w->c, slice_str(u->succeeds[i]));

		if (!old || !indicator_reports(w->indicator, old->class) || !has_one_heir(w, old))
			return 0;
	}
	count = arena_array(w->scratch, n, sizeof(*count));
	if (!count)
		return err_set(e, ERR_LIMIT, "%s: no memory for its history", u->id);
	for (size_t i = 0; i < u->nsucceeds; i++) {
		struct subject old;

		if (read_old(w, catalogue_unit(w->c, slice_str(u->succeeds[i])), generation, &old,
			     e) < 0)
			return -1;
		add_old(&old, n, s, count);
	}
	return 0;
}

int work_inherit(struct work *w, struct subject *s, struct err *e)
{
	return inherit(w, s, 0, e);
}
