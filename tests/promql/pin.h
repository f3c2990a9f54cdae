/*
 * pin.h - the same query at a fixed time.
 *
 * What a query answers at time t it must answer at any time once "@ t" stands behind each of its
 * selectors: a second try of every eval, with other times and windows.
 */
#ifndef TESTS_PROMQL_PIN_H
#define TESTS_PROMQL_PIN_H

#include "query/parse.h"

/* `out` is in the arena. False: the query says itself what time it means, or asks for it. */
bool pin(const struct expr *x, int64_t at_ms, struct arena *a, struct slice *out);

#endif
