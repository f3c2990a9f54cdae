/*
 * workdays.c - see workdays.h.
 *
 * Two bits for each day between the bounds of dates (27 KiB together): a look-up
 * is one word, adding cannot fail for want of memory, and nothing is sorted.
 */
#include "base/workdays.h"
#include "base/alloc.h"

enum { YEARS = DATE_YEAR_MAX - DATE_YEAR_MIN + 1, DAYS = YEARS * 366, WORDS = DAYS / 64 + 1 };

struct workdays {
	uint64_t holiday[WORDS];
	uint64_t swapped[WORDS];
	uint8_t year[YEARS]; /* enum known */
};

enum known { UNKNOWN, PROVISIONAL, OFFICIAL };

static int64_t day_zero(void)
{
	return date_to_days((struct date){ DATE_YEAR_MIN, 1, 1 });
}

static bool has_bit(const uint64_t *bits, struct date d)
{
	int64_t i;

	if (!date_valid(d))
		return false;
	i = date_to_days(d) - day_zero();
	return bits[i / 64] >> (i % 64) & 1;
}

static void set_bit(uint64_t *bits, struct date d)
{
	int64_t i = date_to_days(d) - day_zero();

	bits[i / 64] |= (uint64_t)1 << (i % 64);
}

struct workdays *workdays_new(void)
{
	return mem_zalloc(sizeof(struct workdays));
}

void workdays_free(struct workdays *w)
{
	mem_free(w);
}

static int check_date(struct date d, struct err *e)
{
	if (!date_valid(d))
		return err_set(e, ERR_INVALID, "%04d-%02d-%02d is not a day within %d-%d", d.year,
			       d.month, d.day, DATE_YEAR_MIN, DATE_YEAR_MAX);
	return 0;
}

static int both(struct date d, struct err *e)
{
	char text[DATE_TEXT];

	return err_set(e, ERR_INVALID, "%s is both a holiday and a worked weekend",
		       date_print(d, text));
}

int workdays_add_holiday(struct workdays *w, struct date d, struct err *e)
{
	if (check_date(d, e) < 0)
		return -1;
	if (has_bit(w->swapped, d))
		return both(d, e);
	set_bit(w->holiday, d);
	return 0;
}

int workdays_add_swapped(struct workdays *w, struct date d, struct err *e)
{
	static const char *const names[5] = { "Monday", "Tuesday", "Wednesday", "Thursday",
					      "Friday" };
	int weekday;

	if (check_date(d, e) < 0)
		return -1;
	weekday = date_weekday(d);
	if (weekday < 5) {
		char text[DATE_TEXT];

		return err_set(e, ERR_INVALID,
			       "%s is a %s: only a Saturday or Sunday is worked in exchange",
			       date_print(d, text), names[weekday]);
	}
	if (has_bit(w->holiday, d))
		return both(d, e);
	set_bit(w->swapped, d);
	return 0;
}

static int set_year(struct workdays *w, int year, enum known known, struct err *e)
{
	if (year < DATE_YEAR_MIN || year > DATE_YEAR_MAX)
		return err_set(e, ERR_INVALID, "year %d is not within %d-%d", year, DATE_YEAR_MIN,
			       DATE_YEAR_MAX);
	w->year[year - DATE_YEAR_MIN] = (uint8_t)known;
	return 0;
}

static enum known known_of(const struct workdays *w, int year)
{
	return year >= DATE_YEAR_MIN && year <= DATE_YEAR_MAX ? w->year[year - DATE_YEAR_MIN]
							      : UNKNOWN;
}

int workdays_add_year(struct workdays *w, int year, struct err *e)
{
	return set_year(w, year, OFFICIAL, e);
}

int workdays_add_provisional(struct workdays *w, int year, struct err *e)
{
	return set_year(w, year, PROVISIONAL, e);
}

bool workdays_has_year(const struct workdays *w, int year)
{
	return known_of(w, year) != UNKNOWN;
}

bool workdays_is_official(const struct workdays *w, int year)
{
	return known_of(w, year) == OFFICIAL;
}

unsigned workdays_years_missing(const struct workdays *w, struct date on)
{
	bool any = false;

	for (int i = 0; i < YEARS; i++)
		any |= w->year[i] != UNKNOWN;
	if (!any)
		return 0;
	return !workdays_is_official(w, on.year) +
	       (on.month == 12 && !workdays_is_official(w, on.year + 1));
}

bool workdays_is(const struct workdays *w, struct date d)
{
	if (date_weekday(d) >= 5)
		return has_bit(w->swapped, d);
	return !has_bit(w->holiday, d);
}

struct date workdays_after(const struct workdays *w, struct date d, int n)
{
	int64_t day = date_to_days(d);

	/* Past the last date there are no holidays, so this ends. */
	while (n > 0)
		n -= workdays_is(w, date_from_days(++day));
	return date_from_days(day);
}

struct date workdays_before(const struct workdays *w, struct date d, int n)
{
	int64_t day = date_to_days(d);

	while (n > 0)
		n -= workdays_is(w, date_from_days(--day));
	return date_from_days(day);
}

static int64_t min64(int64_t a, int64_t b)
{
	return a < b ? a : b;
}

static int64_t max64(int64_t a, int64_t b)
{
	return a > b ? a : b;
}

/* The day of an instant, held within the bounds of dates so that a nonsensical
 * time cannot make the walk below endless. */
static int64_t day_of(const struct zone *z, int64_t ms)
{
	int64_t first = day_zero();
	int64_t last = date_to_days((struct date){ DATE_YEAR_MAX, 12, 31 });
	int64_t day = date_to_days(zone_civil(z, ms).date);

	return max64(first, min64(day, last));
}

double workdays_hours(const struct workdays *w, const struct zone *z, struct work_hours h,
		      int64_t from_ms, int64_t to_ms)
{
	int64_t sum_ms = 0, last;

	if (to_ms < from_ms)
		return -workdays_hours(w, z, h, to_ms, from_ms);
	last = day_of(z, to_ms);
	for (int64_t day = day_of(z, from_ms); day <= last; day++) {
		struct date d = date_from_days(day);
		int64_t start, end;

		if (!workdays_is(w, d))
			continue;
		start = max64(from_ms, zone_ms(z, d, h.start_minute * 60));
		end = min64(to_ms, zone_ms(z, d, h.end_minute * 60));
		if (end > start)
			sum_ms += end - start;
	}
	return (double)sum_ms / 3600e3;
}
