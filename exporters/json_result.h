/*
 * json_result.h - what a query found, in the JSON of Prometheus' API.
 *
 * Numbers are strings in the shortest form that reads back, with an exponent below 1e-6 and from
 * 1e21 on; times are seconds, with three decimals when they are no whole ones. Rows of a vector of
 * a range query come as a matrix. A long answer is written piece by piece, so that nobody holds all
 * of it as text.
 */
#ifndef EXPORTERS_JSON_RESULT_H
#define EXPORTERS_JSON_RESULT_H

#include "base/buf.h"
#include "base/num.h"
#include "query/query.h"

/* {"resultType":…,"result":… of the first `limit` series; 0: of all. The object is left open: stats
 * may follow. The query is borrowed until the last piece; times are kept in its arena. */
struct json_result {
	const struct query *q;
	size_t n;    /* series */
	size_t i, k; /* the next: series, step or point of it */
	bool begun, in_row, comma;
	struct json_times {
		char (*text)[28];
		uint8_t *n;
	} times; /* of each step of a range query, as they stand before values */
};

void json_result_init(struct json_result *r, struct query *q, uint64_t limit);
/* Appends until `out` has `enough` bytes or everything is written; false: that was the last. */
bool json_result_next(struct json_result *r, size_t enough, struct buf *out);
/* ,"warnings":[…],"infos":[…] as far as there are any. */
void json_result_notes(const struct query *q, bool truncated, struct buf *out);
/* How many series there are. */
size_t json_result_series(const struct query *q);

void json_labels(const struct labels *ls, struct buf *out); /* {"name":"value",…} */

enum { JSON_VALUE_TEXT = NUM_TEXT, JSON_TIME_TEXT = 24 };
/* Without quotes; how many bytes, a NUL that may follow uncounted. */
size_t json_value(double v, char out[JSON_VALUE_TEXT]);
size_t json_time(int64_t ms, char out[JSON_TIME_TEXT]);

#endif
