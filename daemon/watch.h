/*
 * watch.h - works out what the figures mean and who lags, again and again.
 *
 * After figures were stored (gathered for a moment), after a reload, and every
 * `assess_every`: one query job takes a snapshot, makes an assessment, evaluates
 * the alerts. The newest assessment is published for the exporters.
 * Loop thread, except watch_assessment() and the alerts.
 */
#ifndef DAEMON_WATCH_H
#define DAEMON_WATCH_H

#include "daemon/config.h"
#include "daemon/intake.h"
#include "loop/job.h"
#include "loop/timer.h"
#include "rules/alert.h"

struct watch;

struct watch_options {
	struct loop *loop;
	struct store *store;
	struct intake *intake;
	struct collector *collector;
};

struct watch *watch_new(const struct watch_options *o, struct err *e);
/* From now on with this configuration and catalogue (references are taken). */
void watch_configure(struct watch *w, struct config *config, struct catalogue *catalogue);
/* Something changed: a run follows within 200 ms. */
void watch_poke(struct watch *w);
/* No further runs; true once none is under way. */
bool watch_stop(struct watch *w);
void watch_free(struct watch *w);

/* With a reference; NULL before the first. Any thread. */
struct assessment *watch_assessment(struct watch *w);
struct alerts *watch_alerts(struct watch *w);

/* What alerts are raised for, from one assessment and the feeds' states (watch_conditions.c). */
struct feed_failure {
	const char *name, *source, *owner, *error;
	int64_t since_ms;
	unsigned failures;
};

struct conditions {
	struct arena *arena; /* texts and lists */
	struct alert_instance *lagging, *late, *feeds, *calendar;
	size_t nlagging, nlate, nfeeds, ncalendar;
};

/* Each instance's labels are a reference for the caller. */
int conditions_make(const struct config *c, const struct assessment *a,
		    const struct feed_failure *f, size_t nf, struct conditions *out, struct err *e);
void conditions_release(struct conditions *c);

#endif
