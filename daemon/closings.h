/*
 * closings.h - which periods of statistics were closed when, worked out of what was reported.
 *
 * The rule is that of assess/judge.c: a period is closed when all units that owe it have reported,
 * at the latest when the grace is over and somebody has. Of families that the catalogue does not
 * know all series count that had the period before, and the grace is a month.
 */
#ifndef DAEMON_CLOSINGS_H
#define DAEMON_CLOSINGS_H

#include "catalogue/catalogue.h"
#include "query/calendar.h"

/* What a series' labels say. Borrows from the catalogue and the labels. */
struct family {
	const struct catalogue *catalogue;
	const struct indicator *indicator; /* NULL: not of this frequency, or unknown */
	const struct zone *zone;
	enum freq freq;
	struct slice name, freq_text;
};

void family_of(const struct catalogue *c, const struct labels *ls, struct family *out);
struct period family_period(const struct family *f, int64_t stamp_ms);
/* What stands for the grace where there is no indicator. */
int64_t family_month_after(const struct family *f, struct period p);

/* From which period on closings are read, by period_index(): those that ended long before
 * `around_ms` are left out; INT64_MIN: none is. */
int64_t closings_begin(const struct family *f, int64_t around_ms);

/* The closings of `n` families from what closings_begin() says on, by stamp, in the arena. The
 * series of all families are read in one walk. */
int closings_read(struct snapshot *v, const struct family *f, size_t n, int64_t around_ms,
		  struct arena *a, struct closings *out, struct err *e);

#endif
