/*
 * alert.h - alerts: states over time, whatever they are about.
 *
 * A rule has a name, a `for`, and is given its instances at each evaluation: the
 * label sets for which its condition holds now. The machine keeps their states:
 *
 *                 holds                 held for `for`
 *     inactive ──────────▶ pending ───────────────────▶ firing
 *        ▲                    │ no longer                  │ no longer, and `keep_firing` over
 *        └────────────────────┘◀───────────────────────────┘ (resolved: kept for 15 minutes)
 *
 * as Prometheus does, and shows them in its shape. Every move is one log line.
 * One thread at a time evaluates; alerts_list() copies under a lock, any thread.
 */
#ifndef RULES_ALERT_H
#define RULES_ALERT_H

#include "base/arena.h"
#include "base/observation.h"

enum alert_state { ALERT_PENDING, ALERT_FIRING, ALERT_RESOLVED };

struct alert_rule {
	const char *name;     /* alertname */
	const char *severity; /* label; NULL: none */
	int64_t for_ms, keep_firing_ms;
};

struct alert_instance {
	struct labels *labels; /* without alertname and severity; borrowed */
	double value;
	const char *summary; /* annotations, UTF-8; may be NULL */
	const char *description;
};

struct alert {
	struct labels *labels; /* with alertname and severity; a list holds a reference */
	enum alert_state state;
	int64_t active_ms, fired_ms, resolved_ms; /* 0: not yet */
	double value;
	const char *rule, *summary, *description;
};

struct alerts;

struct alerts *alerts_new(struct err *e);
void alerts_free(struct alerts *a);

/* One evaluation of one rule at `now_ms`. Instances whose labels repeat are ERR_INVALID. At most
 * 10,000 alerts; beyond, ERR_LIMIT and the earlier ones stay. */
int alerts_evaluate(struct alerts *a, const struct alert_rule *rule,
		    const struct alert_instance *list, size_t n, int64_t now_ms, struct err *e);
/* The rule is gone: its alerts resolve. */
void alerts_drop_rule(struct alerts *a, const char *name, int64_t now_ms);

/* After a restart: this alert had been active since then. Before the first evaluation. */
int alerts_restore(struct alerts *a, struct labels *labels, int64_t active_ms, struct err *e);

/* Pending and firing ones (and resolved ones with `resolved`), by rule then labels; copied to the
 * arena. References to labels are the caller's: alerts_list_release(). */
int alerts_list(struct alerts *a, bool resolved, struct arena *arena, struct alert **out, size_t *n,
		struct err *e);
void alerts_list_release(struct alert *list, size_t n);

const char *alert_state_name(enum alert_state s); /* "pending", "firing", "resolved" */

/* The alerts as samples to store, as Prometheus names them: ALERTS{alertname,alertstate,…} 1 (and a
 * staleness mark once when a state ends) and ALERTS_FOR_STATE = active since, in seconds. Labels:
 * references of the caller's. */
int alerts_samples(struct alerts *a, int64_t now_ms, struct arena *arena, struct plain_sample **out,
		   size_t *n, struct err *e);

#endif
