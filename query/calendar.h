/*
 * calendar.h - what the engine has to know of the release calendar, as functions it is given.
 *
 * query/ knows no catalogue. daemon/calendar.c joins the two. A series' family and frequency are
 * told by its labels, of which name and freq are looked at. Times are ms since 1970 UTC. A calendar
 * does not change; any thread.
 */
#ifndef QUERY_CALENDAR_H
#define QUERY_CALENDAR_H

#include "base/labels.h"

struct snapshot;

/* A period of a family and frequency, and when it was closed for good: the last unit due had
 * reported, or the grace was over and somebody had (assess/assess.h). Only closed ones are listed.
 */
struct closing {
	int64_t stamp_ms, closed_ms;
};

/* Of a family and frequency, by stamp. */
struct closings {
	struct closing *list;
	size_t n;
};

enum { CLOSINGS_BACK_MAX = 1000 };

/* Room for what period_text() and day_text() give. */
enum { CALENDAR_TEXT = 32 };

struct calendar {
	/* Until when a figure is shown: the next period's due time plus grace. */
	int64_t (*holds_until)(const struct calendar *c, const struct labels *ls, int64_t stamp_ms);
	/* The stamp of a period that is named ("2026-10"); INT64_MIN: the series has no such. */
	int64_t (*stamp_of)(const struct calendar *c, const struct labels *ls, struct slice period);
	/* The stamp `back` periods of the series' frequency before. */
	int64_t (*before)(const struct calendar *c, const struct labels *ls, int64_t stamp_ms,
			  int back);
	/* Closings of `n` families, each told by the labels of a series; in the arena. Periods that
	 * ended long before `around_ms` are left out, since to read them all takes long;
	 * INT64_MIN: none is. Best asked for many families at once. */
	int (*closings)(const struct calendar *c, struct snapshot *v,
			const struct labels *const *families, size_t n, int64_t around_ms,
			struct arena *a, struct closings *out, struct err *e);
	/* year × 100 + last month of the period whose stamp it is. */
	int32_t (*period_number)(const struct calendar *c, const struct labels *ls,
				 int64_t stamp_ms);
	/* What __as_of__ says: a day "2026-09-30" (its end, local time), RFC 3339, or seconds or
	 * milliseconds since 1970. ERR_INVALID. */
	int (*as_of)(const struct calendar *c, struct slice text, int64_t *ms, struct err *e);
	/* What __period__ would say of a stamp ("2026-10"), and __as_of__ of a time ("2026-09-30").
	 */
	const char *(*period_text)(const struct calendar *c, const struct labels *ls,
				   int64_t stamp_ms, char out[CALENDAR_TEXT]);
	const char *(*day_text)(const struct calendar *c, int64_t ms, char out[CALENDAR_TEXT]);
};

#endif
