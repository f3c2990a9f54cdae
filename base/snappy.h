/*
 * snappy.h - the block format of snappy with limits.
 *
 * Prometheus' remote write packs each request as one block (format_description.txt of
 * google/snappy: a varint with the plain size, then literals and copies). The framed
 * format (framing_format.txt) is another one and refused by name. What a block declares
 * is judged before any memory is taken. Unpacking allocates nothing but the output;
 * packing lets the library take some 100 KiB of its own, which a test cannot make fail.
 *
 * Pure functions; any thread.
 */
#ifndef BASE_SNAPPY_H
#define BASE_SNAPPY_H

#include "base/buf.h"

/* Appends the plain bytes to `out`, whose limit holds as well as `cap`. After a failure `out`
 * holds what it held.
 * ERR_LIMIT: the block declares more than `cap` bytes, or more than 64 for each of its own
 * (the densest element makes 64 bytes of 3, so no honest block does).
 * ERR_UNSUPPORTED: framed snappy. ERR_INVALID: damaged, with the place. ERR_MEMORY. */
int snappy_decode(struct slice body, size_t cap, struct buf *out, struct err *e);

/* Appends `raw` as one block. ERR_LIMIT for 4 GiB and more or past the buffer's limit. */
int snappy_encode(struct slice raw, struct buf *out, struct err *e);

#endif
