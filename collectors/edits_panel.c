/*
 * edits_panel.c - a figure and those of its peers: the ratio edit of Hidiroglou and Berthelot
 * (Statistical editing and imputation for periodic business surveys, Survey Methodology 12,
 * 1986, section 3; docs/methods.md has the formulas).
 *
 * All units of one class that have the indicator at one period and at the one it is compared with
 * make a panel: those of this document, and what is stored of the others. Levels and figures of a
 * period are compared with the release before, figures since New Year with the same period a year
 * before, as their growth within the year says little.
 *
 * A history of years that comes at once can have hundreds of figures that are unlike their peers.
 * Nobody answers hundreds of questions, so those of one document are weighed, and only the
 * heaviest are asked (selective editing).
 */
#include "collectors/edits.h"

#include "query/stats/quantile.h"

#include <math.h>
#include <stdlib.h>

const struct hb_options hb_defaults = { .u = 0.5, .a = 0.02, .c = 4, .few = 12, .least = 8 };

/* Of the change against the median's. */
static const double least_effect = 0.05;

/* --- the method --------------------------------------------------------------------- */

/* Changes upwards and downwards by the same factor come equally far from 0. */
static double symmetric(double ratio, double median)
{
	return ratio < median ? 1 - median / ratio : ratio / median - 1;
}

/* The quartiles of few units are unsteady: of ten normal ones every eighteenth lies outside of four
 * distances, of a thousand every hundred and thirty-fourth. As far as this grows, with so few. */
static double width(const struct hb_options *o, size_t n)
{
	return o->c * (1 + o->few / (double)n);
}

bool hb_edit(const double *now, const double *before, size_t n, const struct hb_options *o,
	     double *room, double *far, double *median_ratio)
{
	double *effect = room, *values = room + n, low, middle, high, down, up, least;

	if (n < o->least || n == 0)
		return false;
	for (size_t k = 0; k < n; k++)
		values[k] = now[k] / before[k];
	*median_ratio = stats_median(values, n);
	for (size_t k = 0; k < n; k++) {
		values[k] = pow(fmax(now[k], before[k]), o->u);
		effect[k] = symmetric(now[k] / before[k], *median_ratio) * values[k];
	}
	least = o->a * stats_median(values, n);
	memcpy(values, effect, n * sizeof(*values));
	low = stats_quantile(values, n, 0.25);
	middle = stats_quantile(values, n, 0.5);
	high = stats_quantile(values, n, 0.75);
	down = width(o, n) * fmax(middle - low, least);
	up = width(o, n) * fmax(high - middle, least);
	for (size_t k = 0; k < n; k++)
		far[k] = effect[k] < middle ? (middle - effect[k]) / down
					    : (effect[k] - middle) / up;
	return isfinite(middle) && isfinite(down) && isfinite(up) && down > 0 && up > 0;
}

/* --- panels ------------------------------------------------------------------------- */

/* A figure unlike its peers. */
struct unlike {
	struct figure *f;
	int64_t then;
	size_t units; /* of the panel */
	double ratio, median, expected;
	double score;
};

struct panel {
	const struct indicator *indicator;
	enum unit_class class;
	struct series **peers; /* of both */
	size_t npeers;
	int64_t index, then;
	double factor; /* from a break between the two */
	double *now, *before, *half, *half_before, *room, *far;
	struct figure **own; /* NULL: stored */
	size_t n;
	struct unlike *list; /* of all panels */
	size_t nlist, list_cap;
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
	p->half = arena_array(a, units, sizeof(double));
	p->half_before = arena_array(a, units, sizeof(double));
	p->far = arena_array(a, units, sizeof(double));
	p->own = arena_array(a, units, sizeof(*p->own));
	p->peers = arena_array(a, units, sizeof(struct series *));
	return p->now && p->before && p->room && p->half && p->half_before && p->far && p->own &&
			       p->peers
		       ? 0
		       : no_room(e);
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
	p->half[p->n] = now.half;
	p->half_before[p->n] = before.half * p->factor;
	p->own[p->n++] = now.f;
	return 0;
}

/* Where all move alike to a thousandth, what does not is still no matter for a question, nor is
 * what rounding explains: one enterprise more than two. */
static bool matters(const struct panel *p, size_t k, double median)
{
	double ratio = p->now[k] / p->before[k], expected = median * p->before[k];

	if (ratio <= median * (1 + least_effect) && ratio >= median / (1 + least_effect))
		return false;
	return fabs(p->now[k] - expected) > p->half[k] + median * p->half_before[k];
}

/* How far beyond the bound (0 at it, 1 in endless distance), times the part of what all units
 * together were expected to have. */
static double score(const struct panel *p, size_t k, double median)
{
	double all = 0;

	for (size_t i = 0; i < p->n; i++)
		all += median * p->before[i];
	return (1 - 1 / p->far[k]) * fabs(p->now[k] - median * p->before[k]) / all;
}

static struct unlike unlike(const struct panel *p, size_t k, double median)
{
	return (struct unlike){ .f = p->own[k],
				.then = p->then,
				.units = p->n,
				.ratio = p->now[k] / p->before[k],
				.median = median,
				.expected = median * p->before[k],
				.score = score(p, k, median) };
}

static void say_unlike(struct edits *w, const struct unlike *u)
{
	const struct series *s = w->figures->series[u->f->series];
	const struct indicator *i = s->indicator;
	char period[PERIOD_TEXT];
	struct failure x;

	failure_init(w, &x, EDIT_PANEL, s, u->f);
	x.bound = u->expected;
	failure_en(&x, "%.5g times the figure of %s, where the median of %zu units is %.5g times",
		   u->ratio, period_print(period_from_index(i->freq, u->then), period), u->units,
		   u->median);
	failure_zh(&x, "，为%s的 %.5g 倍，而 %zu 个同类单位的中位数为 %.5g 倍",
		   period_print_zh(period_of_index(i, u->then), period), u->ratio, u->units,
		   u->median);
	failure_decide(w, &x);
}

/* One that is refused has its sentence at once; of the others some become questions later. */
static int found(struct edits *w, struct panel *p, struct unlike u, struct err *e)
{
	void *list = p->list;

	if (p->indicator->edits[EDIT_PANEL] == EDIT_HARD)
		say_unlike(w, &u);
	if (u.f->doomed)
		return 0;
	if (p->nlist == p->list_cap)
		list = arena_grow(w->figures->arena, list, p->nlist, &p->list_cap, p->nlist + 1,
				  sizeof(*p->list));
	if (!list)
		return no_room(e);
	p->list = list;
	p->list[p->nlist++] = u;
	return 0;
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
	if (!hb_edit(p->now, p->before, p->n, &hb_defaults, p->room, p->far, &median))
		return 0;
	for (size_t k = 0; k < p->n; k++)
		if (p->own[k] && p->far[k] > 1 && matters(p, k, median) &&
		    found(w, p, unlike(p, k, median), e) < 0)
			return -1;
	return 0;
}

/* --- which become questions ----------------------------------------------------------- */

/* What weighs most first. */
static int by_score(const void *a, const void *b)
{
	const struct unlike *x = a, *y = b;

	if (x->score != y->score)
		return x->score > y->score ? -1 : 1;
	return x->f < y->f ? -1 : x->f > y->f;
}

/* Kept and marked without a question, and said once. */
static void mark_rest(struct edits *w, const struct unlike *rest, size_t n)
{
	struct complaint c = { .why = SUSPECT_PANEL };
	char zh[SAID_MAX], en[SAID_MAX];

	for (size_t k = 0; k < n; k++)
		rest[k].f->flags |= FIGURE_SUSPECT;
	snprintf(en, sizeof(en),
		 "%zu more figures changed unlike those of their peers; kept, marked as suspect, "
		 "and not asked about, as %zu of this document are",
		 n, w->batch->panel_asked);
	snprintf(zh, sizeof(zh),
		 "另有 %zu 个数据的变动与同类单位相差过大。本文件已提出 %zu 个质疑，"
		 "其余仅保留并标记存疑",
		 n, w->batch->panel_asked);
	batch_say(w->batch, c, zh, en);
	batch_count(w->batch, c.why, n - 1);
	counter_add(C_FINDINGS_NOT_OPENED, (double)n);
}

static void ask(struct edits *w, struct panel *p)
{
	size_t most = w->figures->panel_questions, *asked = &w->batch->panel_asked, n;

	if (!p->nlist)
		return;
	qsort(p->list, p->nlist, sizeof(*p->list), by_score);
	n = most > *asked ? most - *asked : 0;
	if (n > p->nlist)
		n = p->nlist;
	for (size_t k = 0; k < n; k++)
		say_unlike(w, &p->list[k]);
	*asked += n;
	if (n < p->nlist)
		mark_rest(w, p->list + n, p->nlist - n);
}

/* --- which panels there are ---------------------------------------------------------- */

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

		if (f->dropped || figure_is_secret(f) || f->in_panel || !has_panel(s->indicator))
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
	if (look_at_all(w, &p, e) < 0)
		return -1;
	ask(w, &p);
	return 0;
}
