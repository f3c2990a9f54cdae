/*
 * zone.h - local time of one zone, from the system's zone database.
 *
 * Reads TZif files (RFC 8536, version 2 and up with the POSIX rule behind) from
 * /usr/share/zoneinfo or $TZDIR. It is our own reader since libc knows only one
 * zone per process and is not safe to switch. A zone is immutable after
 * zone_open(); any thread may use it.
 *
 * A local time that does not exist (a clock put forward over it) becomes the
 * first instant after the gap: Asia/Shanghai had summer time in 1919, 1940-49
 * and 1986-91. One that exists twice becomes the earlier instant.
 */
#ifndef BASE_ZONE_H
#define BASE_ZONE_H

#include "base/date.h"

struct zone;

struct civil {
	struct date date;
	int hour, minute, second, ms;
	int offset_s; /* east of UTC */
};

enum { TIME_TEXT = 40 };

/* ERR_NOT_FOUND names the zone and the folder looked in. */
struct zone *zone_open(const char *name, struct err *e);
void zone_close(struct zone *z);
const char *zone_name(const struct zone *z);

int64_t zone_ms(const struct zone *z, struct date d, int second_of_day);
struct civil zone_civil(const struct zone *z, int64_t ms);

/* RFC 3339 with the zone's offset, seconds: 2026-10-31T00:00:00+08:00. */
char *zone_print(const struct zone *z, int64_t ms, char out[TIME_TEXT]);
/* RFC 3339 in UTC with milliseconds: 2026-10-30T16:00:00.000Z. Needs no zone. */
char *time_print_utc(int64_t ms, char out[TIME_TEXT]);
/* RFC 3339, any offset, fractional seconds optional. */
int time_parse(struct slice text, int64_t *ms, struct err *e);

#endif
