/*
 * period.h - the month, quarter, half-year, year or day a figure is about.
 *
 * Frequencies carry SDMX's codes (CL_FREQ): M, Q, S (half-year; H is "hourly"
 * there), A, D. A period covers whole months of one year; "January-February" is
 * one monthly period of two months that ends in February, since January is not
 * published by itself. Pure values; any thread.
 */
#ifndef BASE_PERIOD_H
#define BASE_PERIOD_H

#include "base/date.h"
#include "base/zone.h"

enum freq {
	FREQ_NONE = 0,
	FREQ_MONTH = 'M',
	FREQ_QUARTER = 'Q',
	FREQ_HALF = 'S',
	FREQ_YEAR = 'A',
	FREQ_DAY = 'D',
};

struct period {
	enum freq freq;
	int year;
	int first_month; /* of what is covered */
	int last_month;
	int day; /* only for FREQ_DAY, else 0 */
};

enum { PERIOD_TEXT = 32 };

/* The whole text is the period. Read are: 2026-10, 2026/10, 2026.10, 202610,
 * 2026M10, 2026-M10, 2026年10月, 2026年10月份; 2026Q3, 2026-Q3, 2026年3季度,
 * 2026年第三季度, 2026年三季度; 2026-S1, 2026年上半年, 2026年下半年; 2026, 2026年,
 * 2026-A1; 2026-10-31, 2026年10月31日; and runs of months 2026年1-2月, 2026年1—10月,
 * 2026-01/2026-02, 2026年前三季度 (months 1-9). A run from January to month m comes
 * back as FREQ_MONTH with first_month 1: whether it is a year-to-date figure or
 * a merged period only the indicator knows. ERR_INVALID says which part cannot
 * be ("month 13 does not exist"). Full-width digits are folded by the caller. */
int period_parse(struct slice text, struct period *p, struct err *e);

/* The longest text within `text` that period_parse() takes, the first of them: 2026年10月 in
 * "2026年10月主要经济指标". False when there is none; a year alone counts only with 年 behind it.
 */
bool period_find(struct slice text, struct slice *found);

/* Whether it may be a period but for its year: 10月, 1-10月, 三季度, 上半年. */
bool period_is_yearless(struct slice text);

/* SDMX time period text: 2026-10, 2026-Q3, 2026-S1, 2026, 2026-10-31; a merged
 * month run is 2026-01/2026-02. */
char *period_print(struct period p, char out[PERIOD_TEXT]);
/* As an office writes it: 2026年10月, 2026年1-2月, 2026年三季度, 2026年上半年, 2026年. */
char *period_print_zh(struct period p, char out[PERIOD_TEXT]);

struct period period_month(int year, int month);
/* The period of frequency f that contains the day. */
struct period period_of(enum freq f, struct date d);
/* n periods of its frequency later (earlier when negative); a merged run keeps
 * its months when n is a multiple of 12, else becomes the single month. */
struct period period_add(struct period p, int n);
/* Position on its frequency's axis by last month: month number, quarter number …
 * Equal for equal ends; differences count periods. */
int64_t period_index(struct period p);
struct period period_from_index(enum freq f, int64_t index);
int period_cmp(struct period a, struct period b); /* same frequency: by end, then start */
bool period_eq(struct period a, struct period b);
int period_months(struct period p); /* months covered; 0 for a day */
int freq_months(enum freq f);       /* 1, 3, 6, 12; 0 for a day */
int freq_per_year(enum freq f);     /* 12, 4, 2, 1, 365 */
/* From SDMX's code; FREQ_NONE when unknown. */
enum freq freq_parse(struct slice text);

struct date period_first_day(struct period p);
struct date period_last_day(struct period p);

/* The stamp of a figure: 00:00 local time of the period's last day. */
int64_t period_stamp(struct period p, const struct zone *z);
/* The first instant after the period. A figure known earlier is preliminary. */
int64_t period_end(struct period p, const struct zone *z);
/* The single (unmerged) period whose stamp this is. */
struct period period_from_stamp(enum freq f, int64_t stamp_ms, const struct zone *z);

#endif
