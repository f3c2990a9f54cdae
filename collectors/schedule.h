/*
 * schedule.h - when a feed is due: pure arithmetic, no clock of its own.
 */
#ifndef COLLECTORS_SCHEDULE_H
#define COLLECTORS_SCHEDULE_H

#include "catalogue/catalogue.h"

struct schedule {
	int64_t every_ms;
	int64_t spread_ms; /* first attempts are spread over so long, or every_ms; 0: 5 s */
	double jitter;     /* 0..0.5, part of every_ms */
	int64_t backoff_max_ms;
	int working_day; /* 0: plain interval */
	enum freq freq;
	uint64_t seed; /* of the feed's name: jitter is the same at each start */
};

struct schedule_state {
	int64_t last_attempt_ms; /* 0: never */
	int64_t last_change_ms;  /* when the body last differed; 0: never */
	unsigned failures;       /* in a row */
	int64_t retry_after_ms;  /* the server asked to wait; 0: no */
};

/* The wall time of the next attempt, never before now_ms. */
int64_t schedule_next(const struct schedule *s, const struct schedule_state *st,
		      const struct workdays *w, const struct zone *z, int64_t now_ms);

#endif
