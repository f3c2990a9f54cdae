/*
 * workdays.h - working days and working hours.
 *
 * Monday to Friday, less public holidays, plus the Saturdays and Sundays that
 * are worked in exchange (调休). Holidays are added while loading, then the table
 * is only read, by any thread.
 */
#ifndef BASE_WORKDAYS_H
#define BASE_WORKDAYS_H

#include "base/zone.h"

struct workdays;

struct work_hours {
	int start_minute; /* of the day, local time; default 09:00 */
	int end_minute;   /* default 17:00 */
};

struct workdays *workdays_new(void); /* NULL: no memory */
void workdays_free(struct workdays *w);
int workdays_add_holiday(struct workdays *w, struct date d, struct err *e);
int workdays_add_swapped(struct workdays *w, struct date d, struct err *e); /* worked weekend */
/* The year's holidays are known (otherwise weekends alone decide). */
int workdays_add_year(struct workdays *w, int year, struct err *e);
/* What is known of the year is the law's holidays; which weekends are worked has not been
 * announced yet. */
int workdays_add_provisional(struct workdays *w, int year, struct err *e);
bool workdays_has_year(const struct workdays *w, int year); /* known or provisional */
bool workdays_is_official(const struct workdays *w, int year);
/* How many years are wanted on this day and not official: its own, and from 1 December on the next
 * one, whose notice is out by then. 0 of a table that has no year at all: nobody wants holidays. */
unsigned workdays_years_missing(const struct workdays *w, struct date on);

bool workdays_is(const struct workdays *w, struct date d);
/* The n-th working day after d (n >= 1); n = 0 is d itself. */
struct date workdays_after(const struct workdays *w, struct date d, int n);
/* The n-th working day before d. */
struct date workdays_before(const struct workdays *w, struct date d, int n);
/* Working hours from `from` to `to` (negative when to < from). */
double workdays_hours(const struct workdays *w, const struct zone *z, struct work_hours h,
		      int64_t from_ms, int64_t to_ms);

#endif
