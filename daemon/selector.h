/*
 * selector.h - a selector of series, and a series as text.
 *
 * A selector is what PromQL writes before any range or function
 * (prometheus.io/docs/prometheus/latest/querying/basics, "Time series selectors"):
 *
 *     park_output_yuan
 *     park_output_yuan{park="p1",freq!="Q",basis=~"ytd|level"}
 *     {"a metric name",'a label name'="x"}          names that need quotes
 *
 * Texts stand in double quotes, single quotes or back quotes; in the first two \\ \" \' \n \r \t
 * are understood and any other backslash is a mistake. A comma may stand behind the last
 * condition. Errors say where: "character 12: …".
 *
 * A series as text is what labels_print() writes, which is a selector with = only.
 */
#ifndef DAEMON_SELECTOR_H
#define DAEMON_SELECTOR_H

#include "base/matcher.h"

enum {
	SELECTOR_MAX_BYTES = 512 * 1024, /* the longest set of labels fits, with its escapes */
	SELECTOR_MATCHERS_MAX = LABELS_MAX,
};

struct selector {
	struct matcher m[SELECTOR_MATCHERS_MAX];
	size_t n; /* 0: every series */
};

/* Texts of the selector live in `text` and in the arena. ERR_INVALID, ERR_LIMIT, ERR_MEMORY; then
 * there is nothing to release. */
int selector_parse(struct slice text, struct arena *a, struct selector *out, struct err *e);
void selector_release(struct selector *s);

/* Labels as a set holds them, with a metric name among them. */
int series_parse(struct slice text, struct arena *a, struct label l[LABELS_MAX], size_t *n,
		 struct err *e);

#endif
