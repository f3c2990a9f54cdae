/*
 * calendar.h - what the engine has to know of the release calendar, as functions it is given.
 *
 * query/ knows no catalogue. daemon/ joins the two. A series' family and frequency are told by its
 * labels. Any thread; the functions must not wait for the store.
 */
#ifndef QUERY_CALENDAR_H
#define QUERY_CALENDAR_H

#include "base/labels.h"

struct calendar {
	void *ctx;
	/* Until when a figure is shown: the next period's due time plus grace. */
	int64_t (*holds_until)(void *ctx, const struct labels *ls, int64_t stamp_ms);
	/* The stamp of a period that is named ("2026-10"); INT64_MIN: the series has no such. */
	int64_t (*stamp_of)(void *ctx, const struct labels *ls, struct slice period);
	/* The stamp of the newest period that was closed at `at_ms` as it was known at `as_of_ms`,
	 * the same for all units of the family and frequency, less `back` periods; INT64_MIN: none.
	 * What it says holds in [*from_ms, *until_ms). */
	int64_t (*latest_closed)(void *ctx, const struct labels *ls, int64_t at_ms,
				 int64_t as_of_ms, int back, int64_t *from_ms, int64_t *until_ms);
	/* year × 100 + last month of the period whose stamp it is. */
	int32_t (*period_number)(void *ctx, const struct labels *ls, int64_t stamp_ms);
	/* The end of a local day "2026-09-30", RFC 3339, or seconds since 1970: what __as_of__
	 * says. */
	int (*as_of)(void *ctx, struct slice text, int64_t *ms, struct err *e);
};

#endif
