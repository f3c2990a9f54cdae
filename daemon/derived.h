/*
 * derived.h - what an assessment works out, as samples to store: the series that /metrics shows of
 * it (park_pace_ratio, park_light, …), so that queries and Grafana see them, with their history.
 *
 * They are plain samples, a function of figures, catalogue and time, and can be worked out again. A
 * series that an assessment no longer has (a light that changed, a park that left) gets a staleness
 * mark. One thread at a time.
 */
#ifndef DAEMON_DERIVED_H
#define DAEMON_DERIVED_H

#include "assess/assess.h"

struct store;

struct derived {
	struct labels **last; /* of the samples given out before, sorted by address; references */
	size_t n;
};

/* Stores what an assessment at its time derives, and waits until it is durable: not on the loop. */
int derived_store(struct derived *d, struct store *s, const struct assessment *a, int64_t now_ms,
		  struct err *e);
void derived_release(struct derived *d);

#endif
