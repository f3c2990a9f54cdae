/*
 * duration.h - "1h30m" and back.
 *
 * Units are Prometheus': y (365 days), w, d, h, m, s, ms, larger ones first, each once. "0" needs
 * none. Pure functions, any thread.
 */
#ifndef BASE_DURATION_H
#define BASE_DURATION_H

#include "base/err.h"
#include "base/slice.h"

#include <stdint.h>

/* The whole text. ERR_INVALID; ERR_LIMIT past 2^63 nanoseconds (292 years), where Prometheus ends.
 */
int duration_parse(struct slice text, int64_t *ms, struct err *e);

/* 90 min is 1h30m, 0 is 0s; years, weeks and days only where nothing is left over. */
enum { DURATION_TEXT = 64 };
char *duration_print(int64_t ms, char out[DURATION_TEXT]);

#endif
