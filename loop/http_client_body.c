/*
 * http_client_body.c - the body of an answer, as it comes.
 *
 * What fits memory is put there at once. Of a large one pieces are gathered and written to its
 * file (base/spool.h) by a job, during which curl holds the transfer: the loop does not wait for
 * the disk, and the server is not asked for more than is written.
 *
 *     body_take ─▶ memory
 *         └─▶ piece ─full─▶ job ─▶ client_written ─▶ curl goes on, or the hop is over
 */
#include "loop/http_client_private.h"

#include "base/spool.h"

/* A piece that grew by doubling would take twice what it needs. */
enum { PIECE_BYTES = 1 << 20, PIECE_ROOM = PIECE_BYTES + RECEIVE_BYTES };

static void write_work(struct job *j)
{
	struct http_transfer *t = (struct http_transfer *)j;

	buf_slice(&t->f->body, buf_all(&t->piece));
}

static void on_written(struct job *j, enum job_end how)
{
	struct http_transfer *t = (struct http_transfer *)j;

	t->writing = false;
	buf_clear(&t->piece);
	if (how == JOB_CANCELLED)
		t->write_failed = err_set(&t->why, ERR_CANCELLED, "the fetch was cancelled") < 0;
	else
		t->write_failed = buf_check(&t->f->body, &t->why) < 0;
	client_written(t);
}

int body_write(struct http_transfer *t, struct err *e)
{
	t->job.work = write_work;
	t->job.done = on_written;
	if (job_start(t->c->loop, &t->job, JOB_FILE, e) < 0) {
		t->write_failed = true;
		return -1;
	}
	t->writing = true;
	return 0;
}

size_t body_take(char *p, size_t one, size_t n, void *cls)
{
	struct http_transfer *t = cls;
	struct buf *b = &t->f->body;

	(void)one;
	if (t->writing)
		return CURL_WRITEFUNC_PAUSE;
	if (t->write_failed)
		return 0;
	if (n > b->limit - b->n - t->piece.n) {
		err_set(&t->why, ERR_LIMIT, "body is larger than %zu bytes", b->limit);
		return 0;
	}
	if (!b->large || !spool_wanted(b->n + t->piece.n + n)) {
		buf_put(b, p, n);
		return buf_check(b, &t->why) < 0 ? 0 : n;
	}
	if (!t->piece.p)
		buf_room(&t->piece, PIECE_ROOM);
	buf_put(&t->piece, p, n);
	if (buf_check(&t->piece, &t->why) < 0)
		return 0;
	if (t->piece.n >= PIECE_BYTES && body_write(t, &t->why) < 0)
		return 0;
	return n;
}
