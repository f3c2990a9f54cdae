/*
 * calendar.c - which periods an indicator has, when their figures are due, and when they are
 * closed.
 *
 * A rule counts working days after the period's end, or names a day of the month
 * that follows, which may roll off a day that is not worked; a list gives single periods
 * their due times. After the due time comes a grace of whole working days. A figure
 * is current until the next one that will ever come is due and its grace over,
 * so that December's stays over the winter where January is not collected.
 *
 * An indicator that was dropped has no periods after its last day: the "last
 * ended" and "last due" period stop there.
 */
#include "catalogue/private.h"

#include <stdio.h>

enum { DEFAULT_DUE_MINUTE = 17 * 60 };

/* Used where the catalogue has no rule of the frequency. */
static const struct release_rule defaults[] = {
#define RULE(id, freq, n, grace)                                                                   \
	{                                                                                          \
		id, freq, .working_day = (n), .due_minute = DEFAULT_DUE_MINUTE,                    \
			  .grace_working_days = (grace), .january = true                           \
	}
	RULE("default-month", FREQ_MONTH, 10, 5),     RULE("default-quarter", FREQ_QUARTER, 15, 10),
	RULE("default-half-year", FREQ_HALF, 20, 10), RULE("default-year", FREQ_YEAR, 20, 10),
	RULE("default-day", FREQ_DAY, 1, 1),
#undef RULE
};

const struct release_rule *release_default(enum freq f)
{
	for (size_t i = 0; i < sizeof(defaults) / sizeof(defaults[0]); i++) {
		if (defaults[i].freq == f)
			return &defaults[i];
	}
	return &defaults[0];
}

/* --- which periods exist --------------------------------------------------------- */

/* The period's place in the list; NULL: it is not in it. */
static const struct release_date *listed(const struct release_rule *r, struct period p)
{
	int64_t want = period_index(p);
	size_t low = 0, high = r->ndates;

	while (low < high) {
		size_t mid = low + (high - low) / 2;

		if (period_index(r->dates[mid].period) < want)
			low = mid + 1;
		else
			high = mid;
	}
	return low < r->ndates && period_index(r->dates[low].period) == want ? &r->dates[low]
									     : NULL;
}

/* A gap in a list: what published dates leave out between others is not published. Before and
 * after the list the rule goes on, so that a list that ends does not end the collecting. */
static bool in_gap(const struct release_rule *r, struct period p)
{
	int64_t i = period_index(p);

	return r->gaps && r->ndates && i > period_index(r->dates[0].period) &&
	       i < period_index(r->dates[r->ndates - 1].period) && !listed(r, p);
}

static bool rule_collects(const struct release_rule *r, struct period p)
{
	if (r->freq == FREQ_MONTH && !r->january && p.last_month == 1)
		return false;
	return !in_gap(r, p);
}

bool indicator_collects(const struct indicator *i, struct period p)
{
	return p.freq == i->freq && rule_collects(i->release, p) &&
	       validity_holds(i->valid, period_last_day(p));
}

bool unit_owes(const struct unit *u, const struct indicator *i, struct period p)
{
	return indicator_reports(i, u->class) && indicator_collects(i, p) &&
	       validity_holds(u->valid, period_last_day(p));
}

struct period indicator_period(const struct indicator *i, struct period p)
{
	if (i->freq == FREQ_MONTH && p.freq == FREQ_MONTH && i->form == FORM_PERIOD &&
	    p.last_month == 2 && !rule_collects(i->release, period_month(p.year, 1)))
		p.first_month = 1;
	return p;
}

static struct period step(const struct indicator *i, struct period p, int by)
{
	/* From the last month, so that a merged January-February moves as February does. */
	do
		p = period_from_index(p.freq, period_index(p) + by);
	while (!rule_collects(i->release, p));
	return indicator_period(i, p);
}

struct period indicator_next(const struct indicator *i, struct period p)
{
	return step(i, p, 1);
}

struct period indicator_previous(const struct indicator *i, struct period p)
{
	return step(i, p, -1);
}

/* --- when they are due ----------------------------------------------------------- */

static struct date day_of_next_month(struct period p, int day)
{
	struct date last = period_last_day(p), d = { last.year, last.month + 1, day };

	if (d.month > 12) {
		d.month = 1;
		d.year++;
	}
	if (d.day > date_month_days(d.year, d.month))
		d.day = date_month_days(d.year, d.month);
	return d;
}

static struct date roll_day(const struct catalogue *c, enum roll roll, struct date d,
			    struct date last_of_period)
{
	struct date before;

	if (roll == ROLL_NONE || workdays_is(c->workdays, d))
		return d;
	before = workdays_before(c->workdays, d, 1);
	if (roll == ROLL_PREVIOUS && date_cmp(before, last_of_period) > 0)
		return before;
	return workdays_after(c->workdays, d, 1);
}

static struct date due_day(const struct catalogue *c, const struct release_rule *r, struct period p)
{
	const struct release_date *own = listed(r, p);

	if (own)
		return own->day;
	if (r->day)
		return roll_day(c, r->roll, day_of_next_month(p, r->day), period_last_day(p));
	return workdays_after(c->workdays, period_last_day(p), r->working_day);
}

int64_t catalogue_due(const struct catalogue *c, const struct indicator *i, struct period p)
{
	const struct release_date *own = listed(i->release, p);
	int minute = own ? own->minute : i->release->due_minute;

	return zone_ms(c->zone, due_day(c, i->release, p), minute * 60);
}

int64_t catalogue_grace_end(const struct catalogue *c, const struct indicator *i, struct period p)
{
	const struct release_rule *r = i->release;
	struct date day = workdays_after(c->workdays, due_day(c, r, p), r->grace_working_days);
	int64_t due = catalogue_due(c, i, p);
	int64_t end = zone_ms(c->zone, day, c->hours.end_minute * 60);

	/* Without grace, a time of the day after office hours would end before it. */
	return end > due ? end : due;
}

struct period catalogue_last_ended(const struct catalogue *c, const struct indicator *i,
				   int64_t now_ms)
{
	struct date today = zone_civil(c->zone, now_ms).date;
	struct period p;

	if (i->valid.to.year && date_cmp(i->valid.to, today) < 0) {
		p = period_of(i->freq, i->valid.to);
		if (date_cmp(period_last_day(p), i->valid.to) <= 0)
			p = period_add(p, 1);
	} else {
		p = period_of(i->freq, today);
	}
	return indicator_previous(i, p);
}

struct period catalogue_last_due(const struct catalogue *c, const struct indicator *i,
				 int64_t now_ms)
{
	struct period p = catalogue_last_ended(c, i, now_ms);

	while (catalogue_due(c, i, p) > now_ms)
		p = indicator_previous(i, p);
	return p;
}

int64_t catalogue_holds_until(const struct catalogue *c, const struct indicator *i, struct period p)
{
	return catalogue_grace_end(c, i, indicator_next(i, p));
}

/* --- when they are closed ---------------------------------------------------------- */

void arrivals_add(struct arrivals *a, int64_t seen_ms)
{
	if (a->n == 0 || seen_ms < a->first_ms)
		a->first_ms = seen_ms;
	if (a->n == 0 || seen_ms > a->last_ms)
		a->last_ms = seen_ms;
	a->n++;
}

int64_t arrivals_closed_ms(const struct arrivals *a, bool all, int64_t grace_ms, int64_t end_ms)
{
	int64_t ms = grace_ms > a->first_ms ? grace_ms : a->first_ms;

	if (all && a->last_ms < ms)
		ms = a->last_ms;
	return ms > end_ms ? ms : end_ms;
}
