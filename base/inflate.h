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

/* --- gzip out, for replies ---------------------------------------------------------- */

/* The fastest level, which is 8 % larger than the usual one at a sixth of its time. */
int deflate_body(struct slice plain, struct buf *out, struct err *e);

/* The same in pieces. Each call appends what is ready, the one with `last` all that is left; after
 * an error (ERR_LIMIT, ERR_MEMORY) the stream is of no use any more. */
struct packer;
struct packer *packer_new(struct err *e);
int packer_add(struct packer *p, struct slice plain, bool last, struct buf *out, struct err *e);
void packer_free(struct packer *p); /* p may be NULL */

#endif
