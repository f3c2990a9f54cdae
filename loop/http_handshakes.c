/*
 * http_handshakes.c - TLS handshakes: signed by a worker, ended a few a turn of the loop.
 *
 * A signature takes a millisecond or ten, and libmicrohttpd, whenever it is let work, takes every
 * step of every handshake whose client has said something, on the loop. So a connection is
 * suspended as soon as it is there and we watch its descriptor. Up to our answer a worker goes on
 * with GnuTLS' session, which the library does not touch meanwhile; what follows the answer costs
 * little, and is the library's when the connection's turn has come:
 *
 *     new ─▶ held ──readable, not answered──▶ answering (a worker) ─┬─ failed: closed
 *            ▲ ▲                                                    │
 *            │ └────────────── more to come, or answered ───────────┘
 *            │ ──readable, answered──▶ ready ──its turn──▶ resumed, the library takes one step
 *            │                                            ├─ the client's Finished has come ─▶ done
 *            └──────────── more to come ──────────────────┤
 *                                                         └─ it has failed: closed
 *
 * A client that says nothing, or a byte at a time, waits in nobody's way until its time is over
 * (sweep_one() in http_server.c). After its handshake a connection is the library's alone.
 */
#include "base/alloc.h"
#include "base/counter.h"
#include "loop/http_server_private.h"

#include <microhttpd.h>

/* Besides the 5 ms after which none is begun (SLICE_NS): steps that cost little. */
enum { STEPS_A_TURN = 4 };

static void count(const char *result)
{
	counter_add_for(C_TLS_HANDSHAKES, slice_str(result), 1);
}

/* --- the row ------------------------------------------------------------------------------ */

static void push(struct http_server *s, struct connection *conn)
{
	conn->handshake = HANDSHAKE_READY;
	conn->next_ready = NULL;
	if (s->ready_last)
		s->ready_last->next_ready = conn;
	else
		s->ready = conn;
	s->ready_last = conn;
}

static struct connection *pop(struct http_server *s)
{
	struct connection *conn = s->ready;

	s->ready = conn->next_ready;
	if (!s->ready)
		s->ready_last = NULL;
	return conn;
}

static void answer(struct connection *conn);

/* --- waiting for the client ------------------------------------------------------------------ */

static void on_readable(uv_poll_t *h, int status, int events)
{
	struct connection *conn = h->data;

	(void)status; /* GnuTLS will find out */
	(void)events;
	uv_poll_stop(h);
	if (!conn->hands.answered) {
		answer(conn);
		return;
	}
	push(conn->server, conn);
	server_again(conn->server);
}

static void wait_for_client(struct connection *conn)
{
	conn->handshake = HANDSHAKE_HELD;
	uv_poll_start(conn->hello, UV_READABLE, on_readable);
}

static void hold(struct connection *conn)
{
	MHD_suspend_connection(conn->mhd);
	wait_for_client(conn);
}

static void free_watch(uv_handle_t *h)
{
	mem_free(h);
}

static uv_poll_t *new_watch(struct connection *conn)
{
	uv_poll_t *w = mem_zalloc(sizeof(*w));

	if (!w)
		return NULL;
	if (uv_poll_init(&conn->server->loop->uv, w, conn->fd) < 0) {
		mem_free(w);
		return NULL;
	}
	w->data = conn;
	return w;
}

static void end(struct connection *conn, const char *result)
{
	if (conn->hello)
		uv_close((uv_handle_t *)conn->hello, free_watch);
	conn->hello = NULL;
	conn->handshake = HANDSHAKE_NONE;
	counter_set(C_TLS_UNDER_WAY, --conn->server->shaking);
	count(result);
}

/* What it has sent is not read, and the library finds the end of its stream. */
static void turn_away(struct connection *conn)
{
	conn->hands.failed = true;
	connection_cut_off(conn);
}

void handshake_begin(struct connection *conn, struct MHD_Connection *c)
{
	conn->mhd = c;
	conn->handshake = HANDSHAKE_NEW;
	counter_set(C_TLS_UNDER_WAY, ++conn->server->shaking);
}

void handshakes_hold(struct http_server *s)
{
	/* What is new stands before what is not. */
	for (struct connection *c = s->connections; c && c->handshake == HANDSHAKE_NEW;
	     c = c->next) {
		c->hello = new_watch(c);
		if (c->hello) {
			hold(c);
			continue;
		}
		end(c, "failed");
		turn_away(c);
	}
}

/* --- our answer -------------------------------------------------------------------------------
 */

/* Of a suspended connection, which the library then closes. */
static void fail(struct connection *conn)
{
	end(conn, conn->cut ? "late" : "failed");
	turn_away(conn);
	MHD_resume_connection(conn->mhd);
	server_again(conn->server);
}

static struct connection *connection_of_job(struct job *j)
{
	return (struct connection *)((char *)j - offsetof(struct connection, answering));
}

static void work(struct job *j)
{
	struct connection *conn = connection_of_job(j);

	http_tls_answer(conn->session, &conn->hands);
}

static void on_answered(struct job *j, enum job_end how)
{
	struct connection *conn = connection_of_job(j);

	if (how == JOB_RAN)
		conn->server->answers++;
	if (how != JOB_RAN || conn->hands.failed)
		fail(conn);
	else
		wait_for_client(conn);
}

static void answer(struct connection *conn)
{
	struct err e;

	conn->handshake = HANDSHAKE_ANSWERING;
	conn->answering.work = work;
	conn->answering.done = on_answered;
	if (!conn->session ||
	    job_start(conn->server->loop, &conn->answering, JOB_HANDSHAKE, &e) < 0)
		fail(conn);
}

/* --- a step ------------------------------------------------------------------------------------
 */

/* The library learns in its first run that the connection is resumed, and in the second that there
 * is something to read. */
static void step(struct http_server *s)
{
	struct connection *conn = pop(s);

	conn->handshake = HANDSHAKE_AT_WORK;
	s->at_work = conn;
	MHD_resume_connection(conn->mhd);
	server_run(s);
	server_run(s);
	if (!s->at_work)
		return; /* it has been closed */
	s->at_work = NULL;
	if (conn->hands.shaken)
		end(conn, "done");
	else
		hold(conn);
}

void handshakes_step(struct http_server *s)
{
	uint64_t end_ns = uv_hrtime() + SLICE_NS;
	unsigned n = 0;

	while (s->ready && n < STEPS_A_TURN && (n == 0 || uv_hrtime() < end_ns)) {
		step(s);
		n++;
	}
	if (n)
		counter_add(C_TLS_TURNS, 1);
	s->steps += n;
	if (n > s->steps_max)
		s->steps_max = n;
}

/* --- ends --------------------------------------------------------------------------------------
 */

void handshake_closed(struct connection *conn)
{
	struct http_server *s = conn->server;

	if (s->at_work == conn)
		s->at_work = NULL;
	if (conn->handshake != HANDSHAKE_NONE)
		end(conn, conn->hands.shaken ? "done" : conn->cut ? "late" : "failed");
}

void handshakes_give_up(struct http_server *s)
{
	s->ready = s->ready_last = NULL;
	for (struct connection *c = s->connections; c; c = c->next) {
		if (c->handshake == HANDSHAKE_ANSWERING)
			job_finish_now(s->loop,
				       &c->answering); /* it has failed, or is held again */
		if (c->handshake == HANDSHAKE_HELD || c->handshake == HANDSHAKE_READY) {
			fail(c);
		} else if (c->handshake != HANDSHAKE_NONE) {
			end(c, "failed");
			turn_away(c);
		}
	}
}
