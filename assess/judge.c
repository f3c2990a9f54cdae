/*
 * judge.c - from the figures of one indicator to what they mean. See work.h.
 *
 *   1. close   the newest period that all units have reported, or whose grace is over
 *   2. pool    the seasonal shares of each class at that period and at the release before
 *   3. judge   growth, standing and light of each unit
 *   4. report  lateness of each unit
 *   5. rank    by the judged value, within class and league
 */
#include "assess/growth.h"
#include "assess/pace.h"
#include "assess/rank.h"
#include "assess/report.h"
#include "assess/work.h"
#include "query/stats/quantile.h"

/* Seasonal shares of one class at one place. */
struct pool {
	double share;
	unsigned years;
};

/* The closed place and the release before it in the same year (-1: none). */
struct closing {
	ssize_t place, before;
	struct pool pools[2][UNIT_CLASSES]; /* at `place`, at `before` */
};

/* --- close ----------------------------------------------------------------------- */

static void count_reports(const struct work *w, size_t place, struct indicator_summary *sum)
{
	sum->reporting = sum->expected = 0;
	for (size_t i = 0; i < w->nsubjects; i++) {
		const struct subject *s = &w->subjects[i];

		sum->expected += s->valid[place];
		sum->reporting += s->valid[place] && s->seen[place];
	}
}

static int see_reports(struct work *w, size_t place, struct arrivals *out, struct err *e)
{
	for (size_t i = 0; i < w->nsubjects; i++) {
		const struct subject *s = &w->subjects[i];
		int64_t ms;

		if (!s->valid[place] || !s->seen[place])
			continue;
		if (work_first_visible(w, s, place, &ms, e) < 0)
			return -1;
		arrivals_add(out, ms);
	}
	return 0;
}

static int close_period(struct work *w, struct closing *cl, struct indicator_summary *sum,
			struct err *e)
{
	cl->place = cl->before = -1;
	for (ssize_t k = w->ended; k >= 0; k--) {
		struct period p = w->axis.at[k];
		int64_t grace = catalogue_grace_end(w->c, w->indicator, p);
		struct arrivals seen = { 0 };
		bool all;

		count_reports(w, (size_t)k, sum);
		all = sum->reporting == sum->expected;
		if (sum->reporting == 0 || (!all && grace > w->as_of_ms))
			continue;
		cl->place = k;
		if (!axis_starts_year(&w->axis, (size_t)k))
			cl->before = k - 1;
		if (see_reports(w, (size_t)k, &seen, e) < 0)
			return -1;
		sum->closed = p;
		sum->closed_ms =
			arrivals_closed_ms(&seen, all, grace, period_end(p, catalogue_zone(w->c)));
		return 0;
	}
	sum->reporting = sum->expected = 0;
	return 0;
}

/* --- pool ------------------------------------------------------------------------- */

static struct pool pool_class(const struct work *w, size_t place, enum unit_class class,
			      double *room)
{
	size_t n = 0;

	for (size_t i = 0; i < w->nsubjects; i++)
		if (w->subjects[i].f->unit->class == class)
			n += schedule_year_shares(&w->subjects[i].run, place, w->o->history_years,
						  room + n);
	return (struct pool){ .share = stats_median(room, n), .years = (unsigned)n };
}

static int fill_pools(struct work *w, struct closing *cl, struct err *e)
{
	const ssize_t places[2] = { cl->place, cl->before };
	double *room =
		arena_array(w->scratch, w->nsubjects * w->o->history_years + 1, sizeof(*room));

	if (!room)
		return err_set(e, ERR_LIMIT, "%s: no memory for its seasons", w->indicator->code);
	for (int k = 0; k < 2; k++)
		for (int c = 0; c < UNIT_CLASSES && places[k] >= 0; c++)
			cl->pools[k][c] = pool_class(w, (size_t)places[k], c, room);
	return 0;
}

static void seasons_of(struct work *w, const struct subject *s, size_t place,
		       const struct pool *pool, double *room, struct seasons *out)
{
	size_t n = schedule_year_shares(&s->run, place, w->o->history_years, room);

	*out = (struct seasons){
		.own = stats_median(room, n),
		.own_years = (unsigned)n,
		.pool = pool->share,
		.pool_years = pool->years,
		.provincial = catalogue_profile(w->c, NULL),
	};
}

/* --- judge ------------------------------------------------------------------------ */

static void judge_growth(struct figure *f, const struct run *r, size_t k)
{
	struct period_value v;
	struct growth yoy = { 0 }, ytd = { 0 };

	f->has_period_value = growth_period_value(r, k, &v);
	if (f->has_period_value) {
		f->period_value = v.value;
		f->period_months = v.months;
		f->implied_revision = v.implied_revision;
	}
	f->has_growth_yoy = growth_yoy(r, k, &yoy);
	f->growth_yoy = yoy.ratio;
	f->growth_yoy_linked = yoy.linked;
	f->has_growth_ytd = growth_ytd(r, k, &ytd);
	f->growth_ytd = ytd.ratio;
	f->growth_ytd_linked = ytd.linked;
}

static void judge_pace(struct work *w, struct subject *s, const struct closing *cl, double *room)
{
	struct figure *f = s->f;
	struct standing now, before;
	struct seasons seasons;
	size_t k = (size_t)cl->place;
	enum unit_class class = f->unit->class;

	seasons_of(w, s, k, &cl->pools[0][class], room, &seasons);
	pace_standing(&s->run, k, f->target, &seasons, w->o->shrink, &now);
	if (cl->before >= 0) {
		seasons_of(w, s, (size_t)cl->before, &cl->pools[1][class], room, &seasons);
		pace_standing(&s->run, (size_t)cl->before, f->target, &seasons, w->o->shrink,
			      &before);
		f->has_previous_pace = before.has_pace;
		f->previous_pace = before.has_pace ? before.pace : 0;
	}
	f->has_attainment = now.has_attainment;
	f->attainment = now.attainment;
	f->has_schedule = now.has_schedule;
	f->schedule = now.schedule;
	f->schedule_source = now.source;
	f->has_pace = now.has_pace;
	f->pace = now.pace;
	f->light = pace_light(w->o, &now, cl->before >= 0 ? &before : NULL, f->judged.last_month);
}

static void judge(struct work *w, struct subject *s, const struct closing *cl, double *room)
{
	struct figure *f = s->f;
	size_t k = (size_t)cl->place;

	f->judged = w->axis.at[k];
	f->target = catalogue_target(w->c, f->unit, w->indicator, f->judged.year, w->today);
	if (!s->valid[k] || !s->seen[k] || s->seen[k]->flags & FIGURE_SUPPRESSED)
		return;
	f->has_judged = true;
	f->judged_value = s->seen[k]->value;
	judge_growth(f, &s->run, k);
	judge_pace(w, s, cl, room);
}

/* --- report ------------------------------------------------------------------------ */

/* Most units of an indicator owe the same period, so the last answer is usually the next one. */
static double hours_between(struct work *w, int64_t from_ms, int64_t to_ms)
{
	struct late_memo *m = &w->late;
	double h;

	if (to_ms <= from_ms)
		return 0;
	if (m->from_ms == from_ms && m->to_ms == to_ms)
		return m->hours;
	h = workdays_hours(catalogue_workdays(w->c), catalogue_zone(w->c), catalogue_hours(w->c),
			   from_ms, to_ms);
	*m = (struct late_memo){ from_ms, to_ms, h > 0 ? h : 0 };
	return m->hours;
}

/* In, late, and due before the store was told anything at all; or before this unit's first figure,
 * when that was asked for its newest period only. */
static bool is_backfilled(const struct work *w, const struct reports *r, const struct subject *s,
			  size_t k)
{
	int64_t due = w->periods[k].due_ms, first = s->deliveries[k].first_ms;

	if (!first || first <= due)
		return false;
	if (due < w->listening_ms && first >= w->listening_ms)
		return true;
	return !r->declared && k + 1 < w->nperiods && w->periods[k + 1].due_ms <= s->first_ms;
}

static void mark_deliveries(const struct work *w, const struct reports *r, struct subject *s)
{
	for (size_t k = 0; k < w->nperiods; k++) {
		if (report_expected(r, (ssize_t)(w->window + k)))
			s->deliveries[k].marks |= DELIVERY_EXPECTED;
		if (is_backfilled(w, r, s, k))
			s->deliveries[k].marks |= DELIVERY_BACKFILLED;
	}
	s->f->deliveries = s->deliveries;
}

/* What the newest period that has ended says more than whether it is in. */
static enum report_state told_of_newest(const struct work *w, const struct subject *s,
					const struct report_result *r)
{
	unsigned marks;

	if (r->state == REPORT_LATE || r->newest < (ssize_t)w->window)
		return r->state;
	marks = s->deliveries[(size_t)r->newest - w->window].marks;
	if (marks & DELIVERY_REJECTED)
		return REPORT_REJECTED;
	return marks & DELIVERY_SUPPRESSED ? REPORT_SUPPRESSED : r->state;
}

static void report(struct work *w, struct subject *s)
{
	const struct reports r = {
		.axis = &w->axis,
		.in = s->in,
		.valid = s->valid,
		.ended = w->ended,
		.due = w->due,
		.window = w->o->report_periods,
		.declared = w->indicator->valid.from.year != 0,
		.earlier = s->earlier,
	};
	struct report_result result = report_judge(&r);
	struct figure *f = s->f;
	const struct report_period *due;
	const struct delivery *came;

	mark_deliveries(w, &r, s);
	f->state = told_of_newest(w, s, &result);
	if (result.missing >= 0) {
		due = &w->periods[(size_t)result.missing - w->window];
		f->missing = due->period;
		f->late_hours = hours_between(w, due->due_ms, w->as_of_ms);
	}
	if (w->due < 0 || !s->valid[w->due])
		return;
	due = &w->periods[(size_t)w->due - w->window];
	f->due = due->period;
	f->due_ms = due->due_ms;
	came = &s->deliveries[(size_t)w->due - w->window];
	if (result.missing < 0 && !(came->marks & DELIVERY_BACKFILLED))
		f->late_hours = hours_between(w, due->due_ms, came->first_ms);
}

/* --- rank -------------------------------------------------------------------------- */

static int rank(struct work *w, ssize_t place, struct err *e)
{
	struct rank_item *items = arena_array(w->scratch, w->nsubjects + 1, sizeof(*items));
	struct date on = period_last_day(w->axis.at[place]);
	size_t n = 0;

	if (!items)
		return err_set(e, ERR_LIMIT, "%s: no memory for its ranks", w->indicator->code);
	for (size_t i = 0; i < w->nsubjects; i++) {
		struct figure *f = w->subjects[i].f;

		if (!f->has_judged ||
		    !rank_oriented(w->indicator->direction, f->judged_value, &items[n].value))
			continue;
		items[n].class = f->unit->class;
		items[n].league = unit_league(f->unit, on);
		items[n++].owner = f;
	}
	rank_competition(items, n);
	for (size_t i = 0; i < n; i++) {
		struct figure *f = items[i].owner;

		f->rank = items[i].rank;
		f->ranked = items[i].ranked;
	}
	return 0;
}

int work_judge(struct work *w, struct indicator_summary *sum, struct err *e)
{
	struct closing cl = { 0 };
	double *room = arena_array(w->scratch, w->o->history_years, sizeof(*room));

	if (!room)
		return err_set(e, ERR_LIMIT, "%s: no memory for its seasons", w->indicator->code);
	sum->indicator = w->indicator;
	sum->periods = w->periods;
	sum->nperiods = w->nperiods;
	if (close_period(w, &cl, sum, e) < 0)
		return -1;
	if (cl.place >= 0 && fill_pools(w, &cl, e) < 0)
		return -1;
	for (size_t i = 0; i < w->nsubjects; i++) {
		if (cl.place >= 0)
			judge(w, &w->subjects[i], &cl, room);
		report(w, &w->subjects[i]);
	}
	return cl.place >= 0 ? rank(w, cl.place, e) : 0;
}
