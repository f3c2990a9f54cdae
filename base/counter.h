/*
 * counter.h - the daemon's own metrics, all in one documented table.
 *
 * counters.def lists every one: identifier, exposed name, type, label name ("" for
 * none), help. A metric with a label has one value per label value, created at
 * first use (at most 4,096; further ones are counted under "other").
 * Histograms have fixed buckets in seconds. Lock-free adds on the plain ones;
 * any thread.
 */
#ifndef BASE_COUNTER_H
#define BASE_COUNTER_H

#include "base/slice.h"

#include <stdint.h>

enum counter_type { COUNTER_SUM, COUNTER_GAUGE, COUNTER_HISTOGRAM };

enum counter_id {
#define COUNTER(id, name, type, label, help) id,
#include "base/counters.def"
#undef COUNTER
	COUNTER_IDS
};

struct counter_info {
	const char *name;
	enum counter_type type;
	const char *label; /* "" for none */
	const char *help;
};

extern const struct counter_info counter_infos[COUNTER_IDS];

enum { COUNTER_BUCKETS = 12 };
extern const double counter_bounds[COUNTER_BUCKETS]; /* upper bounds in seconds; +Inf follows */

void counter_add(enum counter_id id, double n);
void counter_set(enum counter_id id, double v); /* gauges */
void counter_add_for(enum counter_id id, struct slice label_value, double n);
void counter_set_for(enum counter_id id, struct slice label_value, double v);
/* Forgets one label value (a feed that was removed). */
void counter_drop_for(enum counter_id id, struct slice label_value);
void counter_observe(enum counter_id id, double seconds); /* histograms */

/* For tests and the page: the current value, a histogram's number of observations; 0 when
 * never touched. */
double counter_get(enum counter_id id);
double counter_get_for(enum counter_id id, struct slice label_value);

/* Walks one metric: plain ones call once with an empty label value, others once for each in
 * the order of bytes. The metric is locked meanwhile: each() must not touch it. */
struct counter_value {
	struct slice label_value;
	double value;
	uint64_t buckets[COUNTER_BUCKETS + 1]; /* not cumulative; histograms only */
	double sum;
	uint64_t count;
};
void counter_walk(enum counter_id id, void (*each)(void *ctx, const struct counter_value *v),
		  void *ctx);

#endif
