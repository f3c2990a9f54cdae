/* release_dates.c - see release_dates.h. */
#include "catalogue/release_dates.h"

#include "base/text.h"

#include <stdlib.h>

int minute_of(struct slice text)
{
	int hour, minute;

	if (text.n != 5 || text.p[2] != ':')
		return -1;
	for (size_t i = 0; i < 5; i++)
		if (i != 2 && (text.p[i] < '0' || text.p[i] > '9'))
			return -1;
	hour = (text.p[0] - '0') * 10 + text.p[1] - '0';
	minute = (text.p[3] - '0') * 10 + text.p[4] - '0';
	return hour < 24 && minute < 60 ? hour * 60 + minute : -1;
}

/* --- entries --------------------------------------------------------------------- */

#define COMPLAIN(r, at, ...) diag_add((r)->d, (at).file, (at).line, (at).column, __VA_ARGS__)

/* "2026-11-15T10:00" is cut into its two parts. */
static void cut_time(struct slice *when, struct slice *time)
{
	const char *t = when->n ? memchr(when->p, 'T', when->n) : NULL;

	if (!t || time->n)
		return;
	*time = slice_skip(*when, (size_t)(t - when->p) + 1);
	*when = slice_of(when->p, (size_t)(t - when->p));
}

static bool read_entry(const struct release_dates *r, struct slice period, struct slice when,
		       struct slice time, struct place at, struct release_date *out)
{
	char shown[TEXT_SHOWN];
	struct err e;

	if (period_parse(period, &out->period, &e) < 0) {
		COMPLAIN(r, at, "%s", e.text);
		return false;
	}
	if (out->period.freq != r->freq) {
		COMPLAIN(r, at, "%s is not a period of freq %c", text_shown(period, shown),
			 (char)r->freq);
		return false;
	}
	cut_time(&when, &time);
	if (date_parse(when, &out->day, &e) < 0) {
		COMPLAIN(r, at, "%s", e.text);
		return false;
	}
	out->minute = time.n ? minute_of(time) : r->minute;
	if (out->minute < 0)
		COMPLAIN(r, at, "%s is not a time of the day such as 17:00",
			 text_shown(time, shown));
	return out->minute >= 0;
}

void release_dates_add(struct release_dates *r, struct slice period, struct slice when,
		       struct slice time, struct place place)
{
	struct release_entry entry = { .place = place }, *grown;

	if (r->full ||
	    !read_entry(r, text_trim(period), text_trim(when), text_trim(time), place, &entry.at))
		return;
	if (r->n == RELEASE_DATES_MAX) {
		r->full = true;
		COMPLAIN(r, place, "more than %d periods in a release list", RELEASE_DATES_MAX);
		return;
	}
	grown = arena_grow(r->arena, r->list, r->n, &r->cap, r->n + 1, sizeof(*r->list));
	if (!grown) {
		r->no_memory = true;
		return;
	}
	r->list = grown;
	r->list[r->n++] = entry;
}

/* --- CSV ------------------------------------------------------------------------- */

enum { FIELDS = 3 };

/* Up to the separator, which is skipped. */
static struct slice take(struct slice *rest, char separator)
{
	const char *end = rest->n ? memchr(rest->p, separator, rest->n) : NULL;
	struct slice part = end ? slice_of(rest->p, (size_t)(end - rest->p)) : *rest;

	*rest = slice_skip(*rest, end ? part.n + 1 : rest->n);
	return part;
}

static bool is_heading(const struct slice field[FIELDS])
{
	return slice_is(field[0], "period") && slice_is(field[1], "date");
}

static void read_line(struct release_dates *r, struct slice line, struct place at)
{
	struct slice field[FIELDS] = { slice_str(""), slice_str(""), slice_str("") };
	size_t n = 0;

	while (line.n && n < FIELDS)
		field[n++] = text_trim(take(&line, ','));
	if (at.line == 1 && is_heading(field))
		return;
	if (n < 2 || line.n) {
		COMPLAIN(r, at, "expected period,date or period,date,time");
		return;
	}
	release_dates_add(r, field[0], field[1], field[2], at);
}

void release_dates_read_csv(struct release_dates *r, struct slice body, const char *file)
{
	struct place at = { file, 0, 1 };

	if (utf8_bad_at(body) >= 0) {
		diag_add(r->d, file, 0, 0, "it is not UTF-8");
		return;
	}
	while (body.n && !r->full) {
		struct slice line = text_trim(take(&body, '\n'));

		at.line++;
		if (line.n && line.p[0] != '#')
			read_line(r, line, at);
	}
}

/* --- the whole list ---------------------------------------------------------------- */

static int by_period(const void *a, const void *b)
{
	const struct release_entry *x = a, *y = b;
	int64_t i = period_index(x->at.period), j = period_index(y->at.period);

	if (i != j)
		return i < j ? -1 : 1;
	return x->place.line < y->place.line ? -1 : x->place.line > y->place.line;
}

static int due_cmp(const struct release_date *a, const struct release_date *b)
{
	int c = date_cmp(a->day, b->day);

	return c ? c : (a->minute > b->minute) - (a->minute < b->minute);
}

static void check_pair(const struct release_dates *r, const struct release_entry *a,
		       const struct release_entry *b)
{
	char x[PERIOD_TEXT], y[PERIOD_TEXT];

	if (period_index(a->at.period) == period_index(b->at.period))
		COMPLAIN(r, b->place, "%s is in the list already, on line %u",
			 period_print(b->at.period, y), a->place.line);
	else if (due_cmp(&a->at, &b->at) > 0)
		COMPLAIN(r, b->place, "%s would be due before %s is", period_print(b->at.period, y),
			 period_print(a->at.period, x));
}

void release_dates_check(struct release_dates *r)
{
	char text[PERIOD_TEXT];

	if (r->n == 0)
		return;
	qsort(r->list, r->n, sizeof(*r->list), by_period);
	for (size_t i = 0; i < r->n; i++) {
		const struct release_entry *x = &r->list[i];

		if (date_cmp(x->at.day, period_last_day(x->at.period)) <= 0)
			COMPLAIN(r, x->place, "%s would be due before it has ended",
				 period_print(x->at.period, text));
		else if (i > 0)
			check_pair(r, &r->list[i - 1], x);
	}
}
