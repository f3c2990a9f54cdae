/*
 * submit.h - the endpoint where owners hand in their figures.
 *
 * POST /api/v1/submit?feed=NAME[&dry_run=1][&filename=TEXT] with "Authorization: Bearer TOKEN" and
 * the document as the body. The token is judged on a worker, the document goes the way of a
 * polled one, and the answer, JSON, says what became of each figure:
 *
 *     stored, or good in a dry run      200   the report
 *     nothing in it could be kept       400   the report; when only the token's bounds
 *                                             stood against it: 403
 *     no token, or none that is live    401
 *     another owner's feed              403
 *     no such feed                      404
 *     too large                         413
 *     a form instead of a document      415
 *     busy                              503   Retry-After
 *     disk full                         507
 *
 * A token is never written anywhere: logs and the ledger have its id.
 */
#ifndef COLLECTORS_SUBMIT_H
#define COLLECTORS_SUBMIT_H

#include "collectors/feed.h"
#include "collectors/tokens_file.h"
#include "loop/http_server.h"

struct submissions {
	struct loop *loop;
	struct collector *collector;
	struct token_book *tokens;
	/* The day of a token's last day: that of the catalogue's zone. Any thread. */
	struct date (*today)(void *ctx);
	void *ctx;
	size_t body_limit; /* the largest of all feeds */
	const struct http_refusals *refusals;
	/* private */
	atomic_size_t under_way;
	bool closing;
};

/* `s` is borrowed as long as the server is open and any request under way. */
struct http_route submit_route(struct submissions *s);
/* After the server was closed: what has not reached the collector yet will not any more. */
void submissions_stop(struct submissions *s);
bool submissions_ended(const struct submissions *s);

#endif
