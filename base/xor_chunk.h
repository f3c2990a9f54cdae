/*
 * xor_chunk.h - a run of samples as Prometheus packs it, for those who read its chunks.
 *
 * The format is that of tsdb/docs/format/chunks.md in Prometheus, "XOR chunk data": a stream of
 * bits, the highest of a byte first. A time is written as the change of its distance to the one
 * before, a value as what differs from the bits of the one before.
 *
 *     number of samples (16 bits)  time (varint, zigzag)  value (64 bits)
 *     distance (varint)  value
 *     change of the distance  value …
 *
 *     change    0              0
 *     of the    10 + 14 bits   -8191 … 8192
 *     distance  110 + 17 bits  -65535 … 65536
 *               1110 + 20 bits -524287 … 524288
 *               1111 + 64 bits any other
 *
 *     value     0              the same bits
 *               10 + bits      what differs lies where the last difference was written: only that
 *               11 + 5 + 6     zeros before (31 at most) and bits that follow (64 is 0); the bits
 *
 * Pure function; any thread.
 */
#ifndef BASE_XOR_CHUNK_H
#define BASE_XOR_CHUNK_H

#include "base/remote_write.h"

/* How many samples go into a chunk, and the most bytes they can take. */
enum { XOR_CHUNK_SAMPLES = 120, XOR_CHUNK_BYTES = 2200 };

/* Packs n samples in rising time, 1 … XOR_CHUNK_SAMPLES, to `out`; how many bytes. */
size_t xor_chunk_pack(const struct rw_sample *s, size_t n, uint8_t out[XOR_CHUNK_BYTES]);

#endif
