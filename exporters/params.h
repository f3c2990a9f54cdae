/*
 * params.h - arguments of the HTTP API, read as Prometheus reads them.
 *
 * Each function answers 0, or -1 with ERR_INVALID and the sentence that Prometheus' API gives:
 * `invalid parameter "step": cannot parse "x" to a valid duration`.
 */
#ifndef EXPORTERS_PARAMS_H
#define EXPORTERS_PARAMS_H

#include "loop/http_server.h"

/* Seconds since 1970 with any fraction and sign, or RFC 3339; *there is false when the argument is
 * missing or empty, and *ms then left as it is. NaN and what lies outside int64_t is refused. */
int param_time(const struct exchange *x, const char *name, int64_t *ms, bool *there, struct err *e);
/* Seconds or "5m". */
int param_duration(const struct exchange *x, const char *name, int64_t *ms, bool *there,
		   struct err *e);
/* A number that is not negative; 0, the default, means no limit. */
int param_limit(const struct exchange *x, const char *name, uint64_t *limit, struct err *e);

/* start, end and step of a range query; at most 11,000 points. */
struct param_range {
	int64_t start_ms, end_ms, step_ms;
};
int param_range(const struct exchange *x, struct param_range *out, struct err *e);

/* `invalid parameter "NAME": …` in front of what `e` says. -1. */
int param_invalid(const char *name, struct err *e);

#endif
