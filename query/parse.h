/*
 * parse.h - text to a checked tree.
 *
 * Language and messages are those of Prometheus 3.14 (docs/promql.md lists every difference):
 * an error reads `1:6: parse error: expected type range vector in call to function "rate", got
 * instant vector`, line and column from 1, columns counting bytes.
 *
 * Limits hold before work is done: bytes of text, nodes, depth of nesting, durations. Time and
 * memory grow with the length of the text only. Trees live in the arena given and borrow the text;
 * regular expressions are the expression's, until expr_release(). Any thread, one for each arena.
 */
#ifndef QUERY_PARSE_H
#define QUERY_PARSE_H

#include "query/ast.h"

enum {
	QUERY_TEXT_MAX_BYTES = 256 << 10,
	SERIES_TEXT_MAX_BYTES = 512 << 10, /* the longest set of labels fits, with its escapes */
	QUERY_DEPTH_MAX = 1000,
	QUERY_NODES_MAX = 8192,
};

struct expr {
	struct slice text; /* borrowed */
	struct node *root;
	struct regex **regexes; /* of the matchers; the expression's */
	size_t nregexes, regex_room;
};

/* ERR_INVALID, ERR_LIMIT, ERR_MEMORY; then there is nothing to release. `features` are bits of
 * enum query_feature. */
int parse(struct slice text, unsigned features, struct arena *a, struct expr *out, struct err *e);
void expr_release(struct expr *x);

/* A selector alone, as match[] and --match take it: no range, offset or @; conditions that every
 * series meets are no fault here. The root is a NODE_SELECTOR. */
int parse_selector(struct slice text, struct arena *a, struct expr *out, struct err *e);

/* A series as labels_print() writes it: a selector with = only and a metric name, which may be inf
 * or nan. `out` is as a set holds it, *n labels; texts lie in `text` and the arena. */
int parse_series(struct slice text, struct arena *a, struct label out[LABELS_MAX], size_t *n,
		 struct err *e);

/* "3:14" of a place in a text: line and column from 1. */
void place_of(struct slice text, uint32_t at, unsigned *line, unsigned *column);

#endif
