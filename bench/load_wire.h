/*
 * load_wire.h - one remote write 1.0 request, written and packed.
 *
 * A WriteRequest of Prometheus' remote.proto: field 1 of the request is a TimeSeries
 * {1: Label {1: name, 2: value}, 2: Sample {1: double value, 2: int64 milliseconds}};
 * the body is one snappy block. Owned by one thread.
 */
#ifndef BENCH_LOAD_WIRE_H
#define BENCH_LOAD_WIRE_H

#include "bench/load_set.h"

struct load_request {
	uint8_t *raw;
	size_t raw_bytes, raw_room;
	char *packed;
	size_t packed_bytes, packed_room;
	uint32_t samples;
};

enum {
	/* Labels of one series as they are sent, at most: each with two names and lengths. */
	LOAD_LABEL_BYTES = LOAD_LABELS * (LOAD_LABEL_VALUE + 24),
	LOAD_MESSAGE_SAMPLES = 64, /* of one series in one message at most */
};

/* Room for `samples` and one message more. ERR_MEMORY. */
int load_request_init(struct load_request *r, uint32_t samples, struct err *e);
void load_request_release(struct load_request *r);
void load_request_clear(struct load_request *r);

/* The labels of a series as they are sent; returns the bytes, LOAD_LABEL_BYTES at most. */
size_t load_request_labels(const struct load_labels *labels, uint8_t *out);
/* One message: `labels` as above, n samples. The caller packs once r->samples reaches
 * what the request has room for. */
void load_request_add(struct load_request *r, const uint8_t *labels, size_t label_bytes,
		      const int64_t *t_ms, const double *v, uint32_t n);
/* Packs what was added into r->packed. */
void load_request_pack(struct load_request *r);

#endif
