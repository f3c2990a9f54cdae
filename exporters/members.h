/*
 * members.h - members of JSON objects, as the API writes them: a key and its value in one call.
 */
#ifndef EXPORTERS_MEMBERS_H
#define EXPORTERS_MEMBERS_H

#include "base/json_write.h"
#include "base/zone.h"

/* NULL is null. */
static inline void put_text(struct json_writer *j, const char *key, const char *text)
{
	json_key(j, key);
	json_cstr(j, text);
}

static inline void put_number(struct json_writer *j, const char *key, int64_t v)
{
	json_key(j, key);
	json_i64(j, v);
}

static inline void put_flag(struct json_writer *j, const char *key, bool v)
{
	json_key(j, key);
	json_bool(j, v);
}

/* UTC; 0 is no time and null. */
static inline void put_time(struct json_writer *j, const char *key, int64_t ms)
{
	char text[TIME_TEXT];

	put_text(j, key, ms ? time_print_utc(ms, text) : NULL);
}

#endif
