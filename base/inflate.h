/*
 * inflate.h - gzip and deflate with limits.
 *
 * Appends the plain bytes to `out`, whose limit holds; more than `ratio` plain
 * bytes for one packed (beyond 64 KiB) is refused as a bomb. A stream that ends
 * early is ERR_INVALID "gzip data ends after N bytes …": libcurl's own decoding
 * passes a truncated stream as complete, which is why we do it ourselves.
 */
#ifndef BASE_INFLATE_H
#define BASE_INFLATE_H

#include "base/buf.h"

/* `encoding` is the Content-Encoding header: "", "identity", "gzip", "x-gzip", "deflate". */
int inflate_body(struct slice packed, struct slice encoding, unsigned ratio, struct buf *out,
		 struct err *e);
/* gzip, for replies. */
int deflate_body(struct slice plain, struct buf *out, struct err *e);

#endif
