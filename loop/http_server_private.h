/*
 * http_server_private.h - between http_server.c, which speaks with libmicrohttpd,
 * http_pieces.c, which gives it replies piece by piece, http_handshakes.c, which lets it shake
 * hands in turns, and what needs no library: http_request.c (reading a request), http_exchange.c
 * (routes, parameters, packing, what handlers call), http_listen.c. Nobody else includes it.
 *
 * A request is counted: by libmicrohttpd until it is completed, by its job until
 * that is done (and, of a deferred one, until it was finished), by its response until the
 * last byte is sent. Whoever is last frees it, and the last request a closed server.
 */
#ifndef LOOP_HTTP_SERVER_PRIVATE_H
#define LOOP_HTTP_SERVER_PRIVATE_H

#include "loop/http_server.h"
#include "loop/loop_private.h"

#include <netinet/in.h>

struct MHD_Daemon;
struct MHD_Connection;

/* See http_handshakes.c. */
enum handshake {
	HANDSHAKE_NONE, /* not TLS, or over */
	HANDSHAKE_NEW,
	HANDSHAKE_HELD,      /* suspended, its client has said nothing */
	HANDSHAKE_ANSWERING, /* suspended, a worker reads the hello and signs */
	HANDSHAKE_READY,     /* suspended, and has something to read */
	HANDSHAKE_AT_WORK,   /* resumed for a step */
};

/* What GnuTLS tells of a session while it shakes hands. */
struct shaking_hands {
	int fd;
	bool on_worker; /* reads no further than to our answer */
	bool answered;  /* the message that has our signature is made */
	bool failed;    /* nothing more is read */
	bool shaken;    /* the client's last message of the handshake has come */
};

enum {
	/* Of libmicrohttpd, a connection: first for request line and headers, then it receives
	 * bodies through half of it. With 32 KiB a body of 120 kB took 8 calls and twice the CPU;
	 * what is not touched costs nothing. */
	CONNECTION_ROOM = 64 << 10,
	/* Of a large body so much is written at once. A buffer that grew by doubling would take
	 * twice that: the last part is seldom the one that fits. */
	BODY_PIECE_BYTES = 1 << 20,
	BODY_PIECE_ROOM = BODY_PIECE_BYTES + CONNECTION_ROOM,
};

/* One for each TCP connection, kept by libmicrohttpd as its socket context. */
struct connection {
	struct connection *prev, *next;
	struct http_server *server;
	int fd;
	struct request *request; /* under way */
	int64_t since_ns;        /* without a request since then */
	int64_t send_due_ns;
	struct http_tls *tls; /* a reference */
	bool cut;
	enum handshake handshake;
	struct shaking_hands hands;
	void *session; /* GnuTLS'; NULL: there is none, which is to fail */
	struct job answering;
	struct MHD_Connection *mhd;
	uv_poll_t *hello; /* while its handshake is not over */
	struct connection *next_ready;
	char address[INET6_ADDRSTRLEN]; /* of the client; "" when unknown */
};

struct http_server {
	struct loop *loop;
	struct MHD_Daemon *mhd;
	struct http_server_options o;
	struct http_route *routes;
	size_t nroutes;
	int port;
	bool closing;
	unsigned handles; /* of libuv, not yet closed */

	uv_poll_t poll;
	uv_timer_t alarm; /* libmicrohttpd's timeout, or a kick */
	uv_idle_t again;  /* it has more to do at once */
	uv_timer_t sweeper;

	struct connection *connections;
	struct connection *ready, *ready_last, *at_work; /* handshakes */
	unsigned shaking;                                /* handshakes that are not over */
	unsigned steps_max;                              /* of them in one turn, ever */
	uint64_t steps, answers;                         /* of the loop, of workers */
	unsigned nconnections;
	unsigned closed; /* connections, ever; wraps */
	struct request *requests;
	/* Of all requests together: replies not yet sent and bodies not yet served. */
	size_t in_flight, in_flight_max;
	/* Of all requests together: bodies in temporary files, until the reply is made. */
	size_t in_files, in_files_max;
	size_t small_reply;      /* one up to this goes whatever is in flight, and does not count */
	size_t send_bytes_per_s; /* slower readers are cut off */
	size_t piece_bytes_per_s;
};

enum request_state {
	REQUEST_READING,  /* header or body are coming in */
	REQUEST_WRITING,  /* suspended; a piece of a large body is being written */
	REQUEST_SERVING,  /* suspended; the job has it, or whoever is to finish it */
	REQUEST_READY,    /* resumed, to be answered at libmicrohttpd's next call */
	REQUEST_ANSWERED, /* the reply is on its way */
};

enum kept_header {
	KEPT_ACCEPT,
	KEPT_ACCEPT_ENCODING,
	KEPT_CONTENT_TYPE,
	KEPT_CONTENT_ENCODING,
	KEPT_AUTHORIZATION,
	KEPT_HOST,
	KEPT_IF_NONE_MATCH,
	KEPT_USER_AGENT,
	KEPT_ORIGIN,
	KEPT_WRITE_VERSION,
	KEPT_HEADERS
};

extern const char *const kept_header_names[KEPT_HEADERS];

/* An answer that is not the handler's. */
struct refusal {
	unsigned status; /* 0: none */
	bool close;      /* the framing cannot be trusted any more */
	char text[256];
};

struct request {
	struct exchange x; /* first */
	struct http_server *server;
	struct connection *conn; /* NULL when completed */
	struct request *prev, *next;
	unsigned refs;
	enum request_state state;
	int64_t begun_ns;

	/* what came */
	bool header_seen;
	unsigned hosts, lengths, encodings; /* headers of these names */
	bool chunked, header_lost;
	unsigned long long length;
	struct slice query;
	struct slice headers[KEPT_HEADERS];
	struct buf body;
	struct buf piece;    /* of a large body, not yet in its file */
	size_t header_bytes; /* URI, names, values */
	size_t body_limit;
	size_t body_seen; /* also what was thrown away */
	const struct http_route *route;

	/* what goes */
	struct refusal refusal;
	const char *allow;     /* of a 405 */
	bool challenged;       /* the refusal is a 401 */
	bool allowed;          /* out: what the guard's worker found */
	struct buf packed;     /* of the reply; empty when it stays as it is */
	struct packer *packer; /* of a reply in pieces; NULL: it goes as it is */
	size_t piece_sent;     /* bytes of the present piece */
	int64_t piece_begun_ns;
	int64_t answered_ns; /* later, by the time it took to make further pieces */
	uint64_t bytes_made; /* of all pieces so far */
	bool in_pieces;
	bool broken; /* no further piece can be made */
	bool late;   /* answered without the handler, which still has it */
	unsigned sent_status;
	size_t in_flight, in_files;

	struct job job;
	bool job_runs;
	struct post finish; /* of a deferred one */
	bool finished;
	void *suspended; /* libmicrohttpd's connection, while the job has it */
	void *watch;     /* for the client's leaving */
};

static inline int64_t now_ns(void)
{
	return (int64_t)uv_hrtime();
}

static inline struct request *request_of_job(struct job *j)
{
	return (struct request *)((char *)j - offsetof(struct request, job));
}

/* --- http_request.c --- */

void server_free(struct http_server *s);
/* These two are http_server.c's. The library goes on with a connection that was suspended. */
void request_resume(struct request *r);
/* When the client must have read what has been made. */
void request_set_send_due(struct request *r);
struct request *request_new(struct http_server *s, struct connection *conn);
void request_unref(struct request *r);
/* Of what lies in it, what the sender showed of a secret is overwritten. */
void request_release_arena(struct request *r);
/* Counts bytes that this request keeps from now on; false: there are too many already. */
bool request_charge(struct request *r, size_t n);
void request_uncharge(struct request *r);
/* These three end in a refusal where something is wrong. */
void request_read_uri(struct request *r, const char *uri);
void request_note_header(struct request *r, const char *name, const char *value);
void request_end_header(struct request *r, const char *method);
/* What the guard says of it, without waiting. */
enum http_pass request_pass(const struct request *r);
void request_challenge(struct request *r); /* refuses it with a 401 */
/* Of one that the guard allows. */
void request_name_user(struct request *r);
/* Whether to answer before the body, which closes the connection; without a body to come that
 * would be a waste. */
bool request_ends_early(const struct request *r);
/* false: so much of it was thrown away that the connection should be closed. */
bool request_read_body(struct request *r, const char *p, size_t n);

/* --- http_tls.c --- */

/* Makes GnuTLS' session one of this identity, before its handshake. `hands` has the descriptor, and
 * is borrowed as long as the session is there. */
int http_tls_apply(const struct http_tls *t, void *session, struct shaking_hands *hands);
/* Goes on with the handshake as far as to our answer, without waiting; any thread, one at a time.
 */
void http_tls_answer(void *session, struct shaking_hands *hands);

/* --- http_handshakes.c --- */

/* These three are http_server.c's. Lets the library work; lets handshakes_step() be called in the
 * next turn; ends a connection, which the library then closes. */
void server_run(struct http_server *s);
void server_again(struct http_server *s);
void connection_cut_off(struct connection *conn);
/* A connection was accepted that begins with one. */
void handshake_begin(struct connection *conn, struct MHD_Connection *c);
void handshake_closed(struct connection *conn);
/* After each run of the library, which may have accepted some. */
void handshakes_hold(struct http_server *s);
/* Takes some steps; once a turn. */
void handshakes_step(struct http_server *s);
/* Ends all; the library may be stopped after its next run. */
void handshakes_give_up(struct http_server *s);

/* --- http_pieces.c --- */

struct MHD_Response;
/* A response of unknown length, whose pieces are made as they are sent; it refers to `r`. NULL
 * when there is no memory. */
struct MHD_Response *pieces_response(struct request *r);
/* Of a request without references: has the handler give back, on a worker, what it holds for
 * further pieces, and takes a reference for as long. false: that was done here and now. */
bool pieces_drop(struct request *r);

/* --- http_listen.c --- */

/* A listening socket and the port it got; -1 with ERR_INVALID or ERR_IO. */
int http_listen(const char *host, int port, int *family, int *got_port, struct err *e);

/* --- http_exchange.c --- */

/* The route for method and path; NULL with a refusal of 404 or 405. */
const struct http_route *request_route(struct request *r, const struct http_route *routes,
				       size_t n);
/* Parameters, handler, packing: on the loop or in the job. `pack_max`: larger replies stay
 * unpacked (the loop has no time for them). */
void request_serve(struct request *r, size_t pack_max);
/* Looks at the reply of a handler, packs it. request_serve() leaves that out for a deferred one. */
void request_end_reply(struct request *r, size_t pack_max);
/* What is to be sent, or the present piece of it. */
struct buf *request_reply(struct request *r);
/* Makes the next piece; `broken` when it could not. */
void request_next_piece(struct request *r);
/* Has the handler give back what it holds for further pieces. */
void request_drop_pieces(struct request *r);
/* Whether the handler has set this header of the reply. */
bool request_has_header(const struct exchange *x, const char *name);
/* Keeps the first refusal only. */
void request_refuse(struct request *r, unsigned status, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

#endif
