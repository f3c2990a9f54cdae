/*
 * remote_write.h - Prometheus' remote write 1.0: the message, read and written.
 *
 * The wire format is protobuf (protobuf.dev/programming-guides/encoding); the messages are those
 * of prompb/remote.proto and prompb/types.proto as the specification of remote write 1.0
 * (prometheus.io/docs/specs/prw/remote_write_spec) names them:
 *
 *     WriteRequest { 1: TimeSeries*  3: MetricMetadata* }
 *     TimeSeries   { 1: Label*  2: Sample*  3: Exemplar*  4: Histogram* }
 *     Label { 1: name  2: value }        Sample { 1: double value  2: int64 timestamp }
 *     MetricMetadata { 1: type  2: family  4: help  5: unit }
 *
 * Fields may come in any order and unknown ones are skipped; groups, which proto3 does not
 * have, are refused. Times are milliseconds since 1970 UTC, any int64. Values are doubles kept
 * bit for bit: a staleness mark is a NaN with a payload. Reading is one pass over bytes that stay
 * where they are, so it costs a series about what it takes to touch it; whether labels
 * are good is asked with rw_labels() only for a set of labels never seen before.
 */
#ifndef BASE_REMOTE_WRITE_H
#define BASE_REMOTE_WRITE_H

#include "base/buf.h"
#include "base/labels.h"

#include <stdint.h>

/* Of one request, plain. */
struct remote_write_limits {
	size_t raw_bytes;
	size_t series; /* metadata entries at most as many */
	size_t samples;
};
extern const struct remote_write_limits remote_write_defaults; /* 32 MiB, 100,000, 1,000,000 */

struct rw_sample {
	int64_t t_ms;
	double value;
};

struct rw_series {
	/* The `labels` fields one after another with their tags, exactly as sent. The same set may
	 * come in other bytes (order, empty values): equal bytes are equal labels, not the reverse.
	 */
	struct slice labels;
	uint32_t first, n; /* its samples, in the order sent */
};

enum rw_type {
	RW_UNKNOWN,
	RW_COUNTER,
	RW_GAUGE,
	RW_HISTOGRAM,
	RW_GAUGE_HISTOGRAM,
	RW_SUMMARY,
	RW_INFO,
	RW_STATE_SET,
};

struct rw_metadata {
	int type;                        /* enum rw_type; values unknown to us are RW_UNKNOWN */
	struct slice family, help, unit; /* UTF-8 */
};

struct rw_request {
	struct rw_series *series;
	size_t nseries;
	struct rw_sample *samples;
	size_t nsamples;
	struct rw_metadata *metadata;
	size_t nmetadata;
	uint64_t exemplars, histograms; /* counted, not kept */
};

/* Holds the arrays of a request, reused by the next one. One thread at a time. */
struct rw_reader;
struct rw_reader *rw_reader_new(struct err *e); /* NULL: ERR_MEMORY */
void rw_reader_free(struct rw_reader *r);       /* NULL is nothing */

/* Reads one WriteRequest. What *out points to lives in the reader and in `raw`, until the next
 * call. Labels are delimited, not looked into. Errors say where, counting from 1:
 * "time series 17, label 3: byte 812: …". ERR_INVALID, ERR_LIMIT (found while reading, before
 * memory is taken for what is too much), ERR_UNSUPPORTED (groups), ERR_MEMORY. */
int rw_read(struct rw_reader *r, struct slice raw, const struct remote_write_limits *limits,
	    struct rw_request *out, struct err *e);

/* Looks into one series' labels. l[] comes out as labels_normalize() makes it and points into
 * `raw_labels`; there is a metric name. ERR_INVALID, ERR_LIMIT, ERR_UNSUPPORTED. */
int rw_labels(struct slice raw_labels, struct label l[LABELS_MAX], size_t *n, struct err *e);

/* Append one TimeSeries or MetricMetadata to a WriteRequest under construction; an empty buffer
 * is a request without any. A failure shows in buf_check(). Receivers expect labels
 * sorted by name and samples in rising time; both are written as given. */
void rw_put_series(struct buf *out, const struct label *l, size_t n, const struct rw_sample *s,
		   size_t ns);
void rw_put_metadata(struct buf *out, const struct rw_metadata *m);

/* The `labels` fields of a TimeSeries, which other messages have too: their bytes, and written at p
 * where there is room for them; their end. */
size_t rw_labels_size(const struct label *l, size_t n);
uint8_t *rw_write_labels(uint8_t *p, const struct label *l, size_t n);

#endif
