/*
 * http_server.c - libmicrohttpd under the loop.
 *
 * libmicrohttpd runs without threads: its epoll descriptor is polled by the loop,
 * and pump() lets it work. A request goes
 *
 *     on_uri ─▶ on_access (header) ─▶ on_access (body)* ─▶ on_access (end)
 *                                                             │ on the loop: answer()
 *                                                             ▼ else: suspend
 *                              job: request_serve() ─▶ on_served() ─▶ resume
 *                                                             ▼
 *                                     on_access (again): answer() ─▶ on_completed
 *
 * A reply in pieces goes on in http_pieces.c.
 *
 * What version 0.9.75 needs to be told (each was measured): resuming works only from
 * this thread and wakes nobody, so a zero alarm pumps; a suspended connection has
 * neither timeout nor notice of its client's leaving, so we watch its descriptor
 * (from the next sweep on: most are resumed long before) and close that watch before
 * resuming; its timeout is of idleness only, so sweep() ends what drips. It may not be suspended
 * while the library tells of its beginning, but may be after that run (http_handshakes.c).
 */
#include "loop/http_server.h"

#include "base/alloc.h"
#include "base/counter.h"
#include "base/log.h"
#include "loop/http_server_private.h"

#include <assert.h>
#include <microhttpd.h>
#include <netdb.h>
#include <stdio.h>
#include <unistd.h>

enum {
	LOOP_PACK_MAX = 64 << 10, /* packing this much takes the loop 2 ms */
	IN_FLIGHT_MAX = 256 << 20,
	SMALL_REPLY = 64 << 10,
	SEND_BYTES_PER_S = 32 << 10,
	PIECE_BYTES_PER_S = 256 << 10, /* what a reply in pieces keeps is worth more */
};

/* Room for a body of the greatest limit there may be, and for others beside it. */
static const size_t in_files_max = (size_t)2 << 30;

static int64_t deadline_ms(const struct request *r)
{
	return r->route && r->route->deadline_ms ? r->route->deadline_ms : r->server->o.deadline_ms;
}

void request_set_send_due(struct request *r)
{
	const struct http_server *s = r->server;
	size_t rate = r->in_pieces ? s->piece_bytes_per_s : s->send_bytes_per_s;

	r->conn->send_due_ns = r->answered_ns + s->o.deadline_ms * 1000000 +
			       (int64_t)(r->bytes_made / rate) * 1000000000;
}

/* --- letting libmicrohttpd work -------------------------------------------- */

static void on_alarm(uv_timer_t *h);
static void on_again(uv_idle_t *h);

void server_run(struct http_server *s)
{
	unsigned closed = s->closed;

	MHD_run(s->mhd);
	/* Out of descriptors, libmicrohttpd stops listening until a connection closes, and listens
	 * again only in the next turn. Nobody else would cause one. */
	if (s->closed != closed)
		MHD_run(s->mhd);
	handshakes_hold(s);
}

void server_again(struct http_server *s)
{
	uv_idle_start(&s->again, on_again);
}

static void plan(struct http_server *s)
{
	MHD_UNSIGNED_LONG_LONG ms;

	/* At once means with the next turn, after everybody else had theirs: libuv before 1.45 runs
	 * a timer that is set to zero by its own callback again and again, and with TLS there is
	 * always something to do (eight clients that shook hands in a loop held the timers up for 5
	 * s). */
	if (MHD_get_timeout(s->mhd, &ms) != MHD_YES)
		uv_timer_stop(&s->alarm);
	else if (ms == 0)
		server_again(s);
	else
		uv_timer_start(&s->alarm, on_alarm, ms, 0);
	if (s->ready)
		server_again(s);
	loop_called(s->loop, CALL_SERVER);
}

static void pump(struct http_server *s)
{
	uv_idle_stop(&s->again);
	server_run(s);
	plan(s);
}

static void on_alarm(uv_timer_t *h)
{
	pump(h->data);
}

/* Once a turn. */
static void on_again(uv_idle_t *h)
{
	struct http_server *s = h->data;

	uv_idle_stop(&s->again);
	server_run(s);
	handshakes_step(s);
	plan(s);
}

static void on_poll(uv_poll_t *h, int status, int events)
{
	(void)status;
	(void)events;
	pump(h->data);
}

/* --- the client's leaving while its connection is suspended ---------------- */

static void free_watch(uv_handle_t *h)
{
	mem_free(h);
}

static void on_client_left(uv_poll_t *h, int status, int events)
{
	struct request *r = h->data;

	if (status >= 0 && !(events & UV_DISCONNECT))
		return;
	uv_poll_stop(h); /* it would stay readable */
	atomic_store(&r->x.cancelled, true);
	job_cancel(r->server->loop, &r->job);
}

static void watch_client(struct request *r)
{
	uv_poll_t *w = mem_zalloc(sizeof(*w));

	if (!w)
		return; /* the deadline still ends it */
	if (uv_poll_init(&r->server->loop->uv, w, r->conn->fd) < 0) {
		mem_free(w);
		return;
	}
	w->data = r;
	uv_poll_start(w, UV_DISCONNECT, on_client_left);
	r->watch = w;
}

static void unwatch_client(struct request *r)
{
	if (r->watch)
		uv_close(r->watch, free_watch);
	r->watch = NULL;
}

/* --- answering ------------------------------------------------------------- */

static void add_header(struct MHD_Response *m, const char *name, const char *value)
{
	if (MHD_add_response_header(m, name, value) != MHD_YES)
		log_event(LOG_WARN, "a header of a reply cannot be sent", log_s("name", name),
			  log_s("value", value));
}

/* A handler may set one of these itself. */
static void add_security_headers(struct MHD_Response *m, const struct exchange *x)
{
	static const char *const headers[][2] = {
		{ "X-Content-Type-Options", "nosniff" },
		{ "Content-Security-Policy", "default-src 'self'; style-src 'self' "
					     "'unsafe-inline'; frame-ancestors 'none'" },
		{ "Referrer-Policy", "no-referrer" },
	};

	for (size_t i = 0; i < sizeof(headers) / sizeof(headers[0]); i++) {
		if (!x || !request_has_header(x, headers[i][0]))
			add_header(m, headers[i][0], headers[i][1]);
	}
}

static void write_line(unsigned status, bool late, const char *text, struct buf *out)
{
	(void)status;
	(void)late;
	buf_printf(out, "%s\n", text);
}

static struct MHD_Response *refusal_response(const struct request *r, const struct refusal *why,
					     const char *allow)
{
	static const struct http_refusals plain = { "text/plain; charset=utf-8", write_line };
	const struct http_refusals *form =
		r->route && r->route->refusals ? r->route->refusals : &plain;
	struct MHD_Response *m;
	struct buf text;

	buf_init(&text, 4096);
	form->write(why->status, r->late, why->text, &text);
	m = MHD_create_response_from_buffer(text.n, text.p, MHD_RESPMEM_MUST_COPY);
	buf_release(&text);
	if (!m)
		return NULL;
	add_header(m, "Content-Type", form->content_type);
	add_security_headers(m, NULL);
	if (why->status == 503)
		add_header(m, "Retry-After", "1");
	if (allow)
		add_header(m, "Allow", allow);
	if (r->challenged)
		add_header(m, "WWW-Authenticate", r->server->o.guard->challenge);
	if (why->close)
		add_header(m, "Connection", "close");
	return m;
}

static void on_response_freed(void *cls)
{
	request_unref(cls);
}

/* One in pieces that is larger than all that may be in flight goes when nothing else does. */
static bool charge_reply(struct request *r)
{
	size_t n = request_reply(r)->n + r->x.held_bytes, most = r->server->in_flight_max;

	if (r->x.more)
		return request_charge(r, n < most ? n : most);
	return n <= r->server->small_reply || request_charge(r, n);
}

/* The reply is not copied: the request stays until the response has been sent. */
static struct MHD_Response *whole_response(struct request *r)
{
	const struct buf *b = request_reply(r);
	struct MHD_Response *m =
		MHD_create_response_from_buffer_with_free_callback_cls(b->n, b->p,
								       on_response_freed, r);

	r->refs += m != NULL;
	r->bytes_made = b->n;
	return m;
}

static struct MHD_Response *reply_response(struct request *r)
{
	struct exchange *x = &r->x;
	struct MHD_Response *m;

	if (!charge_reply(r)) {
		request_refuse(r, 503, "too many replies are on their way");
		return refusal_response(r, &r->refusal, NULL);
	}
	m = x->more ? pieces_response(r) : whole_response(r);
	if (!m)
		return NULL;
	if (x->content_type)
		add_header(m, "Content-Type", x->content_type);
	if (request_reply(r) == &r->packed)
		add_header(m, "Content-Encoding", "gzip");
	add_header(m, "Vary", "Accept-Encoding");
	add_security_headers(m, x);
	for (size_t i = 0; i < 8 && x->headers[i][0]; i++)
		add_header(m, x->headers[i][0], x->headers[i][1]);
	return m;
}

/* A late job still writes into its request, so nothing of that is looked at. */
static struct MHD_Response *late_response(const struct request *r)
{
	const struct http_server *s = r->server;
	struct refusal why = { .status = 503 };

	if (s->closing)
		snprintf(why.text, sizeof(why.text), "the server is closing");
	else
		snprintf(why.text, sizeof(why.text), "no answer within %lld ms",
			 (long long)deadline_ms(r));
	return refusal_response(r, &why, NULL);
}

static struct MHD_Response *make_response(struct request *r, unsigned *status)
{
	struct MHD_Response *m;

	if (r->late) {
		*status = 503;
		return late_response(r);
	}
	request_uncharge(r); /* the body has been served */
	m = r->refusal.status ? refusal_response(r, &r->refusal, r->allow) : reply_response(r);
	*status = r->refusal.status ? r->refusal.status : r->x.status;
	return m;
}

static enum MHD_Result answer(struct request *r, struct MHD_Connection *c)
{
	enum MHD_Result queued;
	unsigned status;
	struct MHD_Response *m = make_response(r, &status);

	if (!m)
		return MHD_NO;
	r->sent_status = status;
	r->state = REQUEST_ANSWERED;
	r->answered_ns = now_ns();
	request_set_send_due(r);
	queued = MHD_queue_response(c, status, m);
	MHD_destroy_response(m);
	log_event(LOG_DEBUG, "http request", log_sl("method", r->x.method),
		  log_sl("path", r->x.path), log_i("status", status),
		  log_d("seconds", (double)(now_ns() - r->begun_ns) / 1e9));
	if (!r->late && !r->x.more) {
		/* What a handler needed is not held while a slow client reads. */
		request_release_arena(r);
		buf_release(&r->body);
	}
	return queued;
}

/* --- serving --------------------------------------------------------------- */

static void serve_work(struct job *j)
{
	request_serve(request_of_job(j), SIZE_MAX);
}

void request_resume(struct request *r)
{
	struct http_server *s = r->server;

	MHD_resume_connection(r->suspended);
	if (!s->closing)
		uv_timer_start(&s->alarm, on_alarm, 0, 0);
}

static void resume_to_answer(struct request *r)
{
	unwatch_client(r);
	r->state = REQUEST_READY;
	request_resume(r);
}

static void end_serving(struct request *r)
{
	if (!r->late)
		resume_to_answer(r);
	request_unref(r);
}

/* A deferred reply is made elsewhere; looking at it is left for the loop. */
static void end_deferred(struct request *r)
{
	if (!r->late)
		request_end_reply(r, LOOP_PACK_MAX);
	end_serving(r);
}

static void on_finished(struct post *p)
{
	struct request *r = (struct request *)((char *)p - offsetof(struct request, finish));

	r->finished = true;
	if (!r->job_runs)
		end_deferred(r);
}

void exchange_finish(struct exchange *x)
{
	struct request *r = x->private;

	loop_post(r->server->loop, &r->finish);
}

static void on_served(struct job *j, enum job_end how)
{
	struct request *r = request_of_job(j);

	r->job_runs = false;
	if (how == JOB_CANCELLED && !r->late)
		request_refuse(r, 503, "the request was given up");
	if (how == JOB_CANCELLED || r->route->where != HTTP_DEFERRED || !r->x.deferred)
		end_serving(r);
	else if (r->finished)
		end_deferred(r);
}

/* The client gets its answer now; the job is asked to stop. It, or whoever is to finish a
 * deferred reply, keeps the request alive. */
static void give_up(struct request *r)
{
	r->late = true;
	atomic_store(&r->x.cancelled, true);
	job_cancel(r->server->loop, &r->job);
	resume_to_answer(r);
}

static void suspend(struct request *r, struct MHD_Connection *c)
{
	r->refs++;
	r->job_runs = true;
	r->state = REQUEST_SERVING;
	r->suspended = c;
	MHD_suspend_connection(c);
}

static enum MHD_Result start_job(struct request *r, struct MHD_Connection *c)
{
	struct err e;

	r->job.work = serve_work;
	r->job.done = on_served;
	r->finish.call = on_finished;
	if (job_start(r->server->loop, &r->job, r->route->class, &e) < 0) {
		request_refuse(r, 503, "%s", e.text);
		return answer(r, c);
	}
	suspend(r, c);
	return MHD_YES;
}

/* --- who may ask ----------------------------------------------------------- */

static void check_work(struct job *j)
{
	struct request *r = request_of_job(j);
	const struct http_guard *g = r->server->o.guard;

	r->allowed = g->check(g->ctx, r->headers[KEPT_AUTHORIZATION]);
}

/* The connection is suspended; what the route wants follows as if there had been no guard. */
static void serve_checked(struct request *r)
{
	struct err e;

	if (r->route->where == HTTP_ON_LOOP) {
		request_serve(r, LOOP_PACK_MAX);
		end_serving(r);
		return;
	}
	r->job.work = serve_work;
	r->job.done = on_served;
	if (job_start(r->server->loop, &r->job, r->route->class, &e) == 0) {
		r->job_runs = true;
		return;
	}
	request_refuse(r, 503, "%s", e.text);
	end_serving(r);
}

static void on_checked(struct job *j, enum job_end how)
{
	struct request *r = request_of_job(j);

	r->job_runs = false;
	if (r->late) {
		end_serving(r);
		return;
	}
	if (how == JOB_CANCELLED || r->server->closing)
		request_refuse(r, 503, "the request was given up");
	else if (!r->allowed)
		request_challenge(r);
	else
		request_name_user(r);
	if (r->refusal.status)
		end_serving(r);
	else
		serve_checked(r);
}

static enum MHD_Result start_check(struct request *r, struct MHD_Connection *c)
{
	struct err e;

	r->job.work = check_work;
	r->job.done = on_checked;
	r->finish.call = on_finished;
	if (job_start(r->server->loop, &r->job, JOB_PASSWORD, &e) < 0) {
		request_refuse(r, 503, "%s", e.text);
		return answer(r, c);
	}
	suspend(r, c);
	return MHD_YES;
}

static enum MHD_Result dispatch(struct request *r, struct MHD_Connection *c)
{
	enum http_pass pass;

	if (r->server->closing)
		request_refuse(r, 503, "the server is closing");
	if (r->refusal.status)
		return answer(r, c);
	pass = request_pass(r);
	if (pass == PASS_UNKNOWN)
		return start_check(r, c);
	if (pass == PASS_ALLOWED)
		request_name_user(r);
	if (r->refusal.status)
		return answer(r, c);
	if (r->route->where != HTTP_ON_LOOP)
		return start_job(r, c);
	request_serve(r, LOOP_PACK_MAX);
	return answer(r, c);
}

/* --- reading --------------------------------------------------------------- */

static void write_work(struct job *j)
{
	struct request *r = request_of_job(j);

	buf_slice(&r->body, buf_all(&r->piece));
}

static void on_piece_written(struct job *j, enum job_end how)
{
	struct request *r = request_of_job(j);
	struct err e;

	r->job_runs = false;
	buf_clear(&r->piece);
	if (how == JOB_CANCELLED || r->server->closing)
		request_refuse(r, 503, "the request was given up");
	else if (buf_check(&r->body, &e) < 0)
		request_refuse(r, e.code == ERR_FULL ? 507 : 503, "%s", e.text);
	r->state = REQUEST_READING;
	request_resume(r);
	request_unref(r);
}

/* The library waits meanwhile, and with it the client. false: it is refused instead. */
static bool write_piece(struct request *r, struct MHD_Connection *c)
{
	struct err e;

	r->job.work = write_work;
	r->job.done = on_piece_written;
	if (job_start(r->server->loop, &r->job, JOB_FILE, &e) < 0) {
		request_refuse(r, 503, "%s", e.text);
		return false;
	}
	suspend(r, c);
	r->state = REQUEST_WRITING;
	return true;
}

static enum MHD_Result on_header(void *cls, enum MHD_ValueKind kind, const char *name,
				 const char *value)
{
	(void)kind;
	request_note_header(cls, name, value ? value : "");
	return MHD_YES;
}

static enum MHD_Result on_access(void *cls, struct MHD_Connection *c, const char *url,
				 const char *method, const char *version, const char *upload,
				 size_t *upload_size, void **con_cls)
{
	struct request *r = *con_cls;
	size_t n = *upload_size;

	(void)cls;
	(void)url; /* on_uri() took it as it came */
	(void)version;
	if (!r)
		return MHD_NO; /* there was no memory for it */
	if (!r->header_seen) {
		MHD_get_connection_values(c, MHD_HEADER_KIND, on_header, r);
		request_end_header(r, method);
		return request_ends_early(r) ? answer(r, c) : MHD_YES;
	}
	if (n) {
		*upload_size = 0;
		if (!request_read_body(r, upload, n))
			return MHD_NO;
		if (r->piece.n >= BODY_PIECE_BYTES && !r->refusal.status)
			write_piece(r, c);
		return MHD_YES;
	}
	if (r->state == REQUEST_READING && r->piece.n && !r->refusal.status && write_piece(r, c))
		return MHD_YES;
	if (r->state == REQUEST_READING)
		return dispatch(r, c);
	return r->state == REQUEST_READY ? answer(r, c) : MHD_YES;
}

/* --- beginnings and ends --------------------------------------------------- */

static struct connection *connection_of(struct MHD_Connection *c)
{
	const union MHD_ConnectionInfo *i =
		MHD_get_connection_info(c, MHD_CONNECTION_INFO_SOCKET_CONTEXT);

	return i ? i->socket_context : NULL;
}

static void end_request(struct request *r)
{
	char code[16];

	r->conn->request = NULL;
	r->conn->since_ns = now_ns();
	r->conn = NULL;
	if (r->sent_status) {
		snprintf(code, sizeof(code), "%u", r->sent_status);
		counter_add_for(C_HTTP_REQUESTS, slice_str(code), 1);
		counter_observe(C_HTTP_REQUEST_SECONDS, (double)(now_ns() - r->begun_ns) / 1e9);
	}
	request_unref(r);
}

static void *on_uri(void *cls, const char *uri, struct MHD_Connection *c)
{
	struct connection *conn = connection_of(c);
	struct request *r = conn ? request_new(cls, conn) : NULL;
	char *mark;

	if (!r)
		return NULL;
	conn->request = r;
	request_read_uri(r, uri);
	/* The query is ours to parse. The library would do so next, into the room it has for
	 * headers, and leave the connection hanging when some hundred arguments fill that. */
	mark = strchr(uri, '?');
	if (mark)
		mark[1] = '\0';
	return r;
}

static void on_completed(void *cls, struct MHD_Connection *c, void **con_cls,
			 enum MHD_RequestTerminationCode why)
{
	(void)cls;
	(void)c;
	(void)why;
	if (*con_cls)
		end_request(*con_cls);
	*con_cls = NULL;
}

static void start_sweeping(struct http_server *s);

static void note_address(struct connection *conn, struct MHD_Connection *c)
{
	const union MHD_ConnectionInfo *i =
		MHD_get_connection_info(c, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
	socklen_t n;

	if (!i || !i->client_addr)
		return;
	n = i->client_addr->sa_family == AF_INET6 ? sizeof(struct sockaddr_in6)
						  : sizeof(struct sockaddr_in);
	if (getnameinfo(i->client_addr, n, conn->address, sizeof(conn->address), NULL, 0,
			NI_NUMERICHOST) != 0)
		conn->address[0] = '\0';
}

/* false: the library is left with the identity it was started with, so its client is cut off. */
static bool take_identity(struct http_server *s, struct connection *conn, struct MHD_Connection *c)
{
	const union MHD_ConnectionInfo *i =
		MHD_get_connection_info(c, MHD_CONNECTION_INFO_GNUTLS_SESSION);

	if (!s->o.tls)
		return true;
	conn->tls = http_tls_ref(s->o.tls);
	conn->hands.fd = conn->fd;
	conn->session = i ? i->tls_session : NULL;
	return conn->session && http_tls_apply(conn->tls, conn->session, &conn->hands) == 0;
}

static void connection_started(struct http_server *s, struct MHD_Connection *c, void **context)
{
	const union MHD_ConnectionInfo *i =
		MHD_get_connection_info(c, MHD_CONNECTION_INFO_CONNECTION_FD);
	struct connection *conn = mem_zalloc(sizeof(*conn));

	*context = conn;
	if (!conn)
		return; /* its requests will be closed */
	conn->server = s;
	conn->fd = i->connect_fd;
	note_address(conn, c);
	if (!take_identity(s, conn, c))
		connection_cut_off(conn);
	if (s->o.tls)
		handshake_begin(conn, c);
	conn->since_ns = now_ns();
	conn->next = s->connections;
	if (s->connections)
		s->connections->prev = conn;
	s->connections = conn;
	counter_set(C_HTTP_CONNECTIONS, ++s->nconnections);
	start_sweeping(s);
}

static void connection_closed(struct http_server *s, void **context)
{
	struct connection *conn = *context;

	*context = NULL;
	if (!conn)
		return;
	/* A request that it told us of in on_uri() and then refused itself is not always
	 * reported as completed. */
	if (conn->request)
		end_request(conn->request);
	handshake_closed(conn);
	if (conn->prev)
		conn->prev->next = conn->next;
	else
		s->connections = conn->next;
	if (conn->next)
		conn->next->prev = conn->prev;
	http_tls_unref(conn->tls);
	mem_free(conn);
	s->closed++;
	counter_set(C_HTTP_CONNECTIONS, --s->nconnections);
}

static void on_connection(void *cls, struct MHD_Connection *c, void **context,
			  enum MHD_ConnectionNotificationCode what)
{
	if (what == MHD_CONNECTION_NOTIFY_STARTED)
		connection_started(cls, c, context);
	else
		connection_closed(cls, context);
}

/* --- ending what takes too long --------------------------------------------- */

/* libmicrohttpd will read the end of the stream and close. */
void connection_cut_off(struct connection *conn)
{
	if (!conn->cut)
		shutdown(conn->fd, SHUT_RDWR);
	conn->cut = true;
}

static void sweep_one(struct http_server *s, struct connection *conn, int64_t now)
{
	struct request *r = conn->request;

	if (conn->handshake != HANDSHAKE_NONE && now - conn->since_ns > s->o.idle_ms * 1000000)
		connection_cut_off(conn);
	if (!r || !r->header_seen) {
		/* Idle for idle_ms, then a header within another: more is a drip. */
		if (now - conn->since_ns > 2 * s->o.idle_ms * 1000000)
			connection_cut_off(conn);
		return;
	}
	if (r->state == REQUEST_ANSWERED) {
		if (now > conn->send_due_ns && !r->job_runs)
			connection_cut_off(conn);
	} else if (now - r->begun_ns > deadline_ms(r) * 1000000) {
		if (r->state == REQUEST_READING)
			connection_cut_off(conn);
		else if (r->state == REQUEST_SERVING)
			give_up(r);
	} else if (r->state == REQUEST_SERVING && !r->watch) {
		watch_client(r);
	}
}

static void on_sweep(uv_timer_t *h)
{
	struct http_server *s = h->data;
	int64_t now = now_ns();

	for (struct connection *c = s->connections; c; c = c->next)
		sweep_one(s, c, now);
	if (!s->connections)
		uv_timer_stop(h);
	loop_called(s->loop, CALL_SERVER);
}

static void start_sweeping(struct http_server *s)
{
	int64_t least = s->o.idle_ms < s->o.deadline_ms ? s->o.idle_ms : s->o.deadline_ms;
	uint64_t every = least > 8000 ? 1000 : least > 80 ? (uint64_t)least / 8 : 10;

	if (!uv_is_active((uv_handle_t *)&s->sweeper))
		uv_timer_start(&s->sweeper, on_sweep, every, every);
}

/* --- opening --------------------------------------------------------------- */

static void log_from_mhd(void *cls, const char *fmt, va_list ap)
{
	char text[256];

	(void)cls;
	vsnprintf(text, sizeof(text), fmt, ap);
	text[strcspn(text, "\n")] = '\0';
	log_event(LOG_DEBUG, "libmicrohttpd", log_s("says", text));
}

/* The query and path are decoded by us; this keeps the library from doing it. */
static size_t leave_escaped(void *cls, struct MHD_Connection *c, char *s)
{
	(void)cls;
	(void)c;
	return strlen(s);
}

static int start_daemon(struct http_server *s, struct err *e)
{
	unsigned flags = MHD_USE_EPOLL | MHD_ALLOW_SUSPEND_RESUME | MHD_USE_ERROR_LOG;
	struct MHD_OptionItem tls[] = { { MHD_OPTION_HTTPS_MEM_CERT, 0, (void *)s->o.tls_cert },
					{ MHD_OPTION_HTTPS_MEM_KEY, 0, (void *)s->o.tls_key },
					{ MHD_OPTION_END, 0, NULL } };
	int family = AF_INET;
	int fd = http_listen(s->o.host, s->o.port, &family, &s->port, e);

	if (fd < 0)
		return -1;
	if (family == AF_INET6)
		flags |= MHD_USE_IPv6;
	if (s->o.tls)
		flags |= MHD_USE_TLS;
	else
		tls[0].option = MHD_OPTION_END;
	s->mhd = MHD_start_daemon(
		flags, 0, NULL, NULL, on_access, s, MHD_OPTION_EXTERNAL_LOGGER, log_from_mhd, NULL,
		MHD_OPTION_LISTEN_SOCKET, fd, MHD_OPTION_CONNECTION_LIMIT, s->o.connections,
		MHD_OPTION_PER_IP_CONNECTION_LIMIT, s->o.per_address, MHD_OPTION_CONNECTION_TIMEOUT,
		(unsigned)((s->o.idle_ms + 999) / 1000), MHD_OPTION_CONNECTION_MEMORY_LIMIT,
		(size_t)CONNECTION_ROOM, MHD_OPTION_STRICT_FOR_CLIENT, 1,
		MHD_OPTION_SIGPIPE_HANDLED_BY_APP, 1, MHD_OPTION_UNESCAPE_CALLBACK, leave_escaped,
		NULL, MHD_OPTION_URI_LOG_CALLBACK, on_uri, s, MHD_OPTION_NOTIFY_COMPLETED,
		on_completed, s, MHD_OPTION_NOTIFY_CONNECTION, on_connection, s, MHD_OPTION_ARRAY,
		tls, MHD_OPTION_END);
	if (!s->mhd) {
		close(fd);
		return err_set(e, ERR_IO, "libmicrohttpd does not start on %s port %d", s->o.host,
			       s->port);
	}
	return 0;
}

static int start_handles(struct http_server *s, struct err *e)
{
	const union MHD_DaemonInfo *i = MHD_get_daemon_info(s->mhd, MHD_DAEMON_INFO_EPOLL_FD);
	uv_loop_t *uv = &s->loop->uv;
	int r = uv_poll_init(uv, &s->poll, i->epoll_fd);

	if (r < 0)
		return err_sys(e, -r, "cannot poll the HTTP server");
	uv_timer_init(uv, &s->alarm);
	uv_timer_init(uv, &s->sweeper);
	uv_idle_init(uv, &s->again);
	s->poll.data = s->alarm.data = s->again.data = s->sweeper.data = s;
	s->handles = 4;
	uv_poll_start(&s->poll, UV_READABLE, on_poll);
	return 0;
}

static void fill_defaults(struct http_server_options *o)
{
	if (!o->body_limit)
		o->body_limit = 4 << 20;
	if (!o->reply_limit)
		o->reply_limit = 64 << 20;
	if (!o->arena_limit)
		o->arena_limit = 64 << 20;
	if (!o->connections)
		o->connections = 512;
	if (!o->per_address)
		o->per_address = 256;
	if (!o->idle_ms)
		o->idle_ms = 10000;
	if (!o->deadline_ms)
		o->deadline_ms = 30000;
}

void server_free(struct http_server *s)
{
	http_tls_unref(s->o.tls);
	mem_free(s->routes);
	mem_free(s);
}

struct http_server *http_server_open(struct loop *l, const struct http_server_options *o,
				     const struct http_route *routes, size_t n, struct err *e)
{
	struct http_server *s = mem_zalloc(sizeof(*s));

	if (!s) {
		err_set(e, ERR_MEMORY, "no memory for the HTTP server");
		return NULL;
	}
	s->loop = l;
	s->o = *o;
	fill_defaults(&s->o);
	if (s->o.tls)
		http_tls_ref(s->o.tls);
	s->routes = mem_alloc(n * sizeof(*routes));
	if (!s->routes) {
		err_set(e, ERR_MEMORY, "no memory for the HTTP server");
		goto fail;
	}
	memcpy(s->routes, routes, n * sizeof(*routes));
	s->nroutes = n;
	s->in_flight_max = IN_FLIGHT_MAX;
	s->in_files_max = in_files_max;
	s->small_reply = SMALL_REPLY;
	s->send_bytes_per_s = SEND_BYTES_PER_S;
	s->piece_bytes_per_s = PIECE_BYTES_PER_S;
	if (start_daemon(s, e) < 0)
		goto fail;
	if (start_handles(s, e) < 0) {
		MHD_stop_daemon(s->mhd);
		goto fail;
	}
	s->o.host = s->o.tls_cert = s->o.tls_key = NULL; /* were borrowed for this call */
	return s;
fail:
	server_free(s);
	return NULL;
}

void http_server_set_tls(struct http_server *s, struct http_tls *t)
{
	struct http_tls *old = s->o.tls;

	if (!old)
		return;
	s->o.tls = http_tls_ref(t);
	http_tls_unref(old);
}

int http_server_port(const struct http_server *s)
{
	return s->port;
}

/* --- closing --------------------------------------------------------------- */

static struct request *first_serving(struct http_server *s)
{
	for (struct request *r = s->requests; r; r = r->next) {
		if (r->job_runs || r->state == REQUEST_SERVING)
			return r;
	}
	return NULL;
}

static void on_handle_closed(uv_handle_t *h)
{
	struct http_server *s = h->data;

	if (--s->handles == 0 && !s->requests)
		server_free(s);
}

void http_server_close(struct http_server *s)
{
	struct request *r;
	int fd;

	if (!s)
		return;
	s->closing = true;
	fd = MHD_quiesce_daemon(s->mhd);
	if (fd >= 0)
		close(fd);
	while ((r = first_serving(s))) {
		atomic_store(&r->x.cancelled, true);
		if (r->job_runs)
			job_finish_now(s->loop, &r->job); /* it may be gone now */
		else
			give_up(r);
	}
	handshakes_give_up(s);
	/* Stopping with a suspended connection is forbidden: let the resumed ones answer. */
	MHD_run(s->mhd);
	MHD_run(s->mhd);
	uv_poll_stop(&s->poll);
	uv_close((uv_handle_t *)&s->poll, on_handle_closed);
	uv_close((uv_handle_t *)&s->alarm, on_handle_closed);
	uv_close((uv_handle_t *)&s->again, on_handle_closed);
	uv_close((uv_handle_t *)&s->sweeper, on_handle_closed);
	MHD_stop_daemon(s->mhd);
	s->mhd = NULL;
	assert(!s->connections);
}
