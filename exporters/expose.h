/*
 * expose.h - Prometheus' exposition formats, written.
 *
 * Two formats from one set of calls: text 0.0.4 and OpenMetrics 1.0. Families may
 * come in any order and in pieces; expose_finish() groups them, as both formats
 * require, keeping the order of first appearance.
 * Sources: prometheus.io/docs/instrumenting/exposition_formats; OpenMetrics 1.0.
 * One thread; everything lives in the arena given.
 */
#ifndef EXPORTERS_EXPOSE_H
#define EXPORTERS_EXPOSE_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/labels.h"
#include "base/map.h"

#include <stdbool.h>

enum expose_type { EXPOSE_GAUGE, EXPOSE_COUNTER, EXPOSE_HISTOGRAM };

struct expose_line;

struct expose_family {
	const char *name; /* counters with their _total */
	const char *help;
	enum expose_type type;
	struct expose_line *first, *last;
	struct expose_family *next;
};

struct expose {
	struct arena *arena;
	struct map families;
	struct expose_family *first, *last;
	struct buf line; /* the one being written */
	bool failed;
};

void expose_init(struct expose *x, struct arena *a);
void expose_release(struct expose *x);

/* `suffix` is put behind the family's name ("_bucket"); "" for none. Labels without __name__; an
 * empty value is left out. Texts are copied. */
void expose_add(struct expose *x, const char *family, const char *help, enum expose_type type,
		const char *suffix, const struct label *l, size_t n, double v);

/* ERR_LIMIT when the arena or the buffer was too small for all of it. */
int expose_finish(struct expose *x, bool open_metrics, struct buf *out, struct err *e);

/* Whether an Accept header prefers OpenMetrics 1.0 to the text format; without a preference, or
 * when it wants neither, the text format it is. */
bool expose_wants_open_metrics(struct slice accept);

#define EXPOSE_TEXT_TYPE         "text/plain; version=0.0.4; charset=utf-8"
#define EXPOSE_OPEN_METRICS_TYPE "application/openmetrics-text; version=1.0.0; charset=utf-8"

#endif
