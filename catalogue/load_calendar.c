/*
 * load_calendar.c - holidays and seasonal profiles of a catalogue.
 */
#include "catalogue/load.h"

#include "base/text.h"

#include <stdio.h>

static const char *const weekdays[] = { "Monday", "Tuesday",  "Wednesday", "Thursday",
					"Friday", "Saturday", "Sunday" };

/* --- holidays -------------------------------------------------------------------- */

struct holiday_row {
	const struct yaml_node *map;
	int64_t year;
	bool provisional;
	const char *source;
	const struct yaml_node *off, *worked;
};

static const struct yaml_field holiday_fields[] = {
	{ "year", YAML_INT, offsetof(struct holiday_row, year), .required = true,
	  .min = DATE_YEAR_MIN, .max = DATE_YEAR_MAX },
	{ "source", YAML_STRING, offsetof(struct holiday_row, source), .help = "who ordered it" },
	{ "provisional", YAML_BOOL, offsetof(struct holiday_row, provisional),
	  .help = "the law's days only: the year's notice is not out yet" },
	{ "off", YAML_NODE, offsetof(struct holiday_row, off),
	  .help = "days or ranges 2026-10-01/2026-10-07" },
	{ "worked", YAML_NODE, offsetof(struct holiday_row, worked),
	  .help = "Saturdays and Sundays worked in exchange" },
	{ NULL },
};

struct day_range {
	int64_t first, last; /* day numbers */
};

static int in_year(struct slice text, int year, struct date *d, struct err *e)
{
	if (date_parse(text, d, e) < 0)
		return -1;
	if (d->year != year)
		return err_set(e, ERR_INVALID, "%.*s is not in %d; each year has its own days",
			       SLICE_FMT(text), year);
	return 0;
}

/* "2026-10-01" or "2026-10-01/2026-10-07". */
static int range_parse(struct slice text, int year, struct day_range *r, struct err *e)
{
	const char *slash = memchr(text.p, '/', text.n);
	struct slice first = slash ? slice_of(text.p, (size_t)(slash - text.p)) : text;
	struct slice last = slash ? slice_skip(text, first.n + 1) : text;
	struct date a, b;

	if (in_year(first, year, &a, e) < 0 || in_year(last, year, &b, e) < 0)
		return -1;
	*r = (struct day_range){ date_to_days(a), date_to_days(b) };
	if (r->last < r->first)
		return err_set(e, ERR_INVALID, "%.*s ends before it begins", SLICE_FMT(text));
	return 0;
}

/* One table for a year: what each day is. */
struct year_days {
	int year;
	int64_t first; /* day number of 1 January */
	bool off[366], worked[366];
};

static void mark_off(struct loader *l, const struct yaml_node *at, struct year_days *y)
{
	struct day_range r;
	struct err e = { 0 };

	if (at->type != YAML_SCALAR || range_parse(text_trim(at->text), y->year, &r, &e) < 0) {
		yaml_complain(at, l->d, "%s",
			      *e.text ? e.text
				      : "expected a day or a range: 2026-10-01/2026-10-07");
		return;
	}
	for (int64_t d = r.first; d <= r.last; d++) {
		y->off[d - y->first] = true;
		if (workdays_add_holiday(l->c->workdays, date_from_days(d), &e) < 0)
			l->no_memory = true;
	}
}

static void mark_worked(struct loader *l, const struct yaml_node *at, struct year_days *y)
{
	struct err e = { 0 };
	struct date d;

	if (at->type != YAML_SCALAR || in_year(text_trim(at->text), y->year, &d, &e) < 0) {
		yaml_complain(at, l->d, "%s", *e.text ? e.text : "expected a day: 2026-10-10");
		return;
	}
	if (date_weekday(d) < 5)
		yaml_complain(at, l->d, "%.*s is a %s and worked anyway; 'worked' is for weekends",
			      SLICE_FMT(at->text), weekdays[date_weekday(d)]);
	else if (y->off[date_to_days(d) - y->first])
		yaml_complain(at, l->d, "%.*s is both off and worked", SLICE_FMT(at->text));
	else if (workdays_add_swapped(l->c->workdays, d, &e) < 0)
		l->no_memory = true;
}

static void each_day(struct loader *l, const struct yaml_node *list, struct year_days *y,
		     void (*mark)(struct loader *, const struct yaml_node *, struct year_days *))
{
	if (!list || (list->type == YAML_SCALAR && list->text.n == 0))
		return;
	if (list->type == YAML_MAP)
		yaml_complain(list, l->d, "expected a list of days");
	else if (list->type == YAML_SCALAR)
		mark(l, list, y);
	else
		for (const struct yaml_node *at = list->child; at; at = at->next)
			mark(l, at, y);
}

/* A provisional year gives way to one that is not, wherever that stands. */
static bool gives_way(const struct holiday_row *rows, size_t n, const struct holiday_row *row)
{
	for (size_t i = 0; i < n; i++)
		if (row->provisional && rows[i].year == row->year && !rows[i].provisional)
			return true;
	return false;
}

static void add_year(struct loader *l, const struct holiday_row *row)
{
	struct year_days y = { .year = (int)row->year };
	struct err e = { 0 };
	int rc;

	if (workdays_has_year(l->c->workdays, y.year)) {
		yaml_complain(load_at(row->map, "year"), l->d,
			      "the holidays of %d are there already", y.year);
		return;
	}
	y.first = date_to_days((struct date){ y.year, 1, 1 });
	each_day(l, row->off, &y, mark_off);
	each_day(l, row->worked, &y, mark_worked);
	rc = row->provisional ? workdays_add_provisional(l->c->workdays, y.year, &e)
			      : workdays_add_year(l->c->workdays, y.year, &e);
	if (rc < 0)
		l->no_memory = true;
}

void load_holidays(struct loader *l)
{
	struct holiday_row *rows = arena_array(&l->scratch, l->holidays.n + 1, sizeof(*rows));
	size_t n = 0;

	if (!rows) {
		l->no_memory = true;
		return;
	}
	for (size_t i = 0; i < l->holidays.n; i++) {
		struct holiday_row *row = &rows[n];

		*row = (struct holiday_row){ .map = l->holidays.list[i] };
		yaml_fill(row->map, holiday_fields, row, &l->scratch, l->d);
		n += date_valid((struct date){ (int)row->year, 1, 1 });
	}
	for (size_t i = 0; i < n; i++)
		if (!gives_way(rows, n, &rows[i]))
			add_year(l, &rows[i]);
}

/* --- profiles -------------------------------------------------------------------- */

struct profile_row {
	const char *id, *source;
	const struct yaml_node *shares;
};

static const struct yaml_field profile_fields[] = {
	{ "id", YAML_STRING, offsetof(struct profile_row, id), .required = true },
	{ "source", YAML_STRING, offsetof(struct profile_row, source), .required = true,
	  .help = "where the shares come from" },
	{ "shares", YAML_NODE, offsetof(struct profile_row, shares), .required = true,
	  .help = "of the year, reached by the end of each of 12 months" },
	{ NULL },
};

static void read_shares(struct loader *l, const struct yaml_node *list, double out[12])
{
	double last = 0;
	size_t i = 0;

	if (list->type != YAML_LIST || list->n != 12) {
		yaml_complain(list, l->d, "expected 12 shares, one for the end of each month");
		return;
	}
	for (const struct yaml_node *at = list->child; at; at = at->next, i++) {
		if (!load_amount(l, at, NUM_SCALE_ONE, &out[i]))
			return;
		if (out[i] < last || out[i] > 1)
			yaml_complain(at, l->d, "shares rise from 0 to 1");
		else if (i == 11 && out[i] < 1)
			yaml_complain(at, l->d, "the share of December is 1");
		last = out[i];
	}
}

void load_profiles(struct loader *l)
{
	struct catalogue *c = l->c;

	c->profiles = load_array(l, l->profiles.n, sizeof(*c->profiles));
	if (!c->profiles)
		return;
	for (size_t i = 0; i < l->profiles.n; i++) {
		const struct yaml_node *map = l->profiles.list[i];
		struct profile *p = &c->profiles[c->nprofiles];
		struct profile_row row = { 0 };

		yaml_fill(map, profile_fields, &row, &l->scratch, l->d);
		if (row.shares)
			read_shares(l, row.shares, p->shares);
		if (!row.id)
			continue;
		if (catalogue_profile(c, row.id)) {
			yaml_complain(load_at(map, "id"), l->d, "there is a profile '%s' already%s",
				      row.id,
				      strcmp(row.id, profile_provincial.id) == 0
					      ? ": it is the shipped one"
					      : "");
			continue;
		}
		p->id = load_keep(l, row.id);
		p->source = load_keep(l, row.source ? row.source : "");
		c->nprofiles++;
	}
}
