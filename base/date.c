/*
 * date.c - see date.h.
 *
 * Days are counted with the year beginning in March, so that the leap day is a
 * year's last day and the length of the months before it follows one formula
 * ((153m + 2) / 5). 400 years are 146,097 days; 1970-01-01 lies 719,468 days
 * after 0000-03-01.
 */
#include "base/date.h"
#include "base/text.h"

#include <stdio.h>

static bool leap_year(int year)
{
	return (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
}

static int64_t floor_div(int64_t a, int64_t b)
{
	return a / b - (a % b < 0);
}

int date_month_days(int year, int month)
{
	static const signed char days[12] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };

	if (month < 1 || month > 12)
		return 0;
	return days[month - 1] + (month == 2 && leap_year(year));
}

bool date_valid(struct date d)
{
	return d.year >= DATE_YEAR_MIN && d.year <= DATE_YEAR_MAX && d.month >= 1 &&
	       d.month <= 12 && d.day >= 1 && d.day <= date_month_days(d.year, d.month);
}

int64_t date_to_days(struct date d)
{
	int64_t y = (int64_t)d.year - (d.month <= 2);
	int64_t era = floor_div(y, 400);
	int64_t year_of_era = y - era * 400;
	int64_t month = d.month + (d.month > 2 ? -3 : 9);
	int64_t day_of_year = (153 * month + 2) / 5 + d.day - 1;

	return era * 146097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 +
	       day_of_year - 719468;
}

struct date date_from_days(int64_t days)
{
	int64_t z = days + 719468;
	int64_t era = floor_div(z, 146097);
	int64_t day = z - era * 146097;
	int64_t year = (day - day / 1460 + day / 36524 - day / 146096) / 365;
	int64_t day_of_year = day - (365 * year + year / 4 - year / 100);
	int64_t month = (5 * day_of_year + 2) / 153;
	struct date d = {
		.month = (int)(month < 10 ? month + 3 : month - 9),
		.day = (int)(day_of_year - (153 * month + 2) / 5 + 1),
	};

	d.year = (int)(year + era * 400 + (d.month <= 2));
	return d;
}

int date_weekday(struct date d)
{
	/* 1970-01-01 was a Thursday, which is 3. */
	int64_t days = date_to_days(d) + 3;

	return (int)(days - floor_div(days, 7) * 7);
}

int date_cmp(struct date a, struct date b)
{
	if (a.year != b.year)
		return a.year < b.year ? -1 : 1;
	if (a.month != b.month)
		return a.month < b.month ? -1 : 1;
	return a.day < b.day ? -1 : a.day > b.day;
}

/* `n` digits from p, or -1. */
static int digits(const char *p, int n)
{
	int v = 0;

	for (int i = 0; i < n; i++) {
		if (p[i] < '0' || p[i] > '9')
			return -1;
		v = v * 10 + (p[i] - '0');
	}
	return v;
}

int date_parse(struct slice text, struct date *d, struct err *e)
{
	char shown[TEXT_SHOWN];
	struct date got;

	if (text.n != 10 || text.p[4] != '-' || text.p[7] != '-')
		return err_set(e, ERR_INVALID, "%s is not a date such as 2026-09-30",
			       text_shown(text, shown));
	got.year = digits(text.p, 4);
	got.month = digits(text.p + 5, 2);
	got.day = digits(text.p + 8, 2);
	if (got.year < 0 || got.month < 0 || got.day < 0)
		return err_set(e, ERR_INVALID, "%s is not a date such as 2026-09-30",
			       text_shown(text, shown));
	if (got.year < DATE_YEAR_MIN || got.year > DATE_YEAR_MAX)
		return err_set(e, ERR_INVALID, "year %04d is not within %d-%d", got.year,
			       DATE_YEAR_MIN, DATE_YEAR_MAX);
	if (got.month < 1 || got.month > 12)
		return err_set(e, ERR_INVALID, "month %d does not exist", got.month);
	if (!date_valid(got))
		return err_set(e, ERR_INVALID, "day %d does not exist: %04d-%02d has %d days",
			       got.day, got.year, got.month, date_month_days(got.year, got.month));
	*d = got;
	return 0;
}

char *date_print(struct date d, char out[DATE_TEXT])
{
	char text[48] = ""; /* longer than any three ints */

	snprintf(text, sizeof(text), "%04d-%02d-%02d", d.year, d.month, d.day);
	memcpy(out, text, DATE_TEXT - 1);
	out[DATE_TEXT - 1] = '\0';
	return out;
}
