/*
 * load_expect.h - says what a set's values are, for whoever checks a server.
 *
 * One JSON object a line on standard output, one line a series:
 *
 *     {"series":7,"name":"load_average","labels":{...},"points":[[time_ms,first,revised],...]}
 *
 * `revised` is null where a point is never corrected.
 */
#ifndef BENCH_LOAD_EXPECT_H
#define BENCH_LOAD_EXPECT_H

#include "bench/load_set.h"

/* `what` is a series' number, a selector whose labels all have to be equal
 * (park_exports_wan_yuan{park="park-3"}), "corrected" for all points that are corrected,
 * or "series" for all series without points. `at_ms` narrows it to one time; with
 * `any_time` all. ERR_NOT_FOUND when no series or no sample is meant. */
int load_expect(const struct load_set *set, const char *what, bool any_time, int64_t at_ms,
		struct err *e);

#endif
