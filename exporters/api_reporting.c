/*
 * api_reporting.c - "/api/v1/reporting": who reported what, when, and how late.
 *
 * One row for each unit, indicator and period of the window (docs/methods.md, "Reports"), as the
 * newest assessment has it; then who is punctual. Rows that the filters leave out are not counted
 * in the limit. Ratios are of all that a unit owes, whatever is filtered.
 */
#include "exporters/handlers.h"
#include "exporters/members.h"
#include "exporters/params.h"

#include "base/text.h"

enum { ROWS_DEFAULT = 10000 };

struct filter {
	const struct unit *unit;           /* NULL: any */
	const struct indicator *indicator; /* NULL: any */
	struct period period;              /* freq NONE: any */
	enum report_state state;           /* REPORT_STATES: any */
	uint64_t limit;                    /* 0: none */
};

struct board {
	const struct assessment *a;
	const struct catalogue *c;
	const struct zone *zone;
	struct filter want;
	struct json_writer *j;
	uint64_t rows;
	bool truncated;
	/* Most reports of a period are late by the same time. */
	int64_t memo_from, memo_to;
	double memo_hours;
};

/* --- filters --------------------------------------------------------------------------- */

static int unknown(const char *what, struct slice text, struct err *e)
{
	char shown[TEXT_SHOWN];

	return err_set(e, ERR_INVALID, "invalid parameter \"%s\": the catalogue has no %s %s", what,
		       what, text_shown(text, shown));
}

static int read_state(struct slice text, enum report_state *out, struct err *e)
{
	char shown[TEXT_SHOWN];

	*out = report_state_parse(text);
	if (text.n && *out == REPORT_STATES)
		return err_set(e, ERR_INVALID, "invalid parameter \"state\": there is no state %s",
			       text_shown(text, shown));
	return 0;
}

static int read_filter(const struct exchange *x, const struct catalogue *c, struct filter *out,
		       struct err *e)
{
	struct slice unit = exchange_param(x, "unit"), code = exchange_param(x, "indicator");
	struct slice period = exchange_param(x, "period");

	*out = (struct filter){ .limit = ROWS_DEFAULT };
	out->unit = unit.n ? catalogue_unit(c, unit) : NULL;
	if (unit.n && !out->unit)
		return unknown("unit", unit, e);
	out->indicator = code.n ? catalogue_indicator(c, code) : NULL;
	if (code.n && !out->indicator)
		return unknown("indicator", code, e);
	if (period.n && period_parse(period, &out->period, e) < 0)
		return param_invalid("period", e);
	if (read_state(exchange_param(x, "state"), &out->state, e) < 0)
		return -1;
	return exchange_param(x, "limit").n ? param_limit(x, "limit", &out->limit, e) : 0;
}

static bool wanted(const struct filter *f, const struct figure *figure)
{
	return (!f->unit || f->unit == figure->unit) &&
	       (!f->indicator || f->indicator == figure->indicator);
}

static bool wanted_period(const struct filter *f, struct period p)
{
	return f->period.freq == FREQ_NONE ||
	       (f->period.freq == p.freq && period_index(f->period) == period_index(p));
}

/* --- rows -------------------------------------------------------------------------------- */

/* Local time, so that 17:00 is seen to be 17:00. 0 is null. */
static void put_local(const struct board *b, const char *key, int64_t ms)
{
	char text[TIME_TEXT];

	put_text(b->j, key, ms ? zone_print(b->zone, ms, text) : NULL);
}

/* Working hours after the due time at which it came, or that have gone by without it. */
static double hours_late(struct board *b, const struct report_period *p, const struct delivery *d)
{
	int64_t to = d->first_ms ? d->first_ms : b->a->as_of_ms;

	if (!(d->marks & DELIVERY_EXPECTED) || to <= p->due_ms)
		return 0;
	if (b->memo_from == p->due_ms && b->memo_to == to)
		return b->memo_hours;
	b->memo_from = p->due_ms;
	b->memo_to = to;
	b->memo_hours = workdays_hours(catalogue_workdays(b->c), b->zone, catalogue_hours(b->c),
				       p->due_ms, to);
	return b->memo_hours;
}

static void put_row(struct board *b, const struct figure *f, const struct report_period *p,
		    const struct delivery *d, enum report_state state)
{
	struct json_writer *j = b->j;
	char text[PERIOD_TEXT];

	json_object(j);
	put_text(j, "unit", f->unit->id);
	put_text(j, "class", unit_class_name(f->unit->class));
	put_text(j, "indicator", f->indicator->code);
	put_text(j, "owner", f->indicator->owner);
	put_text(j, "period", period_print(p->period, text));
	put_text(j, "state", report_state_name(state));
	put_local(b, "due", p->due_ms);
	put_local(b, "graceEnd", p->grace_ms);
	put_local(b, "received", d->first_ms);
	put_local(b, "released", d->released_ms);
	put_local(b, "refused", state == REPORT_REJECTED ? d->refused_ms : 0);
	put_text(j, "reason", state == REPORT_REJECTED ? d->refused_why : NULL);
	json_key(j, "backfilled");
	json_bool(j, d->marks & DELIVERY_BACKFILLED);
	json_key(j, "lateHours");
	if (d->marks & DELIVERY_BACKFILLED)
		json_null(j);
	else
		json_f64(j, hours_late(b, p, d));
	json_end(j);
}

static void put_figure(struct board *b, const struct figure *f)
{
	const struct indicator_summary *sum = &b->a->indicators[f->indicator->index];

	for (size_t k = 0; k < sum->nperiods && !b->truncated; k++) {
		const struct report_period *p = &sum->periods[k];
		enum report_state state = delivery_state(p, &f->deliveries[k], b->a->as_of_ms);

		if (!wanted_period(&b->want, p->period) ||
		    (b->want.state != REPORT_STATES && b->want.state != state))
			continue;
		b->truncated = b->want.limit && b->rows == b->want.limit;
		if (b->truncated)
			return;
		put_row(b, f, p, &f->deliveries[k], state);
		b->rows++;
	}
}

/* --- who is punctual ----------------------------------------------------------------------- */

static void put_punctuality(struct board *b, const struct unit *u, const struct punctuality *p)
{
	if (b->want.unit && b->want.unit != u)
		return;
	json_object(b->j);
	put_text(b->j, "unit", u->id);
	put_text(b->j, "class", unit_class_name(u->class));
	put_number(b->j, "due", p->due);
	put_number(b->j, "onTime", p->on_time);
	json_key(b->j, "onTimeRatio");
	if (p->due)
		json_f64(b->j, (double)p->on_time / p->due);
	else
		json_null(b->j);
	json_end(b->j);
}

static void put_board(struct board *b)
{
	struct json_writer *j = b->j;

	json_object(j);
	put_local(b, "asOf", b->a->as_of_ms);
	put_number(j, "reportPeriods", b->a->report_periods);
	json_key(j, "reports");
	json_array(j);
	for (size_t i = 0; i < b->a->nfigures && !b->truncated; i++)
		if (wanted(&b->want, &b->a->figures[i]))
			put_figure(b, &b->a->figures[i]);
	json_end(j);
	json_key(j, "units");
	json_array(j);
	for (size_t i = 0; i < b->a->nunits; i++)
		put_punctuality(b, b->a->units[i].unit, &b->a->units[i].punctuality);
	json_end(j);
	json_key(j, "owners");
	json_array(j);
	for (size_t i = 0; i < b->a->nowners; i++)
		put_punctuality(b, b->a->owners[i].unit, &b->a->owners[i].punctuality);
	json_end(j);
	json_end(j);
}

static void put_warning(struct json_writer *j)
{
	json_key(j, "warnings");
	json_array(j);
	json_cstr(j, "results truncated due to limit");
	json_end(j);
}

static void serve_board(struct exchange *x, const struct assessment *a)
{
	struct json_writer j;
	struct board b = { .a = a, .c = assessment_catalogue(a), .j = &j };
	struct err e = { 0 };

	b.zone = catalogue_zone(b.c);
	if (read_filter(x, b.c, &b.want, &e) < 0) {
		reply_api_error(x, 400, "bad_data", &e);
		return;
	}
	api_begin(&j, x);
	put_board(&b);
	if (b.truncated)
		put_warning(&j);
	json_end(&j);
}

void serve_reporting(struct exchange *x)
{
	const struct exporter_view *view = x->ctx;
	struct assessment *a = view->assessment(view->ctx);

	if (!a) {
		reply_api_text(x, 503, "unavailable", "nothing has been assessed yet");
		return;
	}
	serve_board(x, a);
	assessment_unref(a);
}
