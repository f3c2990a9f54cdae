/*
 * zstd.h - Zstandard frames (RFC 8878) with limits.
 *
 * For data at rest: one frame with its size and checksum in it. Unpacking
 * believes neither: the buffer's limit holds, also against a frame that
 * lies about its size. Any thread.
 */
#ifndef BASE_ZSTD_H
#define BASE_ZSTD_H

#include "base/buf.h"

/* Appends one frame. ERR_LIMIT, ERR_MEMORY: `out` is as before. */
int zstd_pack(struct slice plain, struct buf *out, struct err *e);

/* Appends what exactly one frame holds. ERR_INVALID: damaged, cut off, or bytes behind it;
 * ERR_LIMIT: more than out->limit. On failure `out` is as before. */
int zstd_unpack(struct slice packed, struct buf *out, struct err *e);

#endif
