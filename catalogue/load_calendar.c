/*
 * load_calendar.c - release rules, holidays and seasonal profiles of a catalogue.
 */
#include "catalogue/load.h"

#include "base/text.h"

#include <stdio.h>

static const char *const weekdays[] = { "Monday", "Tuesday",  "Wednesday", "Thursday",
					"Friday", "Saturday", "Sunday" };

/* --- release rules --------------------------------------------------------------- */

enum { DUE_DAYS_MAX = 120, DEFAULT_GRACE = 5 };

struct release_row {
	const char *id, *time;
	int freq;
	int64_t working_day, day, grace;
	bool january;
};

static const struct yaml_field release_fields[] = {
	{ "id", YAML_STRING, offsetof(struct release_row, id), .required = true },
	{ "freq", YAML_ENUM, offsetof(struct release_row, freq), .required = true,
	  .choices = load_freqs },
	{ "working_day", YAML_INT, offsetof(struct release_row, working_day), .min = 1,
	  .max = DUE_DAYS_MAX, .help = "the n-th working day after the period" },
	{ "day", YAML_INT, offsetof(struct release_row, day), .min = 1, .max = 31,
	  .help = "or this day of the month after" },
	{ "time", YAML_STRING, offsetof(struct release_row, time), .help = "of that day, 17:00" },
	{ "grace_working_days", YAML_INT, offsetof(struct release_row, grace), .min = 0,
	  .max = DUE_DAYS_MAX },
	{ "january", YAML_BOOL, offsetof(struct release_row, january),
	  .help = "false: January is not collected, February covers both" },
	{ NULL },
};

/* "17:00" as minutes of the day; -1 when it is no time. */
static int minute_of(const char *text)
{
	int hour, minute;

	if (strlen(text) != 5 || text[2] != ':' || strspn(text, "0123456789") != 2 ||
	    strspn(text + 3, "0123456789") != 2)
		return -1;
	hour = (text[0] - '0') * 10 + text[1] - '0';
	minute = (text[3] - '0') * 10 + text[4] - '0';
	return hour < 24 && minute < 60 ? hour * 60 + minute : -1;
}

static void check_release(struct loader *l, const struct yaml_node *map,
			  const struct release_row *row)
{
	bool working = yaml_get(map, "working_day"), day = yaml_get(map, "day");

	if (working && day)
		yaml_complain(yaml_get(map, "day"), l->d,
			      "both 'working_day' and 'day': leave one out");
	if (!working && !day)
		yaml_complain(map, l->d,
			      "needs 'working_day' (the n-th after the period) or 'day' "
			      "(of the month after)");
	if (day && row->freq == FREQ_DAY)
		yaml_complain(yaml_get(map, "day"), l->d,
			      "a daily figure is due by 'working_day', not by 'day'");
	if (!row->january && row->freq && row->freq != FREQ_MONTH)
		yaml_complain(yaml_get(map, "january"), l->d,
			      "'january' is for monthly rules (freq: M)");
}

static const struct release_rule *rule_called(const struct loader *l, const char *id)
{
	for (size_t i = 0; i < l->nrules; i++) {
		if (strcmp(l->rules[i]->id, id) == 0)
			return l->rules[i];
	}
	return NULL;
}

static void read_release(struct loader *l, const struct yaml_node *map)
{
	struct release_row row = { .time = "17:00", .grace = DEFAULT_GRACE, .january = true };
	struct release_rule *r = load_array(l, 1, sizeof(*r));
	int minute;

	yaml_fill(map, release_fields, &row, &l->scratch, l->d);
	check_release(l, map, &row);
	minute = minute_of(row.time);
	if (minute < 0)
		yaml_complain(load_at(map, "time"), l->d,
			      "'%s' is not a time of the day such as 17:00", row.time);
	if (!r || !row.id)
		return;
	if (rule_called(l, row.id)) {
		yaml_complain(load_at(map, "id"), l->d, "there is a release rule '%s' already",
			      row.id);
		return;
	}
	*r = (struct release_rule){
		.id = load_keep(l, row.id),
		.freq = (enum freq)row.freq,
		.working_day = row.day ? 0 : (int)row.working_day,
		.day = (int)row.day,
		.due_minute = minute,
		.grace_working_days = (int)row.grace,
		.january = row.january,
	};
	l->rules[l->nrules++] = r;
}

void load_releases(struct loader *l)
{
	l->rules = arena_array(&l->scratch, l->releases.n + 1, sizeof(struct release_rule *));
	if (!l->rules) {
		l->no_memory = true;
		return;
	}
	for (size_t i = 0; i < l->releases.n; i++)
		read_release(l, l->releases.list[i]);
}

/* --- holidays -------------------------------------------------------------------- */

struct holiday_row {
	int64_t year;
	const char *source;
	const struct yaml_node *off, *worked;
};

static const struct yaml_field holiday_fields[] = {
	{ "year", YAML_INT, offsetof(struct holiday_row, year), .required = true,
	  .min = DATE_YEAR_MIN, .max = DATE_YEAR_MAX },
	{ "source", YAML_STRING, offsetof(struct holiday_row, source), .help = "who ordered it" },
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

void load_holidays(struct loader *l)
{
	for (size_t i = 0; i < l->holidays.n; i++) {
		const struct yaml_node *map = l->holidays.list[i];
		struct holiday_row row = { 0 };
		struct year_days y = { 0 };
		struct err e = { 0 };

		if (yaml_fill(map, holiday_fields, &row, &l->scratch, l->d) < 0 && !row.year)
			continue;
		y.year = (int)row.year;
		if (!date_valid((struct date){ y.year, 1, 1 }))
			continue;
		if (workdays_has_year(l->c->workdays, y.year)) {
			yaml_complain(load_at(map, "year"), l->d,
				      "the holidays of %d are there already", y.year);
			continue;
		}
		y.first = date_to_days((struct date){ y.year, 1, 1 });
		each_day(l, row.off, &y, mark_off);
		each_day(l, row.worked, &y, mark_worked);
		if (workdays_add_year(l->c->workdays, y.year, &e) < 0)
			l->no_memory = true;
	}
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
