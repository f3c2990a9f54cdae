/*
 * json_result.h - what a query found, in the JSON of Prometheus' API.
 *
 * Numbers are strings in the shortest form that reads back, with an exponent below 1e-6 and from
 * 1e21 on; times are seconds, with three decimals when they are no whole ones. Rows of a vector of
 * a range query come as a matrix.
 */
#ifndef EXPORTERS_JSON_RESULT_H
#define EXPORTERS_JSON_RESULT_H

#include "base/buf.h"
#include "query/query.h"

/* {"resultType":…,"result":… of the first `limit` series; 0: of all. The object is left open: stats
 * may follow. */
void json_result(const struct query *q, uint64_t limit, struct buf *out);
/* How many series there are. */
size_t json_result_series(const struct query *q);

enum { JSON_VALUE_TEXT = 40, JSON_TIME_TEXT = 24 };
/* Without quotes and NUL; how many bytes. */
size_t json_value(double v, char out[JSON_VALUE_TEXT]);
size_t json_time(int64_t ms, char out[JSON_TIME_TEXT]);

#endif
