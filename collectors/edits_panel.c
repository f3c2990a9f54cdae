/*
 * edits_panel.c - a figure and those of its peers: the ratio edit of Hidiroglou and Berthelot
 * (Statistical editing and imputation for periodic business surveys, Survey Methodology 12,
 * 1986, section 3; docs/methods.md has the formulas).
 *
 * All units of one class that have the indicator at one period and at the one it is compared with
 * make a panel: those of this document, and what is stored of the others. Levels and figures of a
 * period are compared with the release before, figures since New Year with the same period a year
 * before, as their growth within the year says little.
 */
#include "collectors/edits.h"

#include "query/stats/quantile.h"

#include <math.h>

const struct hb_options hb_defaults = { .u = 0.5, .a = 0.05, .c = 4, .least = 8 };

static const double least_effect = 0.05;

/* --- the method ------------------------------------------------------------------------------ */

/* Changes upwards and downwards by the same factor come equally far from 0. */
static double symmetric(double ratio, double median)
{
	return ratio < median ? 1 - median / ratio : ratio / median - 1;
}

bool hb_edit(const double *now, const double *before, size_t n, const struct hb_options *o,
	     double *room, bool *outlier, double *median_ratio)
{
	double *effect = room, *values = room + n, low, middle, high, down, up;

	if (n < o->least || n == 0)
		return false;
	for (size_t k = 0; k < n; k++)
		values[k] = now[k] / before[k];
	*median_ratio = stats_median(values, n);
	for (size_t k = 0; k < n; k++) {
		double size = now[k] > before[k] ? now[k] : before[k];

		effect[k] = symmetric(now[k] / before[k], *median_ratio) * pow(size, o->u);
		values[k] = effect[k];
	}
	low = stats_quantile(values, n, 0.25);
	middle = stats_quantile(values, n, 0.5);
	high = stats_quantile(values, n, 0.75);
	down = fmax(middle - low, fabs(o->a * middle));
	up = fmax(high - middle, fabs(o->a * middle));
	/* Where half of the units move exactly alike there is no scale to tell what is far. */
	for (size_t k = 0; k < n; k++)
		outlier[k] = (down > 0 && effect[k] < middle - o->c * down) ||
			     (up > 0 && effect[k] > middle + o->c * up);
	return isfinite(middle) && isfinite(low) && isfinite(high);
}

/* --- panels ------------------------------------------------------------------------------------
 */

struct panel {
	const struct indicator *indicator;
	enum unit_class class;
	struct series **peers; /* of both */
	size_t npeers;
	int64_t index, then;
	double factor; /* from a break between the two */
	double *now, *before, *room;
	bool *outlier;
	struct figure **own; /* NULL: stored */
	size_t n;
};

static int no_room(struct err *e)
{
	return err_set(e, ERR_LIMIT, "the document's figures need more memory than it may have");
}

static int panel_init(struct edits *w, struct panel *p, struct err *e)
{
	size_t units = catalogue_units(w->catalogue) + 1;
	struct arena *a = w->figures->arena;

	*p = (struct panel){ 0 };
	p->now = arena_array(a, units, sizeof(double));
	p->before = arena_array(a, units, sizeof(double));
	p->room = arena_array(a, units, 2 * sizeof(double));
	p->outlier = arena_array(a, units, sizeof(bool));
	p->own = arena_array(a, units, sizeof(*p->own));
	p->peers = arena_array(a, units, sizeof(struct series *));
	return p->now && p->before && p->room && p->outlier && p->own && p->peers ? 0 : no_room(e);
}

/* Which period it is compared with; false when there is none. */
static bool set_period(struct panel *p)
{
	const struct indicator *i = p->indicator;
	struct period now = period_from_index(i->freq, p->index);

	if (i->form != FORM_YTD)
		p->then = period_index(indicator_previous(i, now));
	else if (i->freq == FREQ_DAY)
		return false;
	else
		p->then = p->index - freq_per_year(i->freq);
	return breaks_linked(i->breaks, i->nbreaks, period_from_index(i->freq, p->then), now,
			     &p->factor);
}

/* The series of the panel's units; of what is stored too, where there is a store. */
static int set_peers(struct edits *w, struct panel *p, const struct indicator *i,
		     enum unit_class class, struct err *e)
{
	bool all;

	if (p->indicator == i && p->class == class)
		return 0;
	p->indicator = i;
	p->class = class;
	p->npeers = 0;
	/* What is stored of all others, for each portion, would be the most of the work. */
	all = w->history && !w->figures->portion;
	for (size_t k = 0; k < catalogue_units(w->catalogue); k++) {
		const struct unit *u = catalogue_unit_at(w->catalogue, k);
		struct series *s;

		if (u->class != class)
			continue;
		s = all ? figures_series(w->figures, u, i, e)
			: pairs_get(&w->figures->by_pair, pair_key(u->index, i->index));
		if (s)
			p->peers[p->npeers++] = s;
		else if (all)
			return -1;
	}
	return 0;
}

static int add_unit(struct edits *w, struct panel *p, struct series *s, struct err *e)
{
	struct point now, before;

	if (edits_point(w, s, p->index, &now, e) < 0)
		return -1;
	if (now.f)
		now.f->in_panel = true;
	if (!now.found || now.value <= 0)
		return 0;
	if (edits_point(w, s, p->then, &before, e) < 0)
		return -1;
	if (!before.found || before.value <= 0)
		return 0;
	p->now[p->n] = now.value;
	p->before[p->n] = before.value * p->factor;
	p->own[p->n++] = now.f;
	return 0;
}

/* Where all move alike to a thousandth, what does not is still no matter for a question. */
static bool matters(double ratio, double median)
{
	return ratio > median * (1 + least_effect) || ratio < median / (1 + least_effect);
}

static void say_panel(struct edits *w, const struct panel *p, size_t k, double median)
{
	const struct series *s = w->figures->series[p->own[k]->series];
	char period[PERIOD_TEXT];
	struct failure x;

	failure_init(w, &x, EDIT_PANEL, s, p->own[k]);
	x.bound = median * p->before[k];
	failure_en(&x, "%.5g times the figure of %s, where the median of %zu units is %.5g times",
		   p->now[k] / p->before[k],
		   period_print(period_from_index(p->indicator->freq, p->then), period), p->n,
		   median);
	failure_zh(&x, "，为%s的 %.5g 倍，而 %zu 个同类单位的中位数为 %.5g 倍",
		   period_print_zh(period_of_index(p->indicator, p->then), period),
		   p->now[k] / p->before[k], p->n, median);
	failure_decide(w, &x);
}

static int look(struct edits *w, struct panel *p, struct err *e)
{
	double median;

	p->n = 0;
	if (!set_period(p))
		return 0;
	for (size_t k = 0; k < p->npeers; k++)
		if (add_unit(w, p, p->peers[k], e) < 0)
			return -1;
	if (!hb_edit(p->now, p->before, p->n, &hb_defaults, p->room, p->outlier, &median))
		return 0;
	for (size_t k = 0; k < p->n; k++)
		if (p->outlier[k] && p->own[k] && matters(p->now[k] / p->before[k], median))
			say_panel(w, p, k, median);
	return 0;
}

/* --- which there are
 * ------------------------------------------------------------------------------ */

/* Of a rate there is no size for the weight of its change. */
static bool has_panel(const struct indicator *i)
{
	return edit_is_on(i, EDIT_PANEL) && i->form != FORM_GROWTH && !indicator_is_rate(i);
}

/* Each indicator, class and period once, where its first figure stands. */
static int look_at_all(struct edits *w, struct panel *p, struct err *e)
{
	struct figures *fs = w->figures;

	for (size_t k = 0; k < fs->n; k++) {
		const struct figure *f = &fs->list[k];
		const struct series *s = fs->series[f->series];

		if (f->dropped || f->in_panel || !has_panel(s->indicator))
			continue;
		if (set_peers(w, p, s->indicator, s->unit->class, e) < 0)
			return -1;
		p->index = f->index;
		if (look(w, p, e) < 0)
			return -1;
	}
	return 0;
}

int edits_panel(struct edits *w, struct err *e)
{
	struct panel p;

	/* Without a past only the document can have enough units. */
	if (!w->history && w->figures->nseries < hb_defaults.least)
		return 0;
	if (panel_init(w, &p, e) < 0)
		return -1;
	return look_at_all(w, &p, e);
}
