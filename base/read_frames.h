/*
 * read_frames.h - remote read's streamed answer: series as chunks, in frames.
 *
 * The response type STREAMED_XOR_CHUNKS (prometheus.io/docs/prometheus/latest/querying/
 * remote_read_api, prompb/remote.proto) is frames one after another:
 *
 *     length of the message (varint)  its CRC-32C (4 bytes, the highest first)  message
 *
 *     ChunkedReadResponse { 1: ChunkedSeries  2: query_index }
 *     ChunkedSeries       { 1: Label*  2: Chunk* }
 *     Chunk               { 1: min_time_ms  2: max_time_ms  3: type, 1 is XOR  4: data }
 */
#ifndef BASE_READ_FRAMES_H
#define BASE_READ_FRAMES_H

#include "base/remote_write.h"

/* Appends a frame of one series: its labels and as many of its n samples as make about 1 MiB; how
 * many that were, 0 when the buffer failed. Labels sorted by name, samples in rising time, n is not
 * 0. `query` counts from 0. */
size_t read_put_frame(struct buf *out, size_t query, const struct label *l, size_t nl,
		      const struct rw_sample *s, size_t n);

#endif
