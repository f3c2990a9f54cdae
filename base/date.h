/*
 * date.h - civil dates (proleptic Gregorian) as plain arithmetic.
 *
 * Pure functions, any thread. A day number counts from 1970-01-01 = 0.
 */
#ifndef BASE_DATE_H
#define BASE_DATE_H

#include "base/err.h"
#include "base/slice.h"

#include <stdbool.h>
#include <stdint.h>

struct date {
	int year;
	int month; /* 1-12 */
	int day;   /* 1-31 */
};

enum { DATE_TEXT = 16, DATE_YEAR_MIN = 1900, DATE_YEAR_MAX = 2199 };

bool date_valid(struct date d); /* a day that exists, year within the bounds above */
int64_t date_to_days(struct date d);
struct date date_from_days(int64_t days);
int date_month_days(int year, int month); /* 28-31 */
int date_weekday(struct date d);          /* 0 = Monday … 6 = Sunday */
int date_cmp(struct date a, struct date b);

/* "2026-09-30" exactly. ERR_INVALID says what is wrong. */
int date_parse(struct slice text, struct date *d, struct err *e);
char *date_print(struct date d, char out[DATE_TEXT]);

#endif
