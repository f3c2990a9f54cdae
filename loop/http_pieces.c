/*
 * http_pieces.c - a reply that is made while it is sent.
 *
 * libmicrohttpd asks for bytes as the socket takes them. When the present piece is
 * through, its connection is suspended, a job makes the next, and it is resumed:
 *
 *     read_piece() ─▶ suspend ─▶ job: request_next_piece() ─▶ on_piece(): resume ─▶ read_piece()
 *
 * So a slow client holds one piece and what the handler keeps, and no worker.
 */
#include "loop/http_server_private.h"

#include <microhttpd.h>

enum { AT_ONCE = 64 << 10 }; /* for HTTP/1.0; else the library uses the connection's room */

static int start(struct request *r, void (*work)(struct job *j),
		 void (*done)(struct job *j, enum job_end how))
{
	struct err e;

	r->job.work = work;
	r->job.done = done;
	if (job_continue(r->server->loop, &r->job, r->route->class, &e) < 0)
		return -1;
	r->refs++;
	r->job_runs = true;
	return 0;
}

/* --- making ---------------------------------------------------------------- */

static void piece_work(struct job *j)
{
	request_next_piece(request_of_job(j));
}

static void on_piece(struct job *j, enum job_end how)
{
	struct request *r = request_of_job(j);

	r->job_runs = false;
	r->broken |= how == JOB_CANCELLED;
	r->answered_ns += now_ns() - r->piece_begun_ns;
	request_set_send_due(r);
	request_resume(r);
	request_unref(r);
}

static ssize_t make_next(struct request *r)
{
	r->piece_begun_ns = now_ns();
	if (r->server->closing || start(r, piece_work, on_piece) < 0)
		return MHD_CONTENT_READER_END_WITH_ERROR;
	MHD_suspend_connection(r->suspended);
	return 0;
}

/* --- sending --------------------------------------------------------------- */

static ssize_t read_piece(void *cls, uint64_t at, char *to, size_t room)
{
	struct request *r = cls;
	const struct buf *b = request_reply(r);
	size_t n = b->n - r->piece_sent;

	(void)at;
	if (r->broken)
		return MHD_CONTENT_READER_END_WITH_ERROR;
	if (n == 0)
		return r->x.more ? make_next(r) : MHD_CONTENT_READER_END_OF_STREAM;
	if (n > room)
		n = room;
	memcpy(to, b->p + r->piece_sent, n);
	r->piece_sent += n;
	return (ssize_t)n;
}

static void on_response_freed(void *cls)
{
	request_unref(cls);
}

struct MHD_Response *pieces_response(struct request *r)
{
	struct MHD_Response *m =
		MHD_create_response_from_callback(MHD_SIZE_UNKNOWN, AT_ONCE, read_piece, r,
						  on_response_freed);

	if (!m)
		return NULL;
	/* With chunked coding version 0.9.75 would end even the answer to HEAD by a "0" line. */
	if (slice_is(r->x.method, "HEAD"))
		MHD_set_response_options(m, MHD_RF_HTTP_1_0_COMPATIBLE_STRICT, MHD_RO_END);
	r->refs++;
	r->in_pieces = true;
	r->bytes_made = request_reply(r)->n;
	return m;
}

/* --- giving up ------------------------------------------------------------- */

static void drop_work(struct job *j)
{
	request_drop_pieces(request_of_job(j));
}

static void on_dropped(struct job *j, enum job_end how)
{
	struct request *r = request_of_job(j);

	(void)how; /* one that did not run is done by request_unref() */
	r->job_runs = false;
	request_unref(r);
}

bool pieces_drop(struct request *r)
{
	if (!r->server->closing && start(r, drop_work, on_dropped) == 0)
		return true;
	request_drop_pieces(r);
	return false;
}
