/*
 * edits_across.c - a figure and others of its unit and period. See edits.h.
 *
 * Published figures are rounded, each by up to half a unit of its last decimal, so an identity
 * holds within the sum of these halves. Where it does not hold nothing tells which figure is
 * wrong: all that this document brought for it fail, and what is stored stays. Where a figure
 * is missing there is nothing to check.
 */
#include "collectors/edits.h"

#include <math.h>

enum { PARTS_MAX = 64 };

/* What binary fractions add to a sum that was right on paper. */
static const double binary = 1e-12;

/* A published rate and the levels' own: docs/methods.md. */
static const double growth_band = 0.0015, month_band = 0.0005;

static int related(struct edits *w, const struct series *s, const struct indicator *i,
		   int64_t index, struct point *out, struct err *e)
{
	struct series *other = NULL;

	*out = (struct point){ 0 };
	if (!indicator_reports(i, s->unit->class))
		return 0;
	other = figures_series(w->figures, s->unit, i, e);
	return other ? edits_point(w, other, index, out, e) : -1;
}

static struct series *series_of(struct edits *w, const struct figure *f)
{
	return w->figures->series[f->series];
}

/* Of a large document others may come in another portion: what is stored of them is then what the
 * document is about to revise, and no ground to refuse anything. */
static bool is_unsure(const struct edits *w, const struct point *p)
{
	return w->figures->portion && p->found && !p->f;
}

static enum edit_rule milder(enum edit_rule rule, bool unsure)
{
	return unsure && rule == EDIT_HARD ? EDIT_SOFT : rule;
}

/* --- part and whole ------------------------------------------------------------------------ */

static void say_part(struct edits *w, struct series *s, const struct indicator *whole,
		     const struct point *p, const struct point *all, bool of_part)
{
	const struct series *mine = of_part ? s : w->figures->series[all->f->series];
	char part[NUM_TEXT], total[NUM_TEXT], shown[MEASURED_TEXT];
	struct failure x;

	num_print(p->value, part);
	num_print(all->value, total);
	failure_init(w, &x, EDIT_PART, mine, of_part ? p->f : all->f);
	x.bound = of_part ? all->value : p->value;
	if (of_part) {
		failure_en(&x, "%s is a part of %s, but more than its %s", part, whole->code,
			   total);
		failure_zh(&x, "，是%.90s的其中项，却大于其 %s", whole->name,
			   measured(whole, all->value, shown));
	} else {
		failure_en(&x, "%s is less than %s of its part %s", total, part,
			   s->indicator->code);
		failure_zh(&x, "，小于其中项%.90s的 %s", s->indicator->name,
			   measured(s->indicator, p->value, shown));
	}
	/* Both are judged by the part's rule. */
	failure_decide_as(w, &x,
			  milder((enum edit_rule)s->indicator->edits[EDIT_PART],
				 is_unsure(w, p) || is_unsure(w, all)));
}

static int hold_part(struct edits *w, struct series *part, int64_t index, struct err *e)
{
	const struct indicator *whole = part->indicator->part_of;
	struct point p, all;
	double slack;

	if (!edit_is_on(part->indicator, EDIT_PART))
		return 0;
	if (edits_point(w, part, index, &p, e) < 0 || related(w, part, whole, index, &all, e) < 0)
		return -1;
	if (!p.found || !all.found)
		return 0;
	slack = p.half + all.half + binary * fabs(all.value);
	if (p.value <= all.value + slack)
		return 0;
	if (p.f)
		say_part(w, part, whole, &p, &all, true);
	if (all.f)
		say_part(w, part, whole, &p, &all, false);
	return 0;
}

/* --- a sum ----------------------------------------------------------------------------------- */

static void say_sum(struct edits *w, const struct indicator *total, const struct point *p,
		    const struct point *all, double sum, enum edit_rule rule)
{
	const struct series *s = w->figures->series[p->f->series];
	char whole[NUM_TEXT], parts[NUM_TEXT], a[MEASURED_TEXT], b[MEASURED_TEXT];
	struct failure x;

	num_print(all->value, whole);
	num_print(sum, parts);
	failure_init(w, &x, EDIT_TOTAL, s, p->f);
	x.bound = p == all ? sum : all->value;
	failure_en(&x, "%s is %s, but its %zu parts add up to %s", total->code, whole,
		   total->nsum_of, parts);
	failure_zh(&x, "。%.90s为 %s，%zu 个分项之和为 %s，两者不等", total->name,
		   measured(total, all->value, a), total->nsum_of, measured(total, sum, b));
	failure_decide_as(w, &x, rule);
}

/* The identity of `total`, seen from any unit's series. */
static int hold_sum(struct edits *w, const struct series *s, const struct indicator *total,
		    int64_t index, struct err *e)
{
	struct point all, parts[PARTS_MAX];
	double sum = 0, slack, size;
	enum edit_rule rule;
	bool unsure;

	if (!edit_is_on(total, EDIT_TOTAL) || total->nsum_of > PARTS_MAX)
		return 0;
	if (related(w, s, total, index, &all, e) < 0)
		return -1;
	if (!all.found)
		return 0;
	slack = all.half;
	size = fabs(all.value);
	unsure = is_unsure(w, &all);
	for (size_t k = 0; k < total->nsum_of; k++) {
		if (related(w, s, total->sum_of[k], index, &parts[k], e) < 0)
			return -1;
		if (!parts[k].found)
			return 0;
		sum += parts[k].value;
		slack += parts[k].half;
		size += fabs(parts[k].value);
		unsure |= is_unsure(w, &parts[k]);
	}
	if (!(fabs(sum - all.value) > slack + binary * size))
		return 0;
	rule = milder((enum edit_rule)total->edits[EDIT_TOTAL], unsure);
	if (all.f)
		say_sum(w, total, &all, &all, sum, rule);
	for (size_t k = 0; k < total->nsum_of; k++)
		if (parts[k].f)
			say_sum(w, total, &parts[k], &all, sum, rule);
	return 0;
}

/* --- published growth --------------------------------------------------------------- */

/* Numbers known to lie between two bounds. */
struct between {
	double low, mid, high;
};

static struct between rounded(const struct point *p, double factor)
{
	return (struct between){ (p->value - p->half) * factor, p->value * factor,
				 (p->value + p->half) * factor };
}

static struct between less(struct between a, struct between b)
{
	return (struct between){ a.low - b.high, a.mid - b.mid, a.high - b.low };
}

/* What growth is compared of at one period: the figure, or the month alone of one since New Year.
 * False: not known. */
static int quantity(struct edits *w, const struct series *s, const struct indicator *level,
		    int64_t index, bool alone, struct between *out, struct point *at, bool *known,
		    struct err *e)
{
	struct period p = period_from_index(level->freq, index), before;
	struct point b;

	*known = false;
	if (related(w, s, level, index, at, e) < 0)
		return -1;
	if (!at->found)
		return 0;
	*out = rounded(at, 1);
	*known = true;
	if (!alone || level->form != FORM_YTD)
		return 0;
	before = indicator_previous(level, p);
	if (before.year != p.year)
		return 0;
	if (related(w, s, level, period_index(before), &b, e) < 0)
		return -1;
	*known = b.found;
	*out = less(*out, rounded(&b, 1));
	return 0;
}

/* By how much a published rate may be off: the levels' rounding, and its own. */
static double growth_slack(const struct point *g, struct between now, struct between then,
			   const struct indicator *level, bool alone, int month)
{
	double ratio = now.mid / then.mid, slack = growth_band, up, down;

	/* Derived from two cumulative ones it carries the rounding of both rates. */
	if (alone && level->form == FORM_YTD && month_band * (2 * month - 1) > slack)
		slack = month_band * (2 * month - 1);
	if (then.low <= 0)
		return INFINITY;
	up = (now.high >= 0 ? now.high / then.low : now.high / then.high) - ratio;
	down = ratio - (now.low >= 0 ? now.low / then.high : now.low / then.low);
	if (up < down)
		up = down;
	return up + g->half > slack ? up + g->half : slack;
}

static int hold_growth(struct edits *w, struct series *rate, int64_t index, struct err *e)
{
	const struct indicator *i = rate->indicator, *level = i->growth_of;
	bool alone = strcmp(i->basis, "period") == 0, known, known_then;
	int64_t ago = index - freq_per_year(i->freq);
	struct period now_p = period_from_index(i->freq, index);
	struct between now, then;
	struct point g, at, at_then;
	char published[NUM_TEXT];
	struct failure x;
	double factor, ratio;

	if (!edit_is_on(i, EDIT_GROWTH) || i->freq == FREQ_DAY ||
	    !breaks_linked(level->breaks, level->nbreaks, period_from_index(i->freq, ago), now_p,
			   &factor))
		return 0;
	if (edits_point(w, rate, index, &g, e) < 0 ||
	    quantity(w, rate, level, index, alone, &now, &at, &known, e) < 0 ||
	    quantity(w, rate, level, ago, alone, &then, &at_then, &known_then, e) < 0)
		return -1;
	if (!g.found || !known || !known_then || !(g.f || at.f) || then.mid <= 0 || now.mid < 0)
		return 0;
	then = (struct between){ then.low * factor, then.mid * factor, then.high * factor };
	ratio = now.mid / then.mid - 1;
	if (!(fabs(g.value - ratio) >
	      growth_slack(&g, now, then, level, alone, now_p.last_month) + binary))
		return 0;
	num_print(g.value, published);
	failure_init(w, &x, EDIT_GROWTH, g.f ? rate : series_of(w, at.f), g.f ? g.f : at.f);
	x.bound = ratio;
	failure_en(&x, "growth is published as %.4g %%, but the figures of %s give %.4g %%%s",
		   g.value * 100, level->code, ratio * 100,
		   factor != 1 ? " on the linked base" : "");
	failure_zh(&x,
		   "。公布的增速为 %.4g%%，按%.90s的数据推算%s为 %.4g%%，如按可比口径计算请说明",
		   g.value * 100, level->name, factor != 1 ? "（已衔接）" : "", ratio * 100);
	failure_decide_as(w, &x,
			  milder((enum edit_rule)i->edits[EDIT_GROWTH],
				 is_unsure(w, &g) || is_unsure(w, &at) || is_unsure(w, &at_then)));
	return 0;
}

/* --- from a figure to what it takes part in ----------------------------------------- */

static bool has_part(const struct indicator *total, const struct indicator *part)
{
	for (size_t k = 0; k < total->nsum_of; k++)
		if (total->sum_of[k] == part)
			return true;
	return false;
}

/* An identity whose total is there too is held once, from the total. */
static bool is_here(struct edits *w, const struct series *s, const struct indicator *i,
		    int64_t index)
{
	struct series *other = pairs_get(&w->figures->by_pair, pair_key(s->unit->index, i->index));
	struct figure *own;
	size_t low = 0, high;

	if (!other || !other->n)
		return false;
	own = w->figures->list + other->first;
	for (high = other->n; low < high;) {
		size_t mid = low + (high - low) / 2;

		if (own[mid].index < index)
			low = mid + 1;
		else
			high = mid;
	}
	return low < other->n && own[low].index == index && !own[low].dropped;
}

static int seen_from_part(struct edits *w, struct series *s, const struct indicator *other,
			  int64_t index, struct err *e)
{
	struct series *there;

	if (other->part_of == s->indicator && !is_here(w, s, other, index)) {
		if (!indicator_reports(other, s->unit->class))
			return 0;
		there = figures_series(w->figures, s->unit, other, e);
		if (!there || hold_part(w, there, index, e) < 0)
			return -1;
	}
	if (other->growth_of == s->indicator && !is_here(w, s, other, index)) {
		if (!indicator_reports(other, s->unit->class))
			return 0;
		there = figures_series(w->figures, s->unit, other, e);
		if (!there || hold_growth(w, there, index, e) < 0)
			return -1;
	}
	if (!has_part(other, s->indicator) || is_here(w, s, other, index))
		return 0;
	/* Of several parts in the document the first one holds it. */
	for (size_t k = 0; k < other->nsum_of && other->sum_of[k] != s->indicator; k++)
		if (is_here(w, s, other->sum_of[k], index))
			return 0;
	return hold_sum(w, s, other, index, e);
}

int edits_across(struct edits *w, struct figure *f, struct err *e)
{
	struct series *s = series_of(w, f);
	const struct indicator *i = s->indicator;
	int64_t index = f->index;

	if (i->part_of && hold_part(w, s, index, e) < 0)
		return -1;
	if (i->nsum_of && hold_sum(w, s, i, index, e) < 0)
		return -1;
	if (i->growth_of && hold_growth(w, s, index, e) < 0)
		return -1;
	if (!i->referred)
		return 0;
	for (size_t k = 0; k < catalogue_indicators(w->catalogue); k++)
		if (seen_from_part(w, s, catalogue_indicator_at(w->catalogue, k), index, e) < 0)
			return -1;
	return 0;
}
