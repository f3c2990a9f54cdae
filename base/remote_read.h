/*
 * remote_read.h - Prometheus' remote read: the request, read.
 *
 * The messages are those of prompb/remote.proto and prompb/types.proto:
 *
 *     ReadRequest  { 1: Query*  2: ResponseType* }
 *     Query        { 1: start_timestamp_ms  2: end_timestamp_ms  3: LabelMatcher*  4: hints }
 *     LabelMatcher { 1: type  2: name  3: value }
 *
 * Unknown fields are skipped; limits hold while reading. What a response is made of are the
 * TimeSeries of remote_write.h.
 */
#ifndef BASE_REMOTE_READ_H
#define BASE_REMOTE_READ_H

#include "base/matcher.h"

#include <stdint.h>

enum read_response {
	READ_SAMPLES = 0,
	READ_STREAMED_XOR_CHUNKS = 1, /* read_frames.h */
	READ_RESPONSE_NONE,           /* the client takes only what we do not know */
};

enum { READ_QUERIES_MAX = 100, READ_MATCHERS_MAX = 1000 };

struct read_query {
	int64_t from_ms, to_ms;
	struct matcher *m; /* regular expressions are not made yet: re is NULL */
	size_t nm;
};

struct read_request {
	struct read_query *queries;
	size_t n;
	/* The first we know of those the client takes; READ_SAMPLES when it names none. */
	enum read_response response;
};

/* Texts point into `raw`, everything else is in the arena. Errors say where: "query 2, matcher 1:
 * byte 812: …". ERR_INVALID (also texts that are not UTF-8, a type of matcher that is none),
 * ERR_LIMIT, ERR_UNSUPPORTED (groups). */
int read_request_parse(struct slice raw, struct arena *a, struct read_request *out, struct err *e);

#endif
