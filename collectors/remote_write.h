/*
 * remote_write.h - the endpoint that takes samples pushed by a Prometheus.
 *
 * POST /api/v1/write of remote write 1.0 (prometheus.io/docs/specs/prw/remote_write_spec):
 * a protobuf message in a block of snappy. The endpoint looks at the headers, hands the
 * body on as it came and answers when it is told the outcome, so that no worker waits
 * for the disk. What is done with the body it does not know:
 *
 *     exchange ─▶ write() on a worker of JOB_INGEST ─▶ … ─▶ done() ─▶ reply
 *
 * A sender repeats a request after 5xx and drops it after 4xx, so the code says whether it could
 * be taken later:
 *
 *     taken                          204
 *     INVALID, LIMIT, ORDER, other   400   also when only some samples were refused
 *     REFUSED, of a web page (Origin) 403
 *     UNSUPPORTED, wrong headers     415
 *     IO, CORRUPT                    500
 *     BUSY, MEMORY, TIMEOUT, CANCELLED  503   Retry-After: 1
 *     FULL                           507
 *
 * Every reply after write() was called says in X-Prometheus-Remote-Write-Samples-Written how
 * many samples were kept. Error bodies are one line of text.
 */
#ifndef COLLECTORS_REMOTE_WRITE_H
#define COLLECTORS_REMOTE_WRITE_H

#include "loop/http_server.h"

/* One request. Lives in the exchange until done() is called. */
struct write_job {
	/* in; borrowed until done() */
	struct slice body; /* packed, as it came */
	int64_t received_ms;
	struct slice origin; /* numeric address of the client, or empty */
	struct slice user;   /* who showed a password; empty where none is asked for */
	/* Any thread, exactly once, if and only if write() returns 0; may come before it has. */
	void (*done)(struct write_job *w);
	void *ctx; /* the endpoint's */

	/* out, before done() or before write() returns -1 */
	struct err err;
	uint64_t samples, refused; /* kept; not kept */
	bool series_limit;         /* some were of new series, of which there are too many */
};

struct remote_write_options {
	/* On a worker of JOB_INGEST, several at once. 0: done() comes. -1 with *e: it does not. */
	int (*write)(void *ctx, struct write_job *w, struct err *e);
	void *ctx;
	size_t body_limit; /* of the packed body; 0: 16 MiB */
	const struct clock *clock;
};

/* `o` is borrowed as long as the server is open and any request under way. */
struct http_route remote_write_route(struct remote_write_options *o);

#endif
